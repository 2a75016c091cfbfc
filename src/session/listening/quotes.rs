//! What of a message is the learner's own words, where their program quotes others by signs alone: lines
//! that begin with `>` (XEP-0393, 5.1.3), as many programs begin a reply.

use zeroize::Zeroizing;

/// A message without its quotations. One that holds nothing else says nothing of its own.
pub(in crate::session) fn own_words(text: &str) -> Zeroizing<String> {
    let mut own = Zeroizing::new(String::with_capacity(text.len()));
    if !text.contains('>') {
        own.push_str(text);
        return own;
    }
    for line in lines(text).filter(|line| !is_quotation(line)) {
        own.push_str(line);
    }
    own
}

/// Whether this character ends a line, in whatever program.
pub(in crate::session) fn is_line_end(character: char) -> bool {
    matches!(character, '\n'..='\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The lines of a text, each with its end.
pub(in crate::session) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let at = rest.find(is_line_end).unwrap_or(rest.len());
        let end = rest.get(at..)?;
        let len =
            if end.starts_with("\r\n") { 2 } else { end.chars().next().map_or(0, char::len_utf8) };
        let (line, after) = rest.split_at_checked(at.saturating_add(len))?;
        rest = after;
        (!line.is_empty()).then_some(line)
    })
}

/// Whether a line repeats what somebody has said. Faces such as `>:(` and `>_<` do not.
fn is_quotation(line: &str) -> bool {
    let mut rest = line.trim_start_matches(['\u{200e}', '\u{200f}']).chars();
    rest.next() == Some('>')
        && rest.next().is_none_or(|next| {
            next.is_whitespace()
                || next.is_alphanumeric()
                || matches!(next, '>' | '"' | '\u{201e}' | '\u{201c}')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_quote_are_left_out_and_faces_stay() {
        for (text, own) in [
            ("help", "help"),
            ("> write \"stop\"\nhelp", "help"),
            ("> a\n>> b\n>c\n\nhelp", "\nhelp"),
            ("> a\nyes\n> b\nno", "yes\nno"),
            ("\u{200f}> a\nhelp", "help"),
            ("> a", ""),
            (">", ""),
            ("a > b\nc", "a > b\nc"),
            (">:(", ">:("),
            (">_< help", ">_< help"),
            ("->x", "->x"),
            ("> a\rhelp", "help"),
            ("> a\r\nhelp", "help"),
            ("> a\u{2028}help\u{2028}> b\u{2029}me\u{85}> c", "help\u{2028}me\u{85}"),
            ("> a\n\r> b\n", "\r"),
        ] {
            assert_eq!(*own_words(text), *own, "{text:?}");
        }
    }
}
