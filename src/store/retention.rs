//! What is no longer needed is deleted, and who wants to be forgotten is.

use std::collections::{BTreeSet, HashSet};

use sqlx::{Any, AssertSqlSafe, Row as _, Transaction};

use super::{Store, StoreError, pool::within, sql::digest};
use crate::{
    records::{EnrolmentId, Person},
    settings::Retention,
};

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
    /// Claims of others to the Jabber ID, who have lost it.
    pub claims: u64,
}

impl Erased {
    /// Whether there was nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Whose a Jabber ID is, where several claim it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Those who have shown that it is theirs.
    Proven,
    /// All of them.
    All,
}

/// Why a person was not erased: so many of their grades are still on the way to the LMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsent(pub i64);

/// Somebody who was erased, and whom the running bot is still to let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Their bare Jabber ID.
    pub jid: String,
    /// Which of those who claim it; `None`: all.
    pub enrolment: Option<EnrolmentId>,
    /// When they were erased, in seconds since 1970.
    pub at: i64,
}

impl Store {
    /// Deletes what was kept for long enough. The enrolments that are gone, with the Jabber IDs from
    /// which nobody may talk to the bot by them any more. Times are in seconds since 1970.
    ///
    /// # Errors
    ///
    /// What the database says; what was deleted before that stays deleted.
    pub async fn tidy(
        &self,
        keep: Retention,
        now: i64,
    ) -> Result<Vec<(EnrolmentId, String)>, StoreError> {
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
    async fn tidy_some(
        &self,
        before: i64,
        gone: &mut Vec<(EnrolmentId, String)>,
    ) -> Result<bool, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // Whoever comes back just now waits for the lock, and is enrolled anew.
        let select = AssertSqlSafe(format!(
            "SELECT id, jid FROM enrolments WHERE active_at < $1 AND NOT EXISTS \
             (SELECT 1 FROM grades WHERE enrolment = enrolments.id AND state = 0) LIMIT $2{}",
            self.for_update()
        ));
        let rows = sqlx::query(select).bind(before).bind(AT_ONCE).fetch_all(&mut *transaction);
        let rows = rows.await?;
        let mut some = Vec::new();
        for row in &rows {
            let id: String = row.try_get(0)?;
            erase(&mut transaction, &id).await?;
            let jid = row.try_get::<Option<String>, _>(1)?;
            some.extend(jid.map(|jid| (EnrolmentId::from_text(id), jid)));
        }
        transaction.commit().await?;
        gone.extend(some);
        Ok(!rows.is_empty())
    }

    /// What locks the rows that are read; a transaction of SQLite has locked all.
    fn for_update(&self) -> &'static str {
        if self.pool.is_sqlite() { "" } else { " FOR UPDATE" }
    }

    /// Erases whoever has a bare Jabber ID, in all their assignments and with all their Jabber IDs,
    /// and notes it for a bot that runs. With `even_unsent` also grades that the LMS does not have
    /// yet. Of several who claim it, those have it who have shown that it is theirs, or all if that is
    /// wanted. The others lose it, and keep the rest.
    ///
    /// # Errors
    ///
    /// What the database says; then nothing was erased. Within that, [`Unsent`].
    pub async fn forget(
        &self,
        jid: &str,
        whose: Owners,
        even_unsent: bool,
        now: i64,
    ) -> Result<Result<Erased, Unsent>, StoreError> {
        let forgotten = within(self.erase_person(jid, whose, even_unsent, now)).await?;
        self.erased();
        Ok(forgotten)
    }

    async fn erase_person(
        &self,
        jid: &str,
        whose: Owners,
        even_unsent: bool,
        now: i64,
    ) -> Result<Result<Erased, Unsent>, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        // No grade can be put for them from here on.
        let mut rows = Vec::new();
        for claim in self.owners(&mut transaction, jid, whose).await? {
            // A person without an id in the LMS is nobody else's namesake.
            let select = AssertSqlSafe(format!(
                "SELECT id, consumer_key, user_id, jid FROM enrolments WHERE id = $1 \
                 OR ($3 <> '' AND consumer_key = $2 AND user_id = $3){}",
                self.for_update()
            ));
            let query = sqlx::query(select).bind(claim.id);
            let query = query.bind(claim.consumer_key).bind(claim.user_id);
            rows.extend(query.fetch_all(&mut *transaction).await?);
        }
        let mut erased = Erased::default();
        let mut claims = BTreeSet::from([(jid.to_owned(), String::new())]);
        let mut n_unsent = 0;
        for row in &rows {
            let id: String = row.try_get(0)?;
            let unsent = "SELECT COUNT(*) FROM grades WHERE state = 0 AND enrolment = $1";
            let unsent = sqlx::query(unsent).bind(id.as_str()).fetch_one(&mut *transaction);
            n_unsent += unsent.await?.try_get::<i64, _>(0)?;
            let (n_grades, n_sessions) = erase(&mut transaction, &id).await?;
            erased.grades += n_grades;
            erased.sessions += n_sessions;
            erased.enrolments += 1;
            let (consumer_key, user_id): (String, String) = (row.try_get(1)?, row.try_get(2)?);
            let delete = "DELETE FROM invitations WHERE person = $1";
            let delete = sqlx::query(delete).bind(digest(&[&consumer_key, &user_id]));
            erased.invitations += delete.execute(&mut *transaction).await?.rows_affected();
            let theirs = row.try_get::<Option<String>, _>(3)?.filter(|theirs| theirs != jid);
            claims.extend(theirs.map(|theirs| (theirs, id)));
        }
        if n_unsent > 0 && !even_unsent {
            transaction.rollback().await?;
            return Ok(Err(Unsent(n_unsent)));
        }
        let release = "UPDATE enrolments SET jid = NULL, is_proven = 0, \
            done_at = CASE WHEN progress = 4 THEN done_at END, \
            progress = CASE WHEN progress = 4 THEN progress ELSE 0 END WHERE jid = $1";
        let release = sqlx::query(release).bind(jid).execute(&mut *transaction);
        erased.claims = release.await?.rows_affected();
        let delete = "DELETE FROM sessions WHERE jid = $1";
        let delete = sqlx::query(delete).bind(jid).execute(&mut *transaction).await?;
        erased.sessions += delete.rows_affected();
        for (jid, enrolment) in &claims {
            let insert = "INSERT INTO forgotten (jid, enrolment, at) VALUES ($1, $2, $3) \
                ON CONFLICT (jid, enrolment) DO UPDATE SET at = excluded.at";
            let insert = sqlx::query(insert).bind(jid.as_str()).bind(enrolment.as_str()).bind(now);
            insert.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        let others: BTreeSet<String> = claims.into_iter().map(|(jid, _)| jid).collect();
        erased.other_jids = others.into_iter().filter(|other| other != jid).collect();
        Ok(Ok(erased))
    }

    /// Those whose a Jabber ID is, of all who claim it.
    async fn owners(
        &self,
        transaction: &mut Transaction<'_, Any>,
        jid: &str,
        whose: Owners,
    ) -> Result<Vec<Owner>, sqlx::Error> {
        let select = AssertSqlSafe(format!(
            "SELECT id, consumer_key, user_id, is_proven FROM enrolments WHERE jid = $1{}",
            self.for_update()
        ));
        let rows = sqlx::query(select).bind(jid).fetch_all(&mut **transaction).await?;
        let mut all = Vec::with_capacity(rows.len());
        for row in &rows {
            let (id, consumer_key, user_id) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let is_proven = row.try_get::<i64, _>(3)? != 0;
            all.push((Owner { id, consumer_key, user_id }, is_proven));
        }
        let is_alone = all.split_first().is_some_and(|((first, _), rest)| {
            let first = first.person();
            rest.iter().all(|(other, _)| first.is_some() && other.person() == first)
        });
        let mut known = HashSet::new();
        all.retain(|(owner, is_proven)| {
            let is_meant = is_alone || whose == Owners::All || *is_proven;
            // All assignments of a person go with one of them.
            is_meant && owner.person().is_none_or(|person| known.insert(person))
        });
        Ok(all.into_iter().map(|(owner, _)| owner).collect())
    }

    /// Those who were forgotten and not yet [let go](Self::let_go).
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn forgotten(&self) -> Result<Vec<Forgotten>, StoreError> {
        let select = "SELECT jid, enrolment, at FROM forgotten";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        let forgotten = rows.iter().map(|row| {
            let enrolment: String = row.try_get(1)?;
            Ok::<_, sqlx::Error>(Forgotten {
                jid: row.try_get(0)?,
                enrolment: (!enrolment.is_empty()).then(|| EnrolmentId::from_text(enrolment)),
                at: row.try_get(2)?,
            })
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
            for Forgotten { jid, enrolment, at } in forgotten {
                let enrolment = enrolment.as_ref().map_or("", EnrolmentId::as_str);
                let delete = "DELETE FROM sessions WHERE jid = $1 AND ($2 = '' OR claim = $2)";
                let delete = sqlx::query(delete).bind(jid.as_str()).bind(enrolment);
                delete.execute(&mut *transaction).await?;
                // Who was forgotten once more meanwhile is still to be let go again.
                let delete = "DELETE FROM forgotten WHERE jid = $1 AND enrolment = $2 AND at = $3";
                let delete = sqlx::query(delete).bind(jid.as_str()).bind(enrolment).bind(*at);
                delete.execute(&mut *transaction).await?;
            }
            transaction.commit().await
        };
        within(letting_go).await?;
        self.erased();
        Ok(())
    }
}

/// One who claims a Jabber ID.
struct Owner {
    id: String,
    consumer_key: String,
    user_id: String,
}

impl Owner {
    fn person(&self) -> Option<Person> {
        Person::of(&self.consumer_key, &self.user_id)
    }
}

/// Deletes an enrolment with its grade and its session; how many grades and sessions that were.
async fn erase(
    transaction: &mut Transaction<'_, Any>,
    id: &str,
) -> Result<(u64, u64), sqlx::Error> {
    let mut n = [0; 2];
    let deletes =
        ["DELETE FROM grades WHERE enrolment = $1", "DELETE FROM sessions WHERE claim = $1"];
    for (delete, n) in deletes.into_iter().zip(&mut n) {
        let delete = sqlx::query(delete).bind(id.to_owned()).execute(&mut **transaction);
        *n = delete.await?.rows_affected();
    }
    let delete = sqlx::query("DELETE FROM enrolments WHERE id = $1").bind(id.to_owned());
    delete.execute(&mut **transaction).await?;
    let [n_grades, n_sessions] = n;
    Ok((n_grades, n_sessions))
}
