//! The start, with a store that is away, damaged, or not to be written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use otrbot::store::Store;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::postgres::Postgres;
use support::prosody::Prosody;
use support::stage::{BOT, BOT_PASSWORD};
use support::wait::{PATIENCE, free_port, poll};
use support::web;

/// A script of a bot whose XMPP server does not matter.
pub(super) fn script(store: &str) -> Script {
    let mut script = Script::new(BOT, "pw", free_port(), Path::new("/dev/null"));
    script.ca_certs = std::path::PathBuf::from("/etc/ssl/certs/ca-certificates.crt");
    store.clone_into(&mut script.store);
    script.log_level = "info";
    script
}

fn status(daemon: &Daemon, page: &str) -> Option<u16> {
    web::status_of(&format!("{}/{page}", daemon.metrics_url()))
}

fn wait_until_up(daemon: &Daemon) {
    let up = poll(PATIENCE, || (status(daemon, "healthz") == Some(200)).then_some(()));
    assert_eq!(up, Some(()), "{}", daemon.log());
}

#[test]
fn a_postgresql_that_is_away_at_the_start_is_waited_for() {
    let mut server = Postgres::start();
    let url = server.database();
    server.kill();
    let prosody = Prosody::start(&[(BOT.split('@').next().unwrap(), BOT_PASSWORD)]);
    let mut script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file());
    script.store = url;
    script.log_level = "info";
    let mut daemon = Daemon::launch(program(), script);

    wait_until_up(&daemon);
    daemon.wait_for_log("the bot waits for it", PATIENCE);
    assert_eq!(status(&daemon, "readyz"), Some(503));
    // A few tries, which are not said each.
    let ended =
        poll(Duration::from_secs(5), || (status(&daemon, "healthz") != Some(200)).then_some(()));
    assert_eq!(ended, None, "{}", daemon.log());
    assert_eq!(daemon.log().matches("cannot be reached").count(), 1, "{}", daemon.log());

    server.revive();
    daemon.wait_until_ready();
    assert!(daemon.log().contains("the store is there"), "{}", daemon.log());
    assert_eq!(daemon.terminate().0.code(), Some(0));
}

#[test]
fn a_bot_that_waits_for_its_store_can_be_stopped() {
    // One server takes connections and never says a word; at the other address there is none.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [silent.local_addr().unwrap().to_string(), "127.0.0.1:1".to_owned()] {
        let mut daemon =
            Daemon::launch(program(), script(&format!("postgres://otrbot@{address}/otrbot")));
        wait_until_up(&daemon);
        assert_eq!(status(&daemon, "readyz"), Some(503));

        let (ended, took) = daemon.terminate();

        assert_eq!(ended.code(), Some(0), "{}", daemon.log());
        assert!(took < Duration::from_secs(3), "it took {took:?}");
    }
}

#[test]
fn a_database_that_the_server_does_not_know_ends_the_start() {
    let server = Postgres::start();
    let url = server.database().replacen("/test", "/no_test", 1);
    let mut daemon = Daemon::launch(program(), script(&url));

    let ended = daemon.wait(PATIENCE);

    assert_eq!(ended.code(), Some(5), "{}", daemon.log());
    assert!(daemon.log().contains("no_test"), "{}", daemon.log());
}

#[test]
fn a_damaged_file_ends_the_start_and_stays_as_it_is() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("otrbot.db");
    let url = format!("sqlite://{}", file.display());
    let mut whole = Daemon::launch(program(), script(&url));
    wait_until_up(&whole);
    let is_made = poll(PATIENCE, || whole.log().contains("pages are at").then_some(()));
    assert_eq!(is_made, Some(()), "{}", whole.log());
    whole.terminate();
    let bytes = fs::read(&file).unwrap();
    let half = bytes.len() / 2;
    let mut garbled = bytes.clone();
    garbled.truncate(half - half % 4096);
    garbled.extend((0..bytes.len() - garbled.len()).map(|n| (n % 251).to_le_bytes()[0]));
    for (bytes, words) in [(Vec::new(), "is empty"), (garbled, "damaged")] {
        fs::write(&file, &bytes).unwrap();
        let mut daemon = Daemon::launch(program(), script(&url));

        let ended = daemon.wait(PATIENCE);

        let log = daemon.log();
        assert_eq!(ended.code(), Some(5), "{log}");
        assert!(log.contains(words) && log.contains("restore it from a backup"), "{log}");
        assert_eq!(fs::read(&file).unwrap(), bytes);
    }
}

#[test]
fn a_file_that_may_not_be_written_ends_the_start() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("otrbot.db");
    let url = format!("sqlite://{}", file.display());
    let mut first = Daemon::launch(program(), script(&url));
    let is_made = poll(PATIENCE, || first.log().contains("pages are at").then_some(()));
    assert_eq!(is_made, Some(()), "{}", first.log());
    first.terminate();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
    // Even root may do no more than the mode says.
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let plainly = if is_root { "setpriv --bounding-set=-all" } else { "" };
    let starter = folder.path().join("otrbot");
    fs::write(&starter, format!("#!/bin/sh\nexec {plainly} {} \"$@\"\n", program().display()))
        .unwrap();
    fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)).unwrap();
    let mut daemon = Daemon::launch(&starter, script(&url));

    let ended = daemon.wait(PATIENCE);

    let log = daemon.log();
    assert_eq!(ended.code(), Some(5), "{log}");
    assert!(log.contains("otrbot.db (owner") && log.contains("mode 444"), "{log}");
}

#[test]
fn forgetting_makes_no_database_and_names_the_one_that_is_not_there() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("typo.db");
    let daemon = Daemon::prepare(program(), script(&format!("sqlite://{}", file.display())));

    let output = Command::new(program())
        .arg("--settings")
        .arg(daemon.settings())
        .args(["forget", "anna@example.org"])
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("typo.db"), "{said}");
    assert!(!file.exists());
}

#[test]
fn a_second_daemon_on_the_same_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}/otrbot.db", folder.path().display());
    let first = Daemon::launch(program(), script(&url));
    let is_up = poll(PATIENCE, || first.log().contains("pages are at").then_some(()));
    assert_eq!(is_up, Some(()), "{}", first.log());
    let mut second = Daemon::launch(program(), script(&url));

    let ended = second.wait(PATIENCE);

    assert_eq!(ended.code(), Some(5), "{}", second.log());
    assert!(second.log().contains("another otrbot"), "{}", second.log());
    assert_eq!(status(&first, "healthz"), Some(200));
}

#[test]
fn what_another_version_kept_of_a_session_is_erased() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("otrbot.db");
    let url = format!("sqlite://{}", file.display());
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        Store::open(&url).await.unwrap().close().await;
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let text = r#"{"v":9,"lesson":"L","shared_secret":"seven calm owls"}"#;
        let insert = "INSERT INTO sessions (claim, jid, snapshot, saved_at) \
            VALUES ('jid:a@b', 'a@b', $1, 1)";
        sqlx::query(insert).bind(text).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
    let holds_it = || {
        let bytes = ["", "-wal"]
            .map(|suffix| fs::read(format!("{}{suffix}", file.display())).unwrap_or_default());
        bytes.concat().windows(15).any(|part| part == b"seven calm owls")
    };
    assert!(holds_it());

    let daemon = Daemon::launch(program(), script(&url));

    let is_gone = poll(PATIENCE, || (!holds_it()).then_some(()));
    assert_eq!(is_gone, Some(()), "{}", daemon.log());
    assert!(daemon.log().contains("1 sessions were kept by another version"), "{}", daemon.log());
}
