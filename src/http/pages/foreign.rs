//! Texts of a page that are English for want of a translation: each stands in an element that says so,
//! so that who has pages read aloud hears it in the right language.
//!
//! The texts come with marks around them ([`i18n::scope_marked`](crate::i18n::scope_marked)). As they
//! stand in sentences, headings and attributes alike, this is done to the finished page.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped};

use super::isolate::VOID;

use crate::i18n::{FOREIGN_BEGINS, FOREIGN_ENDS};

/// Elements that hold text alone: they say their language themselves.
const TEXT_ALONE: [&str; 3] = ["option", "textarea", "title"];
/// Elements whose content is no text of a page.
const NO_TEXT: [&str; 3] = ["script", "style", "svg"];

/// What says that an element is in English.
const ENGLISH: &str = "lang=\"en\" dir=\"ltr\"";

/// The page with an element around each text that is English for want of a translation.
pub(super) fn marked(markup: &Markup) -> Markup {
    if !markup.0.contains(FOREIGN_BEGINS) {
        return PreEscaped(without_marks(&markup.0));
    }
    let mut writer = Writer::default();
    let mut rest = markup.0.as_str();
    while let Some((text, tail)) = rest.split_once('<') {
        let (tag, after) = tail.split_once('>').unwrap_or((tail, ""));
        writer.text(text);
        writer.tag(tag, after.split('<').next().unwrap_or_default());
        rest = after;
    }
    writer.text(rest);
    PreEscaped(writer.page)
}

#[derive(Default)]
struct Writer {
    page: String,
    /// How many elements are open.
    level: usize,
    /// How many marks are open, and the level of the outermost.
    open: usize,
    open_at: usize,
    /// The element whose content is left alone, and its level.
    closed: Option<(String, usize)>,
}

impl Writer {
    /// A tag, with the text that follows it.
    fn tag(&mut self, tag: &str, text: &str) {
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        let plain = without_marks(tag);
        let is_foreign = if VOID.contains(&name) {
            plain.len() < tag.len()
        } else {
            TEXT_ALONE.contains(&name)
                && text.starts_with(FOREIGN_BEGINS)
                && text.ends_with(FOREIGN_ENDS)
        };
        // An address that is typed has a direction of its own already.
        let english = if tag.contains(" dir=\"") { "lang=\"en\"" } else { ENGLISH };
        let says =
            if is_foreign && !tag.starts_with('/') { format!(" {english}") } else { String::new() };
        // Writing to a `String` does not fail.
        write!(self.page, "<{plain}{says}>").unwrap_or_default();
        if VOID.contains(&name) || name.starts_with('!') {
            return;
        }
        if tag.starts_with('/') {
            if self.closed.as_ref().is_some_and(|(open, at)| open == name && *at == self.level) {
                self.closed = None;
            }
            self.level = self.level.saturating_sub(1);
            // What stands in a text that somebody typed leads no further than its element.
            if self.level < self.open_at {
                self.open = 0;
            }
            return;
        }
        self.level += 1;
        let is_closed = TEXT_ALONE.contains(&name) || NO_TEXT.contains(&name);
        if self.closed.is_none() && is_closed {
            self.closed = Some((name.to_owned(), self.level));
        }
    }

    fn text(&mut self, text: &str) {
        if self.closed.is_some() {
            self.page.push_str(&without_marks(text));
            return;
        }
        for piece in text.split_inclusive([FOREIGN_BEGINS, FOREIGN_ENDS]) {
            let words = without_marks(piece);
            if self.open > 0 && !words.trim().is_empty() {
                write!(self.page, "<span {ENGLISH}>{words}</span>").unwrap_or_default();
            } else {
                self.page.push_str(&words);
            }
            if piece.ends_with(FOREIGN_BEGINS) {
                if self.open == 0 {
                    self.open_at = self.level;
                }
                self.open += 1;
            } else if piece.ends_with(FOREIGN_ENDS) {
                self.open = self.open.saturating_sub(1);
            }
        }
    }
}

fn without_marks(text: &str) -> String {
    text.replace([FOREIGN_BEGINS, FOREIGN_ENDS], "")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Marks are written as ⟦ and ⟧.
    #[track_caller]
    fn check(page: &str, expected: &str) {
        let page = page.replace('⟦', &FOREIGN_BEGINS.to_string());
        let page = page.replace('⟧', &FOREIGN_ENDS.to_string());
        let shown = marked(&PreEscaped(page)).into_string();
        assert_eq!(
            shown.replace(&format!("<span {ENGLISH}>"), "<en>").replace("</span>", "</en>"),
            expected
        );
    }

    #[test]
    fn a_text_without_translation_says_its_language() {
        check("<p>Hallo</p>", "<p>Hallo</p>");
        check("<p>⟦Hello⟧</p>", "<p><en>Hello</en></p>");
        check("<p>Hallo ⟦you⟧ daar</p>", "<p>Hallo <en>you</en> daar</p>");
        // What is put into a sentence is in elements of its own.
        check(
            "<p>⟦For <b>Ann</b> only⟧ x</p>",
            "<p><en>For </en><b><en>Ann</en></b><en> only</en> x</p>",
        );
        check("<p>⟦Error: ⟦title⟧!⟧ x</p>", "<p><en>Error: </en><en>title</en><en>!</en> x</p>");
    }

    #[test]
    fn what_can_hold_no_element_says_it_itself_or_not_at_all() {
        check(
            "<option value=\"x\">⟦One⟧</option>",
            "<option value=\"x\" lang=\"en\" dir=\"ltr\">One</option>",
        );
        check("<title>⟦One⟧ – x</title>", "<title>One – x</title>");
        check("<nav aria-label=\"⟦Steps⟧\">a</nav>", "<nav aria-label=\"Steps\">a</nav>");
        check(
            "<img alt=\"⟦A code⟧\"><p>a</p>",
            "<img alt=\"A code\" lang=\"en\" dir=\"ltr\"><p>a</p>",
        );
        check(
            "<svg><text>⟦One⟧</text></svg><p>⟦a⟧</p>",
            "<svg><text>One</text></svg><p><en>a</en></p>",
        );
    }

    #[test]
    fn marks_that_somebody_typed_lead_nowhere() {
        check(
            "<ul><li><b>⟦Mallory</b></li><li>a</li></ul>",
            "<ul><li><b><en>Mallory</en></b></li><li>a</li></ul>",
        );
        check("<p>⟧⟧a</p><p>⟦b⟧</p>", "<p>a</p><p><en>b</en></p>");
    }
}
