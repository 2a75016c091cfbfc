//! Reading PO files, by the grammar that GNU gettext's programs accept.
//!
//! ```text
//! file = {comment | "domain" text | message}
//! message = [previous] ["msgctxt" texts] "msgid" texts translations
//! translations = "msgstr" texts | "msgid_plural" texts {"msgstr" "[" number "]" texts}
//! previous = ["msgctxt" texts] "msgid" texts ["msgid_plural" texts], all behind "#|"
//! texts = text {text}
//! ```

mod faults;

use std::collections::BTreeMap;

use super::{
    Entry, Po, PoFault, Source,
    comments::comment,
    decode::{Named, decode, is_utf16},
    fault,
    lex::{Joined, Lexer, Placed, Token, join},
};

use crate::charset::{Charset, charset_name, with_utf8};

/// Largest PO file, in bytes. All texts of the bot are some 150 kB.
const MAX_BYTES: usize = 8 << 20;

/// The most faults, and warnings, that are told of one file; what follows is most often their
/// consequence.
pub(super) const MAX_FAULTS: usize = 50;

impl Po {
    /// Reads a PO or POT file, and tells nothing of what [`Po::read`] warns of.
    ///
    /// # Errors
    ///
    /// Its faults, in the order of their lines.
    pub fn parse(content: &[u8]) -> Result<Self, Vec<PoFault>> {
        Self::read(content).map(|(po, _)| po)
    }

    /// Reads a PO or POT file as GNU gettext's `msgfmt` does, in the charset that its header names.
    /// Beside it stands what is left out or read otherwise than it is written, with what to do.
    ///
    /// # Errors
    ///
    /// Its faults, in the order of their lines.
    pub fn read(content: &[u8]) -> Result<(Self, Vec<PoFault>), Vec<PoFault>> {
        if content.len() > MAX_BYTES {
            return Err(vec![fault(1, "the file is larger than 8 MiB; split it")]);
        }
        if is_utf16(content) {
            return Err(vec![fault(1, "the file is in UTF-16; save it in UTF-8")]);
        }
        let mut warnings = Vec::new();
        let marked = content.strip_prefix(b"\xef\xbb\xbf");
        if marked.is_some() {
            warnings.push(fault(
                1,
                "the file begins with a byte order mark, which GNU gettext refuses; save it without",
            ));
        }
        let content = marked.unwrap_or(content);
        let charset = charset(content);
        let text = decode(content, charset, &mut warnings)?;
        let text = Joined::new(&text);
        let mut reader = Reader::new(&text, charset.charset);
        reader.file();
        reader.check_whole();
        let Reader { po, lexer, .. } = reader;
        warnings.extend(lexer.warnings);
        warnings.sort();
        let mut faults = lexer.faults;
        faults.sort();
        faults.truncate(MAX_FAULTS);
        warnings.truncate(MAX_FAULTS);
        if faults.is_empty() { Ok((po, warnings)) } else { Err(faults) }
    }
}

/// Reads a file as far as its header, which is ASCII where it names its charset.
fn charset(content: &[u8]) -> Named {
    let text = Joined::new(&encoding_rs::mem::decode_latin1(content));
    let mut reader = Reader::new(&text, Charset::Latin1);
    reader.stops_at_header = true;
    reader.file();
    let header = reader.po.header();
    let name = header.and_then(|header| charset_name(header.translations.first()?));
    Named {
        charset: name.map_or(Charset::Utf8, Charset::named),
        line: header.map(|header| header.line),
        has_name: name.is_some_and(|name| name != "CHARSET"),
    }
}

/// A fault was told, and what belongs to it is passed over.
struct Told;

struct Reader<'t> {
    lexer: Lexer<'t>,
    ahead: Placed,
    charset: Charset,
    stops_at_header: bool,
    /// The comments of the next message.
    next: Entry,
    /// Whether the message being read is obsolete; `None` between messages.
    is_obsolete: Option<bool>,
    po: Po,
}

impl<'t> Reader<'t> {
    fn new(text: &'t Joined, charset: Charset) -> Self {
        let mut lexer = Lexer::new(text);
        let ahead = lexer.next();
        Self {
            lexer,
            ahead,
            charset,
            stops_at_header: false,
            next: Entry::default(),
            is_obsolete: None,
            po: Po::default(),
        }
    }

    fn file(&mut self) {
        loop {
            self.is_obsolete = None;
            let done = match &self.ahead.token {
                Token::End => break,
                Token::Comment(text) => {
                    comment(&mut self.next, text);
                    self.advance();
                    continue;
                }
                Token::Word(word) if word == "domain" && !self.ahead.is_previous => self.domain(),
                Token::Word(word) if matches!(word.as_str(), "msgctxt" | "msgid") => self.message(),
                Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {
                    Err(self.stray())
                }
            };
            if done.is_err() {
                if self.lexer.faults.len() >= MAX_FAULTS {
                    return;
                }
                self.pass_over();
            }
            if self.stops_at_header && self.po.header().is_some() {
                return;
            }
        }
        let last = std::mem::take(&mut self.next);
        self.po.last_comments = last.translator_comments;
    }

    fn advance(&mut self) -> Placed {
        let next = self.lexer.next();
        std::mem::replace(&mut self.ahead, next)
    }

    fn told(&mut self, line: usize, what: &str) -> Told {
        self.lexer.fault(line, what);
        Told
    }

    /// Goes on to where a message can begin.
    fn pass_over(&mut self) {
        self.next = Entry::default();
        loop {
            match &self.ahead.token {
                Token::End => return,
                Token::Word(word) if matches!(word.as_str(), "msgctxt" | "msgid" | "domain") => {
                    return;
                }
                Token::Comment(text) => comment(&mut self.next, text),
                Token::Word(_) | Token::Number(_) | Token::Text(_) | Token::Sign(_) => {}
            }
            self.advance();
        }
    }

    fn domain(&mut self) -> Result<(), Told> {
        let line = self.advance().line;
        if !matches!(self.ahead.token, Token::Text(_)) || self.ahead.is_previous {
            return Err(self.told(line, "\"domain\" needs a name in quotation marks after it"));
        }
        self.advance();
        self.lexer.warn(
            line,
            "\"domain\" is left out, and its messages are read like all others, as by `msgfmt -o`; \
             take it out",
        );
        Ok(())
    }

    fn message(&mut self) -> Result<(), Told> {
        self.is_obsolete = Some(self.ahead.is_obsolete);
        if self.ahead.is_previous {
            let line = self.ahead.line;
            let mut previous =
                Source { context: self.keyword("msgctxt", true)?, ..Source::default() };
            previous.text = self.keyword("msgid", true)?.ok_or_else(|| {
                self.told(line, "the previous text has no \"msgid\"; write it, or take it out")
            })?;
            previous.plural = self.keyword("msgid_plural", true)?;
            self.next.previous = Some(previous);
        }
        let begin = self.ahead.line;
        let context = self.keyword("msgctxt", false)?;
        self.next.line = self.ahead.line;
        let Some(text) = self.keyword("msgid", false)? else {
            return Err(self.no_msgid(begin, context.is_some()));
        };
        let plural = self.keyword("msgid_plural", false)?;
        self.next.source = Source { context, text, plural };
        let is_plural = self.next.source.plural.is_some();
        if is_plural {
            self.forms()?;
        } else {
            self.only_form()?;
        }
        let mut entry = std::mem::take(&mut self.next);
        entry.is_obsolete = self.is_obsolete.unwrap_or_default();
        self.po.entries.push(entry);
        Ok(())
    }

    /// The text of a keyword, if that comes next.
    fn keyword(&mut self, wanted: &str, is_previous: bool) -> Result<Option<String>, Told> {
        let line = self.take(wanted, is_previous)?;
        line.map(|line| self.texts(wanted, line, is_previous)).transpose()
    }

    /// Takes a keyword, if it comes next; its line.
    fn take(&mut self, wanted: &str, is_previous: bool) -> Result<Option<usize>, Told> {
        let is_next = matches!(&self.ahead.token, Token::Word(word) if word == wanted);
        if !is_next || self.ahead.is_previous != is_previous {
            return Ok(None);
        }
        self.check_obsolete()?;
        Ok(Some(self.advance().line))
    }

    /// The texts behind a keyword, as one.
    fn texts(&mut self, keyword: &str, line: usize, is_previous: bool) -> Result<String, Told> {
        let mut parts = Vec::new();
        let mut n_texts = 0;
        while let Token::Text(more) = &mut self.ahead.token {
            if self.ahead.is_previous != is_previous {
                break;
            }
            parts.append(more);
            n_texts += 1;
            self.check_obsolete()?;
            self.advance();
        }
        if n_texts == 0 {
            let what = format!("\"{keyword}\" has no text in quotation marks after it");
            return Err(self.told(line, &what));
        }
        if self.ahead.follows_quote && self.is_junk_ahead() {
            return Err(self.stray());
        }
        join(&parts, self.charset).ok_or_else(|| {
            self.told(
                line,
                "bytes given by numbers (\\ooo, \\xhh) are no letters in the charset of the file; \
                 write the letters themselves",
            )
        })
    }

    /// All of a message is obsolete, or nothing of it.
    fn check_obsolete(&mut self) -> Result<(), Told> {
        if self.is_obsolete == Some(self.ahead.is_obsolete) {
            return Ok(());
        }
        let line = self.ahead.line;
        self.advance();
        Err(self.told(
            line,
            "a part of the message is obsolete; begin all of its lines with #~, or none",
        ))
    }

    fn only_form(&mut self) -> Result<(), Told> {
        let line = self.ahead.line;
        let text = self.take("msgstr", false)?;
        if text.is_some() && self.ahead.token == Token::Sign('[') {
            let number = self.number_ahead();
            let what = format!("\"msgstr{number}\" does not follow a \"msgid_plural\"");
            return Err(self.told(line, &what));
        }
        let text = text.map(|line| self.texts("msgstr", line, false)).transpose()?;
        let text = text.ok_or_else(|| self.no_msgstr())?;
        self.next.translations = vec![text];
        Ok(())
    }

    fn forms(&mut self) -> Result<(), Told> {
        while let Some(line) = self.take("msgstr", false)? {
            if self.ahead.token != Token::Sign('[') {
                return Err(self.told(
                    line,
                    "the \"msgstr\" of a message with a plural needs its number: \"msgstr[0]\"",
                ));
            }
            self.advance();
            let number = self.advance().token;
            let closing = self.advance().token;
            let (Token::Number(number), Token::Sign(']')) = (number, closing) else {
                return Err(self.told(line, "\"msgstr[\" needs a number and a \"]\" after it"));
            };
            if number != Some(self.next.translations.len()) {
                let number = number.map_or_else(|| "…".to_owned(), |number| number.to_string());
                let what = format!(
                    "\"msgstr[{number}]\" is out of order; they are numbered from 0, in their order"
                );
                return Err(self.told(line, &what));
            }
            let text = self.texts("msgstr[…]", line, false)?;
            self.next.translations.push(text);
        }
        if self.next.translations.is_empty() { Err(self.no_msgstr()) } else { Ok(()) }
    }

    /// What concerns several entries, and the header.
    fn check_whole(&mut self) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for entry in &self.po.entries {
            let key = entry.source.key();
            if let Some(first) = seen.get(&key) {
                let what =
                    format!("the message is there already, in line {first}; take one of them out");
                self.lexer.fault(entry.line, &what);
            } else {
                seen.insert(key, entry.line);
            }
        }
        let header = self.po.entries.iter_mut().find(|e| e.source.is_header() && !e.is_obsolete);
        let Some(text) = header.and_then(|header| header.translations.first_mut()) else { return };
        if charset_name(text).is_some_and(|name| Charset::named(name) != Charset::Utf8) {
            *text = with_utf8(text);
        }
    }
}
