//! Data messages: counters, D-H keys, rotation, and the MAC keys that are revealed.

use std::collections::BTreeSet;
use std::time::Instant;

use hmac::{Hmac, KeyInit as _, Mac as _};
use otr::armor;
use otr::error::Ignored;
use otr::event::Event;
use otr::message::{Body, Data};
use otr::tlv::{Tlv, TlvType};
use otr::version::Address;

use super::{VERSIONS, end, not_in_the_group};
use crate::hand::{Hand, data_message};
use crate::pair::{Pair, Who};

fn hmac_sha1(key: &[u8], bytes: &[u8]) -> [u8; 20] {
    let mac = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap();
    mac.chain_update(bytes).finalize().into_bytes().into()
}

/// otr3 and otr.js took the counter of a message for the last one before they looked at its MAC.
#[test]
fn a_forged_counter_does_not_end_a_direction() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        for _ in 0..3 {
            pair.say(Who::Alice, "genuine");
            let genuine = pair.alice.sent.pop_back().unwrap();
            let (address, data) = data_message(&genuine);
            let forged = Data { counter: [0xff; 8], ..data };

            pair.bob.receive(now, &armor::encode(&Body::Data(forged).encode(address)));
            assert_eq!(pair.bob.refused(), [Ignored::BadMac]);
            pair.bob.sent.clear();

            pair.bob.receive(now, &genuine);
            assert_eq!(pair.bob.heard(), [("genuine".to_owned(), true)]);
        }
        pair.assert_alive();
    }
}

#[test]
fn counters_grow_and_are_never_zero() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let mut with_counter =
            |counter: u64| hand.say_bytes(b"text", |data| data.counter = counter.to_be_bytes());
        let bodies = [0, 7, 7, 6, 8, u64::MAX, u64::MAX, 9].map(&mut with_counter);

        for body in &bodies {
            end.receive(now, body);
        }

        let events = end.events();
        let heard = events.iter().map(|event| matches!(event, Event::Heard { .. }));
        let expected = [false, true, false, false, true, true, false, false];
        assert!(heard.eq(expected), "{events:?}");
    }
}

/// otrr read the first message after a rotation twice, and any counter after one.
#[test]
fn no_message_is_read_twice_however_late_it_comes_again() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        let mut all = Vec::new();
        // Turns of every length, with the rotations in between.
        for n in 0_u32..18 {
            let who = if (n * n / 5).is_multiple_of(2) { Who::Alice } else { Who::Bob };
            pair.say(who, "text");
            let body = pair.end(who).sent.back().cloned().unwrap();
            pair.drive();
            assert_eq!(pair.other(who).heard().len(), 1);
            all.push((who, body));
            for (who, body) in &all {
                pair.other(*who).receive(now, body);
            }
            assert!(pair.alice.heard().is_empty() && pair.bob.heard().is_empty());
            pair.alice.sent.clear();
            pair.bob.sent.clear();
        }
        pair.assert_alive();
    }
}

/// otrr loses the next message after two or more in one direction.
#[test]
fn runs_of_any_length_lose_nothing() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        for (length, who) in (1..8).zip([Who::Alice, Who::Bob].into_iter().cycle()) {
            let texts: Vec<_> = (0..length).map(|n| format!("{n} of {length}")).collect();
            for text in &texts {
                pair.say(who, text);
            }
            pair.drive();
            let heard: Vec<_> = pair.other(who).heard().into_iter().map(|heard| heard.0).collect();
            assert_eq!(heard, texts);
        }
    }
}

/// All five engines take any number; otrr dies of 0.
#[test]
fn a_next_key_outside_the_group_or_of_our_own_is_refused() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let outputs = end.conversation.send(now, &mut end.rng, "what our keys are").unwrap();
        end.take(outputs);
        let (_, announced) = data_message(&end.sent.pop_back().unwrap());

        for next_dh in not_in_the_group() {
            let body = hand.say_bytes(b"text", |data| data.next_dh = next_dh);
            end.receive(now, &body);
        }
        let body = hand.say_bytes(b"text", |data| data.next_dh = announced.next_dh);
        end.receive(now, &body);

        let mut expected = vec![Ignored::OutOfRange("next D-H key"); 5];
        expected.push(Ignored::Reflected);
        assert_eq!(end.refused(), expected);
        hand.assert_alive(&mut end, now);
    }
}

#[test]
fn serial_numbers_of_keys_that_there_are_not_are_refused() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        for (sender, recipient) in
            [(0, 1), (1, 0), (0, 0), (2, 1), (1, 2), (1, 3), (u32::MAX, u32::MAX)]
        {
            let body = hand.say_bytes(b"text", |data| {
                (data.sender_key_id, data.recipient_key_id) = (sender, recipient);
            });
            end.receive(now, &body);
        }

        assert_eq!(end.refused(), vec![Ignored::UnknownKeys; 7]);
        hand.assert_alive(&mut end, now);
    }
}

/// A key that was rotated away makes nothing readable any more, though what it was used for before is
/// still remembered while the other side keeps its key.
#[test]
fn a_key_of_ours_that_was_rotated_away_is_unknown() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        // Bob's messages of one turn, under the key of Alice that her answer replaces.
        pair.say(Who::Alice, "what my next key is");
        pair.say(Who::Bob, "read");
        pair.say(Who::Bob, "late");
        let late = pair.bob.sent.pop_back().unwrap();
        pair.drive();
        pair.say(Who::Bob, "under her next key");
        pair.drive();
        drop(pair.alice.events());

        pair.alice.receive(now, &late);

        assert_eq!(pair.alice.refused(), [Ignored::UnknownKeys]);
        pair.alice.sent.clear();
        pair.assert_alive();
    }
}

/// The keys that each end reveals, which messages they verify, and what they verify later.
#[test]
fn mac_keys_are_revealed_once_each_after_use_and_all_of_them() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        // Per direction, from Alice: what was sent with its MAC, and what the receiver revealed.
        let mut sent = [Vec::new(), Vec::new()];
        let mut revealed: [Vec<Vec<u8>>; 2] = Default::default();
        for n in 0_u32..40 {
            let who = if (n * n / 3).is_multiple_of(2) { Who::Alice } else { Who::Bob };
            let (ours, theirs) = if who == Who::Alice { (0, 1) } else { (1, 0) };
            pair.say(who, "text");
            let (address, data) = data_message(pair.end(who).sent.back().unwrap());
            // Revealed is what the other's messages were verified with.
            for key in data.revealed.chunks(20) {
                assert_eq!(key.len(), 20);
                assert!(!revealed[theirs].iter().any(|old| old == key), "revealed twice");
                revealed[theirs].push(key.to_vec());
            }
            sent[ours].push((n, data.authenticated(address), data.mac));
            pair.drive();
        }

        for direction in [0, 1] {
            let verified = |key: &[u8]| {
                let all = sent[direction].iter();
                all.filter(|(_, bytes, mac)| hmac_sha1(key, bytes) == *mac)
                    .map(|(n, ..)| *n)
                    .collect::<Vec<_>>()
            };
            let mut covered = BTreeSet::new();
            for key in &revealed[direction] {
                let of_this_key = verified(key);
                assert!(!of_this_key.is_empty(), "a key that verified nothing was revealed");
                covered.extend(of_this_key);
            }
            // All but those of the keys that are still in use.
            let n_missing =
                sent[direction].iter().filter(|sent| !covered.contains(&sent.0)).count();
            let first_missing = sent[direction].iter().position(|sent| !covered.contains(&sent.0));
            assert_eq!(first_missing, Some(sent[direction].len() - n_missing));
            assert!(n_missing <= 8, "{n_missing} messages whose key was not revealed");
        }
    }
}

/// Fresh keys take the place of keys that were used, which the new conversation then reveals.
#[test]
fn the_mac_keys_of_a_conversation_are_revealed_in_the_one_that_follows() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        pair.say(Who::Alice, "text");
        let (address, data) = data_message(pair.alice.sent.front().unwrap());
        pair.drive();
        pair.start(Who::Alice);
        pair.drive();

        pair.say(Who::Bob, "the first under fresh keys");

        let (_, first) = data_message(pair.bob.sent.front().unwrap());
        assert_eq!(hmac_sha1(&first.revealed, &data.authenticated(address)), data.mac);
    }
}

/// Who has a revealed key cannot make a message that is still accepted.
#[test]
fn a_revealed_key_verifies_nothing_any_more() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        let mut last = None;
        let mut n_revealed = 0;
        for n in 0..12 {
            let who = if n % 2 == 0 { Who::Alice } else { Who::Bob };
            pair.say(who, "text");
            let (address, data) = data_message(pair.end(who).sent.back().unwrap());
            for key in data.revealed.chunks(20) {
                // The most recent message of the other side, changed.
                let (their_address, theirs): (Address, Data) = Option::clone(&last).unwrap();
                for (sender, recipient) in [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (1, 2), (2, 2)]
                {
                    let mut forged = theirs.clone();
                    forged.sender_key_id = forged.sender_key_id + sender - 1;
                    forged.recipient_key_id = forged.recipient_key_id + recipient - 1;
                    forged.counter = [0x7f; 8];
                    forged.mac = hmac_sha1(key, &forged.authenticated(their_address));
                    let body = armor::encode(&Body::Data(forged).encode(their_address));
                    pair.end(who).receive(now, &body);
                }
                assert!(pair.end(who).heard().is_empty());
                n_revealed += 1;
            }
            pair.drive();
            drop((pair.alice.events(), pair.bob.events()));
            last = Some((address, data));
        }
        assert!(n_revealed > 6);
        pair.assert_alive();
    }
}

/// potr gives the key of the pair that the conversation began with.
#[test]
fn the_extra_key_is_that_of_the_message_that_asks() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let mut seen = Vec::new();
        for _ in 0..3 {
            hand.assert_alive(&mut end, now);
            let expected = hand.extra();
            let tlv = Tlv { kind: TlvType::EXTRA_KEY, value: b"\0\0\0\x01file".to_vec() };

            end.receive(now, &hand.say("", &[tlv]));

            let data = b"file".to_vec();
            let key = expected.clone();
            assert_eq!(end.events(), [Event::ExtraKey { usage: 1, data, key }]);
            assert!(!seen.contains(&expected));
            seen.push(expected);
        }
    }
}
