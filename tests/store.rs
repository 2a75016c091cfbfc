//! The store on a real database: what is kept, what is refused, what survives.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use otrbot::{
    session::Progress,
    store::{Enrolment, EnrolmentId, GradeState, NewEnrolment, NewGrade, Store, StoreError},
};

struct Database {
    folder: tempfile::TempDir,
}

impl Database {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("otrbot.db")
    }

    async fn open(&self) -> Store {
        Store::open(&format!("sqlite://{}", self.file().display())).await.unwrap()
    }
}

fn person(user: &str, link: &str) -> NewEnrolment {
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
        return_url: None,
        now: 1000,
    }
}

async fn enrolled(store: &Store, user: &str, jid: &str) -> Enrolment {
    let enrolment = store.put_enrolment(&person(user, "link")).await.unwrap();
    store.set_jid(&enrolment.id, Some(jid)).await.unwrap();
    store.enrolment(&enrolment.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn of_eight_replays_at_once_one_is_fresh() {
    let database = Database::new();
    let store = database.open().await;

    // All at once: each is spawned before the first is awaited.
    let tries = std::array::from_fn::<_, 8, _>(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.remember_nonce("key", "once", 1000, 2000).await.unwrap() })
    });
    let mut fresh = 0;
    for attempt in tries {
        fresh += usize::from(attempt.await.unwrap());
    }

    assert_eq!(fresh, 1);
    assert!(store.remember_nonce("ke", "yonce", 1000, 2000).await.unwrap());
    store.forget_nonces(2001).await.unwrap();
    assert!(store.remember_nonce("key", "once", 1000, 2000).await.unwrap());
}

#[tokio::test]
async fn an_enrolment_keeps_its_jid_and_progress_at_the_next_launch_and_restart() {
    let database = Database::new();
    let store = database.open().await;
    let first = enrolled(&store, "anna", "anna@example.org").await;
    store.set_progress("anna@example.org", Progress::Verified).await.unwrap();
    store.set_progress("anna@example.org", Progress::Talking).await.unwrap();
    store.close().await;

    let store = database.open().await;
    let again = NewEnrolment { locale: Some("fr".into()), now: 5000, ..person("anna", "link") };
    let second = store.put_enrolment(&again).await.unwrap();

    assert_eq!(second.id, first.id);
    assert_eq!(second.jid.as_deref(), Some("anna@example.org"));
    assert_eq!(second.progress, Progress::Verified);
    assert_eq!(second.locale.as_deref(), Some("fr"));
    assert_eq!(second.created_at, 1000);
    assert_eq!(store.enrolments().await.unwrap(), vec![second]);
}

#[tokio::test]
async fn a_jid_belongs_to_one_person() {
    let database = Database::new();
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let ben = store.put_enrolment(&person("ben", "link")).await.unwrap();
    let anna_elsewhere = store.put_enrolment(&person("anna", "other link")).await.unwrap();

    let taken = store.set_jid(&ben.id, Some("anna@example.org")).await.unwrap_err();
    store.set_jid(&anna_elsewhere.id, Some("anna@example.org")).await.unwrap();
    store.set_progress("anna@example.org", Progress::Encrypted).await.unwrap();
    store.set_jid(&anna.id, Some("anna2@example.org")).await.unwrap();

    assert!(matches!(taken, StoreError::JidTaken));
    let anna = store.enrolment(&anna.id).await.unwrap().unwrap();
    assert_eq!(anna.progress, Progress::Invited);
    let nobody = EnrolmentId::from_text("nobody");
    assert!(matches!(store.set_jid(&nobody, None).await.unwrap_err(), StoreError::NotFound));
}

#[tokio::test]
async fn a_grade_waits_until_it_is_recorded_and_is_never_lowered() {
    let database = Database::new();
    let store = database.open().await;
    let anna = enrolled(&store, "anna", "anna@example.org").await;
    let grade = |score| NewGrade { enrolment: anna.id.clone(), score, achieved_at: 2000 };

    let id = store.put_grade(&grade(0.5)).await.unwrap();
    assert_eq!(store.put_grade(&grade(1.0)).await.unwrap(), id);
    store.put_grade(&grade(0.2)).await.unwrap();
    assert!(store.due_grades(1999, 10).await.unwrap().is_empty());
    let due = store.due_grades(2000, 10).await.unwrap();
    store.grade_retry(&id, 3000, "the LMS is away").await.unwrap();
    store.close().await;

    assert_eq!(due.len(), 1);
    assert!((due[0].score - 1.0).abs() < f64::EPSILON);
    assert_eq!((due[0].consumer_key.as_str(), due[0].sourcedid.as_str()), ("key", "cell"));
    let store = database.open().await;
    assert_eq!(store.next_grade_due().await.unwrap(), Some(3000));
    let state = store.grade_state(&anna.id).await.unwrap();
    assert_eq!(state, Some(GradeState::Due { attempts: 1, next_at: 3000 }));
    store.grade_recorded(&id, 3001).await.unwrap();
    store.put_grade(&grade(1.0)).await.unwrap();
    let state = store.grade_state(&anna.id).await.unwrap();
    assert_eq!(state, Some(GradeState::Recorded { at: 3001 }));
    assert_eq!(store.grade_counts().await.unwrap().recorded, 1);
    assert_eq!(store.next_grade_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let database = Database::new();
    let text = "this is not a database, but somebody may need it\n".repeat(100);
    std::fs::write(database.file(), &text).unwrap();

    let error = Store::open(&format!("sqlite://{}", database.file().display())).await.unwrap_err();

    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(database.file()).unwrap(), text);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let database = Database::new();
    let url = format!("sqlite://{}", database.file().display());
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
