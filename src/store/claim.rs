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

use log::{info, warn};
use sqlx::{
    AnyConnection, ConnectOptions as _, Executor as _, Row as _, sqlite::SqliteConnectOptions,
};
use tokio::time::{Instant, sleep};

use super::{
    Store, StoreError, file, place,
    pool::{prepare, within},
    sql::opening,
};

/// How often it is seen to, by default, that a server knows its claim still.
pub const CLAIM_PACE: Duration = Duration::from_secs(5);

/// How long another process is waited for that has the database: it may be about to end.
const FILE_PATIENCE: Duration = Duration::from_secs(10);
/// The same on a server, which takes a while to see that a machine has vanished.
const SERVER_PATIENCE: Duration = Duration::from_secs(45);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What picks the lock among those of a server. Its number, 122545925943156, says "otrbot" in ASCII;
/// these are its two halves. It counts in its database alone.
macro_rules! the_lock {
    () => {
        "l.locktype = 'advisory' AND l.granted AND l.classid = 28532 AND l.objid = 1919053684 \
         AND l.objsubid = 1 AND l.database = \
         (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())"
    };
}

/// Takes the lock: 1 if it was free, 2 if the server only follows another one.
const TAKE: &str = "SELECT CASE WHEN pg_is_in_recovery() THEN 2 \
    WHEN pg_try_advisory_lock(122545925943156) THEN 1 ELSE 0 END";
/// Whether this connection has the lock: 1.
const HAS: &str = concat!(
    "SELECT CASE WHEN NOT pg_is_in_recovery() AND EXISTS (SELECT 1 FROM pg_locks l WHERE \
     l.pid = pg_backend_pid() AND ",
    the_lock!(),
    ") THEN 1 ELSE 0 END"
);
/// Who has the lock.
const WHO: &str = concat!(
    "SELECT a.pid, COALESCE(CAST(a.backend_start AS TEXT), '') FROM pg_locks l \
     JOIN pg_stat_activity a ON a.pid = l.pid WHERE ",
    the_lock!()
);
/// Ends what a connection of this bot has left behind.
const END: &str = "SELECT CASE WHEN pg_terminate_backend($1) THEN 1 ELSE 0 END";

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
    Server(AnyConnection, Holder),
}

/// Whose a server's lock is: the number of its process for the connection, and when that began.
#[derive(Debug, PartialEq, Eq)]
struct Holder {
    pid: i32,
    since: String,
}

/// What became of a try to have a server's lock.
enum Tried {
    Got(AnyConnection, Holder),
    /// Somebody else has it; the connection is of use for the next try.
    Taken(AnyConnection, Option<Holder>),
}

impl Claim {
    /// Keeps the claim, also on a server that restarts and forgets it; looks after it once in each
    /// `pace`. Ends only when another daemon has the database, which is then no longer this one's.
    ///
    /// It needs a connection of its own, all the way to the server.
    pub async fn keep(self, pace: Duration) {
        let Self { url, lock } = self;
        let (mut connection, mut holder) = match lock {
            Lock::Server(connection, holder) => (connection, holder),
            Lock::File(file) => {
                pending::<()>().await;
                return drop(file);
            }
        };
        loop {
            sleep(pace).await;
            let why = match number(&mut connection, HAS).await {
                Ok(1) => continue,
                Ok(_) => "its server has forgotten the claim".to_owned(),
                Err(error) => error.to_string(),
            };
            warn!("the database has to be claimed again: {why}");
            drop(connection);
            let Some(again) = regain(&url, &holder, pace, why).await else { return };
            info!("the database is claimed again");
            (connection, holder) = again;
        }
    }
}

/// Claims a server's database anew; `None` if another daemon has it. What this one's lost connection
/// has left behind there is ended: a proxy may keep that up for hours.
async fn regain(
    url: &str,
    lost: &Holder,
    pace: Duration,
    mut told: String,
) -> Option<(AnyConnection, Holder)> {
    let mut known = None;
    loop {
        let why = match try_server(url, known.take()).await {
            Ok(Tried::Got(connection, holder)) => return Some((connection, holder)),
            Ok(Tried::Taken(mut connection, Some(holder))) if holder == *lost => {
                let end = sqlx::query(END).bind(holder.pid);
                let ended = within(end.fetch_one(&mut connection)).await;
                ended.err().map_or_else(|| "an old connection has it".to_owned(), |e| e.to_string())
            }
            Ok(Tried::Taken(_, Some(_))) => return None,
            Ok(Tried::Taken(connection, None)) => {
                known = Some(connection);
                "it was let go of this moment".to_owned()
            }
            Err(error) => error.to_string(),
        };
        if why != told {
            warn!("the database cannot be claimed yet: {why}");
            told = why;
        }
        sleep(pace).await;
    }
}

impl Store {
    /// Claims a database for this process. Another one that has it is waited for, as it may be about
    /// to end.
    ///
    /// # Errors
    ///
    /// [`StoreError::Taken`], or as with [`open`](Self::open).
    pub async fn claim(url: &str) -> Result<Claim, StoreError> {
        let patience = if Self::is_file(url) { FILE_PATIENCE } else { SERVER_PATIENCE };
        Self::claim_within(url, patience).await
    }

    /// The same, and waits no longer than this.
    ///
    /// # Errors
    ///
    /// As with [`claim`](Self::claim).
    pub async fn claim_within(url: &str, patience: Duration) -> Result<Claim, StoreError> {
        let end = Instant::now() + patience;
        let (mut known, mut is_said) = (None, false);
        loop {
            if Self::is_file(url) {
                if let Some(file) = lock_file(url)? {
                    return Ok(Claim { url: url.to_owned(), lock: Lock::File(file) });
                }
            } else {
                match try_server(url, known.take()).await? {
                    Tried::Got(connection, holder) => {
                        let lock = Lock::Server(connection, holder);
                        return Ok(Claim { url: url.to_owned(), lock });
                    }
                    Tried::Taken(connection, _) => known = Some(connection),
                }
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(StoreError::Taken);
            }
            if !std::mem::replace(&mut is_said, true) {
                let secs = left.as_secs();
                warn!("another otrbot uses the database: waiting up to {secs} s for it to end");
            }
            sleep(PAUSE).await;
        }
    }
}

async fn try_server(url: &str, known: Option<AnyConnection>) -> Result<Tried, StoreError> {
    sqlx::any::install_default_drivers();
    let fault = |error| opening(&error);
    let mut connection = if let Some(connection) = known {
        connection
    } else {
        let mut connection = within(place::options(url)?.connect()).await.map_err(fault)?;
        prepare(&mut connection, false).await.map_err(fault)?;
        connection
    };
    let took = number(&mut connection, TAKE).await.map_err(fault)?;
    if took == 2 {
        let why = "its server only follows another one".to_owned();
        return Err(StoreError::Away { why });
    }
    let holder = within(connection.fetch_optional(WHO)).await.map_err(fault)?;
    let holder = holder.map(|row| Ok(Holder { pid: row.try_get(0)?, since: row.try_get(1)? }));
    let holder = holder.transpose().map_err(fault)?;
    match holder {
        Some(holder) if took == 1 => Ok(Tried::Got(connection, holder)),
        holder => Ok(Tried::Taken(connection, holder)),
    }
}

/// The number that a query gives.
async fn number(connection: &mut AnyConnection, query: &'static str) -> Result<i32, sqlx::Error> {
    within(connection.fetch_one(query)).await?.try_get(0)
}

/// The lock beside a file; `None` if another process has it.
fn lock_file(url: &str) -> Result<Option<File>, StoreError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| opening(&error))?;
    let mut path = options.get_filename().as_os_str().to_owned();
    path.push(".lock");
    let path = PathBuf::from(path);
    let open = |error: io::Error| file::cannot_open(&path, error);
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
    let file = file.map_err(open)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(open(error)),
    }
}
