//! YAML as a tree in which everything knows its place.
//!
//! Lessons are read by hand from this tree, not by serde's derived code: that stops at the first
//! fault, and an author wants to be told all of them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{Location, Spanned};

use super::doubts::{Doubt, Kind, Spot};
use super::error::{Fault, LessonError, nearest};
use super::vocabulary::Word;

/// Largest lesson file, in bytes. A long lesson with all its texts has some 50 kB.
const MAX_LESSON_BYTES: usize = 1 << 20;

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

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let (line, column) = (location.line().max(1), location.column().max(1));
        Self { line, column, other: None }
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

/// What a node holds. Lessons have texts, lists, maps and `true`; the rest is only named.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Placed<String>, Node)>),
    Bool(bool),
    Other(&'static str),
}

impl Value {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "keys and values",
            Self::Bool(_) => "`true` or `false`",
            Self::Other(kind) => kind,
        }
    }
}

/// Reads a file as a tree.
pub(super) fn read(yaml: &str) -> Result<Node, Box<LessonError>> {
    let top = Place { line: 1, column: 1, other: None };
    if yaml.len() > MAX_LESSON_BYTES {
        return Err(Box::new(top.fault(Fault::Yaml("the file is larger than 1 MiB".to_owned()))));
    }
    serde_saphyr::from_str::<Node>(yaml).map_err(|error| {
        let place = error.location().map_or(top, Place::from);
        let said = error.without_snippet().to_string();
        // The place is told in front already.
        let what = said.split_once(" at line ").map_or(said.as_str(), |(what, _)| what);
        Box::new(place.fault(Fault::Yaml(what.to_owned())))
    })
}

impl Node {
    /// The value of a key, if this is a map that has it.
    pub(super) fn entry(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(known, _)| known.value == key).map(|(_, value)| value)
    }

    /// Notes of everything in it that it comes from another file, unless that is noted already.
    pub(super) fn inherit(&mut self, other: usize) {
        self.place.other.get_or_insert(other);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.inherit(other)),
            Value::Map(entries) => {
                for (key, value) in entries {
                    key.place.other.get_or_insert(other);
                    value.inherit(other);
                }
            }
            Value::Text(_) | Value::Bool(_) | Value::Other(_) => {}
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, place: spanned.referenced.into() })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a list, or keys and values")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other("a number"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other("nothing"))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Other("nothing"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Spanned<String>, Node>()? {
            map.push((Placed { value: key.value, place: key.referenced.into() }, value));
        }
        Ok(Value::Map(map))
    }
}

/// Takes values out of a tree and keeps the faults that it meets.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) errors: Vec<LessonError>,
    /// What is probably a slip, as far as it shows in one place.
    pub(super) doubts: Vec<Doubt>,
    /// The names of the other files.
    others: Vec<String>,
}

impl Reader {
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
        self.fault(node.place, Fault::Kind { expected, found: node.value.kind() });
    }

    /// The entries of a map of which only these keys are known.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, keys: &[&'static str]) -> Fields<'n> {
        let entries = self.entries(node);
        for (key, _) in entries {
            if !keys.contains(&key.value.as_str()) {
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
            Value::Text(_) | Value::List(_) | Value::Bool(_) | Value::Other(_) => {
                self.wrong_kind("keys and values", node);
                &[]
            }
        }
    }

    /// The items of a list; those of no list are none.
    pub(super) fn list<'n>(&mut self, node: Option<&'n Node>) -> &'n [Node] {
        let Some(node) = node else { return &[] };
        match &node.value {
            Value::List(items) => items,
            Value::Text(_) | Value::Map(_) | Value::Bool(_) | Value::Other(_) => {
                self.wrong_kind("a list", node);
                &[]
            }
        }
    }

    pub(super) fn text(&mut self, node: &Node) -> Option<Placed<String>> {
        match &node.value {
            Value::Text(text) => Some(Placed { value: text.clone(), place: node.place }),
            Value::List(_) | Value::Map(_) | Value::Bool(_) | Value::Other(_) => {
                self.wrong_kind("a text", node);
                None
            }
        }
    }

    pub(super) fn flag(&mut self, node: Option<&Node>) -> bool {
        match node.map(|node| (&node.value, node)) {
            None => false,
            Some((Value::Bool(value), _)) => *value,
            Some((_, node)) => {
                self.wrong_kind("`true` or `false`", node);
                false
            }
        }
    }

    /// The value of a word of a closed set.
    pub(super) fn word<W: Word>(&mut self, what: &'static str, node: &Node) -> Option<W> {
        let text = self.text(node)?;
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
