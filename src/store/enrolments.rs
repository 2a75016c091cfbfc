//! Enrolments: who is in which assignment, under which Jabber ID, and how far.

use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, pool::within, progress_of};
use crate::records::{Enrolment, EnrolmentId};

/// The columns of an [`Enrolment`], in the order in which they are read.
pub(super) const COLUMNS: &str = "id, consumer_key, user_id, context_id, resource_link_id, jid, \
    locale, lesson, may_grade, is_teacher, outcome_url, sourcedid, return_url, progress, \
    created_at, context_title, presentation, name, link_title, is_proven";

impl Store {
    /// An enrolment.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn enrolment(&self, id: &EnrolmentId) -> Result<Option<Enrolment>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM enrolments WHERE id = $1"));
        let row = sqlx::query(select).bind(id.as_str()).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(enrolment).transpose()?)
    }

    /// The bare Jabber ID that a person gave in another assignment, in that which they opened last; in
    /// others than that of the enrolment.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn known_jid(&self, of: &Enrolment) -> Result<Option<String>, StoreError> {
        let select = "SELECT jid FROM enrolments WHERE consumer_key = $1 AND user_id = $2 \
            AND $2 <> '' AND id <> $3 AND jid IS NOT NULL ORDER BY opened_at DESC, id LIMIT 1";
        let row = sqlx::query(select)
            .bind(of.consumer_key.as_str())
            .bind(of.user_id.as_str())
            .bind(of.id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }

    /// Whether a person has shown in another assignment that a bare Jabber ID is theirs.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn is_proven_elsewhere(&self, of: &Enrolment, jid: &str) -> Result<bool, StoreError> {
        let select = "SELECT 1 FROM enrolments WHERE jid = $1 AND consumer_key = $2 \
            AND user_id = $3 AND $3 <> '' AND id <> $4 AND is_proven = 1 LIMIT 1";
        let row = sqlx::query(select)
            .bind(jid)
            .bind(of.consumer_key.as_str())
            .bind(of.user_id.as_str())
            .bind(of.id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    /// Whether another person has given the same bare Jabber ID.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn is_claimed_by_others(
        &self,
        of: &Enrolment,
        jid: &str,
    ) -> Result<bool, StoreError> {
        let select = "SELECT 1 FROM enrolments WHERE jid = $1 \
            AND NOT (consumer_key = $2 AND user_id = $3) LIMIT 1";
        let row = sqlx::query(select)
            .bind(jid)
            .bind(of.consumer_key.as_str())
            .bind(of.user_id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }

    /// Whether a person teaches a course, by the newest launch of theirs in it. Where the platform
    /// does not say which course it is, by that of the assignment.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn is_teacher_now(&self, of: &Enrolment) -> Result<bool, StoreError> {
        let select = "SELECT is_teacher FROM enrolments WHERE consumer_key = $1 AND user_id = $2 \
            AND context_id = $3 AND ($3 <> '' OR id = $4) ORDER BY launched_at DESC LIMIT 1";
        let row = sqlx::query(select)
            .bind(of.consumer_key.as_str())
            .bind(of.user_id.as_str())
            .bind(of.context_id.as_str())
            .bind(of.id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|row| row.try_get::<i64, _>(0)).transpose()?.is_some_and(|flag| flag != 0))
    }

    /// The enrolments whose learners gave this bare Jabber ID, the oldest first.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn claims(&self, jid: &str) -> Result<Vec<Enrolment>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM enrolments WHERE jid = $1 ORDER BY created_at, id"
        ));
        let rows = sqlx::query(select).bind(jid).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(enrolment).collect::<Result<_, _>>()?)
    }

    /// All enrolments whose learners gave a Jabber ID.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn enrolments(&self) -> Result<Vec<Enrolment>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM enrolments WHERE jid IS NOT NULL ORDER BY created_at"
        ));
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(enrolment).collect::<Result<_, _>>()?)
    }

    /// Writes down in which language somebody reads, until their next launch says another.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn set_locale(&self, id: &EnrolmentId, locale: &str) -> Result<(), StoreError> {
        let update = "UPDATE enrolments SET locale = $1 WHERE id = $2";
        let query = sqlx::query(update).bind(locale).bind(id.as_str());
        within(query.execute(&self.pool)).await?;
        Ok(())
    }

    /// Has an enrolment claim a Jabber ID, or none. Another Jabber ID begins the lesson anew, unless that
    /// was finished. Where the person has shown in another assignment that it is theirs, that need not
    /// be shown again.
    ///
    /// Their other enrolments keep theirs. Those with the Jabber ID that is given up here, in which
    /// nobody has talked yet, take the new one instead; these are returned.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], or what the database says.
    pub async fn set_jid(
        &self,
        id: &EnrolmentId,
        jid: Option<&str>,
    ) -> Result<Vec<EnrolmentId>, StoreError> {
        within(self.bind_jid(id, jid)).await
    }

    async fn bind_jid(
        &self,
        id: &EnrolmentId,
        jid: Option<&str>,
    ) -> Result<Vec<EnrolmentId>, StoreError> {
        /// Of the same person; `$2` is the enrolment.
        const MINE: &str = "id <> $2 AND EXISTS (SELECT 1 FROM enrolments AS mine \
            WHERE mine.id = $2 AND mine.user_id <> '' \
            AND mine.consumer_key = enrolments.consumer_key AND mine.user_id = enrolments.user_id)";
        let mut transaction = self.pool.begin().await?;
        let select = "SELECT jid FROM enrolments WHERE id = $1";
        let row = sqlx::query(select).bind(id.as_str()).fetch_optional(&mut *transaction).await?;
        let before: Option<String> = row.ok_or(StoreError::NotFound)?.try_get(0)?;
        let mut was_proven = 0;
        let mut moved = Vec::new();
        if let Some(jid) = jid {
            let select = sqlx::AssertSqlSafe(format!(
                "SELECT COALESCE(MAX(is_proven), 0) FROM enrolments WHERE jid = $1 AND {MINE}"
            ));
            let row = sqlx::query(select).bind(jid).bind(id.as_str()).fetch_one(&mut *transaction);
            was_proven = row.await?.try_get::<i64, _>(0)?;
        }
        if let (Some(jid), Some(before)) = (jid, before.filter(|before| Some(&**before) != jid)) {
            let update = sqlx::AssertSqlSafe(format!(
                "UPDATE enrolments SET jid = $3, is_proven = $4 WHERE jid = $1 AND progress = 0 \
                 AND {MINE} RETURNING id"
            ));
            let update = sqlx::query(update).bind(before).bind(id.as_str()).bind(jid);
            for row in update.bind(was_proven).fetch_all(&mut *transaction).await? {
                moved.push(EnrolmentId::from_text(row.try_get::<String, _>(0)?));
            }
        }
        let update = "UPDATE enrolments SET jid = $1, \
            done_at = CASE WHEN jid = $1 OR progress = 4 THEN done_at END, \
            is_proven = CASE WHEN jid = $1 AND is_proven = 1 THEN 1 ELSE $3 END, \
            progress = CASE WHEN jid = $1 OR progress = 4 THEN progress ELSE 0 END WHERE id = $2";
        let done = sqlx::query(update)
            .bind(jid.map(str::to_owned))
            .bind(id.as_str())
            .bind(was_proven)
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() != 1 {
            return Err(StoreError::NotFound);
        }
        transaction.commit().await?;
        Ok(moved)
    }
}

/// Reads the columns of [`COLUMNS`].
pub(super) fn enrolment(row: &AnyRow) -> Result<Enrolment, sqlx::Error> {
    Ok(Enrolment {
        id: EnrolmentId::from_text(row.try_get::<String, _>(0)?),
        consumer_key: row.try_get(1)?,
        user_id: row.try_get(2)?,
        context_id: row.try_get(3)?,
        resource_link_id: row.try_get(4)?,
        jid: row.try_get(5)?,
        locale: row.try_get(6)?,
        lesson: row.try_get(7)?,
        may_grade: row.try_get::<i64, _>(8)? != 0,
        is_teacher: row.try_get::<i64, _>(9)? != 0,
        outcome_url: row.try_get(10)?,
        sourcedid: row.try_get(11)?,
        return_url: row.try_get(12)?,
        progress: progress_of(row.try_get(13)?),
        created_at: row.try_get(14)?,
        context_title: row.try_get(15)?,
        presentation: row.try_get(16)?,
        name: row.try_get(17)?,
        link_title: row.try_get(18)?,
        is_proven: row.try_get::<i64, _>(19)? != 0,
    })
}
