//! The actors: shells that carry, around cores that decide.
//!
//! ```text
//!  XMPP server <=> xmpp task <=> XmppConnection --Received--> SessionRegistry --Chat--> SessionActor
//!                                     ^                          |  ^                   (one a learner)
//!                                     +------- Deliver ----------|--|---------------------+  |
//!                                                                |  +------- SessionNews ----+
//!  LMS => http => LtiGateway --Enrol, EnterSecret, EnterBotSecret+--SaveProgress--> StoreActor
//!                     +--------> GradeOutbox => LMS
//! ```
//!
//! Messages live beside the actor that handles them; only the two that cross between the stream
//! and the sessions are here. Actors hold [`actix::Recipient`]s of what is above or beside them,
//! so that each can be tried with a recording actor at the other end.

pub(crate) mod ambient;
mod clients;
pub mod grades;
mod guests;
pub mod lti;
mod profile;
pub mod registry;
mod sending;
pub mod session;
mod stanzas;
pub mod store;
pub mod vital;
pub mod workshop;
pub mod xmpp;

use std::time::Instant;

use actix::Message;
use jid::Jid;

use crate::session::{Meaning, Unreachable};

/// Something came from a peer.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Received {
    /// Who sent it: the full address, if the server gave one.
    pub from: Jid,
    /// What it is.
    pub what: Incoming,
}

/// What can come from a peer.
#[derive(Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A chat message's body.
    Chat(String),
    /// A body of which parts are marked as the words of others, or of nobody (XEP-0428).
    Marked {
        /// All of it.
        body: String,
        /// The sender's own words; empty: there are none.
        own: String,
    },
    /// A chat message whose body is too long to be read.
    TooLong,
    /// They want to know that the message with this id came (XEP-0184).
    ReceiptAsked(String),
    /// They ask to see the bot's presence.
    SubscriptionAsked,
    /// These did not reach them, or nobody knows whether they did.
    Undelivered(Vec<Meaning>),
    /// The bot's contact request came back: nobody can be reached there.
    Unreachable(Unreachable),
    /// They let the bot see whether they are there.
    Accepted,
    /// They no longer want the bot in their contact list.
    Unsubscribed,
    /// They do not let the bot see whether they are there, or no longer.
    Declined,
    /// They ask whether the bot is there: a component's server does not know.
    Probed,
    /// One of their clients is online, and they accepted the bot as a contact.
    Available,
    /// One of their clients went offline.
    Unavailable,
}

/// Sends something to a peer.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Deliver {
    /// To whom: the full address while one of their clients is known, else the bare one.
    pub to: Jid,
    /// What to send.
    pub what: Outgoing,
}

/// What can go to a peer.
#[derive(Clone, PartialEq, Eq)]
pub enum Outgoing {
    /// A chat message.
    Chat {
        /// Its body.
        body: String,
        /// Whether it is an OTR message, which wants its hints.
        otr: bool,
        /// What it stands for, should it get lost.
        meaning: Meaning,
    },
    /// The bot began or ceased to type.
    Composing(bool),
    /// Tells that the message with this id came (XEP-0184).
    Receipt(String),
    /// Asks them to accept the bot as a contact, and lets them see it.
    Invite,
    /// Lets them see the bot's presence.
    AcceptSubscription,
    /// Ends what they see of the bot's presence, as they wish.
    EndSubscription,
    /// Tells them that the bot is there, where its server does not: as a component's.
    Present,
    /// Shows a status text to one of their clients, once while that is online; to all of them at a
    /// bare address.
    Show {
        /// The status text.
        status: String,
    },
    /// Takes leave: off the contact list, then offline for them, with a status that says how to
    /// come back.
    Part {
        /// The status text.
        status: String,
    },
    /// Goes offline for them for a while, with a status that says how to come back.
    Leave {
        /// The status text.
        status: String,
    },
}

// What people write never reaches a log by way of `Debug`.
impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chat(body) => write!(f, "Chat({} bytes)", body.len()),
            Self::Marked { body, own } => {
                write!(f, "Marked({} bytes, {} own)", body.len(), own.len())
            }
            Self::TooLong => f.write_str("TooLong"),
            Self::ReceiptAsked(_) => f.write_str("ReceiptAsked"),
            Self::Undelivered(lost) => write!(f, "Undelivered({lost:?})"),
            Self::Unreachable(why) => write!(f, "Unreachable({why:?})"),
            Self::Accepted => f.write_str("Accepted"),
            Self::SubscriptionAsked => f.write_str("SubscriptionAsked"),
            Self::Declined => f.write_str("Declined"),
            Self::Unsubscribed => f.write_str("Unsubscribed"),
            Self::Probed => f.write_str("Probed"),
            Self::Available => f.write_str("Available"),
            Self::Unavailable => f.write_str("Unavailable"),
        }
    }
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chat { body, otr, .. } => write!(f, "Chat({} bytes, otr: {otr})", body.len()),
            Self::Composing(on) => write!(f, "Composing({on})"),
            Self::Receipt(_) => f.write_str("Receipt"),
            Self::Invite => f.write_str("Invite"),
            Self::AcceptSubscription => f.write_str("AcceptSubscription"),
            Self::EndSubscription => f.write_str("EndSubscription"),
            Self::Present => f.write_str("Present"),
            Self::Show { .. } => f.write_str("Show"),
            Self::Part { .. } => f.write_str("Part"),
            Self::Leave { .. } => f.write_str("Leave"),
        }
    }
}

/// The actors' clock: tokio's, so that tests can pause it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Randomness of one actor, seeded by the operating system.
pub(crate) fn rng() -> rand::rngs::StdRng {
    rand::make_rng()
}
