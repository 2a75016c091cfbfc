//! Texts as learners read them: signs that were meant for the program, and what is said twice.

use std::collections::BTreeSet;

use super::{Doubt, Kind, View};
use crate::lesson::check::actions;
use crate::lesson::error::nearest;
use crate::lesson::raw::{RawHint, RawLesson, RawReaction};
use crate::lesson::text::{self, KNOWN_VARIABLES};
use crate::lesson::vocabulary::Action;
use crate::lesson::yaml::{Node, Place, Placed, Reader, Value};

/// Longest name of a variable that is looked for, in characters.
const MAX_NAME_CHARS: usize = 40;

pub(super) fn check(view: &mut View<'_>) {
    let raw = view.raw;
    let known: Vec<&str> = view.lesson.origin.variables.iter().map(String::as_str).collect();
    let mut doubts: Vec<(Place, Kind)> = Vec::new();
    for action in actions(raw) {
        match &action.value {
            Action::Say(said) => doubts.extend(of_text(said, action.place, &known)),
            Action::Answer(said) => doubts.extend(unreplaced(said, action.place, "an answer")),
            Action::Do(_) => {}
        }
    }
    for task in raw.states.iter().filter_map(|state| state.task.as_ref()) {
        doubts.extend(of_text(&task.value, task.place, &known));
    }
    for (_, words) in &raw.topics {
        doubts.extend(unreplaced(&words.value, words.place, "the words of a topic"));
    }
    if let Some(title) = &raw.title {
        doubts.extend(unreplaced(&title.value, title.place, "a title"));
        if title.value.trim().is_empty() {
            let spot = view.top();
            view.found.insert(Doubt { spot, kind: Kind::EmptyTitle });
        }
    }
    for (place, kind) in doubts {
        view.doubt(place, kind);
    }
}

/// The texts of a file that lessons include.
pub(super) fn check_shared(node: &Node, reader: &mut Reader) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| check_shared(item, reader)),
        Value::Map(entries) => {
            for (key, value) in entries {
                match key.value.as_str() {
                    "say" => said_texts(value, reader),
                    _ => check_shared(value, reader),
                }
            }
        }
        Value::Text(_) | Value::Other(_) => {}
    }
}

fn said_texts(node: &Node, reader: &mut Reader) {
    match &node.value {
        Value::Text(said) => {
            for (place, kind) in of_text(said, node.place, &KNOWN_VARIABLES) {
                reader.doubt(place, kind);
            }
        }
        Value::List(items) => items.iter().for_each(|item| said_texts(item, reader)),
        Value::Map(_) | Value::Other(_) => {}
    }
}

fn of_text(said: &str, place: Place, known: &[&str]) -> Vec<(Place, Kind)> {
    let slips = slips(said, known).into_iter();
    slips.map(|(written, meant)| (place, Kind::NoVariable { written, meant })).collect()
}

/// Variables where none is replaced.
fn unreplaced(said: &str, place: Place, what: &'static str) -> Vec<(Place, Kind)> {
    let names: BTreeSet<&str> = text::variables(said).collect();
    let written = names.into_iter().map(|name| format!("${{{name}}}"));
    written.map(|written| (place, Kind::NotReplaced { written, place: what })).collect()
}

/// What looks like a variable and is none: as it is written, and the variable that may be meant.
fn slips(said: &str, known: &[&str]) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let mut rest = said;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("$$") {
            // What is in braces behind it was meant as it stands.
            let (_, after) = braced(after).unwrap_or(("", after));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('$') {
            rest = dollar(after, known, &mut found);
        } else if let Some(after) = rest.strip_prefix("%(")
            && let Some((name, after)) = after.split_once(')')
            && is_name(name)
        {
            let kind = after.chars().next().filter(char::is_ascii_alphabetic);
            let kind = kind.map(String::from).unwrap_or_default();
            found.push((format!("%({name}){kind}"), meant(name, known)));
            rest = after.strip_prefix(kind.as_str()).unwrap_or(after);
        } else if let Some((inner, after)) = braced(rest)
            && known.contains(&plain(inner).as_str())
        {
            found.push((format!("{{{inner}}}"), Some(plain(inner))));
            rest = after;
        } else if is_part(first) {
            let (word, after) = word(rest);
            // A word of a language has no such sign within.
            if word.contains('_') && known.contains(&word) {
                found.push((word.to_owned(), Some(word.to_owned())));
            }
            rest = after;
        } else {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    found
}

/// Reads on behind a dollar sign.
fn dollar<'t>(
    after: &'t str,
    known: &[&str],
    found: &mut Vec<(String, Option<String>)>,
) -> &'t str {
    if let Some((inner, rest)) = braced(after) {
        if !is_name(inner) {
            found.push((format!("${{{inner}}}"), meant(inner, known)));
        }
        return rest;
    }
    if let Some(inside) = after.strip_prefix('{') {
        let (name, rest) = word(inside);
        found.push((format!("${{{name}"), meant(name, known)));
        return rest;
    }
    if let Some((name, rest)) = after.strip_prefix('(').and_then(|inner| inner.split_once(')'))
        && is_name(name)
    {
        found.push((format!("$({name})"), meant(name, known)));
        return rest;
    }
    let (name, rest) = word(after);
    if !name.is_empty() {
        found.push((format!("${name}"), meant(name, known)));
    }
    rest
}

/// What stands in braces at the beginning of a text, on one line and not too long, and what follows.
fn braced(text: &str) -> Option<(&str, &str)> {
    let (inner, after) = text.strip_prefix('{')?.split_once('}')?;
    let is_short = inner.chars().count() <= MAX_NAME_CHARS;
    (is_short && !inner.contains(['{', '\n'])).then_some((inner, after))
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The word at the beginning of a text, and what follows.
fn word(text: &str) -> (&str, &str) {
    text.split_at_checked(text.find(|c| !is_part(c)).unwrap_or(text.len())).unwrap_or((text, ""))
}

/// A name as variables have them.
fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace(['-', ' ', '.'], "_")
}

fn meant(name: &str, known: &[&str]) -> Option<String> {
    nearest(&plain(name), known)
}

/// Texts that are said twice, one after the other.
pub(super) fn repeated(raw: &RawLesson) -> Vec<Place> {
    let of_reaction = |reaction: &RawReaction| -> Vec<Place> {
        let lists = std::iter::once(&reaction.actions).chain(&reaction.again);
        lists.flat_map(|list| repeated_in(list)).collect()
    };
    let of_hint = |hint: &RawHint| repeated_in(&hint.actions);
    let of_states = raw.states.iter().flat_map(|state| {
        let lists = [&state.enter, &state.leave].into_iter().flat_map(|list| repeated_in(list));
        let reactions = state.reactions.iter().flat_map(of_reaction);
        lists.chain(reactions).chain(state.hints.iter().flat_map(of_hint)).collect::<Vec<_>>()
    });
    raw.anywhere.iter().flat_map(of_reaction).chain(of_states).collect()
}

fn repeated_in(list: &[Placed<Action>]) -> Vec<Place> {
    let pairs = list.iter().zip(list.iter().skip(1));
    let same = pairs
        .filter(|(one, other)| matches!(one.value, Action::Say(_)) && one.value == other.value);
    same.map(|(_, other)| other.place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_variable_is_found_and_nothing_else() {
        for (said, found) in [
            ("I am ${bot_alias}.", &[][..]),
            ("${bot-alias}", &[("${bot-alias}", "bot_alias")]),
            ("${ bot_alias }", &[("${ bot_alias }", "bot_alias")]),
            ("${Bot Alias}", &[("${Bot Alias}", "bot_alias")]),
            ("${}", &[("${}", "")]),
            ("${bot_alias and more", &[("${bot_alias", "bot_alias")]),
            ("It costs $5.", &[("$5", "")]),
            ("It costs $$5, or 5 $, or US$ 5.", &[]),
            ("$bot_alias, $$bot", &[("$bot_alias", "bot_alias")]),
            ("$(bot_alias)", &[("$(bot_alias)", "bot_alias")]),
            ("{bot_alias}", &[("{bot_alias}", "bot_alias")]),
            ("{{ contact }}", &[("{ contact }", "contact")]),
            ("{this} and {that}", &[]),
            ("$${bot_alias}", &[]),
            ("%(bot_alias)s", &[("%(bot_alias)s", "bot_alias")]),
            ("%(name)s", &[("%(name)s", "")]),
            ("100%(or so)", &[]),
            ("<bot_alias> bot_alias", &[("bot_alias", "bot_alias"), ("bot_alias", "bot_alias")]),
            ("My contact is here, with a fingerprint.", &[]),
            ("¢${é}$é", &[("${é}", ""), ("$é", "")]),
        ] {
            let slips = slips(said, &KNOWN_VARIABLES);
            let slips: Vec<(&str, &str)> = slips
                .iter()
                .map(|(written, meant)| (written.as_str(), meant.as_deref().unwrap_or_default()))
                .collect();
            assert_eq!(slips, found, "{said}");
        }
    }
}
