//! Limits are a value of the host's: what a conversation with the large ones takes, and what it
//! still does not.

use std::sync::Arc;
use std::time::Instant;

use otr::armor;
use otr::conversation::Conversation;
use otr::error::{Ignored, SendError};
use otr::event::Event;
use otr::identity::SigningKey;
use otr::instance::InstanceTag;
use otr::limits::Limits;
use otr::policy::Policy;
use otr::version::Version;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use crate::pair::{End, Pair, Who, only};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

/// An end with these limits.
fn end(seed: u64, policy: Policy, limits: Limits) -> End {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let key = Arc::new(SigningKey::generate(&mut rng));
    let instance = InstanceTag::random(&mut rng);
    let mut end = End::new(seed, policy);
    end.conversation = Conversation::with_limits(key, instance, policy, limits);
    end
}

fn private(version: Version, limits: Limits) -> Pair {
    let mut pair = Pair::new(version);
    pair.alice = end(1, only(version), limits);
    pair.bob = end(2, only(version), limits);
    pair.start(Who::Bob);
    pair.drive();
    assert!(pair.both_private());
    drop((pair.alice.events(), pair.bob.events()));
    pair
}

#[test]
fn the_default_is_a_bots() {
    assert_eq!(Limits::default(), Limits::BOT);
    let Limits { message_bytes, text_bytes, partials, instances } = Limits::BOT;
    assert_eq!((message_bytes, text_bytes, partials, instances), (256 * 1024, 64 * 1024, 4, 8));
}

#[test]
fn texts_of_a_megabyte_cross_whole_and_in_pieces() {
    for version in VERSIONS {
        for fragment_bytes in [None, Some(60_000), Some(1_000), Some(40)] {
            let mut pair = private(version, Limits::LARGE);
            pair.alice.conversation.set_fragment_bytes(fragment_bytes);
            let text = "é".repeat(Limits::LARGE.text_bytes / 2);

            pair.say(Who::Alice, &text);
            assert!(u16::try_from(pair.alice.sent.len()).is_ok());
            while pair.deliver(Who::Alice) {}

            let heard = pair.bob.heard();
            assert!(heard == [(text, true)], "{fragment_bytes:?}: {} texts", heard.len());
            pair.alice.conversation.set_fragment_bytes(None);
            pair.assert_alive();
        }
    }
}

#[test]
fn a_longer_text_is_refused() {
    for limits in [Limits::BOT, Limits::LARGE] {
        let mut pair = private(Version::V3, limits);
        let max = limits.text_bytes;
        let (now, End { conversation, rng, .. }) = (pair.now, &mut pair.alice);

        let refused = conversation.send(now, rng, &"x".repeat(max + 1));

        assert_eq!(refused, Err(SendError::TooLong { bytes: max + 1, max }));
    }
}

/// Also where the host has longer texts padded, and MAC keys wait to be revealed.
#[test]
fn the_longest_text_is_read_however_it_is_sent() {
    for limits in [Limits::BOT, Limits::LARGE] {
        let mut pair = private(Version::V3, limits);
        pair.alice.conversation.set_padding(core::num::NonZeroU16::new(u16::MAX));
        for _ in 0..20 {
            pair.assert_alive();
        }

        pair.say(Who::Alice, &"x".repeat(limits.text_bytes));
        let longest = pair.alice.sent.iter().map(String::len).max().unwrap_or_default();
        pair.drive();

        assert!(longest <= limits.message_bytes, "{longest}");
        assert_eq!(pair.bob.heard().len(), 1);
    }
}

#[test]
fn a_message_past_the_limit_is_not_looked_at() {
    let now = Instant::now();
    for limits in [Limits::BOT, Limits::LARGE] {
        let mut end = end(1, only(Version::V3), limits);
        let fits = "x".repeat(limits.message_bytes);
        end.receive(now, &fits);
        assert_eq!(end.heard().len(), 1);

        end.receive(now, &(fits + "x"));
        end.receive(now, &format!("?OTRv3?{}", "x".repeat(limits.message_bytes)));

        assert_eq!(end.refused(), [Ignored::TooLong, Ignored::TooLong]);
        assert!(end.sent.is_empty());
    }
}

#[test]
fn pieces_past_the_limit_are_dropped() {
    let now = Instant::now();
    for limits in [Limits::BOT, Limits::LARGE] {
        let mut end = end(1, only(Version::V3), limits);
        let piece = "A".repeat(10_000);
        let mut n_taken = 0;
        for k in 1..=u16::MAX {
            let piece = if k == 1 { format!("?OTR:{piece}") } else { piece.clone() };
            end.receive(now, &format!("?OTR|00000100|00000000,{k},65535,{piece},"));
            if end.refused().contains(&Ignored::TooLong) {
                break;
            }
            n_taken += 1;
        }

        assert_eq!(n_taken, limits.message_bytes / 10_000);
    }
}

/// Gateways break long lines, in whole messages and in pieces.
#[test]
fn messages_with_line_breaks_are_read() {
    let broken = |body: &str| {
        let lines = body.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap());
        lines.collect::<Vec<_>>().join("\r\n")
    };
    for version in VERSIONS {
        let mut pair = Pair::new(version);
        let now = pair.now;
        pair.start(Who::Alice);
        for _ in 0..10 {
            while let Some(body) = pair.alice.sent.pop_front() {
                pair.bob.receive(now, &broken(&body));
            }
            while let Some(body) = pair.bob.sent.pop_front() {
                pair.alice.receive(now, &broken(&body));
            }
        }
        assert!(pair.both_private());

        pair.alice.conversation.set_fragment_bytes(Some(300));
        pair.say(Who::Alice, &"in pieces and lines ".repeat(30));
        assert!(pair.alice.sent.len() > 2);
        let tag_bytes = if version == Version::V3 { 36 } else { 18 };
        while let Some(body) = pair.alice.sent.pop_front() {
            let (header, piece) = body.split_at(tag_bytes);
            pair.bob.receive(now, &format!("{header}{}", broken(piece)));
        }
        assert!(pair.bob.heard().iter().any(|(text, _)| text.starts_with("in pieces and lines ")));
        pair.alice.conversation.set_fragment_bytes(None);
        pair.assert_alive();
    }
}

#[test]
fn blanks_are_all_that_is_passed_over() {
    let mut pair = Pair::private(Version::V3);
    pair.say(Who::Alice, "hello");
    let body = pair.alice.sent.pop_front().unwrap();
    let now = pair.now;
    for bad in ["=", "-", "\u{a0}", "\0", "?", "\u{200b}"] {
        let (start, end) = body.split_at(40);
        pair.bob.receive(now, &format!("{start}{bad}{end}"));
        let malformed = Ignored::Malformed(otr::error::WireError::Armor);
        assert_eq!(pair.bob.events(), [Event::Refused(malformed)], "{bad:?}");
    }
    assert!(armor::decode(&body).is_ok());
    pair.bob.receive(now, &body);
    assert_eq!(pair.bob.heard(), [("hello".to_owned(), true)]);
}
