//! The same arithmetic as [`super::limbs`] on the library's Montgomery form: slower, and by other
//! hands. The engine's tests run on both.

use crypto_bigint::U1536;

use super::Reference;

/// Limbs of a number.
pub(super) const LIMBS: usize = U1536::LIMBS;

/// A number below p, the lowest limb first.
pub(super) type Limbs = [u64; LIMBS];

/// R = 2^1536.
pub(super) const R: Reference = Reference::new(Reference::ONE.as_montgomery());

/// The limbs of a constant.
pub(super) const fn constant(number: &U1536) -> Limbs {
    number.to_words()
}

/// The limbs of a number, modulo p.
pub(super) fn from_uint(number: &U1536) -> Limbs {
    Reference::new(number).retrieve().to_words()
}

/// a b / R mod p.
pub(super) fn mul(a: &Limbs, b: &Limbs) -> Limbs {
    form(a).mul(&form(b)).as_montgomery().to_words()
}

/// a^2 / R mod p.
pub(super) fn square(a: &Limbs) -> Limbs {
    form(a).square().as_montgomery().to_words()
}

/// a / R mod p.
pub(super) fn canonical(a: &Limbs) -> U1536 {
    form(a).retrieve()
}

fn form(limbs: &Limbs) -> Reference {
    Reference::from_montgomery(U1536::from_words(*limbs))
}
