//! Anna, whose address several claim, or who has several assignments: what her tests have in common.

use jid::Jid;
use otrbot::{
    actors::{
        Incoming,
        registry::{Enrol, EnterSecret, Where},
    },
    records::{ClaimNumber, EnrolmentId, Person},
    session::{SecretVerdict, Strength, Whereabouts},
};
use secrecy::SecretString;

use crate::actors::{
    stage::{self, Stage, bare},
    words,
};

pub(crate) const ANNA: &str = "anna@example.org";
const HERE: &str = "anna@example.org/desk";
pub(crate) const QUESTION: &str = "Somebody has entered your Jabber ID";
pub(crate) const GREETING: &str = "I am Marvin";

pub(crate) fn here() -> Jid {
    Jid::new(HERE).unwrap()
}

pub(crate) fn id(name: &str) -> EnrolmentId {
    EnrolmentId::from_text(name)
}

/// The number on a page.
pub(crate) fn number(name: &str) -> String {
    ClaimNumber::of(&id(name), ANNA).to_string()
}

/// An assignment of a person; its name says which.
pub(crate) fn enrol(person: Option<Person>, name: &str) -> Enrol {
    Enrol { enrolment: id(name), person, ..stage::enrol(ANNA, None) }
}

/// What a page shows that was opened from the course, or is still open.
pub(crate) async fn page(stage: &Stage, name: &str, is_opened: bool) -> Option<Whereabouts> {
    let asked = Where { jid: bare(ANNA), enrolment: id(name), is_opened };
    stage.registry.send(asked).await.unwrap()
}

pub(crate) async fn give_secret(stage: &Stage, name: &str) -> SecretVerdict {
    let secret = SecretString::from(format!("purple walrus ironing kettles {name}"));
    let strength = Strength::estimate(&secret);
    let give = EnterSecret { jid: bare(ANNA), enrolment: id(name), secret, strength };
    stage.registry.send(give).await.unwrap().unwrap()
}

/// What the bot has said to her meanwhile, and to nobody else.
pub(crate) async fn told(stage: &Stage) -> Vec<String> {
    let delivered = stage.news().await;
    assert!(delivered.iter().all(|(to, _)| to.to_bare() == bare(ANNA)));
    words(&delivered).into_iter().map(str::to_owned).collect()
}

/// Something comes from her.
pub(crate) async fn does(stage: &Stage, what: Incoming) {
    stage.receives(HERE, what).await;
}

pub(crate) async fn says(stage: &Stage, text: &str) -> Vec<String> {
    does(stage, Incoming::Chat(text.to_owned())).await;
    told(stage).await
}

pub(crate) fn has(told: &[String], words: &str) -> bool {
    told.iter().any(|text| text.contains(words))
}
