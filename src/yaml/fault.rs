//! What can be wrong with a file as YAML, in the words of those who write it.

use std::fmt;

use super::{MAX_DEPTH, MAX_NODES, Place};

/// Something that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub what: What,
}

/// What is wrong. Its text is one sentence, and holds signs and keys of the file, never a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum What {
    /// The file is larger than such a file may be, in bytes.
    TooLarge {
        /// The most bytes allowed.
        most: usize,
    },
    /// Lists and keys stand within each other too deep.
    TooDeep,
    /// There are too many values, or too much text is repeated.
    TooMany,
    /// A control character.
    Control(char),
    /// A tab in front of what a line says.
    TabIndent,
    /// A tab elsewhere.
    Tab,
    /// A sign that looks like a blank and is none.
    OddBlank(char),
    /// A line fits none of the lines above it.
    Indent {
        /// Its blanks.
        found: usize,
        /// How many blanks would fit, and the line that has as many.
        fits: Vec<(usize, u64)>,
    },
    /// A line is indented as the value of one that has a value already.
    Deeper {
        /// That line.
        line: u64,
        /// Its blanks.
        indent: usize,
    },
    /// Quotation marks that are not closed.
    UnclosedQuote {
        /// The mark.
        mark: char,
        /// The line in which that shows; `None`: the text runs on to the end of the file.
        shown: Option<u64>,
    },
    /// Something follows a text in quotation marks.
    AfterQuote {
        /// The mark.
        mark: char,
    },
    /// A bracket that is not closed.
    UnclosedBracket {
        /// The bracket.
        open: char,
    },
    /// A bracket that closes nothing.
    StrayBracket(char),
    /// A bracket that closes another one.
    WrongBracket {
        /// What was opened.
        open: char,
        /// What closes it.
        close: char,
    },
    /// Something follows a list or keys in brackets.
    AfterBracket {
        /// The bracket.
        open: char,
    },
    /// Something within brackets that cannot stand there.
    InBrackets,
    /// A text that begins with a sign that means something else in YAML.
    BeginsWith(char),
    /// A colon with a blank within a text.
    ColonInText,
    /// A text goes on below a comment.
    CutText,
    /// A line of keys has none.
    NoColon,
    /// A colon stands without a blank after it, or with another sign than a blank.
    ColonWithoutBlank,
    /// A list begins in the line of its key.
    ListInLine,
    /// A list where keys are, or keys where a list is.
    Mixed {
        /// Whether this is an item of a list.
        is_item: bool,
        /// The line in which the others begin.
        line: u64,
    },
    /// The lines below `|` or `>` do not fit each other.
    Paragraph,
    /// A backslash before a sign that it does not go with.
    Escape,
    /// A key that is there twice.
    Twice {
        /// The key.
        key: String,
        /// The line of the first one.
        line: u64,
    },
    /// A key that is a list, or has keys itself.
    OddKey,
    /// A value without a key.
    NoKey,
    /// A key that is longer than keys may be, or goes over several lines.
    LongKey,
    /// `<<` with something that has no keys.
    Merge,
    /// A second document.
    Second,
    /// Nobody foresaw it.
    Other,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.place.line, self.place.column, self.what)
    }
}

impl fmt::Display for What {
    #[expect(clippy::too_many_lines, reason = "one sentence for each slip")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { most } if most % (1 << 20) == 0 => {
                write!(f, "the file is larger than the {} MiB that are allowed", most >> 20)
            }
            Self::TooLarge { most } => {
                write!(f, "the file is larger than the {} KiB that are allowed", most >> 10)
            }
            Self::TooDeep => write!(
                f,
                "lists and keys stand within each other more than {MAX_DEPTH} deep here; write them \
                 less deep"
            ),
            Self::TooMany => write!(
                f,
                "the file holds more than the {MAX_NODES} values that are allowed, counting what \
                 `*` repeats, or far more text than it seems; make it shorter"
            ),
            Self::Control(sign) => write!(
                f,
                "a control character (U+{:04X}) stands here, which nobody sees; take it out",
                u32::from(*sign)
            ),
            Self::TabIndent => f.write_str(
                "the line is indented with a tab; indent it with blanks (the space bar) alone",
            ),
            Self::Tab => f.write_str("a tab stands here, where only blanks can; write blanks"),
            Self::OddBlank(sign) => write!(
                f,
                "a sign stands here that only looks like a blank (U+{:04X}); write a blank in its \
                 place",
                u32::from(*sign)
            ),
            Self::Indent { found, fits } => {
                write!(f, "the line is indented by {}, which fits no line above", blanks(*found))?;
                for (ix, (indent, line)) in fits.iter().enumerate() {
                    f.write_str(if ix == 0 { "; indent it by " } else { ", or by " })?;
                    write!(f, "{} as line {line}", blanks(*indent))?;
                }
                Ok(())
            }
            Self::Deeper { line, indent } => write!(
                f,
                "the line is indented further than line {line}, which has its value already; indent \
                 it by {} as line {line}, or write the text of line {line} in quotation marks if it \
                 goes on here",
                blanks(*indent)
            ),
            Self::UnclosedQuote { mark, shown } => {
                write!(f, "the quotation mark {mark} that is opened here is not closed")?;
                if let Some(line) = shown {
                    write!(f, ": the text runs on into line {line}")?;
                }
                write!(f, "; write {mark} at the end of the text")
            }
            Self::AfterQuote { mark: '\'' } => f.write_str(
                "the quotation mark ' closes before this place, and more follows; write the whole \
                 text in quotation marks, and '' for each ' within it",
            ),
            Self::AfterQuote { mark } => write!(
                f,
                "the quotation mark {mark} closes before this place, and more follows; write the \
                 whole text in quotation marks, and \\{mark} for each {mark} within it"
            ),
            Self::UnclosedBracket { open } => write!(
                f,
                "the bracket {open} that is opened here is not closed; write {} at its end, or, if \
                 this is a text, write it in quotation marks",
                closing(*open)
            ),
            Self::StrayBracket(close) => write!(
                f,
                "the bracket {close} closes nothing; take it out, or, if this is a text, write it in \
                 quotation marks"
            ),
            Self::WrongBracket { open, close } => write!(
                f,
                "the bracket {open} that is opened here is closed by {close}; write {} there, or, if \
                 this is a text, write it in quotation marks",
                closing(*open)
            ),
            Self::AfterBracket { open } => write!(
                f,
                "more follows after the {} that closes this {open}; if this is a text, write the \
                 whole of it in quotation marks",
                closing(*open)
            ),
            Self::InBrackets => f.write_str(
                "this cannot stand within brackets so; write a comma between two values, and a text \
                 that holds any of , : [ ] { } in quotation marks",
            ),
            Self::BeginsWith(sign) => write!(
                f,
                "a text that begins with {sign} stands in quotation marks; write \"{sign}…\""
            ),
            Self::ColonInText => f.write_str(
                "a colon with a blank after it stands within a text here, as if the text before it \
                 were a key; write the whole text in quotation marks",
            ),
            Self::CutText => f.write_str(
                "the text ends here, for what follows # after a blank is a comment, and goes on \
                 below; write the whole text in quotation marks",
            ),
            Self::NoColon => f.write_str(
                "the line has no key with a colon; write `key: value`, or, if it goes on with the \
                 text of the line above, indent it further than that",
            ),
            Self::ColonWithoutBlank => f.write_str(
                "a blank is missing after the colon here; write `key: value`",
            ),
            Self::ListInLine => f.write_str(
                "a list cannot begin in the line of its key; write each of its items in a line of \
                 its own below, or, if this is a text, write it in quotation marks",
            ),
            Self::Mixed { is_item: true, line } => write!(
                f,
                "an item of a list (`- …`) stands here among the keys that begin in line {line}; \
                 write it below the key that it belongs to, indented as the other items there"
            ),
            Self::Mixed { is_item: false, line } => write!(
                f,
                "a line without `- ` stands here among the items of the list that begins in line \
                 {line}; write `- ` in front of it, or indent it as the lines that it belongs to"
            ),
            Self::Paragraph => f.write_str(
                "the lines below | or > are not indented alike; indent the first of them as the \
                 others, with blanks",
            ),
            Self::Escape => f.write_str(
                "a backslash within \" \" stands before a sign that it does not go with; write \\\\ \
                 for a backslash, or write the text in ' '",
            ),
            Self::Twice { key, line } => write!(
                f,
                "the key `{key}` is there twice, in line {line} before; keep one of the two"
            ),
            Self::OddKey => f.write_str(
                "brackets stand here in the place of a key; if this is a text, write it in \
                 quotation marks",
            ),
            Self::NoKey => f.write_str("a colon stands here without a key; write `key: value`"),
            Self::LongKey => f.write_str(
                "a key stands in one line with its colon; write `key: value`, and a text that goes \
                 on in other lines in quotation marks",
            ),
            Self::Merge => f.write_str("what follows << is not keys and values; take it out"),
            Self::Second => f.write_str(
                "what stands here begins a second part, and a file has one; take out the line with \
                 --- or ...",
            ),
            Self::Other => f.write_str(
                "this cannot be understood here; look at the indentation and the quotation marks of \
                 this line and of the one above",
            ),
        }
    }
}

/// A number of blanks, in words.
fn blanks(n_blanks: usize) -> String {
    match n_blanks {
        0 => "no blanks".to_owned(),
        1 => "1 blank".to_owned(),
        _ => format!("{n_blanks} blanks"),
    }
}

/// What closes a bracket.
fn closing(open: char) -> char {
    if open == '{' { '}' } else { ']' }
}
