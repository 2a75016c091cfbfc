//! Sessions that were interrupted: the process was killed, and another one goes on from what was kept.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::sync::Arc;

use otr::{Event, SigningKey, Version};
use otrbot::{
    records::Progress,
    session::{BotSecretVerdict, Note, Seal, SecretVerdict},
};

use crate::bot::support::{Class, SECRET, config, config_of, find_secret, secs};

/// What the bot says once after an interruption.
const SORRY: &str = "I was interrupted";

/// How often the bot said that it was interrupted, and whether it said that privacy was lost.
fn sorry(told: &str) -> (usize, bool) {
    (told.matches(SORRY).count(), told.contains("our private conversation got lost"))
}

#[test]
fn who_was_greeted_goes_on_where_they_were() {
    let mut class = Class::standard();
    class.say("hello");
    class.kill_bot();
    class.forget();

    class.arrive();
    class.arrive();
    class.say("what now?");

    let told = class.told();
    assert_eq!(sorry(&told), (1, false), "{told}");
    assert!(!told.contains("I am Marvin"), "the greeting is not said twice: {told}");
    class.start_otr();
    assert!(class.told().contains("One question is open"));
}

#[test]
fn who_was_private_is_told_once_and_gets_to_the_end() {
    for version in [Version::V2, Version::V3] {
        let mut class = Class::private_with(config(version));
        class.enter_secret(SECRET);
        class.forget();
        let before = class.session.whereabouts().fingerprint;
        class.kill_bot();

        // The learner's program still takes the conversation for private, so the bot cannot read this.
        class.say("are you still there?");

        let told = class.told();
        assert_eq!(sorry(&told), (1, true), "{told}");
        assert!(told.contains("Please start it again in your program"), "{told}");
        assert!(!told.contains("could not read a message"), "said twice: {told}");
        if !class.learner.is_private() {
            class.start_otr();
        }
        assert_ne!(class.session.whereabouts().fingerprint, before);
        assert!(class.session.whereabouts().has_secret);
        class.start_smp(SECRET);
        let secret = class.bot_secret().unwrap();
        assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::Right);
        class.end_otr();
        let (_, passed) = class.ended().unwrap();
        assert!(passed);
    }
}

#[test]
fn the_bot_secret_that_was_read_before_is_taken_after() {
    let mut class = Class::verified();
    let secret = class.bot_secret().unwrap();

    let kept = class.kill_bot();

    assert!(find_secret(&kept).is_none() && !kept.contains(&secret.replace('-', "")), "{kept}");
    assert_eq!(class.enter_bot_secret("ABCD-EFGH-IJKL-MNOP"), BotSecretVerdict::Wrong);
    let verdict = class.enter_bot_secret(&secret.to_lowercase().replace('-', " "));
    assert_eq!(verdict, BotSecretVerdict::Right);
    assert_eq!(class.session.whereabouts().progress, Progress::Done);
    let told = class.told();
    assert_eq!(sorry(&told).0, 1, "{told}");
}

#[test]
fn both_bot_secrets_are_taken_when_another_one_was_said_after() {
    let mut class = Class::verified();
    let first = class.bot_secret().unwrap();
    class.kill_bot();
    class.arrive();
    if !class.learner.is_private() {
        class.start_otr();
    }
    class.try_start_otr();
    assert_eq!(class.enter_secret(SECRET), SecretVerdict::Accepted);
    class.start_smp(SECRET);
    let second = class.bot_secret().unwrap();

    class.kill_bot();

    assert_ne!(first, second);
    assert_eq!(class.enter_bot_secret(&first), BotSecretVerdict::Right);
    assert_eq!(class.enter_bot_secret(&second), BotSecretVerdict::Right);
}

#[test]
fn the_shared_secret_is_kept_sealed_until_smp_has_used_it_and_nothing_else_ever() {
    let mut class = Class::private();
    class.say("my grandmother lives in Antananarivo");
    class.enter_secret(SECRET);
    let before = class.session.snapshot().unwrap().to_text();
    class.start_smp("something else entirely");
    let failed = class.session.snapshot().unwrap().to_text();
    class.start_smp(SECRET);
    let after = class.session.snapshot().unwrap().to_text();

    let holds = |kept: &str| kept.contains("shared_secret") && kept.contains("sealed");
    assert!(holds(&before) && holds(&failed) && !holds(&after), "{}", *after);
    for kept in [before, failed, after] {
        assert!(!kept.contains("Antananarivo") && !kept.contains("walrus"), "{}", *kept);
        assert!(kept.len() < 400, "{}", *kept);
    }
}

#[test]
fn a_shared_secret_that_another_key_has_sealed_is_typed_again() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    let kept = class.session.snapshot().unwrap();
    assert!(kept.clone().opened_by(&class.config.seal).has_secret());
    class.config.seal = Seal::from_secret(b"another");
    assert!(!kept.opened_by(&class.config.seal).has_secret());

    class.kill_bot();

    assert!(!class.session.whereabouts().has_secret);
    class.enter_secret(SECRET);
    assert!(class.session.whereabouts().has_secret);
    class.kill_bot();
    assert!(class.session.whereabouts().has_secret);
}

#[test]
fn a_shared_secret_of_a_version_that_sealed_nothing_is_read_and_sealed() {
    let mut class = Class::private();
    class.enter_secret(SECRET);
    let sealed = class.session.snapshot().unwrap().to_text();
    let (before, rest) = sealed.split_once(r#"{"sealed""#).unwrap();
    let (_, after) = rest.split_once('}').unwrap();
    let plain = format!("{before}\"{SECRET}\"{after}");

    class.resume_from(&plain);

    assert!(class.session.whereabouts().has_secret);
    let kept = class.session.snapshot().unwrap().to_text();
    assert!(kept.contains("sealed") && !kept.contains("walrus"), "{}", *kept);
    class.say("hello");
    class.start_otr();
    class.start_smp(SECRET);
    assert_eq!(class.session.whereabouts().progress, Progress::Verified);
}

#[test]
fn a_secret_of_the_settings_is_not_kept() {
    let mut class = Class::new(otrbot::session::SessionConfig {
        default_secret: Some("of the settings".into()),
        ..config(Version::V3)
    });
    class.say("hello");

    let kept = class.session.snapshot().unwrap().to_text();

    assert!(!kept.contains("of the settings"), "{}", *kept);
    class.kill_bot();
    assert!(class.session.whereabouts().has_secret);
}

#[test]
fn a_key_that_outlives_the_process_stays_verified() {
    let key = Arc::new(SigningKey::generate(&mut rand::rng()));
    let config = otrbot::session::SessionConfig { keeps_key: true, ..config(Version::V3) };
    let mut class = Class::new(config);
    class.say("hello");
    // From here on under the key of the settings.
    class.kill_bot_with_key(Arc::clone(&key));
    class.start_otr();
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    class.forget();

    class.kill_bot_with_key(Arc::clone(&key));
    class.arrive();
    class.start_otr();
    let told = class.told();
    assert!(told.contains("which we have verified already"), "{told}");

    class.kill_bot();
    class.arrive();
    class.start_otr();
    let told = class.told();
    assert!(!told.contains("which we have verified already"), "another key is not: {told}");
}

#[test]
fn what_was_kept_of_another_lesson_means_nothing_in_this() {
    let mut class = Class::private();
    let kept = class.kill_bot();
    assert!(kept.contains("\"state\""), "{kept}");
    let mut class = Class::new(config_of("question", Version::V3));
    class.say("hello");
    class.keep();
    class.config = config(Version::V3);

    class.kill_bot();
    class.forget();
    class.say("hello");

    let told = class.told();
    assert!(told.contains("I am Marvin") && sorry(&told).0 == 0, "{told}");
}

#[test]
fn the_scene_with_the_impostor_is_played_again_from_its_start() {
    let mut class = Class::private_with(config_of("impostor", Version::V3));
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    let first = class.bot_secret().unwrap();
    class.keep();
    class.wait(secs(25));
    assert!(class.session.snapshot().is_none());

    class.kill_bot();
    class.forget();
    class.arrive();
    let told = class.told();
    assert_eq!(sorry(&told), (1, true), "{told}");
    assert_eq!(class.enter_bot_secret(&first), BotSecretVerdict::TooSoon);
    class.start_otr();
    let genuine = class.learner.peer_fingerprint().unwrap();
    class.enter_secret(SECRET);
    class.start_smp(SECRET);
    let second = class.bot_secret().unwrap();
    class.wait(secs(25));
    assert_ne!(class.learner.peer_fingerprint().unwrap(), genuine);
    class.say("No. Who are you? Your key is another one!");

    assert_eq!(class.learner.peer_fingerprint(), Some(genuine));
    assert_eq!(class.enter_bot_secret(&second), BotSecretVerdict::Right);
}

/// Takes the lesson, and has the bot killed after so many steps; whether there were that many.
fn killed_after(n_steps: usize) -> bool {
    let mut class = Class::standard();
    let mut is_killed = false;
    let mut known_secret = None;
    let mut n_told = 0;
    let mut n = 0;
    while class.ended().is_none() {
        assert!(n < 30, "killed after {n_steps}: no end");
        match class.session.whereabouts() {
            seen if seen.progress == Progress::Done => class.end_otr(),
            _ if known_secret.is_some() => {
                let secret: &String = known_secret.as_ref().unwrap();
                class.enter_bot_secret(secret);
            }
            seen if seen.progress == Progress::Invited => class.say("hello"),
            seen if seen.progress == Progress::Talking => class.try_start_otr(),
            seen if !seen.has_secret => {
                class.enter_secret(SECRET);
            }
            _ => class.try_start_smp(SECRET, None),
        }
        n += 1;
        if n == n_steps && class.ended().is_none() {
            is_killed = true;
            class.kill_bot();
            class.arrive();
        }
        let told = class.heard();
        n_told += told.iter().filter(|(text, _)| text.contains(SORRY)).count();
        known_secret = told
            .into_iter()
            .find_map(|(text, _)| find_secret(&text))
            .or_else(|| known_secret.take());
    }
    let (_, passed) = class.ended().unwrap();
    assert!(passed, "killed after {n_steps}");
    assert_eq!(n_told, usize::from(is_killed), "killed after {n_steps}");
    assert!(!class.notes().iter().any(|note| matches!(note, Note::SmpFailed)));
    is_killed
}

#[test]
fn whenever_it_is_killed_the_lesson_can_be_passed() {
    let n_steps = (1..30).take_while(|n| killed_after(*n)).count();

    assert!(n_steps >= 5, "{n_steps}");
}

#[test]
fn the_learners_program_is_asked_for_nothing_while_it_is_away() {
    let mut class = Class::private();
    class.kill_bot();
    class.forget();

    class.wait(secs(1_000));

    assert!(class.heard().is_empty());
    assert!(!class.events().contains(&Event::PeerEnded));
    class.arrive();
    assert_eq!(sorry(&class.told()), (1, true));
}
