//! Texts from Rust sources: what stands in `tr!`, also inside of other macros.
//!
//! The sources are read as tokens, so a `tr!` in a comment or a string is none, and one in a maud
//! template is one. Tests are left out: `#[cfg(test)]`, and files named `tests.rs` or `*_tests.rs`.

use std::path::Path;

use gettext::{placeholders::placeholders, po::Source};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::Lit;

use super::{Fault, Message};

/// What a comment for translators begins with.
const MARKS: [&str; 2] = ["i18n:", "Translators:"];

/// The texts of a file, in their order. `name` is how references name it.
///
/// # Errors
///
/// The lines where a text cannot be taken, or that of the file's first syntax error.
pub fn messages(name: &str, code: &str) -> Result<Vec<Message>, Vec<Fault>> {
    let tokens: TokenStream = code.parse().map_err(|error: proc_macro2::LexError| {
        vec![Fault::new(name, error.span().start().line, "this is not Rust")]
    })?;
    let mut reader = Reader { name, lines: code.lines().collect(), found: vec![], faults: vec![] };
    reader.tokens(tokens);
    if reader.faults.is_empty() { Ok(reader.found) } else { Err(reader.faults) }
}

/// Whether a file holds tests alone.
pub(super) fn is_test(path: &Path) -> bool {
    path.file_stem()
        .and_then(|name| name.to_str())
        .is_some_and(|name| name == "tests" || name.ends_with("_tests"))
}

struct Reader<'c> {
    name: &'c str,
    lines: Vec<&'c str>,
    found: Vec<Message>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut rest = tokens.as_slice();
        while let [first, after @ ..] = rest {
            rest = match rest {
                [TokenTree::Punct(hash), TokenTree::Group(attribute), item @ ..]
                    if hash.as_char() == '#' && is_cfg_test(attribute) =>
                {
                    after_item(item)
                }
                [
                    TokenTree::Ident(tr),
                    TokenTree::Punct(bang),
                    TokenTree::Group(inner),
                    more @ ..,
                ] if tr == "tr" && bang.as_char() == '!' => {
                    self.call(inner);
                    more
                }
                _ => {
                    if let TokenTree::Group(group) = first {
                        self.tokens(group.stream());
                    }
                    after
                }
            };
        }
    }

    /// `["context" =>] "text" [| "plural" % n] [, arguments]`
    fn call(&mut self, inner: &Group) {
        let line = inner.span_open().start().line;
        let tokens: Vec<TokenTree> = inner.stream().into_iter().collect();
        let mut rest = tokens.as_slice();
        let mut context = None;
        if let [literal, TokenTree::Punct(equals), TokenTree::Punct(more), after @ ..] = rest
            && equals.as_char() == '='
            && more.as_char() == '>'
        {
            context = text(literal);
            if context.is_none() {
                self.fault(line, "the context in `tr!` must be a literal text");
            }
            rest = after;
        }
        let Some((Some(msgid), after)) =
            rest.split_first().map(|(first, rest)| (text(first), rest))
        else {
            self.fault(line, "the text in `tr!` must be a literal");
            return;
        };
        if msgid.is_empty() {
            self.fault(line, "the text in `tr!` is empty");
            return;
        }
        rest = after;
        let mut plural = None;
        if let [TokenTree::Punct(or), literal, TokenTree::Punct(percent), after @ ..] = rest
            && or.as_char() == '|'
            && percent.as_char() == '%'
        {
            plural = text(literal);
            if plural.is_none() {
                self.fault(line, "the plural in `tr!` must be a literal text");
            }
            rest = after;
        }
        let has_arguments = plural.is_some() || !rest.is_empty();
        let has_placeholder = |text: &String| !placeholders(text).is_empty();
        let is_format = has_arguments
            && (has_placeholder(&msgid) || plural.as_ref().is_some_and(has_placeholder));
        self.found.push(Message {
            source: Source { context, text: msgid, plural },
            reference: format!("{}:{line}", self.name),
            comments: self.comment_above(line),
            flags: if is_format { vec!["rust-format".to_owned()] } else { Vec::new() },
        });
        // An argument may hold a `tr!` of its own.
        self.tokens(rest.iter().cloned().collect());
    }

    /// The comment for translators that ends right above a line.
    fn comment_above(&self, line: usize) -> Vec<String> {
        comment_above(&self.lines, line, "//")
    }

    fn fault(&mut self, line: usize, what: &str) {
        self.faults.push(Fault::new(self.name, line, what));
    }
}

/// The block of comments that ends right above a line, from `i18n:` on.
pub(super) fn comment_above(lines: &[&str], line: usize, sign: &str) -> Vec<String> {
    let above = lines.get(..line.saturating_sub(1)).unwrap_or_default();
    let block: Vec<&str> = above
        .iter()
        .rev()
        .map_while(|line| line.trim_start().strip_prefix(sign))
        .map(str::trim)
        .collect();
    let mut comment = Vec::new();
    for line in block.into_iter().rev() {
        let marked = MARKS.iter().find_map(|mark| line.strip_prefix(mark));
        match marked {
            Some(first) => comment = vec![first.trim().to_owned()],
            None if !comment.is_empty() => comment.push(line.to_owned()),
            None => {}
        }
    }
    comment
}

fn text(token: &TokenTree) -> Option<String> {
    let TokenTree::Literal(literal) = token else {
        // What comes from a macro stands in a group without delimiters.
        let TokenTree::Group(group) = token else { return None };
        let inner: Vec<TokenTree> = group.stream().into_iter().collect();
        return match (group.delimiter(), inner.as_slice()) {
            (Delimiter::None, [only]) => text(only),
            _ => None,
        };
    };
    if let Lit::Str(text) = Lit::new(literal.clone()) { Some(text.value()) } else { None }
}

fn is_cfg_test(attribute: &Group) -> bool {
    attribute.delimiter() == Delimiter::Bracket
        && attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// What follows an item: after its first braces or semicolon.
fn after_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let end = tokens.iter().position(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    });
    end.and_then(|end| tokens.get(end + 1..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = r#"
// A tr!("comment") and a "tr!(\"string\")" are none.
fn a(n: usize) {
    // i18n: said when {name} comes,
    // in the chat
    say(tr!("Hello, {name}!", name = tr!("you")));
    html! { p title=(tr!("menu" => "Open")) { (tr::tr!(
        // Translators: of files
        r"One \file" | "{n} files" % n)) } }
    tr!("Long \
         text with ${variable}.")
}
#[cfg(test)]
mod tests { fn b() { tr!("of a test"); } }
fn c() { tr!("last") }
"#;

    #[test]
    fn texts_are_found_wherever_they_stand() {
        let found = messages("src/a.rs", CODE).unwrap();

        let texts: Vec<_> = found.iter().map(|m| m.source.text.as_str()).collect();
        let expected =
            ["Hello, {name}!", "you", "Open", "One \\file", "Long text with ${variable}.", "last"];
        assert_eq!(texts, expected);
        assert_eq!(found[0].comments, ["said when {name} comes,", "in the chat"]);
        assert_eq!(found[0].reference, "src/a.rs:6");
        assert_eq!(found[2].source.context.as_deref(), Some("menu"));
        assert_eq!(found[3].source.plural.as_deref(), Some("{n} files"));
        let flags: Vec<_> = found.iter().map(|m| m.flags.len()).collect();
        assert_eq!(flags, [1, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn what_cannot_be_taken_is_told_with_its_line() {
        for (code, expected) in [
            ("\nfn a() { tr!(text) }", "a.rs:2: the text in `tr!` must be a literal"),
            ("fn a() { tr!() }", "a.rs:1: the text in `tr!` must be a literal"),
            ("fn a() { tr!(\"\") }", "a.rs:1: the text in `tr!` is empty"),
            ("fn a() { tr!(x => \"a\") }", "a.rs:1: the context in `tr!` must be a literal text"),
            ("\n\nfn a() { \"", "a.rs:3: this is not Rust"),
        ] {
            let faults = messages("a.rs", code).unwrap_err();
            assert_eq!(faults[0].to_string(), expected, "{code}");
        }
    }

    #[test]
    fn files_of_tests_are_known() {
        assert!(is_test(Path::new("src/fsm/tests.rs")));
        assert!(is_test(Path::new("crates/lti/src/verify_tests.rs")));
        assert!(!is_test(Path::new("src/contests.rs")));
    }
}
