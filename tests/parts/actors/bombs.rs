//! Sessions that panic within the real actors: while they are made, and while they handle a message.
//!
//! The panic comes from the logger, which every session calls: on the line that a test has named.

use std::sync::{Arc, Mutex, Once};

use log::{LevelFilter, Log, Metadata, Record};
use otrbot::{
    actors::{
        Incoming,
        registry::{KnownLearner, Observe, Restore},
    },
    records::Progress,
    session::{SecretVerdict, Snapshot},
};

use crate::actors::stage::{Options, Stage, bare, enrolment_of, give};
use crate::actors::words;

/// Panics when certain lines are logged.
struct Minefield;

/// Which lines, and how often.
static MINES: Mutex<Vec<(String, usize)>> = Mutex::new(Vec::new());

impl Log for Minefield {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = record.args().to_string();
        let mut mines = MINES.lock().unwrap();
        let mine = mines.iter_mut().find(|(words, left)| *left > 0 && line.contains(words));
        let explodes = mine.map(|(_, left)| *left -= 1).is_some();
        drop(mines);
        assert!(!explodes, "on purpose: {line}");
    }

    fn flush(&self) {}
}

/// Has the program panic when it logs a line with these words, so many times.
fn lay(words: &str, times: usize) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_boxed_logger(Box::new(Minefield)).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
    MINES.lock().unwrap().push((words.to_owned(), times));
}

fn made_for(jid: &str) -> String {
    format!("is made for {jid}")
}

async fn restore(stage: &Stage, jid: &str, more: &str) {
    let title = "Private conversations with OTR";
    let text = format!(r#"{{"v":1,"lesson":"{title}","instance":256{more}}}"#);
    let learner = KnownLearner {
        enrolment: Some(enrolment_of(jid)),
        jid: bare(jid),
        locale: None,
        lesson: None,
        title: None,
        is_proven: false,
        is_contested: false,
        person: None,
        consumer: Some("course".to_owned()),
        progress: Progress::Encrypted,
        kept: Some(Arc::new(Snapshot::from_text(&text).unwrap())),
        was_open: false,
    };
    stage.registry.send(Restore { learners: vec![learner] }).await.unwrap();
}

fn n_sorry(told: &[&str]) -> usize {
    told.iter().filter(|text| text.contains("I was interrupted")).count()
}

#[actix::test]
async fn who_opens_a_session_that_panics_is_told_and_begins_with_the_next_message() {
    let stage = Stage::paused();
    stage.enrol("opal@example.org").await.unwrap();
    lay(&made_for("opal@"), 1);

    stage.receives("opal@example.org/x", Incoming::Chat("hello".into())).await;

    let delivered = stage.news().await;
    assert_eq!(n_sorry(&words(&delivered)), 1, "{delivered:?}");
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_learners, 1);
    assert_eq!(stage.metrics.sessions_panicked.get(), 1);
    stage.receives("opal@example.org/x", Incoming::Chat("hello".into())).await;
    assert!(words(&stage.news().await)[0].contains("I am Marvin"));
}

#[actix::test]
async fn a_session_that_panics_while_it_is_resumed_goes_on_in_another() {
    let stage = Stage::paused();
    restore(&stage, "rosa@example.org", r#","state":"greeting""#).await;
    lay(&made_for("rosa@"), 2);

    stage.receives("rosa@example.org/x", Incoming::Available).await;

    let delivered = stage.news().await;
    assert_eq!(n_sorry(&words(&delivered)), 1, "{delivered:?}");
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
    assert_eq!(stage.metrics.sessions_panicked.get(), 2);
}

#[actix::test]
async fn what_makes_each_session_panic_that_is_resumed_is_dropped() {
    let stage = Stage::paused();
    restore(&stage, "rita@example.org", r#","state":"greeting""#).await;
    lay(&made_for("rita@"), 3);

    stage.receives("rita@example.org/x", Incoming::Available).await;

    assert_eq!(n_sorry(&words(&stage.news().await)), 0);
    assert!(stage.kept().await.last().unwrap().1.is_none());
    stage.receives("rita@example.org/x", Incoming::Chat("hello".into())).await;
    assert!(words(&stage.news().await)[0].contains("I am Marvin"));
}

#[actix::test]
async fn a_secret_that_is_typed_into_a_session_that_panics_is_taken_by_another() {
    let stage = Stage::paused();
    stage.enrol("sara@example.org").await.unwrap();
    lay(&made_for("sara@"), 1);

    let secret = give("sara@example.org", "correct horse battery staple");
    let verdict = stage.registry.send(secret).await;

    assert_eq!(verdict.unwrap().unwrap(), SecretVerdict::Accepted);
    stage.news().await;
    let kept = stage.kept().await;
    assert!(kept.last().unwrap().1.as_ref().unwrap().has_secret());
}

#[actix::test]
async fn a_handler_that_panics_before_the_lesson_began_keeps_the_secret_and_tells_the_learner() {
    tokio::time::pause();
    let options = Options { is_here: true, log_user_messages: true, ..Options::default() };
    let stage = Stage::with(options);
    stage.enrol("hans@example.org").await.unwrap();
    let secret = give("hans@example.org", "correct horse battery staple");
    let verdict = stage.registry.send(secret).await;
    assert_eq!(verdict.unwrap().unwrap(), SecretVerdict::Accepted);
    stage.news().await;
    lay("hans says hello", 1);

    stage.receives("hans@example.org/x", Incoming::Chat("hans says hello".into())).await;

    let delivered = stage.news().await;
    assert_eq!(n_sorry(&words(&delivered)), 1, "{delivered:?}");
    assert!(stage.kept().await.last().unwrap().1.as_ref().unwrap().has_secret());
    assert_eq!(stage.metrics.sessions_panicked.get(), 1);
    stage.receives("hans@example.org/x", Incoming::Chat("hello".into())).await;
    assert!(words(&stage.news().await)[0].contains("I am Marvin"));
    assert!(stage.kept().await.last().unwrap().1.as_ref().unwrap().has_secret());
}

#[actix::test]
async fn a_handler_that_panics_in_the_lesson_lets_it_go_on() {
    tokio::time::pause();
    let options = Options { is_here: true, log_user_messages: true, ..Options::default() };
    let stage = Stage::with(options);
    stage.enrol("lena@example.org").await.unwrap();
    stage.receives("lena@example.org/x", Incoming::Chat("hello".into())).await;
    stage.news().await;
    lay("lena says more", 1);

    stage.receives("lena@example.org/x", Incoming::Chat("lena says more".into())).await;

    let delivered = stage.news().await;
    assert_eq!(n_sorry(&words(&delivered)), 1, "{delivered:?}");
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
    assert_eq!(stage.metrics.sessions_panicked.get(), 1);
}

#[actix::test]
async fn a_panic_is_counted_though_another_session_has_taken_the_place_already() {
    let stage = Stage::paused();
    restore(&stage, "greta@example.org", r#","state":"greeting""#).await;
    lay(&made_for("greta@"), 1);

    // Both are in the mailbox before the thread gets round to the first session.
    let hello = || Incoming::Chat("hello".into());
    tokio::join!(
        stage.receives("greta@example.org/x", hello()),
        stage.receives("greta@example.org/x", hello()),
    );

    let delivered = stage.news().await;
    assert_eq!(n_sorry(&words(&delivered)), 1, "{delivered:?}");
    assert_eq!(stage.metrics.sessions_panicked.get(), 1);
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
}
