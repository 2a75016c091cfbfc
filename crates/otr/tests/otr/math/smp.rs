//! SMP: the known exchange byte for byte, its results, and what a hostile peer sends.

use otr::identity::Fingerprint;
use otr::smp::{Reaction, Smp, SmpEvent, SmpSecret};
use otr::tlv::{Tlv, TlvType};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::Value;

use crate::fixed::Fixed;
use crate::math::support::{field, padded, vectors};

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn secret(text: &str) -> SmpSecret {
    let [alice, bob] = [1, 2].map(|byte| Fingerprint::from_bytes([byte; 20]));
    SmpSecret::compute(&alice, &bob, &[3; 8], text.as_bytes())
}

fn known_secret(known: &Value) -> SmpSecret {
    let [alice, bob] = ["initiator_fp", "responder_fp"]
        .map(|name| Fingerprint::from_bytes(field(known, name).try_into().unwrap()));
    let ssid = field(known, "ssid").try_into().unwrap();
    SmpSecret::compute(&alice, &bob, &ssid, known["secret"].as_str().unwrap().as_bytes())
}

/// Random exponents of the known exchange, in the order in which the specification picks them.
fn known_rng(known: &Value, secrets: &[&str], side: &str, blinding: &[&str]) -> Fixed {
    let secrets = secrets.iter().map(|name| field(known, name));
    let blinding = blinding.iter().map(|name| field(&known[side], name));
    let numbers: Vec<_> = secrets.chain(blinding).map(|number| padded(&number, 192)).collect();
    Fixed::new(&numbers)
}

/// The only record of a reaction.
fn only(reaction: Reaction) -> Tlv {
    let [tlv] = <[Tlv; 1]>::try_from(reaction.send).unwrap();
    tlv
}

/// A run up to the given message; the state of both sides and the record that is under way.
fn run_to(message: u8) -> (Smp, Smp, Tlv) {
    let (mut alice, mut bob) = (Smp::new(), Smp::new());
    let mut tlv = only(alice.start(&mut rng(1), secret("pet"), None));
    if message > 1 {
        let asked = bob.on_tlv(&mut rng(2), &tlv);
        assert_eq!(asked.event, Some(SmpEvent::Asked { question: None }));
        tlv = only(bob.answer(&mut rng(3), secret("pet")).unwrap());
    }
    if message > 2 {
        tlv = only(alice.on_tlv(&mut rng(4), &tlv));
    }
    if message > 3 {
        tlv = only(bob.on_tlv(&mut rng(5), &tlv));
    }
    (alice, bob, tlv)
}

/// Who receives message `message`.
fn receiver(message: u8) -> (Smp, Tlv) {
    let (alice, bob, tlv) = run_to(message);
    (if message.is_multiple_of(2) { alice } else { bob }, tlv)
}

/// A whole run; what both sides are told at the end.
fn outcome(alices: &str, bobs: &str) -> (Option<SmpEvent>, Option<SmpEvent>) {
    let (mut alice, mut bob, mut rng) = (Smp::new(), Smp::new(), rng(9));
    let message1 = only(alice.start(&mut rng, secret(alices), None));
    let asked = bob.on_tlv(&mut rng, &message1);
    assert!(asked.send.is_empty());
    let message2 = only(bob.answer(&mut rng, secret(bobs)).unwrap());
    let message3 = only(alice.on_tlv(&mut rng, &message2));
    let reaction = bob.on_tlv(&mut rng, &message3);
    let bobs_event = reaction.event.clone();
    let message4 = only(reaction);
    assert_eq!(message4.kind, TlvType::SMP4);
    let last = alice.on_tlv(&mut rng, &message4);
    assert!(last.send.is_empty());
    assert!(!alice.is_running() && !bob.is_running());
    (last.event, bobs_event)
}

#[test]
fn the_known_exchange_is_made_byte_for_byte() {
    let known = vectors("smp");
    let (mut alice, mut bob) = (Smp::new(), Smp::new());
    let mut rngs = [
        known_rng(&known, &["a2", "a3"], "initiator_r", &["r2", "r3"]),
        known_rng(&known, &["b2", "b3"], "responder_r", &["r2", "r3", "r4", "r5", "r6"]),
        known_rng(&known, &[], "initiator_r", &["r4", "r5", "r6", "r7"]),
        known_rng(&known, &[], "responder_r", &["r7"]),
    ];
    let mut none = Fixed::new(&[]);

    let message1 = only(alice.start(&mut rngs[0], known_secret(&known), None));
    assert_eq!(message1.value, field(&known, "smp1"));
    let asked = bob.on_tlv(&mut none, &message1);
    assert_eq!(asked.event, Some(SmpEvent::Asked { question: None }));
    let message2 = only(bob.answer(&mut rngs[1], known_secret(&known)).unwrap());
    assert_eq!(message2.value, field(&known, "smp2"));
    let message3 = only(alice.on_tlv(&mut rngs[2], &message2));
    assert_eq!(message3.value, field(&known, "smp3"));
    let reaction = bob.on_tlv(&mut rngs[3], &message3);
    assert_eq!(reaction.event, Some(SmpEvent::Succeeded));
    let message4 = only(reaction);
    assert_eq!(message4.value, field(&known, "smp4"));
    assert_eq!(alice.on_tlv(&mut none, &message4).event, Some(SmpEvent::Succeeded));

    assert!(rngs.iter().all(Fixed::is_empty));
    let kinds = [message1, message2, message3, message4].map(|tlv| tlv.kind);
    assert_eq!(kinds, [TlvType::SMP1, TlvType::SMP2, TlvType::SMP3, TlvType::SMP4]);
}

#[test]
fn the_known_question_travels_before_message_1() {
    let known = vectors("smp");
    let question = known["smp1q_question"].as_str().unwrap();
    let mut rng = known_rng(&known, &["a2", "a3"], "initiator_r", &["r2", "r3"]);

    let tlv = only(Smp::new().start(&mut rng, known_secret(&known), Some(question)));

    assert_eq!(tlv, Tlv { kind: TlvType::SMP1Q, value: field(&known, "smp1q") });
    let asked = Smp::new().on_tlv(&mut rng, &tlv);
    assert_eq!(asked.event, Some(SmpEvent::Asked { question: Some(question.to_owned()) }));
}

#[test]
fn equal_secrets_succeed_and_others_fail_on_both_sides() {
    let (succeeded, failed) = (Some(SmpEvent::Succeeded), Some(SmpEvent::Failed));

    assert_eq!(outcome("pet", "pet"), (succeeded.clone(), succeeded));
    assert_eq!(outcome("pet", "Pet"), (failed.clone(), failed));
}

#[test]
fn a_secret_that_nobody_asked_for_changes_nothing() {
    let (mut alice, mut bob, message3) = run_to(3);

    assert!(Smp::new().answer(&mut rng(1), secret("pet")).is_none());
    assert!(alice.answer(&mut rng(1), secret("pet")).is_none());
    assert!(bob.answer(&mut rng(1), secret("pet")).is_none());

    let message4 = only(bob.on_tlv(&mut rng(1), &message3));
    assert_eq!(alice.on_tlv(&mut rng(1), &message4).event, Some(SmpEvent::Succeeded));
}

#[test]
fn an_abort_ends_a_run_and_is_not_answered() {
    for body in [vec![], vec![0; 4]] {
        let abort = Tlv { kind: TlvType::SMP_ABORT, value: body };
        for message in 1..=4 {
            let (alice, bob, _) = run_to(message);
            for mut side in [alice, bob] {
                let was_running = side.is_running();
                let reaction = side.on_tlv(&mut rng(1), &abort);

                assert_eq!(reaction.event, was_running.then_some(SmpEvent::Aborted));
                assert!(reaction.send.is_empty() && !side.is_running());
            }
        }
    }
}

#[test]
fn a_message_out_of_turn_aborts_the_run() {
    for (state, message) in [(2, 1), (2, 3), (2, 4), (3, 1), (3, 2), (3, 4), (4, 1), (4, 2), (4, 3)]
    {
        let (mut side, _) = receiver(state);
        let (_, tlv) = receiver(message);

        let reaction = side.on_tlv(&mut rng(1), &tlv);

        assert_eq!(reaction.event, Some(SmpEvent::Aborted), "{state} {message}");
        assert_eq!(only(reaction).kind, TlvType::SMP_ABORT);
        assert!(!side.is_running());
    }
    for message in 2..=4 {
        let reaction = Smp::new().on_tlv(&mut rng(1), &receiver(message).1);

        assert_eq!(reaction.event, None);
        assert_eq!(only(reaction).kind, TlvType::SMP_ABORT);
    }
}

#[test]
fn a_new_message_1_replaces_the_one_that_waits_for_its_answer() {
    let mut bob = Smp::new();
    let mut alice = Smp::new();
    let old = only(Smp::new().start(&mut rng(1), secret("old"), None));
    let new = only(alice.start(&mut rng(2), secret("new"), Some("which?")));

    let first = bob.on_tlv(&mut rng(3), &old);
    let second = bob.on_tlv(&mut rng(3), &new);

    assert_eq!(first.event, Some(SmpEvent::Asked { question: None }));
    assert_eq!(second.event, Some(SmpEvent::Asked { question: Some("which?".to_owned()) }));
    let message2 = only(bob.answer(&mut rng(4), secret("new")).unwrap());
    let message3 = only(alice.on_tlv(&mut rng(5), &message2));
    assert_eq!(bob.on_tlv(&mut rng(6), &message3).event, Some(SmpEvent::Succeeded));
}

#[test]
fn starting_anew_aborts_the_run_before() {
    let (mut alice, ..) = run_to(1);

    let reaction = alice.start(&mut rng(1), secret("again"), None);

    let kinds: Vec<_> = reaction.send.iter().map(|tlv| tlv.kind).collect();
    assert_eq!(kinds, [TlvType::SMP_ABORT, TlvType::SMP1]);
    assert_eq!(reaction.event, None);
}

#[test]
fn after_both_have_started_at_once_the_next_run_works() {
    let (mut alice, mut bob) = (Smp::new(), Smp::new());
    let from_alice = only(alice.start(&mut rng(1), secret("pet"), None));
    let from_bob = only(bob.start(&mut rng(2), secret("pet"), None));

    let abort_of_bob = only(bob.on_tlv(&mut rng(3), &from_alice));
    let abort_of_alice = only(alice.on_tlv(&mut rng(4), &from_bob));
    let last = [alice.on_tlv(&mut rng(5), &abort_of_bob), bob.on_tlv(&mut rng(5), &abort_of_alice)];
    assert!(last.iter().all(|reaction| reaction.send.is_empty() && reaction.event.is_none()));

    let message1 = only(alice.start(&mut rng(6), secret("pet"), None));
    assert!(bob.on_tlv(&mut rng(7), &message1).event.is_some());
    let message2 = only(bob.answer(&mut rng(8), secret("pet")).unwrap());
    let message3 = only(alice.on_tlv(&mut rng(9), &message2));
    assert_eq!(bob.on_tlv(&mut rng(9), &message3).event, Some(SmpEvent::Succeeded));
}

/// Places of the numbers within a body: ranges of their bytes, without the length.
fn numbers(body: &[u8]) -> Vec<core::ops::Range<usize>> {
    let (mut ranges, mut at) = (Vec::new(), 4);
    while at < body.len() {
        let len = u32::from_be_bytes(body[at..at + 4].try_into().unwrap());
        let end = at + 4 + usize::try_from(len).unwrap();
        ranges.push(at + 4..end);
        at = end;
    }
    ranges
}

/// The body with number `ix` replaced.
fn replaced(body: &[u8], ix: usize, number: &[u8]) -> Vec<u8> {
    let range = numbers(body)[ix].clone();
    let len = u32::try_from(number.len()).unwrap().to_be_bytes();
    [&body[..range.start - 4], &len, number, &body[range.end..]].concat()
}

fn assert_cheated(message: u8, value: Vec<u8>) {
    let (mut side, tlv) = receiver(message);

    let reaction = side.on_tlv(&mut rng(1), &Tlv { kind: tlv.kind, value });

    assert_eq!(reaction.event, Some(SmpEvent::Cheated), "message {message}");
    assert_eq!(only(reaction).kind, TlvType::SMP_ABORT);
    assert!(!side.is_running());
}

#[test]
fn a_change_to_any_number_is_noticed() {
    for message in 1..=4 {
        let (_, tlv) = receiver(message);
        for range in numbers(&tlv.value) {
            let mut value = tlv.value.clone();
            value[range.end - 1] ^= 1;
            assert_cheated(message, value);
        }
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let group = vectors("group");
    let (p, q) = (field(&group, "p"), field(&group, "q"));
    let mut p_minus_1 = p.clone();
    *p_minus_1.last_mut().unwrap() ^= 1;

    for message in 1..=4 {
        let (_, tlv) = receiver(message);
        for ix in 0..numbers(&tlv.value).len() {
            for number in [&[][..], &p_minus_1, &[0xff; 193]] {
                assert_cheated(message, replaced(&tlv.value, ix, number));
            }
        }
    }
    // 1 as g2a, p as g3a; q as D2, more than a hash as c3.
    let (_, tlv) = receiver(1);
    for (ix, number) in [(0, &[1][..]), (3, &p), (2, &q), (4, &[1; 33])] {
        assert_cheated(1, replaced(&tlv.value, ix, number));
    }
}

#[test]
fn leading_zeros_of_numbers_are_tolerated() {
    let (mut bob, tlv) = receiver(1);
    let first = tlv.value[numbers(&tlv.value)[0].clone()].to_vec();
    let value = replaced(&tlv.value, 0, &[vec![0; 9], first].concat());

    let reaction = bob.on_tlv(&mut rng(1), &Tlv { kind: TlvType::SMP1, value });

    assert_eq!(reaction.event, Some(SmpEvent::Asked { question: None }));
}

#[test]
fn counts_and_lengths_are_not_believed() {
    for message in 1..=4 {
        let (_, tlv) = receiver(message);
        let body = &tlv.value;
        for count in [0, 1, 5, 7, u32::MAX] {
            let mut value = body.clone();
            value[..4].copy_from_slice(&count.to_be_bytes());
            assert_cheated(message, value);
        }
        let mut huge = body.clone();
        huge[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_cheated(message, huge);
        for end in [0, 3, 4, 7, 8, body.len() - 1] {
            assert_cheated(message, body[..end].to_vec());
        }
        assert_cheated(message, [body.as_slice(), &[0]].concat());
    }
}

#[test]
fn a_message_cannot_be_played_back_to_its_sender() {
    // Alice's own proofs carry other hashes than those that she expects of Bob.
    let known = vectors("smp");
    let one = field(&known, "smp1");
    let mut value = field(&known, "smp2");
    let (from, to) = (numbers(&one), numbers(&value));
    value.splice(to[0].start - 4..to[5].end, one[from[0].start - 4..from[5].end].iter().copied());

    assert_cheated(2, value);
}

#[test]
fn questions_of_all_kinds_are_read() {
    let message1 = only(Smp::new().start(&mut rng(1), secret("pet"), None)).value;
    let cases: [(&[u8], &str); 3] =
        [(b"\0", ""), (b"pet\xff?\0", "pet\u{fffd}?"), ("caf\u{e9}\0".as_bytes(), "caf\u{e9}")];
    for (before, question) in cases {
        let value = [before, &message1].concat();

        let reaction = Smp::new().on_tlv(&mut rng(2), &Tlv { kind: TlvType::SMP1Q, value });

        assert_eq!(reaction.event, Some(SmpEvent::Asked { question: Some(question.to_owned()) }));
    }
    for value in [b"".to_vec(), b"no end".to_vec(), b"nothing after\0".to_vec()] {
        let reaction = Smp::new().on_tlv(&mut rng(2), &Tlv { kind: TlvType::SMP1Q, value });

        assert_eq!(reaction.event, Some(SmpEvent::Cheated));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_records_in_any_order_are_survived(
        records in prop::collection::vec(
            (0_u16..10, prop::collection::vec(any::<u8>(), 0..64)), 1..12,
        ),
        answers in any::<bool>(),
    ) {
        let (mut rng, mut bob) = (rng(1), Smp::new());
        for (kind, value) in records {
            let kind = TlvType(kind);
            let reaction = bob.on_tlv(&mut rng, &Tlv { kind, value });
            let is_result = matches!(reaction.event, Some(SmpEvent::Succeeded | SmpEvent::Failed));
            prop_assert!(!is_result);
            prop_assert!(reaction.send.len() <= 1);
            if answers {
                prop_assert!(bob.answer(&mut rng, secret("pet")).is_none());
            }
        }
    }
}
