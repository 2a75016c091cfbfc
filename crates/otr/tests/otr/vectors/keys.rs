//! Numbers, keys, signatures, tags.

use hmac::{Hmac, KeyInit as _, Mac as _};
use num_bigint::BigUint;
use otr::dh::{DhPublic, DhSecret};
use otr::identity::{PublicKey, SigningKey};
use otr::kdf::{AkeKeys, DataKeys, End};
use otr::plaintext;
use otr::policy::Policy;
use otr::secret::{AesKey, AkeMacKey, MacKey};
use otr::version::Version;
use otr::wire::{Reader, Writer};

use super::Known;
use crate::fixed::Fixed;
use crate::pair::only;

fn check_ake_key(key: &AkeMacKey, expected: &Known) {
    assert_eq!(key.mac(b"x"), AkeMacKey::from_bytes(expected.array()).mac(b"x"));
}

fn check_aes_key(key: &AesKey, expected: &Known) {
    let stream = |key: &AesKey| {
        let mut bytes = [0; 32];
        key.apply([1; 8], &mut bytes);
        bytes
    };
    assert_eq!(stream(key), stream(&AesKey::from_bytes(expected.array())));
}

fn check_mac_key(key: &MacKey, expected: &Known) {
    let mac = Hmac::<sha1::Sha1>::new_from_slice(&expected.bytes()).unwrap();
    let mac: [u8; 20] = mac.chain_update(b"x").finalize().into_bytes().into();
    assert_eq!(key.mac(b"x"), mac);
}

pub(super) fn dh(known: &Known) {
    let [x, y] = ["x", "y"].map(|name| DhSecret::from_be_bytes(&known.at(name).bytes()).unwrap());
    let [gx, gy] =
        ["gx", "gy"].map(|name| DhPublic::from_be_bytes(&known.at(name).bytes()).unwrap());
    let secbytes = Writer::new().mpi(&known.at("s").bytes()).finish();

    assert_eq!((x.public(), y.public()), (gx.clone(), gy.clone()));
    assert_eq!(*x.shared(&gy).secbytes(), secbytes);
    assert_eq!(*y.shared(&gx).secbytes(), secbytes);
    assert_eq!(known.entry("ake_keys").at("secbytes").bytes(), secbytes);
}

pub(super) fn ake_keys(known: &Known) {
    let keys = AkeKeys::derive(&known.at("secbytes").bytes());

    assert_eq!(keys.ssid, known.at("ssid").array());
    check_aes_key(&keys.c, &known.at("c"));
    check_aes_key(&keys.c_prime, &known.at("c_prime"));
    check_ake_key(&keys.m1, &known.at("m1"));
    check_ake_key(&keys.m2, &known.at("m2"));
    check_ake_key(&keys.m1_prime, &known.at("m1_prime"));
    check_ake_key(&keys.m2_prime, &known.at("m2_prime"));
}

pub(super) fn data_keys_alice(known: &Known) {
    data_keys(known, End::High);
}

pub(super) fn data_keys_bob(known: &Known) {
    data_keys(known, End::Low);
}

fn data_keys(known: &Known, end: End) {
    assert_eq!(known.at("high_end").flag(), end == End::High);

    let keys = DataKeys::derive(&known.entry("ake_keys").at("secbytes").bytes(), end);

    check_aes_key(&keys.sending.aes, &known.at("send_aes"));
    check_mac_key(&keys.sending.mac, &known.at("send_mac"));
    check_aes_key(&keys.receiving.aes, &known.at("recv_aes"));
    check_mac_key(&keys.receiving.mac, &known.at("recv_mac"));
    assert_eq!(keys.extra.expose(), &known.at("extra_key").array());
}

/// One secret in 256 is shorter than the modulus.
pub(super) fn leading_zero_secret(known: &Known) {
    let [x, y] = ["x", "y"].map(|name| DhSecret::from_be_bytes(&known.at(name).bytes()).unwrap());
    let end = if x.public() > y.public() { End::High } else { End::Low };

    let secbytes = x.shared(&y.public()).secbytes();
    let keys = AkeKeys::derive(&secbytes);
    let data_keys = DataKeys::derive(&secbytes, end);

    let len = usize::try_from(known.at("mpi_len").number()).unwrap();
    assert_eq!((len, secbytes.len()), (191, 4 + len));
    assert_eq!(keys.ssid, known.at("ssid").array());
    check_aes_key(&keys.c, &known.at("c"));
    check_ake_key(&keys.m1, &known.at("m1"));
    check_aes_key(&data_keys.sending.aes, &known.at("send_aes"));
    check_mac_key(&data_keys.sending.mac, &known.at("send_mac"));
    assert_eq!(data_keys.extra.expose(), &known.at("extra_key").array());
}

pub(super) fn signing_key(known: &Known) -> SigningKey {
    let part = |name: &str| known.at(name).bytes();
    SigningKey::from_parts(&part("p"), &part("q"), &part("g"), &part("y"), &part("x")).unwrap()
}

pub(super) fn dsa_alice(known: &Known) {
    dsa(known);
}

pub(super) fn dsa_bob(known: &Known) {
    dsa(known);
}

fn dsa(known: &Known) {
    let key = signing_key(known);
    let encoding = known.at("public_key").bytes();

    let public = PublicKey::decode(&mut Reader::new(&encoding)).unwrap();

    assert_eq!(key.public_key(), &public);
    assert_eq!(public.encode(), encoding);
    assert_eq!(public.fingerprint().to_hex(), known.at("fingerprint").text());
    let secret = BigUint::from_bytes_be(&key.secret_bytes());
    assert_eq!(secret, BigUint::from_bytes_be(&known.at("x").bytes()));
}

pub(super) fn dsa_sign(known: &Known) {
    assert!(known.at("note").text().ends_with("not truncated"));
    let (message, expected) = (known.at("message").array(), known.at("signature").array());
    let key = signing_key(&known.entry("dsa_alice"));

    let signature = key.sign(&mut Fixed::new(&[known.at("k").padded::<20>()]), &message);

    assert_eq!(signature, expected);
    assert!(key.public_key().verify(&message, &expected));
}

pub(super) fn mpi(known: &Known) {
    for known in known.members() {
        let (number, encoding) = (known.at("n").bytes(), known.at("enc").bytes());

        let mut reader = Reader::new(&encoding);
        let read = reader.mpi("n").unwrap();

        assert_eq!(Writer::new().mpi(&number).finish(), encoding);
        assert_eq!(BigUint::from_bytes_be(read), BigUint::from_bytes_be(&number));
        assert_eq!(reader.end(), Ok(()));
    }
}

pub(super) fn whitespace(known: &Known) {
    let part = |name: &str| String::from_utf8(known.at(name).bytes()).unwrap();

    let both = plaintext::tagged(&Policy::default(), "");
    let [v2, v3] = [Version::V2, Version::V3].map(|version| plaintext::tagged(&only(version), ""));

    assert_eq!(both, [part("base"), part("v2"), part("v3")].concat());
    assert_eq!(v2, [part("base"), part("v2")].concat());
    assert_eq!(v3, [part("base"), part("v3")].concat());
    for (ix, version) in ["v1", "v2", "v3"].into_iter().enumerate() {
        let tagged = [part("base"), part(version)].concat();
        let plaintext::Incoming::Plain { text, offer: Some(offer) } = plaintext::classify(&tagged)
        else {
            panic!("no tag");
        };
        assert_eq!((&*text, [offer.v1, offer.v2, offer.v3]), ("", [0, 1, 2].map(|n| n == ix)));
    }
}

pub(super) fn group(known: &Known) {
    let [p, q] = ["p", "q"].map(|name| BigUint::from_bytes_be(&known.at(name).bytes()));
    let g = known.at("g").number();
    let one = DhSecret::from_be_bytes(&[1]).unwrap();
    let x = DhSecret::from_be_bytes(&[0xab; 40]).unwrap();

    assert_eq!(&q * 2_u8 + 1_u8, p);
    assert_eq!(BigUint::from_bytes_be(&one.public().to_be_bytes()), BigUint::from(g));
    let gx = BigUint::from(g).modpow(&BigUint::from_bytes_be(&[0xab; 40]), &p);
    assert_eq!(x.public().to_be_bytes(), gx.to_bytes_be());
    for (below_p, is_legal) in [(0_u8, false), (1, false), (2, true)] {
        let number = DhPublic::from_be_bytes(&(&p - below_p).to_bytes_be());
        assert_eq!(number.is_some(), is_legal);
    }
}
