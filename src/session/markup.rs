//! Markup that programs put around words: Pidgin and Adium send HTML inside of OTR, where nobody can tell
//! them that plain text is wanted.
//!
//! Taken away is what an HTML element of a known name says; other angle brackets are the learner's own.
//! This is for hearing alone: nothing of it is shown anywhere.

use zeroize::Zeroizing;

/// Elements within a line: what stands before and after them is one word.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blink", "cite", "code", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "tt", "u", "var", "wbr",
];

/// Elements that end a line, or have words of their own.
const BLOCK: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "img",
    "li",
    "link",
    "main",
    "meta",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
    "xml",
];

/// Elements whose contents nobody sees.
const UNSEEN: &[&str] = &["head", "script", "style", "title"];

/// Longest name of an element or of a character.
const MAX_NAME_BYTES: usize = 12;

/// The words of a text, without the markup around them.
pub(super) fn without_markup(text: &str) -> Zeroizing<String> {
    // What is left is never longer, so that the buffer does not move and leave a copy of a secret.
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut scanner = Scanner::new(text);
    let mut is_markup = false;
    loop {
        let stop = scanner.rest.find(['<', '&']).unwrap_or(scanner.rest.len());
        let (words, rest) = scanner.rest.split_at(stop);
        plain.push_str(words);
        scanner.rest = rest;
        let Some(first) = rest.chars().next() else { break };
        if first == '<'
            && let Some(tag) = scanner.tag()
        {
            is_markup = true;
            match tag {
                Tag::Inline => {}
                Tag::Block => plain.push('\n'),
            }
        } else if first == '&'
            && let Some(character) = scanner.entity()
        {
            plain.push(character);
        } else {
            plain.push(first);
            scanner.rest = rest.strip_prefix(first).unwrap_or_default();
        }
    }
    if is_markup {
        let len = plain.trim_end().len();
        plain.truncate(len);
        let n_blank = plain.len().saturating_sub(plain.trim_start().len());
        plain.drain(..n_blank);
    }
    plain
}

/// What a tag does to the words around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Inline,
    Block,
}

/// Goes over a text. What was looked for in vain is not looked for again, so that the time grows with
/// the length alone.
#[expect(clippy::struct_excessive_bools, reason = "each is a search of its own")]
struct Scanner<'a> {
    rest: &'a str,
    /// Whether a `>` may follow.
    has_end: bool,
    /// Whether comments may end, and elements whose contents nobody sees.
    has_comment_end: bool,
    has_unseen_end: bool,
    /// Whether quotation marks in tags have their ends, as far as was seen.
    has_closed_quotes: bool,
}

impl<'a> Scanner<'a> {
    fn new(rest: &'a str) -> Self {
        Self {
            rest,
            has_end: true,
            has_comment_end: true,
            has_unseen_end: true,
            has_closed_quotes: true,
        }
    }

    /// Passes over the element or comment that begins here. `None`: there is none.
    fn tag(&mut self) -> Option<Tag> {
        let inner = self.rest.strip_prefix('<')?;
        if let Some(comment) = inner.strip_prefix("!--") {
            let end = self.has_comment_end.then(|| comment.split_once("-->")).flatten();
            self.has_comment_end = end.is_some();
            self.rest = end?.1;
            return Some(Tag::Inline);
        }
        let is_closing = inner.starts_with('/');
        let inner = inner.strip_prefix(['/', '?', '!']).unwrap_or(inner);
        let len = inner.bytes().take(MAX_NAME_BYTES).take_while(u8::is_ascii_alphanumeric).count();
        let (name, attributes) = inner.split_at_checked(len)?;
        let is_among = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let (is_inline, is_unseen) = (is_among(INLINE), is_among(UNSEEN));
        let is_doctype = name.eq_ignore_ascii_case("doctype");
        let is_known = is_inline || is_unseen || is_doctype || is_among(BLOCK);
        let goes_on =
            attributes.starts_with(|c: char| c.is_whitespace() || matches!(c, '/' | '>' | '?'));
        if !is_known || !goes_on {
            return None;
        }
        let after = self.after_attributes(attributes)?;
        self.rest = after;
        if is_unseen && !is_closing {
            self.pass_contents(name);
        }
        Some(if is_inline { Tag::Inline } else { Tag::Block })
    }

    /// What follows a tag whose attributes are these.
    fn after_attributes(&mut self, attributes: &'a str) -> Option<&'a str> {
        if !self.has_end {
            return None;
        }
        if self.has_closed_quotes {
            let mut quote = None;
            for (at, byte) in attributes.bytes().enumerate() {
                match (quote, byte) {
                    (None, b'>') => return attributes.get(at.saturating_add(1)..),
                    (None, b'"' | b'\'') => quote = Some(byte),
                    (Some(open), close) if open == close => quote = None,
                    _ => {}
                }
            }
            self.has_closed_quotes = false;
        }
        let Some((_, after)) = attributes.split_once('>') else {
            self.has_end = false;
            return None;
        };
        Some(after)
    }

    /// Passes over what stands in an element that nobody sees, if it has an end.
    fn pass_contents(&mut self, name: &str) {
        if !self.has_unseen_end {
            return;
        }
        let mut at = 0_usize;
        while let Some(found) = self.rest.get(at..).and_then(|rest| rest.find("</")) {
            at = at.saturating_add(found).saturating_add(2);
            let rest = self.rest.get(at..).unwrap_or_default();
            let is_end = rest.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name));
            if is_end && let Some((_, after)) = rest.split_once('>') {
                self.rest = after;
                return;
            }
        }
        self.has_unseen_end = false;
    }

    /// Passes over the character that is named here.
    fn entity(&mut self) -> Option<char> {
        let inner = self.rest.strip_prefix('&')?;
        let len = inner.bytes().take(MAX_NAME_BYTES).position(|byte| byte == b';')?;
        let (name, rest) = inner.split_at_checked(len)?;
        let character = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" | "rsquo" => '\'',
            "nbsp" => ' ',
            _ => numbered(name)?,
        };
        self.rest = rest.strip_prefix(';')?;
        Some(character)
    }
}

/// The character of `#39` or `#x27`.
fn numbered(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let character = number.ok().and_then(char::from_u32)?;
    Some(if character == '\u{a0}' { ' ' } else { character })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_what_is_left_of_html() {
        let style = "a".repeat(600);
        for (html, words) in [
            ("<FONT COLOR=\"#000000\">help</FONT>", "help"),
            ("<html><body><b>he</b>lp</body></html>", "help"),
            ("<BODY BGCOLOR='#ffffff'><span style=\"a: b > c\">help</span>", "help"),
            ("one<br>two<BR/>three", "one\ntwo\nthree"),
            ("<p dir=\"ltr\">one</p><p>two</p>", "one\n\ntwo"),
            ("I&#39;m &quot;lost&quot; &amp; &lt;b&gt; &#x41;", "I'm \"lost\" & <b> A"),
            ("<a href=\"http://x.org/?a=1&amp;b=2\">page</a>&nbsp;here", "page here"),
            ("<style>p { color: red }</style>help", "help"),
            ("<HEAD><title>x</title></HEAD>help", "help"),
            ("<!DOCTYPE html><!-- <b> --><?xml version='1.0'?>help", "help"),
            (&format!("<div style='{style}'>help</div>"), "help"),
        ] {
            assert_eq!(*without_markup(html), words, "{html}");
        }
    }

    #[test]
    fn what_is_no_markup_stays() {
        for text in [
            "",
            " help ",
            "I <3 you",
            "a < b and c > d",
            "<ABCD-EFGH-IJKL-MNOP>",
            "<ada@example.org>",
            "<secret of ours>",
            "<b no end",
            "<bee>",
            "<p",
            "R&D; & so on",
            "&unknown;",
            "&#99999999;",
            "&",
            "<",
            "<>",
            "</>",
            "<!-- no end",
        ] {
            assert_eq!(*without_markup(text), text);
        }
    }

    #[test]
    fn a_long_text_of_beginnings_takes_no_time() {
        for part in ["<b \"", "<b '>", "<", "&", "<!--", "<style>", "<b ", "</style", "<head></"] {
            let text = part.repeat(60_000);
            assert!(without_markup(&text).len() <= text.len());
        }
    }

    proptest! {
        #[test]
        fn it_never_grows_and_plain_words_stay(text in "[ -;=?-~ä🦀]{0,60}", any in ".{0,200}") {
            prop_assert!(without_markup(&any).len() <= any.len());
            let text = text.replace('&', "");
            prop_assert_eq!(&*without_markup(&text), &text);
            prop_assert_eq!(&*without_markup(&format!("<b>{text}</b>")), text.trim());
        }
    }
}
