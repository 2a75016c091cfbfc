//! All SQL. One text serves both databases: parameters are `$1`, ids are texts made here, times
//! and flags are integers.

use std::time::Duration;

use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use sqlx::{
    AnyConnection, AnyPool, Connection as _, Executor as _, Row as _,
    any::{AnyPoolOptions, AnyRow},
};

use super::{
    Enrolment, EnrolmentId, GradeCounts, GradeDue, GradeId, GradeState, NewEnrolment, NewGrade,
    StoreError, progress_number, progress_of,
};
use crate::session::Progress;

/// Connections to the database. SQLite has one writer at a time anyway.
const MOST_CONNECTIONS: u32 = 4;
/// How long a query waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

const DUE: i64 = 0;
const RECORDED: i64 = 1;
const FAILED: i64 = 2;

const ENROLMENT: &str = "SELECT id, consumer_key, user_id, context_id, resource_link_id, jid, \
    locale, lesson, may_grade, is_teacher, outcome_url, sourcedid, return_url, progress, \
    created_at FROM enrolments";

/// The database. A clone is another handle to the same one.
#[derive(Clone, Debug)]
pub struct Store {
    pool: AnyPool,
}

impl Store {
    /// Opens a database, makes it if it is an SQLite file that is not there, and brings its tables
    /// to this version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Open`], [`StoreError::Damaged`] or [`StoreError::Schema`]; whatever is there
    /// stays as it is.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let is_sqlite = url.starts_with("sqlite:");
        let has_options = url.contains('?');
        let url =
            if is_sqlite && !has_options { format!("{url}?mode=rwc") } else { url.to_owned() };
        // A pool would try again for as long as it waits, and hide what is wrong.
        let mut first = AnyConnection::connect(&url).await.map_err(|error| opening(&error))?;
        prepare(&mut first, is_sqlite).await.map_err(|error| opening(&error))?;
        first.close().await.map_err(|error| opening(&error))?;
        let options = AnyPoolOptions::new()
            .max_connections(MOST_CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(move |connection, _| {
                Box::pin(async move { prepare(connection, is_sqlite).await })
            });
        let pool = options.connect(&url).await.map_err(|error| opening(&error))?;
        sqlx::migrate!("src/store/migrations").run(&pool).await.map_err(|error| {
            if let sqlx::migrate::MigrateError::Execute(error) = &error {
                return opening(error);
            }
            StoreError::Schema { why: error.to_string() }
        })?;
        Ok(Self { pool })
    }

    /// Closes all connections; what was answered is on the disk.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Checks that the database answers and can be written.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM nonces WHERE digest = ''").execute(&self.pool).await?;
        Ok(())
    }

    /// Remembers a launch's nonce until `forget_after`. True if it was not known: of several
    /// attempts at once, one is told so.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn remember_nonce(
        &self,
        consumer_key: &str,
        nonce: &str,
        timestamp: i64,
        forget_after: i64,
    ) -> Result<bool, StoreError> {
        // The lengths keep one pair from looking like another.
        let text =
            format!("{}:{consumer_key}{}:{nonce}{timestamp}", consumer_key.len(), nonce.len());
        let digest = hex(&Sha256::digest(text.as_bytes()));
        let insert = "INSERT INTO nonces (digest, forget_after) VALUES ($1, $2) \
            ON CONFLICT (digest) DO NOTHING";
        let done = sqlx::query(insert).bind(digest).bind(forget_after).execute(&self.pool).await?;
        Ok(done.rows_affected() == 1)
    }

    /// Forgets the nonces whose time is over.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn forget_nonces(&self, now: i64) -> Result<(), StoreError> {
        let delete = "DELETE FROM nonces WHERE forget_after < $1";
        sqlx::query(delete).bind(now).execute(&self.pool).await?;
        Ok(())
    }

    /// Keeps what a launch says. A person who is known keeps Jabber ID and progress, and where
    /// their grade goes if this launch does not say: one may be on its way.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn put_enrolment(&self, new: &NewEnrolment) -> Result<Enrolment, StoreError> {
        let upsert = "INSERT INTO enrolments (id, consumer_key, user_id, context_id, \
            resource_link_id, locale, lesson, may_grade, is_teacher, outcome_url, sourcedid, \
            return_url, progress, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13) \
            ON CONFLICT (consumer_key, user_id, resource_link_id) DO UPDATE SET \
            context_id = excluded.context_id, locale = excluded.locale, lesson = excluded.lesson, \
            may_grade = excluded.may_grade, is_teacher = excluded.is_teacher, \
            outcome_url = COALESCE(excluded.outcome_url, enrolments.outcome_url), \
            sourcedid = COALESCE(excluded.sourcedid, enrolments.sourcedid), \
            return_url = excluded.return_url";
        sqlx::query(upsert)
            .bind(random_id())
            .bind(&new.consumer_key)
            .bind(&new.user_id)
            .bind(&new.context_id)
            .bind(&new.resource_link_id)
            .bind(new.locale.clone())
            .bind(new.lesson.clone())
            .bind(i64::from(new.may_grade))
            .bind(i64::from(new.is_teacher))
            .bind(new.outcome_url.clone())
            .bind(new.sourcedid.clone())
            .bind(new.return_url.clone())
            .bind(new.now)
            .execute(&self.pool)
            .await?;
        let select = sqlx::AssertSqlSafe(format!(
            "{ENROLMENT} WHERE consumer_key = $1 AND user_id = $2 AND resource_link_id = $3"
        ));
        let row = sqlx::query(select)
            .bind(&new.consumer_key)
            .bind(&new.user_id)
            .bind(&new.resource_link_id)
            .fetch_one(&self.pool)
            .await?;
        enrolment(&row)
    }

    /// An enrolment.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn enrolment(&self, id: &EnrolmentId) -> Result<Option<Enrolment>, StoreError> {
        self.one_enrolment("id", id.as_str()).await
    }

    /// The enrolment whose learner gave this bare Jabber ID; the newest of several.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn enrolment_by_jid(&self, jid: &str) -> Result<Option<Enrolment>, StoreError> {
        self.one_enrolment("jid", jid).await
    }

    async fn one_enrolment(&self, column: &str, is: &str) -> Result<Option<Enrolment>, StoreError> {
        let select = sqlx::AssertSqlSafe(format!(
            "{ENROLMENT} WHERE {column} = $1 ORDER BY created_at DESC LIMIT 1"
        ));
        let row = sqlx::query(select).bind(is).fetch_optional(&self.pool).await?;
        row.as_ref().map(enrolment).transpose()
    }

    /// All enrolments whose learners gave a Jabber ID.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn enrolments(&self) -> Result<Vec<Enrolment>, StoreError> {
        let select =
            sqlx::AssertSqlSafe(format!("{ENROLMENT} WHERE jid IS NOT NULL ORDER BY created_at"));
        sqlx::query(select).fetch_all(&self.pool).await?.iter().map(enrolment).collect()
    }

    /// Binds a Jabber ID to an enrolment, or takes it away. Another Jabber ID begins the lesson
    /// anew.
    ///
    /// # Errors
    ///
    /// [`StoreError::JidTaken`] if it belongs to another person, [`StoreError::NotFound`], or what
    /// the database says.
    pub async fn set_jid(&self, id: &EnrolmentId, jid: Option<&str>) -> Result<(), StoreError> {
        // The check and the write are one statement, so that of two people one gets it.
        let update = "UPDATE enrolments SET jid = $1, \
            progress = CASE WHEN jid = $1 THEN progress ELSE 0 END \
            WHERE id = $2 AND NOT EXISTS (SELECT 1 FROM enrolments AS other WHERE other.jid = $1 \
            AND (other.consumer_key <> enrolments.consumer_key \
            OR other.user_id <> enrolments.user_id))";
        let done = sqlx::query(update)
            .bind(jid.map(str::to_owned))
            .bind(id.as_str())
            .execute(&self.pool)
            .await?;
        if done.rows_affected() == 1 {
            return Ok(());
        }
        match self.enrolment(id).await? {
            Some(_) => Err(StoreError::JidTaken),
            None => Err(StoreError::NotFound),
        }
    }

    /// Keeps how far a learner is. It never goes back.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn set_progress(&self, jid: &str, progress: Progress) -> Result<(), StoreError> {
        let update = "UPDATE enrolments SET progress = $1 WHERE jid = $2 AND progress < $1";
        let number = progress_number(progress);
        sqlx::query(update).bind(number).bind(jid).execute(&self.pool).await?;
        Ok(())
    }

    /// Puts a grade on its way. A better one replaces the one before; a worse one changes nothing.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn put_grade(&self, new: &NewGrade) -> Result<GradeId, StoreError> {
        let upsert = "INSERT INTO grades (id, enrolment, score, achieved_at, state, attempts, \
            next_at) VALUES ($1, $2, $3, $4, 0, 0, $4) \
            ON CONFLICT (enrolment) DO UPDATE SET score = excluded.score, \
            achieved_at = excluded.achieved_at, state = 0, attempts = 0, \
            next_at = excluded.next_at, recorded_at = NULL, why = NULL \
            WHERE excluded.score > grades.score";
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
            attempts FROM grades JOIN enrolments ON enrolments.id = grades.enrolment \
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

    /// The LMS confirmed a grade.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_recorded(&self, id: &GradeId, at: i64) -> Result<(), StoreError> {
        let update = "UPDATE grades SET state = $1, recorded_at = $2, attempts = attempts + 1, \
            why = NULL WHERE id = $3";
        sqlx::query(update).bind(RECORDED).bind(at).bind(&id.0).execute(&self.pool).await?;
        Ok(())
    }

    /// A grade did not get through and is to be tried again.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_retry(
        &self,
        id: &GradeId,
        next_at: i64,
        why: &str,
    ) -> Result<(), StoreError> {
        let update = "UPDATE grades SET next_at = $1, attempts = attempts + 1, why = $2 \
            WHERE id = $3 AND state = 0";
        sqlx::query(update).bind(next_at).bind(why).bind(&id.0).execute(&self.pool).await?;
        Ok(())
    }

    /// The LMS refused a grade for good.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn grade_failed(&self, id: &GradeId, why: &str) -> Result<(), StoreError> {
        let update = "UPDATE grades SET state = $1, attempts = attempts + 1, why = $2 \
            WHERE id = $3 AND state = 0";
        sqlx::query(update).bind(FAILED).bind(why).bind(&id.0).execute(&self.pool).await?;
        Ok(())
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
        let Some(row) = row else { return Ok(None) };
        Ok(Some(match row.try_get::<i64, _>(0)? {
            RECORDED => GradeState::Recorded { at: row.try_get::<Option<i64>, _>(3)?.unwrap_or(0) },
            FAILED => {
                GradeState::Failed { why: row.try_get::<Option<String>, _>(4)?.unwrap_or_default() }
            }
            _ => GradeState::Due { attempts: row.try_get(1)?, next_at: row.try_get(2)? },
        }))
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

/// What a new connection needs. A grade that was answered for must be on the disk.
async fn prepare(connection: &mut AnyConnection, is_sqlite: bool) -> Result<(), sqlx::Error> {
    if is_sqlite {
        for pragma in [
            "PRAGMA busy_timeout = 10000",
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "PRAGMA foreign_keys = ON",
        ] {
            connection.execute(pragma).await?;
        }
    }
    Ok(())
}

fn enrolment(row: &AnyRow) -> Result<Enrolment, StoreError> {
    Ok(Enrolment {
        id: EnrolmentId(row.try_get(0)?),
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
        attempts: row.try_get(6)?,
    })
}

/// 128 random bits as 32 hex digits.
fn random_id() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Sorts what can go wrong while opening.
fn opening(error: &sqlx::Error) -> StoreError {
    let why = error.to_string();
    if why.contains("not a database") || why.contains("malformed") {
        return StoreError::Damaged { why };
    }
    StoreError::Open { why }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Query { why: error.to_string() }
    }
}
