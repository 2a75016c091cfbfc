//! The daemon's end: asked to, it tells the learners and goes in time.

use std::time::Duration;

use crate::program;
use crate::support::stage::{ADA, Stage};

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
