//! `SessionRegistry`: finds, opens, wakes, replaces and counts the learners' sessions.
//!
//! It is the whitelist and the supervisor. It forwards: it holds no lesson and no key.
//!
//! - A session is opened by the first thing that a learner on the whitelist does: a message, coming
//!   online for the first time, a secret typed into the page. When it ends, the learner is taken off
//!   the whitelist and the roster, and comes back by way of the LMS. Those whom the settings list
//!   have no LMS to come back from: they stay, and their next message opens another session.
//! - Several may say that an address is theirs, as anybody can type any into a page. Each of them has
//!   a session of their own; what comes from the address goes to that of its holder, and while nobody
//!   is, to a porter, who asks for the number on the page.
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

mod address;
mod claims;
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
    NotEnrolled, Observe, Observed, Reload, Restore, SessionNews, SetLanguage, Where,
};
use super::{
    Deliver, Incoming, Outgoing, Received,
    ambient::unix_now,
    now, rng,
    session::{Close, ConfirmRead, Links, SentTooMuch, SessionActor, WentAway},
    store::{SaveOpened, SaveProgress, SaveProof, SaveSession},
    workshop::Workshop,
};
use crate::{
    metrics::{Life, Metrics},
    records::Progress,
    session::{Contest, Excess, Farewell, Snapshot},
};

pub mod factory;

use address::Address;
use claims::Opened;
use factory::{Guest, SessionFactory};
use learner::{Claimant, Learner, OpenSession, SessionHandle};
use strangers::Strangers;
use supervise::{Leaving, Unborn};

/// Most learners on the whitelist at once. A learner costs some 300 bytes here.
const MOST_LEARNERS: usize = 1_000_000;

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
    addresses: HashMap<BareJid, Address>,
    /// How many learners claim them.
    n_learners: usize,
    /// Sessions of learners who were dismissed, until they have said good-bye.
    leaving: HashMap<u64, Leaving>,
    /// `None`: strangers get no answer at all.
    strangers: Option<Strangers>,
    check_interval: Duration,
    factory: Arc<SessionFactory>,
    /// The threads that sessions live on, apart from those of HTTP and of the stream.
    arbiters: Vec<ArbiterHandle>,
    /// Where sessions have long computations done.
    workshop: Arc<Workshop>,
    out: Recipient<Deliver>,
    store: Recipient<SaveProgress>,
    sessions: Recipient<SaveSession>,
    proofs: Recipient<SaveProof>,
    openings: Recipient<SaveOpened>,
    metrics: Arc<Metrics>,
    _life: Life,
    log_user_messages: bool,
    last_id: u64,
    /// How many assignments were opened.
    last_opening: u64,
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
            .field("learners", &self.n_learners)
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
    /// Where sessions have long computations done.
    pub workshop: Arc<Workshop>,
    /// The way to the learners.
    pub out: Recipient<Deliver>,
    /// Where progress is kept.
    pub store: Recipient<SaveProgress>,
    /// Where open sessions are kept.
    pub sessions: Recipient<SaveSession>,
    /// Where it is kept who has shown that an address is theirs.
    pub proofs: Recipient<SaveProof>,
    /// Where it is kept with which assignment a chat goes on.
    pub openings: Recipient<SaveOpened>,
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
        let Parts { own, factory, arbiters, workshop, out, store, sessions, proofs, .. } = parts;
        let openings = parts.openings;
        let metrics = parts.metrics;
        Self {
            own,
            addresses: HashMap::new(),
            n_learners: 0,
            leaving: HashMap::new(),
            strangers: parts.refuse_strangers.then(Strangers::default),
            check_interval: parts.check_interval,
            factory: Arc::new(factory),
            arbiters,
            workshop,
            out,
            store,
            sessions,
            proofs,
            openings,
            _life: metrics.meters.registry.life(),
            metrics,
            log_user_messages: parts.log_user_messages,
            last_id: 0,
            last_opening: 0,
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
        let Some(address) = self.addresses.get(&to.to_bare()) else { return };
        let locale = address.holder().and_then(|learner| learner.locale.as_deref());
        let status = self.factory.status(locale);
        self.deliver_to(to, Outgoing::Show { status });
    }

    /// One of those who claim an address.
    fn learner(&self, jid: &BareJid, claimant: &Claimant) -> Option<&Learner> {
        self.addresses.get(jid)?.learner(claimant)
    }

    /// The session of one who claims an address, opened if there is none; `None` for who does not.
    fn session_of(
        &mut self,
        jid: &BareJid,
        claimant: &Claimant,
        news: Recipient<SessionNews>,
    ) -> Option<SessionHandle> {
        let address = self.addresses.get_mut(jid)?;
        let session = address.learner(claimant)?.session.as_ref();
        if let Some(open) = session.filter(|open| open.actor.connected()) {
            return Some(open.actor.clone());
        }
        // A closing bot opens nothing.
        if self.is_closing {
            return None;
        }
        let contest = address.contest_of(Some(claimant));
        let learner = address.learner_mut(claimant)?;
        let is_named = std::mem::take(&mut learner.was_paused) || !contest.mine.is_empty();
        let named = is_named.then(|| Named { title: learner.title.clone() });
        // The news of its end is still on its way, and will find another session.
        if learner.session.take().is_some() {
            self.metrics.sessions.dec();
        }
        let (guest, kept) = (learner.guest(), learner.kept.clone());
        let open = self.open(jid, Opening { guest, kept, contest, named }, news)?;
        let actor = open.actor.clone();
        self.addresses.get_mut(jid)?.learner_mut(claimant)?.session = Some(open);
        Some(actor)
    }

    /// Opens a session.
    fn open(
        &mut self,
        jid: &BareJid,
        opening: Opening,
        news: Recipient<SessionNews>,
    ) -> Option<OpenSession> {
        self.last_id = self.last_id.wrapping_add(1);
        let id = self.last_id;
        let arbiter = arbiter_of(&self.arbiters, jid)?;
        let mailbox = self.metrics.meters.session.mailbox();
        let links = Links {
            workshop: Arc::clone(&self.workshop),
            out: self.out.clone(),
            news,
            mailbox: mailbox.clone(),
            metrics: Arc::clone(&self.metrics),
            log_user_messages: self.log_user_messages,
        };
        let factory = Arc::clone(&self.factory);
        let jid = jid.clone();
        let unborn = Unborn::new(id, jid.clone(), links.clone());
        let actor = SessionActor::start_in_arbiter(arbiter, move |_| {
            debug!(session = id; "session {id} is made for {jid}");
            let mut rng = rng();
            let Opening { guest, kept, contest, named } = opening;
            let lesson_name = factory.name_of(guest.lesson.as_deref());
            let mut session = match kept {
                Some(kept) => factory.resume(&guest, now(), &mut rng, &kept),
                None => factory.open(&guest, now(), &mut rng),
            };
            session.set_contest(now(), contest);
            if let Some(Named { title }) = named {
                session.name_exercise(title.as_deref());
            }
            let actor = SessionActor::new(id, jid, session, rng, links, lesson_name);
            unborn.born();
            actor
        });
        self.metrics.sessions.inc();
        self.metrics.sessions_opened.inc();
        Some(OpenSession::new(id, SessionHandle { addr: actor, mailbox }))
    }

    fn set_progress(&mut self, jid: &BareJid, id: u64, progress: Progress, credit: Option<f64>) {
        let Some(claimant) = self.claimant_of(jid, id) else { return };
        let Some(address) = self.addresses.get_mut(jid) else { return };
        let Some(learner) = address.learner_mut(&claimant) else { return };
        if learner.progress == progress {
            return;
        }
        learner.progress = progress;
        learner.was_met |= progress > Progress::Invited;
        learner.is_finished |= progress == Progress::Done;
        self.metrics.step(progress);
        // Those whom the settings list have no assignment to be further in.
        let Some(enrolment) = learner.claimant.clone() else { return };
        let (jid, at) = (jid.clone(), unix_now());
        // Nothing is earned by what somebody else may have done.
        let credit = credit.filter(|_| learner.is_proven || !learner.is_contested);
        self.metrics.meters.store.sent();
        self.store.do_send(SaveProgress { enrolment, jid, progress, credit, at });
    }

    /// Keeps where a learner's session stands; `None`: it is over.
    fn keep(&mut self, jid: &BareJid, claimant: &Claimant, snapshot: Option<Arc<Snapshot>>) {
        let address = self.addresses.get_mut(jid);
        if let Some(learner) = address.and_then(|address| address.learner_mut(claimant)) {
            learner.kept.clone_from(&snapshot);
        }
        self.metrics.meters.store.sent();
        let (jid, enrolment) = (jid.clone(), claimant.clone());
        self.sessions.do_send(SaveSession { jid, enrolment, snapshot, at: unix_now() });
    }
}

/// What a session is opened with.
struct Opening {
    guest: Guest,
    kept: Option<Arc<Snapshot>>,
    contest: Contest,
    /// It says which exercise it is about, as the learner has several.
    named: Option<Named>,
}

/// What an exercise is called, as far as the platform says.
struct Named {
    title: Option<String>,
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
        ctx.run_interval(self.check_interval, Self::look_after);
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
        let Some(address) = self.addresses.get_mut(&jid) else {
            return self.on_stranger(&jid, &what);
        };
        address.note_reached(&what);
        match what {
            Incoming::Chat(body) => {
                address.came(&from);
                address.is_last_otr = body.contains("?OTR");
                self.pass_on(from, body, None, ctx);
            }
            Incoming::Marked { body, own } => {
                address.came(&from);
                address.is_last_otr = own.contains("?OTR");
                self.pass_on(from, body, Some(own), ctx);
            }
            Incoming::TooLong => {
                if let Some(actor) = self.answering(&jid, ctx.address().recipient()) {
                    actor.post(SentTooMuch(Excess::Length));
                }
            }
            // What was dropped did not come. Whether a message of OTR can be read, the session knows.
            Incoming::ReceiptAsked(id) => {
                let is_otr = address.is_last_otr;
                match address.open().filter(|open| !open.is_flooded) {
                    Some(open) if is_otr => open.actor.post_with_chat(ConfirmRead { from, id }),
                    Some(_) => self.deliver_to(from, Outgoing::Receipt(id)),
                    None => {}
                }
            }
            Incoming::SubscriptionAsked => {
                if address.may_subscribe(now()) {
                    self.deliver(&jid, Outgoing::AcceptSubscription);
                }
            }
            Incoming::Probed => self.show(Jid::from(jid)),
            // Who is there and was not met yet is greeted; later changes of presence say nothing.
            Incoming::Available => {
                address.came(&from);
                self.on_available(from, ctx);
            }
            Incoming::Unavailable => {
                let is_last = address.went(&from);
                if let Some(open) = address.open() {
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

    fn handle(&mut self, enrol: Enrol, ctx: &mut Self::Context) -> Self::Result {
        let _turn = self.metrics.meters.registry.taken();
        let Enrol { jid, enrolment, is_proven, is_contested, person, .. } = enrol;
        let Enrol { invites, locale, lesson, title, consumer, was_met, is_finished, .. } = enrol;
        if jid == self.own {
            return Err(EnrolRefused::OwnAddress);
        }
        if lesson.as_deref().is_some_and(|lesson| !self.factory.has_lesson(lesson)) {
            return Err(EnrolRefused::NoSuchLesson);
        }
        let claimant = Some(enrolment);
        let is_new = self.learner(&jid, &claimant).is_none();
        let is_full = self.addresses.get(&jid).is_some_and(|all| all.is_full_for(person.as_ref()));
        if is_new && (self.n_learners >= MOST_LEARNERS || is_full) {
            return Err(EnrolRefused::Full);
        }
        if is_new {
            // The bot stays on the contact list meanwhile.
            let address = self.addresses.get(&jid);
            if let Some(oldest) = address.and_then(|all| all.makes_room(person.as_ref())) {
                self.give_up(&jid, &oldest, Farewell::Moved);
            }
            let mut new = Learner::new(claimant.clone(), &jid, now());
            new.person = person;
            self.add(&jid, new);
        }
        let address = self.addresses.get_mut(&jid);
        // What was shown in another assignment may not be in the store yet.
        let is_proven = is_proven
            || address.as_ref().is_some_and(|all| all.siblings(&claimant).any(|one| one.is_proven));
        if let Some(learner) = address.and_then(|address| address.learner_mut(&claimant)) {
            learner.enrolled = now();
            learner.is_proven |= is_proven;
            learner.is_contested |= is_contested;
            learner.unreachable = None;
            learner.was_met |= was_met;
            learner.is_finished |= is_finished;
            learner.consumer = Some(consumer.into());
            learner.locale = locale;
            learner.lesson = lesson;
            learner.title = title;
        }
        self.tell_contest(&jid);
        if invites {
            self.deliver(&jid, Outgoing::Invite);
        }
        self.follow(&jid, &claimant, Opened::Page, ctx);
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
            let is_listed = known.enrolment.is_none();
            let greeting = if is_listed { Outgoing::Invite } else { Outgoing::Present };
            self.deliver(&known.jid, greeting);
            let jid = known.jid.clone();
            let address = self.addresses.get(&jid);
            if let Some(oldest) = address.and_then(|all| all.makes_room(known.person.as_ref())) {
                self.remove(&jid, &oldest);
            }
            let claimant = known.enrolment.clone();
            self.add(&jid, Learner::known(known, now()));
            if let Some(address) = self.addresses.get_mut(&jid) {
                address.pause_siblings(&claimant);
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

    fn handle(&mut self, Dismiss { jid, enrolment }: Dismiss, _: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.taken();
        self.dismiss(&jid, &Some(enrolment), Farewell::Dismissed);
    }
}

impl Handler<LetGo> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, LetGo { jid, enrolment }: LetGo, _: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.turn();
        let all = self.addresses.get(&jid).map(Address::learners).unwrap_or_default();
        let claimants: Vec<Claimant> = all.iter().map(|one| one.claimant.clone()).collect();
        for claimant in claimants {
            if enrolment.is_none() || claimant == enrolment {
                self.dismiss(&jid, &claimant, Farewell::Erased);
            }
        }
    }
}

impl Handler<SessionNews> for SessionRegistry {
    type Result = ();

    fn handle(&mut self, message: SessionNews, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.registry.taken();
        let SessionNews { id, jid, news } = message;
        let is_over = matches!(news, News::Ended { .. } | News::Broken { .. });
        let next = if is_over { self.next_after(id) } else { None };
        match news {
            News::Progress { progress, credit } => self.set_progress(&jid, id, progress, credit),
            News::Language(locale) => {
                let address = self.addresses.get_mut(&jid);
                let learner = address.and_then(|address| address.with_session(id));
                if let Some(learner) = learner {
                    learner.locale = Some(locale);
                }
            }
            News::Kept(snapshot) => {
                if let Some(claimant) = self.claimant_of(&jid, id) {
                    self.keep(&jid, &claimant, Some(snapshot));
                }
            }
            News::Claimed { number, from } => self.on_claimed(&jid, id, number, from, ctx),
            News::Alive => self.is_alive(&jid, id),
            News::Ended { status, passed, at } => {
                info!(session = id, passed = passed; "session {id} ended");
                if passed {
                    self.forget_finished(&jid, id);
                }
                self.on_end(id, &jid, status, at);
            }
            News::Broken { panicked } => self.on_broken(&jid, id, panicked, ctx),
        }
        if let Some(next) = next {
            self.go_on_with(&jid, next, ctx);
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
        for address in self.addresses.values() {
            for open in address.sessions() {
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
        MessageResult(Observed { n_learners: self.n_learners, n_sessions: self.n_sessions() })
    }
}
