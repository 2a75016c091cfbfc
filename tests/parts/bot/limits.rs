//! Silence, floods and sizes.

use otr::Version;
use otrbot::lesson;
use otrbot::session::{Effect, Note};

use crate::bot::support::{A_WHILE, Class, SECRET, config, no_variables, secs};

fn n_warnings(class: &Class) -> usize {
    class.notes().iter().filter(|note| **note == Note::Warned).count()
}

#[test]
fn a_silent_learner_is_warned_and_then_the_session_ends() {
    let mut class = Class::standard();
    class.say("hello");
    class.wait(secs(1_499));
    class.forget();

    class.wait(A_WHILE);
    assert!(class.told().contains("still there"));
    assert_eq!(n_warnings(&class), 1);
    class.wait(secs(297));
    assert!(class.ended().is_none());
    class.wait(A_WHILE);

    assert!(class.told().contains("end our session"));
    let (status, passed) = class.ended().unwrap();
    assert!(status.contains("expired") && !passed, "{status}");
}

#[test]
fn a_learner_who_comes_back_is_told_that_the_session_goes_on() {
    let mut class = Class::private();
    class.wait(secs(1_600));
    class.forget();

    class.say("sorry");
    assert!(class.told().contains("goes on"));
    class.say("sorry");
    assert!(!class.told().contains("goes on"));

    class.wait(secs(1_600));
    assert!(class.ended().is_none());
    assert_eq!(n_warnings(&class), 2);
}

#[test]
fn only_what_the_learner_does_in_the_chat_extends_the_session() {
    let mut class = Class::private();
    class.wait(secs(1_000));
    class.enter_secret(SECRET);
    class.wait(secs(501));
    assert_eq!(n_warnings(&class), 1);

    class.start_smp(SECRET);
    class.wait(secs(1_400));

    assert_eq!(n_warnings(&class), 1);
    assert!(class.ended().is_none());
}

#[test]
fn a_session_that_nobody_comes_to_ends_without_a_word() {
    let mut class = Class::standard();
    class.enter_secret(SECRET);

    class.wait(secs(1_801));

    assert!(class.wire().is_empty());
    assert!(class.ended().is_some());
}

#[test]
fn ten_thousand_messages_are_answered_by_a_few_lines() {
    let mut class = Class::standard();
    for number in 0..10_000 {
        class.say(&format!("message {number}"));
    }
    assert!(class.wire().len() < 40, "{}", class.wire().len());

    for _ in 0..10_000 {
        class.say("help");
    }
    assert!(class.wire().len() < 60, "{}", class.wire().len());
}

#[test]
fn a_flood_of_private_conversations_is_bounded_while_the_bot_types() {
    let mut typed = config(Version::V3);
    typed.typing = otrbot::session::Typing::default();
    let mut class = Class::private_with(typed);
    for _ in 0..30 {
        class.end_otr();
        class.start_otr();
        class.now += secs(6);
    }
    class.forget();

    class.wait(secs(600));

    assert!(class.heard().len() < 64);
}

#[test]
fn a_message_of_a_megabyte_is_survived() {
    let mut class = Class::private();
    let big = "help me ".repeat(1 << 17);

    class.inject(&big);
    class.inject(&format!("?OTR:{big}"));
    class.inject(&format!("?OTR:{}.", "A".repeat(1 << 20)));
    class.inject("?OTR|1|2,00001,65535,");
    class.inject("\0\u{fffe}\u{202e}");
    class.inject("");

    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn the_bot_asks_to_be_called_only_when_there_is_something_to_do() {
    let mut class = Class::standard();
    class.say("hello");
    let mut n_ticks = 0_u32;

    while class.ended().is_none() {
        let next = class.session.next_tick().unwrap();
        class.wait(next - class.now);
        n_ticks += 1;
    }

    assert!(n_ticks < 60, "{n_ticks} calls in half an hour");
}

#[test]
fn unknown_variables_stay_as_they_are_and_a_forgetful_lesson_answers_smp() {
    let yaml = "title: T\nstart: a\nstates:\n  a:\n    enter:\n      - say: I am ${bot_alias}\n    on:\n      \
                - { when: message_received, go: b }\n  b: { end: true }\n";
    let mut bare = config(Version::V3);
    bare.lesson = std::sync::Arc::new(lesson::parse(yaml).unwrap());
    bare.variables = no_variables();
    bare.default_secret = Some(SECRET.into());
    let mut class = Class::new(bare);

    class.start_otr();
    class.start_smp(SECRET);

    assert!(class.wire().iter().any(|body| body.contains("I am ${bot_alias}")));
    assert!(class.notes().contains(&Note::SmpSucceeded));
    class.say("done");
    assert!(matches!(class.effects.last(), Some(Effect::Ended { passed: false, .. })));
}

#[test]
fn a_session_can_move_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&Class::standard().session);
}
