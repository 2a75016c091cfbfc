//! What is wrong where a message cannot go on, and what to write instead.

use super::{Reader, Told};

use crate::po::lex::{Placed, Token};

impl Reader<'_> {
    /// What cannot stand here.
    pub(super) fn stray(&mut self) -> Told {
        let Placed { token, line, is_previous, follows_quote, .. } = self.advance();
        let what = match token {
            _ if follows_quote => "a quotation mark in a text needs a \\ before it".to_owned(),
            Token::Word(word) if is_previous && word != "msgid_plural" => {
                format!(
                    "\"{word}\" is no keyword of a previous text; after #| stand msgctxt, msgid \
                     and msgid_plural"
                )
            }
            Token::Word(word) if matches!(word.as_str(), "msgid_plural" | "msgstr") => {
                let number = self.number_ahead();
                format!("\"{word}{number}\" does not follow a \"msgid\"")
            }
            Token::Word(word) => {
                format!("\"{word}\" is no keyword of a PO file; put # before a comment")
            }
            Token::Text(_) => {
                "a text in quotation marks does not follow a keyword such as msgstr".to_owned()
            }
            Token::Sign(sign) => format!(
                "\"{}\" stands outside of quotation marks; put it into them, or # before it",
                sign.escape_default()
            ),
            Token::Number(_) | Token::Comment(_) | Token::End => {
                "this stands outside of quotation marks; put it into them, or # before it"
                    .to_owned()
            }
        };
        self.told(line, &what)
    }

    /// Takes a `[1]`, to show it.
    pub(super) fn number_ahead(&mut self) -> String {
        if self.ahead.token != Token::Sign('[') {
            return String::new();
        }
        self.advance();
        match self.advance().token {
            Token::Number(Some(number)) => format!("[{number}]"),
            Token::Comment(_)
            | Token::Word(_)
            | Token::Number(None)
            | Token::Text(_)
            | Token::Sign(_)
            | Token::End => "[…]".to_owned(),
        }
    }

    pub(super) fn no_msgid(&mut self, begin: usize, has_context: bool) -> Told {
        let what = match (&self.ahead.token, has_context) {
            (Token::Comment(_), true) => {
                "a comment stands between \"msgctxt\" and \"msgid\"; put it above the message"
            }
            (Token::End, true) => {
                "the last message has no \"msgid\"; write it, or take the rest out"
            }
            (_, true) => "\"msgctxt\" is not followed by \"msgid\"; write one below it",
            (Token::Comment(_), false) => {
                "a comment stands below a previous text; put it above the lines with #|"
            }
            (_, false) => "a previous text is not followed by its message; take it out",
        };
        self.told(begin, what)
    }

    pub(super) fn no_msgstr(&mut self) -> Told {
        let is_begin = |word: &str| matches!(word, "msgctxt" | "msgid" | "domain");
        match &self.ahead.token {
            Token::Comment(_) => {
                let what = "the message has no \"msgstr\" before the next comment; comments stand \
                            above a message, not in it";
                self.told(self.next.line, what)
            }
            Token::Word(word) if self.ahead.is_previous && is_begin(word) => {
                let what = "the message has no \"msgstr\" before the next line with #|; such lines \
                            stand above a message, not in it";
                self.told(self.next.line, what)
            }
            Token::Word(word) if !is_begin(word) => self.stray(),
            Token::Sign(_) | Token::Number(_) => self.stray(),
            Token::Word(_) | Token::Text(_) | Token::End => self.told(
                self.next.line,
                "the message has no \"msgstr\"; write one, empty where there is no translation",
            ),
        }
    }

    /// Whether what comes next can be nothing but the rest of a text behind a stray `"`.
    pub(super) fn is_junk_ahead(&self) -> bool {
        match &self.ahead.token {
            Token::Word(word) => {
                !matches!(word.as_str(), "domain" | "msgctxt" | "msgid" | "msgid_plural" | "msgstr")
            }
            Token::Number(_) | Token::Sign(_) => true,
            Token::Comment(_) | Token::Text(_) | Token::End => false,
        }
    }
}
