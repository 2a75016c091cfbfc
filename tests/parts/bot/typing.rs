//! The bot takes its time, and what happens meanwhile.

use otr::Version;
use otrbot::session::{Effect, Typing};

use crate::bot::support::{Class, config, secs};

fn typed() -> Class {
    let mut typed = config(Version::V3);
    typed.typing = Typing::default();
    Class::new(typed)
}

#[test]
fn typing_is_shown_before_each_line() {
    let mut class = typed();
    class.say("hello");
    class.wait(secs(60));

    let mut is_composing = false;
    let mut n_lines = 0;
    for effect in &class.effects {
        match effect {
            Effect::Composing(on) => is_composing = *on,
            Effect::Send { .. } => {
                assert!(is_composing, "a line that nobody typed");
                is_composing = false;
                n_lines += 1;
            }
            Effect::Progress { .. }
            | Effect::Claimed(_)
            | Effect::Language(_)
            | Effect::Note(_)
            | Effect::Ended { .. } => {}
        }
    }
    assert!(n_lines >= 5 && !is_composing);
}

#[test]
fn unscheduled_lines_are_said_at_once_and_no_typing_is_shown() {
    let mut class = Class::standard();

    class.say("hello");

    assert!(class.heard().len() >= 5);
    assert!(!class.effects.iter().any(|effect| matches!(effect, Effect::Composing(_))));
}

#[test]
fn who_takes_back_what_it_is_typing_shows_that_it_paused() {
    let mut class = typed();
    class.say("hello");
    class.wait(secs(60));
    class.forget();
    class.say("help");
    assert_eq!(class.effects.last(), Some(&Effect::Composing(true)));

    class.go_offline("anywhere", true);

    assert_eq!(class.effects.last(), Some(&Effect::Composing(false)));
}

#[test]
fn a_message_in_between_is_answered_after_what_was_begun() {
    let mut class = typed();
    class.say("hello");
    class.wait(secs(8));
    let mut heard = class.heard();

    class.say("I have Profanity");
    class.wait(secs(60));

    heard.extend(class.heard());
    let introduction = heard.iter().position(|(text, _)| text.contains("Please start a private"));
    let answer = heard.iter().position(|(text, _)| text.contains("type /otr start"));
    assert!(introduction.unwrap() < answer.unwrap(), "{heard:?}");
}

#[test]
fn twenty_messages_while_the_bot_types_do_not_get_twenty_answers() {
    let mut class = typed();
    class.say("hello");
    class.wait(secs(1));

    for _ in 0..20 {
        class.say("how does it work?");
        class.now += secs(6);
    }
    class.wait(secs(120));

    let heard = class.heard();
    for (ix, line) in heard.iter().enumerate() {
        let n_same = heard[ix..].iter().filter(|other| *other == line).count();
        assert!(n_same <= 2, "{n_same} times {line:?}");
    }
    assert!(heard.len() < 25, "{} lines", heard.len());
}
