//! What can be seen of a lesson that is played, and who sees it.

use std::{fmt, io::Write, time::Duration};

/// What a line of the bot came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::authoring) enum Channel {
    /// Anybody on the way could read it.
    Clear,
    /// It was encrypted.
    Private,
    /// It was, and comparing the shared secret has shown by whom.
    Verified,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::authoring) enum Seen {
    /// The learner did this.
    Did(String),
    /// The bot has said this.
    Bot {
        /// The words.
        text: String,
        /// Through what.
        channel: Channel,
        /// To which program, where there are several.
        to: Option<String>,
    },
    /// The learner's program has shown this.
    Program {
        /// In words.
        what: String,
        /// Which program, where there are several.
        which: Option<String>,
    },
    /// The learner's page has answered this, or shows it to the learner who looks.
    Page(String),
    /// It shows this from now on.
    PageNow(String),
    /// The lesson did this.
    Step(String),
    /// A remark that is no part of the lesson.
    Note(String),
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |name: &Option<String>| name.as_ref().map(|name| format!(" {name}"));
        match self {
            Self::Did(what) => write!(f, "> {what}"),
            Self::Bot { text, channel, to } => {
                let channel = if *channel == Channel::Clear { "clear" } else { "private" };
                let to = name(to).map(|to| format!(" to{to}")).unwrap_or_default();
                write!(f, "bot [{channel}]{to}: {text}")
            }
            Self::Program { what, which } => {
                write!(f, "program{}: {what}", name(which).unwrap_or_default())
            }
            Self::Page(what) => write!(f, "page: {what}"),
            Self::PageNow(what) => write!(f, "-- the page shows now: {what}"),
            Self::Step(what) => write!(f, "   * {what}"),
            Self::Note(what) => write!(f, "-- {what}"),
        }
    }
}

/// Who sees what happens.
pub(in crate::authoring) trait Witness {
    /// Something happened, so long after the beginning.
    fn see(&mut self, at: Duration, seen: Seen);
}

/// A time and what happened then, as a line.
pub(in crate::authoring) fn line(at: Duration, seen: &Seen) -> String {
    let secs = at.as_secs();
    format!("{:02}:{:02} {seen}", secs / 60, secs % 60)
}

/// An author at a terminal.
#[derive(Debug)]
pub(in crate::authoring) struct Terminal<W>(pub(in crate::authoring) W);

impl<W: Write> Witness for Terminal<W> {
    fn see(&mut self, at: Duration, seen: Seen) {
        // A closed pipe is no fault of the lesson.
        drop(writeln!(self.0, "{}", line(at, &seen)));
    }
}
