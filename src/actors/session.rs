//! `SessionActor`: one learner's [`Session`], its timers, its effects.
//!
//! The shell carries, the core decides. One message is handled after the other, as OTR's counters do
//! not survive messages that overtake each other. What may take long (a message of OTR, a shared secret
//! that answers an SMP) is computed in the [workshop](super::workshop), and the session's mailbox waits
//! for it; the other sessions of the same thread do not.

use std::{sync::Arc, time::Instant};

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, AtomicResponse, Context, Handler, Message,
    MessageResult, Recipient, SpawnHandle, WrapFuture as _,
};
use gettext::Catalog;
use jid::{BareJid, Jid};
use log::{debug, info};
use rand::rngs::StdRng;
use secrecy::SecretString;

use super::{
    Deliver, Outgoing, now,
    registry::SessionNews,
    workshop::{Effort, Workshop},
};
use crate::{
    actors::registry::News,
    metrics::{Life, Mailbox, Metrics, Standing, Turn},
    session::{
        BotSecretVerdict, Client, Contest, Effect, Excess, Farewell, Meaning, Note, SecretVerdict,
        Session, Snapshot, Strength, Whereabouts,
    },
};

/// The actor of one learner's session.
#[derive(Debug)]
pub struct SessionActor {
    /// Number of this session: for logs, and to tell it from a later one of the same learner.
    id: u64,
    /// The learner.
    jid: BareJid,
    /// `None` only while it is in the workshop: then nothing is handled.
    core: Option<Box<Core>>,
    /// How much was computed for it lately.
    effort: Effort,
    links: Links,
    timer: Option<(Instant, SpawnHandle)>,
    /// Where the learner wrote from last.
    heard: Option<Jid>,
    /// Where the session stood when the registry was told last.
    kept: Option<Arc<Snapshot>>,
    /// Whether the registry was told that this session is over.
    told: bool,
    /// Where it is counted.
    standing: Standing,
    _life: Life,
}

/// What decides.
#[derive(Debug)]
struct Core {
    session: Session,
    rng: StdRng,
}

/// What a session talks to.
#[derive(Clone, Debug)]
pub struct Links {
    /// Where it has long computations done.
    pub workshop: Arc<Workshop>,
    /// The way to the learner.
    pub out: Recipient<Deliver>,
    /// The registry.
    pub news: Recipient<SessionNews>,
    /// How many messages wait for this session.
    pub mailbox: Mailbox,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Whether what learners write is logged.
    pub log_user_messages: bool,
}

/// A message of the learner, as it came from the wire.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<()>")]
pub struct Chat {
    /// Where they wrote from.
    pub from: Jid,
    /// The body.
    pub body: ChatBody,
    /// The learner's own words of it; `None`: all are.
    pub own: Option<ChatBody>,
}

/// A body whose `Debug` shows its length alone.
#[derive(Clone)]
pub struct ChatBody(pub String);

impl std::fmt::Debug for ChatBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// The shared secret that the learner typed on the page.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<SecretVerdict>")]
pub struct GiveSecret {
    /// What was typed.
    pub secret: SecretString,
    /// How strong it is.
    pub strength: Strength,
}

/// Tells who else says that the learner's address is theirs.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Contested(pub Contest);

/// The bot secret that the learner typed on the page.
#[derive(Clone, Debug, Message)]
#[rtype(result = "BotSecretVerdict")]
pub struct CheckBotSecret(pub SecretString);

/// Asks how far the learner is.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Option<Whereabouts>")]
pub struct Locate;

/// The learner is online and was not met yet.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Arrive(pub Jid);

/// One of the learner's clients is online.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct CameBack(pub Jid);

/// One of the learner's clients went offline.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct WentAway {
    /// Which; the bare address stands for all of them.
    pub who: Jid,
    /// Whether no other is known to be online.
    pub is_last: bool,
}

/// The learner sent more than is passed on.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct SentTooMuch(pub Excess);

/// These did not reach the learner, or nobody knows whether they did.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Undelivered(pub Vec<Meaning>);

/// The learner's program wants to know whether the message before came.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ConfirmRead {
    /// Which program.
    pub from: Jid,
    /// The id of the message.
    pub id: String,
}

/// Has the session go on in another language.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct ChangeLanguage(pub Arc<Catalog>);

/// Asks for a sign of life, and has the session do what it may have missed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct LookAfter;

/// Ends the session with a good-bye.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Close(pub Farewell);

impl SessionActor {
    /// Takes over a session that was just opened.
    pub fn new(
        id: u64,
        jid: BareJid,
        session: Session,
        rng: StdRng,
        links: Links,
        lesson: String,
    ) -> Self {
        let life = links.metrics.meters.session.life();
        let standing = Standing { lesson, state: String::new() };
        Self {
            id,
            jid,
            core: Some(Box::new(Core { session, rng })),
            effort: Effort::default(),
            links,
            timer: None,
            heard: None,
            kept: None,
            told: false,
            standing,
            _life: life,
        }
    }

    fn perform(&mut self, effects: Vec<Effect>, ctx: &mut Context<Self>) {
        for effect in effects {
            match effect {
                Effect::Send { body, otr, to, meaning } => {
                    self.deliver(&to, Outgoing::Chat { body, otr, meaning });
                }
                Effect::Composing(on) => {
                    let voice = self.core.as_ref().map(|core| core.session.voice());
                    self.deliver(&voice.unwrap_or(Client::ANY), Outgoing::Composing(on));
                }
                Effect::Progress { progress, credit } => {
                    debug!(session = self.id; "session {} reached {progress:?}", self.id);
                    self.tell(News::Progress { progress, credit });
                }
                Effect::Language(locale) => self.tell(News::Language(locale)),
                Effect::Claimed(number) => {
                    let from = self.heard.clone();
                    self.tell(News::Claimed { number, from });
                }
                Effect::Note(note) => self.note(note),
                Effect::Ended { status, passed } => {
                    self.told = true;
                    self.tell(News::Ended { status, passed, at: now() });
                    actix::ActorContext::stop(ctx);
                    return;
                }
            }
        }
        self.keep();
        self.stand();
        self.wake_in_time(ctx);
    }

    /// Has the core do something quick, and carries out what that gives.
    fn act(&mut self, ctx: &mut Context<Self>, what: impl FnOnce(&mut Core) -> Vec<Effect>) {
        let effects = self.core.as_mut().map(|core| what(core)).unwrap_or_default();
        self.perform(effects, ctx);
    }

    /// Has the core do in the workshop what may take long, and carries out what that gives. Nothing
    /// else is handled until then. A panic there is one here.
    fn act_apart<T: Send + 'static>(
        &mut self,
        what: impl FnOnce(&mut Core) -> (T, Vec<Effect>) + Send + 'static,
    ) -> AtomicResponse<Self, Option<T>> {
        let turn = self.taken();
        let (core, mut effort) = (self.core.take(), self.effort);
        let workshop = Arc::clone(&self.links.workshop);
        let done = async move {
            let mut core = core?;
            let job = move || {
                let (told, effects) = what(&mut core);
                (core, told, effects)
            };
            Some((workshop.compute(&mut effort, job).await, effort))
        };
        AtomicResponse::new(Box::pin(done.into_actor(self).map(|done, actor, ctx| {
            let _turn = turn;
            match done {
                Some((Ok((core, told, effects)), effort)) => {
                    actor.core = Some(core);
                    actor.effort = effort;
                    actor.perform(effects, ctx);
                    Some(told)
                }
                Some((Err(error), _)) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The thread ends, and the session with it.
                    Err(_cancelled) => {
                        actix::ActorContext::stop(ctx);
                        None
                    }
                },
                None => None,
            }
        })))
    }

    /// A message was taken out of the mailbox; it is handled until this is dropped.
    fn taken(&self) -> Turn {
        self.links.mailbox.taken();
        self.links.metrics.meters.session.turn()
    }

    /// Is counted where it stands now.
    fn stand(&mut self) {
        let state = self.core.as_ref().and_then(|core| core.session.state());
        let state = state.unwrap_or("not begun").to_owned();
        if self.standing.state != state {
            self.leave();
            self.standing.state = state;
            self.links.metrics.standing.get_or_create(&self.standing).inc();
        }
    }

    fn leave(&self) {
        if !self.standing.state.is_empty() {
            self.links.metrics.standing.get_or_create(&self.standing).dec();
        }
    }

    /// Has the registry keep where the session stands, if that changed.
    fn keep(&mut self) {
        let snapshot = self.core.as_ref().and_then(|core| core.session.snapshot());
        if snapshot.is_some() && snapshot.as_ref() != self.kept.as_deref() {
            self.kept = snapshot.map(Arc::new);
            if let Some(kept) = self.kept.clone() {
                self.tell(News::Kept(kept));
            }
        }
    }

    fn note(&self, note: Note) {
        let metrics = &self.links.metrics;
        match note {
            Note::OtrEnabled(version) => metrics.otr_enabled(version),
            Note::SmpStarted => metrics.smp("started"),
            Note::SmpSucceeded => metrics.smp("succeeded"),
            Note::SmpFailed => metrics.smp("failed"),
            Note::SmpAborted => metrics.smp("aborted"),
            Note::Refused(words) => metrics.refused(words),
            Note::Resumed => metrics.session_resumed(),
            Note::OtrDisabled | Note::Warned | Note::LessonChanged => {}
        }
        info!(session = self.id; "session {}: {note:?}", self.id);
    }

    fn deliver(&self, to: &Client, what: Outgoing) {
        let full = to.name().and_then(|name| self.jid.with_resource_str(name).ok());
        let to = full.map_or_else(|| Jid::from(self.jid.clone()), Jid::from);
        self.links.metrics.meters.connection.sent();
        self.links.out.do_send(Deliver { to, what });
    }

    fn tell(&self, news: News) {
        self.links.metrics.meters.registry.sent();
        self.links.news.do_send(SessionNews { id: self.id, jid: self.jid.clone(), news });
    }

    /// Sets the timer to when the session wants to be woken.
    fn wake_in_time(&mut self, ctx: &mut Context<Self>) {
        let due = self.core.as_ref().and_then(|core| core.session.next_tick());
        if self.timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        if let Some((_, timer)) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.timer = due.map(|at| {
            let wait = at.saturating_duration_since(now());
            let timer = ctx.run_later(wait, |actor, ctx| {
                actor.timer = None;
                actor.act(ctx, |core| core.session.on_tick(now(), &mut core.rng));
            });
            (at, timer)
        });
    }
}

impl Actor for SessionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        info!(session = self.id; "session {} opened", self.id);
        debug!(session = self.id; "session {} is of {}", self.id, self.jid);
        self.stand();
        self.wake_in_time(ctx);
    }
}

impl Drop for SessionActor {
    fn drop(&mut self) {
        self.leave();
        // Also reached while a panic in a handler unwinds, which actix's own Supervisor does not
        // survive; the registry must hear of both.
        if !self.told {
            self.tell(News::Broken { panicked: std::thread::panicking() });
        }
    }
}

impl Handler<Chat> for SessionActor {
    type Result = AtomicResponse<Self, Option<()>>;

    fn handle(&mut self, chat: Chat, ctx: &mut Self::Context) -> Self::Result {
        let Chat { from, body: ChatBody(body), own } = chat;
        if self.links.log_user_messages {
            info!(session = self.id; "session {}: the learner sent {body:?}", self.id);
        }
        let client = client(&from);
        self.heard = Some(from);
        let is_long = may_take_long(own.as_ref().map_or(&body, |ChatBody(own)| own));
        let hear = move |core: &mut Core| match own {
            None => core.session.on_chat_from(now(), &mut core.rng, client, &body),
            Some(ChatBody(own)) => {
                core.session.on_marked(now(), &mut core.rng, client, &body, &own)
            }
        };
        if is_long {
            return self.act_apart(move |core| ((), hear(core)));
        }
        let _turn = self.taken();
        self.act(ctx, hear);
        AtomicResponse::new(Box::pin(actix::fut::ready(Some(()))))
    }
}

impl Handler<ConfirmRead> for SessionActor {
    type Result = ();

    fn handle(&mut self, ConfirmRead { from, id }: ConfirmRead, _: &mut Self::Context) {
        if self.core.as_ref().is_some_and(|core| core.session.was_read()) {
            self.deliver(&client(&from), Outgoing::Receipt(id));
        }
    }
}

impl Handler<Arrive> for SessionActor {
    type Result = ();

    fn handle(&mut self, Arrive(from): Arrive, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.act(ctx, |core| {
            let mut effects = core.session.on_return(now(), &mut core.rng, &client(&from));
            effects.extend(core.session.on_arrival(now(), &mut core.rng));
            effects
        });
    }
}

impl Handler<CameBack> for SessionActor {
    type Result = ();

    fn handle(&mut self, CameBack(from): CameBack, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.act(ctx, |core| core.session.on_return(now(), &mut core.rng, &client(&from)));
    }
}

impl Handler<SentTooMuch> for SessionActor {
    type Result = ();

    fn handle(&mut self, SentTooMuch(excess): SentTooMuch, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.note(Note::Refused(match excess {
            Excess::Messages => "flood",
            Excess::Length => "too long",
        }));
        self.act(ctx, |core| core.session.on_excess(now(), &mut core.rng, excess));
    }
}

impl Handler<Undelivered> for SessionActor {
    type Result = ();

    fn handle(&mut self, Undelivered(lost): Undelivered, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.act(ctx, |core| core.session.on_undelivered(now(), &mut core.rng, &lost));
    }
}

impl Handler<LookAfter> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: LookAfter, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.tell(News::Alive);
        let due = self.core.as_ref().and_then(|core| core.session.next_tick());
        if due.is_some_and(|due| due <= now()) {
            self.act(ctx, |core| core.session.on_tick(now(), &mut core.rng));
        }
    }
}

impl Handler<GiveSecret> for SessionActor {
    type Result = AtomicResponse<Self, Option<SecretVerdict>>;

    fn handle(&mut self, given: GiveSecret, _: &mut Self::Context) -> Self::Result {
        let GiveSecret { secret, strength } = given;
        self.act_apart(move |core| {
            core.session.on_shared_secret(now(), &mut core.rng, &secret, &strength)
        })
    }
}

impl Handler<CheckBotSecret> for SessionActor {
    type Result = MessageResult<CheckBotSecret>;

    fn handle(&mut self, message: CheckBotSecret, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.taken();
        let CheckBotSecret(typed) = message;
        let mut verdict = BotSecretVerdict::NotGivenYet;
        self.act(ctx, |core| {
            let (told, effects) = core.session.on_bot_secret(now(), &mut core.rng, &typed);
            verdict = told;
            effects
        });
        MessageResult(verdict)
    }
}

impl Handler<Contested> for SessionActor {
    type Result = ();

    fn handle(&mut self, Contested(contest): Contested, _: &mut Self::Context) {
        let _turn = self.taken();
        if let Some(core) = &mut self.core {
            core.session.set_contest(now(), contest);
        }
    }
}

impl Handler<ChangeLanguage> for SessionActor {
    type Result = ();

    fn handle(&mut self, ChangeLanguage(catalog): ChangeLanguage, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.act(ctx, |core| core.session.set_language(now(), &mut core.rng, catalog));
    }
}

impl Handler<Locate> for SessionActor {
    type Result = MessageResult<Locate>;

    fn handle(&mut self, _: Locate, _: &mut Self::Context) -> Self::Result {
        let _turn = self.taken();
        MessageResult(self.core.as_ref().map(|core| core.session.whereabouts()))
    }
}

impl Handler<WentAway> for SessionActor {
    type Result = ();

    fn handle(&mut self, WentAway { who, is_last }: WentAway, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.act(ctx, |core| core.session.on_gone(now(), &mut core.rng, &client(&who), is_last));
    }
}

impl Handler<Close> for SessionActor {
    type Result = ();

    fn handle(&mut self, Close(why): Close, ctx: &mut Self::Context) {
        let _turn = self.taken();
        self.act(ctx, |core| core.session.close(now(), &mut core.rng, why));
    }
}

/// Whether a message may be one of OTR, or ask for a key exchange, which takes a while to compute.
fn may_take_long(body: &str) -> bool {
    // A tag that asks for one is made of blanks and tabs.
    body.contains("?OTR") || body.contains('\t')
}

/// The program that an address is of.
fn client(address: &Jid) -> Client {
    address.resource().map_or(Client::ANY, |resource| Client::named(resource.as_str()))
}
