//! Long-term DSA keys, their signatures and fingerprints (OTRv3, "Public keys, signatures, and
//! fingerprints").
//!
//! ```text
//! y = g^x mod p
//! r = (g^k mod p) mod q        s = k^-1 (m + x r) mod q        m: 32 bytes mod q, not truncated
//! fingerprint = SHA-1(MPI(p) MPI(q) MPI(g) MPI(y))
//! ```
//!
//! Our own keys share one set of domain parameters, so that a key costs one exponentiation and no
//! search for primes. Keys of peers may have other parameters and other sizes of p; what is read
//! here is validated in full.
//!
//! Powers and inverses that involve x or k take the same time for all of their values. What a
//! peer's key and signature hold is public and is computed with as it comes.

use core::fmt;
use std::sync::{Arc, LazyLock};

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams, FixedMontyForm, FixedMontyParams};
use crypto_bigint::{BoxedUint, CtEq as _, CtLt as _, NonZero, Odd, U192, U256, U1024};
use crypto_primes::{Flavor, is_prime};
use rand_core::CryptoRng;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use super::declassify::{declassify, declassify_bytes};
use super::dh::{secret_from_be, uint_from_be, uint_to_be};
use super::error::WireError;
use super::wire::{Reader, Writer};

// The domain parameters of our keys: what the `dsa` crate generates from a ChaCha20 generator whose
// seed is the 32 bytes "otrbot: DSA-1024/160 parameters.". The test
// `the_shared_parameters_come_from_their_seed` makes them again, so nobody has to trust them.

/// p: a prime of 1,024 bits.
const SHARED_P: Odd<U1024> = Odd::<U1024>::from_be_hex(
    "a29818f3fd669e80465037ae29a00eb7c8db60734c2c6ae951e4ef8622e76c6e\
     356c19f74cfb919feeea1e1704ea5fe46315a5f2b388977931e6027fe904494a\
     c8c15736f375ecdf256cd7ba30c38454c7ed690029a6689758ffeee8e3bdfa76\
     be56beb2b8623505077d625d49f01cabd5e90be08c7eb8150730bd61f5d3c00f",
);

/// q: a prime of 160 bits that divides p-1.
const SHARED_Q: Odd<U192> =
    Odd::<U192>::from_be_hex("00000000ea3a6f5a5d2396fc2f8b76158179cc6fc4f39bcf");

/// g: a generator of the subgroup of order q.
const SHARED_G: U1024 = U1024::from_be_hex(
    "3328aaa446986b8b45affd39f28e639dd5992fbd54355c39301c4c266d656989\
     4a5e62c3d7d85b651a2e4522e4a0ee3f7c7cdbe67de2f4aac310e50534ea34bf\
     134b4082b3b62a64b632c37c32049231800018357f8df15c99897b203d7390d9\
     5d8451d2f8defac565336d627a2f9a133d5de45aaaa22018a1e574c06aece7ed",
);

static SHARED: LazyLock<Arc<Domain>> = LazyLock::new(|| {
    let p = BoxedMontyParams::new_vartime(SHARED_P.into());
    let g = BoxedMontyForm::new(BoxedUint::from(&SHARED_G), &p);
    Arc::new(Domain { g, q: FixedMontyParams::new_vartime(SHARED_Q) })
});

/// A number modulo q.
type Scalar = FixedMontyForm<{ U192::LIMBS }>;

/// Domain parameters: p and g in Montgomery form, and q.
struct Domain {
    g: BoxedMontyForm,
    q: FixedMontyParams<{ U192::LIMBS }>,
}

impl Domain {
    /// Bits of q: a signature has room for two numbers of 20 bytes.
    const Q_BITS: u32 = 160;
    /// Bits of p that are accepted. Less is too weak. The upper bound keeps the checks of a key
    /// that anybody may send within some milliseconds.
    const P_BITS: core::ops::RangeInclusive<u32> = 1_024..=3_072;
    /// Bytes of the longest p, checked before anything is computed.
    const P_LEN_MAX: usize = 3_072 / 8;

    /// Checks the parameters, big-endian without leading zeros, and takes them in. The ones that
    /// our keys share are known and are not checked again, nor are those that were checked before.
    fn parse(p: &[u8], q: &[u8], g: &[u8], is_checked: bool) -> Result<Arc<Self>, WireError> {
        if p.len() > Self::P_LEN_MAX {
            return Err(WireError::Range { field: "p" });
        }
        let p = Odd::new(BoxedUint::from_be_slice_vartime(p)).into_option();
        let p = p
            .filter(|p| Self::P_BITS.contains(&p.bits_vartime()))
            .ok_or(WireError::Range { field: "p" })?;
        let q = uint_from_be::<{ U192::LIMBS }>(q).filter(|q| q.bits_vartime() == Self::Q_BITS);
        let q = q.and_then(|q| Odd::new(q).into_option()).ok_or(WireError::Range { field: "q" })?;
        let g = BoxedUint::from_be_slice(g, p.bits_precision())
            .or(Err(WireError::Range { field: "g" }))?;

        let known = &*SHARED;
        if *p == **known.p() && q == *known.q.modulus() && g == known.g.retrieve() {
            return Ok(Arc::clone(known));
        }
        if is_checked {
            let g = BoxedMontyForm::new(g, &BoxedMontyParams::new_vartime(p));
            return Ok(Arc::new(Self { g, q: FixedMontyParams::new_vartime(q) }));
        }
        let p_minus_1 = p.wrapping_sub(BoxedUint::one_with_precision(p.bits_precision()));
        let rest = p_minus_1.rem_vartime(q.as_nz_ref());
        if !is_prime(Flavor::Any, q.as_ref()) || bool::from(rest.is_nonzero()) {
            return Err(WireError::Range { field: "q" });
        }
        let params = BoxedMontyParams::new_vartime(p);
        let q = FixedMontyParams::new_vartime(q);
        let g = subgroup_element(g, &params, &q).ok_or(WireError::Range { field: "g" })?;
        Ok(Arc::new(Self { g, q }))
    }

    fn p(&self) -> &Odd<BoxedUint> {
        self.g.params().modulus()
    }

    fn nonzero_q(&self) -> &NonZero<U192> {
        self.q.modulus().as_nz_ref()
    }

    /// The 32 bytes as a number modulo q.
    fn message(&self, message: &[u8; 32]) -> Scalar {
        Scalar::new(&U256::from_be_slice(message).rem(self.nonzero_q()), &self.q)
    }

    /// x or k: a random number between 1 and q-1, of 20 bytes of `rng`, big-endian, drawn again
    /// until they fit.
    fn random_exponent(&self, rng: &mut dyn CryptoRng) -> Exponent {
        let mut bytes = Zeroizing::new([0; SIGNATURE_LEN / 2]);
        loop {
            rng.fill_bytes(bytes.as_mut());
            if let Some(exponent) = self.exponent(bytes.as_ref()) {
                return exponent;
            }
        }
    }

    /// A number from big-endian bytes. `None` unless it is between 1 and q-1.
    fn exponent(&self, bytes: &[u8]) -> Option<Exponent> {
        let number = Exponent(Box::new(secret_from_be(bytes)?));
        let is_legal = number.0.is_nonzero() & number.0.ct_lt(self.nonzero_q());
        declassify(bool::from(is_legal)).then_some(number)
    }
}

/// A number between 1 and q-1: x, k, or half a signature.
#[derive(ZeroizeOnDrop)]
struct Exponent(Box<U192>);

/// base^exponent mod p. The time depends on the sizes only.
fn power(base: &BoxedMontyForm, exponent: &U192) -> BoxedMontyForm {
    let exponent = Zeroizing::new(BoxedUint::from(exponent));
    base.pow_bounded_exp(&exponent, Domain::Q_BITS)
}

/// Takes in a member of the subgroup of order q. `None` unless 1 < element < p and
/// element^q = 1.
fn subgroup_element(
    element: BoxedUint,
    p: &BoxedMontyParams,
    q: &FixedMontyParams<{ U192::LIMBS }>,
) -> Option<BoxedMontyForm> {
    let is_between = element > BoxedUint::one() && element < **p.modulus();
    let element = is_between.then(|| BoxedMontyForm::new(element, p))?;
    bool::from(power(&element, q.modulus().as_ref()).retrieve().is_one()).then_some(element)
}

/// Bytes of a signature: r and s, 20 each.
pub const SIGNATURE_LEN: usize = 40;

/// Our long-term key.
#[derive(ZeroizeOnDrop)]
pub struct SigningKey {
    x: Exponent,
    #[zeroize(skip)]
    public: PublicKey,
}

impl SigningKey {
    /// A fresh key on the shared domain parameters.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let x = SHARED.random_exponent(rng);
        let mut y = power(&SHARED.g, &x.0).retrieve().to_be_bytes();
        declassify_bytes(&mut y);
        let y = BoxedUint::from_be_slice_truncated(&y, SHARED.p().bits_precision());
        let y = BoxedMontyForm::new(y, SHARED.g.params());
        Self { x, public: PublicKey::new(Arc::clone(&SHARED), y) }
    }

    /// The key with these numbers, big-endian; `secret` is x.
    ///
    /// # Errors
    ///
    /// [`WireError::Range`] if they are no valid key, or x does not belong to y.
    pub fn from_parts(
        p: &[u8],
        q: &[u8],
        g: &[u8],
        y: &[u8],
        secret: &[u8],
    ) -> Result<Self, WireError> {
        let writer = Writer::new().short(PublicKey::TYPE_DSA);
        let encoding = writer.mpi(p).mpi(q).mpi(g).mpi(y).finish();
        Self::from_public(PublicKey::decode(&mut Reader::new(&encoding))?, secret)
    }

    /// The secret x, big-endian, for the store: together with the encoded public key it gives the
    /// key back.
    pub fn secret_bytes(&self) -> Zeroizing<Vec<u8>> {
        let bytes = Zeroizing::new(self.x.0.to_be_bytes());
        Zeroizing::new(bytes.as_slice().to_vec())
    }

    /// The key with this public half and this secret.
    ///
    /// # Errors
    ///
    /// [`WireError::Range`] if x does not belong to the public half.
    pub fn from_public(public: PublicKey, x: &[u8]) -> Result<Self, WireError> {
        let x = public.domain.exponent(x).ok_or(WireError::Range { field: "x" })?;
        if declassify(bool::from(power(&public.domain.g, &x.0).ct_eq(&public.y))) {
            Ok(Self { x, public })
        } else {
            Err(WireError::Range { field: "x" })
        }
    }

    /// The public half.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs 32 bytes with a fresh nonce k: the first 20 bytes of `rng`, big-endian, that give a
    /// number between 1 and q-1.
    pub fn sign(&self, rng: &mut dyn CryptoRng, message: &[u8; 32]) -> [u8; SIGNATURE_LEN] {
        loop {
            let k = self.public.domain.random_exponent(rng);
            if let Some(signature) = self.sign_with_nonce(&k.0, message) {
                return signature;
            }
        }
    }

    /// Signs with a given nonce. `None` if the nonce makes r or s zero, which no random one does
    /// in practice.
    fn sign_with_nonce(&self, k: &U192, message: &[u8; 32]) -> Option<[u8; SIGNATURE_LEN]> {
        let domain = &*self.public.domain;
        let r = Zeroizing::new(power(&domain.g, k).retrieve()).rem(domain.nonzero_q());

        let x = Zeroizing::new(Scalar::new(&self.x.0, &domain.q));
        // A number that has no inverse gives an s of 0 here.
        let k_inverse = Scalar::new(k, &domain.q).invert().unwrap_or(Scalar::zero(&domain.q));
        let k_inverse = Zeroizing::new(k_inverse);
        let xr = Zeroizing::new(x.mul(&Scalar::new(&r, &domain.q)));
        let s = domain.message(message).add(&xr).mul(&k_inverse).retrieve();

        let is_usable = r.is_nonzero() & s.is_nonzero();
        declassify(bool::from(is_usable)).then(|| join(&r, &s))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

/// The public half of a long-term key, ours or the peer's.
#[derive(Clone)]
pub struct PublicKey {
    domain: Arc<Domain>,
    y: BoxedMontyForm,
    encoding: Arc<[u8]>,
}

impl PublicKey {
    /// The only type of key there is: DSA.
    const TYPE_DSA: u16 = 0x0000;
    /// Bytes of the type, which the fingerprint of a DSA key leaves out.
    const TYPE_LEN: usize = 2;

    fn new(domain: Arc<Domain>, y: BoxedMontyForm) -> Self {
        let mpi = |number: BoxedUint| number.to_be_bytes_trimmed_vartime();
        let encoding = Writer::new()
            .short(Self::TYPE_DSA)
            .mpi(&domain.p().to_be_bytes_trimmed_vartime())
            .mpi(&uint_to_be(domain.nonzero_q()))
            .mpi(&mpi(domain.g.retrieve()))
            .mpi(&mpi(y.retrieve()))
            .finish();
        Self { domain, y, encoding: encoding.into() }
    }

    /// Reads and validates a `PUBKEY`. Numbers with leading zeros are refused, so that one key has
    /// one encoding and one fingerprint.
    ///
    /// # Errors
    ///
    /// [`WireError::Short`] if it is cut off; [`WireError::Range`] if it is not a DSA key, or a
    /// number is not one that a DSA key can have.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::decode_checked(reader, None)
    }

    /// [`PublicKey::decode`], in which a key that was validated before is not validated again.
    ///
    /// # Errors
    ///
    /// Those of [`PublicKey::decode`].
    pub fn decode_checked(
        reader: &mut Reader<'_>,
        checked: Option<&CheckedKey>,
    ) -> Result<Self, WireError> {
        let mut ahead = reader.clone();
        if reader.short("public key type")? != Self::TYPE_DSA {
            return Err(WireError::Range { field: "public key type" });
        }
        let [p, q, g, y] = [
            number(reader, "p")?,
            number(reader, "q")?,
            number(reader, "g")?,
            number(reader, "y")?,
        ];
        let len = ahead.remaining().saturating_sub(reader.remaining());
        let is_checked = checked == Some(&CheckedKey::of(ahead.bytes("public key", len)?));
        let domain = Domain::parse(p, q, g, is_checked)?;
        let params = domain.g.params();
        let y = BoxedUint::from_be_slice(y, params.bits_precision()).ok();
        let y = if is_checked {
            y.map(|y| BoxedMontyForm::new(y, params))
        } else {
            y.and_then(|y| subgroup_element(y, params, &domain.q))
        };
        Ok(Self::new(domain, y.ok_or(WireError::Range { field: "y" })?))
    }

    /// The mark of a key that is valid: whatever was decoded is.
    pub fn checked(&self) -> CheckedKey {
        CheckedKey::of(&self.encoding)
    }

    /// p, q, g, y: big-endian, without leading zeros.
    pub(super) fn numbers(&self) -> [Vec<u8>; 4] {
        let mpi = |number: &BoxedUint| number.to_be_bytes_trimmed_vartime().into_vec();
        [
            mpi(self.domain.p()),
            uint_to_be(self.domain.nonzero_q()),
            mpi(&self.domain.g.retrieve()),
            mpi(&self.y.retrieve()),
        ]
    }

    /// The `PUBKEY`: type, p, q, g, y.
    pub fn encode(&self) -> Vec<u8> {
        self.encoding.to_vec()
    }

    /// Whether the owner of this key signed the 32 bytes.
    pub fn verify(&self, message: &[u8; 32], signature: &[u8; SIGNATURE_LEN]) -> bool {
        self.recover_r(message, signature).is_some_and(|(r, expected)| r == expected)
    }

    /// The r of the signature and the one that s and the key give. `None` if r or s is not between
    /// 1 and q-1.
    fn recover_r(
        &self,
        message: &[u8; 32],
        signature: &[u8; SIGNATURE_LEN],
    ) -> Option<(U192, U192)> {
        let domain = &*self.domain;
        let (r, s) = signature.split_at(SIGNATURE_LEN / 2);
        let (r, s) = (domain.exponent(r)?, domain.exponent(s)?);

        let s_inverse = Scalar::new(&s.0, &domain.q).invert_vartime().into_option()?;
        let u1 = domain.message(message).mul(&s_inverse).retrieve();
        let u2 = Scalar::new(&r.0, &domain.q).mul(&s_inverse).retrieve();
        let product = power(&domain.g, &u1).mul(&power(&self.y, &u2)).retrieve();
        Some((*r.0, product.rem_vartime(domain.nonzero_q())))
    }

    /// SHA-1 of the encoding without its type.
    pub fn fingerprint(&self) -> Fingerprint {
        let hashed = self.encoding.get(Self::TYPE_LEN..).unwrap_or_default();
        Fingerprint(Sha1::digest(hashed).into())
    }
}

/// The mark of a public key that was validated: SHA-256 of its encoding. Validation takes some
/// milliseconds, and keys seldom change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedKey([u8; 32]);

impl CheckedKey {
    fn of(encoding: &[u8]) -> Self {
        Self(Sha256::digest(encoding).into())
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.encoding == other.encoding
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fingerprint = self.fingerprint().to_hex();
        f.debug_struct("PublicKey").field("fingerprint", &fingerprint).finish_non_exhaustive()
    }
}

/// Reads an `MPI` in its minimal form.
fn number<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<&'a [u8], WireError> {
    match reader.mpi(field)? {
        [] | [0, ..] => Err(WireError::Range { field }),
        bytes => Ok(bytes),
    }
}

/// r and s, 20 bytes each, padded on the left.
fn join(r: &U192, s: &U192) -> [u8; SIGNATURE_LEN] {
    let mut signature = [0; SIGNATURE_LEN];
    let numbers = [r.to_be_bytes(), s.to_be_bytes()];
    let bytes = numbers.iter().flat_map(|number| number.as_slice().iter().skip(4));
    signature.iter_mut().zip(bytes).for_each(|(slot, &byte)| *slot = byte);
    signature
}

/// SHA-1 of a public key: what two people compare to know whom they talk to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; Self::LEN]);

impl Fingerprint {
    /// Its length in bytes.
    pub const LEN: usize = 20;

    /// The fingerprint with these bytes.
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// 40 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
        digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
    }
}

/// As people read it: five groups of eight upper-case hexadecimal digits.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (ix, byte) in self.0.iter().enumerate() {
            let blank = if ix > 0 && ix.is_multiple_of(4) { " " } else { "" };
            write!(f, "{blank}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({})", self.to_hex())
    }
}
