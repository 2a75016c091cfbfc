//! Whole conversations with injected randomness, byte for byte.

use std::sync::Arc;
use std::time::Instant;

use otr::armor;
use otr::conversation::{Conversation, MessageState};
use otr::data;
use otr::dh::DhSecret;
use otr::event::{Event, Output};
use otr::instance::InstanceTag;
use otr::key_management::{KeyManager, OurKey};
use otr::message::{Body, Header, MessageType};
use otr::plaintext;
use otr::received::ReceivedData;
use otr::tlv::{Tlv, TlvType};
use otr::version::Version;
use otr::wire::Reader;

use super::Known;
use super::keys::signing_key;
use crate::fixed::Fixed;
use crate::pair::only;

pub(super) fn version_2(known: &Known) {
    check(known, Version::V2);
}

pub(super) fn version_3(known: &Known) {
    check(known, Version::V3);
}

fn check(known: &Known, version: Version) {
    kinds(known);
    data_messages(known);
    conversations(known, version);
}

fn decoded(wire: &str) -> (Header, Body) {
    let bytes = armor::decode(wire).unwrap();
    let mut reader = Reader::new(&bytes);
    let header = Header::decode(&mut reader).unwrap();
    (header, Body::decode(header.kind, reader).unwrap())
}

/// The messages of the exchange are of the kinds that they are said to be, and read and written
/// again stay the same.
fn kinds(known: &Known) {
    let expected = [
        ("DH-Commit", "alice", MessageType::DhCommit),
        ("DH-Key", "bob", MessageType::DhKey),
        ("Reveal Signature", "alice", MessageType::RevealSignature),
        ("Signature", "bob", MessageType::Signature),
    ];
    let messages = known.at("ake").members();
    assert_eq!(messages.len(), expected.len());
    for (message, (name, sender, kind)) in messages.iter().zip(expected) {
        let (header, body) = decoded(&message.at("wire").text());
        assert_eq!((&*message.at("type").text(), &*message.at("sender").text()), (name, sender));
        assert_eq!(header.kind, kind);
        assert_eq!(armor::encode(&body.encode(header.address)), message.at("wire").text());
    }
}

// --- Data messages, from the keys alone ---

/// The keys of one side, and the randomness for those to come.
fn keys(own: &Known, peers: &Known, to_come: &[Known]) -> (KeyManager, Fixed) {
    let own = OurKey::generate(&mut Fixed::new(&[own.padded::<40>()]));
    let peers = DhSecret::from_be_bytes(&peers.bytes()).unwrap().public();
    let to_come: Vec<_> = to_come.iter().map(Known::padded::<40>).collect();
    (KeyManager::new(Arc::new(own), 1, peers), Fixed::new(&to_come))
}

fn tlvs(message: &Known) -> Vec<Tlv> {
    let kind = |tlv: &Known| TlvType(u16::try_from(tlv.at("0").number()).unwrap());
    let tlvs = message.at("tlvs").members();
    tlvs.iter().map(|tlv| Tlv { kind: kind(tlv), value: tlv.at("1").bytes() }).collect()
}

/// Six messages with rotation, TLVs, flags and revealed MAC keys.
fn data_messages(known: &Known) {
    let messages = known.at("data").members();
    let next = |ix: usize| messages[ix].at("receiver_next_dh_private");
    let (x, y) = (known.at("alice").at("x"), known.at("bob").at("y"));
    let alices = [known.at("alice").at("x2"), next(3), next(5)];
    let bobs = [known.at("bob").at("y2"), next(1), next(4)];
    let (mut alice, mut alice_rng) = keys(&x, &y, &alices);
    let (mut bob, mut bob_rng) = keys(&y, &x, &bobs);
    assert_eq!(messages.len(), 6);

    for (ix, message) in messages.iter().enumerate() {
        let (header, expected) = decoded(&message.at("wire").text());
        let (text, tlvs) = (message.at("text").text(), tlvs(message));
        let (from, rng, to) = match &*message.at("sender").text() {
            "alice" => (&mut alice, &mut alice_rng, &mut bob),
            _ => (&mut bob, &mut bob_rng, &mut alice),
        };

        let sealed = data::seal(from, rng, header.address, &text, &tlvs).unwrap();
        let received = ReceivedData::parse(sealed.clone()).unwrap();
        let opened = data::open(to, received).unwrap();

        assert_eq!(armor::encode(&sealed), message.at("wire").text());
        let Body::Data(sealed) = expected else { panic!("no data message: {header:?}") };
        let ids = [message.at("keyids").at("0"), message.at("keyids").at("1")];
        let sealed_ids = [sealed.sender_key_id, sealed.recipient_key_id].map(u64::from);
        assert_eq!(sealed_ids, ids.map(|id| id.number()));
        assert_eq!(sealed.counter, message.at("ctr").array());
        assert_eq!(sealed.revealed, message.at("revealed").bytes());
        assert_eq!(u64::from(sealed.flags), message.at("flags").number());
        assert_eq!((&*opened.text, &*opened.tlvs), (&*text, &*tlvs));
        let asks = tlvs.iter().any(|tlv| tlv.kind == TlvType::EXTRA_KEY);
        assert_eq!(opened.extra.is_some(), asks);
        // What the receiver announces in its next message.
        let sender = message.at("sender").text();
        let reply = messages[ix..].iter().find(|reply| reply.at("sender").text() != sender);
        let announced = match reply.map(|reply| decoded(&reply.at("wire").text()).1) {
            Some(Body::Data(reply)) => reply.next_dh,
            Some(_) | None => to.sending(&mut alice_rng).unwrap().next_dh.to_be_bytes(),
        };
        let private = DhSecret::from_be_bytes(&next(ix).bytes()).unwrap();
        assert_eq!(announced, private.public().to_be_bytes());
    }
    assert!(alice_rng.is_empty() && bob_rng.is_empty());
}

// --- Conversations ---

/// One side of a transcript.
struct Side {
    conversation: Conversation,
    rng: Fixed,
    now: Instant,
}

impl Side {
    fn new(version: Version, key: &Known, side: &Known, random: &[Vec<u8>]) -> Self {
        let instance = u32::try_from(side.at("instance").number()).unwrap();
        let instance = InstanceTag::from_u32(instance).unwrap();
        let key = Arc::new(signing_key(key));
        let conversation = Conversation::new(key, instance, only(version));
        Self { conversation, rng: Fixed::new(random), now: Instant::now() }
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

fn heard(message: &Known) -> [Event; 1] {
    [Event::Heard { text: message.at("text").text(), encrypted: true }]
}

/// From the query to the disconnect. A host cannot write the TLVs of messages 3 and 5 by hand, so
/// there Alice says the text alone, and Bob gets the message of the transcript.
fn conversations(known: &Known, version: Version) {
    let (a, b) = (known.at("alice"), known.at("bob"));
    let messages = known.at("data").members();
    let next = |ix: usize| messages[ix].at("receiver_next_dh_private").padded::<40>();
    let random = [
        a.at("r").padded::<16>(),
        a.at("x").padded::<40>(),
        a.at("dsa_k").padded::<20>(),
        a.at("x2").padded::<40>(),
        next(3),
    ];
    let mut alice = Side::new(version, &known.entry("dsa_alice"), &a, &random);
    let y = b.at("y").padded::<40>();
    let y2 = b.at("y2").padded::<40>();
    let random = [y, b.at("dsa_k").padded::<20>(), y2, next(1), next(4)];
    let mut bob = Side::new(version, &known.entry("dsa_bob"), &b, &random);
    let wire = |ix: &str| known.at("ake").at(ix).at("wire").text();
    let data = |ix: usize| messages[ix].at("wire").text();

    let query = plaintext::query(&only(version));
    assert_eq!(alice.receive(&query).0, [wire("0")]);
    assert_eq!(bob.receive(&wire("0")).0, [wire("1")]);
    assert_eq!(alice.receive(&wire("1")).0, [wire("2")]);
    let (sent, events) = bob.receive(&wire("2"));
    assert_eq!(sent, [wire("3")]);
    let fingerprint = alice.conversation.our_fingerprint();
    assert_eq!(events, [Event::GoneSecure { version, fingerprint }]);
    let (_, events) = alice.receive(&wire("3"));
    let fingerprint = bob.conversation.our_fingerprint();
    assert_eq!(events, [Event::GoneSecure { version, fingerprint }]);
    for side in [&alice, &bob] {
        assert_eq!(side.conversation.ssid(), Some(known.at("ssid").array()));
    }

    assert_eq!(bob.send(&messages[0].at("text").text()), [data(0)]);
    assert_eq!(alice.receive(&data(0)).1, heard(&messages[0]));
    assert_eq!(alice.send(&messages[1].at("text").text()), [data(1)]);
    assert_eq!(bob.receive(&data(1)).1, heard(&messages[1]));
    drop(alice.send(&messages[2].at("text").text()));
    assert_eq!(bob.receive(&data(2)).1, heard(&messages[2]));
    assert_eq!(bob.send(&messages[3].at("text").text()), [data(3)]);
    assert_eq!(alice.receive(&data(3)).1, [Event::Heartbeat]);
    drop(alice.send("in the place of the extra key"));
    let value = messages[4].at("tlvs").at("0").at("1").bytes();
    let asked = bob.receive(&data(4)).1;
    let is_asked = |event: &Event| matches!(event, Event::ExtraKey { usage: 1, data, .. } if *data == value[4..]);
    assert!(matches!(&*asked, [event] if is_asked(event)), "{asked:?}");
    let (sent, events) = split(bob.conversation.end(bob.now, &mut bob.rng));
    assert_eq!((sent, events), (vec![data(5)], vec![Event::GoneInsecure]));
    assert_eq!(alice.receive(&data(5)).1, [Event::PeerEnded]);
    assert_eq!(alice.conversation.message_state(), MessageState::Finished);
    assert!(alice.rng.is_empty() && bob.rng.is_empty());
}
