//! What a scalar means by how it is written.

use super::{Content, Node, Scalar, Style};

/// What a scalar means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing: left out, `~` or `null`.
    Nothing,
    /// `true` or `false`, or what many take for it: `yes`, `No`, `ON`.
    Truth(bool),
    /// A whole number.
    Whole(i64),
    /// Another number: `0.5`, `1e3`, `0x10`, `1_000`.
    Number,
    /// A text.
    Text,
}

impl Scalar {
    /// What it means.
    pub fn meaning(&self) -> Meaning {
        if self.style == Style::Quoted {
            return Meaning::Text;
        }
        match self.text.as_str() {
            "" | "~" | "null" | "Null" | "NULL" => return Meaning::Nothing,
            text if is_any(text, &["true", "yes", "on", "y"]) => return Meaning::Truth(true),
            text if is_any(text, &["false", "no", "off", "n"]) => return Meaning::Truth(false),
            _ => {}
        }
        if let Some(number) = whole(&self.text) {
            return Meaning::Whole(number);
        }
        if is_number(&self.text) { Meaning::Number } else { Meaning::Text }
    }

    /// Whether nothing at all was written.
    pub fn is_missing(&self) -> bool {
        self.style == Style::Plain && self.text.is_empty()
    }
}

impl Content {
    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(scalar) => match scalar.meaning() {
                Meaning::Nothing => "nothing",
                Meaning::Truth(_) => "`true` or `false`",
                Meaning::Whole(_) => "a whole number",
                Meaning::Number => "a number",
                Meaning::Text => "a text",
            },
            Self::List(_) => "a list",
            Self::Map(_) => "keys and values",
        }
    }
}

impl Node {
    /// Whether it is nothing.
    pub fn is_nothing(&self) -> bool {
        matches!(&self.content, Content::Scalar(scalar) if scalar.meaning() == Meaning::Nothing)
    }
}

fn is_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// A whole number that is written with digits alone. Such as are too large are the largest.
fn whole(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_plain = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        // What begins with 0 may be an octal number, or the number of a room.
        && (digits == "0" || !digits.starts_with('0'));
    is_plain.then(|| text.parse().unwrap_or(i64::MAX))
}

/// Whether YAML, old or new, takes this for a number.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return !digits.is_empty() && digits.chars().all(|c| c == '_' || c.is_digit(radix));
        }
    }
    if matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let mut chars = text.chars();
    let begins = match chars.next() {
        Some('.') => chars.next().is_some_and(|c| c.is_ascii_digit()),
        first => first.is_some_and(|c| c.is_ascii_digit()),
    };
    let is_made_of = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_' | 'e' | 'E' | '+' | '-');
    begins && text.chars().all(is_made_of) && text.replace('_', "").parse::<f64>().is_ok()
}
