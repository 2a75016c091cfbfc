//! SMP: the exchange with all exponents fixed, the comparison value, the hash.

use num_bigint::BigUint;
use otr::identity::Fingerprint;
use otr::smp::{Reaction, Smp, SmpEvent, SmpSecret};
use otr::tlv::{Tlv, TlvType};
use otr::wire::{Reader, Writer};
use sha2::{Digest as _, Sha256};

use super::Known;
use crate::fixed::Fixed;

/// The only record of a reaction.
fn only(reaction: Reaction) -> Tlv {
    let [tlv] = <[Tlv; 1]>::try_from(reaction.send).unwrap();
    tlv
}

fn secret(known: &Known) -> SmpSecret {
    let [initiator, responder] = ["initiator_fp", "responder_fp"]
        .map(|name| Fingerprint::from_bytes(known.at(name).array()));
    let text = known.at("secret").text();
    SmpSecret::compute(&initiator, &responder, &known.at("ssid").array(), text.as_bytes())
}

/// Random exponents in the order in which the specification picks them.
fn exponents(known: &Known, secrets: &[&str], side: &str, blinding: &[&str]) -> Fixed {
    let secrets = secrets.iter().map(|name| known.at(name));
    let blinding = blinding.iter().map(|name| known.at(side).at(name));
    Fixed::new(&secrets.chain(blinding).map(|known| known.padded::<192>()).collect::<Vec<_>>())
}

/// The numbers of a message.
fn numbers(value: &[u8]) -> Vec<BigUint> {
    let mut reader = Reader::new(value);
    let count = reader.int("count").unwrap();
    let numbers =
        (0..count).map(|_| BigUint::from_bytes_be(reader.mpi("number").unwrap())).collect();
    reader.end().unwrap();
    numbers
}

pub(super) fn exchange(known: &Known) {
    let (mut alice, mut bob) = (Smp::new(), Smp::new());
    let mut rngs = [
        exponents(known, &["a2", "a3"], "initiator_r", &["r2", "r3"]),
        exponents(known, &["b2", "b3"], "responder_r", &["r2", "r3", "r4", "r5", "r6"]),
        exponents(known, &[], "initiator_r", &["r4", "r5", "r6", "r7"]),
        exponents(known, &[], "responder_r", &["r7"]),
    ];
    let mut none = Fixed::new(&[]);
    let tlv = |kind, name| Tlv { kind, value: known.at(name).bytes() };

    let message1 = only(alice.start(&mut rngs[0], secret(known), None));
    assert_eq!(message1, tlv(TlvType::SMP1, "smp1"));
    let asked = bob.on_tlv(&mut none, &message1);
    assert_eq!(asked.event, Some(SmpEvent::Asked { question: None }));
    let message2 = only(bob.answer(&mut rngs[1], secret(known)).unwrap());
    assert_eq!(message2, tlv(TlvType::SMP2, "smp2"));
    let message3 = only(alice.on_tlv(&mut rngs[2], &message2));
    assert_eq!(message3, tlv(TlvType::SMP3, "smp3"));
    let reaction = bob.on_tlv(&mut rngs[3], &message3);
    assert_eq!(reaction.event, Some(SmpEvent::Succeeded));
    let message4 = only(reaction);
    assert_eq!(message4, tlv(TlvType::SMP4, "smp4"));
    assert_eq!(alice.on_tlv(&mut none, &message4).event, Some(SmpEvent::Succeeded));
    assert!(rngs.iter().all(Fixed::is_empty));

    question(known);
    comparison_value(known);
}

/// The question travels before message 1.
fn question(known: &Known) {
    let question = known.at("smp1q_question").text();
    let mut rng = exponents(known, &["a2", "a3"], "initiator_r", &["r2", "r3"]);

    let tlv = only(Smp::new().start(&mut rng, secret(known), Some(&question)));
    let asked = Smp::new().on_tlv(&mut rng, &tlv);

    assert_eq!(tlv, Tlv { kind: TlvType::SMP1Q, value: known.at("smp1q").bytes() });
    assert_eq!(asked.event, Some(SmpEvent::Asked { question: Some(question) }));
}

/// What both compare is the exponent x of `Qa = g1^r4 g2^x` and y of `Qb = g1^r4 g2^y`; and a
/// response is `D2 = r2 - a2 c2 mod q`.
fn comparison_value(known: &Known) {
    let number = |known: &Known| BigUint::from_bytes_be(&known.bytes());
    let group = known.entry("group");
    let (p, q) = (number(&group.at("p")), number(&group.at("q")));
    let g1 = BigUint::from(group.at("g").number());
    let (a2, b2) = (number(&known.at("a2")), number(&known.at("b2")));
    let combined = number(&known.at("combined"));
    let g2 = g1.modpow(&(&a2 * &b2), &p);
    let messages = ["smp1", "smp2", "smp3"].map(|name| numbers(&known.at(name).bytes()));

    for (side, q_value) in [("initiator_r", &messages[2][1]), ("responder_r", &messages[1][7])] {
        let r4 = number(&known.at(side).at("r4"));
        assert_eq!(&(g1.modpow(&r4, &p) * g2.modpow(&combined, &p) % &p), q_value);
    }
    let (c2, d2) = (&messages[0][1], &messages[0][2]);
    assert_eq!((d2 + a2 * c2) % &q, number(&known.at("initiator_r").at("r2")) % &q);
    // The exponents that no message is made of are drawn all the same, and have their length.
    for side in ["initiator_r", "responder_r"] {
        for name in ["r2", "r3", "r4", "r5", "r6", "r7"] {
            assert!(number(&known.at(side).at(name)) > BigUint::ZERO);
        }
    }
}

/// With `r2 = 1` the challenge c2 of message 1 is `H(1, g1)`, which is the first answer. The second,
/// with two numbers, is checked where the hash is made.
pub(super) fn hash(known: &Known) {
    for known in known.members() {
        let version = u8::try_from(known.at("version").number()).unwrap();
        let writer = Writer::new().byte(version).mpi(&known.at("a").bytes());
        let writer = if known.has("b") { writer.mpi(&known.at("b").bytes()) } else { writer };
        let hash: [u8; 32] = Sha256::digest(writer.finish()).into();
        assert_eq!(hash, known.at("h").array());
    }

    let first = known.at("0");
    let exponent = |last: u8| [vec![0; 191], vec![last]].concat();
    let mut rng = Fixed::new(&[exponent(3), exponent(5), exponent(1), exponent(1)]);
    let message1 = only(Smp::new().start(&mut rng, secret(&known.entry("smp")), None));
    assert_eq!(numbers(&message1.value)[1], BigUint::from_bytes_be(&first.at("h").bytes()));
}
