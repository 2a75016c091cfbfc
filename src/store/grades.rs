//! Grades on their way to the LMS.

use sqlx::{AnyConnection, Row as _, any::AnyRow};

use super::{Store, StoreError, sql::random_id};
use crate::records::{
    Accepts, Course, EnrolmentId, GradeCounts, GradeDue, GradeId, GradeState, Graded, NewGrade,
};

const DUE: i64 = 0;
const RECORDED: i64 = 1;
const FAILED: i64 = 2;

/// Most grades that are put on their way at once because they were missing.
const MOST_MISSING: i64 = 500;

/// What becomes of the grade that an enrolment has already.
const OR_REPLACE_WORSE: &str = "ON CONFLICT (enrolment) DO UPDATE SET score = excluded.score, \
    achieved_at = excluded.achieved_at, queued_at = excluded.queued_at, state = 0, attempts = 0, \
    next_at = excluded.next_at, recorded_at = NULL, why = NULL, version = grades.version + 1 \
    WHERE excluded.score > grades.score";

impl Store {
    /// Puts a grade on its way. A better one replaces the one before; a worse one changes nothing.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn put_grade(&self, new: &NewGrade) -> Result<GradeId, StoreError> {
        sqlx::query(put("$3", ""))
            .bind(random_id())
            .bind(new.score.clamp(0.0, 1.0))
            .bind(new.achieved_at)
            .bind(new.enrolment.as_str())
            .execute(&self.pool)
            .await?;
        let select = "SELECT id FROM grades WHERE enrolment = $1";
        let row = sqlx::query(select).bind(new.enrolment.as_str()).fetch_optional(&self.pool);
        Ok(GradeId::from_text(row.await?.ok_or(StoreError::NotFound)?.try_get(0)?))
    }

    /// Puts full grades on their way that should be and are not: of those who have finished the
    /// lesson and may be graded. Achieved when they finished. How many that were.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn put_missing_grades(&self, now: i64) -> Result<usize, StoreError> {
        let select = "SELECT enrolments.id FROM enrolments \
            LEFT JOIN grades ON grades.enrolment = enrolments.id \
            WHERE progress = 4 AND may_grade = 1 AND outcome_url IS NOT NULL \
            AND sourcedid IS NOT NULL AND (score IS NULL OR score < 1) LIMIT $1";
        let rows = sqlx::query(select).bind(MOST_MISSING).fetch_all(&self.pool).await?;
        for row in &rows {
            self.put_missing_grade(&EnrolmentId::from_text(row.try_get::<String, _>(0)?), now)
                .await?;
        }
        Ok(rows.len())
    }

    /// The same for one enrolment, if that has finished and may be graded.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn put_missing_grade(&self, id: &EnrolmentId, now: i64) -> Result<(), StoreError> {
        let upsert = put("COALESCE(done_at, $3)", "AND progress = 4 AND may_grade = 1");
        let upsert = sqlx::query(upsert).bind(random_id()).bind(1.0);
        upsert.bind(now).bind(id.as_str()).execute(&self.pool).await?;
        Ok(())
    }

    /// Of the grades whose time has come, that of each platform which is due for the longest: one
    /// platform keeps none of another waiting.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn due_grades(&self, now: i64) -> Result<Vec<GradeDue>, StoreError> {
        // The platforms are found by leaps along the index, however many grades each has.
        let select = "WITH RECURSIVE platforms (consumer_key) AS ( \
            SELECT MIN(consumer_key) FROM grades WHERE state = 0 \
            UNION ALL SELECT (SELECT MIN(more.consumer_key) FROM grades AS more \
                WHERE more.state = 0 AND more.consumer_key > platforms.consumer_key) \
            FROM platforms WHERE platforms.consumer_key IS NOT NULL) \
            SELECT grades.id, grades.consumer_key, outcome_url, sourcedid, score, achieved_at, \
            queued_at, version, accepts, attempts, why, grades.enrolment FROM platforms \
            JOIN grades ON grades.id = (SELECT due.id FROM grades AS due \
                JOIN enrolments AS learner ON learner.id = due.enrolment \
                WHERE due.state = 0 AND due.consumer_key = platforms.consumer_key \
                AND due.next_at <= $1 AND learner.outcome_url IS NOT NULL \
                AND learner.sourcedid IS NOT NULL ORDER BY due.next_at LIMIT 1) \
            JOIN enrolments ON enrolments.id = grades.enrolment ORDER BY grades.next_at";
        let rows = sqlx::query(select).bind(now).fetch_all(&self.pool).await?;
        rows.iter().map(grade_due).collect()
    }

    /// When the next grade is due that is not due yet, if any is.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn next_grade_due(&self, now: i64) -> Result<Option<i64>, StoreError> {
        let select = "SELECT MIN(next_at) FROM grades WHERE state = 0 AND next_at > $1";
        Ok(sqlx::query(select).bind(now).fetch_one(&self.pool).await?.try_get(0)?)
    }

    /// Since when the oldest grade that waits does, in seconds since 1970.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn oldest_grade_due(&self) -> Result<Option<i64>, StoreError> {
        let select = "SELECT MIN(queued_at) FROM grades WHERE state = 0";
        Ok(sqlx::query(select).fetch_one(&self.pool).await?.try_get(0)?)
    }

    /// The LMS confirmed a version of a grade. A better one that came meanwhile stays on its way.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_recorded(
        &self,
        id: &GradeId,
        version: i64,
        at: i64,
    ) -> Result<(), StoreError> {
        let update = "UPDATE grades SET state = $1, recorded_at = $2, attempts = attempts + 1, \
            why = NULL WHERE id = $3 AND version = $4";
        let update = sqlx::query(update).bind(RECORDED).bind(at).bind(id.as_str()).bind(version);
        update.execute(&self.pool).await?;
        Ok(())
    }

    /// A version of a grade did not get through and is to be tried again.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_retry(
        &self,
        id: &GradeId,
        version: i64,
        next_at: i64,
        why: &str,
    ) -> Result<(), StoreError> {
        let update = "UPDATE grades SET next_at = $1, attempts = attempts + 1, why = $2 \
            WHERE id = $3 AND version = $4 AND state = 0";
        let update = sqlx::query(update).bind(next_at).bind(why).bind(id.as_str()).bind(version);
        update.execute(&self.pool).await?;
        Ok(())
    }

    /// The LMS refused a version of a grade for good.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_failed(
        &self,
        id: &GradeId,
        version: i64,
        why: &str,
    ) -> Result<(), StoreError> {
        let update = "UPDATE grades SET state = $1, attempts = attempts + 1, why = $2 \
            WHERE id = $3 AND version = $4 AND state = 0";
        let update = sqlx::query(update).bind(FAILED).bind(why).bind(id.as_str()).bind(version);
        update.execute(&self.pool).await?;
        Ok(())
    }

    /// Puts grades that were refused for good on their way again: that of one enrolment of a course,
    /// or all of the course. How many that were.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn send_again(
        &self,
        course: &Course,
        one: Option<&EnrolmentId>,
        now: i64,
    ) -> Result<u64, StoreError> {
        // An empty id stands for all.
        let update = "UPDATE grades SET state = 0, attempts = 0, why = NULL, next_at = $1, queued_at = $1 \
            WHERE state = 2 AND ($2 = '' OR enrolment = $2) AND enrolment IN \
            (SELECT id FROM enrolments WHERE consumer_key = $3 AND context_id = $4 \
            AND ($5 = '' OR resource_link_id = $5))";
        let done = sqlx::query(update)
            .bind(now)
            .bind(one.map_or("", EnrolmentId::as_str).to_owned())
            .bind(course.consumer_key.clone())
            .bind(course.context_id.clone())
            .bind(course.resource_link_id.clone())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected())
    }

    /// An enrolment's grade, if there is one.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade(&self, id: &EnrolmentId) -> Result<Option<Graded>, StoreError> {
        let select = "SELECT state, attempts, next_at, recorded_at, why, score FROM grades \
            WHERE enrolment = $1";
        let row = sqlx::query(select).bind(id.as_str()).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(graded).transpose()?)
    }

    /// How many grades there are in each state.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_counts(&self) -> Result<GradeCounts, StoreError> {
        let select = "SELECT state, COUNT(*) FROM grades GROUP BY state";
        let mut counts = GradeCounts::default();
        for row in sqlx::query(select).fetch_all(&self.pool).await? {
            let n = row.try_get(1)?;
            match row.try_get::<i64, _>(0)? {
                DUE => counts.due = n,
                RECORDED => counts.recorded = n,
                _ => counts.failed = n,
            }
        }
        Ok(counts)
    }
}

/// The statement that puts a grade on its way: `$1` its id, `$2` the score, `$3` now, `$4` the
/// enrolment.
fn put(achieved_at: &str, condition: &str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!(
        "INSERT INTO grades (id, enrolment, consumer_key, score, achieved_at, queued_at, state, \
         attempts, next_at, version) \
         SELECT $1, enrolments.id, consumer_key, $2, {achieved_at}, $3, 0, 0, $3, 1 \
         FROM enrolments WHERE enrolments.id = $4 {condition} {OR_REPLACE_WORSE}"
    ))
}

/// Puts a grade, or a part of it, on its way for an enrolment, if that is graded. A better one
/// replaces the one before; a worse one changes nothing.
pub(super) async fn put_credit(
    connection: &mut AnyConnection,
    enrolment: &EnrolmentId,
    score: f64,
    achieved_at: i64,
) -> Result<(), sqlx::Error> {
    let upsert = sqlx::query(put("$3", "AND may_grade = 1"));
    let upsert = upsert.bind(random_id()).bind(score.clamp(0.0, 1.0));
    upsert.bind(achieved_at).bind(enrolment.as_str()).execute(connection).await?;
    Ok(())
}

/// Reads `state, attempts, next_at, recorded_at, why, score`.
pub(super) fn graded(row: &AnyRow) -> Result<Graded, sqlx::Error> {
    Ok(Graded { score: row.try_get(5)?, state: grade_state(row)? })
}

/// Reads `state, attempts, next_at, recorded_at, why`.
fn grade_state(row: &AnyRow) -> Result<GradeState, sqlx::Error> {
    Ok(match row.try_get::<i64, _>(0)? {
        RECORDED => GradeState::Recorded { at: row.try_get::<Option<i64>, _>(3)?.unwrap_or(0) },
        FAILED => {
            GradeState::Failed { why: row.try_get::<Option<String>, _>(4)?.unwrap_or_default() }
        }
        _ => GradeState::Due {
            attempts: row.try_get(1)?,
            next_at: row.try_get(2)?,
            why: row.try_get(4)?,
        },
    })
}

fn grade_due(row: &AnyRow) -> Result<GradeDue, StoreError> {
    Ok(GradeDue {
        id: GradeId::from_text(row.try_get(0)?),
        consumer_key: row.try_get(1)?,
        outcome_url: row.try_get(2)?,
        sourcedid: row.try_get(3)?,
        score: row.try_get(4)?,
        achieved_at: row.try_get(5)?,
        queued_at: row.try_get(6)?,
        version: row.try_get(7)?,
        accepts: Accepts::of(row.try_get(8)?),
        attempts: row.try_get(9)?,
        said: row.try_get(10)?,
        enrolment: EnrolmentId::from_text(row.try_get::<String, _>(11)?),
    })
}
