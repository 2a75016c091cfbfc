//! The words of a PO file, as GNU gettext divides it: blanks and line ends count between them alone.

use super::{CONTEXT_END, PoFault, fault};

use crate::charset::Charset;

/// A word of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// `#` up to the end of the line, without the `#`.
    Comment(String),
    /// `msgid` and the like.
    Word(String),
    /// A number that is not too large to be one of a form.
    Number(Option<usize>),
    /// What stands between quotation marks.
    Text(Vec<Part>),
    /// `[`, `]`, and what may not stand there.
    Sign(char),
    /// The end of the file.
    End,
}

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Letters(String),
    /// A byte of the file's charset, written as `\ooo` or `\xhh`.
    Byte(u8),
}

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Letter(char),
    Byte(u8),
}

/// A token and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) line: usize,
    /// Behind `#~`.
    pub(super) is_obsolete: bool,
    /// Behind `#|`.
    pub(super) is_previous: bool,
    /// Nothing stands between it and the quotation mark before.
    pub(super) follows_quote: bool,
}

/// A text whose lines that end in `\` are joined with the next, wherever that stands, as in C.
pub(super) struct Joined {
    text: String,
    /// Where a line was joined, in bytes, in their order.
    joints: Vec<usize>,
    line_end: char,
}

impl Joined {
    pub(super) fn new(text: &str) -> Self {
        let mut joined =
            Self { text: String::new(), joints: Vec::new(), line_end: line_end(text.as_bytes()) };
        for (ix, part) in text.split("\\\n").enumerate() {
            if ix > 0 {
                joined.joints.push(joined.text.len());
            }
            joined.text.push_str(part);
        }
        joined
    }
}

pub(super) struct Lexer<'t> {
    rest: &'t str,
    len: usize,
    joints: &'t [usize],
    line: usize,
    /// LF, or CR in a file that has no LF.
    line_end: char,
    is_obsolete: bool,
    is_previous: bool,
    follows_quote: bool,
    pub(super) faults: Vec<PoFault>,
    pub(super) warnings: Vec<PoFault>,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(joined: &'t Joined) -> Self {
        Self {
            rest: &joined.text,
            len: joined.text.len(),
            joints: &joined.joints,
            line: 1,
            line_end: joined.line_end,
            is_obsolete: false,
            is_previous: false,
            follows_quote: false,
            faults: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn next(&mut self) -> Placed {
        loop {
            let before = self.follows_quote;
            let Some(c) = self.take() else { return self.placed(self.line, Token::End, false) };
            let line = self.line;
            self.follows_quote = false;
            match c {
                ' ' | '\t' | '\r' | '\n' | '\u{b}' | '\u{c}' => {}
                '#' => match self.rest.chars().next() {
                    Some('~') => {
                        self.take();
                        self.is_obsolete = true;
                        if self.rest.starts_with('|') {
                            self.take();
                            self.is_previous = true;
                        }
                    }
                    Some('|') => {
                        self.take();
                        self.is_previous = true;
                    }
                    _ => {
                        let comment = self.comment();
                        return self.placed(line, Token::Comment(comment), false);
                    }
                },
                '"' => {
                    // The flags of the line count, though the text may go on in the next.
                    let mut placed = self.placed(line, Token::End, false);
                    placed.token = Token::Text(self.text());
                    return placed;
                }
                c if c.is_ascii_alphabetic() || matches!(c, '_' | '$') => {
                    let mut word = String::from(c);
                    word.push_str(
                        self.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$')),
                    );
                    return self.placed(line, Token::Word(word), before);
                }
                c if c.is_ascii_digit() => {
                    let digits = format!("{c}{}", self.take_while(|c| c.is_ascii_digit()));
                    return self.placed(line, Token::Number(digits.parse().ok()), before);
                }
                sign => return self.placed(line, Token::Sign(sign), before),
            }
        }
    }

    fn placed(&self, line: usize, token: Token, follows_quote: bool) -> Placed {
        let Self { is_obsolete, is_previous, .. } = *self;
        Placed { token, line, is_obsolete, is_previous, follows_quote }
    }

    fn take(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next()?;
        self.go_on(chars.as_str());
        if c == self.line_end {
            self.line += 1;
        }
        if c == '\n' {
            self.is_obsolete = false;
            self.is_previous = false;
        }
        Some(c)
    }

    /// Counts the lines that were joined on the way.
    fn go_on(&mut self, rest: &'t str) {
        self.rest = rest;
        let at = self.len - rest.len();
        while let Some((_, later)) = self.joints.split_first().filter(|(joint, _)| **joint < at) {
            self.joints = later;
            self.line += 1;
        }
    }

    fn take_while(&mut self, is_taken: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !is_taken(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.go_on(rest);
        taken
    }

    /// The rest of a line. GNU gettext ends it at LF alone, also in files with other line ends; and a `#|`
    /// before it holds for the next line there, too.
    fn comment(&mut self) -> String {
        let line = self.line;
        let taken = self.take_while(|c| c != '\n').trim_end_matches('\r');
        if self.line > line {
            self.warn(
                line,
                "the comment ends in \\, so that the next line is taken for a part of it, as GNU \
                 gettext does; write a blank behind the \\",
            );
        }
        if let Some((_, swallowed)) = taken.split_once('\r')
            && !swallowed.trim().is_empty()
        {
            self.line += if self.line_end == '\r' { taken.matches('\r').count() } else { 0 };
            self.warn(
                line,
                "the line ends in CR alone: what follows is taken for a part of the comment, as GNU \
                 gettext does, and left out; save the file with LF at the line ends",
            );
        }
        let is_previous = self.is_previous;
        self.take();
        self.is_previous = is_previous;
        taken.to_owned()
    }

    /// A text up to its quotation mark, as in C.
    fn text(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        // What follows a NUL is no part of a string of C.
        let mut is_cut = false;
        loop {
            let line = self.line;
            let Some(c) = self.take() else {
                self.fault(line, "a text has no quotation mark at its end");
                return parts;
            };
            let unit = match c {
                '"' => {
                    self.follows_quote = true;
                    return parts;
                }
                '\n' => {
                    self.fault(line, "a text has no quotation mark at its end");
                    return parts;
                }
                '\\' => match self.escape(line) {
                    Some(unit) => unit,
                    None => continue,
                },
                '\0' => Unit::Byte(0),
                letter => Unit::Letter(letter),
            };
            if unit == Unit::Byte(0) && !is_cut {
                is_cut = true;
                self.warn(
                    line,
                    "a text has a NUL in it: what follows up to the quotation mark is left out, as \
                     GNU gettext does; take the NUL out",
                );
            }
            if unit == Unit::Byte(4) || unit == Unit::Letter(CONTEXT_END) {
                self.fault(
                    line,
                    "a text has a control character in it that divides contexts from texts \
                     (U+0004); take it out",
                );
            }
            let plain = match unit {
                Unit::Letter(_) => {
                    self.take_while(|c| !matches!(c, '"' | '\\' | '\n' | '\r' | '\0' | CONTEXT_END))
                }
                Unit::Byte(_) => "",
            };
            if is_cut {
                continue;
            }
            match (parts.last_mut(), unit) {
                (_, Unit::Byte(byte)) => parts.push(Part::Byte(byte)),
                (Some(Part::Letters(there)), Unit::Letter(letter)) => {
                    there.push(letter);
                    there.push_str(plain);
                }
                (_, Unit::Letter(letter)) => parts.push(Part::Letters(format!("{letter}{plain}"))),
            }
        }
    }

    /// What a `\` and the characters behind it stand for; `None`: for nothing, or a fault.
    fn escape(&mut self, line: usize) -> Option<Unit> {
        let c = self.rest.chars().next()?;
        if c.is_digit(8) {
            let digits: String = self.rest.chars().take(3).take_while(|c| c.is_digit(8)).collect();
            self.go_on(self.rest.strip_prefix(&digits).unwrap_or_default());
            return Some(Unit::Byte(low_byte(&digits, 8)));
        }
        self.take();
        if c == 'x' {
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            if !digits.is_empty() {
                return Some(Unit::Byte(low_byte(digits, 16)));
            }
        }
        let letter = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'v' => '\u{b}',
            'f' => '\u{c}',
            '"' | '\\' => c,
            other => {
                let shown = other.escape_default();
                let what = format!(
                    "\\{shown} has no meaning in a text; write \\\\ where a backslash is meant"
                );
                self.fault(line, &what);
                return None;
            }
        };
        Some(Unit::Letter(letter))
    }

    pub(super) fn fault(&mut self, line: usize, what: &str) {
        self.faults.push(fault(line, what));
    }

    pub(super) fn warn(&mut self, line: usize, what: &str) {
        self.warnings.push(fault(line, what));
    }
}

/// What ends the lines of a file: LF, or CR where there is no LF.
pub(super) fn line_end(content: &[u8]) -> char {
    if memchr::memchr(b'\n', content).is_none() { '\r' } else { '\n' }
}

/// The low byte of a number, as C reads it into a `char`.
fn low_byte(digits: &str, radix: u32) -> u8 {
    let value = digits.chars().filter_map(|c| c.to_digit(radix));
    let value = value.fold(0, |sum: u32, digit| (sum * radix + digit) & 0xff);
    u8::try_from(value).unwrap_or_default()
}

/// The text of some parts; `None` where bytes have no text in the charset.
pub(super) fn join(parts: &[Part], charset: Charset) -> Option<String> {
    let mut text = String::new();
    let mut bytes = Vec::new();
    for part in parts {
        match part {
            Part::Byte(byte) => bytes.push(*byte),
            Part::Letters(letters) => {
                text.push_str(&charset.decode(&bytes)?);
                bytes.clear();
                text.push_str(letters);
            }
        }
    }
    text.push_str(&charset.decode(&bytes)?);
    Some(text)
}
