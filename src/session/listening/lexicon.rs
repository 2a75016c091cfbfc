//! The words of all phrases, each with a number: those of several lessons together, as most are the
//! same.

use std::{collections::HashMap, sync::Arc};

use super::{phrase::Wanted, typos::Typos, words};

/// Longest word that is looked up, in bytes: longer ones are no words.
const MAX_TOKEN_BYTES: usize = 96;

/// The words, by what a message may hold for them.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    exact: HashMap<String, Vec<usize>>,
    beginnings: HashMap<String, Vec<usize>>,
    typos: Typos,
}

/// A lexicon that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    lexicon: Lexicon,
    numbers: HashMap<Wanted, usize>,
}

impl Draft {
    /// The number of a word, which is added if it is new.
    pub(super) fn number(&mut self, wanted: Wanted) -> usize {
        let next = self.numbers.len();
        // Where it stands in a phrase is the phrase's business.
        let wanted = Wanted { is_after_others: false, ..wanted };
        if let Some(number) = self.numbers.get(&wanted) {
            return *number;
        }
        let Lexicon { exact, beginnings, typos } = &mut self.lexicon;
        let by = if wanted.has_endings { beginnings } else { exact };
        by.entry(wanted.word.clone()).or_default().push(next);
        if !wanted.is_exact && !wanted.has_endings {
            typos.add(&wanted.word, next);
        }
        self.numbers.insert(wanted, next);
        next
    }

    /// The lexicon.
    pub(super) fn finish(mut self) -> Arc<Lexicon> {
        self.lexicon.typos.finish();
        Arc::new(self.lexicon)
    }
}

impl Lexicon {
    /// The numbers of the words for which a word of a message can stand.
    pub(super) fn numbers(&self, token: &str) -> Vec<usize> {
        if token.len() > MAX_TOKEN_BYTES {
            return Vec::new();
        }
        let known = self.known(token);
        if !known.is_empty() {
            return known;
        }
        // And, then, with, for, like: Arabic writes them together with the word.
        let without = words::without_particle(token).map(|stem| self.known(stem));
        if let Some(known) = without.filter(|known| !known.is_empty()) {
            return known;
        }
        // Only a word that is not known may be another one.
        self.typos.meant(token)
    }

    /// The numbers of the words that it is, without mistakes.
    fn known(&self, token: &str) -> Vec<usize> {
        let mut numbers = self.exact.get(token).cloned().unwrap_or_default();
        let ends = token.char_indices().map(|(ix, c)| ix + c.len_utf8());
        let beginnings = ends.filter_map(|end| self.beginnings.get(token.get(..end)?)).flatten();
        numbers.extend(beginnings);
        numbers
    }
}
