//! Sessions and the clock, with the time paused: it runs while nobody has anything to do.

use std::time::Duration;

use otrbot::{
    actors::{
        Incoming, Outgoing,
        registry::{CloseAll, Observe},
    },
    i18n,
    session::Typing,
};

use crate::actors::stage::{Options, Stage, TIMEOUT, WARNING, before, give};
use crate::actors::words;

const ANNA: &str = "anna@example.org/phone";

async fn begun() -> Stage {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives(ANNA, Incoming::Chat("hello".into())).await;
    stage.news().await;
    stage
}

#[actix::test]
async fn a_silent_learner_is_warned_then_told_good_bye_then_taken_off_the_roster() {
    let stage = begun().await;

    tokio::time::sleep(before(WARNING, 1)).await;
    assert!(!words(&stage.news().await).iter().any(|text| text.contains("still there")));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let warned = stage.news().await;
    assert!(words(&warned)[0].contains("still there"), "{warned:?}");

    tokio::time::sleep(before(TIMEOUT.saturating_sub(WARNING), 2)).await;
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
    stage.news().await;
    tokio::time::sleep(Duration::from_secs(2)).await;

    let ended = stage.news().await;
    let [(to, Outgoing::Chat { body, .. }), (bare_jid, Outgoing::Part { status })] = &*ended else {
        panic!("{ended:?}");
    };
    assert_eq!(to.as_str(), ANNA);
    assert!(body.contains("long time") && body.contains("from Totem"), "{body}");
    assert_eq!(bare_jid.as_str(), "anna@example.org");
    assert_eq!(status, "Your session has expired, you can start a new session from Totem.");
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (0, 0));

    stage.receives(ANNA, Incoming::Chat("hello?".into())).await;
    assert_eq!(stage.news().await, [], "who is off the whitelist is a stranger");
}

#[actix::test]
async fn who_answers_the_warning_is_told_that_the_session_goes_on() {
    let stage = begun().await;
    tokio::time::sleep(WARNING + Duration::from_secs(5)).await;
    stage.news().await;

    stage.receives(ANNA, Incoming::Chat("yes".into())).await;

    let told = stage.news().await;
    assert!(words(&told).iter().any(|text| text.contains("goes on")), "{told:?}");
    tokio::time::sleep(before(TIMEOUT, 5)).await;
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
}

#[actix::test]
async fn a_secret_on_the_page_begins_a_session_but_does_not_keep_it() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    let secret = || give("anna@example.org", "correct horse battery staple");
    stage.registry.send(secret()).await.unwrap().unwrap();
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);

    tokio::time::sleep(before(TIMEOUT, 1)).await;
    stage.registry.send(secret()).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;

    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
    assert_eq!(words(&stage.news().await), [""; 0], "nobody was there to be told");
}

#[actix::test]
async fn the_status_is_in_the_language_of_the_learner() {
    let folder = tempfile::tempdir().unwrap();
    let texts = folder.path().join("nl_NL/LC_MESSAGES");
    std::fs::create_dir_all(&texts).unwrap();
    std::fs::write(
        texts.join("otrbot.po"),
        "msgid \"\"\nmsgstr \"Language: nl_NL\\n\
         Content-Type: text/plain; charset=UTF-8\\n\
         Plural-Forms: nplurals=2; plural=(n != 1);\\n\"\n\n\
         msgid \"Your session has expired, you can start a new session from ${project_name}.\"\n\
         msgstr \"Je sessie is verlopen. Begin een nieuwe vanuit ${project_name}.\"\n",
    )
    .unwrap();
    tokio::time::pause();
    let catalogs = i18n::load(Some(folder.path())).0;
    let stage = Stage::with(Options { catalogs, is_here: true, ..Options::default() });
    stage.enrol_in("anna@example.org", "nl_NL").await.unwrap();
    stage.receives(ANNA, Incoming::Chat("hallo".into())).await;

    tokio::time::sleep(TIMEOUT).await;

    let ended = stage.news().await;
    let Some((_, Outgoing::Part { status })) = ended.last() else { panic!("{ended:?}") };
    assert_eq!(status, "Je sessie is verlopen. Begin een nieuwe vanuit Totem.");
}

#[actix::test]
async fn typing_takes_time_and_keeps_the_order() {
    tokio::time::pause();
    let typing = Typing::default();
    let stage = Stage::with(Options { typing, is_here: true, ..Options::default() });
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives(ANNA, Incoming::Chat("hello".into())).await;
    let first = stage.news().await;
    assert!(matches!(first.last(), Some((_, Outgoing::Composing(true)))), "{first:?}");

    let mut said = Vec::new();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        said.extend(stage.news().await);
    }

    let lines: Vec<&Outgoing> = said.iter().map(|(_, what)| what).collect();
    assert!(words(&said)[0].contains("I am Marvin"), "{said:?}");
    assert!(words(&said).last().unwrap().contains("Please start a private conversation"));
    for pair in lines.windows(2) {
        let both = matches!(pair, [Outgoing::Chat { .. }, Outgoing::Chat { .. }]);
        assert!(!both, "two lines without typing in between: {pair:?}");
    }
}

#[actix::test]
async fn closing_is_done_when_the_last_session_has_said_good_bye() {
    let stage = begun().await;
    let start = tokio::time::Instant::now();

    stage.registry.send(CloseAll).await.unwrap();

    assert!(start.elapsed() < Duration::from_secs(1));
    let told = stage.news().await;
    assert!(words(&told)[0].contains("maintenance"), "{told:?}");
    assert!(matches!(told.last(), Some((_, Outgoing::Leave { status })) if !status.is_empty()));
    // A second request is not left waiting.
    stage.registry.send(CloseAll).await.unwrap();
}
