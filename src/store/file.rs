//! The file of an SQLite database, before SQLite may write to it: a damaged one stays as it is, byte
//! for byte, and what is in it is for nobody else to read.

use std::{
    fs::{self, Metadata, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    str::FromStr as _,
};

use log::warn;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, sqlite::SqliteConnectOptions};

use super::{StoreError, sql::opening};

/// Largest file of which every entry of every index is compared with its table, in bytes: that takes
/// about a second for 100,000 enrolments. Of larger ones the pages alone are looked through.
const MOST_COMPARED: u64 = 256 * 1024 * 1024;

/// The smallest page of SQLite, in bytes.
const SMALLEST: u64 = 512;

/// The file of a database.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    /// Whether it was made just now, and is empty yet.
    is_new: bool,
}

impl DatabaseFile {
    /// Finds the file that a URL names, or makes it if it may be made, and looks through it.
    pub(super) async fn find(url: &str, may_make: bool) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str(url).map_err(|error| opening(&error))?;
        let path = options.get_filename().to_owned();
        let open = |why: io::Error| StoreError::Open { why: format!("{}: {why}", path.display()) };
        let known = match fs::metadata(&path) {
            Ok(known) => known,
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_make => {
                // SQLite makes its other files as this one is.
                let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
                made.map_err(open)?;
                return Ok(Self { path, is_new: true });
            }
            Err(error) => return Err(open(error)),
        };
        // SQLite takes that for a new database, and would make it one.
        if known.len() < SMALLEST {
            return Err(StoreError::Damaged { why: format!("{} is empty", path.display()) });
        }
        may_be_written(&path, &known)?;
        examine(&path, &known).await?;
        if known.mode() & 0o077 != 0 {
            warn!(
                "others than its owner can get at {} (mode {:o}), which holds names, Jabber IDs and \
                 secrets: chmod 600 it",
                path.display(),
                known.mode() & 0o777,
            );
        }
        Ok(Self { path, is_new: false })
    }

    /// Nothing came of a file that was made just now: it would look like one that lost its content.
    pub(super) fn take_back(&self) {
        if self.is_new && fs::metadata(&self.path).is_ok_and(|known| known.len() == 0) {
            // What cannot be removed is said at the next start.
            fs::remove_file(&self.path).ok();
        }
    }
}

/// Looks through a file, in such a way that it is not written to.
async fn examine(path: &Path, known: &Metadata) -> Result<(), StoreError> {
    let holds = |suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        fs::metadata(name).is_ok_and(|beside| beside.len() > 0)
    };
    if holds("-journal") {
        // What was broken off is to be taken back first, and that writes.
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    // Without a log beside it nobody has it open, or nobody has written yet; and no log is made.
    let options = options.immutable(!holds("-wal")).disable_statement_logging();
    let mut connection = options.connect().await.map_err(|error| opening(&error))?;
    let check = if known.len() <= MOST_COMPARED {
        "PRAGMA integrity_check(1)"
    } else {
        "PRAGMA quick_check(1)"
    };
    let said = sqlx::query(check).fetch_one(&mut connection).await;
    let said = said.and_then(|row| row.try_get::<String, _>(0)).map_err(|error| opening(&error))?;
    connection.close().await.map_err(|error| opening(&error))?;
    if said == "ok" {
        return Ok(());
    }
    let why = said.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(StoreError::Damaged { why: format!("{}: {why}", path.display()) })
}

/// SQLite takes a file that may not be written for one to be read.
fn may_be_written(path: &Path, known: &Metadata) -> Result<(), StoreError> {
    match OpenOptions::new().append(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let (path, owner, mode) = (path.display(), known.uid(), known.mode() & 0o777);
            let why = format!("{path} (owner {owner}, mode {mode:o}) cannot be written: {error}");
            Err(StoreError::Open { why })
        }
    }
}
