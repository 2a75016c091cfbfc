//! Learners do not walk straight: what they do on the way is met, and the lesson goes on.

use std::time::Duration;

use crate::e2e::program;
use support::learner::GOOD_SECRET;
use support::stage::{ADA, Stage};
use support::wait::PATIENCE;

/// A moment in which the bot says nothing, so that it has finished.
const PAUSE: Duration = Duration::from_secs(1);

#[test]
fn a_question_an_end_and_a_second_start_are_met_with_words_and_the_lesson_goes_on() {
    let stage = Stage::set(program());
    let mut learner = stage.learner(ADA, &stage.learner_launch("detours"));
    learner.give_jid();
    learner.meet_the_bot();
    learner.go_private();
    learner.give_secret(GOOD_SECRET);
    learner.wait_for_silence(PAUSE);

    // A question is not answered: the bot does not know what the learner has in mind.
    let said = learner.bot_said().len();
    learner.chat().command("/otr question \"what is my cat's name\" Mimi");
    learner.wait_for_the_bot(said + 1);
    learner.wait_for_silence(PAUSE);
    let transcript = learner.chat().transcript();
    assert!(!transcript.iter().any(|line| line.contains("successful")), "{transcript:#?}");

    // Switched off in between: the bot says so in plain text, and helps to switch it on again.
    let said = learner.bot_said().len();
    learner.end_privacy();
    learner.wait_for_the_bot(said + 1);
    learner.wait_for_silence(PAUSE);
    learner.go_private();

    learner.verify(GOOD_SECRET, "Authentication successful");
    let secret = learner.read_bot_secret();
    learner.give_bot_secret(&secret);
    let grade = stage.outcomes.wait_for_grade("detours", PATIENCE);
    assert!(grade.is_some(), "{:?}\n{}", stage.outcomes.refusals(), stage.daemon.log());
}

#[test]
fn the_bot_begins_the_verification_where_the_settings_allow_it() {
    let stage = Stage::set_with(program(), |script| script.may_start_smp = true);
    let mut learner = stage.learner(ADA, &stage.learner_launch("begun-by-the-bot"));
    learner.give_jid();
    learner.meet_the_bot();
    learner.go_private();

    learner.give_secret(GOOD_SECRET);
    learner.chat().wait_for("wants to authenticate your identity");
    learner.verify(GOOD_SECRET, "Authentication successful");

    let secret = learner.read_bot_secret();
    learner.give_bot_secret(&secret);
    let grade = stage.outcomes.wait_for_grade("begun-by-the-bot", PATIENCE);
    assert!(grade.is_some(), "{:?}\n{}", stage.outcomes.refusals(), stage.daemon.log());
}
