//! What is said in private.

use otr::limits::{HEARTBEAT_INTERVAL, MAX_TEXT_BYTES};
use otr::version::Version;
use serde_json::json;

use crate::pair::Pair;
use crate::peer::{Engine, Setting};
use crate::with_every_peer;

with_every_peer! {
    words_of_all_kinds_arrive
    long_texts_arrive
    empty_texts_are_not_shown
    what_looks_like_otr_is_a_text
    keys_rotate_in_any_rhythm
    our_silence_ends_in_a_heartbeat
}

fn words_of_all_kinds_arrive(setting: Setting) {
    let mut pair = Pair::private(setting);

    for text in ["a", "Grüße, 世界, 🦀", "<b>&amp;</b>", "line\nline\ttab", "\u{7f}\u{1}"] {
        pair.assert_they_hear(text);
        pair.assert_we_hear(text);
    }
}

fn long_texts_arrive(setting: Setting) {
    let mut pair = Pair::private(setting);

    for text in ["é".repeat(500), "x".repeat(MAX_TEXT_BYTES), "é".repeat(MAX_TEXT_BYTES / 2)] {
        pair.assert_they_hear(&text);
        pair.assert_we_hear(&text);
    }
}

fn empty_texts_are_not_shown(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.assert_talks();
    pair.heartbeats = [0; 2];

    pair.say("");
    pair.they_say("");

    assert_eq!(pair.our_events(), []);
    // The peer may show it, as the empty text that it is.
    let shown = pair.their_events();
    assert!(shown.iter().all(|event| event["text"] == ""), "{shown:?}");
    assert_eq!(pair.heartbeats[0], 1);
    assert_eq!(pair.heartbeats[1] + shown.len(), 1);
    pair.assert_talks();
}

fn what_looks_like_otr_is_a_text(setting: Setting) {
    let mut pair = Pair::private(setting);

    for text in ["?OTR Error: none", "?OTR:AAMD.", " \t  \t\t\t\t \t \t \t    \t\t  \t "] {
        pair.assert_they_hear(text);
        pair.assert_we_hear(text);
    }
}

fn keys_rotate_in_any_rhythm(setting: Setting) {
    let mut pair = Pair::private(setting);

    for run in [1, 1, 3, 1, 4, 2, 5] {
        for ix in 0..run {
            pair.assert_they_hear(&format!("ours {run} {ix}"));
        }
        for ix in 0..run % 3 {
            pair.assert_we_hear(&format!("theirs {run} {ix}"));
        }
    }
}

fn our_silence_ends_in_a_heartbeat(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.assert_talks();
    pair.heartbeats = [0; 2];

    pair.assert_we_hear("Are you there?");
    assert_eq!(pair.heartbeats, [0, 0]);
    pair.now += HEARTBEAT_INTERVAL;
    pair.assert_we_hear("Are you there?");
    pair.assert_we_hear("Are you there?");

    assert_eq!(pair.heartbeats, [0, 1]);
    pair.assert_talks();
}

#[test]
fn their_silence_ends_in_a_heartbeat() {
    for (engine, version) in
        [(Engine::Libotr, Version::V2), (Engine::Libotr, Version::V3), (Engine::Potr, Version::V2)]
    {
        let mut pair = Pair::private(Setting { engine, version });
        pair.assert_talks();
        pair.heartbeats = [0; 2];

        pair.assert_they_hear("Are you there?");
        assert_eq!(pair.heartbeats, [0, 0]);
        pair.command(&json!({"cmd": "later", "seconds": 61}));
        pair.assert_they_hear("Are you there?");
        pair.assert_they_hear("Are you there?");

        assert_eq!(pair.heartbeats, [1, 0]);
        pair.assert_talks();
    }
}
