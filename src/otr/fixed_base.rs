//! Powers of the generator from a table (Lim and Lee, "More flexible exponentiation with
//! precomputation", 1994).
//!
//! The bits of the exponent form 16 blocks of equal length. One pass over a block's length takes
//! the same bit of all blocks at once: four blocks select one factor from each of four tables.
//!
//! ```text
//! block    15 14 13 12 | 11 10  9  8 |  7  6  5  4 |  3  2  1  0
//! table     3  2  1  0 |  3  2  1  0 |  3  2  1  0 |  3  2  1  0
//! ```
//!
//! That is a quarter of the multiplications of a power of any other base. The time does not depend
//! on the bits of the exponent: every factor is selected by reading its whole table.

use std::sync::LazyLock;

use crypto_bigint::{CtAssign as _, CtEq as _, U320, U1536, Uint};

use super::dh::{Element, GENERATOR};

/// For exponents of 320 bits.
pub(super) static SHORT: LazyLock<FixedBase> = LazyLock::new(|| FixedBase::new(U320::BITS));

/// For exponents of 1,536 bits.
pub(super) static LONG: LazyLock<FixedBase> = LazyLock::new(|| FixedBase::new(U1536::BITS));

/// The tables for exponents of one length: 12 KB.
#[derive(Debug)]
pub(super) struct FixedBase {
    tables: [Table; 4],
    /// Bits of a block.
    block_bits: u32,
}

/// What four blocks can select.
#[derive(Debug)]
struct Table {
    /// The first bit of each of the four blocks, from the lowest block on.
    starts: [u32; 4],
    /// Products of the powers that belong to the four blocks, by the bits of the index.
    products: [Element; 16],
}

impl FixedBase {
    /// Tables for exponents of `bits` bits, a multiple of 16.
    fn new(bits: u32) -> Self {
        let block_bits = bits.div_euclid(16);
        let start = |block: u32| block.saturating_mul(block_bits);
        let tables = [0, 1, 2, 3].map(|table: u32| {
            let starts = [0, 4, 8, 12].map(|first: u32| start(first.saturating_add(table)));
            Table::new(starts)
        });
        Self { tables, block_bits }
    }

    /// g1^exponent. The exponent has at most as many bits as the tables were made for.
    pub(super) fn power<const LIMBS: usize>(&self, exponent: &Uint<LIMBS>) -> Element {
        (0..self.block_bits).rev().fold(Element::ONE, |power, bit| {
            let square = power.square();
            self.tables.iter().fold(square, |power, table| power.mul(&table.factor(exponent, bit)))
        })
    }
}

impl Table {
    fn new(starts: [u32; 4]) -> Self {
        let powers = starts.map(|start| (0..start).fold(GENERATOR, |power, _| power.square()));
        let products = core::array::from_fn(|index| {
            let factors = powers.iter().zip(0_u32..).filter(|(_, bit)| index >> bit & 1 == 1);
            factors.fold(Element::ONE, |product, (power, _)| product.mul(power))
        });
        Self { starts, products }
    }

    /// The product that bit `bit` of each block selects.
    fn factor<const LIMBS: usize>(&self, exponent: &Uint<LIMBS>, bit: u32) -> Element {
        // The place of a bit is public, its value is not.
        let index = self.starts.iter().rev().fold(0_u8, |index, start| {
            index << 1 | u8::from(exponent.bit_vartime(start.saturating_add(bit)))
        });
        let mut factor = Element::ONE;
        for (product, candidate) in self.products.iter().zip(0_u8..) {
            factor.ct_assign(product, candidate.ct_eq(&index));
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assert_agrees(exponent: &U1536) {
        assert_eq!(LONG.power(exponent), GENERATOR.pow(exponent));
        let short: U320 = exponent.resize();
        assert_eq!(SHORT.power(&short), GENERATOR.pow(&short));
    }

    #[test]
    fn powers_at_the_ends_agree_with_the_plain_way() {
        for exponent in [U1536::ZERO, U1536::ONE, U1536::from_u8(2), U1536::MAX] {
            assert_agrees(&exponent);
        }
    }

    #[test]
    fn every_bit_counts() {
        let mut expected = GENERATOR;
        for bit in 0..U1536::BITS {
            assert_eq!(LONG.power(&U1536::ONE.wrapping_shl_vartime(bit)), expected, "{bit}");
            expected = expected.square();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn powers_agree_with_the_plain_way(bytes in prop::array::uniform32(any::<u8>())) {
            let wide = bytes.repeat(6);
            assert_agrees(&U1536::from_be_slice(&wide));
        }
    }
}
