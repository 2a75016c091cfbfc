//! Numbers modulo p and their powers: what the D-H group of the protocol computes with (RFC 3526,
//! "1536-bit MODP Group").
//!
//! ```text
//! limbs    a b mod p                for this p alone
//! power    base^secret              one secret exponent, any base
//!          base^public ..           products of powers, public exponents
//! comb     base^secret, base^public tables, for a base that is used more than once
//! ```
//!
//! # What is done for speed
//!
//! - Multiplication knows p, and squaring is cheaper than multiplication ([`limbs`]).
//! - Powers of the generator come from tables that are made once for a process (373 kB).
//! - Where one step of a protocol raises one base to several exponents, it makes a table for it.
//! - Products of powers with public exponents share their squarings.
//!
//! # What is not given up for it
//!
//! A secret exponent decides neither a branch nor an address: the number of operations follows
//! from its type, and a table is read whole to select one of its entries. The base may be secret
//! in all operations but [`Element::ratios`]. Only exponents that went over the wire, or are about
//! to, take the functions with `public` in their names. Tables of a step are wiped with it.

mod comb;
#[cfg(not(feature = "reference"))]
mod limbs;
mod power;
#[cfg(feature = "reference")]
mod reference;

use core::fmt;

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{Choice, CtEq as _, U1536, const_monty_params};
use zeroize::Zeroize;

pub(super) use self::comb::{Comb, LONG, LONG_PUBLIC, SHORT};
use self::limbs::{Limbs, R};
pub(super) use self::power::{PublicPower, public_power};
#[cfg(feature = "reference")]
use self::reference as limbs;

const_monty_params!(
    Modulus,
    U1536,
    "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
     020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
     4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
     ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05\
     98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb\
     9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff",
    "The modulus p."
);

/// The same numbers for what is computed once, or seldom.
type Reference = ConstMontyForm<Modulus, { U1536::LIMBS }>;

/// The modulus p.
pub(super) const P: U1536 = *Reference::MODULUS.as_ref();

/// The generator g1 = 2.
pub(super) const GENERATOR: Element = Element { n: limbs::constant(&R.double().retrieve()) };

/// R^2: multiplied by it, a number takes its Montgomery form.
const R2: Limbs = limbs::constant(&R.square().retrieve());

/// A number n modulo p, as n R.
#[derive(Clone, Copy)]
pub(super) struct Element {
    /// Below 2p.
    n: Limbs,
}

impl Element {
    /// 1.
    pub(super) const ONE: Self = Self { n: limbs::constant(&R.retrieve()) };

    /// The number, modulo p.
    pub(super) fn new(number: &U1536) -> Self {
        Self { n: limbs::mul(&limbs::from_uint(number), &R2) }
    }

    /// above / below for both pairs; below is public. `None` if a divisor is 0, which group
    /// elements are not.
    pub(super) fn ratios([first, second]: [[&Self; 2]; 2]) -> Option<[Self; 2]> {
        let ([above1, below1], [above2, below2]) = (first, second);
        let product = Reference::new(&below1.mul(below2).retrieve());
        // One inversion for both: 1 / b1 = b2 / (b1 b2).
        let inverse = Self::new(&product.invert_vartime().into_option()?.retrieve());
        Some([above1.mul(below2).mul(&inverse), above2.mul(below1).mul(&inverse)])
    }

    /// The number, below p.
    pub(super) fn retrieve(&self) -> U1536 {
        limbs::canonical(&self.n)
    }

    /// self other.
    pub(super) fn mul(&self, other: &Self) -> Self {
        Self { n: limbs::mul(&self.n, &other.n) }
    }

    /// self^2.
    pub(super) fn square(&self) -> Self {
        Self { n: limbs::square(&self.n) }
    }

    /// self^(2^times).
    fn squared(&self, times: u32) -> Self {
        (0..times).fold(*self, |power, _| power.square())
    }

    /// Whether both are the same number, in constant time.
    pub(super) fn ct_eq(&self, other: &Self) -> Choice {
        self.retrieve().ct_eq(&other.retrieve())
    }

    /// The entry of `table` at `index`, in constant time: all entries are read.
    fn select(table: &[Self], index: u8) -> Self {
        let mut n = [0; limbs::LIMBS];
        for (entry, candidate) in table.iter().zip(0..=u8::MAX) {
            let mask = u64::from(candidate.ct_eq(&index).to_u8()).wrapping_neg();
            for (limb, other) in n.iter_mut().zip(&entry.n) {
                *limb |= other & mask;
            }
        }
        Self { n }
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Element {}

impl Zeroize for Element {
    fn zeroize(&mut self) {
        self.n.zeroize();
    }
}

/// Many are secret.
impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
