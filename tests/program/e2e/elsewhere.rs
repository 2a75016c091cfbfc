//! A database on another machine, and files that others may read: what the program says and does.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::e2e::program;
use crate::e2e::start::script;
use support::daemon::Daemon;
use support::postgres::{PASSWORD, PlainServer, Postgres, SSL_REQUEST, own_address};
use support::wait::PATIENCE;

fn run(settings: &Path, arguments: &[&str]) -> Output {
    // What the environment says makes nothing weaker.
    let mut command = Command::new(program());
    command.arg("--settings").arg(settings).args(arguments).env("PGSSLMODE", "disable");
    command.output().unwrap()
}

#[test]
fn a_server_without_tls_ends_the_start_and_learns_nothing() {
    let server = PlainServer::start();
    let mut script = script(&server.url());
    script.environment.push(("PGSSLMODE", "disable".to_owned()));
    let mut daemon = Daemon::launch(program(), script);

    let ended = daemon.wait(PATIENCE);
    let forgotten = run(&daemon.settings(), &["forget", "anna@example.org"]);

    let said = String::from_utf8_lossy(&forgotten.stderr).into_owned();
    assert_eq!((ended.code(), forgotten.status.code()), (Some(5), Some(5)), "{}", daemon.log());
    for said in [said, daemon.log()] {
        for part in ["settings.yaml:20: store: ", "TLS", "sslrootcert=FILE", "sslmode="] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        assert!(!said.contains(PASSWORD), "{said}");
    }
    assert_eq!(server.told(), SSL_REQUEST.repeat(2));
}

#[test]
fn a_server_that_is_not_trusted_is_not_waited_for() {
    let server = Postgres::start_elsewhere(&own_address().to_string());
    let url = server.database_elsewhere();
    let ends_with_5 = |url: &str, words: &str| {
        let mut daemon = Daemon::launch(program(), script(url));
        let ended = daemon.wait(PATIENCE);
        assert_eq!(ended.code(), Some(5), "{}", daemon.log());
        assert!(daemon.log().contains(words), "{}", daemon.log());
    };

    ends_with_5(&url, "no authority that is known here vouches for its certificate");
    ends_with_5(&format!("{url}?sslrootcert=/not/there.pem"), "sslrootcert: /not/there.pem");
    let known = format!("{url}?sslrootcert={}", server.ca_file().display());
    let daemon = Daemon::prepare(program(), script(&known));
    let forgotten = run(&daemon.settings(), &["forget", "anna@example.org"]);
    let said = String::from_utf8_lossy(&forgotten.stderr).into_owned();
    assert!(said.contains("it holds no tables of otrbot"), "{said}");
}

/// The warnings of `otrbot check`, which finds no fault.
fn warnings(settings: &Path) -> Vec<String> {
    let done = run(settings, &["check"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
    said.lines().filter(|line| !line.contains("are not translated")).map(str::to_owned).collect()
}

/// Settings that a daemon could run with, closed to others.
fn closed(store: &str) -> Daemon {
    let daemon = Daemon::prepare(program(), script(store));
    for file in [daemon.settings(), daemon.folder().join("pages.key")] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    daemon
}

#[test]
fn check_tells_of_ways_to_the_database_that_are_not_safe() {
    let url = format!("postgres://otrbot:{PASSWORD}@db.example.org/otrbot");
    for (query, words) in [
        ("?sslmode=disable", "all data go to db.example.org in the clear"),
        ("?sslmode=prefer", "all data may go to db.example.org in the clear"),
        ("?sslmode=require", "the certificate of db.example.org is not checked"),
        ("?sslmode=verify-ca", "may be that of another host"),
    ] {
        let said = warnings(&closed(&format!("{url}{query}")).settings());
        assert!(said.len() == 1 && said[0].contains(words), "{said:?}");
        assert!(said[0].starts_with("otrbot: warning: "), "{said:?}");
        assert!(said[0].contains("settings.yaml:20: store: "), "{said:?}");
    }
    let here = "postgres://otrbot@localhost/otrbot?sslmode=disable";
    for safe in [&url, &format!("{url}?sslmode=verify-full"), here] {
        assert_eq!(warnings(&closed(safe).settings()), [""; 0]);
    }
    let typo = closed(&format!("{url}?sslmode=full"));
    assert_eq!(run(&typo.settings(), &["check"]).status.code(), Some(4));
}

#[test]
fn check_tells_of_files_that_others_may_read() {
    let folder = TempDir::new().unwrap();
    let [database, password] = ["otrbot.db", "the password"].map(|name| folder.path().join(name));
    let daemon = closed(&format!("sqlite://{}", database.display()));
    let settings = daemon.settings();
    let yaml = fs::read_to_string(&settings).unwrap();
    let in_file = format!("password_file: \"{}\"", password.display());
    fs::write(&settings, yaml.replace("password: \"pw\"", &in_file)).unwrap();
    assert!(fs::read_to_string(&settings).unwrap().contains("the password"));
    let files = [&settings, &daemon.folder().join("pages.key"), &password, &database];
    for file in [&password, &database] {
        fs::write(file, "pw").unwrap();
    }
    for file in files {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    }

    let said = warnings(&settings);

    assert_eq!(said.len(), 4, "{said:?}");
    for file in files {
        let line = said.iter().find(|line| line.contains(&format!("{} holds ", file.display())));
        let line = line.unwrap_or_else(|| panic!("{} is not in {said:?}", file.display()));
        let (what, remedy) = line.rsplit_once(": ").unwrap();
        assert!(what.contains("every account of this machine may read it (mode 644)"), "{line}");
        assert!(remedy.contains("chmod "), "{line}");
        assert!(Command::new("sh").args(["-c", remedy]).status().unwrap().success(), "{line}");
    }
    assert_eq!(warnings(&settings), [""; 0]);

    fs::set_permissions(&password, fs::Permissions::from_mode(0o640)).unwrap();
    // Only root can give a file to another group.
    if Command::new("id").arg("-u").output().unwrap().stdout == b"0\n" {
        chown(&password, Some(0), Some(65_534)).unwrap();
        let said = warnings(&settings);
        assert!(said.len() == 1 && said[0].contains("and its group may read it"), "{said:?}");
        // Root's own group has nobody else.
        chown(&password, Some(0), Some(0)).unwrap();
        assert_eq!(warnings(&settings), [""; 0]);
    }
}

#[test]
fn settings_that_name_files_of_secrets_may_be_read_by_all() {
    let script = script("sqlite://otrbot.db");
    let inline = [("password", "pw".to_owned()), ("secret", script.consumer.secret.clone())];
    let daemon = Daemon::prepare(program(), script);
    let (settings, folder) = (daemon.settings(), daemon.folder());
    let mut yaml = fs::read_to_string(&settings).unwrap();
    for (key, value) in inline {
        fs::write(folder.join(key), &value).unwrap();
        let (before, after) = (format!(" {key}: \"{value}\""), format!(" {key}_file: {key}"));
        assert!(yaml.contains(&before), "{yaml}");
        yaml = yaml.replace(&before, &after);
    }
    fs::write(&settings, yaml).unwrap();
    for file in ["password", "secret", "pages.key"] {
        fs::set_permissions(folder.join(file), fs::Permissions::from_mode(0o600)).unwrap();
    }
    fs::set_permissions(&settings, fs::Permissions::from_mode(0o644)).unwrap();

    assert_eq!(warnings(&settings), [""; 0]);
}

#[test]
fn check_tells_of_addresses_that_were_pasted() {
    let server = support::stage::server();
    let mut script = support::stage::script(&server);
    script.jid = "xmpp:totem@localhost".to_owned();
    script.whitelist = vec!["ada@localhost".to_owned()];
    let pasted = Daemon::prepare(program(), script);
    let text = fs::read_to_string(pasted.settings()).unwrap();
    fs::write(pasted.settings(), text.replace("ada@localhost", "\"ada@localhost,\"")).unwrap();
    for file in [pasted.settings(), pasted.folder().join("pages.key")] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    let said = warnings(&pasted.settings()).join("\n");

    for words in ["which is taken for totem@localhost; write it so", "taken for ada@localhost"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
}
