//! A YAML file as a tree in which every node knows its line, and a reader of its sections that
//! collects all faults instead of stopping at the first.

use std::{cell::RefCell, fmt, path::Path, path::PathBuf};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

/// A fault in the settings: one sentence with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file that is at fault.
    pub file: PathBuf,
    /// Line in it, from 1; `None` where the whole file is meant.
    pub line: Option<u64>,
    /// Dotted path of the key; empty where the whole file is meant.
    pub key: String,
    /// What is wrong, and what is allowed. Never holds a secret.
    pub what: String,
    /// What kind of fault it is: it decides on the exit code.
    pub kind: ProblemKind,
}

/// The kind of a [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The settings say something that cannot be.
    Bad,
    /// The settings name something that is not there.
    Missing,
    /// The settings say something that is understood, and should be written otherwise: no fault.
    Doubt,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.what)
    }
}

/// A node and its line.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) line: u64,
}

/// What a node can be. Scalars other than text keep their YAML type.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, u64, Node)>),
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Float => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a section",
        }
    }
}

impl Value {
    /// The text, or the number as a text, as `secret: 12345` was meant.
    fn as_text(&self) -> Option<String> {
        if let Self::Int(number) = self {
            return Some(number.to_string());
        }
        if let Self::Text(text) = self { Some(text.clone()) } else { None }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { value: spanned.value, line: spanned.referenced.line() })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        // Too large for any setting: the range check of its reader refuses it.
        Ok(Value::Int(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Float)
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = seq.next_element::<Node>()? {
            list.push(node);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            entries.push((key.value, key.referenced.line(), map.next_value::<Node>()?));
        }
        Ok(Value::Map(entries))
    }
}

/// Reads a whole file.
///
/// # Errors
///
/// The one [`Problem`] that keeps the text from being YAML. The text of the file is not in it,
/// as it may hold passwords.
pub(super) fn parse(file: &Path, text: &str) -> Result<Node, Problem> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(Node { value: Value::Map(Vec::new()), line: 1 });
    }
    serde_saphyr::from_str::<Node>(text).map_err(|error| Problem {
        file: file.to_owned(),
        line: error.location().map(|location| location.line()),
        key: String::new(),
        what: format!(
            "is not valid YAML ({}); check indentation and quotes there",
            summary(&error)
        ),
        kind: ProblemKind::Bad,
    })
}

/// The kind of a YAML error in words of our own, as the library's may quote the file.
fn summary(error: &serde_saphyr::Error) -> &'static str {
    let text = error.to_string();
    if text.contains("duplicate") {
        "a key stands there twice"
    } else if text.contains("indent") {
        "the indentation does not fit"
    } else {
        "a syntax error"
    }
}

/// One section while it is read: remembers which keys were asked for.
#[derive(Debug)]
pub(super) struct Section<'a> {
    file: &'a Path,
    path: String,
    line: Option<u64>,
    entries: Vec<(String, u64, Node)>,
    asked: RefCell<Vec<&'static str>>,
    problems: &'a RefCell<Vec<Problem>>,
}

impl<'a> Section<'a> {
    /// The root section.
    pub(super) fn root(file: &'a Path, node: Node, problems: &'a RefCell<Vec<Problem>>) -> Self {
        let empty = Self::empty(file, String::new(), problems);
        empty.with_node(node)
    }

    fn empty(file: &'a Path, path: String, problems: &'a RefCell<Vec<Problem>>) -> Self {
        Self { file, path, line: None, entries: Vec::new(), asked: RefCell::default(), problems }
    }

    fn with_node(mut self, node: Node) -> Self {
        self.line = Some(node.line);
        match node.value {
            Value::Map(entries) => self.entries = entries,
            Value::Null => {}
            other @ (Value::Bool(_)
            | Value::Int(_)
            | Value::Float
            | Value::Text(_)
            | Value::List(_)) => {
                self.report(
                    Some(node.line),
                    self.path.clone(),
                    ProblemKind::Bad,
                    format!("is {}, but must be a section with keys of its own", other.kind()),
                );
            }
        }
        self
    }

    fn report(&self, line: Option<u64>, key: String, kind: ProblemKind, what: String) {
        let file = self.file.to_owned();
        self.problems.borrow_mut().push(Problem { file, line, key, what, kind });
    }

    /// Dotted path of a key of this section.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn find(&self, key: &'static str) -> Option<&Node> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|(name, _, _)| name == key).map(|(_, _, node)| node)
    }

    /// Reports a fault at a key, or at this section where the key is not there.
    pub(super) fn fault(&self, key: &str, what: impl Into<String>) {
        self.fault_of(ProblemKind::Bad, key, what.into());
    }

    /// Reports that something which a key names is not there.
    pub(super) fn missing(&self, key: &str, what: impl Into<String>) {
        self.fault_of(ProblemKind::Missing, key, what.into());
    }

    /// Reports what is understood, and should be written otherwise.
    pub(super) fn doubt(&self, key: &str, what: impl Into<String>) {
        self.fault_of(ProblemKind::Doubt, key, what.into());
    }

    fn fault_of(&self, kind: ProblemKind, key: &str, what: String) {
        let entry = self.entries.iter().find(|(name, _, _)| name == key);
        let line = entry.map(|(_, line, _)| *line).or(self.line);
        self.report(line, self.path_of(key), kind, what);
    }

    /// Whether the key is there and not null.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some_and(|node| !matches!(node.value, Value::Null))
    }

    /// Whether the key is there and null.
    pub(super) fn is_null(&self, key: &'static str) -> bool {
        self.find(key).is_some_and(|node| matches!(node.value, Value::Null))
    }

    /// The line of a key, or of this section where the key is not there.
    pub(super) fn line_of(&self, key: &str) -> u64 {
        let entry = self.entries.iter().find(|(name, _, _)| name == key);
        entry.map(|(_, line, _)| *line).or(self.line).unwrap_or(1)
    }

    /// A text, or none where the key is absent or null.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let value = &self.find(key)?.value;
        let text = value.as_text();
        if text.is_none() && !matches!(value, Value::Null) {
            self.fault(key, format!("is {}, but must be a text; put it in quotes", value.kind()));
        }
        text
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        match self.find(key).map(|node| &node.value) {
            None | Some(Value::Null) => default,
            Some(Value::Bool(flag)) => *flag,
            Some(other) => {
                self.fault(key, format!("is {}, but must be true or false", other.kind()));
                default
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        key: &'static str,
        default: u32,
        allowed: std::ops::RangeInclusive<u32>,
        unit: &str,
    ) -> u32 {
        let (least, most) = (*allowed.start(), *allowed.end());
        let number = match self.find(key).map(|node| &node.value) {
            None | Some(Value::Null) => return default,
            Some(Value::Int(number)) => u32::try_from(*number).ok(),
            Some(_) => None,
        };
        number.filter(|number| allowed.contains(number)).unwrap_or_else(|| {
            self.fault(key, format!("must be a whole number of {unit} from {least} to {most}"));
            default
        })
    }

    /// A list of texts with their lines; empty where the key is absent.
    pub(super) fn texts(&self, key: &'static str) -> Vec<(String, u64)> {
        let Some(node) = self.find(key) else { return Vec::new() };
        match &node.value {
            Value::Null => Vec::new(),
            Value::Text(text) => vec![(text.clone(), node.line)],
            Value::List(list) => list
                .iter()
                .filter_map(|node| {
                    let text = node.value.as_text();
                    if text.is_none() {
                        let kind = node.value.kind();
                        let what = format!("holds {kind}, but each entry must be a text");
                        self.report(Some(node.line), self.path_of(key), ProblemKind::Bad, what);
                    }
                    Some((text?, node.line))
                })
                .collect(),
            other @ (Value::Bool(_) | Value::Int(_) | Value::Float | Value::Map(_)) => {
                self.fault(key, format!("is {}, but must be a list of texts", other.kind()));
                Vec::new()
            }
        }
    }

    /// A section under this one; an empty one where the key is absent.
    pub(super) fn section(&self, key: &'static str) -> Self {
        let empty = Self::empty(self.file, self.path_of(key), self.problems);
        match self.find(key) {
            Some(node) => empty.with_node(node.clone()),
            None => Self { line: self.line, ..empty },
        }
    }

    /// The sections of a map whose keys are the user's own (accounts, consumers).
    pub(super) fn each(&self, key: &'static str) -> Vec<(String, Self)> {
        let map = self.section(key);
        let entries = map.entries.clone();
        entries
            .into_iter()
            .map(|(name, line, node)| {
                let section = Self::empty(self.file, map.path_of(&name), self.problems);
                let section = section.with_node(node);
                (name, Self { line: Some(line), ..section })
            })
            .collect()
    }

    /// A map of texts whose keys are the user's own.
    pub(super) fn text_map(&self, key: &'static str) -> Vec<(String, String)> {
        let map = self.section(key);
        let mut pairs = Vec::new();
        for (name, line, node) in &map.entries {
            if let Some(text) = node.value.as_text() {
                pairs.push((name.clone(), text));
            } else {
                let what = format!("is {}, but must be a text", node.value.kind());
                self.report(Some(*line), map.path_of(name), ProblemKind::Bad, what);
            }
        }
        pairs
    }

    /// Ends the reading: every key that nobody asked for is a fault.
    pub(super) fn end(self) {
        let asked = self.asked.borrow();
        for (name, line, _) in &self.entries {
            if asked.iter().any(|known| known == name) {
                continue;
            }
            let nearest = asked.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
            let close = nearest.filter(|known| {
                strsim::damerau_levenshtein(known, name) <= 2.max(name.chars().count() / 3)
            });
            let hint = if let Some(known) = close {
                format!("did you mean {known}?")
            } else {
                let mut known: Vec<_> = asked.iter().copied().collect();
                known.sort_unstable();
                known.dedup();
                format!("the keys here are {}", known.join(", "))
            };
            let what = format!("is not a setting; {hint}");
            self.report(Some(*line), self.path_of(name), ProblemKind::Bad, what);
        }
    }
}
