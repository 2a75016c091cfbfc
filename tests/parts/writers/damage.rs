//! Damaged files: whatever happens to them, nothing panics, and what is told is told in the words of
//! writers.

use std::path::Path;

use otrbot::{lesson, settings::Settings};
use proptest::prelude::*;

/// What is often mistyped, or means something in YAML.
const SIGNS: &[&str] = &[
    "\"", "'", ":", ": ", " #", "#", "\t", "\n", "- ", "-", "[", "]", "{", "}", ",", "&", "*", "!",
    "|", ">", "%", "@", "`", "?", "---\n", "...\n", "<<: ", "\u{a0}", "\u{feff}", "\u{7}", "\\",
    "  ", "~", "\r", "“", "yes", "*a ", "&a ", "!x ", "\n\t", "\n   ", "$", "${", "\0", "😀",
];

/// One damage: where, in parts of a million of the text, and what.
#[derive(Clone, Debug)]
enum Damage {
    Insert(u32, &'static str),
    Delete(u32, usize),
    Swap(u32, u32),
    CutLine(u32),
    Indent(u32, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = 0..1_000_000_u32;
    prop_oneof![
        4 => (at.clone(), prop::sample::select(SIGNS)).prop_map(|(at, sign)| Damage::Insert(at, sign)),
        2 => (at.clone(), 1..9_usize).prop_map(|(at, n)| Damage::Delete(at, n)),
        1 => (at.clone(), at.clone()).prop_map(|(one, other)| Damage::Swap(one, other)),
        1 => at.clone().prop_map(Damage::CutLine),
        2 => (at, 0..9_usize).prop_map(|(at, n)| Damage::Indent(at, n)),
    ]
}

fn apply(text: &str, damages: &[Damage]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for damage in damages {
        let n = u64::try_from(chars.len()).unwrap();
        let ix = |at: u32| usize::try_from(u64::from(at) * n / 1_000_000).unwrap();
        match damage {
            Damage::Insert(at, sign) => {
                let at = ix(*at);
                chars.splice(at..at, sign.chars());
            }
            Damage::Delete(at, n) => {
                let at = ix(*at);
                chars.drain(at..(at + n).min(chars.len()));
            }
            Damage::Swap(one, other) if !chars.is_empty() => chars.swap(ix(*one), ix(*other)),
            Damage::Swap(..) => {}
            Damage::CutLine(at) => {
                let at = ix(*at);
                let end =
                    chars.iter().skip(at).position(|c| *c == '\n').map_or(chars.len(), |n| at + n);
                chars.drain(at..end);
            }
            Damage::Indent(at, n) => {
                let at = ix(*at);
                let start = chars.iter().take(at).rposition(|c| *c == '\n').map_or(0, |n| n + 1);
                let end = chars
                    .iter()
                    .skip(start)
                    .position(|c| *c != ' ')
                    .map_or(chars.len(), |n| start + n);
                chars.splice(start..end, std::iter::repeat_n(' ', *n));
            }
        }
    }
    chars.into_iter().collect()
}

/// Checks what a damaged lesson is told to have.
fn check_lesson(yaml: &str) {
    let n_lines = u64::try_from(yaml.split(['\n', '\r']).count()).unwrap();
    match lesson::parse(yaml) {
        Ok(lesson) => drop(lesson.doubts()),
        Err(errors) => {
            assert!(!errors.0.is_empty());
            for error in errors.0 {
                let is_own = error.other.is_none();
                assert!(!is_own || (1..=n_lines).contains(&error.line), "{error}");
                assert!(error.column >= 1, "{error}");
                super::check_words(&error.to_string());
            }
        }
    }
    drop(lesson::parse_shared(yaml));
}

fn check_settings(yaml: &str) {
    const SECRETS: [&str; 2] = ["s3cr3t-one", "s3cr3t-two"];
    if let Err(error) = Settings::parse(Path::new("settings/sample.yaml"), yaml) {
        for line in error.to_string().lines() {
            assert!(line.starts_with("settings/sample.yaml:"), "{line}");
            super::check_words(line);
            for secret in SECRETS {
                assert!(!line.contains(secret), "{line}");
            }
        }
    }
}

fn sample() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("settings/sample.yaml")).unwrap();
    text.replace("password: secret", "password: s3cr3t-one").replace("__lti_secret__", "s3cr3t-two")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_lessons_are_told_in_the_words_of_writers(
        which in 0..4_usize,
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let (_, yaml) = lesson::library::built_in().nth(which).unwrap();
        check_lesson(&apply(yaml, &damages));
    }

    #[test]
    fn damaged_settings_are_told_in_the_words_of_writers(
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        check_settings(&apply(&sample(), &damages));
    }

    #[test]
    fn signs_without_sense_are_told_in_the_words_of_writers(
        signs in prop::collection::vec(prop::sample::select(SIGNS), 0..30),
        words in prop::collection::vec("[a-z ]{0,6}", 30),
    ) {
        let yaml: String = signs.iter().zip(&words).flat_map(|(sign, word)| [*sign, word]).collect();
        check_lesson(&yaml);
        if let Err(error) = Settings::parse(Path::new("x.yaml"), &yaml) {
            error.to_string().lines().for_each(super::check_words);
        }
    }
}

#[test]
fn every_file_that_ends_too_soon_is_told() {
    let (_, yaml) = lesson::library::built_in().nth(1).unwrap();
    for (at, _) in yaml.char_indices().step_by(211) {
        check_lesson(&yaml[..at]);
    }
    let sample = sample();
    for (at, _) in sample.char_indices().step_by(211) {
        check_settings(&sample[..at]);
    }
}
