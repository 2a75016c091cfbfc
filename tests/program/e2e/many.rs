//! `otrbot learner --count`: many learners at once.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::prosody::Prosody;
use support::stage::{BOT, BOT_PASSWORD};

const SECRET: &str = "seven calm owls read 9 maps";

/// Runs learners against a daemon for five, with these arguments besides.
fn run(arguments: &[&str]) -> Output {
    let names: Vec<String> = (1..=5).map(|n| format!("learner{n}")).collect();
    let mut accounts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "pw")).collect();
    accounts.push((BOT.split('@').next().unwrap(), BOT_PASSWORD));
    let prosody = Prosody::start(&accounts);
    let mut script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file());
    script.whitelist = names.iter().map(|name| format!("{name}@localhost")).collect();
    script.default_secret = Some(SECRET);
    let daemon = Daemon::start(program(), script);
    let folder = TempDir::new().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "pw\n").unwrap();

    let output = Command::new(program())
        .args(["learner", "--bot", daemon.jid(), "--secret", SECRET, "--password-file"])
        .arg(&password)
        .args(["--server", &prosody.c2s_addr(), "--ca-certs"])
        .arg(prosody.ca_file())
        .args(arguments)
        .output();
    output.unwrap()
}

#[test]
fn five_learners_take_the_lesson_at_once_and_a_table_says_how_long_it_took() {
    let output = run(&["--jid", "learner{n}@localhost", "--count", "5", "--ramp", "0.2"]);

    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{table}{}", String::from_utf8_lossy(&output.stderr));
    for step in ["log in", "a private conversation", "the verification", "the bot secret"] {
        let row = table.lines().find(|line| line.starts_with(step)).unwrap();
        let cells = row.trim_start_matches(step).split("  ").map(str::trim);
        let cells: Vec<&str> = cells.filter(|cell| !cell.is_empty()).collect();
        assert_eq!((cells.len(), cells[0], cells[1]), (6, "5", "0"), "{row}");
    }
    assert!(table.contains("5 of 5 lessons in"), "{table}");
}

#[test]
fn learners_who_do_not_give_up_let_a_healthy_server_verify_the_bot_at_once() {
    let output =
        run(&["--jid", "learner{n}@localhost", "--count", "3", "--ramp", "0.2", "--persistent"]);

    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{table}{}", String::from_utf8_lossy(&output.stderr));
    assert!(table.contains("steps tried again: 0"), "{table}");
}

#[test]
fn learners_who_fail_are_counted_and_end_with_1() {
    let jid = "learner{n}@localhost";
    let output = run(&["--jid", jid, "--count", "2", "--first", "5", "--at-once", "1"]);

    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{table}{said}");
    assert!(table.contains("1 of 2 lessons in"), "{table}");
    assert!(said.contains("learner 6: "), "{said}");
}

#[test]
fn many_learners_need_many_accounts() {
    let output = Command::new(program())
        .args(["learner", "--jid", "ada@localhost", "--password-file", "x", "--bot", BOT])
        .args(["--secret", "x", "--count", "2"])
        .output();

    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("learner{n}@example.org"), "{said}");
}
