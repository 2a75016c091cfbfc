//! A file that is not what it should be: it is refused, and stays as it is.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Instant};

use otrbot::{
    records::NewGrade,
    store::{Nonce, Store, StoreError},
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use sqlx::{Connection as _, SqliteConnection};

use crate::store::{database::Database, enrolled, person};

/// A page of SQLite, in bytes.
const PAGE: usize = 4096;

/// A database with something in each of its tables.
async fn filled(database: &Database) {
    let store = database.open().await;
    for number in 0..150 {
        let one =
            enrolled(&store, &format!("user {number}"), &format!("{number}@example.org")).await;
        let grade = NewGrade { enrolment: one.id, score: 1.0, achieved_at: 1500 };
        store.put_grade(&grade).await.unwrap();
        let nonce = Nonce::new("key", &format!("nonce {number}"), 3000);
        store.take_launch(Some(nonce), None).await.unwrap();
    }
    store.close().await;
}

#[tokio::test]
async fn random_bytes_in_any_page_are_found_and_nothing_is_written() {
    let database = Database::sqlite();
    filled(&database).await;
    let whole = fs::read(database.file()).unwrap();
    let n_pages = whole.len() / PAGE;
    assert!(n_pages > 40, "{n_pages}");
    let mut rng = StdRng::seed_from_u64(1);

    for page in 0..n_pages {
        let mut damaged = whole.clone();
        // The first page begins with what makes it a database at all.
        let begin = if page == 0 { 100 } else { page * PAGE };
        rng.fill(&mut damaged[begin..(page + 1) * PAGE]);
        fs::write(database.file(), &damaged).unwrap();

        let error = Store::open(database.url()).await.unwrap_err();

        assert!(matches!(error, StoreError::Damaged { .. }), "page {page}: {error}");
        assert!(error.to_string().contains("restore it from a backup"), "{error}");
        assert!(fs::read(database.file()).unwrap() == damaged, "page {page} was written");
    }
    fs::write(database.file(), &whole).unwrap();
    assert_eq!(database.open().await.enrolments().await.unwrap().len(), 150);
}

#[tokio::test]
async fn an_index_that_does_not_fit_its_table_is_found() {
    let database = Database::sqlite();
    filled(&database).await;
    let mut connection = SqliteConnection::connect(database.url()).await.unwrap();
    // Each page is sound, but the index says what no row does.
    let index = "SELECT rootpage FROM sqlite_schema WHERE name = 'enrolments_jid'";
    let root: i64 = sqlx::query_scalar(index).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let mut bytes = fs::read(database.file()).unwrap();
    let begin = (usize::try_from(root).unwrap() - 1) * PAGE;
    let at = bytes[begin..].windows(12).position(|part| part == b"@example.org").unwrap();
    bytes[begin + at..begin + at + 12].copy_from_slice(b"@exbmple.org");
    fs::write(database.file(), &bytes).unwrap();

    let error = Store::open(database.url()).await.unwrap_err();

    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(fs::read(database.file()).unwrap() == bytes);
}

#[tokio::test]
async fn a_file_that_was_cut_off_or_emptied_is_refused() {
    let database = Database::sqlite();
    filled(&database).await;
    let whole = fs::read(database.file()).unwrap();
    for length in [0, 1, PAGE, whole.len() / 2, whole.len() - PAGE] {
        fs::write(database.file(), &whole[..length]).unwrap();

        let error = Store::open(database.url()).await.unwrap_err();

        assert!(matches!(error, StoreError::Damaged { .. }), "{length} bytes: {error}");
        assert_eq!(fs::read(database.file()).unwrap(), &whole[..length]);
    }
}

#[tokio::test]
async fn what_was_not_yet_in_the_file_when_the_power_failed_is_looked_through_too() {
    let database = Database::sqlite();
    let store = database.open().await;
    for number in 0..150 {
        enrolled(&store, &format!("user {number}"), &format!("{number}@example.org")).await;
    }
    // As the disk has it now: most of it is in the log beside the file.
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("otrbot.db");
    for suffix in ["", "-wal"] {
        let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
        fs::copy(name(&database.file()), name(&copy)).unwrap();
    }
    store.close().await;

    let store = Store::open(&format!("sqlite://{}", copy.display())).await.unwrap();

    assert_eq!(store.enrolments().await.unwrap().len(), 150);
}

#[tokio::test]
async fn what_is_damaged_while_the_store_is_open_is_named_as_damage() {
    let database = Database::sqlite();
    filled(&database).await;
    let store = database.open().await;
    let length = fs::metadata(database.file()).unwrap().len();
    let noise = vec![0xa5; usize::try_from(length).unwrap() - PAGE];
    let file = fs::OpenOptions::new().write(true).open(database.file()).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &noise, 4096).unwrap();

    let error = store.known().await.unwrap_err();

    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_new_database_is_for_nobody_else_to_read() {
    let database = Database::sqlite();
    let store = database.open().await;
    store.put_enrolment(person("anna", "link")).await.unwrap();

    for suffix in ["", "-wal", "-shm"] {
        let name = format!("{}{suffix}", database.file().display());
        let mode = fs::metadata(&name).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_hundred_thousand_enrolments_are_looked_through_in_time() {
    let database = Database::sqlite();
    database.open().await.close().await;
    let mut connection = SqliteConnection::connect(database.url()).await.unwrap();
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) \
        INSERT INTO enrolments (id, consumer_key, user_id, context_id, resource_link_id, jid, \
        may_grade, is_teacher, progress, created_at, active_at, outcome_url, sourcedid) \
        SELECT printf('%032x', i * 7919), 'key', 'user ' || i, 'course ' || (i % 50), 'link', \
        'person' || i || '@example.org', 1, 0, 1, 1000, 1000, 'https://lms.example/grades', \
        'the cell of person ' || i FROM n";
    sqlx::query(fill).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let begun = Instant::now();

    let store = database.open().await;

    let known = store.known().await.unwrap();
    assert_eq!(known.len(), 100_000);
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
}
