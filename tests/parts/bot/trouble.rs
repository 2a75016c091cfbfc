//! OTR that ends at the wrong time, comes back, or disagrees.

use otr::{Event, Version};
use otrbot::{
    records::Progress,
    session::{BotSecretVerdict, Farewell, Note},
};

use crate::bot::support::{Class, SECRET, config, find_secret, secs};

#[test]
fn otr_off_before_verifying_is_explained_and_the_lesson_goes_on() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    class.forget();

    class.end_otr();
    let told = class.heard();
    assert!(told.iter().all(|(_, encrypted)| !encrypted));
    assert!(told[0].0.contains("has ended"), "{told:?}");
    assert_eq!(class.session.whereabouts().progress, Progress::Talking);

    class.start_otr();
    let told = class.told();
    assert!(told.contains("private again") && told.contains("compare our secrets"), "{told}");
    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn otr_off_after_the_bot_secret_leaves_the_page_open() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();

    class.end_otr();
    let told = class.told();
    assert!(told.contains("told you my secret already"), "{told}");
    assert!(find_secret(&told).is_none());
    assert_eq!(class.session.whereabouts().progress, Progress::Verified);

    assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::Right);
    assert!(class.told().contains("Congratulations"));
    assert_eq!(class.ended().map(|(_, passed)| passed), Some(true));
}

#[test]
fn the_same_key_needs_no_verifying_again() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();
    class.end_otr();
    class.forget();

    class.start_otr();

    assert_eq!(class.bot_secret(), Some(secret));
}

#[test]
fn another_key_is_not_verified_and_is_told_nothing() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();

    // Not even goodbye: the learner's program was closed, another one begins.
    class.change_key();
    class.start_otr();
    class.say("help");
    class.wait(secs(200));

    let told = class.told();
    assert!(find_secret(&told).is_none(), "{told}");
    assert!(told.contains("compare our secrets"), "{told}");
    class.start_smp(SECRET);
    assert_eq!(class.bot_secret(), Some(secret));
}

#[test]
fn plain_text_in_a_private_conversation_is_warned_of() {
    let mut class = Class::private();

    class.inject("this is not encrypted");

    let told = class.heard();
    assert!(told[0].0.contains("without encryption") && told[0].1, "{told:?}");
    class.inject("nor is this");
    assert!(class.heard().is_empty(), "once is enough");
}

#[test]
fn fresh_keys_are_told_and_change_nothing() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();

    class.start_otr();

    let told = class.told();
    assert!(told.contains("fresh keys"), "{told}");
    class.say("help");
    assert_eq!(class.bot_secret(), Some(secret));
}

#[test]
fn a_message_for_a_forgotten_conversation_is_explained_and_the_lesson_begins_anew() {
    let mut class = Class::verified();
    class.forget();
    class.restart_bot();

    class.say("are you there?");

    assert!(class.notes().contains(&Note::Refused("not private")));
    let told = class.told();
    assert!(told.contains("could not read a message"), "{told}");
    if !class.learner.is_private() {
        class.start_otr();
    }
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    assert!(class.events().contains(&Event::SmpSucceeded));
}

#[test]
fn a_closed_session_says_good_bye_and_ends_otr() {
    for (why, word, comes_back) in [
        (Farewell::Shutdown, "maintenance", "back soon"),
        (Farewell::Dismissed, "another address", "from Totem"),
        (Farewell::Erased, "has been deleted", "from Totem"),
        (Farewell::TimedOut, "long time", "from Totem"),
    ] {
        let mut class = Class::private();

        class.close(why);

        assert!(class.events().contains(&Event::PeerEnded));
        let told = class.heard();
        assert!(told.len() == 1 && told[0].1 && told[0].0.contains(word), "{told:?}");
        let (status, passed) = class.ended().unwrap();
        assert!(!passed && status.contains(comes_back), "{status}");
        class.inject("anybody there?");
        class.wait(secs(10_000));
        assert!(class.heard().is_empty());
    }
}

#[test]
fn a_session_that_was_never_begun_closes_without_a_word() {
    let mut class = Class::new(config(Version::V3));

    class.close(Farewell::Shutdown);

    assert!(class.wire().is_empty());
    assert!(class.ended().is_some());
}
