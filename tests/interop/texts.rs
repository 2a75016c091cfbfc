//! What is said in private, in one piece and in many.

use otrbot::otr::event::{Event, Output};
use otrbot::otr::policy::Policy;
use otrbot::otr::version::Version;
use serde_json::json;

use crate::in_both_versions;
use crate::pair::{Pair, hex, only};

in_both_versions! {
    words_of_all_kinds_arrive
    long_texts_arrive
    keys_rotate_in_any_rhythm
    we_send_in_pieces
    they_send_in_pieces
    both_send_in_tiny_pieces
    plaintext_in_private_is_flagged
    what_comes_twice_is_heard_once
    damage_to_their_message_harms_no_more_than_that
    damage_to_our_message_harms_no_more_than_that
    errors_that_start_exchanges_come_to_an_end
    they_offer_the_extra_key
}

fn words_of_all_kinds_arrive(version: Version) {
    let mut pair = Pair::private(version);

    for text in ["a", "Grüße, 世界, 🦀", "<b>&amp;</b>", "line\nline\ttab", "\u{7f}\u{1}"] {
        pair.assert_they_hear(text);
        pair.assert_we_hear(text);
    }
}

fn long_texts_arrive(version: Version) {
    let mut pair = Pair::private(version);

    for len in [1_000, 20_000] {
        let text = "é".repeat(len);
        pair.assert_they_hear(&text);
        pair.assert_we_hear(&text);
    }
}

fn keys_rotate_in_any_rhythm(version: Version) {
    let mut pair = Pair::private(version);

    for run in [1, 1, 3, 1, 4, 2, 5] {
        for ix in 0..run {
            pair.assert_they_hear(&format!("ours {run} {ix}"));
        }
        for ix in 0..run % 3 {
            pair.assert_we_hear(&format!("theirs {run} {ix}"));
        }
    }
}

fn we_send_in_pieces(version: Version) {
    let mut pair = Pair::plain(version);
    pair.ours.set_fragment_bytes(Some(120));
    pair.longest = [0; 2];

    pair.command(&json!({"cmd": "query"}));

    pair.assert_private(version);
    pair.assert_they_hear(&"in pieces ".repeat(200));
    assert!(pair.longest[0] <= 120, "{:?}", pair.longest);
}

fn they_send_in_pieces(version: Version) {
    let mut pair = Pair::plain(version);
    pair.command(&json!({"cmd": "mtu", "bytes": 120}));

    pair.start();

    pair.assert_private(version);
    pair.assert_we_hear(&"in pieces ".repeat(200));
    assert!(pair.longest[1] <= 120, "{:?}", pair.longest);
}

fn both_send_in_tiny_pieces(version: Version) {
    let mut pair = Pair::plain(version);
    // The header of version 3 takes 35 bytes.
    pair.ours.set_fragment_bytes(Some(60));
    pair.command(&json!({"cmd": "mtu", "bytes": 60}));

    pair.start();

    pair.assert_private(version);
    pair.assert_talks();
    assert!(pair.longest.iter().all(|&len| len <= 60), "{:?}", pair.longest);
}

fn plaintext_in_private_is_flagged(version: Version) {
    let mut pair = Pair::private(version);

    pair.inject_to_us("a forgery");
    pair.inject_to_them("a forgery");

    let heard = Event::Heard { text: "a forgery".to_owned(), encrypted: false };
    assert_eq!(pair.our_events(), [heard]);
    let warned = json!({"event": "unencrypted_warning", "text": "a forgery"});
    assert_eq!(pair.their_events(), [warned]);
    pair.assert_talks();
}

fn what_comes_twice_is_heard_once(version: Version) {
    let mut pair = Pair::private(version);
    let printed = pair.theirs.run(&json!({"cmd": "send", "text": "once"}));
    let message = printed[0]["out"].as_str().unwrap().to_owned();

    pair.inject_to_us(&message);
    pair.inject_to_us(&message);

    let heard = pair.our_events().into_iter().filter(|event| matches!(event, Event::Heard { .. }));
    assert_eq!(heard.count(), 1);
    pair.forget_events();
    pair.assert_talks();
}

/// The message with one character changed, in the middle: the revealed MAC keys at its end are not
/// authenticated.
fn damaged(message: &str) -> String {
    let (head, rest) = message.split_at(message.len() / 2);
    let (old, tail) = rest.split_at(1);
    [head, if old == "A" { "B" } else { "A" }, tail].concat()
}

fn damage_to_their_message_harms_no_more_than_that(version: Version) {
    let mut pair = Pair::private(version);
    let printed = pair.theirs.run(&json!({"cmd": "send", "text": "lost"}));

    pair.inject_to_us(&damaged(printed[0]["out"].as_str().unwrap()));

    let heard = pair.our_events().into_iter().any(|event| matches!(event, Event::Heard { .. }));
    assert!(!heard);
    pair.forget_events();
    pair.assert_talks();
}

fn damage_to_our_message_harms_no_more_than_that(version: Version) {
    let mut pair = Pair::private(version);
    let outputs = pair.ours.send(pair.now, &mut pair.rng, "lost").unwrap();
    let [Output::Send(message)] = &*outputs else {
        panic!("{outputs:?}");
    };

    pair.inject_to_them(&damaged(message));

    let heard = pair.their_events().iter().any(|event| event["event"] == "plaintext");
    assert!(!heard);
    pair.forget_events();
    pair.assert_talks();
}

fn errors_that_start_exchanges_come_to_an_end(version: Version) {
    let mut pair =
        Pair::with(Policy { error_start_ake: true, ..only(version) }, &version.to_string());
    pair.command(&json!({"cmd": "policy", "error_start_ake": true}));
    pair.start();
    pair.assert_private(version);

    for _ in 0..3 {
        pair.inject_to_us("?OTR Error: cannot read this");
        pair.inject_to_them("?OTR Error: cannot read this");
    }

    pair.forget_events();
    pair.assert_talks();
}

fn they_offer_the_extra_key(version: Version) {
    let mut pair = Pair::private(version);
    pair.assert_talks();

    pair.command(&json!({"cmd": "extra_key", "use": 7, "data": "file.txt"}));

    let sent = pair.their_events();
    let events = pair.our_events();
    let [Event::ExtraKey { usage: 7, data, key }] = &*events else {
        panic!("{events:?}");
    };
    assert_eq!(data, b"file.txt");
    assert_eq!(sent, [json!({"event": "extra_key_sent", "key": hex(key.expose())})]);
    pair.assert_talks();
}
