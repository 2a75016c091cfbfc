//! What anyone who can write to the account may bring about, and how little that is.

use std::time::{Duration, Instant};

use otr::armor;
use otr::error::Ignored;
use otr::event::Event;
use otr::limits::{
    AKE_RATE, ERROR_RATE, MAX_INSTANCES, MAX_MESSAGE_BYTES, MAX_PARTIALS, MAX_TO_REVEAL,
    PARTIAL_LIFETIME, QUERY_RATE,
};
use otr::policy::Policy;
use otr::version::Version;

use super::{VERSIONS, end};
use crate::hand::{Hand, data_message};
use crate::pair::{End, Pair, Who, only};

fn burst((burst, _): (u32, Duration)) -> usize {
    usize::try_from(burst).unwrap()
}

/// Two copies of libotr kept each other busy with errors and queries for as long as they lived. Here
/// the line spoils every data message, and both answer errors by queries.
#[test]
fn errors_and_queries_do_not_answer_each_other_for_ever() {
    for version in VERSIONS {
        let policy = Policy { error_start_ake: true, ..only(version) };
        let mut pair = Pair::with_policies(policy, policy);
        let now = pair.now;
        pair.start(Who::Bob);
        pair.drive();
        pair.say(Who::Alice, "text");

        let mut n = 0;
        loop {
            let mut is_quiet = true;
            for who in [Who::Alice, Who::Bob] {
                let Some(body) = pair.end(who).sent.pop_front() else { continue };
                is_quiet = false;
                n += 1;
                assert!(n < 300, "no end of it");
                let is_data = body.starts_with("?OTR:AAID") || body.starts_with("?OTR:AAMD");
                let body = if is_data { spoiled(&body) } else { body };
                pair.other(who).receive(now, &body);
            }
            if is_quiet {
                break;
            }
        }

        assert!(n > 3, "{n}");
        pair.alice.events();
        pair.start(Who::Alice);
        pair.wait(Duration::from_mins(5));
        pair.drive();
        assert!(pair.both_private());
    }
}

/// A data message with a wrong MAC.
fn spoiled(body: &str) -> String {
    let mut bytes = armor::decode(body).unwrap();
    let at = bytes.len() - 10;
    bytes[at] ^= 1;
    armor::encode(&bytes)
}

#[test]
fn an_error_is_not_answered_by_an_error() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = End::new(1, Policy { error_start_ake: true, ..only(version) });
        for _ in 0..1000 {
            end.receive(now, "?OTR Error: ?OTR Error: what?");
        }

        assert_eq!(end.sent.len(), burst(QUERY_RATE));
        assert!(end.sent.iter().all(|body| body.starts_with("?OTRv")));
    }
}

/// All kinds of messages that call for an answer, ten thousand of them at once.
#[test]
fn what_is_sent_in_answer_to_anyone_is_bounded() {
    for version in VERSIONS {
        let policy = Policy { error_start_ake: true, whitespace_start_ake: true, ..only(version) };
        let mut pair = Pair::with_policies(policy, policy);
        let now = pair.now;
        pair.start(Who::Bob);
        pair.drive();
        pair.say(Who::Bob, "text");
        let forged = spoiled(&pair.bob.sent.pop_back().unwrap());
        let cut = armor::encode(&armor::decode(&forged).unwrap()[..40]);
        let tag = " \t  \t\t\t\t \t \t \t    \t\t  \t   \t\t  \t\t";
        let query = format!("?OTRv{version}?");

        let bodies = [&*forged, &cut, &query, tag, "?OTR Error: no"];
        for body in bodies.into_iter().cycle().take(10_000) {
            pair.alice.receive(now, body);
        }

        let most = burst(AKE_RATE) + burst(QUERY_RATE) + burst(ERROR_RATE);
        assert!((3..=most).contains(&pair.alice.sent.len()), "{}", pair.alice.sent.len());
        assert!(pair.alice.conversation.is_private());
        // And a minute later there is an answer again.
        pair.alice.sent.clear();
        pair.wait(Duration::from_mins(1));
        let now = pair.now;
        pair.alice.receive(now, &query);
        assert_eq!(pair.alice.sent.len(), 1);
    }
}

/// The pieces of `n` clients, all but the last piece of each, and then the last ones. Gives how many
/// messages were put together.
fn put_together(n: u32, wait: Duration) -> usize {
    let mut now = Instant::now();
    let mut end = end(Version::V3);
    // Put together this is not malformed, but of a version that is not allowed.
    let message = armor::encode(&[0, 4, 2, 0, 0, 0, 0, 0]);
    let (first, last) = message.split_at(8);
    for tag in 0x1000..0x1000 + n {
        end.receive(now, &format!("?OTR|{tag:08x}|00000000,00001,00002,{first},"));
    }
    assert!(end.events().is_empty());
    now += wait;
    for tag in (0x1000..0x1000 + n).rev() {
        end.receive(now, &format!("?OTR|{tag:08x}|00000000,00002,00002,{last},"));
    }
    end.refused().into_iter().filter(|why| *why != Ignored::Fragment).count()
}

/// otr3 held 300 MB for 65 MB of pieces.
#[test]
fn a_flood_of_fragments_is_forgotten() {
    assert_eq!(put_together(3, Duration::ZERO), 3);
    assert_eq!(put_together(500, Duration::ZERO), MAX_PARTIALS);
    assert_eq!(put_together(3, PARTIAL_LIFETIME), 0);
}

#[test]
fn pieces_that_make_too_long_a_message_are_dropped() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let tags = if version == Version::V2 { "" } else { "|00000100|00000000" };
        let piece = "A".repeat(1000);
        let mut n_taken = 0;
        for k in 1..=u16::MAX {
            let piece = if k == 1 { format!("?OTR:{piece}") } else { piece.clone() };
            end.receive(now, &format!("?OTR{tags},{k},65535,{piece},"));
            if !end.refused().is_empty() {
                break;
            }
            n_taken += 1;
        }

        assert!((200..=MAX_MESSAGE_BYTES / 1000).contains(&n_taken), "{n_taken}");
    }
}

/// Pieces of somebody else do not cost the message that is being put together.
#[test]
fn a_flood_of_fragments_does_not_cost_a_message_of_the_one_we_talk_to() {
    let mut pair = Pair::private(Version::V3);
    let now = pair.now;
    pair.alice.conversation.set_fragment_bytes(Some(120));
    pair.say(Who::Alice, "in pieces");
    assert!(pair.alice.sent.len() > 1);

    while pair.deliver(Who::Alice) {
        for tag in 0x1000..0x1020 {
            pair.bob.receive(now, &format!("?OTR|{tag:08x}|00000000,00001,00002,?OTR:AAMC,"));
        }
    }

    assert_eq!(pair.bob.heard(), [("in pieces".to_owned(), true)]);
}

/// libotr keeps 2.4 kB for each forged tag, for ever.
#[test]
fn clients_of_the_peer_are_bounded_and_those_in_private_stay() {
    let now = Instant::now();
    let mut end = end(Version::V3);
    let n = MAX_INSTANCES;
    let seeds = 100..100 + u64::try_from(n).unwrap();
    let mut hands: Vec<_> =
        seeds.map(|seed| Hand::private(seed, Version::V3, &mut end, now)).collect();

    // Neither a stranger nor a thousand of them have room now.
    for seed in 500..600 {
        let mut stranger = Hand::new(seed, Version::V3);
        end.receive(now, &stranger.commit());
    }

    assert_eq!(end.refused(), vec![Ignored::TooManyInstances; 100]);
    assert!(end.sent.is_empty());
    for hand in &mut hands {
        hand.assert_alive(&mut end, now);
    }
}

/// Commitments of strangers push out each other, and not the exchange that is going on with the one
/// that we are private with.
#[test]
fn strangers_push_out_each_other() {
    let now = Instant::now();
    let mut end = end(Version::V3);
    let mut hand = Hand::private(5, Version::V3, &mut end, now);
    let mut strangers: Vec<_> = (100..140).map(|seed| Hand::new(seed, Version::V3)).collect();
    let keys: Vec<_> = strangers
        .iter_mut()
        .map(|stranger| {
            end.receive(now, &stranger.commit());
            end.sent.pop_back().unwrap()
        })
        .collect();

    let mut n_private = 0;
    for (stranger, key) in strangers.iter_mut().zip(&keys) {
        drop(end.events());
        end.receive(now, &stranger.reveal(key));
        let events = end.events();
        n_private +=
            usize::from(events.iter().any(|event| matches!(event, Event::GoneSecure { .. })));
    }

    assert_eq!(n_private, MAX_INSTANCES - 1);
    hand.assert_alive(&mut end, now);
}

/// A peer that takes a new key for each message while we are silent: there is a MAC key to reveal
/// for each, and as many are kept as fit the bound.
#[test]
fn the_list_of_mac_keys_to_reveal_is_bounded() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let mut hand = Hand::private(5, version, &mut end, now);
        let n = MAX_TO_REVEAL + 40;

        for body in hand.rotate_alone(n) {
            end.receive(now, &body);
        }
        assert_eq!(end.heard().len(), n);
        let outputs = end.conversation.send(now, &mut end.rng, "at last").unwrap();
        end.take(outputs);

        let (_, data) = data_message(&end.sent.pop_back().unwrap());
        assert_eq!(data.revealed.len(), MAX_TO_REVEAL * 20);
    }
}

/// A key exchange that strangers began, and never end, is forgotten.
#[test]
fn an_exchange_that_is_not_ended_is_forgotten() {
    for version in VERSIONS {
        let mut now = Instant::now();
        let mut end = end(version);
        let mut hand = Hand::new(5, version);
        end.receive(now, &hand.commit());
        let key = end.sent.pop_back().unwrap();
        let reveal = hand.reveal(&key);

        now += otr::limits::AKE_LIFETIME;
        end.receive(now, &reveal);

        assert_eq!(end.refused(), [Ignored::OutOfTurn]);
        assert!(!end.conversation.is_private());
    }
}

/// The tokens are of the conversation, not of a copy.
#[test]
fn waiting_gives_answers_back_one_by_one() {
    let mut end = End::new(1, Policy { error_start_ake: true, ..only(Version::V3) });
    let mut now = Instant::now();
    let answers = |end: &mut End, now| {
        for _ in 0..10 {
            end.receive(now, "?OTR Error: no");
        }
        std::mem::take(&mut end.sent).len()
    };

    assert_eq!(answers(&mut end, now), burst(QUERY_RATE));
    for _ in 0..3 {
        now += QUERY_RATE.1;
        assert_eq!(answers(&mut end, now), 1);
    }
}
