//! The bot secret: made at random, and recognised however it is typed.

use rand_core::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::code;
use crate::records::pasted::{is_dash, is_unseen};

/// Form of the bot secret: 16 letters, 75 bits.
pub const BOT_SECRET_FORMAT: &str = "XXXX-XXXX-XXXX-XXXX";

/// How much of a message is searched for the bot secret, in characters.
const MAX_TOLD_CHARS: usize = 2_000;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";
const SYMBOLS: &str = "!#$%&*+-./:;<=>?@^_~";

/// Case of the letters of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `A` to `Z`.
    Upper,
    /// `a` to `z`.
    Lower,
    /// Both.
    Mixed,
}

/// The characters that a secret is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alphabet {
    /// Letters, in this case; `None`: no letters.
    pub letters: Option<Case>,
    /// `0` to `9`.
    pub digits: bool,
    /// Common symbols.
    pub symbols: bool,
    /// Further characters.
    pub others: String,
}

impl Default for Alphabet {
    /// Upper-case letters.
    fn default() -> Self {
        Self { letters: Some(Case::Upper), digits: false, symbols: false, others: String::new() }
    }
}

impl Alphabet {
    /// Each character once, in order.
    fn characters(&self) -> Vec<char> {
        let letters = match self.letters {
            Some(Case::Upper) => [UPPER, ""],
            Some(Case::Lower) => [LOWER, ""],
            Some(Case::Mixed) => [UPPER, LOWER],
            None => ["", ""],
        };
        let digits = if self.digits { DIGITS } else { "" };
        let symbols = if self.symbols { SYMBOLS } else { "" };
        let all = letters.into_iter().chain([digits, symbols, self.others.as_str()]);
        let mut characters: Vec<char> = all.flat_map(str::chars).collect();
        characters.sort_unstable();
        characters.dedup();
        characters
    }
}

/// Makes a secret in which each `X` of `format` is a random character, and the rest stands as it
/// is. `None` if the alphabet is empty.
pub fn generate(
    format: &str,
    alphabet: &Alphabet,
    rng: &mut dyn CryptoRng,
) -> Option<SecretString> {
    let characters = alphabet.characters();
    let mut secret = Zeroizing::new(String::with_capacity(4 * format.len()));
    for character in format.chars() {
        secret.push(if character == 'X' { draw(&characters, rng)? } else { character });
    }
    Some(SecretString::from(secret.as_str()))
}

/// Makes a secret of `n_characters` random characters. `None` if the alphabet is empty.
pub fn generate_len(
    n_characters: usize,
    alphabet: &Alphabet,
    rng: &mut dyn CryptoRng,
) -> Option<SecretString> {
    generate(&"X".repeat(n_characters), alphabet, rng)
}

/// Digest of a bot secret, by which it is recognised. With 75 random bits nobody finds the secret
/// from it.
pub(super) type Digest = [u8; 32];

/// The digest of a secret, however it is typed.
pub(super) fn digest(secret: &SecretString) -> Digest {
    digest_of(&plain(secret.expose_secret()))
}

fn digest_of(plain: &str) -> Digest {
    let mut digest = Sha256::new();
    digest.update(b"otrbot: a bot secret: ");
    digest.update(plain);
    digest.finalize().into()
}

/// Whether somebody typed the secret of one of these digests, alone or in what they copied from the
/// chat. That takes as long for each of them.
pub(super) fn is_typed(digests: &[Digest], typed: &SecretString) -> bool {
    let Some(code) = code::read(typed.expose_secret()) else { return false };
    let typed = digest_of(&code);
    let is_one = digests.iter().fold(Choice::from(0), |known, one| known | one.ct_eq(&typed));
    is_one.into()
}

/// Whether a message tells this secret, among other words or alone. How long that takes does not
/// matter: whoever writes the message knows.
pub fn is_told(secret: &SecretString, message: &str) -> bool {
    let message: Zeroizing<String> = Zeroizing::new(message.chars().take(MAX_TOLD_CHARS).collect());
    let (secret, message) = (plain(secret.expose_secret()), plain(&message));
    !secret.is_empty() && message.contains(secret.as_str())
}

/// What counts of a typed secret. Programs like to make other dashes of a hyphen.
fn plain(typed: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(typed.len()));
    for character in typed.nfkc() {
        let is_dash = is_dash(character) || character == '_';
        if !is_dash && !is_unseen(character) && !character.is_whitespace() {
            plain.push(character.to_ascii_uppercase());
        }
    }
    plain
}

/// One of the characters, each with the same chance.
fn draw(characters: &[char], rng: &mut dyn CryptoRng) -> Option<char> {
    let n_characters = u32::try_from(characters.len()).ok()?;
    // Numbers above the last whole multiple would favour the first characters.
    let limit = u32::MAX - u32::MAX.checked_rem(n_characters)?;
    loop {
        let drawn = rng.next_u32();
        if drawn < limit {
            let ix = usize::try_from(drawn.checked_rem(n_characters)?).ok()?;
            return characters.get(ix).copied();
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn made(format: &str, alphabet: &Alphabet, seed: u64) -> String {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        generate(format, alphabet, &mut rng).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn the_bot_secret_has_its_form_and_is_never_the_same() {
        let secret = made(BOT_SECRET_FORMAT, &Alphabet::default(), 1);

        let groups: Vec<&str> = secret.split('-').collect();
        assert_eq!(groups.len(), 4);
        for group in groups {
            assert_eq!(group.len(), 4);
            assert!(group.bytes().all(|byte| byte.is_ascii_uppercase()), "{secret}");
        }
        assert_ne!(secret, made(BOT_SECRET_FORMAT, &Alphabet::default(), 2));
    }

    #[test]
    fn alphabets_give_what_they_name_and_all_of_it() {
        let none = Alphabet { letters: None, ..Alphabet::default() };
        let (digits, symbols) = (true, true);
        for (alphabet, all) in [
            (Alphabet::default(), UPPER.to_owned()),
            (Alphabet { letters: Some(Case::Lower), ..none.clone() }, LOWER.to_owned()),
            (Alphabet { letters: Some(Case::Mixed), ..none.clone() }, format!("{UPPER}{LOWER}")),
            (Alphabet { digits, ..none.clone() }, DIGITS.to_owned()),
            (Alphabet { symbols, ..none.clone() }, SYMBOLS.to_owned()),
            (Alphabet { others: "aäa".to_owned(), ..none }, "aä".to_owned()),
        ] {
            let made = made(&"X".repeat(2_000), &alphabet, 3);
            let mut seen: Vec<char> = made.chars().collect();
            seen.sort_unstable();
            seen.dedup();
            let mut all: Vec<char> = all.chars().collect();
            all.sort_unstable();
            assert_eq!(seen, all);
        }
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        assert!(generate("X", &none, &mut rng).is_none());
        let secret = generate_len(7, &Alphabet::default(), &mut rng).unwrap();
        assert_eq!(secret.expose_secret().len(), 7);
    }

    #[test]
    fn a_secret_is_recognised_however_it_is_typed() {
        let digests = ["QRST-EFGH-IJKL-MNOP", "ABCD-EFGH-IJKL-MNOP"]
            .map(|secret| digest(&SecretString::from(secret)));
        for typed in [
            "ABCD-EFGH-IJKL-MNOP",
            " qrst efgh ijkl mnop\n",
            "(12:01:33) Marvin: ABCD-EFGH-IJKL-MNOP",
        ] {
            assert!(is_typed(&digests, &SecretString::from(typed)), "{typed:?}");
        }
        for typed in ["", "ABCD-EFGH-IJKL-MNOQ", "ABCD-EFGH-IJKL-MNOP QRST-EFGH-IJKL-MNOP"] {
            assert!(!is_typed(&digests, &SecretString::from(typed)), "{typed:?}");
        }
        assert!(!is_typed(&[], &SecretString::from("ABCD-EFGH-IJKL-MNOP")));
    }

    #[test]
    fn a_secret_is_found_in_a_message_with_other_signs_in_it() {
        let secret = SecretString::from("ABCD-EFGH-IJKL-MNOP");
        for message in [
            "it is \u{201e}ABCD\u{2011}EFGH-\u{200b}IJKL-MNOP\u{201c}.",
            "\u{2066}abcd efgh ijkl mnop\u{2069}",
            "\u{ff21}\u{ff22}\u{ff23}\u{ff24}-EFGH-IJKL-MNOP",
        ] {
            assert!(is_told(&secret, message), "{message}");
        }
        assert!(!is_told(&secret, "ABCD-EFGH-IJKL"));
    }
}
