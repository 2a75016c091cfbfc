//! The bot as an external component of the server (XEP-0114).

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::prosody::{COMPONENT_SECRET, Options, Prosody};
use support::stage::{BOT, BOT_PASSWORD};

const DOMAIN: &str = "lessons.localhost";
const SECRET: &str = "seven calm owls read 9 maps";

/// A server with a component, and accounts for so many learners.
fn server(n_learners: usize) -> (Prosody, Vec<String>) {
    let names: Vec<String> = (1..=n_learners).map(|n| format!("learner{n}")).collect();
    let accounts: Vec<_> = names.iter().map(|name| (name.as_str(), "pw")).collect();
    let options = Options { component: Some(DOMAIN), ..Options::default() };
    let jids = names.iter().map(|name| format!("{name}@localhost")).collect();
    (Prosody::start_with(&accounts, options), jids)
}

/// Settings of a bot that is a component under this address.
fn script(prosody: &Prosody, jid: &str, secret: &str, learners: &[String]) -> Script {
    let mut script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file());
    let server = prosody.component_addr();
    script.component =
        format!("component: {{ jid: {jid}, secret: {secret:?}, server: {server:?} }}");
    script.whitelist = learners.to_vec();
    script.default_secret = Some(SECRET);
    script
}

/// Has learners take the lesson with the bot of this address.
fn take_lessons(prosody: &Prosody, bot: &str, arguments: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "pw\n").unwrap();
    Command::new(program())
        .args(["learner", "--bot", bot, "--secret", SECRET, "--password-file"])
        .arg(&password)
        .args(["--server", &prosody.c2s_addr(), "--ca-certs"])
        .arg(prosody.ca_file())
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn learners_take_the_lesson_with_a_component() {
    for jid in ["totem@lessons.localhost", DOMAIN] {
        let (prosody, learners) = server(3);
        let mut daemon =
            Daemon::start(program(), script(&prosody, jid, COMPONENT_SECRET, &learners));
        daemon.wait_for_log("XEP-0114", Duration::from_secs(10));

        let output =
            take_lessons(&prosody, jid, &["--jid", "learner{n}@localhost", "--count", "3"]);

        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{table}{said}");
        let (status, took) = daemon.terminate();
        assert!(status.success() && took < Duration::from_secs(10), "{status} after {took:?}");
    }
}

#[test]
fn a_component_comes_back_when_its_server_does() {
    let (mut prosody, learners) = server(1);
    let jid = "totem@lessons.localhost";
    let mut daemon = Daemon::start(program(), script(&prosody, jid, COMPONENT_SECRET, &learners));

    prosody.kill();
    daemon.wait_for_log("is offline", Duration::from_secs(10));
    prosody.start_again();
    daemon.wait_until_ready();

    let output = take_lessons(&prosody, jid, &["--jid", "learner{n}@localhost", "--count", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_wrong_secret_ends_with_6() {
    let (prosody, learners) = server(1);
    let jid = "totem@lessons.localhost";

    let mut daemon = Daemon::launch(program(), script(&prosody, jid, "another", &learners));

    let status = daemon.wait(Duration::from_secs(20));
    assert_eq!(status.code(), Some(6), "{}", daemon.log());
    assert!(daemon.log().contains(jid) && !daemon.log().contains("another"), "{}", daemon.log());
}

#[test]
fn a_component_of_another_machine_is_refused() {
    let (prosody, learners) = server(1);
    let mut script = script(&prosody, "totem@lessons.localhost", COMPONENT_SECRET, &learners);
    script.component = script.component.replace("127.0.0.1", "192.0.2.1");

    let mut daemon = Daemon::launch(program(), script);

    let status = daemon.wait(Duration::from_secs(20));
    assert_eq!(status.code(), Some(4), "{}", daemon.log());
    assert!(daemon.log().contains("is not a loopback address"), "{}", daemon.log());
}
