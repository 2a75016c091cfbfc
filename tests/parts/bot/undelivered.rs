//! What the bot says is lost on its way, and the bot is told so.

use std::collections::HashSet;

use otr::Event;
use otrbot::{
    records::Progress,
    session::{Meaning, Note},
};

use crate::bot::support::{Class, SECRET, secs};

fn is_data(body: &str) -> bool {
    body.starts_with("?OTR:AAMD")
}

fn is_otr(body: &str) -> bool {
    body.starts_with("?OTR")
}

/// What a learner hears of whom nothing is lost.
fn heard_by_another() -> Vec<(String, bool)> {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();
    class.start_otr();
    class.heard()
}

#[test]
fn lines_that_were_lost_are_said_again_in_order_and_encrypted_anew() {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();
    class.cut = Some(is_data);
    class.start_otr();
    let expected = heard_by_another();
    assert!(expected.len() > 1);
    assert_eq!(class.heard(), []);

    class.mend();

    assert_eq!(class.heard(), expected);
    let wire = class.wire();
    let different: HashSet<_> = wire.iter().filter(|body| is_data(body)).collect();
    assert_eq!(different.len(), expected.len() * 2, "no ciphertext is sent twice");
}

#[test]
fn a_lost_answer_comes_back_in_private() {
    let mut class = Class::private();
    class.cut = Some(is_data);
    class.say("help");
    let n_lost = class.undelivered.len();
    assert!(n_lost > 0);
    assert!(class.undelivered.iter().all(|lost| matches!(lost, Meaning::Line(_))));

    class.mend();
    let again = class.heard();
    assert_eq!(again.len(), n_lost);
    assert!(again.iter().all(|(_, encrypted)| *encrypted));
}

#[test]
fn a_key_exchange_whose_steps_were_lost_is_begun_again() {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();
    class.cut = Some(is_otr);
    class.try_start_otr();
    assert!(!class.learner.is_private());
    assert_eq!(class.undelivered, [Meaning::Exchange]);

    class.mend();

    assert!(class.learner.is_private());
    assert_eq!(class.heard(), heard_by_another());
}

#[test]
fn what_is_private_waits_until_the_learner_has_the_keys_too() {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();
    class.cut = Some(is_otr);
    class.try_start_otr();
    // The bot asks, and the learner's program begins; the last step of that is lost.
    class.mend_but(Some(|body| body.starts_with("?OTR:AAMS") || is_data(body)));
    assert!(!class.learner.is_private());
    assert_eq!(class.session.whereabouts().progress, Progress::Encrypted);
    assert_eq!(class.undelivered.first(), Some(&Meaning::Exchange));

    class.mend();

    assert!(class.learner.is_private());
    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| *encrypted), "{told:?}");
    let expected = heard_by_another();
    assert!(expected.iter().all(|line| told.contains(line)), "{told:?}");
}

#[test]
fn a_program_that_does_not_answer_with_keys_is_told_in_the_clear() {
    let mut class = Class::private();
    class.answer_nothing();
    class.undelivered = vec![Meaning::Exchange];
    class.mend();
    class.forget();

    class.wait(secs(30));

    let told = class.heard();
    assert!(
        told.iter().any(|(text, encrypted)| !encrypted && text.contains("has ended")),
        "{told:?}"
    );
}

#[test]
fn an_authentication_with_a_step_lost_is_begun_again() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    class.forget();
    class.cut = Some(is_data);
    class.try_start_smp(SECRET, None);
    assert!(class.undelivered.contains(&Meaning::Verification), "{:?}", class.undelivered);

    class.mend();

    assert!(class.events().contains(&Event::SmpAborted));
    let told = class.heard();
    assert!(
        told.iter().any(|(text, _)| text.contains("start the authentication once more")),
        "{told:?}"
    );
    assert!(class.notes().contains(&Note::SmpAborted));
    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn who_missed_words_that_nobody_kept_is_told_so() {
    let mut class = Class::standard();
    class.say("hello");
    class.forget();
    class.undelivered = vec![Meaning::Forgotten];

    class.mend();

    assert!(class.told().contains("some of what I said got lost"));
}

#[test]
fn nothing_private_is_said_again_in_the_clear() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();
    class.cut = Some(is_data);
    class.say("help");
    class.end_otr();
    class.cut = None;
    class.forget();

    class.mend();

    let told = class.told();
    assert!(!told.contains(&secret), "{told}");
    let said_private = class.heard();
    assert!(said_private.is_empty(), "{said_private:?}");
}
