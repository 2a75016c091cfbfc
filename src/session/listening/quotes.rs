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
    for line in text.split_inclusive('\n').filter(|line| !is_quotation(line)) {
        own.push_str(line);
    }
    own
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
        ] {
            assert_eq!(*own_words(text), *own, "{text:?}");
        }
    }
}
