//! What time brings about, and what a host may ask of a private conversation beside texts.

use std::num::NonZeroU16;
use std::time::Duration;

use otr::armor;
use otr::conversation::MessageState;
use otr::error::SendError;
use otr::event::{Event, Output};
use otr::limits::{IDLE_LIFETIME, MAX_EXTRA_KEY_DATA_BYTES, REKEY_INTERVAL, REKEY_MESSAGES};
use otr::message::{Body, Header};
use otr::policy::Policy;
use otr::version::Version;
use otr::wire::Reader;

use crate::pair::{Pair, Who, only};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

fn tick(pair: &mut Pair, who: Who) {
    let now = pair.now;
    let end = pair.end(who);
    let outputs = end.conversation.tick(now, &mut end.rng);
    end.take(outputs);
}

#[test]
fn keys_that_were_used_for_long_are_renewed_without_a_word_from_the_peer() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let before = pair.alice.conversation.ssid();
        pair.say(Who::Alice, "one");
        pair.drive();
        drop(pair.bob.events());

        pair.wait(REKEY_INTERVAL.saturating_sub(Duration::from_secs(1)));
        tick(&mut pair, Who::Alice);
        assert!(pair.alice.sent.is_empty());
        pair.wait(Duration::from_secs(1));
        tick(&mut pair, Who::Alice);
        tick(&mut pair, Who::Alice);
        assert_eq!(pair.alice.sent.len(), 1, "one exchange is enough");
        pair.drive();

        let fingerprint = pair.alice.fingerprint();
        assert_eq!(pair.bob.events(), [Event::StillSecure { version, fingerprint }]);
        assert_ne!(pair.alice.conversation.ssid(), before);
        pair.assert_alive();
    }
}

#[test]
fn keys_of_a_conversation_that_rests_are_not_renewed_again_and_again() {
    let mut pair = Pair::private(Version::V3);

    for _ in 0..4 {
        pair.wait(REKEY_INTERVAL);
        tick(&mut pair, Who::Alice);
        tick(&mut pair, Who::Bob);
    }

    assert!(pair.alice.sent.is_empty() && pair.bob.sent.is_empty());
}

#[test]
fn keys_that_were_used_for_many_messages_are_renewed() {
    let mut pair = Pair::private(Version::V3);
    let before = pair.alice.conversation.ssid();
    for n in 1..=REKEY_MESSAGES {
        tick(&mut pair, Who::Alice);
        assert!(pair.alice.sent.is_empty(), "renewed after {n}");
        pair.say(Who::Alice, "text");
        pair.deliver(Who::Alice);
    }

    tick(&mut pair, Who::Alice);
    pair.drive();

    assert_ne!(pair.alice.conversation.ssid(), before);
    pair.assert_alive();
}

#[test]
fn a_peer_that_does_not_answer_is_asked_for_fresh_keys_once_an_interval() {
    let mut pair = Pair::private(Version::V3);
    pair.say(Who::Alice, "text");
    pair.alice.sent.clear();

    let mut asked = 0;
    for _ in 0..4 * 60 {
        pair.wait(Duration::from_mins(1));
        tick(&mut pair, Who::Alice);
        asked += std::mem::take(&mut pair.alice.sent).len();
    }

    assert_eq!(asked, 4);
    assert!(pair.alice.conversation.is_private());
}

#[test]
fn a_conversation_in_which_nothing_is_said_ends_and_nothing_goes_out_in_clear() {
    let mut pair = Pair::private(Version::V3);
    pair.wait(IDLE_LIFETIME);

    tick(&mut pair, Who::Alice);

    assert_eq!(pair.alice.events(), [Event::IdleEnded]);
    assert_eq!(pair.alice.state(), MessageState::Finished);
    let now = pair.now;
    let alice = &mut pair.alice;
    let refused = alice.conversation.send(now, &mut alice.rng, "not for all ears");
    assert_eq!(refused, Err(SendError::Finished));
    pair.drive();
    assert_eq!(pair.bob.events(), [Event::PeerEnded]);
}

#[test]
fn lengths_of_texts_do_not_show_when_they_are_padded() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        pair.alice.conversation.set_padding(NonZeroU16::new(256));

        let mut lengths = Vec::new();
        for text in ["", "a", "a longer text", &"x".repeat(251)] {
            pair.say(Who::Alice, text);
            lengths.push(encrypted_len(&pair.alice.sent[0]));
            pair.drive();
            let heard = if text.is_empty() { Vec::new() } else { vec![(text.to_owned(), true)] };
            assert_eq!(pair.bob.heard(), heard);
        }

        assert_eq!(lengths, [256; 4]);
    }
}

#[test]
fn padding_outlives_fresh_keys() {
    let mut pair = Pair::private(Version::V3);
    pair.alice.conversation.set_padding(NonZeroU16::new(512));
    pair.start(Who::Bob);
    pair.drive();

    pair.say(Who::Alice, "text");

    assert_eq!(encrypted_len(&pair.alice.sent[0]), 512);
}

fn encrypted_len(message: &str) -> usize {
    let bytes = armor::decode(message).unwrap();
    let mut reader = Reader::new(&bytes);
    let header = Header::decode(&mut reader).unwrap();
    let Body::Data(data) = Body::decode(header.kind, reader).unwrap() else {
        panic!("no data message: {header:?}");
    };
    data.encrypted.len()
}

#[test]
fn both_have_the_same_extra_key_for_the_message_that_asks() {
    for version in VERSIONS {
        for who in [Who::Alice, Who::Bob] {
            let mut pair = Pair::private(version);
            let mut keys = Vec::new();
            for n in 0..3 {
                let now = pair.now;
                let end = pair.end(who);
                let asked = end.conversation.request_extra_key(now, &mut end.rng, n, b"file.txt");
                let (key, outputs) = asked.unwrap();
                end.take(outputs);
                pair.drive();
                let data = b"file.txt".to_vec();
                let expected = Event::ExtraKey { usage: n, data, key: key.clone() };
                assert_eq!(pair.other(who).events(), [expected]);
                keys.push(key);
                pair.assert_alive();
            }
            assert!(keys[0] != keys[1] && keys[1] != keys[2], "keys rotate");
        }
    }
}

#[test]
fn the_extra_key_needs_privacy_and_room() {
    let mut pair = Pair::new(Version::V3);
    let now = pair.now;
    let alice = &mut pair.alice;

    let early = alice.conversation.request_extra_key(now, &mut alice.rng, 1, &[]);
    let long = vec![0; MAX_EXTRA_KEY_DATA_BYTES + 1];
    let long = alice.conversation.request_extra_key(now, &mut alice.rng, 1, &long);

    assert_eq!(early, Err(SendError::NotPrivate));
    let (bytes, max) = (MAX_EXTRA_KEY_DATA_BYTES + 1, MAX_EXTRA_KEY_DATA_BYTES);
    assert_eq!(long, Err(SendError::TooLong { bytes, max }));
}

#[test]
fn a_lower_version_than_before_is_a_warning() {
    let mut pair = Pair::with_policies(Policy::default(), Policy::default());
    pair.start(Who::Alice);
    pair.drive();
    drop((pair.alice.events(), pair.bob.events()));

    // Somebody on the line takes version 3 out of the query.
    let now = pair.now;
    pair.bob.receive(now, "?OTRv2?");
    pair.drive();

    let downgraded = Event::Downgraded { from: Version::V3, to: Version::V2 };
    assert_eq!(pair.alice.events().last(), Some(&downgraded));
    assert_eq!(pair.bob.events().last(), Some(&downgraded));
}

#[test]
fn what_is_known_from_earlier_counts_and_what_the_policy_forbids_does_not() {
    for (policy, warns) in [(Policy::default(), true), (only(Version::V2), false)] {
        let mut pair = Pair::with_policies(policy, only(Version::V2));
        pair.alice.conversation.expect_version(Version::V3);

        pair.start(Who::Bob);
        pair.drive();

        let is_warning = |event: &Event| matches!(event, Event::Downgraded { .. });
        assert_eq!(pair.alice.events().iter().any(is_warning), warns);
    }
}

#[test]
fn a_text_sent_again_is_reported() {
    let mut pair = Pair::private(Version::V3);
    pair.say(Who::Alice, "lost");
    pair.alice.sent.clear();
    let now = pair.now;
    pair.alice.receive(now, "?OTR Error: unreadable");
    drop(pair.alice.events());

    pair.start(Who::Alice);
    pair.drive();

    assert_eq!(pair.alice.events().last(), Some(&Event::Resent));
    assert_eq!(pair.bob.heard(), [("[resent] lost".to_owned(), true)]);
}

#[test]
fn a_key_that_was_validated_is_validated_again_when_it_is_another() {
    let mut pair = Pair::private(Version::V3);
    let first = pair.alice.conversation.peer_fingerprint();
    pair.start(Who::Alice);
    pair.drive();
    assert_eq!(pair.alice.conversation.peer_fingerprint(), first);

    let mut other = Pair::new(Version::V3);
    std::mem::swap(&mut other.alice, &mut pair.alice);
    other.bob = crate::pair::End::new(77, only(Version::V3));
    let query = Output::Send("?OTRv3?".to_owned());
    other.bob.take(vec![query]);
    other.drive();

    assert!(other.both_private());
    assert_ne!(other.alice.conversation.peer_fingerprint(), first);
}
