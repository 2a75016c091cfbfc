//! One person with several assignments: the chat follows the one that was opened last.

use jid::Jid;
use otrbot::{
    actors::{
        Incoming,
        registry::{Enrol, EnterSecret, KnownLearner, Observe, Restore, Where},
    },
    records::{ClaimNumber, EnrolmentId, Person, Progress},
    session::{SecretVerdict, Snapshot, Strength, Whereabouts},
};
use secrecy::SecretString;

use crate::actors::{
    resume::snapshot,
    stage::{Stage, bare},
    words,
};

const ANNA: &str = "anna@example.org";
const HERE: &str = "anna@example.org/desk";
const GREETING: &str = "I am Marvin";
const QUESTION: &str = "Somebody has entered your Jabber ID";
const PAUSED: &str = "This one waits where it is";
const WHICH: &str = "You have more than one exercise with me. This is the one that you opened last";
const GOES_ON: &str = "We go on with the exercise";

fn id(name: &str) -> EnrolmentId {
    EnrolmentId::from_text(name)
}

/// An assignment of a person; its name says which.
fn enrol(person: &str, name: &str) -> Enrol {
    Enrol {
        jid: bare(ANNA),
        enrolment: id(name),
        is_proven: false,
        is_contested: false,
        invites: true,
        person: Person::of("course", person),
        locale: None,
        lesson: None,
        consumer: "course".to_owned(),
        was_met: false,
        is_finished: false,
    }
}

async fn claim(stage: &Stage, name: &str) {
    stage.registry.send(enrol("anna", name)).await.unwrap().unwrap();
}

/// What a page shows that was opened from the course, or is still open.
async fn page(stage: &Stage, name: &str, is_opened: bool) -> Option<Whereabouts> {
    let asked = Where { jid: bare(ANNA), enrolment: id(name), is_opened };
    stage.registry.send(asked).await.unwrap()
}

async fn told(stage: &Stage) -> Vec<String> {
    words(&stage.news().await).into_iter().map(str::to_owned).collect()
}

async fn says(stage: &Stage, text: &str) -> Vec<String> {
    stage.receives(HERE, Incoming::Chat(text.to_owned())).await;
    told(stage).await
}

async fn give_secret(stage: &Stage, name: &str) -> SecretVerdict {
    let secret = SecretString::from(format!("purple walrus ironing kettles {name}"));
    let strength = Strength::estimate(&secret);
    let give = EnterSecret { jid: bare(ANNA), enrolment: id(name), secret, strength };
    stage.registry.send(give).await.unwrap().unwrap()
}

fn has(told: &[String], words: &str) -> bool {
    told.iter().any(|text| text.contains(words))
}

#[actix::test]
async fn the_chat_follows_the_assignment_that_was_opened_last_and_says_so() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    says(&stage, "hello").await;
    says(&stage, "Thunderbird").await;
    let before = page(&stage, "first", false).await.unwrap();

    claim(&stage, "second").await;
    let said = told(&stage).await;

    assert!(has(&said, PAUSED) && has(&said, WHICH) && has(&said, GREETING), "{said:?}");
    assert!(!has(&said, QUESTION), "{said:?}");
    let first = page(&stage, "first", false).await.unwrap();
    assert!(first.is_elsewhere);
    assert_eq!((first.progress, first.fingerprint), (before.progress, None));
    let second = page(&stage, "second", false).await.unwrap();
    assert_eq!((second.progress, second.is_elsewhere), (Progress::Talking, false));

    // Back again: it goes on where it was.
    page(&stage, "first", true).await;
    let said = told(&stage).await;
    assert!(has(&said, PAUSED) && has(&said, GOES_ON), "{said:?}");
    assert!(!has(&said, GREETING) && !has(&said, "I was interrupted"), "{said:?}");
    assert!(page(&stage, "second", false).await.unwrap().is_elsewhere);
    // To look at a page once more changes nothing.
    page(&stage, "first", true).await;
    page(&stage, "second", false).await;
    assert_eq!(told(&stage).await, [""; 0]);
    let observed = stage.registry.send(Observe).await.unwrap();
    assert_eq!((observed.n_learners, observed.n_sessions), (2, 1));
}

#[actix::test]
async fn what_was_reached_at_the_last_moment_is_kept_with_the_assignment_that_waits() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    says(&stage, "hello").await;
    let n_kept = stage.kept().await.len();

    // It is still being answered when the other one is opened.
    stage.receives(HERE, Incoming::Chat("Thunderbird".into())).await;
    claim(&stage, "second").await;
    told(&stage).await;

    let kept = stage.kept().await;
    assert!(kept[n_kept..].iter().all(|(_, kept)| kept.is_some()), "nothing is given up");
    page(&stage, "first", true).await;
    assert!(has(&told(&stage).await, GOES_ON));
}

#[actix::test]
async fn a_finished_assignment_takes_no_place_and_is_none_that_is_returned_to() {
    let stage = Stage::paused();
    claim(&stage, "second").await;
    says(&stage, "hello").await;

    let finished = Enrol { is_finished: true, invites: false, ..enrol("anna", "first") };
    stage.registry.send(finished).await.unwrap().unwrap();
    page(&stage, "first", true).await;

    assert_eq!(told(&stage).await, [""; 0]);
    assert!(!page(&stage, "second", false).await.unwrap().is_elsewhere);
    // When the other one is over, it can be practised.
    let gone = otrbot::actors::registry::Dismiss { jid: bare(ANNA), enrolment: id("second") };
    stage.registry.send(gone).await.unwrap();
    told(&stage).await;
    assert!(has(&says(&stage, "hello").await, GREETING));
}

#[actix::test]
async fn the_number_of_the_other_page_leads_there_at_once() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    claim(&stage, "second").await;
    says(&stage, "hello").await;

    let said = says(&stage, &ClaimNumber::of(&id("first"), ANNA).to_string()).await;

    assert!(!has(&said, "number of another page"), "nobody can be misled: {said:?}");
    assert!(page(&stage, "second", false).await.unwrap().is_elsewhere);
    assert!(has(&said, GREETING), "{said:?}");
    page(&stage, "second", true).await;
    assert!(has(&told(&stage).await, GOES_ON), "it waits");
}

#[actix::test]
async fn whoever_acts_on_a_page_goes_on_in_its_assignment() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    says(&stage, "hello").await;
    claim(&stage, "second").await;
    told(&stage).await;

    assert_eq!(give_secret(&stage, "first").await, SecretVerdict::Accepted);

    assert!(has(&told(&stage).await, GOES_ON));
    let first = page(&stage, "first", false).await.unwrap();
    assert!(first.has_secret && !first.is_elsewhere);
    assert!(!page(&stage, "second", false).await.unwrap().has_secret);
}

#[actix::test]
async fn another_person_is_asked_for_the_number_and_takes_all_assignments_over() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    claim(&stage, "second").await;
    says(&stage, "hello").await;

    stage.registry.send(enrol("eve", "hers")).await.unwrap().unwrap();
    assert!(!page(&stage, "second", true).await.unwrap().is_elsewhere);
    assert!(has(&says(&stage, "and now?").await, QUESTION));
    let said = says(&stage, &ClaimNumber::of(&id("hers"), ANNA).to_string()).await;

    assert!(has(&said, GREETING), "{said:?}");
    assert_eq!(page(&stage, "first", false).await, None);
    assert_eq!(page(&stage, "second", false).await, None);
    assert_eq!(page(&stage, "hers", false).await.unwrap().progress, Progress::Talking);
}

#[actix::test]
async fn who_has_shown_the_address_in_one_assignment_has_in_all() {
    let stage = Stage::paused();
    claim(&stage, "first").await;
    stage.registry.send(enrol("eve", "hers")).await.unwrap().unwrap();
    assert!(has(&says(&stage, "hello").await, QUESTION));
    says(&stage, &ClaimNumber::of(&id("first"), ANNA).to_string()).await;

    let second = Enrol { is_proven: true, is_contested: true, ..enrol("anna", "second") };
    stage.registry.send(second).await.unwrap().unwrap();
    let said = told(&stage).await;

    assert!(has(&said, GREETING) && !has(&said, QUESTION), "{said:?}");
    assert!(!has(&says(&stage, "hello").await, QUESTION));
    page(&stage, "first", true).await;
    told(&stage).await;
    assert!(!has(&says(&stage, "hello").await, QUESTION));
}

#[actix::test]
async fn after_a_restart_the_chat_goes_on_with_the_one_that_was_opened_last() {
    let stage = Stage::paused();
    let known = |name: &str, kept: Option<std::sync::Arc<Snapshot>>| KnownLearner {
        jid: bare(ANNA),
        enrolment: Some(id(name)),
        locale: None,
        lesson: None,
        consumer: Some("course".to_owned()),
        is_proven: false,
        is_contested: false,
        person: Person::of("course", "anna"),
        progress: Progress::Talking,
        was_open: kept.is_some(),
        kept,
    };
    let learners = vec![
        known("first", Some(snapshot("greeting", ""))),
        known("second", Some(snapshot("greeting", ""))),
    ];
    stage.registry.send(Restore { learners }).await.unwrap();

    let said = says(&stage, "hello").await;

    assert!(has(&said, GOES_ON), "{said:?}");
    assert!(page(&stage, "first", false).await.unwrap().is_elsewhere);
    assert!(!page(&stage, "second", false).await.unwrap().is_elsewhere);
}

#[actix::test]
async fn one_person_takes_no_more_than_a_few_places_at_an_address() {
    let stage = Stage::paused();
    for n in 0..100 {
        claim(&stage, &format!("assignment {n}")).await;
    }

    let observed = stage.registry.send(Observe).await.unwrap();

    assert_eq!(observed.n_learners, 16);
    assert!(page(&stage, "assignment 99", false).await.is_some());
    assert!(page(&stage, "assignment 0", false).await.is_none());
    let from = Jid::new(HERE).unwrap();
    assert_eq!(from.to_bare(), bare(ANNA));
}
