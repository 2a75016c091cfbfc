//! The whole lesson, as it should go.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::time::Duration;

use otr::{Event, Version};
use otrbot::{
    records::Progress,
    session::{BotSecretVerdict, Effect, Note, SecretVerdict, Typing},
};

use crate::bot::support::{Class, SECRET, config, find_secret, secs};

fn take_the_lesson(version: Version) {
    let mut class = Class::new(config(version));
    assert_eq!(class.session.whereabouts().progress, Progress::Invited);

    class.say("hello");
    let told = class.heard();
    assert!(told[0].0.contains("I am Marvin"), "{told:?}");
    assert!(told.iter().all(|(_, encrypted)| !encrypted));

    class.start_otr();
    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| *encrypted), "{told:?}");
    let fingerprint = class.session.whereabouts().fingerprint.unwrap();
    assert_eq!(class.learner.peer_fingerprint().unwrap().to_string(), fingerprint);
    assert!(told.iter().any(|(text, _)| *text == fingerprint), "{told:?}");
    assert!(told.last().unwrap().0.contains("web page"), "{told:?}");

    assert_eq!(class.enter_secret(SECRET), SecretVerdict::Accepted);
    assert!(class.told().contains("compare our secrets"));

    class.start_smp(SECRET);
    assert!(class.events().contains(&Event::SmpSucceeded));
    let secret = class.bot_secret().unwrap();

    assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::Right);
    assert!(class.told().contains("Congratulations"));
    assert!(class.ended().is_none());

    class.end_otr();
    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| !encrypted), "{told:?}");
    assert!(told[0].0.contains("Well done"), "{told:?}");
    let (status, passed) = class.ended().unwrap();
    assert!(passed && status.contains("from Totem"), "{status}");
    assert_eq!(
        class.progress(),
        [Progress::Talking, Progress::Encrypted, Progress::Verified, Progress::Done]
    );
    let number = if version == Version::V2 { 2 } else { 3 };
    assert_eq!(
        class.notes(),
        [Note::OtrEnabled(number), Note::SmpStarted, Note::SmpSucceeded, Note::OtrDisabled]
    );
    for body in class.wire() {
        assert!(find_secret(body).is_none(), "{body}");
        assert!(!body.contains("${"), "{body}");
    }
}

#[test]
fn the_whole_lesson_in_version_3() {
    take_the_lesson(Version::V3);
}

#[test]
fn the_whole_lesson_in_version_2() {
    take_the_lesson(Version::V2);
}

#[test]
fn a_learner_who_goes_private_at_once_is_greeted_in_private() {
    let mut class = Class::standard();

    class.start_otr();

    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| *encrypted), "{told:?}");
    assert!(told[0].0.contains("I am Marvin"), "{told:?}");
    assert!(!told.iter().any(|(text, _)| text.contains("servers that carry our messages can")));
}

#[test]
fn a_learner_who_is_there_and_silent_is_greeted() {
    let mut class = Class::standard();
    let mut rng = <rand_chacha::ChaCha20Rng as rand_core::SeedableRng>::seed_from_u64(1);

    let effects = class.session.on_arrival(class.now, &mut rng);

    let said = effects.iter().any(
        |effect| matches!(effect, Effect::Send { body, otr: false, .. } if body.contains("Marvin")),
    );
    assert!(said, "{effects:?}");
    assert!(class.session.on_arrival(class.now, &mut rng).is_empty());
}

#[test]
fn the_secret_may_come_first_and_smp_may_be_early() {
    let mut class = Class::standard();
    assert_eq!(class.enter_secret(SECRET), SecretVerdict::Accepted);
    assert!(class.effects.is_empty(), "the learner is not there yet");
    assert!(class.session.whereabouts().has_secret);

    class.say("hello");
    class.start_otr();
    class.start_smp(SECRET);

    assert!(class.bot_secret().is_some());
}

#[test]
fn smp_before_the_secret_is_answered_when_the_secret_comes() {
    let mut class = Class::private();

    class.start_smp(SECRET);
    let told = class.told();
    assert!(told.contains("I do not know yours yet"), "{told}");
    assert!(class.events().is_empty());

    assert_eq!(class.enter_secret(SECRET), SecretVerdict::Accepted);
    assert!(class.bot_secret().is_some());
}

#[test]
fn the_bot_begins_smp_where_it_may() {
    let mut config = config(Version::V3);
    config.may_start_smp = true;
    let mut class = Class::private_with(config);

    class.enter_secret(SECRET);
    assert!(class.told().contains("I begin"));
    class.answer_smp("something else");
    assert!(class.told().contains("not the same"));
    class.say("again please");
    class.answer_smp(SECRET);

    assert!(class.bot_secret().is_some());
}

#[test]
fn a_default_secret_needs_no_page() {
    let mut config = config(Version::V3);
    config.default_secret = Some(SECRET.into());
    let mut class = Class::private_with(config);

    class.start_smp(SECRET);

    assert!(class.bot_secret().is_some());
}

#[test]
fn a_learner_who_passed_and_says_bye_is_let_go() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();
    class.enter_bot_secret(&secret);

    class.say("ok, bye!");

    assert!(class.events().contains(&Event::PeerEnded));
    assert_eq!(class.ended().map(|(_, passed)| passed), Some(true));
    assert!(class.session.next_tick().is_none());
    let told = class.heard();
    assert!(told.last().unwrap().0.contains("Good-bye") && told.last().unwrap().1, "{told:?}");
}

#[test]
fn lines_come_in_order_at_the_speed_of_typing() {
    let mut typed = config(Version::V3);
    typed.typing = Typing::default();
    let mut at_once = Class::standard();
    at_once.say("hello");
    let expected = at_once.heard();
    let mut class = Class::new(typed);

    class.say("hello");

    assert!(class.heard().is_empty());
    assert_eq!(
        class.effects,
        [Effect::Composing(true), Effect::Progress { progress: Progress::Talking, credit: None }],
        "typing is shown before anything is said"
    );
    let mut heard = Vec::new();
    let start = class.now;
    while heard.len() < expected.len() {
        let before = class.now;
        class.wait(Duration::from_millis(50));
        let more = class.heard();
        assert!(more.len() <= 1, "two lines at a time");
        heard.extend(more);
        assert!(class.now > before);
    }
    assert_eq!(heard, expected);
    let n_chars: usize = heard.iter().map(|(text, _)| text.chars().count()).sum();
    let even = f64::from(u32::try_from(n_chars).unwrap()) / 20.0;
    let took = (class.now - start).as_secs_f64();
    assert!((0.7 * even..1.3 * even).contains(&took), "{took} s for {n_chars} characters");
}

#[test]
fn going_private_stops_what_is_not_true_any_more() {
    let mut typed = config(Version::V3);
    typed.typing = Typing::default();
    let mut class = Class::new(typed);
    class.say("hello");
    class.wait(secs(6));

    class.start_otr();
    class.wait(secs(40));

    let told = class.heard();
    let private_from = told.iter().position(|(_, encrypted)| *encrypted).unwrap();
    assert!(told[private_from..].iter().all(|(_, encrypted)| *encrypted), "{told:?}");
    assert!(!told[private_from..].iter().any(|(text, _)| text.contains("write nothing secret")));
    assert!(told.iter().any(|(text, _)| text.contains("faster than my introduction")), "{told:?}");
}

#[test]
fn help_grows_more_concrete_with_time_and_is_not_repeated() {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();

    class.wait(secs(40));
    assert!(class.heard().is_empty());
    class.wait(secs(10));
    let vague = class.told();
    assert!(vague.contains("Which chat program do you use?"), "{vague}");
    class.wait(secs(80));
    let concrete = class.told();
    assert!(concrete.contains("/otr start") && concrete.contains("Pidgin"), "{concrete}");
    class.wait(secs(300));
    assert!(class.told().contains("OMEMO"));
    class.wait(secs(900));
    assert_eq!(class.told(), "", "help does not nag");
}

#[test]
fn help_can_be_asked_for_in_general_and_by_program() {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();

    class.say("help");
    assert!(class.told().contains("Which chat program"));
    class.say("I have Profanity");
    assert!(class.told().contains("/otr start"));
    class.wait(secs(10));
    class.say("Gajim?");
    assert!(class.told().contains("OMEMO"));
    let mut before = String::new();
    for _ in 0..10 {
        class.say("blue cheese");
        let told = class.told();
        assert!(!told.is_empty() && told != before, "{told}");
        before = told;
    }
}
