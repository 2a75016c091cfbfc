//! How private conversations begin, are refreshed, and end.

use otr::conversation::MessageState;
use otr::error::{Ignored, SendError};
use otr::event::Event;
use otr::policy::Policy;
use otr::version::Version;
use serde_json::json;

use crate::pair::{Pair, only};
use crate::peer::{Engine, Peer, Setting};
use crate::with_every_peer;

with_every_peer! {
    our_query_starts_it
    their_query_starts_it
    our_whitespace_tag_starts_it
    their_whitespace_tag_starts_it
    our_query_refreshes_the_keys
    their_query_refreshes_the_keys
    we_end_it_and_begin_again
    they_end_it_and_begin_again
    whoever_ended_it_either_begins_again
    what_is_kept_until_it_is_private_arrives_once
    what_they_keep_until_it_is_private_arrives_once
    they_forget_everything_and_begin_again
}

fn our_query_starts_it(setting: Setting) {
    let mut pair = Pair::plain(setting);

    pair.start();

    pair.assert_private();
    pair.assert_talks();
}

fn their_query_starts_it(setting: Setting) {
    let mut pair = Pair::plain(setting);

    pair.command(&json!({"cmd": "query"}));

    pair.assert_private();
    pair.assert_talks();
}

fn our_whitespace_tag_starts_it(setting: Setting) {
    let mut pair = Pair::with_policy(setting, Policy { send_tag: true, ..only(setting.version) });
    pair.command(&json!({"cmd": "policy", "whitespace_start_ake": true}));

    pair.say("Hello.");

    let mut events = pair.their_events();
    let heard = json!({"event": "plaintext", "text": "Hello.", "encrypted": false});
    assert_eq!(events.len(), 2);
    assert!(events.contains(&heard));
    events.retain(|event| *event != heard);
    assert_eq!(events, [pair.session("encrypted")]);
    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let version = setting.version;
    assert_eq!(pair.our_events(), [Event::GoneSecure { version, fingerprint }]);
    pair.assert_talks();
}

fn their_whitespace_tag_starts_it(setting: Setting) {
    let policy = Policy { whitespace_start_ake: true, ..only(setting.version) };
    let mut pair = Pair::with_policy(setting, policy);
    pair.command(&json!({"cmd": "policy", "send_whitespace_tag": true}));

    pair.they_say("Hello.");

    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let version = setting.version;
    let heard = Event::Heard { text: "Hello.".to_owned(), encrypted: false };
    assert_eq!(pair.our_events(), [heard, Event::GoneSecure { version, fingerprint }]);
    assert_eq!(pair.their_events(), [pair.session("encrypted")]);
    pair.assert_talks();
}

fn assert_refreshed(pair: &mut Pair, before: Option<[u8; 8]>) {
    let version = pair.setting.version;
    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    assert_ne!(pair.ours.ssid(), before);
    assert_eq!(pair.our_events(), [Event::StillSecure { version, fingerprint }]);
    // Libotr calls it a refresh only if it happens to have kept one of its D-H keys.
    let [again, anew] = ["still_secure", "encrypted"].map(|event| pair.session(event));
    let told = pair.their_events();
    assert!(told == [again] || told == [anew], "{told:?}");
    pair.assert_talks();
}

fn our_query_refreshes_the_keys(setting: Setting) {
    let mut pair = Pair::private(setting);
    let before = pair.ours.ssid();

    pair.start();

    assert_refreshed(&mut pair, before);
}

fn their_query_refreshes_the_keys(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.assert_talks();
    let before = pair.ours.ssid();

    pair.command(&json!({"cmd": "query"}));

    assert_refreshed(&mut pair, before);
}

fn we_end_it_and_begin_again(setting: Setting) {
    let mut pair = Pair::private(setting);

    let outputs = pair.ours.end(pair.now, &mut pair.rng);
    pair.take_in(outputs);
    pair.deliver();

    assert_eq!(pair.our_events(), [Event::GoneInsecure]);
    assert_eq!(pair.their_events(), [json!({"event": "finished"})]);
    assert_eq!(pair.their_state(), "finished");
    // The peer sends nothing until its user has ended it too.
    pair.they_say("not for all ears");
    assert_eq!(pair.our_events(), []);
    assert_eq!(pair.their_events()[0]["code"], "finished");
    pair.command(&json!({"cmd": "end"}));
    assert_eq!(pair.their_state(), "plaintext");
    pair.forget_events();

    pair.start();

    pair.assert_private();
    pair.assert_talks();
}

fn they_end_it_and_begin_again(setting: Setting) {
    let mut pair = Pair::private(setting);

    pair.command(&json!({"cmd": "end"}));

    assert_eq!(pair.our_events(), [Event::PeerEnded]);
    assert_eq!(pair.ours.message_state(), MessageState::Finished);
    let refused = pair.ours.send(pair.now, &mut pair.rng, "not for all ears");
    assert_eq!(refused, Err(SendError::Finished));
    let outputs = pair.ours.end(pair.now, &mut pair.rng);
    pair.take_in(outputs);
    pair.deliver();
    assert_eq!(pair.our_events(), [Event::GoneInsecure]);
    assert_eq!(pair.ours.message_state(), MessageState::Plaintext);
    pair.forget_events();

    pair.command(&json!({"cmd": "query"}));

    pair.assert_private();
    pair.assert_talks();
}

fn whoever_ended_it_either_begins_again(setting: Setting) {
    let mut pair = Pair::private(setting);
    for (we_end, we_begin) in [(true, true), (true, false), (false, true), (false, false)] {
        if !we_end {
            pair.command(&json!({"cmd": "end"}));
        }
        let outputs = pair.ours.end(pair.now, &mut pair.rng);
        pair.take_in(outputs);
        pair.command(&json!({"cmd": "end"}));
        assert_eq!(pair.ours.message_state(), MessageState::Plaintext);
        assert_eq!(pair.their_state(), "plaintext");
        pair.forget_events();

        if we_begin {
            pair.start();
        } else {
            pair.command(&json!({"cmd": "query"}));
        }

        pair.assert_private();
        pair.assert_talks();
    }
}

fn what_is_kept_until_it_is_private_arrives_once(setting: Setting) {
    let policy = Policy { require_encryption: true, ..only(setting.version) };
    let mut pair = Pair::with_policy(setting, policy);

    pair.say("for your ears only");

    let heard = json!({"event": "plaintext", "text": "for your ears only", "encrypted": true});
    assert_eq!(pair.their_events(), [pair.session("encrypted"), heard]);
}

fn what_they_keep_until_it_is_private_arrives_once(setting: Setting) {
    let mut pair = Pair::plain(setting);
    pair.command(&json!({"cmd": "policy", "require_encryption": true}));

    pair.they_say("for your ears only");

    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let version = setting.version;
    let mut expected = vec![Event::GoneSecure { version, fingerprint }];
    if setting.keeps_texts() {
        expected.push(Event::Heard { text: "for your ears only".to_owned(), encrypted: true });
    }
    assert_eq!(pair.our_events(), expected);
    assert!(pair.their_events().contains(&pair.session("encrypted")));
    pair.assert_talks();
}

fn they_forget_everything_and_begin_again(setting: Setting) {
    let mut pair = Pair::private(setting);
    pair.assert_talks();
    let before = pair.ours.ssid();

    pair.theirs = Peer::start(setting.engine, &setting.version.to_string());
    pair.command(&json!({"cmd": "query"}));

    // The key is the same, so it is a private conversation that goes on.
    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let version = setting.version;
    assert_eq!(pair.our_events(), [Event::StillSecure { version, fingerprint }]);
    assert_eq!(pair.their_events(), [pair.session("encrypted")]);
    assert_ne!(pair.ours.ssid(), before);
    pair.assert_talks();
}

#[test]
fn the_highest_common_version_is_taken() {
    let both = Policy { allow_v2: true, ..only(Version::V3) };
    for (engine, versions, version) in [
        (Engine::Libotr, "2,3", Version::V3),
        (Engine::Libotr, "2", Version::V2),
        (Engine::Libotr, "3", Version::V3),
        (Engine::Potr, "2", Version::V2),
        (Engine::Otrbot, "2,3", Version::V3),
        (Engine::Otrbot, "2", Version::V2),
        (Engine::Otrbot, "3", Version::V3),
    ] {
        for we_ask in [true, false] {
            let mut pair = Pair::with(Setting { engine, version }, both, versions, 1);

            if we_ask {
                pair.start();
            } else {
                pair.command(&json!({"cmd": "query"}));
            }

            pair.assert_private();
        }
    }
}

#[test]
fn without_a_common_version_all_stays_in_the_clear() {
    for (engine, theirs, ours) in [
        (Engine::Libotr, "2", Version::V3),
        (Engine::Libotr, "3", Version::V2),
        (Engine::Potr, "2", Version::V3),
        (Engine::Otrbot, "2", Version::V3),
        (Engine::Otrbot, "3", Version::V2),
    ] {
        let mut pair = Pair::with(Setting { engine, version: ours }, only(ours), theirs, 1);

        pair.start();
        pair.command(&json!({"cmd": "query"}));

        assert_eq!(pair.our_events(), [Event::Refused(Ignored::Version)]);
        assert_eq!(pair.ours.message_state(), MessageState::Plaintext);
        assert_eq!(pair.their_state(), "plaintext");
    }
}
