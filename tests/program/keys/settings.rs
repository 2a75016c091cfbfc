//! Files of keys that the settings name.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::keys::{Folder, Otrbot, keys, otrbot};

/// Settings with an account whose key is in `bot.keys`.
fn settings(folder: &Folder) -> PathBuf {
    folder.write(
        "settings.yaml",
        "xmpp:\n  default_account: bot@localhost\n  accounts:\n    bot@localhost:\n      \
         password: hunter2\n      server: 127.0.0.1:9\n      private_key: bot.keys\n\
         tls: { ca_certs: null }\nlti: { enabled: false }\n\
         metrics: { bind: \"127.0.0.1:0\" }\n",
    )
}

fn with_settings(folder: &Folder, arguments: &[&str]) -> Otrbot {
    let mut command = otrbot(&["--settings"]).arg(settings(folder));
    command.0.args(arguments);
    command
}

#[test]
fn account_and_file_come_from_the_settings() {
    let folder = Folder::new();
    let with = |arguments: &[&str]| with_settings(&folder, arguments);

    let made = with(&["keys", "generate"]).succeeds();

    assert!(made.ends_with("  bot@localhost  prpl-jabber\n"), "{made}");
    assert_eq!(with(&["keys", "fingerprint"]).succeeds(), made);
    let exported = with(&["keys", "export"]).succeeds();
    assert_eq!(exported, fs::read_to_string(folder.file("bot.keys")).unwrap());
    with(&["keys", "generate", "--account", "ada@localhost"])
        .fails(2, "settings.yaml: xmpp.accounts.ada@localhost.private_key: is not set");
}

#[test]
fn without_settings_the_command_says_what_to_name() {
    keys(&["fingerprint", "--settings", "/nonexistent/settings.yaml"])
        .fails(3, "or say with --account and --key-file which key you mean");
}

#[test]
fn check_reads_the_keys() {
    let folder = Folder::new();
    let check = || with_settings(&folder, &["check"]);
    check().fails(5, "settings.yaml:7: xmpp.accounts.bot@localhost.private_key: names the file");

    folder.write("bot.keys", "(privkeys (account (name \"bot@localhost\")\n)");
    check().fails(4, "bot.keys:2:2: expected a value or a parenthesis, found the end of the file");

    folder.write("bot.keys", "(privkeys)");
    check().fails(4, "bot.keys: has no key for bot@localhost; it has none");

    folder.write("bot.keys", "(privkeys)");
    let key_file = folder.file("bot.keys");
    keys(&["generate", "--account", "ada@localhost"]).to(&key_file).succeeds();
    let done = check().run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("its only key is used"), "{done:?}");

    keys(&["generate", "--account", "alan@localhost"]).to(&key_file).succeeds();
    check().fails(4, "it has those of ada@localhost, alan@localhost");

    keys(&["generate", "--account", "bot@localhost"]).to(&key_file).succeeds();
    assert!(check().succeeds().ends_with("settings.yaml: no problems\n"));

    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o640)).unwrap();
    let done = check().run();
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.stderr.contains("otrbot: warning: "), "{done:?}");
}

/// A daemon, until it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Whether it had ended by itself does not matter.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// What the daemon says of its key.
fn announced(folder: &Folder, arguments: &[&str]) -> String {
    let mut command = with_settings(folder, &[&["run"], arguments].concat()).0;
    let child = command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
    let mut daemon = Running(child.stderr(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(daemon.0.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut log = Vec::new();
    let found = lines.find(|line| {
        log.push(line.clone());
        line.contains("every learner meets the key of")
    });
    found.unwrap_or_else(|| panic!("no word of the key in {log:#?}"))
}

#[test]
fn the_daemon_takes_the_key_of_the_settings_or_of_the_command_line() {
    let folder = Folder::new();
    let ours = with_settings(&folder, &["keys", "generate"]).succeeds();
    let (ours, _) = ours.split_once("  ").unwrap();
    let other = folder.file("other.keys");
    let others = keys(&["generate", "--account", "bot@localhost"]).to(&other).succeeds();
    let (others, _) = others.split_once("  ").unwrap();

    assert!(announced(&folder, &[]).contains(ours));
    assert!(announced(&folder, &["--key-file", other.to_str().unwrap()]).contains(others));
}

#[test]
fn the_daemon_does_not_start_with_a_bad_key() {
    let folder = Folder::new();
    with_settings(&folder, &["keys", "generate"]).succeeds();
    let run = |file: &str| with_settings(&folder, &["run", "--key-file"]).arg(folder.file(file));
    run("missing").fails(5, "missing: there is no such file of keys");

    // One digit of the secret is another.
    let text = fs::read_to_string(folder.file("bot.keys")).unwrap();
    let (before, secret) = text.split_once("(x #").unwrap();
    let at = usize::from(secret.starts_with("00")) * 2;
    let (start, rest) = secret.split_at(at);
    let changed = if rest.starts_with('1') { '2' } else { '1' };
    let rest = rest.strip_prefix(|_| true).unwrap();
    folder.write("broken", &format!("{before}(x #{start}{changed}{rest}"));
    run("broken")
        .fails(4, "broken:11:6: expected a valid DSA key with q of 160 bits; its x is wrong");
}
