//! What logs may not tell, at any level.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::e2e::program;
use support::learner::GOOD_SECRET;
use support::oauth::Consumer;
use support::stage::{ADA, BOT_PASSWORD, Stage};
use support::wait::PATIENCE;

const SOURCEDID: &str = "hygiene-1";
/// Nothing but the learner says this.
const UNUSUAL: &str = "quinquagenarian marmalade";

/// A whole lesson, from the launch to the grade; the bot secret that was given, and the log.
fn lesson(level: &'static str) -> (String, String) {
    let stage = Stage::set_with(program(), |script| script.log_level = level);
    let mut learner = stage.learner(ADA, &stage.learner_launch(SOURCEDID));
    let bot_secret = learner.learn();
    learner.chat().command(UNUSUAL);
    learner.give_bot_secret(&bot_secret);
    stage.outcomes.wait_for_grade(SOURCEDID, PATIENCE).unwrap();
    learner.end_privacy();
    (bot_secret, stage.daemon.log())
}

#[test]
fn the_log_of_a_whole_lesson_holds_no_secret_even_at_the_level_of_traces() {
    let (bot_secret, log) = lesson("trace");

    assert!(log.contains("[TRACE]"), "nothing is logged: {log}");
    let plain = STANDARD.encode(format!("\0totem\0{BOT_PASSWORD}"));
    let consumer = Consumer::stage();
    let secrets = [
        ("the password of the account", BOT_PASSWORD.to_owned()),
        ("the password in base 64", STANDARD.encode(BOT_PASSWORD)),
        ("the login in base 64", plain),
        ("the shared secret", GOOD_SECRET.to_owned()),
        ("the shared secret in a form", GOOD_SECRET.replace(' ', "+")),
        ("the bot secret", bot_secret.clone()),
        ("the bot secret without hyphens", bot_secret.replace('-', "")),
        ("the secret of the LMS", consumer.secret),
        ("what the learner wrote", UNUSUAL.to_owned()),
    ];
    for (what, secret) in secrets {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{what} is in the log");
    }
    let signed = log.lines().find(|line| line.contains("oauth_signature="));
    assert_eq!(signed, None, "a signature is in the log");
}

#[test]
fn who_learns_is_not_in_the_log_unless_it_is_debugged() {
    let (_, log) = lesson("info");

    assert!(log.contains("[INFO]"), "nothing is logged: {log}");
    let line = log.lines().find(|line| line.contains(ADA));
    assert_eq!(line, None, "a learner's address is in the log");
}
