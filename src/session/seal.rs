//! Shared secrets as the database gets them: sealed, by a key that never reaches it.
//!
//! A database's library keeps copies of what passes through it for as long as it likes, and so do its
//! server, its log and its backups. None of them ever sees a shared secret.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as BASE64};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use rand_core::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What the key is made for: the secret that it comes from signs pages, too.
const PURPOSE: &[u8] = b"otrbot: seals shared secrets: ";

/// Bytes of a nonce: enough for random ones never to meet.
const NONCE_LEN: usize = 24;

/// Seals shared secrets, and opens them.
#[derive(Clone)]
pub struct Seal(XChaCha20Poly1305);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seal").finish_non_exhaustive()
    }
}

/// A shared secret, sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sealed {
    /// Nonce, text and tag in base 64.
    sealed: String,
}

impl Seal {
    /// A seal whose key comes from a secret of the administrator, or from random bytes.
    pub fn from_secret(secret: &[u8]) -> Self {
        let mut key = Sha256::new();
        key.update(PURPOSE);
        key.update(secret);
        Self(XChaCha20Poly1305::new(&key.finalize()))
    }

    /// Seals a secret for one session.
    pub(super) fn seal(
        &self,
        secret: &SecretString,
        instance: u32,
        rng: &mut dyn CryptoRng,
    ) -> Option<Sealed> {
        let mut nonce = [0; NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        let aad = &instance.to_be_bytes();
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad };
        // Only texts of many gigabytes cannot be sealed.
        let sealed = self.0.encrypt(&nonce.into(), payload).ok()?;
        Some(Sealed { sealed: BASE64.encode([nonce.as_slice(), &sealed].concat()) })
    }

    /// The secret that was sealed for a session; `None`: under another key, or for another session.
    pub(super) fn open(&self, sealed: &Sealed, instance: u32) -> Option<SecretString> {
        let bytes = BASE64.decode(&sealed.sealed).ok()?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let payload = Payload { msg, aad: &instance.to_be_bytes() };
        let opened = Zeroizing::new(self.0.decrypt(&(*nonce).into(), payload).ok()?);
        std::str::from_utf8(&opened).ok().map(SecretString::from)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    const SECRET: &str = "purple walrus ironing kettles";

    #[test]
    fn only_the_same_key_opens_it_and_only_for_the_same_session() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let seal = Seal::from_secret(b"of the administrator");
        let sealed = seal.seal(&SECRET.into(), 256, &mut rng).unwrap();
        let again = seal.seal(&SECRET.into(), 256, &mut rng).unwrap();

        let opened = Seal::from_secret(b"of the administrator").open(&sealed, 256);
        assert_eq!(opened.unwrap().expose_secret(), SECRET);
        assert_ne!(sealed, again);
        assert!(seal.open(&sealed, 257).is_none());
        assert!(Seal::from_secret(b"another").open(&sealed, 256).is_none());
    }

    #[test]
    fn what_was_changed_is_not_opened() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let seal = Seal::from_secret(b"of the administrator");
        let Sealed { sealed } = seal.seal(&SECRET.into(), 256, &mut rng).unwrap();
        for ix in 0..sealed.len() {
            let mut other = sealed.clone().into_bytes();
            other[ix] = if other[ix] == b'A' { b'B' } else { b'A' };
            let sealed = String::from_utf8(other).unwrap();
            assert!(seal.open(&Sealed { sealed }, 256).is_none(), "{ix}");
        }
        for text in ["", "AAAA", "not base 64!"] {
            assert!(seal.open(&Sealed { sealed: text.to_owned() }, 256).is_none());
        }
    }
}
