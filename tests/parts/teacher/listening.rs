//! That the bot is understood to listen: words of all languages, never silent, never the same line
//! twice in a row, in bounded time.

use otr::Version;
use otrbot::lesson::messages::TOPIC_CONTEXT;
use otrbot::session::{Effect, SessionConfig, Typing};

use super::{LOCALES, config};
use crate::bot::support::{Class, TAUGHT, config_of, secs};

/// Topics that learners ask about anywhere; each has an answer of its own.
const ASKED: [&str; 10] = [
    "danger",
    "afraid",
    "human",
    "stop",
    "who_are_you",
    "legal",
    "logs",
    "who_reads",
    "thunderbird",
    "other_network",
];

/// The first plain word or phrase of a topic in a language.
fn word(topic: &str, locale: &str) -> String {
    let catalog = TAUGHT.catalogs.find(locale);
    let lesson = TAUGHT.library.find("basics").unwrap();
    let english = lesson.topics().iter().find(|known| known.name == topic).unwrap();
    let words = catalog.lookup(Some(TOPIC_CONTEXT), topic);
    let words = if words == topic { english.words.as_str() } else { words };
    let plain = words
        .split([',', '،'])
        .map(str::trim)
        .find(|word| !word.is_empty() && !word.contains(['*', '=', '[', '.', '-', '?']));
    plain.unwrap().to_owned()
}

/// What is said to a message in a session of this language, after the greeting.
fn said_to(message: &str, locale: &str) -> String {
    let typing = Typing { scheduled: false, chars_per_second: 20 };
    let mut class = Class::new(SessionConfig { typing, ..config("basics", locale) });
    class.say("xyzzy");
    class.forget();
    class.say(message);
    class.told()
}

#[test]
fn words_of_every_language_are_understood_in_every_session() {
    for topic in ASKED {
        let own: Vec<String> =
            LOCALES.iter().map(|locale| said_to(&word(topic, locale), locale)).collect();
        for locale in LOCALES {
            let said = word(topic, locale);
            let told = said_to(&said, "en_GB");
            // Some words are of several languages.
            let is_answer = own.iter().any(|own| !own.is_empty() && told.starts_with(own.as_str()));
            assert!(is_answer, "{locale}, {topic}, {said}: {told}\n\n{own:?}");
        }
    }
}

#[test]
fn who_names_a_language_goes_on_in_it() {
    for (name, locale, says) in [("Deutsch", "de_DE", "Deutsch"), ("français", "fr_FR", "français")]
    {
        let mut class = Class::new(config_of("basics", Version::V3));
        class.say("hello");
        class.forget();
        class.say(name);
        let told = class.told();
        assert!(told.contains(says), "{told}");
        assert!(class.effects.iter().any(|e| *e == Effect::Language(locale.to_owned())));
        class.forget();
        class.say("Thunderbird");
        let told = class.told();
        assert!(told.contains("Thunderbird") && !told.contains("Then choose"), "{told}");
        class.keep();
        class.kill_bot();
        class.say("Pidgin");
        let told = class.told();
        assert!(!told.contains("in the menu"), "after an interruption: {told}");
    }
}

/// Every state of the straight way: how to get there.
fn stages(lesson: &str, locale: &str) -> Vec<(&'static str, Class)> {
    let secret = "violet engine turnip meadow";
    let open = || Class::new(config(lesson, locale));
    let start = |class: &mut Class| {
        class.say("xyzzy");
        class.wait(secs(90));
    };
    let mut stages = Vec::new();
    let mut class = open();
    start(&mut class);
    stages.push(("clear", class));
    let mut class = open();
    start(&mut class);
    class.start_otr();
    class.wait(secs(150));
    stages.push(("private", class));
    if lesson != "question" {
        let mut class = open();
        start(&mut class);
        class.start_otr();
        class.enter_secret(secret);
        class.wait(secs(150));
        stages.push(("comparing", class));
        let mut class = open();
        start(&mut class);
        class.start_otr();
        class.enter_secret(secret);
        class.start_smp(secret);
        class.wait(secs(if lesson == "impostor" { 45 } else { 100 }));
        stages.push(("verified", class));
    }
    let mut class = open();
    start(&mut class);
    class.start_otr();
    class.end_otr();
    class.wait(secs(60));
    stages.push(("lost", class));
    stages
}

#[test]
fn it_is_never_silent_and_never_says_a_line_twice_in_a_row() {
    let topics =
        ["help", "where", "stop", "bye", "thanks", "human", "why", "again", "okay", "confused"];
    for lesson in ["basics", "impostor", "question"] {
        for locale in LOCALES {
            for (stage, mut class) in stages(lesson, locale) {
                class.forget();
                let mut last = String::new();
                let words = topics.map(|topic| word_or(topic, locale));
                let asked = std::iter::repeat_n("blub", 7)
                    .chain(words.iter().flat_map(|word| [word.as_str(); 4]))
                    .chain(["?", "🙂🙂🙂", "?", "\u{200f}pidgin\u{200e}", "Psi+", "signal"]);
                for message in asked {
                    if class.ended().is_some() {
                        break;
                    }
                    class.say(message);
                    class.wait(secs(45));
                    let lines: Vec<String> =
                        class.heard().into_iter().map(|(line, _)| line).collect();
                    assert!(
                        !lines.is_empty(),
                        "{lesson}, {locale}, {stage}: silence after {message:?}"
                    );
                    for line in lines {
                        assert_ne!(line, last, "{lesson}, {locale}, {stage}: {message:?}");
                        last = line;
                    }
                }
            }
        }
    }
}

fn word_or(topic: &str, locale: &str) -> String {
    let catalog = TAUGHT.catalogs.find(locale);
    let words = catalog.lookup(Some(TOPIC_CONTEXT), topic);
    if words == topic { topic.replace('_', " ") } else { bare(words) }
}

/// The first thing of a list of words, without its signs.
fn bare(words: &str) -> String {
    let words =
        words.split([',', '،']).map(str::trim).filter(|w| !w.contains("..") && !w.starts_with('-'));
    let mut words = words.map(|word| word.trim_matches(['[', ']', '*', '=', '?']));
    words.find(|word| !word.is_empty()).unwrap().to_owned()
}

#[test]
fn help_ten_times_ends_with_a_human_being() {
    for contact in [None, Some("help@school.example".to_owned())] {
        let mut class =
            Class::new(SessionConfig { contact: contact.clone(), ..config("basics", "en_GB") });
        class.say("hello");
        class.wait(secs(60));
        let mut told = String::new();
        for _ in 0..10 {
            class.forget();
            class.say("help");
            class.wait(secs(60));
            told = class.told() + &told;
        }
        assert!(told.contains("a human being can"), "{told}");
        assert_eq!(told.contains("help@school.example"), contact.is_some());
    }
}

#[test]
fn strange_messages_are_answered_politely() {
    let everything: String =
        LOCALES.iter().map(|locale| word_or("help", locale) + " ").collect::<String>() + "…";
    for message in [
        "a".repeat(100_000),
        "🙂".repeat(1_000),
        "\u{1}\u{2}\u{7f}".to_owned(),
        "\u{202e}\u{2066}".repeat(100),
        everything,
        "unhelpfulness stopwatch humanitarian".to_owned(),
    ] {
        let mut class = Class::new(config_of("basics", Version::V3));
        class.say("hello");
        class.forget();
        class.inject(&message);
        class.wait(secs(5));
        assert!(!class.told().is_empty(), "{message:.40}");
    }
}

#[test]
fn what_a_message_quotes_is_not_heard() {
    let help = said_to("help", "en_GB");
    assert!(!help.is_empty());
    for message in [
        "> Write \"stop\" if you want to end.\nhelp",
        "> I have Pidgin\n>> Thunderbird\n\nhelp",
        "help\n> who are you?",
    ] {
        assert_eq!(said_to(message, "en_GB"), help, "{message}");
    }
    // But for danger: nobody knows whose words these are.
    assert_eq!(said_to("> I want to die\n\nhelp", "en_GB"), said_to("I want to die", "en_GB"));
    // Nothing but a quotation is a message without words that are known.
    assert_eq!(said_to("> who are you?", "en_GB"), said_to("xyzzy qwrt", "en_GB"));
}
