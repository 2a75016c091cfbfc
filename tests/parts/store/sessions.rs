//! What is kept of sessions.

use std::{collections::BTreeMap, sync::Arc};

use otrbot::{
    records::Progress,
    session::Snapshot,
    store::{KnownEnrolment, Store, Write},
};

use crate::store::{
    database::{Database, on_both},
    enrolled, person, reach,
};

on_both! {
    a_session_is_kept_as_it_stood_last_until_it_is_over
    many_writes_keep_their_order
    those_who_are_known_come_with_their_sessions
}

fn snapshot(state: &str) -> Arc<Snapshot> {
    let text = format!(r#"{{"v":1,"lesson":"L","instance":256,"state":"{state}"}}"#);
    Arc::new(Snapshot::from_text(&text).unwrap())
}

fn session(jid: &str, state: Option<&str>, at: i64) -> Write {
    Write::Session { jid: jid.to_owned(), enrolment: None, snapshot: state.map(snapshot), at }
}

/// The sessions that are kept, by Jabber ID.
async fn kept(store: &Store) -> BTreeMap<String, (Arc<Snapshot>, i64)> {
    let known = store.known().await.unwrap();
    let with_session = known
        .into_iter()
        .filter_map(|row| Some((row.jid, (Arc::new(row.snapshot?), row.saved_at))));
    with_session.collect()
}

async fn a_session_is_kept_as_it_stood_last_until_it_is_over(database: Database) {
    let store = database.open().await;
    let writes = [
        session("anna@example.org", Some("greeting"), 1),
        session("ben@example.org", Some("greeting"), 1),
        session("anna@example.org", Some("private"), 2),
    ];
    store.write_behind(&writes).await.unwrap();
    store.write_behind(&[session("ben@example.org", None, 3)]).await.unwrap();
    store.close().await;

    let store = database.open().await;

    let anna = ("anna@example.org".to_owned(), (snapshot("private"), 2));
    assert_eq!(kept(&store).await, BTreeMap::from([anna]));
}

async fn many_writes_keep_their_order(database: Database) {
    let store = database.open().await;
    let writes: Vec<Write> = (0..2_000)
        .map(|n| session(&format!("{}@example.org", n % 50), Some(&format!("state{n}")), n))
        .collect();

    for batch in writes.chunks(256) {
        store.write_behind(batch).await.unwrap();
    }

    let kept = kept(&store).await;
    assert_eq!(kept.len(), 50);
    for (number, (jid, (snapshot, at))) in kept.into_iter().map(|one| {
        let number: i64 = one.0.split('@').next().unwrap().parse().unwrap();
        (number, one)
    }) {
        assert_eq!(at, 1_950 + number, "{jid}");
        assert!(format!("{snapshot:?}").contains(&format!("state{at}")), "{snapshot:?}");
    }
}

async fn those_who_are_known_come_with_their_sessions(database: Database) {
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    enrolled(&store, "ben", "ben@example.org").await;
    store.put_enrolment(person("cleo", "link")).await.unwrap();
    reach(&store, "anna@example.org", Progress::Encrypted, 1500).await;
    let mut annas = session("anna@example.org", Some("private"), 1500);
    if let Write::Session { enrolment, .. } = &mut annas {
        *enrolment = Some(anna.id.clone());
    }
    let writes = [
        annas,
        // Of the settings' own list: nobody launched.
        session("dora@example.org", Some("greeting"), 1600),
    ];
    store.write_behind(&writes).await.unwrap();

    let mut known = store.known().await.unwrap();

    known.sort_by(|one, other| one.jid.cmp(&other.jid));
    let jids: Vec<&str> = known.iter().map(|row| row.jid.as_str()).collect();
    assert_eq!(jids, ["anna@example.org", "ben@example.org", "dora@example.org"]);
    let enrolment = KnownEnrolment {
        consumer_key: anna.consumer_key,
        user_id: anna.user_id,
        opened_at: 0,
        title: None,
        id: anna.id,
        locale: Some("nl".into()),
        lesson: None,
        progress: Progress::Encrypted,
        is_proven: false,
    };
    assert_eq!(known[0].enrolment, Some(enrolment));
    assert!(known[0].snapshot.is_some() && known[1].snapshot.is_none());
    assert_eq!((known[2].enrolment.clone(), known[2].saved_at), (None, 1600));
}
