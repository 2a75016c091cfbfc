//! The arithmetic of the group, against that of num-bigint.

use std::sync::LazyLock;

use num_bigint::BigUint;
use otr::dh::{DhPublic, DhSecret};

use super::input::Input;

/// The modulus of RFC 3526, "1536-bit MODP Group".
static P: LazyLock<BigUint> = LazyLock::new(|| {
    let hex = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74\
               020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437\
               4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
               ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05\
               98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb\
               9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff";
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
});

/// Computes with the numbers that the data give.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let [base, exponent] = [input.bytes(), input.bytes()];
    let (g, x) = (BigUint::from_bytes_be(base), BigUint::from_bytes_be(exponent));

    let public = DhPublic::from_be_bytes(base);
    let two = BigUint::from(2_u8);
    assert_eq!(public.is_some(), g >= two && g <= &*P - &two, "{g}");
    let secret = DhSecret::from_be_bytes(exponent);
    assert_eq!(secret.is_some(), x.bits() > 0 && x.bits() <= 320, "{x}");
    if let Some(public) = &public {
        assert_eq!(public.to_be_bytes(), g.to_bytes_be());
    }
    let Some(secret) = secret else { return };
    assert_eq!(secret.public().to_be_bytes(), two.modpow(&x, &P).to_bytes_be());
    let Some(public) = public else { return };
    let shared = g.modpow(&x, &P).to_bytes_be();
    assert_eq!(secret.shared(&public).secbytes()[4..], shared);
}
