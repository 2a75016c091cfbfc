//! Where sessions have their long computations done: away from the threads that they live on, so many
//! at once as the machine has cores, and one at a time for those who have had much done lately.
//!
//! A step of SMP takes some 15 ms, and whoever is in a private conversation can send many. Each session
//! has one computation done at a time; those of others, and all that is quick, go on meanwhile.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinError};

use super::now;

/// What a session has had done lately from which on it goes to the slow lane. A whole verification
/// takes less.
const MUCH: Duration = Duration::from_millis(150);
/// How long it takes until a millisecond is forgotten, in milliseconds: those who have had `MUCH` are
/// as good as new after fifteen seconds.
const FORGOTTEN_AFTER: u32 = 100;

/// The lanes.
#[derive(Debug)]
pub struct Workshop {
    quick: Semaphore,
    slow: Semaphore,
}

/// How much a session has had done lately.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effort {
    spent: Duration,
    since: Option<Instant>,
}

impl Effort {
    /// Whether that is much.
    fn is_much(&mut self, now: Instant) -> bool {
        let since = self.since.replace(now).unwrap_or(now);
        let forgotten = now.saturating_duration_since(since) / FORGOTTEN_AFTER;
        self.spent = self.spent.saturating_sub(forgotten);
        self.spent >= MUCH
    }

    fn add(&mut self, took: Duration) {
        self.spent = self.spent.saturating_add(took);
    }
}

impl Workshop {
    /// A workshop for a machine with so many cores.
    pub fn new(n_cores: usize) -> Arc<Self> {
        Arc::new(Self { quick: Semaphore::new(n_cores.max(1)), slow: Semaphore::new(1) })
    }

    /// Has something computed, and notes how long that took.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        effort: &mut Effort,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        let lane = if effort.is_much(now()) { &self.slow } else { &self.quick };
        // Neither is ever closed.
        let _permit = lane.acquire().await.ok();
        let timed = tokio::task::spawn_blocking(move || {
            let begin = now();
            let done = job();
            (done, now().saturating_duration_since(begin))
        });
        let (done, took) = timed.await?;
        effort.add(took);
        Ok(done)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;

    #[test]
    fn effort_is_forgotten_in_time() {
        let start = Instant::now();
        let mut effort = Effort::default();
        assert!(!effort.is_much(start));
        effort.add(MUCH * 2);
        assert!(effort.is_much(start));

        assert!(effort.is_much(start + Duration::from_secs(14)));
        assert!(!effort.is_much(start + Duration::from_secs(16)));
    }

    /// How many computations ran at the same time at most.
    async fn most_at_once(workshop: &Arc<Workshop>, effort: Effort) -> usize {
        let (n_now, n_most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let jobs = (0..16).map(|_| {
            let (workshop, n_now, n_most) =
                (Arc::clone(workshop), Arc::clone(&n_now), Arc::clone(&n_most));
            async move {
                let mut effort = effort;
                let job = move || {
                    let n = n_now.fetch_add(1, Ordering::SeqCst) + 1;
                    n_most.fetch_max(n, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(5));
                    n_now.fetch_sub(1, Ordering::SeqCst);
                };
                workshop.compute(&mut effort, job).await.unwrap();
                assert!(effort.spent >= Duration::from_millis(5));
            }
        });
        join_all(jobs).await;
        n_most.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn few_are_computed_at_once_and_one_of_those_who_have_had_much() {
        let workshop = Workshop::new(2);

        assert_eq!(most_at_once(&workshop, Effort::default()).await, 2);
        let much = Effort { spent: Duration::from_mins(1), since: None };
        assert_eq!(most_at_once(&workshop, much).await, 1);
    }

    #[tokio::test]
    async fn who_has_had_little_does_not_wait_for_who_has_had_much() {
        let workshop = Workshop::new(1);
        let _busy = workshop.slow.acquire().await.unwrap();

        let done = workshop.compute(&mut Effort::default(), || 7).await;

        assert_eq!(done.unwrap(), 7);
    }
}
