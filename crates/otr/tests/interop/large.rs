//! Texts that only people send, within the limits of their programs.
//!
//! The peers' own limits: libotr and potr have none but those of their fragments, of which 65,535 make
//! a message; our own has [`Limits::LARGE`](otr::Limits::LARGE) here.

use serde_json::json;

use crate::pair::Pair;
use crate::peer::Setting;
use crate::with_every_peer;

/// Lengths of texts, in bytes.
const LENGTHS: [usize; 2] = [100_000, 400_000];

with_every_peer! {
    large_texts_cross_whole
    large_texts_cross_in_pieces
}

/// A text in which every part is another.
fn text(len: usize) -> String {
    let mut text: String =
        (0..).flat_map(|n: u32| n.to_string().into_bytes()).map(char::from).take(len - 2).collect();
    text.push('é');
    text
}

fn large_texts_cross_whole(setting: Setting) {
    let mut pair = Pair::large(setting);
    for len in LENGTHS {
        pair.assert_they_hear(&text(len));
        pair.assert_we_hear(&text(len));
    }
    assert!(pair.longest.iter().all(|&len| len > 500_000), "{:?}", pair.longest);
    pair.assert_talks();
}

fn large_texts_cross_in_pieces(setting: Setting) {
    let mut pair = Pair::large(setting);
    pair.ours.set_fragment_bytes(Some(8_000));
    pair.command(&json!({"cmd": "mtu", "bytes": 8_000}));
    for len in LENGTHS {
        pair.assert_they_hear(&text(len));
        pair.assert_we_hear(&text(len));
    }
    pair.assert_talks();
}
