//! Where sessions have their long computations done: away from the threads that they live on, so many
//! at once as the machine has cores. Who has had more computed lately waits longer where many wait, but
//! not for ever; and those who have had much have one thing done at a time.
//!
//! A step of SMP takes some 15 ms, and whoever is in a private conversation can send many. Each session
//! has one computation done at a time; those of others, and all that is quick, go on meanwhile.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, oneshot},
    task::JoinError,
};

use super::now;

/// What a session has had done lately from which on it has one done at a time with all others like it. A
/// whole verification takes less.
const MUCH: Duration = Duration::from_millis(150);
/// By how much longer somebody waits where many wait, for each millisecond that they have had lately: more
/// for those whose last one was long, as the next one is likely to be of its kind.
const WAITS_LONGER: u32 = 10;
const WAITS_LONGER_IF_LONG: u32 = 100;
/// What is long: nothing that is only said takes so much.
const LONG: Duration = Duration::from_millis(1);
/// How long it takes until a millisecond is forgotten, in milliseconds: those who have had `MUCH` are
/// as good as new after a bit more than a minute.
const FORGOTTEN_AFTER: u32 = 500;

/// The workshop.
#[derive(Debug)]
pub struct Workshop {
    benches: Arc<Benches>,
    /// For those who have had much.
    slow: Semaphore,
}

/// Where something is computed, one thing at each.
#[derive(Debug)]
struct Benches(Mutex<Waiting>);

/// How many are free, and who waits for one: when it is their turn, and in which order they came.
#[derive(Debug)]
struct Waiting {
    n_free: usize,
    n_came: u64,
    line: BTreeMap<(Instant, u64), oneshot::Sender<Bench>>,
}

/// One of them, for whoever holds this.
#[derive(Debug)]
struct Bench(Option<Arc<Benches>>);

impl Benches {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one, behind those whose turn is earlier.
    async fn wait(self: &Arc<Self>, turn: Instant) -> Option<Bench> {
        let free = {
            let mut waiting = self.waiting();
            if waiting.n_free > 0 {
                waiting.n_free -= 1;
                return Some(Bench(Some(Arc::clone(self))));
            }
            let (tell, told) = oneshot::channel();
            waiting.n_came = waiting.n_came.wrapping_add(1);
            let came = waiting.n_came;
            waiting.line.insert((turn, came), tell);
            told
        };
        free.await.ok()
    }
}

impl Drop for Bench {
    /// Hands it on to who is next. Whoever has gone meanwhile is passed over.
    fn drop(&mut self) {
        let Some(benches) = self.0.take() else { return };
        loop {
            let mut waiting = benches.waiting();
            let Some((_, next)) = waiting.line.pop_first() else {
                waiting.n_free = waiting.n_free.saturating_add(1);
                return;
            };
            drop(waiting);
            match next.send(Self(Some(Arc::clone(&benches)))) {
                Ok(()) => return,
                Err(mut unused) => unused.0 = None,
            }
        }
    }
}

/// How much a session has had done lately.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Effort {
    spent: Duration,
    last: Duration,
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

    /// When it is the turn of somebody who comes now.
    fn turn(&self, now: Instant) -> Instant {
        let longer = if self.last < LONG { WAITS_LONGER } else { WAITS_LONGER_IF_LONG };
        now + self.spent.min(MUCH) * longer
    }

    fn add(&mut self, took: Duration) {
        self.spent = self.spent.saturating_add(took);
        self.last = took;
    }
}

impl Workshop {
    /// A workshop for a machine with so many cores.
    pub fn new(n_cores: usize) -> Arc<Self> {
        let waiting = Waiting { n_free: n_cores.max(1), n_came: 0, line: BTreeMap::default() };
        let benches = Arc::new(Benches(Mutex::new(waiting)));
        Arc::new(Self { benches, slow: Semaphore::new(1) })
    }

    /// Has something computed, and notes how long that took.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        effort: &mut Effort,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        // It is never closed.
        let _slow = if effort.is_much(now()) { self.slow.acquire().await.ok() } else { None };
        let bench = self.benches.wait(effort.turn(now())).await;
        let timed = tokio::task::spawn_blocking(move || {
            let _bench = bench;
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

        assert!(effort.is_much(start + Duration::from_secs(74)));
        assert!(!effort.is_much(start + Duration::from_secs(76)));
    }

    #[test]
    fn who_has_had_more_waits_longer_and_not_for_ever() {
        let start = Instant::now();
        let has_had = |spent| Effort { spent, ..Effort::default() };
        let turn = has_had(Duration::from_millis(20)).turn(start);

        assert!(has_had(Duration::ZERO).turn(start + Duration::from_millis(199)) < turn);
        assert!(has_had(Duration::ZERO).turn(start + Duration::from_millis(201)) > turn);
        let last = has_had(Duration::from_hours(1)).turn(start);
        assert_eq!(last, start + Duration::from_millis(1_500));
    }

    #[test]
    fn who_only_talks_goes_before_who_verifies_again_and_again() {
        let start = Instant::now();
        let after = |took| {
            let mut effort = Effort::default();
            effort.add(Duration::from_millis(20));
            effort.add(took);
            effort.turn(start)
        };

        let talks = after(Duration::from_micros(80));
        assert!(talks < start + Duration::from_millis(250));
        assert!(after(Duration::from_millis(7)) > start + Duration::from_secs(2));
        assert_eq!(after(Duration::from_hours(1)), start + Duration::from_secs(15));
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
        let much = Effort { spent: Duration::from_mins(1), ..Effort::default() };
        assert_eq!(most_at_once(&workshop, much).await, 1);
    }

    #[tokio::test]
    async fn who_has_had_little_goes_before_who_has_had_more() {
        let workshop = Workshop::new(1);
        let busy = workshop.benches.wait(now()).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let waits = |ms: u64| {
            let (workshop, order) = (&workshop, Arc::clone(&order));
            async move {
                let mut effort = Effort { spent: Duration::from_millis(ms), ..Effort::default() };
                let job = move || order.lock().unwrap().push(ms);
                workshop.compute(&mut effort, job).await.unwrap();
            }
        };

        // Whoever is there first, and has had much, does not keep the others waiting.
        let all = join_all([1_000, 100, 3, 50, 3, 0].map(waits));
        futures_util::future::join(all, async { drop(busy) }).await;

        assert_eq!(*order.lock().unwrap(), [0, 3, 3, 50, 100, 1_000]);
    }

    #[tokio::test]
    async fn who_has_gone_takes_no_bench_along() {
        let workshop = Workshop::new(1);
        for _ in 0..3 {
            let busy = workshop.benches.wait(now()).await;
            let gone = workshop.benches.wait(now());
            let also_gone = workshop.benches.wait(now());
            let gone = futures_util::future::join(gone, also_gone);
            assert!(tokio::time::timeout(Duration::from_millis(5), gone).await.is_err());
            drop(busy);
        }

        let waiting = workshop.benches.waiting();
        assert_eq!((waiting.n_free, waiting.line.len()), (1, 0));
    }
}
