//! A person in several assignments: progress is of each, the Jabber ID of the person.

use otrbot::{
    records::{EnrolmentId, NewEnrolment, Progress},
    store::{Owners, Store, Write},
};

use crate::store::{
    database::{Database, on_both},
    enrolled, person,
};

const JID: &str = "anna@example.org";

on_both! {
    a_finished_assignment_is_so_for_ever
    a_jid_is_known_in_the_next_assignment_of_the_same_person_alone
    a_jid_that_is_mended_is_mended_where_nobody_has_talked_yet
    what_was_shown_in_one_assignment_is_shown_in_all
    a_person_in_two_assignments_is_forgotten_as_the_only_one
    what_was_finished_in_a_version_that_forgot_it_is_so_again
    what_was_opened_last_is_known_after_a_restart
}

/// The same person, or another one, in another assignment.
async fn opened(store: &Store, user: &str, link: &str, launched_at: i64) -> EnrolmentId {
    let new = NewEnrolment { launched_at, ..person(user, link) };
    store.put_enrolment(new).await.unwrap().id
}

async fn reach(store: &Store, id: &EnrolmentId, jid: &str, progress: Progress) {
    let (enrolment, jid) = (id.clone(), jid.to_owned());
    let write = Write::Progress { enrolment, jid, progress, credit: None, at: 2000 };
    store.write_behind(&[write]).await.unwrap();
}

async fn standing(store: &Store, id: &EnrolmentId) -> (Option<String>, Progress) {
    let one = store.enrolment(id).await.unwrap().unwrap();
    (one.jid, one.progress)
}

async fn a_finished_assignment_is_so_for_ever(database: Database) {
    let store = database.open().await;
    let first = enrolled(&store, "anna", JID).await.id;
    reach(&store, &first, JID, Progress::Done).await;
    let second = opened(&store, "anna", "second", 1).await;

    store.set_jid(&second, Some(JID)).await.unwrap();

    let jid = || Some(JID.to_owned());
    assert_eq!(standing(&store, &first).await, (jid(), Progress::Done));
    assert_eq!(standing(&store, &second).await, (jid(), Progress::Invited));
    // Nor by another Jabber ID, nor by one that turns out to be somebody else's.
    store.set_jid(&first, Some("anna@work.example")).await.unwrap();
    assert_eq!(standing(&store, &first).await.1, Progress::Done);
    store.set_jid(&first, Some(JID)).await.unwrap();
    let ben = enrolled(&store, "ben", JID).await.id;
    let proof = Write::Proven { enrolment: ben, jid: JID.to_owned() };
    store.write_behind(&[proof]).await.unwrap();
    store.forget(JID, Owners::Proven, true, 3000).await.unwrap().unwrap();
    assert_eq!(standing(&store, &first).await, (None, Progress::Done));
    assert_eq!(standing(&store, &second).await, (None, Progress::Invited));
}

async fn a_jid_is_known_in_the_next_assignment_of_the_same_person_alone(database: Database) {
    let store = database.open().await;
    for (link, jid, launched_at) in
        [("one", JID, 10), ("two", "anna@work.example", 30), ("three", "anna@old.example", 20)]
    {
        let id = opened(&store, "anna", link, launched_at).await;
        store.set_jid(&id, Some(jid)).await.unwrap();
    }
    let nobody = opened(&store, "", "one", 40).await;
    store.set_jid(&nobody, Some("nobody@example.org")).await.unwrap();

    let known = async |user: &str, link: &str| {
        let id = opened(&store, user, link, 50).await;
        let one = store.enrolment(&id).await.unwrap().unwrap();
        store.known_jid(&one).await.unwrap()
    };
    assert_eq!(known("anna", "four").await.as_deref(), Some("anna@work.example"));
    assert_eq!(known("ben", "four").await, None);
    assert_eq!(known("", "four").await, None, "who has no id is nobody else");
    let elsewhere = NewEnrolment { consumer_key: "another".to_owned(), ..person("anna", "four") };
    let elsewhere = store.put_enrolment(elsewhere).await.unwrap();
    assert_eq!(store.known_jid(&elsewhere).await.unwrap(), None);
}

async fn a_jid_that_is_mended_is_mended_where_nobody_has_talked_yet(database: Database) {
    let store = database.open().await;
    let typo = "anna@exmaple.org";
    let mut ids = Vec::new();
    for link in ["one", "two", "talked", "other jid"] {
        let id = opened(&store, "anna", link, 0).await;
        let jid = if link == "other jid" { "anna@work.example" } else { typo };
        store.set_jid(&id, Some(jid)).await.unwrap();
        ids.push(id);
    }
    let ben = enrolled(&store, "ben", typo).await.id;
    reach(&store, &ids[2], typo, Progress::Talking).await;

    let moved = store.set_jid(&ids[0], Some(JID)).await.unwrap();

    assert_eq!(moved, [ids[1].clone()]);
    let mut jids = Vec::new();
    for id in ids.iter().chain([&ben]) {
        jids.push(standing(&store, id).await.0.unwrap());
    }
    assert_eq!(jids, [JID, JID, typo, "anna@work.example", typo]);
    assert_eq!(store.set_jid(&ids[0], Some(JID)).await.unwrap(), []);
}

async fn what_was_shown_in_one_assignment_is_shown_in_all(database: Database) {
    let store = database.open().await;
    let first = enrolled(&store, "anna", JID).await.id;
    let second = opened(&store, "anna", "second", 1).await;
    store.set_jid(&second, Some(JID)).await.unwrap();
    let eve = enrolled(&store, "eve", JID).await.id;

    let proof = Write::Proven { enrolment: second.clone(), jid: JID.to_owned() };
    store.write_behind(&[proof]).await.unwrap();

    for (id, is_proven) in [(&first, true), (&second, true), (&eve, false)] {
        assert_eq!(store.enrolment(id).await.unwrap().unwrap().is_proven, is_proven);
    }
}

async fn a_person_in_two_assignments_is_forgotten_as_the_only_one(database: Database) {
    let store = database.open().await;
    let first = enrolled(&store, "anna", JID).await.id;
    let second = opened(&store, "anna", "second", 1).await;
    store.set_jid(&second, Some(JID)).await.unwrap();

    let erased = store.forget(JID, Owners::Proven, true, 3000).await.unwrap().unwrap();

    assert_eq!(erased.enrolments, 2, "nobody else claims it, so that nothing is to be shown");
    for id in [first, second] {
        assert_eq!(store.enrolment(&id).await.unwrap(), None);
    }
}

async fn what_was_opened_last_is_known_after_a_restart(database: Database) {
    let store = database.open().await;
    let mut ids = Vec::new();
    for (link, launched_at) in [("one", 10), ("two", 20)] {
        let id = opened(&store, "anna", link, launched_at).await;
        store.set_jid(&id, Some(JID)).await.unwrap();
        ids.push(id);
    }
    let newest = async || {
        let known = store.known().await.unwrap().into_iter().filter_map(|row| row.enrolment);
        known.max_by_key(|one| one.opened_at).unwrap().id
    };
    assert_eq!(newest().await, ids[1]);

    for at in [30, 15] {
        let again = Write::Opened { enrolment: ids[0].clone(), at };
        store.write_behind(&[again]).await.unwrap();
    }
    assert_eq!(newest().await, ids[0]);
    opened(&store, "anna", "two", 40).await;
    assert_eq!(newest().await, ids[1]);
}

async fn what_was_finished_in_a_version_that_forgot_it_is_so_again(database: Database) {
    let enrolment = "INSERT INTO enrolments (id, consumer_key, user_id, context_id, \
        resource_link_id, jid, may_grade, is_teacher, progress, created_at) VALUES \
        ('first', 'key', 'anna', '', 'one', NULL, 1, 0, 0, 1000), \
        ('second', 'key', 'anna', '', 'two', 'anna@example.org', 1, 0, 1, 2000), \
        ('third', 'key', 'ben', '', 'two', 'ben@example.org', 1, 0, 3, 2000)";
    let grades = "INSERT INTO grades (id, enrolment, score, achieved_at, state, attempts, next_at) \
        VALUES ('g1', 'first', 1.0, 1500, 1, 1, 0), ('g2', 'third', 0.75, 1600, 1, 1, 0)";
    database.of_version(5, &[enrolment, grades]).await;

    let store = database.open().await;

    for (id, progress) in
        [("first", Progress::Done), ("second", Progress::Talking), ("third", Progress::Verified)]
    {
        let id = EnrolmentId::from_text(id);
        assert_eq!(standing(&store, &id).await.1, progress, "{id}");
    }
    assert_eq!(store.put_missing_grades(9000).await.unwrap(), 0, "it has its grade");
}
