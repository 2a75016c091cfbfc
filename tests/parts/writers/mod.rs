//! What writers of lessons and settings get wrong, and what they are told: where it begins, what it
//! is, and what to write.

#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    clippy::format_collect,
    reason = "helpers of a test may fail it, and its texts are small"
)]

mod damage;
mod doubts;
mod files;
mod lessons;
mod settings;
mod slips;

/// What the words of a parser and of its programming interface are told by; writers know neither.
const FOREIGN: &[&str] = &[
    "Policy",
    "budget",
    "breached",
    "mapping",
    "scalar",
    "anchor",
    "alias",
    "flow ",
    "block",
    "serde",
    "deserial",
    "EOF",
    "Nodes",
    "token",
    "expected <",
    "::",
    "simple key",
    "document",
    "indicator",
    "sequence",
    "stream",
    "directive",
    "indent_",
    "unexpected",
    "invalid",
    "parse",
    "syntax",
    "node",
    "BOM",
    "tag ",
    "i64",
    "u64",
    "None",
    "Some(",
    "Err(",
];

/// Checks that nothing is said in words of a parser.
#[track_caller]
fn check_words(told: &str) {
    // What is quoted, and the names of keys and variables, are no words of a parser.
    let outside = told.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let is_key = |word: &&str| word.contains('_') || word.contains('.') && word.ends_with(':');
    let outside = outside.split(' ').filter(|word| !is_key(word)).collect::<Vec<_>>().join(" ");
    for word in FOREIGN {
        assert!(!outside.contains(word), "{word:?} is no word for writers: {told}");
    }
}
