//! Sessions that break.

#![expect(clippy::panic, reason = "a session panics on purpose")]

use std::sync::{Arc, mpsc};

use actix::{Actor, Context, Handler, Message};

use otrbot::{
    actors::{
        Deliver, Incoming, Outgoing,
        registry::{News, Observe, SessionNews, factory::Guest},
        session::{Links, SessionActor},
        workshop::Workshop,
    },
    i18n,
    metrics::Metrics,
    session::Typing,
};
use rand::SeedableRng as _;

use crate::actors::stage::{CHECK_INTERVAL, Stage, TIMEOUT, bare, before, factory};
use crate::actors::words;

/// Has a session panic.
#[derive(Message)]
#[rtype(result = "()")]
struct Explode;

impl Handler<Explode> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Explode, _: &mut Self::Context) {
        panic!("on purpose");
    }
}

/// Passes on what a session says.
struct Ear(tokio::sync::mpsc::UnboundedSender<SessionNews>);

impl Actor for Ear {
    type Context = Context<Self>;
}

impl Handler<SessionNews> for Ear {
    type Result = ();

    fn handle(&mut self, news: SessionNews, _: &mut Self::Context) {
        self.0.send(news).unwrap();
    }
}

impl Handler<Deliver> for Ear {
    type Result = ();

    fn handle(&mut self, _: Deliver, _: &mut Self::Context) {}
}

#[actix::test]
async fn a_session_that_panics_tells_the_registry() {
    let (sender, mut news) = tokio::sync::mpsc::unbounded_channel();
    let ear = Ear(sender).start();
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let factory = factory(Typing::default(), i18n::load(None).0);
    let now = tokio::time::Instant::now().into_std();
    let session = factory.open(&Guest::default(), now, &mut rng);
    let links = Links {
        workshop: Workshop::new(1),
        out: ear.clone().recipient(),
        news: ear.recipient(),
        mailbox: Metrics::new().meters.session.mailbox(),
        metrics: Arc::new(Metrics::new()),
        log_user_messages: false,
    };
    let actor =
        SessionActor::new(7, bare("anna@example.org"), session, rng, links, "basics".into())
            .start();

    actor.do_send(Explode);

    let told = news.recv().await.unwrap();
    assert_eq!(told.id, 7);
    assert!(matches!(told.news, News::Broken { panicked: true }), "{told:?}");
}

#[actix::test]
async fn after_a_panic_the_learner_is_told_and_goes_on_at_once() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.news().await;

    stage.session_says("anna@example.org", 1, News::Broken { panicked: true }).await;

    let delivered = stage.news().await;
    let told = words(&delivered);
    assert!(told.len() == 2 && told[0].contains("I was interrupted"), "{told:?}");
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
    // What the broken one says late is not heard.
    stage.session_says("anna@example.org", 1, News::Broken { panicked: false }).await;
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
}

#[actix::test]
async fn a_session_that_hangs_is_given_up_by_the_checks() {
    tokio::time::pause();
    let stage = Stage::new();
    stage.enrol("anna@example.org").await.unwrap();
    // Its thread does not come back until the test lets it.
    let (release, held) = mpsc::channel::<()>();
    stage.arbiter.spawn_fn(move || assert!(held.recv().is_err()));
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;

    tokio::time::sleep(TIMEOUT).await;
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
    tokio::time::sleep(CHECK_INTERVAL * 2).await;

    let told = stage.news().await;
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (0, 0));
    assert!(
        matches!(told.last(), Some((_, Outgoing::Part { status })) if status.contains("Totem")),
        "{told:?}"
    );
    drop(release);
}

#[actix::test]
async fn a_session_that_works_is_never_given_up() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    for _ in 0..20 {
        stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
        tokio::time::sleep(before(TIMEOUT, 1)).await;
    }

    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 1);
}

#[actix::test]
async fn a_session_that_panics_again_and_again_begins_anew() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.news().await;
    for id in 1..=2 {
        stage.session_says("anna@example.org", id, News::Broken { panicked: true }).await;
        assert_eq!(words(&stage.news().await).len(), 2);
    }

    stage.session_says("anna@example.org", 3, News::Broken { panicked: true }).await;

    assert!(stage.news().await.is_empty());
    assert!(stage.kept().await.last().unwrap().1.is_none());
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    assert!(words(&stage.news().await)[0].contains("I am Marvin"));
}
