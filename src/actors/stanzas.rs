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
    ns,
    ping::Ping,
    presence::{Presence, Type as PresenceType},
    receipts,
    roster::{Ask, Item, Roster, Subscription},
    stanza::Stanza,
    stanza_error::{DefinedCondition, ErrorType, StanzaError},
    version::{VersionQuery, VersionResult},
};

use super::{Deliver, Incoming, Outgoing, clients::Support};

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

/// Whether the stream goes on from an earlier connection. Then the server delivers, marked as
/// delayed, what it kept for this very stream (XEP-0198); in a new one only what was written while
/// the bot was away is delayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    New,
    Resumed,
}

/// Reads a stanza that came for the account `own`.
pub(super) fn read(own: &BareJid, bot: &Bot, stream: Stream, stanza: Stanza) -> Reading {
    match stanza {
        Stanza::Message(message) => read_message(own, stream, &message),
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

fn read_message(own: &BareJid, stream: Stream, message: &Message) -> Reading {
    // An error that is answered makes a loop; the others are not said to the bot.
    match message.type_ {
        MessageType::Chat | MessageType::Normal => {}
        MessageType::Error => return read_error(own, message),
        MessageType::Groupchat => return Reading::Ignored("groupchat"),
        MessageType::Headline => return Reading::Ignored("headline"),
    }
    let Some(from) = message.from.clone() else { return Reading::Ignored("no sender") };
    // Carbons and other copies come from the own account.
    if from.to_bare() == *own {
        return Reading::Ignored("own account");
    }
    // Copies of what was said elsewhere, also forged ones; words from a conference.
    for (name, ns) in [
        ("received", ns::CARBONS),
        ("sent", ns::CARBONS),
        ("forwarded", ns::FORWARD),
        ("result", ns::MAM),
        ("x", ns::MUC_USER),
    ] {
        if has_payload(message, name, ns) {
            return Reading::Ignored("copy");
        }
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
    let is_delayed =
        has_payload(message, "delay", ns::DELAY) || has_payload(message, "x", NS_OLD_DELAY);
    if is_delayed && stream == Stream::New {
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

/// An error is never answered; it may tell that a client is gone without having said so.
fn read_error(own: &BareJid, message: &Message) -> Reading {
    let is_gone = |payload: &Element| {
        payload.name() == "error"
            && StanzaError::try_from(payload.clone()).is_ok_and(|error| {
                matches!(
                    error.defined_condition,
                    DefinedCondition::Gone { .. }
                        | DefinedCondition::RecipientUnavailable
                        | DefinedCondition::ServiceUnavailable
                )
            })
    };
    match &message.from {
        Some(from)
            if from.resource().is_some()
                && from.to_bare() != *own
                && message.payloads.iter().any(is_gone) =>
        {
            Reading::Received(Incoming::Unavailable, from.clone())
        }
        Some(_) | None => Reading::Ignored("error"),
    }
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
        PresenceType::Probe => Reading::Received(Incoming::Probed, from),
        PresenceType::Subscribed | PresenceType::Error => Reading::Ignored("presence"),
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
    /// Its presence, without a picture.
    pub(super) fn presence(&self) -> Presence {
        presence(self, None)
    }

    /// What the bot can do, as a hash of it (XEP-0115).
    fn caps(&self) -> Caps {
        caps_of(&disco_info(self, None))
    }
}

fn caps_of(info: &DiscoInfoResult) -> Caps {
    // SHA-1 is what the XEP knows; it names, and protects nothing.
    let hash = caps::hash_caps(&caps::compute_disco(info), Algo::Sha_1);
    Caps::new(CAPS_NODE, hash.unwrap_or_else(|_unknown| Hash::new(Algo::Sha_1, Vec::new())))
}

fn caps_node(caps: &Caps) -> String {
    caps::query_caps(caps.clone()).node.unwrap_or_default()
}

/// The bot's presence, with what it tells of its picture.
pub(super) fn presence(bot: &Bot, picture: Option<Element>) -> Presence {
    let mut presence = Presence::available();
    presence.payloads.push(bot.caps().into());
    presence.payloads.extend(picture);
    presence
}

/// The stanzas that deliver something. `id` makes ids that were not used before.
///
/// `states` tells whether the client knows chat states: they go to those who do, and with plain
/// words to find out (XEP-0085, 5.1). `picture` is what presences tell of the picture.
pub(super) fn deliver(
    bot: &Bot,
    deliver: Deliver,
    states: Support,
    picture: Option<Element>,
    mut id: impl FnMut() -> String,
) -> Vec<Stanza> {
    let Deliver { to, what } = deliver;
    let bare = to.to_bare();
    match what {
        Outgoing::Chat { body, otr } => {
            let with_state = states == Support::Yes || (states == Support::Unknown && !otr);
            vec![Stanza::Message(chat(to, sanitised(body), otr, with_state, id()))]
        }
        Outgoing::Composing(_) if states != Support::Yes => Vec::new(),
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
        Outgoing::Show { status } => {
            let mut shown = presence(bot, picture).with_to(to);
            shown.set_status("", sanitised(status));
            vec![Stanza::Presence(shown)]
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

fn chat(to: Jid, body: String, otr: bool, with_state: bool, id: String) -> Message {
    let mut message = Message::chat(to).with_body(Lang::new(), body);
    message.id = Some(xmpp_parsers::message::Id(id));
    if with_state {
        message.payloads.push(ChatState::Active.into());
    }
    if !otr {
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
        assert_eq!(
            read(&own(), &bot(), Stream::New, parse(xml)),
            Reading::Ignored(why.to_owned().leak())
        );
    }

    #[test]
    fn a_chat_message_is_received_with_its_full_address() {
        let xml = "<message from='a@b/c' type='chat' xml:lang='en'><body>hi</body></message>";

        let reading = read(&own(), &bot(), Stream::New, parse(xml));

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
        for copy in [
            "<received xmlns='urn:xmpp:carbons:2'/>",
            "<sent xmlns='urn:xmpp:carbons:2'/>",
            "<forwarded xmlns='urn:xmpp:forward:0'/>",
            "<x xmlns='http://jabber.org/protocol/muc#user'/>",
        ] {
            check_ignored(&format!("<message from='a@b/c'>{copy}<body>x</body></message>"), "copy");
        }
        check_ignored(
            "<message from='a@b'><body>hi</body><x xmlns='jabber:x:delay'/></message>",
            "delayed",
        );
        check_ignored(
            "<message from='a@b'><body>?OTR:AAM=.</body><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>",
            "delayed",
        );
    }

    #[test]
    fn what_the_server_kept_for_a_broken_line_is_read_when_the_stream_goes_on() {
        let xml = "<message from='a@b/c'><body>?OTR:AAM=.</body><delay xmlns='urn:xmpp:delay' stamp='2026-01-01T00:00:00Z'/></message>";

        let reading = read(&own(), &bot(), Stream::Resumed, parse(xml));

        assert!(matches!(reading, Reading::Received(Incoming::Chat(_), _)), "{reading:?}");
    }

    #[test]
    fn an_error_tells_at_most_that_a_client_is_gone() {
        let error = |from: &str, condition: &str| {
            let xml = format!(
                "<message from='{from}' type='error'><body>x</body><error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"
            );
            read(&own(), &bot(), Stream::New, parse(&xml))
        };

        let gone = Reading::Received(Incoming::Unavailable, Jid::new("a@b/c").unwrap());
        assert_eq!(error("a@b/c", "service-unavailable"), gone);
        assert_eq!(error("a@b/c", "recipient-unavailable"), gone);
        assert_eq!(error("a@b", "service-unavailable"), Reading::Ignored("error"));
        assert_eq!(error("a@b/c", "not-acceptable"), Reading::Ignored("error"));
        assert_eq!(error("bot@localhost/x", "service-unavailable"), Reading::Ignored("error"));
    }

    #[test]
    fn a_roster_push_is_taken_from_the_own_account_alone() {
        let push = |from: &str| {
            let xml = format!(
                "<iq {from} id='1' type='set'><query xmlns='jabber:iq:roster'><item jid='eve@x' subscription='both'/></query></iq>"
            );
            let reading = read(&own(), &bot(), Stream::New, parse(&xml));
            let Reading::Reply(reply) = reading else { panic!("{reading:?}") };
            matches!(*reply, Stanza::Iq(Iq::Result { .. }))
        };

        assert!(push("to='bot@localhost/otrbot'") && push("from='bot@localhost'"));
        for forger in ["from='eve@x/y'", "from='localhost'", "from='bot@localhost/other'"] {
            assert!(!push(forger), "{forger}");
        }
    }

    #[test]
    fn chat_states_go_to_those_who_know_them() {
        let sent = |what: Outgoing, states: Support| -> String {
            let to = Jid::new("a@b/c").unwrap();
            deliver(&bot(), Deliver { to, what }, states, None, || "1".into())
                .iter()
                .map(|stanza| String::from_utf8(xso::to_vec(stanza).unwrap()).unwrap())
                .collect()
        };
        let chat = |otr| Outgoing::Chat { body: "x".into(), otr };

        assert!(sent(Outgoing::Composing(true), Support::Yes).contains("<composing"));
        assert_eq!(sent(Outgoing::Composing(true), Support::Unknown), "");
        assert_eq!(sent(Outgoing::Composing(false), Support::No), "");
        assert!(sent(chat(true), Support::Yes).contains("<active"));
        assert!(!sent(chat(true), Support::Unknown).contains("<active"));
        assert!(sent(chat(false), Support::Unknown).contains("<active"));
        assert!(!sent(chat(false), Support::No).contains("<active"));
    }

    #[test]
    fn the_hash_of_the_capabilities_is_that_of_the_specification() {
        let example: Element = "<query xmlns='http://jabber.org/protocol/disco#info'>\
            <identity category='client' name='Exodus 0.9.1' type='pc'/>\
            <feature var='http://jabber.org/protocol/disco#items'/>\
            <feature var='http://jabber.org/protocol/caps'/>\
            <feature var='http://jabber.org/protocol/muc'/>\
            <feature var='http://jabber.org/protocol/disco#info'/></query>"
            .parse()
            .unwrap();

        let caps = caps_of(&DiscoInfoResult::try_from(example).unwrap());

        assert!(caps_node(&caps).ends_with("#QgayPKawpkPSDYmwT/WM94uAlu0="), "{caps:?}");
    }

    #[test]
    fn a_ping_is_answered_and_an_unknown_request_refused() {
        let ping = "<iq from='a@b/c' id='1' type='get'><ping xmlns='urn:xmpp:ping'/></iq>";
        let unknown = "<iq from='a@b/c' id='2' type='set'><query xmlns='jabber:iq:roster'/></iq>";

        let replies = [ping, unknown].map(|xml| read(&own(), &bot(), Stream::New, parse(xml)));

        let [Reading::Reply(answer), Reading::Reply(refusal)] = replies else { panic!() };
        assert!(matches!(*answer, Stanza::Iq(Iq::Result { .. })));
        assert!(matches!(*refusal, Stanza::Iq(Iq::Error { .. })));
    }

    #[test]
    fn an_otr_message_carries_its_hints() {
        let to = Jid::new("a@b/c").unwrap();
        let what = Outgoing::Chat { body: "?OTR:AAM\u{1}=.".into(), otr: true };

        let stanzas = deliver(&bot(), Deliver { to, what }, Support::Yes, None, || "1".into());

        let xml = String::from_utf8(xso::to_vec(&stanzas[0]).unwrap()).unwrap();
        for part in
            ["no-copy", "no-permanent-store", "urn:xmpp:eme:0", "urn:xmpp:carbons:2", "?OTR:AAM=."]
        {
            assert!(xml.contains(part), "{part} is not in {xml}");
        }
    }
}
