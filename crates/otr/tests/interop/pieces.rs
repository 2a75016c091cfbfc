//! Fragments.

use otr::event::Event;
use serde_json::json;

use crate::pair::Pair;
use crate::peer::Setting;
use crate::with_every_peer;

/// Limits of real networks, in bytes.
const SIZES: [usize; 3] = [140, 200, 500];

with_every_peer! {
    we_send_in_pieces
    they_send_in_pieces
    both_send_in_tiny_pieces
    long_texts_pass_in_pieces
    a_lost_piece_costs_one_message
}

fn we_send_in_pieces(setting: Setting) {
    for size in SIZES {
        let mut pair = Pair::plain(setting);
        pair.ours.set_fragment_bytes(Some(size));

        pair.command(&json!({"cmd": "query"}));

        pair.assert_private();
        pair.assert_they_hear(&"in pieces ".repeat(200));
        pair.assert_talks();
        assert!(pair.longest[0] <= size, "{size}: {:?}", pair.longest);
    }
}

fn they_send_in_pieces(setting: Setting) {
    for size in SIZES {
        let mut pair = Pair::plain(setting);
        pair.command(&json!({"cmd": "mtu", "bytes": size}));

        pair.start();

        pair.assert_private();
        pair.assert_we_hear(&"in pieces ".repeat(200));
        pair.assert_talks();
        assert!(pair.longest[1] <= size, "{size}: {:?}", pair.longest);
    }
}

fn both_send_in_tiny_pieces(setting: Setting) {
    let mut pair = Pair::plain(setting);
    // The header of version 3 takes 35 bytes.
    pair.ours.set_fragment_bytes(Some(60));
    pair.command(&json!({"cmd": "mtu", "bytes": 60}));

    pair.start();

    pair.assert_private();
    pair.assert_talks();
    assert!(pair.longest.iter().all(|&len| len <= 60), "{:?}", pair.longest);
}

fn long_texts_pass_in_pieces(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.ours.set_fragment_bytes(Some(500));
    pair.command(&json!({"cmd": "mtu", "bytes": 500}));
    let text = "é".repeat(16_000);

    pair.assert_they_hear(&text);
    pair.assert_we_hear(&text);
}

fn a_lost_piece_costs_one_message(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.ours.set_fragment_bytes(Some(200));
    pair.command(&json!({"cmd": "mtu", "bytes": 200}));

    let text = "lost ".repeat(100);
    let theirs = pair.theirs.run(&json!({"cmd": "send", "text": text}));
    let ours = pair.ours.send(pair.now, &mut pair.rng, &text).unwrap();
    assert!(theirs.len() > 2 && ours.len() > 2);
    for (ix, line) in theirs.iter().enumerate().filter(|(ix, _)| *ix != 1) {
        pair.inject_to_us(line["out"].as_str().unwrap_or_else(|| panic!("{ix}: {line}")));
    }
    let kept = ours.into_iter().enumerate().filter(|(ix, _)| *ix != 1).map(|(_, output)| output);
    pair.take_in(kept.collect());
    pair.deliver();

    let told = pair.our_events();
    assert!(!told.iter().any(|event| matches!(event, Event::Heard { .. })), "{told:?}");
    // potr shows such pieces as if they had been typed.
    let told = pair.their_events();
    assert!(!told.iter().any(|event| event["encrypted"] == true), "{told:?}");
    pair.assert_talks();
}
