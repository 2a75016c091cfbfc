//! SMP through the conversation.

use std::time::Duration;

use otr::error::SmpError;
use otr::event::Event;
use otr::version::Version;

use crate::pair::{Pair, Who};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

fn ask(pair: &mut Pair, who: Who, secret: &[u8], question: Option<&str>) {
    let now = pair.now;
    let end = pair.end(who);
    let outputs = end.conversation.smp_start(now, &mut end.rng, secret, question).unwrap();
    end.take(outputs);
    pair.drive();
}

fn answer(pair: &mut Pair, who: Who, secret: &[u8]) {
    let now = pair.now;
    let end = pair.end(who);
    let outputs = end.conversation.smp_answer(now, &mut end.rng, secret).unwrap();
    end.take(outputs);
    pair.drive();
}

fn other(who: Who) -> Who {
    match who {
        Who::Alice => Who::Bob,
        Who::Bob => Who::Alice,
    }
}

#[test]
fn the_same_secret_succeeds_on_both_sides() {
    for version in VERSIONS {
        for (who, question) in [(Who::Alice, None), (Who::Bob, Some("where did we meet? ☕"))] {
            let mut pair = Pair::private(version);

            ask(&mut pair, who, "sekret ✓".as_bytes(), question);
            let asked = Event::SmpAsked { question: question.map(str::to_owned) };
            assert_eq!(pair.other(who).events(), [asked]);
            answer(&mut pair, other(who), "sekret ✓".as_bytes());

            assert_eq!(pair.alice.events(), [Event::SmpSucceeded]);
            assert_eq!(pair.bob.events(), [Event::SmpSucceeded]);
            pair.assert_alive();
        }
    }
}

#[test]
fn another_secret_fails_on_both_sides_and_may_be_tried_again() {
    let mut pair = Pair::private(Version::V3);

    ask(&mut pair, Who::Alice, b"right", None);
    answer(&mut pair, Who::Bob, b"wrong");
    assert_eq!(pair.alice.events(), [Event::SmpFailed]);
    assert_eq!(pair.bob.events(), [Event::SmpAsked { question: None }, Event::SmpFailed]);

    ask(&mut pair, Who::Bob, b"right", None);
    answer(&mut pair, Who::Alice, b"right");
    assert!(pair.alice.events().contains(&Event::SmpSucceeded));
    assert!(pair.bob.events().contains(&Event::SmpSucceeded));
}

#[test]
fn a_run_can_be_given_up_and_begun_again() {
    for who in [Who::Alice, Who::Bob] {
        let mut pair = Pair::private(Version::V3);
        ask(&mut pair, Who::Alice, b"secret", None);
        drop(pair.bob.events());

        let now = pair.now;
        let end = pair.end(who);
        let outputs = end.conversation.smp_abort(now, &mut end.rng).unwrap();
        end.take(outputs);
        pair.drive();

        assert_eq!(pair.other(who).events(), [Event::SmpAborted]);
        drop(pair.end(who).events());
        let end = pair.end(Who::Bob);
        let stale = end.conversation.smp_answer(now, &mut end.rng, b"secret");
        assert_eq!(stale, Err(SmpError::NotAsked));
        ask(&mut pair, Who::Bob, b"secret", None);
        answer(&mut pair, Who::Alice, b"secret");
        assert!(pair.bob.events().contains(&Event::SmpSucceeded));
    }
}

#[test]
fn who_begins_too_often_is_answered_by_an_abort() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let rate = (3, Duration::from_secs(10));
        pair.bob.conversation.set_smp_rate(Some(rate));
        let n_asked = |pair: &mut Pair| {
            let mut n_asked = 0;
            for n in 0..5 {
                let question = (n % 2 == 0).then_some("who?");
                ask(pair, Who::Alice, b"secret", question);
                let events = pair.bob.events();
                if events.iter().any(|event| matches!(event, Event::SmpAsked { .. })) {
                    n_asked += 1;
                    let now = pair.now;
                    let bob = pair.end(Who::Bob);
                    let outputs = bob.conversation.smp_abort(now, &mut bob.rng).unwrap();
                    bob.take(outputs);
                    pair.drive();
                    assert_eq!(pair.bob.events(), [Event::SmpAborted]);
                } else {
                    assert_eq!(events, []);
                }
                assert_eq!(pair.alice.events(), [Event::SmpAborted]);
            }
            n_asked
        };

        assert_eq!(n_asked(&mut pair), 3);
        pair.now += rate.1;
        assert_eq!(n_asked(&mut pair), 1);
        pair.now += 3 * rate.1;
        ask(&mut pair, Who::Alice, b"secret", None);
        answer(&mut pair, Who::Bob, b"secret");
        assert!(pair.alice.events().contains(&Event::SmpSucceeded));
        // What we begin ourselves has no bound.
        for _ in 0..5 {
            ask(&mut pair, Who::Bob, b"secret", None);
            answer(&mut pair, Who::Alice, b"secret");
            assert!(pair.bob.events().contains(&Event::SmpSucceeded));
        }
    }
}

#[test]
fn without_privacy_there_is_no_smp() {
    let mut pair = Pair::new(Version::V3);
    let now = pair.now;
    let alice = &mut pair.alice;

    let started = alice.conversation.smp_start(now, &mut alice.rng, b"secret", None);
    let answered = alice.conversation.smp_answer(now, &mut alice.rng, b"secret");
    let aborted = alice.conversation.smp_abort(now, &mut alice.rng);

    assert_eq!(started, Err(SmpError::NotPrivate));
    assert_eq!(answered, Err(SmpError::NotPrivate));
    assert_eq!(aborted, Err(SmpError::NotPrivate));
}

#[test]
fn fresh_keys_end_a_run() {
    let mut pair = Pair::private(Version::V3);
    ask(&mut pair, Who::Alice, b"secret", None);
    drop(pair.bob.events());

    pair.start(Who::Alice);
    pair.drive();

    assert_eq!(pair.alice.events().first(), Some(&Event::SmpAborted));
    assert_eq!(pair.bob.events().first(), Some(&Event::SmpAborted));
    let bob = &mut pair.bob;
    let stale = bob.conversation.smp_answer(pair.now, &mut bob.rng, b"secret");
    assert_eq!(stale, Err(SmpError::NotAsked));
}

#[test]
fn both_may_ask_at_once_and_the_next_run_works() {
    let mut pair = Pair::private(Version::V3);
    let now = pair.now;
    for who in [Who::Alice, Who::Bob] {
        let end = pair.end(who);
        let outputs = end.conversation.smp_start(now, &mut end.rng, b"secret", None).unwrap();
        end.take(outputs);
    }
    pair.drive();
    drop((pair.alice.events(), pair.bob.events()));

    ask(&mut pair, Who::Alice, b"secret", None);
    answer(&mut pair, Who::Bob, b"secret");

    assert!(pair.alice.events().contains(&Event::SmpSucceeded));
    assert!(pair.bob.events().contains(&Event::SmpSucceeded));
}
