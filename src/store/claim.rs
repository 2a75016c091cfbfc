//! A database is one daemon's: two would send each grade twice, and each would erase what the other
//! still needs.

use std::{
    fs::{File, OpenOptions, TryLockError},
    future::pending,
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    str::FromStr as _,
    time::Duration,
};

use log::{error, info};
use sqlx::{
    AnyConnection, ConnectOptions as _, Connection as _, Executor as _, Row as _,
    any::AnyConnectOptions, sqlite::SqliteConnectOptions,
};
use tokio::time::{Instant, sleep};

use super::{
    Store, StoreError,
    pool::{prepare, within},
    sql::opening,
};

/// How often a lock is tried, and the pause between: a server takes a moment to see that a daemon is
/// gone.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// How often it is seen to, by default, that a server knows its claim still.
pub const CLAIM_PACE: Duration = Duration::from_secs(15);
/// Another daemon has the database for good if it has it for so many times that long. A server may
/// take a while to see that a connection of ours is gone.
const GIVE_WAY: u32 = 4;
/// How soon a connection to the server must be found dead by it: within half of that.
const KEEP_ALIVE: [&str; 2] = ["SET tcp_keepalives_interval = 5", "SET tcp_keepalives_count = 3"];

/// The database is this process's for as long as this lives.
#[derive(Debug)]
pub struct Claim {
    url: String,
    lock: Lock,
}

#[derive(Debug)]
enum Lock {
    /// A file beside that of the database, whose lock ends with the process.
    File(File),
    /// A connection to the server, whose lock ends with it.
    Connection(AnyConnection),
}

impl Claim {
    /// Keeps the claim, also on a server that restarts and forgets it; looks after it once in each
    /// `pace`. Ends only when another daemon has the database, which is then no longer this one's.
    pub async fn keep(self, pace: Duration) {
        let Self { url, lock } = self;
        let mut connection = match lock {
            Lock::Connection(connection) => connection,
            Lock::File(file) => {
                pending::<()>().await;
                return drop(file);
            }
        };
        loop {
            sleep(pace).await;
            if within(connection.ping()).await.is_ok() {
                continue;
            }
            drop(connection);
            let Some(again) = regain(&url, pace).await else {
                error!("the database is no longer this bot's: {}", StoreError::Taken);
                return;
            };
            info!("the database is claimed again");
            connection = again;
        }
    }
}

/// Claims a server's database anew; `None` if another daemon has it for good.
async fn regain(url: &str, pace: Duration) -> Option<AnyConnection> {
    let mut taken_since = None;
    loop {
        match Store::claim(url).await {
            Ok(Claim { lock: Lock::Connection(connection), .. }) => return Some(connection),
            Err(StoreError::Taken) => {
                let since = *taken_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= pace * GIVE_WAY {
                    return None;
                }
            }
            // The server is away.
            Ok(_) | Err(_) => taken_since = None,
        }
        sleep(pace).await;
    }
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
        return Ok(Claim { url: url.to_owned(), lock: Lock::File(lock_file(url)?) });
    }
    sqlx::any::install_default_drivers();
    let mut connection = if let Some(connection) = known.take() {
        connection
    } else {
        let options = AnyConnectOptions::from_str(url).map_err(|error| opening(&error))?;
        let options = options.disable_statement_logging();
        let mut connection = within(options.connect()).await.map_err(|error| opening(&error))?;
        prepare(&mut connection, false).await.map_err(|error| opening(&error))?;
        for statement in KEEP_ALIVE {
            within(connection.execute(statement)).await.map_err(|error| opening(&error))?;
        }
        connection
    };
    // The number says "otrbot" in ASCII. It counts in this database alone.
    let select = "SELECT CASE WHEN pg_try_advisory_lock(122545925943156) THEN 1 ELSE 0 END";
    let row = within(connection.fetch_one(select)).await.map_err(|error| opening(&error))?;
    if row.try_get::<i32, _>(0)? == 1 {
        return Ok(Claim { url: url.to_owned(), lock: Lock::Connection(connection) });
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
