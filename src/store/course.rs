//! What a teacher sees: the learners of one course, and how far they are.

use sqlx::{Row as _, any::AnyRow};

use super::{EnrolmentId, GradeState, Graded, Store, StoreError, grades::graded, progress_of};
use crate::session::Progress;

/// Most learners of a course that are looked at.
const MOST_LEARNERS: i64 = 50_000;

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
}

impl Store {
    /// The learners of a course that are wanted, those who were heard of last first; how many match
    /// in all; and how far all learners of the course are.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn course(
        &self,
        course: &Course,
        wanted: &Wanted,
    ) -> Result<(Vec<CourseRow>, usize, Funnel), StoreError> {
        let select = "SELECT state, attempts, next_at, recorded_at, why, score, enrolments.id, name, \
            link_title, jid, progress, active_at FROM enrolments \
            LEFT JOIN grades ON grades.enrolment = enrolments.id \
            WHERE enrolments.consumer_key = $1 AND context_id = $2 AND ($3 = '' OR resource_link_id = $3) \
            AND is_learner = 1 AND is_teacher = 0 ORDER BY active_at DESC, enrolments.id LIMIT $4";
        let rows = sqlx::query(select)
            .bind(course.consumer_key.clone())
            .bind(course.context_id.clone())
            .bind(course.resource_link_id.clone())
            .bind(MOST_LEARNERS)
            .fetch_all(&self.pool)
            .await?;
        let mut funnel = Funnel::default();
        let mut matching = Vec::new();
        let search = wanted.search.trim().to_lowercase();
        for row in &rows {
            let row = course_row(row)?;
            funnel.count(&row);
            let is_wanted = (!wanted.failed_only || row.has_failed())
                && wanted.standing.is_none_or(|standing| standing == row.standing());
            if is_wanted && row.matches(&search) {
                matching.push(row);
            }
        }
        if wanted.by_name {
            matching.sort_by_cached_key(CourseRow::sort_key);
        }
        let n_matching = matching.len();
        let page_size = wanted.page_size.max(1);
        let last = n_matching.saturating_sub(1) / page_size;
        let first = wanted.page.min(last).saturating_mul(page_size);
        let page = matching.into_iter().skip(first).take(page_size).collect();
        Ok((page, n_matching, funnel))
    }
}

impl CourseRow {
    /// Whether the platform has refused the grade for good.
    pub fn has_failed(&self) -> bool {
        matches!(self.grade, Some((_, GradeState::Failed { .. })))
    }

    /// Where the learner stands.
    pub fn standing(&self) -> Standing {
        if self.jid.is_none() { Standing::Opened } else { Standing::At(self.progress) }
    }

    /// By what learners are put in order; those of whom nothing is known come last.
    fn sort_key(&self) -> (bool, String) {
        let called = self.name.as_ref().or(self.jid.as_ref());
        (called.is_none(), called.map(|called| called.to_lowercase()).unwrap_or_default())
    }

    fn matches(&self, search: &str) -> bool {
        search.is_empty()
            || [&self.name, &self.jid, &self.link_title]
                .into_iter()
                .flatten()
                .any(|text| text.to_lowercase().contains(search))
    }
}

impl Funnel {
    fn count(&mut self, row: &CourseRow) {
        let is_recorded =
            matches!(&row.grade, Some((score, GradeState::Recorded { .. })) if *score >= 1.0);
        let has_come = |least| is_recorded || (row.jid.is_some() && row.progress >= least);
        self.opened += 1;
        for (number, has_come) in [
            (&mut self.invited, is_recorded || row.jid.is_some()),
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

fn course_row(row: &AnyRow) -> Result<CourseRow, sqlx::Error> {
    let grade = match row.try_get::<Option<i64>, _>(0)? {
        Some(_) => Some(graded(row)?),
        None => None,
    };
    Ok(CourseRow {
        grade: grade.map(|Graded { score, state }| (score, state)),
        id: EnrolmentId::from_text(row.try_get::<String, _>(6)?),
        name: row.try_get(7)?,
        link_title: row.try_get(8)?,
        jid: row.try_get(9)?,
        progress: progress_of(row.try_get(10)?),
        active_at: row.try_get(11)?,
    })
}
