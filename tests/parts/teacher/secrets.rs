//! Secrets that were told, and people in danger: what holds in every lesson.

use std::time::Duration;

use otr::Version;
use otrbot::session::{SecretVerdict, SessionConfig, Typing};

use crate::bot::support::{Class, SECRET, config_of, secs};

const LESSONS: [&str; 3] = ["basics", "impostor", "question"];

fn class(lesson: &str, change: impl FnOnce(&mut SessionConfig)) -> Class {
    let mut config = config_of(lesson, Version::V3);
    config.typing = Typing { scheduled: false, chars_per_second: 20 };
    change(&mut config);
    Class::new(config)
}

#[test]
fn a_secret_that_was_written_in_the_clear_is_not_taken() {
    for lesson in LESSONS {
        let mut class = class(lesson, |_| {});
        class.say("hello");
        class.say(&format!("I think I take {SECRET}, is that good?"));
        class.start_otr();
        class.forget();

        assert_eq!(class.enter_secret(SECRET), SecretVerdict::Told, "{lesson}");
        assert_eq!(class.enter_secret("Purple-Walrus ironing KETTLES"), SecretVerdict::Told);
        let told = class.told();
        assert!(told.contains("written in a chat before"), "{told}");
        assert!(!class.session.whereabouts().has_secret);
        class.start_smp(SECRET);
        class.wait(secs(5));
        assert_eq!(class.bot_secret(), None, "{lesson}");
        assert_eq!(class.enter_secret("violet engine turnip meadow"), SecretVerdict::Accepted);
    }
}

#[test]
fn a_secret_that_is_told_where_others_may_hear_it_is_spent() {
    for lesson in LESSONS {
        for is_private in [false, true] {
            let mut class = class(lesson, |_| {});
            class.say("hello");
            if is_private {
                class.start_otr();
            }
            assert_eq!(class.enter_secret(SECRET), SecretVerdict::Accepted);
            class.forget();

            class.say("my secret is purple walrus ironing kettles");

            let told = class.told();
            assert!(told.contains("it is spent"), "{lesson}: {told}");
            assert!(!class.session.whereabouts().has_secret);
            assert_eq!(class.enter_secret(SECRET), SecretVerdict::Told);
            class.keep();
            class.kill_bot();
            assert_eq!(class.enter_secret(SECRET), SecretVerdict::Told, "after an interruption");
            assert_eq!(class.enter_secret("violet engine turnip meadow"), SecretVerdict::Accepted);
        }
    }
}

#[test]
fn a_told_secret_of_the_settings_is_spent_for_the_session() {
    let default = |config: &mut SessionConfig| {
        config.default_secret = Some(SECRET.into());
        config.has_page = false;
    };
    let mut class = class("basics", default);
    class.say("hello");
    class.start_otr();
    class.forget();
    class.say(SECRET);
    let told = class.told();
    assert!(told.contains("no web page") && told.contains("fingerprint"), "{told}");

    class.keep();
    class.kill_bot();
    class.say("hello");
    class.start_otr();
    class.forget();
    class.start_smp(SECRET);
    class.wait(secs(5));
    assert_eq!(class.bot_secret(), None);
    assert!(!class.told().contains("Wonderful"));
}

#[test]
fn what_is_said_in_a_verified_chat_spends_nothing() {
    let mut class = Class::verified();
    class.forget();
    class.say(SECRET);

    assert!(class.session.whereabouts().has_secret);
}

#[test]
fn nothing_presses_somebody_who_is_in_danger() {
    for lesson in LESSONS {
        for scene in ["clear", "private", "impostor"] {
            let mut class = match scene {
                "clear" => class(lesson, |_| {}),
                "private" => {
                    let mut class = class(lesson, |_| {});
                    class.say("hello");
                    class.start_otr();
                    class
                }
                _ if lesson == "impostor" => {
                    let mut class = class(lesson, |_| {});
                    class.say("hello");
                    class.start_otr();
                    class.enter_secret(SECRET);
                    class.start_smp(SECRET);
                    class.wait(secs(25));
                    class
                }
                _ => continue,
            };
            class.say("hello");
            class.forget();
            class.say("help, somebody is following me");
            let told = class.told();
            assert!(told.contains("emergency"), "{lesson}, {scene}: {told}");
            assert!(told.contains("nobody reads along"), "{lesson}, {scene}: {told}");
            class.forget();

            class.wait(secs(1_400));
            assert_eq!(class.told(), "", "{lesson}, {scene}");
            class.say("ok");
            let told = class.told();
            assert!(!told.contains("OTR") && !told.is_empty(), "{lesson}, {scene}: {told}");
        }
    }
}

#[test]
fn a_session_does_not_end_under_somebody_who_is_in_danger() {
    let mut class = class("basics", |config| {
        config.warning_timeout = Duration::from_mins(1);
        config.session_timeout = Duration::from_mins(2);
    });
    class.say("hello");
    class.say("i want to die");
    class.forget();
    class.wait(secs(599));
    assert!(class.ended().is_none() && class.told().is_empty());
    class.wait(secs(200));
    assert!(class.ended().is_some());
}
