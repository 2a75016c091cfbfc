//! How private conversations begin, are refreshed, and end.

use otrbot::otr::conversation::MessageState;
use otrbot::otr::error::SendError;
use otrbot::otr::event::Event;
use otrbot::otr::policy::Policy;
use otrbot::otr::version::Version;
use serde_json::json;

use crate::in_both_versions;
use crate::pair::{Pair, only};

in_both_versions! {
    our_query_starts_it
    their_query_starts_it
    our_whitespace_tag_starts_it
    their_whitespace_tag_starts_it
    our_query_refreshes_the_keys
    their_query_refreshes_the_keys
    we_end_it_and_begin_again
    they_end_it_and_we_begin_again
    what_is_kept_until_it_is_private_arrives_once
    what_they_keep_until_it_is_private_arrives_once
    both_start_at_once
}

fn our_query_starts_it(version: Version) {
    let mut pair = Pair::plain(version);

    pair.start();

    pair.assert_private(version);
    pair.assert_talks();
}

fn their_query_starts_it(version: Version) {
    let mut pair = Pair::plain(version);

    pair.command(&json!({"cmd": "query"}));

    pair.assert_private(version);
    pair.assert_talks();
}

fn our_whitespace_tag_starts_it(version: Version) {
    let mut pair = Pair::with(Policy { send_tag: true, ..only(version) }, &version.to_string());
    pair.command(&json!({"cmd": "policy", "whitespace_start_ake": true}));

    pair.say("Hello.");

    let mut events = pair.their_events();
    let heard = json!({"event": "plaintext", "text": "Hello.", "encrypted": false});
    assert_eq!(events.len(), 2);
    assert!(events.contains(&heard));
    events.retain(|event| *event != heard);
    assert_eq!(events, [pair.session("encrypted", version)]);
    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    assert_eq!(pair.our_events(), [Event::GoneSecure { version, fingerprint }]);
    pair.assert_talks();
}

fn their_whitespace_tag_starts_it(version: Version) {
    let policy = Policy { whitespace_start_ake: true, ..only(version) };
    let mut pair = Pair::with(policy, &version.to_string());
    pair.command(&json!({"cmd": "policy", "send_whitespace_tag": true}));

    pair.they_say("Hello.");

    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let heard = Event::Heard { text: "Hello.".to_owned(), encrypted: false };
    assert_eq!(pair.our_events(), [heard, Event::GoneSecure { version, fingerprint }]);
    assert_eq!(pair.their_events(), [pair.session("encrypted", version)]);
    pair.assert_talks();
}

fn assert_refreshed(pair: &mut Pair, version: Version, before: Option<[u8; 8]>) {
    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    assert_ne!(pair.ours.ssid(), before);
    assert_eq!(pair.our_events(), [Event::StillSecure { version, fingerprint }]);
    // Libotr calls it a refresh only if it happens to have kept one of its D-H keys.
    let [again, anew] = ["still_secure", "encrypted"].map(|event| pair.session(event, version));
    let told = pair.their_events();
    assert!(told == [again] || told == [anew], "{told:?}");
    pair.assert_talks();
}

fn our_query_refreshes_the_keys(version: Version) {
    let mut pair = Pair::private(version);
    let before = pair.ours.ssid();

    pair.start();

    assert_refreshed(&mut pair, version, before);
}

fn their_query_refreshes_the_keys(version: Version) {
    let mut pair = Pair::private(version);
    pair.assert_talks();
    let before = pair.ours.ssid();

    pair.command(&json!({"cmd": "query"}));

    assert_refreshed(&mut pair, version, before);
}

fn we_end_it_and_begin_again(version: Version) {
    let mut pair = Pair::private(version);

    let outputs = pair.ours.end(pair.now, &mut pair.rng);
    pair.take_in(outputs);
    pair.deliver();

    assert_eq!(pair.our_events(), [Event::GoneInsecure]);
    assert_eq!(pair.their_events(), [json!({"event": "finished"})]);
    assert_eq!(pair.their_state(), "finished");
    // Libotr sends nothing until its user has ended it too.
    pair.they_say("not for all ears");
    assert_eq!(pair.our_events(), []);
    assert_eq!(pair.their_events()[0]["code"], "finished");
    pair.command(&json!({"cmd": "end"}));
    assert_eq!(pair.their_state(), "plaintext");
    pair.forget_events();

    pair.start();

    pair.assert_private(version);
    pair.assert_talks();
}

fn they_end_it_and_we_begin_again(version: Version) {
    let mut pair = Pair::private(version);

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

    pair.assert_private(version);
    pair.assert_talks();
}

fn what_is_kept_until_it_is_private_arrives_once(version: Version) {
    let policy = Policy { require_encryption: true, ..only(version) };
    let mut pair = Pair::with(policy, &version.to_string());

    pair.say("for your ears only");

    let heard = json!({"event": "plaintext", "text": "for your ears only", "encrypted": true});
    assert_eq!(pair.their_events(), [pair.session("encrypted", version), heard]);
}

fn what_they_keep_until_it_is_private_arrives_once(version: Version) {
    let mut pair = Pair::plain(version);
    pair.command(&json!({"cmd": "policy", "require_encryption": true}));

    pair.they_say("for your ears only");

    let fingerprint = pair.ours.peer_fingerprint().unwrap();
    let heard = Event::Heard { text: "for your ears only".to_owned(), encrypted: true };
    assert_eq!(pair.our_events(), [Event::GoneSecure { version, fingerprint }, heard]);
}

fn both_start_at_once(version: Version) {
    let mut pair = Pair::plain(version);

    // Both queries are under way before either arrives.
    let outputs = pair.ours.start(pair.now, &mut pair.rng);
    pair.take_in(outputs);
    pair.command(&json!({"cmd": "query"}));

    // Of two crossing D-H Commit Messages the one with the higher hash should prevail. Libotr 4.1.1
    // always gives way in version 2, even to another libotr.
    assert!(pair.ours.is_private());
    assert_eq!(pair.their_state(), "encrypted");
    let session = pair.session("encrypted", version)["session_id"].clone();
    let last = pair.their_events().pop().unwrap();
    assert_eq!(last["session_id"], session);
    pair.forget_events();
    pair.assert_talks();
}

#[test]
fn the_higher_version_is_taken() {
    let policy = Policy { allow_v2: true, ..only(Version::V3) };
    for (versions, expected) in [("2,3", Version::V3), ("2", Version::V2), ("3", Version::V3)] {
        let mut pair = Pair::with(policy, versions);

        pair.start();

        pair.assert_private(expected);
    }
}
