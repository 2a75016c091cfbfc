//! SMP in a conversation whose other side breaks the rules.

use std::time::{Duration, Instant};

use num_bigint::BigUint;
use otr::armor;
use otr::error::SmpError;
use otr::event::Event;
use otr::identity::Fingerprint;
use otr::smp::{Reaction, Smp, SmpEvent, SmpSecret};
use otr::tlv::{Tlv, TlvType};
use otr::version::Version;
use otr::wire::{Reader, Writer};
use sha2::{Digest as _, Sha256};

use super::{VERSIONS, end, p};
use crate::hand::Hand;
use crate::pair::{End, Pair, Who};

/// A message 1 by the rules.
fn message1(hand: &mut Hand, end: &End) -> Tlv {
    let ours = hand.key.public_key().fingerprint();
    let ssid = end.conversation.ssid().unwrap();
    let secret = SmpSecret::compute(&ours, &end.fingerprint(), &ssid, b"secret");
    Smp::new().start(&mut hand.rng, secret, None).send.pop().unwrap()
}

fn numbers(value: &[u8]) -> Vec<BigUint> {
    let mut reader = Reader::new(value);
    let count = reader.int("count").unwrap();
    (0..count).map(|_| BigUint::from_bytes_be(reader.mpi("number").unwrap())).collect()
}

fn message(kind: TlvType, numbers: &[BigUint]) -> Tlv {
    let writer = Writer::new().int(u32::try_from(numbers.len()).unwrap());
    let value = numbers.iter().fold(writer, |writer, number| writer.mpi(&number.to_bytes_be()));
    Tlv { kind, value: value.finish() }
}

fn ask(pair: &mut Pair, who: Who, question: Option<&str>) {
    let now = pair.now;
    let end = pair.end(who);
    let outputs = end.conversation.smp_start(now, &mut end.rng, b"secret", question).unwrap();
    end.take(outputs);
}

fn answer(pair: &mut Pair, who: Who) {
    let now = pair.now;
    let end = pair.end(who);
    let outputs = end.conversation.smp_answer(now, &mut end.rng, b"secret").unwrap();
    end.take(outputs);
}

/// otr3 allocates as many numbers as a message says it has, and dies of 2^32-1.
#[test]
fn a_count_or_length_is_not_believed() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let genuine = message1(&mut hand, &end).value;
        for kind in [TlvType::SMP1, TlvType::SMP1Q, TlvType::SMP2, TlvType::SMP3, TlvType::SMP4] {
            for at in [0, 4] {
                let mut value = genuine.clone();
                value[at..at + 4].copy_from_slice(&[0xff; 4]);
                end.receive(now, &hand.say("", &[Tlv { kind, value }]));
            }
        }

        let expected = [vec![Event::SmpCheated; 4]].concat();
        assert_eq!(end.events(), expected);
        hand.assert_alive(&mut end, now);
    }
}

/// otr.js accepts responses of q and more. With D + q the proof holds as it did with D, so the range
/// alone tells them apart.
#[test]
fn a_response_of_more_than_the_order_is_refused_though_its_proof_holds() {
    let now = Instant::now();
    let q: BigUint = (p() - 1_u8) / 2_u8;
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        for ix in [2, 5] {
            let mut numbers = numbers(&message1(&mut hand, &end).value);
            let longer = &numbers[ix] + &q;
            let proof = |d: &BigUint| {
                let g = BigUint::from(2_u8);
                g.modpow(d, &p()) * numbers[ix - 2].modpow(&numbers[ix - 1], &p()) % p()
            };
            assert_eq!(proof(&numbers[ix]), proof(&longer));
            numbers[ix] = longer;

            end.receive(now, &hand.say("", &[message(TlvType::SMP1, &numbers)]));

            assert_eq!(end.events(), [Event::SmpCheated]);
        }
        hand.assert_alive(&mut end, now);
    }
}

/// For 1 and p-1 anyone can make a proof that holds. The specification of version 2 leaves the
/// range out.
#[test]
fn group_elements_out_of_range_are_refused_though_their_proofs_hold() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        for (ix, place) in [(0, 1), (3, 2)] {
            let mut numbers = numbers(&message1(&mut hand, &end).value);
            // Knowledge of a in g^a = 1: c = H(v, g^D), and 1^c is 1.
            let d = BigUint::from(12_345_u16);
            let gd = BigUint::from(2_u8).modpow(&d, &p());
            let hashed = Writer::new().byte(place).mpi(&gd.to_bytes_be()).finish();
            let c = BigUint::from_bytes_be(&Sha256::digest(hashed));
            numbers.splice(ix..ix + 3, [BigUint::from(1_u8), c, d]);

            end.receive(now, &hand.say("", &[message(TlvType::SMP1, &numbers)]));

            assert_eq!(end.events(), [Event::SmpCheated]);
        }
        hand.assert_alive(&mut end, now);
    }
}

/// otr3 puts bytes into an abort, and potr dies of them.
#[test]
fn an_abort_with_a_body_is_an_abort() {
    let now = Instant::now();
    for version in VERSIONS {
        for value in [vec![], vec![0; 4], vec![0xff; 100]] {
            let mut end = end(version);
            let mut hand = Hand::private(5, version, &mut end, now);
            let first = message1(&mut hand, &end);
            end.receive(now, &hand.say("", &[first]));
            drop(end.events());

            end.receive(now, &hand.say("", &[Tlv { kind: TlvType::SMP_ABORT, value }]));

            assert_eq!(end.events(), [Event::SmpAborted]);
            hand.assert_alive(&mut end, now);
        }
    }
}

/// In pidgin-otr the dialog outlived what it asked for.
#[test]
fn an_answer_to_a_question_that_is_no_more_is_an_error() {
    for version in VERSIONS {
        for how in 0..4 {
            let mut pair = Pair::private(version);
            ask(&mut pair, Who::Alice, None);
            pair.drive();
            let now = pair.now;
            match how {
                // Withdrawn; the conversation ended by either; fresh keys.
                0 => {
                    let alice = &mut pair.alice;
                    let outputs = alice.conversation.smp_abort(now, &mut alice.rng).unwrap();
                    alice.take(outputs);
                }
                1 => pair.hang_up(Who::Alice),
                2 => pair.hang_up(Who::Bob),
                _ => pair.start(Who::Alice),
            }
            pair.drive();

            let bob = &mut pair.bob;
            let late = bob.conversation.smp_answer(now, &mut bob.rng, b"secret");

            let expected =
                if matches!(how, 1 | 2) { SmpError::NotPrivate } else { SmpError::NotAsked };
            assert_eq!(late, Err(expected));
        }
    }
}

#[test]
fn a_question_that_takes_the_place_of_another_is_the_one_that_is_answered() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        ask(&mut pair, Who::Alice, Some("first?"));
        pair.drive();
        drop(pair.bob.events());
        ask(&mut pair, Who::Alice, Some("second?"));
        pair.drive();

        let asked = Event::SmpAsked { question: Some("second?".into()) };
        assert_eq!(pair.bob.events(), [Event::SmpAborted, asked]);
        answer(&mut pair, Who::Bob);
        pair.drive();
        assert_eq!(pair.alice.events().last(), Some(&Event::SmpSucceeded));
        assert_eq!(pair.bob.events().last(), Some(&Event::SmpSucceeded));
    }
}

/// otrr wants the secret before the question. Here the answer may come hours and many messages
/// later.
#[test]
fn an_answer_may_take_its_time() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        ask(&mut pair, Who::Alice, Some("who?"));
        pair.drive();
        for _ in 0..5 {
            pair.wait(Duration::from_hours(1));
            let now = pair.now;
            let bob = &mut pair.bob;
            let outputs = bob.conversation.tick(now, &mut bob.rng);
            bob.take(outputs);
            pair.assert_alive();
        }

        answer(&mut pair, Who::Bob);
        pair.drive();

        assert_eq!(pair.alice.events(), [Event::SmpSucceeded]);
        assert_eq!(pair.bob.events(), [Event::SmpSucceeded]);
    }
}

/// arlolra's OTR once sent the question in the clear.
#[test]
fn a_question_travels_encrypted_alone() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let question = "where was it that we met?";

        ask(&mut pair, Who::Alice, Some(question));

        for body in &pair.alice.sent {
            let bytes = armor::decode(body).unwrap();
            let is_there = bytes.windows(8).any(|window| window == &question.as_bytes()[..8]);
            assert!(!is_there && !body.contains("where"));
        }
        pair.drive();
        let asked = Event::SmpAsked { question: Some(question.into()) };
        assert_eq!(pair.bob.events(), [asked]);
    }
}

/// What comes of it: both runs are given up, both are told, and the next one works.
#[test]
fn both_ask_at_once_and_the_next_run_works() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        ask(&mut pair, Who::Alice, None);
        ask(&mut pair, Who::Bob, None);
        pair.drive();
        assert_eq!(pair.alice.events(), [Event::SmpAborted]);
        assert_eq!(pair.bob.events(), [Event::SmpAborted]);

        ask(&mut pair, Who::Bob, None);
        pair.drive();
        answer(&mut pair, Who::Alice);
        pair.drive();

        assert_eq!(pair.alice.events().last(), Some(&Event::SmpSucceeded));
        assert_eq!(pair.bob.events(), [Event::SmpSucceeded]);
    }
}

/// A malformed record ends the run and leaves nothing of it behind: libotr once freed what it had
/// not read.
#[test]
fn a_malformed_record_in_any_state_ends_the_run_alone() {
    let now = Instant::now();
    for version in VERSIONS {
        for kind in [TlvType::SMP1, TlvType::SMP1Q, TlvType::SMP2, TlvType::SMP3, TlvType::SMP4] {
            for is_asked in [false, true] {
                let mut end = end(version);
                let mut hand = Hand::private(5, version, &mut end, now);
                if is_asked {
                    let first = message1(&mut hand, &end);
                    end.receive(now, &hand.say("", &[first]));
                } else {
                    let outputs =
                        end.conversation.smp_start(now, &mut end.rng, b"secret", None).unwrap();
                    end.take(outputs);
                }
                drop(end.events());

                let value = b"\0\0\0\x0b\0\0\0\x01".to_vec();
                end.receive(now, &hand.say("", &[Tlv { kind, value }]));

                let events = end.events();
                assert!(
                    matches!(&*events, [Event::SmpAborted | Event::SmpCheated]),
                    "{kind:?}: {events:?}"
                );
                let late = end.conversation.smp_answer(now, &mut end.rng, b"secret");
                assert_eq!(late, Err(SmpError::NotAsked));
                hand.assert_alive(&mut end, now);
            }
        }
    }
}

/// The same message 1 twice in one data message asks once for the user's secret, as far as the
/// answer goes; and what costs time is bounded.
#[test]
fn many_records_in_one_message_cost_little() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let first = message1(&mut hand, &end);

        end.receive(now, &hand.say("", &vec![first; 40]));

        let n_asked = end.events().len();
        assert!((1..=otr::limits::MAX_SMP_TLVS).contains(&n_asked), "{n_asked}");
        let outputs = end.conversation.smp_answer(now, &mut end.rng, b"secret").unwrap();
        assert!(!outputs.is_empty());
        let again = end.conversation.smp_answer(now, &mut end.rng, b"secret");
        assert_eq!(again, Err(SmpError::NotAsked));
    }
}

/// Mallory is private with both under keys of his own, and carries SMP from one to the other. Both
/// know the secret, and both are told that it fails: it is bound to the fingerprints.
#[test]
fn who_stands_between_two_cannot_carry_smp_across() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut alice = End::new(1, crate::pair::only(version));
        let mut bob = End::new(2, crate::pair::only(version));
        let mut to_alice = Hand::private(5, version, &mut alice, now);
        let mut to_bob = Hand::private(6, version, &mut bob, now);

        let outputs = alice.conversation.smp_start(now, &mut alice.rng, b"secret", None).unwrap();
        alice.take(outputs);
        for _ in 0..2 {
            let tlvs = to_alice.read(&alice.sent.pop_front().unwrap()).tlvs;
            bob.receive(now, &to_bob.say("", &tlvs));
            if let Ok(outputs) = bob.conversation.smp_answer(now, &mut bob.rng, b"secret") {
                bob.take(outputs);
            }
            let tlvs = to_bob.read(&bob.sent.pop_front().unwrap()).tlvs;
            alice.receive(now, &to_alice.say("", &tlvs));
        }

        assert_eq!(alice.events(), [Event::SmpFailed]);
        assert_eq!(bob.events(), [Event::SmpAsked { question: None }, Event::SmpFailed]);
    }
}

/// Results come at the end of a whole run alone; nothing that Mallory can do without the secret
/// brings about a success.
#[test]
fn success_comes_of_the_last_messages_alone() {
    let [ours, theirs] = [1, 2].map(|byte| Fingerprint::from_bytes([byte; 20]));
    let secret = || SmpSecret::compute(&ours, &theirs, &[3; 8], b"secret");
    let mut rng = Hand::new(5, Version::V3).rng;
    let (mut alice, mut bob) = (Smp::new(), Smp::new());
    let only = |reaction: Reaction| reaction.send.into_iter().next().unwrap();
    let one = only(alice.start(&mut rng, secret(), None));
    drop(bob.on_tlv(&mut rng, &one));
    let two = only(bob.answer(&mut rng, secret()).unwrap());
    let three = only(alice.on_tlv(&mut rng, &two));
    let four = only(bob.on_tlv(&mut rng, &three));
    let all = [one, two, three, four];

    // The genuine messages of that run, in any other order of four, to a side that has asked.
    for order in 0..256_usize {
        let mut carol = Smp::new();
        drop(carol.start(&mut rng, secret(), None));
        for step in 0..4 {
            let tlv = &all[(order >> (2 * step)) % 4];
            let reaction = carol.on_tlv(&mut rng, tlv);
            assert!(!matches!(reaction.event, Some(SmpEvent::Succeeded | SmpEvent::Failed)));
        }
    }
}
