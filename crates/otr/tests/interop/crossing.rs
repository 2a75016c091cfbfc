//! Both sides start at the same time.

use otr::policy::Policy;
use serde_json::json;

use crate::pair::{Pair, only};
use crate::peer::Setting;
use crate::with_every_peer;

/// Which of two crossing D-H Commit Messages prevails is chance, so several are tried.
const TRIES: u64 = 5;

with_every_peer! {
    both_ask_at_once
    both_show_tags_at_once
    both_refresh_at_once
    both_end_at_once
    texts_cross
}

/// Both are private, in the same session.
fn assert_agreed(pair: &mut Pair) {
    assert!(pair.ours.is_private());
    assert_eq!(pair.their_state(), "encrypted");
    let session = pair.session("encrypted")["session_id"].clone();
    let sessions: Vec<_> = pair
        .their_events()
        .into_iter()
        .filter(|event| event["event"] == "encrypted" || event["event"] == "still_secure")
        .collect();
    assert_eq!(sessions.last().unwrap()["session_id"], session);
    pair.forget_events();
    pair.assert_talks();
}

/// Our query is under way when they send theirs, and so both commit before either hears of it.
fn cross(pair: &mut Pair) {
    let outputs = pair.ours.start(pair.now, &mut pair.rng);
    pair.take_in(outputs);
    pair.command(&json!({"cmd": "query"}));
}

fn both_ask_at_once(setting: Setting) {
    for seed in 0..TRIES {
        let versions = setting.version.to_string();
        let mut pair = Pair::with(setting, only(setting.version), &versions, seed);

        // Libotr 4.1.1 gives way in version 2 whatever the hashes say, even to another libotr.
        cross(&mut pair);

        assert_agreed(&mut pair);
    }
}

fn both_show_tags_at_once(setting: Setting) {
    let policy = Policy { send_tag: true, whitespace_start_ake: true, ..only(setting.version) };
    for seed in 0..TRIES {
        let mut pair = Pair::with(setting, policy, &setting.version.to_string(), seed);
        let tags = json!({
            "cmd": "policy", "send_whitespace_tag": true, "whitespace_start_ake": true,
        });
        pair.command(&tags);

        let outputs = pair.ours.send(pair.now, &mut pair.rng, "Hello?").unwrap();
        pair.take_in(outputs);
        pair.they_say("Hi!");

        assert_agreed(&mut pair);
    }
}

fn both_refresh_at_once(setting: Setting) {
    let mut pair = Pair::private(setting);
    for _ in 0..TRIES {
        let before = pair.ours.ssid();

        cross(&mut pair);

        assert_ne!(pair.ours.ssid(), before);
        assert_agreed(&mut pair);
    }
}

fn both_end_at_once(setting: Setting) {
    let mut pair = Pair::private(setting);

    let outputs = pair.ours.end(pair.now, &mut pair.rng);
    pair.take_in(outputs);
    pair.command(&json!({"cmd": "end"}));

    // Each has ended it, and what the other says of it comes too late.
    assert!(!pair.ours.is_private());
    assert_eq!(pair.their_state(), "plaintext");
    pair.forget_events();
    pair.start();
    assert_agreed(&mut pair);
}

fn texts_cross(setting: Setting) {
    let mut pair = Pair::private(setting);

    for round in 0..4 {
        for _ in 0..=round {
            let outputs = pair.ours.send(pair.now, &mut pair.rng, "from us").unwrap();
            pair.take_in(outputs);
        }
        pair.they_say("from them");

        assert_eq!(pair.our_events().len(), 1);
        assert_eq!(pair.their_events().len(), round + 1);
    }
    pair.assert_talks();
}
