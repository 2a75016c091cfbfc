//! The key exchange.

use std::time::Instant;

use num_bigint::BigUint;
use otr::armor;
use otr::error::{Ignored, WireError};
use otr::event::Event;
use otr::limits::REPEAT_COMMIT_WITHIN;
use otr::message::{Body, DhKey, Header};
use otr::version::{Address, Version};
use otr::wire::{Reader, Writer};
use sha2::{Digest as _, Sha256};

use super::{VERSIONS, end, not_in_the_group, p, tag};
use crate::hand::{Hand, decoded};
use crate::pair::{End, Pair, Who, only};

fn gy(body: &str) -> otr::dh::DhPublic {
    match decoded(body).1 {
        Body::DhKey(DhKey { gy }) => gy,
        other => panic!("no D-H Key Message: {other:?}"),
    }
}

/// potr went private with g^x = 0: the secret is 0 then, whatever y is.
#[test]
fn a_commitment_to_a_number_outside_the_group_is_refused() {
    let now = Instant::now();
    // The number, and the secrets that it can lead to.
    let one = vec![1];
    let p_minus_1 = (p() - 1_u8).to_bytes_be();
    let cases = [
        (vec![], vec![vec![]]),
        (vec![1], vec![one.clone()]),
        (p_minus_1.clone(), vec![one, p_minus_1]),
        (p().to_bytes_be(), vec![vec![]]),
    ];
    for version in VERSIONS {
        for (gx, secrets) in &cases {
            let mut end = end(version);
            let mut hand = Hand::new(5, version);
            end.receive(now, &hand.commit_to(gx));
            let key = end.sent.pop_back().unwrap();
            drop(hand.reveal(&key));

            for secret in secrets {
                let secbytes = Writer::new().data(secret).finish();
                end.receive(now, &hand.reveal_with(&secbytes, gx, &gy(&key)));
            }

            assert_eq!(end.refused(), vec![Ignored::OutOfRange("gx"); secrets.len()]);
            assert!(!end.conversation.is_private() && end.sent.is_empty());
            drop(Hand::private(6, version, &mut end, now));
        }
    }
}

#[test]
fn an_answer_outside_the_group_is_refused() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        end.receive(now, &format!("?OTRv{version}?"));
        let commit = end.sent.pop_back().unwrap();
        let mut hand = Hand::new(5, version);
        let answer = hand.answer(&commit);
        let header = {
            let bytes = armor::decode(&answer).unwrap();
            bytes[..if version == Version::V2 { 3 } else { 11 }].to_vec()
        };

        for gy in not_in_the_group() {
            end.receive(now, &armor::encode(&Writer::new().raw(&header).mpi(&gy).finish()));
        }

        let refused = Ignored::Malformed(WireError::Range { field: "gy" });
        assert_eq!(end.refused(), vec![refused; 5]);
        assert!(end.sent.is_empty());
        end.receive(now, &answer);
        let reveal = end.sent.pop_back().unwrap();
        end.receive(now, &hand.signature(&reveal));
        hand.assert_alive(&mut end, now);
    }
}

/// Has `hand` begin an exchange with one end and answer that of another. Gives why the ends refused
/// what it signed.
fn refusals(version: Version, prepare: impl Fn(&mut Hand)) -> Vec<Ignored> {
    let now = Instant::now();
    let mut begun = end(version);
    let mut hand = Hand::new(5, version);
    prepare(&mut hand);
    hand.start(&mut begun, now);

    let mut answered = end(version);
    answered.receive(now, &format!("?OTRv{version}?"));
    let mut hand = Hand::new(5, version);
    prepare(&mut hand);
    let commit = answered.sent.pop_back().unwrap();
    answered.receive(now, &hand.answer(&commit));
    let reveal = answered.sent.pop_back().unwrap();
    answered.receive(now, &hand.signature(&reveal));

    assert_eq!(begun.conversation.is_private(), answered.conversation.is_private());
    [begun.refused(), answered.refused()].concat()
}

#[test]
fn what_the_hand_does_by_the_rules_is_accepted() {
    for version in VERSIONS {
        assert_eq!(refusals(version, |_| ()), []);
    }
}

#[test]
fn a_key_id_of_zero_is_refused() {
    for version in VERSIONS {
        let refused = refusals(version, |hand| hand.identity.key_id = 0);

        assert_eq!(refused, vec![Ignored::Malformed(WireError::Range { field: "keyid" }); 2]);
    }
}

#[test]
fn a_public_key_of_another_type_is_refused() {
    for version in VERSIONS {
        let refused = refusals(version, |hand| hand.identity.public[1] = 1);

        let field = "public key type";
        assert_eq!(refused, vec![Ignored::Malformed(WireError::Range { field }); 2]);
    }
}

#[test]
fn a_signature_by_another_key_is_refused() {
    for version in VERSIONS {
        let other = Hand::new(99, version).key.public_key().encode();

        let refused = refusals(version, |hand| hand.identity.public.clone_from(&other));

        assert_eq!(refused, vec![Ignored::BadSignature; 2]);
    }
}

/// For y = 1 every r that s and m give is right: with s = m mod q, r = g mod q it signs whatever
/// was to be signed, without any secret. libotr looks at none of p, q, g and y.
#[test]
fn a_public_key_that_anyone_can_sign_for_is_refused() {
    for version in VERSIONS {
        let refused = refusals(version, |hand| {
            let encoding = hand.key.public_key().encode();
            let mut reader = Reader::new(&encoding[2..]);
            let [p, q, g] = ["p", "q", "g"].map(|name| reader.mpi(name).unwrap().to_vec());
            let writer = Writer::new().short(0).mpi(&p).mpi(&q).mpi(&g);
            hand.identity.public = writer.mpi(&[1]).finish();
            let [q, g] = [q, g].map(|bytes| BigUint::from_bytes_be(&bytes));
            let r = (g % q).to_bytes_be();
            let mut signature = [0; 40];
            signature[20 - r.len()..20].copy_from_slice(&r);
            signature[39] = 1;
            hand.identity.signature = Some(signature);
        });

        assert_eq!(refused, vec![Ignored::Malformed(WireError::Range { field: "y" }); 2]);
    }
}

#[test]
fn signatures_out_of_range_are_refused() {
    for version in VERSIONS {
        for signature in [[0; 40], [0xff; 40]] {
            let refused = refusals(version, |hand| hand.identity.signature = Some(signature));

            assert_eq!(refused, vec![Ignored::BadSignature; 2]);
        }
    }
}

/// otr.js fails when the first half-byte of r is 0.
#[test]
fn zeros_at_the_start_of_r_are_kept() {
    let now = Instant::now();
    for version in VERSIONS {
        for r in [[0; 16], *b"\x0f123456789abcdef", *b"\0\0 3456789abcdef"] {
            let mut end = end(version);
            let mut hand = Hand::new(5, version);
            hand.r = r;

            hand.start(&mut end, now);

            hand.assert_alive(&mut end, now);
        }
    }
}

/// In a fresh conversation the serial numbers begin again at 1, and the keys are others. arlolra's
/// OTR once compared the numbers alone.
#[test]
fn equal_key_ids_do_not_make_old_keys_valid() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        pair.say(Who::Alice, "under the old keys");
        let old = pair.alice.sent.pop_back().unwrap();
        pair.start(Who::Alice);
        pair.drive();
        drop(pair.bob.events());

        pair.bob.receive(now, &old);

        assert_eq!(pair.bob.refused(), [Ignored::BadMac]);
        pair.assert_alive();
    }
}

/// What is said while keys are exchanged anew arrives once, or its sender is told that it could
/// not be read. The counters survive it.
#[test]
fn texts_during_an_exchange_do_no_harm() {
    for version in VERSIONS {
        for steps in 0..5 {
            let mut pair = Pair::private(version);
            pair.start(Who::Alice);
            let mut who = Who::Alice;
            for _ in 0..steps {
                pair.deliver(who);
                who = if who == Who::Alice { Who::Bob } else { Who::Alice };
            }

            for n in 0..3 {
                pair.say(Who::Alice, &format!("from Alice {n}"));
                pair.say(Who::Bob, &format!("from Bob {n}"));
            }
            pair.drive();

            assert!(pair.both_private(), "{version:?}, {steps} steps");
            for end in [&mut pair.alice, &mut pair.bob] {
                let events = end.events();
                let texts: Vec<_> = events
                    .iter()
                    .filter(|event| matches!(event, Event::Heard { encrypted: true, .. }))
                    .collect();
                let n_unread =
                    events.iter().filter(|event| matches!(event, Event::Refused(_))).count();
                assert!(texts.len() + n_unread >= 3, "{events:?}");
                let n = texts.len();
                assert!((0..n).all(|ix| !texts[..ix].contains(&texts[ix])), "heard twice");
            }
            pair.assert_alive();
        }
    }
}

/// otr4j knew tags up to 0x11111111 alone.
#[test]
fn instance_tags_of_the_full_range_are_accepted() {
    let now = Instant::now();
    for value in [0x100, 0x1111_1112, 0x8000_0000, u32::MAX] {
        let mut end = end(Version::V3);
        let mut hand = Hand::new(5, Version::V3);
        hand.address = Address::to_any(tag(value), Version::V3);

        hand.start(&mut end, now);

        hand.assert_alive(&mut end, now);
    }
}

/// The messages of an exchange of version 3 and a text, from the side of the one who began it.
fn of_every_kind(end: &mut End, now: Instant) -> (Hand, Vec<String>) {
    let mut hand = Hand::new(5, Version::V3);
    let commit = hand.commit();
    end.receive(now, &commit);
    let key = end.sent.pop_back().unwrap();
    let reveal = hand.reveal(&key);
    let answer = hand.encode(&Body::DhKey(DhKey { gy: gy(&key) }));
    (hand, vec![commit, answer, reveal])
}

/// The message with other tags, which nothing protects in the first two messages.
fn retagged(body: &str, sender: u32, receiver: u32) -> String {
    let mut bytes = armor::decode(body).unwrap();
    bytes[3..7].copy_from_slice(&sender.to_be_bytes());
    bytes[7..11].copy_from_slice(&receiver.to_be_bytes());
    armor::encode(&bytes)
}

#[test]
fn only_a_commitment_may_be_for_nobody_in_particular() {
    let now = Instant::now();
    let mut end = end(Version::V3);
    let (_, messages) = of_every_kind(&mut end, now);
    let ours = 0x5000;

    for body in &messages[1..] {
        end.receive(now, &retagged(body, ours, 0));
    }
    assert_eq!(end.refused(), vec![Ignored::OtherInstance; 2]);
    assert!(end.sent.is_empty());

    end.receive(now, &retagged(&messages[0], ours, 0));
    assert_eq!(end.sent.len(), 1);
}

#[test]
fn illegal_instance_tags_are_dropped_without_an_answer() {
    let now = Instant::now();
    let mut end = end(Version::V3);
    let (hand, messages) = of_every_kind(&mut end, now);
    let Address::V3 { sender, .. } = hand.address else { panic!("no tags") };

    for body in &messages {
        for (sender, receiver) in
            [(0, 0), (0xff, 0), (sender.to_u32(), 1), (sender.to_u32(), 0xff), (1, 1)]
        {
            end.receive(now, &retagged(body, sender, receiver));
        }
    }

    assert_eq!(end.refused(), vec![Ignored::OtherInstance; 15]);
    assert!(end.sent.is_empty());
}

/// All that may be changed in the clear of the first two messages, is noticed by the last two.
#[test]
fn a_changed_commitment_or_answer_makes_no_conversation() {
    for version in VERSIONS {
        let mut pair = Pair::new(version);
        pair.start(Who::Bob);
        pair.deliver(Who::Bob);
        let commit = pair.alice.sent.pop_front().unwrap();
        let Body::DhCommit(mut changed) = decoded(&commit).1 else { panic!("no commitment") };
        changed.hashed_gx = Sha256::digest(b"something else").into();
        let Header { address, .. } = decoded(&commit).0;
        let forged = armor::encode(&Body::DhCommit(changed).encode(address));
        pair.alice.sent.push_back(forged);

        pair.drive();

        assert!(!pair.alice.conversation.is_private() && !pair.bob.conversation.is_private());
        assert!(pair.bob.refused().contains(&Ignored::BadCommitment));
        // Until then the exchange under way is gone on with.
        pair.wait(REPEAT_COMMIT_WITHIN);
        pair.start(Who::Alice);
        pair.drive();
        assert!(pair.both_private());
    }
}

/// Version 2 cannot be forced upon two who allow version 3 alone, and which version is spoken is
/// told with the key.
#[test]
fn the_host_sets_the_lowest_version_and_is_told_which_is_spoken() {
    let mut pair = Pair::with_policies(only(Version::V3), only(Version::V3));
    let now = pair.now;
    for body in ["?OTRv2?", "?OTR?", " \t  \t\t\t\t \t \t \t    \t\t  \t "] {
        pair.alice.receive(now, body);
    }
    assert!(pair.alice.sent.is_empty());

    pair.start(Who::Alice);
    pair.drive();

    let fingerprint = pair.alice.fingerprint();
    assert_eq!(pair.bob.events(), [Event::GoneSecure { version: Version::V3, fingerprint }]);
}
