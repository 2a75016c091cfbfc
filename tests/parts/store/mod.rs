//! The store on a real database: what is kept, what is refused, what survives.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "helpers of a test may fail it, and wait by the clock"
)]

mod assignments;
mod damage;
mod database;
mod earned;
mod elsewhere;
mod erasure;
mod outage;
mod retention;
mod sessions;

use std::sync::atomic::{AtomicU64, Ordering};

use database::{Database, on_both};
use futures_util::future::join_all;
use otrbot::{
    records::{
        Course, Enrolment, EnrolmentId, Funnel, GradeState, NewEnrolment, NewGrade, Progress,
        Wanted,
    },
    settings::Invitations,
    store::{Invited, Limits, Nonce, Store, StoreError, Taken, Write},
};

on_both! {
    of_eight_replays_at_once_one_is_fresh
    launches_at_once_are_all_written_and_answered_each_with_its_own
    a_better_grade_that_comes_while_one_is_sent_stays_on_its_way
    invitations_are_limited_for_each_person_and_in_total
    invitations_at_once_are_no_more_than_one_after_the_other
    a_teacher_sees_the_learners_of_their_own_course_only
    an_enrolment_keeps_its_jid_and_progress_at_the_next_launch_and_restart
    a_jid_is_claimed_by_many_and_goes_with_each_of_them
    a_role_is_that_of_the_newest_launch_in_the_course
    a_platform_that_is_full_takes_nobody_else_and_keeps_whom_it_has
    one_platform_uses_up_its_own_invitations_alone
    a_grade_waits_until_it_is_recorded_and_is_never_lowered
    launches_at_once_are_all_answered_whoever_writes_them
}

pub(crate) fn person(user: &str, link: &str) -> NewEnrolment {
    NewEnrolment {
        consumer_key: "key".into(),
        user_id: user.into(),
        context_id: "course".into(),
        resource_link_id: link.into(),
        locale: Some("nl".into()),
        lesson: None,
        may_grade: true,
        is_teacher: false,
        outcome_url: Some("https://lms.example/grades".into()),
        sourcedid: Some("cell".into()),
        is_learner: true,
        now: 1000,
        ..NewEnrolment::default()
    }
}

pub(crate) async fn enrolled(store: &Store, user: &str, jid: &str) -> Enrolment {
    let enrolment = store.put_enrolment(person(user, "link")).await.unwrap();
    store.set_jid(&enrolment.id, Some(jid)).await.unwrap();
    store.enrolment(&enrolment.id).await.unwrap().unwrap()
}

/// As a session does whose learner reaches a step.
pub(crate) async fn reach(store: &Store, jid: &str, progress: Progress, at: i64) {
    let enrolment = store.claims(jid).await.unwrap().remove(0).id;
    let write = Write::Progress { enrolment, jid: jid.to_owned(), progress, credit: None, at };
    store.write_behind(&[write]).await.unwrap();
}

/// As a session does that reaches a step for which the lesson gives a part of the grade. The step is
/// the first one, as if nothing had changed.
async fn put_credit(store: &Store, jid: &str, credit: f64) {
    let enrolment = store.claims(jid).await.unwrap().remove(0).id;
    let (jid, credit) = (jid.to_owned(), Some(credit));
    let write = Write::Progress { enrolment, jid, progress: Progress::Invited, credit, at: 2000 };
    store.write_behind(&[write]).await.unwrap();
}

async fn of_eight_replays_at_once_one_is_fresh(database: Database) {
    let store = database.open().await;

    let launch = async |nonce: &str| {
        let nonce = Nonce::new("key", nonce, 2000);
        store.take_launch(Some(nonce), Some(person("anna", "link"))).await.unwrap()
    };
    let is_fresh = |taken: &Taken| matches!(taken, Taken::Enrolled { .. });

    let tries = join_all((0..8).map(|_| launch("once"))).await;

    assert_eq!(tries.iter().filter(|taken| is_fresh(taken)).count(), 1, "{tries:?}");
    let other = Nonce::new("ke", "yonce", 2000);
    assert_eq!(store.take_launch(Some(other), None).await.unwrap(), Taken::Noted);
    assert_eq!(launch("once").await, Taken::Replayed);
    store.forget_nonces(2001).await.unwrap();
    store.recount().await.unwrap();
    assert!(is_fresh(&launch("once").await));
}

async fn launches_at_once_are_all_written_and_answered_each_with_its_own(database: Database) {
    let store = database.open().await;
    let known = enrolled(&store, "user 7", "seven@example.org").await;
    let grade = NewGrade { enrolment: known.id.clone(), score: 1.0, achieved_at: 1500 };
    store.put_grade(&grade).await.unwrap();

    let launches = (0..300).map(|number| {
        let nonce = Nonce::new("key", &format!("nonce {number}"), 3000);
        let new = NewEnrolment { now: 2000, ..person(&format!("user {}", number % 150), "link") };
        store.take_launch(Some(nonce), Some(new))
    });
    let taken = join_all(launches).await;

    for (number, taken) in taken.into_iter().enumerate() {
        let Taken::Enrolled { enrolment, grade } = taken.unwrap() else { panic!("a replay") };
        assert_eq!(enrolment.user_id, format!("user {}", number % 150));
        assert_eq!(grade.is_some(), number % 150 == 7, "{number}");
    }
}

async fn a_better_grade_that_comes_while_one_is_sent_stays_on_its_way(database: Database) {
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;

    put_credit(&store, "anna@example.org", 0.4).await;
    let sent = store.due_grades(2000).await.unwrap().remove(0);
    let full = NewGrade { enrolment: anna.id.clone(), score: 1.0, achieved_at: 2001 };
    store.put_grade(&full).await.unwrap();
    store.grade_recorded(&sent.id, sent.version, 2002).await.unwrap();

    let due = store.due_grades(2002).await.unwrap();
    assert_eq!(due.iter().map(|due| due.score).collect::<Vec<_>>(), [1.0]);
    store.grade_failed(&due[0].id, sent.version, "of the one before").await.unwrap();
    assert_eq!(store.due_grades(2002).await.unwrap().len(), 1);
    assert_eq!(store.grade_counts().await.unwrap().due, 1);
}

async fn invitations_are_limited_for_each_person_and_in_total(database: Database) {
    let store = database.open().await;
    let limits = Invitations { per_person: 3, in_total: 5, per_platform: 100 };
    let invite =
        async |user: &str, now| store.count_invitation("key", user, limits, now).await.unwrap();

    for _ in 0..3 {
        assert_eq!(invite("anna", 1_000_000).await, Invited::Yes);
    }
    assert_eq!(invite("anna", 1_000_001).await, Invited::TooManyForPerson);
    assert_eq!(invite("ben", 1_000_001).await, Invited::Yes);
    assert_eq!(invite("cleo", 1_000_001).await, Invited::Yes);
    assert_eq!(invite("ben", 1_000_002).await, Invited::TooManyInTotal);
    assert_eq!(invite("anna", 1_086_400).await, Invited::Yes);
    store.forget_invitations(1_086_400).await.unwrap();
    assert_eq!(invite("anna", 1_086_401).await, Invited::Yes);
}

async fn invitations_at_once_are_no_more_than_one_after_the_other(database: Database) {
    let store = database.open().await;
    let limits = Invitations { per_person: 10, in_total: 100, per_platform: 1_000 };

    let invited = join_all((0..40).map(|_| store.count_invitation("key", "anna", limits, 1000)));

    let n = invited.await.into_iter().filter(|one| matches!(one, Ok(Invited::Yes))).count();
    assert_eq!(n, 10);
}

async fn a_teacher_sees_the_learners_of_their_own_course_only(database: Database) {
    let store = database.open().await;
    for (user, name, jid) in
        [("anna", "Anna Ñu", "anna@example.org"), ("ben", "Ben", "ben@example.org")]
    {
        let new = NewEnrolment { name: Some(name.to_owned()), ..person(user, "link") };
        let enrolment = store.put_enrolment(new).await.unwrap();
        store.set_jid(&enrolment.id, Some(jid)).await.unwrap();
    }
    store.put_enrolment(person("cleo", "link")).await.unwrap();
    store.put_enrolment(NewEnrolment { is_teacher: true, ..person("tom", "link") }).await.unwrap();
    store.put_enrolment(NewEnrolment { is_learner: false, ..person("mo", "link") }).await.unwrap();
    let elsewhere = NewEnrolment { context_id: "other".to_owned(), ..person("dora", "link") };
    store.put_enrolment(elsewhere).await.unwrap();
    let stranger = NewEnrolment { consumer_key: "other".to_owned(), ..person("eve", "link") };
    store.put_enrolment(stranger).await.unwrap();
    reach(&store, "anna@example.org", Progress::Verified, 3000).await;
    put_credit(&store, "ben@example.org", 0.5).await;
    let due = store.due_grades(2000).await.unwrap().remove(0);
    store.grade_failed(&due.id, due.version, "no such user").await.unwrap();

    let course = Course {
        consumer_key: "key".to_owned(),
        context_id: "course".to_owned(),
        resource_link_id: String::new(),
    };
    let wanted = Wanted { page_size: 2, ..Wanted::default() };
    let (page, n, funnel) = store.course(&course, &wanted).await.unwrap();
    assert_eq!((page.len(), n), (2, 3));
    assert_eq!(page[0].name.as_deref(), Some("Anna Ñu"));
    assert_eq!(page[0].active_at, 3000);
    assert_eq!(
        funnel,
        Funnel {
            opened: 3,
            invited: 2,
            talking: 1,
            encrypted: 1,
            verified: 1,
            done: 0,
            recorded: 0,
            failed: 1,
            is_of_several: false,
        }
    );
    let search = async |search: &str, failed_only| {
        let search = search.to_owned();
        let wanted = Wanted { search, failed_only, page: 9, page_size: 10, ..Wanted::default() };
        let (page, _, _) = store.course(&course, &wanted).await.unwrap();
        page.into_iter().filter_map(|row| row.name).collect::<Vec<_>>()
    };
    assert_eq!(search("ñU", false).await, ["Anna Ñu"]);
    assert_eq!(search("BEN@", false).await, ["Ben"]);
    assert_eq!(search("", true).await, ["Ben"]);
    assert_eq!(search("nobody", false).await, [""; 0]);

    let other = Course { context_id: "other".to_owned(), ..course.clone() };
    let page_of_ben = store.course(&course, &Wanted { failed_only: true, ..wanted.clone() }).await;
    let ben = page_of_ben.unwrap().0.remove(0).id;
    assert_eq!(store.send_again(&other, Some(&ben), 9000).await.unwrap(), 0);
    assert_eq!(store.send_again(&other, None, 9000).await.unwrap(), 0);
    assert_eq!(store.send_again(&course, Some(&ben), 9000).await.unwrap(), 1);
    let due = store.due_grades(9000).await.unwrap();
    assert_eq!((due.len(), due[0].achieved_at, due[0].queued_at), (1, 2000, 9000));
}

async fn an_enrolment_keeps_its_jid_and_progress_at_the_next_launch_and_restart(
    database: Database,
) {
    let store = database.open().await;
    let first = enrolled(&store, "anna", "anna@example.org").await;
    reach(&store, "anna@example.org", Progress::Verified, 1500).await;
    reach(&store, "anna@example.org", Progress::Talking, 1600).await;
    store.close().await;

    let store = database.open().await;
    let again = NewEnrolment { locale: Some("fr".into()), now: 5000, ..person("anna", "link") };
    let second = store.put_enrolment(again).await.unwrap();

    assert_eq!(second.id, first.id);
    assert_eq!(second.jid.as_deref(), Some("anna@example.org"));
    assert_eq!(second.progress, Progress::Verified);
    assert_eq!(second.locale.as_deref(), Some("fr"));
    assert_eq!(second.created_at, 1000);
    assert_eq!(store.enrolments().await.unwrap(), vec![second]);
}

async fn a_jid_is_claimed_by_many_and_goes_with_each_of_them(database: Database) {
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let ben = enrolled(&store, "ben", "anna@example.org").await;
    let jid = || "anna@example.org".to_owned();
    let proof = Write::Proven { enrolment: anna.id.clone(), jid: jid() };
    // Ben has gone on to another address by the time that his proof is written.
    store.set_jid(&ben.id, Some("ben@example.org")).await.unwrap();
    let late = Write::Proven { enrolment: ben.id.clone(), jid: jid() };
    store.write_behind(&[proof, late]).await.unwrap();
    let elsewhere = store.put_enrolment(person("anna", "other link")).await.unwrap();

    assert!(store.is_proven_elsewhere(&elsewhere, "anna@example.org").await.unwrap());
    assert!(!store.is_proven_elsewhere(&ben, "anna@example.org").await.unwrap());
    store.set_jid(&elsewhere.id, Some("anna@example.org")).await.unwrap();

    let read = async |id: &EnrolmentId| store.enrolment(id).await.unwrap().unwrap();
    assert_eq!(read(&anna.id).await.jid.as_deref(), Some("anna@example.org"));
    assert!(read(&elsewhere.id).await.is_proven, "whoever has shown it once has shown it");
    assert!(!read(&ben.id).await.is_proven);
    store.set_jid(&elsewhere.id, Some("anna2@example.org")).await.unwrap();
    let moved = read(&elsewhere.id).await;
    assert_eq!((moved.is_proven, moved.progress), (false, Progress::Invited));
    let nobody = EnrolmentId::from_text("nobody");
    assert!(matches!(store.set_jid(&nobody, None).await.unwrap_err(), StoreError::NotFound));
}

async fn a_role_is_that_of_the_newest_launch_in_the_course(database: Database) {
    let store = database.open().await;
    let launch = async |link: &str, context: &str, is_teacher: bool, launched_at: i64| {
        let context_id = context.to_owned();
        let new = NewEnrolment { is_teacher, launched_at, context_id, ..person("theo", link) };
        store.put_enrolment(new).await.unwrap()
    };
    let taught = launch("one", "course", true, 1_000_000).await;
    let alone = launch("nowhere", "", true, 1_000_001).await;
    assert!(store.is_teacher_now(&taught).await.unwrap());

    launch("elsewhere", "another course", false, 1_000_002).await;
    launch("nowhere 2", "", false, 1_000_003).await;
    assert!(store.is_teacher_now(&taught).await.unwrap());
    assert!(store.is_teacher_now(&alone).await.unwrap());
    launch("two", "course", false, 1_000_004).await;

    assert!(!store.is_teacher_now(&taught).await.unwrap());
    launch("two", "course", true, 1_000_005).await;
    assert!(store.is_teacher_now(&taught).await.unwrap());
}

async fn a_platform_that_is_full_takes_nobody_else_and_keeps_whom_it_has(database: Database) {
    let store = database.open().await.with_limits(Limits { enrolments_per_platform: 3 });
    let launch = async |platform: &str, user: &str| {
        let new = NewEnrolment { consumer_key: platform.into(), ..person(user, "link") };
        let nonce = Nonce::new(platform, &random(), 3000);
        store.take_launch(Some(nonce), Some(new)).await.unwrap()
    };
    let is_enrolled = |taken: &Taken| matches!(taken, Taken::Enrolled { .. });
    for user in ["a", "b", "c", "a"] {
        assert!(is_enrolled(&launch("one", user).await), "{user}");
    }

    assert_eq!(launch("one", "d").await, Taken::OverQuota);
    assert!(is_enrolled(&launch("one", "b").await), "who is there stays");
    assert!(is_enrolled(&launch("other", "d").await), "another platform has room");
    let usage = store.usage("one", 2000).await.unwrap();
    assert_eq!((usage.enrolments, usage.nonces), (3, 6));
    // As at the next start.
    store.recount().await.unwrap();
    assert_eq!(launch("one", "d").await, Taken::OverQuota);
    assert_eq!(store.usage("one", 2000).await.unwrap().enrolments, 3);
}

async fn one_platform_uses_up_its_own_invitations_alone(database: Database) {
    let store = database.open().await;
    let limits = Invitations { per_person: 2, in_total: 5, per_platform: 3 };
    let invite = async |platform: &str, user: &str, at: i64| {
        store.count_invitation(platform, user, limits, at).await.unwrap()
    };

    for user in ["a", "b", "c"] {
        assert_eq!(invite("one", user, 1000).await, Invited::Yes);
    }
    assert_eq!(invite("one", "d", 1000).await, Invited::TooManyForPlatform);
    assert_eq!(invite("other", "a", 1000).await, Invited::Yes);
    assert_eq!(store.usage("one", 1000).await.unwrap().invitations, 3);
    // What was not sent does not count.
    store.uncount_invitation("one", "c", 1000).await.unwrap();
    assert_eq!(invite("one", "d", 1000).await, Invited::Yes);
    assert_eq!(invite("other", "b", 1000).await, Invited::Yes);
    assert_eq!(invite("third", "a", 1000).await, Invited::TooManyInTotal);
}

/// A text that is another one each time.
fn random() -> String {
    static N: AtomicU64 = AtomicU64::new(0);
    N.fetch_add(1, Ordering::Relaxed).to_string()
}

async fn a_grade_waits_until_it_is_recorded_and_is_never_lowered(database: Database) {
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let grade = |score| NewGrade { enrolment: anna.id.clone(), score, achieved_at: 2000 };

    let id = store.put_grade(&grade(0.5)).await.unwrap();
    assert_eq!(store.put_grade(&grade(1.0)).await.unwrap(), id);
    store.put_grade(&grade(0.2)).await.unwrap();
    assert!(store.due_grades(1999).await.unwrap().is_empty());
    let due = store.due_grades(2000).await.unwrap();
    store.grade_retry(&id, due[0].version, 3000, "the LMS is away").await.unwrap();
    store.close().await;

    assert_eq!(due.len(), 1);
    assert!((due[0].score - 1.0).abs() < f64::EPSILON);
    assert_eq!((due[0].consumer_key.as_str(), due[0].sourcedid.as_str()), ("key", "cell"));
    let store = database.open().await;
    assert_eq!(store.next_grade_due(2000).await.unwrap(), Some(3000));
    let state = store.grade(&anna.id).await.unwrap().map(|grade| grade.state);
    assert_eq!(
        state,
        Some(GradeState::Due {
            attempts: 1,
            next_at: 3000,
            why: Some("the LMS is away".to_owned())
        })
    );
    store.grade_recorded(&id, due[0].version, 3001).await.unwrap();
    store.put_grade(&grade(1.0)).await.unwrap();
    let state = store.grade(&anna.id).await.unwrap().map(|grade| grade.state);
    assert_eq!(state, Some(GradeState::Recorded { at: 3001 }));
    assert_eq!(store.grade_counts().await.unwrap().recorded, 1);
    assert_eq!(store.next_grade_due(2000).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let database = Database::sqlite();
    let text = "this is not a database, but somebody may need it\n".repeat(100);
    std::fs::write(database.file(), &text).unwrap();

    let error = Store::open(&format!("sqlite://{}", database.file().display())).await.unwrap_err();

    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(database.file()).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let database = Database::sqlite();
    let url = database.url().to_owned();
    database.open().await.close().await;
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let insert = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
        execution_time) VALUES (9999, 'from the future', 1, x'00', 0)";
    sqlx::query(insert).execute(&pool).await.unwrap();
    pool.close().await;

    let error = Store::open(&url).await.unwrap_err();

    assert!(matches!(error, StoreError::Schema { .. }), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named_as_a_fault_of_opening() {
    let error = Store::open("sqlite:///not/there/otrbot.db").await.unwrap_err();

    assert!(matches!(error, StoreError::Open { .. }), "{error}");
}

#[tokio::test]
async fn a_database_in_memory_is_refused() {
    for url in ["sqlite::memory:", "sqlite:file:x?mode=memory"] {
        let refused = Store::open(url).await.unwrap_err();
        assert!(refused.to_string().contains("name a file"), "{url}: {refused}");
    }
}

async fn launches_at_once_are_all_answered_whoever_writes_them(database: Database) {
    let store = database.open().await;
    let begun = tokio::time::timeout(std::time::Duration::from_mins(1), async {
        // Of one person, who is written once in a transaction; and of more than fit into one.
        let people = (0..50).map(|_| 0).chain(0..200);
        let launches = people.enumerate().map(|(n, person)| {
            let store = store.clone();
            async move {
                let nonce = Nonce::new("key", &format!("nonce {n}"), 2_000);
                let new = self::person(&format!("person {person}"), "link");
                store.take_launch(Some(nonce), Some(new)).await
            }
        });
        join_all(launches).await
    });
    let taken = begun.await.unwrap();

    assert_eq!(taken.len(), 250);
    assert!(taken.iter().all(|taken| matches!(taken, Ok(Taken::Enrolled { .. }))));
    let course = Course {
        consumer_key: "key".into(),
        context_id: "course".into(),
        resource_link_id: String::new(),
    };
    let (_, n, _) = store.course(&course, &Wanted::default()).await.unwrap();
    assert_eq!(n, 200);
}
