//! Enrolments: who is in which assignment, under which Jabber ID, and how far.

use sqlx::{Row as _, any::AnyRow};

use super::{Store, StoreError, Write, pool::within, progress_of};
use crate::records::Progress;
use crate::records::{Enrolment, EnrolmentId};

/// The columns of an [`Enrolment`], in the order in which they are read.
pub(super) const COLUMNS: &str = "id, consumer_key, user_id, context_id, resource_link_id, jid, \
    locale, lesson, may_grade, is_teacher, outcome_url, sourcedid, return_url, progress, \
    created_at, context_title, presentation, name, link_title";

/// Most addresses of platforms that are read.
const MOST_PLATFORMS: i64 = 10_000;

impl Store {
    /// An enrolment.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn enrolment(&self, id: &EnrolmentId) -> Result<Option<Enrolment>, StoreError> {
        self.one_enrolment("id", id.as_str()).await
    }

    /// The enrolment whose learner gave this bare Jabber ID.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn enrolment_by_jid(&self, jid: &str) -> Result<Option<Enrolment>, StoreError> {
        self.one_enrolment("jid", jid).await
    }

    async fn one_enrolment(&self, column: &str, is: &str) -> Result<Option<Enrolment>, StoreError> {
        let select =
            sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM enrolments WHERE {column} = $1"));
        let row = sqlx::query(select).bind(is).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(enrolment).transpose()?)
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

    /// Addresses of the platforms that launches came from: some for each, not all.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn platforms(&self) -> Result<Vec<String>, StoreError> {
        let select = "SELECT DISTINCT outcome_url FROM enrolments WHERE outcome_url IS NOT NULL \
            UNION SELECT DISTINCT return_url FROM enrolments WHERE return_url IS NOT NULL LIMIT $1";
        let rows = sqlx::query(select).bind(MOST_PLATFORMS).fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }

    /// Binds a Jabber ID to an enrolment, or takes it away. Another Jabber ID begins the lesson
    /// anew. It goes with the person: their other enrolments lose it.
    ///
    /// # Errors
    ///
    /// [`StoreError::JidTaken`] if it belongs to another person, [`StoreError::NotFound`], or what
    /// the database says.
    pub async fn set_jid(&self, id: &EnrolmentId, jid: Option<&str>) -> Result<(), StoreError> {
        within(self.bind_jid(id, jid)).await
    }

    async fn bind_jid(&self, id: &EnrolmentId, jid: Option<&str>) -> Result<(), StoreError> {
        // The index on Jabber IDs is unique, so that of two people one gets it.
        let mut transaction = self.pool.begin().await?;
        if let Some(jid) = jid {
            let release = "UPDATE enrolments SET jid = NULL, progress = 0, done_at = NULL \
                WHERE jid = $1 AND id <> $2 AND EXISTS (SELECT 1 FROM enrolments AS mine \
                WHERE mine.id = $2 AND mine.consumer_key = enrolments.consumer_key \
                AND mine.user_id = enrolments.user_id)";
            sqlx::query(release).bind(jid).bind(id.as_str()).execute(&mut *transaction).await?;
        }
        let update = "UPDATE enrolments SET jid = $1, \
            done_at = CASE WHEN jid = $1 THEN done_at END, \
            progress = CASE WHEN jid = $1 THEN progress ELSE 0 END WHERE id = $2";
        let bound = sqlx::query(update)
            .bind(jid.map(str::to_owned))
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await;
        match bound {
            Ok(done) if done.rows_affected() == 1 => {
                transaction.commit().await?;
                Ok(())
            }
            Ok(_) => Err(StoreError::NotFound),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(StoreError::JidTaken)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps how far a learner is, and when they were heard of. They never go back.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn set_progress(
        &self,
        jid: &str,
        progress: Progress,
        now: i64,
    ) -> Result<(), StoreError> {
        let Some(Enrolment { id: enrolment, .. }) = self.enrolment_by_jid(jid).await? else {
            return Err(StoreError::NotFound);
        };
        let jid = jid.to_owned();
        let write = Write::Progress { enrolment, jid, progress, credit: None, at: now };
        self.write_behind(&[write]).await
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
    })
}
