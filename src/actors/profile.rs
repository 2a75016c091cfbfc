//! How the bot shows itself on its server: vCard (XEP-0054), picture (XEP-0084, XEP-0153) and
//! nickname (XEP-0172). Published after each login, each part only where it differs from what is
//! there; a server that has no such service costs nothing but a request.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jid::{BareJid, Jid};
use log::debug;
use minidom::Element;
use xmpp::Avatar;
use xmpp_parsers::{
    iq::Iq,
    pubsub::{
        ItemId, NodeName,
        pubsub::{self, PubSub},
    },
    stanza::Stanza,
    stanza_error::DefinedCondition,
};

const NS_VCARD: &str = "vcard-temp";
const NS_VCARD_UPDATE: &str = "vcard-temp:x:update";
const NS_PUBSUB: &str = "http://jabber.org/protocol/pubsub";
const NS_AVATAR_DATA: &str = "urn:xmpp:avatar:data";
const NS_AVATAR_METADATA: &str = "urn:xmpp:avatar:metadata";
const NS_NICK: &str = "http://jabber.org/protocol/nick";

/// What the bot asks of its server; the name is the id of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    ReadCard,
    WriteCard,
    ReadAvatar,
    WriteAvatarData,
    WriteAvatar,
    WriteNick,
}

impl Request {
    const ALL: [Self; 6] = [
        Self::ReadCard,
        Self::WriteCard,
        Self::ReadAvatar,
        Self::WriteAvatarData,
        Self::WriteAvatar,
        Self::WriteNick,
    ];

    fn id(self) -> &'static str {
        match self {
            Self::ReadCard => "profile-read-card",
            Self::WriteCard => "profile-write-card",
            Self::ReadAvatar => "profile-read-avatar",
            Self::WriteAvatarData => "profile-write-avatar-data",
            Self::WriteAvatar => "profile-write-avatar",
            Self::WriteNick => "profile-write-nick",
        }
    }
}

/// What the bot publishes of itself.
#[derive(Debug)]
pub(super) struct Profile {
    own: BareJid,
    alias: String,
    avatar: Option<Arc<Avatar>>,
    /// Whether the vCard has the picture, so that presences may name it.
    is_shown: bool,
}

/// What comes of an answer to a request.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Next {
    /// What to send.
    pub(super) stanzas: Vec<Stanza>,
    /// Whether the bot's presence tells more than before.
    pub(super) presence_changed: bool,
}

impl Profile {
    /// The profile of the account `own`.
    pub(super) fn new(own: BareJid, alias: String, avatar: Option<Arc<Avatar>>) -> Self {
        Self { own, alias, avatar, is_shown: false }
    }

    /// The first requests on a new stream.
    pub(super) fn begin(&mut self) -> Vec<Stanza> {
        self.is_shown = false;
        let nick = Element::builder("nick", NS_NICK).append(self.alias.as_str()).build();
        let mut requests = vec![
            get(Request::ReadCard, Element::bare("vCard", NS_VCARD)),
            publish(Request::WriteNick, NS_NICK, "current", nick),
        ];
        if self.avatar.is_some() {
            let mut items = pubsub::Items::new(NS_AVATAR_METADATA);
            items.max_items = Some(1);
            requests.push(get(Request::ReadAvatar, PubSub::Items(items).into()));
        }
        requests
    }

    /// What a presence tells of the picture (XEP-0153, 4.1): nothing as long as it is not there.
    pub(super) fn presence_payload(&self) -> Option<Element> {
        let avatar = self.avatar.as_ref()?;
        let update = Element::builder("x", NS_VCARD_UPDATE);
        Some(if self.is_shown {
            let photo = Element::builder("photo", NS_VCARD_UPDATE).append(avatar.id());
            update.append(photo).build()
        } else {
            update.build()
        })
    }

    /// Takes the answer to one of the requests; `None`: it is none. Answers of others than the
    /// bot's own account are forged.
    pub(super) fn answered(&mut self, iq: &Iq) -> Option<Next> {
        let (from, id, outcome) = match iq {
            Iq::Result { from, id, payload, .. } => (from, id, Ok(payload.as_ref())),
            Iq::Error { from, id, error, .. } => (from, id, Err(&error.defined_condition)),
            Iq::Get { .. } | Iq::Set { .. } => return None,
        };
        let is_own = |from: &Jid| from.resource().is_none() && from.to_bare() == self.own;
        if !from.as_ref().is_none_or(is_own) {
            return None;
        }
        let request = Request::ALL.into_iter().find(|request| request.id() == id)?;
        Some(match (request, outcome) {
            (Request::ReadCard, Ok(card)) => self.card_read(card),
            (Request::ReadCard, Err(DefinedCondition::ItemNotFound)) => self.card_read(None),
            (Request::WriteCard, Ok(_)) => self.shown(),
            (Request::ReadAvatar, Ok(items)) => self.avatar_read(items),
            (Request::ReadAvatar, Err(DefinedCondition::ItemNotFound)) => self.avatar_read(None),
            (Request::WriteAvatarData, Ok(_)) => self.avatar_data_written(),
            (Request::WriteAvatar | Request::WriteNick, Ok(_)) => Next::default(),
            (request, Err(condition)) => {
                debug!("the server does not take the bot's profile: {request:?}: {condition:?}");
                Next::default()
            }
        })
    }

    fn shown(&mut self) -> Next {
        self.is_shown = self.avatar.is_some();
        Next { stanzas: Vec::new(), presence_changed: self.is_shown }
    }

    /// Name and picture are put into the card; the rest of it stays.
    fn card_read(&mut self, card: Option<&Element>) -> Next {
        let there = card.filter(|card| card.is("vCard", NS_VCARD));
        let mut card = there.cloned().unwrap_or_else(|| Element::bare("vCard", NS_VCARD));
        let mut wanted = vec![text("FN", &self.alias), text("NICKNAME", &self.alias)];
        if let Some(avatar) = &self.avatar {
            let photo = Element::builder("PHOTO", NS_VCARD)
                .append(text("TYPE", avatar.media_type()))
                .append(text("BINVAL", &STANDARD.encode(avatar.bytes())));
            wanted.push(photo.build());
        }
        // Servers may break lines in base 64.
        let plain = |element: &Element| {
            let text: String = String::from(element).split_whitespace().collect();
            text
        };
        let has = |part: &Element| card.children().any(|child| plain(child) == plain(part));
        if wanted.iter().all(has) {
            return self.shown();
        }
        for part in wanted {
            while card.remove_child(part.name(), NS_VCARD).is_some() {}
            card.append_child(part);
        }
        Next { stanzas: vec![set(Request::WriteCard, card)], presence_changed: false }
    }

    fn avatar_read(&self, pubsub: Option<&Element>) -> Next {
        let Some(avatar) = &self.avatar else { return Next::default() };
        let items = pubsub.and_then(|pubsub| pubsub.get_child("items", NS_PUBSUB));
        let mut ids = items.into_iter().flat_map(Element::children).filter_map(|i| i.attr("id"));
        if ids.any(|id| id == avatar.id()) {
            return Next::default();
        }
        let data = Element::builder("data", NS_AVATAR_DATA).append(STANDARD.encode(avatar.bytes()));
        let data = publish(Request::WriteAvatarData, NS_AVATAR_DATA, &avatar.id(), data.build());
        Next { stanzas: vec![data], presence_changed: false }
    }

    fn avatar_data_written(&self) -> Next {
        let Some(avatar) = &self.avatar else { return Next::default() };
        let (width, height) = avatar.size();
        let info = xmpp_parsers::avatar::Metadata {
            infos: vec![xmpp_parsers::avatar::Info {
                bytes: u32::try_from(avatar.bytes().len()).unwrap_or(u32::MAX),
                width: Some(width),
                height: Some(height),
                id: match avatar.id().parse() {
                    Ok(id) => id,
                    // Forty hexadecimal digits are always read.
                    Err(_no_hash) => return Next::default(),
                },
                type_: avatar.media_type().to_owned(),
                url: None,
            }],
        };
        let metadata = publish(Request::WriteAvatar, NS_AVATAR_METADATA, &avatar.id(), info.into());
        Next { stanzas: vec![metadata], presence_changed: false }
    }
}

fn text(name: &str, text: &str) -> Element {
    Element::builder(name, NS_VCARD).append(text).build()
}

fn get(request: Request, payload: Element) -> Stanza {
    Stanza::Iq(Iq::Get { from: None, to: None, id: request.id().to_owned(), payload })
}

fn set(request: Request, payload: Element) -> Stanza {
    Stanza::Iq(Iq::Set { from: None, to: None, id: request.id().to_owned(), payload })
}

/// Publishes an item in a node of the own account (XEP-0163).
fn publish(request: Request, node: &str, id: &str, payload: Element) -> Stanza {
    let id = Some(ItemId(id.to_owned()));
    let item = pubsub::Item { id, publisher: None, payload: Some(payload) };
    let publish = pubsub::Publish { node: NodeName(node.to_owned()), items: vec![item] };
    set(request, PubSub::Publish { publish, publish_options: None }.into())
}
