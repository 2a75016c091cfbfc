//! What comes along when people copy something: characters that nobody sees, and those that stand
//! around it in a sentence.

use unicode_normalization::char::is_combining_mark;

/// Whether nobody sees this character: marks of direction, joiners, hyphens for the end of a line, the
/// mark at the beginning of a file.
pub fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether this is one of the dashes into which programs turn a hyphen, or that itself.
pub fn is_dash(character: char) -> bool {
    matches!(
        character,
        '-' | '\u{58a}' | '\u{5be}' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{207b}'
                | '\u{208b}'
                | '\u{2212}'
                | '\u{2e3a}'
                | '\u{2e3b}'
                | '\u{fe31}'
                | '\u{fe32}'
                | '\u{fe58}'
                | '\u{fe63}'
                | '\u{ff0d}'
    )
}

/// Whether this is a quotation mark, in whatever language.
pub fn is_quotation_mark(character: char) -> bool {
    matches!(
        character,
        '"' | '\'' | '`' | '\u{ab}' | '\u{b4}' | '\u{bb}' | '\u{5f3}' | '\u{5f4}' | '\u{2018}'..='\u{201f}'
            | '\u{2032}'..='\u{2037}' | '\u{2039}' | '\u{203a}' | '\u{275b}'..='\u{275e}'
            | '\u{300c}'..='\u{300f}' | '\u{301d}'..='\u{301f}' | '\u{ff02}' | '\u{ff07}' | '\u{ff40}'
            | '\u{ff62}' | '\u{ff63}'
    )
}

/// Whether this quotation mark may be an apostrophe, which is within words.
pub fn is_apostrophe(character: char) -> bool {
    matches!(
        character,
        '\'' | '`' | '\u{b4}' | '\u{5f3}' | '\u{2018}'
            ..='\u{201b}' | '\u{2032}' | '\u{2035}' | '\u{ff07}' | '\u{ff40}'
    )
}

/// Whether this is of a name: a letter, a digit, a mark upon one; no symbol that looks like one.
pub fn is_of_name(character: char) -> bool {
    (character.is_alphanumeric() || is_combining_mark(character))
        && !matches!(
            character,
            '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{bc}'..='\u{be}' | '\u{488}' | '\u{489}' | '\u{1abe}'
                | '\u{2070}'..='\u{209f}' | '\u{20dd}'..='\u{20e0}' | '\u{20e2}'..='\u{20e4}'
                | '\u{2100}'..='\u{218f}' | '\u{2460}'..='\u{27bf}' | '\u{3200}'..='\u{33ff}'
                | '\u{a670}'..='\u{a672}' | '\u{1f100}'..='\u{1f2ff}'
        )
}

/// Whether this is a bracket, in whatever language.
pub fn is_bracket(character: char) -> bool {
    matches!(
        character,
        '(' | ')' | '<' | '>' | '[' | ']' | '{' | '}' | '\u{2329}' | '\u{232a}' | '\u{2768}'..='\u{2775}'
            | '\u{27e6}'..='\u{27ef}' | '\u{3008}'..='\u{300b}' | '\u{3010}' | '\u{3011}'
            | '\u{3014}'..='\u{301b}' | '\u{fd3e}' | '\u{fd3f}' | '\u{fe59}'..='\u{fe5e}' | '\u{ff08}'
            | '\u{ff09}' | '\u{ff1c}' | '\u{ff1e}' | '\u{ff3b}' | '\u{ff3d}' | '\u{ff5b}' | '\u{ff5d}'
            | '\u{ff5f}' | '\u{ff60}'
    )
}

/// Whether this ends or divides sentences, or begins an item of a list.
pub fn is_punctuation(character: char) -> bool {
    matches!(
        character,
        '!' | ',' | '.' | ':' | ';' | '?' | '|' | '\u{a1}' | '\u{b7}' | '\u{bf}' | '\u{37e}' | '\u{387}'
            | '\u{589}' | '\u{5c3}' | '\u{60c}' | '\u{60d}' | '\u{61b}' | '\u{61e}' | '\u{61f}'
            | '\u{66b}' | '\u{66c}' | '\u{6d4}' | '\u{964}' | '\u{965}' | '\u{104a}' | '\u{104b}'
            | '\u{1362}'..='\u{1368}' | '\u{17d4}'..='\u{17d6}' | '\u{2016}' | '\u{2022}'..='\u{2027}'
            | '\u{203c}'..='\u{203d}' | '\u{2047}'..='\u{2049}' | '\u{3001}' | '\u{3002}' | '\u{30fb}'
            | '\u{fe50}'..='\u{fe57}' | '\u{ff01}' | '\u{ff0c}' | '\u{ff0e}' | '\u{ff1a}' | '\u{ff1b}'
            | '\u{ff1f}' | '\u{ff5c}' | '\u{ff61}' | '\u{ff64}' | '\u{ff65}'
    )
}

/// Whether this may stand around what was copied, and belongs to the sentence.
pub fn is_around(character: char) -> bool {
    character.is_whitespace()
        || is_unseen(character)
        || is_quotation_mark(character)
        || is_bracket(character)
        || is_punctuation(character)
}

/// The value of a decimal digit: Western, or of another script.
pub fn digit(character: char) -> Option<u32> {
    /// The zeros of scripts; their digits follow in order.
    const ZEROS: [char; 23] = [
        '0', '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}',
        '\u{b66}', '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}',
        '\u{f20}', '\u{1040}', '\u{1090}', '\u{17e0}', '\u{1810}', '\u{1946}', '\u{ff10}',
    ];
    ZEROS.into_iter().find_map(|zero| {
        let value = u32::from(character).checked_sub(u32::from(zero))?;
        (value < 10).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_known_and_letters_are_not_taken_for_it() {
        let unseen = [
            '\u{200b}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2060}', '\u{2066}',
            '\u{2069}', '\u{feff}', '\u{ad}', '\u{61c}',
        ];
        assert!(unseen.into_iter().all(is_unseen));
        for letter in
            ['a', 'Z', '0', '@', '-', '\u{e9}', '\u{640}', '\u{bcd}', '\u{5e9}', '\u{4e2d}']
        {
            assert!(!is_unseen(letter), "{letter:?}");
            assert!(letter == '-' || !is_dash(letter), "{letter:?}");
            assert!(!is_around(letter), "{letter:?}");
        }
    }

    #[test]
    fn digits_of_all_scripts_count() {
        for digits in
            ["0123456789", "\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\u{668}\u{669}"]
        {
            let values: Vec<_> = digits.chars().filter_map(digit).collect();
            assert_eq!(values, (0..10).collect::<Vec<_>>());
        }
        assert_eq!(digit('\u{6f7}'), Some(7));
        assert_eq!(digit('\u{ff19}'), Some(9));
        assert_eq!(digit('\u{96a}'), Some(4));
        assert!("a@\u{2075}".chars().all(|character| digit(character).is_none()));
    }
}
