//! By what somebody shows in the chat which page is theirs.
//!
//! Anybody can type anybody's Jabber ID into a page. So that is a claim, until who writes from that
//! address has shown that they see the page: by the number that stands on it, by the shared secret
//! that was typed there, or because the bot secret was typed there that was said in the chat.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::EnrolmentId;

/// The least number, which has six digits as all have.
const LEAST: u32 = 100_000;
/// How much of a text is read, in characters, and how many numbers are found in it.
const MOST_READ: usize = 500;
const MOST_FOUND: usize = 8;
/// How many numbers there are.
const N_NUMBERS: u32 = 900_000;

/// The number of a claim: of an enrolment to a Jabber ID. It is no secret; what counts is from which
/// address it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimNumber(u32);

impl ClaimNumber {
    /// The number of an enrolment's claim to a bare Jabber ID: always the same one.
    pub fn of(enrolment: &EnrolmentId, jid: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(b"otrbot: the number of a claim: ")
            .chain_update(enrolment.as_str())
            .chain_update(b" ")
            .chain_update(jid)
            .finalize();
        let first = digest.first_chunk().copied().map_or(0, u32::from_be_bytes);
        Self(LEAST + first % N_NUMBERS)
    }

    /// The numbers that stand in what somebody wrote: the whole text, if it is one and nothing else; else
    /// every six digits in a row. Programs put marks around what was copied.
    pub fn find(text: &str) -> Vec<Self> {
        let text = without_marks(text);
        if let Some(number) = Self::written(text.trim_end_matches(['.', ',', '!'])) {
            return vec![number];
        }
        let runs = text.split(|character| digit(character).is_none());
        let six = runs.filter(|run| run.chars().count() == 6);
        six.filter_map(Self::written).take(MOST_FOUND).collect()
    }

    /// A number that somebody wrote and nothing else, perhaps with blanks or dashes between the
    /// digits, and in whatever digits their language has; `None` for any other text.
    pub fn written(text: &str) -> Option<Self> {
        let mut number: u32 = 0;
        let mut n_digits = 0;
        for character in text.trim().chars() {
            if character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}') {
                continue;
            }
            n_digits += 1;
            if n_digits > 6 {
                return None;
            }
            number = number.checked_mul(10)?.checked_add(digit(character)?)?;
        }
        (n_digits == 6).then_some(Self(number))
    }
}

/// A text without tags of HTML, which Pidgin sends, and without marks of direction.
fn without_marks(text: &str) -> String {
    let mut is_tag = false;
    let mut plain = String::with_capacity(text.len().min(MOST_READ));
    for character in text.chars().take(MOST_READ) {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            _ if !is_tag => plain.push(character),
            _ => {}
        }
    }
    plain
}

/// The value of a digit: Western, Arabic, Persian, or of full width.
fn digit(character: char) -> Option<u32> {
    let zeros = ['0', '\u{660}', '\u{6f0}', '\u{ff10}'];
    zeros.into_iter().find_map(|zero| {
        let value = u32::from(character).checked_sub(u32::from(zero))?;
        (value < 10).then_some(value)
    })
}

impl fmt::Display for ClaimNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_of_one_claim() {
        let (one, other) = (EnrolmentId::from_text("one"), EnrolmentId::from_text("other"));
        let number = ClaimNumber::of(&one, "anna@example.org");

        assert_eq!(number, ClaimNumber::of(&one, "anna@example.org"));
        assert_ne!(number, ClaimNumber::of(&other, "anna@example.org"));
        assert_ne!(number, ClaimNumber::of(&one, "ben@example.org"));
        assert_eq!(number.to_string().len(), 6);
        assert_eq!(ClaimNumber::written(&number.to_string()), Some(number));
    }

    #[test]
    fn numbers_have_six_digits_that_are_no_zero_at_first() {
        for n in 0..2_000 {
            let number =
                ClaimNumber::of(&EnrolmentId::from_text(format!("{n}")), "a@b").to_string();
            assert!(number.len() == 6 && !number.starts_with('0'), "{number}");
        }
    }

    #[test]
    fn a_number_is_found_among_words_and_marks() {
        for text in [
            "483920",
            "it is 483920.",
            "<b>483920</b>",
            "<FONT COLOR=\"#000000\"><strong>483920</strong></FONT>",
            "\u{200f}483920\u{200f}",
            "\u{ff14}\u{ff18}\u{ff13}\u{ff19}\u{ff12}\u{ff10}",
            "my number: 483920!",
        ] {
            assert_eq!(ClaimNumber::find(text), [ClaimNumber(483_920)], "{text:?}");
        }
        assert_eq!(ClaimNumber::find("111111 or 222222").len(), 2);
        for text in ["", "12345", "1234567", "call 555-1234", "XMPP 2026"] {
            assert!(ClaimNumber::find(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_number_is_read_as_people_write_it() {
        let expected = Some(ClaimNumber(483_920));
        for text in [
            "483920",
            " 483920 \n",
            "483 920",
            "483-920",
            "4 8 3 9 2 0 \t  \t\t",
            "\u{664}\u{668}\u{663}\u{669}\u{662}\u{660}",
            "\u{6f4}\u{6f8}\u{6f3}\u{6f9}\u{6f2}\u{6f0}",
        ] {
            assert_eq!(ClaimNumber::written(text), expected, "{text:?}");
        }
        for text in ["", "48392", "4839201", "number 483920", "483920!", "+483920", "48392o"] {
            assert_eq!(ClaimNumber::written(text), None, "{text:?}");
        }
    }
}
