//! Grades on their way to the LMS.

use sqlx::{AnyConnection, Row as _, any::AnyRow};

use super::{
    Accepts, Course, EnrolmentId, GradeCounts, GradeDue, GradeId, GradeState, NewGrade, Store,
    StoreError, sql::random_id,
};

const DUE: i64 = 0;
const RECORDED: i64 = 1;
const FAILED: i64 = 2;

/// The columns of a grade that is put on its way.
const COLUMNS: &str =
    "id, enrolment, score, achieved_at, queued_at, state, attempts, next_at, version";
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
        let upsert = sqlx::AssertSqlSafe(format!(
            "INSERT INTO grades ({COLUMNS}) VALUES ($1, $2, $3, $4, $4, 0, 0, $4, 1) \
             {OR_REPLACE_WORSE}"
        ));
        sqlx::query(upsert)
            .bind(random_id())
            .bind(new.enrolment.as_str())
            .bind(new.score.clamp(0.0, 1.0))
            .bind(new.achieved_at)
            .execute(&self.pool)
            .await?;
        let select = "SELECT id FROM grades WHERE enrolment = $1";
        let row = sqlx::query(select).bind(new.enrolment.as_str()).fetch_one(&self.pool).await?;
        Ok(GradeId(row.try_get(0)?))
    }

    /// The grades whose time has come, the longest due first.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn due_grades(&self, now: i64, limit: u32) -> Result<Vec<GradeDue>, StoreError> {
        let select = "SELECT grades.id, consumer_key, outcome_url, sourcedid, score, achieved_at, \
            queued_at, version, accepts, attempts, why FROM grades \
            JOIN enrolments ON enrolments.id = grades.enrolment \
            WHERE state = 0 AND next_at <= $1 AND outcome_url IS NOT NULL \
            AND sourcedid IS NOT NULL ORDER BY next_at LIMIT $2";
        let rows =
            sqlx::query(select).bind(now).bind(i64::from(limit)).fetch_all(&self.pool).await?;
        rows.iter().map(grade_due).collect()
    }

    /// When the next grade is due, if any is.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn next_grade_due(&self) -> Result<Option<i64>, StoreError> {
        let select = "SELECT next_at FROM grades WHERE state = 0 ORDER BY next_at LIMIT 1";
        let row = sqlx::query(select).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
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
        let update = sqlx::query(update).bind(RECORDED).bind(at).bind(&id.0).bind(version);
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
        let update = sqlx::query(update).bind(next_at).bind(why).bind(&id.0).bind(version);
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
        let update = sqlx::query(update).bind(FAILED).bind(why).bind(&id.0).bind(version);
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

    /// Where an enrolment's grade stands, if there is one.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_state(&self, id: &EnrolmentId) -> Result<Option<GradeState>, StoreError> {
        let select = "SELECT state, attempts, next_at, recorded_at, why FROM grades \
            WHERE enrolment = $1";
        let row = sqlx::query(select).bind(id.as_str()).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(grade_state).transpose()?)
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

/// Puts a part of a grade on its way for whoever has a bare Jabber ID, if they are graded. A better
/// one replaces the one before; a worse one changes nothing.
pub(super) async fn put_credit(
    connection: &mut AnyConnection,
    jid: &str,
    score: f64,
    achieved_at: i64,
) -> Result<(), sqlx::Error> {
    let upsert = sqlx::AssertSqlSafe(format!(
        "INSERT INTO grades ({COLUMNS}) SELECT $1, id, $2, $3, $3, 0, 0, $3, 1 FROM enrolments \
         WHERE jid = $4 AND may_grade = 1 {OR_REPLACE_WORSE}"
    ));
    let upsert = sqlx::query(upsert).bind(random_id()).bind(score.clamp(0.0, 1.0));
    upsert.bind(achieved_at).bind(jid).execute(connection).await?;
    Ok(())
}

/// Reads `state, attempts, next_at, recorded_at, why`.
pub(super) fn grade_state(row: &AnyRow) -> Result<GradeState, sqlx::Error> {
    Ok(match row.try_get::<i64, _>(0)? {
        RECORDED => GradeState::Recorded { at: row.try_get::<Option<i64>, _>(3)?.unwrap_or(0) },
        FAILED => {
            GradeState::Failed { why: row.try_get::<Option<String>, _>(4)?.unwrap_or_default() }
        }
        _ => GradeState::Due { attempts: row.try_get(1)?, next_at: row.try_get(2)? },
    })
}

fn grade_due(row: &AnyRow) -> Result<GradeDue, StoreError> {
    Ok(GradeDue {
        id: GradeId(row.try_get(0)?),
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
    })
}
