//! Reading PO files, by the grammar that GNU gettext's programs accept.
//!
//! ```text
//! file = {comment | "domain" text | message}
//! message = [previous] ["msgctxt" texts] "msgid" texts translations
//! translations = "msgstr" texts | "msgid_plural" texts {"msgstr" "[" number "]" texts}
//! previous = ["msgctxt" texts] "msgid" texts ["msgid_plural" texts], all behind "#|"
//! texts = text {text}
//! ```

use std::{borrow::Cow, collections::BTreeMap};

use super::{
    Entry, Po, PoFault, Source,
    comments::comment,
    lex::{Joined, Lexer, Placed, Token, join, line_end},
};

use crate::charset::{Charset, charset_name, with_utf8};

/// Largest PO file, in bytes. All texts of the bot are some 150 kB.
const MAX_BYTES: usize = 8 << 20;

/// The most faults, and warnings, that are told of one file; what follows is most often their
/// consequence.
const MAX_FAULTS: usize = 50;

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

fn fault(line: usize, what: &str) -> PoFault {
    PoFault { line, what: what.to_owned() }
}

fn is_utf16(content: &[u8]) -> bool {
    matches!(content, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'#' | b'm', ..])
        || matches!(content, [b'#' | b'm', 0, ..])
}

/// What the header says of the charset.
#[derive(Clone, Copy, Debug)]
struct Named {
    charset: Charset,
    /// The line of the header, where there is one.
    line: Option<usize>,
    has_name: bool,
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

/// The text of a file. A comment may have bytes in it that have none.
fn decode<'c>(
    content: &'c [u8],
    named: Named,
    warnings: &mut Vec<PoFault>,
) -> Result<Cow<'c, str>, Vec<PoFault>> {
    let header_line = named.line.unwrap_or(1);
    if !content.is_ascii() && !named.has_name {
        warnings.push(fault(
            header_line,
            "the header names no charset, and the file is read as UTF-8; GNU gettext needs \
             \"Content-Type: text/plain; charset=UTF-8\\n\" in the header",
        ));
    }
    if named.charset == Charset::Unknown {
        warnings.push(fault(
            header_line,
            "the charset of the header is not known; save the file in UTF-8 and write \
             charset=UTF-8 there",
        ));
    }
    if named.charset == Charset::Utf8
        && let Ok(text) = std::str::from_utf8(content)
    {
        return Ok(Cow::Borrowed(text));
    }
    let line_end = line_end(content);
    let mut text = String::with_capacity(content.len());
    let mut faults = Vec::new();
    for (ix, line) in content.split(|byte| char::from(*byte) == line_end).enumerate() {
        if ix > 0 {
            text.push(line_end);
        }
        if let Some(letters) = named.charset.decode(line) {
            text.push_str(&letters);
            continue;
        }
        text.push_str(&named.charset.decode_lossy(line));
        let begin = line.trim_ascii_start();
        if begin.starts_with(b"#") && !begin.starts_with(b"#~") && !begin.starts_with(b"#|") {
            let what = "a letter of the comment is not in the charset of the file, and is replaced \
                        by U+FFFD; write it anew";
            warnings.push(fault(ix + 1, what));
        } else if faults.len() < MAX_FAULTS {
            faults.push(fault(ix + 1, not_in(named)));
        }
    }
    if faults.is_empty() { Ok(Cow::Owned(text)) } else { Err(faults) }
}

fn not_in(named: Named) -> &'static str {
    match named.charset {
        Charset::Utf8 if !named.has_name => {
            "the file is not UTF-8; save it in UTF-8, or name its charset in the header"
        }
        Charset::Utf8 => "the file is not UTF-8; save it in UTF-8, as its header says",
        Charset::Ascii => "the header says ASCII, but this is not; write charset=UTF-8 there",
        Charset::Unknown => {
            "the charset that the header names is not known; save the file in UTF-8 and write \
             charset=UTF-8 there"
        }
        Charset::Latin1 | Charset::Other(_) => {
            "the line is not in the charset that the header names; save the file in UTF-8 and write \
             charset=UTF-8 there"
        }
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
                _ => Err(self.stray()),
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
                _ => {}
            }
            self.advance();
        }
    }

    /// What cannot stand here.
    fn stray(&mut self) -> Told {
        let Placed { token, line, is_previous, follows_quote, .. } = self.advance();
        let what = match token {
            _ if follows_quote => "a quotation mark in a text needs a \\ before it".to_owned(),
            Token::Word(word) if is_previous && word != "msgid_plural" => {
                format!(
                    "\"{word}\" is no keyword of a previous text; after #| stand msgctxt, msgid \
                     and msgid_plural"
                )
            }
            Token::Word(word) if matches!(word.as_str(), "msgid_plural" | "msgstr") => {
                let number = self.number_ahead();
                format!("\"{word}{number}\" does not follow a \"msgid\"")
            }
            Token::Word(word) => {
                format!("\"{word}\" is no keyword of a PO file; put # before a comment")
            }
            Token::Text(_) => {
                "a text in quotation marks does not follow a keyword such as msgstr".to_owned()
            }
            Token::Sign(sign) => format!(
                "\"{}\" stands outside of quotation marks; put it into them, or # before it",
                sign.escape_default()
            ),
            Token::Number(_) | Token::Comment(_) | Token::End => {
                "this stands outside of quotation marks; put it into them, or # before it"
                    .to_owned()
            }
        };
        self.told(line, &what)
    }

    /// Takes a `[1]`, to show it.
    fn number_ahead(&mut self) -> String {
        if self.ahead.token != Token::Sign('[') {
            return String::new();
        }
        self.advance();
        match self.advance().token {
            Token::Number(Some(number)) => format!("[{number}]"),
            _ => "[…]".to_owned(),
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
            let mut previous = Source { context: self.context(true)?, ..Source::default() };
            previous.text = self.keyword("msgid", true)?.ok_or_else(|| {
                self.told(line, "the previous text has no \"msgid\"; write it, or take it out")
            })?;
            previous.plural = self.keyword("msgid_plural", true)?;
            self.next.previous = Some(previous);
        }
        let begin = self.ahead.line;
        let context = self.context(false)?;
        self.next.line = self.ahead.line;
        let Some(text) = self.keyword("msgid", false)? else {
            return Err(self.no_msgid(begin, context.is_some()));
        };
        let plural = self.keyword("msgid_plural", false)?;
        self.next.source = Source { context, text, plural };
        let is_plural = self.next.source.plural.is_some();
        if is_plural {
            self.forms()?
        } else {
            self.only_form()?
        }
        let mut entry = std::mem::take(&mut self.next);
        entry.is_obsolete = self.is_obsolete.unwrap_or_default();
        self.po.entries.push(entry);
        Ok(())
    }

    fn no_msgid(&mut self, begin: usize, has_context: bool) -> Told {
        let what = match (&self.ahead.token, has_context) {
            (Token::Comment(_), true) => {
                "a comment stands between \"msgctxt\" and \"msgid\"; put it above the message"
            }
            (Token::End, true) => {
                "the last message has no \"msgid\"; write it, or take the rest out"
            }
            (_, true) => "\"msgctxt\" is not followed by \"msgid\"; write one below it",
            (Token::Comment(_), false) => {
                "a comment stands below a previous text; put it above the lines with #|"
            }
            (_, false) => "a previous text is not followed by its message; take it out",
        };
        self.told(begin, what)
    }

    fn context(&mut self, is_previous: bool) -> Result<Option<String>, Told> {
        self.keyword("msgctxt", is_previous)
    }

    /// The text of a keyword, if that comes next.
    fn keyword(&mut self, wanted: &str, is_previous: bool) -> Result<Option<String>, Told> {
        let is_next = matches!(&self.ahead.token, Token::Word(word) if word == wanted);
        if !is_next || self.ahead.is_previous != is_previous {
            return Ok(None);
        }
        self.check_obsolete()?;
        let line = self.advance().line;
        self.texts(wanted, line, is_previous).map(Some)
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

    /// Whether what comes next can be nothing but the rest of a text behind a stray `"`.
    fn is_junk_ahead(&self) -> bool {
        match &self.ahead.token {
            Token::Word(word) => {
                !matches!(word.as_str(), "domain" | "msgctxt" | "msgid" | "msgid_plural" | "msgstr")
            }
            Token::Number(_) | Token::Sign(_) => true,
            Token::Comment(_) | Token::Text(_) | Token::End => false,
        }
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
        let text = self.msgstr()?;
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
        while let Some(line) = self.msgstr()? {
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

    /// Takes a `msgstr`, if it comes next; its line.
    fn msgstr(&mut self) -> Result<Option<usize>, Told> {
        let is_next = matches!(&self.ahead.token, Token::Word(word) if word == "msgstr");
        if !is_next || self.ahead.is_previous {
            return Ok(None);
        }
        self.check_obsolete()?;
        Ok(Some(self.advance().line))
    }

    fn no_msgstr(&mut self) -> Told {
        let is_begin = |word: &str| matches!(word, "msgctxt" | "msgid" | "domain");
        match &self.ahead.token {
            Token::Comment(_) => {
                let what = "the message has no \"msgstr\" before the next comment; comments stand \
                            above a message, not in it";
                self.told(self.next.line, what)
            }
            Token::Word(word) if self.ahead.is_previous && is_begin(word) => {
                let what = "the message has no \"msgstr\" before the next line with #|; such lines \
                            stand above a message, not in it";
                self.told(self.next.line, what)
            }
            Token::Word(word) if !is_begin(word) => self.stray(),
            Token::Sign(_) | Token::Number(_) => self.stray(),
            Token::Word(_) | Token::Text(_) | Token::End => self.told(
                self.next.line,
                "the message has no \"msgstr\"; write one, empty where there is no translation",
            ),
        }
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
