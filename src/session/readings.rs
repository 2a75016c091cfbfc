//! All that may be read in a message: whatever its markup hides, and whatever it quotes. Secrets, and
//! people in danger, are listened for in all of it; anything else in the learner's own words alone.

use std::collections::VecDeque;

use zeroize::Zeroizing;

use super::{
    Session,
    listening::{Heard, line_of_words, lines},
    markup::{unescaped, with_unseen, without_markup},
};

/// So many lines of the bot are known again where they are quoted.
const MAX_LINES: usize = 32;
/// How much of a message is compared with those, in bytes.
const MAX_BYTES: usize = 16_384;
/// Fewest letters and blanks by which a part of a line is known again.
const MIN_PART: usize = 16;

/// What may be read in a message.
pub(super) struct Readings {
    /// The words of all of it, and those that programs do not mark as another's.
    words: Zeroizing<String>,
    own: Option<Zeroizing<String>>,
    /// What else may be read in it.
    beside: Vec<Zeroizing<String>>,
}

impl Readings {
    /// Those of a body, of which this part is the learner's own; `None`: all is.
    pub(super) fn of(body: &str, own: Option<&str>) -> Self {
        let mut readings =
            Self { words: without_markup(body), own: own.map(without_markup), beside: Vec::new() };
        // Nearly all are plain.
        if body.contains(['<', '&']) {
            for text in [with_unseen(body), Zeroizing::new(body.to_owned()), unescaped(body)] {
                if readings.all().all(|known| *known != *text) {
                    readings.beside.push(text);
                }
            }
        }
        readings
    }

    /// The words of all of it.
    pub(super) fn words(&self) -> &str {
        &self.words
    }

    /// The learner's own words, as far as their program marks those of others.
    pub(super) fn own(&self) -> &str {
        self.own.as_ref().unwrap_or(&self.words)
    }

    /// What else there is.
    pub(super) fn beside(&self) -> impl Iterator<Item = &str> {
        self.own.iter().chain(&self.beside).map(|text| text.as_str())
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.words()).chain(self.beside())
    }
}

/// The lines that the bot has said last, as rows of words.
#[derive(Debug, Default)]
pub(super) struct Said(VecDeque<Zeroizing<String>>);

impl Said {
    /// The bot says this, in which no secret is.
    pub(super) fn note(&mut self, line: &str) {
        if self.0.len() >= MAX_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line_of_words(line));
    }

    /// The words of a text that the bot has not said. Quotations may be cut within a word.
    fn without(&self, text: &str) -> Zeroizing<String> {
        let mut rest = Zeroizing::new(String::with_capacity(text.len().min(MAX_BYTES)));
        let begin = text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or_default();
        for line in lines(begin) {
            let line = line_of_words(line);
            let is_part = |said: &Zeroizing<String>| said.contains(line.trim_end());
            if line.len() < MIN_PART || !self.0.iter().any(is_part) {
                rest.push_str(&line);
            }
        }
        for said in self.0.iter().filter(|said| said.len() >= MIN_PART) {
            if rest.contains(said.as_str()) {
                rest = Zeroizing::new(rest.replace(said.as_str(), " "));
            }
        }
        rest
    }
}

impl Session {
    /// Listens for people in danger in all of a message. What the bot has said itself does not count:
    /// it is quoted.
    pub(super) fn hear_urgent(&self, readings: &Readings, heard: &mut Heard) {
        for text in readings.all() {
            if self.is_urgent(&heard.topics) {
                return;
            }
            let text = self.own_lines.without(text);
            let other = self.config.ears.hear(&text, &self.config.catalog);
            let urgent = other.topics.into_iter().filter(|ix| self.config.lesson.is_urgent(*ix));
            let urgent: Vec<_> = urgent.collect();
            if !urgent.is_empty() {
                heard.topics.extend(urgent);
                heard.language = heard.language.take().or(other.language);
            }
        }
    }
}
