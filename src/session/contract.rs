//! What a session is given, and what it gives back.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use gettext::Catalog;
use otr::Policy;
use secrecy::SecretString;

use super::{Client, Meaning, Seal, Typing, listening::Ears};

use crate::{
    lesson::Lesson,
    records::{ClaimNumber, Progress},
};

/// What the bot thinks of a shared secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretVerdict {
    /// Strong enough, and kept for SMP.
    Accepted,
    /// Too easy to guess, and not kept.
    TooWeak {
        /// Why, in the learner's language; empty where there is no more to say.
        warning: String,
        /// What to do better, in the learner's language.
        advice: Vec<String>,
    },
    /// It was written in the chat where others may have read it, and is not kept.
    Told,
    /// Empty, or longer than the bot takes.
    Unusable,
}

/// Whether the typed bot secret was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotSecretVerdict {
    /// It was: the lesson is passed.
    Right,
    /// It was not.
    Wrong,
    /// The bot has not given one yet.
    NotGivenYet,
    /// The bot has given one, and has not said yet that it is time to enter it.
    TooSoon,
}

/// How the bot secret stands, which the learner is to bring from the chat to the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BotSecretStanding {
    /// The bot has not given it.
    NotGiven,
    /// The bot has given it, and will say when it is time to enter it.
    Held,
    /// The bot has given it, and the page takes it.
    Given,
}

impl BotSecretStanding {
    /// How one stands that was said or not, and is held back or not.
    pub(super) fn of(is_said: bool, is_held: bool) -> Self {
        match (is_said, is_held) {
            (false, _) => Self::NotGiven,
            (true, true) => Self::Held,
            (true, false) => Self::Given,
        }
    }
}

/// How far a learner is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    /// The step of the lesson.
    pub progress: Progress,
    /// The bot's fingerprint in this learner's session, 40 upper-case hex digits in five groups of
    /// eight; `None` as long as there is no session.
    pub fingerprint: Option<String>,
    /// Whether a strong enough shared secret is set.
    pub has_secret: bool,
    /// How the bot secret stands.
    pub bot_secret: BotSecretStanding,
    /// Why the bot's contact request came back; `None` if it did not, or something was heard of the
    /// learner since.
    pub unreachable: Option<Unreachable>,
    /// Whether the chat goes on with another assignment of the same person.
    pub is_elsewhere: bool,
}

/// Why a learner was not reached by the bot's contact request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// The server that the address names cannot be found, or does not answer.
    NoServer,
    /// The server knows no such address.
    NoAddress,
    /// The request was declined: by the learner, or by a server that knows no such address.
    Declined,
}

/// What the shell has to do for a session, in order.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Effect {
    /// Puts a message body on the wire, at once.
    Send {
        /// The body, as it goes out.
        body: String,
        /// Whether it is an OTR message, which wants its hints.
        otr: bool,
        /// To which of the learner's programs.
        to: Client,
        /// What it stands for, should it get lost.
        meaning: Meaning,
    },
    /// Shows the learner that the bot types, or that it stopped without sending anything; a message
    /// shows by itself that it stopped.
    Composing(bool),
    /// The learner got to another step.
    Progress {
        /// Which.
        progress: Progress,
        /// How much of the grade the lesson gives for it, from 0 to 1.
        credit: Option<f64>,
    },
    /// The learner goes on in the language of this locale.
    Language(String),
    /// The learner has shown which page is theirs: that of this number.
    Claimed(ClaimNumber),
    /// Something for the log and the metrics, without contents.
    Note(Note),
    /// The session is over: nothing comes after this.
    Ended {
        /// Status text that tells the learner how to come back, in their language.
        status: String,
        /// Whether the lesson was passed.
        passed: bool,
    },
}

/// What happened in a session, without contents: for logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Note {
    /// A private conversation began, in this version of OTR.
    OtrEnabled(u8),
    /// The private conversation ended.
    OtrDisabled,
    /// SMP was begun by the learner.
    SmpStarted,
    /// SMP ended with equal secrets.
    SmpSucceeded,
    /// SMP ended with different secrets.
    SmpFailed,
    /// SMP was aborted, by either side.
    SmpAborted,
    /// A message was not acted on; a short word that says why, of those that metrics know.
    Refused(&'static str),
    /// The learner was warned that the session will end.
    Warned,
    /// The session goes on after an interruption, and the learner is told.
    Resumed,
    /// The lesson has changed meanwhile, and the place where they stood is gone, or another one.
    LessonChanged,
}

/// Why a session ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Farewell {
    /// The lesson has come to its end.
    Finished,
    /// The learner was silent for too long.
    TimedOut,
    /// The learner has gone to another address.
    Dismissed,
    /// The learner's address belongs to another page, whose session begins.
    Claimed,
    /// The learner goes on in another assignment, and this one waits.
    Moved,
    /// The same, after the lesson.
    Left,
    /// Nothing is said about it.
    Unsaid,
    /// What was kept of the learner is deleted.
    Erased,
    /// The bot stops.
    Shutdown,
}

/// What a session is made of.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct SessionConfig {
    /// What to teach.
    pub lesson: Arc<Lesson>,
    /// What it listens for.
    pub ears: Arc<Ears>,
    /// The learner's language.
    pub catalog: Arc<Catalog>,
    /// The `format_strings` of the settings, by name.
    pub variables: Arc<BTreeMap<String, String>>,
    /// What OTR allows and wants.
    pub policy: Policy,
    /// Whether the bot may begin SMP.
    pub may_start_smp: bool,
    /// A shared secret that is there from the start.
    pub default_secret: Option<SecretString>,
    /// Seals the shared secret that is kept with a session.
    pub seal: Seal,
    /// How fast the bot types.
    pub typing: Typing,
    /// Whether the long-term key outlives the process, and with it what was verified.
    pub keeps_key: bool,
    /// How long the learner may be silent until they are warned.
    pub warning_timeout: Duration,
    /// How long the learner may be silent until the session ends.
    pub session_timeout: Duration,
    /// Whom the learner can turn to in trouble, as the settings say it; `None`: nobody is named.
    pub contact: Option<String>,
    /// Whether the learner has a page, where they can type another shared secret. Those whom the
    /// settings list have none, and nobody has where the pages are not served.
    pub has_page: bool,
    /// Whether the learner has talked with the bot before this session began, so that their program
    /// may have shown them another key of it.
    pub is_returning: bool,
}
