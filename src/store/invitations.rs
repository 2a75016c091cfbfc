//! How many invitations the bot has sent for whom: it must not be a way to bother strangers.

use super::{Store, StoreError, sql::digest};

/// The time that the limits are for, in seconds: a day.
const PERIOD: i64 = 24 * 60 * 60;

/// Limits on the invitations of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitations {
    /// Most for one person of an LMS.
    pub per_person: u32,
    /// Most for all together.
    pub in_total: u32,
}

impl Default for Invitations {
    fn default() -> Self {
        Self { per_person: 20, in_total: 20_000 }
    }
}

/// Whether there may be one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    /// There may, and it is counted.
    Yes,
    /// This person has had too many today.
    TooManyForPerson,
    /// All together have had too many today.
    TooManyInTotal,
}

impl Store {
    /// Counts an invitation for a person of an LMS, unless there were too many in the last day.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn count_invitation(
        &self,
        consumer_key: &str,
        user_id: &str,
        limits: Invitations,
        now: i64,
    ) -> Result<Invited, StoreError> {
        let person = digest(&[consumer_key, user_id]);
        let since = now.saturating_sub(PERIOD);
        let insert = "INSERT INTO invitations (person, at) SELECT $1, $2 \
            WHERE (SELECT COUNT(*) FROM invitations WHERE person = $1 AND at > $3) < $4 \
            AND (SELECT COUNT(*) FROM invitations WHERE at > $3) < $5";
        let mut transaction = self.pool.begin().await?;
        // One after the other: those who count at the same time do not see each other's.
        let lock = "UPDATE locks SET n = n + 1 WHERE name = 'invitations'";
        sqlx::query(lock).execute(&mut *transaction).await?;
        let done = sqlx::query(insert)
            .bind(person.clone())
            .bind(now)
            .bind(since)
            .bind(i64::from(limits.per_person))
            .bind(i64::from(limits.in_total))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        if done.rows_affected() == 1 {
            return Ok(Invited::Yes);
        }
        let select = "SELECT at FROM invitations WHERE person = $1 AND at > $2 LIMIT $3";
        let rows = sqlx::query(select)
            .bind(person)
            .bind(since)
            .bind(i64::from(limits.per_person))
            .fetch_all(&self.pool)
            .await?;
        let n_own = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        Ok(if n_own >= limits.per_person {
            Invited::TooManyForPerson
        } else {
            Invited::TooManyInTotal
        })
    }

    /// Forgets invitations that count no more.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn forget_invitations(&self, now: i64) -> Result<(), StoreError> {
        let delete = "DELETE FROM invitations WHERE at <= $1";
        sqlx::query(delete).bind(now.saturating_sub(PERIOD)).execute(&self.pool).await?;
        Ok(())
    }
}
