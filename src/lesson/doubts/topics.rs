//! Topics: whether anything is about them, and whether their words can be heard.

use std::collections::BTreeSet;

use super::{Kind, View};
use crate::lesson::vocabulary::TopicIx;
use crate::lesson::yaml::{Place, Placed};

/// The signs that separate the words of a topic; Arabic and Persian have their own.
const SEPARATORS: [char; 3] = [',', '،', '؛'];

/// Signs that are taken for separators.
const NO_SEPARATORS: [char; 5] = [';', '；', '，', '、', '|'];

/// Fewest words in a row, where nothing else is listened for, that were probably meant one by one.
const MIN_MEANT_APART: usize = 3;

/// An item of the words of a topic.
#[derive(Debug, PartialEq, Eq)]
struct Item<'t> {
    /// Without the sign of an exception.
    written: &'t str,
    is_exception: bool,
    /// The message must be nothing else.
    is_whole: bool,
    /// In small letters, with the signs of each.
    words: Vec<String>,
}

pub(super) fn check(view: &mut View<'_>) {
    let (lesson, raw) = (view.lesson, view.raw);
    let own = lesson.graph.states().iter().flat_map(|state| &state.reactions);
    let used: BTreeSet<TopicIx> = own
        .chain(lesson.graph.everywhere())
        .flat_map(|reaction| reaction.trigger.topics.iter().copied())
        .collect();
    for (ix, (name, words)) in raw.topics.iter().enumerate() {
        // What a file brings that several lessons share, each of them may leave.
        if !name.place.is_own() {
            continue;
        }
        if !used.contains(&TopicIx(ix)) && ix >= lesson.n_urgent {
            view.doubt(name.place, Kind::UnusedTopic(name.value.clone()));
        }
        check_words(name, words, &mut |place, kind| view.doubt(place, kind));
        let mut before = raw.topics.iter().take(ix).filter(|(other, _)| other.place.is_own());
        if let Some((other, _)) = before.find(|(_, others)| covers(&others.value, &words.value)) {
            let (topic, other) = (name.value.clone(), other.value.clone());
            view.doubt(words.place, Kind::Covered { topic, other });
        }
    }
}

/// Whether a message that holds words of the second list always holds words of the first.
fn covers(first: &str, second: &str) -> bool {
    let of = |listed| -> BTreeSet<(bool, Vec<String>)> {
        let items = items(listed).into_iter().filter(|item| !item.is_exception);
        items
            .map(|item| (item.is_whole, item.words))
            .filter(|(_, words)| !words.is_empty())
            .collect()
    };
    let (first_words, second_words) = (of(first), of(second));
    let has_exceptions = items(first).iter().any(|item| item.is_exception);
    !second_words.is_empty() && !has_exceptions && second_words.is_subset(&first_words)
}

/// Tells what is wrong with the words of one topic.
pub(super) fn check_words(
    name: &Placed<String>,
    words: &Placed<String>,
    doubt: &mut impl FnMut(Place, Kind),
) {
    let topic = || name.value.clone();
    let place = words.place;
    let signs = NO_SEPARATORS.into_iter().filter(|sign| {
        // A word that is nothing but signs listens for these.
        let parts = words.value.split(SEPARATORS);
        parts.filter(|part| part.contains(char::is_alphanumeric)).any(|part| part.contains(*sign))
    });
    let signs: Vec<char> = signs.collect();
    for sign in &signs {
        doubt(place, Kind::Separator { topic: topic(), sign: *sign });
    }
    let parts: Vec<&str> = words.value.split(SEPARATORS).map(str::trim).collect();
    let between = parts.get(1..parts.len().saturating_sub(1)).unwrap_or_default();
    let is_led = parts.len() > 1 && parts.first().is_some_and(|part| part.is_empty());
    if is_led || between.iter().any(|part| part.is_empty()) {
        doubt(place, Kind::EmptyWord(topic()));
    }
    let items = items(&words.value);
    if let [item] = items.as_slice()
        && signs.is_empty()
        && item.words.len() >= MIN_MEANT_APART
        && !item.is_whole
        && item.written.chars().all(|c| c.is_alphanumeric() || c.is_whitespace())
    {
        doubt(place, Kind::OnePhrase { topic: topic(), n_words: item.words.len() });
    }
    let mut known = BTreeSet::new();
    for item in &items {
        let word = || item.written.to_owned();
        if is_unheard(item) {
            doubt(place, Kind::Unheard { topic: topic(), word: word() });
            continue;
        }
        let key = (item.is_exception, item.is_whole, item.words.clone());
        if !item.words.is_empty() && !known.insert(key) {
            doubt(place, Kind::WordTwice { topic: topic(), word: word() });
        }
        let mut exceptions = items.iter().filter(|other| other.is_exception);
        if let Some(exception) = exceptions.find(|exception| takes_away(exception, item)) {
            let exception = exception.written.to_owned();
            doubt(place, Kind::Excepted { topic: topic(), word: word(), exception });
        }
    }
    if !items.is_empty() && items.iter().all(|item| item.is_exception) {
        doubt(place, Kind::NothingHeard(topic()));
    }
}

fn items(listed: &str) -> Vec<Item<'_>> {
    let items = listed.split(SEPARATORS).map(str::trim).filter(|item| !item.is_empty());
    let read = |item| {
        let exception = str::strip_prefix(item, '-').filter(|rest| !rest.is_empty());
        let written = exception.map_or(item, str::trim_start);
        let whole = written.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        let words = whole.unwrap_or(written).split_whitespace().flat_map(read_words);
        let is_exception = exception.is_some();
        Item { written, is_exception, is_whole: whole.is_some(), words: words.collect() }
    };
    items.map(read).collect()
}

/// The words of a part without blanks, each with the signs that it is written with.
fn read_words(part: &str) -> Vec<String> {
    if matches!(part, ".." | "…") {
        return vec!["..".to_owned()];
    }
    let lower = part.to_lowercase();
    let (exact, lower) = lower.strip_prefix('=').map_or(("", lower.as_str()), |rest| ("=", rest));
    let ending = if lower.ends_with('*') { "*" } else { "" };
    let words = lower.split(|c: char| !c.is_alphanumeric() && !is_mark(c));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let n_words = words.len();
    let words = words
        .into_iter()
        .enumerate()
        .map(|(ix, word)| format!("{exact}{word}{}", if ix + 1 == n_words { ending } else { "" }));
    words.collect()
}

/// Accents that stand by themselves: the words that differ in them alone are few, and not told of.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{65f}' | '\u{200c}' | '\u{200d}')
}

/// Whether no message can be meant by it: it is made of the signs of topics alone. Other signs by
/// themselves are listened for.
fn is_unheard(item: &Item<'_>) -> bool {
    let is_empty = !item.words.iter().any(|word| word.contains(char::is_alphanumeric));
    let is_of_signs = |text: &str| text.chars().all(|c| "-=*[]…. ".contains(c) || !is_seen(c));
    is_empty && (item.is_exception || is_of_signs(item.written))
}

fn is_seen(c: char) -> bool {
    !c.is_control()
        && !is_mark(c)
        && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// Whether an exception stands in each message that an item stands in.
fn takes_away(exception: &Item<'_>, item: &Item<'_>) -> bool {
    // Words with any ending, and with others in between, may be others.
    let is_certain = |word: &String| word != ".." && !word.ends_with('*');
    let bare = |words: &[String]| -> Vec<String> {
        words.iter().map(|word| word.trim_start_matches('=').to_owned()).collect()
    };
    let (taken, words) = (bare(&exception.words), bare(&item.words));
    let is_whole_fine = !exception.is_whole || (item.is_whole && taken == words);
    !item.is_exception
        && is_whole_fine
        && !taken.is_empty()
        && exception.words.iter().all(is_certain)
        && words.windows(taken.len()).any(|run| run == taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_topic_that_cannot_be_heard_are_told() {
        let place = Place { line: 1, column: 1, other: None };
        let placed = |text: &str| Placed { value: text.to_owned(), place };
        for (words, told) in [
            ("help, how, what's up, ?, 🙂, [no], follow*, =threat, afraid .. him", &[][..]),
            ("help,\n how,", &[]),
            ("where is", &[]),
            ("what .. this thing, -no thing", &[]),
            ("aide, aidé, où est-ce ?", &[]),
            ("خطر، يلاحقني؛ خوف", &[]),
            ("-no danger, danger, -danger zone", &[]),
            (":;)", &[]),
            ("help; how", &["hold `;`"]),
            ("help, how | what", &["hold `|`"]),
            ("help how what", &["these 3 words"]),
            ("help,, how", &["stands nothing"]),
            (", help", &["stands nothing"]),
            ("help, how, Help", &["`Help` twice"]),
            ("help, [help]", &[]),
            ("help, -?", &["`?`"]),
            ("help, *", &["`*`"]),
            ("help, []", &["`[]`"]),
            ("help, ..", &["`..`"]),
            ("help, \u{200b}", &["`\u{200b}`"]),
            ("danger, -danger", &["never hears `danger`"]),
            ("in danger now, -in danger", &["never hears `in danger now`"]),
            ("danger*, -danger", &[]),
            ("-danger", &["hears nothing"]),
        ] {
            let mut found = Vec::new();
            check_words(&placed("t"), &placed(words), &mut |_, kind| found.push(kind.to_string()));
            assert_eq!(found.len(), told.len(), "{words}: {found:?}");
            for (found, told) in found.iter().zip(told) {
                assert!(found.contains(told), "{words}: {found}");
            }
        }
    }

    #[test]
    fn a_topic_all_of_whose_words_are_another_s_is_covered() {
        assert!(covers("help, how, what", "how, help"));
        assert!(!covers("help, how", "how, help, where"));
        assert!(!covers("help, [how]", "how"));
        assert!(!covers("help, -help yourself", "help"));
    }
}
