//! Policies, tags, errors, and the bounds on what anyone may bring about.

use std::time::Duration;

use otr::conversation::MessageState;
use otr::error::{Ignored, SendError};
use otr::event::Event;
use otr::limits::{MAX_KEPT_TEXTS, MAX_MESSAGE_BYTES};
use otr::policy::Policy;
use otr::version::Version;

use crate::pair::{End, Pair, Who, only};

#[test]
fn without_any_version_everything_is_text() {
    let off = Policy { allow_v2: false, allow_v3: false, ..Policy::default() };
    let mut pair = Pair::with_policies(off, Policy::default());
    let now = pair.now;

    pair.alice.receive(now, "?OTRv23?");
    pair.say(Who::Alice, "text");
    pair.start(Who::Alice);

    assert_eq!(pair.alice.heard(), [("?OTRv23?".to_owned(), false)]);
    assert_eq!(pair.alice.sent, ["text"]);
}

#[test]
fn version_one_is_refused() {
    let mut pair = Pair::with_policies(Policy::default(), Policy::default());
    let now = pair.now;

    for body in ["?OTR?", "?OTR?v?", "?OTR:AAEK.", "?OTR:AAEDAAAA."] {
        pair.alice.receive(now, body);
    }

    assert_eq!(pair.alice.refused(), vec![Ignored::VersionOne; 4]);
    assert!(pair.alice.sent.is_empty());
}

#[test]
fn a_version_that_is_not_allowed_is_refused() {
    let mut pair = Pair::with_policies(only(Version::V2), only(Version::V3));

    pair.start(Who::Alice);
    pair.drive();

    assert_eq!(pair.bob.refused(), [Ignored::Version]);
    let mut both = End::new(5, Policy::default());
    both.receive(pair.now, "?OTRv3?");
    let commit = both.sent.pop_front().unwrap();
    pair.alice.receive(pair.now, &commit);
    assert_eq!(pair.alice.refused(), [Ignored::Version]);
}

#[test]
fn the_tag_is_sent_until_the_peer_answers_in_the_clear() {
    let policy = Policy { whitespace_start_ake: false, ..Policy::default() };
    let mut pair = Pair::with_policies(policy, only(Version::V3));
    pair.say(Who::Alice, "one");
    let tagged = pair.alice.sent.front().cloned().unwrap();
    pair.drive();
    pair.say(Who::Bob, "two");
    pair.drive();
    pair.say(Who::Alice, "three");

    assert!(tagged.starts_with("one \t  \t\t\t\t \t \t \t  "));
    assert_eq!(pair.alice.sent, ["three"]);
    assert_eq!(pair.bob.heard(), [("one".to_owned(), false)]);
}

#[test]
fn texts_wait_where_encryption_is_required() {
    let requires = Policy { require_encryption: true, ..only(Version::V3) };
    let mut pair = Pair::with_policies(requires, only(Version::V3));

    pair.say(Who::Alice, "one");
    pair.say(Who::Alice, "two");
    assert!(pair.alice.sent.iter().all(|body| body == "?OTRv3?"));
    pair.drive();

    let expected = [("one".to_owned(), true), ("two".to_owned(), true)];
    assert_eq!(pair.bob.heard(), expected);
    pair.assert_alive();
}

#[test]
fn texts_that_wait_are_not_sent_under_another_key() {
    let requires = Policy { require_encryption: true, ..only(Version::V3) };
    let mut pair = Pair::with_policies(requires, only(Version::V3));
    pair.start(Who::Alice);
    pair.drive();
    pair.hang_up(Who::Alice);
    pair.alice.sent.clear();
    drop(pair.alice.events());
    pair.say(Who::Alice, "secret");
    pair.bob = End::new(66, only(Version::V3));

    pair.drive();

    assert!(pair.both_private());
    assert!(pair.bob.heard().is_empty());
    let events = pair.alice.events();
    assert!(events.contains(&Event::Withheld { text: "secret".into() }), "{events:?}");
}

#[test]
fn only_so_many_texts_wait() {
    let requires = Policy { require_encryption: true, ..only(Version::V3) };
    let mut pair = Pair::with_policies(requires, only(Version::V3));
    for _ in 0..MAX_KEPT_TEXTS {
        pair.say(Who::Alice, "text");
    }

    let alice = &mut pair.alice;
    let refused = alice.conversation.send(pair.now, &mut alice.rng, "text");

    assert_eq!(refused, Err(SendError::EncryptionRequired));
}

#[test]
fn an_error_of_the_peer_starts_the_exchange_anew_and_the_text_is_sent_again() {
    for version in [Version::V2, Version::V3] {
        let restarts = Policy { error_start_ake: true, ..only(version) };
        let mut pair = Pair::with_policies(restarts, only(version));
        pair.start(Who::Bob);
        pair.drive();
        // Bob's client forgets the private conversation without a word.
        pair.hang_up(Who::Bob);
        pair.bob.sent.clear();
        drop(pair.bob.events());

        pair.say(Who::Alice, "can you read this?");
        pair.drive();

        assert!(pair.both_private(), "{version:?}");
        assert_eq!(pair.bob.heard(), [("[resent] can you read this?".to_owned(), true)]);
        pair.assert_alive();
    }
}

#[test]
fn a_text_is_not_sent_again_to_another_key() {
    for version in [Version::V2, Version::V3] {
        let mut pair = Pair::private(version);
        pair.say(Who::Alice, "secret");
        let now = pair.now;
        pair.alice.sent.clear();
        pair.alice.receive(now, "?OTR Error: please once more");
        let mut mallory = End::new(13, only(version));
        std::mem::swap(&mut pair.bob, &mut mallory);

        pair.start(Who::Bob);
        pair.drive();

        assert!(pair.both_private());
        assert!(pair.bob.heard().is_empty());
    }
}

#[test]
fn an_old_text_is_not_sent_again() {
    let mut pair = Pair::private(Version::V3);
    pair.say(Who::Alice, "old");
    pair.drive();
    let now = pair.now;
    pair.alice.receive(now, "?OTR Error: what?");
    pair.wait(Duration::from_secs(61));
    drop(pair.bob.events());

    pair.start(Who::Bob);
    pair.drive();

    assert!(pair.both_private());
    assert!(pair.bob.heard().is_empty());
}

#[test]
fn errors_are_never_answered_by_errors_and_only_now_and_then_by_queries() {
    let mut pair = Pair::with_policies(Policy::default(), Policy::default());
    let now = pair.now;
    for _ in 0..1000 {
        pair.alice.receive(now, "?OTR Error: again");
    }

    assert!((1..=3).contains(&pair.alice.sent.len()), "{}", pair.alice.sent.len());
    assert!(pair.alice.sent.iter().all(|body| body == "?OTRv23?"));
}

#[test]
fn queries_and_tags_start_only_so_many_exchanges() {
    let mut pair = Pair::with_policies(Policy::default(), Policy::default());
    let now = pair.now;
    for n in 0..1000 {
        let tag = " \t  \t\t\t\t \t \t \t    \t\t  \t\t";
        pair.alice.receive(now, if n % 2 == 0 { "?OTRv23?" } else { tag });
    }

    assert!((1..=10).contains(&pair.alice.sent.len()), "{}", pair.alice.sent.len());
    pair.alice.sent.clear();
    pair.wait(Duration::from_mins(1));
    pair.start(Who::Bob);
    pair.drive();
    assert!(pair.both_private());
}

#[test]
fn nonsense_changes_nothing() {
    let mut pair = Pair::private(Version::V3);
    let now = pair.now;
    let long = "x".repeat(MAX_MESSAGE_BYTES + 1);
    for body in [
        "?OTR:",
        "?OTR:===.",
        "?OTR:.",
        "?OTR:AAMD",
        "?OTR:AAMD.",
        "?OTR:AAQD.",
        "?OTR:AAMDAAAA.",
        "?OTR|",
        "?OTR,",
        "?OTR|1|2,3,4,5,",
        "?OTRv2",
        "?OTR",
        &*long,
        "?OTR,99999,99999,x,",
        "?OTR:AAL/.",
        "?OTR:AAMC/////////////////////.",
    ] {
        pair.alice.receive(now, body);
        pair.bob.receive(now, body);
    }
    pair.drive();

    assert_eq!(pair.alice.state(), MessageState::Encrypted);
    pair.assert_alive();
}
