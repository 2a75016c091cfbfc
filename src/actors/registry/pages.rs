//! What the web pages ask of learners' sessions.

use actix::{AsyncContext as _, Handler, Message, MessageResult, ResponseFuture};
use jid::BareJid;

use super::{
    EnterBotSecret, EnterSecret, NotEnrolled, SessionRegistry, Where, learner::SessionHandle,
};
use crate::{
    actors::session::{CheckBotSecret, GiveSecret, Locate},
    session::{BotSecretVerdict, SecretVerdict, Whereabouts},
};

impl Handler<EnterSecret> for SessionRegistry {
    type Result = ResponseFuture<Result<SecretVerdict, NotEnrolled>>;

    fn handle(&mut self, message: EnterSecret, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let EnterSecret { jid, secret } = message;
        let actor = self.session_of(&jid, ctx.address().recipient());
        let registry = ctx.address();
        Box::pin(async move {
            let actor = actor.ok_or(NotEnrolled)?;
            if let Ok(verdict) = actor.ask(GiveSecret(secret.clone())).await {
                return Ok(verdict);
            }
            // It broke, and the secret is not lost for that; or it has just ended.
            let another = registry.send(SessionOf(jid)).await.ok().flatten().ok_or(NotEnrolled)?;
            another.ask(GiveSecret(secret)).await.or(Err(NotEnrolled))
        })
    }
}

/// Asks for a learner's session, which is opened if there is none.
#[derive(Debug, Message)]
#[rtype(result = "Option<SessionHandle>")]
struct SessionOf(BareJid);

impl Handler<SessionOf> for SessionRegistry {
    type Result = MessageResult<SessionOf>;

    fn handle(&mut self, SessionOf(jid): SessionOf, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.turn();
        MessageResult(self.session_of(&jid, ctx.address().recipient()))
    }
}

impl Handler<EnterBotSecret> for SessionRegistry {
    type Result = ResponseFuture<Result<BotSecretVerdict, NotEnrolled>>;

    fn handle(&mut self, message: EnterBotSecret, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let EnterBotSecret { jid, typed } = message;
        let learner = self.learners.get(&jid);
        let is_known = learner.is_some();
        // The secret may have been given before the session was interrupted.
        let has_session =
            learner.is_some_and(|learner| learner.session.is_some() || learner.is_interrupted());
        let actor = has_session.then(|| self.session_of(&jid, ctx.address().recipient())).flatten();
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

impl Handler<Where> for SessionRegistry {
    type Result = ResponseFuture<Option<Whereabouts>>;

    fn handle(&mut self, Where { jid }: Where, _: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let learner = self.learners.get(&jid);
        let known = learner.map(|learner| Whereabouts {
            progress: learner.progress,
            fingerprint: None,
            has_secret: learner.kept.as_ref().is_some_and(|kept| kept.has_secret()),
            unreachable: learner.unreachable,
        });
        let unreachable = learner.and_then(|learner| learner.unreachable);
        let actor =
            learner.and_then(|learner| learner.session.as_ref().map(|open| open.actor.clone()));
        Box::pin(async move {
            match actor {
                Some(actor) => match actor.ask(Locate).await {
                    Ok(found) => Some(Whereabouts { unreachable, ..found }),
                    Err(_) => known,
                },
                None => known,
            }
        })
    }
}
