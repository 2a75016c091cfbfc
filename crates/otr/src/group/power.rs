//! Powers of any base.
//!
//! A secret exponent is taken five bits at a time, whatever they are. Public exponents are taken in
//! windows that begin and end with a 1, and several powers that are multiplied share the squarings
//! (Straus, "Addition chains of vectors", 1964).

use crypto_bigint::{U1536, Uint};
use zeroize::Zeroizing;

use super::Element;

/// Bits that are taken at a time. One more would double the tables and save a thirtieth.
const WINDOW: u32 = 5;

/// A base for powers with public exponents.
pub(in super::super) trait PublicPower {
    /// self^exponent other^`other_exponent`. The time depends on the exponents.
    fn public_product<const LIMBS: usize>(
        &self,
        exponent: &U1536,
        other: &Element,
        other_exponent: &Uint<LIMBS>,
    ) -> Element;
}

impl Element {
    /// self^exponent, in constant time.
    pub(in super::super) fn power<const LIMBS: usize>(&self, exponent: &Uint<LIMBS>) -> Self {
        let table = Zeroizing::new(self.powers());
        let windows = Uint::<LIMBS>::BITS.div_ceil(WINDOW);
        (0..windows).rev().fold(Self::ONE, |power, window| {
            let first = window.saturating_mul(WINDOW);
            // The place of a bit is public, its value is not.
            let bits = (first..first.saturating_add(WINDOW)).rev();
            let index = bits.fold(0, |index, bit| index << 1 | bit_of(exponent, bit));
            power.squared(WINDOW).mul(&Self::select(&table, index))
        })
    }

    /// 1, self, self^2 .. self^31.
    fn powers(&self) -> Vec<Self> {
        let mut powers = Vec::with_capacity(1 << WINDOW);
        powers.push(Self::ONE);
        let mut power = *self;
        for _ in 1..1 << WINDOW {
            powers.push(power);
            power = power.mul(self);
        }
        powers
    }
}

impl PublicPower for Element {
    fn public_product<const LIMBS: usize>(
        &self,
        exponent: &U1536,
        other: &Element,
        other_exponent: &Uint<LIMBS>,
    ) -> Element {
        product(&[PublicFactor::new(self, exponent), PublicFactor::new(other, other_exponent)])
    }
}

/// base^exponent. The time depends on the exponent.
pub(in super::super) fn public_power<const LIMBS: usize>(
    base: &Element,
    exponent: &Uint<LIMBS>,
) -> Element {
    product(&[PublicFactor::new(base, exponent)])
}

/// A power with a public exponent.
struct PublicFactor {
    /// base, base^3 .. base^31.
    odd_powers: Zeroizing<Vec<Element>>,
    /// The exponent is the sum of all 2^bit (2 n + 1); from the highest bit on.
    windows: Vec<(u32, usize)>,
}

impl PublicFactor {
    fn new<const LIMBS: usize>(base: &Element, exponent: &Uint<LIMBS>) -> Self {
        let square = Zeroizing::new(base.square());
        let mut odd_powers = Zeroizing::new(Vec::with_capacity(1 << (WINDOW - 1)));
        let mut power = *base;
        for _ in 0..1 << (WINDOW - 1) {
            odd_powers.push(power);
            power = power.mul(&square);
        }
        Self { odd_powers, windows: windows(exponent) }
    }
}

/// Windows of at most five bits that begin and end with a 1, from the highest on: the place of the
/// lowest bit, and the bits above it.
fn windows<const LIMBS: usize>(exponent: &Uint<LIMBS>) -> Vec<(u32, usize)> {
    let mut windows = Vec::new();
    let mut end = exponent.bits_vartime();
    while let Some(high) = (0..end).rev().find(|&bit| exponent.bit_vartime(bit)) {
        let from = high.saturating_sub(WINDOW - 1);
        let low = (from..=high).find(|&bit| exponent.bit_vartime(bit)).unwrap_or(high);
        let above = (low.saturating_add(1)..=high).rev();
        let bits = above.fold(0, |bits, bit| bits << 1 | usize::from(bit_of(exponent, bit)));
        windows.push((low, bits));
        end = low;
    }
    windows
}

/// The product of the powers. The time depends on their exponents.
fn product(factors: &[PublicFactor]) -> Element {
    let mut left: Vec<_> = factors.iter().map(|factor| factor.windows.iter().peekable()).collect();
    let highest = factors.iter().filter_map(|factor| factor.windows.first()).map(|first| first.0);
    let bits = highest.max().map_or(0, |bit| bit.saturating_add(1));
    let mut product: Option<Element> = None;
    for bit in (0..bits).rev() {
        product = product.map(|product| product.square());
        for (factor, windows) in factors.iter().zip(&mut left) {
            let Some((_, n)) = windows.next_if(|window| window.0 == bit) else { continue };
            if let Some(power) = factor.odd_powers.get(*n) {
                product = Some(product.map_or(*power, |product| product.mul(power)));
            }
        }
    }
    product.unwrap_or(Element::ONE)
}

/// One bit of an exponent; 0 past its end.
pub(super) fn bit_of<const LIMBS: usize>(exponent: &Uint<LIMBS>, bit: u32) -> u8 {
    u8::from(bit < Uint::<LIMBS>::BITS && exponent.bit_vartime(bit))
}

#[cfg(test)]
mod tests {
    use crypto_bigint::U256;

    use super::*;

    #[test]
    fn windows_add_up_to_the_exponent() {
        for exponent in [0, 1, 0x10, 0x1f, 0x3f, 0xdead_beef, u64::MAX] {
            let windows = windows(&U256::from_u64(exponent));
            let value = |n: usize| 2 * u128::try_from(n).unwrap() + 1;

            let sum: u128 = windows.iter().map(|(bit, n)| value(*n) << bit).sum();
            assert_eq!(sum, u128::from(exponent));
            assert!(windows.iter().all(|(_, n)| *n < 1 << (WINDOW - 1)));
        }
    }
}
