//! `examples/otr_peer.rs` by itself: the line protocol that it promises, and its key file.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use otr::event::Event;
use otr::key_file::KeyFile;
use otr::limits::MAX_KEPT_TEXTS;
use otr::version::Version;
use serde_json::{Value, json};

use crate::pair::Pair;
use crate::peer::{Engine, Peer, Setting};

const OTRBOT: Setting = Setting { engine: Engine::Otrbot, version: Version::V3 };

fn start() -> Peer {
    Peer::start(Engine::Otrbot, "2,3")
}

/// The code of the one error that is told.
fn code(printed: &[Value]) -> &str {
    let [error] = printed else {
        panic!("{printed:?}");
    };
    assert_eq!(error["event"], "error");
    assert!(error["detail"].is_string());
    error["code"].as_str().unwrap()
}

#[test]
fn it_introduces_itself() {
    let peer = start();

    let ready = peer.ready();
    assert!(ready["engine"].as_str().unwrap().starts_with("otrbot "));
    assert_eq!(peer.fingerprint().len(), 40);
    let caps = ["v2", "v3", "extra_key", "whitespace", "mtu", "smp_abort"];
    assert_eq!(ready["caps"], json!(caps));
}

#[test]
fn lines_that_are_no_commands_do_not_end_it() {
    let mut peer = start();

    let long = "x".repeat(1 << 20);
    let deep = "[".repeat(10_000);
    for line in ["", "x", "{", "[]", "7", "null", "\"quit\"", "{}", "\0", &long, &deep] {
        assert_eq!(code(&peer.type_in(line)), "exception", "{line:.20}");
    }
    for line in [
        json!({"cmd": 7}),
        json!({"cmd": "dance"}),
        json!({"cmd": "recv"}),
        json!({"cmd": "recv", "msg": null}),
        json!({"cmd": "send", "text": 1}),
        json!({"cmd": "smp"}),
        json!({"cmd": "smp_answer"}),
        json!({"cmd": "mtu"}),
        json!({"cmd": "mtu", "bytes": -1}),
        json!({"cmd": "extra_key", "use": 1_u64 << 40}),
    ] {
        assert_eq!(code(&peer.run(&line)), "exception", "{line}");
    }
    let state = json!({"event": "status", "state": "plaintext"});
    assert_eq!(peer.run(&json!({"cmd": "status"})), [state]);
}

#[test]
fn it_ends_when_told_to_and_when_nobody_writes() {
    for last in [Some("{\"cmd\":\"quit\"}"), None] {
        let (status, rest) = start().finish(last);

        assert!(status.success());
        assert_eq!(rest, Vec::<String>::new());
    }
}

#[test]
fn what_needs_privacy_is_refused_in_the_clear() {
    let mut peer = start();

    for command in [
        json!({"cmd": "smp", "secret": "rex", "question": null}),
        json!({"cmd": "smp_answer", "secret": "rex"}),
        json!({"cmd": "smp_abort"}),
        json!({"cmd": "extra_key", "use": 1, "data": ""}),
    ] {
        assert_eq!(code(&peer.run(&command)), "not_in_private", "{command}");
    }
    assert_eq!(peer.run(&json!({"cmd": "end"})), [json!({"event": "ended"})]);
}

#[test]
fn what_it_cannot_use_is_told_by_a_code() {
    let mut peer = start();

    for (message, expected) in [
        ("?OTR:!!!.", "malformed"),
        ("?OTR:AAMC.", "malformed"),
        ("?OTR,2,1,x,", "malformed"),
        ("?OTR?", "setup_error"),
        ("?OTRv4?", "setup_error"),
        ("?OTR Error: no idea", "peer_error"),
    ] {
        let printed = peer.run(&json!({"cmd": "recv", "msg": message}));
        assert_eq!(code(&printed), expected, "{message}");
    }
}

#[test]
fn plaintext_is_a_warning_where_encryption_is_required() {
    let mut peer = start();
    let recv = json!({"cmd": "recv", "msg": "Hello."});

    let heard = json!({"event": "plaintext", "text": "Hello.", "encrypted": false});
    assert_eq!(peer.run(&recv), [heard]);
    assert!(peer.run(&json!({"cmd": "policy", "require_encryption": true})).is_empty());
    let warning = json!({"event": "unencrypted_warning", "text": "Hello."});
    assert_eq!(peer.run(&recv), [warning]);
    let send = json!({"cmd": "send", "text": "for your ears only"});
    for _ in 0..MAX_KEPT_TEXTS {
        assert_eq!(peer.run(&send), [json!({"out": "?OTRv23?"})]);
    }
    assert_eq!(code(&peer.run(&send)), "encryption_required");
}

#[test]
fn the_policy_says_which_versions_it_speaks() {
    let mut peer = start();

    for (versions, expected) in
        [(json!([2]), "?OTRv2?"), (json!([3]), "?OTRv3?"), (json!([2, 3]), "?OTRv23?")]
    {
        assert!(peer.run(&json!({"cmd": "policy", "versions": versions})).is_empty());
        let query = peer.run(&json!({"cmd": "query"}));
        assert_eq!(query.len(), 1);
        assert_eq!(query[0]["out"], expected);
    }
}

#[test]
fn errors_of_a_private_conversation_are_told() {
    let mut pair = Pair::private(OTRBOT);

    pair.command(&json!({"cmd": "smp_answer", "secret": "rex"}));
    assert_eq!(code(&pair.their_events()), "smp_error");
    let printed = pair.theirs.run(&json!({"cmd": "send", "text": "mine"}));
    pair.inject_to_them(printed[0]["out"].as_str().unwrap());
    assert_eq!(code(&pair.their_events()), "reflected");
    let mut others = Pair::private(OTRBOT);
    let outputs = others.ours.send(others.now, &mut others.rng, "not for you").unwrap();
    pair.take_in(outputs);
    pair.deliver();
    assert_eq!(code(&pair.their_events()), "other_instance");
    let outputs = pair.ours.end(pair.now, &mut pair.rng);
    pair.take_in(outputs);
    pair.deliver();
    pair.forget_events();
    pair.they_say("not for all ears");
    assert_eq!(code(&pair.their_events()), "finished");
    pair.command(&json!({"cmd": "end"}));
    assert_eq!(pair.their_events(), [json!({"event": "ended"})]);
}

#[test]
fn it_tells_that_it_sends_a_text_again() {
    let mut pair = Pair::plain(OTRBOT);
    pair.command(&json!({"cmd": "policy", "error_start_ake": true}));
    pair.start();
    pair.assert_private();
    pair.theirs.run(&json!({"cmd": "send", "text": "lost"}));

    pair.inject_to_them("?OTR Error: unreadable");

    let told = pair.their_events();
    let [error, refreshed, resent] = &*told else {
        panic!("{told:?}");
    };
    assert_eq!(code(std::slice::from_ref(error)), "peer_error");
    assert_eq!(*refreshed, pair.session("still_secure"));
    assert_eq!(*resent, json!({"event": "resent"}));
    let heard = Event::Heard { text: "[resent] lost".to_owned(), encrypted: true };
    assert_eq!(pair.our_events().last(), Some(&heard));
}

#[test]
fn its_key_is_kept_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");

    let first = Peer::with_key(Engine::Otrbot, "3", &path);
    let text = fs::read(&path).unwrap();
    let second = Peer::with_key(Engine::Otrbot, "3", &path);

    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&path).unwrap(), text);
    let file = KeyFile::parse(&text).unwrap();
    let fingerprint = file.accounts()[0].key().public_key().fingerprint();
    assert_eq!(fingerprint.to_hex(), first.fingerprint());
}

#[test]
fn it_takes_the_key_that_libotr_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");

    let theirs = Peer::with_key(Engine::Libotr, "3", &path);
    let ours = Peer::with_key(Engine::Otrbot, "3", &path);

    assert_eq!(ours.fingerprint(), theirs.fingerprint());
}

#[test]
fn a_file_that_is_no_key_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes");
    fs::write(&path, "(these are my notes)").unwrap();

    let peer = Peer::with_key(Engine::Otrbot, "3", &path);

    assert_eq!(peer.fingerprint().len(), 40);
    assert_eq!(fs::read(&path).unwrap(), b"(these are my notes)");
}
