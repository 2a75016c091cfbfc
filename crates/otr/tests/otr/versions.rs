//! Queries: which versions they offer, and what they do to a conversation that is private.

use std::time::Duration;

use otr::error::Ignored;
use otr::event::Event;
use otr::plaintext::Offer;
use otr::policy::Policy;
use otr::version::Version;

use crate::pair::{End, Pair, Who, only};

/// Two ends that speak both versions, in private by version 3.
fn private() -> Pair {
    let mut pair = Pair::with_policies(Policy::default(), Policy::default());
    pair.start(Who::Bob);
    pair.drive();
    assert_eq!(pair.bob.conversation.version(), Some(Version::V3));
    pair.assert_alive();
    pair
}

#[test]
fn what_a_refused_query_offered_is_known() {
    let none = Offer::default();
    let v1 = Offer { v1: true, ..none };
    let v2 = Offer { v2: true, ..none };
    let v4 = Offer { v4: true, ..none };
    for (body, offer, why) in [
        ("?OTR?", v1, Ignored::VersionOne),
        ("?OTR?v?", v1, Ignored::VersionOne),
        ("?OTRv1?", v1, Ignored::VersionOne),
        ("?OTRv?", none, Ignored::Version),
        ("?OTRv4?", v4, Ignored::Version),
        ("?OTRv2?", v2, Ignored::Version),
        ("?OTRv24?", Offer { v4: true, ..v2 }, Ignored::Version),
    ] {
        for is_private in [false, true] {
            let mut pair =
                if is_private { Pair::private(Version::V3) } else { Pair::new(Version::V3) };
            let now = pair.now;

            pair.bob.receive(now, body);

            assert_eq!(pair.bob.events(), [Event::Refused(why.clone())], "{body}");
            assert_eq!(pair.bob.conversation.refused_offer(), Some(offer), "{body}");
            assert!(pair.bob.sent.is_empty());
            pair.bob.receive(now, "words");
            assert_eq!(pair.bob.conversation.refused_offer(), None);
        }
    }
    // A query with a version that is spoken is none of these.
    let mut end = End::new(1, Policy::default());
    end.receive(Pair::new(Version::V3).now, "?OTR?v24?");
    assert_eq!((end.conversation.refused_offer(), end.sent.len()), (None, 1));
}

/// Chats about OTR are full of such sentences.
#[test]
fn a_quoted_query_does_nothing_to_a_private_conversation() {
    for text in [
        "what does ?OTRv2? mean",
        "what does ?OTR? mean",
        "and ?OTRv23?",
        "> ?OTRv2?\nis that an error",
        "\"?OTRv3?\"",
    ] {
        for is_held in [false, true] {
            let mut pair = private();
            pair.bob.conversation.set_version_held(is_held);
            let (now, ssid) = (pair.now, pair.bob.conversation.ssid());

            pair.bob.receive(now, text);

            let heard = Event::Heard { text: text.to_owned(), encrypted: false };
            assert_eq!(pair.bob.events(), [heard]);
            assert!(pair.bob.sent.is_empty());
            pair.assert_alive();
            assert_eq!(pair.bob.conversation.ssid(), ssid);
            assert_eq!(pair.alice.conversation.ssid(), ssid);
        }
    }
}

#[test]
fn a_query_of_a_program_renews_the_keys() {
    for body in ["?OTRv23?", " \n?OTRv3?", "<b>?OTRv23?</b> Ada has requested a conversation."] {
        let mut pair = private();
        pair.bob.conversation.set_version_held(true);
        let (now, ssid) = (pair.now, pair.bob.conversation.ssid());

        pair.bob.receive(now, body);
        pair.drive();

        assert!(pair.both_private());
        assert_ne!(pair.bob.conversation.ssid(), ssid);
        assert_eq!(pair.bob.conversation.version(), Some(Version::V3));
        pair.assert_alive();
    }
}

#[test]
fn a_version_that_is_held_is_not_brought_down_by_a_query() {
    for body in ["?OTRv2?", "?OTR?v2?\n<b>x</b>", "hello \t  \t\t\t\t \t \t \t    \t\t  \t "] {
        let mut pair = private();
        pair.bob.conversation.set_version_held(true);
        let now = pair.now;

        pair.bob.receive(now, body);

        assert_eq!(pair.bob.sent, ["?OTRv23?"], "{body}");
        assert!(pair.bob.refused().contains(&Ignored::OlderVersion));
        pair.drive();
        assert!(pair.both_private());
        assert_eq!(pair.bob.conversation.version(), Some(Version::V3));
        let is_warning = |event: &Event| matches!(event, Event::Downgraded { .. });
        assert!(!pair.bob.events().iter().any(is_warning));
        pair.assert_alive();
    }
}

/// The peer has taken up a program that knows nothing newer.
#[test]
fn an_older_program_is_answered_and_told_of() {
    let mut pair = private();
    pair.bob.conversation.set_version_held(true);
    let before = pair.bob.conversation.peer_fingerprint();
    pair.alice = End::new(9, only(Version::V2));

    pair.start(Who::Alice);
    pair.drive();

    assert!(pair.both_private());
    assert_eq!(pair.bob.conversation.version(), Some(Version::V2));
    assert_ne!(pair.bob.conversation.peer_fingerprint(), before);
    let downgraded = Event::Downgraded { from: Version::V3, to: Version::V2 };
    assert_eq!(pair.bob.events().last(), Some(&downgraded));
    pair.assert_alive();
}

#[test]
fn a_flood_of_older_queries_is_answered_now_and_then() {
    let mut pair = private();
    pair.bob.conversation.set_version_held(true);
    for n in 0..600 {
        let now = pair.now + Duration::from_millis(100 * n);
        pair.bob.receive(now, "?OTRv2?");
    }

    assert!((3..=6).contains(&pair.bob.sent.len()), "{:?}", pair.bob.sent.len());
    assert_eq!(pair.bob.refused(), vec![Ignored::OlderVersion; 600]);
}
