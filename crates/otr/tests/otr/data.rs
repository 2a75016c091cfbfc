//! The private conversation: rotation, replay, forgery, ending, heartbeats, several clients.

use std::time::Duration;

use otr::armor;
use otr::conversation::MessageState;
use otr::error::{Ignored, SendError};
use otr::event::Event;
use otr::limits::MAX_TEXT_BYTES;
use otr::message::{Body, Data, Header};
use otr::version::Version;
use otr::wire::Reader;

use crate::exchange::changed;
use crate::pair::{End, Pair, Who, only};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

/// The data message in a body.
fn data(body: &str) -> Data {
    let bytes = armor::decode(body).unwrap();
    let mut reader = Reader::new(&bytes);
    let header = Header::decode(&mut reader).unwrap();
    match Body::decode(header.kind, reader).unwrap() {
        Body::Data(data) => data,
        other @ (Body::DhCommit(_)
        | Body::DhKey(_)
        | Body::RevealSignature(_)
        | Body::Signature(_)) => panic!("no data message: {other:?}"),
    }
}

#[test]
fn texts_arrive_in_any_pattern_of_turns() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        for n in 0_u32..60 {
            // A pattern with runs of every length.
            let who = if (n * n / 7) % 3 == 0 { Who::Alice } else { Who::Bob };
            let text = format!("text {n} żółć");
            pair.say(who, &text);
            if n % 4 != 0 {
                pair.drive();
            }
        }
        pair.drive();

        let mut heard = pair.alice.heard();
        heard.extend(pair.bob.heard());
        assert_eq!(heard.len(), 60, "{version:?}");
        assert!(heard.iter().all(|(_, encrypted)| *encrypted));
    }
}

#[test]
fn keys_rotate_and_used_mac_keys_are_revealed_once() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let mut revealed: Vec<Vec<u8>> = Vec::new();
        let mut last_id = 0;
        for n in 0..20 {
            let who = if n % 2 == 0 { Who::Alice } else { Who::Bob };
            pair.say(who, "text");
            let message = data(pair.end(who).sent.front().unwrap());
            revealed.extend(message.revealed.chunks(20).map(<[u8]>::to_vec));
            if who == Who::Alice {
                assert!(message.sender_key_id >= last_id);
                last_id = message.sender_key_id;
            }
            pair.drive();
        }

        assert!(last_id >= 9, "no rotation: {last_id}");
        assert!(revealed.len() >= 16, "{} keys revealed", revealed.len());
        assert!(revealed.iter().all(|key| key.len() == 20));
        let n = revealed.len();
        revealed.sort();
        revealed.dedup();
        assert_eq!(revealed.len(), n, "a key was revealed twice");
    }
}

#[test]
fn a_revealed_mac_key_verifies_what_it_was_used_for() {
    let mut pair = Pair::private(Version::V3);
    pair.say(Who::Alice, "the first");
    let first = pair.alice.sent.front().cloned().unwrap();
    pair.drive();
    pair.say(Who::Bob, "the second");
    pair.drive();
    pair.say(Who::Alice, "the third");
    pair.drive();
    pair.say(Who::Bob, "the fourth");

    let revealed = data(pair.bob.sent.front().unwrap()).revealed;

    let bytes = armor::decode(&first).unwrap();
    let mut reader = Reader::new(&bytes);
    let address = Header::decode(&mut reader).unwrap().address;
    let message = data(&first);
    let mac = hmac_sha1(&revealed, &message.authenticated(address));
    assert_eq!(mac, message.mac);
}

fn hmac_sha1(key: &[u8], bytes: &[u8]) -> [u8; 20] {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    Hmac::<sha1::Sha1>::new_from_slice(key)
        .unwrap()
        .chain_update(bytes)
        .finalize()
        .into_bytes()
        .into()
}

#[test]
fn a_message_is_heard_once() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        let mut all = Vec::new();
        for n in 0..12 {
            let who = if n % 3 == 0 { Who::Alice } else { Who::Bob };
            pair.say(who, "text");
            all.push((who, pair.end(who).sent.front().cloned().unwrap()));
            pair.drive();
        }
        drop((pair.alice.events(), pair.bob.events()));

        for (who, body) in &all {
            pair.other(*who).receive(now, body);
        }

        assert!(pair.alice.heard().is_empty() && pair.bob.heard().is_empty());
        pair.alice.sent.clear();
        pair.bob.sent.clear();
        pair.assert_alive();
    }
}

#[test]
fn lost_messages_do_not_matter() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        for n in 0_u32..40 {
            let who = if n % 2 == 0 { Who::Alice } else { Who::Bob };
            pair.say(who, "text");
            if n % 3 == 0 {
                pair.end(who).sent.clear();
            }
            pair.drive();
        }
        assert!(pair.alice.refused().is_empty() && pair.bob.refused().is_empty());
        pair.assert_alive();
    }
}

#[test]
fn reordered_messages_are_lost_but_the_conversation_lives() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        for _ in 0..5 {
            pair.say(Who::Alice, "one");
            pair.say(Who::Alice, "two");
            pair.alice.sent.swap(0, 1);
            pair.drive();
            assert_eq!(pair.bob.heard(), [("two".to_owned(), true)]);
            pair.assert_alive();
        }
    }
}

#[test]
fn forged_messages_change_nothing() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        pair.say(Who::Alice, "genuine");
        let body = pair.alice.sent.front().cloned().unwrap();

        for ix in 5..body.len() - 32 {
            pair.bob.receive(now, &changed(&body, ix));
        }
        assert!(pair.bob.heard().is_empty());
        pair.bob.sent.clear();
        pair.drive();

        assert_eq!(pair.bob.heard(), [("genuine".to_owned(), true)]);
        pair.assert_alive();
    }
}

#[test]
fn what_cannot_be_read_is_answered_by_few_errors() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let now = pair.now;
        pair.say(Who::Alice, "text");
        let body = pair.alice.sent.pop_front().unwrap();
        let ix = body.len() - 60;
        for _ in 0..1000 {
            pair.bob.receive(now, &changed(&body, ix));
        }

        assert!((1..=5).contains(&pair.bob.sent.len()));
        assert!(pair.bob.sent.iter().all(|body| body.starts_with("?OTR Error: ")));
        pair.drive();
        assert!(pair.alice.events().iter().any(|event| matches!(event, Event::PeerError(_))));
        pair.assert_alive();
    }
}

#[test]
fn encrypted_messages_out_of_the_blue_are_answered_by_an_error() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        pair.hang_up(Who::Bob);
        pair.bob.sent.clear();
        drop(pair.bob.events());
        pair.say(Who::Alice, "text");

        pair.deliver(Who::Alice);

        assert_eq!(pair.bob.refused(), [Ignored::NotPrivate]);
        assert_eq!(pair.bob.sent.len(), 1);
        pair.drive();
        assert_eq!(pair.bob.state(), MessageState::Plaintext);
    }
}

#[test]
fn a_message_that_may_be_ignored_is_ignored() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        pair.say(Who::Alice, "");
        let body = pair.alice.sent.pop_front().unwrap();
        assert!(data(&body).is_ignorable());
        let now = pair.now;

        pair.bob.receive(now, &changed(&body, body.len() - 60));

        assert_eq!(pair.bob.refused(), [Ignored::BadMac]);
        assert!(pair.bob.sent.is_empty());
    }
}

#[test]
fn either_may_end_and_begin_again() {
    for version in VERSIONS {
        for who in [Who::Alice, Who::Bob] {
            let mut pair = Pair::private(version);

            pair.hang_up(who);
            pair.drive();

            assert_eq!(pair.end(who).events(), [Event::GoneInsecure]);
            assert_eq!(pair.end(who).state(), MessageState::Plaintext);
            assert_eq!(pair.other(who).events(), [Event::PeerEnded]);
            assert_eq!(pair.other(who).state(), MessageState::Finished);
            let now = pair.now;
            let other = pair.other(who);
            let refused = other.conversation.send(now, &mut other.rng, "not in the clear");
            assert_eq!(refused, Err(SendError::Finished));

            pair.start(who);
            pair.drive();

            assert!(pair.both_private());
            pair.assert_alive();
        }
    }
}

#[test]
fn after_the_peer_has_ended_we_end_too_and_speak_in_the_clear() {
    let mut pair = Pair::private(Version::V3);
    pair.hang_up(Who::Alice);
    pair.drive();

    pair.hang_up(Who::Bob);
    pair.say(Who::Bob, "in the clear");
    pair.drive();

    assert_eq!(pair.bob.state(), MessageState::Plaintext);
    assert!(pair.alice.heard().contains(&("in the clear".to_owned(), false)));
}

#[test]
fn plaintext_in_a_private_conversation_is_marked() {
    let mut pair = Pair::private(Version::V3);
    let now = pair.now;

    pair.alice.receive(now, "not encrypted");

    assert_eq!(pair.alice.heard(), [("not encrypted".to_owned(), false)]);
    assert!(pair.both_private());
}

#[test]
fn who_only_listens_sends_a_heartbeat_now_and_then() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        let mut n_heartbeats = 0;
        for _ in 0..30 {
            pair.wait(Duration::from_secs(10));
            pair.say(Who::Alice, "text");
            pair.deliver(Who::Alice);
            n_heartbeats += pair.bob.sent.len();
            pair.drive();
        }

        assert_eq!(n_heartbeats, 5);
        let heard = pair.alice.events();
        assert_eq!(heard, vec![Event::Heartbeat; 5]);
    }
}

#[test]
fn a_text_that_is_too_long_is_the_callers_to_split() {
    let mut pair = Pair::private(Version::V3);
    let now = pair.now;
    let text = "x".repeat(MAX_TEXT_BYTES);
    pair.say(Who::Alice, &text);
    pair.drive();
    assert_eq!(pair.bob.heard(), [(text.clone(), true)]);

    let alice = &mut pair.alice;
    let refused = alice.conversation.send(now, &mut alice.rng, &(text + "x"));

    assert_eq!(refused, Err(SendError::TooLong { bytes: MAX_TEXT_BYTES + 1, max: MAX_TEXT_BYTES }));
}

#[test]
fn several_clients_of_the_peer_are_told_apart() {
    let version = Version::V3;
    let mut pair = Pair::private(version);
    let now = pair.now;
    // A second client of Bob's account, with a key of its own.
    let mut second = End::new(77, only(version));
    pair.start(Who::Alice);
    let query = pair.alice.sent.pop_front().unwrap();
    second.receive(now, &query);
    let mut n = 0;
    while let Some(body) = second.sent.pop_front() {
        pair.alice.receive(now, &body);
        while let Some(reply) = pair.alice.sent.pop_front() {
            // Both of Bob's clients see everything.
            pair.bob.receive(now, &reply);
            second.receive(now, &reply);
        }
        n += 1;
        assert!(n < 10);
    }

    let fingerprint = second.fingerprint();
    assert_eq!(pair.alice.events(), [Event::GoneSecure { version, fingerprint }]);
    assert_eq!(pair.alice.conversation.peer_fingerprint(), Some(fingerprint));
    assert!(pair.bob.refused().iter().all(|why| *why == Ignored::OtherInstance));

    // The first is heard again, and that is told, for its key is another.
    pair.say(Who::Bob, "still here");
    pair.deliver(Who::Bob);
    let fingerprint = pair.bob.fingerprint();
    let expected = [
        Event::GoneSecure { version, fingerprint },
        Event::Heard { text: "still here".into(), encrypted: true },
    ];
    assert_eq!(pair.alice.events(), expected);
    pair.assert_alive();
}

#[test]
fn a_flood_of_clients_does_not_cost_the_conversation() {
    let version = Version::V3;
    let mut pair = Pair::private(version);
    let now = pair.now;
    for seed in 1000..1060 {
        let mut stranger = End::new(seed, only(version));
        stranger.receive(now, "?OTRv3?");
        let commit = stranger.sent.pop_front().unwrap();
        pair.alice.receive(now, &commit);
    }
    pair.alice.sent.clear();

    assert!(pair.both_private());
    pair.assert_alive();
}
