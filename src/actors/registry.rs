//! `SessionRegistry`: finds, opens, wakes, replaces and counts the learners' sessions.

use actix::Message;
use jid::BareJid;
use secrecy::SecretString;

use crate::session::{BotSecretVerdict, SecretVerdict, Whereabouts};

/// Puts a learner on the whitelist and has the bot invite them. Repeating it is harmless: it
/// refreshes the locale and the lesson and invites again.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), EnrolRefused>")]
pub struct Enrol {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// Gettext locale name such as `nl_NL`; `None`: the default one.
    pub locale: Option<String>,
    /// Name of the lesson; `None`: the default one.
    pub lesson: Option<String>,
}

/// Why a learner was not enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolRefused {
    /// The address is the bot's own.
    #[error("the address is the bot's own")]
    OwnAddress,
    /// The registry holds as many learners as it may.
    #[error("no more learners can be enrolled now")]
    Full,
    /// The lesson that was asked for does not exist.
    #[error("there is no such lesson")]
    NoSuchLesson,
}

/// Ends what is left of a learner's session and forgets them (they changed their address).
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Dismiss {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
}

/// Gives the shared secret that the learner typed on the page. Opens the session if need be.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<SecretVerdict, NotEnrolled>")]
pub struct EnterSecret {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// The shared secret, for SMP.
    pub secret: SecretString,
}

/// Asks whether this is the bot secret that the bot gave in the chat.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<BotSecretVerdict, NotEnrolled>")]
pub struct EnterBotSecret {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// What was typed.
    pub typed: SecretString,
}

/// Asks how far a learner is.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<Whereabouts>")]
pub struct Where {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
}

/// There is no such learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such learner is enrolled")]
pub struct NotEnrolled;
