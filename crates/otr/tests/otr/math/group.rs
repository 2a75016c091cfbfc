//! The Diffie-Hellman group.

use num_bigint::BigUint;
use otr::dh::{DhPublic, DhSecret};
use proptest::prelude::*;

use crate::fixed::Fixed;
use crate::math::support::{field, padded, vectors};

#[test]
fn the_known_exchange_gives_the_known_secret() {
    let known = vectors("dh");
    let mut rng = Fixed::new(&[padded(&field(&known, "x"), 40)]);

    let x = DhSecret::random(&mut rng);
    let y = DhSecret::from_be_bytes(&field(&known, "y")).unwrap();

    assert!(rng.is_empty());
    assert_eq!(x.public().to_be_bytes(), field(&known, "gx"));
    assert_eq!(y.public().to_be_bytes(), field(&known, "gy"));
    let secbytes = field(&vectors("ake_keys"), "secbytes");
    assert_eq!(*x.shared(&y.public()).secbytes(), secbytes);
    assert_eq!(*y.shared(&x.public()).secbytes(), secbytes);
}

#[test]
fn a_secret_with_a_leading_zero_is_encoded_shorter() {
    let known = vectors("leading_zero_secret");
    let x = DhSecret::from_be_bytes(&field(&known, "x")).unwrap();
    let y = DhSecret::from_be_bytes(&field(&known, "y")).unwrap();

    let secbytes = x.shared(&y.public()).secbytes();

    let len = u32::try_from(known["mpi_len"].as_u64().unwrap()).unwrap();
    assert_eq!(secbytes[..4], len.to_be_bytes());
    assert_eq!(secbytes.len(), 4 + usize::try_from(len).unwrap());
    assert_ne!(secbytes[4], 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn powers_agree_with_num_bigint(
        x in prop::collection::vec(any::<u8>(), 1..=40),
        base in prop::collection::vec(any::<u8>(), 1..=192),
    ) {
        let p = BigUint::from_bytes_be(&field(&vectors("group"), "p"));
        let (Some(x_ours), Some(base_ours)) =
            (DhSecret::from_be_bytes(&x), DhPublic::from_be_bytes(&base))
        else {
            // Zero, one, or past p-2: refused on purpose.
            return Ok(());
        };
        let (x, base) = (BigUint::from_bytes_be(&x), BigUint::from_bytes_be(&base));

        let mpi = x_ours.shared(&base_ours).secbytes();

        prop_assert_eq!(&mpi[4..], base.modpow(&x, &p).to_bytes_be());
        prop_assert_eq!(x_ours.public().to_be_bytes(), BigUint::from(2_u8).modpow(&x, &p).to_bytes_be());
    }
}
