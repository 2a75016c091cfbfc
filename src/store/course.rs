//! What a teacher sees: the learners of one course, and how far they are.

use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, grades::graded, progress_of};
use crate::records::{Course, CourseRow, EnrolmentId, Funnel, Graded, Wanted};

/// Most learners of a course that are looked at.
const MOST_LEARNERS: i64 = 50_000;

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
            link_title, jid, progress, active_at, resource_link_id FROM enrolments \
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
        let mut first_link = None;
        for row in &rows {
            let link: String = row.try_get(12)?;
            let row = course_row(row)?;
            funnel.count(&row);
            funnel.is_of_several |= *first_link.get_or_insert_with(|| link.clone()) != link;
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
