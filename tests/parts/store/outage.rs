//! A server that is away, or does not answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::Actor as _;
use futures_util::future::join_all;
use jid::BareJid;
use otrbot::{
    actors::store::{Flush, HowMuch, SaveProgress, StoreActor},
    records::{Enrolment, NewEnrolment, Progress},
    settings::Retention,
    store::{Nonce, Store, StoreError, Write},
};

use crate::store::{database::Database, enrolled, person};
use support::postgres::Postgres;

/// The people of these tests were last heard of long ago.
const FOR_EVER: Retention = Retention { sessions: None, enrolments: None };

/// How long a query may take that is never answered, and what comes after it.
const PATIENCE: Duration = Duration::from_secs(12);

#[actix::test]
async fn a_write_that_is_never_answered_is_seen_and_done_again() {
    let (database, hole) = Database::by_hole();
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let actor = StoreActor::new(store.clone(), FOR_EVER, Arc::default()).start();
    hole.swallow_next_update();
    let begun = Instant::now();

    actor.do_send(SaveProgress {
        enrolment: anna.id,
        jid: BareJid::new("anna@example.org").unwrap(),
        progress: Progress::Verified,
        credit: Some(0.75),
        at: 2000,
    });
    let mut was_failing = false;
    while !was_failing {
        let backlog = actor.send(HowMuch).await.unwrap();
        assert_eq!((backlog.n_waiting, backlog.n_grades), (1, 1));
        was_failing = backlog.is_failing;
        assert!(begun.elapsed() < PATIENCE, "{backlog:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    assert_eq!(hole.n_swallowed(), 1);
    tokio::time::timeout(PATIENCE, actor.send(Flush)).await.unwrap().unwrap();
    let known = store.claims("anna@example.org").await.unwrap().remove(0);
    assert_eq!(known.progress, Progress::Verified);
    assert_eq!(store.due_grades(9000).await.unwrap().len(), 1);
    let backlog = actor.send(HowMuch).await.unwrap();
    assert_eq!((backlog.n_waiting, backlog.oldest, backlog.is_failing), (0, None, false));
}

#[tokio::test]
async fn connections_that_are_lost_without_a_word_are_given_up() {
    let (database, hole) = Database::by_hole();
    let store = database.open().await;
    enrolled(&store, "anna", "anna@example.org").await;
    // All the connections that there may be, and what waits for them.
    join_all((0..16).map(|_| store.ping())).await;
    hole.lose_all();
    let begun = Instant::now();

    let launches = (0..8).map(|number| {
        let nonce = Nonce::new("key", &format!("nonce {number}"), 3000);
        store.take_launch(Some(nonce), Some(person(&format!("user {number}"), "link")))
    });
    let reads = (0..8).map(|_| store.claims("anna@example.org"));
    let (answers, _) = tokio::join!(join_all(launches), join_all(reads));

    assert!(begun.elapsed() < PATIENCE * 2, "{:?}", begun.elapsed());
    for failed in answers.iter().filter_map(|one| one.as_ref().err()) {
        assert!(matches!(failed, StoreError::Query { .. }), "{failed}");
    }
    // Those that were lost are replaced.
    while join_all((0..16).map(|_| store.ping())).await.iter().any(Result::is_err) {
        assert!(begun.elapsed() < PATIENCE * 4, "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn what_is_written_at_once_in_different_orders_is_all_written() {
    let database = Database::postgres();
    let store = database.open().await;
    let people: Vec<String> = (0..40).map(|number| format!("user {number:02}")).collect();
    let mut writes = Vec::new();
    for (number, user) in people.iter().enumerate() {
        let jid = format!("{:02}@example.org", people.len() - number);
        let Enrolment { id: enrolment, .. } = enrolled(&store, user, &jid).await;
        let (progress, credit) = (Progress::Talking, Some(0.5));
        writes.push(Write::Progress { enrolment, jid, progress, credit, at: 2000 });
    }
    // In the order of the addresses: against that of the people.
    writes.reverse();

    for round in 0..40 {
        let launches = people.iter().map(|user| {
            let nonce = Nonce::new("key", &format!("{user} {round}"), 3000);
            let new = NewEnrolment { now: 2000, ..person(user, "link") };
            store.take_launch(Some(nonce), Some(new))
        });
        let (written, _) = tokio::join!(store.write_behind(&writes), join_all(launches));
        written.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_told_from_a_database_that_is_not_there() {
    let away = Store::open("postgres://otrbot@127.0.0.1:1/otrbot").await.unwrap_err();
    assert!(matches!(away, StoreError::Away { .. }), "{away}");
    let no_socket = Store::open("postgres://otrbot@localhost/x?host=/not/there").await.unwrap_err();
    assert!(matches!(no_socket, StoreError::Away { .. }), "{no_socket}");
    // A server that takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://otrbot@{}/x", silent.local_addr().unwrap());
    let begun = Instant::now();
    let error = Store::open(&url).await.unwrap_err();
    assert!(matches!(error, StoreError::Away { .. }), "{error}");
    assert!(begun.elapsed() < PATIENCE);

    let there = Database::postgres();
    let url = there.url().replacen("/test", "/no_test", 1);
    let unknown = Store::open(&url).await.unwrap_err();
    assert!(matches!(unknown, StoreError::Open { .. }), "{unknown}");
}

/// How long a test waits for a database that another one has.
const BRIEFLY: Duration = Duration::from_secs(4);

#[tokio::test]
async fn a_database_is_one_daemons() {
    for database in [Database::sqlite(), Database::postgres()] {
        let claim = Store::claim(database.url()).await.unwrap();
        let (second, ()) = tokio::join!(Store::claim(database.url()), async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            drop(claim);
        });
        // Whoever waits for the first to end gets it; and then nobody else does.
        let second = second.unwrap();
        let refused = Store::claim_within(database.url(), BRIEFLY).await.unwrap_err();
        assert!(matches!(refused, StoreError::Taken), "{refused}");
        drop(second);
    }
}

#[tokio::test]
async fn a_claim_that_a_restarted_server_forgot_is_made_again() {
    let mut server = Postgres::start();
    let url = server.database();
    let pace = Duration::from_millis(100);
    let keeping = tokio::spawn(Store::claim(&url).await.unwrap().keep(pace));
    server.kill();
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.revive();

    tokio::time::sleep(BRIEFLY).await;
    let refused = Store::claim_within(&url, BRIEFLY).await.unwrap_err();

    assert!(matches!(refused, StoreError::Taken), "{refused}");
    assert!(!keeping.is_finished());
}

#[tokio::test]
async fn a_claim_is_given_up_when_another_daemon_has_the_database() {
    let mut server = Postgres::start();
    let url = server.database();
    // Long enough for the other one to come first.
    let keeping = tokio::spawn(Store::claim(&url).await.unwrap().keep(Duration::from_secs(15)));
    server.kill();
    server.revive();
    let other = Store::claim(&url).await.unwrap();

    tokio::time::timeout(PATIENCE * 3, keeping).await.unwrap().unwrap();

    drop(other);
    Store::claim(&url).await.unwrap();
}

#[tokio::test]
async fn a_claim_gets_over_a_connection_of_its_own_that_the_server_still_has() {
    let (database, hole) = Database::by_hole();
    let claim = Store::claim(database.url()).await.unwrap();
    let keeping = tokio::spawn(claim.keep(Duration::from_millis(100)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    // The server never hears that the connection is gone.
    hole.lose_all();

    // The time that an answer is waited for, and then a moment.
    tokio::time::sleep(PATIENCE + BRIEFLY).await;
    let refused = Store::claim_within(database.url(), BRIEFLY).await.unwrap_err();

    assert!(matches!(refused, StoreError::Taken), "{refused}");
    assert!(!keeping.is_finished());
}
