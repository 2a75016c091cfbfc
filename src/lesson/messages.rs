//! The texts of a lesson for translators: each with its line and where it is said.

use std::collections::BTreeMap;

use super::extend::extend;
use super::raw::{RawHint, RawLesson, RawReaction};
use super::vocabulary::{Action, EventKind, Word as _};
use super::yaml::{self, Placed, Reader};
use super::{LessonErrors, raw::RawState};

/// A text to translate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The English text.
    pub msgid: String,
    /// Its line in the file.
    pub line: u64,
    /// Where it is said, in words.
    pub place: String,
}

/// All texts of a lesson, in the order of the file, without those of a lesson in `bases` that it
/// extends. The lesson need not be able to run.
///
/// # Errors
///
/// The faults for which it cannot be read.
pub fn messages(
    yaml: &str,
    bases: &BTreeMap<String, String>,
) -> Result<Vec<Message>, LessonErrors> {
    let node = yaml::read(yaml).map_err(|error| LessonErrors(vec![error]))?;
    let mut reader = Reader::default();
    let node = extend(node, bases, &mut reader);
    let raw = RawLesson::read(&node, &mut reader);
    if !reader.errors.is_empty() {
        reader.errors.sort();
        reader.errors.dedup();
        return Err(LessonErrors(reader.errors));
    }
    let mut messages = Vec::new();
    messages.extend(raw.title.iter().filter_map(|title| message(title, "the title".to_owned())));
    for (name, words) in &raw.topics {
        let place = format!(
            "topic {}: words by which the bot understands a message, separated by commas; \
             any number of them in your language",
            name.value
        );
        messages.extend(message(words, place));
    }
    for reaction in &raw.anywhere {
        said(&reaction.actions, &format!("in any state, {}", cause(reaction)), &mut messages);
    }
    for state in &raw.states {
        of_state(state, &mut messages);
    }
    // Actions that several states share come once from each.
    messages.sort_by_key(|message| message.line);
    Ok(messages)
}

fn of_state(state: &RawState, messages: &mut Vec<Message>) {
    let name = &state.name.value;
    said(&state.enter, &format!("state {name}, on coming in"), messages);
    for reaction in &state.reactions {
        said(&reaction.actions, &format!("state {name}, {}", cause(reaction)), messages);
    }
    for (ix, RawHint { actions, .. }) in state.hints.iter().enumerate() {
        said(actions, &format!("state {name}, hint {}", ix + 1), messages);
    }
    said(&state.leave, &format!("state {name}, on going out"), messages);
}

fn cause(reaction: &RawReaction) -> String {
    match (&reaction.topic, reaction.event) {
        (_, EventKind::Waited) => "after waiting".to_owned(),
        (Some(topic), event) => format!("after {} about {}", event.word(), topic.value),
        (None, event) => format!("after {}", event.word()),
    }
}

fn said(actions: &[Placed<Action>], place: &str, messages: &mut Vec<Message>) {
    for action in actions.iter().filter(|action| !action.place.is_inherited) {
        let line = action.place.line;
        match &action.value {
            Action::Say(text) => {
                messages.push(Message { msgid: text.clone(), line, place: place.to_owned() });
            }
            Action::Answer(text) => {
                let place = format!(
                    "{place}: the answer to a question that learners are told to ask; they type \
                     it as the text before tells them, letter for letter"
                );
                messages.push(Message { msgid: text.clone(), line, place });
            }
            Action::Do(_) => {}
        }
    }
}

fn message(text: &Placed<String>, place: String) -> Option<Message> {
    let is_own = !text.place.is_inherited;
    is_own.then(|| Message { msgid: text.value.clone(), line: text.place.line, place })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_given_with_its_line_and_place() {
        let yaml = "title: Hi\nstart: a\ntopics: { help: help }\nstates:\n  a:\n    enter:\n\
            \x20     - say: One.\n    on:\n      - when: message_received\n        about: help\n\
            \x20       do:\n          - say: Two.\n      - after: 1m\n        do:\n\
            \x20         - say: Three.\n        go: a\n    hints:\n      - after: 1m\n\
            \x20       do:\n          - say: Four.\n";

        let found = messages(yaml, &BTreeMap::new()).unwrap();

        let found: Vec<_> =
            found.iter().map(|m| (m.line, m.msgid.as_str(), m.place.as_str())).collect();
        assert_eq!(found[0], (1, "Hi", "the title"));
        assert_eq!((found[1].0, found[1].1), (3, "help"));
        assert_eq!(
            found[2..],
            [
                (7, "One.", "state a, on coming in"),
                (12, "Two.", "state a, after message_received about help"),
                (15, "Three.", "state a, after waiting"),
                (20, "Four.", "state a, hint 1"),
            ]
        );
    }

    #[test]
    fn the_texts_are_those_that_are_looked_up() {
        let yaml = include_str!("../../settings/lessons/basics.yaml");
        let lesson = super::super::parse(yaml).unwrap();

        let mut listed: Vec<_> =
            messages(yaml, &BTreeMap::new()).unwrap().into_iter().map(|m| m.msgid).collect();
        let mut used: Vec<_> = lesson.texts().iter().map(|text| text.msgid.clone()).collect();
        listed.sort();
        used.sort();

        assert_eq!(listed, used);
    }
}
