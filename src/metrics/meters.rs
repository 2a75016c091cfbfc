//! How the actors do: what waits for them, what they handle, how long that takes.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::time::Instant;

/// Upper bounds of the times, in seconds.
const BOUNDS: [f64; 12] =
    [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// One label: the type of an actor.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ActorType {
    /// Its name.
    pub actor: &'static str,
}

/// How the actors do, by type.
#[derive(Debug)]
pub struct Meters {
    /// The registry of learners.
    pub registry: Meter,
    /// The learners' sessions.
    pub session: Meter,
    /// The connection to the XMPP server.
    pub connection: Meter,
    /// What writes to the store.
    pub store: Meter,
    /// What serves the pages.
    pub gateway: Meter,
    /// What sends the grades.
    pub outbox: Meter,
    /// Sessions that were replaced after a fault of the program. Of the others there is one each,
    /// whose end is that of the process.
    pub sessions_restarted: Counter,
}

/// How the actors of one type do.
#[derive(Clone)]
pub struct Meter {
    live: Gauge,
    mailbox: Gauge,
    handling: Histogram,
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

impl Meters {
    /// Declares them.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let live = Family::<ActorType, Gauge>::default();
        let mailbox = Family::<ActorType, Gauge>::default();
        let restarts = Family::<ActorType, Counter>::default();
        let handling =
            Family::<ActorType, Histogram, _>::new_with_constructor(|| Histogram::new(BOUNDS));
        registry.register("actors", "Actors that live now, by type", live.clone());
        registry.register(
            "actor_mailbox_messages",
            "Messages that wait for actors now, by type; grows where one is too slow",
            mailbox.clone(),
        );
        registry.register(
            "actor_restarts",
            "Actors that were replaced after a fault of the program; should stay 0. Only sessions are: \
             with another actor the process ends, see process_start_time_seconds",
            restarts.clone(),
        );
        registry.register_with_unit(
            "actor_handling",
            "How long actors took for a message, by type; the count is that of messages handled",
            Unit::Seconds,
            handling.clone(),
        );
        let meter = |actor| {
            let label = ActorType { actor };
            Meter {
                live: live.get_or_create_owned(&label),
                mailbox: mailbox.get_or_create_owned(&label),
                handling: handling.get_or_create_owned(&label),
            }
        };
        Self {
            registry: meter("registry"),
            session: meter("session"),
            connection: meter("connection"),
            store: meter("store"),
            gateway: meter("gateway"),
            outbox: meter("outbox"),
            sessions_restarted: restarts.get_or_create_owned(&ActorType { actor: "session" }),
        }
    }
}

impl Meter {
    /// An actor of this type lives until this is dropped.
    pub fn life(&self) -> Life {
        self.live.inc();
        Life(self.live.clone())
    }

    /// A message was put into the mailbox of an actor that lives as long as the process.
    pub fn sent(&self) {
        self.mailbox.inc();
    }

    /// How many messages wait.
    pub fn n_waiting(&self) -> i64 {
        self.mailbox.get()
    }

    /// Such a message was not put in after all: the actor is gone.
    pub fn unsent(&self) {
        self.mailbox.dec();
    }

    /// The actor has got round to such a message; it is handled when this is dropped.
    pub fn taken(&self) -> Turn {
        self.mailbox.dec();
        self.turn()
    }

    /// A message that was not counted in the mailbox is handled until this is dropped.
    pub fn turn(&self) -> Turn {
        Turn::of(self.handling.clone())
    }

    /// Counts the mailbox of an actor that may die with messages in it.
    pub fn mailbox(&self) -> Mailbox {
        Mailbox(Arc::new(Waiting { n: AtomicI64::new(0), all: self.mailbox.clone() }))
    }
}

/// An actor lives.
#[derive(Debug)]
pub struct Life(Gauge);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Something takes its time, until this is dropped: a message is handled.
pub struct Turn {
    began: Instant,
    handling: Histogram,
}

impl Turn {
    /// Measures from now on.
    pub(super) fn of(handling: Histogram) -> Self {
        Self { began: Instant::now(), handling }
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.handling.observe(self.began.elapsed().as_secs_f64());
    }
}

/// The count of one actor's mailbox, for those who send and for the actor.
#[derive(Clone, Debug)]
pub struct Mailbox(Arc<Waiting>);

#[derive(Debug)]
struct Waiting {
    n: AtomicI64,
    all: Gauge,
}

impl Mailbox {
    /// A message was put in.
    pub fn sent(&self) {
        self.0.n.fetch_add(1, Ordering::Relaxed);
        self.0.all.inc();
    }

    /// How many messages are in it.
    pub fn n_waiting(&self) -> i64 {
        self.0.n.load(Ordering::Relaxed)
    }

    /// How many messages are in all mailboxes of its kind.
    pub fn n_waiting_in_all(&self) -> i64 {
        self.0.all.get()
    }

    /// A message was taken out.
    pub fn taken(&self) {
        self.0.n.fetch_sub(1, Ordering::Relaxed);
        self.0.all.dec();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // What waited for an actor that died waits no more.
        self.all.dec_by(*self.n.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_for_an_actor_that_died_waits_no_more() {
        let meters = Meters::register(&mut Registry::default());
        let mailbox = meters.session.mailbox();
        let life = meters.session.life();
        for _ in 0..3 {
            mailbox.sent();
        }
        mailbox.taken();
        assert_eq!((meters.session.mailbox.get(), meters.session.live.get()), (2, 1));

        drop((mailbox, life));

        assert_eq!((meters.session.mailbox.get(), meters.session.live.get()), (0, 0));
    }
}
