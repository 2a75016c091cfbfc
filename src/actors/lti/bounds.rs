//! What bounds the cost of what pages ask for.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use otr::limits::TokenBucket;
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::{FramedBy, PageError};
use crate::{actors::now, records::EnrolmentId, session::Strength};

/// What is submitted for one enrolment: the burst, then one per interval.
const SUBMISSION_RATE: (u32, Duration) = (20, Duration::from_secs(3));
/// Most enrolments whose buckets are kept. One that fills up again is as good as none.
const MOST_BUCKETS: usize = 20_000;
/// How long a bucket takes to fill up.
const FILLED: Duration = Duration::from_mins(1);

/// How many estimates are made at once, and how many more may wait.
const AT_ONCE: usize = 1;
const MOST_WAITING: usize = 64;

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

/// How often something may be submitted for each enrolment.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<HashMap<EnrolmentId, (Instant, TokenBucket)>>);

impl Buckets {
    /// Takes a token of an enrolment's.
    pub(super) fn take(&self, enrolment: &EnrolmentId) -> Result<(), PageError> {
        self.take_at(now(), enrolment)
    }

    fn take_at(&self, now: Instant, enrolment: &EnrolmentId) -> Result<(), PageError> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(enrolment) {
            buckets.retain(|_, (last, _)| now.saturating_duration_since(*last) < FILLED);
            if buckets.len() >= MOST_BUCKETS {
                return Err(PageError::TooFast);
            }
        }
        let new = || (now, TokenBucket::new(SUBMISSION_RATE));
        let (last, bucket) = buckets.entry(enrolment.clone()).or_insert_with(new);
        *last = now;
        if bucket.take(now) { Ok(()) } else { Err(PageError::TooFast) }
    }
}

/// Estimates of how strong secrets are: away from the threads of sessions and pages, few at once, and
/// none for who has hung up.
#[derive(Debug)]
pub(super) struct Estimates {
    permits: Semaphore,
    n_waiting: AtomicUsize,
}

impl Default for Estimates {
    fn default() -> Self {
        Self { permits: Semaphore::new(AT_ONCE), n_waiting: AtomicUsize::new(0) }
    }
}

/// One who waits for an estimate.
struct InLine<'a>(&'a AtomicUsize);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Estimates {
    /// How strong a secret is.
    pub(super) async fn of(
        &self,
        secret: &SecretString,
        caller: &Caller,
    ) -> Result<Strength, PageError> {
        let n_before = self.n_waiting.fetch_add(1, Ordering::Relaxed);
        let _in_line = InLine(&self.n_waiting);
        if n_before >= MOST_WAITING {
            return Err(PageError::TooFast);
        }
        let _permit = self.permits.acquire().await.or(Err(PageError::Unavailable))?;
        if caller.has_hung_up() {
            return Err(PageError::HungUp);
        }
        let secret = secret.clone();
        let estimate = tokio::task::spawn_blocking(move || Strength::estimate(&secret));
        estimate.await.map_err(|_cancelled| PageError::Unavailable)
    }
}

/// Who may frame the pages that were shown last, for when the store is away.
#[derive(Debug, Default)]
pub(super) struct Frames(Mutex<HashMap<EnrolmentId, FramedBy>>);

impl Frames {
    /// A page of an enrolment is shown.
    pub(super) fn note(&self, enrolment: &EnrolmentId, framed_by: &FramedBy) {
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if frames.len() >= MOST_FRAMES && !frames.contains_key(enrolment) {
            frames.clear();
        }
        frames.insert(enrolment.clone(), framed_by.clone());
    }

    /// Who may frame the pages of an enrolment, if one was shown not long ago.
    pub(super) fn find(&self, enrolment: &EnrolmentId) -> Option<FramedBy> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(enrolment).cloned()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use super::*;

    fn id(n: usize) -> EnrolmentId {
        EnrolmentId::from_text(format!("{n}"))
    }

    #[test]
    fn one_enrolment_submits_some_at_once_and_leaves_the_others_alone() {
        let start = Instant::now();
        let buckets = Buckets::default();

        let n_taken = (0..100).filter(|_| buckets.take_at(start, &id(1)).is_ok()).count();

        assert_eq!(n_taken, 20);
        assert!(buckets.take_at(start, &id(2)).is_ok());
        assert!(buckets.take_at(start + Duration::from_secs(4), &id(1)).is_ok());
    }

    #[test]
    fn buckets_are_bounded_and_those_that_are_full_again_make_room() {
        let start = Instant::now();
        let buckets = Buckets::default();
        for n in 0..MOST_BUCKETS {
            buckets.take_at(start, &id(n)).unwrap();
        }

        assert!(buckets.take_at(start, &id(MOST_BUCKETS)).is_err());
        assert!(buckets.take_at(start + FILLED, &id(MOST_BUCKETS)).is_ok());
        assert_eq!(buckets.0.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn nothing_is_estimated_for_who_has_hung_up() {
        let estimates = Estimates::default();
        let secret = SecretString::from("purple walrus ironing kettles");
        let waiting = Waiting::default();

        let caller = waiting.caller();
        assert!(estimates.of(&secret, &caller).await.is_ok());
        drop(waiting);
        let refused = estimates.of(&secret, &caller).await;

        assert!(matches!(refused, Err(PageError::HungUp)), "{refused:?}");
    }

    #[tokio::test]
    async fn a_crowd_that_waits_for_estimates_is_bounded() {
        let estimates = Estimates::default();
        let secret = SecretString::from("purple walrus ironing kettles");
        let waiting = Waiting::default();
        let caller = waiting.caller();

        let all = futures_util::future::join_all((0..200).map(|_| estimates.of(&secret, &caller)));
        let n_refused = all.await.iter().filter(|one| one.is_err()).count();

        assert_eq!(n_refused, 200 - MOST_WAITING);
        assert!(estimates.of(&secret, &caller).await.is_ok());
    }
}
