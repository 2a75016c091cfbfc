//! The daemon is killed in the middle of conversations, and comes back.

#![expect(clippy::indexing_slicing, reason = "helpers of a test may fail it")]

use std::io::Write as _;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::e2e::program;
use crate::e2e::talk::{SECRET, School, Talk};
use support::postgres::Postgres;
use support::wait::poll;

const SORRY: &str = "I was interrupted";

#[test]
fn killed_in_two_hundred_conversations_each_goes_on() {
    let mut school = School::open(200, |_| {});
    let lessons = school
        .learner(&["--jid", "learner{n}@localhost", "--count", "200", "--ramp", "12"])
        .args(["--persistent", "--script", "-"])
        .spawn();
    let mut lessons = lessons.unwrap();
    // They dawdle, so that all are in the lesson at the same time.
    let script =
        "hello\n/otr\n/wait private\n/pause 30\n/smp\n/wait verified\n/wait secret\n/end\n";
    lessons.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();

    let all_there =
        poll(Duration::from_mins(1), || (school.metric("otrbot_sessions") >= 190).then_some(()));
    assert!(all_there.is_some(), "{} sessions", school.metric("otrbot_sessions"));
    // The last writes are at most one batch behind.
    school.daemon.kill();
    thread::sleep(Duration::from_secs(2));
    school.daemon.again();
    school.daemon.wait_until_ready();
    let output = lessons.wait_with_output().unwrap();

    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{table}{said}");
    assert!(table.contains("200 of 200 lessons in"), "{table}");
    let resumed = school.metric("otrbot_sessions_resumed_total");
    assert!((100..=200).contains(&resumed), "{resumed} sessions went on: {table}");
    assert_eq!(school.metric("otrbot_sessions_panicked_total"), 0);
}

fn each_is_told_once(mut school: School) {
    let mut talks: Vec<Talk> =
        (1..=3).map(|n| Talk::begin(&school, &format!("learner{n}@localhost"))).collect();
    for talk in &mut talks {
        talk.write("hello");
        talk.wait_for("I am Marvin");
    }
    // Both programs say that they know OTR, and the first that sees it begins.
    for talk in &talks {
        talk.wait_for("choose the shared secret, without a question");
    }
    talks[2].write("/smp");
    talks[2].wait_for("our secrets are the same");
    // What happened last has a moment to be written.
    thread::sleep(Duration::from_millis(500));
    for round in 1..=2 {
        school.daemon.kill();
        school.daemon.again();
        school.daemon.wait_until_ready();
        for talk in &talks {
            let told = poll(Duration::from_mins(1), || {
                (talk.shown().matches(SORRY).count() == round).then_some(())
            });
            assert!(told.is_some(), "round {round}:\n{}", talk.shown());
        }
    }
    // Whoever was private is told that this is lost; they open it again and go on.
    for talk in &talks {
        let shown = talk.shown();
        // The second time, if it was private again by then.
        let n_lost = shown.matches("our private conversation got lost").count();
        assert!((1..=2).contains(&n_lost), "{shown}");
        assert_eq!(shown.matches("I am Marvin").count(), 1, "greeted twice: {shown}");
    }
    // What the bot says in the clear has its tag: their programs have opened the conversation again.
    for talk in &mut talks[1..] {
        let is_ready = poll(Duration::from_mins(1), || {
            let shown = talk.shown();
            let (_, after) = shown.rsplit_once(SORRY)?;
            after.contains("choose the shared secret, without a question").then_some(())
        });
        assert!(is_ready.is_some(), "{}", talk.shown());
        talk.write("/smp");
    }
    for talk in &talks[1..] {
        let done = poll(Duration::from_mins(1), || {
            let shown = talk.shown();
            let (_, after) = shown.rsplit_once(SORRY)?;
            after.contains("our secrets are the same").then_some(())
        });
        assert!(done.is_some(), "{}", talk.shown());
    }
    assert!(!school.daemon.log().contains(SECRET));
}

#[test]
fn each_learner_is_told_once_after_each_interruption_and_goes_on() {
    each_is_told_once(School::open(3, |_| {}));
}

#[test]
fn the_same_with_postgresql() {
    let server = Postgres::start();
    let url = server.database();
    each_is_told_once(School::open(3, |script| script.store = url));
}

#[test]
fn who_is_forgotten_is_let_go_by_the_running_bot() {
    let school = School::open(2, |script| {
        // One of the two came from the LMS, as it were: the settings do not list them.
        script.whitelist.truncate(1);
    });
    let mut talk = Talk::begin(&school, "learner1@localhost");
    talk.write("hello");
    talk.wait_for("I am Marvin");
    thread::sleep(Duration::from_millis(500));

    let forget = |jid: &str| {
        Command::new(program())
            .arg("--settings")
            .arg(school.daemon.settings())
            .args(["forget", jid])
            .output()
            .unwrap()
    };
    let output = forget("learner1@localhost");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("sessions: 1") && said.contains("xmpp.whitelist"), "{said}");
    talk.wait_for("I end our session");
    let output = forget("nobody@localhost");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("nothing was stored"), "{said}");
}
