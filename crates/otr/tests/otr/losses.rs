//! A line that loses, repeats and mixes up messages, and messages that come out of turn.

use otr::armor;
use otr::error::Ignored;
use otr::event::Event;
use otr::message::Body;
use otr::version::{Address, Version};

use crate::hand::decoded;
use crate::pair::{End, Pair, Who, only};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

/// What becomes of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Arrives,
    IsLost,
    ComesTwice,
}

/// Carries messages until none is under way; message `ix` of them, from 0, has another fate. Gives
/// how many there were.
fn carry(pair: &mut Pair, n_before: usize, ix: usize, fate: Fate) -> usize {
    let mut n = n_before;
    loop {
        let mut is_quiet = true;
        for who in [Who::Alice, Who::Bob] {
            let Some(body) = pair.end(who).sent.pop_front() else { continue };
            is_quiet = false;
            let now = pair.now;
            let times = match if n == ix { fate } else { Fate::Arrives } {
                Fate::Arrives => 1,
                Fate::IsLost => 0,
                Fate::ComesTwice => 2,
            };
            for _ in 0..times {
                pair.other(who).receive(now, &body);
            }
            n += 1;
            assert!(n < 1000, "no end of it");
        }
        if is_quiet {
            return n;
        }
    }
}

/// Runs a scenario once for each of its messages, which then has the given fate.
fn each_message(
    fate: Fate,
    scenario: impl Fn(&mut Pair, usize, Fate) -> usize,
    check: impl Fn(&mut Pair),
) {
    for version in VERSIONS {
        let n = scenario(&mut Pair::new(version), usize::MAX, Fate::Arrives);
        assert!(n >= 4, "only {n} messages");
        for ix in 0..n {
            let mut pair = Pair::new(version);
            scenario(&mut pair, ix, fate);
            check(&mut pair);
        }
    }
}

fn heal(pair: &mut Pair) {
    if !pair.both_private() {
        pair.start(Who::Alice);
        pair.drive();
    }
    assert!(pair.both_private());
    pair.assert_alive();
}

/// A start by one side.
fn exchange(pair: &mut Pair, ix: usize, fate: Fate) -> usize {
    pair.start(Who::Bob);
    carry(pair, 0, ix, fate)
}

/// A start by both sides at once.
fn crossed_exchange(pair: &mut Pair, ix: usize, fate: Fate) -> usize {
    pair.start(Who::Alice);
    pair.start(Who::Bob);
    carry(pair, 0, ix, fate)
}

/// Fresh keys in a running conversation.
fn refresh(pair: &mut Pair, ix: usize, fate: Fate) -> usize {
    pair.start(Who::Bob);
    pair.drive();
    pair.start(Who::Alice);
    carry(pair, 0, ix, fate)
}

/// Texts both ways, in runs.
fn texts(pair: &mut Pair, ix: usize, fate: Fate) -> usize {
    pair.start(Who::Bob);
    pair.drive();
    drop((pair.alice.events(), pair.bob.events()));
    let mut n = 0;
    for (run, who) in [1, 2, 1, 1, 3].into_iter().zip([Who::Alice, Who::Bob].into_iter().cycle()) {
        for at in 0..run {
            pair.say(who, &format!("{n} {at}"));
        }
        n = carry(pair, n, ix, fate);
    }
    n
}

fn smp_run(pair: &mut Pair, n: usize, ix: usize, fate: Fate) -> usize {
    let now = pair.now;
    let alice = &mut pair.alice;
    let outputs = alice.conversation.smp_start(now, &mut alice.rng, b"secret", None).unwrap();
    alice.take(outputs);
    let n = carry(pair, n, ix, fate);
    let bob = &mut pair.bob;
    // If the question was lost there is nothing to answer.
    if let Ok(outputs) = bob.conversation.smp_answer(now, &mut bob.rng, b"secret") {
        bob.take(outputs);
    }
    carry(pair, n, ix, fate)
}

fn smp(pair: &mut Pair, ix: usize, fate: Fate) -> usize {
    pair.start(Who::Bob);
    pair.drive();
    drop((pair.alice.events(), pair.bob.events()));
    smp_run(pair, 0, ix, fate)
}

#[test]
fn any_message_of_an_exchange_may_be_lost() {
    each_message(Fate::IsLost, exchange, heal);
    each_message(Fate::IsLost, crossed_exchange, heal);
    each_message(Fate::IsLost, refresh, |pair| {
        // The one who is done first may be ahead of the other, and fresh keys help.
        pair.start(Who::Bob);
        pair.drive();
        heal(pair);
    });
}

#[test]
fn any_message_of_an_exchange_may_come_twice() {
    for scenario in [exchange, crossed_exchange, refresh] {
        each_message(Fate::ComesTwice, scenario, |pair| {
            assert!(pair.both_private());
            pair.assert_alive();
        });
    }
}

/// The commitment comes twice and is answered twice; the second answer brings the Reveal Signature
/// Message again, which was lost.
#[test]
fn an_answer_that_comes_again_is_taken_for_a_loss() {
    for version in VERSIONS {
        let mut pair = Pair::new(version);
        let now = pair.now;
        pair.start(Who::Bob);
        pair.deliver(Who::Bob);
        let commit = pair.alice.sent.front().cloned().unwrap();
        pair.deliver(Who::Alice);
        pair.bob.receive(now, &commit);
        pair.deliver(Who::Bob);
        let lost = pair.alice.sent.pop_front().unwrap();

        pair.deliver(Who::Bob);

        assert_eq!(pair.alice.sent, [lost]);
        pair.drive();
        assert!(pair.both_private());
    }
}

#[test]
fn any_text_may_be_lost_and_the_others_arrive() {
    each_message(Fate::IsLost, texts, |pair| {
        assert_eq!(pair.alice.heard().len() + pair.bob.heard().len(), 7);
        pair.assert_alive();
    });
}

#[test]
fn any_text_may_come_twice_and_is_heard_once() {
    each_message(Fate::ComesTwice, texts, |pair| {
        let (alices, bobs) = (pair.alice.events(), pair.bob.events());
        let all = [alices, bobs].concat();
        let n_heard = all.iter().filter(|event| matches!(event, Event::Heard { .. })).count();
        let n_replayed = all.iter().filter(|event| **event == Event::Refused(Ignored::Replayed));
        let n_refused = all.iter().filter(|event| matches!(event, Event::Refused(_))).count();
        assert_eq!((n_heard, n_refused), (8, 1), "{all:?}");
        assert_eq!(n_replayed.count(), 1);
        pair.assert_alive();
    });
}

#[test]
fn any_message_of_smp_may_be_lost_and_the_next_run_works() {
    each_message(Fate::IsLost, smp, |pair| {
        for end in [&mut pair.alice, &mut pair.bob] {
            let events = end.events();
            assert!(!events.contains(&Event::SmpFailed), "{events:?}");
            assert!(!events.contains(&Event::SmpCheated), "{events:?}");
        }
        smp_run(pair, 0, usize::MAX, Fate::Arrives);
        assert_eq!(pair.alice.events().last(), Some(&Event::SmpSucceeded));
        assert_eq!(pair.bob.events().last(), Some(&Event::SmpSucceeded));
        pair.assert_alive();
    });
}

#[test]
fn any_message_of_smp_may_come_twice() {
    each_message(Fate::ComesTwice, smp, |pair| {
        assert!(pair.alice.events().contains(&Event::SmpSucceeded));
        assert!(pair.bob.events().contains(&Event::SmpSucceeded));
    });
}

/// The messages of an exchange between two others, and a text.
fn foreign(version: Version) -> Vec<Body> {
    let (alice, bob) = (End::new(31, only(version)), End::new(32, only(version)));
    let mut pair = Pair { alice, bob, now: Pair::new(version).now };
    let mut all = Vec::new();
    pair.start(Who::Bob);
    pair.deliver(Who::Bob);
    let mut who = Who::Alice;
    for n in 0..5 {
        if n == 4 {
            pair.say(who, "text");
        }
        all.push(decoded(pair.end(who).sent.front().unwrap()).1);
        pair.deliver(who);
        who = if who == Who::Alice { Who::Bob } else { Who::Alice };
    }
    all
}

/// In each state, each message that belongs to another exchange, or is not due: nothing changes and
/// the exchange ends as it would have. Commitments are due at any time, and an answer to ours cannot
/// be told from another one.
#[test]
fn in_each_state_each_wrong_message_changes_nothing() {
    for version in VERSIONS {
        let foreign = foreign(version);
        assert_eq!(foreign.len(), 5);
        for steps in 0..6 {
            for victim in [Who::Alice, Who::Bob] {
                let mut pair = Pair::new(version);
                let now = pair.now;
                pair.start(Who::Bob);
                let mut who = Who::Bob;
                for _ in 0..steps {
                    pair.deliver(who);
                    who = if who == Who::Alice { Who::Bob } else { Who::Alice };
                }
                let address = addressed_to(victim, version);
                let awaits_answer = victim == Who::Alice && matches!(steps, 1 | 2);

                drop(pair.end(victim).events());
                for body in &foreign[1..] {
                    if awaits_answer && matches!(body, Body::DhKey(_)) {
                        continue;
                    }
                    let n_sent = pair.end(victim).sent.len();
                    let message = armor::encode(&body.encode(address));
                    pair.end(victim).receive(now, &message);
                    let refused = pair.end(victim).refused();
                    assert_eq!(refused.len(), 1, "{version:?} {steps} {victim:?} {body:?}");
                    // A data message that cannot be read is answered by an error.
                    let end = pair.end(victim);
                    end.sent.truncate(n_sent);
                }
                pair.drive();

                assert!(pair.both_private(), "{version:?} {steps} {victim:?}");
                pair.assert_alive();
            }
        }
    }
}

/// The address of messages to this end in every [`Pair::new`], whose tags are the same.
fn addressed_to(victim: Who, version: Version) -> Address {
    let mut pair = Pair::private(version);
    let from = if victim == Who::Alice { Who::Bob } else { Who::Alice };
    pair.say(from, "text");
    decoded(pair.end(from).sent.front().unwrap()).0.address
}
