//! The secret exponents of SMP, and the generators that they make.
//!
//! ```text
//! g2 = g2b^a2    g2^r = g2b^(a2 r mod 2q)    2q = p-1, the order of the group
//! ```
//!
//! A step that raises g2 to several exponents raises the peer's half g2b instead, so that one table
//! serves for making g2 too. Every exponent that has a secret in it takes the same time for all of
//! its values.

use core::fmt;

use crypto_bigint::{CtAssign as _, CtEq as _, U1536, Uint, const_monty_params};
use rand_core::CryptoRng;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

use super::super::dh::DhPublic;
use super::super::group::{self, Comb, Element, PublicPower, public_power};

const_monty_params!(
    Order,
    U1536,
    "7fffffffffffffffe487ed5110b4611a62633145c06e0e68948127044533e63a\
     0105df531d89cd9128a5043cc71a026ef7ca8cd9e69d218d98158536f92f8a1b\
     a7f09ab6b6a8e122f242dabb312f3f637a262174d31bf6b585ffae5b7a035bf6\
     f71c35fdad44cfd2d74f9208be258ff324943328f6722d9ee1003e5c50b1df82\
     cc6d241b0e2ae9cd348b1fd47e9267afc1b2ae91ee51d6cb0e3179ab1042a95d\
     cf6a9483b84b4b36b3861aa7255e4c0278ba36046511b993ffffffffffffffff",
    "The order q = (p-1)/2 of the group that 4 generates."
);

/// A number modulo q, in Montgomery form.
pub(super) type Scalar = crypto_bigint::modular::ConstMontyForm<Order, { U1536::LIMBS }>;

/// A secret exponent of 1,536 random bits: a2, a3, b2, b3, r2 .. r7.
#[derive(ZeroizeOnDrop)]
pub(super) struct Exponent(Box<U1536>);

impl Exponent {
    /// A fresh one: 192 bytes of `rng`, taken big-endian.
    pub(super) fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; U1536::BYTES]);
        rng.fill_bytes(bytes.as_mut());
        Self(Box::new(U1536::from_be_slice(bytes.as_ref())))
    }

    /// The exponent.
    pub(super) fn number(&self) -> &U1536 {
        &self.0
    }

    /// base^self.
    pub(super) fn power(&self, base: &Element) -> Element {
        base.power(&*self.0)
    }

    /// The same, of a base that has tables.
    pub(super) fn power_by(&self, base: &Comb) -> Element {
        base.power(&*self.0)
    }

    /// g1^self.
    pub(super) fn power_of_generator(&self) -> Element {
        group::LONG.power(&*self.0)
    }
}

impl fmt::Debug for Exponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exponent").finish_non_exhaustive()
    }
}

/// g2 and g3: as numbers, or as a step needs them that raises them to several exponents.
#[derive(Debug)]
pub(super) struct Generators<G> {
    pub(super) g2: G,
    pub(super) g3: G,
}

impl Generators<Generator<'_>> {
    /// Both as numbers.
    pub(super) fn elements(&self) -> Generators<Element> {
        Generators { g2: self.g2.element(), g3: self.g3.element() }
    }
}

/// g2 or g3, as a power of the peer's half.
#[derive(Debug)]
pub(super) struct Generator<'a> {
    theirs: Comb,
    ours: &'a Exponent,
}

impl<'a> Generator<'a> {
    /// theirs^ours.
    pub(super) fn new(theirs: &DhPublic, ours: &'a Exponent) -> Self {
        Self { theirs: Comb::of(&theirs.element()), ours }
    }

    /// The generator.
    pub(super) fn element(&self) -> Element {
        self.ours.power_by(&self.theirs)
    }

    /// The generator^exponent, in constant time.
    pub(super) fn power(&self, exponent: &U1536) -> Element {
        self.theirs.power(&*product(self.ours.number(), exponent))
    }
}

impl PublicPower for Generator<'_> {
    fn public_product<const LIMBS: usize>(
        &self,
        exponent: &U1536,
        other: &Element,
        other_exponent: &Uint<LIMBS>,
    ) -> Element {
        self.power(exponent).mul(&public_power(other, other_exponent))
    }
}

/// a b mod 2q, in constant time: by its remainders modulo q and 2.
fn product(a: &U1536, b: &U1536) -> Zeroizing<U1536> {
    let [mut a_mod_q, mut b_mod_q] = [a, b].map(Scalar::new);
    let mut product = Zeroizing::new(a_mod_q.mul(&b_mod_q).retrieve());
    a_mod_q.zeroize();
    b_mod_q.zeroize();
    let is_odd = a.is_odd() & b.is_odd();
    let other = Zeroizing::new(product.wrapping_add(Scalar::MODULUS.as_ref()));
    let is_of_other_parity = !product.is_odd().ct_eq(&is_odd);
    product.ct_assign(&other, is_of_other_parity);
    product
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;
    use proptest::prelude::*;
    use rand_core::SeedableRng as _;

    use super::*;

    #[expect(clippy::arithmetic_side_effects, reason = "large numbers do not overflow")]
    fn assert_product(a: &U1536, b: &U1536) {
        let big = |number: &U1536| BigUint::from_bytes_be(number.to_be_bytes().as_slice());
        let order = big(&group::P) - 1_u8;

        assert_eq!(big(&product(a, b)), big(a) * big(b) % order, "{a} {b}");
    }

    #[test]
    fn products_at_the_ends_agree_with_num_bigint() {
        let q = *Scalar::MODULUS.as_ref();
        let ends = [
            U1536::ZERO,
            U1536::ONE,
            U1536::from_u8(2),
            q.wrapping_sub(&U1536::ONE),
            q,
            q.wrapping_add(&U1536::ONE),
            group::P.wrapping_sub(&U1536::ONE),
            group::P,
            U1536::MAX,
        ];
        for a in &ends {
            for b in &ends {
                assert_product(a, b);
            }
        }
    }

    #[test]
    fn powers_of_a_generator_are_those_of_its_number() {
        let mut rng = rand_chacha::ChaCha20Rng::from_seed([4; 32]);
        let [theirs, ours, exponent] = [(); 3].map(|()| Exponent::random(&mut rng));
        let other = theirs.power_of_generator();
        let theirs = super::super::super::dh::public_from_element(&other).unwrap();
        let generator = Generator::new(&theirs, &ours);

        let element = generator.element();

        assert_eq!(element, ours.power(&theirs.element()));
        assert_eq!(generator.power(exponent.number()), exponent.power(&element));
        let number = exponent.number();
        assert_eq!(
            generator.public_product(number, &other, number),
            element.public_product(number, &other, number)
        );
    }

    #[test]
    fn exponents_do_not_show_in_debug_output() {
        let mut rng = rand_chacha::ChaCha20Rng::from_seed([5; 32]);
        let exponent = Exponent::random(&mut rng);
        let generators = Generators { g2: exponent.power_of_generator(), g3: Element::ONE };

        assert_eq!(format!("{exponent:?}"), "Exponent { .. }");
        let shown = format!("{generators:?}");
        assert_eq!(shown, "Generators { g2: Element { .. }, g3: Element { .. } }");
    }

    proptest! {
        #[test]
        fn products_agree_with_num_bigint(
            a in prop::array::uniform32(any::<[u8; 6]>()),
            b in prop::array::uniform32(any::<[u8; 6]>()),
        ) {
            assert_product(
                &U1536::from_be_slice(a.as_flattened()),
                &U1536::from_be_slice(b.as_flattened()),
            );
        }
    }
}
