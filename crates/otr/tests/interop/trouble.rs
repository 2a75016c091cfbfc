//! Messages that are damaged, forged, delivered twice, or cannot be read.

use otr::error::Ignored;
use otr::event::{Event, Output};
use otr::policy::Policy;
use serde_json::json;

use crate::pair::{Pair, only};
use crate::peer::{Engine, Setting};
use crate::with_every_peer;

with_every_peer! {
    plaintext_in_private_is_flagged
    what_comes_twice_is_heard_once
    damage_to_their_message_harms_no_more_than_that
    damage_to_our_message_harms_no_more_than_that
    errors_that_start_exchanges_come_to_an_end
    what_they_could_not_read_is_sent_again
    what_we_could_not_read_is_sent_again
    what_is_encrypted_for_nobody_is_answered_by_an_error
}

fn plaintext_in_private_is_flagged(setting: Setting) {
    let mut pair = Pair::private(setting);

    pair.inject_to_us("a forgery");
    pair.inject_to_them("a forgery");

    let heard = Event::Heard { text: "a forgery".to_owned(), encrypted: false };
    assert_eq!(pair.our_events(), [heard]);
    let warned = if setting.warns_of_plaintext() {
        json!({"event": "unencrypted_warning", "text": "a forgery"})
    } else {
        json!({"event": "plaintext", "text": "a forgery", "encrypted": false})
    };
    assert_eq!(pair.their_events(), [warned]);
    pair.assert_talks();
}

fn what_comes_twice_is_heard_once(setting: Setting) {
    let mut pair = Pair::private(setting);
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

fn damage_to_their_message_harms_no_more_than_that(setting: Setting) {
    let mut pair = Pair::private(setting);
    let printed = pair.theirs.run(&json!({"cmd": "send", "text": "lost"}));

    pair.inject_to_us(&damaged(printed[0]["out"].as_str().unwrap()));

    let heard = pair.our_events().into_iter().any(|event| matches!(event, Event::Heard { .. }));
    assert!(!heard);
    pair.forget_events();
    pair.assert_talks();
}

fn damage_to_our_message_harms_no_more_than_that(setting: Setting) {
    let mut pair = Pair::private(setting);
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

fn errors_that_start_exchanges_come_to_an_end(setting: Setting) {
    let mut pair =
        Pair::with_policy(setting, Policy { error_start_ake: true, ..only(setting.version) });
    pair.command(&json!({"cmd": "policy", "error_start_ake": true}));
    pair.start();
    pair.assert_private();

    for _ in 0..3 {
        pair.inject_to_us("?OTR Error: cannot read this");
        pair.inject_to_them("?OTR Error: cannot read this");
    }

    pair.forget_events();
    pair.assert_talks();
}

fn what_they_could_not_read_is_sent_again(setting: Setting) {
    let policy = Policy { error_start_ake: true, ..only(setting.version) };
    let mut pair = Pair::with_policy(setting, policy);
    pair.start();
    pair.assert_private();
    let outputs = pair.ours.send(pair.now, &mut pair.rng, "Can you read this?").unwrap();
    let [Output::Send(message)] = &*outputs else {
        panic!("{outputs:?}");
    };

    pair.inject_to_them(&damaged(message));
    if !setting.sends_errors() {
        pair.inject_to_us("?OTR Error: unreadable");
    }

    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let version = setting.version;
    let [Event::PeerError(_), rest @ ..] = &*pair.our_events() else {
        panic!("no error");
    };
    assert_eq!(rest, [Event::StillSecure { version, fingerprint }, Event::Resent]);
    let heard =
        json!({"event": "plaintext", "text": "[resent] Can you read this?", "encrypted": true});
    assert_eq!(pair.their_events().last(), Some(&heard));
    pair.assert_talks();
}

fn what_we_could_not_read_is_sent_again(setting: Setting) {
    let mut pair = Pair::plain(setting);
    pair.command(&json!({"cmd": "policy", "error_start_ake": true}));
    pair.start();
    pair.assert_private();
    let printed = pair.theirs.run(&json!({"cmd": "send", "text": "Can you read this?"}));

    pair.inject_to_us(&damaged(printed[0]["out"].as_str().unwrap()));

    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let version = setting.version;
    let mut expected =
        vec![Event::Refused(Ignored::BadMac), Event::StillSecure { version, fingerprint }];
    if setting.resends() {
        let text = "[resent] Can you read this?".to_owned();
        expected.push(Event::Heard { text, encrypted: true });
    }
    assert_eq!(pair.our_events(), expected);
    pair.forget_events();
    pair.assert_talks();
}

fn what_is_encrypted_for_nobody_is_answered_by_an_error(setting: Setting) {
    let mut pair = Pair::private(setting);
    let printed = pair.theirs.run(&json!({"cmd": "send", "text": "lost"}));
    let message = printed[0]["out"].as_str().unwrap().to_owned();
    let outputs = pair.ours.end(pair.now, &mut pair.rng);
    // The peer does not learn that we have ended it.
    drop(outputs);

    pair.inject_to_us(&message);

    assert_eq!(pair.our_events(), [Event::Refused(Ignored::NotPrivate)]);
    let told = pair.their_events();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["code"], "peer_error");
    pair.start();
    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let version = setting.version;
    let mut expected = vec![Event::GoneSecure { version, fingerprint }];
    // The others send it again only if they were to answer the error by a query.
    if setting.engine == Engine::Otrbot {
        let text = "[resent] lost".to_owned();
        expected.push(Event::Heard { text, encrypted: true });
    }
    assert_eq!(pair.our_events(), expected);
    pair.forget_events();
    pair.assert_talks();
}
