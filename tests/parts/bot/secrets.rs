//! Shared secrets and the bot secret: weak, wrong, early, late.

use otr::{Event, Version};
use otrbot::{
    records::Progress,
    session::{BotSecretVerdict, Note, SecretVerdict},
};

use crate::bot::support::{Class, SECRET, config, find_secret, secs};

#[test]
fn a_weak_secret_is_refused_kindly_and_not_kept() {
    let mut class = Class::private();

    let verdict = class.enter_secret("password");

    let SecretVerdict::TooWeak { warning, advice } = verdict else { panic!("{verdict:?}") };
    assert!(!advice.is_empty());
    let told = class.told();
    assert!(told.contains(&warning) && told.contains("have not kept it"), "{told}");
    assert!(!told.contains("password\n") && !told.contains("${"), "{told}");
    assert!(!class.session.whereabouts().has_secret);
    assert_eq!(class.enter_secret(""), SecretVerdict::Unusable);
    assert_eq!(class.enter_secret(&"x".repeat(10_000)), SecretVerdict::Unusable);
    assert_eq!(class.told(), "");
}

#[test]
fn a_wrong_secret_is_explained_and_the_right_one_helps() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    class.forget();

    class.start_smp("purple walrus");
    assert!(class.events().contains(&Event::SmpFailed));
    let told = class.told();
    assert!(told.contains("typing error") && told.contains("middle"), "{told}");
    assert!(find_secret(&told).is_none());
    assert_eq!(class.session.whereabouts().progress, Progress::Encrypted);

    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn a_new_secret_replaces_the_old_one() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    class.enter_secret("violet mammoth sofa thunder");
    assert!(class.told().contains("new secret"));

    class.start_smp("violet mammoth sofa thunder");

    assert!(class.bot_secret().is_some());
}

#[test]
fn a_question_is_declined_and_explained() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    class.forget();

    class.start_smp_with(SECRET, Some("What is my name?"));
    assert!(class.events().contains(&Event::SmpAborted));
    let told = class.told();
    assert!(told.contains("asked me a question"), "{told}");
    assert!(!told.contains("cancelled before"), "{told}");

    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn an_abort_is_explained_and_smp_can_begin_again() {
    let mut class = Class::private();
    class.start_smp(SECRET);
    class.forget();

    class.abort_smp();
    let told = class.told();
    assert!(told.contains("cancelled"), "{told}");
    assert!(class.notes().contains(&Note::SmpAborted));

    class.enter_secret(SECRET);
    class.forget();
    class.start_smp(SECRET);
    assert!(class.bot_secret().is_some());
}

#[test]
fn the_bot_secret_is_not_taken_before_it_is_given() {
    let mut class = Class::standard();
    assert_eq!(class.enter_bot_secret("AAAA-AAAA-AAAA-AAAA"), BotSecretVerdict::NotGivenYet);
    class.say("hello");
    class.start_otr();
    class.enter_secret(SECRET);
    class.forget();

    assert_eq!(class.enter_bot_secret("AAAA-AAAA-AAAA-AAAA"), BotSecretVerdict::NotGivenYet);
    assert_eq!(class.enter_bot_secret(""), BotSecretVerdict::NotGivenYet);
    assert_eq!(class.told(), "");
}

#[test]
fn a_wrong_bot_secret_is_told_and_the_right_one_is_taken_however_it_is_typed() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();

    assert_eq!(class.enter_bot_secret("AAAA-AAAA-AAAA-AAAA"), BotSecretVerdict::Wrong);
    assert_eq!(class.bot_secret(), Some(secret.clone()));
    let typed = secret.to_lowercase().replace('-', " ");
    assert_eq!(class.enter_bot_secret(&typed), BotSecretVerdict::Right);
    let n_effects = class.effects.len();
    assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::Right);
    assert_eq!(class.effects.len(), n_effects, "passing is told once");
    assert_eq!(class.session.whereabouts().progress, Progress::Done);
}

#[test]
fn each_session_has_its_own_bot_secret_and_help_repeats_it() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();

    class.wait(secs(70));
    assert_eq!(class.bot_secret(), Some(secret.clone()));
    class.say("help");
    assert_eq!(class.bot_secret(), Some(secret));
}

#[test]
fn the_bot_secret_waits_for_a_verified_conversation() {
    let mut typed = config(Version::V3);
    typed.typing = otrbot::session::Typing::default();
    let mut class = Class::private_with(typed);
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    class.forget();

    // The lines with the secret are waiting when the conversation ends.
    class.wait(secs(1));
    class.end_otr();
    class.wait(secs(60));

    let told = class.told();
    assert!(find_secret(&told).is_none(), "{told}");
    assert!(told.contains("will not do it where others can read it"), "{told}");
    assert_eq!(class.enter_bot_secret("AAAA-AAAA-AAAA-AAAA"), BotSecretVerdict::NotGivenYet);
}

#[test]
fn the_bot_secret_is_found_in_whatever_was_copied_with_it() {
    for copied in [
        "CODE.",
        "\u{201e}CODE\u{201c}",
        "\u{202a}\u{200e}CODE\u{feff}\u{202c}",
        "\u{2066}CODE\u{2069}\u{60c}",
        "(12:01:33) Marvin: CODE",
        "[12:01] <Marvin> CODE",
        "12:01:33 - Marvin: CODE\n12:01:40 - ada: thank you",
    ] {
        let mut class = Class::verified();
        let secret = class.bot_secret().unwrap();

        let typed = copied.replace("CODE", &secret);
        assert_eq!(class.enter_bot_secret(&typed), BotSecretVerdict::Right, "{copied:?}");
    }
}

#[test]
fn of_several_codes_none_is_tried() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();
    class.forget();

    let both = format!("AAAA-AAAA-AAAA-AAAA {secret}");
    assert_eq!(class.enter_bot_secret(&both), BotSecretVerdict::Wrong);
    assert_eq!(class.bot_secret(), Some(secret), "it is told once, as any wrong one");
}

/// With blanks, and without.
const SECRETS: [&str; 2] = [SECRET, "violet-mammoth-sofa-thunder"];

#[test]
fn blanks_are_the_first_suspect_when_a_comparison_fails_whatever_the_secret_is() {
    let told = SECRETS.map(|secret| {
        let mut class = Class::private();
        class.enter_secret(secret);
        let before = class.told();
        assert!(!before.contains("quotation marks"), "nobody knows the program: {before}");

        class.start_smp("purple");
        let told = class.told();
        assert!(told.starts_with("If our secret has blanks in it,"), "{told}");
        let parts =
            ["/otr secret \"SECRET\"", "otr smp NAME \"SECRET\"", "hyphens", "not the same"];
        for part in parts {
            assert!(told.contains(part), "{part} is not in {told}");
        }
        // It is said once for a secret.
        class.start_smp("purple");
        let again = class.told();
        assert!(!again.contains("blanks in it"), "{again}");
        [before, told, again]
    });

    assert_eq!(told[0], told[1], "what is said tells nothing of the secret");
}

/// A private conversation with a program of this name, of which the learner has perhaps said more.
fn in_private(resource: &str, said: &str) -> Class {
    let mut class = Class::standard();
    class.use_client(resource);
    class.say("hello");
    class.start_otr();
    if !said.is_empty() {
        class.say(said);
    }
    class
}

#[test]
fn a_program_that_is_typed_to_is_known_and_its_quotation_marks_are_told_at_once() {
    for (resource, said, expected) in [
        ("profanity.x4Td", "", "/otr secret \"SECRET\""),
        ("BitlBee", "", "otr smp NAME \"SECRET\""),
        ("x", "Profanity", "/otr secret \"SECRET\""),
        ("x", "I use WeeChat", "/otr smp ask \"SECRET\""),
    ] {
        let told = SECRETS.map(|secret| {
            let mut class = in_private(resource, said);
            class.forget();

            class.enter_secret(secret);
            let at_once = class.told();
            assert!(
                at_once.contains("If our secret has blanks in it,") && at_once.contains(expected),
                "{resource}: {at_once}"
            );
            class.enter_secret("orange lemon meadow bicycle");
            let again = class.told();
            assert!(!again.contains("blanks in it"), "{resource}: it is said once: {again}");
            class.enter_secret(secret);
            class.forget();
            class.start_smp("purple");
            let told = class.told();
            assert!(told.starts_with("If our secret has blanks in it,"), "{resource}: {told}");
            [at_once, again, told]
        });
        assert_eq!(told[0], told[1], "{resource}: what is said tells nothing of the secret");
    }
}

#[test]
fn a_program_that_takes_blanks_as_they_are_is_not_suspected() {
    for (resource, said) in [("mcabber.1f2e", ""), ("x", "Pidgin")] {
        let mut class = in_private(resource, said);
        class.enter_secret(SECRET);
        class.start_smp("purple");
        let told = class.told();
        assert!(!told.contains("blanks in it"), "{resource}: {told}");
        assert!(told.contains("not the same"), "{told}");
    }
}
