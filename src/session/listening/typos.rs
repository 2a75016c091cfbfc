//! Which words a mistyped one may stand for.
//!
//! Two neighbours may have changed places in words of four letters and more; a letter may be wrong,
//! missing or too many in words of six and more, two in words of ten and more. The first letter is
//! right, unless it has changed places.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Fewest letters of a word in which two may have changed places, one may be wrong, or two.
const MIN_SWAPPED: usize = 4;
const MIN_WRONG: usize = 6;
const MIN_TWO_WRONG: usize = 10;

/// Longest word that is looked at, in letters: longer ones are no words.
const MAX_LETTERS: usize = 24;

/// The words that may be mistyped, by what is left of them without a letter or two.
#[derive(Debug, Default)]
pub(super) struct Typos {
    words: Vec<(Box<str>, usize)>,
    /// The hash of what is left, and the place of the word; in order.
    by_rest: Vec<(u64, u32)>,
}

impl Typos {
    /// Adds a word, which has this number. [`finish`](Self::finish) must follow.
    pub(super) fn add(&mut self, word: &str, number: usize) {
        let Ok(place) = u32::try_from(self.words.len()) else { return };
        self.by_rest.extend(rests(word).iter().map(|rest| (hash(rest), place)));
        self.words.push((word.into(), number));
    }

    /// All words are there.
    pub(super) fn finish(&mut self) {
        self.by_rest.sort_unstable();
        self.by_rest.dedup();
        self.by_rest.shrink_to_fit();
        self.words.shrink_to_fit();
    }

    /// The numbers of the words that this one may stand for.
    pub(super) fn meant(&self, typed: &str) -> Vec<usize> {
        let mut meant: Vec<usize> = rests(typed)
            .iter()
            .flat_map(|rest| {
                let hash = hash(rest);
                let from = self.by_rest.partition_point(|(other, _)| *other < hash);
                let same = self.by_rest.iter().skip(from);
                same.take_while(move |(other, _)| *other == hash).map(|(_, place)| *place)
            })
            .filter_map(|place| self.words.get(usize::try_from(place).ok()?))
            .filter(|(word, _)| is_near(typed, word))
            .map(|(_, number)| *number)
            .collect();
        meant.sort_unstable();
        meant.dedup();
        meant
    }
}

/// Words of the same hash are told apart by their letters.
fn hash(rest: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    rest.hash(&mut hasher);
    hasher.finish()
}

/// A word, and what is left of it without one of its letters; of long words, also without two.
fn rests(word: &str) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    if !(MIN_SWAPPED..=MAX_LETTERS).contains(&letters.len()) {
        return Vec::new();
    }
    let without = |letters: &[char], from: usize| -> Vec<(usize, Vec<char>)> {
        let ways = from..letters.len();
        ways.map(|ix| {
            (ix, letters.iter().enumerate().filter(|(at, _)| *at != ix).map(|(_, c)| *c).collect())
        })
        .collect()
    };
    let once = without(&letters, 0);
    let mut rests = vec![word.to_owned()];
    for (ix, rest) in once {
        rests.push(rest.iter().collect());
        if letters.len() > MIN_TWO_WRONG {
            rests.extend(without(&rest, ix).into_iter().map(|(_, r)| r.into_iter().collect()));
        }
    }
    rests
}

/// Whether one may be the other, mistyped.
fn is_near(typed: &str, word: &str) -> bool {
    let n_letters = word.chars().count();
    let is_short = n_letters < MIN_WRONG;
    let n_wrong = strsim::osa_distance(typed, word);
    if n_wrong == 0 {
        return true;
    }
    if is_short || typed.chars().next() != word.chars().next() {
        return n_wrong == 1 && is_swap(typed, word);
    }
    n_wrong <= if n_letters < MIN_TWO_WRONG { 1 } else { 2 }
}

/// Whether two neighbours have changed places.
fn is_swap(typed: &str, word: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    sorted(typed) == sorted(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_mistakes_are_seen_through_and_other_words_are_others() {
        let mut typos = Typos::default();
        let words = ["help", "pidgin", "profanity", "fingerprint", "stop"];
        for (number, word) in words.into_iter().enumerate() {
            typos.add(word, number);
        }
        typos.finish();
        for (typed, meant) in [
            ("hlep", Some("help")),
            ("ehlp", Some("help")),
            ("pigdin", Some("pidgin")),
            ("pidgn", Some("pidgin")),
            ("piddgin", Some("pidgin")),
            ("profenity", Some("profanity")),
            ("figerprnt", Some("fingerprint")),
            ("help", Some("help")),
            ("held", None),
            ("step", None),
            ("sotp", Some("stop")),
            ("widgin", None),
            ("pig", None),
            ("", None),
        ] {
            let found: Vec<&str> = typos.meant(typed).into_iter().map(|ix| words[ix]).collect();
            assert_eq!(found, meant.into_iter().collect::<Vec<_>>(), "{typed}");
        }
    }
}
