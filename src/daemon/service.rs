//! What a service manager such as systemd is told: ready, reloading, stopping, alive.
//!
//! The messages are those of `sd_notify(3)`. Without `NOTIFY_SOCKET` in the environment nobody asks
//! for them, and nothing is done.

use std::time::Duration;

use log::{debug, error, info};
use sd_notify::NotifyState;
use tokio::{
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

use crate::{
    actors::vital::{Ailing, PATIENCE, VitalParts},
    settings,
};

/// How long the first login is waited for before the service counts as ready without it: a server
/// that is away is tried again, and the pages work meanwhile.
const LOGIN_PATIENCE: Duration = Duration::from_secs(15);
/// How often the first login is asked for.
const LOGIN_PERIOD: Duration = Duration::from_millis(100);
/// How often a daemon that waits says so, until it counts as ready.
const WAIT_PERIOD: Duration = Duration::from_secs(1);
/// Longest time between two looks at the parts.
const LONGEST_PERIOD: Duration = Duration::from_secs(10);
/// Signs of life for each time that the service manager waits for one.
const BEATS_PER_WATCHDOG: u32 = 4;

/// The service manager, if there is one.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceManager {
    is_there: bool,
    /// How long it waits for a sign of life, if it does.
    watchdog: Option<Duration>,
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

    /// Says, until the task is ended, that the daemon is alive and waits for something that the bot
    /// needs. It counts as ready after a while: nobody is to start it again for that.
    pub(super) fn wait(self, why: &str) -> JoinHandle<()> {
        let why = status(why);
        actix::spawn(async move {
            let began = Instant::now();
            loop {
                let mut states = vec![why.clone(), NotifyState::Watchdog.to_string()];
                let is_ready = began.elapsed() >= LOGIN_PATIENCE;
                if is_ready {
                    states.push(NotifyState::Ready.to_string());
                }
                self.tell(|| states).await;
                sleep(if is_ready { self.period() } else { WAIT_PERIOD.min(self.period()) }).await;
            }
        })
    }

    /// Longest time between two signs of life.
    fn period(self) -> Duration {
        self.watchdog
            .map_or(LONGEST_PERIOD, |watchdog| LONGEST_PERIOD.min(watchdog / BEATS_PER_WATCHDOG))
    }

    /// Says that the daemon is ready as soon as the bot is logged in, or has tried to for a while;
    /// from then on, for as long as all parts answer, that it is alive and what it does. A part that
    /// died does not come back: `died` is told which.
    pub(super) fn watch(self, parts: VitalParts, died: oneshot::Sender<Ailing>) -> JoinHandle<()> {
        actix::spawn(self.watch_on(parts, died))
    }

    async fn watch_on(self, parts: VitalParts, died: oneshot::Sender<Ailing>) {
        let period = self.period();
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
                Err(ailing) => {
                    if is_well {
                        error!("{ailing}: the daemon counts as stuck");
                    }
                    is_well = false;
                    let states = vec![status(&ailing.to_string())];
                    self.tell(|| states).await;
                    if matches!(ailing, Ailing::Dead(_)) {
                        // Who does not listen is ending the daemon already.
                        died.send(ailing).ok();
                        return;
                    }
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

/// The line that `systemctl status` shows; of one line, as a second would be another message.
fn status(text: &str) -> String {
    let text: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    NotifyState::Status(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_line() {
        assert_eq!(status("no\nWATCHDOG=1"), "STATUS=no WATCHDOG=1");
    }
}
