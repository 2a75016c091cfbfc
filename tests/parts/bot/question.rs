//! The lesson about questions: which are good, and which prove nothing.

use otr::{Event, Version};
use otrbot::{records::Progress, session::BotSecretVerdict};

use crate::bot::support::{Class, SECRET, config_of};

const BAD: Option<&str> = Some("What is the capital of France?");
const GOOD: Option<&str> = Some("What did I type into the page?");

fn class() -> Class {
    Class::private_with(config_of("question", Version::V3))
}

/// A learner who has asked the bad question and set a secret.
fn enlightened() -> Class {
    let mut class = class();
    class.start_smp_with("Paris", BAD);
    class.enter_secret(SECRET);
    class.forget();
    class
}

#[test]
fn the_whole_lesson() {
    let mut class = Class::new(config_of("question", Version::V2));
    class.say("hello");
    class.start_otr();
    assert!(class.told().contains("What is the capital of France?"));

    class.start_smp_with("Paris", BAD);
    assert!(class.events().contains(&Event::SmpSucceeded));
    let told = class.told();
    assert!(told.contains("Do you believe it?") && told.contains("Type it into the web page"));
    assert_eq!(class.session.whereabouts().progress, Progress::Encrypted, "that proves nothing");

    class.enter_secret(SECRET);
    assert!(class.told().contains("Now ask me a good question"));
    class.start_smp_with(SECRET, GOOD);
    assert!(class.events().contains(&Event::SmpSucceeded));
    let secret = class.bot_secret().unwrap();
    assert_eq!(class.enter_bot_secret(&secret), BotSecretVerdict::Right);
    class.end_otr();
    assert!(class.ended().unwrap().1);
}

#[test]
fn an_answer_that_everybody_knows_verifies_nobody() {
    let mut class = class();

    class.start_smp_with("Paris", BAD);

    assert!(class.bot_secret().is_none());
    assert_eq!(class.session.whereabouts().progress, Progress::Encrypted);
}

#[test]
fn an_answer_spelled_otherwise_is_explained() {
    let mut class = class();

    class.start_smp_with("paris", BAD);
    assert!(class.told().contains("with a capital letter"));

    class.start_smp_with("Paris", BAD);
    assert!(class.told().contains("Do you believe it?"));
}

#[test]
fn smp_without_a_question_is_cancelled_and_explained() {
    let mut class = class();
    class.start_smp("Paris");
    assert!(class.told().contains("without a question"));

    let mut class = enlightened();
    class.start_smp(SECRET);
    assert!(class.told().contains("without a question"));
    class.start_smp_with(SECRET, GOOD);
    assert!(class.bot_secret().is_some());
}

#[test]
fn a_question_that_tells_the_secret_is_cancelled() {
    let mut class = enlightened();

    class.start_smp_with(SECRET, Some("Is it Purple Walrus Ironing Kettles?"));

    assert!(class.events().contains(&Event::SmpAborted));
    assert!(class.told().contains("Your question contains the answer"));
    class.enter_secret("violet mammoth sofa thunder");
    class.start_smp_with("violet mammoth sofa thunder", GOOD);
    assert!(class.bot_secret().is_some());
}

#[test]
fn a_question_before_there_is_a_secret_is_cancelled_and_explained() {
    let mut class = class();
    class.start_smp_with("Paris", BAD);
    class.forget();

    class.start_smp_with(SECRET, GOOD);

    assert!(class.events().contains(&Event::SmpAborted));
    assert!(class.told().contains("do not know the answer yet"));
}

#[test]
fn a_wrong_answer_is_explained_and_the_right_one_helps() {
    let mut class = enlightened();

    class.start_smp_with("purple walrus", GOOD);
    assert!(class.events().contains(&Event::SmpFailed));
    assert!(class.told().contains("Capital letters"));

    class.start_smp_with(SECRET, GOOD);
    assert!(class.bot_secret().is_some());
}
