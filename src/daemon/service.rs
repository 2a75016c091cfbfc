//! What a service manager such as systemd is told: ready, reloading, stopping, alive.
//!
//! The messages are those of `sd_notify(3)`. Without `NOTIFY_SOCKET` in the environment nobody asks
//! for them, and nothing is done.

use std::time::Duration;

use actix::{Addr, ArbiterHandle, Recipient};
use futures_util::future::try_join_all;
use log::{debug, error, info};
use sd_notify::NotifyState;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    actors::{
        registry::{Observe, Observed},
        store::StoreActor,
        xmpp::IsOnline,
    },
    settings,
};

/// How long the first login is waited for before the service counts as ready without it: a server
/// that is away is tried again, and the pages work meanwhile.
const LOGIN_PATIENCE: Duration = Duration::from_secs(15);
/// How often the first login is asked for.
const LOGIN_PERIOD: Duration = Duration::from_millis(100);
/// Longest time between two looks at the parts.
const LONGEST_PERIOD: Duration = Duration::from_secs(10);
/// Signs of life for each time that the service manager waits for one.
const BEATS_PER_WATCHDOG: u32 = 4;
/// How long the parts may take to answer before they count as stuck.
const PATIENCE: Duration = Duration::from_secs(5);

/// The service manager, if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceManager {
    is_there: bool,
    /// How long it waits for a sign of life, if it does.
    watchdog: Option<Duration>,
}

/// The parts that must answer for the daemon to be alive.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) registry: Recipient<Observe>,
    pub(super) connection: Recipient<IsOnline>,
    pub(super) store: Addr<StoreActor>,
    pub(super) session_threads: Vec<ArbiterHandle>,
}

/// What the parts answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seen {
    is_online: bool,
    counts: Observed,
}

impl ServiceManager {
    /// The one that the environment names.
    pub(super) fn from_environment() -> Self {
        Self {
            is_there: settings::has_service_manager(),
            watchdog: sd_notify::watchdog_enabled().filter(|period| !period.is_zero()),
        }
    }

    /// Says that lessons and locales are being read; [`reloaded`](Self::reloaded) must follow.
    pub(super) async fn reloading(self) {
        self.tell(|| match NotifyState::monotonic_usec_now() {
            Ok(now) => vec![NotifyState::Reloading.to_string(), now.to_string()],
            Err(_) => Vec::new(),
        })
        .await;
    }

    /// Says that they were read, or that the old ones stay.
    pub(super) async fn reloaded(self) {
        self.tell(|| vec![NotifyState::Ready.to_string()]).await;
    }

    /// Says that the daemon ends, and why.
    pub(super) async fn stopping(self, why: &str) {
        let status = status(why);
        self.tell(|| vec![NotifyState::Stopping.to_string(), status]).await;
    }

    /// Says that the daemon is ready as soon as the bot is logged in, or has tried to for a while;
    /// from then on, for as long as all parts answer, that it is alive and what it does.
    pub(super) fn watch(self, parts: Parts) -> Option<JoinHandle<()>> {
        self.is_there.then(|| actix::spawn(self.watch_on(parts)))
    }

    async fn watch_on(self, parts: Parts) {
        let period = self
            .watchdog
            .map_or(LONGEST_PERIOD, |watchdog| LONGEST_PERIOD.min(watchdog / BEATS_PER_WATCHDOG));
        let began = Instant::now();
        let mut is_ready = false;
        let mut is_well = true;
        loop {
            match parts.look().await {
                Ok(seen) => {
                    if !is_well {
                        info!("all parts of the daemon answer again");
                    }
                    is_well = true;
                    let mut states = vec![status(&seen.to_string())];
                    if self.watchdog.is_some() {
                        states.push(NotifyState::Watchdog.to_string());
                    }
                    if !is_ready && (seen.is_online || began.elapsed() >= LOGIN_PATIENCE) {
                        is_ready = true;
                        states.push(NotifyState::Ready.to_string());
                    }
                    self.tell(|| states).await;
                }
                Err(stuck) => {
                    if is_well {
                        error!("{stuck} does not answer: the daemon counts as stuck");
                    }
                    is_well = false;
                    let states = vec![status(&format!("{stuck} does not answer"))];
                    self.tell(|| states).await;
                }
            }
            sleep(if is_ready { period } else { LOGIN_PERIOD }).await;
        }
    }

    /// Sends a message, away from the arbiter: the service manager may be slow to take it.
    async fn tell(self, states: impl FnOnce() -> Vec<String>) {
        if !self.is_there {
            return;
        }
        let states = states();
        let sending = tokio::task::spawn_blocking(move || {
            let states: Vec<_> = states.iter().map(|state| NotifyState::Custom(state)).collect();
            sd_notify::notify(&states)
        });
        match timeout(PATIENCE, sending).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => debug!("the service manager cannot be told: {error}"),
            Ok(Err(error)) => debug!("the service manager cannot be told: {error}"),
            Err(_) => debug!("the service manager does not take messages"),
        }
    }
}

impl Parts {
    /// What the parts answer, or which of them does not.
    async fn look(&self) -> Result<Seen, &'static str> {
        if !self.store.connected() {
            return Err("the writer of the store");
        }
        let threads = async {
            let answers = self.session_threads.iter().map(answer_of);
            timeout(PATIENCE, try_join_all(answers)).await.ok()?.ok()
        };
        let (counts, is_online, threads) = tokio::join!(
            timeout(PATIENCE, self.registry.send(Observe)),
            timeout(PATIENCE, self.connection.send(IsOnline)),
            threads,
        );
        let Ok(Ok(counts)) = counts else { return Err("the registry of sessions") };
        let Ok(Ok(is_online)) = is_online else { return Err("the XMPP connection") };
        if threads.is_none() {
            return Err("a thread of sessions");
        }
        Ok(Seen { is_online, counts })
    }
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

/// The line that `systemctl status` shows; of one line, as a second would be another message.
fn status(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    NotifyState::Status(&text).to_string()
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Observed { n_learners, n_sessions } = self.counts;
        let state = if self.is_online { "logged in" } else { "not logged in to XMPP" };
        write!(f, "{state}; learners: {n_learners}, open sessions: {n_sessions}")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use actix::{Actor, Arbiter, Context, Handler, MessageResult};

    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::store::{Retention, Store};

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

    /// Parts that answer, with these threads for sessions.
    async fn parts(folder: &TempDir, threads: &[Arbiter]) -> Parts {
        let url = format!("sqlite://{}/otrbot.db", folder.path().display());
        let store = Store::open(&url).await.unwrap();
        Parts {
            registry: Double.start().recipient(),
            connection: Double.start().recipient(),
            store: StoreActor::new(store, Retention::default(), Arc::default()).start(),
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
    async fn a_registry_that_died_is_named() {
        let folder = tempdir().unwrap();
        let mut parts = parts(&folder, &[]).await;
        parts.registry = gone().await.recipient();

        assert_eq!(parts.look().await, Err("the registry of sessions"));
    }

    #[actix::test]
    async fn a_connection_that_died_is_named() {
        let folder = tempdir().unwrap();
        let mut parts = parts(&folder, &[]).await;
        parts.connection = gone().await.recipient();

        assert_eq!(parts.look().await, Err("the XMPP connection"));
    }

    #[actix::test]
    async fn a_thread_that_hangs_is_named() {
        let thread = Arbiter::new();
        let (release, released) = mpsc::channel::<()>();
        thread.spawn_fn(move || {
            released.recv().ok();
        });
        let folder = tempdir().unwrap();
        let parts = parts(&folder, &[Arbiter::new()]).await;
        let hanging = Parts { session_threads: vec![thread.handle()], ..parts };
        // From here on no time passes but that of the timeouts.
        tokio::time::pause();

        assert_eq!(hanging.look().await, Err("a thread of sessions"));
        drop(release);
    }

    #[test]
    fn a_status_is_one_line() {
        assert_eq!(status("no\nWATCHDOG=1"), "STATUS=no WATCHDOG=1");
    }
}
