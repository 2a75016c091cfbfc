//! From the bytes of a PO file to its text.

use std::borrow::Cow;

use super::{PoFault, fault, lex::line_end, read::MAX_FAULTS};

use crate::charset::Charset;

pub(super) fn is_utf16(content: &[u8]) -> bool {
    matches!(content, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'#' | b'm', ..])
        || matches!(content, [b'#' | b'm', 0, ..])
}

/// What the header says of the charset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) charset: Charset,
    /// The line of the header, where there is one.
    pub(super) line: Option<usize>,
    pub(super) has_name: bool,
}

/// The text of a file. A comment may have bytes in it that have none.
pub(super) fn decode<'c>(
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
