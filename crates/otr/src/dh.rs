//! The Diffie-Hellman group: 1536 bits, generator 2 (OTRv3, "D-H Key Exchange"; RFC 3526,
//! "1536-bit MODP Group").
//!
//! ```text
//! gx = g^x mod p      x: 320 random bits        2 <= gx <= p-2
//! s  = gy^x mod p     secbytes = MPI(s), the input of every key derivation
//! ```
//!
//! The modulus is a safe prime, so a public value between 2 and p-2 has order q or 2q: no small
//! subgroup is left to confine a secret to. Exponentiation takes the same time for every secret
//! exponent of one length.

use core::fmt;

use crypto_bigint::{U320, U1536, Uint};
use rand_core::CryptoRng;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::declassify::declassify;
use super::group::{self, Element};

/// An unsigned number from big-endian bytes; leading zeros are tolerated.
///
/// `None` if it does not fit.
pub(super) fn uint_from_be<const LIMBS: usize>(bytes: &[u8]) -> Option<Uint<LIMBS>> {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    let number = bytes.get(zeros..).unwrap_or_default();
    (number.len() <= Uint::<LIMBS>::BYTES)
        .then(|| Uint::from_be_slice_truncated(number, Uint::<LIMBS>::BITS))
}

/// A secret number from big-endian bytes: which of them are zero decides no branch.
///
/// `None` if it does not fit.
pub(super) fn secret_from_be<const LIMBS: usize>(bytes: &[u8]) -> Option<Uint<LIMBS>> {
    let start = bytes.len().saturating_sub(Uint::<LIMBS>::BYTES);
    let (above, number) = bytes.split_at_checked(start)?;
    let mut padded = Zeroizing::new(Uint::<LIMBS>::ZERO.to_be_bytes());
    for (to, from) in padded.as_mut_slice().iter_mut().rev().zip(number.iter().rev()) {
        *to = *from;
    }
    let fits = above.iter().fold(0_u8, |any, byte| any | byte).ct_eq(&0);
    declassify(bool::from(fits)).then(|| Uint::from_be_slice(padded.as_slice()))
}

/// The big-endian bytes of a public number without leading zeros.
pub(super) fn uint_to_be<const LIMBS: usize>(number: &Uint<LIMBS>) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes.as_slice().iter().copied().skip_while(|&byte| byte == 0).collect()
}

/// Our secret exponent x: 320 random bits.
#[derive(ZeroizeOnDrop)]
pub struct DhSecret {
    x: Box<U320>,
}

impl DhSecret {
    /// Bytes of the exponent. The specification asks for at least 320 bits; more would slow every
    /// key rotation and gain nothing, since the group itself is the weaker part.
    const LEN: usize = 40;

    /// A fresh exponent: 40 bytes of `rng`, taken big-endian.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; Self::LEN]);
        loop {
            rng.fill_bytes(bytes.as_mut());
            if let Some(secret) = Self::from_be_bytes(bytes.as_ref()) {
                return secret;
            }
        }
    }

    /// The exponent with these big-endian bytes. `None` if it is 0 or longer than 320 bits.
    pub fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let mut x = Box::new(secret_from_be(bytes)?);
        if declassify(bool::from(x.is_nonzero())) {
            return Some(Self { x });
        }
        x.zeroize();
        None
    }

    /// g^x, for the peer.
    pub fn public(&self) -> DhPublic {
        DhPublic { g: declassify(group::SHORT.power(&*self.x).retrieve()) }
    }

    /// The secret that is shared with the owner of `theirs`.
    pub fn shared(&self, theirs: &DhPublic) -> DhShared {
        let mut power = theirs.element().power(&*self.x);
        let shared = DhShared { s: Box::new(power.retrieve()) };
        power.zeroize();
        shared
    }
}

impl fmt::Debug for DhSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DhSecret").finish_non_exhaustive()
    }
}

/// A public value g^x, between 2 and p-2. The order is that of the numbers; it decides which side
/// is the "high" end of a session.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DhPublic {
    g: U1536,
}

impl DhPublic {
    /// The value with these big-endian bytes. `None` unless 2 <= g <= p-2.
    pub fn from_be_bytes(bytes: &[u8]) -> Option<Self> {
        let g = uint_from_be(bytes)?;
        is_group_element(&g).then_some(Self { g })
    }

    /// All big-endian bytes, leading zeros included.
    pub(super) fn as_be_bytes(&self) -> impl AsRef<[u8]> {
        self.g.to_be_bytes()
    }

    /// The big-endian bytes, without leading zeros.
    pub fn to_be_bytes(&self) -> Vec<u8> {
        uint_to_be(&self.g)
    }

    /// The value for arithmetic.
    pub(super) fn element(&self) -> Element {
        Element::new(&self.g)
    }
}

/// Whether 2 <= g <= p-2 (OTRv3, "Verify that [..] is a legal value").
fn is_group_element(g: &U1536) -> bool {
    // Both are public.
    const P_MINUS_1: U1536 = group::P.wrapping_sub(&U1536::ONE);
    g.cmp_vartime(&U1536::ONE).is_gt() && g.cmp_vartime(&P_MINUS_1).is_lt()
}

/// Wraps a result of arithmetic that is to be sent, or that was computed from what was received.
///
/// `None` unless 2 <= g <= p-2.
pub(super) fn public_from_element(element: &Element) -> Option<DhPublic> {
    let g = declassify(element.retrieve());
    is_group_element(&g).then_some(DhPublic { g })
}

/// The shared secret s.
#[derive(ZeroizeOnDrop)]
pub struct DhShared {
    s: Box<U1536>,
}

impl DhShared {
    /// The `MPI` of s: four bytes of length, then the number without leading zeros, so that one
    /// secret in 256 gives a shorter one (OTRv3, "Computing AES keys, MAC keys, and the secure
    /// session id": secbytes).
    pub fn secbytes(&self) -> Zeroizing<Vec<u8>> {
        let bytes = Zeroizing::new(self.s.to_be_bytes());
        // Its length alone is given away: what is hashed has it, whoever hashes.
        let len = declassify(self.s.bits().div_ceil(8));
        let n_zeros = bytes.len().saturating_sub(usize::try_from(len).unwrap_or(usize::MAX));
        let number = bytes.get(n_zeros..).unwrap_or_default();
        // Full capacity from the start, so that growing leaves no copy behind.
        let mut mpi = Zeroizing::new(Vec::with_capacity(4 + U1536::BYTES));
        mpi.extend_from_slice(&len.to_be_bytes());
        mpi.extend_from_slice(number);
        mpi
    }
}

impl fmt::Debug for DhShared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DhShared").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_the_group_are_refused() {
        let minus = |n: u8| uint_to_be(&group::P.wrapping_sub(&U1536::from_u8(n)));
        let refused = [vec![], vec![0], vec![0, 0, 1], minus(1), minus(0), vec![0xff; 193]];

        for bytes in refused {
            assert!(DhPublic::from_be_bytes(&bytes).is_none(), "{bytes:x?}");
        }
        assert!(DhPublic::from_be_bytes(&[2]).is_some());
        assert!(DhPublic::from_be_bytes(&minus(2)).is_some());
    }

    #[test]
    fn leading_zeros_are_tolerated_and_not_repeated() {
        let mut bytes = vec![0; 300];
        bytes.extend_from_slice(&[7, 0, 0]);

        let public = DhPublic::from_be_bytes(&bytes).unwrap();

        assert_eq!(public.to_be_bytes(), [7, 0, 0]);
        assert!(DhPublic::from_be_bytes(&[3]).unwrap() < public);
    }

    #[test]
    fn a_secret_is_neither_zero_nor_too_long() {
        assert!(DhSecret::from_be_bytes(&[0; 40]).is_none());
        assert!(DhSecret::from_be_bytes(&[1; 41]).is_none());
        assert!(DhSecret::from_be_bytes(&[1; 40]).is_some());
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let secret = DhSecret::from_be_bytes(&[1; 40]).unwrap();

        assert_eq!(format!("{secret:?}"), "DhSecret { .. }");
        assert_eq!(format!("{:?}", secret.shared(&secret.public())), "DhShared { .. }");
    }
}
