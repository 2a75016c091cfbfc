//! Multiplication modulo p (Montgomery, "Modular multiplication without trial division", 1985).
//!
//! A number has 26 limbs of 60 bits. Limbs of 64 bits would be fewer, but here a column of products
//! fits 128 bits, so that no carry is looked at until a column is complete:
//!
//! ```text
//! product     a = a1 2^780 + a0, three products of 13 limbs (Karatsuba)     3 * 169 of 64x64 bits
//! square      the same, each product counted once                           3 *  91
//! reduction   p = -1 mod 2^60: the lowest limb is the multiple of p to add       650
//! ```
//!
//! R is 2^1560 and p less than 2^1536, so the result for factors below 2p is below p + p/2^22, and
//! no final subtraction is needed: numbers below 2p stand for their remainders, and only
//! [`canonical`] makes them unique.
//!
//! Nothing here branches on a number or reads memory at a place that depends on one.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::inline_always,
    reason = "indices are constants once the loops are unrolled; the bounds of sums are given"
)]

use crypto_bigint::{CtEq as _, CtSelect as _, U1536};
use zeroize::Zeroizing;

use super::Reference;

/// R = 2^1560. Montgomery form there is a multiple of 2^1536.
pub(super) const R: Reference =
    Reference::new(Reference::new(&U1536::from_u64(1 << 24)).as_montgomery());

/// Bits of a limb.
const LIMB_BITS: u32 = 60;

/// The bits of a limb.
const MASK: u64 = (1 << LIMB_BITS) - 1;

/// Limbs of a number.
pub(super) const LIMBS: usize = 26;

/// Half of them.
const HALF: usize = LIMBS / 2;

/// A number, the lowest limb first.
pub(super) type Limbs = [u64; LIMBS];

/// Columns of a product; each is below 2^126.
type Columns = [u128; 2 * LIMBS];

/// Columns of a product of halves.
type HalfColumns = [u128; 2 * HALF - 1];

/// The limbs of a constant.
pub(super) const fn constant(number: &U1536) -> Limbs {
    let mut limbs = [0; LIMBS];
    let mut bit = 0;
    while bit < U1536::BITS {
        if number.bit_vartime(bit) {
            #[expect(clippy::as_conversions, reason = "const; less than 26")]
            let limb = (bit / LIMB_BITS) as usize;
            limbs[limb] |= 1 << (bit % LIMB_BITS);
        }
        bit += 1;
    }
    limbs
}

/// (p + 1) / 2^60. The limb below is 0.
const ABOVE: [u64; LIMBS - 1] = {
    let p = constant(&super::P);
    assert!(p[0] == MASK, "p is -1 modulo 2^60");
    let mut above = [0; LIMBS - 1];
    let mut i = 0;
    while i < LIMBS - 1 {
        above[i] = p[i + 1];
        i += 1;
    }
    assert!(above[0] < MASK, "adding 1 does not carry");
    above[0] += 1;
    above
};

/// The limbs of a number. Two limbs are 15 bytes.
pub(super) fn from_uint(number: &U1536) -> Limbs {
    let bytes = Zeroizing::new(number.to_le_bytes());
    let mut limbs = [0; LIMBS];
    for (pair, part) in limbs.chunks_exact_mut(2).zip(bytes.as_slice().chunks(15)) {
        let mut wide = Zeroizing::new([0; 16]);
        wide[..part.len()].copy_from_slice(part);
        let wide = u128::from_le_bytes(*wide);
        pair[0] = low(wide);
        pair[1] = low(wide >> LIMB_BITS);
    }
    limbs
}

/// The number below 2^1536 with these limbs.
pub(super) fn to_uint(limbs: &Limbs) -> U1536 {
    let mut bytes = Zeroizing::new([0; LIMBS / 2 * 15]);
    for (part, pair) in bytes.chunks_exact_mut(15).zip(limbs.chunks_exact(2)) {
        let wide = u128::from(pair[0]) | u128::from(pair[1]) << LIMB_BITS;
        part.copy_from_slice(&wide.to_le_bytes()[..15]);
    }
    U1536::from_le_slice(&bytes[..U1536::BYTES])
}

/// a b / R mod p, below 2p if both factors are.
pub(super) fn mul(a: &Limbs, b: &Limbs) -> Limbs {
    let ([a0, a1, a01], [b0, b1, b01]) = (halves(a), halves(b));
    reduce(&joined(&half_mul(&a0, &b0), half_mul(&a01, &b01), &half_mul(&a1, &b1)))
}

/// a^2 / R mod p, below 2p if a is.
pub(super) fn square(a: &Limbs) -> Limbs {
    let [a0, a1, a01] = halves(a);
    reduce(&joined(&half_square(&a0), half_square(&a01), &half_square(&a1)))
}

/// a / R mod p, below p.
pub(super) fn canonical(a: &Limbs) -> U1536 {
    let mut columns = [0; 2 * LIMBS];
    for (column, limb) in columns.iter_mut().zip(a) {
        *column = u128::from(*limb);
    }
    // (a + u p) / R with u < R is p at most, and p only for 0.
    let number = to_uint(&reduce(&columns));
    number.ct_select(&U1536::ZERO, number.ct_eq(&super::P))
}

/// The low bits of a column.
#[inline(always)]
fn low(column: u128) -> u64 {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "low bits")]
    let low = column as u64;
    low & MASK
}

#[inline(always)]
fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

/// Both halves, and their sum: limbs below 2^61.
#[inline(always)]
fn halves(a: &Limbs) -> [[u64; HALF]; 3] {
    let mut halves = [[0; HALF]; 3];
    for i in 0..HALF {
        halves[0][i] = a[i];
        halves[1][i] = a[HALF + i];
        halves[2][i] = a[i] + a[HALF + i];
    }
    halves
}

/// The columns of the product, from those of the halves and of their sums.
#[inline(always)]
fn joined(low: &HalfColumns, mut sum: HalfColumns, high: &HalfColumns) -> Columns {
    for (sum, (low, high)) in sum.iter_mut().zip(low.iter().zip(high)) {
        // (a0 + a1) (b0 + b1) has both as parts.
        *sum = sum.wrapping_sub(*low).wrapping_sub(*high);
    }
    let mut columns = [0; 2 * LIMBS];
    columns[..2 * HALF - 1].copy_from_slice(low);
    columns[LIMBS..][..2 * HALF - 1].copy_from_slice(high);
    for (column, sum) in columns[HALF..].iter_mut().zip(&sum) {
        *column = column.wrapping_add(*sum);
    }
    columns
}

/// `a[A] b[B+N-1] + a[A+1] b[B+N-2] + .. + a[A+N-1] b[B]`, where limbs are below 2^61 and N is at
/// most 13, or below 2^60 and N at most 25: less than 2^126.
#[inline(always)]
fn column<const A: usize, const B: usize, const N: usize>(a: &[u64], b: &[u64]) -> u128 {
    let mut sum = 0_u128;
    for i in 0..N {
        sum = sum.wrapping_add(product(a[A + i], b[B + N - 1 - i]));
    }
    sum
}

/// The sum of all `a[i] a[j]` with i + j = FIRST + LAST, FIRST <= i, j <= LAST.
#[inline(always)]
fn square_column<const FIRST: usize, const LAST: usize>(a: &[u64; HALF]) -> u128 {
    let mut sum = 0_u128;
    for i in 0..(LAST + 1 - FIRST) / 2 {
        sum = sum.wrapping_add(product(a[FIRST + i], a[LAST - i]));
    }
    sum <<= 1;
    if (FIRST + LAST).is_multiple_of(2) {
        let middle = a[usize::midpoint(FIRST, LAST)];
        sum = sum.wrapping_add(product(middle, middle));
    }
    sum
}

// The columns are written out by macros: each has a length of its own, and loops of changing
// lengths cost half the speed.

/// The columns of a product of halves.
#[inline(never)]
fn half_mul(a: &[u64; HALF], b: &[u64; HALF]) -> HalfColumns {
    let mut columns = [0; 2 * HALF - 1];
    macro_rules! rising {
        ($($k:literal)*) => { $( columns[$k] = column::<0, 0, { $k + 1 }>(a, b); )* };
    }
    macro_rules! falling {
        ($($k:literal)*) => {
            $( columns[$k] = column::<{ $k - 12 }, { $k - 12 }, { 25 - $k }>(a, b); )*
        };
    }
    rising!(0 1 2 3 4 5 6 7 8 9 10 11 12);
    falling!(13 14 15 16 17 18 19 20 21 22 23 24);
    columns
}

/// The columns of the square of a half.
#[inline(never)]
fn half_square(a: &[u64; HALF]) -> HalfColumns {
    let mut columns = [0; 2 * HALF - 1];
    macro_rules! rising {
        ($($k:literal)*) => { $( columns[$k] = square_column::<0, $k>(a); )* };
    }
    macro_rules! falling {
        ($($k:literal)*) => { $( columns[$k] = square_column::<{ $k - 12 }, 12>(a); )* };
    }
    rising!(0 1 2 3 4 5 6 7 8 9 10 11 12);
    falling!(13 14 15 16 17 18 19 20 21 22 23 24);
    columns
}

/// The sum of the columns / R mod p, in limbs: for limbs u with sum + u p = 0 mod R,
/// (sum + u p) / R.
///
/// As u p = u (p + 1) - u, adding `u[k] p` clears limb k, and adds `u[k] ABOVE` from limb k + 1
/// on.
#[inline(never)]
fn reduce(columns: &Columns) -> Limbs {
    let mut u = [0; LIMBS];
    let mut sum = 0_u128;
    macro_rules! cleared {
        ($($k:literal)*) => { $(
            sum = sum.wrapping_add(columns[$k]).wrapping_add(column::<0, 0, $k>(&u, &ABOVE));
            u[$k] = low(sum);
            sum >>= LIMB_BITS;
        )* };
    }
    cleared!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25);

    let mut limbs = [0; LIMBS];
    macro_rules! kept {
        ($($k:literal)*) => { $(
            sum = sum
                .wrapping_add(columns[LIMBS + $k])
                .wrapping_add(column::<{ $k + 1 }, $k, { 25 - $k }>(&u, &ABOVE));
            limbs[$k] = low(sum);
            sum >>= LIMB_BITS;
        )* };
    }
    kept!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25);
    limbs
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::super::P;
    use super::*;

    /// All of it, also what is above 2^1536.
    fn big(limbs: &Limbs) -> BigUint {
        limbs.iter().rev().fold(BigUint::ZERO, |big, limb| (big << LIMB_BITS) + *limb)
    }

    fn big_uint(number: &U1536) -> BigUint {
        BigUint::from_bytes_be(number.to_be_bytes().as_slice())
    }

    fn limbs(mut big: BigUint) -> Limbs {
        core::array::from_fn(|_| {
            let limb = u64::try_from(&big % (1_u64 << LIMB_BITS)).unwrap();
            big >>= LIMB_BITS;
            limb
        })
    }

    /// a b / R, where a and b are below 2p.
    fn assert_agrees(a: &Limbs, b: &Limbs) {
        let p = big_uint(&P);
        let r = (BigUint::from(1_u8) << (60_u32 * 26)) % &p;
        assert!(big(a) < &p * 2_u8 && big(b) < &p * 2_u8);

        for (ours, theirs) in [(mul(a, b), big(a) * big(b)), (square(a), big(a) * big(a))] {
            assert!(ours.iter().all(|limb| *limb <= MASK));
            assert!(big(&ours) < &p + (&p >> 22_u32) + 1_u8);
            assert_eq!(big(&ours) * &r % &p, theirs % &p);
        }
        let number = big_uint(&canonical(a));
        assert!(number < p);
        assert_eq!(number * &r % &p, big(a) % &p);
    }

    /// Numbers at which carries run far, or not at all.
    fn ends() -> Vec<Limbs> {
        let (p, one) = (big_uint(&P), BigUint::from(1_u8));
        let mut ends = Vec::from([0_u8, 1, 2].map(BigUint::from));
        ends.extend((1_u8..3).map(|n| &p - n));
        ends.extend((0_u8..3).map(|n| &p + n));
        ends.extend([60_u32, 779, 780, 781, 1535].map(|bit| &one << bit));
        ends.extend([60_u32, 780, 1500, 1536].map(|bits| (&one << bits) - 1_u8));
        ends.extend([
            &p * 2_u8 - 1_u8,
            (&p - 1_u8) / 2_u8,
            (&one << 1536_u32) - (&one << 1500_u32),
        ]);
        ends.into_iter().map(limbs).collect()
    }

    #[test]
    fn products_at_the_ends_agree_with_num_bigint() {
        for a in &ends() {
            for b in &ends() {
                assert_agrees(a, b);
            }
        }
    }

    #[test]
    fn every_bit_of_a_factor_counts() {
        let other = limbs(big_uint(&P) - 2_u8);
        for bit in 0..U1536::BITS {
            assert_agrees(&constant(&U1536::ONE.wrapping_shl_vartime(bit)), &other);
        }
    }

    #[test]
    fn limbs_are_the_number() {
        for number in [U1536::ZERO, U1536::ONE, P, U1536::MAX, U1536::MAX.wrapping_shr_vartime(7)] {
            assert_eq!(from_uint(&number), constant(&number));
            assert_eq!(big(&from_uint(&number)), big_uint(&number));
            assert_eq!(to_uint(&from_uint(&number)), number);
        }
    }

    #[test]
    fn a_full_column_does_not_overflow() {
        // Of halves that were added, and of the reduction: 26 columns and what is carried.
        let halves = (BigUint::from(1_u8) << 122_u32) * 13_u8;
        let reduction = (BigUint::from(1_u8) << 120_u32) * 52_u8;
        assert!(halves.bits() <= 126 && reduction.bits() <= 126);

        let full = [(1 << 61) - 1; HALF];
        let expected = BigUint::from(full[0]) * full[0] * 13_u8;
        assert_eq!(BigUint::from(half_mul(&full, &full)[12]), expected);
        assert_eq!(BigUint::from(half_square(&full)[12]), expected);
    }

    proptest! {
        #[test]
        fn products_agree_with_num_bigint(
            a in prop::array::uniform32(any::<[u8; 6]>()),
            b in prop::array::uniform32(any::<[u8; 6]>()),
        ) {
            let [a, b] = [a, b].map(|bytes| U1536::from_be_slice(bytes.as_flattened()));
            assert_agrees(&from_uint(&a), &from_uint(&b));
        }

        #[test]
        fn long_runs_of_ones_and_zeros_agree_with_num_bigint(
            a in prop::collection::vec(prop::sample::select(vec![0_u8, 0xff, 0x0f, 0xfe, 1]), 192),
            b in prop::collection::vec(prop::sample::select(vec![0_u8, 0xff, 0xf0, 0x7f, 0x80]), 192),
        ) {
            assert_agrees(
                &from_uint(&U1536::from_be_slice(&a)),
                &from_uint(&U1536::from_be_slice(&b)),
            );
        }
    }
}
