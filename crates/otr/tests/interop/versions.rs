//! Queries in a private conversation: what is quoted is text, and an older one does not bring the
//! version down.

use otr::event::Event;
use otr::policy::Policy;
use otr::version::Version;
use serde_json::json;

use crate::pair::{Pair, only};
use crate::peer::{Engine, Peer, Setting};

const BOTH: Policy = Policy {
    allow_v2: true,
    allow_v3: true,
    require_encryption: false,
    send_tag: false,
    whitespace_start_ake: false,
    error_start_ake: false,
};

/// We and a peer that speaks both versions, in private by version 3.
fn private(engine: Engine) -> Pair {
    let setting = Setting { engine, version: Version::V3 };
    let mut pair = Pair::with(setting, BOTH, "2,3", 1);
    pair.ours.set_version_held(true);
    pair.start();
    pair.assert_private();
    pair
}

#[test]
fn a_quoted_query_is_a_text() {
    for engine in [Engine::Libotr, Engine::Otrbot] {
        let mut pair = private(engine);
        let ssid = pair.ours.ssid();
        let text = "what does ?OTRv2? mean";

        pair.inject_to_us(text);

        let heard = Event::Heard { text: text.to_owned(), encrypted: false };
        assert_eq!(pair.our_events(), [heard]);
        assert_eq!(pair.ours.ssid(), ssid);
        pair.assert_talks();
    }
}

#[test]
fn a_forged_query_of_an_older_version_brings_fresh_keys_of_the_newer_one() {
    for engine in [Engine::Libotr, Engine::Otrbot] {
        let mut pair = private(engine);
        let ssid = pair.ours.ssid();

        pair.inject_to_us("?OTRv2?");

        assert_eq!(pair.ours.version(), Some(Version::V3), "{engine:?}");
        assert_ne!(pair.ours.ssid(), ssid, "the peer answers our query");
        let is_warning = |event: &Event| matches!(event, Event::Downgraded { .. });
        assert!(!pair.our_events().iter().any(is_warning));
        pair.forget_events();
        pair.assert_talks();
    }
}

/// Who has taken up an older program is understood, and we are told.
#[test]
fn a_program_that_speaks_the_older_version_alone_is_answered() {
    for engine in [Engine::Libotr, Engine::Potr, Engine::Otrbot] {
        let mut pair = private(Engine::Libotr);
        pair.setting = Setting { engine, version: Version::V2 };
        pair.theirs = Peer::start(engine, "2");
        pair.forget_events();

        pair.command(&json!({"cmd": "query"}));

        assert_eq!(pair.ours.version(), Some(Version::V2), "{engine:?}");
        let downgraded = Event::Downgraded { from: Version::V3, to: Version::V2 };
        assert!(pair.our_events().contains(&downgraded), "{engine:?}");
        pair.forget_events();
        pair.assert_talks();
    }
}

#[test]
fn messages_that_a_gateway_has_broken_into_lines_are_read() {
    for (engine, version) in
        [(Engine::Libotr, Version::V2), (Engine::Libotr, Version::V3), (Engine::Potr, Version::V2)]
    {
        let mut pair =
            Pair::with(Setting { engine, version }, only(version), &version.to_string(), 1);
        pair.start();
        pair.assert_private();
        let printed = pair.theirs.run(&json!({"cmd": "send", "text": "a text of some lines"}));
        for line in printed {
            let Some(body) = line["out"].as_str() else { continue };
            let lines = body.as_bytes().chunks(76).map(|line| str::from_utf8(line).unwrap());
            pair.inject_to_us(&lines.collect::<Vec<_>>().join("\r\n"));
        }

        let heard = Event::Heard { text: "a text of some lines".to_owned(), encrypted: true };
        assert_eq!(pair.our_events(), [heard], "{engine:?}");
    }
}
