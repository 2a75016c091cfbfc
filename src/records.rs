//! The records of a course: who is enrolled, how far they are, what their grades are, and what a
//! teacher asks for. Plain values: the store keeps them, the actors pass them on, the pages show them.

mod address;
mod claim;
mod contacts;
mod course;
pub mod pasted;
mod person;

use std::fmt;

pub use self::{
    address::{Address, NoAddress, address, argument, argument_of_bot, bare_jid, one_form},
    claim::{ClaimNumber, Numbers},
    contacts::Contacts,
    course::{Course, CourseRow, Funnel, Standing, Wanted},
    person::Person,
};

/// How far a learner is in the lesson, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Invited, and not heard of yet.
    Invited,
    /// Talking in plain text.
    Talking,
    /// In a private conversation.
    Encrypted,
    /// The bot was verified by SMP.
    Verified,
    /// The bot secret was typed into the page: passed.
    Done,
}

impl Progress {
    /// All, in order.
    pub const ALL: [Self; 5] =
        [Self::Invited, Self::Talking, Self::Encrypted, Self::Verified, Self::Done];
}

/// Identifies an enrolment: 32 random hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnrolmentId(String);

impl EnrolmentId {
    /// An id that was read back.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// An id that somebody sent; `None` where none can look like this.
    pub fn from_outside(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnrolmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a launch says of a person in an assignment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewEnrolment {
    /// The consumer that launched.
    pub consumer_key: String,
    /// The LMS's opaque id of the person; empty where the LMS gives none.
    pub user_id: String,
    /// The LMS's opaque id of the course.
    pub context_id: String,
    /// The LMS's opaque id of the assignment.
    pub resource_link_id: String,
    /// Locale of the launch.
    pub locale: Option<String>,
    /// Lesson that the launch asks for.
    pub lesson: Option<String>,
    /// Whether a grade may be sent for this person.
    pub may_grade: bool,
    /// Whether this person teaches the course.
    pub is_teacher: bool,
    /// Whether this person learns in the course; there are guests besides.
    pub is_learner: bool,
    /// Where grades go.
    pub outcome_url: Option<String>,
    /// The LMS's opaque id of this person's cell in the gradebook.
    pub sourcedid: Option<String>,
    /// Where the LMS wants people to go afterwards.
    pub return_url: Option<String>,
    /// The person's name, as far as the LMS tells it.
    pub name: Option<String>,
    /// What the course is called.
    pub context_title: Option<String>,
    /// What the assignment is called.
    pub link_title: Option<String>,
    /// How the pages are to look, as text of the caller's.
    pub presentation: Option<String>,
    /// What the LMS takes along with a grade.
    pub accepts: Accepts,
    /// When the launch came, in seconds since 1970.
    pub now: i64,
    /// The same in microseconds, by which of two launches one is the newer.
    pub launched_at: i64,
}

/// A person in an assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolment {
    /// Identifies it.
    pub id: EnrolmentId,
    /// The consumer that launched.
    pub consumer_key: String,
    /// The LMS's opaque id of the person.
    pub user_id: String,
    /// The LMS's opaque id of the course.
    pub context_id: String,
    /// The LMS's opaque id of the assignment.
    pub resource_link_id: String,
    /// The bare Jabber ID that they gave. Others may have given the same one.
    pub jid: Option<String>,
    /// Whether it is known to be theirs: who writes from it has shown that they see this page.
    pub is_proven: bool,
    /// Locale of the newest launch.
    pub locale: Option<String>,
    /// Lesson that the newest launch asked for.
    pub lesson: Option<String>,
    /// Whether a grade may be sent for this person.
    pub may_grade: bool,
    /// Whether this person teaches the course.
    pub is_teacher: bool,
    /// Where grades go.
    pub outcome_url: Option<String>,
    /// The LMS's opaque id of this person's cell in the gradebook.
    pub sourcedid: Option<String>,
    /// Where the LMS wants people to go afterwards.
    pub return_url: Option<String>,
    /// How far they are.
    pub progress: Progress,
    /// When they first launched, in seconds since 1970.
    pub created_at: i64,
    /// What the course is called.
    pub context_title: Option<String>,
    /// How the pages are to look, as the launch said.
    pub presentation: Option<String>,
    /// The person's name, where the platform tells it.
    pub name: Option<String>,
    /// What the assignment is called.
    pub link_title: Option<String>,
}

impl Enrolment {
    /// Who it is; `None` where the LMS gives no id.
    pub fn person(&self) -> Option<Person> {
        Person::of(&self.consumer_key, &self.user_id)
    }

    /// The number that the pages show to who claims a Jabber ID; `None` as long as none is given.
    pub fn claim_number(&self) -> Option<ClaimNumber> {
        self.jid.as_deref().map(|jid| ClaimNumber::of(&self.id, jid))
    }
}

/// Identifies a grade: 32 random hex digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GradeId(String);

impl GradeId {
    /// An id that was read back.
    pub(crate) fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GradeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the LMS takes along with a grade, as its launch announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepts {
    /// The moment of the achievement: `submittedAt`.
    pub submitted_at: bool,
    /// Not to replace the grade that a person has given: `prioritizeNonToolGrade`.
    pub prioritize_non_tool_grade: bool,
}

impl Accepts {
    /// The number that stands for it in the database.
    pub(crate) fn number(self) -> i64 {
        i64::from(self.submitted_at) | (i64::from(self.prioritize_non_tool_grade) << 1)
    }

    /// What a number of the database stands for.
    pub(crate) fn of(number: i64) -> Self {
        Self { submitted_at: number & 1 != 0, prioritize_non_tool_grade: number & 2 != 0 }
    }
}

/// A grade to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct NewGrade {
    /// Whose it is.
    pub enrolment: EnrolmentId,
    /// From 0 to 1.
    pub score: f64,
    /// When it was achieved, in seconds since 1970.
    pub achieved_at: i64,
}

/// A grade whose time has come.
#[derive(Clone, Debug, PartialEq)]
pub struct GradeDue {
    /// Identifies it.
    pub id: GradeId,
    /// The consumer whose secret signs it.
    pub consumer_key: String,
    /// Where it goes.
    pub outcome_url: String,
    /// The LMS's id of the cell.
    pub sourcedid: String,
    /// From 0 to 1.
    pub score: f64,
    /// When it was achieved, in seconds since 1970.
    pub achieved_at: i64,
    /// Since when it is on its way, in seconds since 1970.
    pub queued_at: i64,
    /// Which of the enrolment's grades it is.
    pub version: i64,
    /// What the LMS takes along with it.
    pub accepts: Accepts,
    /// How often it was tried.
    pub attempts: i64,
    /// What came of the last attempt.
    pub said: Option<String>,
    /// Whose it is.
    pub enrolment: EnrolmentId,
}

/// A grade, or the part of it that is earned so far, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    /// From 0 to 1.
    pub score: f64,
    /// Where it stands.
    pub state: GradeState,
}

impl Graded {
    /// Whether it is the whole grade, not a part on the way.
    pub fn is_full(&self) -> bool {
        self.score >= 1.0
    }
}

/// Where a grade stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GradeState {
    /// On its way.
    Due {
        /// How often it was tried.
        attempts: i64,
        /// When it is tried next, in seconds since 1970.
        next_at: i64,
        /// Why the last attempt came to nothing; `None`: there was none yet.
        why: Option<String>,
    },
    /// The LMS confirmed it.
    Recorded {
        /// When, in seconds since 1970.
        at: i64,
    },
    /// The LMS refused it for good.
    Failed {
        /// Why, for the person who mends it.
        why: String,
    },
}

/// How many grades there are in each state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GradeCounts {
    /// On their way.
    pub due: i64,
    /// Confirmed.
    pub recorded: i64,
    /// Refused for good.
    pub failed: i64,
}
