//! A registry that plays the bot: it remembers what it was told, and learners are where the test
//! puts them.

use std::collections::BTreeMap;

use actix::{Actor, Addr, Context, Handler, Message, MessageResult};
use jid::BareJid;
use otrbot::{
    actors::{
        lti::Registry,
        registry::{
            Dismiss, Enrol, EnrolRefused, EnterBotSecret, EnterSecret, NotEnrolled, SetLanguage,
            Where,
        },
    },
    records::{EnrolmentId, Person, Progress},
    session::{BotSecretStanding, BotSecretVerdict, SecretVerdict, Whereabouts},
};
use secrecy::ExposeSecret as _;

/// What the bot gives to everybody.
pub(crate) const BOT_SECRET: &str = "ABCD-EFGH-IJKL-MNOP";

#[derive(Debug, Default)]
pub(crate) struct FakeRegistry {
    learners: BTreeMap<(BareJid, String), Learner>,
    told: Vec<String>,
    n_opened: usize,
}

#[derive(Clone, Debug)]
struct Learner {
    progress: Progress,
    has_secret: bool,
    person: Option<Person>,
    /// Of several assignments of the person, the one with the highest number was opened last.
    opened: usize,
}

/// Puts a learner where the test wants them.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Put {
    pub(crate) jid: String,
    pub(crate) progress: Progress,
}

/// What was told, in order.
#[derive(Message)]
#[rtype(result = "Vec<String>")]
pub(crate) struct Told;

impl FakeRegistry {
    pub(crate) fn recipients(addr: &Addr<Self>) -> Registry {
        Registry {
            enrol: addr.clone().recipient(),
            dismiss: addr.clone().recipient(),
            enter_secret: addr.clone().recipient(),
            enter_bot_secret: addr.clone().recipient(),
            whereabouts: addr.clone().recipient(),
            set_language: addr.clone().recipient(),
        }
    }
}

fn key(jid: BareJid, enrolment: &EnrolmentId) -> (BareJid, String) {
    (jid, enrolment.as_str().to_owned())
}

/// Forgets all who have a Jabber ID, as when their sessions ended.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Lose(pub(crate) BareJid);

impl Handler<Lose> for FakeRegistry {
    type Result = ();

    fn handle(&mut self, Lose(lost): Lose, _: &mut Self::Context) {
        self.learners.retain(|(jid, _), _| *jid != lost);
    }
}

impl Actor for FakeRegistry {
    type Context = Context<Self>;
}

impl Handler<Enrol> for FakeRegistry {
    type Result = Result<(), EnrolRefused>;

    fn handle(&mut self, enrol: Enrol, _: &mut Self::Context) -> Self::Result {
        let Enrol { jid, locale, lesson, .. } = &enrol;
        let how = if enrol.invites { "" } else { ", not invited" };
        let how = if enrol.was_met { format!("{how}, met before") } else { how.to_owned() };
        self.told.push(format!("enrol {jid} {locale:?} {lesson:?}{how}"));
        if enrol.jid.domain().as_str() == "full.example" {
            return Err(EnrolRefused::Full);
        }
        if enrol.lesson.as_deref().is_some_and(|lesson| lesson != "basics") {
            return Err(EnrolRefused::NoSuchLesson);
        }
        self.n_opened += 1;
        let (person, opened) = (enrol.person, self.n_opened);
        let new = Learner { progress: Progress::Invited, has_secret: false, person, opened };
        self.learners.entry(key(enrol.jid, &enrol.enrolment)).or_insert(new).opened = opened;
        Ok(())
    }
}

impl Handler<Dismiss> for FakeRegistry {
    type Result = ();

    fn handle(&mut self, dismiss: Dismiss, _: &mut Self::Context) {
        self.told.push(format!("dismiss {}", dismiss.jid));
        self.learners.remove(&key(dismiss.jid, &dismiss.enrolment));
    }
}

impl Handler<EnterSecret> for FakeRegistry {
    type Result = Result<SecretVerdict, NotEnrolled>;

    fn handle(&mut self, entered: EnterSecret, _: &mut Self::Context) -> Self::Result {
        let learner =
            self.learners.get_mut(&key(entered.jid, &entered.enrolment)).ok_or(NotEnrolled)?;
        let secret = entered.secret.expose_secret();
        self.told.push(format!("secret {secret}"));
        Ok(match secret {
            "" => SecretVerdict::Unusable,
            "password" => SecretVerdict::TooWeak {
                warning: "Everybody takes <this>.".to_owned(),
                advice: vec!["Take several words.".to_owned()],
            },
            _ => {
                learner.has_secret = true;
                SecretVerdict::Accepted
            }
        })
    }
}

impl Handler<EnterBotSecret> for FakeRegistry {
    type Result = Result<BotSecretVerdict, NotEnrolled>;

    fn handle(&mut self, entered: EnterBotSecret, _: &mut Self::Context) -> Self::Result {
        let learner =
            self.learners.get_mut(&key(entered.jid, &entered.enrolment)).ok_or(NotEnrolled)?;
        if learner.progress < Progress::Verified {
            return Ok(BotSecretVerdict::NotGivenYet);
        }
        if entered.typed.expose_secret() != BOT_SECRET {
            return Ok(BotSecretVerdict::Wrong);
        }
        learner.progress = Progress::Done;
        Ok(BotSecretVerdict::Right)
    }
}

impl Handler<SetLanguage> for FakeRegistry {
    type Result = ();

    fn handle(&mut self, chosen: SetLanguage, _: &mut Self::Context) {
        self.told.push(format!("language {} {}", chosen.jid, chosen.locale));
    }
}

impl Handler<Where> for FakeRegistry {
    type Result = Option<Whereabouts>;

    fn handle(&mut self, asked: Where, _: &mut Self::Context) -> Self::Result {
        let Where { jid, enrolment, is_opened } = asked;
        let learner = self.learners.get_mut(&key(jid.clone(), &enrolment))?;
        if is_opened {
            self.n_opened += 1;
            learner.opened = self.n_opened;
        }
        let learner = learner.clone();
        let mut others = self.learners.iter().filter(|((other, _), _)| *other == jid);
        let is_elsewhere = others.any(|(_, other)| {
            let is_one_person = other.person.is_some() && other.person == learner.person;
            is_one_person && other.opened > learner.opened
        });
        Some(Whereabouts {
            progress: learner.progress,
            fingerprint: Some("01234567 89ABCDEF 01234567 89ABCDEF 01234567".to_owned()),
            has_secret: learner.has_secret,
            bot_secret: if learner.progress < Progress::Verified {
                BotSecretStanding::NotGiven
            } else {
                BotSecretStanding::Given
            },
            unreachable: None,
            is_elsewhere,
        })
    }
}

impl Handler<Put> for FakeRegistry {
    type Result = ();

    fn handle(&mut self, put: Put, _: &mut Self::Context) {
        let learner = self.learners.iter_mut().find(|((jid, _), _)| jid.as_str() == put.jid);
        if let Some((_, learner)) = learner {
            learner.progress = put.progress;
        }
    }
}

impl Handler<Told> for FakeRegistry {
    type Result = MessageResult<Told>;

    fn handle(&mut self, Told: Told, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.told.clone())
    }
}
