//! Launches: the nonce is used up and the person written down, for many launches in one
//! transaction.
//!
//! A transaction that is to be on the disk when it is answered costs a wait for the disk. So those
//! who come while one is under way line up, and the first of them to get hold of the database
//! writes for all.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt::Write as _,
    sync::{Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use sqlx::{Any, Row as _, Transaction};
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::{
    Store, StoreError,
    enrolments::{COLUMNS, enrolment},
    grades::graded,
    pool::within,
    quota::{n_bytes, platform_number},
    sql::{digest, random_id},
};
use crate::records::{Enrolment, Graded, NewEnrolment};

/// Most launches in one transaction.
const MOST_AT_ONCE: usize = 64;
/// How often a batch is written that stood in the way of another transaction.
const MOST_TRIES: u32 = 4;
/// The pause before the second time; it grows.
const WAY_CLEAR: Duration = Duration::from_millis(30);
/// Most nonces that are kept: as many as the fastest machine takes within the longest window, and
/// few enough for a small disk.
const MOST_NONCES: i64 = 2_000_000;
/// The columns that a launch writes.
const WRITTEN: [&str; 24] = [
    "id",
    "consumer_key",
    "user_id",
    "context_id",
    "resource_link_id",
    "locale",
    "lesson",
    "may_grade",
    "is_teacher",
    "is_learner",
    "outcome_url",
    "sourcedid",
    "return_url",
    "name",
    "context_title",
    "link_title",
    "presentation",
    "accepts",
    "progress",
    "created_at",
    "active_at",
    "launched_at",
    "opened_at",
    "n_bytes",
];

/// What makes a launch unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    digest: String,
    /// The number of the platform.
    platform: i64,
    forget_after: i64,
}

impl Nonce {
    /// The nonce of a launch of a consumer, whenever it was signed; it is remembered until
    /// `forget_after`, in seconds since 1970.
    pub fn new(consumer_key: &str, nonce: &str, forget_after: i64) -> Self {
        let platform = platform_number(consumer_key);
        Self { digest: digest(&[consumer_key, nonce]), platform, forget_after }
    }
}

/// What became of a launch.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// Its nonce was used before.
    Replayed,
    /// Its nonce is used up now; there was nobody to enrol.
    Noted,
    /// Its nonce is used up now; the person is new, and the platform has as many enrolments as it may.
    OverQuota,
    /// The person is enrolled.
    Enrolled {
        /// The enrolment, which may be an older one.
        enrolment: Box<Enrolment>,
        /// Their grade, if there is one.
        grade: Option<Graded>,
    },
}

/// Launches that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<VecDeque<Waiting>>,
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Waiting {
    nonce: Option<Nonce>,
    new: Option<NewEnrolment>,
    answer: oneshot::Sender<Result<Taken, StoreError>>,
}

impl Queue {
    fn push(&self, waiting: Waiting) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(waiting);
    }

    /// The next ones to be written together: no person and no nonce comes twice in a transaction.
    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut batch: Vec<Waiting> = Vec::new();
        let mut persons = HashSet::new();
        let mut nonces = HashSet::new();
        while batch.len() < MOST_AT_ONCE
            && let Some(next) = queue.front()
        {
            let is_other = next.new.as_ref().is_none_or(|new| persons.insert(key_of(new)))
                && next.nonce.as_ref().is_none_or(|nonce| nonces.insert(nonce.digest.clone()));
            let Some(next) = (if is_other { queue.pop_front() } else { None }) else { break };
            batch.push(next);
        }
        batch
    }
}

impl Store {
    /// Uses a launch's nonce up and writes down what it says of a person, both or none; of several
    /// launches with the same nonce, one is taken. `None` for the nonce: nobody signs launches.
    ///
    /// A person who is known keeps Jabber ID and progress, and where their grade goes if this launch
    /// does not say: one may be on its way.
    ///
    /// # Errors
    ///
    /// [`StoreError::Full`] while too many nonces are remembered, of the platform or of all, or what
    /// the database says.
    pub async fn take_launch(
        &self,
        nonce: Option<Nonce>,
        new: Option<NewEnrolment>,
    ) -> Result<Taken, StoreError> {
        if let Some(nonce) = &nonce
            && (self.n_nonces.load(Ordering::Relaxed) >= MOST_NONCES
                || self.tally.has_too_many_nonces(nonce.platform))
        {
            return Err(StoreError::Full);
        }
        let (answer, mut answered) = oneshot::channel();
        self.launches.push(Waiting { nonce, new, answer });
        // Whoever gets the lock writes for all who wait by then. They wait for the answer more than
        // for the lock: each of them would write a single launch otherwise, one after the other.
        tokio::select! {
            biased;
            taken = &mut answered => taken.unwrap_or_else(|_dropped| Err(cut_off())),
            _writing = self.launches.writing.lock() => loop {
                match answered.try_recv() {
                    Ok(taken) => return taken,
                    Err(TryRecvError::Closed) => return Err(cut_off()),
                    Err(TryRecvError::Empty) => self.write(self.launches.take()).await,
                }
            },
        }
    }

    /// As [`take_launch`](Self::take_launch), for a person whom nobody signed for.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn put_enrolment(&self, new: NewEnrolment) -> Result<Enrolment, StoreError> {
        match self.take_launch(None, Some(new)).await? {
            Taken::Enrolled { enrolment, .. } => Ok(*enrolment),
            Taken::OverQuota => Err(StoreError::Full),
            Taken::Noted | Taken::Replayed => Err(StoreError::NotFound),
        }
    }

    async fn write(&self, batch: Vec<Waiting>) {
        match within(self.write_all(&batch)).await {
            Ok(taken) => {
                for (waiting, taken) in batch.into_iter().zip(taken) {
                    // Who no longer waits need not be told.
                    waiting.answer.send(Ok(taken)).ok();
                }
            }
            // One of them may be what the database refuses.
            Err(error) if batch.len() > 1 && is_of_contents(&error) => {
                for waiting in batch {
                    let taken = self.write_all(std::slice::from_ref(&waiting)).await;
                    let taken =
                        taken.and_then(|mut taken| taken.pop().ok_or(sqlx::Error::RowNotFound));
                    waiting.answer.send(taken.map_err(StoreError::from)).ok();
                }
            }
            Err(error) => {
                let why = error.to_string();
                for waiting in batch {
                    waiting.answer.send(Err(StoreError::Query { why: why.clone() })).ok();
                }
            }
        }
    }

    /// Writes launches in one transaction; again, if it and another were in each other's way.
    async fn write_all(&self, batch: &[Waiting]) -> Result<Vec<Taken>, sqlx::Error> {
        let mut n_tries = 1;
        loop {
            match self.try_write(batch).await {
                Err(error) if n_tries < MOST_TRIES && is_of_concurrency(&error) => {
                    // The other one needs a moment for what this one stood in the way of.
                    tokio::time::sleep(WAY_CLEAR * n_tries).await;
                    n_tries += 1;
                }
                written => return written,
            }
        }
    }

    async fn try_write(&self, batch: &[Waiting]) -> Result<Vec<Taken>, sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let mut nonces: Vec<&Nonce> = batch.iter().filter_map(|w| w.nonce.as_ref()).collect();
        // Rows are locked in the same order by all who write many.
        nonces.sort_unstable_by(|one, other| one.digest.cmp(&other.digest));
        let fresh = use_up(&mut transaction, &nonces).await?;
        let is_fresh = |waiting: &Waiting| {
            waiting.nonce.as_ref().is_none_or(|nonce| fresh.contains(&nonce.digest))
        };
        let mut people: Vec<&NewEnrolment> =
            batch.iter().filter(|w| is_fresh(w)).filter_map(|w| w.new.as_ref()).collect();
        people.sort_unstable_by_key(|new| key_of(new));
        let refused = self.over_quota(&mut transaction, &people).await?;
        people.retain(|new| !refused.contains(&key_of(new)));
        let (mut enrolled, new_ids) = enrol(&mut transaction, &people).await?;
        let mut grades = grades_of(&mut transaction, &enrolled).await?;
        transaction.commit().await?;
        self.n_nonces.fetch_add(i64::try_from(fresh.len()).unwrap_or(0), Ordering::Relaxed);
        let written = nonces.iter().filter(|nonce| fresh.contains(&nonce.digest));
        self.tally.add_nonces(written.map(|nonce| nonce.platform));
        for new in &people {
            let is_new =
                enrolled.get(&key_of(new)).is_some_and(|one| new_ids.contains(one.id.as_str()));
            self.tally.add(new, is_new);
        }

        let taken = batch.iter().map(|waiting| {
            let Some(new) = &waiting.new else {
                return Ok(if is_fresh(waiting) { Taken::Noted } else { Taken::Replayed });
            };
            if !is_fresh(waiting) {
                return Ok(Taken::Replayed);
            }
            if refused.contains(&key_of(new)) {
                return Ok(Taken::OverQuota);
            }
            let enrolment = enrolled.remove(&key_of(new)).ok_or(sqlx::Error::RowNotFound)?;
            let grade = grades.remove(enrolment.id.as_str());
            Ok(Taken::Enrolled { enrolment: Box::new(enrolment), grade })
        });
        taken.collect()
    }

    /// Those who are new, or would take more room than before, and whose platforms have as much as they
    /// may.
    async fn over_quota(
        &self,
        transaction: &mut Transaction<'_, Any>,
        people: &[&NewEnrolment],
    ) -> Result<HashSet<Key>, sqlx::Error> {
        let mut refused = HashSet::new();
        for new in people {
            if !self.tally.is_full(&new.consumer_key, self.limits) {
                continue;
            }
            let select = "SELECT n_bytes FROM enrolments \
                WHERE consumer_key = $1 AND user_id = $2 AND resource_link_id = $3";
            let known = sqlx::query(select)
                .bind(new.consumer_key.clone())
                .bind(new.user_id.clone())
                .bind(new.resource_link_id.clone())
                .fetch_optional(&mut **transaction)
                .await?;
            let grows = match known {
                None => true,
                Some(row) => {
                    self.tally.has_too_many_bytes(&new.consumer_key, self.limits)
                        && row.try_get::<i64, _>(0)? < n_bytes(new)
                }
            };
            if grows {
                refused.insert(key_of(new));
            }
        }
        Ok(refused)
    }
}

/// Whether what was to be written is at fault, not the database.
fn is_of_contents(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    let Some(code) = error.code() else { return false };
    // PostgreSQL: data, constraints, limits. SQLite: too big, constraint, mismatch.
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => [18, 19, 20].contains(&(number & 0xff)),
        _ => ["22", "23", "54"].iter().any(|class| code.starts_with(class)),
    }
}

/// Whether PostgreSQL gave a transaction up for the sake of another.
fn is_of_concurrency(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error.code().is_some_and(|code| ["40P01", "40001"].contains(&&*code))
}

fn cut_off() -> StoreError {
    StoreError::Query { why: "it was cut off".to_owned() }
}

/// What a person in an assignment is known by.
type Key = (String, String, String);

fn key_of(new: &NewEnrolment) -> Key {
    (new.consumer_key.clone(), new.user_id.clone(), new.resource_link_id.clone())
}

/// Writes nonces down; the digests of those that were not known.
async fn use_up(
    transaction: &mut Transaction<'_, Any>,
    nonces: &[&Nonce],
) -> Result<HashSet<String>, sqlx::Error> {
    if nonces.is_empty() {
        return Ok(HashSet::new());
    }
    let insert = format!(
        "INSERT INTO nonces (digest, platform, forget_after) VALUES {} \
         ON CONFLICT (digest) DO NOTHING RETURNING digest",
        places(nonces.len(), 3)
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(insert));
    for nonce in nonces {
        query = query.bind(nonce.digest.clone()).bind(nonce.platform).bind(nonce.forget_after);
    }
    let rows = query.fetch_all(&mut **transaction).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Writes people down; who they are, and the ids of those who are new.
async fn enrol(
    transaction: &mut Transaction<'_, Any>,
    people: &[&NewEnrolment],
) -> Result<(HashMap<Key, Enrolment>, HashSet<String>), sqlx::Error> {
    if people.is_empty() {
        return Ok((HashMap::new(), HashSet::new()));
    }
    let upsert = format!(
        "INSERT INTO enrolments ({}) VALUES {} \
         ON CONFLICT (consumer_key, user_id, resource_link_id) DO UPDATE SET \
         context_id = excluded.context_id, locale = excluded.locale, lesson = excluded.lesson, \
         may_grade = excluded.may_grade, is_teacher = excluded.is_teacher, \
         is_learner = excluded.is_learner, \
         outcome_url = COALESCE(excluded.outcome_url, enrolments.outcome_url), \
         sourcedid = COALESCE(excluded.sourcedid, enrolments.sourcedid), \
         return_url = excluded.return_url, name = excluded.name, \
         context_title = excluded.context_title, link_title = excluded.link_title, \
         presentation = excluded.presentation, accepts = excluded.accepts, \
         active_at = excluded.active_at, launched_at = excluded.launched_at, \
         opened_at = excluded.opened_at, \
         n_bytes = excluded.n_bytes RETURNING {COLUMNS}",
        WRITTEN.join(", "),
        places(people.len(), WRITTEN.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(upsert));
    let mut new_ids = HashSet::with_capacity(people.len());
    for new in people {
        let id = random_id();
        new_ids.insert(id.clone());
        // In the order of `WRITTEN`.
        query = query
            .bind(id)
            .bind(new.consumer_key.clone())
            .bind(new.user_id.clone())
            .bind(new.context_id.clone())
            .bind(new.resource_link_id.clone())
            .bind(new.locale.clone())
            .bind(new.lesson.clone())
            .bind(i64::from(new.may_grade))
            .bind(i64::from(new.is_teacher))
            .bind(i64::from(new.is_learner))
            .bind(new.outcome_url.clone())
            .bind(new.sourcedid.clone())
            .bind(new.return_url.clone())
            .bind(new.name.clone())
            .bind(new.context_title.clone())
            .bind(new.link_title.clone())
            .bind(new.presentation.clone())
            .bind(new.accepts.number())
            .bind(0_i64)
            .bind(new.now)
            .bind(new.now)
            .bind(new.launched_at)
            .bind(new.launched_at)
            .bind(n_bytes(new));
    }
    let rows = query.fetch_all(&mut **transaction).await?;
    let mut enrolled = HashMap::with_capacity(rows.len());
    for row in &rows {
        let one = enrolment(row)?;
        let key = (one.consumer_key.clone(), one.user_id.clone(), one.resource_link_id.clone());
        enrolled.insert(key, one);
    }
    Ok((enrolled, new_ids))
}

/// Where the grades stand, by enrolment.
async fn grades_of(
    transaction: &mut Transaction<'_, Any>,
    enrolled: &HashMap<Key, Enrolment>,
) -> Result<HashMap<String, Graded>, sqlx::Error> {
    if enrolled.is_empty() {
        return Ok(HashMap::new());
    }
    let select = format!(
        "SELECT state, attempts, next_at, recorded_at, why, score, enrolment FROM grades \
         WHERE enrolment IN {}",
        places(1, enrolled.len())
    );
    let mut query = sqlx::query(sqlx::AssertSqlSafe(select));
    for one in enrolled.values() {
        query = query.bind(one.id.to_string());
    }
    let rows = query.fetch_all(&mut **transaction).await?;
    rows.iter().map(|row| Ok((row.try_get(6)?, graded(row)?))).collect()
}

/// Numbered places for values: `($1, $2), ($3, $4)`.
fn places(n_rows: usize, n_columns: usize) -> String {
    let mut text = String::with_capacity(n_rows * n_columns * 6);
    let mut number = 0_usize;
    for row in 0..n_rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..n_columns {
            number += 1;
            // Writing to a `String` does not fail.
            write!(text, "{}${number}", if column == 0 { "" } else { ", " }).unwrap_or_default();
        }
        text.push(')');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_numbered_through() {
        assert_eq!(places(1, 1), "($1)");
        assert_eq!(places(2, 3), "($1, $2, $3), ($4, $5, $6)");
    }
}
