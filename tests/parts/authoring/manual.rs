//! The authors' manual beside the lessons tells everything that there is.

use otrbot::lesson::{
    text::KNOWN_VARIABLES,
    vocabulary::{Condition, Deed, EventKind, Need, Word},
};
use serde_json::Value;

use crate::authoring::support::shipped_file;

#[test]
fn every_word_key_and_variable_is_explained() {
    fn words<W: Word>() -> impl Iterator<Item = String> {
        W::WORDS.iter().map(|(word, _)| (*word).to_owned())
    }
    let manual = shipped_file("README.md");
    let schema: Value = serde_json::from_str(&shipped_file("lesson.schema.json")).unwrap();
    let parts = ["State", "Reaction", "Hint", "TextAction"].map(|part| &schema["$defs"][part]);
    let keys = parts.into_iter().chain([&schema]).flat_map(|part| {
        part["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    });
    let words = words::<EventKind>()
        .chain(words::<Condition>())
        .chain(words::<Deed>())
        .chain(words::<Need>())
        .chain(KNOWN_VARIABLES.map(str::to_owned))
        .chain(keys);
    for word in words {
        // A row of a table: the word, and a sentence on it.
        let row = manual.lines().find(|line| line.starts_with(&format!("| `{word}` |")));
        let told = row.and_then(|row| row.split('|').nth(2)).unwrap_or_default().trim();
        assert!(told.len() > 15 && told.ends_with('.'), "`{word}` is not explained: {told:?}");
    }
}
