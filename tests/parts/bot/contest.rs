//! The number that tells whose the learner's address is, whatever their program does first.

use otr::Version;
use otrbot::{
    records::{ClaimNumber, EnrolmentId},
    session::{Asking, Contest, Effect, Farewell},
};

use crate::bot::support::{Class, config};

const QUESTION: &str = "Somebody has entered your Jabber ID";
const GREETING: &str = "I am Marvin";

fn number(name: &str) -> ClaimNumber {
    ClaimNumber::of(&EnrolmentId::from_text(name), "anna@example.org")
}

fn class(own: Option<&str>, asking: Asking) -> Class {
    let mut class = Class::new(config(Version::V3));
    let others = vec![number("another")];
    class.session.set_contest(
        class.now,
        Contest { own: own.map(number), others, asking, ..Contest::default() },
    );
    class
}

fn claimed(class: &Class) -> Vec<ClaimNumber> {
    let claimed = class.effects.iter().filter_map(|effect| {
        if let Effect::Claimed(number) = effect { Some(*number) } else { None }
    });
    claimed.collect()
}

#[test]
fn a_program_that_encrypts_from_the_first_word_on_is_asked_and_answers_in_private() {
    let mut class = class(None, Asking::Always);
    class.start_otr();
    assert!(class.learner.is_private());
    assert!(!class.told().contains(GREETING), "{:?}", class.told());

    class.say("hello");
    assert!(class.told().contains(QUESTION));
    class.say("another word");
    class.say(&number("another").to_string());

    assert_eq!(claimed(&class), [number("another")]);
    class.forget();
    class.close(Farewell::Claimed);
    let heard = class.heard();
    assert!(
        heard.iter().any(|(text, private)| text.contains("Thank you") && *private),
        "{heard:?}"
    );
    assert!(!class.learner.is_private());
    assert!(!class.told().contains(GREETING));
}

#[test]
fn who_goes_on_in_private_without_a_number_has_the_lesson_there() {
    let mut class = class(None, Asking::Once);
    class.start_otr();
    class.say("hello");
    assert!(class.told().contains(QUESTION) && !class.told().contains(GREETING));
    class.forget();

    class.say("it was not me");

    let told = class.told();
    assert!(told.contains(GREETING), "{told:?}");
    assert_eq!(claimed(&class), []);
    assert_ne!(class.session.state(), None);
}

#[test]
fn nothing_is_verified_as_long_as_nobody_knows_for_whom() {
    let mut class = class(None, Asking::Always);
    class.start_otr();
    class.start_smp("a guess");

    assert!(!class.learner.is_verifying());
    assert_eq!(claimed(&class), []);
}

#[test]
fn the_own_number_ends_the_question_and_a_wrong_one_does_not() {
    let mut class = class(Some("own"), Asking::Once);
    class.say("hello");
    class.say("123456");
    assert!(class.told().contains("None of my pages"));
    assert!(!class.told().contains(GREETING));

    class.say(&number("own").to_string());

    let told = class.told();
    assert!(told.contains("that is the right number") && told.contains(GREETING), "{told:?}");
    assert_eq!(claimed(&class), [number("own")]);
}

#[test]
fn three_digits_and_three_among_words_count_only_as_a_number_that_is_known() {
    let mut class = class(Some("own"), Asking::Once);
    class.say("hello");
    class.forget();

    class.say("call 555 123");

    let told = class.told();
    assert!(!told.contains("None of my pages") && told.contains(GREETING), "{told:?}");

    let mut class = self::class(Some("own"), Asking::Always);
    class.say("hello");
    class.forget();
    class.say("my boat is 555-123");
    assert!(class.told().contains(QUESTION), "{:?}", class.told());
    let own = number("own").to_string();
    let (one, other) = own.split_at(3);
    class.say(&format!("2026-11-30 120133 anna: {one} {other}"));
    let told = class.told();
    assert!(!told.contains("None of my pages") && told.contains(GREETING), "{told:?}");
    assert_eq!(claimed(&class), [number("own")]);
}

#[test]
fn smp_with_the_secret_of_the_page_shows_that_the_page_is_theirs() {
    let mut class = Class::new(config(Version::V3));
    let contest = Contest { own: Some(number("own")), ..Contest::default() };
    class.session.set_contest(class.now, contest);
    class.say("hello");
    class.start_otr();
    class.enter_secret("purple walrus ironing kettles");
    assert_eq!(claimed(&class), []);

    class.start_smp("purple walrus ironing kettles");

    assert_eq!(claimed(&class), [number("own")]);
}

#[test]
fn danger_goes_before_the_number_and_a_secret_told_then_is_spent() {
    let mut class = class(Some("own"), Asking::Always);
    class.say("hello");
    class.forget();

    class.say("help me, somebody is following me");
    let told = class.told();
    assert!(told.contains("emergency") && !told.contains(QUESTION), "{told}");
    class.say("my secret will be violet engine turnip meadow");
    class.say(&number("own").to_string());
    class.forget();

    let verdict = class.enter_secret("violet engine turnip meadow");
    assert_eq!(verdict, otrbot::session::SecretVerdict::Told);
}

#[test]
fn danger_goes_before_the_number_in_the_middle_of_a_lesson_too() {
    for asking in [Asking::Once, Asking::Always] {
        for body in
            ["I am being arrested, call 555 123", "I am being arrested", "> I am being arrested"]
        {
            let mut class = Class::new(config(Version::V3));
            class.say("hello");
            let others = vec![number("another")];
            let contest =
                Contest { own: Some(number("own")), others, asking, ..Contest::default() };
            class.session.set_contest(class.now, contest.clone());
            if asking == Asking::Once {
                class.say("hello");
            }
            class.forget();

            class.say(body);

            let told = class.told();
            assert!(told.contains("emergency"), "{asking:?} {body}: {told}");
            assert!(!told.contains("None of my pages") && !told.contains(QUESTION), "{told}");
        }
    }
}
