//! The zero-knowledge proofs of SMP (OTRv3, "The SMP state machine"): each shows that a value was
//! made as the protocol says, without giving its exponents away.
//!
//! ```text
//! Knowledge      of a in A = g1^a          c = H(v, g1^r)                 D  = r - a c
//! Coordinates    of r4, x in P = g3^r4,    c = H(v, g3^r5, g1^r5 g2^r6)   D5 = r5 - r4 c
//!                Q = g1^r4 g2^x                                          D6 = r6 - x c
//! LogEquality    of a3 in A = g1^a3,       c = H(v, g1^r7, Q^r7)          D7 = r7 - a3 c
//!                R = Q^a3
//! ```
//!
//! Responses D are modulo q = (p-1)/2. H is SHA-256 over the byte v and the `MPI`s; v differs at
//! every place of the protocol, so that a proof cannot be replayed at another.
//!
//! Whatever involves a secret exponent takes the same time for all of its values. Verification
//! computes with public numbers only and may take its time from them.

use crypto_bigint::{U256, U1536};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

use super::super::declassify::declassify;
use super::super::dh::{DhPublic, uint_from_be, uint_to_be};
use super::super::error::WireError;
use super::super::group::{self, Comb, Element, PublicPower};
use super::super::wire::{Reader, Writer};
use super::SmpSecret;
use super::exponent::{Exponent, Generator, Generators, Scalar};

/// The place in the protocol at which something is hashed (OTRv3, "SMP Hash function": Version).
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Place {
    /// Knowledge of a2.
    A2 = 1,
    /// Knowledge of a3.
    A3 = 2,
    /// Knowledge of b2.
    B2 = 3,
    /// Knowledge of b3.
    B3 = 4,
    /// Coordinates Pb, Qb.
    PbQb = 5,
    /// Coordinates Pa, Qa.
    PaQa = 6,
    /// Equal logarithms behind Ra.
    Ra = 7,
    /// Equal logarithms behind Rb.
    Rb = 8,
}

/// The challenge c: a hash, as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Challenge(U256);

impl Challenge {
    /// The hash of one or two numbers at this place.
    fn hash(place: Place, numbers: &[&Element]) -> Self {
        #[expect(clippy::as_conversions, reason = "the enum is repr(u8)")]
        let writer = Writer::new().byte(place as u8);
        let hashed = numbers
            .iter()
            // The peer computes them from the proof.
            .fold(writer, |writer, number| {
                writer.mpi(declassify(number.retrieve()).to_be_bytes().as_slice())
            })
            .finish();
        Self(U256::from_be_slice(&Sha256::digest(hashed)))
    }

    /// A number that does not fit is no hash.
    fn decode(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        uint_from_be(reader.mpi(field)?).map(Self).ok_or(WireError::Range { field })
    }

    fn encode(&self, writer: Writer) -> Writer {
        writer.mpi(&uint_to_be(&self.0))
    }
}

/// A response D.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Response(U1536);

impl Response {
    /// r - secret c mod q.
    fn new(r: &Exponent, secret: &U1536, c: &Challenge) -> Self {
        let mut r = Scalar::new(r.number());
        let mut secret = Scalar::new(secret);
        let d = r.sub(&secret.mul(&Scalar::new(&c.0.resize()))).retrieve();
        r.zeroize();
        secret.zeroize();
        // The peer gets it.
        Self(declassify(d))
    }

    /// Refuses what is not 1 <= D < q.
    fn decode(reader: &mut Reader<'_>, field: &'static str) -> Result<Self, WireError> {
        uint_from_be(reader.mpi(field)?)
            .filter(|d| bool::from(d.is_nonzero()) && d < Scalar::MODULUS.as_ref())
            .map(Self)
            .ok_or(WireError::Range { field })
    }

    fn encode(&self, writer: Writer) -> Writer {
        writer.mpi(&uint_to_be(&self.0))
    }

    /// base^D element^c.
    fn product<B: PublicPower>(&self, base: &B, element: &Element, c: &Challenge) -> Element {
        base.public_product(&self.0, element, &c.0)
    }

    /// g1^D element^c.
    fn product_with_generator(&self, element: &Element, c: &Challenge) -> Element {
        self.product(&*group::LONG_PUBLIC, element, c)
    }

    /// g1^D.
    fn power_of_generator(&self) -> Element {
        group::LONG_PUBLIC.public_power(&self.0)
    }
}

/// Proof of knowledge of the exponent of g2a, g3a, g2b or g3b: c and D.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Knowledge {
    c: Challenge,
    d: Response,
}

impl Knowledge {
    /// Proves that we know `secret`.
    pub(super) fn prove(place: Place, secret: &Exponent, r: &Exponent) -> Self {
        let c = Challenge::hash(place, &[&r.power_of_generator()]);
        let d = Response::new(r, secret.number(), &c);
        Self { c, d }
    }

    /// Whether the sender of `public` knows its exponent.
    pub(super) fn verify(&self, place: Place, public: &DhPublic) -> bool {
        let commitment = self.d.product_with_generator(&public.element(), &self.c);
        self.c == Challenge::hash(place, &[&commitment])
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { c: Challenge::decode(reader, "c")?, d: Response::decode(reader, "D")? })
    }

    pub(super) fn encode(&self, writer: Writer) -> Writer {
        self.d.encode(self.c.encode(writer))
    }
}

/// Proof that P and Q were made from one exponent and a secret: cP, D5 and D6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coordinates {
    c: Challenge,
    d5: Response,
    d6: Response,
}

impl Coordinates {
    /// Proves that we made P and Q from `r4` and `secret`.
    pub(super) fn prove(
        place: Place,
        generators: &Generators<Generator<'_>>,
        r4: &Exponent,
        secret: &SmpSecret,
        [r5, r6]: [&Exponent; 2],
    ) -> Self {
        let p = generators.g3.power(r5.number());
        let q = r5.power_of_generator().mul(&generators.g2.power(r6.number()));
        let c = Challenge::hash(place, &[&p, &q]);
        let d5 = Response::new(r5, r4.number(), &c);
        let d6 = Response::new(r6, &secret.exponent(), &c);
        Self { c, d5, d6 }
    }

    /// Whether the sender made `p` and `q` as the protocol says.
    pub(super) fn verify<B: PublicPower>(
        &self,
        place: Place,
        generators: &Generators<B>,
        p: &Element,
        q: &Element,
    ) -> bool {
        let p = self.d5.product(&generators.g3, p, &self.c);
        let q = self.d6.product(&generators.g2, q, &self.c).mul(&self.d5.power_of_generator());
        self.c == Challenge::hash(place, &[&p, &q])
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            c: Challenge::decode(reader, "cP")?,
            d5: Response::decode(reader, "D5")?,
            d6: Response::decode(reader, "D6")?,
        })
    }

    pub(super) fn encode(&self, writer: Writer) -> Writer {
        self.d6.encode(self.d5.encode(self.c.encode(writer)))
    }
}

/// Proof that R was made with the exponent of g3a (or g3b): cR and D7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogEquality {
    c: Challenge,
    d7: Response,
}

impl LogEquality {
    /// Proves that we made R = `q_ratio`^`secret`.
    pub(super) fn prove(place: Place, q_ratio: &Comb, secret: &Exponent, r7: &Exponent) -> Self {
        let c = Challenge::hash(place, &[&r7.power_of_generator(), &r7.power_by(q_ratio)]);
        let d7 = Response::new(r7, secret.number(), &c);
        Self { c, d7 }
    }

    /// Whether the sender made `r` with the exponent of `g3_theirs`.
    pub(super) fn verify<B: PublicPower>(
        &self,
        place: Place,
        q_ratio: &B,
        g3_theirs: &DhPublic,
        r: &Element,
    ) -> bool {
        let first = self.d7.product_with_generator(&g3_theirs.element(), &self.c);
        let second = self.d7.product(q_ratio, r, &self.c);
        self.c == Challenge::hash(place, &[&first, &second])
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { c: Challenge::decode(reader, "cR")?, d7: Response::decode(reader, "D7")? })
    }

    pub(super) fn encode(&self, writer: Writer) -> Writer {
        self.d7.encode(self.c.encode(writer))
    }
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng as _;

    use super::super::super::group::GENERATOR;
    use super::*;

    #[test]
    fn the_known_hashes() {
        let p_minus_2 = Element::new(&group::P.wrapping_sub(&U1536::from_u8(2)));
        assert_eq!(p_minus_2.retrieve().to_string().len(), 384);
        let number = Element::new(&U1536::from_u16(0x1234));

        let one = Challenge::hash(Place::A2, &[&GENERATOR]);
        let two = Challenge::hash(Place::PbQb, &[&number, &p_minus_2]);

        let expected = [
            "7452ACE7401C53700730B80516801E13C5A8C82FCB51A17DF0D3FB4BF648B78D",
            "2C64D79230D4CE8808A22CC450E61E50E1DED1B5CC4B10FAA268E0A118CDA1E7",
        ];
        assert_eq!([one.0.to_string(), two.0.to_string()], expected);
    }

    #[test]
    fn a_proof_does_not_hold_at_another_place() {
        let mut rng = rand_chacha::ChaCha20Rng::from_seed([1; 32]);
        let [secret, r] = [(); 2].map(|()| Exponent::random(&mut rng));
        let public = DhPublic::from_be_bytes(&uint_to_be(&secret.power_of_generator().retrieve()));

        let proof = Knowledge::prove(Place::A2, &secret, &r);

        assert!(proof.verify(Place::A2, public.as_ref().unwrap()));
        assert!(!proof.verify(Place::A3, public.as_ref().unwrap()));
    }
}
