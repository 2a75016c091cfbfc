//! The lesson in which somebody in the middle asks for the bot secret.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use otr::{Event, Fingerprint, Version};
use otrbot::{
    records::Progress,
    session::{BotSecretStanding, BotSecretVerdict, SessionConfig},
};

use crate::bot::support::{Class, SECRET, config_of, find_secret, secs};

fn impostor(version: Version) -> SessionConfig {
    config_of("impostor", version)
}

/// A learner who has the bot secret and has just met the impostor; the secret, and both keys.
fn met(version: Version) -> (Class, String, [Fingerprint; 2]) {
    let mut class = Class::private_with(impostor(version));
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    let secret = class.bot_secret().unwrap();
    let genuine = class.learner.peer_fingerprint().unwrap();
    class.wait(secs(25));
    let impostor = class.learner.peer_fingerprint().unwrap();
    (class, secret, [genuine, impostor])
}

/// The bot is itself again, has explained it, and takes the secret.
fn assert_passes(class: &mut Class, secret: &str, genuine: Fingerprint) {
    let told = class.told();
    assert!(told.contains("the web page of this exercise"), "{told}");
    assert_eq!(class.learner.peer_fingerprint(), Some(genuine));
    assert_eq!(class.enter_bot_secret(secret), BotSecretVerdict::Right);
    assert!(class.told().contains("Congratulations"));
    assert_eq!(class.session.whereabouts().progress, Progress::Done);
}

#[test]
fn the_impostor_has_another_key_and_asks_for_the_secret() {
    for version in [Version::V2, Version::V3] {
        let (mut class, secret, [genuine, impostor]) = met(version);

        assert_ne!(genuine, impostor);
        let secure = Event::GoneSecure { version, fingerprint: impostor };
        assert!(class.events().contains(&secure), "the learner's program shows a new key");
        class.wait(secs(60));
        let told = class.told();
        assert!(told.contains("write me the secret") && !told.contains(&secret), "{told}");
        let page = class.session.whereabouts().fingerprint.unwrap();
        assert_eq!(page, genuine.to_string(), "the page tells the truth");
    }
}

#[test]
fn the_page_does_not_take_the_secret_before_the_impostor_was_there() {
    let mut class = Class::private_with(impostor(Version::V3));
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    let secret = class.bot_secret().unwrap();

    assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::TooSoon);
    assert_eq!(class.session.whereabouts().bot_secret, BotSecretStanding::Held);
}

#[test]
fn who_refuses_has_passed() {
    let (mut class, secret, [genuine, _]) = met(Version::V3);

    class.say("No. Who are you? Your key is another one!");

    assert_passes(&mut class, &secret, genuine);
}

#[test]
fn who_compares_secrets_again_finds_the_impostor_out() {
    for question in [None, Some("What did we agree on?")] {
        let (mut class, secret, [genuine, _]) = met(Version::V3);

        class.start_smp_with(SECRET, question);

        let refused = [Event::SmpFailed, Event::SmpAborted];
        assert!(class.events().iter().any(|event| refused.contains(event)));
        assert_passes(&mut class, &secret, genuine);
    }
}

#[test]
fn who_ends_the_conversation_has_passed() {
    let (mut class, secret, [genuine, _]) = met(Version::V3);

    class.end_otr();

    assert_passes(&mut class, &secret, genuine);
}

#[test]
fn who_says_nothing_has_passed() {
    let (mut class, secret, [genuine, _]) = met(Version::V2);

    class.wait(secs(300));

    assert_passes(&mut class, &secret, genuine);
}

#[test]
fn who_tells_the_secret_is_taught_and_tries_again() {
    let (mut class, old, [genuine, _]) = met(Version::V3);

    class.say(&format!("Sure, it is {}", old.to_lowercase()));

    let told = class.told();
    assert!(told.contains("it was not me") && told.contains("somebody in the middle"), "{told}");
    let new = find_secret(&told).unwrap();
    assert_ne!(new, old);
    assert_eq!(class.learner.peer_fingerprint(), Some(genuine));
    assert_eq!(class.enter_bot_secret(&old), BotSecretVerdict::TooSoon);

    class.wait(secs(25));
    assert_ne!(class.learner.peer_fingerprint(), Some(genuine), "he is back");
    class.say("never!");
    assert_passes(&mut class, &new, genuine);
    assert_eq!(class.enter_bot_secret(&old), BotSecretVerdict::Wrong);
}

#[test]
fn the_impostor_insists_and_never_says_the_secret() {
    let (mut class, secret, _) = met(Version::V3);

    for text in ["Hm.", "Let me see.", "One moment"] {
        class.say(text);
        class.wait(secs(20));
    }

    let told = class.told();
    assert!(told.contains("I only need the secret"), "{told}");
    assert!(!told.contains(&secret), "{told}");
}

#[test]
fn a_secret_told_to_the_bot_itself_is_no_harm() {
    let mut class = Class::private_with(impostor(Version::V3));
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    let secret = class.bot_secret().unwrap();
    class.forget();

    class.say(&secret);

    assert!(class.told().contains("it is my secret"));
}

#[test]
fn a_learner_who_comes_back_with_another_key_still_passes() {
    let (mut class, secret, _) = met(Version::V3);
    class.say("Are you an impostor?");
    class.end_otr();
    class.forget();
    class.change_key();

    class.start_otr();

    let told = class.told();
    assert!(told.contains("have not verified") && !told.contains(&secret), "{told}");
    assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::Right);
}
