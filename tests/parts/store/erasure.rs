//! What is erased is gone from the disk while the daemon runs, and erasing works while it is busy.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix::Actor as _;
use jid::BareJid;
use otrbot::{
    actors::store::{Flush, SaveSession, StoreActor},
    records::{NewEnrolment, NewGrade},
    session::Snapshot,
    settings::Retention,
    store::{Nonce, Owners, Store, StoreError},
};

use crate::store::{database::Database, enrolled, person};

const SECRET: &str = "correct horse battery staple";

/// The people of these tests were last heard of long ago.
const FOR_EVER: Retention = Retention { sessions: None, enrolments: None };

fn snapshot(more: &str) -> Arc<Snapshot> {
    let text = format!(r#"{{"v":1,"lesson":"L","instance":256,"state":"a"{more}}}"#);
    Arc::new(Snapshot::from_text(&text).unwrap())
}

/// Which of these words stand in the files of a database.
fn found(database: &Path, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for suffix in ["", "-wal", "-shm"] {
        let bytes = fs::read(format!("{}{suffix}", database.display())).unwrap_or_default();
        for word in words {
            if bytes.windows(word.len()).any(|part| part == word.as_bytes()) {
                found.push(format!("{word} in the file{suffix}"));
            }
        }
    }
    found
}

/// Waits until none of these words stands in the files of a database.
async fn wait_until_gone(database: &Path, words: &[&str]) {
    for _ in 0..150 {
        if found(database, words).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{:?}", found(database, words));
}

#[actix::test]
async fn a_secret_and_a_person_are_gone_from_the_disk_while_the_daemon_runs() {
    let database = Database::sqlite();
    let store = database.open().await;
    let new = NewEnrolment { name: Some("Anna Karenina".into()), ..person("user-4711", "link") };
    let anna = store.put_enrolment(new).await.unwrap();
    store.set_jid(&anna.id, Some("anna@example.org")).await.unwrap();
    let actor = StoreActor::new(store.clone(), FOR_EVER, Arc::default()).start();
    let jid = BareJid::new("anna@example.org").unwrap();
    let save = async |snapshot| {
        let (jid, enrolment) = (jid.clone(), Some(anna.id.clone()));
        actor.do_send(SaveSession { jid, enrolment, snapshot: Some(snapshot), at: 2000 });
        actor.send(Flush).await.unwrap();
    };
    save(snapshot(&format!(r#","shared_secret":"{SECRET}""#))).await;
    assert!(!found(&database.file(), &[SECRET]).is_empty());

    // SMP has used it.
    save(snapshot("")).await;
    wait_until_gone(&database.file(), &[SECRET]).await;

    let who = ["anna@example.org", "user-4711", "Karenina", &anna.id.to_string()];
    assert!(!found(&database.file(), &who).is_empty());
    // By another process, as it were.
    let other = Store::open_existing(database.url()).await.unwrap();
    other.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();
    other.overwrite().await.unwrap();
    other.close().await;
    wait_until_gone(&database.file(), &who).await;
    assert_eq!(store.forgotten().await.unwrap(), []);
}

#[tokio::test]
async fn people_are_forgotten_and_old_ones_deleted_while_launches_pour_in() {
    let database = Database::sqlite();
    let store = database.open().await;
    for number in 0..40 {
        enrolled(&store, &format!("old {number}"), &format!("old{number}@example.org")).await;
    }
    let is_over = Arc::new(AtomicBool::new(false));
    let clients = (0..6).map(|client| {
        let (store, is_over) = (store.clone(), Arc::clone(&is_over));
        tokio::spawn(async move {
            let mut n = 0;
            while !is_over.load(Ordering::Relaxed) {
                n += 1;
                let nonce = Nonce::new("key", &format!("{client} {n}"), 3000);
                let new = NewEnrolment { now: 2000, ..person(&format!("{client} {n}"), "link") };
                store.take_launch(Some(nonce), Some(new)).await.unwrap();
            }
            n
        })
    });
    let clients: Vec<_> = clients.collect();
    let other = Store::open_existing(database.url()).await.unwrap();

    for number in 0..30 {
        let jid = format!("old{number}@example.org");
        let erased = other.forget(&jid, Owners::Proven, false, 3000).await.unwrap().unwrap();
        assert_eq!(erased.enrolments, 1, "{jid}");
    }
    let keep = Retention { sessions: None, enrolments: Some(1) };
    let gone = other.tidy(keep, 1001 + 24 * 60 * 60).await.unwrap();

    assert_eq!(gone.len(), 10);
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        assert!(client.await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_grade_that_waits_keeps_a_person_with_another_jid_too() {
    let database = Database::sqlite();
    let store = database.open().await;
    enrolled(&store, "anna", "anna@example.org").await;
    let elsewhere = store.put_enrolment(person("anna", "other link")).await.unwrap();
    store.set_jid(&elsewhere.id, Some("anna@work.example")).await.unwrap();
    let grade = NewGrade { enrolment: elsewhere.id.clone(), score: 1.0, achieved_at: 2000 };
    store.put_grade(&grade).await.unwrap();

    let refused =
        store.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap_err();

    assert_eq!(refused.0, 1);
    assert!(store.enrolment(&elsewhere.id).await.unwrap().is_some());
    assert_eq!(store.due_grades(9000).await.unwrap().len(), 1);
}

#[tokio::test]
async fn erasing_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("typo.db");

    let error = Store::open_existing(&format!("sqlite://{}", path.display())).await.unwrap_err();

    assert!(matches!(error, StoreError::Open { .. }), "{error}");
    assert!(error.to_string().contains("typo.db"), "{error}");
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    let empty = Database::postgres();
    let error = Store::open_existing(empty.url()).await.unwrap_err();
    assert!(error.to_string().contains("no tables"), "{error}");
}
