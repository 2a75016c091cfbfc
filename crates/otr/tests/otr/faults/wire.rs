//! Bytes and texts that cannot be read.

use std::time::Instant;

use otr::armor;
use otr::error::{Ignored, WireError};
use otr::event::Event;
use otr::limits::{MAX_MESSAGE_BYTES, MAX_TEXT_BYTES};
use otr::message::Body;
use otr::policy::Policy;
use otr::version::Version;

use super::{VERSIONS, end};
use crate::hand::decoded;
use crate::pair::{End, Pair, Who};

/// libotr before 3.2.1 took `===` for a negative number of bytes.
#[test]
fn an_encoding_of_nothing_is_malformed() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let bodies = ["?OTR:===.", "?OTR:=.", "?OTR:.", "?OTR:A.", "?OTR:AA=A.", "?OTR:\u{fffd}."];
        for body in bodies {
            end.receive(now, body);
        }

        assert_eq!(end.refused(), vec![Ignored::Malformed(WireError::Armor); 6]);
        assert!(end.sent.is_empty());
    }
}

/// libotr before 4.1.1 counted the bytes of a message in 32 bits.
#[test]
fn a_message_past_the_limit_is_not_looked_at() {
    let now = Instant::now();
    let mut end = end(Version::V3);
    let fits = "x".repeat(MAX_MESSAGE_BYTES);
    end.receive(now, &fits);
    assert_eq!(end.heard(), [(fits.clone(), false)]);

    end.receive(now, &(fits + "x"));
    end.receive(now, &format!("?OTRv3?{}", "x".repeat(MAX_MESSAGE_BYTES)));

    assert_eq!(end.refused(), [Ignored::TooLong, Ignored::TooLong]);
    assert!(end.sent.is_empty());
}

/// All messages of an exchange and a text, each as it is about to arrive.
fn each_message(version: Version, mut with: impl FnMut(&mut Pair, Who, &str)) {
    let mut pair = Pair::new(version);
    pair.start(Who::Bob);
    pair.deliver(Who::Bob);
    let mut who = Who::Alice;
    for n in 0..5 {
        if n == 4 {
            pair.say(who, "text");
        }
        let body = pair.end(who).sent.front().cloned().unwrap();
        with(&mut pair, who, &body);
        assert!(pair.deliver(who));
        who = if who == Who::Alice { Who::Bob } else { Who::Alice };
    }
    assert!(pair.both_private());
    pair.alice.sent.clear();
    pair.bob.sent.clear();
    pair.assert_alive();
}

/// otr3 died of a data message that ended within its MAC, otr.js of many others.
#[test]
fn a_message_that_is_cut_anywhere_is_refused() {
    for version in VERSIONS {
        let mut n_cut = 0;
        each_message(version, |pair, who, body| {
            let now = pair.now;
            let bytes = armor::decode(body).unwrap();
            let other = pair.other(who);
            for len in 1..bytes.len() {
                other.receive(now, &armor::encode(&bytes[..len]));
                assert_eq!(other.refused().len(), 1, "{len} of {} bytes", bytes.len());
                n_cut += 1;
            }
            let mut longer = bytes;
            longer.push(0);
            other.receive(now, &armor::encode(&longer));
            assert_eq!(other.refused().len(), 1);
            let is_error = |body: &String| body.starts_with("?OTR Error: ");
            assert!(other.sent.iter().all(is_error), "{:?}", other.sent);
            other.sent.clear();
        });
        assert!(n_cut > 1000);
    }
}

/// Where the lengths are, in bytes from the end of the header.
fn lengths(body: &Body) -> Vec<usize> {
    match body {
        Body::DhCommit(message) => vec![0, 4 + message.encrypted_gx.len()],
        Body::DhKey(_) | Body::Signature(_) => vec![0],
        Body::RevealSignature(_) => vec![0, 4 + 16],
        Body::Data(message) => {
            let encrypted = 1 + 4 + 4 + 4 + message.next_dh.len() + 8;
            vec![9, encrypted, encrypted + 4 + message.encrypted.len() + 20]
        }
    }
}

/// Nothing is allocated for a length, and nothing changes.
#[test]
fn lengths_past_the_end_are_refused_in_every_message() {
    for version in VERSIONS {
        each_message(version, |pair, who, body| {
            let now = pair.now;
            let bytes = armor::decode(body).unwrap();
            let other = pair.other(who);
            let header = if version == Version::V2 { 3 } else { 11 };
            let lengths = lengths(&decoded(body).1);
            for at in &lengths {
                for length in [u32::MAX, 0x8000_0000, 0x7fff_ffff, 0x0001_0000] {
                    let mut changed = bytes.clone();
                    changed[header + at..header + at + 4].copy_from_slice(&length.to_be_bytes());
                    other.receive(now, &armor::encode(&changed));
                }
            }
            let refused = other.refused();
            assert_eq!(refused.len(), 4 * lengths.len());
            let is_short =
                |why: &Ignored| matches!(why, Ignored::Malformed(WireError::Short { .. }));
            assert!(refused.iter().all(is_short), "{refused:?}");
            other.sent.clear();
        });
    }
}

/// otrr died of them.
#[test]
fn malformed_queries_are_text() {
    let now = Instant::now();
    let mut end = End::new(1, Policy::default());
    let texts =
        ["?OTRv", "?OTRv2", "?OTR", "?OTRx?", "?OTRv\u{fe0f}", "?OTR\u{301}v2?", "?OTRv 2?"];
    for text in texts {
        end.receive(now, text);
    }

    assert_eq!(end.heard(), texts.map(|text| (text.to_owned(), false)));
    assert!(end.sent.is_empty());
}

/// otrr died of a number of more than 65,535.
#[test]
fn numbers_of_fragments_out_of_range_are_refused() {
    let now = Instant::now();
    for version in VERSIONS {
        let mut end = end(version);
        let tags = if version == Version::V2 { "" } else { "|00000100|00000000" };
        for (k, n) in [
            ("0", "1"),
            ("1", "0"),
            ("2", "1"),
            ("1", "65536"),
            ("65536", "65536"),
            ("1", "99999999999"),
            ("-1", "1"),
            ("1", "+2"),
            ("", ""),
            ("\u{0661}", "2"),
        ] {
            end.receive(now, &format!("?OTR{tags},{k},{n},?OTR:AAMC,"));
        }

        assert_eq!(end.refused(), vec![Ignored::Fragment; 10]);
    }
}

/// An error within other text would let a quotation, or a line that somebody was made to send,
/// start an exchange.
#[test]
fn an_error_within_other_text_is_text() {
    let now = Instant::now();
    let mut end = End::new(1, Policy::default());
    let text = "they told me ?OTR Error: try again";

    end.receive(now, text);

    assert_eq!(end.events(), [Event::Heard { text: text.into(), encrypted: false }]);
    assert!(end.sent.is_empty());
}

/// otr3 dies of texts that need more than 65,535 pieces, or more than 64 kB in one.
#[test]
fn the_longest_text_goes_in_pieces_of_any_size() {
    for version in VERSIONS {
        for fragment_bytes in [0, 39, 60, 1_000, 50_000, 70_000, usize::MAX] {
            let mut pair = Pair::private(version);
            pair.alice.conversation.set_fragment_bytes(Some(fragment_bytes));
            let text = "x".repeat(MAX_TEXT_BYTES);

            pair.say(Who::Alice, &text);
            assert!(u16::try_from(pair.alice.sent.len()).is_ok());
            while pair.deliver(Who::Alice) {}

            let heard = pair.bob.heard();
            assert!(heard == [(text, true)], "{fragment_bytes}: {} texts", heard.len());
        }
    }
}
