//! The daemon's end: asked to, it tells the learners and goes in time.

use std::time::Duration;

use crate::e2e::program;
use crate::e2e::talk::{School, Talk};
use support::hole::Hole;
use support::postgres::Postgres;
use support::stage::{ADA, Stage};

#[test]
fn a_daemon_that_is_asked_to_end_tells_the_learner_and_ends_with_0() {
    let mut stage = Stage::set(program());
    let mut learner = stage.learner(ADA, &stage.learner_launch("x"));
    learner.give_jid();
    learner.meet_the_bot();
    learner.go_private();
    learner.wait_for_silence(Duration::from_secs(1));
    let said = learner.bot_said().len();

    let (status, took) = stage.daemon.terminate();

    assert_eq!(status.code(), Some(0), "{}", stage.daemon.log());
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    learner.wait_for_the_bot(said + 1);
    assert!(
        learner.chat().shows("offline", Duration::from_secs(10)),
        "the bot is still there:\n{}",
        learner.chat().screen()
    );
}

#[test]
fn a_daemon_without_learners_ends_at_once() {
    let mut stage = Stage::set(program());

    let (status, took) = stage.daemon.terminate();

    assert_eq!(status.code(), Some(0), "{}", stage.daemon.log());
    assert!(took < Duration::from_secs(5), "it took {took:?}");
}

#[test]
fn a_daemon_whose_store_hangs_ends_in_time_and_says_what_is_lost() {
    let server = Postgres::start();
    let hole = Hole::dig(&server.socket());
    let url = hole.url(&server.database());
    let mut school = School::open(1, |script| script.store = url);
    let mut talk = Talk::begin(&school, "learner1@localhost");
    hole.lose_for_good();
    talk.write("hello");
    talk.wait_for("I am Marvin");

    let (status, took) = school.daemon.terminate();

    let log = school.daemon.log();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    assert!(
        log.contains("[ERROR]") && log.contains("writes are lost, 0 of them with a grade"),
        "{log}"
    );
    talk.wait_for("maintenance");
}
