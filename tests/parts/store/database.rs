//! The databases that the store is tried on.

use std::{path::PathBuf, sync::OnceLock};

use otrbot::store::Store;

use support::hole::Hole;
use support::postgres::Postgres;

/// An empty database of its own.
pub(crate) struct Database {
    url: String,
    folder: tempfile::TempDir,
}

impl Database {
    /// A file of SQLite.
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { url: format!("sqlite://{}", folder.path().join("otrbot.db").display()), folder }
    }

    /// On a server of PostgreSQL that all tests share. It ends when the process does.
    pub(crate) fn postgres() -> Self {
        Self { url: server().database(), folder: tempfile::tempdir().unwrap() }
    }

    /// The same, by a way that can lose what goes over it.
    pub(crate) fn by_hole() -> (Self, Hole) {
        let hole = Hole::dig(&server().socket());
        let url = hole.url(&server().database());
        (Self { url, folder: tempfile::tempdir().unwrap() }, hole)
    }

    /// The file, where it is one.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("otrbot.db")
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Opens it.
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url).await.unwrap()
    }
}

fn server() -> &'static Postgres {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(Postgres::start)
}

/// Has each test run on both databases.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::store::database::Database::sqlite()).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::store::database::Database::postgres()).await;
            })*
        }
    };
}

pub(crate) use on_both;
