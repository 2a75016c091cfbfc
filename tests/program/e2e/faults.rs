//! The server fails under lessons: it freezes, crashes, or comes back without its rosters.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::io::Write as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::e2e::talk::{School, Talk};
use support::learner::bot_secret_in;
use support::wait::poll;

fn signal(pid: u32, signal: &str) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn lessons_go_on_through_a_server_that_freezes_and_crashes() {
    let mut school = School::open(20, |_| {});
    let mut lessons = school
        .learner(&["--jid", "learner{n}@localhost", "--count", "20", "--ramp", "10"])
        .args(["--persistent", "--script", "-"])
        .spawn()
        .unwrap();
    let script = "hello\n/otr\n/wait private\n/pause 5\n/smp\n/wait verified\n/wait secret\n/end\n";
    lessons.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    thread::sleep(Duration::from_secs(4));
    signal(school.prosody.pid(), "-STOP");
    thread::sleep(Duration::from_secs(6));
    signal(school.prosody.pid(), "-CONT");
    thread::sleep(Duration::from_secs(2));
    school.prosody.kill();
    thread::sleep(Duration::from_secs(2));
    school.prosody.start_again();
    let output = lessons.wait_with_output().unwrap();

    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{table}{said}\n{}", school.daemon.log());
    assert!(table.contains("20 of 20 lessons in"), "{table}");
    assert_eq!(school.metric("otrbot_sessions_panicked_total"), 0);
    assert!(school.metric("otrbot_xmpp_connection_losses_total") >= 1, "{}", school.daemon.log());
}

#[test]
fn a_server_that_has_forgotten_its_rosters_ends_no_conversation() {
    let mut school = School::open(1, |_| {});
    let mut talk = Talk::begin(&school, "learner1@localhost");
    talk.write("hello");
    talk.wait_for("choose the shared secret, without a question");
    school.prosody.stop();
    school.prosody.forget_rosters();
    school.prosody.start_again();
    school.daemon.wait_until_ready();

    let verified = poll(Duration::from_mins(1), || {
        talk.write("/smp");
        thread::sleep(Duration::from_secs(2));
        talk.shown().contains("our secrets are the same").then_some(())
    });
    assert_eq!(verified, Some(()), "{}\n{}", talk.shown(), school.daemon.log());
    let secret = poll(Duration::from_secs(20), || bot_secret_in(&talk.shown()));
    assert!(secret.is_some(), "{}", talk.shown());
    assert_eq!(talk.shown().matches("I am Marvin").count(), 1, "{}", talk.shown());
}
