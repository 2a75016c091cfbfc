//! What the unit of systemd says of the service, where it is installed: as whom it runs, and what its
//! sandbox keeps from it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

const NAME: &str = "otrbot.service";
/// Where units are, the first that has one before the others.
const FOLDERS: [&str; 5] = [
    "etc/systemd/system",
    "run/systemd/system",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
    "lib/systemd/system",
];
/// What `ProtectHome` is about.
const HOMES: [&str; 3] = ["/home", "/root", "/run/user"];
/// What `PrivateTmp` is about.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];
/// The capability to listen on ports below 1024.
const LOW_PORTS: &str = "CAP_NET_BIND_SERVICE";
/// Settings of the unit that name folders for it, and where these are.
const OWN_FOLDERS: [(&str, &str); 4] = [
    ("StateDirectory", "/var/lib"),
    ("CacheDirectory", "/var/cache"),
    ("LogsDirectory", "/var/log"),
    ("RuntimeDirectory", "/run"),
];

/// The unit with its drop-ins: the last value of each setting, and all of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit(BTreeMap<String, Vec<String>>);

impl Unit {
    /// The one of this machine, if it is installed.
    pub(super) fn installed() -> Option<Self> {
        Self::under(Path::new("/"))
    }

    fn under(root: &Path) -> Option<Self> {
        let folders = FOLDERS.map(|folder| root.join(folder));
        let text = folders.iter().find_map(|folder| fs::read_to_string(folder.join(NAME)).ok())?;
        let mut drop_ins = BTreeMap::new();
        for folder in folders.iter().rev() {
            let Ok(entries) = fs::read_dir(folder.join(format!("{NAME}.d"))) else { continue };
            let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
            for file in files.filter(|file| file.extension().is_some_and(|kind| kind == "conf")) {
                drop_ins.insert(file.file_name().map(ToOwned::to_owned), file);
            }
        }
        let mut unit = Self::default();
        unit.read(&text);
        for file in drop_ins.values() {
            unit.read(&fs::read_to_string(file).unwrap_or_default());
        }
        // One that is masked leads to nothing.
        (!unit.0.is_empty()).then_some(unit)
    }

    fn read(&mut self, text: &str) {
        let text = text.replace("\\\n", " ");
        let mut is_service = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                is_service = line == "[Service]";
            } else if is_service
                && !line.starts_with(['#', ';'])
                && let Some((name, value)) = line.split_once('=')
            {
                let values = self.0.entry(name.trim().to_owned()).or_default();
                match value.trim() {
                    "" => values.clear(),
                    value => values.push(value.to_owned()),
                }
            }
        }
    }

    fn last(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.last().map(String::as_str)
    }

    /// The words of a list, without the signs that may stand before them.
    fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.0.get(name).into_iter().flatten();
        lines
            .flat_map(|line| line.split_whitespace())
            .map(|word| word.trim_start_matches(['-', '+']))
    }

    /// As whom the service runs; without a word of that as root.
    pub(super) fn user(&self) -> &str {
        self.last("User").unwrap_or("root")
    }

    /// The group that it runs in, where that is not its user's, and those besides.
    pub(super) fn groups(&self) -> (Option<&str>, Vec<&str>) {
        (self.last("Group"), self.words("SupplementaryGroups").collect())
    }

    /// Whether it runs with these settings.
    pub(super) fn runs_with(&self, settings: &Path) -> bool {
        let line = self.last("ExecStart").unwrap_or_default();
        let named =
            line.split_whitespace().skip_while(|word| !matches!(*word, "--settings" | "-s"));
        let named = named.skip(1).map(Path::new).next();
        named.is_some_and(|named| whole(named) == whole(settings))
    }

    /// Whether it may listen on ports below 1024.
    pub(super) fn may_have_low_ports(&self) -> bool {
        self.words("AmbientCapabilities").any(|word| word.eq_ignore_ascii_case(LOW_PORTS))
    }

    /// What keeps the service from a file or folder that is there, with what to do; `None`: nothing
    /// that the unit says.
    pub(super) fn hides(&self, path: &Path) -> Option<String> {
        let path = whole(path);
        let above = |folders: &[&'static str]| {
            folders.iter().copied().find(|folder| path.starts_with(folder))
        };
        let is_bound = |name| {
            self.words(name)
                .any(|bound| path.starts_with(bound.split(':').next_back().unwrap_or(bound)))
        };
        if is_bound("BindPaths") || is_bound("BindReadOnlyPaths") {
            return None;
        }
        let home = self.last("ProtectHome").unwrap_or("no");
        let setting = if is_yes(home) || home == "tmpfs" {
            above(&HOMES).map(|folder| (folder, "ProtectHome"))
        } else {
            None
        };
        let is_private =
            self.last("PrivateTmp").is_some_and(|value| is_yes(value) || value == "disconnected");
        let (folder, setting) = setting.or_else(|| {
            let folder = above(&TEMPORARY).filter(|_| is_private)?;
            Some((folder, "PrivateTmp"))
        })?;
        Some(format!(
            "is under {folder}, of which the service sees nothing ({setting} in {NAME}); put it into \
             /etc/otrbot or /var/lib/otrbot"
        ))
    }

    /// What keeps the service from writing into a folder, with what to do.
    pub(super) fn protects(&self, folder: &Path) -> Option<String> {
        let folder = whole(folder);
        if self.last("ProtectSystem") != Some("strict") {
            return None;
        }
        let own = OWN_FOLDERS.iter().flat_map(|(name, above)| {
            let named = self.words(name);
            named.map(|name| Path::new(above).join(name.split(':').next().unwrap_or(name)))
        });
        let others = ["ReadWritePaths", "ReadWriteDirectories", "BindPaths"];
        let others = others.into_iter().flat_map(|name| self.words(name)).map(|path| {
            let inside = path.split(':').next_back().unwrap_or(path);
            PathBuf::from(inside.replace("%S", "/var/lib").replace("%C", "/var/cache"))
        });
        let is_private =
            self.last("PrivateTmp").is_some_and(|value| is_yes(value) || value == "disconnected");
        let temporary = TEMPORARY.iter().filter(|_| is_private).map(PathBuf::from);
        if own.chain(others).chain(temporary).any(|writable| folder.starts_with(writable)) {
            return None;
        }
        Some(format!(
            "is where the service may not write (ProtectSystem=strict in {NAME}); take a file under \
             /var/lib/otrbot, or `systemctl edit otrbot` and write ReadWritePaths={} under [Service]",
            folder.display()
        ))
    }
}

fn is_yes(value: &str) -> bool {
    ["yes", "true", "on", "1"].contains(&value.to_ascii_lowercase().as_str())
}

/// A path from the root, with links followed as far as they can be.
fn whole(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let ancestor = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    match ancestor {
        Some((above, real)) => {
            let rest = path.strip_prefix(above).unwrap_or_else(|_| Path::new(""));
            if rest.as_os_str().is_empty() { real } else { real.join(rest) }
        }
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped(drop_in: &str) -> Unit {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("usr/lib/systemd/system");
        let own = root.path().join("etc/systemd/system/otrbot.service.d");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(&own).unwrap();
        fs::write(folder.join(NAME), include_str!("../../packaging/otrbot.service")).unwrap();
        fs::write(own.join("override.conf"), drop_in).unwrap();
        Unit::under(root.path()).unwrap()
    }

    #[test]
    fn the_shipped_unit_says_as_whom_it_runs_and_what_it_does_not_see() {
        let unit = shipped("");

        assert_eq!((unit.user(), unit.groups().0), ("otrbot", Some("otrbot")));
        assert!(unit.runs_with(Path::new("/etc/otrbot/settings.yaml")));
        assert!(!unit.runs_with(Path::new("/etc/otrbot/other.yaml")));
        assert!(!unit.may_have_low_ports());
        for (path, setting) in
            [("/root", "ProtectHome"), ("/home/ada/x", "ProtectHome"), ("/tmp/x", "PrivateTmp")]
        {
            assert!(unit.hides(Path::new(path)).unwrap().contains(setting), "{path}");
        }
        assert_eq!(unit.hides(Path::new("/etc/otrbot/lessons")), None);
        assert_eq!(unit.protects(Path::new("/var/lib/otrbot")), None);
        assert_eq!(unit.protects(Path::new("/var/lib/otrbot/more")), None);
        let said = unit.protects(Path::new("/srv/otrbot")).unwrap();
        assert!(said.contains("ReadWritePaths=/srv/otrbot"), "{said}");
    }

    #[test]
    fn drop_ins_go_before_the_unit() {
        let unit = shipped(
            "[Unit]\nUser=nobody\n[Service]\n# User=root\nUser=chat\nReadWritePaths=-/srv/otrbot \\\n  /mnt/x\n\
             ProtectHome=no\nAmbientCapabilities=CAP_NET_BIND_SERVICE\nSupplementaryGroups=ssl-cert\n\
             ExecStart=\nExecStart=/usr/bin/otrbot --settings /srv/x.yaml run\n",
        );

        assert_eq!((unit.user(), unit.groups().1), ("chat", vec!["ssl-cert"]));
        assert!(unit.may_have_low_ports());
        assert_eq!(unit.hides(Path::new("/home/ada/x")), None);
        for folder in ["/srv/otrbot", "/mnt/x/y"] {
            assert_eq!(unit.protects(Path::new(folder)), None, "{folder}");
        }
        assert!(unit.runs_with(Path::new("/srv/x.yaml")));
        assert!(Unit::under(tempfile::tempdir().unwrap().path()).is_none());
    }
}
