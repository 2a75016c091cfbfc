//! `StoreActor`: writes behind, in order, never on the thread that routes stanzas.

use std::collections::VecDeque;

use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseFuture,
    WrapFuture as _,
};
use jid::BareJid;
use log::error;
use tokio::sync::oneshot;

use crate::{
    session::Progress,
    store::{Store, StoreError},
};

/// Most writes that wait. A store that is this far behind is broken; the oldest write goes.
const MOST_WAITING: usize = 100_000;

/// The actor that writes behind.
#[derive(Debug)]
pub struct StoreActor {
    store: Store,
    waiting: VecDeque<SaveProgress>,
    is_writing: bool,
    /// Who waits until all is written.
    flushing: Vec<oneshot::Sender<()>>,
}

/// Keeps how far a learner is.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct SaveProgress {
    /// The learner.
    pub jid: BareJid,
    /// The step.
    pub progress: Progress,
    /// The part of the grade that the lesson gives for it, from 0 to 1; `None`: none.
    pub credit: Option<f64>,
    /// When it was reached, in seconds since 1970.
    pub at: i64,
}

/// Answered when all that was told before is written.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Flush;

impl StoreActor {
    /// Writes to this store.
    pub fn new(store: Store) -> Self {
        Self { store, waiting: VecDeque::new(), is_writing: false, flushing: Vec::new() }
    }

    /// Begins the next write unless one is under way.
    fn write(&mut self, ctx: &mut Context<Self>) {
        if self.is_writing {
            return;
        }
        let Some(SaveProgress { jid, progress, credit, at }) = self.waiting.pop_front() else {
            for flushed in self.flushing.drain(..) {
                // Who no longer waits need not be told.
                flushed.send(()).ok();
            }
            return;
        };
        self.is_writing = true;
        let store = self.store.clone();
        let writing = async move {
            store.set_progress(jid.as_str(), progress, at).await?;
            // The outbox finds it at its next look.
            if let Some(score) = credit {
                store.put_credit(jid.as_str(), score, at).await?;
            }
            Ok::<(), StoreError>(())
        };
        ctx.spawn(writing.into_actor(self).map(|result, actor, ctx| {
            if let Err(why) = result {
                error!("a learner's progress is not kept: {why}");
            }
            actor.is_writing = false;
            actor.write(ctx);
        }));
    }
}

impl Actor for StoreActor {
    type Context = Context<Self>;
}

impl Handler<SaveProgress> for StoreActor {
    type Result = ();

    fn handle(&mut self, message: SaveProgress, ctx: &mut Self::Context) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
        self.write(ctx);
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
