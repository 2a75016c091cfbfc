//! The tree of a lesson's YAML, in which everything knows its place, and a reader that takes values
//! out of it.
//!
//! Lessons are read by hand from this tree: an author wants to be told all faults, not the first.

use std::collections::{BTreeMap, BTreeSet};

use crate::yaml::{self, Content, Meaning, Scalar};

use super::doubts::{Doubt, Kind, Spot};
use super::error::{Fault, LessonError, nearest};
use super::meant;
use super::vocabulary::Word;

/// Largest lesson file, in bytes. A long lesson with all its texts has some 50 kB.
pub(super) const MAX_LESSON_BYTES: usize = 1 << 20;

/// A line and a column, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) column: u64,
    /// Of which other file they are, by its number among those that the reader knows; `None`: of the
    /// lesson itself.
    pub(super) other: Option<usize>,
}

impl Place {
    /// Whether it is in the lesson itself.
    pub(super) fn is_own(self) -> bool {
        self.other.is_none()
    }

    fn fault(self, fault: Fault) -> LessonError {
        let Self { line, column, .. } = self;
        LessonError { line, column, other: None, fault }
    }
}

/// Something with its place.
#[derive(Clone, Debug)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// A node of the tree.
pub(super) type Node = Placed<Value>;

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Placed<String>, Node)>),
    /// What is no text as it is written: a number, `true`, nothing.
    Other(Scalar),
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "keys and values",
            Self::Other(scalar) => match scalar.meaning() {
                Meaning::Nothing => "nothing",
                Meaning::Truth(_) => "`true` or `false`",
                Meaning::Whole(_) | Meaning::Number => "a number",
                Meaning::Text => "a text",
            },
        }
    }
}

impl Node {
    /// The value of a key, if this is a map that has it.
    pub(super) fn entry(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(known, _)| known.value == key).map(|(_, value)| value)
    }
}

/// Reads files as trees, takes values out of them, and keeps the faults and doubts that it meets.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) errors: Vec<LessonError>,
    /// What is probably a slip, as far as it shows in one place.
    pub(super) doubts: Vec<Doubt>,
    /// The names of the other files.
    others: Vec<String>,
    /// Where comments begin in the lines of texts that stand without quotation marks, by the place of
    /// the text.
    comments: BTreeMap<Place, Place>,
    /// Keys without a value that stand after a comma within `{ }`.
    after_comma: BTreeSet<Place>,
}

impl Reader {
    /// Reads a file: the lesson itself, or another one by its number. Without a tree, there is at
    /// least one fault.
    pub(super) fn read(&mut self, yaml: &str, other: Option<usize>) -> Option<Node> {
        let of = |place| placed(place, other);
        let (root, faults) = match yaml::parse(yaml, MAX_LESSON_BYTES) {
            Ok(document) => (Some(document.root), document.faults),
            Err(faults) => (None, faults),
        };
        for fault in faults {
            self.fault(of(fault.place), Fault::Yaml(fault.what));
        }
        let root = root?;
        if root.is_nothing() {
            self.fault(of(root.place), Fault::EmptyFile);
            return None;
        }
        let root = self.node(root, other);
        if !matches!(root.value, Value::Map(_)) {
            self.wrong_kind(meant::MAP, &root);
            return None;
        }
        Some(root)
    }

    fn node(&mut self, node: yaml::Node, other: Option<usize>) -> Node {
        let place = placed(node.place, other);
        let value = match node.content {
            Content::Scalar(scalar) => {
                if let Some(comment) = scalar.comment {
                    self.comments.insert(place, placed(comment, other));
                }
                if scalar.meaning() == Meaning::Text {
                    Value::Text(scalar.text)
                } else {
                    Value::Other(scalar)
                }
            }
            Content::List(items) => {
                Value::List(items.into_iter().map(|item| self.node(item, other)).collect())
            }
            Content::Map(entries) => {
                let mut map = Vec::with_capacity(entries.len());
                for entry in entries {
                    let key = Placed { value: entry.key, place: placed(entry.place, other) };
                    if entry.is_after_comma {
                        self.after_comma.insert(key.place);
                    }
                    map.push((key, self.node(entry.value, other)));
                }
                Value::Map(map)
            }
        };
        Node { value, place }
    }

    pub(super) fn fault(&mut self, place: Place, fault: Fault) {
        let other = place.other.and_then(|ix| self.others.get(ix)).cloned();
        self.errors.push(LessonError { other, ..place.fault(fault) });
    }

    pub(super) fn doubt(&mut self, place: Place, kind: Kind) {
        let spot = self.spot(place);
        self.doubts.push(Doubt { spot, kind });
    }

    /// A place, with the name of its file.
    pub(super) fn spot(&self, place: Place) -> Spot {
        let other = place.other.and_then(|ix| self.others.get(ix)).cloned();
        Spot { other, line: place.line, column: place.column }
    }

    /// Another file, whose name becomes known; its number.
    pub(super) fn other(&mut self, name: &str) -> usize {
        let known = self.others.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            self.others.push(name.to_owned());
            self.others.len() - 1
        })
    }

    fn wrong_kind(&mut self, expected: &'static str, node: &Node) {
        let remedy = meant::remedy(expected, &node.value);
        self.fault(node.place, Fault::Kind { expected, found: node.value.kind(), remedy });
    }

    /// The entries of a map of which only these keys are known.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, keys: &[&'static str]) -> Fields<'n> {
        let entries = self.entries(node);
        for (key, _) in entries {
            if !keys.contains(&key.value.as_str()) {
                if self.after_comma.contains(&key.place) {
                    self.fault(key.place, Fault::AfterComma);
                    continue;
                }
                let key_name = key.value.clone();
                let nearest = nearest(&key.value, keys);
                let allowed = keys.join(", ");
                self.fault(key.place, Fault::UnknownKey { key: key_name, allowed, nearest });
            }
        }
        Fields { place: node.place, entries }
    }

    /// The entries of a map with any keys.
    pub(super) fn entries<'n>(&mut self, node: &'n Node) -> &'n [(Placed<String>, Node)] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Text(_) | Value::List(_) | Value::Other(_) => {
                self.wrong_kind(meant::MAP, node);
                &[]
            }
        }
    }

    /// The items of a list; those of no list are none.
    pub(super) fn list<'n>(&mut self, node: Option<&'n Node>) -> &'n [Node] {
        let Some(node) = node else { return &[] };
        match &node.value {
            Value::List(items) => items,
            Value::Text(_) | Value::Map(_) | Value::Other(_) => {
                self.wrong_kind(meant::LIST, node);
                &[]
            }
        }
    }

    pub(super) fn text(&mut self, node: &Node) -> Option<Placed<String>> {
        match &node.value {
            Value::Text(text) => Some(Placed { value: text.clone(), place: node.place }),
            Value::List(_) | Value::Map(_) | Value::Other(_) => {
                self.wrong_kind(meant::TEXT, node);
                None
            }
        }
    }

    /// A text that people read: told where a comment follows it, which was perhaps to be a part.
    pub(super) fn said(&mut self, node: &Node) -> Option<Placed<String>> {
        let text = self.text(node)?;
        if let Some(comment) = self.comments.get(&node.place).copied() {
            self.doubt(comment, Kind::CutText);
        }
        Some(text)
    }

    /// A name, a time or a part of a grade: what looks like a number is taken as it is written.
    pub(super) fn name(&mut self, node: &Node) -> Option<Placed<String>> {
        match &node.value {
            Value::Other(scalar) if scalar.meaning() != Meaning::Nothing => {
                Some(Placed { value: scalar.text.clone(), place: node.place })
            }
            Value::Text(_) | Value::List(_) | Value::Map(_) | Value::Other(_) => self.text(node),
        }
    }

    pub(super) fn flag(&mut self, node: Option<&Node>) -> bool {
        let Some(node) = node else { return false };
        if let Value::Other(scalar) = &node.value
            && let Meaning::Truth(is_true) = scalar.meaning()
        {
            if scalar.text != is_true.to_string() {
                self.doubt(node.place, Kind::Truth { word: scalar.text.clone(), is_true });
            }
            return is_true;
        }
        self.wrong_kind(meant::FLAG, node);
        false
    }

    /// The value of a word of a closed set.
    pub(super) fn word<W: Word>(&mut self, what: &'static str, node: &Node) -> Option<W> {
        let text = self.name(node)?;
        self.word_in(what, &text.value, text.place)
    }

    pub(super) fn word_in<W: Word>(
        &mut self,
        what: &'static str,
        word: &str,
        place: Place,
    ) -> Option<W> {
        let known = W::from_word(word);
        if known.is_none() {
            let words: Vec<&str> = W::WORDS.iter().map(|(word, _)| *word).collect();
            self.unknown_word(what, word, place, &words);
        }
        known
    }

    pub(super) fn unknown_word(
        &mut self,
        what: &'static str,
        word: &str,
        place: Place,
        words: &[&str],
    ) {
        let nearest = nearest(word, words);
        let allowed = words.join(", ");
        self.fault(place, Fault::UnknownWord { what, word: word.to_owned(), allowed, nearest });
    }
}

/// The entries of one map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'n> {
    pub(super) place: Place,
    entries: &'n [(Placed<String>, Node)],
}

impl<'n> Fields<'n> {
    pub(super) fn find(self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(known, _)| known.value == key).map(|(_, value)| value)
    }

    pub(super) fn need(self, key: &'static str, reader: &mut Reader) -> Option<&'n Node> {
        let found = self.find(key);
        if found.is_none() {
            reader.fault(self.place, Fault::MissingKey { key });
        }
        found
    }
}

fn placed(place: yaml::Place, other: Option<usize>) -> Place {
    let yaml::Place { line, column } = place;
    Place { line, column, other }
}
