//! The texts of a lesson for translators: each with its line and where it is said.

use std::collections::BTreeMap;

use gettext::po::split_key;

use super::extend::{extend, is_shared};
use super::raw::{MAX_TEXT_CHARS, RawHint, RawLesson, RawReaction};
use super::vocabulary::{Action, EventKind, Word as _};
use super::yaml::{Node, Placed, Reader, Value};
use super::{LessonErrors, raw::RawState};

/// The context of the names of topics whose words are many, or shared by several lessons: what is
/// translated in their place are these words.
pub const TOPIC_CONTEXT: &str = "topic";

/// A text to translate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What tells it from the same text elsewhere.
    pub context: Option<String>,
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
    let mut reader = Reader::default();
    let Some(node) = reader.read(yaml, None) else { return Err(LessonErrors(reader.errors)) };
    let is_shared = is_shared(yaml);
    let raw = if is_shared {
        RawLesson::read_shared(&extend(node.clone(), bases, &mut reader), &mut reader)
    } else {
        RawLesson::read(&extend(node.clone(), bases, &mut reader), &mut reader)
    };
    if !reader.errors.is_empty() {
        reader.errors.sort();
        reader.errors.dedup();
        return Err(LessonErrors(reader.errors));
    }
    let mut messages = Vec::new();
    if let Some(Value::Map(parts)) =
        node.entry("parts").map(|parts| &parts.value).filter(|_| is_shared)
    {
        for (name, part) in parts {
            of_part(part, &format!("part {}", name.value), &mut messages);
        }
    }
    messages.extend(raw.title.iter().filter_map(|title| message(title, "the title".to_owned())));
    for (name, words) in &raw.topics {
        if is_found_by_name(&words.value, is_shared) {
            messages.extend(shared_topic(name, words));
            continue;
        }
        messages.extend(message(words, format!("topic {}: {WORDS}", name.value)));
    }
    for reaction in &raw.anywhere {
        of_reaction(reaction, &format!("in any state, {}", cause(reaction)), &mut messages);
    }
    for state in &raw.states {
        of_state(state, &mut messages);
    }
    // Actions that several states share come once from each.
    messages.sort_by_key(|message| message.line);
    Ok(messages)
}

/// What translators are told of the words of a topic.
const WORDS: &str = "words by which the bot understands a message, separated by commas; any number \
                     of them in your language, whatever the English ones are; see \
                     settings/lessons/README.md for the signs among them";

/// Whether the translation of a topic's words is found by the topic's name: such lists change, and
/// what is translated would be lost with each change.
pub(super) fn is_found_by_name(words: &str, is_shared: bool) -> bool {
    is_shared || words.chars().count() > MAX_TEXT_CHARS
}

fn shared_topic(name: &Placed<String>, words: &Placed<String>) -> Option<Message> {
    let english = words.value.split_whitespace().collect::<Vec<_>>().join(" ");
    words.place.is_own().then(|| Message {
        context: Some(TOPIC_CONTEXT.to_owned()),
        msgid: name.value.clone(),
        line: name.place.line,
        place: format!("topic {}: {WORDS}. In English: {english}", name.value),
    })
}

fn of_state(state: &RawState, messages: &mut Vec<Message>) {
    let name = &state.name.value;
    if let Some(task) = &state.task {
        messages.extend(message(task, format!("state {name}, what the learner is to do")));
    }
    said(&state.enter, &format!("state {name}, on coming in"), messages);
    for reaction in &state.reactions {
        of_reaction(reaction, &format!("state {name}, {}", cause(reaction)), messages);
    }
    for (ix, RawHint { actions, .. }) in state.hints.iter().enumerate() {
        said(actions, &format!("state {name}, hint {}", ix + 1), messages);
    }
    said(&state.leave, &format!("state {name}, on going out"), messages);
}

fn of_reaction(reaction: &RawReaction, place: &str, messages: &mut Vec<Message>) {
    said(&reaction.actions, place, messages);
    for (ix, actions) in reaction.again.iter().enumerate() {
        said(actions, &format!("{place}, time {}", ix + 2), messages);
    }
}

/// The texts of a part, whatever it is made of: it says what `say` and `answer` name.
fn of_part(node: &Node, place: &str, messages: &mut Vec<Message>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| of_part(item, place, messages)),
        Value::Map(entries) => {
            let about = node.entry("about").map(|about| &about.value);
            let place = match about {
                Some(Value::Text(topic)) => format!("{place}, about {topic}"),
                Some(_) | None => place.to_owned(),
            };
            let context = match node.entry("context").map(|context| &context.value) {
                Some(Value::Text(context)) => Some(context.trim()),
                Some(_) | None => None,
            };
            for (key, value) in entries {
                match key.value.as_str() {
                    "say" | "answer" => texts_of(value, context, &place, messages),
                    _ => of_part(value, &place, messages),
                }
            }
        }
        Value::Text(_) | Value::Other(_) => {}
    }
}

fn texts_of(node: &Node, context: Option<&str>, place: &str, messages: &mut Vec<Message>) {
    match &node.value {
        Value::Text(text) => {
            let (msgid, line) = (text.trim().to_owned(), node.place.line);
            let context = context.map(str::to_owned);
            messages.push(Message { context, msgid, line, place: place.to_owned() });
        }
        Value::List(items) => {
            for item in items {
                texts_of(item, context, place, messages);
            }
        }
        Value::Map(_) | Value::Other(_) => {}
    }
}

fn cause(reaction: &RawReaction) -> String {
    let topics: Vec<&str> = reaction.topics.iter().map(|topic| topic.value.as_str()).collect();
    match (topics.as_slice(), reaction.event) {
        (_, EventKind::Waited) => "after waiting".to_owned(),
        ([], event) => format!("after {}", event.word()),
        (topics, event) => format!("after {} about {}", event.word(), topics.join(", ")),
    }
}

fn said(actions: &[Placed<Action>], place: &str, messages: &mut Vec<Message>) {
    for action in actions.iter().filter(|action| action.place.is_own()) {
        let line = action.place.line;
        match &action.value {
            Action::Say(text) => {
                messages.push(of_key(text, line, place.to_owned()));
            }
            Action::Answer(text) => {
                let place = format!(
                    "{place}: the answer to a question that learners are told to ask; they type \
                     it as the text before tells them, letter for letter"
                );
                messages.push(of_key(text, line, place));
            }
            Action::Do(_) => {}
        }
    }
}

/// The message of a text that is kept as its key.
fn of_key(key: &str, line: u64, place: String) -> Message {
    let (context, msgid) = split_key(key);
    Message { context: context.map(str::to_owned), msgid: msgid.to_owned(), line, place }
}

fn message(text: &Placed<String>, place: String) -> Option<Message> {
    text.place.is_own().then(|| Message {
        context: None,
        msgid: text.value.clone(),
        line: text.place.line,
        place,
    })
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
        let bases = super::super::library::built_in_sources();

        let mut listed: Vec<_> =
            messages(yaml, &bases).unwrap().into_iter().map(|m| m.msgid).collect();
        let mut used: Vec<_> = lesson.texts().iter().map(|text| text.msgid.clone()).collect();
        listed.sort();
        used.sort();

        assert_eq!(listed, used);
    }
}
