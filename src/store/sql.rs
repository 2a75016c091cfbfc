//! The database itself: opening it, and what all tables have in common.

use std::{
    sync::{Arc, atomic::AtomicI64, atomic::Ordering},
    time::Duration,
};

use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _, Row as _, any::AnyPoolOptions};

use super::{StoreError, launches::Queue};

/// Connections to the database. SQLite has one writer at a time anyway.
const MOST_CONNECTIONS: u32 = 4;
/// How long a query waits for a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// The database. A clone is another handle to the same one.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) pool: AnyPool,
    /// Launches that wait to be written, together.
    pub(super) launches: Arc<Queue>,
    /// How many nonces there are, about.
    pub(super) n_nonces: Arc<AtomicI64>,
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
        if is_sqlite && (url.contains(":memory:") || url.contains("mode=memory")) {
            let why = "a database in memory would lose grades at the end; name a file".to_owned();
            return Err(StoreError::Open { why });
        }
        let has_options = url.contains('?');
        let url =
            if is_sqlite && !has_options { format!("{url}?mode=rwc") } else { url.to_owned() };
        // A pool would try again for as long as it waits, and hide what is wrong.
        let mut first = AnyConnection::connect(&url).await.map_err(|error| opening(&error))?;
        prepare(&mut first, is_sqlite).await.map_err(|error| opening(&error))?;
        if is_sqlite {
            // On a full disk only this shows it.
            for statement in ["BEGIN IMMEDIATE", "ROLLBACK"] {
                first.execute(statement).await.map_err(|error| opening(&error))?;
            }
        }
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
        let store = Self { pool, launches: Arc::default(), n_nonces: Arc::default() };
        store.count_nonces().await?;
        Ok(store)
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
        // A row of no launch's: it must change, or nothing is written.
        let upsert = "INSERT INTO nonces (digest, forget_after) VALUES ('', 0) \
            ON CONFLICT (digest) DO UPDATE SET forget_after = nonces.forget_after - 1";
        sqlx::query(upsert).execute(&self.pool).await?;
        Ok(())
    }

    /// Forgets the nonces whose time is over.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn forget_nonces(&self, now: i64) -> Result<(), StoreError> {
        let delete = "DELETE FROM nonces WHERE forget_after < $1";
        sqlx::query(delete).bind(now).execute(&self.pool).await?;
        self.count_nonces().await
    }

    async fn count_nonces(&self) -> Result<(), StoreError> {
        let row = sqlx::query("SELECT COUNT(*) FROM nonces").fetch_one(&self.pool).await?;
        self.n_nonces.store(row.try_get(0)?, Ordering::Relaxed);
        Ok(())
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
            // What is erased is overwritten.
            "PRAGMA secure_delete = ON",
        ] {
            connection.execute(pragma).await?;
        }
    }
    Ok(())
}

/// 128 random bits as 32 hex digits.
pub(super) fn random_id() -> String {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    hex(&bytes)
}

/// The digest of some texts; their lengths keep one list of texts from looking like another.
pub(super) fn digest(texts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(format!("{}:", text.len()));
        digest.update(text);
    }
    hex(&digest.finalize())
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
