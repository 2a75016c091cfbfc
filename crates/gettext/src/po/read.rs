//! Reading PO files line by line.

use std::collections::BTreeMap;

use super::{Entry, Po, PoFault, Source, header_field};

/// Largest PO file, in bytes. All texts of the bot are some 150 kB.
const MAX_BYTES: usize = 8 << 20;

/// The most faults that are told of one file; what follows is most often their consequence.
const MAX_FAULTS: usize = 50;

impl Po {
    /// Reads a PO or POT file.
    ///
    /// # Errors
    ///
    /// Its faults, in the order of their lines.
    pub fn parse(content: &[u8]) -> Result<Self, Vec<PoFault>> {
        if content.len() > MAX_BYTES {
            return Err(vec![fault(1, "the file is larger than 8 MiB")]);
        }
        let text = std::str::from_utf8(content).map_err(|error| {
            let (before, _) = content.split_at_checked(error.valid_up_to()).unwrap_or_default();
            let line = memchr::memchr_iter(b'\n', before).count() + 1;
            vec![fault(line, "the file is not UTF-8")]
        })?;
        let mut reader = Reader::default();
        for (ix, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            reader.line_no = ix + 1;
            if let Err(what) = reader.line(line.trim()) {
                reader.faults.push(fault(ix + 1, &what));
                if reader.faults.len() >= MAX_FAULTS {
                    return Err(reader.faults);
                }
            }
        }
        reader.finish();
        reader.check_whole();
        if reader.faults.is_empty() {
            return Ok(Self { entries: reader.entries });
        }
        reader.faults.sort();
        Err(reader.faults)
    }
}

fn fault(line: usize, what: &str) -> PoFault {
    PoFault { line, what: what.to_owned() }
}

/// Where the next `"…"` belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Field {
    #[default]
    None,
    Context,
    Text,
    Plural,
    Translation,
    PreviousContext,
    PreviousText,
    PreviousPlural,
}

#[derive(Debug, Default)]
struct Reader {
    line_no: usize,
    field: Field,
    entry: Entry,
    /// Whether the entry has a `msgid` and, after it, a `msgstr`.
    has_text: bool,
    entries: Vec<Entry>,
    faults: Vec<PoFault>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.is_empty() {
            return Ok(());
        }
        let Some(comment) = line.strip_prefix('#') else { return self.content(line, false) };
        let mut chars = comment.chars();
        let kind = chars.next();
        let rest = chars.as_str();
        match kind {
            Some('~') => match rest.trim_start().strip_prefix('|') {
                Some(previous) => self.previous(previous.trim_start()),
                None => self.content(rest.trim_start(), true),
            },
            Some('|') => self.previous(rest.trim_start()),
            _ => {
                self.begin_comment();
                match kind {
                    Some('.') => self.entry.extracted_comments.push(rest.trim().to_owned()),
                    Some(':') => self.entry.references.extend(references(rest)),
                    Some(',') => {
                        let flags = rest.split(',').map(str::trim).filter(|f| !f.is_empty());
                        self.entry.flags.extend(flags.map(str::to_owned));
                    }
                    _ => {
                        let comment = comment.strip_prefix(' ').unwrap_or(comment);
                        self.entry.translator_comments.push(comment.to_owned());
                    }
                }
                Ok(())
            }
        }
    }

    /// A comment after a translation belongs to the next entry.
    fn begin_comment(&mut self) {
        if self.has_text {
            self.finish();
        }
        self.field = Field::None;
    }

    fn previous(&mut self, line: &str) -> Result<(), String> {
        if !line.starts_with('"') {
            if self.has_text {
                self.finish();
            }
            let word = line.split(['"', ' ', '\t']).next().unwrap_or_default();
            self.field = match word {
                "msgctxt" => Field::PreviousContext,
                "msgid" => Field::PreviousText,
                "msgid_plural" => Field::PreviousPlural,
                _ => return Err(format!("\"{word}\" is no keyword of a previous text")),
            };
            let previous = self.entry.previous.get_or_insert_default();
            if self.field == Field::PreviousContext {
                previous.context = Some(String::new());
            } else if self.field == Field::PreviousPlural {
                previous.plural = Some(String::new());
            }
            return self.quoted(line.strip_prefix(word).unwrap_or(line).trim_start());
        }
        self.quoted(line)
    }

    /// A keyword with its text, or the continuation of one.
    fn content(&mut self, line: &str, is_obsolete: bool) -> Result<(), String> {
        if line.starts_with('"') {
            return self.quoted(line);
        }
        let word = line.split(['"', ' ', '\t']).next().unwrap_or_default();
        let rest = line.strip_prefix(word).unwrap_or_default().trim_start();
        match word {
            "msgctxt" => {
                if self.has_text {
                    self.finish();
                }
                self.entry.source.context = Some(String::new());
                self.field = Field::Context;
            }
            "msgid" => {
                if self.has_text {
                    self.finish();
                }
                self.has_text = true;
                self.entry.line = self.line_no;
                self.entry.is_obsolete = is_obsolete;
                self.field = Field::Text;
            }
            "msgid_plural" if self.field == Field::Text => {
                self.entry.source.plural = Some(String::new());
                self.field = Field::Plural;
            }
            "msgstr" if self.field == Field::Text => self.translation(0),
            _ => match plural_index(word) {
                Some(ix) if matches!(self.field, Field::Plural | Field::Translation) => {
                    if ix != self.entry.translations.len() || self.entry.source.plural.is_none() {
                        return Err(format!("\"{word}\" is out of order"));
                    }
                    self.translation(ix);
                }
                Some(_) => return Err(format!("\"{word}\" does not follow a \"msgid_plural\"")),
                None if matches!(word, "msgid_plural" | "msgstr") => {
                    return Err(format!("\"{word}\" does not follow a \"msgid\""));
                }
                None => return Err(format!("\"{word}\" is no keyword of a PO file")),
            },
        }
        self.quoted(rest)
    }

    fn translation(&mut self, ix: usize) {
        self.entry.translations.truncate(ix);
        self.entry.translations.push(String::new());
        self.field = Field::Translation;
    }

    /// Adds a `"…"` to where it belongs.
    fn quoted(&mut self, quoted: &str) -> Result<(), String> {
        let text = unquote(quoted)?;
        let previous = self.entry.previous.as_mut();
        let source = &mut self.entry.source;
        let target = match self.field {
            Field::None => None,
            Field::Context => source.context.as_mut(),
            Field::Text => Some(&mut source.text),
            Field::Plural => source.plural.as_mut(),
            Field::Translation => self.entry.translations.last_mut(),
            Field::PreviousContext => previous.and_then(|previous| previous.context.as_mut()),
            Field::PreviousText => previous.map(|previous| &mut previous.text),
            Field::PreviousPlural => previous.and_then(|previous| previous.plural.as_mut()),
        };
        target.ok_or("a text in quotation marks does not follow a keyword")?.push_str(&text);
        Ok(())
    }

    /// The entry is whole, or should be.
    fn finish(&mut self) {
        let entry = std::mem::take(&mut self.entry);
        self.field = Field::None;
        if !std::mem::take(&mut self.has_text) {
            if entry.source.context.is_some() || entry.previous.is_some() {
                self.faults.push(fault(self.line_no, "the last message has no \"msgid\""));
            }
            return;
        }
        if entry.translations.is_empty() {
            self.faults.push(fault(entry.line, "the message has no \"msgstr\""));
        }
        self.entries.push(entry);
    }

    /// What concerns several entries.
    fn check_whole(&mut self) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for entry in self.entries.iter().filter(|entry| !entry.is_obsolete) {
            let Source { context, text, .. } = &entry.source;
            let key = super::key(context.as_deref(), text);
            if let Some(first) = seen.get(&key) {
                let what = format!("the message is there already, in line {first}");
                self.faults.push(fault(entry.line, &what));
            } else {
                seen.insert(key, entry.line);
            }
            let header = entry.translations.first().filter(|_| entry.source.is_header());
            let content_type = header.and_then(|header| header_field(header, "Content-Type"));
            if let Some((_, charset)) = content_type.and_then(|value| value.split_once("charset="))
                && !["utf-8", "utf8", "charset"].contains(&charset.trim().to_lowercase().as_str())
            {
                let what = format!("the charset is {charset}; save the file in UTF-8");
                self.faults.push(fault(entry.line, &what));
            }
        }
    }
}

/// The number in `msgstr[1]`.
fn plural_index(word: &str) -> Option<usize> {
    word.strip_prefix("msgstr[")?.strip_suffix(']')?.parse().ok()
}

/// References, of which those with blanks stand in U+2068 and U+2069.
fn references(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut is_isolated = false;
    for c in text.chars() {
        match c {
            '\u{2068}' => is_isolated = true,
            '\u{2069}' => is_isolated = false,
            c if c.is_whitespace() && !is_isolated => {
                if !current.is_empty() {
                    found.push(std::mem::take(&mut current));
                }
            }
            c => current.push(c),
        }
    }
    if !current.is_empty() {
        found.push(current);
    }
    found
}

/// The content of a `"…"`, as in C.
fn unquote(quoted: &str) -> Result<String, String> {
    let inner = quoted.strip_prefix('"').ok_or("a text must begin with a quotation mark")?;
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    loop {
        match chars.next() {
            None => return Err("a text has no quotation mark at its end".to_owned()),
            Some('"') if chars.peek().is_none() => return Ok(text),
            Some('"') => return Err("a quotation mark in a text needs a \\ before it".to_owned()),
            Some('\\') => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some('r') => text.push('\r'),
                Some('a') => text.push('\u{7}'),
                Some('b') => text.push('\u{8}'),
                Some('v') => text.push('\u{b}'),
                Some('f') => text.push('\u{c}'),
                Some(same @ ('"' | '\\')) => text.push(same),
                Some(other) => return Err(format!("\\{other} has no meaning in a text")),
                None => return Err("a text has no quotation mark at its end".to_owned()),
            },
            Some('\0' | super::CONTEXT_END) => {
                return Err("a text has a control character in it".to_owned());
            }
            Some(c) => text.push(c),
        }
    }
}
