//! What keeps a session alive, and the order in which it ends.

use otr::{Event, Version};
use otrbot::session::{BotSecretVerdict, Effect, Excess, Farewell, Note, Typing};

use crate::bot::support::{Class, SECRET, config, secs};

/// A private class that has been silent for so long that the learner was warned, and was told
/// nothing since.
fn warned() -> Class {
    let mut class = Class::private();
    class.use_client("phone");
    class.start_otr();
    class.wait(secs(1_600));
    assert!(class.notes().contains(&Note::Warned));
    class.forget();
    class
}

fn is_refreshed_by(act: impl FnOnce(&mut Class)) -> bool {
    let mut class = warned();
    act(&mut class);
    class.wait(secs(10));
    let is_told = class.told().contains("goes on");
    class.wait(secs(1_000));
    let lives = class.ended().is_none();
    assert_eq!(is_told, lives, "the notice tells the truth");
    lives
}

#[test]
fn the_listed_events_refresh_a_session_and_are_told_to_who_was_warned() {
    assert!(is_refreshed_by(|class| class.say("hello")), "message_received");
    assert!(is_refreshed_by(|class| class.inject("hello")), "message_received in the clear");
    assert!(is_refreshed_by(Class::end_otr), "otr_disabled");
    let switched_on = |class: &mut Class| {
        class.change_key();
        class.start_otr();
    };
    assert!(is_refreshed_by(switched_on), "otr_enabled");
    assert!(is_refreshed_by(|class| class.start_smp(SECRET)), "smp_started");
    let aborted = |class: &mut Class| {
        class.start_smp(SECRET);
        class.wait(secs(1_590));
        class.forget();
        class.abort_smp();
    };
    assert!(is_refreshed_by(aborted), "smp_aborted");
}

#[test]
fn no_other_event_refreshes_a_session() {
    assert!(!is_refreshed_by(|class| drop(class.enter_secret(SECRET))), "secret_received");
    assert!(!is_refreshed_by(|class| drop(class.enter_secret("1234"))), "unsafe_secret_received");
    assert!(
        !is_refreshed_by(|class| assert_ne!(class.enter_bot_secret("A"), BotSecretVerdict::Right)),
        "bot_secret_rejected"
    );
    assert!(!is_refreshed_by(Class::start_otr), "otr_already_setup");
    let asked = |class: &mut Class| class.start_smp_with(SECRET, Some("What is my name?"));
    assert!(!is_refreshed_by(asked), "smp_question_used");
    assert!(!is_refreshed_by(|class| class.inject("?OTR Error: what?")), "otr_trouble");
    assert!(!is_refreshed_by(|class| class.inject("?OTR:AAMDgarbage.")), "garbage");
    assert!(!is_refreshed_by(|class| class.send_too_much(Excess::Messages)), "a flood");
    let went = |class: &mut Class| {
        class.go_offline("phone", true);
        class.come_online("phone");
    };
    assert!(!is_refreshed_by(went), "presence");
}

#[test]
fn the_lesson_cannot_hush_what_the_session_says_of_itself() {
    let mut typed = config(Version::V3);
    typed.typing = Typing::default();
    let mut class = Class::new(typed);
    class.say("hello");
    class.wait(secs(1_550));
    class.forget();

    // The lesson drops all it had to say.
    class.start_otr();
    class.wait(secs(30));

    assert!(class.told().contains("goes on"));
}

#[test]
fn a_session_ends_with_good_bye_then_otr_then_the_status() {
    let mut class = Class::private();
    class.wait(secs(1_790));
    let since = class.effects.len();
    class.forget();

    class.wait(secs(20));

    let kinds: Vec<&str> = class.effects[since..]
        .iter()
        .map(|effect| match effect {
            Effect::Send { body, otr: true, .. } if body.starts_with("?OTR:") => "encrypted",
            Effect::Send { .. } => "sent",
            Effect::Note(Note::OtrDisabled) => "OTR ended",
            Effect::Ended { .. } => "ended",
            Effect::Composing(_)
            | Effect::Progress { .. }
            | Effect::Claimed(_)
            | Effect::Language(_)
            | Effect::Note(_) => "other",
        })
        .collect();
    assert_eq!(kinds, ["encrypted", "OTR ended", "encrypted", "ended"]);
    let told = class.told();
    assert!(told.contains("long time") && told.contains("from Totem"), "{told}");
    assert!(!class.learner.is_private());
    let (status, _) = class.ended().unwrap();
    assert_eq!(
        status, "Your session has expired, you can start a new session from Totem.",
        "SIGN_OUT_MESSAGE"
    );
    assert!(class.session.next_tick().is_none(), "no timer outlives the session");
}

#[test]
fn a_session_that_is_over_stays_silent_whatever_comes() {
    let mut class = Class::standard();
    class.use_client("phone");
    class.say("hello");
    class.start_otr();
    class.close(Farewell::TimedOut);
    assert!(class.events().contains(&Event::PeerEnded));
    let n_effects = class.effects.len();

    class.inject("hello");
    class.inject("?OTRv23?");
    class.enter_secret(SECRET);
    class.enter_bot_secret("AAAA-AAAA-AAAA-AAAA");
    class.come_online("phone");
    class.go_offline("phone", true);
    class.send_too_much(Excess::Messages);
    class.close(Farewell::Shutdown);
    class.wait(secs(10_000));

    assert_eq!(class.effects.len(), n_effects);
}
