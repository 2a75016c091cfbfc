//! Which stanza means what, and which stanza says what: the bot's conduct on XMPP, as pure
//! functions. Lacks any state: who may talk at all is the registry's to decide.

use jid::{BareJid, Jid};
use minidom::Element;
use xmpp_parsers::{
    caps::{self, Caps},
    chatstates::ChatState,
    delay::Delay,
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
use crate::{records::one_form, session::Unreachable};

mod elsewhere;
mod fallback;

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

/// How long an OTR message may have waited on the server, in seconds.
const LATEST_OTR: i64 = 120;
/// The same, of words in the clear.
const LATEST_WORDS: i64 = 7 * 86_400;

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

/// For whom and when stanzas are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// The bot's address.
    pub(super) own: &'a BareJid,
    /// How it presents itself.
    pub(super) bot: &'a Bot,
    pub(super) stream: Stream,
    /// Whether what comes for any address of the domain comes here.
    pub(super) is_component: bool,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// Reads a stanza that came.
pub(super) fn read(reader: Reader<'_>, mut stanza: Stanza) -> Reading {
    let from = match &mut stanza {
        Stanza::Message(message) => &mut message.from,
        Stanza::Presence(presence) => &mut presence.from,
        // An answer goes to the address as it was given.
        Stanza::Iq(_) => &mut None,
    };
    *from = from.take().map(one_form);
    if reader.is_component && !elsewhere::is_for(reader.own, &stanza) {
        return elsewhere::read(reader, stanza);
    }
    match stanza {
        Stanza::Message(message) => read_message(reader, &message),
        Stanza::Presence(presence) => read_presence(reader.own, presence),
        Stanza::Iq(iq) => read_iq(reader, iq),
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

fn read_message(reader: Reader<'_>, message: &Message) -> Reading {
    let Reader { own, stream, now, .. } = reader;
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
    let own = fallback::own_words(message, body);
    let words = own.as_deref().unwrap_or(body);
    if words.len() > LONGEST_BODY {
        return Reading::Received(Incoming::TooLong, from);
    }
    if stream == Stream::New && is_too_late(message, words, now) {
        return Reading::Ignored("delayed");
    }
    let chat = match own {
        None => Incoming::Chat(body.clone()),
        Some(own) => Incoming::Marked { body: begin(body).to_owned(), own },
    };
    match &message.id {
        Some(id) if has_payload(message, "request", NS_RECEIPTS) && id.0.len() <= LONGEST_ID => {
            Reading::Receipted(chat, from, id.0.clone())
        }
        _ => Reading::Received(chat, from),
    }
}

/// As much of a body as is read.
fn begin(body: &str) -> &str {
    body.get(..body.floor_char_boundary(LONGEST_BODY)).unwrap_or_default()
}

/// Whether a message has waited on the server for too long to be acted on. What was encrypted belongs
/// to a conversation that is gone soon; words in the clear can be answered the next day.
fn is_too_late(message: &Message, body: &str, now: i64) -> bool {
    let is_otr = body.starts_with("?OTR");
    let stamps = message.payloads.iter().filter(|payload| payload.is("delay", ns::DELAY));
    // The first to keep it was the earliest.
    let age = stamps
        .filter_map(|payload| Delay::try_from(payload.clone()).ok())
        .map(|delay| now.saturating_sub(delay.stamp.0.timestamp()))
        .max();
    match age {
        Some(age) => age > if is_otr { LATEST_OTR } else { LATEST_WORDS },
        // Without a time that can be read, it may have been long.
        None => {
            is_otr
                && (has_payload(message, "delay", ns::DELAY)
                    || has_payload(message, "x", NS_OLD_DELAY))
        }
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
        PresenceType::Unsubscribe => Reading::Received(Incoming::Unsubscribed, from),
        PresenceType::Unsubscribed => Reading::Received(Incoming::Declined, from),
        PresenceType::Subscribed => Reading::Received(Incoming::Accepted, from),
        PresenceType::Error => match unreachable_by(&presence.payloads) {
            Some(why) => Reading::Received(Incoming::Unreachable(why), from),
            None => Reading::Ignored("presence"),
        },
        PresenceType::Unavailable => Reading::Received(Incoming::Unavailable, from),
        PresenceType::None => Reading::Received(Incoming::Available, from),
        PresenceType::Probe => Reading::Received(Incoming::Probed, from),
    }
}

/// Why a presence could not be delivered, where that says that nobody can be reached there.
fn unreachable_by(payloads: &[Element]) -> Option<Unreachable> {
    let error = payloads.iter().find(|payload| payload.name() == "error")?;
    let condition = StanzaError::try_from(error.clone()).ok()?.defined_condition;
    let is_server = matches!(
        condition,
        DefinedCondition::RemoteServerNotFound | DefinedCondition::RemoteServerTimeout
    );
    let is_address = matches!(
        condition,
        DefinedCondition::Gone { .. }
            | DefinedCondition::ItemNotFound
            | DefinedCondition::JidMalformed
            | DefinedCondition::ServiceUnavailable
    );
    if is_server {
        Some(Unreachable::NoServer)
    } else {
        is_address.then_some(Unreachable::NoAddress)
    }
}

fn read_iq(reader: Reader<'_>, iq: Iq) -> Reading {
    let Reader { own, bot, is_component, .. } = reader;
    let (from, asked, id, payload, is_get) = match iq {
        Iq::Get { from, to, id, payload } => (from, to, id, payload, true),
        Iq::Set { from, to, id, payload } => (from, to, id, payload, false),
        Iq::Result { .. } | Iq::Error { .. } => return Reading::Ignored("answer"),
    };
    // An answer comes from whom was asked; for an account, its server sees to that.
    let asked = asked.filter(|_| is_component);
    let result = |payload: Option<Element>| Iq::Result {
        from: asked.clone(),
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
                Some(_) => refusal(asked, from, id, DefinedCondition::ItemNotFound),
            }
        } else if !is_get
            && payload.is("query", "jabber:iq:roster")
            && is_own_server(own, from.as_ref())
        {
            // A roster push; from anybody else it would be an attempt to add contacts.
            result(None)
        } else {
            refusal(asked, from, id, DefinedCondition::ServiceUnavailable)
        };
    Reading::Reply(Box::new(Stanza::Iq(answer)))
}

fn refusal(from: Option<Jid>, to: Option<Jid>, id: String, condition: DefinedCondition) -> Iq {
    let text = "this bot does not offer that";
    let error = StanzaError::new(ErrorType::Cancel, condition, "en", text);
    Iq::Error { from, to, id, error, payload: None }
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
        Outgoing::Chat { body, otr, .. } => {
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
        Outgoing::Invite => invitation(bot, &bare),
        Outgoing::Present => vec![Stanza::Presence(presence(bot, picture).with_to(bare))],
        Outgoing::EndSubscription => {
            vec![Stanza::Presence(Presence::new(PresenceType::Unsubscribed).with_to(bare))]
        }
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

/// Lets somebody see the bot, and asks the same of them.
pub(super) fn invitation(bot: &Bot, to: &BareJid) -> Vec<Stanza> {
    let ask = Presence::subscribe().with_payloads(vec![Nick(bot.alias.clone()).into()]);
    [Presence::subscribed(), ask]
        .map(|presence| Stanza::Presence(presence.with_to(to.clone())))
        .into()
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
mod tests;
