//! `SessionRegistry`: finds, opens, wakes, replaces and counts the learners' sessions.
//!
//! It is the whitelist and the supervisor. It forwards: it holds no lesson and no key.
//!
//! - A session is opened by the first thing that a learner on the whitelist does: a message, coming
//!   online for the first time, a secret typed into the page. When it ends, the learner is taken off
//!   the whitelist and the roster, and comes back by way of the LMS. Those whom the settings list
//!   have no LMS to come back from: they stay, and their next message opens another session.
//! - Strangers get no answer, or one polite refusal a day where the settings say so. Their requests
//!   for a subscription are left open: who is enrolled a moment later is let in by the invitation.
//! - Messages are counted before they reach the session, so that what waits for it is bounded, and for
//!   all of them; who sends too many is told so once, and the rest is dropped.
//! - What is to be kept of a session is kept here and in the store. A session that panicked goes on
//!   from that at once, and one that was open when the process was killed as soon as the learner is
//!   seen again, or a moment after the start; the learner is told. One that panics again and again
//!   begins anew with the learner's next message. Sessions
//!   keep their own time. In each `check_interval` they are asked for a sign of life, which also has
//!   them do what they may have missed; one that gives none for as long as a session may be silent
//!   is given up.
//! - A learner who is dismissed is forgotten at once, and the session says its good-bye alone: who
//!   is enrolled again meanwhile is not taken off by the end of the old session.

mod learner;
mod messages;
mod pages;
mod strangers;
mod supervise;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use actix::{
    Actor, ArbiterHandle, AsyncContext as _, Context, Handler, MessageResult, Recipient,
    ResponseFuture,
};
use jid::{BareJid, Jid};
use log::{debug, info};
use tokio::sync::oneshot;

pub use self::messages::{
    CloseAll, Dismiss, Enrol, EnrolRefused, EnterBotSecret, EnterSecret, KnownLearner, LetGo, News,
    NotEnrolled, Observe, Observed, Reload, Restore, SessionNews, Where,
};
use super::{
    Deliver, Incoming, Outgoing, Received,
    ambient::unix_now,
    now, rng,
    session::{Close, Links, SentTooMuch, SessionActor, WentAway},
    store::{SaveProgress, SaveSession},
};
use crate::{
    metrics::{Life, Metrics},
    records::Progress,
    session::{Excess, Farewell, Snapshot},
};

pub mod factory;

use factory::SessionFactory;
use learner::{Learner, OpenSession, SessionHandle};
use strangers::Strangers;
use supervise::{Leaving, Unborn};

/// Most learners on the whitelist at once. A learner costs some 300 bytes here.
const MOST_LEARNERS: usize = 200_000;

/// When those whose sessions were interrupted, and of whom nothing was heard since, are told: by
/// then the presence of most has come, and with it where to tell them.
const FIRST_WAKE: Duration = Duration::from_secs(10);
/// How many of them are told at once, and how often.
const WAKEN_AT_ONCE: usize = 20;
const WAKE_PERIOD: Duration = Duration::from_millis(500);

/// The actor that knows all learners.
pub struct SessionRegistry {
    /// The bot's own address.
    own: BareJid,
    learners: HashMap<BareJid, Learner>,
    /// Sessions of learners who were dismissed, until they have said good-bye.
    leaving: HashMap<u64, Leaving>,
    /// `None`: strangers get no answer at all.
    strangers: Option<Strangers>,
    check_interval: Duration,
    factory: Arc<SessionFactory>,
    /// The threads that sessions live on, apart from those of HTTP and of the stream.
    arbiters: Vec<ArbiterHandle>,
    out: Recipient<Deliver>,
    store: Recipient<SaveProgress>,
    sessions: Recipient<SaveSession>,
    metrics: Arc<Metrics>,
    _life: Life,
    log_user_messages: bool,
    last_id: u64,
    /// Learners whose sessions were open when the process was killed, and who were not told yet.
    interrupted: VecDeque<BareJid>,
    /// Whether the daemon stops: no session is opened any more.
    is_closing: bool,
    /// Who waits for the last session to end.
    closing: Option<oneshot::Sender<()>>,
}

impl std::fmt::Debug for SessionRegistry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionRegistry")
            .field("learners", &self.learners.len())
            .finish_non_exhaustive()
    }
}

/// What the registry is made of.
#[derive(Debug)]
pub struct Parts {
    /// The bot's own address.
    pub own: BareJid,
    /// Makes sessions.
    pub factory: SessionFactory,
    /// The threads that sessions live on; at least one.
    pub arbiters: Vec<ArbiterHandle>,
    /// The way to the learners.
    pub out: Recipient<Deliver>,
    /// Where progress is kept.
    pub store: Recipient<SaveProgress>,
    /// Where open sessions are kept.
    pub sessions: Recipient<SaveSession>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// Whether what learners write is logged.
    pub log_user_messages: bool,
    /// Whether strangers get a polite refusal.
    pub refuse_strangers: bool,
    /// How often the sessions are looked after.
    pub check_interval: Duration,
}

impl SessionRegistry {
    /// A registry without learners.
    pub fn new(parts: Parts) -> Self {
        let Parts { own, factory, arbiters, out, store, sessions, metrics, .. } = parts;
        Self {
            own,
            learners: HashMap::new(),
            leaving: HashMap::new(),
            strangers: parts.refuse_strangers.then(Strangers::default),
            check_interval: parts.check_interval,
            factory: Arc::new(factory),
            arbiters,
            out,
            store,
            sessions,
            _life: metrics.meters.registry.life(),
            metrics,
            log_user_messages: parts.log_user_messages,
            last_id: 0,
            interrupted: VecDeque::new(),
            is_closing: false,
            closing: None,
        }
    }

    fn deliver(&self, to: &BareJid, what: Outgoing) {
        self.deliver_to(Jid::from(to.clone()), what);
    }

    fn deliver_to(&self, to: Jid, what: Outgoing) {
        self.metrics.meters.connection.sent();
        self.out.do_send(Deliver { to, what });
    }

    /// Shows the bot's status in the learner's language.
    fn show(&self, to: Jid) {
        let Some(learner) = self.learners.get(&to.to_bare()) else { return };
        let status = self.factory.status(learner.locale.as_deref());
        self.deliver_to(to, Outgoing::Show { status });
    }

    /// The learner's session, opened if there is none; `None` for who is not on the whitelist.
    fn session_of(&mut self, jid: &BareJid, news: Recipient<SessionNews>) -> Option<SessionHandle> {
        let learner = self.learners.get_mut(jid)?;
        if let Some(open) = learner.session.as_ref().filter(|open| open.actor.connected()) {
            return Some(open.actor.clone());
        }
        // A closing bot opens nothing.
        if self.is_closing {
            return None;
        }
        // The news of its end is still on its way, and will find another session.
        if learner.session.take().is_some() {
            self.metrics.sessions.dec();
        }
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        let arbiter = arbiter_of(&self.arbiters, jid)?;
        let mailbox = self.metrics.meters.session.mailbox();
        let links = Links {
            out: self.out.clone(),
            news,
            mailbox: mailbox.clone(),
            metrics: Arc::clone(&self.metrics),
            log_user_messages: self.log_user_messages,
        };
        let factory = Arc::clone(&self.factory);
        let (locale, lesson) = (learner.locale.clone(), learner.lesson.clone());
        let (jid, kept) = (jid.clone(), learner.kept.clone());
        let unborn = Unborn::new(id, jid.clone(), links.clone());
        let actor = SessionActor::start_in_arbiter(arbiter, move |_| {
            debug!(session = id; "session {id} is made for {jid}");
            let mut rng = rng();
            let (locale, lesson) = (locale.as_deref(), lesson.as_deref());
            let lesson_name = factory.name_of(lesson);
            let session = match kept {
                Some(kept) => factory.resume(locale, lesson, now(), &mut rng, &kept),
                None => factory.open(locale, lesson, now(), &mut rng),
            };
            let actor = SessionActor::new(id, jid, session, rng, links, lesson_name);
            unborn.born();
            actor
        });
        let actor = SessionHandle { addr: actor, mailbox };
        learner.session = Some(OpenSession::new(id, actor.clone()));
        self.metrics.sessions.inc();
        self.metrics.sessions_opened.inc();
        Some(actor)
    }

    fn set_progress(&mut self, jid: &BareJid, progress: Progress, credit: Option<f64>) {
        let Some(learner) = self.learners.get_mut(jid) else { return };
        if learner.progress == progress {
            return;
        }
        learner.progress = progress;
        self.metrics.step(progress);
        // Those whom the settings list have no assignment to be further in.
        let Some(enrolment) = learner.enrolment.clone() else { return };
        let (jid, at) = (jid.clone(), unix_now());
        self.metrics.meters.store.sent();
        self.store.do_send(SaveProgress { enrolment, jid, progress, credit, at });
    }

    /// Keeps where a learner's session stands; `None`: it is over.
    fn keep(&mut self, jid: &BareJid, snapshot: Option<Arc<Snapshot>>) {
        if let Some(learner) = self.learners.get_mut(jid) {
            learner.kept.clone_from(&snapshot);
        }
        self.metrics.meters.store.sent();
        self.sessions.do_send(SaveSession { jid: jid.clone(), snapshot, at: unix_now() });
    }
}

/// The thread of a learner: always the same one, so that sessions spread evenly.
fn arbiter_of<'a>(arbiters: &'a [ArbiterHandle], jid: &BareJid) -> Option<&'a ArbiterHandle> {
    use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
    let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(jid.as_str());
    let n = u64::try_from(arbiters.len()).ok()?;
    arbiters.get(usize::try_from(hash.checked_rem(n)?).ok()?)
}

impl Actor for SessionRegistry {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(self.check_interval, |registry, _| registry.look_after());
    }
}

impl Handler<Received> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, received: Received, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.taken();
        let Received { from, what } = received;
        let jid = from.to_bare();
        if let Incoming::Undelivered(lost) = what {
            return self.on_undelivered(&jid, lost);
        }
        let Some(learner) = self.learners.get_mut(&jid) else {
            return self.on_stranger(&jid, &what);
        };
        learner.note_reached(&what);
        match what {
            Incoming::Chat(body) => {
                learner.came(&from);
                self.pass_on(from, body, ctx);
            }
            Incoming::TooLong => {
                if let Some(actor) = self.session_of(&jid, ctx.address().recipient()) {
                    actor.post(SentTooMuch(Excess::Length));
                }
            }
            // What was dropped did not come.
            Incoming::ReceiptAsked(id) => {
                if learner.session.as_ref().is_some_and(|open| !open.is_flooded) {
                    self.deliver_to(from, Outgoing::Receipt(id));
                }
            }
            Incoming::SubscriptionAsked => {
                if learner.may_subscribe(now()) {
                    self.deliver(&jid, Outgoing::AcceptSubscription);
                }
            }
            Incoming::Probed => self.show(Jid::from(jid)),
            // Who is there and was not met yet is greeted; later changes of presence say nothing.
            Incoming::Available => {
                learner.came(&from);
                self.on_available(from, ctx);
            }
            Incoming::Unavailable => {
                let is_last = learner.went(&from);
                if let Some(open) = &learner.session {
                    open.actor.post_presence(WentAway { who: from, is_last });
                }
            }
            Incoming::Unsubscribed => self.on_unsubscribed(&jid),
            Incoming::Accepted
            | Incoming::Declined
            | Incoming::Unreachable(_)
            | Incoming::Undelivered(_) => {}
        }
    }
}

impl Handler<Enrol> for SessionRegistry {
    type Result = Result<(), EnrolRefused>;

    fn handle(&mut self, enrol: Enrol, _: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let Enrol { jid, enrolment, locale, lesson } = enrol;
        if jid == self.own {
            return Err(EnrolRefused::OwnAddress);
        }
        if lesson.as_deref().is_some_and(|lesson| !self.factory.has_lesson(lesson)) {
            return Err(EnrolRefused::NoSuchLesson);
        }
        let is_new = !self.learners.contains_key(&jid);
        if is_new && self.learners.len() >= MOST_LEARNERS {
            return Err(EnrolRefused::Full);
        }
        let learner = self.learners.entry(jid.clone()).or_insert_with(|| Learner::new(now()));
        learner.enrolled = now();
        learner.enrolment = Some(enrolment);
        learner.unreachable = None;
        learner.locale = locale;
        learner.lesson = lesson;
        if is_new {
            self.metrics.learners.inc();
        }
        self.deliver(&jid, Outgoing::Invite);
        Ok(())
    }
}

impl Handler<Restore> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, restore: Restore, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.turn();
        for known in restore.learners {
            if known.was_open {
                self.interrupted.push_back(known.jid.clone());
            }
            // Whoever was there before may see the bot already, and is told that it is back.
            let greeting = if known.is_listed { Outgoing::Invite } else { Outgoing::Present };
            self.deliver(&known.jid, greeting);
            let jid = known.jid.clone();
            let learner = Learner::known(known, now());
            if self.learners.insert(jid, learner).is_none() {
                self.metrics.learners.inc();
            }
        }
        if !self.interrupted.is_empty() {
            info!("{} sessions were interrupted and go on", self.interrupted.len());
            ctx.run_later(FIRST_WAKE, Self::wake);
        }
    }
}

impl Handler<Dismiss> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, Dismiss { jid }: Dismiss, _: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.taken();
        self.dismiss(jid, Farewell::Dismissed);
    }
}

impl Handler<LetGo> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, LetGo { jid }: LetGo, _: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.turn();
        self.dismiss(jid, Farewell::Erased);
    }
}

impl Handler<SessionNews> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, message: SessionNews, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.taken();
        let SessionNews { id, jid, news } = message;
        match news {
            News::Progress { progress, credit } if self.is_current(&jid, id) => {
                self.set_progress(&jid, progress, credit);
            }
            News::Kept(snapshot) if self.is_current(&jid, id) => self.keep(&jid, Some(snapshot)),
            News::Alive => self.is_alive(&jid, id),
            // Of a session that is given up, or of a learner who was dismissed.
            News::Progress { .. } | News::Kept(_) => {}
            News::Ended { status, passed, at } => {
                info!(session = id, passed = passed; "session {id} ended");
                self.on_end(id, &jid, status, at);
            }
            News::Broken { panicked } => self.on_broken(&jid, id, panicked, ctx),
        }
        self.finish_closing();
    }
}

impl Handler<Reload> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, Reload(factory): Reload, _: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.turn();
        self.factory = Arc::new(factory);
    }
}

impl Handler<CloseAll> for SessionRegistry {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: CloseAll, _: &mut Self::Context) -> Self::Result {
        let (closing, closed) = oneshot::channel();
        self.is_closing = true;
        self.closing = Some(closing);
        for learner in self.learners.values() {
            if let Some(open) = &learner.session {
                open.actor.post(Close(Farewell::Shutdown));
            }
        }
        self.finish_closing();
        Box::pin(async move {
            // A dropped sender means that nothing is left to wait for.
            closed.await.ok();
        })
    }
}

impl Handler<Observe> for SessionRegistry {
    type Result = MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        MessageResult(Observed { n_learners: self.learners.len(), n_sessions: self.n_sessions() })
    }
}
