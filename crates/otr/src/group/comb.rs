//! Powers of one base from a table (Lim and Lee, "More flexible exponentiation with
//! precomputation", 1994).
//!
//! The bits of the exponent form blocks of equal length. One pass over a block's length takes the
//! same bit of all blocks at once; each table has a factor for what its blocks can hold at that bit.
//! With four tables of four blocks:
//!
//! ```text
//! block    15 14 13 12 | 11 10  9  8 |  7  6  5  4 |  3  2  1  0
//! table     3  2  1  0 |  3  2  1  0 |  3  2  1  0 |  3  2  1  0
//! ```
//!
//! That is a fraction of the multiplications of a power of any other base. The tables cost about as
//! much as one power, so they pay off from the second on.

use std::sync::LazyLock;

use crypto_bigint::{U320, U1536, Uint};
use zeroize::Zeroize as _;

use super::power::{PublicPower, bit_of, public_power};
use super::{Element, GENERATOR};

/// Powers of the generator, for secret exponents of 320 bits: 53 kB.
pub(in super::super) static SHORT: LazyLock<Comb> =
    LazyLock::new(|| Comb::new(&GENERATOR, U320::BITS, Shape { tables: 8, blocks: 5 }));

/// For secret exponents of 1,536 bits: 106 kB.
pub(in super::super) static LONG: LazyLock<Comb> =
    LazyLock::new(|| Comb::new(&GENERATOR, U1536::BITS, Shape { tables: 8, blocks: 6 }));

/// For public exponents of 1,536 bits: 213 kB. Larger tables pay off, as only what is needed of
/// them is read.
pub(in super::super) static LONG_PUBLIC: LazyLock<Comb> =
    LazyLock::new(|| Comb::new(&GENERATOR, U1536::BITS, Shape { tables: 4, blocks: 8 }));

/// How the bits of the exponent are divided.
#[derive(Clone, Copy, Debug)]
struct Shape {
    tables: u32,
    /// Blocks of each table: each doubles it. 8 at most.
    blocks: u32,
}

/// The tables of a base.
#[derive(Debug)]
pub(in super::super) struct Comb {
    tables: Vec<Table>,
    /// Bits of a block.
    block_bits: u32,
}

/// What some of the blocks select.
#[derive(Debug)]
struct Table {
    /// The first bit of each of its blocks, from the lowest block on.
    starts: Vec<u32>,
    /// Products of the powers that belong to the blocks, by the bits of the index.
    products: Vec<Element>,
}

impl Comb {
    /// For two powers or more of 1,536 bits: 27 kB.
    pub(in super::super) fn of(base: &Element) -> Self {
        Self::new(base, U1536::BITS, Shape { tables: 4, blocks: 5 })
    }

    /// Tables for exponents of `bits` bits.
    fn new(base: &Element, bits: u32, shape: Shape) -> Self {
        let block_bits = bits.div_ceil(shape.tables.saturating_mul(shape.blocks));
        let mut tables: Vec<_> = (0..shape.tables).map(|_| Table::new(shape.blocks)).collect();
        let mut power = *base;
        for block in 0..shape.blocks {
            for (table, place) in tables.iter_mut().zip(0..) {
                let index = block.saturating_mul(shape.tables).saturating_add(place);
                if index > 0 {
                    power = power.squared(block_bits);
                }
                table.add_block(index.saturating_mul(block_bits), &power);
            }
        }
        power.zeroize();
        Self { tables, block_bits }
    }

    /// base^exponent, in constant time. The exponent has at most as many bits as the tables were
    /// made for.
    pub(in super::super) fn power<const LIMBS: usize>(&self, exponent: &Uint<LIMBS>) -> Element {
        self.combine(|table, bit| Element::select(&table.products, table.index(exponent, bit)))
    }

    /// The same. The time depends on the exponent.
    pub(in super::super) fn public_power<const LIMBS: usize>(
        &self,
        exponent: &Uint<LIMBS>,
    ) -> Element {
        self.combine(|table, bit| {
            let index = usize::from(table.index(exponent, bit));
            table.products.get(index).copied().unwrap_or(Element::ONE)
        })
    }

    /// The product of the factors of all tables at all bits of a block.
    fn combine(&self, factor: impl Fn(&Table, u32) -> Element) -> Element {
        (0..self.block_bits).rev().fold(Element::ONE, |power, bit| {
            let square = power.square();
            self.tables.iter().fold(square, |power, table| power.mul(&factor(table, bit)))
        })
    }
}

impl Drop for Comb {
    fn drop(&mut self) {
        for table in &mut self.tables {
            table.products.zeroize();
        }
    }
}

impl PublicPower for Comb {
    fn public_product<const LIMBS: usize>(
        &self,
        exponent: &U1536,
        other: &Element,
        other_exponent: &Uint<LIMBS>,
    ) -> Element {
        self.public_power(exponent).mul(&public_power(other, other_exponent))
    }
}

impl Table {
    /// The table for no block, with room for `blocks`.
    fn new(blocks: u32) -> Self {
        // Full capacity from the start, so that growing leaves no copy behind.
        let mut products = Vec::with_capacity(1 << blocks);
        products.push(Element::ONE);
        Self { starts: Vec::new(), products }
    }

    /// Adds a block above the others that begins at bit `start`; `power` is base^(2^start).
    fn add_block(&mut self, start: u32, power: &Element) {
        self.starts.push(start);
        let below = self.products.len();
        self.products.push(*power);
        for index in 1..below {
            if let Some(product) = self.products.get(index).map(|lower| lower.mul(power)) {
                self.products.push(product);
            }
        }
    }

    /// Which product bit `bit` of each block selects.
    fn index<const LIMBS: usize>(&self, exponent: &Uint<LIMBS>, bit: u32) -> u8 {
        // The place of a bit is public, its value is not.
        self.starts
            .iter()
            .rev()
            .fold(0, |index, start| index << 1 | bit_of(exponent, start.saturating_add(bit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_process_stay_below_512_kb() {
        let combs = [&*SHORT, &*LONG, &*LONG_PUBLIC];
        let tables = combs.iter().flat_map(|comb| &comb.tables);
        let entries: usize = tables.map(|table| table.products.capacity()).sum();

        assert!(entries * size_of::<Element>() < 512_000, "{entries}");
    }
}
