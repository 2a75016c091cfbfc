//! The registry and the session actors with recording actors around them.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

mod anna;
mod assignments;
mod bombs;
mod claims;
mod connection;
mod faults;
mod flood;
mod receipts;
mod resume;
mod stage;
mod timeouts;
mod whitelist;

use gettext::{Catalog, Catalogs};
use jid::Jid;
use otrbot::{
    actors::{
        Incoming, Outgoing,
        registry::{CloseAll, Enrol, EnrolRefused, NotEnrolled, Observe, SetLanguage},
    },
    records::Progress,
    session::{BotSecretVerdict, SecretVerdict, Unreachable},
};

use stage::{Options, Stage, bare, find, give, gone, typed};

#[actix::test]
async fn a_stranger_gets_no_answer() {
    let stage = Stage::new();

    stage.receives("eve@example.org/x", Incoming::SubscriptionAsked).await;
    stage.receives("eve@example.org/x", Incoming::Chat("hello".into())).await;

    assert_eq!(stage.delivered().await, []);
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
}

#[actix::test]
async fn an_enrolled_learner_is_invited_welcomed_and_answered_where_they_wrote_from() {
    let stage = Stage::new();
    stage.enrol("anna@example.org").await.unwrap();

    stage.receives("anna@example.org", Incoming::SubscriptionAsked).await;
    stage.receives("anna@example.org/phone", Incoming::Chat("hello".into())).await;
    let delivered = stage.delivered_until(|all| all.iter().any(|(_, what)| is_chat(what))).await;

    let anna = Jid::new("anna@example.org").unwrap();
    assert_eq!(delivered[0], (anna.clone(), Outgoing::Invite));
    assert_eq!(delivered[1], (anna, Outgoing::AcceptSubscription));
    let phone = Jid::new("anna@example.org/phone").unwrap();
    assert!(delivered[2..].iter().all(|(to, _)| *to == phone), "{delivered:?}");
    let saved = stage.saved().await;
    assert_eq!(saved.first().map(|(_, progress)| *progress), Some(Progress::Talking));
}

#[actix::test]
async fn a_learner_whose_client_went_away_is_answered_at_the_bare_address() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/desk", Incoming::Available).await;
    stage.receives("anna@example.org/phone", Incoming::Chat("hello".into())).await;
    stage.news().await;

    stage.receives("anna@example.org/phone", Incoming::Unavailable).await;
    let weak = give("anna@example.org", "1234");
    let verdict = stage.registry.send(weak).await.unwrap().unwrap();

    assert!(matches!(verdict, SecretVerdict::TooWeak { .. }), "{verdict:?}");
    let delivered = stage.news().await;
    assert_eq!(delivered.last().unwrap().0, Jid::new("anna@example.org").unwrap());
}

#[actix::test]
async fn a_learner_who_is_offline_everywhere_is_answered_when_they_are_back() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/phone", Incoming::Chat("hello".into())).await;
    stage.news().await;

    stage.receives("anna@example.org/phone", Incoming::Unavailable).await;
    let weak = give("anna@example.org", "1234");
    stage.registry.send(weak).await.unwrap().unwrap();
    assert_eq!(stage.news().await, []);

    stage.receives("anna@example.org/phone", Incoming::Available).await;
    assert!(!words(&stage.news().await).is_empty());
}

#[actix::test]
async fn who_cannot_be_enrolled_is_told_why() {
    let stage = Stage::new();
    let enrol = |jid: &str, lesson: Option<&str>| Enrol {
        lesson: lesson.map(str::to_owned),
        ..stage::enrol(jid, None)
    };

    let own = stage.registry.send(enrol(stage::BOT, None)).await.unwrap();
    let lesson = stage.registry.send(enrol("a@example.org", Some("no such"))).await.unwrap();

    assert_eq!(own, Err(EnrolRefused::OwnAddress));
    assert_eq!(lesson, Err(EnrolRefused::NoSuchLesson));
}

#[actix::test]
async fn the_pages_learn_how_far_a_learner_is() {
    let stage = Stage::new();
    let ask = || find("anna@example.org");
    assert_eq!(stage.registry.send(ask()).await.unwrap(), None);
    stage.enrol("anna@example.org").await.unwrap();
    let before = stage.registry.send(ask()).await.unwrap().unwrap();

    let give = give("anna@example.org", "correct horse battery staple");
    assert_eq!(stage.registry.send(give).await.unwrap(), Ok(SecretVerdict::Accepted));
    let after = stage.registry.send(ask()).await.unwrap().unwrap();

    assert_eq!(
        (before.progress, before.fingerprint, before.has_secret),
        (Progress::Invited, None, false)
    );
    assert!(after.has_secret);
    assert_eq!(after.fingerprint.unwrap().len(), 44);
}

#[actix::test]
async fn a_bot_secret_that_was_not_given_is_not_right() {
    let stage = Stage::new();
    let check = |jid: &str| typed(jid, "ABCD-EFGH-IJKL-MNOP");

    let unknown = stage.registry.send(check("eve@example.org")).await.unwrap();
    stage.enrol("anna@example.org").await.unwrap();
    let early = stage.registry.send(check("anna@example.org")).await.unwrap();

    assert_eq!(unknown, Err(NotEnrolled));
    assert_eq!(early, Ok(BotSecretVerdict::NotGivenYet));
}

#[actix::test]
async fn a_dismissed_learner_is_a_stranger_again() {
    let stage = Stage::new();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.delivered_until(|all| all.iter().any(|(_, what)| is_chat(what))).await;

    stage.registry.send(gone("anna@example.org")).await.unwrap();
    let is_part = |what: &Outgoing| matches!(what, Outgoing::Part { .. });
    stage.delivered_until(|all| all.iter().any(|(_, what)| is_part(what))).await;

    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (0, 0));
}

#[actix::test]
async fn a_closing_bot_says_good_bye_to_everybody_and_opens_nothing() {
    let stage = Stage::new();
    for name in ["anna", "ben", "cleo"] {
        let jid = format!("{name}@example.org");
        stage.enrol(&jid).await.unwrap();
        stage.receives(&jid, Incoming::Chat("hello".into())).await;
    }
    let three = |all: &[(Jid, Outgoing)]| {
        ["anna", "ben", "cleo"]
            .iter()
            .all(|name| all.iter().any(|(to, what)| to.as_str().starts_with(name) && is_chat(what)))
    };
    let n_before = stage.delivered_until(three).await.len();

    stage.registry.send(CloseAll).await.unwrap();
    stage.receives("anna@example.org", Incoming::Chat("still there?".into())).await;

    let delivered = stage.delivered().await;
    let good_byes = &delivered[n_before..];
    assert!(three(good_byes), "{good_byes:?}");
    let n_left =
        good_byes.iter().filter(|(_, what)| matches!(what, Outgoing::Leave { .. })).count();
    assert_eq!(n_left, 3, "each is told how to come back: {good_byes:?}");
    assert!(!good_byes.iter().any(|(_, what)| matches!(what, Outgoing::Part { .. })));
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_learners, 3, "they stay enrolled");
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
}

#[actix::test]
async fn the_pages_learn_that_nobody_can_be_reached_until_somebody_is() {
    let stage = Stage::new();
    stage.enrol("anna@example.org").await.unwrap();
    let unreachable = async || {
        let asked = find("anna@example.org");
        stage.registry.send(asked).await.unwrap().unwrap().unreachable
    };
    assert_eq!(unreachable().await, None);

    stage.receives("anna@example.org", Incoming::Declined).await;
    assert_eq!(unreachable().await, Some(Unreachable::Declined));
    stage.receives("anna@example.org", Incoming::Unreachable(Unreachable::NoServer)).await;
    assert_eq!(unreachable().await, Some(Unreachable::NoServer));
    // A secret that is typed into the page opens a session, and tells nothing.
    let give = give("anna@example.org", "correct horse battery staple");
    assert_eq!(stage.registry.send(give).await.unwrap(), Ok(SecretVerdict::Accepted));
    assert_eq!(unreachable().await, Some(Unreachable::NoServer));

    stage.receives("anna@example.org", Incoming::Accepted).await;
    assert_eq!(unreachable().await, None);
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.receives("anna@example.org", Incoming::Unreachable(Unreachable::NoServer)).await;
    assert_eq!(unreachable().await, None, "the server may be away for a moment");
}

#[actix::test]
async fn who_takes_the_bot_off_the_list_is_let_go() {
    let stage = Stage::new();
    stage.enrol("anna@example.org").await.unwrap();
    stage.receives("anna@example.org/x", Incoming::Chat("hello".into())).await;
    stage.delivered_until(|all| all.iter().any(|(_, what)| is_chat(what))).await;

    stage.receives("anna@example.org", Incoming::Unsubscribed).await;

    let is_part = |what: &Outgoing| matches!(what, Outgoing::Part { .. });
    let all = stage.delivered_until(|all| all.iter().any(|(_, what)| is_part(what))).await;
    assert!(all.iter().any(|(_, what)| *what == Outgoing::EndSubscription), "{all:?}");
    assert_eq!(stage.registry.send(Observe).await.unwrap().n_sessions, 0);
}

#[actix::test]
async fn a_flood_of_requests_for_a_subscription_is_answered_slowly() {
    let stage = Stage::paused();
    stage.enrol("anna@example.org").await.unwrap();
    stage.news().await;

    for _ in 0..2_000 {
        stage.receives("anna@example.org", Incoming::SubscriptionAsked).await;
    }
    assert_eq!(stage.news().await.len(), 10);
}

#[actix::test]
async fn only_messages_of_strangers_count_as_refused() {
    let stage = Stage::new();
    for what in [
        Incoming::Available,
        Incoming::Unavailable,
        Incoming::SubscriptionAsked,
        Incoming::Chat("hello".into()),
    ] {
        stage.receives("eve@example.org/x", what).await;
    }

    let refused = stage.metrics.n_refused("stranger");
    assert_eq!(refused, 1);
}

/// The words of chat messages in the clear.
fn words(delivered: &[(Jid, Outgoing)]) -> Vec<&str> {
    let bodies = delivered.iter().filter_map(|(_, what)| {
        if let Outgoing::Chat { body, otr: false, .. } = what { Some(body.as_str()) } else { None }
    });
    bodies.collect()
}

fn is_chat(what: &Outgoing) -> bool {
    matches!(what, Outgoing::Chat { .. })
}

#[actix::test]
async fn a_session_goes_on_in_the_language_that_its_learner_chose() {
    let mut catalogs = Catalogs::default();
    let dutch = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
        msgid \"We go on in English.\"\nmsgstr \"We gaan verder in het Nederlands.\"\n";
    catalogs.insert(Catalog::parse_po("nl_NL", "nl.po", dutch.as_bytes()).unwrap().0);
    tokio::time::pause();
    let stage = Stage::with(Options { is_here: true, catalogs, ..Options::default() });
    let jid = "anna@example.org";
    let choose = |enrolment| SetLanguage { jid: bare(jid), enrolment, locale: "nl_NL".into() };
    stage.enrol(jid).await.unwrap();
    stage.receives("anna@example.org/phone", Incoming::Chat("hello".into())).await;
    stage.news().await;

    stage.registry.send(choose(stage::enrolment_of("eve@example.org"))).await.unwrap();
    assert!(words(&stage.news().await).is_empty(), "somebody else's page");
    stage.registry.send(choose(stage::enrolment_of(jid))).await.unwrap();

    let news = stage.news().await;
    let told = words(&news);
    assert!(told.contains(&"We gaan verder in het Nederlands."), "{told:?}");
}
