//! YAML as people write it: a tree in which everything knows its place, and faults in the words of
//! those who write.
//!
//! ```text
//! text --lines, signs--> what no file may hold
//!      --granit_parser--> events --build--> Document: the tree, and faults that leave a tree
//!                            `--diagnosis--> Fault: what was meant, and where it began
//! ```
//!
//! A parser tells where it could not go on. That is seldom where the slip is: a quotation mark that
//! is not closed shows many lines below. So a fault is looked for anew in what was read up to there.
//!
//! Settings hold secrets: a [`Fault`] quotes signs and keys, never a value.

mod build;
mod diagnosis;
mod fault;
mod lines;
mod meaning;
#[cfg(test)]
mod tests;

pub use fault::{Fault, What};
pub use meaning::Meaning;

/// How deep lists and keys may stand within each other.
pub const MAX_DEPTH: usize = 60;

/// Most nodes of a tree, those that are repeated by `*name` among them.
pub const MAX_NODES: usize = 100_000;

/// Most bytes of text of a tree, what is repeated by `*name` included, for each byte of the file that
/// is allowed.
const MAX_GROWTH: usize = 4;

/// A line and a column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl Place {
    /// Where a file begins.
    pub const TOP: Self = Self { line: 1, column: 1 };
}

/// A file that is YAML, perhaps with faults.
#[derive(Clone, Debug)]
pub struct Document {
    /// What stands in it.
    pub root: Node,
    /// What is wrong with it, in the order of the file.
    pub faults: Vec<Fault>,
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it begins; of nothing at all: where its key begins.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Content {
    /// A text, a number, a word, or nothing.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// Keys and values.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key, as it is written.
    pub key: String,
    /// Where the key begins.
    pub place: Place,
    /// The value.
    pub value: Node,
    /// Whether the value was left out within `{ }`: then the key is what a text went on with after
    /// a comma, as in `{ say: Well, hello }`.
    pub is_after_comma: bool,
}

/// How a scalar was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As it is; then it may mean a number, `true`, or nothing.
    Plain,
    /// In quotation marks, or below `|` or `>`: it is a text, whatever it looks like.
    Quoted,
}

/// What has no parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its text: of a plain one as it is written.
    pub text: String,
    /// How it was written.
    pub style: Style,
    /// Where a comment begins in the line in which it ends, if one does, and it is plain: perhaps it
    /// was meant to be a part of the text.
    pub comment: Option<Place>,
    /// Whether that comment begins as comments do, with a blank or another `#`: `# so`, not `#4`.
    pub is_spaced: bool,
}

/// Reads a file of at most so many bytes.
///
/// # Errors
///
/// What keeps it from being YAML: at least one fault, in the order of the file.
pub fn parse(text: &str, most: usize) -> Result<Document, Vec<Fault>> {
    if text.len() > most {
        return Err(vec![Fault { place: Place::TOP, what: What::TooLarge { most } }]);
    }
    let lines = lines::Lines::of(text);
    if let Some(fault) = lines.control() {
        return Err(vec![fault]);
    }
    build::build(text, &lines, most.saturating_mul(MAX_GROWTH))
}
