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
use crate::files::{self, Unreadable};

/// Largest file of which every entry of every index is compared with its table, in bytes: that takes
/// about a second for 100,000 enrolments. Of larger ones the pages alone are looked through.
const MOST_COMPARED: u64 = 256 * 1024 * 1024;

/// What a folder that may not be written is in a service, more often than not.
const SANDBOX: &str = "; the service of the package may write under /var/lib/otrbot alone: \
    `systemctl edit otrbot`, and write ReadWritePaths=FOLDER under [Service]";

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
        let open = |why: io::Error| cannot_open(&path, why);
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
        if known.is_dir() {
            let why = format!("{} is a folder; name a file in it", path.display());
            return Err(StoreError::Open { why });
        }
        // SQLite takes that for a new database, and would make it one.
        if known.len() < SMALLEST {
            let what = match known.len() {
                0 => "is empty".to_owned(),
                n => format!("has {n} bytes, and a database has {SMALLEST} at least"),
            };
            return Err(StoreError::Damaged { why: format!("{} {what}", path.display()) });
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

/// Why a file of a database, or one beside it, can be neither opened nor made.
#[expect(clippy::wildcard_enum_match_arm, reason = "the system's list of errors is open")]
pub(super) fn cannot_open(path: &Path, error: io::Error) -> StoreError {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let user = files::user_name();
    let shown = path.display();
    let why = match error.kind() {
        io::ErrorKind::NotFound if !folder.exists() => format!(
            "{shown}: the folder {} is not there: make it, and give it to the user {user}",
            folder.display()
        ),
        io::ErrorKind::NotFound => {
            format!(
                "{shown} is not there: there is no database yet, and nothing is kept of anybody"
            )
        }
        io::ErrorKind::ReadOnlyFilesystem => format!(
            "{shown}: the folder {} is read-only{}",
            folder.display(),
            SANDBOX.replace("FOLDER", &folder.display().to_string())
        ),
        io::ErrorKind::PermissionDenied => {
            let closed = match Unreadable::from_io(path, error) {
                Unreadable::Forbidden { folder, .. } => folder,
                _ => None,
            };
            match closed {
                Some(closed) => {
                    format!(
                        "{shown}: the user {user} may not enter the folder {}",
                        closed.display()
                    )
                }
                None => format!(
                    "{shown}: the user {user} may not write there, in the folder {}",
                    folder.display()
                ),
            }
        }
        _ => format!("{shown}: {error}"),
    };
    StoreError::Open { why }
}

/// SQLite takes a file that may not be written for one to be read.
fn may_be_written(path: &Path, known: &Metadata) -> Result<(), StoreError> {
    match OpenOptions::new().append(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let folder = path.parent().unwrap_or(path).display().to_string();
            let (path, owner, mode) = (path.display(), known.uid(), known.mode() & 0o777);
            let is_sandbox = error.kind() == io::ErrorKind::ReadOnlyFilesystem;
            let read_only =
                if is_sandbox { SANDBOX.replace("FOLDER", &folder) } else { String::new() };
            let user = files::user_name();
            let why = format!(
                "{path} (owner {owner}, mode {mode:o}) cannot be written by the user {user}: {error}{read_only}"
            );
            Err(StoreError::Open { why })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(path: &Path, kind: io::ErrorKind) -> String {
        cannot_open(path, kind.into()).to_string()
    }

    #[test]
    fn why_a_file_cannot_be_made_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let [here, nowhere] = ["x.db", "none/x.db"].map(|name| folder.path().join(name));
        let shown = folder.path().display();

        let read_only = said(&here, io::ErrorKind::ReadOnlyFilesystem);
        assert!(read_only.contains(&format!("{shown} is read-only")), "{read_only}");
        assert!(
            read_only.contains(&format!("ReadWritePaths={shown} under [Service]")),
            "{read_only}"
        );
        let absent = said(&nowhere, io::ErrorKind::NotFound);
        assert!(absent.contains("/none is not there: make it, and give it to"), "{absent}");
        let forbidden = said(&here, io::ErrorKind::PermissionDenied);
        assert!(forbidden.contains("may not write there"), "{forbidden}");
    }
}
