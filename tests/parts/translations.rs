//! The shipped translations: complete, right by GNU gettext, and made for what learners are told
//! to write.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gettext::Catalog;
use gettext::po::Po;
use tempfile::TempDir;

use crate::bot::support::{TAUGHT, Taught};

const LOCALES: [&str; 7] = ["ar", "de_DE", "en_GB", "es_ES", "fa", "fr_FR", "nl_NL"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn po(locale: &str) -> PathBuf {
    root().join("locales").join(locale).join("LC_MESSAGES/otrbot.po")
}

fn otrbot(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otrbot"));
    let output = command.args(arguments).current_dir(folder).env_remove("OTRBOT_ENV").output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Runs a program of GNU gettext; what it says.
fn gettext(program: &str, arguments: &[&Path]) -> (bool, String) {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output();
    let output = output
        .unwrap_or_else(|error| panic!("{program}: {error}; tests/setup.sh installs GNU gettext"));
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_texts_for_translators_are_those_of_the_program() {
    let folder = TempDir::new().unwrap();
    let pot = folder.path().join("messages.pot");

    otrbot(root(), &["extract", "-o", pot.to_str().unwrap()]);

    let [new, committed] = [pot, root().join("locales/messages.pot")].map(|path| {
        let text = fs::read_to_string(path).unwrap();
        // Lines move with every change of the code; texts are what counts.
        text.lines().filter(|line| !line.starts_with("#:")).collect::<Vec<_>>().join("\n")
    });
    assert!(
        new == committed,
        "run `otrbot extract -o locales/messages.pot` and `otrbot update locales/messages.pot`"
    );
}

#[test]
fn every_shipped_language_is_complete_and_right_by_gnu_gettext() {
    for locale in LOCALES {
        let output = TempDir::new().unwrap();
        let mo = output.path().join("otrbot.mo");
        let options = [Path::new("--check"), Path::new("--statistics"), Path::new("-o"), &mo];

        let path = po(locale);
        let arguments = [&options[..], &[path.as_path()]].concat();
        let (is_right, said) = gettext("msgfmt", &arguments);

        assert!(is_right, "{locale}: {said}");
        let n_texts = fs::read_to_string(root().join("locales/messages.pot")).unwrap();
        let n_texts = n_texts.matches("\nmsgid ").count() - 1;
        assert!(said.contains(&format!("{n_texts} translated messages.")), "{locale}: {said}");
        assert!(!said.contains("fuzzy") && !said.contains("untranslated"), "{locale}: {said}");
    }
}

#[test]
fn what_we_compile_gnu_gettext_reads_and_so_do_we() {
    let folder = TempDir::new().unwrap();
    let there = folder.path().join("locales/ar/LC_MESSAGES");
    fs::create_dir_all(&there).unwrap();
    fs::copy(po("ar"), there.join("otrbot.po")).unwrap();

    otrbot(folder.path(), &["compile", "-l", "ar"]);

    let mo = there.join("otrbot.mo");
    let (is_right, said) = gettext("msgunfmt", &[&mo]);
    assert!(is_right, "{said}");
    let catalog = Catalog::parse("ar", fs::read(mo).unwrap().as_slice()).unwrap();
    assert_eq!(catalog.text("Continue"), "متابعة");
}

#[test]
fn a_new_language_begins_complete_by_gnu_gettext_and_keeps_what_is_gone() {
    let folder = TempDir::new().unwrap();
    let pot = root().join("locales/messages.pot");
    let pot = pot.to_str().unwrap();
    otrbot(folder.path(), &["init", pot, "pt_BR"]);
    let path = folder.path().join("locales/pt_BR/LC_MESSAGES/otrbot.po");
    let mut begun = fs::read_to_string(&path).unwrap();
    begun.push_str("\nmsgid \"Gone since\"\nmsgstr \"Sumiu\"\n");
    begun = begun.replacen(
        "msgid \"Well done!\"\nmsgstr \"\"",
        "msgid \"Well done?\"\nmsgstr \"Muito bem!\"",
        1,
    );
    fs::write(&path, begun).unwrap();

    otrbot(folder.path(), &["update", pot, "pt_BR"]);

    let updated = fs::read_to_string(&path).unwrap();
    assert!(updated.contains("#~ msgid \"Gone since\"\n#~ msgstr \"Sumiu\""), "{updated}");
    let (before, _) = updated.split_once("msgid \"Well done!\"\nmsgstr \"Muito bem!\"").unwrap();
    assert!(before.lines().rev().take(4).any(|line| line.contains("fuzzy")), "not marked fuzzy");
    let (is_right, said) =
        gettext("msgfmt", &[Path::new("--check"), Path::new("-o"), Path::new("/dev/null"), &path]);
    assert!(is_right, "{said}");
}

/// The words between quotation marks in a text, whatever marks the language has.
fn quoted(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    for character in text.chars() {
        match character {
            '„' | '«' => word = Some(String::new()),
            '“' | '"' if word.is_none() => word = Some(String::new()),
            '“' | '”' | '»' | '"' => words.extend(word.take()),
            _ => {
                if let Some(word) = &mut word {
                    word.push(character);
                }
            }
        }
    }
    words.iter().map(|word| word.trim_matches(['\u{a0}', ' ']).to_lowercase()).collect()
}

#[test]
fn the_words_that_learners_are_told_to_write_are_understood_in_every_language() {
    let Taught { library, catalogs, ears } = &*TAUGHT;
    let pot = Po::parse(include_str!("../../locales/messages.pot").as_bytes()).unwrap();
    let english = catalogs.find("en_GB");
    let mut n_checked = 0;
    for (name, lesson) in library.iter() {
        let ears = ears.find(name).unwrap();
        let topics = |word: &str, catalog: &Catalog| {
            let found = ears.topics(word, catalog);
            found.iter().map(|ix| lesson.topics()[ix.0].name.clone()).collect::<BTreeSet<_>>()
        };
        for entry in pot.messages() {
            let text = &entry.source.text;
            let is_of_lesson = ["common", name].iter().any(|file| {
                entry.references.iter().any(|r| r.contains(&format!("lessons/{file}.yaml:")))
            });
            if !is_of_lesson || !(text.contains("rite \"") || text.contains("words: \"")) {
                continue;
            }
            let told: Vec<BTreeSet<String>> =
                quoted(text).iter().map(|word| topics(word, &english)).collect();
            for locale in LOCALES {
                let catalog = catalogs.find(locale);
                let translated = quoted(&catalog.text(text));
                let understood: Vec<BTreeSet<String>> =
                    translated.iter().map(|word| topics(word, &catalog)).collect();
                assert_eq!(told.len(), understood.len(), "{locale}: {text}");
                for (told, (word, understood)) in
                    told.iter().zip(translated.iter().zip(&understood))
                {
                    let is_understood =
                        told.is_empty() || told.intersection(understood).count() > 0;
                    assert!(
                        is_understood,
                        "{locale}: {word:?} is {understood:?}, not {told:?}: {text}"
                    );
                    n_checked += 1;
                }
            }
        }
    }
    assert!(n_checked > 200, "{n_checked}");
}
