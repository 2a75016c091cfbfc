//! One learner in a course with two assignments, both open at a time.

use std::time::Duration;

use crate::e2e::program;
use support::learner::{GOOD_SECRET, Learner, bot_secret_in};
use support::lms::Launch;
use support::oauth::{Consumer, Pairs};
use support::stage::{ADA, Stage};
use support::wait::{PATIENCE, poll};

/// A moment in which the bot says nothing, so that it has finished.
const PAUSE: Duration = Duration::from_secs(1);

/// The launch of one of Ada's assignments, which has this name, and whose grade goes under it.
fn launch(stage: &Stage, name: &str) -> Pairs {
    Launch::learner(&stage.daemon.launch_url(), &stage.outcomes.url(), name)
        .with("user_id", "ada")
        .with("resource_link_id", name)
        .with("resource_link_title", name)
        .sign(&Consumer::stage())
}

/// Waits until the bot has said these words since it had said so many messages.
fn hears(learner: &Learner, said: usize, words: &str) {
    let heard = || learner.bot_said().iter().skip(said).any(|text| text.contains(words));
    let is_heard = poll(PATIENCE, || heard().then_some(())).is_some();
    assert!(is_heard, "{words} in {:#?}", learner.bot_said());
}

#[test]
fn two_assignments_are_taken_at_a_time_and_each_is_graded_and_finished_for_ever() {
    let stage = Stage::set(program());
    let url = stage.daemon.launch_url();
    let mut ada = stage.learner(ADA, &launch(&stage, "first"));
    ada.give_jid();
    ada.meet_the_bot();
    ada.go_private();
    ada.give_secret(GOOD_SECRET);
    ada.wait_for_silence(PAUSE);

    // The second one knows the Jabber ID, and the chat goes on with it.
    let page = ada.open_another(&url, &launch(&stage, "second")).clone();
    assert!(page.html.contains(&format!("value=\"{ADA}\"")), "{}", page.html);
    let said = ada.bot_said().len();
    ada.give_jid();
    for words in ["You have opened another exercise", "that you opened last: “second”"] {
        hears(&ada, said, words);
    }
    ada.wait_for_silence(PAUSE);
    ada.chat().command("/otr end");
    ada.go_private();
    ada.give_secret(GOOD_SECRET);
    ada.verify(GOOD_SECRET, "Authentication successful");
    let secret = ada.read_bot_secret();
    ada.give_bot_secret(&secret);
    assert!(stage.outcomes.wait_for_grade("second", PATIENCE).is_some());
    assert_eq!(stage.outcomes.grades().len(), 1, "the first one is not finished");
    ada.wait_for_silence(PAUSE);

    // Back to the first one: it goes on where it was, and is graded for itself.
    let said = ada.bot_said().len();
    ada.open_another(&url, &launch(&stage, "first"));
    for words in ["This one is finished", "We go on with the exercise “first”"] {
        hears(&ada, said, words);
    }
    ada.wait_for_silence(PAUSE);
    ada.chat().command("/otr end");
    ada.go_private();
    ada.verify(GOOD_SECRET, "Authentication successful");
    let given = poll(PATIENCE, || {
        let given = ada.bot_said().iter().rev().find_map(|text| bot_secret_in(text));
        given.filter(|given| *given != secret)
    });
    ada.give_bot_secret(&given.expect("the first assignment has a secret of its own"));
    assert!(stage.outcomes.wait_for_grade("first", PATIENCE).is_some());

    // Both say so for ever.
    for name in ["first", "second", "first"] {
        let page = ada.open_another(&url, &launch(&stage, name)).clone();
        assert!(page.text().contains("You have passed"), "{name}: {}", page.html);
    }
    assert_eq!(stage.outcomes.grades().len(), 2);
    assert_eq!(stage.outcomes.refusals(), Vec::<String>::new());
}
