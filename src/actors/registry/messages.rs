//! What the registry can be told and asked.

use std::{sync::Arc, time::Instant};

use actix::Message;
use jid::{BareJid, Jid};
use secrecy::SecretString;

use super::factory::SessionFactory;
use crate::{
    records::{ClaimNumber, EnrolmentId, Person, Progress},
    session::{BotSecretVerdict, SecretVerdict, Snapshot, Strength, Whereabouts},
};

/// Puts a learner on the whitelist and has the bot invite them. Repeating it is harmless: it
/// refreshes the locale and the lesson and invites again.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), EnrolRefused>")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Enrol {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
    /// Whether they have shown already that the Jabber ID is theirs.
    pub is_proven: bool,
    /// Whether somebody else has given the same one, so that it must be shown.
    pub is_contested: bool,
    /// Whether the bot asks to be a contact; else it waits to be written to.
    pub invites: bool,
    /// Who it is, in whatever assignment; `None`: nobody knows.
    pub person: Option<Person>,
    /// Gettext locale name such as `nl_NL`; `None`: the default one.
    pub locale: Option<String>,
    /// Name of the lesson; `None`: the default one.
    pub lesson: Option<String>,
    /// What the assignment is called.
    pub title: Option<String>,
    /// The consumer that they come from.
    pub consumer: String,
    /// Whether they have talked with the bot before, here or in another assignment.
    pub was_met: bool,
    /// Whether they have finished the assignment already.
    pub is_finished: bool,
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
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
}

/// As [`Dismiss`], of a learner who was deleted from the store.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct LetGo {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// The assignment that they learned in; `None`: all who claim the Jabber ID.
    pub enrolment: Option<EnrolmentId>,
}

/// Gives the shared secret that the learner typed on the page. Opens the session if need be.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<SecretVerdict, NotEnrolled>")]
pub struct EnterSecret {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
    /// The shared secret, for SMP.
    pub secret: SecretString,
    /// How strong it is.
    pub strength: Strength,
}

/// Asks whether this is the bot secret that the bot gave in the chat.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<BotSecretVerdict, NotEnrolled>")]
pub struct EnterBotSecret {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
    /// What was typed.
    pub typed: SecretString,
}

/// Has a learner read another language, and what is left of their session go on in it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SetLanguage {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
    /// Gettext locale name such as `nl_NL`.
    pub locale: String,
}

/// Asks how far a learner is.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<Whereabouts>")]
pub struct Where {
    /// The learner's bare Jabber ID.
    pub jid: BareJid,
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
    /// Whether they have just opened it: then the chat goes on with it, if it was about another
    /// assignment of theirs.
    pub is_opened: bool,
}

/// There is no such learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such learner is enrolled")]
pub struct NotEnrolled;

/// Puts learners on the whitelist who were there before: from the settings and from the store. Of
/// several assignments of a person, the one that they opened last comes last.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Restore {
    /// The learners.
    pub learners: Vec<KnownLearner>,
}

/// A learner who was there before.
#[derive(Clone, Debug)]
pub struct KnownLearner {
    /// Their bare Jabber ID.
    pub jid: BareJid,
    /// The assignment that they learn in; `None`: the settings list them, so that they stay and are
    /// invited at each start.
    pub enrolment: Option<EnrolmentId>,
    /// Gettext locale name; `None`: the default one.
    pub locale: Option<String>,
    /// Name of the lesson; `None`: the default one.
    pub lesson: Option<String>,
    /// What the assignment is called.
    pub title: Option<String>,
    /// The consumer that they come from; `None`: the settings list them.
    pub consumer: Option<String>,
    /// Whether they have shown that the Jabber ID is theirs.
    pub is_proven: bool,
    /// Whether somebody else has given the same one, so that it must be shown.
    pub is_contested: bool,
    /// Who it is, in whatever assignment; `None`: nobody knows.
    pub person: Option<Person>,
    /// How far they were.
    pub progress: Progress,
    /// Where their session stood.
    pub kept: Option<Arc<Snapshot>>,
    /// Whether it was open when the process ended, so that they are told even if they do nothing.
    pub was_open: bool,
}

/// What a session tells the registry.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SessionNews {
    /// The session's number.
    pub id: u64,
    /// Its learner.
    pub jid: BareJid,
    /// What happened.
    pub news: News,
}

/// What can happen to a session.
#[derive(Clone, Debug)]
pub enum News {
    /// The learner reached another step.
    Progress {
        /// Which.
        progress: Progress,
        /// How much of the grade the lesson gives for it, from 0 to 1.
        credit: Option<f64>,
    },
    /// It ended in order.
    Ended {
        /// Status text that tells the learner how to come back.
        status: String,
        /// Whether the lesson was passed.
        passed: bool,
        /// When.
        at: Instant,
    },
    /// The learner has shown which page is theirs.
    Claimed {
        /// The number on it.
        number: ClaimNumber,
        /// Where they wrote from; `None`: they showed it on the page.
        from: Option<Jid>,
    },
    /// It goes on in the language of this locale.
    Language(String),
    /// It stands somewhere else than before.
    Kept(Arc<Snapshot>),
    /// It was asked for a sign of life, and gives it.
    Alive,
    /// It was dropped without an end in order.
    Broken {
        /// Whether by a panic.
        panicked: bool,
    },
}

/// Replaces what new sessions are made of; those that are open go on as they are.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Reload(pub SessionFactory);

/// Ends all sessions with a good-bye; answered when the last one ended.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct CloseAll;

/// Asks for the counts.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Observed")]
pub struct Observe;

/// The counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Learners on the whitelist.
    pub n_learners: usize,
    /// Sessions that are open.
    pub n_sessions: usize,
}
