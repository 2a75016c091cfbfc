//! What learners have earned: where it goes, and that it goes anywhere at all.

use futures_util::future::{join, join_all};
use otrbot::{
    records::{EnrolmentId, Graded, NewEnrolment, Progress},
    store::{Store, Taken, Write},
};

use crate::store::{
    database::{Database, on_both},
    enrolled, person, reach,
};

on_both! {
    what_is_written_late_stays_in_its_assignment
    the_full_grade_comes_with_the_last_step
    full_grades_that_are_missing_are_put_on_their_way
    each_platform_has_a_queue_of_its_own
    grades_of_a_version_without_queues_are_sent
    sessions_and_jids_of_a_version_without_claims_are_kept
    a_launch_that_the_database_refuses_takes_no_other_with_it
    launches_and_writes_that_cross_get_through
}

fn step(enrolment: &EnrolmentId, jid: &str, progress: Progress, credit: Option<f64>) -> Write {
    let (enrolment, jid) = (enrolment.clone(), jid.to_owned());
    Write::Progress { enrolment, jid, progress, credit, at: 2000 }
}

async fn score(store: &Store, id: &EnrolmentId) -> Option<f64> {
    store.grade(id).await.unwrap().map(|grade| grade.score)
}

async fn what_is_written_late_stays_in_its_assignment(database: Database) {
    let store = database.open().await;
    let first = enrolled(&store, "anna", "anna@example.org").await;
    let second = store.put_enrolment(person("anna", "other link")).await.unwrap();
    let late = step(&first.id, "anna@example.org", Progress::Verified, Some(0.75));

    // Before it is written, she takes her Jabber ID along.
    store.set_jid(&second.id, Some("anna@example.org")).await.unwrap();
    store.write_behind(&[late]).await.unwrap();

    assert_eq!(score(&store, &first.id).await, Some(0.75));
    assert_eq!(score(&store, &second.id).await, None);
    for (id, reached) in [(&first.id, Progress::Verified), (&second.id, Progress::Invited)] {
        assert_eq!(store.enrolment(id).await.unwrap().unwrap().progress, reached);
    }
}

async fn the_full_grade_comes_with_the_last_step(database: Database) {
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let part = step(&anna.id, "anna@example.org", Progress::Verified, Some(0.75));
    let whole = step(&anna.id, "anna@example.org", Progress::Done, Some(1.0));
    store.write_behind(&[part, whole.clone(), whole]).await.unwrap();

    let due = store.due_grades(2000).await.unwrap();
    assert_eq!((due.len(), due[0].achieved_at, due[0].version), (1, 2000, 2));
    assert_eq!(due[0].enrolment, anna.id);
    assert!(store.grade(&anna.id).await.unwrap().as_ref().is_some_and(Graded::is_full));
    let guest = NewEnrolment { may_grade: false, ..person("guest", "link") };
    let guest = store.put_enrolment(guest).await.unwrap();
    store.write_behind(&[step(&guest.id, "", Progress::Done, Some(1.0))]).await.unwrap();
    assert_eq!(score(&store, &guest.id).await, None);
}

async fn full_grades_that_are_missing_are_put_on_their_way(database: Database) {
    let store = database.open().await;
    let mut ids = Vec::new();
    for (user, progress, part) in [
        ("nothing", Progress::Done, None),
        ("part", Progress::Done, Some(0.75)),
        ("whole", Progress::Done, Some(1.0)),
        ("not yet", Progress::Verified, Some(0.75)),
    ] {
        let jid = format!("{}@example.org", user.replace(' ', ""));
        let one = enrolled(&store, user, &jid).await;
        store.write_behind(&[step(&one.id, &jid, progress, part)]).await.unwrap();
        // They are heard of again, which is not when they finished.
        reach(&store, &jid, Progress::Talking, 3000).await;
        ids.push(one.id);
    }
    let guest = NewEnrolment { may_grade: false, ..person("guest", "link") };
    let guest = store.put_enrolment(guest).await.unwrap();
    store.set_jid(&guest.id, Some("guest@example.org")).await.unwrap();
    reach(&store, "guest@example.org", Progress::Done, 2000).await;
    store.close().await;

    let store = database.open().await;
    assert_eq!(store.put_missing_grades(9000).await.unwrap(), 2);
    assert_eq!(store.put_missing_grades(9000).await.unwrap(), 0);

    let mut scores = Vec::new();
    for id in &ids {
        scores.push(score(&store, id).await.unwrap());
    }
    assert_eq!(scores, [1.0, 1.0, 1.0, 0.75]);
    assert_eq!(score(&store, &guest.id).await, None);
    while let Some(due) = store.due_grades(9000).await.unwrap().pop() {
        assert_eq!(due.achieved_at, 2000, "{due:?}");
        store.grade_recorded(&due.id, due.version, 9001).await.unwrap();
    }
}

async fn each_platform_has_a_queue_of_its_own(database: Database) {
    let store = database.open().await;
    for (user, key, at) in [("a", "one", 1), ("b", "one", 2), ("c", "two", 3), ("d", "three", 90)] {
        let new = NewEnrolment { consumer_key: key.to_owned(), ..person(user, "link") };
        let id = store.put_enrolment(new).await.unwrap().id;
        let write = Write::Progress {
            enrolment: id,
            jid: String::new(),
            progress: Progress::Done,
            credit: Some(1.0),
            at,
        };
        store.write_behind(&[write]).await.unwrap();
    }
    let due = async |now| {
        let due = store.due_grades(now).await.unwrap();
        due.into_iter().map(|due| (due.consumer_key, due.achieved_at)).collect::<Vec<_>>()
    };

    assert_eq!(due(50).await, [("one".to_owned(), 1), ("two".to_owned(), 3)]);
    assert_eq!(store.next_grade_due(50).await.unwrap(), Some(90));
    let first = store.due_grades(50).await.unwrap().remove(0);
    store.grade_retry(&first.id, first.version, 70, "busy").await.unwrap();
    assert_eq!(due(50).await, [("one".to_owned(), 2), ("two".to_owned(), 3)]);
    assert_eq!(store.next_grade_due(50).await.unwrap(), Some(70));
    assert_eq!(due(90).await.len(), 3);
}

async fn a_launch_that_the_database_refuses_takes_no_other_with_it(database: Database) {
    let store = database.open().await;
    let launches = (0..40).map(|number| {
        let name = if number % 10 == 7 { "a\0b" } else { "Anna" };
        let new = NewEnrolment {
            name: Some(name.to_owned()),
            ..person(&format!("user {number}"), "link")
        };
        store.take_launch(None, Some(new))
    });

    for (number, taken) in join_all(launches).await.into_iter().enumerate() {
        // Only PostgreSQL refuses a zero byte.
        if number % 10 != 7 {
            let Ok(Taken::Enrolled { enrolment, .. }) = taken else { panic!("{taken:?}") };
            assert_eq!(enrolment.user_id, format!("user {number}"));
        }
    }
}

async fn launches_and_writes_that_cross_get_through(database: Database) {
    const N: usize = 48;
    let store = database.open().await;
    let mut ids = Vec::new();
    for number in 0..N {
        ids.push(enrolled(&store, &format!("{number:02}"), &format!("{number}@x.org")).await.id);
    }
    // In the other order.
    let writes: Vec<Write> = ids
        .iter()
        .enumerate()
        .rev()
        .map(|(n, id)| step(id, &format!("{n}@x.org"), Progress::Talking, None))
        .collect();
    for _ in 0..8 {
        let launches = (0..N)
            .map(|number| store.take_launch(None, Some(person(&format!("{number:02}"), "link"))));
        // What is written behind is tried again by whoever writes it.
        let behind = async { while store.write_behind(&writes).await.is_err() {} };
        let (taken, ()) = join(join_all(launches), behind).await;
        assert!(taken.iter().all(Result::is_ok), "{taken:?}");
    }
}

async fn grades_of_a_version_without_queues_are_sent(database: Database) {
    let statements = [
        "INSERT INTO enrolments (id, consumer_key, user_id, context_id, resource_link_id, \
            may_grade, is_teacher, outcome_url, sourcedid, progress, created_at, active_at) \
            VALUES ('due', 'key', 'anna', 'c', 'l', 1, 0, 'u', 's', 3, 1, 10), \
            ('lost', 'key', 'ben', 'c', 'l', 1, 0, 'u', 's', 4, 1, 20)",
        "INSERT INTO grades (id, enrolment, score, achieved_at, state, attempts, next_at) \
            VALUES ('grade', 'due', 0.75, 5, 0, 0, 5)",
    ];
    database.of_version(3, &statements).await;

    let store = database.open().await;
    assert_eq!(store.put_missing_grades(100).await.unwrap(), 1);

    let mut sent = Vec::new();
    while let Some(due) = store.due_grades(100).await.unwrap().pop() {
        store.grade_recorded(&due.id, due.version, 101).await.unwrap();
        sent.push((due.enrolment.to_string(), due.consumer_key, due.achieved_at));
    }
    let expected = [("due", 5), ("lost", 20)];
    assert_eq!(sent, expected.map(|(id, at)| (id.to_owned(), "key".to_owned(), at)));
}

async fn sessions_and_jids_of_a_version_without_claims_are_kept(database: Database) {
    let statements = [
        "INSERT INTO enrolments (id, consumer_key, user_id, context_id, resource_link_id, jid, \
            may_grade, is_teacher, progress, created_at, active_at) VALUES \
            ('anna', 'key', 'anna', 'c', 'l', 'anna@x.org', 1, 0, 3, 1, 10), \
            ('ben', 'key', 'ben', 'c', 'l', 'ben@x.org.', 1, 0, 1, 1, 20), \
            ('theo', 'key', 'theo', 'c', 'l', NULL, 0, 1, 0, 1, 30)",
        r#"INSERT INTO sessions (jid, snapshot, saved_at) VALUES
            ('anna@x.org', '{"v":1,"lesson":"L","instance":256,"state":"a"}', 5),
            ('dora@x.org', '{"v":1,"lesson":"L","instance":257,"state":"b"}', 6)"#,
        "INSERT INTO forgotten (jid, at) VALUES ('eve@x.org', 7)",
        "INSERT INTO nonces (digest, forget_after) VALUES ('digest', 4000000000)",
        "INSERT INTO invitations (person, at) VALUES ('digest', 4000000000)",
    ];
    database.of_version(4, &statements).await;

    let store = database.open().await;

    let mut known = store.known().await.unwrap();
    known.sort_by(|one, other| one.jid.cmp(&other.jid));
    let seen: Vec<_> = known
        .iter()
        .map(|row| {
            let enrolment = row.enrolment.as_ref();
            let whose = enrolment.map(|known| (known.id.to_string(), known.is_proven));
            (row.jid.as_str(), whose, row.snapshot.is_some())
        })
        .collect();
    let of = |id: &str, is_proven| Some((id.to_owned(), is_proven));
    assert_eq!(
        seen,
        [
            ("anna@x.org", of("anna", true), true),
            ("ben@x.org", of("ben", false), false),
            ("dora@x.org", None, true),
        ]
    );
    let theo = store.enrolment(&EnrolmentId::from_text("theo")).await.unwrap().unwrap();
    assert!(store.is_teacher_now(&theo).await.unwrap());
    let gone = store.forgotten().await.unwrap();
    assert_eq!((gone[0].jid.as_str(), &gone[0].enrolment), ("eve@x.org", &None));
    assert_eq!(store.usage("key", 100).await.unwrap().enrolments, 3);
}
