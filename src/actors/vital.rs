//! What must answer for the daemon to be alive: a part that died or hangs is named.

use std::time::Duration;

use actix::{Addr, ArbiterHandle, MailboxError, Message, Recipient};
use futures_util::future::try_join_all;
use tokio::{sync::oneshot, time::timeout};

use super::{
    grades, lti,
    registry::{Observe, Observed},
    store::{HowMuch, StoreActor},
    xmpp::IsOnline,
};
use crate::store::Store;

/// How long a part may take to answer before it counts as stuck.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The parts.
#[derive(Clone, Debug)]
pub struct VitalParts {
    /// The registry of sessions.
    pub registry: Recipient<Observe>,
    /// The connection to the XMPP server.
    pub connection: Recipient<IsOnline>,
    /// What writes to the store.
    pub store: Addr<StoreActor>,
    /// The database.
    pub database: Database,
    /// What the pages need; `None`: there are none.
    pub pages: Option<PageParts>,
    /// The threads that sessions live on.
    pub session_threads: Vec<ArbiterHandle>,
}

/// The database, to be asked whether it can be written and nothing else.
#[derive(Clone, Debug)]
pub struct Database(Store);

impl From<Store> for Database {
    fn from(store: Store) -> Self {
        Self(store)
    }
}

/// The parts that the pages need.
#[derive(Clone, Debug)]
pub struct PageParts {
    /// What takes launches.
    pub gateway: Recipient<lti::Answer>,
    /// What sends grades.
    pub outbox: Recipient<grades::Observe>,
}

/// What the parts answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether the bot is logged in.
    pub is_online: bool,
    /// What the registry counts.
    pub counts: Observed,
    /// Whether the store takes what is to be kept.
    pub is_writing: bool,
}

/// A part that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ailing {
    /// It died, and does not come back.
    #[error("{0} has died")]
    Dead(&'static str),
    /// It is slow, or hangs.
    #[error("{0} does not answer")]
    Stuck(&'static str),
}

impl VitalParts {
    /// What the parts answer, or which of them does not.
    ///
    /// # Errors
    ///
    /// The first part that does not.
    pub async fn look(&self) -> Result<Seen, Ailing> {
        let pages = async {
            let Some(PageParts { gateway, outbox }) = &self.pages else { return Ok(()) };
            ask(gateway, lti::Answer, "the gateway of the pages").await?;
            ask(outbox, grades::Observe, "the outbox of grades").await.map(drop)
        };
        let threads = async {
            let answers = self.session_threads.iter().map(answer_of);
            match timeout(PATIENCE, try_join_all(answers)).await {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(_dropped)) => Err(Ailing::Dead("a thread of sessions")),
                Err(_elapsed) => Err(Ailing::Stuck("a thread of sessions")),
            }
        };
        let store = self.store.clone().recipient();
        let (counts, is_online, backlog, pages, threads) = tokio::join!(
            ask(&self.registry, Observe, "the registry of sessions"),
            ask(&self.connection, IsOnline, "the XMPP connection"),
            ask(&store, HowMuch, "the writer of the store"),
            pages,
            threads,
        );
        let (counts, is_online, backlog) = (counts?, is_online?, backlog?);
        pages?;
        threads?;
        Ok(Seen { is_online, counts, is_writing: !backlog.is_failing })
    }

    /// Whether the database answers, and can be written.
    pub async fn can_write(&self) -> bool {
        matches!(timeout(PATIENCE, self.database.0.ping()).await, Ok(Ok(())))
    }
}

async fn ask<M>(part: &Recipient<M>, message: M, name: &'static str) -> Result<M::Result, Ailing>
where
    M: Message + Send + 'static,
    M::Result: Send,
{
    part.send(message).timeout(PATIENCE).await.map_err(|error| match error {
        MailboxError::Closed => Ailing::Dead(name),
        MailboxError::Timeout => Ailing::Stuck(name),
    })
}

/// Waits until a thread has got round to a task.
async fn answer_of(thread: &ArbiterHandle) -> Result<(), oneshot::error::RecvError> {
    let (answer, answered) = oneshot::channel();
    // Who no longer waits need not be told; a thread that is gone drops the answer unsent.
    thread.spawn_fn(move || {
        answer.send(()).ok();
    });
    answered.await
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Observed { n_learners, n_sessions } = self.counts;
        let state = if self.is_online { "logged in" } else { "not logged in to XMPP" };
        let store = if self.is_writing { "" } else { "; the store cannot be written" };
        write!(f, "{state}; learners: {n_learners}, open sessions: {n_sessions}{store}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use actix::{Actor, Arbiter, Context, Handler, MessageResult};
    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::settings::Retention;

    /// Answers as the registry and the connection do.
    struct Double;

    impl Actor for Double {
        type Context = Context<Self>;
    }

    impl Handler<Observe> for Double {
        type Result = MessageResult<Observe>;

        fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
            MessageResult(Observed { n_learners: 3, n_sessions: 2 })
        }
    }

    impl Handler<IsOnline> for Double {
        type Result = MessageResult<IsOnline>;

        fn handle(&mut self, _: IsOnline, _: &mut Self::Context) -> Self::Result {
            MessageResult(true)
        }
    }

    impl Handler<lti::Answer> for Double {
        type Result = ();

        fn handle(&mut self, _: lti::Answer, _: &mut Self::Context) {}
    }

    impl Handler<grades::Observe> for Double {
        type Result = MessageResult<grades::Observe>;

        fn handle(&mut self, _: grades::Observe, _: &mut Self::Context) -> Self::Result {
            MessageResult(grades::Counts::default())
        }
    }

    /// Parts that answer, with these threads for sessions.
    async fn parts(folder: &TempDir, threads: &[Arbiter]) -> VitalParts {
        let url = format!("sqlite://{}/otrbot.db", folder.path().display());
        parts_with(Store::open(&url).await.unwrap(), threads)
    }

    fn parts_with(store: Store, threads: &[Arbiter]) -> VitalParts {
        VitalParts {
            registry: Double.start().recipient(),
            connection: Double.start().recipient(),
            store: StoreActor::new(store.clone(), Retention::default(), Arc::default()).start(),
            database: store.into(),
            pages: Some(PageParts {
                gateway: Double.start().recipient(),
                outbox: Double.start().recipient(),
            }),
            session_threads: threads.iter().map(Arbiter::handle).collect(),
        }
    }

    /// The address of an actor that has died.
    async fn gone() -> Addr<Double> {
        let arbiter = Arbiter::new();
        let address = Double::start_in_arbiter(&arbiter.handle(), |_| Double);
        arbiter.stop();
        tokio::task::spawn_blocking(move || arbiter.join()).await.unwrap().unwrap();
        address
    }

    #[actix::test]
    async fn parts_that_answer_are_seen_with_their_counts() {
        let threads = [Arbiter::new(), Arbiter::new()];

        let seen = parts(&tempdir().unwrap(), &threads).await.look().await.unwrap();

        assert_eq!(seen.to_string(), "logged in; learners: 3, open sessions: 2");
        for thread in threads {
            thread.stop();
        }
    }

    #[actix::test]
    async fn a_part_that_died_is_named() {
        let folder = tempdir().unwrap();
        let well = parts(&folder, &[]).await;
        let dead = gone().await;
        let pages = |gateway, outbox| Some(PageParts { gateway, outbox });
        let double = Double.start();
        for (parts, name) in [
            (
                VitalParts { registry: dead.clone().recipient(), ..well.clone() },
                "the registry of sessions",
            ),
            (
                VitalParts { connection: dead.clone().recipient(), ..well.clone() },
                "the XMPP connection",
            ),
            (
                VitalParts {
                    pages: pages(dead.clone().recipient(), double.clone().recipient()),
                    ..well.clone()
                },
                "the gateway of the pages",
            ),
            (
                VitalParts {
                    pages: pages(double.recipient(), dead.clone().recipient()),
                    ..well.clone()
                },
                "the outbox of grades",
            ),
        ] {
            assert_eq!(parts.look().await, Err(Ailing::Dead(name)));
        }
        let thread = Arbiter::new();
        let handle = thread.handle();
        thread.stop();
        tokio::task::spawn_blocking(move || thread.join()).await.unwrap().unwrap();
        let parts = VitalParts { session_threads: vec![handle], ..well };
        assert_eq!(parts.look().await, Err(Ailing::Dead("a thread of sessions")));
    }

    #[actix::test]
    async fn a_thread_that_hangs_is_named() {
        let thread = Arbiter::new();
        let (release, released) = mpsc::channel::<()>();
        thread.spawn_fn(move || {
            released.recv().ok();
        });
        let folder = tempdir().unwrap();
        let url = format!("sqlite://{}/otrbot.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        let parts = parts_with(store.clone(), &[]);
        let hanging = VitalParts { session_threads: vec![thread.handle()], ..parts };
        // From here on no time passes but that of the timeouts.
        tokio::time::pause();

        assert_eq!(hanging.look().await, Err(Ailing::Stuck("a thread of sessions")));
        drop(release);
        // What the writer began meanwhile must end before the runtime does.
        tokio::time::resume();
        store.close().await;
    }
}
