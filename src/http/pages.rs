//! The pages that people see in the browser: pure functions from what is known to HTML.
//!
//! ```text
//! start -> enter_jid -> jid_entered -> ask_for_secret -> enter_bot_secret -> done
//! ```
//!
//! Every step is a plain form: `method=post` with the page's token in the hidden field `token`, so
//! that the pages work in a frame of another site, without cookies and without scripts. A form that
//! brings only the token asks for a page; one that also brings the page's own field (`jid`,
//! `secret`, `bot_secret`) submits it. The pages hold no inline script and no inline style.
//!
//! Texts are looked up in the reader's [`Catalog`]; nothing here decides what is shown to whom.

mod clock;
mod contact;
mod finish;
mod foot;
mod foreign;
mod funnel;
mod isolate;
mod layout;
mod learn;
mod others;
mod outcome;
mod programs;
mod roster;
mod status;
mod table;
mod teach;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use gettext::Catalog;

pub use self::{
    clock::Clock,
    finish::{blanks_taken, done, enter_bot_secret},
    layout::reference,
    learn::{Asked, ask_for_secret, enter_jid, jid_entered, start},
    others::{Spoken, Trouble, elsewhere, hello_world, problem},
    status::{LivePage, Status, status},
    table::{CSV, csv},
    teach::{lesson, teacher},
};

/// What all pages have in common, also those outside of a launch.
#[derive(Clone, Debug)]
pub struct House {
    /// Texts in the reader's language.
    pub catalog: Arc<Catalog>,
    /// Name of the project that offers the lesson.
    pub project_name: String,
    /// A style sheet of the operator, after ours.
    pub css_url: Option<String>,
    /// Where the platform wants the reader to go afterwards; only `http` and `https` are linked.
    pub return_url: Option<String>,
    /// Whether launches are not verified, which every page says.
    pub is_trial: bool,
    /// Whom a learner in trouble can turn to, as the settings say it.
    pub contact: Option<String>,
}

/// What all pages of a launch have in common.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What every page has.
    pub house: House,
    /// The token for the page's forms.
    pub token: String,
    /// The bot's own bare Jabber ID.
    pub bot_jid: String,
    /// What the bot is called.
    pub bot_alias: String,
    /// Whether the bot has the same key in every session.
    pub keeps_key: bool,
    /// By what moments are told.
    pub clock: Clock,
    /// Where the colours of the platform are served, after our own.
    pub theme: Option<String>,
    /// Whose page it is, as far as that is known.
    pub whose: Whose,
    /// Whether the page may stand in the frame of another, and could use a window of its own.
    pub is_framed: bool,
    /// Whether it is in a window that was opened for it, beside the one with the course.
    pub is_alone: bool,
    /// The languages that the page can be had in.
    pub languages: Vec<Language>,
}

/// A language that a page can be had in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    /// Its tag (BCP 47).
    pub tag: String,
    /// What it is called by those who speak it.
    pub name: String,
    /// The value of `dir`.
    pub direction: &'static str,
}

/// Whose page it is. Nobody can keep another site from opening a page of somebody else's for a
/// learner, so the page says whose it is.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    /// The person's name or Jabber ID.
    pub person: Option<String>,
    /// What the assignment is called.
    pub assignment: Option<String>,
    /// What the course is called.
    pub course: Option<String>,
    /// Whether the person teaches the course.
    pub is_teacher: bool,
    /// The number that the person writes in the chat where it is not clear whose page belongs to it.
    pub claim_number: Option<String>,
}

/// What became of the grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GradeView {
    /// There is none for this person.
    NotGraded,
    /// A part of it is earned so far.
    Part {
        /// How many percent.
        percent: String,
        /// Whether the platform has it.
        is_sent: bool,
    },
    /// It is kept, and on its way to the platform.
    Sending,
    /// The platform has it.
    Recorded {
        /// Since when, in seconds since 1970.
        at: i64,
    },
    /// The platform refused it for good.
    Failed {
        /// Finds the entry in the log, for whoever is asked for help.
        reference: String,
    },
    /// It was sent, and the platform does not say whether it has it.
    Unclear {
        /// Finds the entry in the log, for whoever is asked for help.
        reference: String,
    },
}

/// Why there is no page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The platform and the tool do not share key, secret or address.
    NotTrusted,
    /// The launch was used before.
    Replayed,
    /// The launch is out of date.
    Stale,
    /// The platform sent what is no launch.
    Malformed,
    /// The platform speaks another version of LTI.
    OtherVersion,
    /// The platform sent a message of another kind.
    OtherMessage,
    /// The page was opened without a launch.
    NoLaunch,
    /// The page was open for too long.
    Expired,
    /// Too much was sent from the page.
    TooFast,
    /// The platform has as many learners as it may.
    OverQuota,
    /// A part of the bot does not work.
    Unavailable,
    /// There is no such page.
    NotFound,
}

/// The steps that are counted on the pages, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Jid,
    Meet,
    Secret,
    BotSecret,
}

impl Step {
    const ALL: [Self; 4] = [Self::Jid, Self::Meet, Self::Secret, Self::BotSecret];

    const fn number(self) -> u8 {
        match self {
            Self::Jid => 1,
            Self::Meet => 2,
            Self::Secret => 3,
            Self::BotSecret => 4,
        }
    }
}
