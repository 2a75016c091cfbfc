//! What is deleted, and when.

use std::sync::Arc;

use otrbot::{
    records::{EnrolmentId, NewEnrolment, NewGrade, Progress},
    session::Snapshot,
    settings::{Invitations, Retention},
    store::{Erased, Forgotten, Owners, Store, Unsent, Write},
};

use crate::store::{
    database::{Database, on_both},
    enrolled, person, reach,
};

on_both! {
    who_was_not_heard_of_for_long_is_deleted
    a_person_is_forgotten_in_all_their_assignments
    a_person_with_two_jids_is_forgotten_with_both
    of_several_who_claim_an_address_its_owner_is_forgotten
    all_who_claim_an_address_are_forgotten_if_that_is_wanted
    a_grade_on_its_way_is_erased_only_if_that_is_wanted
    who_is_forgotten_again_meanwhile_is_let_go_again
    what_the_bot_writes_while_it_lets_somebody_go_is_erased_too
}

const DAY: i64 = 24 * 60 * 60;

async fn put_session(store: &Store, jid: &str, at: i64) {
    let snapshot =
        Snapshot::from_text(r#"{"v":1,"lesson":"L","instance":256,"state":"a"}"#).unwrap();
    let (jid, snapshot) = (jid.to_owned(), Some(Arc::new(snapshot)));
    let enrolment = store.claims(&jid).await.unwrap().pop().map(|one| one.id);
    store.write_behind(&[Write::Session { jid, enrolment, snapshot, at }]).await.unwrap();
}

async fn n_sessions(store: &Store) -> usize {
    store.known().await.unwrap().iter().filter(|row| row.snapshot.is_some()).count()
}

async fn who_was_not_heard_of_for_long_is_deleted(database: Database) {
    let store = database.open().await;
    // All launched at 1000.
    for user in ["anna", "ben", "cleo"] {
        enrolled(&store, user, &format!("{user}@example.org")).await;
        put_session(&store, &format!("{user}@example.org"), 1000).await;
    }
    store.put_enrolment(person("dora", "link")).await.unwrap();
    let now = 1000 + 400 * DAY;
    reach(&store, "ben@example.org", Progress::Talking, now - 399 * DAY).await;
    put_session(&store, "ben@example.org", now - DAY).await;
    let cleo = store.claims("cleo@example.org").await.unwrap().remove(0).id;
    let grade = NewGrade { enrolment: cleo, score: 1.0, achieved_at: 1000 };
    let cleo = store.put_grade(&grade).await.unwrap();

    let for_ever = Retention { sessions: None, enrolments: None };
    assert!(store.tidy(for_ever, now * 2).await.unwrap().is_empty());
    assert_eq!(n_sessions(&store).await, 3);
    assert!(store.tidy(Retention::default(), now).await.unwrap().is_empty());
    assert_eq!(n_sessions(&store).await, 1);
    let gone = store.tidy(Retention::default(), now + 1).await.unwrap();

    // Ben was heard of, and Cleo's grade is on its way.
    assert_eq!(jids(gone), ["anna@example.org"]);
    let left = async || {
        let left = store.enrolments().await.unwrap();
        left.into_iter().filter_map(|one| one.jid).collect::<Vec<_>>()
    };
    let mut now_left = left().await;
    now_left.sort();
    assert_eq!(now_left, ["ben@example.org", "cleo@example.org"]);
    store.grade_recorded(&cleo, 1, now).await.unwrap();
    let gone = store.tidy(Retention::default(), now + 1).await.unwrap();
    assert_eq!(jids(gone), ["cleo@example.org"]);
    assert_eq!(left().await, ["ben@example.org"]);
    assert_eq!(store.grade_counts().await.unwrap().recorded, 0);
}

async fn a_person_is_forgotten_in_all_their_assignments(database: Database) {
    let store = database.open().await;
    enrolled(&store, "anna", "anna@example.org").await;
    let elsewhere = store.put_enrolment(person("anna", "other link")).await.unwrap();
    let grade = NewGrade { enrolment: elsewhere.id.clone(), score: 1.0, achieved_at: 2000 };
    let id = store.put_grade(&grade).await.unwrap();
    store.grade_recorded(&id, 1, 2001).await.unwrap();
    enrolled(&store, "ben", "ben@example.org").await;
    // Guests have no id in the LMS: they are nobody's namesakes.
    let guest = NewEnrolment { user_id: String::new(), ..person("", "third link") };
    let guest = store.put_enrolment(guest).await.unwrap();
    store.set_jid(&guest.id, Some("guest@example.org")).await.unwrap();
    let other = NewEnrolment { user_id: String::new(), ..person("", "fourth link") };
    store.put_enrolment(other).await.unwrap();
    store.count_invitation("key", "anna", Invitations::default(), 2000).await.unwrap();
    put_session(&store, "anna@example.org", 2000).await;

    let erased =
        store.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();

    let expected =
        Erased { enrolments: 2, grades: 1, sessions: 1, invitations: 1, ..Erased::default() };
    assert_eq!(erased, expected);
    assert!(store.enrolment(&elsewhere.id).await.unwrap().is_none());
    assert!(!store.claims("ben@example.org").await.unwrap().is_empty());
    assert_eq!(store.forgotten().await.unwrap(), [forgotten("anna@example.org", 3000)]);
    let erased =
        store.forget("guest@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();
    assert_eq!((erased.enrolments, erased.is_nothing()), (1, false));
    let nobody =
        store.forget("nobody@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();
    assert!(nobody.is_nothing());
}

fn forgotten(jid: &str, at: i64) -> Forgotten {
    Forgotten { jid: jid.to_owned(), enrolment: None, at }
}

fn jids(gone: Vec<(EnrolmentId, String)>) -> Vec<String> {
    gone.into_iter().map(|(_, jid)| jid).collect()
}

async fn a_person_with_two_jids_is_forgotten_with_both(database: Database) {
    let store = database.open().await;
    enrolled(&store, "anna", "anna@example.org").await;
    let elsewhere = store.put_enrolment(person("anna", "other link")).await.unwrap();
    store.set_jid(&elsewhere.id, Some("anna@work.example")).await.unwrap();
    enrolled(&store, "ben", "ben@example.org").await;
    for jid in ["anna@example.org", "anna@work.example", "ben@example.org"] {
        put_session(&store, jid, 2000).await;
    }

    let erased =
        store.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();

    assert_eq!((erased.enrolments, erased.sessions), (2, 2));
    assert_eq!(erased.other_jids, ["anna@work.example"]);
    assert_eq!(n_sessions(&store).await, 1);
    let mut gone = store.forgotten().await.unwrap();
    gone.sort_by(|one, other| one.jid.cmp(&other.jid));
    // Of the other address only what is theirs: somebody else may claim it, too.
    let other = Forgotten { enrolment: Some(elsewhere.id), ..forgotten("anna@work.example", 3000) };
    assert_eq!(gone, [forgotten("anna@example.org", 3000), other]);
}

async fn of_several_who_claim_an_address_its_owner_is_forgotten(database: Database) {
    let store = database.open().await;
    let eve = enrolled(&store, "eve", "anna@example.org").await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let ben = enrolled(&store, "ben", "anna@example.org").await;
    let jid = "anna@example.org".to_owned();
    let proof = Write::Proven { enrolment: anna.id.clone(), jid };
    store.write_behind(&[proof]).await.unwrap();

    let erased =
        store.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();

    assert_eq!((erased.enrolments, erased.claims), (1, 2));
    assert!(store.enrolment(&anna.id).await.unwrap().is_none());
    for other in [&eve, &ben] {
        let left = store.enrolment(&other.id).await.unwrap().unwrap();
        assert_eq!(left.jid, None, "the address is forgotten everywhere");
    }
}

async fn all_who_claim_an_address_are_forgotten_if_that_is_wanted(database: Database) {
    let store = database.open().await;
    for name in ["eve", "anna"] {
        enrolled(&store, name, "anna@example.org").await;
    }

    let erased = store.forget("anna@example.org", Owners::All, false, 3000).await.unwrap().unwrap();

    assert_eq!((erased.enrolments, erased.claims), (2, 0));
}

async fn who_is_forgotten_again_meanwhile_is_let_go_again(database: Database) {
    let store = database.open().await;
    store.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();
    let seen = store.forgotten().await.unwrap();
    store.forget("anna@example.org", Owners::Proven, false, 3001).await.unwrap().unwrap();

    store.let_go(&seen).await.unwrap();

    assert_eq!(store.forgotten().await.unwrap(), [forgotten("anna@example.org", 3001)]);
}

async fn a_grade_on_its_way_is_erased_only_if_that_is_wanted(database: Database) {
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let grade = NewGrade { enrolment: anna.id, score: 1.0, achieved_at: 2000 };
    store.put_grade(&grade).await.unwrap();

    let refused = store.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap();

    assert_eq!(refused, Err(Unsent(1)));
    assert!(!store.claims("anna@example.org").await.unwrap().is_empty());
    assert!(store.forgotten().await.unwrap().is_empty());
    let erased =
        store.forget("anna@example.org", Owners::Proven, true, 3000).await.unwrap().unwrap();
    assert_eq!((erased.enrolments, erased.grades), (1, 1));
    assert!(store.due_grades(9000).await.unwrap().is_empty());
}

async fn what_the_bot_writes_while_it_lets_somebody_go_is_erased_too(database: Database) {
    let store = database.open().await;
    enrolled(&store, "anna", "anna@example.org").await;
    store.forget("anna@example.org", Owners::Proven, false, 3000).await.unwrap().unwrap();
    put_session(&store, "anna@example.org", 3001).await;
    put_session(&store, "ben@example.org", 3001).await;

    let forgotten = store.forgotten().await.unwrap();
    store.let_go(&forgotten).await.unwrap();

    assert_eq!(n_sessions(&store).await, 1);
    assert!(store.forgotten().await.unwrap().is_empty());
}
