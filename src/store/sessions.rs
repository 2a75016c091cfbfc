//! What the sessions want kept: written in order, many at once.

use std::sync::Arc;

use sqlx::{AnyConnection, Row as _};

use super::{
    Store, StoreError, grades, pool::within, progress_number, progress_of, sql::is_collision,
};
use crate::records::EnrolmentId;
use crate::{records::Progress, session::Snapshot};

/// Something to be kept.
#[derive(Clone, Debug)]
pub enum Write {
    /// A learner reached another step.
    Progress {
        /// In which assignment: what was earned there stays there, whoever has the Jabber ID now.
        enrolment: EnrolmentId,
        /// The learner's bare Jabber ID.
        jid: String,
        /// The step.
        progress: Progress,
        /// How much of the grade the lesson gives for it, from 0 to 1; `None`: none.
        credit: Option<f64>,
        /// When it was reached, in seconds since 1970.
        at: i64,
    },
    /// Somebody has shown that the Jabber ID is theirs.
    Proven {
        /// In which assignment.
        enrolment: EnrolmentId,
        /// The learner's bare Jabber ID.
        jid: String,
    },
    /// The chat goes on with an assignment.
    Opened {
        /// Which.
        enrolment: EnrolmentId,
        /// Since when, in microseconds since 1970.
        at: i64,
    },
    /// A session is open, and stands somewhere else than before.
    Session {
        /// The learner's bare Jabber ID.
        jid: String,
        /// In which assignment; `None`: of somebody whom the settings list.
        enrolment: Option<EnrolmentId>,
        /// Where it stands; `None`: it is over.
        snapshot: Option<Arc<Snapshot>>,
        /// Since when, in seconds since 1970.
        at: i64,
    },
}

/// A learner who was there when the process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRow {
    /// The learner's bare Jabber ID.
    pub jid: String,
    /// What the newest launch says of them; `None`: no launch is known.
    pub enrolment: Option<KnownEnrolment>,
    /// Where their session stood; `None`: none was open, or what was kept cannot be read.
    pub snapshot: Option<Snapshot>,
    /// Whether something was kept that cannot be read.
    pub is_unreadable: bool,
    /// When that was kept, in seconds since 1970.
    pub saved_at: i64,
}

/// What the registry needs of an enrolment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownEnrolment {
    /// Identifies it.
    pub id: EnrolmentId,
    /// The consumer that launched.
    pub consumer_key: String,
    /// The LMS's opaque id of the person; empty where the LMS gives none.
    pub user_id: String,
    /// When they opened the assignment last, in microseconds since 1970.
    pub opened_at: i64,
    /// Locale of the newest launch.
    pub locale: Option<String>,
    /// Lesson that the newest launch asked for.
    pub lesson: Option<String>,
    /// What the assignment is called.
    pub title: Option<String>,
    /// How far they are.
    pub progress: Progress,
    /// Whether the Jabber ID is known to be theirs.
    pub is_proven: bool,
}

/// How often a transaction is tried that the database gives up for another one.
const TRIES: usize = 4;

impl Store {
    /// Writes in this order, all or nothing.
    ///
    /// # Errors
    ///
    /// What the database says; then nothing was written.
    pub async fn write_behind(&self, writes: &[Write]) -> Result<(), StoreError> {
        for _ in 1..TRIES {
            match within(self.write_once(writes)).await {
                Err(error) if is_collision(&error) => {}
                done => return Ok(done?),
            }
        }
        Ok(within(self.write_once(writes)).await?)
    }

    async fn write_once(&self, writes: &[Write]) -> Result<(), sqlx::Error> {
        let mut transaction = self.pool.begin().await?;
        let mut is_secret_erased = false;
        for write in writes {
            if self.pool.is_sqlite()
                && let Write::Session { jid, enrolment, snapshot, .. } = write
                && !snapshot.as_ref().is_some_and(|snapshot| snapshot.has_secret())
            {
                let claim = claim(enrolment.as_ref(), jid);
                is_secret_erased |= has_secret(&mut transaction, &claim).await?;
            }
            match write {
                Write::Progress { enrolment, jid, progress, credit, at } => {
                    set_progress(&mut transaction, enrolment, jid, *progress, *at).await?;
                    if let Some(score) = credit {
                        grades::put_credit(&mut transaction, enrolment, *score, *at).await?;
                    }
                }
                Write::Proven { enrolment, jid } => {
                    // It is shown for all assignments of the person.
                    let update = "UPDATE enrolments SET is_proven = 1 WHERE jid = $2 AND (id = $1 \
                        OR EXISTS (SELECT 1 FROM enrolments AS mine WHERE mine.id = $1 \
                        AND mine.jid = $2 AND mine.user_id <> '' \
                        AND mine.consumer_key = enrolments.consumer_key \
                        AND mine.user_id = enrolments.user_id))";
                    let update = sqlx::query(update).bind(enrolment.as_str()).bind(jid.as_str());
                    update.execute(&mut *transaction).await?;
                }
                Write::Opened { enrolment, at } => {
                    let update = "UPDATE enrolments SET opened_at = $1 \
                        WHERE id = $2 AND opened_at < $1";
                    let update = sqlx::query(update).bind(*at).bind(enrolment.as_str());
                    update.execute(&mut *transaction).await?;
                }
                Write::Session { jid, enrolment, snapshot: Some(snapshot), at } => {
                    let upsert = "INSERT INTO sessions (claim, jid, snapshot, saved_at) \
                        VALUES ($1, $2, $3, $4) ON CONFLICT (claim) DO UPDATE SET \
                        jid = excluded.jid, snapshot = excluded.snapshot, \
                        saved_at = excluded.saved_at";
                    sqlx::query(upsert)
                        .bind(claim(enrolment.as_ref(), jid))
                        .bind(jid.as_str())
                        .bind(snapshot.to_text().as_str())
                        .bind(*at)
                        .execute(&mut *transaction)
                        .await?;
                }
                Write::Session { jid, enrolment, snapshot: None, .. } => {
                    let delete = "DELETE FROM sessions WHERE claim = $1 AND jid = $2";
                    let delete = sqlx::query(delete).bind(claim(enrolment.as_ref(), jid));
                    delete.bind(jid.as_str()).execute(&mut *transaction).await?;
                }
            }
        }
        transaction.commit().await?;
        if is_secret_erased {
            self.erased();
        }
        Ok(())
    }

    /// All who gave a Jabber ID or have an open session. Several may have given the same one.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn known(&self) -> Result<Vec<KnownRow>, StoreError> {
        let select = "SELECT e.jid, e.progress, e.locale, e.lesson, s.snapshot, s.saved_at, e.id, \
            e.is_proven, e.consumer_key, e.user_id, e.opened_at, \
            e.link_title FROM enrolments AS e LEFT JOIN sessions AS s \
            ON s.claim = e.id AND s.jid = e.jid WHERE e.jid IS NOT NULL \
            UNION ALL SELECT s.jid, NULL, NULL, NULL, s.snapshot, s.saved_at, NULL, NULL, NULL, \
            NULL, NULL, NULL FROM sessions AS s WHERE s.claim LIKE 'jid:%'";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        let known = rows.iter().map(|row| {
            let progress: Option<i64> = row.try_get(1)?;
            let (locale, lesson) = (row.try_get(2)?, row.try_get(3)?);
            let snapshot: Option<String> = row.try_get(4)?;
            let id: Option<String> = row.try_get(6)?;
            let is_proven = row.try_get::<Option<i64>, _>(7)?.is_some_and(|flag| flag != 0);
            let consumer_key: Option<String> = row.try_get(8)?;
            let user_id: Option<String> = row.try_get(9)?;
            let opened_at: Option<i64> = row.try_get(10)?;
            let title: Option<String> = row.try_get(11)?;
            let readable = snapshot.as_ref().and_then(|text| Snapshot::from_text(text).ok());
            Ok::<_, sqlx::Error>(KnownRow {
                jid: row.try_get(0)?,
                enrolment: progress.zip(id).map(|(progress, id)| KnownEnrolment {
                    id: EnrolmentId::from_text(id),
                    consumer_key: consumer_key.unwrap_or_default(),
                    user_id: user_id.unwrap_or_default(),
                    opened_at: opened_at.unwrap_or(0),
                    title,
                    locale,
                    lesson,
                    progress: progress_of(progress),
                    is_proven,
                }),
                is_unreadable: snapshot.is_some() && readable.is_none(),
                snapshot: readable,
                saved_at: row.try_get::<Option<i64>, _>(5)?.unwrap_or(0),
            })
        });
        Ok(known.collect::<Result<_, _>>()?)
    }
}

/// What a session is kept by: the enrolment, or the Jabber ID of somebody whom the settings list.
fn claim(enrolment: Option<&EnrolmentId>, jid: &str) -> String {
    enrolment.map_or_else(|| format!("jid:{jid}"), |id| id.as_str().to_owned())
}

/// Whether a secret is kept with somebody's session.
async fn has_secret(connection: &mut AnyConnection, claim: &str) -> Result<bool, sqlx::Error> {
    let select = "SELECT 1 FROM sessions WHERE claim = $1 AND snapshot LIKE '%\"shared_secret\":%'";
    Ok(sqlx::query(select).bind(claim).fetch_optional(connection).await?.is_some())
}

/// Keeps how far a learner is, unless the enrolment has another Jabber ID by now, and when they
/// were heard of. They never go back.
async fn set_progress(
    connection: &mut AnyConnection,
    enrolment: &EnrolmentId,
    jid: &str,
    progress: Progress,
    now: i64,
) -> Result<(), sqlx::Error> {
    let update = "UPDATE enrolments SET active_at = $3, \
        done_at = CASE WHEN jid = $4 AND $1 = 4 THEN COALESCE(done_at, $3) ELSE done_at END, \
        progress = CASE WHEN jid = $4 AND progress < $1 THEN $1 ELSE progress END WHERE id = $2";
    let number = progress_number(progress);
    let update = sqlx::query(update).bind(number).bind(enrolment.as_str()).bind(now).bind(jid);
    update.execute(connection).await?;
    Ok(())
}
