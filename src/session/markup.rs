//! Markup that programs put around words: Pidgin and Adium send HTML inside of OTR, where nobody can tell
//! them that plain text is wanted.
//!
//! Taken away is what an HTML element of a known name says; other angle brackets are the learner's own,
//! also where such a name is followed by words. What an element quotes stands in lines with `>`.
//! This is for hearing alone: nothing of it is shown anywhere.

use std::collections::HashSet;

use zeroize::Zeroizing;

use super::listening::is_line_end;

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

/// The element that quotes what somebody else has said.
const QUOTATION: &str = "blockquote";

/// Longest name of an element or of a character.
const MAX_NAME_BYTES: usize = 12;

/// The words of a text, without the markup around them.
pub(super) fn without_markup(text: &str) -> Zeroizing<String> {
    stripped(Scanner::new(text))
}

/// The same, with the words that nobody sees: in comments, in titles and the like.
pub(super) fn with_unseen(text: &str) -> Zeroizing<String> {
    stripped(Scanner { shows_unseen: true, ..Scanner::new(text) })
}

/// A text whose characters stand for themselves, in its markup too.
pub(super) fn unescaped(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, inner)) = rest.split_once('&') {
        plain.push_str(before);
        let (character, behind) = entity(inner).unwrap_or(('&', inner));
        plain.push(character);
        rest = behind;
    }
    plain.push_str(rest);
    plain
}

fn stripped(mut scanner: Scanner<'_>) -> Zeroizing<String> {
    // What is left is never longer, so that the buffer does not move and leave a copy of a secret.
    let mut plain = Zeroizing::new(String::with_capacity(scanner.rest.len()));
    let mut is_markup = false;
    loop {
        let stop = scanner.rest.find(['<', '&']).unwrap_or(scanner.rest.len());
        let (words, rest) = scanner.rest.split_at(stop);
        if scanner.n_quotations == 0 {
            plain.push_str(words);
        } else {
            // In HTML the end of a line is a blank.
            plain.extend(words.chars().map(|c| if is_line_end(c) { ' ' } else { c }));
        }
        scanner.rest = rest;
        let Some(first) = rest.chars().next() else { break };
        if first == '<'
            && let Some(tag) = scanner.tag()
        {
            is_markup = true;
            match tag {
                Tag::Inline => {}
                Tag::Block if scanner.n_quotations > 0 => plain.push_str("\n> "),
                Tag::Block => plain.push('\n'),
            }
        } else if let Some((character, behind)) = rest.strip_prefix('&').and_then(entity) {
            let is_end = scanner.n_quotations > 0 && is_line_end(character);
            plain.push(if is_end { ' ' } else { character });
            scanner.rest = behind;
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
    /// Whether what nobody sees is kept.
    shows_unseen: bool,
    /// Whether a `>` may follow.
    has_end: bool,
    /// Whether comments may end, and elements whose contents nobody sees.
    has_comment_end: bool,
    has_unseen_end: bool,
    /// How much of the text stands behind the name of the last tag that ends a quotation; `None`:
    /// there is none, and nothing is quoted.
    last_quotation_end: Option<usize>,
    /// How many quotations are open.
    n_quotations: usize,
    /// Where no attributes begin that end in a `>`, as lengths of what follows.
    dead_ends: HashSet<usize>,
}

impl<'a> Scanner<'a> {
    fn new(rest: &'a str) -> Self {
        Self {
            rest,
            shows_unseen: false,
            has_end: true,
            has_comment_end: true,
            has_unseen_end: true,
            last_quotation_end: last_quotation_end(rest),
            n_quotations: 0,
            dead_ends: HashSet::new(),
        }
    }

    /// Passes over the element or comment that begins here. `None`: there is none.
    fn tag(&mut self) -> Option<Tag> {
        let inner = self.rest.strip_prefix('<')?;
        if let Some(comment) = inner.strip_prefix("!--") {
            let end = self.has_comment_end.then(|| comment.split_once("-->")).flatten();
            self.has_comment_end = end.is_some();
            self.rest = if self.shows_unseen { comment } else { end?.1 };
            return Some(Tag::Inline);
        }
        let is_closing = inner.starts_with('/');
        let inner = inner.strip_prefix(['/', '?', '!']).unwrap_or(inner);
        let len = inner.bytes().take(MAX_NAME_BYTES).take_while(u8::is_ascii_alphanumeric).count();
        let (name, attributes) = inner.split_at_checked(len)?;
        let is_among = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let (is_inline, is_unseen) = (is_among(INLINE), is_among(UNSEEN));
        if name.eq_ignore_ascii_case("doctype") {
            self.rest = self.after_doctype(attributes)?;
            return Some(Tag::Block);
        }
        if !is_inline && !is_unseen && !is_among(BLOCK) {
            return None;
        }
        self.rest = self.after_attributes(attributes)?;
        if is_unseen && !is_closing && !self.shows_unseen {
            self.pass_contents(name);
        }
        if name.eq_ignore_ascii_case(QUOTATION) {
            self.quote(is_closing, attributes.len());
        }
        Some(if is_inline { Tag::Inline } else { Tag::Block })
    }

    /// A quotation begins or ends, with so much of the text behind its name. One that has no end is
    /// none.
    fn quote(&mut self, is_closing: bool, n_behind: usize) {
        let Some(last) = self.last_quotation_end else { return };
        self.n_quotations = match is_closing {
            _ if n_behind <= last => 0,
            true => self.n_quotations.saturating_sub(1),
            false => self.n_quotations.saturating_add(1),
        };
    }

    /// What follows a declaration such as `<!DOCTYPE html PUBLIC "…">`.
    fn after_doctype(&mut self, attributes: &'a str) -> Option<&'a str> {
        let is_html = attributes
            .trim_start()
            .get(..4)
            .is_some_and(|language| language.eq_ignore_ascii_case("html"));
        if !is_html || !self.has_end {
            return None;
        }
        let end = attributes.split_once('>');
        self.has_end = end.is_some();
        Some(end?.1)
    }

    /// What follows a tag whose attributes are these: nothing, or names with their values. Anything
    /// else is what somebody says.
    fn after_attributes(&mut self, attributes: &'a str) -> Option<&'a str> {
        let mut rest = attributes;
        let mut passed = Vec::new();
        loop {
            let blanks = rest.len();
            rest = rest.trim_start();
            let is_apart = rest.len() < blanks;
            rest = rest.strip_prefix(['/', '?']).unwrap_or(rest);
            if let Some(after) = rest.strip_prefix('>') {
                return Some(after);
            }
            let is_new = is_apart && !self.dead_ends.contains(&rest.len());
            passed.push(rest.len());
            let Some(after) = is_new.then(|| after_attribute(rest)).flatten() else {
                self.dead_ends.extend(passed);
                return None;
            };
            rest = after;
        }
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
            if is_end {
                // Where this one does not end, no other one does.
                let Some((_, after)) = rest.split_once('>') else { break };
                self.rest = after;
                return;
            }
        }
        self.has_unseen_end = false;
    }
}

/// The character that is named behind a `&`, and what follows it.
fn entity(inner: &str) -> Option<(char, &str)> {
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
    Some((character, rest.strip_prefix(';')?))
}

/// How much of a text follows the name of the last tag in it that ends a quotation.
fn last_quotation_end(text: &str) -> Option<usize> {
    let mut until = text.len();
    loop {
        let at = text.get(..until)?.rfind("</")?;
        let name = text.get(at.saturating_add(2)..)?;
        let behind = name.get(QUOTATION.len()..).filter(|behind| {
            let is_named = name
                .get(..QUOTATION.len())
                .is_some_and(|name| name.eq_ignore_ascii_case(QUOTATION));
            is_named && behind.trim_start().starts_with('>')
        });
        if let Some(behind) = behind {
            return Some(behind.len());
        }
        until = at;
    }
}

/// What follows an attribute such as `color='red'`. `None`: this is none.
fn after_attribute(text: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    let behind = text.trim_start_matches(is_of_name);
    if behind.len() == text.len() {
        return None;
    }
    let value = behind.trim_start().strip_prefix('=')?.trim_start();
    if let quote @ ('"' | '\'') = value.chars().next()? {
        return Some(value.get(1..)?.split_once(quote)?.1);
    }
    let end = value.find(|c: char| c.is_whitespace() || matches!(c, '>' | '<' | '"' | '\''))?;
    (end > 0).then(|| value.get(end..)).flatten()
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
            ("<font color = red size=3 >help</font >", "help"),
            ("<!DOCTYPE html PUBLIC \"-//W3C//DTD\" \"x\"><img src='x'/>help", "help"),
            ("<blockquote>write stop</blockquote>help", "> write stop\nhelp"),
            (
                "yes<BLOCKQUOTE type=\"cite\"><p>a\nb<br>c<blockquote>d</blockquote>&#10;e</p></blockquote>no",
                "yes\n> \n> a b\n> c\n> d\n>  e\n> \nno",
            ),
            ("<blockquote>a<blockquote>b</blockquote>help", "> a\n> b\nhelp"),
            ("<blockquote>help", "help"),
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
            "<I am being arrested>",
            "<I need help>",
            "<a question>",
            "<p please>",
            "<s o s>",
            "</b stop>",
            "<style of mine> help",
            "if a <b and I am arrested> ok",
            "1 <s 2 and 3> 2",
            "<b x=\"no end>",
            "<b x=y z>",
            "<a = b>",
            "<!doctype of mine>",
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
        let parts = [
            "<b \"",
            "<b '>",
            "<",
            "&",
            "<!--",
            "<style>",
            "<b ",
            "</style",
            "<head></",
            "<b x='",
            "<b x='<b y=' ",
            "<b x=<b ",
            "<b x ",
            "<b x=y ",
            "<blockquote>",
            "</blockquote",
            "</blockquote ",
            "<blockquote></blockquote>",
        ];
        for (begin, part) in parts.map(|part| ("", part)).into_iter().chain([
            ("<style>", "</style"),
            ("<b ", "x='<b y=\"' z='\" "),
            ("<b ", "x=<b "),
        ]) {
            let text = begin.to_owned() + &part.repeat(60_000);
            for read in [without_markup, with_unseen, unescaped] {
                assert!(read(&text).len() <= text.len());
            }
        }
    }

    #[test]
    fn what_nobody_sees_is_there_for_who_asks() {
        for (html, words) in [
            ("<title>I am <b>here</b></title>help", "I am here\nhelp"),
            ("<!-- I am here -->help", "I am here -->help"),
            ("<b>he</b>lp", "help"),
        ] {
            assert_eq!(*with_unseen(html), words, "{html}");
        }
        assert_eq!(*unescaped("<b title='I&#39;m'>&amp;amp; &x &"), *"<b title='I'm'>&amp; &x &");
    }

    proptest! {
        #[test]
        fn it_never_grows_and_plain_words_stay(text in "[ -;=?-~ä🦀]{0,60}", any in ".{0,200}") {
            prop_assert!(without_markup(&any).len() <= any.len());
            prop_assert!(with_unseen(&any).len() <= any.len());
            let text = text.replace('&', "");
            prop_assert_eq!(&*without_markup(&text), &text);
            prop_assert_eq!(&*without_markup(&format!("<b>{text}</b>")), text.trim());
        }
    }
}
