//! How many invitations the bot has sent for whom: it must not be a way to bother strangers.

use sqlx::{Any, Row as _, Transaction};

use super::{Store, StoreError, quota::platform_number, sql::digest};
use crate::settings::Invitations;

/// The time that the limits are for, in seconds: a day.
pub(super) const PERIOD: i64 = 24 * 60 * 60;

/// Whether there may be one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    /// There may, and it is counted.
    Yes,
    /// This person has had too many today.
    TooManyForPerson,
    /// The platform has had too many today.
    TooManyForPlatform,
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
        let platform = platform_number(consumer_key);
        let since = now.saturating_sub(PERIOD);
        let mut transaction = self.pool.begin().await?;
        // One after the other: those who count at the same time do not see each other's.
        let lock = "UPDATE locks SET n = n + 1 WHERE name = 'invitations'";
        sqlx::query(lock).execute(&mut *transaction).await?;
        let own = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM invitations \
            WHERE person = $1 AND at > $2 LIMIT $3) AS few";
        let own = sqlx::query(own).bind(person.clone()).bind(since);
        let of_platform = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM invitations \
            WHERE platform = $1 AND at > $2 LIMIT $3) AS few";
        let of_platform = sqlx::query(of_platform).bind(platform).bind(since);
        let all = "SELECT COUNT(*) FROM (SELECT 1 AS one FROM invitations \
            WHERE at > $1 LIMIT $2) AS few";
        let all = sqlx::query(all).bind(since);
        let refused = if has_reached(&mut transaction, own, limits.per_person).await? {
            Some(Invited::TooManyForPerson)
        } else if has_reached(&mut transaction, of_platform, limits.per_platform).await? {
            Some(Invited::TooManyForPlatform)
        } else if has_reached(&mut transaction, all, limits.in_total).await? {
            Some(Invited::TooManyInTotal)
        } else {
            None
        };
        if let Some(refused) = refused {
            return Ok(refused);
        }
        let insert = "INSERT INTO invitations (person, platform, at) VALUES ($1, $2, $3)";
        let insert = sqlx::query(insert).bind(person).bind(platform).bind(now);
        insert.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Invited::Yes)
    }

    /// Takes back an invitation that was counted at that time, and not sent.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn uncount_invitation(
        &self,
        consumer_key: &str,
        user_id: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let person = digest(&[consumer_key, user_id]);
        let mut transaction = self.pool.begin().await?;
        let same = "SELECT COUNT(*) FROM invitations WHERE person = $1 AND at = $2";
        let same = sqlx::query(same).bind(person.clone()).bind(at);
        let n: i64 = same.fetch_one(&mut *transaction).await?.try_get(0)?;
        let delete = "DELETE FROM invitations WHERE person = $1 AND at = $2";
        sqlx::query(delete).bind(person.clone()).bind(at).execute(&mut *transaction).await?;
        // Those of the same second are alike.
        for _ in 1..n {
            let insert = "INSERT INTO invitations (person, platform, at) VALUES ($1, $2, $3)";
            let insert = sqlx::query(insert).bind(person.clone());
            let insert = insert.bind(platform_number(consumer_key)).bind(at);
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
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

/// Whether a query counts as many as may be; its last parameter is still to be bound.
async fn has_reached(
    transaction: &mut Transaction<'_, Any>,
    query: sqlx::query::Query<'_, Any, <Any as sqlx::Database>::Arguments>,
    most: u32,
) -> Result<bool, sqlx::Error> {
    let row = query.bind(i64::from(most)).fetch_one(&mut **transaction).await?;
    Ok(row.try_get::<i64, _>(0)? >= i64::from(most))
}
