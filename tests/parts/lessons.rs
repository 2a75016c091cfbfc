//! Every lesson that is shipped can be taken: it parses, and its texts are fit for a chat.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::collections::BTreeSet;
use std::sync::Arc;

use otrbot::lesson::vocabulary::Action;
use otrbot::lesson::{Lesson, Library, text};

/// Longest text of a shipped lesson, in characters: some three lines of a chat window.
const MAX_CHARS: usize = 260;

fn shipped() -> Vec<(String, Arc<Lesson>)> {
    let (library, _) = Library::load(None, &[]);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/settings/lessons");
    let mut lessons = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "yaml") {
            assert!(path.ends_with("README.md") || path.ends_with("lesson.schema.json"));
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // What lessons include is none.
        if otrbot::lesson::is_shared(&std::fs::read_to_string(&path).unwrap()) {
            continue;
        }
        match library.find(&name) {
            Some(lesson) => lessons.push((name, lesson)),
            None => panic!("{} is not built in", path.display()),
        }
    }
    assert!(!lessons.is_empty());
    lessons
}

/// Parsing checks that each state can be reached and left, and all variables are known; so what is
/// left to say is that nothing is missing from the library.
#[test]
fn every_shipped_lesson_is_built_in() {
    let (library, problems) = Library::load(None, &[]);

    assert!(problems.is_empty(), "{problems:?}");
    let built_in: BTreeSet<&str> = library.iter().map(|(name, _)| name).collect();
    let shipped = shipped();
    assert_eq!(built_in, shipped.iter().map(|(name, _)| name.as_str()).collect());
}

#[test]
fn texts_are_short_and_clean() {
    for (name, lesson) in shipped() {
        for said in lesson.texts() {
            let place = format!("{name}.yaml:{}", said.line);
            let text = &said.msgid;
            // Those found by a name are lists of words.
            if said.context.is_some() || text.matches(", ").count() > 8 {
                continue;
            }
            assert!(text.chars().count() <= MAX_CHARS, "{place}: {text}");
            assert!(!text.contains("  ") && !text.contains('\n'), "{place}: {text}");
        }
    }
}

#[test]
fn the_bot_secret_is_handed_over_by_itself() {
    for (name, lesson) in shipped() {
        let states = lesson.graph().states().iter();
        let secrets: Vec<&str> = states
            .flat_map(|state| &state.enter)
            .filter_map(|action| match action {
                Action::Say(text) => Some(text.as_str()),
                Action::Answer(_) | Action::Do(_) => None,
            })
            .filter(|text| text::is_confidential(text))
            .collect();
        assert!(secrets.contains(&"${bot_secret}"), "{name}: {secrets:?}");
    }
}

#[test]
fn learners_without_otr_get_more_than_one_hint() {
    for (name, lesson) in shipped() {
        let graph = lesson.graph();
        let greeting = graph.states().iter().find(|state| state.name == "greeting").unwrap();
        assert!(greeting.hints.len() >= 3, "{name}: {}", greeting.name);
    }
}
