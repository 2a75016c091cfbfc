//! The forms in which values and lists are written: those that libgcrypt takes.

use zeroize::Zeroizing;

use super::sexp::{self, Item, List};

/// A list as it was read, in a line of its own. Its values may be in another form than they were.
pub(super) fn list(list: &List) -> Zeroizing<String> {
    // The buffer must not move, since that would leave a copy of the secrets.
    let mut text = Zeroizing::new(String::with_capacity(len_max(list).saturating_add(2)));
    text.push(' ');
    push(list, &mut text);
    text.push('\n');
    text
}

fn push(list: &List, text: &mut String) {
    text.push('(');
    for (ix, item) in list.items().iter().enumerate() {
        if ix > 0 {
            text.push(' ');
        }
        match item {
            Item::List(list) => push(list, text),
            Item::Atom(atom) => match str::from_utf8(&atom.bytes) {
                Ok(value) => self::text(value, text),
                Err(_) => hex(&atom.bytes, text),
            },
        }
    }
    text.push(')');
}

/// Bytes that [`push`] takes at most: two for each byte, the marks around a value, and a blank.
fn len_max(list: &List) -> usize {
    let items = list.items().iter().map(|item| match item {
        Item::List(list) => len_max(list).saturating_add(1),
        Item::Atom(atom) => atom.bytes.len().saturating_mul(2).saturating_add(3),
    });
    items.fold(2, usize::saturating_add)
}

/// Writes a name as libgcrypt does: as a token, in quotation marks, or in hexadecimal digits.
pub(super) fn text(name: &str, text: &mut String) {
    const ESCAPES: &[(u8, char)] = &[
        (0x08, 'b'),
        (b'\t', 't'),
        (0x0b, 'v'),
        (b'\n', 'n'),
        (0x0c, 'f'),
        (b'\r', 'r'),
        (b'"', '"'),
        (b'\'', '\''),
        (b'\\', '\\'),
    ];
    let escape =
        |byte: u8| ESCAPES.iter().find(|&&(escaped, _)| escaped == byte).map(|&(_, letter)| letter);
    let is_binary = |byte: u8| matches!(byte, 0x00..0x20 | 0x7f..=0xa0) && escape(byte).is_none();

    let bytes = name.as_bytes();
    let first = bytes.first().copied().unwrap_or_default();
    if first >= 0x80 || bytes.iter().copied().any(is_binary) {
        hex(bytes, text);
    } else if !bytes.is_empty()
        && !first.is_ascii_digit()
        && bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || sexp::is_special(byte))
    {
        text.push_str(name);
    } else {
        text.push('"');
        for character in name.chars() {
            match u8::try_from(character).ok().and_then(escape) {
                Some(letter) => text.extend(['\\', letter]),
                None => text.push(character),
            }
        }
        text.push('"');
    }
}

pub(super) fn number(name: &str, big_endian: &[u8], text: &mut String) {
    let n_zeros = big_endian.iter().take_while(|&&byte| byte == 0).count();
    let number = big_endian.get(n_zeros..).unwrap_or_default();
    text.extend(["  (", name, " "]);
    // Without the zero byte the number would be a negative one.
    if number.first().is_some_and(|&byte| byte >= 0x80) {
        text.push_str("#00");
        digits(number, text);
        text.push('#');
    } else {
        hex(number, text);
    }
    text.push_str(")\n");
}

fn hex(bytes: &[u8], text: &mut String) {
    text.push('#');
    digits(bytes, text);
    text.push('#');
}

pub(super) fn digits(bytes: &[u8], text: &mut String) {
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let digits = nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16));
    text.extend(digits.map(|digit| digit.to_ascii_uppercase()));
}
