//! `check` judges for the user of the service, and what the start ends with says what to mend.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::e2e::program;

/// A user whom every system has, and who owns nothing.
const NOBODY: u32 = 65_534;

/// Settings in a folder that everybody may enter, and a program that everybody may start.
struct Place {
    folder: TempDir,
    settings: PathBuf,
}

struct Said {
    code: Option<i32>,
    text: String,
}

impl Place {
    fn new(yaml: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let settings = folder.path().join("settings.yaml");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(&settings, yaml).unwrap();
        let place = Self { folder, settings };
        place.close("settings.yaml", 0o644);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str, mode: u32) {
        fs::write(self.path(name), content).unwrap();
        self.close(name, mode);
    }

    fn close(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), Permissions::from_mode(mode)).unwrap();
    }

    fn said(&self, mut command: Command, arguments: &[&str]) -> Said {
        command.arg("--settings").arg(&self.settings).args(arguments);
        let done = command.current_dir(self.folder.path()).output().unwrap();
        let [out, err] = [done.stdout, done.stderr].map(|said| String::from_utf8(said).unwrap());
        Said { code: done.status.code(), text: format!("{out}{err}") }
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.said(Command::new(program()), arguments)
    }

    /// As nobody, where root runs the tests.
    fn run_as_nobody(&self, arguments: &[&str]) -> Said {
        let copy = self.path("otrbot");
        fs::copy(program(), &copy).unwrap();
        fs::set_permissions(&copy, Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new(copy);
        command.uid(NOBODY).gid(NOBODY);
        self.said(command, arguments)
    }
}

impl Said {
    #[track_caller]
    fn is(&self, code: i32, parts: &[&str]) -> &Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for part in parts {
            assert!(self.text.contains(part), "{part:?} is not in {}", self.text);
        }
        self
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|known| std::os::unix::fs::MetadataExt::uid(&known) == 0)
}

/// Whole settings; `data` is a folder, and the files of secrets are there if they are written.
fn yaml(password: &str, more: &str) -> String {
    format!(
        "xmpp:\n  default_account: bot@localhost\n  accounts:\n    bot@localhost: {{ {password}, server: \
         \"127.0.0.1:9\" }}\ntls: {{ ca_certs: null }}\nlti: {{ enabled: false }}\nstore: \
         sqlite://data/otrbot.db\nmetrics: {{ bind: \"127.0.0.1:0\" }}\n{more}"
    )
}

const INLINE: &str = "password: pw";

#[test]
fn what_the_service_may_not_read_is_found_by_root() {
    if !is_root() {
        let place = Place::new(&yaml(INLINE, ""));
        place.run(&["check", "--as-user", "root"]).is(2, &["--as-user root: only root can check"]);
        return;
    }
    let check = ["check", "--as-user", "nobody"];
    let place = Place::new(&yaml("password_file: pw", ""));
    place.write("pw", "hunter2\n", 0o600);
    place.close("data", 0o777);

    // The settings.
    place.close("settings.yaml", 0o600);
    let closed = ["settings.yaml is there, but the user nobody may not read it"];
    let said = place.run(&check);
    said.is(3, &closed).is(3, &["checked as the user nobody"]);
    assert!(!said.text.contains("sample.yaml"), "it would be written over: {}", said.text);
    // The service says the same.
    let started = place.run_as_nobody(&["run"]);
    started.is(3, &closed);
    assert!(!started.text.contains("sample.yaml"), "{}", started.text);
    // Root itself may.
    place.run(&["check", "--as-user", "root"]).is(0, &["no problems", "checked as the user root"]);

    // The secret.
    place.close("settings.yaml", 0o644);
    let at = "settings.yaml:4: xmpp.accounts.bot@localhost.password_file: names the file ";
    place.run(&check).is(5, &[at, "pw, which is there, but the user nobody may not read it"]);
    place.run_as_nobody(&["check"]).is(5, &[at, "may not read it"]);
    place.close("pw", 0o644);
    place.run(&check).is(0, &["no problems", "every account of this machine may read it"]);

    // The folder of all.
    place.close("", 0o700);
    let folder = place.folder.path().display().to_string();
    place.run(&check).is(3, &[&format!("the user nobody may not enter the folder {folder}")]);
}

#[test]
fn keys_folders_and_the_store_are_judged_for_the_service_too() {
    if !is_root() {
        return;
    }
    let check = ["check", "--as-user", "nobody"];
    let more = "lessons: { folder: lessons }\nlocales_folder: locales\nstatic_folder: static\n";
    let place = Place::new(&yaml("password: pw, private_key: bot.keys", more));
    for name in ["lessons", "locales", "static"] {
        fs::create_dir(place.path(name)).unwrap();
        place.close(name, 0o755);
    }
    place.run(&["keys", "generate"]).is(0, &[]);
    let key = place.path("bot.keys");
    assert!(key.is_file());

    place.run(&check).is(5, &["private_key: names the file", "nobody may not read it"]);
    chown(&key, Some(NOBODY), None).unwrap();
    place.run(&check).is(
        4,
        &[
            "settings.yaml:7: store: names ",
            "the user nobody may not write into ",
            "/data, which the database needs",
        ],
    );
    place.close("data", 0o777);
    place.run(&check).is(0, &["no problems"]);
    place.write("data/otrbot.db", &"x".repeat(600), 0o644);
    place.run(&check).is(4, &["store: names", "nobody may not read and write it"]);
    fs::remove_file(place.path("data/otrbot.db")).unwrap();
    place.close("locales", 0o700);
    place.run(&check).is(
        5,
        &["locales_folder: names", "locales, which is there, but the user nobody may not read it"],
    );
    place.close("locales", 0o755);
    place.write("static/otrbot.css", "p {}", 0o600);
    place
        .run(&check)
        .is(4, &["static_folder: ", "otrbot.css is there, but the user nobody may not read it"]);
}

#[test]
fn only_users_that_are_there_can_be_judged_for() {
    let place = Place::new(&yaml(INLINE, ""));

    place
        .run(&["check", "--as-user", "no-such-user"])
        .is(2, &["there is no such user on this machine"]);
    if is_root() {
        let said = place.run_as_nobody(&["check", "--as-user", "root"]);
        said.is(2, &["--as-user root: only root can check for another user"]);
    }
}

#[test]
fn a_store_that_cannot_be_is_found_before_the_start() {
    let place = Place::new(&yaml(INLINE, "").replace("data/otrbot.db", "none/otrbot.db"));
    place.run(&["check"]).is(4, &["settings.yaml:7: store: names ", "/none is not there; make it"]);
    place.run(&["run"]).is(5, &["settings.yaml:7: store: ", "/none is not there: make it"]);
    let place = Place::new(&yaml(INLINE, "").replace("data/otrbot.db", "data"));
    place
        .run(&["check"])
        .is(4, &["settings.yaml:7: store: names ", "which is a folder; name a file in it"]);
    place.run(&["run"]).is(5, &["settings.yaml:7: store: ", "is a folder; name a file in it"]);
}

#[test]
fn an_address_that_cannot_be_had_is_told_with_its_line() {
    let lti = |bind: &str| {
        let lti = format!(
            "lti:\n  bind: \"{bind}\"\n  consumers: {{ moodle: {{ secret: 0123456789abcdef }} }}"
        );
        Place::new(&yaml(INLINE, "").replace("lti: { enabled: false }", &lti))
    };
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap();
    let place = lti(&bind.to_string());
    // It may be the bot itself that has it.
    place.run(&["check"]).is(0, &["no problems"]);
    place
        .run(&["run"])
        .is(4, &["settings.yaml:7: lti.bind: cannot listen on", "another program has the port"]);

    let place = lti("192.0.2.1:5000");
    for command in ["check", "run"] {
        place
            .run(&[command])
            .is(4, &["settings.yaml:7: lti.bind: ", "this machine has no address 192.0.2.1"]);
    }

    for other in ["127.0.0.1:5999", "0.0.0.0:5999"] {
        let place = lti("127.0.0.1:5999");
        let yaml = fs::read_to_string(&place.settings).unwrap();
        fs::write(&place.settings, yaml.replace("127.0.0.1:0", other)).unwrap();
        for command in ["check", "run"] {
            place.run(&[command]).is(4, &["settings.yaml:7: lti.bind: 127.0.0.1:5999 is the address of metrics.bind as well"]);
        }
    }

    let first = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    let is_closed = first.trim().parse::<u16>().unwrap() > 81;
    if is_root() && is_closed {
        let place = lti("127.0.0.1:81");
        place.close("data", 0o777);
        let words =
            ["settings.yaml:7: lti.bind: ", "the user nobody may not have ports below 1024"];
        place.run(&["check", "--as-user", "nobody"]).is(4, &words);
        place.run_as_nobody(&["run"]).is(4, &words);
    }
}

#[test]
fn what_leads_nowhere_is_a_fault_for_check() {
    let lti = "lti:\n  public_url: URL\n  consumers: { moodle: { secret: 0123456789abcdef } }";
    let whole = |url: &str, more: &str| {
        Place::new(&yaml(INLINE, more).replace("lti: { enabled: false }", &lti.replace("URL", url)))
    };
    for (url, more, words) in [
        (
            "https://school.nl/otrbot",
            "",
            ["settings.yaml:7: lti.public_url: has a path", "write https://school.nl/ "],
        ),
        (
            "https://school.nl/?a=b",
            "",
            ["settings.yaml:7: lti.public_url: has a query", "write https://school.nl/ "],
        ),
        (
            "https://school.nl",
            "default_locale: tlh\n",
            ["settings.yaml:11: default_locale: there are no texts in tlh", "en_GB"],
        ),
        (
            "https://school.nl",
            "lessons: { default: basic }\n",
            ["settings.yaml:11: lessons.default: there is no lesson", "basic"],
        ),
    ] {
        whole(url, more).run(&["check"]).is(4, &words);
    }
    let listed = "  whitelist: { ada@localhost: { locale: tlh, lesson: basic } }\ntls:";
    let place = Place::new(&yaml(INLINE, "").replace("tls:", listed));
    place.run(&["check"]).is(4, &[
        "settings.yaml:5: xmpp.whitelist.ada@localhost.locale: there are no texts in tlh",
        "settings.yaml:5: xmpp.whitelist.ada@localhost.lesson: there is no lesson named \"basic\"",
    ]);
    whole("https://school.nl", "").run(&["check"]).is(0, &["no problems"]);
}

#[test]
fn root_is_told_to_run_it_as_somebody_else() {
    // Its store keeps it from going on.
    let place = Place::new(&yaml(INLINE, "").replace("data/otrbot.db", "data"));
    place.close("data", 0o777);

    let words = "the bot runs as root";
    assert_eq!(place.run(&["run"]).text.contains(words), is_root());
    if is_root() {
        assert!(!place.run_as_nobody(&["run"]).text.contains(words));
    }
}

#[test]
fn who_is_no_address_is_not_forgotten_and_nothing_is_stored() {
    let place = Place::new(&yaml(INLINE, ""));
    for (who, words) in [
        ("anna", "has no @"),
        ("anna@", "is not a Jabber ID"),
        ("anna@localhost ben@localhost", "holds more than one address"),
        ("", "is empty"),
    ] {
        place.run(&["forget", who]).is(2, &[words]);
    }
    let files: Vec<_> = fs::read_dir(place.path("data")).unwrap().collect();
    assert!(files.is_empty(), "{files:?}");
}

#[test]
fn settings_of_nobody_are_to_be_made_and_others_are_not() {
    let absent = Path::new("none/settings.yaml");
    let place = Place { folder: TempDir::new().unwrap(), settings: absent.to_owned() };

    place
        .run(&["check"])
        .is(3, &["none/settings.yaml is not there; copy settings/sample.yaml there"]);
}
