//! One learner who sends too much, and the others.

use otrbot::actors::{Incoming, Outgoing, registry::Observe};

use crate::actors::stage::Stage;
use crate::actors::{is_chat, words};

const ANNA: &str = "anna@example.org/x";
const BEN: &str = "ben@example.org/x";

async fn two() -> Stage {
    let stage = Stage::paused();
    for jid in ["anna@example.org", "ben@example.org"] {
        stage.enrol(jid).await.unwrap();
    }
    stage
}

#[actix::test]
async fn ten_thousand_messages_at_once_are_answered_once_and_others_are_unaffected() {
    let stage = two().await;
    stage.receives(ANNA, Incoming::Chat("hello".into())).await;
    stage.receives(BEN, Incoming::Chat("hello".into())).await;
    let greeting = stage.news().await.len() / 2;

    for number in 0..10_000 {
        stage.receives(ANNA, Incoming::Chat(format!("message {number}"))).await;
        stage.receives(ANNA, Incoming::ReceiptAsked(number.to_string())).await;
        if number == 9_000 {
            stage.receives(BEN, Incoming::Chat("I have Profanity".into())).await;
        }
    }

    let told = stage.news().await;
    let (to_ben, to_anna): (Vec<_>, Vec<_>) =
        told.into_iter().partition(|(to, _)| to.as_str().starts_with("ben"));
    assert!(words(&to_ben)[0].contains("/otr start"), "{to_ben:?}");
    let n_slow = words(&to_anna).iter().filter(|text| text.contains("too fast")).count();
    assert_eq!(n_slow, 1, "{to_anna:?}");
    let n_chats = to_anna.iter().filter(|(_, what)| is_chat(what)).count();
    assert!(n_chats <= greeting + 20 && to_anna.len() < 150, "{to_anna:?}");

    // Who stops is answered as ever.
    tokio::time::sleep(std::time::Duration::from_mins(1)).await;
    stage.news().await;
    stage.receives(ANNA, Incoming::Chat("I have Profanity".into())).await;
    assert!(words(&stage.news().await)[0].contains("/otr start"));
}

#[actix::test]
async fn ten_thousand_queries_are_answered_a_few_times() {
    let stage = two().await;

    for _ in 0..10_000 {
        stage.receives(ANNA, Incoming::Chat("?OTRv23?".into())).await;
    }

    let told = stage.news().await;
    assert!(told.iter().filter(|(_, what)| is_chat(what)).count() < 40, "{told:?}");
}

#[actix::test]
async fn long_texts_count_for_more() {
    let stage = two().await;
    stage.receives(ANNA, Incoming::Chat("hello".into())).await;
    stage.news().await;
    let long = "pidgin ".repeat(30_000);

    for _ in 0..10 {
        stage.receives(ANNA, Incoming::Chat(long.clone())).await;
    }

    let told = stage.news().await;
    let n_slow = words(&told).iter().filter(|text| text.contains("too fast")).count();
    assert_eq!(n_slow, 1, "{told:?}");
}

#[actix::test]
async fn a_text_that_is_too_long_is_answered_once() {
    let stage = two().await;
    stage.receives(ANNA, Incoming::Chat("hello".into())).await;
    stage.news().await;

    for _ in 0..1_000 {
        stage.receives(ANNA, Incoming::TooLong).await;
    }

    let told = stage.news().await;
    assert!(matches!(&*told, [(_, Outgoing::Chat { .. })]), "{told:?}");
    assert!(words(&told)[0].contains("too long"), "{told:?}");
}

#[actix::test]
async fn thousands_of_names_of_clients_are_bounded() {
    let stage = two().await;

    for number in 0..5_000 {
        let from = format!("anna@example.org/{number}");
        stage.receives(&from, Incoming::Available).await;
    }
    stage.receives(ANNA, Incoming::Chat("hello".into())).await;

    assert!(!words(&stage.news().await).is_empty());
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
}

#[actix::test]
async fn what_waits_for_a_thread_that_hangs_is_bounded() {
    let stage = Stage::new();
    for jid in ["anna@example.org", "ben@example.org"] {
        stage.enrol(jid).await.unwrap();
    }
    // The sessions' thread does not come back until the test lets it.
    let (release, held) = std::sync::mpsc::channel::<()>();
    stage.arbiter.spawn_fn(move || assert!(held.recv().is_err()));

    for number in 0..10_000 {
        for who in [ANNA, BEN] {
            stage.receives(who, Incoming::Chat(format!("message {number}"))).await;
            stage.receives(who, Incoming::Unavailable).await;
            stage.receives(who, Incoming::Available).await;
        }
    }

    let text = stage.metrics.encode(otrbot::metrics::Format::Prometheus).unwrap();
    let depth = text
        .lines()
        .find_map(|line| line.strip_prefix("otrbot_actor_mailbox_messages{actor=\"session\"} "))
        .unwrap();
    let depth: f64 = depth.parse().unwrap();
    assert!((10.0..250.0).contains(&depth), "{depth}");
    drop(release);
    stage.receives(ANNA, Incoming::Chat("hello".into())).await;
    let delivered =
        stage.delivered_until(|told| words(told).iter().any(|w| w.contains("I am Marvin"))).await;
    assert!(!delivered.is_empty());
}
