//! Who may talk to the bot, and how they leave.

use std::time::Duration;

use jid::Jid;
use otrbot::{
    actors::{
        Incoming, Outgoing,
        registry::{Dismiss, KnownLearner, LetGo, News, Observe, Restore},
    },
    records::Progress,
};

use crate::actors::stage::{Options, Stage, TIMEOUT, bare, enrolment_of};
use crate::actors::words;

const EVE: &str = "eve@example.org/x";

fn refusing() -> Stage {
    tokio::time::pause();
    Stage::with(Options { refuse_strangers: true, is_here: true, ..Options::default() })
}

async fn restore_listed(stage: &Stage, jid: &str) {
    let learner = KnownLearner {
        jid: bare(jid),
        enrolment: None,
        locale: None,
        lesson: None,
        title: None,
        is_proven: false,
        is_contested: false,
        person: None,
        consumer: None,
        progress: Progress::Invited,
        kept: None,
        was_open: false,
    };
    stage.registry.send(Restore { learners: vec![learner] }).await.unwrap();
}

fn is_part(what: &Outgoing) -> bool {
    matches!(what, Outgoing::Part { .. })
}

#[actix::test]
async fn a_stranger_is_politely_refused_once_a_day_where_the_settings_say_so() {
    let stage = refusing();

    for _ in 0..100 {
        stage.receives(EVE, Incoming::Chat("hello".into())).await;
        stage.receives(EVE, Incoming::SubscriptionAsked).await;
        stage.receives(EVE, Incoming::TooLong).await;
    }

    let told = stage.news().await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, Jid::new("eve@example.org").unwrap());
    assert!(words(&told)[0].contains("from Totem"), "{told:?}");
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
    tokio::time::sleep(Duration::from_hours(24)).await;
    stage.receives(EVE, Incoming::Chat("hello".into())).await;
    assert_eq!(stage.news().await.len(), 1);
}

#[actix::test]
async fn a_strangers_subscription_is_left_open_and_granted_when_they_are_enrolled() {
    let stage = refusing();

    stage.receives(EVE, Incoming::SubscriptionAsked).await;
    assert_eq!(stage.news().await, []);
    stage.enrol("eve@example.org").await.unwrap();

    let jid = Jid::new("eve@example.org").unwrap();
    assert_eq!(stage.news().await, [(jid, Outgoing::Invite)]);
}

#[actix::test]
async fn who_is_listed_in_the_settings_stays_when_the_session_ends() {
    let stage = Stage::paused();
    restore_listed(&stage, "lea@example.org").await;
    stage.receives("lea@example.org/x", Incoming::Chat("hello".into())).await;

    tokio::time::sleep(TIMEOUT + Duration::from_secs(1)).await;

    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (1, 0));
    assert!(!stage.news().await.iter().any(|(_, what)| is_part(what)));
    stage.receives("lea@example.org/x", Incoming::Chat("hello".into())).await;
    assert!(words(&stage.news().await)[0].contains("I am Marvin"), "another session begins");
}

#[actix::test]
async fn a_listed_learner_who_is_dismissed_stays_on_the_list() {
    let stage = Stage::paused();
    restore_listed(&stage, "lea@example.org").await;
    stage.receives("lea@example.org/x", Incoming::Chat("hello".into())).await;
    stage.news().await;

    let all = LetGo { jid: bare("lea@example.org"), enrolment: None };
    stage.registry.send(all).await.unwrap();

    let told = stage.news().await;
    assert!(words(&told)[0].contains("deleted") && told.len() == 1, "{told:?}");
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (1, 0));
}

#[actix::test]
async fn who_is_enrolled_again_while_the_old_session_says_good_bye_is_not_taken_off() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.news().await;

    // One after the other, as for a learner who goes on with another assignment.
    let enrolment = enrolment_of("anna@example.org");
    stage.registry.do_send(Dismiss { jid: bare("anna@example.org"), enrolment });
    stage.enrol("anna@example.org").await.unwrap();

    let told = stage.news().await;
    assert!(words(&told)[0].contains("end our session"), "{told:?}");
    assert!(!told.iter().any(|(_, what)| is_part(what)), "{told:?}");
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    assert!(words(&stage.news().await)[0].contains("I am Marvin"));
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (1, 1));
}

#[actix::test]
async fn who_is_enrolled_just_after_the_session_ended_is_not_taken_off() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.news().await;
    let at = tokio::time::Instant::now().into_std();
    tokio::time::sleep(Duration::from_millis(1)).await;

    // The news of the end comes after the enrolment that followed it.
    stage.enrol("anna@example.org").await.unwrap();
    stage
        .session_says("anna@example.org", 1, News::Ended { status: "x".into(), passed: false, at })
        .await;

    assert!(!stage.news().await.iter().any(|(_, what)| is_part(what)));
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_learners, 1);
}

#[actix::test]
async fn an_address_that_is_enrolled_twice_keeps_its_one_session() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.enrol("anna@example.org").await.unwrap();
    stage.news().await;

    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;

    let told = stage.news().await;
    assert!(!words(&told).iter().any(|text| text.contains("I am Marvin")), "{told:?}");
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (1, 1));
}

#[actix::test]
async fn only_progress_in_an_assignment_is_kept() {
    let stage = Stage::paused();
    restore_listed(&stage, "listed@example.org").await;
    stage.enrol("anna@example.org").await.unwrap();

    for jid in ["listed@example.org/a", "anna@example.org/a"] {
        stage.receives(jid, Incoming::Chat("hello".into())).await;
        let is_answer = |to: &Jid, what: &Outgoing| {
            to.to_string().starts_with(jid) && matches!(what, Outgoing::Chat { .. })
        };
        stage.delivered_until(|all| all.iter().any(|(to, what)| is_answer(to, what))).await;
    }

    let saved: Vec<String> = stage.saved().await.iter().map(|(jid, _)| jid.to_string()).collect();
    assert_eq!(saved, ["anna@example.org"]);
}
