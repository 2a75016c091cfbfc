//! What OTR messages of learners cost at rest.

use std::{sync::Arc, time::Instant};

use otr::{
    SigningKey, armor, fragment,
    tlv::{Tlv, TlvType},
};
use rand::{SeedableRng as _, rngs::StdRng};

use crate::{
    chat::{AT_ONCE, Bench, PATIENCE},
    crowd::Crowd,
    hand::{Hand, abort, with_bad_proof},
    person::Person,
};

/// How many messages are measured of a kind.
const N: usize = 80;
/// How many people are, where each can do something but once.
const N_PEOPLE: usize = 20;

/// The key of everybody.
pub(crate) fn key() -> Arc<SigningKey> {
    Arc::new(SigningKey::generate(&mut StdRng::seed_from_u64(1)))
}

impl Bench<'_> {
    fn people(&mut self, n: usize) -> Vec<Person> {
        let (names, key) = (self.greeted(n), key());
        let people = names.into_iter().zip(100..);
        people.map(|(name, seed)| Person::new(name, &key, seed)).collect()
    }

    /// Learners in private conversations, who need not keep the rules.
    fn hands(&mut self, n: usize) -> Vec<Hand> {
        let (names, key) = (self.greeted(n), key());
        self.crowd.forget();
        let hands = names.into_iter().zip(1_000..);
        let mut hands: Vec<Hand> = hands.map(|(name, seed)| Hand::new(name, &key, seed)).collect();
        for hand in &mut hands {
            assert!(hand.go_private(&mut self.crowd, PATIENCE).is_some(), "not private");
        }
        hands
    }

    /// Measures messages that hands write, `each` of a hand, all written before.
    fn written(
        &mut self,
        what: &str,
        n: usize,
        each: usize,
        mut write: impl FnMut(&mut Hand, usize) -> Vec<String>,
    ) {
        let mut hands = self.hands(n.div_ceil(each));
        let bodies: Vec<(String, Vec<String>)> = (0..n)
            .map(|ix| {
                let hand = &mut hands[ix / each];
                (hand.name.clone(), write(hand, ix))
            })
            .collect();
        self.each(("learner", what), n, |crowd, ix| {
            let (name, bodies) = &bodies[ix];
            for body in bodies {
                crowd.say(name, body);
            }
            None
        });
    }

    /// Key exchanges.
    pub(crate) fn conversations(&mut self) {
        let names = self.greeted(N_PEOPLE);
        self.each(("learner", "query for OTR, a first one"), N_PEOPLE, |crowd, ix| {
            answered(crowd, &names[ix], "?OTRv23?")
        });
        self.each(("learner", "query for OTR, ten more each"), 10 * N_PEOPLE, |crowd, ix| {
            crowd.say(&names[ix % N_PEOPLE], "?OTRv23?");
            None
        });
        let names = self.greeted(2);
        self.each(("learner", "error message of OTR"), N, |crowd, ix| {
            crowd.say(&names[ix / AT_ONCE], "?OTR Error: a fault");
            None
        });
        let (names, key) = (self.greeted(2), key());
        let mut hands: Vec<Hand> = names
            .iter()
            .zip(10..)
            .map(|(name, seed)| Hand::new(name.clone(), &key, seed))
            .collect();
        let commits: Vec<String> = (0..N).map(|ix| hands[ix / AT_ONCE].commit()).collect();
        self.each(("learner", "D-H Commit Message, of a new client each"), N, |crowd, ix| {
            crowd.say(&names[ix / AT_ONCE], &commits[ix]);
            None
        });
        let names = self.greeted(2);
        self.each(("learner", "D-H Commit Message, the same again"), N, |crowd, ix| {
            crowd.say(&names[ix / AT_ONCE], &commits[0]);
            None
        });
        let mut people = self.people(N_PEOPLE);
        self.each(("learner", "whole key exchange"), N_PEOPLE, |crowd, ix| {
            people[ix].go_private(crowd, PATIENCE)
        });
        self.each(("learner", "whole key exchange, another in private"), N_PEOPLE, |crowd, ix| {
            people[ix].go_private(crowd, PATIENCE)
        });
        self.each(("learner", "whole SMP, the secret is right"), N_PEOPLE, |crowd, ix| {
            people[ix].verify(crowd, PATIENCE)
        });
        self.each(("learner", "end of the private conversation"), N_PEOPLE, |crowd, ix| {
            let person = &mut people[ix];
            let outputs = person.otr.end(Instant::now(), &mut person.rng);
            person.perform(crowd, outputs);
            None
        });
    }

    /// Data messages, good and bad, whole and in pieces.
    pub(crate) fn messages(&mut self) {
        self.written("data message", N, AT_ONCE, |hand, _| vec![hand.say("well", &[])]);
        let mut rotating = Vec::new();
        self.written("data message with a new key", N, AT_ONCE, |hand, ix| {
            if ix % AT_ONCE == 0 {
                rotating = hand.rotate_alone(AT_ONCE);
                rotating.reverse();
            }
            rotating.pop().into_iter().collect()
        });
        let text = "how what where why stuck ".repeat(800);
        self.written("data message of 20 kB", N, 20, |hand, _| vec![hand.say(&text, &[])]);
        let text = "é ".repeat(60_000);
        self.written("data message of 240 kB", 12, 3, |hand, _| vec![hand.say(&text, &[])]);
        self.written("data message, wrong MAC", N, AT_ONCE, |hand, _| {
            vec![hand.say_forged("well")]
        });
        let mut said = Vec::new();
        self.written("data message, the same again", N, AT_ONCE, |hand, ix| {
            if ix % AT_ONCE == 0 {
                said = vec![hand.say("well", &[])];
            }
            said.clone()
        });
        self.written("data message that is cut", N, AT_ONCE, |hand, _| {
            let bytes = armor::decode(&hand.say("well", &[])).unwrap();
            vec![armor::encode(&bytes[..bytes.len() - 30])]
        });
        self.written("message of base 64 that is none", N, 20, |_, _| {
            vec![format!("?OTR:{}!.", "A".repeat(20_000))]
        });
        self.written("40 pieces of a message", 6, 1, |hand, _| pieces(hand, "word ", 40, 512));
        self.written("40 pieces of a message, backwards", 6, 1, |hand, _| {
            let mut pieces = pieces(hand, "word ", 40, 512);
            pieces.reverse();
            pieces
        });
        self.written("40 first pieces of messages", 6, 1, |hand, _| {
            (0..40).map(|_| pieces(hand, "word ", 2, 512).swap_remove(0)).collect()
        });
        self.written("message of 240 kB in 5 pieces", 6, 2, |hand, _| pieces(hand, "é", 5, 50_000));
        for (what, n_tlvs, each) in [("1,000", 1_000, AT_ONCE), ("40,000", 40_000, 3)] {
            let tlvs = vec![Tlv::empty(TlvType(0x0077)); n_tlvs];
            let n = if each < AT_ONCE { 12 } else { N };
            let name = format!("data message with {what} TLVs of no known kind");
            self.written(&name, n, each, |hand, _| vec![hand.say("", &tlvs)]);
        }
        let aborts = vec![abort(); 1_000];
        self.written("data message with 1,000 aborts of SMP", N, AT_ONCE, |hand, _| {
            vec![hand.say("", &aborts)]
        });
        let mut extra = Tlv::empty(TlvType::EXTRA_KEY);
        extra.value = vec![0; 4];
        let extra = vec![extra; 1_000];
        self.written("data message with 1,000 wishes for the extra key", N, AT_ONCE, |hand, _| {
            vec![hand.say("", &extra)]
        });
    }

    /// Messages of SMP.
    pub(crate) fn verification(&mut self) {
        // Its proofs are good for every conversation.
        let good = Hand::new(String::new(), &key(), 3).smp_first(None);
        self.written("SMP 1", N_PEOPLE, 1, |hand, _| {
            vec![hand.say("", std::slice::from_ref(&good))]
        });
        self.written("abort and SMP 1", N, AT_ONCE, |hand, _| {
            vec![hand.say("", &[abort(), good.clone()])]
        });
        self.written("SMP 1, twice in a message", N, AT_ONCE, |hand, _| {
            vec![hand.say("", &[good.clone(), good.clone()])]
        });
        self.written("data message with 100 of SMP 1", 12, 3, |hand, _| {
            vec![hand.say("", &vec![good.clone(); 100])]
        });
        self.written("SMP 1, a proof that does not hold", N, AT_ONCE, |hand, _| {
            vec![hand.say("", &[with_bad_proof(&good)])]
        });
        self.written(
            "SMP 1, a proof that does not hold, twice in a message",
            N,
            AT_ONCE,
            |hand, _| {
                let bad = with_bad_proof(&good);
                vec![hand.say("", &[bad.clone(), bad])]
            },
        );
        let question = "why? ".repeat(4_000);
        self.written("SMP 1 with a question of 20 kB", N_PEOPLE, 1, |hand, _| {
            let asked = hand.smp_first(Some(&question));
            vec![hand.say("", &[asked])]
        });
        self.written("abort of SMP", N, AT_ONCE, |hand, _| vec![hand.say("", &[abort()])]);
    }
}

/// Says something and waits for the next thing that the bot says.
fn answered(crowd: &mut Crowd, name: &str, body: &str) -> Option<std::time::Duration> {
    let began = Instant::now();
    crowd.say(name, body);
    crowd.hear(name, PATIENCE).map(|_| began.elapsed())
}

/// A data message in so many pieces of such a size.
fn pieces(hand: &mut Hand, word: &str, n: usize, bytes: usize) -> Vec<String> {
    let text = word.repeat(n * bytes * 3 / 4 / word.len() - 400 / word.len());
    let whole = hand.say(&text, &[]);
    fragment::split(whole, hand.address, bytes)
}
