//! Learners with several programs, and learners who go and come back.

use otr::{Event, Version};
use otrbot::{
    records::Progress,
    session::{Client, Effect, Typing},
};

use crate::bot::support::{A_WHILE, Class, SECRET, config, find_secret, secs};

/// Where everything that the bot sent since then went, in order, without repetitions.
fn destinations(class: &Class, since: usize) -> Vec<Client> {
    let mut all: Vec<Client> = class
        .effects
        .iter()
        .skip(since)
        .filter_map(|effect| if let Effect::Send { to, .. } = effect { Some(to) } else { None })
        .cloned()
        .collect();
    all.dedup();
    all
}

fn typed() -> otrbot::session::SessionConfig {
    let mut typed = config(Version::V3);
    typed.typing = Typing::default();
    typed
}

#[test]
fn answers_go_to_the_program_that_wrote_last() {
    let mut class = Class::standard();
    class.use_client("phone");
    class.say("hello");
    assert_eq!(destinations(&class, 0), [Client::named("phone")]);

    let since = class.effects.len();
    class.use_client("desk");
    class.say("help");

    assert_eq!(destinations(&class, since), [Client::named("desk")]);
    assert!(!class.heard().is_empty());
}

#[test]
fn what_is_said_in_private_goes_to_the_program_with_the_keys() {
    let mut class = Class::standard();
    class.use_client("desk");
    class.say("hello");
    class.start_otr();
    class.forget();
    class.use_client("phone");
    let since = class.effects.len();

    class.say("it is me, on the phone");

    let on_the_phone = class.heard();
    assert_eq!(on_the_phone.len(), 1, "{on_the_phone:?}");
    assert!(on_the_phone[0].0.contains("another of your chat programs") && !on_the_phone[0].1);
    assert!(on_the_phone[0].0.contains("private conversation"));
    assert_eq!(destinations(&class, since), [Client::named("phone"), Client::named("desk")]);
    class.say("hello?");
    assert!(class.heard().is_empty(), "once a minute is enough");
    class.use_client("desk");
    let at_the_desk = class.heard();
    assert!(at_the_desk.iter().all(|(_, encrypted)| *encrypted), "{at_the_desk:?}");
    assert!(at_the_desk[0].0.contains("without encryption"), "{at_the_desk:?}");
    class.say("I am here again");
    assert!(class.learner.is_private());
}

#[test]
fn another_program_in_private_is_another_key_and_both_can_be_used() {
    let mut class = Class::standard();
    class.use_client("desk");
    class.say("hello");
    class.start_otr();
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    let secret = class.bot_secret().unwrap();

    class.use_client("phone");
    class.start_otr();
    class.say("help");
    let told = class.told();
    assert!(find_secret(&told).is_none(), "the phone is not verified: {told}");
    class.use_client("desk");
    class.forget();
    class.say("help");

    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| *encrypted), "{told:?}");
    assert!(told.iter().any(|(text, _)| text.contains(&secret)), "{told:?}");
}

#[test]
fn a_learner_who_moves_to_another_program_in_the_clear_is_told_that_privacy_ended() {
    let mut class = Class::standard();
    class.use_client("desk");
    class.say("hello");
    class.start_otr();
    class.use_client("phone");
    class.forget();
    class.go_offline("desk", false);

    class.say("my computer crashed");

    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| !encrypted), "{told:?}");
    assert!(told[0].0.contains("has ended"), "{told:?}");
    assert!(!told.iter().any(|(text, _)| text.contains("We are not private at the moment")));
    assert_eq!(class.session.whereabouts().progress, Progress::Talking);
    class.start_otr();
    assert!(class.told().contains("private again"));
}

#[test]
fn nothing_is_said_to_a_program_that_went_offline_with_the_keys() {
    let mut class = Class::new(typed());
    class.use_client("desk");
    class.say("hello");
    class.start_otr();
    class.wait(A_WHILE);
    let since = class.effects.len();

    class.go_offline("desk", false);
    class.wait(secs(300));

    assert_eq!(class.effects[since..], [Effect::Composing(false)]);
    class.come_online("desk");
    class.wait(secs(60));
    assert!(class.heard().iter().any(|(text, encrypted)| *encrypted && text.contains("really me")));
}

#[test]
fn a_learner_who_went_offline_hears_the_rest_when_they_are_back() {
    let mut at_once = Class::standard();
    at_once.say("hello");
    let expected = at_once.heard();
    let mut class = Class::new(typed());
    class.use_client("phone");
    class.say("hello");
    class.wait(secs(12));
    let mut heard = class.heard();
    assert!(!heard.is_empty() && heard.len() < expected.len(), "{heard:?}");
    let since = class.effects.len();

    class.go_offline("phone", true);
    class.wait(secs(600));
    assert_eq!(class.effects[since..], [Effect::Composing(false)], "the bot talks into the void");
    // Another name, as servers give them.
    class.come_online("phone.2");
    class.wait(secs(60));

    heard.extend(class.heard());
    assert_eq!(heard, expected, "neither a line lost nor a hint that nobody waited for");
}

#[test]
fn hints_wait_for_a_learner_who_is_away() {
    let mut class = Class::standard();
    class.use_client("phone");
    class.say("hello");
    class.forget();
    class.wait(secs(30));

    class.go_offline("phone", true);
    class.wait(secs(1_000));
    class.come_online("phone");
    class.wait(secs(14));
    assert_eq!(class.told(), "");
    class.wait(A_WHILE);

    assert!(class.told().contains("Which chat program do you use?"));
}

#[test]
fn a_private_conversation_outlives_a_break_of_the_connection() {
    let mut class = Class::standard();
    class.use_client("phone");
    class.say("hello");
    class.start_otr();
    class.forget();

    class.go_offline("phone", true);
    class.wait(secs(100));
    class.come_online("phone");
    class.enter_secret(SECRET);

    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| *encrypted) && !told.is_empty(), "{told:?}");
    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn a_program_that_comes_back_without_its_keys_gets_a_fresh_private_conversation() {
    let mut class = Class::standard();
    class.use_client("phone");
    class.say("hello");
    class.start_otr();
    class.forget();

    class.go_offline("phone", true);
    class.change_key();
    class.come_online("phone");
    class.enter_secret(SECRET);

    assert!(class.learner.is_private(), "it was asked for fresh keys");
    let events = class.events();
    assert!(events.iter().any(|event| matches!(event, Event::GoneSecure { .. })), "{events:?}");
    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn a_program_that_comes_back_without_otr_is_talked_to_in_the_clear() {
    let mut class = Class::standard();
    class.use_client("phone");
    class.say("hello");
    class.start_otr();
    class.go_offline("phone", true);
    class.use_client("desk");
    class.forget();

    // Nothing of what comes to the desk is answered.
    class.answer_nothing();
    class.come_online("desk");
    class.wait(secs(19));
    assert!(class.heard().is_empty());
    class.wait(A_WHILE);

    assert!(!class.learner.is_private());
    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| !encrypted), "{told:?}");
    assert!(told[0].0.contains("has ended"), "{told:?}");
    class.wait(secs(1_779));
    assert!(class.ended().is_some(), "the learner has done nothing that counts");
}

#[test]
fn the_time_of_the_session_goes_on_while_the_learner_is_away() {
    for is_private in [false, true] {
        let mut class = Class::standard();
        class.use_client("phone");
        class.say("hello");
        if is_private {
            class.start_otr();
        }
        class.go_offline("phone", true);
        class.forget();

        class.wait(secs(1_801));

        assert!(class.ended().is_some());
        let told = class.heard();
        if is_private {
            assert!(told.is_empty(), "a good-bye that nobody can decrypt: {told:?}");
        } else {
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(told[0].0.contains("long time"), "{told:?}");
        }
    }
}

#[test]
fn who_comes_back_after_the_warning_hears_it_and_not_that_they_are_back() {
    let mut class = Class::standard();
    class.use_client("phone");
    class.say("hello");
    class.go_offline("phone", true);
    class.forget();

    class.wait(secs(1_600));
    assert_eq!(class.told(), "");
    class.come_online("phone");
    assert!(class.told().contains("still there"));
    class.say("yes");
    assert!(class.told().contains("goes on"));

    class.go_offline("phone", true);
    class.wait(secs(1_600));
    class.say("I am back at once");
    let told = class.told();
    assert!(!told.contains("still there") && !told.contains("goes on"), "{told}");
}
