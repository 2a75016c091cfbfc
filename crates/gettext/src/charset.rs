//! The charset that the header of a file names, as GNU gettext reads it.

use std::borrow::Cow;

use encoding_rs::{Encoding, mem};

/// Names of ISO-8859-1, whose bytes 80 to 9f are control characters: the Encoding Standard takes
/// it for windows-1252.
const LATIN_1: [&str; 6] = ["iso-8859-1", "iso8859-1", "iso_8859-1", "iso88591", "latin1", "l1"];

/// Names of ASCII, which the Encoding Standard takes for windows-1252 as well.
const ASCII: [&str; 3] = ["ascii", "us-ascii", "ansi_x3.4-1968"];

/// How bytes become letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Ascii,
    Latin1,
    Other(&'static Encoding),
    /// A name that is not known: only what is ASCII or UTF-8 all the same can be read.
    Unknown,
}

impl Charset {
    /// The charset of a name. That of templates, `CHARSET`, stands for UTF-8.
    pub(super) fn named(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        if ["utf-8", "utf8", "charset"].contains(&lower.as_str()) {
            return Self::Utf8;
        }
        if LATIN_1.contains(&lower.as_str()) {
            return Self::Latin1;
        }
        if ASCII.contains(&lower.as_str()) {
            return Self::Ascii;
        }
        match Encoding::for_label_no_replacement(name.as_bytes()) {
            Some(encoding) if encoding == encoding_rs::UTF_8 => Self::Utf8,
            // A text of 16-bit units is no PO file, and none whose header could be read.
            Some(encoding) if encoding.output_encoding() == encoding => Self::Other(encoding),
            _ => Self::Unknown,
        }
    }

    /// The text of some bytes, unless they have none in the charset.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        match self {
            Self::Utf8 | Self::Unknown => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Self::Ascii => std::str::from_utf8(bytes).ok().filter(|t| t.is_ascii()).map(Cow::from),
            Self::Latin1 => Some(mem::decode_latin1(bytes)),
            Self::Other(encoding) => {
                encoding.decode_without_bom_handling_and_without_replacement(bytes)
            }
        }
    }

    /// As [`Charset::decode`], with U+FFFD for what has no text.
    pub(super) fn decode_lossy(self, bytes: &[u8]) -> Cow<'_, str> {
        match self {
            Self::Other(encoding) => encoding.decode_without_bom_handling(bytes).0,
            Self::Utf8 | Self::Ascii | Self::Latin1 | Self::Unknown => {
                self.decode(bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes))
            }
        }
    }
}

/// The charset that a header names: what stands behind the first `charset=`, in whatever field, up
/// to a blank.
pub(super) fn charset_name(header: &str) -> Option<&str> {
    let (_, value) = header.split_once("charset=")?;
    value.split([' ', '\t', '\n']).next()
}

/// The header with UTF-8 as its charset.
pub(super) fn with_utf8(header: &str) -> String {
    let Some((before, value)) = header.split_once("charset=") else { return header.to_owned() };
    let rest = value.find([' ', '\t', '\n']).and_then(|end| value.split_at_checked(end));
    format!("{before}charset=UTF-8{}", rest.map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_known_by_their_names() {
        for (name, bytes, text) in [
            ("UTF-8", "é".as_bytes(), Some("é")),
            ("utf8", b"\xe9", None),
            ("CHARSET", "é".as_bytes(), Some("é")),
            ("us-ascii", "é".as_bytes(), None),
            ("ISO-8859-1", b"\xe9\x80", Some("é\u{80}")),
            ("ISO-8859-15", b"\xa4", Some("€")),
            ("CP1252", b"\x80", Some("€")),
            ("windows-1251", b"\xcf", Some("П")),
            ("CP1256", b"\xc8", Some("ب")),
            ("KOI8-R", b"\xf0", Some("П")),
            ("Shift_JIS", b"\x83\x5c", Some("ソ")),
            ("EUC-JP", b"\xa4", None),
            ("GB18030", b"\xd6\xd0", Some("中")),
            ("UTF-16", b"a", Some("a")),
            ("no-such", b"\xe9", None),
        ] {
            assert_eq!(Charset::named(name).decode(bytes).as_deref(), text, "{name}");
        }
        assert_eq!(Charset::named("UTF-16"), Charset::Unknown);
    }

    #[test]
    fn a_header_names_its_charset_and_is_given_another() {
        let header = "A: c\ncontent-type: text/plain; charset=KOI8-R \nB: c\n";

        assert_eq!(charset_name(header), Some("KOI8-R"));
        let expected = "A: c\ncontent-type: text/plain; charset=UTF-8 \nB: c\n";
        assert_eq!(with_utf8(header), expected);
        assert_eq!(with_utf8("charset="), "charset=UTF-8");
        assert_eq!(charset_name("Content-Type: text/plain\n"), None);
    }
}
