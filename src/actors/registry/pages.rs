//! What the web pages ask of learners' sessions.

use actix::{AsyncContext as _, Handler, Message, MessageResult, ResponseFuture};
use jid::BareJid;

use super::{
    EnterBotSecret, EnterSecret, NotEnrolled, SessionRegistry, SetLanguage, Where,
    claims::Opened,
    learner::{Claimant, SessionHandle},
};
use crate::{
    actors::session::{ChangeLanguage, CheckBotSecret, GiveSecret, Locate},
    session::{BotSecretStanding, BotSecretVerdict, SecretVerdict, Whereabouts},
};

impl Handler<EnterSecret> for SessionRegistry {
    type Result = ResponseFuture<Result<SecretVerdict, NotEnrolled>>;

    fn handle(&mut self, message: EnterSecret, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let EnterSecret { jid, enrolment, secret, strength } = message;
        let claimant = Some(enrolment);
        self.follow(&jid, &claimant, Opened::Act, ctx);
        let actor = self.session_of(&jid, &claimant, ctx.address().recipient());
        let registry = ctx.address();
        Box::pin(async move {
            let actor = actor.ok_or(NotEnrolled)?;
            let give = GiveSecret { secret: secret.clone(), strength: strength.clone() };
            if let Ok(Some(verdict)) = actor.ask(give).await {
                return Ok(verdict);
            }
            // It broke, and the secret is not lost for that; or it has just ended.
            let another = registry.send(SessionOf(jid, claimant)).await.ok().flatten();
            let another = another.ok_or(NotEnrolled)?;
            let verdict = another.ask(GiveSecret { secret, strength }).await;
            verdict.ok().flatten().ok_or(NotEnrolled)
        })
    }
}

/// Asks for a learner's session, which is opened if there is none.
#[derive(Debug, Message)]
#[rtype(result = "Option<SessionHandle>")]
struct SessionOf(BareJid, Claimant);

impl Handler<SessionOf> for SessionRegistry {
    type Result = MessageResult<SessionOf>;

    fn handle(
        &mut self,
        SessionOf(jid, claimant): SessionOf,
        ctx: &mut Self::Context,
    ) -> Self::Result {
        let _turn = self.metrics.meters.registry.turn();
        MessageResult(self.session_of(&jid, &claimant, ctx.address().recipient()))
    }
}

impl Handler<EnterBotSecret> for SessionRegistry {
    type Result = ResponseFuture<Result<BotSecretVerdict, NotEnrolled>>;

    fn handle(&mut self, message: EnterBotSecret, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let EnterBotSecret { jid, enrolment, typed } = message;
        let claimant = Some(enrolment);
        self.follow(&jid, &claimant, Opened::Page, ctx);
        let learner = self.learner(&jid, &claimant);
        let is_known = learner.is_some();
        // The secret may have been given before the session was interrupted.
        let has_session =
            learner.is_some_and(|learner| learner.session.is_some() || learner.is_interrupted());
        let news = ctx.address().recipient();
        let actor = has_session.then(|| self.session_of(&jid, &claimant, news)).flatten();
        let actor = is_known.then_some(actor);
        Box::pin(async move {
            match actor {
                None => Err(NotEnrolled),
                // Without a session there is no secret that could be right.
                Some(None) => Ok(BotSecretVerdict::NotGivenYet),
                Some(Some(actor)) => {
                    actor.ask(CheckBotSecret(typed)).await.or(Ok(BotSecretVerdict::NotGivenYet))
                }
            }
        })
    }
}

impl Handler<SetLanguage> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, chosen: SetLanguage, _: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.taken();
        let SetLanguage { jid, enrolment, locale } = chosen;
        let catalog = self.factory.catalog(Some(&locale));
        let address = self.addresses.get_mut(&jid);
        let learner = address.and_then(|address| address.learner_mut(&Some(enrolment)));
        let Some(learner) = learner else { return };
        learner.locale = Some(locale);
        if let Some(open) = &learner.session {
            open.actor.post(ChangeLanguage(catalog));
        }
    }
}

impl Handler<Where> for SessionRegistry {
    type Result = ResponseFuture<Option<Whereabouts>>;

    fn handle(&mut self, asked: Where, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let Where { jid, enrolment, is_opened } = asked;
        let claimant = Some(enrolment);
        if is_opened {
            self.follow(&jid, &claimant, Opened::Page, ctx);
        }
        let is_elsewhere =
            self.addresses.get(&jid).is_some_and(|address| address.is_elsewhere(&claimant));
        let learner = self.learner(&jid, &claimant);
        let known = learner.map(|learner| Whereabouts {
            progress: learner.progress,
            fingerprint: None,
            has_secret: learner.kept.as_ref().is_some_and(|kept| kept.has_secret()),
            bot_secret: learner
                .kept
                .as_ref()
                .map_or(BotSecretStanding::NotGiven, |kept| kept.bot_secret()),
            unreachable: learner.unreachable,
            is_elsewhere,
        });
        let unreachable = learner.and_then(|learner| learner.unreachable);
        let actor =
            learner.and_then(|learner| learner.session.as_ref().map(|open| open.actor.clone()));
        Box::pin(async move {
            match actor {
                Some(actor) => match actor.ask(Locate).await {
                    Ok(Some(found)) => Some(Whereabouts { unreachable, is_elsewhere, ..found }),
                    Ok(None) | Err(_) => known,
                },
                None => known,
            }
        })
    }
}
