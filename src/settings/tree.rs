//! A reader of the sections of settings that collects all faults instead of stopping at the first.

use std::{cell::RefCell, fmt, path::Path, path::PathBuf};

use crate::yaml::{self, Content, Document, Entry, Meaning, Node, Scalar};

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
    /// The settings say something with which the bot starts, and does nobody any good: a fault for
    /// `check` alone.
    Futile,
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

/// Largest file of settings, in bytes.
const MAX_SETTINGS_BYTES: usize = 1 << 20;

/// What people write around a text in the place of quotation marks.
const CURLY: [char; 6] = ['“', '”', '„', '‘', '’', '‚'];

/// Reads a whole file: the tree, and the faults that leave one.
///
/// # Errors
///
/// The faults that keep the text from being YAML. The text of the file is not in them, as it may hold
/// passwords.
pub(super) fn parse(file: &Path, text: &str) -> Result<(Node, Vec<Problem>), Vec<Problem>> {
    let problems = |faults: Vec<yaml::Fault>| {
        let problem = |fault: yaml::Fault| Problem {
            file: file.to_owned(),
            line: Some(fault.place.line),
            key: String::new(),
            what: fault.what.to_string(),
            kind: ProblemKind::Bad,
        };
        faults.into_iter().map(problem).collect()
    };
    match yaml::parse(text, MAX_SETTINGS_BYTES) {
        Ok(Document { root, faults }) => Ok((root, problems(faults))),
        Err(faults) => Err(problems(faults)),
    }
}

/// What a value is, for people.
fn kind(node: &Node) -> &'static str {
    match node.content {
        Content::Map(_) => "a section",
        Content::Scalar(_) | Content::List(_) => node.content.kind(),
    }
}

/// The text, or the number as it is written, as `secret: 12345` was meant.
fn as_text(node: &Node) -> Option<String> {
    let Content::Scalar(scalar) = &node.content else { return None };
    match scalar.meaning() {
        Meaning::Text | Meaning::Whole(_) | Meaning::Number => Some(scalar.text.clone()),
        Meaning::Truth(_) | Meaning::Nothing => None,
    }
}

/// The comment in the line of a value that stands without quotation marks.
fn comment(node: &Node) -> Option<&Scalar> {
    match &node.content {
        Content::Scalar(scalar) => Some(scalar).filter(|scalar| scalar.comment.is_some()),
        Content::List(_) | Content::Map(_) => None,
    }
}

/// The whole number that was perhaps meant by `"45"`, `45s` or `1_000`.
fn meant_number(text: &str) -> Option<u32> {
    let text = text.trim().replace('_', "");
    let n_digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at_checked(n_digits)?;
    let is_seconds = matches!(unit.trim(), "" | "s" | "sec" | "secs" | "second" | "seconds");
    if is_seconds { digits.parse().ok() } else { None }
}

/// Whether a secret must be there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Need {
    /// It may be null.
    Optional,
    /// It may be null only where this key has a value.
    Unless(&'static str),
}

/// One section while it is read: remembers which keys were asked for.
#[derive(Debug)]
pub(super) struct Section<'a> {
    file: &'a Path,
    path: String,
    line: Option<u64>,
    entries: Vec<Entry>,
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
        let line = node.place.line;
        self.line = Some(line);
        let is_nothing = node.is_nothing();
        let kind = kind(&node);
        match node.content {
            Content::Map(entries) => self.entries = entries,
            Content::Scalar(_) if is_nothing => {}
            Content::Scalar(_) | Content::List(_) => {
                let what = format!("is {kind}, but must be a section with keys of its own");
                self.report(Some(line), self.path.clone(), ProblemKind::Bad, what);
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

    fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn find(&self, key: &'static str) -> Option<&Node> {
        self.asked.borrow_mut().push(key);
        self.entry(key).map(|entry| &entry.value)
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

    /// Reports that nothing can come of what a key says, though the bot starts with it.
    pub(super) fn futile(&self, key: &str, what: impl Into<String>) {
        self.fault_of(ProblemKind::Futile, key, what.into());
    }

    fn fault_of(&self, kind: ProblemKind, key: &str, what: String) {
        let line = self.entry(key).map(|entry| entry.place.line).or(self.line);
        self.report(line, self.path_of(key), kind, what);
    }

    /// Whether the key is there and not null.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.find(key).is_some_and(|node| !node.is_nothing())
    }

    /// Whether the key is there and null.
    pub(super) fn is_null(&self, key: &'static str) -> bool {
        self.find(key).is_some_and(Node::is_nothing)
    }

    /// The line of a key, or of this section where the key is not there.
    pub(super) fn line_of(&self, key: &str) -> u64 {
        self.entry(key).map(|entry| entry.place.line).or(self.line).unwrap_or(1)
    }

    /// A text, or none where the key is absent or null.
    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let node = self.find(key)?;
        let text = as_text(node);
        if text.is_none() && !node.is_nothing() {
            let kind = kind(node);
            self.fault(key, format!("is {kind}, but must be a text; put it in quotation marks"));
        }
        // What is commented out begins with a blank.
        if let Some(scalar) =
            comment(node).filter(|scalar| scalar.is_missing() && !scalar.is_spaced)
        {
            self.nothing(ProblemKind::Doubt, key, scalar);
        }
        text
    }

    /// A word of a few that are known, or none where the key is absent or null; `off` and `no` are
    /// words too.
    pub(super) fn word(&self, key: &'static str) -> Option<String> {
        match self.find(key).map(|node| &node.content) {
            Some(Content::Scalar(scalar)) if matches!(scalar.meaning(), Meaning::Truth(_)) => {
                Some(scalar.text.clone())
            }
            _ => self.text(key),
        }
    }

    /// A text that people read, or none where the key is absent or null.
    pub(super) fn said(&self, key: &'static str) -> Option<String> {
        let text = self.text(key)?;
        if let Some(scalar) = self.find(key).and_then(comment) {
            self.cut(&self.path_of(key), scalar);
        }
        Some(text)
    }

    /// A secret, or none where the key is absent. One that is needed may be null only where another
    /// key of the section stands in its place.
    pub(super) fn secret(&self, key: &'static str, need: Need) -> Option<String> {
        let node = self.find(key)?;
        if let Content::Scalar(scalar) = &node.content
            && scalar.meaning() == Meaning::Nothing
        {
            let is_needed = match need {
                Need::Optional => false,
                Need::Unless(other) => !self.has(other),
            };
            if is_needed || scalar.is_missing() && scalar.comment.is_some() {
                self.nothing(ProblemKind::Bad, key, scalar);
            }
            return None;
        }
        let text = self.text(key)?;
        if let Some(scalar) = comment(node) {
            self.cut(&self.path_of(key), scalar);
        }
        if text.starts_with(CURLY) || text.ends_with(CURLY) {
            let what = "begins or ends with a typographic quotation mark, which is a part of it; write \
                        \" or ' if quotation marks are meant";
            self.doubt(key, what);
        }
        Some(text)
    }

    /// Reports a value that YAML takes for nothing.
    fn nothing(&self, kind: ProblemKind, key: &str, scalar: &Scalar) {
        let what = if scalar.comment.is_some() && scalar.is_missing() {
            "is nothing, for what follows # is a comment; put the value in quotation marks"
        } else if scalar.is_missing() {
            "is nothing; write a value in quotation marks, or leave the key out"
        } else {
            "is nothing, for ~ and null stand for it; put the value in quotation marks, or leave the \
             key out"
        };
        self.fault_of(kind, key, what.to_owned());
    }

    /// Reports a comment that was perhaps to be a part of a text.
    fn cut(&self, path: &str, scalar: &Scalar) {
        let Some(place) = scalar.comment else { return };
        let what = "ends before the # in its line, which begins a comment; put the whole of it in \
                    quotation marks, or the comment in a line of its own";
        self.report(Some(place.line), path.to_owned(), ProblemKind::Doubt, what.to_owned());
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(node) = self.find(key).filter(|node| !node.is_nothing()) else { return default };
        if let Content::Scalar(scalar) = &node.content
            && let Meaning::Truth(flag) = scalar.meaning()
        {
            if scalar.text != flag.to_string() {
                self.doubt(key, format!("is taken for {flag}; write {flag}"));
            }
            return flag;
        }
        self.fault(key, format!("is {}, but must be true or false", kind(node)));
        default
    }

    /// A whole number within bounds.
    pub(super) fn number(
        &self,
        key: &'static str,
        default: u32,
        allowed: std::ops::RangeInclusive<u32>,
        unit: &str,
    ) -> u32 {
        let Some(node) = self.find(key).filter(|node| !node.is_nothing()) else { return default };
        let (least, most) = (*allowed.start(), *allowed.end());
        let Content::Scalar(scalar) = &node.content else {
            self.fault(key, format!("must be a whole number of {unit} from {least} to {most}"));
            return default;
        };
        let number = match scalar.meaning() {
            Meaning::Whole(number) => u32::try_from(number).ok(),
            Meaning::Truth(_) | Meaning::Number | Meaning::Text | Meaning::Nothing => None,
        };
        number.filter(|number| allowed.contains(number)).unwrap_or_else(|| {
            let meant = meant_number(&scalar.text).filter(|number| allowed.contains(number));
            let meant = meant.map(|number| format!("; write {number}")).unwrap_or_default();
            self.fault(
                key,
                format!("must be a whole number of {unit} from {least} to {most}{meant}"),
            );
            default
        })
    }

    /// A list of texts with their lines; empty where the key is absent.
    pub(super) fn texts(&self, key: &'static str) -> Vec<(String, u64)> {
        let Some(node) = self.find(key) else { return Vec::new() };
        match &node.content {
            Content::List(list) => list
                .iter()
                .filter_map(|node| {
                    let text = as_text(node);
                    if text.is_none() {
                        let kind = kind(node);
                        let what = format!("holds {kind}, but each entry must be a text");
                        let line = Some(node.place.line);
                        self.report(line, self.path_of(key), ProblemKind::Bad, what);
                    }
                    Some((text?, node.place.line))
                })
                .collect(),
            Content::Scalar(scalar) => match scalar.meaning() {
                Meaning::Nothing => Vec::new(),
                Meaning::Text => vec![(scalar.text.clone(), node.place.line)],
                Meaning::Truth(_) | Meaning::Whole(_) | Meaning::Number => {
                    self.not_texts(key, node);
                    Vec::new()
                }
            },
            Content::Map(_) => {
                self.not_texts(key, node);
                Vec::new()
            }
        }
    }

    fn not_texts(&self, key: &str, node: &Node) {
        self.fault(key, format!("is {}, but must be a list of texts", kind(node)));
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
            .map(|Entry { key: name, place, value, .. }| {
                let section = Self::empty(self.file, map.path_of(&name), self.problems);
                let section = section.with_node(value);
                (name, Self { line: Some(place.line), ..section })
            })
            .collect()
    }

    /// A map of texts whose keys are the user's own, and that people read.
    pub(super) fn text_map(&self, key: &'static str) -> Vec<(String, String)> {
        let map = self.section(key);
        let mut pairs = Vec::new();
        for entry in &map.entries {
            let path = map.path_of(&entry.key);
            if let Some(text) = as_text(&entry.value) {
                if let Some(scalar) = comment(&entry.value) {
                    map.cut(&path, scalar);
                }
                pairs.push((entry.key.clone(), text));
            } else {
                let what = format!(
                    "is {}, but must be a text; put it in quotation marks",
                    kind(&entry.value)
                );
                self.report(Some(entry.place.line), path, ProblemKind::Bad, what);
            }
        }
        pairs
    }

    /// Ends the reading: every key that nobody asked for is a fault.
    pub(super) fn end(self) {
        let asked = self.asked.borrow();
        for Entry { key: name, place, .. } in &self.entries {
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
            self.report(Some(place.line), self.path_of(name), ProblemKind::Bad, what);
        }
    }
}
