//! How easily a shared secret is guessed, and what to say about it in the learner's language.

use std::{hint, panic, thread};

use secrecy::{ExposeSecret as _, SecretString};
use tr::tr;
use zxcvbn::feedback::{Suggestion, Warning};
use zxcvbn::{Entropy, Score};

use zeroize::{Zeroize as _, Zeroizing};

use super::SecretVerdict;

/// Longest shared secret, in bytes. Longer ones are pasted by mistake.
pub const MAX_SECRET_BYTES: usize = 256;

/// How much of a secret is looked at, in characters, and how many different signs in it that may stand
/// for letters (`4` for an a). The estimate tries all that those can stand for: some milliseconds for
/// so many, where 256 characters with all of them took most of a second. What is strong enough by its
/// beginning is so as a whole, and no word that people know is written with more of such signs.
const MAX_ESTIMATED: usize = 48;
const MAX_STAND_INS: usize = 6;
/// The signs that may stand for letters, to the library.
const STAND_INS: &str = "4@8({[<3691!|70$5+%2";
/// What stands in for more of them.
const NO_STAND_IN: char = '~';

/// How easily a shared secret is guessed. Estimating it takes up to some milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Strength(Estimate);

#[derive(Clone, Debug, PartialEq)]
enum Estimate {
    Enough,
    Weak(Option<Warning>, Vec<Suggestion>),
    Unusable,
}

impl Strength {
    /// Estimates how easily a shared secret is guessed.
    ///
    /// Blanks around it do not count: nobody sees them. Somebody who holds a recording cannot guess
    /// at an SMP secret, but somebody in the middle has one guess each time, so it must not be a
    /// likely one.
    pub fn estimate(secret: &SecretString) -> Self {
        let secret = secret.expose_secret().trim();
        if secret.is_empty() || secret.len() > MAX_SECRET_BYTES || secret.contains(char::is_control)
        {
            return Self(Estimate::Unusable);
        }
        let entropy = estimate(&looked_at(secret));
        if entropy.score() >= Score::Three {
            return Self(Estimate::Enough);
        }
        let feedback = entropy.feedback();
        let warning = feedback.and_then(zxcvbn::feedback::Feedback::warning);
        let advice = feedback.map(zxcvbn::feedback::Feedback::suggestions).unwrap_or_default();
        Self(Estimate::Weak(warning, advice.to_vec()))
    }

    /// The verdict, with reasons in the language of the present [`scope`](crate::i18n::scope).
    pub fn verdict(&self) -> SecretVerdict {
        match &self.0 {
            Estimate::Enough => SecretVerdict::Accepted,
            Estimate::Unusable => SecretVerdict::Unusable,
            Estimate::Weak(warning, advice) => SecretVerdict::TooWeak {
                warning: warning.map(told).unwrap_or_default(),
                advice: advice.iter().map(|suggestion| advised(*suggestion)).collect(),
            },
        }
    }
}

/// What is looked at of a secret.
fn looked_at(secret: &str) -> Zeroizing<String> {
    let mut seen = Vec::new();
    let mut looked_at = Zeroizing::new(String::with_capacity(secret.len()));
    for character in secret.chars().take(MAX_ESTIMATED) {
        let is_one_more = STAND_INS.contains(character) && !seen.contains(&character);
        if is_one_more && seen.len() < MAX_STAND_INS {
            seen.push(character);
        }
        let is_too_many = is_one_more && !seen.contains(&character);
        looked_at.push(if is_too_many { NO_STAND_IN } else { character });
    }
    looked_at
}

/// How much of the stack is wiped after an estimate: more than what a thread leaves when it ends, which
/// is some 16 kB with the GNU C library.
const WIPED: usize = 128 * 1024;

/// How easily a secret is guessed. What is left of it on the stack is wiped, and what lies deeper goes
/// with a thread that is made for this alone.
fn estimate(secret: &str) -> Entropy {
    let estimate = || {
        let entropy = guess(secret);
        wipe_stack();
        entropy
    };
    let apart = thread::scope(|scope| {
        let thread = thread::Builder::new().name("strength".to_owned());
        thread.spawn_scoped(scope, estimate).map(thread::ScopedJoinHandle::join)
    });
    match apart {
        Ok(Ok(entropy)) => entropy,
        Ok(Err(panicked)) => panic::resume_unwind(panicked),
        // There are too many threads already.
        Err(_) => estimate(),
    }
}

#[inline(never)]
fn guess(secret: &str) -> Entropy {
    zxcvbn::zxcvbn(secret, &["otr", "otrbot", "secret"])
}

/// Overwrites what those have left on the stack who were called before.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "it is the stack that is wiped")]
fn wipe_stack() {
    let mut left = [0_u8; WIPED];
    left.zeroize();
    hint::black_box(&left);
}

fn told(warning: Warning) -> String {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess => {
            tr!("Straight rows of keys are easy to guess.")
        }
        Warning::ShortKeyboardPatternsAreEasyToGuess => {
            tr!("Short keyboard patterns are easy to guess.")
        }
        Warning::RepeatsLikeAaaAreEasyToGuess => tr!("Repeats like \"aaa\" are easy to guess."),
        Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            tr!("Repeats like \"abcabcabc\" are only slightly harder to guess than \"abc\".")
        }
        Warning::ThisIsATop10Password => tr!("It is one of the ten most common passwords."),
        Warning::ThisIsATop100Password => tr!("It is one of the hundred most common passwords."),
        Warning::ThisIsACommonPassword => tr!("It is a very common password."),
        Warning::ThisIsSimilarToACommonlyUsedPassword => tr!("It is similar to a common password."),
        Warning::SequencesLikeAbcAreEasyToGuess => {
            tr!("Sequences like \"abc\" or \"6543\" are easy to guess.")
        }
        Warning::RecentYearsAreEasyToGuess => tr!("Recent years are easy to guess."),
        Warning::AWordByItselfIsEasyToGuess => tr!("A word by itself is easy to guess."),
        Warning::DatesAreOftenEasyToGuess => tr!("Dates are often easy to guess."),
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess => {
            tr!("Names and surnames by themselves are easy to guess.")
        }
        Warning::CommonNamesAndSurnamesAreEasyToGuess => {
            tr!("Common names and surnames are easy to guess.")
        }
    }
}

fn advised(suggestion: Suggestion) -> String {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases => {
            tr!("Use a few words, and avoid common phrases.")
        }
        Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => {
            tr!("There is no need for symbols, digits or upper-case letters.")
        }
        Suggestion::AddAnotherWordOrTwo => {
            tr!("Add another word or two. Uncommon words are better.")
        }
        Suggestion::CapitalizationDoesntHelpVeryMuch => {
            tr!("Upper-case letters do not help very much.")
        }
        Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => {
            tr!("All upper case is almost as easy to guess as all lower case.")
        }
        Suggestion::ReversedWordsArentMuchHarderToGuess => {
            tr!("Words written backwards are not much harder to guess.")
        }
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => {
            tr!("Predictable substitutions such as \"@\" for \"a\" do not help very much.")
        }
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => {
            tr!("Use a longer keyboard pattern with more turns.")
        }
        Suggestion::AvoidRepeatedWordsAndCharacters => {
            tr!("Avoid repeated words and characters.")
        }
        Suggestion::AvoidSequences => tr!("Avoid sequences."),
        Suggestion::AvoidRecentYears => tr!("Avoid recent years."),
        Suggestion::AvoidYearsThatAreAssociatedWithYou => {
            tr!("Avoid years that have to do with you.")
        }
        Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => {
            tr!("Avoid dates and years that have to do with you.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(secret: &str) -> SecretVerdict {
        Strength::estimate(&SecretString::from(secret)).verdict()
    }

    #[test]
    fn uncommon_words_are_taken() {
        for secret in [
            "purple walrus ironing kettles",
            " violet-mammoth-sofa-83 ",
            "Käsespätzle überm Öltank",
        ] {
            assert_eq!(verdict(secret), SecretVerdict::Accepted, "{secret}");
        }
    }

    #[test]
    fn what_is_easily_guessed_is_refused_with_a_reason() {
        for secret in ["password", "123456", "qwertz", "abcabc", "P4$$w0rd", "1qaz2wsx3edc"] {
            let SecretVerdict::TooWeak { warning, advice } = verdict(secret) else {
                panic!("{secret} was not refused")
            };
            assert!(warning.ends_with('.') && !advice.is_empty(), "{secret}: {warning} {advice:?}");
        }
        // That it is too easy to guess is said already.
        let SecretVerdict::TooWeak { warning, advice } = verdict("otrbot") else {
            panic!("it was not refused")
        };
        assert!(warning.is_empty() && !advice.is_empty(), "{warning} {advice:?}");
    }

    #[test]
    fn what_is_slow_to_estimate_is_not_looked_at() {
        let worst = "4@8({[<3691!|70$5+%2".repeat(12);
        let looked_at = looked_at(&worst);

        assert_eq!(looked_at.chars().count(), 48);
        let mut signs: Vec<char> = looked_at.chars().filter(|c| STAND_INS.contains(*c)).collect();
        signs.sort_unstable();
        signs.dedup();
        assert_eq!(signs.len(), 6);
        assert_eq!(*super::looked_at("p4$$w0rd k\u{e4}se"), *"p4$$w0rd k\u{e4}se");
    }

    #[test]
    fn what_nobody_types_is_unusable() {
        let long = "purple walrus ".repeat(100);
        for secret in ["", "  ", &long, "purple walrus\0ironing kettles"] {
            assert_eq!(verdict(secret), SecretVerdict::Unusable);
        }
    }
}
