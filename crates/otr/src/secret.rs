//! Symmetric keys: each its own type, wiped when dropped, without `Clone`, `PartialEq` or a
//! `Debug` that tells anything. They are made in [`super::kdf`] alone.

use core::fmt;

use aes::Aes128Enc;
use aes::cipher::{Array, BlockCipherEncrypt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::declassify::declassify;

/// Blocks of the key stream that are made at a time: as many as vector instructions like to have,
/// which is what makes this faster than a stream cipher of a library on top of the same cipher.
const N_BLOCKS: usize = 64;

/// Length of the block of SHA-1 and SHA-256: shorter HMAC keys are padded to it with zeros.
const HMAC_BLOCK_LEN: usize = 64;

/// Key of AES-128 in counter mode: 16 bytes.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct AesKey([u8; Self::LEN]);

impl AesKey {
    /// Length in bytes.
    pub const LEN: usize = 16;

    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Encrypts or decrypts in place. The counter starts with these 8 bytes and 8 zero bytes.
    pub fn apply(&self, counter_top: [u8; 8], bytes: &mut [u8]) {
        let cipher = Aes128Enc::new(&self.0.into());
        let mut stream = [[0; Self::LEN]; N_BLOCKS];
        let mut next = u128::from(u64::from_be_bytes(counter_top)) << 64;
        for piece in bytes.chunks_mut(N_BLOCKS * Self::LEN) {
            let n = piece.len().div_ceil(Self::LEN);
            let blocks = stream.get_mut(..n).unwrap_or_default();
            for block in &mut *blocks {
                *block = next.to_be_bytes();
                // It cannot come to its end within a message of bounded length.
                next = next.wrapping_add(1);
            }
            cipher.encrypt_blocks(Array::cast_slice_from_core_mut(blocks));
            for (byte, key) in piece.iter_mut().zip(blocks.as_flattened()) {
                *byte ^= key;
            }
        }
        stream.as_flattened_mut().zeroize();
    }

    /// Its bytes, to derive a MAC key from.
    pub(super) fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Key of the MAC on data messages: 20 bytes, SHA-1 of the AES key of the same direction
/// (OTRv3, "Computing AES keys, MAC keys, and the secure session id").
///
/// Kept with it is what HMAC makes of it, which would take as long as the MAC of a short message.
pub struct MacKey {
    bytes: Zeroizing<[u8; Self::LEN]>,
    /// Wipes itself.
    keyed: Hmac<Sha1>,
}

impl MacKey {
    /// Length in bytes.
    pub const LEN: usize = 20;

    /// The key of these bytes.
    pub(super) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        let keyed = Hmac::new((&*block(&bytes)).into());
        Self { bytes: Zeroizing::new(bytes), keyed }
    }

    /// HMAC-SHA-1 of the bytes.
    pub fn mac(&self, bytes: &[u8]) -> [u8; 20] {
        self.keyed.clone().chain_update(bytes).finalize().into_bytes().into()
    }

    /// Whether this is the MAC of the bytes, in constant time.
    pub fn verifies(&self, bytes: &[u8], mac: &[u8; 20]) -> bool {
        declassify(self.mac(bytes).ct_eq(mac).into())
    }

    /// Gives the key away, so that whoever has the transcript could have forged it. It is used up:
    /// a revealed key does not verify again what it was used for.
    pub fn reveal(self) -> RevealedMacKey {
        RevealedMacKey(declassify(*self.bytes))
    }
}

/// A MAC key that is no secret once it is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RevealedMacKey(pub [u8; MacKey::LEN]);

/// Key of the MACs of the key exchange (m1, m2, m1', m2'): 32 bytes.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct AkeMacKey([u8; Self::LEN]);

impl AkeMacKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// HMAC-SHA-256 of the bytes: what is signed.
    pub fn mac(&self, bytes: &[u8]) -> [u8; 32] {
        Hmac::<Sha256>::new((&*block(&self.0)).into())
            .chain_update(bytes)
            .finalize()
            .into_bytes()
            .into()
    }

    /// The first 160 bits of it.
    pub fn mac_160(&self, bytes: &[u8]) -> [u8; 20] {
        let mut short = [0; 20];
        for (to, from) in short.iter_mut().zip(self.mac(bytes)) {
            *to = from;
        }
        short
    }

    /// Whether these are the first 160 bits of it, in constant time.
    pub fn verifies_160(&self, bytes: &[u8], mac: &[u8; 20]) -> bool {
        declassify(self.mac_160(bytes).ct_eq(mac).into())
    }
}

/// The extra symmetric key: 32 bytes for a use that the peers agree on (OTRv3, "Extra symmetric
/// key"). Compared in constant time.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ExtraKey([u8; Self::LEN]);

impl ExtraKey {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// The key of these bytes.
    pub(super) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn expose(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl PartialEq for ExtraKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ExtraKey {}

/// The key, padded as HMAC pads it.
fn block(key: &[u8]) -> Zeroizing<[u8; HMAC_BLOCK_LEN]> {
    let mut block = Zeroizing::new([0; HMAC_BLOCK_LEN]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    block
}

macro_rules! redacted_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

redacted_debug!(AesKey, MacKey, AkeMacKey, ExtraKey, RevealedMacKey);

#[cfg(test)]
mod tests {
    use ctr::Ctr128BE;
    use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn debug_tells_nothing() {
        assert_eq!(format!("{:?}", AesKey([7; 16])), "AesKey { .. }");
        assert_eq!(format!("{:?}", MacKey::from_bytes([7; 20])), "MacKey { .. }");
        assert_eq!(format!("{:?}", AkeMacKey([7; 32])), "AkeMacKey { .. }");
        assert_eq!(format!("{:?}", ExtraKey([7; 32])), "ExtraKey { .. }");
        assert_eq!(format!("{:?}", RevealedMacKey([7; 20])), "RevealedMacKey { .. }");
    }

    #[test]
    fn what_a_mac_key_has_taken_in_is_wiped_with_it() {
        fn wipes_itself<T: ZeroizeOnDrop>() {}

        // An HMAC holds nothing but the states of two hashes and their buffer.
        wipes_itself::<Sha1>();
        wipes_itself::<Sha256>();
    }

    #[test]
    fn a_mac_is_the_same_however_often_it_was_made() {
        let key = MacKey::from_bytes([1; 20]);
        let plain = Hmac::<Sha1>::new_from_slice(&[1; 20]).unwrap();

        for len in [0, 1, 63, 64, 65, 1000] {
            let bytes = vec![5; len];
            let expected = plain.clone().chain_update(&bytes).finalize().into_bytes();
            assert_eq!(key.mac(&bytes), <[u8; 20]>::from(expected));
            assert_eq!(key.mac(&bytes), <[u8; 20]>::from(expected));
        }
    }

    #[test]
    fn a_mac_verifies_its_bytes_only() {
        let key = MacKey::from_bytes([1; 20]);
        let mac = key.mac(b"bytes");

        assert!(key.verifies(b"bytes", &mac));
        assert!(!key.verifies(b"other", &mac));
        assert!(!MacKey::from_bytes([2; 20]).verifies(b"bytes", &mac));
    }

    proptest! {
        #[test]
        fn the_counter_mode_is_that_of_the_library(
            key in any::<[u8; 16]>(),
            counter in any::<[u8; 8]>(),
            text in prop::collection::vec(any::<u8>(), 0..3_000),
        ) {
            let mut expected = text.clone();
            let mut start = [0; 16];
            start[..8].copy_from_slice(&counter);
            Ctr128BE::<Aes128Enc>::new(&key.into(), &start.into()).apply_keystream(&mut expected);

            let mut encrypted = text;
            AesKey(key).apply(counter, &mut encrypted);

            prop_assert_eq!(encrypted, expected);
        }
    }

    #[test]
    fn what_is_encrypted_is_decrypted() {
        let mut bytes = *b"a text longer than one block of the cipher";

        AesKey([3; 16]).apply([0, 0, 0, 0, 0, 0, 0, 1], &mut bytes);
        let encrypted = bytes;
        AesKey([3; 16]).apply([0, 0, 0, 0, 0, 0, 0, 1], &mut bytes);

        assert_ne!(encrypted, bytes);
        assert_eq!(&bytes, b"a text longer than one block of the cipher");
    }
}
