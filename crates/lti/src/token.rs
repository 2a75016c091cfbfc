//! The token that a page carries in its forms: whose page it is, signed.
//!
//! It takes the place of a cookie, which browsers keep from pages in foreign frames, and of a
//! token against forged requests, since nobody else can write one. It never stands in a URL.
//!
//! ```text
//! base64url( version: 1 byte | issued: 8 | launched: 8 | enrolment: 1 to 64 | HMAC-SHA256 over those: 32 )
//! ```
//!
//! Each page brings a fresh one, so that nobody is thrown out in the middle of the lesson; the time of
//! the launch travels along, and ends them all. Version 1 had no time of the launch, and is read on:
//! it counts as launched when it was issued.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::ZeroizeOnDrop;

/// How long a token is good, in seconds: longer than anybody takes for the lesson in one go.
pub const LIFETIME: i64 = 12 * 60 * 60;

/// How long after the launch tokens are good at all, in seconds: somebody who goes on the next day
/// comes by way of the course again.
pub const LIFETIME_OF_LAUNCH: i64 = 24 * 60 * 60;

const VERSION: u8 = 2;
/// The version before, which had no time of the launch.
const WITHOUT_LAUNCH: u8 = 1;
const TAG: usize = 32;
/// The longest id of an enrolment, in bytes.
const LONGEST_ID: usize = 64;
/// The longest token, in bytes before base64.
const LONGEST: usize = 1 + 8 + 8 + LONGEST_ID + TAG;

/// The key that signs tokens.
#[derive(Clone, ZeroizeOnDrop)]
pub struct TokenKey([u8; 32]);

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The id of the enrolment whose page this is.
    pub enrolment: String,
    /// When the token was made, in seconds since 1970.
    pub issued: i64,
    /// When the person was launched whose page this is, in seconds since 1970.
    pub launched: i64,
}

/// A token as it stands in a form: not to be shown or logged, since whoever has it may act on the
/// page.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PageToken(String);

impl PageToken {
    /// What came in a form, whatever it is.
    pub fn received(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text for the form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PageToken").finish_non_exhaustive()
    }
}

/// Why a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is none of ours, or was signed with another key.
    #[error("the page token is none of ours")]
    Forged,
    /// It was ours; the enrolment is told so that the answer can suit it.
    #[error("the page token has expired")]
    Expired {
        /// The id of the enrolment whose page it was.
        enrolment: String,
    },
}

impl TokenKey {
    /// Makes the key from secret bytes of any length, such as the contents of a key file.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self(
            Sha256::new().chain_update(b"otrbot page token").chain_update(secret).finalize().into(),
        )
    }

    fn mac(&self, fields: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.0).expect("a key of any length");
        mac.update(fields);
        mac
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").finish_non_exhaustive()
    }
}

impl Token {
    /// Writes the token as text that fits into a form field.
    pub fn seal(&self, key: &TokenKey) -> PageToken {
        let mut bytes = Vec::with_capacity(LONGEST);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.issued.to_be_bytes());
        bytes.extend_from_slice(&self.launched.to_be_bytes());
        bytes.extend_from_slice(self.enrolment.as_bytes());
        let tag = key.mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);
        PageToken(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads a token; its signature is compared in constant time. `now` is in seconds since 1970.
    ///
    /// # Errors
    /// When it is none of ours, or is too old.
    pub fn open(token: &PageToken, key: &TokenKey, now: i64) -> Result<Self, TokenError> {
        let text = token.as_str();
        // Nothing longer than our longest need be looked at.
        if text.len() > LONGEST.div_ceil(3) * 4 {
            return Err(TokenError::Forged);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_no_base64| TokenError::Forged)?;
        let (fields, tag) = bytes.split_last_chunk::<TAG>().ok_or(TokenError::Forged)?;
        key.mac(fields).verify_slice(tag).map_err(|_wrong_tag| TokenError::Forged)?;

        let (version, rest) = fields.split_first().ok_or(TokenError::Forged)?;
        let (issued, rest) = rest.split_first_chunk().ok_or(TokenError::Forged)?;
        let issued = i64::from_be_bytes(*issued);
        let (launched, enrolment) = match *version {
            VERSION => {
                let (launched, rest) = rest.split_first_chunk().ok_or(TokenError::Forged)?;
                (i64::from_be_bytes(*launched), rest)
            }
            WITHOUT_LAUNCH => (issued, rest),
            _ => return Err(TokenError::Forged),
        };
        let enrolment =
            String::from_utf8(enrolment.to_vec()).map_err(|_no_text| TokenError::Forged)?;
        let is_old = now.saturating_sub(issued) > LIFETIME
            || now.saturating_sub(launched) > LIFETIME_OF_LAUNCH;
        if is_old {
            return Err(TokenError::Expired { enrolment });
        }
        Ok(Self { enrolment, issued, launched })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;
    const ID: &str = "0123456789abcdef0123456789abcdef";

    fn key() -> TokenKey {
        TokenKey::from_secret(b"a key")
    }

    fn open(text: &str, key: &TokenKey, now: i64) -> Result<Token, TokenError> {
        Token::open(&PageToken::received(text), key, now)
    }

    fn token() -> Token {
        Token { enrolment: ID.to_owned(), issued: NOW, launched: NOW - 60 }
    }

    fn sealed() -> String {
        token().seal(&key()).as_str().to_owned()
    }

    #[test]
    fn a_token_is_read_back() {
        let text = sealed();

        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        assert_eq!(open(&text, &key(), NOW + 1), Ok(token()));
    }

    #[test]
    fn a_token_expires_and_still_tells_whose_it_was() {
        let text = sealed();

        assert_eq!(open(&text, &key(), NOW + LIFETIME), Ok(token()));
        let late = open(&text, &key(), NOW + LIFETIME + 1);
        assert_eq!(late, Err(TokenError::Expired { enrolment: ID.to_owned() }));
    }

    #[test]
    fn tokens_that_are_renewed_end_with_their_launch() {
        let renewed = |after| Token { issued: NOW + after, launched: NOW, ..token() };
        let good = renewed(LIFETIME_OF_LAUNCH).seal(&key());
        let late = open(good.as_str(), &key(), NOW + LIFETIME_OF_LAUNCH + 1);

        assert!(open(good.as_str(), &key(), NOW + LIFETIME_OF_LAUNCH).is_ok());
        assert_eq!(late, Err(TokenError::Expired { enrolment: ID.to_owned() }));
    }

    #[test]
    fn a_token_of_the_version_before_is_read() {
        let mut bytes = vec![WITHOUT_LAUNCH];
        bytes.extend_from_slice(&NOW.to_be_bytes());
        bytes.extend_from_slice(ID.as_bytes());
        let tag = key().mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&tag);

        let read = open(&URL_SAFE_NO_PAD.encode(bytes), &key(), NOW + 1);

        assert_eq!(read, Ok(Token { launched: NOW, ..token() }));
    }

    #[test]
    fn another_key_another_bit_and_another_length_are_forgeries() {
        let text = sealed();
        let other = open(&text, &TokenKey::from_secret(b"another"), NOW);
        assert_eq!(other, Err(TokenError::Forged));

        let bytes = URL_SAFE_NO_PAD.decode(&text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let text = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(open(&text, &key(), NOW), Err(TokenError::Forged), "bit {bit}");
        }
        for length in 0..text.len() {
            let cut = text.get(..length).unwrap();
            assert_eq!(open(cut, &key(), NOW), Err(TokenError::Forged));
        }
        for odd in ["é", "a b", &"A".repeat(100_000), &format!("{text}A"), &format!("{text}=")] {
            assert_eq!(open(odd, &key(), NOW), Err(TokenError::Forged));
        }
    }

    #[test]
    fn neither_key_nor_token_is_shown() {
        assert_eq!(format!("{:?}", key()), "TokenKey { .. }");
        assert_eq!(format!("{:?}", token().seal(&key())), "PageToken(..)");
    }
}
