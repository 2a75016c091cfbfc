//! Known answers, made by an independent engine and confirmed with the toolkit of libotr.

use core::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use hmac::{Hmac, KeyInit as _, Mac as _};
use otrbot::otr::armor;
use otrbot::otr::conversation::Conversation;
use otrbot::otr::data;
use otrbot::otr::dh::{DhPublic, DhSecret};
use otrbot::otr::event::{Event, Output};
use otrbot::otr::identity::SigningKey;
use otrbot::otr::instance::InstanceTag;
use otrbot::otr::kdf::{AkeKeys, DataKeys, End};
use otrbot::otr::key_management::{KeyManager, OurKey};
use otrbot::otr::message::{Body, Header};
use otrbot::otr::plaintext;
use otrbot::otr::policy::Policy;
use otrbot::otr::secret::{AesKey, AkeMacKey, MacKey};
use otrbot::otr::tlv::{Tlv, TlvType};
use otrbot::otr::version::{Address, Version};
use otrbot::otr::wire::Reader;
use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

use crate::pair::only;

fn vectors() -> Value {
    serde_json::from_str(include_str!("vectors/otr.json")).unwrap()
}

fn transcript(version: Version) -> Value {
    vectors()[format!("transcript_v{version}")].clone()
}

fn hex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap();
    let even =
        if digits.len().is_multiple_of(2) { digits.to_owned() } else { format!("0{digits}") };
    (0..even.len())
        .step_by(2)
        .map(|ix| u8::from_str_radix(&even[ix..ix + 2], 16).unwrap())
        .collect()
}

/// Padded on the left, as random numbers are drawn.
fn padded<const N: usize>(value: &Value) -> Vec<u8> {
    let bytes = hex(value);
    [vec![0; N - bytes.len()], bytes].concat()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}

/// Randomness that was fixed beforehand. To ask for more fails the test.
struct Fixed(Vec<u8>);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        let drawn: Vec<u8> = self.0.drain(..to.len()).collect();
        to.copy_from_slice(&drawn);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

// --- Keys ---

fn check_ake_key(key: &AkeMacKey, expected: &Value) {
    assert_eq!(key.mac(b"x"), AkeMacKey::from_bytes(array(expected)).mac(b"x"));
}

fn check_aes_key(key: &AesKey, expected: &Value) {
    let stream = |key: &AesKey| {
        let mut bytes = [0; 32];
        key.apply([1; 8], &mut bytes);
        bytes
    };
    assert_eq!(stream(key), stream(&AesKey::from_bytes(array(expected))));
}

fn check_mac_key(key: &MacKey, expected: &Value) {
    let mac = Hmac::<sha1::Sha1>::new_from_slice(&hex(expected)).unwrap();
    let mac: [u8; 20] = mac.chain_update(b"x").finalize().into_bytes().into();
    assert_eq!(key.mac(b"x"), mac);
}

#[test]
fn keys_of_the_exchange() {
    let vectors = vectors();
    let expected = &vectors["ake_keys"];

    let keys = AkeKeys::derive(&hex(&expected["secbytes"]));

    assert_eq!(keys.ssid, array(&expected["ssid"]));
    check_aes_key(&keys.c, &expected["c"]);
    check_aes_key(&keys.c_prime, &expected["c_prime"]);
    check_ake_key(&keys.m1, &expected["m1"]);
    check_ake_key(&keys.m2, &expected["m2"]);
    check_ake_key(&keys.m1_prime, &expected["m1_prime"]);
    check_ake_key(&keys.m2_prime, &expected["m2_prime"]);
}

#[test]
fn keys_of_data_messages() {
    let vectors = vectors();
    let secbytes = hex(&vectors["ake_keys"]["secbytes"]);
    for (name, end) in [("data_keys_alice", End::High), ("data_keys_bob", End::Low)] {
        let expected = &vectors[name];
        assert_eq!(expected["high_end"], end == End::High);

        let keys = DataKeys::derive(&secbytes, end);

        check_aes_key(&keys.sending.aes, &expected["send_aes"]);
        check_mac_key(&keys.sending.mac, &expected["send_mac"]);
        check_aes_key(&keys.receiving.aes, &expected["recv_aes"]);
        check_mac_key(&keys.receiving.mac, &expected["recv_mac"]);
        assert_eq!(keys.extra.expose(), &array(&expected["extra_key"]));
    }
}

#[test]
fn a_secret_with_a_leading_zero_byte() {
    let vectors = vectors();
    let expected = &vectors["leading_zero_secret"];
    let x = DhSecret::from_be_bytes(&hex(&expected["x"])).unwrap();
    let y = DhSecret::from_be_bytes(&hex(&expected["y"])).unwrap();
    let end = if x.public() > y.public() { End::High } else { End::Low };

    let secbytes = x.shared(&y.public()).secbytes();
    let keys = AkeKeys::derive(&secbytes);
    let data_keys = DataKeys::derive(&secbytes, end);

    assert_eq!(secbytes.len(), 4 + 191);
    assert_eq!(keys.ssid, array(&expected["ssid"]));
    check_aes_key(&keys.c, &expected["c"]);
    check_ake_key(&keys.m1, &expected["m1"]);
    check_aes_key(&data_keys.sending.aes, &expected["send_aes"]);
    check_mac_key(&data_keys.sending.mac, &expected["send_mac"]);
    assert_eq!(data_keys.extra.expose(), &array(&expected["extra_key"]));
}

// --- Transcripts ---

/// One side of a transcript.
struct Side {
    conversation: Conversation,
    rng: Fixed,
    now: Instant,
}

impl Side {
    fn new(version: Version, dsa: &Value, instance: &Value, random: &[Vec<u8>]) -> Self {
        let part = |name: &str| hex(&dsa[name]);
        let key =
            SigningKey::from_parts(&part("p"), &part("q"), &part("g"), &part("y"), &part("x"));
        let instance = u32::try_from(instance.as_u64().unwrap()).unwrap();
        let conversation = Conversation::new(
            Arc::new(key.unwrap()),
            InstanceTag::from_u32(instance).unwrap(),
            only(version),
        );
        Self { conversation, rng: Fixed(random.concat()), now: Instant::now() }
    }

    fn receive(&mut self, body: &str) -> (Vec<String>, Vec<Event>) {
        split(self.conversation.receive(self.now, &mut self.rng, body))
    }

    fn send(&mut self, text: &str) -> Vec<String> {
        split(self.conversation.send(self.now, &mut self.rng, text).unwrap()).0
    }
}

fn split(outputs: Vec<Output>) -> (Vec<String>, Vec<Event>) {
    let (mut sent, mut events) = (Vec::new(), Vec::new());
    for output in outputs {
        match output {
            Output::Send(body) => sent.push(body),
            Output::Event(event) => events.push(event),
        }
    }
    (sent, events)
}

#[test]
fn whole_exchanges_byte_for_byte() {
    let all = vectors();
    for version in [Version::V2, Version::V3] {
        let transcript = transcript(version);
        let wire = |ix: usize| transcript["ake"][ix]["wire"].as_str().unwrap().to_owned();
        let data = |ix: usize| transcript["data"][ix]["wire"].as_str().unwrap().to_owned();
        let (a, b) = (&transcript["alice"], &transcript["bob"]);
        let random = [
            padded::<16>(&a["r"]),
            padded::<40>(&a["x"]),
            padded::<20>(&a["dsa_k"]),
            padded::<40>(&a["x2"]),
        ];
        let mut alice = Side::new(version, &all["dsa_alice"], &a["instance"], &random);
        let random = [padded::<40>(&b["y"]), padded::<20>(&b["dsa_k"]), padded::<40>(&b["y2"])];
        let mut bob = Side::new(version, &all["dsa_bob"], &b["instance"], &random);

        let query = plaintext::query(&only(version));
        assert_eq!(alice.receive(&query).0, [wire(0)]);
        assert_eq!(bob.receive(&wire(0)).0, [wire(1)]);
        assert_eq!(alice.receive(&wire(1)).0, [wire(2)]);
        let (sent, events) = bob.receive(&wire(2));
        assert_eq!(sent, [wire(3)]);
        let fingerprint = alice.conversation.our_fingerprint();
        assert_eq!(fingerprint.as_bytes().to_vec(), hex(&all["dsa_alice"]["fingerprint"]));
        assert_eq!(events, [Event::GoneSecure { version, fingerprint }]);
        let (_, events) = alice.receive(&wire(3));
        let fingerprint = bob.conversation.our_fingerprint();
        assert_eq!(events, [Event::GoneSecure { version, fingerprint }]);
        assert_eq!(alice.conversation.ssid(), Some(array(&transcript["ssid"])));
        assert_eq!(bob.conversation.ssid(), Some(array(&transcript["ssid"])));

        assert_eq!(bob.send(transcript["data"][0]["text"].as_str().unwrap()), [data(0)]);
        let text = "hello from bob".to_owned();
        assert_eq!(alice.receive(&data(0)).1, [Event::Heard { text, encrypted: true }]);
        assert_eq!(alice.send(transcript["data"][1]["text"].as_str().unwrap()), [data(1)]);
        assert!(alice.rng.0.is_empty() && bob.rng.0.is_empty());
    }
}

/// The keys of one side, and the randomness for those to come.
fn keys(own: &Value, peers: &Value, to_come: &[&Value]) -> (KeyManager, Fixed) {
    let own = OurKey::generate(&mut Fixed(padded::<40>(own)));
    let peers = DhSecret::from_be_bytes(&hex(peers)).unwrap().public();
    let to_come: Vec<_> = to_come.iter().map(|key| padded::<40>(key)).collect();
    (KeyManager::new(Arc::new(own), 1, peers), Fixed(to_come.concat()))
}

#[test]
fn data_messages_with_rotation_tlvs_and_revealed_keys_byte_for_byte() {
    for version in [Version::V2, Version::V3] {
        let transcript = transcript(version);
        let messages = transcript["data"].as_array().unwrap();
        let (x, y) = (&transcript["alice"]["x"], &transcript["bob"]["y"]);
        let next = |ix: usize| &messages[ix]["receiver_next_dh_private"];
        let alices = [&transcript["alice"]["x2"], next(3), next(5)];
        let bobs = [&transcript["bob"]["y2"], next(1), next(4)];
        let (mut alice, mut alice_rng) = keys(x, y, &alices);
        let (mut bob, mut bob_rng) = keys(y, x, &bobs);

        for message in messages {
            let wire = message["wire"].as_str().unwrap();
            let (address, expected) = decoded(wire);
            let tlvs: Vec<Tlv> = message["tlvs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|tlv| Tlv {
                    kind: TlvType(u16::try_from(tlv[0].as_u64().unwrap()).unwrap()),
                    value: hex(&tlv[1]),
                })
                .collect();
            let text = message["text"].as_str().unwrap();
            let (from, rng, to) = if message["sender"] == "alice" {
                (&mut alice, &mut alice_rng, &mut bob)
            } else {
                (&mut bob, &mut bob_rng, &mut alice)
            };

            let sealed = data::seal(from, rng, address, text, &tlvs).unwrap();
            let opened = data::open(to, address, &sealed).unwrap();

            assert_eq!(Body::Data(sealed.clone()), expected);
            assert_eq!(armor::encode(&expected.encode(address)), wire);
            assert_eq!(sealed.revealed, hex(&message["revealed"]));
            assert_eq!(u64::from(sealed.flags), message["flags"].as_u64().unwrap());
            assert_eq!((&**opened.text, opened.tlvs), (text, tlvs.clone()));
            let asks = tlvs.iter().any(|tlv| tlv.kind == TlvType::EXTRA_KEY);
            assert_eq!(opened.extra.is_some(), asks);
        }
    }
}

fn decoded(wire: &str) -> (Address, Body) {
    let bytes = armor::decode(wire).unwrap();
    let mut reader = Reader::new(&bytes);
    let header = Header::decode(&mut reader).unwrap();
    (header.address, Body::decode(header.kind, reader).unwrap())
}

#[test]
fn whitespace_tags() {
    let vectors = vectors();
    let part = |name: &str| String::from_utf8(hex(&vectors["whitespace"][name])).unwrap();

    let both = plaintext::tagged(&Policy::default(), "");
    let one = plaintext::tagged(&only(Version::V3), "");

    assert_eq!(both, [part("base"), part("v2"), part("v3")].concat());
    assert_eq!(one, [part("base"), part("v3")].concat());
    let tagged = [part("base"), part("v1")].concat();
    let plaintext::Incoming::Plain { text, offer: Some(offer) } = plaintext::classify(&tagged)
    else {
        panic!("no tag");
    };
    assert_eq!((&*text, offer.v1, offer.v2, offer.v3), ("", true, false, false));
}

#[test]
fn public_keys_of_the_group() {
    let vectors = vectors();
    let dh = &vectors["dh"];
    for (secret, public) in [("x", "gx"), ("y", "gy")] {
        let secret = DhSecret::from_be_bytes(&hex(&dh[secret])).unwrap();
        assert_eq!(DhPublic::from_be_bytes(&hex(&dh[public])), Some(secret.public()));
    }
}
