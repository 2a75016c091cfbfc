//! Encoded messages in pieces.

use otr::event::Event;
use otr::version::Version;

use crate::pair::{Pair, Who};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

#[test]
fn everything_works_in_small_pieces() {
    for version in VERSIONS {
        for fragment_bytes in [0, 40, 64, 100, 255, 1000] {
            let mut pair = Pair::new(version);
            pair.alice.conversation.set_fragment_bytes(Some(fragment_bytes));
            pair.bob.conversation.set_fragment_bytes(Some(fragment_bytes));

            pair.start(Who::Alice);
            pair.drive();

            assert!(pair.both_private(), "{version:?} in pieces of {fragment_bytes}");
            pair.assert_alive();
        }
    }
}

#[test]
fn pieces_keep_to_the_limit() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        pair.alice.conversation.set_fragment_bytes(Some(120));

        pair.say(Who::Alice, "a text");

        assert!(pair.alice.sent.len() > 3);
        assert!(pair.alice.sent.iter().all(|body| body.len() <= 120));
    }
}

#[test]
fn a_lost_piece_loses_one_message() {
    for version in VERSIONS {
        let mut pair = Pair::private(version);
        pair.alice.conversation.set_fragment_bytes(Some(150));
        pair.say(Who::Alice, "lost");
        pair.alice.sent.remove(1);
        pair.say(Who::Alice, "heard");

        pair.drive();

        assert_eq!(pair.bob.heard(), [("heard".to_owned(), true)]);
        pair.assert_alive();
    }
}

#[test]
fn pieces_for_another_client_are_not_put_together() {
    let mut pair = Pair::private(Version::V3);
    let now = pair.now;

    pair.bob.receive(now, "?OTR|00000100|00000101,00001,00002,?OTR:AAMD,");

    assert!(matches!(pair.bob.events()[..], [Event::Refused(_)]));
    pair.assert_alive();
}
