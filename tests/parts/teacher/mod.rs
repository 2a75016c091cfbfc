//! What the bot says to plausible learners, read as a trainer would: transcripts that are held, and
//! promises that no learner may break.
//!
//! A transcript is the script and what came of it in one: lines that begin with `> ` are what the
//! learner writes and does, as in `otrbot lesson play`. The first line names the lesson, the language
//! and what else is so. `UPDATE_TRANSCRIPTS=1 cargo test --test parts teacher` writes them anew; then
//! they are to be read.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

mod kept;
mod listening;
mod secrets;

use std::fs;
use std::path::{Path, PathBuf};

use otr::Version;
use otrbot::authoring::play::Play;
use otrbot::session::{SessionConfig, Typing};

use crate::bot::support::{TAUGHT, config_of};

/// The session of a lesson in a language, at the speed of a bot that types.
pub(crate) fn config(lesson: &str, locale: &str) -> SessionConfig {
    let catalog = TAUGHT.catalogs.find(locale);
    assert_eq!(catalog.locale(), locale);
    let typing = Typing { scheduled: true, chars_per_second: 20 };
    SessionConfig { catalog, typing, ..config_of(lesson, Version::V3) }
}

/// What comes of a script, without times and with names in the place of what is made at random.
fn transcript(config: SessionConfig, script: &str) -> String {
    let (name, catalogs) = (config.lesson.title().to_owned(), TAUGHT.catalogs.clone());
    let mut out = Vec::new();
    let play = Play { name, config, secret: None, catalogs };
    play.run(script.as_bytes(), Some("script"), &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    // What is said in several lines has a time in front of the first.
    let lines = out.lines().map(|line| match line.split_once(' ') {
        Some((time, said))
            if time.contains(':') && time.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            said
        }
        Some(_) | None => line,
    });
    let lines =
        lines.filter(|line| !line.trim_start().starts_with("* ") && !line.starts_with("-- "));
    lines.map(anonymous).map(|line| line + "\n").collect()
}

/// A line without the secrets and keys of this run.
fn anonymous(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let letters = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let groups: Vec<&str> = letters.split('-').collect();
        let is_upper =
            |group: &&str| group.len() == 4 && group.bytes().all(|b| b.is_ascii_uppercase());
        let is_hex = |text: &str| {
            text.len() == 8
                && text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
        };
        if groups.len() == 4 && groups.iter().all(is_upper) {
            word.replace(letters, "CODE")
        } else if is_hex(letters) {
            word.replace(letters, "KEY")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parts/teacher/transcripts");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn transcripts_are_as_they_were_read() {
    let is_update = std::env::var_os("UPDATE_TRANSCRIPTS").is_some();
    let mut languages = std::collections::BTreeSet::new();
    let mut changed = Vec::new();
    for file in files() {
        let kept = fs::read_to_string(&file).unwrap();
        let (head, rest) = kept.split_once('\n').unwrap();
        let mut words = head.split_whitespace();
        let (lesson, locale) = (words.next().unwrap(), words.next().unwrap());
        languages.insert(locale.to_owned());
        let mut config = config(lesson, locale);
        for word in words {
            match word {
                "no-page" => config.has_page = false,
                "contact" => config.contact = Some("help@school.example".to_owned()),
                "keeps-key" => config.keeps_key = true,
                "returning" => config.is_returning = true,
                "bot-compares" => config.may_start_smp = true,
                _ => panic!("{}: {word}", file.display()),
            }
        }
        let script: Vec<&str> = rest.lines().filter_map(|line| line.strip_prefix("> ")).collect();
        let script = script.join("\n");
        let now = format!("{head}\n{}", transcript(config, &script));
        if now != kept && is_update {
            fs::write(&file, &now).unwrap();
        } else if now != kept {
            let at = now.lines().zip(kept.lines()).find(|(now, kept)| now != kept);
            changed.push(format!("{}: {at:?}", file.display()));
        }
    }
    assert!(changed.is_empty(), "{}", changed.join("\n"));
    assert!(languages.len() >= 4 && languages.contains("ar"), "{languages:?}");
}

/// The languages of the lessons.
pub(crate) const LOCALES: [&str; 7] = ["ar", "de_DE", "en_GB", "es_ES", "fa", "fr_FR", "nl_NL"];
