//! Data messages: TLVs, texts, addresses, and what is answered.

use std::sync::Arc;
use std::time::Instant;

use otr::armor;
use otr::conversation::{Conversation, MessageState};
use otr::error::Ignored;
use otr::event::Event;
use otr::identity::SigningKey;
use otr::message::{Body, Data};
use otr::version::{Address, Version};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::{VERSIONS, end, tag};
use crate::hand::{Hand, data_message};
use crate::pair::{Pair, Who, only};

/// potr loses the message and the rotation by a TLV that it does not know, and takes one level of
/// the stack for each.
#[test]
fn unknown_and_countless_and_cut_off_tlvs_lose_nothing() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let many = [b"\0".to_vec(), b"\xbe\xef\0\0".repeat(16_000)].concat();
        let tails: [&[u8]; 5] =
            [b"\0\xbe\xef\0\x02hi", b"\0\0\x01\xff\xff", b"\0\0", b"\0\0\x08\0\x02xx", &many];

        for tail in tails {
            let body = hand.say_bytes(&[b"text", tail].concat(), |_| ());
            end.receive(now, &body);
            assert_eq!(end.events(), [Event::Heard { text: "text".into(), encrypted: true }]);
        }
        hand.assert_alive(&mut end, now);
    }
}

/// Bytes that are no UTF-8 killed otr.js, and format strings pidgin-otr.
#[test]
fn texts_are_data() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);

        for (plain, text) in [
            (&b"caf\xe9 \xff\xfe"[..], "caf\u{fffd} \u{fffd}\u{fffd}"),
            (b"%s%n%x {} {0} {:?}", "%s%n%x {} {0} {:?}"),
            (b"?OTR Error: ?OTRv23?", "?OTR Error: ?OTRv23?"),
        ] {
            let body = hand.say_bytes(plain, |_| ());
            end.receive(now, &body);
            assert_eq!(end.events(), [Event::Heard { text: text.into(), encrypted: true }]);
            assert!(end.sent.is_empty());
        }
        hand.assert_alive(&mut end, now);
    }
}

/// otrr dies when it sends an empty text.
#[test]
fn an_empty_text_is_a_heartbeat_that_may_be_ignored() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);

        pair.say(Who::Alice, "");
        let (_, data) = data_message(pair.alice.sent.front().unwrap());
        pair.drive();

        assert!(data.is_ignorable());
        assert_eq!(pair.bob.events(), [Event::Heartbeat]);
        pair.assert_alive();
    }
}

/// otr.js took data messages of version 3 for nobody in particular.
#[test]
fn an_authentic_message_for_nobody_or_for_others_is_not_read() {
    let now = Instant::now();
    let mut end = end(Version::V3);
    let mut hand = Hand::private(5, Version::V3, &mut end, now);
    let right = hand.address;
    let Address::V3 { sender, .. } = right else { panic!("no tags") };
    for receiver in [0, 0x7777] {
        hand.address = Address::from_tags(sender.to_u32(), receiver).unwrap();
        let body = hand.say("text", &[]);
        end.receive(now, &body);
    }

    assert_eq!(end.refused(), vec![Ignored::OtherInstance; 2]);
    hand.address = right;
    hand.assert_alive(&mut end, now);
}

/// otrr answers what its sender wants no answer to.
#[test]
fn what_may_be_ignored_is_never_answered() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let ignorable = |data: &mut Data| data.flags = Data::IGNORE_UNREADABLE;
        let unknown = hand.say_bytes(b"", |data| {
            ignorable(data);
            data.sender_key_id = 9;
        });
        let (address, data) = data_message(&hand.say_bytes(b"", ignorable));
        let forged = Data { mac: [0; 20], ..data };
        let forged = armor::encode(&Body::Data(forged).encode(address));
        let late = hand.say_bytes(b"", ignorable);

        end.receive(now, &unknown);
        end.receive(now, &forged);
        let outputs = end.conversation.end(now, &mut end.rng);
        end.take(outputs);
        end.sent.clear();
        end.receive(now, &late);

        let expected = [Ignored::UnknownKeys, Ignored::BadMac, Ignored::NotPrivate];
        assert_eq!(end.refused(), expected);
        assert!(end.sent.is_empty());
    }
}

/// The text was for one client of the peer. Another one with the same key was not spoken to.
#[test]
fn a_text_is_not_sent_again_to_another_client_of_the_same_key() {
    let mut pair = Pair::private(Version::V3);
    let now = pair.now;
    pair.say(Who::Alice, "for the first client");
    pair.alice.sent.clear();
    pair.alice.receive(now, "?OTR Error: once more");
    pair.alice.sent.clear();
    let key = SigningKey::generate(&mut ChaCha20Rng::seed_from_u64(2));
    assert_eq!(key.public_key().fingerprint(), pair.bob.fingerprint());
    let policy = only(Version::V3);
    pair.bob.conversation = Conversation::new(Arc::new(key), tag(0x4242), policy);

    pair.start(Who::Bob);
    pair.drive();

    assert!(pair.both_private());
    assert!(pair.bob.heard().is_empty());
    pair.assert_alive();
}

/// potr on Python 3 does not tell injected plaintext from encrypted text.
#[test]
fn text_in_the_clear_is_marked_in_every_state() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;

        pair.alice.receive(now, "injected");
        pair.hang_up(Who::Bob);
        pair.drive();
        assert_eq!(pair.alice.state(), MessageState::Finished);
        pair.alice.receive(now, "injected too");

        let expected = ["injected", "injected too"].map(|text| (text.to_owned(), false));
        assert_eq!(pair.alice.heard(), expected);
    }
}
