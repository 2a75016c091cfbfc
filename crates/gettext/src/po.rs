//! PO files, as in the GNU gettext manual ("The Format of PO Files"): read with the line of every
//! fault, and written so that Poedit and GNU gettext take them.
//!
//! What `msgfmt` of GNU gettext accepts is read, with a warning where a part is left out; what it
//! refuses is refused, with the line and what to write instead. The measure is its release 0.21, and
//! where this is stricter or milder, a test says so (`tests/gnu.rs`).
//!
//! What is kept: comments of translators and of the program, references, flags, previous texts,
//! obsolete entries, and the order. A file is read in the charset of its header, and written in
//! UTF-8.

mod comments;
mod decode;
mod lex;
mod read;
mod write;

/// The flag of a translation that a person has to look at.
pub const FUZZY: &str = "fuzzy";

/// What divides a context from its text in the key of a message, as in MO files.
pub(super) const CONTEXT_END: char = '\u{4}';

/// A fault of a PO file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{line}: {what}")]
pub struct PoFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

fn fault(line: usize, what: &str) -> PoFault {
    PoFault { line, what: what.to_owned() }
}

/// A PO or POT file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Po {
    /// The messages, the header first, the obsolete last.
    pub entries: Vec<Entry>,
    /// `# ` of the translator behind the last message, a line each.
    pub last_comments: Vec<String>,
}

/// A message with its translations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The line of its `msgid`; 0 where it was not read from a file.
    pub line: usize,
    /// `# ` of the translator, a line each.
    pub translator_comments: Vec<String>,
    /// `#. ` for the translator, a line each.
    pub extracted_comments: Vec<String>,
    /// `#: ` where the text is, such as `src/a.rs:12`.
    pub references: Vec<String>,
    /// `#, ` such as `fuzzy`; those of `#=` are among them.
    pub flags: Vec<String>,
    /// `#| ` the text that the translation was made for.
    pub previous: Option<Source>,
    /// What is translated.
    pub source: Source,
    /// The translations: one, or one for each plural form. An empty one is none.
    pub translations: Vec<String>,
    /// `#~ ` no longer in use.
    pub is_obsolete: bool,
}

/// What is translated: the same context and text are the same message.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// `msgctxt`, which tells equal texts apart.
    pub context: Option<String>,
    /// `msgid`.
    pub text: String,
    /// `msgid_plural`.
    pub plural: Option<String>,
}

impl Source {
    /// What a message is found by; as in MO files, but without the plural.
    pub fn key(&self) -> String {
        key(self.context.as_deref(), &self.text)
    }

    /// Whether it is that of the header: no context and no text.
    pub fn is_header(&self) -> bool {
        self.context.is_none() && self.text.is_empty()
    }
}

/// What a text is found by, in its context and text again.
pub fn split_key(key: &str) -> (Option<&str>, &str) {
    match key.split_once(CONTEXT_END) {
        Some((context, text)) => (Some(context), text),
        None => (None, key),
    }
}

/// What a text is found by, with its context.
pub fn key(context: Option<&str>, text: &str) -> String {
    match context {
        Some(context) => format!("{context}{CONTEXT_END}{text}"),
        None => text.to_owned(),
    }
}

impl Entry {
    /// Whether a person has to look at it.
    pub fn is_fuzzy(&self) -> bool {
        self.flags.iter().any(|flag| flag == FUZZY)
    }

    /// Whether it has all its translations, fuzzy or not.
    pub fn is_filled(&self) -> bool {
        !self.translations.is_empty() && self.translations.iter().all(|text| !text.is_empty())
    }

    /// Whether it has any translation.
    pub fn is_begun(&self) -> bool {
        self.translations.iter().any(|text| !text.is_empty())
    }
}

impl Po {
    /// The header, if there is one.
    pub fn header(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.source.is_header() && !entry.is_obsolete)
    }

    /// The value of a field of the header, such as `Plural-Forms`.
    pub fn header_field(&self, name: &str) -> Option<&str> {
        header_field(self.header()?.translations.first()?, name)
    }

    /// The messages in use, without the header.
    pub fn messages(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.is_obsolete && !entry.source.is_header())
    }

    /// The messages that are no longer in use.
    pub fn obsolete(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.is_obsolete)
    }
}

/// The value of a field in the text of a header.
pub(super) fn header_field<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header.lines().find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

#[cfg(test)]
mod tests;
