//! The database itself: opening it, and what all tables have in common.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use rand::Rng as _;
use sha2::{Digest as _, Sha256};
use sqlx::{
    AnyConnection, ConnectOptions as _, Connection as _, Executor as _, Row as _,
    migrate::MigrateError,
};
use tokio::time::timeout;

use super::{
    StoreError,
    file::DatabaseFile,
    launches::Queue,
    place,
    pool::{Pool, prepare, within},
    quota::{Limits, Tally},
    schema,
};

/// How long the tables may take to be brought to this version.
const MIGRATION_PATIENCE: Duration = Duration::from_mins(10);

/// The database. A clone is another handle to the same one.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) pool: Pool,
    /// Launches that wait to be written, together.
    pub(super) launches: Arc<Queue>,
    /// How many nonces there are, about.
    pub(super) n_nonces: Arc<AtomicI64>,
    /// What the platforms have stored, and how much that may be.
    pub(super) tally: Arc<Tally>,
    pub(super) limits: Limits,
    /// Whether something was erased that SQLite's log still holds.
    pub(super) is_to_overwrite: Arc<AtomicBool>,
}

impl Store {
    /// Opens a database, makes it if it is an SQLite file that is not there, and brings its tables
    /// to this version.
    ///
    /// # Errors
    ///
    /// [`StoreError::Away`] while a server cannot be reached, [`StoreError::Open`],
    /// [`StoreError::Refused`], [`StoreError::Unsafe`], [`StoreError::Damaged`] or [`StoreError::Schema`]; whatever is there
    /// stays as it is.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_or_make(url, true).await
    }

    /// As [`open`](Self::open), but a database that is not there is not made.
    ///
    /// # Errors
    ///
    /// As there, and [`StoreError::Open`] if there is none.
    pub async fn open_existing(url: &str) -> Result<Self, StoreError> {
        Self::open_or_make(url, false).await
    }

    /// Whether a URL is that of a file of SQLite, and not of a server.
    pub fn is_file(url: &str) -> bool {
        url.starts_with("sqlite:")
    }

    async fn open_or_make(url: &str, may_make: bool) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let is_sqlite = Self::is_file(url);
        if is_sqlite && (url.contains(":memory:") || url.contains("mode=memory")) {
            let why = "a database in memory would lose grades at the end; name a file".to_owned();
            return Err(StoreError::Open { why });
        }
        if !is_sqlite {
            return Self::open_at(url, false, may_make).await;
        }
        let may_make = may_make && (!url.contains('?') || url.contains("mode=rwc"));
        let file = DatabaseFile::find(url, may_make).await?;
        let opened = Self::open_at(url, true, may_make).await;
        if opened.is_err() {
            file.take_back();
        }
        opened
    }

    async fn open_at(url: &str, is_sqlite: bool, may_make: bool) -> Result<Self, StoreError> {
        let options = place::options(url)?;
        // A pool would try again for as long as it waits, and hide what is wrong.
        let mut first = within(options.connect()).await.map_err(|error| opening(&error))?;
        if is_sqlite {
            prepare(&mut first, true).await.map_err(|error| opening(&error))?;
            // On a full disk, or where others may write and this program may not, only a write shows
            // it.
            for statement in ["BEGIN IMMEDIATE", "PRAGMA user_version = 0", "ROLLBACK"] {
                first.execute(statement).await.map_err(|error| opening(&error))?;
            }
        } else if !may_make && !has_tables(&mut first).await.map_err(|error| opening(&error))? {
            let why = "it holds no tables of otrbot".to_owned();
            return Err(StoreError::Open { why });
        }
        let migrator = schema::migrator();
        match timeout(MIGRATION_PATIENCE, migrator.run(&mut first)).await {
            Ok(Ok(())) => {}
            Ok(Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))) => {
                return Err(opening(&error));
            }
            Ok(Err(error)) => return Err(StoreError::Schema { why: error.to_string() }),
            Err(_elapsed) => {
                let why = "its tables are not brought to this version in time".to_owned();
                return Err(StoreError::Away { why });
            }
        }
        within(first.close()).await.map_err(|error| opening(&error))?;
        let pool = Pool::connect(options, is_sqlite).await.map_err(|error| opening(&error))?;
        let store = Self {
            pool,
            launches: Arc::default(),
            n_nonces: Arc::default(),
            tally: Arc::default(),
            limits: Limits::default(),
            // Of what was erased before, nobody knows how far that came.
            is_to_overwrite: Arc::new(AtomicBool::new(is_sqlite)),
        };
        store.recount().await?;
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

    /// Overwrites what was erased and still stands in SQLite's log. Whether nothing is left to be
    /// overwritten: while others read, that waits.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn overwrite(&self) -> Result<bool, StoreError> {
        if !self.is_to_overwrite.swap(false, Ordering::Relaxed) {
            return Ok(true);
        }
        let done = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.pool).await;
        let is_busy = done.and_then(|row| row.try_get::<i32, _>(0)).map(|busy| busy != 0);
        if !matches!(is_busy, Ok(false)) {
            self.is_to_overwrite.store(true, Ordering::Relaxed);
        }
        Ok(!is_busy?)
    }

    /// Something was erased that SQLite's log may still hold.
    pub(super) fn erased(&self) {
        self.is_to_overwrite.store(self.pool.is_sqlite(), Ordering::Relaxed);
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
}

/// Whether a server's database is one of this program.
async fn has_tables(connection: &mut AnyConnection) -> Result<bool, sqlx::Error> {
    let select = "SELECT CASE WHEN to_regclass('enrolments') IS NULL THEN 0 ELSE 1 END";
    let row = within(connection.fetch_one(select)).await?;
    Ok(row.try_get::<i32, _>(0)? == 1)
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
pub(super) fn opening(error: &sqlx::Error) -> StoreError {
    if let sqlx::Error::Configuration(said) = error {
        // The library puts its own words around its own words.
        let said = said.to_string();
        let said = said.rsplit("error with configuration: ").next().unwrap_or(&said);
        return StoreError::Url { why: said.to_owned() };
    }
    let why = error.to_string();
    if is_damage(error) {
        StoreError::Damaged { why }
    } else if let Some(distrust) = place::distrust(error) {
        distrust
    } else if let Some(refusal) = place::refusal(error) {
        refusal
    } else if is_away(error) {
        StoreError::Away { why }
    } else {
        StoreError::Open { why }
    }
}

/// Whether SQLite found its file to be damaged (11), or none of its own (26).
fn is_damage(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    // Those of PostgreSQL have five characters.
    let code = error.code().filter(|code| code.len() < 5).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

/// Whether a server is not there, or not ready yet, so that it may be there later.
fn is_away(error: &sqlx::Error) -> bool {
    if matches!(error, sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) {
        return true;
    }
    let sqlx::Error::Database(error) = error else { return false };
    let Some(code) = error.code().filter(|code| code.len() == 5) else { return false };
    // It starts, stops, is full, or follows another server; the connection broke.
    code == "25006" || ["08", "53", "57P"].iter().any(|class| code.starts_with(class))
}

/// Whether PostgreSQL gave a transaction up for another one, so that it is to be tried again.
pub(super) fn is_collision(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error.code().is_some_and(|code| code == "40P01" || code == "40001")
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let why = error.to_string();
        if is_damage(&error) { Self::Damaged { why } } else { Self::Query { why } }
    }
}
