//! What a lesson listens for: the words of its topics, as they are written in a lesson or a
//! translation.
//!
//! ```text
//! where is it     these words in a row        =threat     exactly so
//! follow*         any ending                  a .. b      up to three other words in between
//! -no danger      an exception                [no]        nothing but this
//! ?               nothing but this sign
//! ```

use super::words::{plain, words};

/// Most other words where a phrase has `..`.
pub(super) const MOST_BETWEEN: usize = 3;

/// A phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) words: Vec<Wanted>,
    /// It takes away what stands in it, in the place of adding to it.
    pub(super) is_exception: bool,
    /// The message must be nothing else.
    pub(super) is_whole: bool,
}

/// A word of a phrase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) word: String,
    /// With any ending.
    pub(super) has_endings: bool,
    /// Without typing errors.
    pub(super) is_exact: bool,
    /// Other words may stand before it.
    pub(super) is_after_others: bool,
}

/// What one topic listens for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Phrases {
    pub(super) phrases: Vec<Phrase>,
    /// Signs of which a message may consist.
    pub(super) signs: Vec<String>,
}

/// What stands between the words of a topic: the comma, and those of Arabic and Persian, of Chinese and
/// Japanese; and the semicolon of Arabic, which divides lists there. That of other languages does not.
const SEPARATORS: [char; 5] = [',', '،', '؛', '、', '，'];

/// The phrases of a topic, as they are written.
pub fn items(listed: &str) -> impl Iterator<Item = &str> {
    listed.split(SEPARATORS).map(str::trim).filter(|item| !item.is_empty())
}

/// Reads the words of a topic.
pub(super) fn read(listed: &str) -> Phrases {
    let mut read = Phrases::default();
    for item in items(listed) {
        let (is_exception, item) = strip(item, '-');
        let (is_whole, item) = match item.strip_prefix('[').and_then(|i| i.strip_suffix(']')) {
            Some(inner) => (true, inner),
            None => (false, item),
        };
        let mut words = wanted(item);
        // An exception that is mistyped is none.
        for wanted in &mut words {
            wanted.is_exact |= is_exception;
        }
        let phrase = Phrase { words, is_exception, is_whole };
        if !phrase.words.is_empty() {
            read.phrases.push(phrase);
        } else if !is_exception {
            read.signs.push(plain(item).split_whitespace().collect());
        }
    }
    read
}

fn wanted(item: &str) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut is_after_others = false;
    for part in item.split_whitespace() {
        if part == ".." || part == "…" {
            is_after_others = !wanted.is_empty();
            continue;
        }
        let (is_exact, part) = strip(part, '=');
        let (part, has_endings) = match part.strip_suffix('*') {
            Some(part) => (part, true),
            None => (part, false),
        };
        let parts = words(part);
        let n_parts = parts.len();
        for (ix, word) in parts.into_iter().enumerate() {
            let has_endings = has_endings && ix + 1 == n_parts;
            let is_after_others = std::mem::take(&mut is_after_others);
            wanted.push(Wanted { word, has_endings, is_exact, is_after_others });
        }
    }
    wanted
}

fn strip(item: &str, sign: char) -> (bool, &str) {
    match item.strip_prefix(sign) {
        Some(rest) if !rest.is_empty() => (true, rest.trim_start()),
        Some(_) | None => (false, item),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signs_of_a_lesson_are_read() {
        let read = read("Help, follow* .. me, =threat, -No danger,[no], ?, what's up");

        let shown: Vec<String> = read
            .phrases
            .iter()
            .map(|phrase| {
                let words: Vec<String> = phrase
                    .words
                    .iter()
                    .map(|w| {
                        let [gap, exact, ending] =
                            [(w.is_after_others, "~"), (w.is_exact, "="), (w.has_endings, "*")]
                                .map(|(is_so, sign)| if is_so { sign } else { "" });
                        format!("{gap}{exact}{}{ending}", w.word)
                    })
                    .collect();
                format!("{}{}", if phrase.is_exception { "-" } else { "" }, words.join(" "))
            })
            .collect();
        assert_eq!(shown, ["help", "follow* ~me", "=threat", "-=no =danger", "no", "what s up"]);
        assert_eq!(read.signs, ["?"]);
        for separated in ["a,b", "a، b", "a ؛b", "a؛،b", "a、b", "a，b"] {
            assert_eq!(items(separated).collect::<Vec<_>>(), ["a", "b"], "{separated}");
        }
        assert_eq!(items("a; b").count(), 1);
        assert_eq!(read.phrases.iter().filter(|phrase| phrase.is_whole).count(), 1);
    }
}
