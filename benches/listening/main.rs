//! What it costs to find out what a message is about: 10,000 messages of each kind, on one core.
//!
//! `make bench-listening`, which prints a table.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measurement reads the clock, says what it found, and may fail"
)]

use std::time::Instant;

use otrbot::{i18n, lesson::Library, session::listening::Ears};

/// Messages of each kind.
const N_MESSAGES: u32 = 10_000;

fn main() {
    let (catalogs, _) = i18n::load(None);
    let lesson = Library::load(None, &[]).0.find("impostor").unwrap();
    let began = Instant::now();
    let ears = Ears::of(&lesson, &catalogs);
    println!("Ears of a lesson, in all languages: {:.0?}", began.elapsed());
    let words: Vec<String> = lesson.topics().iter().map(|topic| topic.words.clone()).collect();
    let all_languages: String = catalogs
        .iter()
        .map(|catalog| catalog.lookup(Some("topic"), "danger").chars().take(60).collect::<String>())
        .collect();
    let kinds = [
        ("hello", "hello".to_owned()),
        ("a sentence", "what should I do now, I do not find the menu for OTR".to_owned()),
        ("a typing error", "pigdin".to_owned()),
        ("danger", "I think that somebody is following me home".to_owned()),
        ("words of topics alone", words.join(" ")),
        ("every language at once", all_languages),
        ("100 kB of text", "danger and help, ".repeat(6_000)),
        ("100 kB without a blank", "a".repeat(100_000)),
        ("500 times the same letter", "i ".repeat(500)),
        ("emoji", "🙂".repeat(500)),
        ("control characters", "\u{1}\u{2}".repeat(500)),
        ("right-to-left marks", "pid\u{200f}gin \u{202e}".repeat(100)),
    ];
    println!("| message | 10,000 take | one takes |\n|---|--:|--:|");
    let own = catalogs.find("en_GB");
    for (kind, message) in kinds {
        let began = Instant::now();
        let mut n_topics = 0;
        for _ in 0..N_MESSAGES {
            n_topics += ears.topics(std::hint::black_box(&message), &own).len();
        }
        let took = began.elapsed();
        std::hint::black_box(n_topics);
        println!("| {kind} | {took:.2?} | {:.1?} |", took / N_MESSAGES);
    }
}
