//! The bot secret in what somebody has pasted: alone, or in a line of a chat with the time and names.
//!
//! What counts is where it stands, never whether it is right: a text in which several codes stand gives
//! none, so that nobody can try many at a time.

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::records::pasted::{is_around, is_dash, is_unseen};

/// How many letters a code has, and how many stand together.
const N_LETTERS: usize = 16;
const N_TOGETHER: usize = 4;

/// Longest text that is searched for a code, in bytes: some lines of a chat.
const MAX_BYTES: usize = 8 * 1024;

/// What stands between two words; of several signs the one that divides most. A dash with a blank
/// beside it is one between words, not one between groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Between {
    Nothing,
    Blanks,
    Dashes,
    Signs,
}

/// Letters and digits in a row.
#[derive(Debug)]
struct Word {
    letters: Zeroizing<String>,
    /// What stands before it.
    before: Between,
    /// Whether there is nothing but letters from A to Z in it, and whether all are large.
    is_plain: bool,
    is_large: bool,
}

/// A code that was found.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    code: Zeroizing<String>,
    /// How many of its groups are divided by blanks alone, as all words are.
    n_blanks: usize,
    is_large: bool,
}

/// The only code in a text, in large letters and without what divides its groups; `None` if there is
/// none, or it is not clear which is meant.
pub(super) fn read(text: &str) -> Option<Zeroizing<String>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let (words, is_alone) = words(text);
    if is_alone {
        let mut code = Zeroizing::new(String::with_capacity(text.len()));
        for word in &words {
            code.push_str(&word.letters);
        }
        if code.len() == N_LETTERS {
            return Some(code);
        }
    }
    let mut found: Vec<Found> = Vec::new();
    for from in 0..words.len() {
        if let Some(code) = words.get(from..).and_then(code_at).filter(|code| !found.contains(code))
        {
            found.push(code);
        }
    }
    let least = found.iter().map(|found| found.n_blanks).min()?;
    found.retain(|found| found.n_blanks == least);
    if found.len() > 1 && least > 0 {
        found.retain(|found| found.is_large);
    }
    found.dedup_by(|one, other| one.code == other.code);
    match found.len() {
        1 => found.pop().map(|found| found.code),
        _ => None,
    }
}

/// The words of a text in large letters, and whether they are letters from A to Z alone, with nothing
/// but signs that may stand around or in a code.
fn words(text: &str) -> (Vec<Word>, bool) {
    let mut words: Vec<Word> = Vec::new();
    let mut between = Between::Signs;
    let (mut is_alone, mut has_blank) = (true, false);
    for character in text.nfkc().filter(|character| !is_unseen(*character)) {
        if character.is_alphanumeric() {
            let is_plain = character.is_ascii_alphabetic();
            is_alone &= is_plain;
            if between != Between::Nothing {
                let letters = Zeroizing::new(String::with_capacity(N_LETTERS + 1));
                let is_between_words = between == Between::Dashes && has_blank;
                let before = if is_between_words { Between::Blanks } else { between };
                words.push(Word { letters, before, is_plain: true, is_large: true });
                (between, has_blank) = (Between::Nothing, false);
            }
            if let Some(word) = words.last_mut() {
                word.is_plain &= is_plain;
                word.is_large &= character.is_ascii_uppercase();
                if is_plain && word.letters.len() <= N_LETTERS {
                    word.letters.push(character.to_ascii_uppercase());
                }
            }
            continue;
        }
        let sign = if is_dash(character) || character == '_' {
            Between::Dashes
        } else if character.is_whitespace() {
            has_blank = true;
            Between::Blanks
        } else {
            is_alone &= is_around(character);
            Between::Signs
        };
        between = between.max(sign);
    }
    (words, is_alone)
}

/// The code with which these words begin.
fn code_at(words: &[Word]) -> Option<Found> {
    let mut code = Zeroizing::new(String::with_capacity(2 * N_LETTERS));
    let (mut n_blanks, mut is_large) = (0_usize, true);
    for (ix, word) in words.iter().enumerate() {
        if ix > 0 && word.before == Between::Signs {
            return None;
        }
        if !word.is_plain || !word.letters.len().is_multiple_of(N_TOGETHER) {
            return None;
        }
        n_blanks = n_blanks.saturating_add(usize::from(ix > 0 && word.before == Between::Blanks));
        is_large &= word.is_large;
        code.push_str(&word.letters);
        if code.len() >= N_LETTERS {
            break;
        }
    }
    (code.len() == N_LETTERS).then_some(Found { code, n_blanks, is_large })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODE: &str = "ABCDEFGHIJKLMNOP";

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(read(text).as_deref().map(String::as_str), expected, "{text:?}");
    }

    #[test]
    fn a_code_is_found_however_it_is_pasted() {
        for text in [
            "ABCD-EFGH-IJKL-MNOP",
            " abcd efgh ijkl mnop\r\n",
            "ABCDEFGHIJKLMNOP",
            "abCDefGH-IJKLmnop",
            "AB CD EF GH IJ KL MN OP",
            "Abcd\u{2013}Efgh\u{2011}Ijkl\u{2212}Mnop",
            "ABCD\u{2010}EFGH\u{2012}IJKL\u{2015}MNOP",
            "ABCD\u{200b}-EFGH-\u{200e}IJKL-MNOP\u{2069}",
            "\u{202a}ABCD-EFGH\u{ad}-IJKL-\u{feff}MNOP\u{202c}",
            "\u{2066}ABCD\u{2060}-EFGH-IJKL-MNOP\u{2069}",
            "\"ABCD-EFGH-IJKL-MNOP\"",
            "\u{201e}ABCD-EFGH-IJKL-MNOP\u{201c}.",
            "\u{ab}\u{a0}ABCD-EFGH-IJKL-MNOP\u{a0}\u{bb}",
            "ABCD-EFGH-IJKL-MNOP.",
            "(ABCD-EFGH-IJKL-MNOP)",
            "ABCD-EFGH-\nIJKL-MNOP",
            "ABCD - EFGH - IJKL - MNOP",
            "\u{ff21}\u{ff22}\u{ff23}\u{ff24}\u{ff0d}\u{ff25}\u{ff26}\u{ff27}\u{ff28}\u{3000}\u{ff49}\u{ff4a}\u{ff4b}\u{ff4c}-MNOP",
        ] {
            check(text, Some(CODE));
        }
    }

    #[test]
    fn a_code_is_found_in_the_lines_of_a_chat() {
        for line in [
            "(12:01:33) Marvin: ABCD-EFGH-IJKL-MNOP",
            "[12:01] <Marvin> ABCD-EFGH-IJKL-MNOP",
            "[12:01] <Marv> ABCD-EFGH-IJKL-MNOP",
            "12:01:33 - Marvin: ABCD-EFGH-IJKL-MNOP",
            "12:01:33 - Marv: abcd-efgh-ijkl-mnop.",
            "12:01 Marv ABCD-EFGH-IJKL-MNOP",
            "12:01 Marv ABCDEFGHIJKLMNOP",
            "2026-11-30 12:01:33 marvin@localhost/otrbot \u{2502} ABCD-EFGH-IJKL-MNOP",
            "Marvin (12:01 PM): Your code is ABCD-EFGH-IJKL-MNOP, enter it on the page.",
            "here your code: ABCD EFGH IJKL MNOP",
            "here your code ABCD EFGH IJKL MNOP good luck",
            "(12:01:30) Marvin: this will only come once:\n(12:01:33) Marvin: ABCD-EFGH-IJKL-MNOP\n(12:01:40) ada: yes, fine",
            "ABCD-EFGH-IJKL-MNOP\n(12:02) Marvin: again: abcd-efgh-ijkl-mnop",
            "(\u{661}\u{662}:\u{660}\u{661}) \u{645}\u{627}\u{631}\u{641}\u{646}: \u{2066}ABCD-EFGH-IJKL-MNOP\u{2069}",
        ] {
            check(line, Some(CODE));
        }
    }

    #[test]
    fn a_dash_between_words_is_no_part_of_a_code() {
        for line in [
            "ABCD-EFGH-IJKL-MNOP - that is it",
            "ABCD-EFGH-IJKL-MNOP \u{2014} this is my code",
            "ABCD-EFGH-IJKL-MNOP -- Marv",
            "ABCD-EFGH-IJKL-MNOP\n- done",
            "ABCD-EFGH-IJKL-MNOP\r\n-done",
            "ABCD-EFGH-IJKL-MNOP\n\n\u{2014}Marv",
            "ABCD-EFGH-IJKL-MNOP -Marv",
            "12:01 - Marv - ABCD-EFGH-IJKL-MNOP",
            "Marv \u{2013} ABCD-EFGH-IJKL-MNOP",
            "code - ABCD-EFGH-IJKL-MNOP",
            "code- ABCD-EFGH-IJKL-MNOP",
            "CODE - abcd-efgh-ijkl-mnop - DONE",
            "code - ABCD EFGH IJKL MNOP - done",
            "code - ABCDEFGHIJKLMNOP - done",
            "Marv - ABCD-EFGH-\nIJKL-MNOP - done",
            "Marv - ABCD - EFGH - IJKL - MNOP - done",
            "ABCD-\u{a0}EFGH-\u{a0}IJKL-\u{a0}MNOP",
        ] {
            check(line, Some(CODE));
        }
        for text in [
            "WXYZ-ABCD-EFGH-IJKL-MNOP - done",
            "ABCD-EFGH-IJKL-MNOP - QRST-EFGH-IJKL-MNOP",
            "ABCD - EFGH - IJKL - MNOP - QRST",
        ] {
            check(text, None);
        }
    }

    proptest! {
        #[test]
        fn a_code_that_was_found_is_found_again(
            before in "([A-Za-z]{4} ?- ?|\\PC|12:01 |Marv|[\n .,-]){0,3}",
            after in "( ?- ?[A-Za-z]{4}|\\PC|[\n .,-]|done|this){0,3}",
        ) {
            let text = format!("{before}ABCD-EFGH-IJKL-MNOP{after}");
            if let Some(code) = read(&text) {
                prop_assert_eq!(code.len(), N_LETTERS);
                prop_assert_eq!(read(&code), Some(code));
            }
            // Words with a dash between them and the code do not hide it.
            for text in [format!("{before} - ABCD-EFGH-IJKL-MNOP"), format!("ABCD-EFGH-IJKL-MNOP - {after}")] {
                let read = read(&text);
                prop_assert_eq!(read.as_deref().map(String::as_str), Some(CODE), "{:?}", text);
            }
        }
    }

    #[test]
    fn what_is_not_clear_gives_no_code() {
        let long = "ABCD-EFGH-IJKL-MNOP ".repeat(1_000);
        let many = "ABCD ".repeat(1_600);
        for text in [
            "",
            "-",
            "hello",
            "ABCD-EFGH-IJKL-MNO",
            "ABCD-EFGH-IJKL-MNOPP",
            "ABCD-EFGH-IJKL-MNO1",
            "ABCD-EFGH, IJKL-MNOP 7",
            "WXYZ-ABCD-EFGH-IJKL-MNOP",
            "ABCD-EFGH-IJKL-MNOP QRST-EFGH-IJKL-MNOP",
            "ABCD-EFGH-IJKL-MNOP or QRST-EFGH-IJKL-MNOP",
            "ABCD EFGH IJKL MNOP QRST",
            "here your code abcd efgh ijkl mnop",
            "ABCD\u{640}EFGH\u{640}IJKL\u{640}MNOP",
            &long,
        ] {
            check(text, None);
        }
        check(&many, Some("ABCDABCDABCDABCD"));
    }
}
