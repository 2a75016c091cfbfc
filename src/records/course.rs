//! A course as its teacher sees it.

use super::{EnrolmentId, GradeState, Progress};

/// A course of a platform. Where a platform does not say which course it is, an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// The platform.
    pub consumer_key: String,
    /// Its opaque id of the course; empty when it does not say.
    pub context_id: String,
    /// Its opaque id of the assignment, where the course has no id; else empty, for all of them.
    pub resource_link_id: String,
}

/// Which learners are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Part of a name, a Jabber ID or an assignment's title; empty: all.
    pub search: String,
    /// Only those whose grade was refused for good.
    pub failed_only: bool,
    /// Only those who stand exactly there.
    pub standing: Option<Standing>,
    /// By name, or by Jabber ID without one, and not by who was heard of last.
    pub by_name: bool,
    /// The page, from 0; the last one if there are fewer.
    pub page: usize,
    /// How many there are on a page; at least one.
    pub page_size: usize,
}

/// Where a learner of a course stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They opened the assignment, and gave no Jabber ID.
    Opened,
    /// They got this far.
    At(Progress),
}

impl Standing {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::Opened,
        Self::At(Progress::Invited),
        Self::At(Progress::Talking),
        Self::At(Progress::Encrypted),
        Self::At(Progress::Verified),
        Self::At(Progress::Done),
    ];

    /// A word for forms.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::At(Progress::Invited) => "invited",
            Self::At(Progress::Talking) => "talking",
            Self::At(Progress::Encrypted) => "encrypted",
            Self::At(Progress::Verified) => "verified",
            Self::At(Progress::Done) => "done",
        }
    }

    /// What a word of a form stands for.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

/// A learner in a course.
#[derive(Clone, Debug, PartialEq)]
pub struct CourseRow {
    /// Identifies the enrolment.
    pub id: EnrolmentId,
    /// The person's name, where the platform tells it.
    pub name: Option<String>,
    /// What the assignment is called.
    pub link_title: Option<String>,
    /// The bare Jabber ID that they gave.
    pub jid: Option<String>,
    /// How far they are.
    pub progress: Progress,
    /// When they were last heard of, in seconds since 1970.
    pub active_at: i64,
    /// Their grade so far, from 0 to 1, and where it stands.
    pub grade: Option<(f64, GradeState)>,
}

/// How many learners have come how far; each number counts those of the next ones as well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    /// They opened the assignment.
    pub opened: usize,
    /// They gave a Jabber ID.
    pub invited: usize,
    /// They talked to the bot.
    pub talking: usize,
    /// They talked to it in private.
    pub encrypted: usize,
    /// They verified it.
    pub verified: usize,
    /// They finished the lesson.
    pub done: usize,
    /// The platform has recorded their full grade.
    pub recorded: usize,
    /// The platform has refused their grade for good; these count among those before.
    pub failed: usize,
    /// Whether there are several assignments: a learner counts once in each.
    pub is_of_several: bool,
}

impl CourseRow {
    /// Whether the platform has refused the grade for good.
    pub fn has_failed(&self) -> bool {
        matches!(self.grade, Some((_, GradeState::Failed { .. })))
    }

    /// Where the learner stands.
    pub fn standing(&self) -> Standing {
        // Whoever has finished has, under whatever Jabber ID.
        let has_begun = self.jid.is_some() || self.progress == Progress::Done;
        if has_begun { Standing::At(self.progress) } else { Standing::Opened }
    }

    /// By what learners are put in order; those of whom nothing is known come last.
    pub(crate) fn sort_key(&self) -> (bool, String) {
        let called = self.name.as_ref().or(self.jid.as_ref());
        (called.is_none(), called.map(|called| called.to_lowercase()).unwrap_or_default())
    }

    /// Whether a name, an address or an assignment's title has this in it; lower case.
    pub(crate) fn matches(&self, search: &str) -> bool {
        search.is_empty()
            || [&self.name, &self.jid, &self.link_title]
                .into_iter()
                .flatten()
                .any(|text| text.to_lowercase().contains(search))
    }
}

impl Funnel {
    /// Counts a learner in.
    pub(crate) fn count(&mut self, row: &CourseRow) {
        let is_recorded =
            matches!(&row.grade, Some((score, GradeState::Recorded { .. })) if *score >= 1.0);
        let is_done = is_recorded || row.progress == Progress::Done;
        let has_come = |least| is_done || (row.jid.is_some() && row.progress >= least);
        self.opened += 1;
        for (number, has_come) in [
            (&mut self.invited, is_done || row.jid.is_some()),
            (&mut self.talking, has_come(Progress::Talking)),
            (&mut self.encrypted, has_come(Progress::Encrypted)),
            (&mut self.verified, has_come(Progress::Verified)),
            (&mut self.done, has_come(Progress::Done)),
            (&mut self.recorded, is_recorded),
            (&mut self.failed, row.has_failed()),
        ] {
            *number += usize::from(has_come);
        }
    }
}
