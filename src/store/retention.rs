//! What is no longer needed is deleted, and who wants to be forgotten is.

use std::collections::BTreeSet;

use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::{Store, StoreError, pool::within, sql::digest};
use crate::settings::Retention;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// How many enrolments are deleted at once: others wait meanwhile.
const AT_ONCE: i64 = 500;

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The person's other Jabber IDs, which were erased too.
    pub other_jids: Vec<String>,
    /// Enrolments: a person has one in each assignment.
    pub enrolments: u64,
    /// Grades, sent or not.
    pub grades: u64,
    /// Sessions that were open or interrupted.
    pub sessions: u64,
    /// Counted invitations.
    pub invitations: u64,
}

impl Erased {
    /// Whether there was nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a person was not erased: so many of their grades are still on the way to the LMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent(pub i64);

/// Somebody who was erased, and whom the running bot is still to let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Their bare Jabber ID.
    pub jid: String,
    /// When they were erased, in seconds since 1970.
    pub at: i64,
}

impl Store {
    /// Deletes what was kept for long enough. The Jabber IDs of those whose enrolment is gone, who
    /// may no longer talk to the bot. Times are in seconds since 1970.
    ///
    /// # Errors
    ///
    /// What the database says; what was deleted before that stays deleted.
    pub async fn tidy(&self, keep: Retention, now: i64) -> Result<Vec<String>, StoreError> {
        let before = |days: u32| now.saturating_sub(i64::from(days).saturating_mul(DAY));
        if let Some(days) = keep.sessions {
            let delete = "DELETE FROM sessions WHERE saved_at < $1";
            let done = sqlx::query(delete).bind(before(days)).execute(&self.pool).await?;
            if done.rows_affected() > 0 {
                self.erased();
            }
        }
        let mut gone = Vec::new();
        let Some(days) = keep.enrolments else { return Ok(gone) };
        while within(self.tidy_some(before(days), &mut gone)).await? {
            self.erased();
        }
        Ok(gone)
    }

    /// Deletes some of those who were last heard of before `before`. Whether there were any.
    async fn tidy_some(&self, before: i64, gone: &mut Vec<String>) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // Whoever comes back just now waits for the lock, and is enrolled anew.
        let select = AssertSqlSafe(format!(
            "SELECT id, jid FROM enrolments WHERE active_at < $1 AND NOT EXISTS \
             (SELECT 1 FROM grades WHERE enrolment = enrolments.id AND state = 0) LIMIT $2{}",
            self.for_update()
        ));
        let rows = sqlx::query(select).bind(before).bind(AT_ONCE).fetch_all(&mut *transaction);
        let rows = rows.await?;
        let mut jids = Vec::new();
        for row in &rows {
            erase(&mut transaction, &row.try_get::<String, _>(0)?).await?;
            if let Some(jid) = row.try_get::<Option<String>, _>(1)? {
                let delete = "DELETE FROM sessions WHERE jid = $1";
                sqlx::query(delete).bind(jid.as_str()).execute(&mut *transaction).await?;
                jids.push(jid);
            }
        }
        transaction.commit().await?;
        gone.extend(jids);
        Ok(!rows.is_empty())
    }

    /// What locks the rows that are read; a transaction of SQLite has locked all.
    fn for_update(&self) -> &'static str {
        if self.pool.is_sqlite() { "" } else { " FOR UPDATE" }
    }

    /// Erases whoever has a bare Jabber ID, in all their assignments and with all their Jabber IDs,
    /// and notes it for a bot that runs. With `even_unsent` also grades that the LMS does not have
    /// yet.
    ///
    /// # Errors
    ///
    /// What the database says; then nothing was erased. Within that, [`Unsent`].
    pub async fn forget(
        &self,
        jid: &str,
        even_unsent: bool,
        now: i64,
    ) -> Result<Result<Erased, Unsent>, StoreError> {
        let forgotten = within(self.erase_person(jid, even_unsent, now)).await?;
        self.erased();
        Ok(forgotten)
    }

    async fn erase_person(
        &self,
        jid: &str,
        even_unsent: bool,
        now: i64,
    ) -> Result<Result<Erased, Unsent>, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // A person without an id in the LMS is nobody else's namesake. No grade can be put for them
        // from here on.
        let select = AssertSqlSafe(format!(
            "SELECT id, consumer_key, user_id, jid FROM enrolments WHERE jid = $1 \
             OR (user_id <> '' AND EXISTS \
             (SELECT 1 FROM enrolments AS known WHERE known.jid = $1 \
             AND known.consumer_key = enrolments.consumer_key \
             AND known.user_id = enrolments.user_id)){}",
            self.for_update()
        ));
        let rows = sqlx::query(select).bind(jid).fetch_all(&mut *transaction).await?;
        let mut erased = Erased::default();
        let mut jids = BTreeSet::from([jid.to_owned()]);
        let mut n_unsent = 0;
        for row in &rows {
            let id: String = row.try_get(0)?;
            let unsent = "SELECT COUNT(*) FROM grades WHERE state = 0 AND enrolment = $1";
            let unsent = sqlx::query(unsent).bind(id.as_str()).fetch_one(&mut *transaction);
            n_unsent += unsent.await?.try_get::<i64, _>(0)?;
            erased.grades += erase(&mut transaction, &id).await?;
            erased.enrolments += 1;
            let (consumer_key, user_id): (String, String) = (row.try_get(1)?, row.try_get(2)?);
            let delete = "DELETE FROM invitations WHERE person = $1";
            let delete = sqlx::query(delete).bind(digest(&[&consumer_key, &user_id]));
            erased.invitations += delete.execute(&mut *transaction).await?.rows_affected();
            jids.extend(row.try_get::<Option<String>, _>(3)?);
        }
        if n_unsent > 0 && !even_unsent {
            transaction.rollback().await?;
            return Ok(Err(Unsent(n_unsent)));
        }
        for jid in &jids {
            let delete = "DELETE FROM sessions WHERE jid = $1";
            let delete = sqlx::query(delete).bind(jid.as_str()).execute(&mut *transaction).await?;
            erased.sessions += delete.rows_affected();
            let insert = "INSERT INTO forgotten (jid, at) VALUES ($1, $2) \
                ON CONFLICT (jid) DO UPDATE SET at = excluded.at";
            sqlx::query(insert).bind(jid.as_str()).bind(now).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        jids.remove(jid);
        erased.other_jids = jids.into_iter().collect();
        Ok(Ok(erased))
    }

    /// Those who were forgotten and not yet [let go](Self::let_go).
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn forgotten(&self) -> Result<Vec<Forgotten>, StoreError> {
        let rows = sqlx::query("SELECT jid, at FROM forgotten").fetch_all(&self.pool).await?;
        let forgotten = rows.iter().map(|row| {
            Ok::<_, sqlx::Error>(Forgotten { jid: row.try_get(0)?, at: row.try_get(1)? })
        });
        Ok(forgotten.collect::<Result<_, _>>()?)
    }

    /// The running bot has let these go: what it wrote meanwhile is erased, and that they were here.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn let_go(&self, forgotten: &[Forgotten]) -> Result<(), StoreError> {
        let letting_go = async {
            let mut transaction = self.pool.begin().await?;
            for Forgotten { jid, at } in forgotten {
                let delete = "DELETE FROM sessions WHERE jid = $1";
                sqlx::query(delete).bind(jid.as_str()).execute(&mut *transaction).await?;
                // Who was forgotten once more meanwhile is still to be let go again.
                let delete = "DELETE FROM forgotten WHERE jid = $1 AND at = $2";
                let delete = sqlx::query(delete).bind(jid.as_str()).bind(*at);
                delete.execute(&mut *transaction).await?;
            }
            transaction.commit().await
        };
        within(letting_go).await?;
        self.erased();
        Ok(())
    }
}

/// Deletes an enrolment and its grade; how many grades that were.
async fn erase(transaction: &mut Transaction<'_, Any>, id: &str) -> Result<u64, sqlx::Error> {
    let delete = sqlx::query("DELETE FROM grades WHERE enrolment = $1").bind(id.to_owned());
    let grades = delete.execute(&mut **transaction).await?.rows_affected();
    let delete = sqlx::query("DELETE FROM enrolments WHERE id = $1").bind(id.to_owned());
    delete.execute(&mut **transaction).await?;
    Ok(grades)
}
