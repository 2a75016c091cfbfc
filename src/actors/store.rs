//! `StoreActor`: writes behind, in order, many at once, never on the thread that routes stanzas; and
//! keeps the database tidy.
//!
//! What cannot be written waits, and is tried again with growing pauses: a database that goes away
//! and comes back loses nothing. This actor alone says that it is away, once, and that it is back.

mod queue;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, MessageResult,
    Recipient, ResponseFuture, WrapFuture as _,
};
use jid::BareJid;
use log::{debug, error, info, warn};
use tokio::sync::oneshot;

use self::queue::Queue;
use super::{ambient::unix_now, grades::Wake, now, registry::LetGo};
use crate::{
    metrics::{Life, Metrics, SHARES},
    records::{EnrolmentId, Progress, bare_jid},
    session::Snapshot,
    settings::Retention,
    store::{Forgotten, Store, StoreError, Usage, Write},
};

/// Most writes in one transaction.
const MOST_AT_ONCE: usize = 256;
/// The first pause after a failure; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How long a write may wait before the store counts as failing, though it has not said that it does:
/// less than the store waits for an answer.
const OLDEST: Duration = Duration::from_secs(5);
/// How often the database is tidied; the first time, and after a failure, that comes sooner.
const TIDY_PERIOD: Duration = Duration::from_hours(1);
const FIRST_TIDY: Duration = Duration::from_secs(10);
const NEXT_TIDY: Duration = Duration::from_mins(2);
/// How often nonces and invitations are forgotten whose time is over.
const SWEEP_PERIOD: Duration = Duration::from_mins(1);
/// How often it is asked who was forgotten.
const FORGET_PERIOD: Duration = Duration::from_secs(2);

/// The actor that writes behind.
#[derive(Debug)]
pub struct StoreActor {
    store: Store,
    keep: Retention,
    metrics: Arc<Metrics>,
    _life: Life,
    queue: Queue,
    /// The pause after the last write that failed; `None`: none has since.
    pause: Option<Duration>,
    /// Whether it was said that the store is away, and not yet that it is back.
    is_away: bool,
    /// How often the store failed, so that what began before a failure does not end it.
    n_failures: u64,
    /// Who lets learners go that are deleted.
    registry: Option<Recipient<LetGo>>,
    /// Who sends the grades that were put on their way.
    outbox: Option<Recipient<Wake>>,
    /// Those whom the registry was told of, and whose last writes may still come.
    leaving: Vec<Forgotten>,
    /// Whether it is being looked who was forgotten.
    is_looking: bool,
    /// Whether it was said that the database cannot be tidied.
    is_untidy: bool,
    /// Who waits until all is written.
    flushing: Vec<oneshot::Sender<()>>,
    /// The platforms that are watched, and how many invitations each may have.
    watched: Watch,
    /// Those of which it was said that they are at a limit.
    at_limit: BTreeSet<String>,
}

/// Keeps how far a learner is.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SaveProgress {
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
    /// The learner.
    pub jid: BareJid,
    /// The step.
    pub progress: Progress,
    /// How much of the grade the lesson gives for it, from 0 to 1; `None`: none.
    pub credit: Option<f64>,
    /// When it was reached, in seconds since 1970.
    pub at: i64,
}

/// Keeps where a learner's session stands.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SaveSession {
    /// The learner.
    pub jid: BareJid,
    /// The assignment that they learn in; `None`: the settings list them.
    pub enrolment: Option<EnrolmentId>,
    /// Where it stands; `None`: it is over.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Since when, in seconds since 1970.
    pub at: i64,
}

/// Keeps that somebody has shown that a Jabber ID is theirs.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SaveProof {
    /// The assignment that they learn in.
    pub enrolment: EnrolmentId,
    /// The learner.
    pub jid: BareJid,
}

/// Keeps that the chat goes on with an assignment.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SaveOpened {
    /// Which.
    pub enrolment: EnrolmentId,
    /// Since when, in microseconds since 1970.
    pub at: i64,
}

/// Answered when all that was told before is written.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Flush;

/// Names who lets learners go that are deleted.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Attach(pub Recipient<LetGo>);

/// Names who sends the grades that are put on their way.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct AttachOutbox(pub Recipient<Wake>);

/// Names the platforms whose use of the store is told in the metrics.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Watch {
    /// Their consumer keys.
    pub platforms: Vec<String>,
    /// Most invitations of one of them a day.
    pub invitations: u32,
}

/// Asks how much waits.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Backlog")]
pub struct HowMuch;

/// What waits to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How many writes.
    pub n_waiting: usize,
    /// How many of them are grades.
    pub n_grades: usize,
    /// How long the oldest of them waits.
    pub oldest: Option<Duration>,
    /// Whether the store fails, or takes too long.
    pub is_failing: bool,
}

impl StoreActor {
    /// Writes to this store.
    pub fn new(store: Store, keep: Retention, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            keep,
            _life: metrics.meters.store.life(),
            metrics,
            queue: Queue::default(),
            pause: None,
            is_away: false,
            n_failures: 0,
            registry: None,
            outbox: None,
            leaving: Vec::new(),
            is_looking: false,
            is_untidy: false,
            flushing: Vec::new(),
            watched: Watch { platforms: Vec::new(), invitations: u32::MAX },
            at_limit: BTreeSet::new(),
        }
    }

    fn push(&mut self, write: Write, ctx: &mut Context<Self>) {
        self.queue.push(write, now());
        self.metrics.store_backlog.set(count(self.queue.len()));
        if self.pause.is_none() {
            self.write(ctx);
        }
    }

    /// Begins to write unless that is under way.
    fn write(&mut self, ctx: &mut Context<Self>) {
        if self.queue.is_writing() {
            return;
        }
        let batch = self.queue.begin(MOST_AT_ONCE);
        if batch.is_empty() {
            for flushed in self.flushing.drain(..) {
                // Who no longer waits need not be told.
                flushed.send(()).ok();
            }
            return;
        }
        let (store, n_failures) = (self.store.clone(), self.n_failures);
        let writing = async move { store.write_behind(&batch).await };
        ctx.spawn(
            writing
                .into_actor(self)
                .map(move |result, actor, ctx| actor.written(&result, n_failures, ctx)),
        );
    }

    fn written(
        &mut self,
        result: &Result<(), StoreError>,
        n_failures: u64,
        ctx: &mut Context<Self>,
    ) {
        match result {
            Ok(()) => {
                let is_graded = self.queue.is_writing_grades();
                self.queue.done();
                if let Some(outbox) = self.outbox.as_ref().filter(|_| is_graded) {
                    self.metrics.meters.outbox.sent();
                    outbox.do_send(Wake);
                }
                self.metrics.store_backlog.set(count(self.queue.len()));
                self.pause = None;
                self.worked(n_failures);
                self.write(ctx);
            }
            Err(why) => {
                self.queue.again();
                self.failed(why);
                let pause = self.pause.map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
                self.pause = Some(pause);
                ctx.run_later(pause, Self::write);
            }
        }
    }

    /// The store failed.
    fn failed(&mut self, why: &StoreError) {
        self.metrics.store_failures.inc();
        self.n_failures = self.n_failures.wrapping_add(1);
        if std::mem::replace(&mut self.is_away, true) {
            debug!("the store is still away: {why}");
        } else {
            error!(
                "the store cannot be written: {why}; what is to be kept waits, and the pages ask \
                 for patience, until it can"
            );
        }
    }

    /// The store could be written. That was begun after so many failures.
    fn worked(&mut self, n_failures: u64) {
        if self.n_failures == n_failures
            && self.pause.is_none()
            && std::mem::take(&mut self.is_away)
        {
            info!("the store can be written again");
        }
    }

    /// Deletes what was kept for long enough.
    fn tidy(&mut self, ctx: &mut Context<Self>) {
        let (store, keep) = (self.store.clone(), self.keep);
        let tidying = async move { store.tidy(keep, unix_now()).await };
        ctx.spawn(tidying.into_actor(self).map(|gone, actor, ctx| match gone {
            Ok(gone) => {
                actor.is_untidy = false;
                if !gone.is_empty() {
                    info!(n = gone.len(); "{} people were not heard of for long and are deleted", gone.len());
                }
                actor.let_go(gone.into_iter().map(|(enrolment, jid)| (jid, Some(enrolment))));
                ctx.run_later(TIDY_PERIOD, Self::tidy);
            }
            Err(error) => {
                if !std::mem::replace(&mut actor.is_untidy, true) && !actor.is_away {
                    warn!("what is old cannot be deleted, and is tried again: {error}");
                }
                ctx.run_later(NEXT_TIDY, Self::tidy);
            }
        }));
    }

    /// Forgets nonces and invitations whose time is over, and sees what the platforms have.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        let (store, watched) = (self.store.clone(), self.watched.platforms.clone());
        let sweeping = async move {
            store.forget_nonces(unix_now()).await?;
            store.forget_invitations(unix_now()).await?;
            if let Err(why) = store.recount().await {
                debug!("what the platforms have is not counted anew: {why}");
            }
            let mut seen = Vec::with_capacity(watched.len());
            for platform in watched {
                let usage = store.usage(&platform, unix_now()).await?;
                seen.push((platform, usage));
            }
            Ok(seen)
        };
        ctx.spawn(sweeping.into_actor(self).map(|swept, actor, _| match swept {
            Ok(seen) => actor.tell_usage(seen),
            Err(why) => actor.failed(&why),
        }));
    }

    /// Tells what the platforms have, and once of each that it may have no more.
    fn tell_usage(&mut self, seen: Vec<(String, Usage)>) {
        let limits = self.store.limits();
        for (platform, usage) in seen {
            let shares = [
                (usage.enrolments, i64::from(limits.enrolments_per_platform)),
                (usage.bytes, limits.bytes_per_platform()),
                (usage.invitations, i64::from(self.watched.invitations)),
            ];
            self.metrics.platform(&platform, shares);
            let full = SHARES.into_iter().zip(shares).find(|(_, (has, may))| has >= may);
            match full {
                Some((of, (_, most))) if self.at_limit.insert(platform.clone()) => {
                    warn!("the platform {platform} has reached its limit of {most} {of}");
                }
                Some(_) => {}
                None => {
                    self.at_limit.remove(&platform);
                }
            }
        }
    }

    /// Lets those go whom somebody has erased from the database, and sees whether that is back.
    fn look(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.is_looking, true) {
            return;
        }
        let store = self.store.clone();
        // They were let go at the last look, and what they wrote since is erased now.
        let leaving = self.leaving.clone();
        let (is_away, n_failures) = (self.is_away, self.n_failures);
        let looking = async move {
            if is_away {
                store.ping().await?;
            }
            if !leaving.is_empty() {
                store.let_go(&leaving).await?;
            }
            let forgotten = store.forgotten().await?;
            if let Err(why) = store.overwrite().await {
                debug!("what was erased is not overwritten yet: {why}");
            }
            Ok(forgotten)
        };
        ctx.spawn(looking.into_actor(self).map(move |forgotten, actor, ctx| {
            actor.is_looking = false;
            match forgotten {
                Ok(forgotten) => actor.looked(forgotten, n_failures, ctx),
                Err(why) => actor.failed(&why),
            }
        }));
    }

    fn looked(&mut self, forgotten: Vec<Forgotten>, n_failures: u64, ctx: &mut Context<Self>) {
        if self.pause.is_some() && self.is_away {
            // What waits need not wait for the end of its pause.
            self.write(ctx);
        } else {
            self.worked(n_failures);
        }
        if !forgotten.is_empty() {
            info!(n = forgotten.len(); "{} people are forgotten", forgotten.len());
        }
        self.let_go(forgotten.iter().map(|one| (one.jid.clone(), one.enrolment.clone())));
        self.leaving = forgotten;
    }

    fn let_go(&self, claims: impl Iterator<Item = (String, Option<EnrolmentId>)>) {
        let Some(registry) = &self.registry else { return };
        for (jid, enrolment) in claims {
            if let Some(jid) = bare_jid(&jid) {
                registry.do_send(LetGo { jid, enrolment });
            }
        }
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Actor for StoreActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_later(FIRST_TIDY, Self::tidy);
        ctx.run_interval(SWEEP_PERIOD, Self::sweep);
        ctx.run_interval(FORGET_PERIOD, Self::look);
    }
}

impl Handler<SaveProgress> for StoreActor {
    type Result = ();

    fn handle(&mut self, message: SaveProgress, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.store.taken();
        let SaveProgress { enrolment, jid, progress, credit, at } = message;
        let jid = jid.to_string();
        self.push(Write::Progress { enrolment, jid, progress, credit, at }, ctx);
    }
}

impl Handler<SaveSession> for StoreActor {
    type Result = ();

    fn handle(&mut self, message: SaveSession, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.store.taken();
        let SaveSession { jid, enrolment, snapshot, at } = message;
        self.push(Write::Session { jid: jid.to_string(), enrolment, snapshot, at }, ctx);
    }
}

impl Handler<SaveProof> for StoreActor {
    type Result = ();

    fn handle(&mut self, message: SaveProof, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.store.taken();
        let SaveProof { enrolment, jid } = message;
        self.push(Write::Proven { enrolment, jid: jid.to_string() }, ctx);
    }
}

impl Handler<SaveOpened> for StoreActor {
    type Result = ();

    fn handle(&mut self, message: SaveOpened, ctx: &mut Self::Context) {
        let _turn = self.metrics.meters.store.taken();
        let SaveOpened { enrolment, at } = message;
        self.push(Write::Opened { enrolment, at }, ctx);
    }
}

impl Handler<Attach> for StoreActor {
    type Result = ();

    fn handle(&mut self, Attach(registry): Attach, _: &mut Self::Context) {
        self.registry = Some(registry);
    }
}

impl Handler<AttachOutbox> for StoreActor {
    type Result = ();

    fn handle(&mut self, AttachOutbox(outbox): AttachOutbox, _: &mut Self::Context) {
        self.outbox = Some(outbox);
    }
}

impl Handler<Watch> for StoreActor {
    type Result = ();

    fn handle(&mut self, watch: Watch, ctx: &mut Self::Context) {
        self.watched = watch;
        self.sweep(ctx);
    }
}

impl Handler<HowMuch> for StoreActor {
    type Result = MessageResult<HowMuch>;

    fn handle(&mut self, _: HowMuch, _: &mut Self::Context) -> Self::Result {
        let oldest = self.queue.age(now());
        MessageResult(Backlog {
            n_waiting: self.queue.len(),
            n_grades: self.queue.n_grades(),
            oldest,
            is_failing: self.is_away || oldest.is_some_and(|age| age > OLDEST),
        })
    }
}

impl Handler<Flush> for StoreActor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Flush, ctx: &mut Self::Context) -> Self::Result {
        let (sender, flushed) = oneshot::channel();
        self.flushing.push(sender);
        self.write(ctx);
        Box::pin(async move {
            // A dropped sender means that the actor is gone, and so is what it would write.
            flushed.await.ok();
        })
    }
}
