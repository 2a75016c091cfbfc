//! The arithmetic against that of num-bigint, and at the ends of its ranges.

#![expect(clippy::arithmetic_side_effects, reason = "large numbers do not overflow")]

use std::sync::LazyLock;

use crypto_bigint::{U256, U320};
use num_bigint::BigUint;
use proptest::prelude::*;

use super::comb::{Comb, LONG, LONG_PUBLIC, SHORT};
use super::power::{PublicPower as _, public_power};
use super::*;

static MODULUS: LazyLock<BigUint> = LazyLock::new(|| big(&P));

fn big<const LIMBS: usize>(number: &crypto_bigint::Uint<LIMBS>) -> BigUint {
    BigUint::from_bytes_be(number.to_be_bytes().as_slice())
}

fn uint(bytes: &[u8]) -> U1536 {
    U1536::from_be_slice(bytes)
}

/// Numbers that carry far, that are next to p, and that are too large to be remainders.
fn ends() -> Vec<U1536> {
    let p_minus = |n: u8| P.wrapping_sub(&U1536::from_u8(n));
    let mut numbers = vec![
        U1536::ZERO,
        U1536::ONE,
        U1536::from_u8(2),
        p_minus(2),
        p_minus(1),
        P,
        P.wrapping_add(&U1536::ONE),
        U1536::MAX,
    ];
    for bit in [59, 60, 61, 119, 120, 780, 1_499, 1_500, 1_535] {
        let power = U1536::ONE.wrapping_shl_vartime(bit);
        numbers.extend([power, power.wrapping_sub(&U1536::ONE), P.wrapping_sub(&power)]);
    }
    numbers
}

fn assert_product(a: &U1536, b: &U1536) {
    let (x, y) = (Element::new(a), Element::new(b));
    assert_eq!(big(&x.retrieve()), big(a) % &*MODULUS);
    assert_eq!(big(&x.mul(&y).retrieve()), big(a) * big(b) % &*MODULUS);
    assert_eq!(x.mul(&y), y.mul(&x));
    assert_eq!(x.square(), x.mul(&x));
}

#[test]
fn products_at_the_ends_are_right() {
    let numbers = ends();
    for a in &numbers {
        for b in &numbers {
            assert_product(a, b);
        }
    }
}

#[cfg(not(feature = "reference"))]
#[test]
fn limbs_give_their_number_back() {
    for number in ends() {
        let limbs = limbs::from_uint(&number);
        assert_eq!(limbs::to_uint(&limbs), number);
        assert_eq!(limbs, limbs::constant(&number));
    }
}

#[test]
fn long_chains_stay_in_range() {
    // Every result is a factor again, without being made unique in between.
    let mut power = Element::new(&U1536::MAX);
    let mut expected = big(&U1536::MAX) % &*MODULUS;
    for _ in 0..2_000 {
        power = power.square().mul(&power);
        expected = expected.modpow(&BigUint::from(3_u8), &MODULUS);
    }
    assert_eq!(big(&power.retrieve()), expected);
}

#[test]
fn zero_is_zero_however_it_came_about() {
    let minus_one = Element::new(&P.wrapping_sub(&U1536::ONE));
    let zero = Element::new(&P);

    assert_eq!(zero.mul(&minus_one).retrieve(), U1536::ZERO);
    assert_eq!(zero, Element::new(&U1536::ZERO));
    assert_eq!(minus_one.square(), Element::ONE);
}

fn assert_powers(base: &U1536, exponent: &U1536, other: &U1536) {
    let expected =
        |base: &U1536, exponent: &BigUint| (big(base) % &*MODULUS).modpow(exponent, &MODULUS);
    let two = U1536::from_u8(2);
    let (e, o) = (big(exponent), Element::new(other));
    let b = Element::new(base);
    let comb = Comb::of(&b);

    assert_eq!(big(&b.power(exponent).retrieve()), expected(base, &e));
    assert_eq!(comb.power(exponent), b.power(exponent));
    assert_eq!(comb.public_power(exponent), b.power(exponent));
    assert_eq!(public_power(&b, exponent), b.power(exponent));
    assert_eq!(big(&LONG.power(exponent).retrieve()), expected(&two, &e));
    assert_eq!(LONG_PUBLIC.public_power(exponent), LONG.power(exponent));
    let short: U320 = exponent.resize();
    assert_eq!(big(&SHORT.power(&short).retrieve()), expected(&two, &big(&short)));
    let challenge: U256 = exponent.resize();
    let product = expected(base, &e) * expected(other, &big(&challenge)) % &*MODULUS;
    assert_eq!(big(&b.public_product(exponent, &o, &challenge).retrieve()), product);
    assert_eq!(
        comb.public_product(exponent, &o, &challenge),
        b.public_product(exponent, &o, &challenge)
    );
}

#[test]
fn powers_at_the_ends_are_right() {
    let base = U1536::from_u16(0xbeef);
    for exponent in ends() {
        assert_powers(&base, &exponent, &U1536::MAX);
    }
    for base in ends() {
        assert_powers(&base, &U1536::from_u16(0x1234), &U1536::from_u8(3));
    }
}

#[test]
fn every_bit_counts() {
    let mut expected = GENERATOR;
    for bit in 0..U1536::BITS {
        let exponent = U1536::ONE.wrapping_shl_vartime(bit);
        assert_eq!(LONG.power(&exponent), expected, "{bit}");
        assert_eq!(LONG_PUBLIC.public_power(&exponent), expected, "{bit}");
        if bit < U320::BITS {
            let short: U320 = exponent.resize();
            assert_eq!(SHORT.power(&short), expected, "{bit}");
        }
        expected = expected.square();
    }
}

#[test]
fn ratios_are_right_and_nothing_is_divided_by_zero() {
    let number = |n: u8| Element::new(&U1536::from_u8(n));
    let (six, three, ten, five) = (number(6), number(3), number(10), number(5));

    let [two, also_two] = Element::ratios([[&six, &three], [&ten, &five]]).unwrap();

    assert_eq!((two, also_two), (GENERATOR, GENERATOR));
    assert!(Element::ratios([[&six, &number(0)], [&ten, &five]]).is_none());
}

#[test]
fn each_entry_of_a_table_is_selected_by_its_index() {
    let table: Vec<_> = (0..=255_u8).map(|n| Element::new(&U1536::from_u8(n))).collect();
    for index in 0..=255 {
        assert_eq!(Element::select(&table, index).retrieve(), U1536::from_u8(index));
    }
}

#[test]
fn a_wiped_number_is_gone() {
    let mut number = GENERATOR;

    number.zeroize();

    assert_eq!(number.n, [0; limbs::LIMBS]);
}

#[test]
fn nothing_shows_in_debug_output() {
    assert_eq!(format!("{GENERATOR:?}"), "Element { .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn products_agree_with_num_bigint(
        a in prop::collection::vec(any::<u8>(), 192), b in prop::collection::vec(any::<u8>(), 192),
    ) {
        assert_product(&uint(&a), &uint(&b));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn powers_agree_with_num_bigint(
        base in prop::collection::vec(any::<u8>(), 192),
        exponent in prop::collection::vec(any::<u8>(), 192),
        other in prop::collection::vec(any::<u8>(), 192),
    ) {
        assert_powers(&uint(&base), &uint(&exponent), &uint(&other));
    }
}
