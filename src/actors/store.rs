//! `StoreActor`: writes behind, in order, many at once, never on the thread that routes stanzas; and
//! keeps the database tidy.
//!
//! What cannot be written waits, and is tried again with growing pauses: a database that goes away
//! and comes back loses nothing. That it is away is said once.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, MessageResult,
    Recipient, ResponseFuture, WrapFuture as _,
};
use jid::BareJid;
use log::{error, info, warn};
use tokio::sync::oneshot;

use super::{ambient::unix_now, grades::Wake, registry::Dismiss};
use crate::{
    metrics::{Life, Metrics},
    session::{Progress, Snapshot},
    store::{EnrolmentId, Retention, Store, StoreError, Write},
};

/// Most writes that wait. A store that is this far behind is broken; the oldest write goes.
const MOST_WAITING: usize = 100_000;
/// Most writes in one transaction.
const MOST_AT_ONCE: usize = 256;
/// The first pause after a failure; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// How often the database is tidied; the first time comes sooner.
const TIDY_PERIOD: Duration = Duration::from_hours(1);
const FIRST_TIDY: Duration = Duration::from_secs(10);
/// How often it is asked who was forgotten.
const FORGET_PERIOD: Duration = Duration::from_secs(2);

/// The actor that writes behind.
#[derive(Debug)]
pub struct StoreActor {
    store: Store,
    keep: Retention,
    metrics: Arc<Metrics>,
    _life: Life,
    waiting: VecDeque<Write>,
    /// How many of them, from the oldest on, are being written.
    n_writing: usize,
    /// The pause after the last failure; `None`: there was none since.
    pause: Option<Duration>,
    n_dropped: u64,
    /// Who lets learners go that are deleted.
    registry: Option<Recipient<Dismiss>>,
    /// Who sends the grades that were put on their way.
    outbox: Option<Recipient<Wake>>,
    /// Those whom the registry was told of, and whose last writes may still come.
    leaving: Vec<String>,
    /// Whether the database was not to be asked when it was last tried.
    is_tidying_lost: bool,
    /// Who waits until all is written.
    flushing: Vec<oneshot::Sender<()>>,
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
    /// Where it stands; `None`: it is over.
    pub snapshot: Option<Arc<Snapshot>>,
    /// Since when, in seconds since 1970.
    pub at: i64,
}

/// Answered when all that was told before is written.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Flush;

/// Names who lets learners go that are deleted.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Attach(pub Recipient<Dismiss>);

/// Names who sends the grades that are put on their way.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct AttachOutbox(pub Recipient<Wake>);

/// Asks how much waits.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "Backlog")]
pub struct HowMuch;

/// What waits to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How many writes.
    pub n_waiting: usize,
    /// Whether the last try failed.
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
            waiting: VecDeque::new(),
            n_writing: 0,
            pause: None,
            n_dropped: 0,
            registry: None,
            outbox: None,
            leaving: Vec::new(),
            is_tidying_lost: false,
            flushing: Vec::new(),
        }
    }

    fn push(&mut self, write: Write, ctx: &mut Context<Self>) {
        // What is being written must stay where it is.
        if self.waiting.len() >= MOST_WAITING && self.waiting.remove(self.n_writing).is_some() {
            self.n_dropped = self.n_dropped.wrapping_add(1);
            if self.n_dropped.is_power_of_two() {
                error!(dropped = self.n_dropped; "the store is too far behind: {} writes dropped", self.n_dropped);
            }
        }
        self.waiting.push_back(write);
        self.metrics.store_backlog.set(count(self.waiting.len()));
        if self.pause.is_none() {
            self.write(ctx);
        }
    }

    /// Begins to write unless that is under way.
    fn write(&mut self, ctx: &mut Context<Self>) {
        if self.n_writing > 0 {
            return;
        }
        if self.waiting.is_empty() {
            for flushed in self.flushing.drain(..) {
                // Who no longer waits need not be told.
                flushed.send(()).ok();
            }
            return;
        }
        let batch: Vec<Write> = self.waiting.iter().take(MOST_AT_ONCE).cloned().collect();
        self.n_writing = batch.len();
        let store = self.store.clone();
        let writing = async move { store.write_behind(&batch).await };
        ctx.spawn(writing.into_actor(self).map(|result, actor, ctx| actor.written(&result, ctx)));
    }

    fn written(&mut self, result: &Result<(), StoreError>, ctx: &mut Context<Self>) {
        let n_writing = std::mem::take(&mut self.n_writing);
        match result {
            Ok(()) => {
                let is_graded =
                    |write: &Write| matches!(write, Write::Progress { credit: Some(_), .. });
                let are_graded = self.waiting.drain(..n_writing).filter(is_graded).count() > 0;
                if let Some(outbox) = self.outbox.as_ref().filter(|_| are_graded) {
                    outbox.do_send(Wake);
                }
                self.metrics.store_backlog.set(count(self.waiting.len()));
                if self.pause.take().is_some() {
                    info!("the store can be written again");
                }
                self.write(ctx);
            }
            Err(why) => {
                self.metrics.store_failures.inc();
                if self.pause.is_none() {
                    error!(
                        "the store cannot be written: {why}; what is to be kept waits, and the \
                         pages ask for patience, until it can"
                    );
                }
                let pause = self.pause.map_or(FIRST_PAUSE, |last| (last * 2).min(LONGEST_PAUSE));
                self.pause = Some(pause);
                ctx.run_later(pause, Self::write);
            }
        }
    }

    /// Deletes what was kept for long enough.
    fn tidy(&self, ctx: &mut Context<Self>) {
        let (store, keep) = (self.store.clone(), self.keep);
        let tidying = async move { store.tidy(keep, unix_now()).await };
        ctx.spawn(tidying.into_actor(self).map(|gone, actor, _| match gone {
            Ok(gone) => {
                if !gone.is_empty() {
                    info!(n = gone.len(); "{} people were not heard of for long and are deleted", gone.len());
                }
                actor.dismiss(&gone);
            }
            Err(error) => warn!("what is old cannot be deleted: {error}"),
        }));
    }

    /// Lets those go whom somebody has erased from the database.
    fn look_for_forgotten(&mut self, ctx: &mut Context<Self>) {
        let store = self.store.clone();
        // They were let go at the last look, and what they wrote since is erased now.
        let leaving = std::mem::take(&mut self.leaving);
        let looking = async move {
            if !leaving.is_empty() {
                store.let_go(&leaving).await?;
            }
            store.forgotten().await
        };
        ctx.spawn(looking.into_actor(self).map(|forgotten, actor, _| match forgotten {
            Ok(forgotten) => {
                actor.is_tidying_lost = false;
                if !forgotten.is_empty() {
                    info!(n = forgotten.len(); "{} people are forgotten", forgotten.len());
                }
                actor.dismiss(&forgotten);
                actor.leaving = forgotten;
            }
            Err(error) => {
                if !std::mem::replace(&mut actor.is_tidying_lost, true) {
                    warn!("the store cannot be asked: {error}");
                }
            }
        }));
    }

    fn dismiss(&self, jids: &[String]) {
        let Some(registry) = &self.registry else { return };
        for jid in jids.iter().filter_map(|jid| BareJid::new(jid).ok()) {
            registry.do_send(Dismiss { jid });
        }
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl Actor for StoreActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_later(FIRST_TIDY, |actor, ctx| actor.tidy(ctx));
        ctx.run_interval(TIDY_PERIOD, |actor, ctx| actor.tidy(ctx));
        ctx.run_interval(FORGET_PERIOD, Self::look_for_forgotten);
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
        let SaveSession { jid, snapshot, at } = message;
        self.push(Write::Session { jid: jid.to_string(), snapshot, at }, ctx);
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

impl Handler<HowMuch> for StoreActor {
    type Result = MessageResult<HowMuch>;

    fn handle(&mut self, _: HowMuch, _: &mut Self::Context) -> Self::Result {
        MessageResult(Backlog {
            n_waiting: self.waiting.len(),
            is_failing: self.pause.is_some() || self.is_tidying_lost,
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
