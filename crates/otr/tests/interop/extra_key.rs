//! The extra symmetric key.

use otr::error::SendError;
use otr::event::Event;
use serde_json::json;

use crate::pair::{Pair, hex};
use crate::peer::Setting;
use crate::with_every_peer;

with_every_peer! {
    they_use_the_key
    we_use_the_key
    the_key_changes_with_the_keys_of_the_conversation
    there_is_none_in_the_clear
}

fn they_use_the_key(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.assert_talks();

    for data in ["file.txt", ""] {
        pair.command(&json!({"cmd": "extra_key", "use": 7, "data": data}));

        let sent = pair.their_events();
        if !setting.knows_extra_key() {
            assert_eq!(sent[0]["code"], "exception");
            continue;
        }
        let events = pair.our_events();
        let [Event::ExtraKey { usage: 7, data: heard, key }] = &*events else {
            panic!("{events:?}");
        };
        assert_eq!(heard, data.as_bytes());
        assert_eq!(sent, [json!({"event": "extra_key_sent", "key": hex(key.expose())})]);
        pair.assert_talks();
    }
}

/// The peer is told of our use of the key; which is given back.
fn use_key(pair: &mut Pair, usage: u32, data: &str) -> String {
    let asked =
        pair.ours.request_extra_key(pair.now, &mut pair.rng, usage, data.as_bytes()).unwrap();
    let (key, outputs) = asked;
    pair.take_in(outputs);
    pair.deliver();
    let key = hex(key.expose());
    let told = if pair.setting.knows_extra_key() {
        vec![json!({"event": "extra_key", "use": usage, "data": data, "key": key})]
    } else {
        Vec::new()
    };
    assert_eq!(pair.their_events(), told);
    assert_eq!(pair.our_events(), []);
    key
}

fn we_use_the_key(setting: Setting) {
    let mut pair = Pair::private(setting);

    use_key(&mut pair, 7, "file.txt");
    pair.assert_talks();
    use_key(&mut pair, u32::MAX, "");
    pair.assert_talks();
}

fn the_key_changes_with_the_keys_of_the_conversation(setting: Setting) {
    let mut pair = Pair::private(setting);

    let first = use_key(&mut pair, 1, "");
    let same = use_key(&mut pair, 2, "");
    pair.assert_talks();
    let second = use_key(&mut pair, 1, "");

    assert_eq!(first, same);
    assert_ne!(first, second);
}

fn there_is_none_in_the_clear(setting: Setting) {
    let mut pair = Pair::plain(setting);

    let refused = pair.ours.request_extra_key(pair.now, &mut pair.rng, 7, b"");

    assert_eq!(refused.err(), Some(SendError::NotPrivate));
    if setting.knows_extra_key() {
        pair.command(&json!({"cmd": "extra_key", "use": 7, "data": ""}));
        assert_eq!(pair.their_events()[0]["code"], "not_in_private");
    }
}
