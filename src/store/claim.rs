//! A database is one daemon's: two would send each grade twice, and each would erase what the other
//! still needs.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    str::FromStr as _,
    time::Duration,
};

use sqlx::{
    AnyConnection, ConnectOptions as _, Executor as _, Row as _, any::AnyConnectOptions,
    sqlite::SqliteConnectOptions,
};
use tokio::time::sleep;

use super::{Store, StoreError, pool::within, sql::opening};

/// How often a lock is tried, and the pause between: a server takes a moment to see that a daemon is
/// gone.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// The database is this process's for as long as this lives. A server that restarts forgets it.
#[derive(Debug)]
pub struct Claim {
    _lock: Lock,
}

#[derive(Debug)]
enum Lock {
    /// A file beside that of the database, whose lock ends with the process.
    File { _file: File },
    /// A connection to the server, whose lock ends with it.
    Connection { _connection: AnyConnection },
}

impl Store {
    /// Claims a database for this process.
    ///
    /// # Errors
    ///
    /// [`StoreError::Taken`], or as with [`open`](Self::open).
    pub async fn claim(url: &str) -> Result<Claim, StoreError> {
        let mut connection = None;
        for _ in 1..TRIES {
            match lock(url, &mut connection).await {
                Err(StoreError::Taken) => sleep(PAUSE).await,
                claim => return claim,
            }
        }
        lock(url, &mut connection).await
    }
}

async fn lock(url: &str, known: &mut Option<AnyConnection>) -> Result<Claim, StoreError> {
    if url.starts_with("sqlite:") {
        return Ok(Claim { _lock: Lock::File { _file: lock_file(url)? } });
    }
    sqlx::any::install_default_drivers();
    let mut connection = if let Some(connection) = known.take() {
        connection
    } else {
        let options = AnyConnectOptions::from_str(url).map_err(|error| opening(&error))?;
        let options = options.disable_statement_logging();
        within(options.connect()).await.map_err(|error| opening(&error))?
    };
    // The number says "otrbot" in ASCII. It counts in this database alone.
    let select = "SELECT CASE WHEN pg_try_advisory_lock(122545925943156) THEN 1 ELSE 0 END";
    let row = within(connection.fetch_one(select)).await.map_err(|error| opening(&error))?;
    if row.try_get::<i32, _>(0)? == 1 {
        return Ok(Claim { _lock: Lock::Connection { _connection: connection } });
    }
    *known = Some(connection);
    Err(StoreError::Taken)
}

fn lock_file(url: &str) -> Result<File, StoreError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| opening(&error))?;
    let mut path = options.get_filename().as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let open = |error: io::Error| StoreError::Open { why: format!("{}: {error}", path.display()) };
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    let file = file.map_err(open)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Taken),
        Err(TryLockError::Error(error)) => Err(open(error)),
    }
}
