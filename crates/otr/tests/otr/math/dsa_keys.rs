//! Long-term keys: known answers, the origin of the shared parameters, and keys that must be
//! refused.

use num_bigint::BigUint;
use otr::error::WireError;
use otr::identity::{PublicKey, SigningKey};
use otr::wire::{Reader, Writer};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::Value;

use crate::fixed::Fixed;
use crate::math::support::{field, padded, vectors};

fn signing_key(known: &Value) -> SigningKey {
    let [p, q, g, y, secret] = ["p", "q", "g", "y", "x"].map(|name| field(known, name));
    SigningKey::from_parts(&p, &q, &g, &y, &secret).unwrap()
}

fn encode(numbers: &[Vec<u8>; 4]) -> Vec<u8> {
    numbers.iter().fold(Writer::new().short(0), |writer, number| writer.mpi(number)).finish()
}

fn decode(bytes: &[u8]) -> Result<PublicKey, WireError> {
    PublicKey::decode(&mut Reader::new(bytes))
}

fn refused_field(numbers: &[Vec<u8>; 4]) -> &'static str {
    let refused = decode(&encode(numbers)).err();
    refused
        .and_then(|error| if let WireError::Range { field } = error { Some(field) } else { None })
        .unwrap()
}

#[test]
fn known_keys_have_their_encodings_and_fingerprints() {
    for name in ["dsa_alice", "dsa_bob"] {
        let known = vectors(name);
        let ours = signing_key(&known);

        let read = decode(&field(&known, "public_key")).unwrap();

        assert_eq!(ours.public_key().encode(), field(&known, "public_key"));
        assert_eq!(&read, ours.public_key());
        assert_eq!(read.fingerprint().to_hex(), known["fingerprint"].as_str().unwrap());
    }
}

#[test]
fn a_fingerprint_is_shown_in_five_groups() {
    let fingerprint = signing_key(&vectors("dsa_alice")).public_key().fingerprint();

    assert_eq!(fingerprint.to_string(), "6892CF68 0B85A872 C5EF284C 0205FABA 18A679FC");
}

#[test]
fn the_known_signature_is_made_and_verified() {
    let known = vectors("dsa_sign");
    let message: [u8; 32] = field(&known, "message").try_into().unwrap();
    let expected: [u8; 40] = field(&known, "signature").try_into().unwrap();
    let [alice, bob] = ["dsa_alice", "dsa_bob"].map(|name| signing_key(&vectors(name)));

    let signatures = [&alice, &bob]
        .map(|key| key.sign(&mut Fixed::new(&[padded(&field(&known, "k"), 20)]), &message));

    let signer = if signatures[0] == expected { &alice } else { &bob };
    assert!(signatures.contains(&expected));
    assert!(signer.public_key().verify(&message, &expected));
}

#[test]
fn a_fresh_key_signs_and_only_its_own_messages_verify() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let [ours, other] = [(); 2].map(|()| SigningKey::generate(&mut rng));

    let signature = ours.sign(&mut rng, &[0xff; 32]);

    assert!(ours.public_key().verify(&[0xff; 32], &signature));
    assert!(!ours.public_key().verify(&[0xfe; 32], &signature));
    assert!(!other.public_key().verify(&[0xff; 32], &signature));
    assert_eq!(&decode(&ours.public_key().encode()).unwrap(), ours.public_key());
    assert_ne!(ours.public_key().fingerprint(), other.public_key().fingerprint());
}

#[test]
fn signatures_outside_1_to_q_are_refused() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let key = SigningKey::generate(&mut rng);
    let signature = key.sign(&mut rng, &[7; 32]);
    let q = padded(&shared_parameters().1.to_bytes_be(), 20);

    for half in [0..20, 20..40] {
        for bad in [vec![0; 20], q.clone(), vec![0xff; 20]] {
            let mut forged = signature;
            forged[half.clone()].copy_from_slice(&bad);
            assert!(!key.public_key().verify(&[7; 32], &forged));
        }
        // r + q would verify modulo q if there were room for it.
        let mut forged = signature;
        forged[half.start] ^= 1;
        assert!(!key.public_key().verify(&[7; 32], &forged));
    }
}

#[test]
fn a_key_is_given_back_by_its_halves() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let key = SigningKey::generate(&mut rng);
    let public = decode(&key.public_key().encode()).unwrap();

    let restored = SigningKey::from_public(public.clone(), &key.secret_bytes()).unwrap();

    assert_eq!(restored.public_key(), &public);
    let signature = restored.sign(&mut rng, &[1; 32]);
    assert!(public.verify(&[1; 32], &signature));
    assert!(SigningKey::from_public(public, &[5]).is_err());
}

#[test]
fn secrets_do_not_show_in_debug_output() {
    let key = signing_key(&vectors("dsa_alice"));

    let shown = format!("{key:?}");

    assert!(shown.contains("6892cf680b85a872c5ef284c0205faba18a679fc"), "{shown}");
    assert!(shown.len() < 120, "{shown}");
}

/// p, q, g of our keys.
fn shared_parameters() -> (BigUint, BigUint, BigUint) {
    let key = SigningKey::generate(&mut ChaCha20Rng::seed_from_u64(0));
    let encoding = key.public_key().encode();
    let mut reader = Reader::new(&encoding[2..]);
    let [p, q, g] = ["p", "q", "g"].map(|name| BigUint::from_bytes_be(reader.mpi(name).unwrap()));
    (p, q, g)
}

#[test]
#[expect(deprecated, reason = "the protocol fixes q at 160 bits")]
fn the_shared_parameters_come_from_their_seed() {
    let mut rng = ChaCha20Rng::from_seed(*b"otrbot: DSA-1024/160 parameters.");

    let made =
        dsa::Components::try_generate_from_rng_with_key_size(&mut rng, dsa::KeySize::DSA_1024_160)
            .unwrap();

    let number = |made: &dsa::BoxedUint| BigUint::from_bytes_be(&made.to_be_bytes());
    assert_eq!(shared_parameters(), (number(made.p()), number(made.q()), number(made.g())));
}

#[test]
fn the_shared_parameters_hold_together() {
    let (p, q, g) = shared_parameters();
    let one = BigUint::from(1_u8);

    assert_eq!((p.bits(), q.bits()), (1024, 160));
    assert_eq!((&p - &one) % &q, BigUint::ZERO);
    assert_eq!(g.modpow(&q, &p), one);
    assert!(g > one);
}

#[test]
fn keys_of_other_sizes_and_shapes_are_refused() {
    let known = vectors("dsa_alice");
    let numbers = ["p", "q", "g", "y"].map(|name| field(&known, name));
    let p = BigUint::from_bytes_be(&numbers[0]);
    let with = |ix: usize, bytes: Vec<u8>| {
        let mut changed = numbers.clone();
        changed[ix] = bytes;
        changed
    };
    let p_minus_1 = (&p - 1_u8).to_bytes_be();
    let p_plus_y = (&p + BigUint::from_bytes_be(&numbers[3])).to_bytes_be();

    // p: empty, small, even, enormous.
    for bad in
        [vec![], vec![7], p_minus_1.clone(), vec![0xff; 127], vec![0xff; 385], vec![0xff; 60_000]]
    {
        assert_eq!(refused_field(&with(0, bad)), "p");
    }
    // q: of another length, no divisor, even, composite.
    let composite = (BigUint::from_bytes_be(&numbers[1]) - 2_u8).to_bytes_be();
    for bad in
        [vec![], vec![3], vec![0xff; 19], vec![0xff; 20], vec![0xff; 21], vec![0xff; 32], composite]
    {
        assert_eq!(refused_field(&with(1, bad)), "q");
    }
    // g and y: 0, 1, p-1 (of order 2), a member of the whole group, p, past p.
    for (ix, name) in [(2, "g"), (3, "y")] {
        for bad in
            [vec![], vec![1], p_minus_1.clone(), vec![2], numbers[0].clone(), p_plus_y.clone()]
        {
            assert_eq!(refused_field(&with(ix, bad)), name);
        }
    }
}

#[test]
fn a_composite_q_is_refused_even_if_it_divides() {
    // q is the square of a prime of 80 bits; any odd p with q | p-1 will do, since q is looked at
    // before anything is computed modulo p.
    let prime = (BigUint::from(1_u8) << 80_u32) - 65_u8;
    let q = &prime * &prime;
    assert_eq!(q.bits(), 160);
    let p: BigUint = (&q << (1024_u32 - 160)) + 1_u8;
    let numbers = [p.to_bytes_be(), q.to_bytes_be(), vec![2], vec![2]];

    assert_eq!(refused_field(&numbers), "q");
}

#[test]
fn other_types_of_key_leading_zeros_and_cut_off_keys_are_refused() {
    let encoding = field(&vectors("dsa_alice"), "public_key");
    let mut typed = encoding.clone();
    typed[1] = 1;
    assert_eq!(decode(&typed).unwrap_err(), WireError::Range { field: "public key type" });

    // p with a zero before it.
    let mut zero = encoding.clone();
    zero.splice(2..6, 129_u32.to_be_bytes().into_iter().chain([0]));
    assert_eq!(decode(&zero).unwrap_err(), WireError::Range { field: "p" });

    for len in 0..encoding.len() {
        assert!(matches!(decode(&encoding[..len]), Err(WireError::Short { .. })), "{len}");
    }
}

#[test]
fn a_key_of_2048_bits_is_accepted() {
    // p = cofactor q + 1 over the q of our own keys; the cofactor is the first from 2^1888 on that makes p a prime.
    let (_, q, _) = shared_parameters();
    let one = BigUint::from(1_u8);
    let cofactor = (BigUint::from(1_u8) << 1888_u32) + 5_962_u32;
    let p = &cofactor * &q + &one;
    let g = BigUint::from(2_u8).modpow(&cofactor, &p);
    assert!(g != one && g.modpow(&q, &p) == one);

    let secret = BigUint::from(1_234_567_u32);
    let y = g.modpow(&secret, &p);
    let [p, q, g, y, secret] = [p, q, g, y, secret].map(|number| number.to_bytes_be());
    let key = SigningKey::from_parts(&p, &q, &g, &y, &secret).unwrap();

    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let signature = key.sign(&mut rng, &[9; 32]);
    assert!(decode(&key.public_key().encode()).unwrap().verify(&[9; 32], &signature));
    assert!(!key.public_key().verify(&[8; 32], &signature));
}
