//! What must outlive the process: launches that were seen, enrolments, open sessions, grades on
//! their way.
//!
//! SQLite embedded (`sqlite://FILE`) or PostgreSQL (`postgres://…`), by the same SQL. Keys of OTR
//! and what learners write are never stored, and a shared secret only until SMP has used it. One text of SQL serves both databases:
//! parameters are `$1`, ids are texts made here, times and flags are integers.

mod claim;
mod course;
mod enrolments;
mod file;
mod grades;
mod invitations;
mod launches;
mod place;
mod pool;
mod quota;
mod retention;
mod schema;
mod sessions;
mod sql;

use crate::records::Progress;

pub use self::{
    claim::{CLAIM_PACE, Claim},
    invitations::Invited,
    launches::{Nonce, Taken},
    quota::{Limits, Usage},
    retention::{Erased, Forgotten, Owners, Unsent},
    sessions::{KnownEnrolment, KnownRow, Write},
    sql::Store,
};

/// Why the store could not do something.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database is not there or cannot be reached.
    #[error(
        "the database cannot be opened: {why}; check that it is there and may be written, and that its disk is not full"
    )]
    Open {
        /// What the database's library said, without the URL, as that may hold a password.
        why: String,
    },
    /// The URL cannot be used.
    #[error(
        "the URL of the database cannot be used: {why}; it is postgres://USER:PASSWORD@HOST:PORT/DATABASE, \
         and in its password # is written %23, / %2F, @ %40, : %3A, ? %3F and % %25"
    )]
    Url {
        /// What the database's library said, without the URL, as that may hold a password.
        why: String,
    },
    /// The database server cannot be reached at present.
    #[error("the database cannot be reached: {why}")]
    Away {
        /// What the network or the server said.
        why: String,
    },
    /// The database's server lets nobody in so.
    #[error("the database's server lets nobody in so: {why}")]
    Refused {
        /// What it said, and what helps.
        why: String,
    },
    /// There is no safe way to the database's server.
    #[error("the database's server cannot be spoken to safely: {why}")]
    Unsafe {
        /// What of it is not trusted, and what helps.
        why: String,
    },
    /// Another daemon uses the database.
    #[error("another otrbot uses the database: stop that one first, or give this one another")]
    Taken,
    /// The file is not a database, or a damaged one.
    #[error(
        "the database file is damaged or no database ({why}); it was left as it is: restore it from a backup, or move it away to start anew"
    )]
    Damaged {
        /// What SQLite said.
        why: String,
    },
    /// The database was made by another version of the program.
    #[error(
        "the database does not fit this version of otrbot ({why}); run the version that made it, or a newer one"
    )]
    Schema {
        /// What the migration said.
        why: String,
    },
    /// There is no such enrolment or grade.
    #[error("there is no such record")]
    NotFound,
    /// So many launches came within the time window that no more are remembered.
    #[error("too many launches are remembered; the next ones are taken when some have expired")]
    Full,
    /// The database refused a query.
    #[error("the database refused a query: {why}")]
    Query {
        /// What it said.
        why: String,
    },
}

/// The number that stands for a step in the database.
fn progress_number(progress: Progress) -> i64 {
    match progress {
        Progress::Invited => 0,
        Progress::Talking => 1,
        Progress::Encrypted => 2,
        Progress::Verified => 3,
        Progress::Done => 4,
    }
}

/// The step that a number stands for. A number from a newer version counts as the last step.
fn progress_of(number: i64) -> Progress {
    match number {
        i64::MIN..=0 => Progress::Invited,
        1 => Progress::Talking,
        2 => Progress::Encrypted,
        3 => Progress::Verified,
        4.. => Progress::Done,
    }
}
