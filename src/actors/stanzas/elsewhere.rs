//! Where the bot is a component, what comes for other addresses of its domain comes here too. The
//! domain itself answers to a ping and says what it is; nobody else lives there. Each answer comes
//! from the address that was asked.

use jid::{BareJid, Jid};
use xmpp_parsers::{
    iq::Iq,
    message::{Message, MessageType},
    presence::{Presence, Type as PresenceType},
    stanza::Stanza,
    stanza_error::{DefinedCondition, ErrorType, StanzaError},
};

use super::{Reader, Reading, read_iq, refusal};
use crate::records::one_form;

/// Whether a stanza is for the bot itself.
pub(super) fn is_for(own: &BareJid, stanza: &Stanza) -> bool {
    let to = match stanza {
        Stanza::Message(message) => message.to.as_ref(),
        Stanza::Presence(presence) => presence.to.as_ref(),
        Stanza::Iq(iq) => iq.to(),
    };
    to.is_none_or(|to| one_form(to.clone()).to_bare() == *own)
}

/// Reads a stanza for another address of the domain.
pub(super) fn read(reader: Reader<'_>, stanza: Stanza) -> Reading {
    let answer = match stanza {
        Stanza::Iq(iq) => {
            let is_domain = iq.to().is_some_and(|to| to.node().is_none());
            match iq {
                Iq::Get { .. } | Iq::Set { .. } if is_domain => return read_iq(reader, iq),
                Iq::Get { from, to, id, .. } | Iq::Set { from, to, id, .. } => {
                    Stanza::Iq(refusal(to, from, id, DefinedCondition::ItemNotFound))
                }
                Iq::Result { .. } | Iq::Error { .. } => return Reading::Ignored("answer"),
            }
        }
        Stanza::Message(message) => match message.type_ {
            MessageType::Chat | MessageType::Normal if !message.bodies.is_empty() => {
                Stanza::Message(bounce(message))
            }
            MessageType::Chat
            | MessageType::Normal
            | MessageType::Error
            | MessageType::Groupchat
            | MessageType::Headline => return Reading::Ignored("for nobody"),
        },
        Stanza::Presence(Presence { type_: PresenceType::Subscribe, from, to, .. }) => {
            let mut refused = Presence::new(PresenceType::Unsubscribed);
            refused.from = to.map(|to| Jid::from(to.to_bare()));
            refused.to = from.map(|from| Jid::from(from.to_bare()));
            Stanza::Presence(refused)
        }
        Stanza::Presence(_) => return Reading::Ignored("for nobody"),
    };
    Reading::Reply(Box::new(answer))
}

/// The error that a message to nobody gets.
fn bounce(message: Message) -> Message {
    let text = "there is nobody at this address";
    let error = StanzaError::new(ErrorType::Cancel, DefinedCondition::ItemNotFound, "en", text);
    let mut bounced = Message::new(message.from);
    bounced.type_ = MessageType::Error;
    bounced.from = message.to;
    bounced.id = message.id;
    bounced.payloads.push(error.into());
    bounced
}
