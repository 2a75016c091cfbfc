//! What bounds the cost of what pages ask for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use otr::limits::TokenBucket;
use tokio::sync::Semaphore;

use super::{PageError, Platform};
use crate::{actors::now, records::EnrolmentId};

/// What is submitted for one enrolment: the burst, then one per interval.
const SUBMISSION_RATE: (u32, Duration) = (20, Duration::from_secs(3));
/// What a teacher looks at: the burst, then one per interval. A course of thousands has a hundred pages.
const LOOK_RATE: (u32, Duration) = (60, Duration::from_secs(1));
/// The shared secrets that come from the pages of one platform: the burst, then one per interval. Each may
/// open a session, which stays until it times out: half an hour brings 38,000.
const SECRET_RATE: (u32, Duration) = (2_000, Duration::from_millis(50));
/// Most whose buckets are kept. One that fills up again is as good as none.
const MOST_BUCKETS: usize = 20_000;
/// How long a bucket takes to fill up, at the most.
const FILLED: Duration = Duration::from_secs(100);

/// How many may wait in a line, and how many of them for one platform.
const MOST_WAITING: usize = 64;
const MOST_OF_PLATFORM: usize = 24;

/// Most enrolments of which it is kept who may frame their pages.
const MOST_FRAMES: usize = 4_096;

/// Whoever waits for an answer. What costs much is not done for who has hung up.
#[derive(Clone, Debug)]
pub struct Caller(Weak<()>);

/// Kept by whoever waits, as long as they do.
#[derive(Debug, Default)]
pub struct Waiting(Arc<()>);

impl Waiting {
    /// What the message tells of it.
    pub fn caller(&self) -> Caller {
        Caller(Arc::downgrade(&self.0))
    }
}

impl Caller {
    /// Whether nobody waits any more.
    pub fn has_hung_up(&self) -> bool {
        self.0.strong_count() == 0
    }
}

/// How often something may be submitted, for each enrolment or each platform.
#[derive(Debug)]
pub(super) struct Buckets {
    rate: (u32, Duration),
    buckets: Mutex<HashMap<String, (Instant, TokenBucket)>>,
}

impl Buckets {
    /// For what is submitted.
    pub(super) fn of_submissions() -> Self {
        Self { rate: SUBMISSION_RATE, buckets: Mutex::default() }
    }

    /// For what teachers look at.
    pub(super) fn of_looks() -> Self {
        Self { rate: LOOK_RATE, buckets: Mutex::default() }
    }

    /// For the shared secrets of platforms.
    pub(super) fn of_secrets() -> Self {
        Self { rate: SECRET_RATE, buckets: Mutex::default() }
    }

    /// Takes a token of somebody's: the id of an enrolment, or the key of a platform.
    pub(super) fn take(&self, whose: &str) -> Result<(), PageError> {
        self.take_at(now(), whose)
    }

    fn take_at(&self, now: Instant, whose: &str) -> Result<(), PageError> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(whose) {
            buckets.retain(|_, (last, _)| now.saturating_duration_since(*last) < FILLED);
            // Whoever has so many enrolments at work has so many buckets that beginning anew adds little;
            // to refuse everybody else would add much.
            if buckets.len() >= MOST_BUCKETS {
                buckets.clear();
            }
        }
        let new = || (now, TokenBucket::new(self.rate));
        let (last, bucket) = buckets.entry(whose.to_owned()).or_insert_with(new);
        *last = now;
        if bucket.take(now) { Ok(()) } else { Err(PageError::TooFast) }
    }
}

/// A line before something that takes long: away from the threads of sessions and pages, few at once,
/// and nothing for who has hung up. One platform cannot fill it.
#[derive(Debug)]
pub(super) struct Line {
    permits: Semaphore,
    waiting: Mutex<HashMap<String, usize>>,
}

/// One who stands in a line.
struct InLine<'a> {
    line: &'a Line,
    platform: &'a str,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let mut waiting = self.line.waiting();
        if let Some(n) = waiting.get_mut(self.platform) {
            *n = n.saturating_sub(1);
            if *n == 0 {
                waiting.remove(self.platform);
            }
        }
    }
}

impl Line {
    /// A line before what is done so many at once.
    pub(super) fn before(at_once: usize) -> Self {
        Self { permits: Semaphore::new(at_once), waiting: Mutex::default() }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stand<'a>(&'a self, platform: &'a str) -> Result<InLine<'a>, PageError> {
        let mut waiting = self.waiting();
        let n_all: usize = waiting.values().sum();
        let n_own = waiting.get(platform).copied().unwrap_or(0);
        if n_all >= MOST_WAITING || n_own >= MOST_OF_PLATFORM {
            return Err(PageError::TooFast);
        }
        waiting.insert(platform.to_owned(), n_own.saturating_add(1));
        Ok(InLine { line: self, platform })
    }

    /// Has something done for a platform when its turn comes.
    pub(super) async fn wait<T: Send + 'static>(
        &self,
        platform: &str,
        caller: Option<&Caller>,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PageError> {
        let _in_line = self.stand(platform)?;
        let _permit = self.permits.acquire().await.or(Err(PageError::Unavailable))?;
        if caller.is_some_and(Caller::has_hung_up) {
            return Err(PageError::HungUp);
        }
        tokio::task::spawn_blocking(job).await.map_err(|_cancelled| PageError::Unavailable)
    }
}

/// Who may frame the pages that were shown last, for when the store is away.
#[derive(Debug, Default)]
pub(super) struct Frames(Mutex<HashMap<EnrolmentId, Platform>>);

impl Frames {
    /// A page of an enrolment is shown.
    pub(super) fn note(&self, enrolment: &EnrolmentId, platform: Platform) {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if frames.len() >= MOST_FRAMES && !frames.contains_key(enrolment) {
            frames.clear();
        }
        frames.insert(enrolment.clone(), platform);
    }

    /// What is known of the platform of an enrolment, if a page of it was shown not long ago.
    pub(super) fn find(&self, enrolment: &EnrolmentId) -> Option<Platform> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(enrolment).cloned()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[test]
    fn one_enrolment_submits_some_at_once_and_leaves_the_others_alone() {
        let start = Instant::now();
        let buckets = Buckets::of_submissions();

        let n_taken = (0..100).filter(|_| buckets.take_at(start, "1").is_ok()).count();

        assert_eq!(n_taken, 20);
        assert!(buckets.take_at(start, "2").is_ok());
        assert!(buckets.take_at(start + Duration::from_secs(4), "1").is_ok());
    }

    #[test]
    fn the_secrets_of_one_platform_are_bounded_and_those_of_another_are_taken() {
        let start = Instant::now();
        let buckets = Buckets::of_secrets();

        let times = (0..60_000).map(|n| start + Duration::from_millis(30) * n);
        let n_taken = times.filter(|now| buckets.take_at(*now, "one").is_ok()).count();

        assert!((37_900..=38_100).contains(&n_taken), "{n_taken} in half an hour");
        assert!(buckets.take_at(start + Duration::from_mins(30), "other").is_ok());
    }

    #[test]
    fn buckets_are_bounded_and_nobody_is_refused_for_those_of_others() {
        let start = Instant::now();
        let buckets = Buckets::of_submissions();
        for n in 0..MOST_BUCKETS {
            buckets.take_at(start, &n.to_string()).unwrap();
        }

        assert!(buckets.take_at(start, "one more").is_ok());
        assert!(buckets.buckets.lock().unwrap().len() <= MOST_BUCKETS);
    }

    #[tokio::test]
    async fn nothing_is_done_for_who_has_hung_up() {
        let line = Line::before(1);
        let waiting = Waiting::default();

        let caller = waiting.caller();
        assert_eq!(line.wait("one", Some(&caller), || 7).await.unwrap(), 7);
        drop(waiting);
        let refused = line.wait("one", Some(&caller), || 7).await;

        assert!(matches!(refused, Err(PageError::HungUp)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_crowd_of_one_platform_is_bounded_and_keeps_no_other_out() {
        let line = Line::before(1);

        let crowd = (0..200).map(|_| line.wait("one", None, || ()));
        let other = line.wait("other", None, || ());
        let (crowd, other) = futures_util::future::join(join_all(crowd), other).await;

        assert_eq!(crowd.iter().filter(|one| one.is_err()).count(), 200 - MOST_OF_PLATFORM);
        assert!(other.is_ok());
        assert!(line.waiting().is_empty() && line.wait("one", None, || ()).await.is_ok());
    }

    #[tokio::test]
    async fn crowds_of_many_platforms_are_bounded_together() {
        let line = Line::before(1);
        let platforms: Vec<String> = (0..200).map(|n| n.to_string()).collect();

        let all = join_all(platforms.iter().map(|platform| line.wait(platform, None, || ()))).await;

        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), MOST_WAITING);
    }
}
