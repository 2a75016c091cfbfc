//! The documents for administrators, followed as they are printed: their fragments and commands are
//! cut out of the Markdown files, and put into Debian's own files and shells, with the real servers.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

mod database;
mod ejabberd;
mod install;
mod metrics;
mod pages;
mod prosody;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A document of the repository.
struct Document {
    name: &'static str,
    text: String,
}

impl Document {
    fn read(name: &'static str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        Self { name, text: fs::read_to_string(path).unwrap() }
    }

    /// The fragments in this language under a heading, up to the next one of any level.
    fn fragments(&self, heading: &str, language: &str) -> Vec<String> {
        let mut is_here = false;
        // The fragment that is open: where its fence begins, and whether it is one of these.
        let mut open: Option<(usize, bool)> = None;
        let mut found: Vec<String> = Vec::new();
        for line in self.text.lines() {
            let bare = line.trim_start();
            if let Some((indent, is_one)) = open {
                if bare.starts_with("```") {
                    open = None;
                } else if is_one {
                    let last = found.last_mut().unwrap();
                    last.push_str(line.get(indent..).unwrap_or_default());
                    last.push('\n');
                }
            } else if let Some(fence) = bare.strip_prefix("```") {
                let is_one = is_here && fence == language;
                open = Some((line.len() - bare.len(), is_one));
                if is_one {
                    found.push(String::new());
                }
            } else if line.starts_with('#') {
                is_here = line.trim_start_matches('#').trim() == heading;
            }
        }
        found
    }

    /// How many fragments there are by heading and language.
    fn count(&self) -> BTreeMap<(String, String), usize> {
        let mut heading = String::new();
        let mut is_open = false;
        let mut found = BTreeMap::new();
        for line in self.text.lines() {
            if let Some(language) = line.trim_start().strip_prefix("```") {
                if !is_open {
                    *found.entry((heading.clone(), language.to_owned())).or_default() += 1;
                }
                is_open = !is_open;
            } else if !is_open && line.starts_with('#') {
                line.trim_start_matches('#').trim().clone_into(&mut heading);
            }
        }
        found
    }

    /// One of them, counted from 0.
    #[track_caller]
    fn fragment(&self, heading: &str, language: &str, n: usize) -> String {
        let found = self.fragments(heading, language);
        let Some(fragment) = found.get(n) else {
            panic!("{}: no fragment {n} of {language} under {heading:?}", self.name)
        };
        fragment.clone()
    }

    /// Commands of a shell under a heading.
    #[track_caller]
    fn commands(&self, heading: &str, n: usize) -> String {
        self.fragment(heading, "sh", n)
    }
}

/// The command that writes a file, which may itself be a script that writes files.
fn put(file: &str, text: &str) -> String {
    let mut end = "END OF FILE".to_owned();
    while text.contains(&end) {
        end.push_str(" AROUND IT");
    }
    format!("cat >{file} <<'{end}'\n{text}\n{end}\n")
}

/// The commands of docs/install.md that bring the bot on a machine without a package.
fn installation() -> String {
    let install = Document::read("docs/install.md");
    let program = install.commands("Without the package", 0);
    // What is built is the program under test.
    let program = program.strip_prefix("cargo build --release --locked\n").unwrap();
    format!("{program}{}", install.commands("Without the package", 1))
}

/// The shared secret of all learners.
const SECRET: &str = "seven calm owls read 9 maps";

/// The settings of the package as an administrator adapts them for this machine: the server's
/// address where there is no DNS, its authority, and learners without an LMS.
fn adapted() -> String {
    let learners: Vec<_> =
        (1..=8).map(|n| format!("    learner{n}@example.org: {{}}\\n")).collect();
    let learners = learners.concat();
    format!(
        "cp \"$work/example.org.crt\" /etc/otrbot/server.crt
chmod 0644 /etc/otrbot/server.crt
sed -i -e 's|# server: 127.0.0.1:5222|server: 127.0.0.1:5222|' \
    -e 's|^xmpp:|xmpp:\\n  whitelist:\\n{learners}|' /etc/otrbot/settings.yaml
{}",
        put(
            ">/etc/otrbot/settings.yaml",
            &format!(
                "tls: {{ ca_certs: server.crt }}\notr: {{ default_secret: {SECRET} }}\n\
                 typing: {{ scheduled: false }}\n"
            )
        )
    )
}

/// Puts the section `tls` of a fragment in the place of the one that is there.
fn tls(fragment: &str) -> String {
    let (_, section) = fragment.split_once("tls:\n").unwrap();
    format!(
        "sed -i '/^tls:/d' /etc/otrbot/settings.yaml\n{}",
        put(">/etc/otrbot/settings.yaml", &format!("tls:\n{section}"))
    )
}

/// Puts a section `xmpp` in the place of the one that is there, with the learners of that.
fn component(section: &str) -> String {
    format!(
        "{section}
sed -n '/^  whitelist:/,/^$/p' /etc/otrbot/settings.yaml >>\"$work/xmpp\"
sed -i -e '/^xmpp:/,/^lti:/{{/^lti:/!d}}' /etc/otrbot/settings.yaml
cat \"$work/xmpp\" >>/etc/otrbot/settings.yaml",
        section = put("\"$work/xmpp\"", section)
    )
}

/// Has learners take the lesson with the bot, and fails if one of them does not get to its end.
fn lessons(bot: &str, count: u32) -> String {
    format!(
        "until_so otrbot status
echo pw >\"$work/pw\"
otrbot learner --jid 'learner{{n}}@example.org' --count {count} --bot {bot} --secret '{SECRET}' \
    --password-file \"$work/pw\" --server 127.0.0.1:5222 --ca-certs \"$work/example.org.crt\" </dev/null
"
    )
}

/// Runs a script on a machine of its own, and gives what it said.
///
/// # Panics
///
/// With all that it said, when a command of it fails.
#[track_caller]
fn on_a_machine(script: &str) -> String {
    let folder = tempfile::TempDir::with_prefix("otrbot-docs-").unwrap();
    let work = folder.path().join("work");
    fs::create_dir(&work).unwrap();
    let file = folder.path().join("script");
    fs::write(&file, script).unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let mut command = Command::new(if is_root { "timeout" } else { "sudo" });
    if !is_root {
        command.args(["--non-interactive", "timeout"]);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = command
        .args(["--kill-after=5", "300", "unshare", "--net", "--mount", "--pid", "--fork"])
        .args(["--kill-child", "--mount-proc", "bash"])
        .arg(root.join("tests/program/docs/machine.sh"))
        .args([&work, root, Path::new(env!("CARGO_BIN_EXE_otrbot")), &file])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{}:\n{script}\n--- said:\n{said}", output.status);
    said
}

/// Who runs the fragments: document, heading, language, how many.
type Run = (&'static str, &'static str, &'static str, usize);

/// Those that tests of this folder run, but for a container: machines of tests have none. The
/// certificates of `TLS` have tests of their own.
const RUN: [Run; 35] = [
    ("docs/backup.md", "PostgreSQL", "sh", 4),
    ("docs/backup.md", "PostgreSQL", "yaml", 2),
    ("docs/backup.md", "SQLite", "sh", 2),
    ("docs/backup.md", "Upgrade", "sh", 1),
    ("docs/ejabberd.md", "A certificate of its own", "sh", 1),
    ("docs/ejabberd.md", "A certificate of its own", "yaml", 1),
    ("docs/ejabberd.md", "A component", "diff", 1),
    ("docs/ejabberd.md", "A component", "sh", 1),
    ("docs/ejabberd.md", "An account", "diff", 1),
    ("docs/ejabberd.md", "An account", "sh", 1),
    ("docs/ejabberd.md", "Does it work?", "sh", 1),
    ("docs/ejabberd.md", "ejabberd for the bot", "sh", 1),
    ("docs/install.md", "A container", "sh", 1),
    // The first two make and install the package: `packaging/test-deb.sh` does so.
    ("docs/install.md", "The package", "sh", 4),
    ("docs/install.md", "Without the package", "sh", 2),
    ("docs/monitoring.md", "Watching the bot", "", 1),
    ("docs/monitoring.md", "Watching the bot", "diff", 1),
    ("docs/monitoring.md", "Watching the bot", "sh", 3),
    ("docs/openedx.md", "The bot", "diff", 1),
    ("docs/privacy.md", "A person wants to be forgotten", "sh", 1),
    ("docs/prosody.md", "A component, for large courses", "lua", 1),
    ("docs/prosody.md", "A component, for large courses", "sh", 1),
    ("docs/prosody.md", "A component, for large courses", "yaml", 1),
    ("docs/prosody.md", "A certificate that the server made itself", "sh", 2),
    ("docs/prosody.md", "A certificate that the server made itself", "yaml", 1),
    ("docs/prosody.md", "An account", "lua", 1),
    ("docs/prosody.md", "An account", "sh", 1),
    ("docs/prosody.md", "Does it work?", "sh", 1),
    // Records of DNS: `crates/xmpp` is tried with such.
    ("docs/prosody.md", "Where the server is found", "", 1),
    ("docs/prosody.md", "Where the server is found", "lua", 1),
    ("docs/proxy.md", "Caddy", "caddy", 1),
    ("docs/proxy.md", "Caddy", "sh", 1),
    ("docs/proxy.md", "To see that it works", "sh", 1),
    ("docs/proxy.md", "nginx", "nginx", 1),
    ("docs/proxy.md", "nginx", "sh", 1),
];

#[test]
fn every_fragment_of_the_documents_is_known_to_be_run() {
    let mut unknown = Vec::new();
    for name in [
        "docs/backup.md",
        "docs/ejabberd.md",
        "docs/install.md",
        "docs/monitoring.md",
        "docs/openedx.md",
        "docs/privacy.md",
        "docs/prosody.md",
        "docs/proxy.md",
        "docs/security.md",
    ] {
        for ((heading, language), n) in Document::read(name).count() {
            let is_known = RUN.contains(&(name, &heading, &language, n));
            if !is_known && !heading.contains("TLS") {
                unknown.push(format!("{name}: {heading}: {n} of {language:?}"));
            }
        }
    }
    assert_eq!(unknown, [""; 0], "have a test run them, and say so in the list");
}

#[test]
fn fragments_are_found_where_they_stand() {
    let text = "# A\n```sh\na\n```\n1. x\n\n   ```sh\n   b\n   ```\n## B\n```sh\n# A\nc\n```\n";
    let document = Document { name: "x.md", text: text.to_owned() };

    assert_eq!(document.fragments("A", "sh"), ["a\n", "b\n"]);
    assert_eq!(document.fragments("B", "sh"), ["# A\nc\n"]);
    assert_eq!(document.fragments("B", "lua"), [""; 0]);
}
