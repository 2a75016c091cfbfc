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

    /// Makes it as a version made it that had so many steps, with something in it.
    pub(crate) async fn of_version(&self, n_steps: usize, statements: &[&'static str]) {
        let before = tempfile::tempdir().unwrap();
        let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store/migrations");
        let files = std::fs::read_dir(ours).unwrap().map(|file| file.unwrap().file_name());
        let mut files: Vec<_> = files.map(|file| file.into_string().unwrap()).collect();
        files.sort();
        for file in files.iter().take(n_steps) {
            std::fs::copy(format!("{ours}/{file}"), before.path().join(file)).unwrap();
        }
        sqlx::any::install_default_drivers();
        let is_sqlite = self.url.starts_with("sqlite:");
        let url = format!("{}{}", self.url, if is_sqlite { "?mode=rwc" } else { "" });
        let pool = sqlx::AnyPool::connect(&url).await.unwrap();
        sqlx::migrate::Migrator::new(before.path()).await.unwrap().run(&pool).await.unwrap();
        for statement in statements {
            sqlx::query(*statement).execute(&pool).await.unwrap();
        }
        pool.close().await;
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
