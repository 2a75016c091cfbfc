//! S-expressions as libgcrypt reads them: lists in parentheses, and values in one of five forms.
//!
//! ```text
//! token      prpl-jabber               letters, digits and - . / _ : * + =, no digit first
//! quoted     "ada@example.org"         \b \t \v \n \f \r \" \' \\ \ooo \xhh, and \ before a line's end
//! hex        #00DA 7511#               white space between the digits does not count
//! base 64    |YWJj|                    without white space, up to the first =
//! verbatim   3:abc                     so many bytes, as they are
//! ```
//!
//! A value in square brackets, a display hint, is a value as others are: so libotr finds it. More may
//! follow the list. Values may be secret: they are wiped when they are dropped, and never shown.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::{Fault, Found, MAX_DEPTH, MAX_ITEMS};

/// Base 64 without the padding at its end.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A fault and the place of it in the text.
#[derive(Debug)]
pub(super) struct Misplaced {
    /// How many bytes of the text come before it.
    pub(super) at: usize,
    pub(super) fault: Fault,
}

/// A value.
pub(super) struct Atom {
    /// Where it begins.
    pub(super) at: usize,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

/// Something between parentheses.
pub(super) struct List {
    /// Where it begins.
    pub(super) at: usize,
    items: Vec<Item>,
}

/// A text that was read.
pub(super) struct Parsed {
    /// The list that it begins with.
    pub(super) list: List,
    /// What follows it.
    pub(super) rest: Vec<Item>,
}

/// What lists are made of.
pub(super) enum Item {
    Atom(Atom),
    List(List),
}

impl List {
    /// Whether the first item is this word.
    pub(super) fn is_named(&self, name: &str) -> bool {
        matches!(self.items.first(), Some(Item::Atom(atom)) if *atom.bytes == name.as_bytes())
    }

    /// The items after the first.
    pub(super) fn rest(&self) -> &[Item] {
        self.items.get(1..).unwrap_or_default()
    }

    /// All items.
    pub(super) fn items(&self) -> &[Item] {
        &self.items
    }

    /// The first list that begins with this word: this one, or one in it at any depth.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        if self.is_named(name) {
            return Some(self);
        }
        self.items.iter().find_map(|item| match item {
            Item::List(list) => list.find(name),
            Item::Atom(_) => None,
        })
    }

    /// What follows the name, if it is a value.
    pub(super) fn value(&self) -> Option<&Atom> {
        match self.rest().first() {
            Some(Item::Atom(atom)) => Some(atom),
            Some(Item::List(_)) | None => None,
        }
    }
}

impl Item {
    /// Where it begins.
    pub(super) fn at(&self) -> usize {
        match self {
            Self::Atom(atom) => atom.at,
            Self::List(list) => list.at,
        }
    }
}

/// Reads a text that begins with a list. Zero bytes at its end do not count.
pub(super) fn parse(text: &[u8]) -> Result<Parsed, Misplaced> {
    let len = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last.saturating_add(1));
    let text = text.get(..len).unwrap_or(text);
    let mut scanner = Scanner { text, at: 0, n_items: 0 };
    scanner.skip_blanks();
    let at = scanner.at;
    if text.get(at..).is_some_and(|rest| rest.starts_with(BYTE_ORDER_MARK)) {
        return Err(Misplaced { at, fault: Fault::ByteOrderMark });
    }
    if scanner.peek() != Some(b'(') {
        return Err(scanner.expected("an opening parenthesis"));
    }
    scanner.step();
    let list = scanner.list(at, MAX_DEPTH)?;
    let rest = scanner.items(MAX_DEPTH, End::OfText)?;
    Ok(Parsed { list, rest })
}

/// What some editors put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Where a run of items ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At a closing parenthesis.
    OfList,
    /// Where nothing follows.
    OfText,
}

/// Goes over the text.
struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    n_items: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.step();
        Some(byte)
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.step();
        }
    }

    /// The fault of what stands here.
    fn expected(&self, expected: &'static str) -> Misplaced {
        let found = match self.peek() {
            None => Found::End,
            Some(b'(') => Found::Opening,
            Some(b')') => Found::Closing,
            Some(byte) if is_blank(byte) => Found::Blank,
            Some(_) => Found::Other,
        };
        Misplaced { at: self.at, fault: Fault::Unexpected { expected, found } }
    }

    /// Reads on to the end of the list that begins `at`.
    fn list(&mut self, at: usize, depth: usize) -> Result<List, Misplaced> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Misplaced { at, fault: Fault::TooDeep });
        };
        let items = self.items(depth, End::OfList)?;
        Ok(List { at, items })
    }

    fn items(&mut self, depth: usize, end: End) -> Result<Vec<Item>, Misplaced> {
        let mut items = Vec::new();
        let mut is_in_hint = false;
        loop {
            self.skip_blanks();
            match (self.peek(), end) {
                (Some(b')'), End::OfList) if !is_in_hint => {
                    self.step();
                    return Ok(items);
                }
                (None, End::OfText) if !is_in_hint => return Ok(items),
                (Some(b'['), _) if !is_in_hint => {
                    self.step();
                    is_in_hint = true;
                    continue;
                }
                (Some(b']'), _) if is_in_hint => {
                    self.step();
                    is_in_hint = false;
                    continue;
                }
                (Some(b'(' | b')' | b'[') | None, _) if is_in_hint => {
                    return Err(self.expected("a closing bracket"));
                }
                (Some(b')'), End::OfText) => {
                    return Err(self.expected("nothing after the last parenthesis"));
                }
                _ => {}
            }
            self.n_items = self.n_items.saturating_add(1);
            if self.n_items > MAX_ITEMS {
                return Err(Misplaced { at: self.at, fault: Fault::TooManyItems });
            }
            let at = self.at;
            let bytes = match self.peek() {
                Some(b'(') => {
                    self.step();
                    items.push(Item::List(self.list(at, depth)?));
                    continue;
                }
                Some(b'"' | b'#' | b'|') => self.delimited()?,
                Some(b'0'..=b'9') => self.counted()?,
                Some(byte) if is_in_token(byte) => self.token()?,
                Some(_) | None => return Err(self.expected("a value or a parenthesis")),
            };
            items.push(Item::Atom(Atom { at, bytes }));
        }
    }

    fn token(&mut self) -> Result<Zeroizing<Vec<u8>>, Misplaced> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let len = rest.iter().take_while(|&&byte| is_in_token(byte)).count();
        let token = rest.get(..len).unwrap_or_default();
        self.at = self.at.saturating_add(len);
        match self.peek() {
            Some(b'(' | b')' | b'[' | b']' | b'"' | b'#' | b'|') | None => {}
            Some(byte) if is_blank(byte) => {}
            Some(_) => return Err(self.expected("a letter, a digit or one of - . / _ : * + =")),
        }
        Ok(Zeroizing::new(token.to_vec()))
    }

    /// Reads what begins with a number: verbatim bytes, or another form of value. That number is
    /// then a length that libgcrypt does not look at.
    fn counted(&mut self) -> Result<Zeroizing<Vec<u8>>, Misplaced> {
        if self.peek() == Some(b'0') {
            return Err(self.expected("a length without leading zeros"));
        }
        let mut len = 0_usize;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            len = len.saturating_mul(10).saturating_add(usize::from(byte.wrapping_sub(b'0')));
            self.step();
        }
        match self.peek() {
            Some(b'"' | b'#' | b'|') => self.delimited(),
            Some(b':') => {
                self.step();
                let end = self.at.saturating_add(len);
                let Some(bytes) = self.text.get(self.at..end) else {
                    self.at = self.text.len();
                    return Err(self.expected("as many bytes as the length says"));
                };
                self.at = end;
                Ok(Zeroizing::new(bytes.to_vec()))
            }
            Some(_) | None => Err(self.expected("a colon after the length")),
        }
    }

    /// Reads a value that ends as it begins.
    fn delimited(&mut self) -> Result<Zeroizing<Vec<u8>>, Misplaced> {
        let delimiter = self.next();
        // The value is not longer than this, so that its buffer never moves and leaves a copy.
        let capacity = self.length_of_delimited(delimiter);
        let mut value = Zeroizing::new(Vec::with_capacity(capacity));
        match delimiter {
            Some(b'"') => self.quoted(&mut value)?,
            Some(b'#') => self.hex(&mut value)?,
            Some(_) | None => value = self.base64(capacity)?,
        }
        Ok(value)
    }

    /// How many bytes come before the delimiter, or before the end.
    fn length_of_delimited(&self, delimiter: Option<u8>) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let mut is_escaped = false;
        let end = rest.iter().position(|&byte| {
            let is_end = Some(byte) == delimiter && !is_escaped;
            is_escaped = delimiter == Some(b'"') && byte == b'\\' && !is_escaped;
            is_end
        });
        end.unwrap_or(rest.len())
    }

    fn quoted(&mut self, value: &mut Vec<u8>) -> Result<(), Misplaced> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.step();
                    return Ok(());
                }
                Some(b'\\') => {
                    self.step();
                    value.extend(self.escape()?);
                }
                Some(byte) => {
                    self.step();
                    value.push(byte);
                }
                None => return Err(self.expected("a quotation mark")),
            }
        }
    }

    /// Reads what comes after a backslash. `None`: the end of a line, which does not count.
    fn escape(&mut self) -> Result<Option<u8>, Misplaced> {
        const ESCAPES: &[(u8, u8)] = &[
            (b'b', 0x08),
            (b't', b'\t'),
            (b'v', 0x0b),
            (b'n', b'\n'),
            (b'f', 0x0c),
            (b'r', b'\r'),
            (b'"', b'"'),
            (b'\'', b'\''),
            (b'\\', b'\\'),
        ];
        let byte = self.peek();
        if let Some(&(_, meant)) = ESCAPES.iter().find(|&&(escape, _)| Some(escape) == byte) {
            self.step();
            return Ok(Some(meant));
        }
        match byte {
            Some(first @ (b'\r' | b'\n')) => {
                self.step();
                let other = if first == b'\r' { b'\n' } else { b'\r' };
                if self.peek() == Some(other) {
                    self.step();
                }
                Ok(None)
            }
            Some(b'x') => {
                self.step();
                let high = self.digit(16, "a hexadecimal digit")?;
                Ok(Some(high << 4 | self.digit(16, "a hexadecimal digit")?))
            }
            // Of more than 0377 libgcrypt takes the lower eight bits.
            Some(b'0'..=b'7') => {
                let high = self.digit(8, "an octal digit")?;
                let middle = self.digit(8, "an octal digit")?;
                Ok(Some(high << 6 | middle << 3 | self.digit(8, "an octal digit")?))
            }
            Some(_) | None => Err(self.expected("an escape such as \\n")),
        }
    }

    fn digit(&mut self, radix: u32, expected: &'static str) -> Result<u8, Misplaced> {
        let digit = self.peek().and_then(|byte| char::from(byte).to_digit(radix));
        match digit.and_then(|digit| u8::try_from(digit).ok()) {
            Some(digit) => {
                self.step();
                Ok(digit)
            }
            None => Err(self.expected(expected)),
        }
    }

    fn hex(&mut self, value: &mut Vec<u8>) -> Result<(), Misplaced> {
        loop {
            self.skip_blanks();
            if self.peek() == Some(b'#') {
                self.step();
                return Ok(());
            }
            let high = self.digit(16, "a hexadecimal digit or #")?;
            self.skip_blanks();
            value.push(high << 4 | self.digit(16, "a second hexadecimal digit")?);
        }
    }

    fn base64(&mut self, len: usize) -> Result<Zeroizing<Vec<u8>>, Misplaced> {
        let encoded = self.text.get(self.at..self.at.saturating_add(len)).unwrap_or_default();
        let at = self.at;
        self.at = at.saturating_add(len);
        if self.peek() != Some(b'|') {
            return Err(self.expected("a vertical bar"));
        }
        self.step();
        let (encoded, rest) = match encoded.iter().position(|&byte| byte == b'=') {
            Some(end) => encoded.split_at(end),
            None => (encoded, &[][..]),
        };
        let is_base64 = |&byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        // A digit too many holds no byte.
        let len = encoded.len().saturating_sub(usize::from(encoded.len() % 4 == 1));
        let (encoded, dangling) = encoded.split_at(len);
        let mut value = Zeroizing::new(vec![0; base64::decoded_len_estimate(len)]);
        let n_decoded = BASE64.decode_slice(encoded, &mut value).ok();
        let n_decoded = n_decoded.filter(|_| dangling.iter().chain(rest).all(is_base64));
        // What is wrong with it might tell of its contents.
        value.truncate(n_decoded.ok_or(Misplaced { at, fault: Fault::Base64 })?);
        Ok(value)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c | b'\r' | b'\n')
}

fn is_in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || is_special(byte)
}

/// Whether it may be part of a token beside letters and digits.
pub(super) fn is_special(byte: u8) -> bool {
    b"-./_:*+=".contains(&byte)
}
