//! Words as they are compared: without case, accents, signs that nobody sees, and what the same word
//! has in front of it in Arabic.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::records::pasted;

/// Fewest letters that must be left of an Arabic word without its article.
const MIN_STEM: usize = 3;

/// What stands in front of an Arabic word with its article: and, then, with, like, for, the.
const ARTICLES: [&str; 6] = ["وال", "فال", "بال", "كال", "لل", "ال"];

/// The words of a text, in order.
pub(super) fn words(text: &str) -> Vec<String> {
    let plain = plain(text);
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| without_article(word).to_owned()).collect()
}

/// A text in the form in which words are compared.
pub(in crate::session) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match character {
            c if is_unseen(c) => {}
            'ß' => plain.push_str("ss"),
            'œ' => plain.push_str("oe"),
            'æ' => plain.push_str("ae"),
            'ø' => plain.push('o'),
            // The forms of one letter that keyboards of Arabic, Persian and Urdu have.
            'ى' | 'ی' => plain.push('ي'),
            'ک' => plain.push('ك'),
            'ة' | 'ە' | 'ہ' | 'ھ' => plain.push('ه'),
            'ٱ' => plain.push('ا'),
            c => plain.push(c),
        }
    }
    plain
}

/// Signs within words that nobody sees: direction marks, joiners, hyphens for the end of a line, the
/// stroke by which Arabic words are stretched.
fn is_unseen(c: char) -> bool {
    c == '\u{640}' || pasted::is_unseen(c)
}

/// An Arabic word without a particle of one letter that is written together with it.
pub(super) fn without_particle(word: &str) -> Option<&str> {
    let stem = word.strip_prefix(['و', 'ف', 'ب', 'ل', 'ك'])?;
    (stem.chars().count() >= MIN_STEM).then_some(stem)
}

fn without_article(word: &str) -> &str {
    let stems = ARTICLES.iter().filter_map(|article| word.strip_prefix(article));
    stems.into_iter().find(|stem| stem.chars().count() >= MIN_STEM).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_or_minds_does_not_matter() {
        for (text, same) in [
            ("Où est-ce ?", "ou EST ce"),
            ("Straße", "strasse"),
            ("j’ai peur", "j'ai peur"),
            ("pid\u{200f}gin\u{ad}!", "PIDGIN"),
            ("نمی‌دانم", "نميدانم"),
            ("أنا في الخطر", "انا في خطر"),
            ("مُراقَب", "مراقب"),
            ("والشرطة", "شرطه"),
            ("ٱسم", "اسم"),
            ("خانۀ", "خانه"),
            ("رئيس", "رييس"),
            ("ﬁngerprint", "fingerprint"),
        ] {
            assert_eq!(words(text), words(same), "{text}");
        }
        assert_ne!(words("now here"), words("nowhere"));
    }
}
