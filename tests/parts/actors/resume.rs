//! Sessions that were open when the process ended.

use std::{sync::Arc, time::Duration};

use otrbot::{
    actors::{
        Incoming, Outgoing,
        registry::{KnownLearner, Observe, Restore},
    },
    records::Progress,
    session::{BotSecretVerdict, SecretVerdict, Snapshot},
};

use crate::actors::stage::{Stage, bare, enrolment_of, find, give, gone, typed};
use crate::actors::words;

const ANNA: &str = "anna@example.org";

/// A snapshot in the lesson that everybody takes.
pub(crate) fn snapshot(state: &str, more: &str) -> Arc<Snapshot> {
    let title = "Private conversations with OTR";
    let text = format!(r#"{{"v":1,"lesson":"{title}","instance":256,"state":"{state}"{more}}}"#);
    Arc::new(Snapshot::from_text(&text).unwrap())
}

async fn restore(stage: &Stage, jid: &str, was_open: bool, kept: Arc<Snapshot>) {
    let learner = KnownLearner {
        jid: bare(jid),
        enrolment: Some(enrolment_of(jid)),
        locale: None,
        lesson: None,
        title: None,
        is_proven: false,
        is_contested: false,
        person: None,
        consumer: Some("course".to_owned()),
        progress: Progress::Encrypted,
        kept: Some(kept),
        was_open,
    };
    stage.registry.send(Restore { learners: vec![learner] }).await.unwrap();
}

/// How often they were told that the session was interrupted.
fn n_sorry(told: &[&str]) -> usize {
    told.iter().filter(|text| text.contains("I was interrupted")).count()
}

#[actix::test]
async fn who_is_seen_again_is_told_once() {
    let stage = Stage::paused();
    restore(&stage, ANNA, true, snapshot("greeting", "")).await;

    stage.receives("anna@example.org/x", Incoming::Available).await;
    stage.receives("anna@example.org/y", Incoming::Available).await;
    let delivered = stage.news().await;
    let told = words(&delivered);
    assert_eq!(n_sorry(&told), 1, "{told:?}");
    tokio::time::sleep(Duration::from_secs(30)).await;
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;

    let delivered = stage.news().await;
    let told = words(&delivered);
    assert_eq!(n_sorry(&told), 0, "{told:?}");
    assert!(!told.iter().any(|text| text.contains("I am Marvin")), "{told:?}");
}

#[actix::test]
async fn who_does_nothing_is_told_after_a_moment_if_the_session_was_open() {
    let stage = Stage::paused();
    restore(&stage, ANNA, true, snapshot("private", r#","is_private":true"#)).await;
    restore(&stage, "ben@example.org", false, snapshot("greeting", "")).await;

    tokio::time::sleep(Duration::from_secs(5)).await;
    // The server of an account shows by itself that the bot is back; a component's does not.
    let shown = stage.news().await;
    assert!(shown.iter().all(|(_, what)| *what == Outgoing::Present), "{shown:?}");
    tokio::time::sleep(Duration::from_secs(10)).await;
    let delivered = stage.news().await;

    let told = words(&delivered);
    assert_eq!(n_sorry(&told), 1, "{told:?}");
    assert!(told[0].contains("our private conversation got lost"), "{told:?}");
    assert!(delivered.iter().all(|(to, _)| to.to_bare() == bare(ANNA)));
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
}

#[actix::test]
async fn the_page_knows_and_takes_what_was_there_before() {
    let stage = Stage::paused();
    let more = r#","shared_secret":"purple walrus ironing kettles""#;
    restore(&stage, ANNA, false, snapshot("comparing_by_you", more)).await;

    let seen = stage.registry.send(find(ANNA)).await.unwrap().unwrap();
    assert_eq!((seen.progress, seen.has_secret), (Progress::Encrypted, true));
    let typed = typed(ANNA, "ABCD-EFGH-IJKL-MNOP");
    let verdict = stage.registry.send(typed).await.unwrap().unwrap();
    assert_eq!(verdict, BotSecretVerdict::NotGivenYet);
    let secret = give(ANNA, "another secret of four words");
    let verdict = stage.registry.send(secret).await.unwrap().unwrap();
    assert_eq!(verdict, SecretVerdict::Accepted);
    let delivered = stage.news().await;
    let told = words(&delivered);
    assert_eq!(n_sorry(&told), 1, "{told:?}");
}

#[actix::test]
async fn what_is_to_be_kept_is_kept_when_it_changes_and_deleted_at_the_end() {
    let stage = Stage::paused();
    stage.enrol(ANNA).await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.news().await;
    let n_kept = stage.kept().await.len();
    assert_eq!(n_kept, 1);
    stage.receives("anna@example.org/x", Incoming::Chat("nothing changes".into())).await;
    stage.news().await;
    assert_eq!(stage.kept().await.len(), n_kept);

    stage.registry.send(gone(ANNA)).await.unwrap();

    stage.news().await;
    let kept = stage.kept().await;
    assert_eq!(kept.len(), n_kept + 1);
    assert!(kept.iter().all(|(jid, _)| *jid == bare(ANNA)));
    assert!(kept[0].1.as_ref().unwrap().has_begun() && kept[n_kept].1.is_none());
}

#[actix::test]
async fn many_who_were_interrupted_are_told_in_small_steps() {
    let stage = Stage::paused();
    let learners = (0..200).map(|n| KnownLearner {
        jid: bare(&format!("learner{n}@example.org")),
        enrolment: Some(enrolment_of(&format!("learner{n}@example.org"))),
        locale: None,
        lesson: None,
        title: None,
        is_proven: false,
        is_contested: false,
        person: None,
        consumer: Some("course".to_owned()),
        progress: Progress::Talking,
        kept: Some(snapshot("greeting", "")),
        was_open: true,
    });
    stage.registry.send(Restore { learners: learners.collect() }).await.unwrap();

    tokio::time::sleep(Duration::from_millis(10_100)).await;
    let first = words(&stage.news().await).len();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let rest: Vec<_> = stage.news().await;

    assert!((2..=80).contains(&first), "{first}");
    // Each hears that it was interrupted, and where they are.
    assert_eq!(first + words(&rest).len(), 400);
    assert!(!rest.iter().any(|(_, what)| matches!(what, Outgoing::Invite)));
}
