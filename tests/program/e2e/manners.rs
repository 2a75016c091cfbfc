//! How the bot shows itself and answers on XMPP, seen by another client.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of a test may fail it"
)]

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minidom::Element;
use xmpp::Event;
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::{
    caps::{Caps, compute_disco, hash_caps, query_caps},
    disco::{DiscoInfoQuery, DiscoInfoResult},
    iq::Iq,
    message::{Lang, Message},
    presence::{Presence, Type},
    receipts,
};

use crate::e2e::program;
use support::client::{Client, account};
use support::daemon::{Daemon, Script};
use support::stage::{self, ADA, BOT, PASSWORD};

const PICTURE: &[u8] = include_bytes!("../../../static/avatar.png");
const NS_VCARD: &str = "vcard-temp";

fn picture() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/static/avatar.png"))
}

/// A daemon that is ready. Waiting for it blocks.
async fn started(script: Script) -> Daemon {
    tokio::task::spawn_blocking(|| Daemon::start(program(), script)).await.unwrap()
}

async fn stanza(client: &mut Client) -> Stanza {
    loop {
        match client.event().await.unwrap() {
            Event::Stanza(stanza) => return *stanza,
            Event::Offline { why, .. } => panic!("down: {why}"),
            _ => {}
        }
    }
}

/// Asks `to` for something; the answer's payload, or `None` if it is an error.
async fn ask(client: &mut Client, to: &str, id: &str, payload: Element) -> Option<Element> {
    let to = Some(to.parse().unwrap());
    client.send(Iq::Get { from: None, to, id: id.to_owned(), payload }, None).await;
    loop {
        match stanza(client).await {
            Stanza::Iq(Iq::Result { id: answered, payload, .. }) if answered == id => {
                return payload;
            }
            Stanza::Iq(Iq::Error { id: answered, .. }) if answered == id => return None,
            _ => {}
        }
    }
}

/// Accepts the bot's invitation; the bot's first presence that names a picture.
async fn befriend(client: &mut Client) -> Presence {
    client.available().await;
    loop {
        let Stanza::Presence(presence) = stanza(client).await else { continue };
        let is_bot = presence.from.as_ref().is_some_and(|from| from.to_bare().as_str() == BOT);
        if !is_bot {
            continue;
        }
        match presence.type_ {
            Type::Subscribe => {
                let bot: jid::Jid = BOT.parse().unwrap();
                client.send(Presence::subscribed().with_to(bot.clone()), None).await;
                client.send(Presence::subscribe().with_to(bot), None).await;
            }
            Type::None if photo(&presence).is_some() => return presence,
            _ => {}
        }
    }
}

fn photo(presence: &Presence) -> Option<String> {
    let update = presence.payloads.iter().find(|p| p.is("x", "vcard-temp:x:update"))?;
    Some(update.get_child("photo", "vcard-temp:x:update")?.text())
}

fn asks_for_receipt(id: &str, body: &str) -> Message {
    let mut message = Message::chat(Some(BOT.parse().unwrap()))
        .with_body(Lang::new(), body.to_owned())
        .with_payload(receipts::Request);
    message.id = Some(xmpp_parsers::message::Id(id.to_owned()));
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_shows_its_picture_its_name_and_what_it_can_do() {
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    script.avatar_file = Some(picture().to_owned());
    script.whitelist = vec![ADA.to_owned()];
    let _daemon = started(script).await;
    let mut ada = Client::start(account(&prosody, "ada", PASSWORD));
    ada.online().await;

    let presence = befriend(&mut ada).await;

    // The vCard.
    let card = ask(&mut ada, BOT, "card", Element::bare("vCard", NS_VCARD)).await.unwrap();
    let name = card.get_child("NICKNAME", NS_VCARD).unwrap().text();
    let shown = card.get_child("PHOTO", NS_VCARD).unwrap();
    let data = shown.get_child("BINVAL", NS_VCARD).unwrap().text();
    assert_eq!(
        (name.as_str(), shown.get_child("TYPE", NS_VCARD).unwrap().text().as_str()),
        ("Marvin", "image/png")
    );
    assert_eq!(STANDARD.decode(data).unwrap(), PICTURE);

    // The picture by PEP, under the same name as in the presence.
    let query = |node: &str| {
        format!("<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='{node}'/></pubsub>")
            .parse::<Element>()
            .unwrap()
    };
    let metadata = ask(&mut ada, BOT, "meta", query("urn:xmpp:avatar:metadata")).await.unwrap();
    let id = photo(&presence).unwrap();
    assert!(String::from(&metadata).contains(&id), "{metadata:?}");
    let data = ask(&mut ada, BOT, "data", query("urn:xmpp:avatar:data")).await.unwrap();
    assert!(String::from(&data).contains(&STANDARD.encode(PICTURE)));
    let nick = ask(&mut ada, BOT, "nick", query("http://jabber.org/protocol/nick")).await.unwrap();
    assert!(String::from(&nick).contains(">Marvin<"), "{nick:?}");

    // What it can do: the hash in the presence is that of what it answers.
    let caps = presence.payloads.iter().find_map(|p| Caps::try_from(p.clone()).ok()).unwrap();
    let bot = presence.from.unwrap().to_string();
    let node = query_caps(caps.clone());
    let info = ask(&mut ada, &bot, "caps", node.clone().into()).await.unwrap();
    let info = DiscoInfoResult::try_from(info).unwrap();
    assert_eq!(info.node, node.node);
    assert_eq!(hash_caps(&compute_disco(&info), caps.hash).unwrap().hash, caps.ver);
    for feature in ["urn:xmpp:receipts", "urn:xmpp:ping", "urn:xmpp:eme:0"] {
        assert!(info.features.iter().any(|known| known == feature), "{feature}");
    }
    let other = DiscoInfoQuery { node: Some("urn:otrbot#other".to_owned()) };
    assert_eq!(ask(&mut ada, &bot, "other", other.into()).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn learners_get_receipts_and_strangers_get_nothing() {
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    script.whitelist = vec![ADA.to_owned()];
    let daemon = started(script).await;
    let mut ada = Client::start(account(&prosody, "ada", PASSWORD));
    let mut grace = Client::start(account(&prosody, "grace", PASSWORD));
    ada.online().await;
    grace.online().await;

    grace.send(asks_for_receipt("g1", "hello"), None).await;
    ada.send(asks_for_receipt("a1", "hello"), None).await;
    // What cannot be read did not come.
    ada.send(asks_for_receipt("a2", "?OTR:AAMDgarbage."), None).await;
    ada.send(asks_for_receipt("a3", "?OTRv23?"), None).await;

    let mut received = Vec::new();
    while received.last().is_none_or(|last| last != "a3") {
        if let Stanza::Message(message) = stanza(&mut ada).await {
            let payloads = message.payloads.into_iter();
            received.extend(
                payloads.filter_map(|p| receipts::Received::try_from(p).ok()).map(|r| r.id),
            );
        }
    }
    assert_eq!(received, ["a1", "a3"]);
    // What the bot says to a stranger would have come before the answer to this.
    let bot = format!("{BOT}/otrbot");
    let version = Element::bare("query", "jabber:iq:version");
    let id = "version".to_owned();
    let to = Some(bot.parse().unwrap());
    grace.send(Iq::Get { from: None, to, id: id.clone(), payload: version }, None).await;
    loop {
        match stanza(&mut grace).await {
            Stanza::Iq(Iq::Result { id: answered, .. }) if answered == id => break,
            Stanza::Message(message) => panic!("a stranger is answered: {message:?}"),
            _ => {}
        }
    }
    assert!(!daemon.log().contains("hello"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_waited_on_the_server_are_answered() {
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    script.whitelist = vec![ADA.to_owned()];
    let mut ada = Client::start(account(&prosody, "ada", PASSWORD));
    ada.online().await;
    // Prosody keeps it until the bot is there.
    ada.send(asks_for_receipt("early", "hello"), None).await;
    let ping = Element::bare("ping", "urn:xmpp:ping");
    assert_eq!(ask(&mut ada, "localhost", "ping", ping).await, None);

    let _daemon = started(script).await;
    ada.send(asks_for_receipt("late", "hello"), None).await;

    let mut receipts = Vec::new();
    while !receipts.contains(&"late".to_owned()) {
        if let Stanza::Message(message) = stanza(&mut ada).await {
            receipts.extend(
                message
                    .payloads
                    .iter()
                    .filter_map(|p| receipts::Received::try_from(p.clone()).ok())
                    .map(|r| r.id),
            );
        }
    }
    assert_eq!(receipts, ["early", "late"]);
}

#[test]
fn a_picture_that_cannot_be_shown_is_named_at_the_start() {
    let folder = tempfile::TempDir::new().unwrap();
    let broken = folder.path().join("broken.png");
    std::fs::write(&broken, b"no picture").unwrap();
    let mut script = Script::new(BOT, PASSWORD, 1, picture());
    script.avatar_file = Some(broken);
    let yaml = script.yaml().replace("  secret_key_file: pages.key\n", "");
    let path = folder.path().join("settings.yaml");
    std::fs::write(&path, yaml).unwrap();

    for command in ["check", "run"] {
        let output = std::process::Command::new(program())
            .arg("--settings")
            .arg(&path)
            .arg(command)
            .output();

        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(4), "{command}: {said}");
        for part in ["settings.yaml:5: ", "avatar_file", "broken.png", "PNG"] {
            assert!(said.contains(part), "{part} is not in {said}");
        }
    }
}
