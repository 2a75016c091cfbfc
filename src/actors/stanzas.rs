//! Which stanza means what, and which stanza says what: the bot's conduct on XMPP, as pure
//! functions. Lacks any state: who may talk at all is the registry's to decide.

use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::{
    caps::{self, Caps},
    chatstates::ChatState,
    disco::{DiscoInfoQuery, DiscoInfoResult, Identity},
    eme::ExplicitMessageEncryption,
    hashes::{Algo, Hash},
    iq::Iq,
    message::{Lang, Message, MessageType},
    nick::Nick,
    ping::Ping,
    presence::{Presence, Type as PresenceType},
    receipts,
    roster::{Ask, Item, Roster, Subscription},
    stanza::Stanza,
    stanza_error::{DefinedCondition, ErrorType, StanzaError},
    version::{VersionQuery, VersionResult},
};

use super::{Deliver, Incoming, Outgoing};

/// Namespace of the hints of XEP-0334.
const NS_HINTS: &str = "urn:xmpp:hints";
/// Namespace that XEP-0380 has for OTR.
const NS_OTR: &str = "urn:xmpp:otr:0";
/// Namespace of chat states.
const NS_CHAT_STATES: &str = "http://jabber.org/protocol/chatstates";
/// Namespace of delivery receipts.
const NS_RECEIPTS: &str = "urn:xmpp:receipts";
/// Namespace of delayed delivery before XEP-0203.
const NS_OLD_DELAY: &str = "jabber:x:delay";
/// Longest id of a message that is repeated in a receipt, in bytes.
const LONGEST_ID: usize = 256;
/// What the bot's program is called in its capabilities (XEP-0115).
const CAPS_NODE: &str = "urn:otrbot";
/// Longest body that is read, in bytes. A learner's OTR client sends 64 kB at most; longer bodies
/// are dropped before they cost anything.
const LONGEST_BODY: usize = 256 * 1024;

/// What to do about a stanza.
#[derive(Debug, PartialEq)]
pub(super) enum Reading {
    /// A session may want to know.
    Received(Incoming, Jid),
    /// The same, and the sender wants to know that it came: the message's id.
    Receipted(Incoming, Jid, String),
    /// To be answered at once, with this.
    Reply(Box<Stanza>),
    /// Nothing to do, for this reason.
    Ignored(&'static str),
}

/// Reads a stanza that came for the account `own`.
pub(super) fn read(own: &BareJid, bot: &Bot, stanza: Stanza) -> Reading {
    match stanza {
        Stanza::Message(message) => read_message(own, &message),
        Stanza::Presence(presence) => read_presence(own, presence),
        Stanza::Iq(iq) => read_iq(own, bot, iq),
    }
}

/// How the bot presents itself.
#[derive(Clone, Debug)]
pub(super) struct Bot {
    /// Its name.
    pub(super) alias: String,
    /// Its title, as the name of its service.
    pub(super) title: String,
}

fn read_message(own: &BareJid, message: &Message) -> Reading {
    // An error that is answered makes a loop; the others are not said to the bot.
    match message.type_ {
        MessageType::Chat | MessageType::Normal => {}
        MessageType::Error => return Reading::Ignored("error"),
        MessageType::Groupchat => return Reading::Ignored("groupchat"),
        MessageType::Headline => return Reading::Ignored("headline"),
    }
    let Some(from) = message.from.clone() else { return Reading::Ignored("no sender") };
    // Carbons and other copies come from the own account.
    if from.to_bare() == *own {
        return Reading::Ignored("own account");
    }
    let Some((_, body)) = message.get_best_body(Vec::new()) else {
        return Reading::Ignored("no body");
    };
    if body.is_empty() {
        return Reading::Ignored("no body");
    }
    if body.len() > LONGEST_BODY {
        return Reading::Received(Incoming::TooLong, from);
    }
    // What waited on the server belongs to a conversation that is gone.
    if has_payload(message, "delay", "urn:xmpp:delay") || has_payload(message, "x", NS_OLD_DELAY) {
        return Reading::Ignored("delayed");
    }
    let chat = Incoming::Chat(body.clone());
    match &message.id {
        Some(id) if has_payload(message, "request", NS_RECEIPTS) && id.0.len() <= LONGEST_ID => {
            Reading::Receipted(chat, from, id.0.clone())
        }
        _ => Reading::Received(chat, from),
    }
}

fn has_payload(message: &Message, name: &str, ns: &str) -> bool {
    message.payloads.iter().any(|payload| payload.is(name, ns))
}

/// Whether the sender of a message knows chat states; `None`: the message does not tell. Who sends
/// a body without one does not (XEP-0085, 5.1); but OTR messages are often made behind the back of
/// what adds it.
pub(super) fn shows_chat_states(message: &Message) -> Option<bool> {
    if message.payloads.iter().any(|payload| payload.ns() == NS_CHAT_STATES) {
        return Some(true);
    }
    let says = message.bodies.values().any(|body| !body.starts_with("?OTR"));
    says.then_some(false)
}

fn read_presence(own: &BareJid, presence: Presence) -> Reading {
    let Some(from) = presence.from else { return Reading::Ignored("no sender") };
    if from.to_bare() == *own {
        return Reading::Ignored("own account");
    }
    match presence.type_ {
        PresenceType::Subscribe => Reading::Received(Incoming::SubscriptionAsked, from),
        PresenceType::Unsubscribe | PresenceType::Unsubscribed => {
            Reading::Received(Incoming::Unsubscribed, from)
        }
        PresenceType::Unavailable => Reading::Received(Incoming::Unavailable, from),
        PresenceType::None => Reading::Received(Incoming::Available, from),
        PresenceType::Subscribed | PresenceType::Probe | PresenceType::Error => {
            Reading::Ignored("presence")
        }
    }
}

fn read_iq(own: &BareJid, bot: &Bot, iq: Iq) -> Reading {
    let (from, id, payload, is_get) = match iq {
        Iq::Get { from, id, payload, .. } => (from, id, payload, true),
        Iq::Set { from, id, payload, .. } => (from, id, payload, false),
        Iq::Result { .. } | Iq::Error { .. } => return Reading::Ignored("answer"),
    };
    let result = |payload: Option<Element>| Iq::Result {
        from: None,
        to: from.clone(),
        id: id.clone(),
        payload,
    };
    let answer =
        if is_get && payload.is("ping", "urn:xmpp:ping") && Ping::try_from(payload.clone()).is_ok()
        {
            result(None)
        } else if is_get && VersionQuery::try_from(payload.clone()).is_ok() {
            let version = VersionResult {
                name: "otrbot".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                os: None,
            };
            result(Some(version.into()))
        } else if let (true, Ok(query)) = (is_get, DiscoInfoQuery::try_from(payload.clone())) {
            match query.node {
                None => result(Some(disco_info(bot, None).into())),
                Some(node) if node == caps_node(&bot.caps()) => {
                    result(Some(disco_info(bot, Some(node)).into()))
                }
                Some(_) => refusal(from, id, DefinedCondition::ItemNotFound),
            }
        } else if !is_get
            && payload.is("query", "jabber:iq:roster")
            && is_own_server(own, from.as_ref())
        {
            // A roster push; from anybody else it would be an attempt to add contacts.
            result(None)
        } else {
            refusal(from, id, DefinedCondition::ServiceUnavailable)
        };
    Reading::Reply(Box::new(Stanza::Iq(answer)))
}

fn refusal(to: Option<Jid>, id: String, condition: DefinedCondition) -> Iq {
    let text = "this bot does not offer that";
    let error = StanzaError::new(ErrorType::Cancel, condition, "en", text);
    Iq::Error { from: None, to, id, error, payload: None }
}

fn is_own_server(own: &BareJid, from: Option<&Jid>) -> bool {
    from.is_none_or(|from| from.resource().is_none() && from.to_bare() == *own)
}

fn disco_info(bot: &Bot, node: Option<String>) -> DiscoInfoResult {
    let features = [
        "http://jabber.org/protocol/caps",
        NS_CHAT_STATES,
        "http://jabber.org/protocol/disco#info",
        "jabber:iq:version",
        "urn:xmpp:eme:0",
        "urn:xmpp:ping",
        NS_RECEIPTS,
    ];
    DiscoInfoResult {
        node,
        identities: vec![Identity::new("client", "bot", "en", bot.title.clone())],
        features: features.into_iter().map(str::to_owned).collect(),
        extensions: Vec::new(),
    }
}

impl Bot {
    /// What the bot can do, as a hash of it (XEP-0115).
    fn caps(&self) -> Caps {
        let known = caps::compute_disco(&disco_info(self, None));
        // SHA-1 is what the XEP knows; it names, and protects nothing.
        let hash = caps::hash_caps(&known, Algo::Sha_1);
        Caps::new(CAPS_NODE, hash.unwrap_or_else(|_unknown| Hash::new(Algo::Sha_1, Vec::new())))
    }
}

fn caps_node(caps: &Caps) -> String {
    caps::query_caps(caps.clone()).node.unwrap_or_default()
}

/// The bot's presence, with what it tells of its picture.
pub(super) fn presence(bot: &Bot, picture: Option<Element>) -> Stanza {
    let mut presence = Presence::available();
    presence.payloads.push(bot.caps().into());
    presence.payloads.extend(picture);
    Stanza::Presence(presence)
}

/// The stanzas that deliver something. `id` makes ids that were not used before.
pub(super) fn deliver(bot: &Bot, deliver: Deliver, mut id: impl FnMut() -> String) -> Vec<Stanza> {
    let Deliver { to, what } = deliver;
    let bare = to.to_bare();
    match what {
        Outgoing::Chat { body, otr } => vec![Stanza::Message(chat(to, sanitised(body), otr, id()))],
        Outgoing::Composing(on) => {
            let state = if on { ChatState::Composing } else { ChatState::Paused };
            let mut message = Message::chat(to).with_payload(state);
            message.payloads.push(hint("no-store"));
            vec![Stanza::Message(message)]
        }
        Outgoing::Receipt(id) => {
            let mut message = Message::chat(to).with_payload(receipts::Received { id });
            message.payloads.push(hint("no-store"));
            vec![Stanza::Message(message)]
        }
        Outgoing::Invite => vec![
            Stanza::Presence(Presence::subscribed().with_to(bare.clone())),
            Stanza::Presence(
                Presence::subscribe()
                    .with_to(bare)
                    .with_payloads(vec![Nick(bot.alias.clone()).into()]),
            ),
        ],
        Outgoing::AcceptSubscription => {
            vec![Stanza::Presence(Presence::subscribed().with_to(bare))]
        }
        Outgoing::Part { status } => {
            let gone = offline(bare.clone(), status);
            // Removal from the roster cancels both subscriptions.
            let item = Item {
                jid: bare,
                name: None,
                subscription: Subscription::Remove,
                ask: Ask::None,
                groups: Vec::new(),
                approved: None,
            };
            let roster = Roster { ver: None, items: vec![item] };
            let remove = Iq::Set { from: None, to: None, id: id(), payload: roster.into() };
            // The status comes last: the server's own presences for the removal have none.
            vec![Stanza::Iq(remove), gone]
        }
        Outgoing::Leave { status } => vec![offline(bare, status)],
    }
}

/// The bot goes offline for somebody.
fn offline(to: BareJid, status: String) -> Stanza {
    let mut gone = Presence::unavailable().with_to(to);
    if !status.is_empty() {
        gone.set_status("", sanitised(status));
    }
    Stanza::Presence(gone)
}

fn chat(to: Jid, body: String, otr: bool, id: String) -> Message {
    let mut message = Message::chat(to).with_body(Lang::new(), body);
    message.id = Some(xmpp_parsers::message::Id(id));
    if !otr {
        message.payloads.push(ChatState::Active.into());
        return message;
    }
    // Copies at other clients and in archives could not be read anyway (XEP-0364).
    message.payloads.push(xmpp_parsers::carbons::Private.into());
    message.payloads.extend(["no-copy", "no-permanent-store"].map(hint));
    let eme =
        ExplicitMessageEncryption { namespace: NS_OTR.to_owned(), name: Some("OTR".to_owned()) };
    message.with_payload(eme)
}

fn hint(name: &str) -> Element {
    Element::builder(name, NS_HINTS).build()
}

/// Without the characters that XML cannot carry.
fn sanitised(text: String) -> String {
    let allowed = |c: char| {
        matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
    };
    if text.chars().all(allowed) { text } else { text.chars().filter(|&c| allowed(c)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bot() -> Bot {
        Bot { alias: "Marvin".into(), title: "OTR Bot".into() }
    }

    fn own() -> BareJid {
        BareJid::new("bot@localhost").unwrap()
    }

    fn parse(xml: &str) -> Stanza {
        let xml = xml.replacen(' ', " xmlns='jabber:client' ", 1);
        xso::from_bytes(xml.as_bytes()).unwrap()
    }

    #[track_caller]
    fn check_ignored(xml: &str, why: &str) {
        assert_eq!(read(&own(), &bot(), parse(xml)), Reading::Ignored(why.to_owned().leak()));
    }

    #[test]
    fn a_chat_message_is_received_with_its_full_address() {
        let xml = "<message from='a@b/c' type='chat' xml:lang='en'><body>hi</body></message>";

        let reading = read(&own(), &bot(), parse(xml));

        let from = Jid::new("a@b/c").unwrap();
        assert_eq!(reading, Reading::Received(Incoming::Chat("hi".into()), from));
    }

    #[test]
    fn what_must_not_be_answered_is_not() {
        check_ignored("<message from='a@b' type='error'><body>x</body></message>", "error");
        check_ignored("<message from='a@b' type='groupchat'><body>x</body></message>", "groupchat");
        check_ignored("<message from='a@b' type='headline'><body>x</body></message>", "headline");
        check_ignored("<message from='bot@localhost/x'><body>x</body></message>", "own account");
        check_ignored("<message from='a@b'></message>", "no body");
        check_ignored(
            "<message from='a@b'><body>?OTR:AAM=.</body><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>",
            "delayed",
        );
    }

    #[test]
    fn a_ping_is_answered_and_an_unknown_request_refused() {
        let ping = "<iq from='a@b/c' id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>";
        let unknown = "<iq from='a@b/c' id='2' type='set'><query xmlns='jabber:iq:roster'/></iq>";

        let replies = [ping, unknown].map(|xml| read(&own(), &bot(), parse(xml)));

        let [Reading::Reply(answer), Reading::Reply(refusal)] = replies else { panic!() };
        assert!(matches!(*answer, Stanza::Iq(Iq::Result { .. })));
        assert!(matches!(*refusal, Stanza::Iq(Iq::Error { .. })));
    }

    #[test]
    fn an_otr_message_carries_its_hints() {
        let to = Jid::new("a@b/c").unwrap();
        let what = Outgoing::Chat { body: "?OTR:AAM\u{1}=.".into(), otr: true };

        let stanzas = deliver(&bot(), Deliver { to, what }, || "1".into());

        let xml = String::from_utf8(xso::to_vec(&stanzas[0]).unwrap()).unwrap();
        for part in
            ["no-copy", "no-permanent-store", "urn:xmpp:eme:0", "urn:xmpp:carbons:2", "?OTR:AAM=."]
        {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
    }
}
