//! By what somebody shows in the chat which page is theirs.
//!
//! Anybody can type anybody's Jabber ID into a page. So that is a claim, until who writes from that
//! address has shown that they see the page: by the number that stands on it, by the shared secret
//! that was typed there, or because the bot secret was typed there that was said in the chat.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::{
    EnrolmentId,
    pasted::{digit, is_around, is_dash, is_quotation_mark, is_unseen},
};

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
    /// all six digits in a row, then all three and three; of many the first few. Programs put marks
    /// around what was copied.
    pub fn find(text: &str) -> Numbers {
        let text = without_marks(text);
        if let Some(number) = Self::written(&text) {
            return Numbers { whole: vec![number], halves: Vec::new() };
        }
        let runs = runs(&text);
        let six = runs.iter().filter(|run| run.n_digits == 6);
        let whole = six.filter_map(|run| Self::written(text.get(run.from..run.until)?));
        let whole: Vec<Self> = whole.take(MOST_FOUND).collect();
        let is_joined = |ix: Option<usize>| {
            let pair = ix.and_then(|ix| runs.get(ix).zip(runs.get(ix.checked_add(1)?)));
            pair.is_some_and(|(one, other)| is_joint(text.get(one.until..other.from)))
        };
        let halves = runs.windows(2).enumerate().filter_map(|(ix, pair)| match pair {
            [one @ Run { n_digits: 3, .. }, other @ Run { n_digits: 3, .. }]
                if is_joined(Some(ix))
                    && !is_joined(ix.checked_sub(1))
                    && !is_joined(ix.checked_add(1)) =>
            {
                let digits = [text.get(one.from..one.until)?, text.get(other.from..other.until)?];
                Self::written(&digits.concat())
            }
            _ => None,
        });
        let halves: Vec<Self> = halves.take(MOST_FOUND.saturating_sub(whole.len())).collect();
        let is_alone =
            text.chars().all(|character| is_around(character) || digit(character).is_some());
        match halves[..] {
            // The whole text, with a sign between thousands.
            [number] if is_alone && runs.len() == 2 => {
                Numbers { whole: vec![number], halves: Vec::new() }
            }
            _ => Numbers { whole, halves },
        }
    }

    /// A number that somebody wrote and nothing else, perhaps with blanks or dashes between the
    /// digits, and in whatever digits their language has; `None` for any other text.
    pub fn written(text: &str) -> Option<Self> {
        let mut number: u32 = 0;
        let mut n_digits = 0;
        for character in text.trim_matches(is_around).chars() {
            if character.is_whitespace() || is_dash(character) || is_unseen(character) {
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

/// Numbers in what somebody wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Those that were written in one, or as the whole text: they are meant as numbers of claims.
    pub whole: Vec<ClaimNumber>,
    /// Three digits and three among words: as likely something else, such as a number of a telephone.
    pub halves: Vec<ClaimNumber>,
}

impl Numbers {
    /// All of them, those first that were written whole.
    pub fn iter(&self) -> impl Iterator<Item = ClaimNumber> {
        self.whole.iter().chain(&self.halves).copied()
    }
}

/// Digits in a row.
struct Run {
    from: usize,
    until: usize,
    n_digits: usize,
}

/// The digits in a row of a text.
fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (from, character) in
        text.char_indices().filter(|(_, character)| digit(*character).is_some())
    {
        let until = from.saturating_add(character.len_utf8());
        match runs.last_mut().filter(|run| run.until == from) {
            Some(run) => (run.until, run.n_digits) = (until, run.n_digits.saturating_add(1)),
            None => runs.push(Run { from, until, n_digits: 1 }),
        }
    }
    runs
}

/// Whether digits go on behind this: one blank, one dash, or one sign that divides thousands.
fn is_joint(between: Option<&str>) -> bool {
    let is_sign = |sign: char| {
        sign.is_whitespace()
            || is_dash(sign)
            || is_quotation_mark(sign)
            || matches!(
                sign,
                ',' | '.' | '\u{b7}' | '\u{60c}' | '\u{66b}' | '\u{66c}' | '\u{ff0c}' | '\u{ff0e}'
            )
    };
    let mut between = between.unwrap_or_default().chars();
    between.next().is_some_and(is_sign) && between.next().is_none()
}

/// A text without tags of HTML, which Pidgin sends, and without what nobody sees.
fn without_marks(text: &str) -> String {
    let mut is_tag = false;
    let mut plain = String::with_capacity(text.len().min(MOST_READ));
    let mut rest = text.chars().take(MOST_READ).peekable();
    while let Some(character) = rest.next() {
        let begins_tag = |next: &char| next.is_alphabetic() || matches!(next, '/' | '!');
        match character {
            '<' if !is_tag && rest.peek().is_some_and(begins_tag) => is_tag = true,
            '>' if is_tag => {
                is_tag = false;
                // Words of two elements are two.
                plain.push(' ');
            }
            _ if is_tag || is_unseen(character) => {}
            _ => plain.push(character),
        }
    }
    plain
}

impl fmt::Display for ClaimNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(text: &str) -> Vec<ClaimNumber> {
        ClaimNumber::find(text).iter().collect()
    }

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
            "<483920>",
            "a < b, and 483920",
            "\u{201e}483920\u{201c}.",
            "(12:01:33) ada: 483920",
            "[12:01] <ada> 483 920",
            "2026-11-30 12:01:33 ada@localhost: 483-920.",
            "(\u{661}\u{662}:\u{660}\u{661}) \u{664}\u{668}\u{663}\u{669}\u{662}\u{660}",
            "4\u{200b}83\u{2060}920",
            "\u{2066}483\u{2011}920\u{2069}\u{60c}",
            "\u{96a}\u{96e}\u{969}\u{96f}\u{968}\u{966}",
        ] {
            assert_eq!(find(text), [ClaimNumber(483_920)], "{text:?}");
        }
        assert_eq!(find("111111 or 222222").len(), 2);
        for text in
            ["", "12345", "1234567", "call 555-1234", "1 483 920", "483 920 11", "2026-11-30"]
        {
            assert!(find(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn digits_of_other_things_do_not_hide_a_number() {
        let all = |text: &str| find(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(all("2026-11-30 120133 ada: 483 920"), ["120133", "483920"]);
        assert_eq!(all("ada: 483-920 (120133)"), ["120133", "483920"]);
        assert_eq!(all("call 555 123, and 483\u{202f}920"), ["555123", "483920"]);
        for text in [
            "it is 483,920.",
            "it is 483.920",
            "it is 483'920",
            "it is 483\u{2019}920!",
            "it is 483\u{a0}920",
            "\u{664}\u{668}\u{663}\u{66c}\u{669}\u{662}\u{660} \u{647}\u{648}",
        ] {
            assert_eq!(all(text), ["483920"], "{text}");
        }
        for text in
            ["1,483,920", "483,920.50", "127.483.920.100", "12.483.920", "483,,920", "+483.920.1"]
        {
            assert!(find(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_was_written_whole_is_told_from_halves() {
        for text in
            ["483920", "it is 483920", "483 920", "483,920", "(483.920)", "\u{201e}483'920\u{201c}"]
        {
            let Numbers { whole, halves } = ClaimNumber::find(text);
            assert!(whole == [ClaimNumber(483_920)] && halves.is_empty(), "{text}: {whole:?}");
        }
        for text in ["call 483 920", "483-920 is it", "+483 920", "<b>it</b> 483,920"] {
            let Numbers { whole, halves } = ClaimNumber::find(text);
            assert!(whole.is_empty() && halves == [ClaimNumber(483_920)], "{text}: {whole:?}");
        }
    }

    #[test]
    fn of_many_numbers_some_are_found() {
        for many in ["123456 ".repeat(71), "123 456, ".repeat(55), "a 123456 123 456;".repeat(29)] {
            assert_eq!(find(&many).len(), MOST_FOUND, "{many}");
        }
        let late = format!("{}483920", "483920 ".repeat(10_000));
        assert_eq!(find(&late).len(), MOST_FOUND);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in "[0-9 ,.'<>a/\u{661}\u{2013}\u{200e}-]{0,80}|\\PC{0,80}") {
            let found = find(&text);
            prop_assert!(found.len() <= MOST_FOUND);
            for number in found {
                prop_assert_eq!(find(&number.to_string()), [number]);
            }
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
            "483920!",
            "4 8 3 9 2 0 \t  \t\t",
            "\u{664}\u{668}\u{663}\u{669}\u{662}\u{660}",
            "\u{6f4}\u{6f8}\u{6f3}\u{6f9}\u{6f2}\u{6f0}",
        ] {
            assert_eq!(ClaimNumber::written(text), expected, "{text:?}");
        }
        for text in ["", "48392", "4839201", "number 483920", "+483920", "48392o"] {
            assert_eq!(ClaimNumber::written(text), None, "{text:?}");
        }
    }
}
