//! What one platform may have stored, so that it takes no room away from the others.
//!
//! How much each has is counted in memory, as launches are written, and anew from the database now
//! and then: a person who is launched again counts once more in bytes until then.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::{Store, StoreError, invitations::PERIOD};
use crate::records::NewEnrolment;

/// How many bytes of text the enrolments of a platform may have, for each that it may have. Most have
/// less than one kilobyte.
const BYTES_AN_ENROLMENT: i64 = 4 * 1024;
/// What a row takes besides its texts.
const ROW: usize = 200;
/// Most nonces of a platform that are kept: as many as come within the window from one that launches
/// five hundred people a second.
const MOST_NONCES: i64 = 500_000;

/// Limits on what one platform may have stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most enrolments. Their texts may have four kilobytes each, on the average.
    pub enrolments_per_platform: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { enrolments_per_platform: 200_000 }
    }
}

impl Limits {
    /// Most bytes of text of a platform's enrolments.
    pub fn bytes_per_platform(&self) -> i64 {
        i64::from(self.enrolments_per_platform).saturating_mul(BYTES_AN_ENROLMENT)
    }
}

/// What a platform has stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Enrolments.
    pub enrolments: i64,
    /// Bytes of their texts.
    pub bytes: i64,
    /// Nonces of launches that are remembered.
    pub nonces: i64,
    /// Invitations of the last day.
    pub invitations: i64,
}

/// What the platforms have stored, by consumer key; nonces by the platform's number.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    enrolments: HashMap<String, Usage>,
    nonces: HashMap<i64, i64>,
}

impl Tally {
    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a platform may have no other enrolment, or no more bytes.
    pub(super) fn is_full(&self, consumer_key: &str, limits: Limits) -> bool {
        let counts = self.counts();
        counts.enrolments.get(consumer_key).is_some_and(|usage| {
            usage.enrolments >= i64::from(limits.enrolments_per_platform)
                || usage.bytes >= limits.bytes_per_platform()
        })
    }

    /// Whether it may have no more bytes.
    pub(super) fn has_too_many_bytes(&self, consumer_key: &str, limits: Limits) -> bool {
        let counts = self.counts();
        let usage = counts.enrolments.get(consumer_key);
        usage.is_some_and(|usage| usage.bytes >= limits.bytes_per_platform())
    }

    /// Whether so many launches of a platform are remembered that no other one is taken.
    pub(super) fn has_too_many_nonces(&self, platform: i64) -> bool {
        self.counts().nonces.get(&platform).is_some_and(|n| *n >= MOST_NONCES)
    }

    /// Nonces of these platforms were written down.
    pub(super) fn add_nonces(&self, platforms: impl Iterator<Item = i64>) {
        let mut counts = self.counts();
        for platform in platforms {
            *counts.nonces.entry(platform).or_default() += 1;
        }
    }

    /// An enrolment was written down.
    pub(super) fn add(&self, new: &NewEnrolment, is_new: bool) {
        let mut counts = self.counts();
        let usage = counts.enrolments.entry(new.consumer_key.clone()).or_default();
        usage.enrolments += i64::from(is_new);
        usage.bytes += n_bytes(new);
    }
}

/// How many bytes an enrolment takes.
pub(super) fn n_bytes(new: &NewEnrolment) -> i64 {
    let given = [&new.consumer_key, &new.user_id, &new.context_id, &new.resource_link_id];
    let optional = [
        &new.locale,
        &new.lesson,
        &new.outcome_url,
        &new.sourcedid,
        &new.return_url,
        &new.name,
        &new.context_title,
        &new.link_title,
        &new.presentation,
    ];
    let texts = given.into_iter().chain(optional.into_iter().flatten());
    i64::try_from(texts.map(String::len).sum::<usize>() + ROW).unwrap_or(i64::MAX)
}

/// The number that stands for a platform beside what is counted for it.
pub(super) fn platform_number(consumer_key: &str) -> i64 {
    let digest = Sha256::digest(consumer_key.as_bytes());
    let first = digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
    i64::try_from(first >> 1).unwrap_or(0)
}

impl Store {
    /// The same store, with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What one platform may have stored.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Counts anew what the platforms have stored.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn recount(&self) -> Result<(), StoreError> {
        let select = "SELECT consumer_key, COUNT(*), CAST(SUM(n_bytes) AS BIGINT) \
            FROM enrolments GROUP BY consumer_key";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        let enrolments = rows.iter().map(|row| {
            let usage =
                Usage { enrolments: row.try_get(1)?, bytes: row.try_get(2)?, ..Usage::default() };
            Ok::<_, sqlx::Error>((row.try_get(0)?, usage))
        });
        let enrolments = enrolments.collect::<Result<_, _>>()?;
        let select = "SELECT platform, COUNT(*) FROM nonces GROUP BY platform";
        let rows = sqlx::query(select).fetch_all(&self.pool).await?;
        let nonces =
            rows.iter().map(|row| Ok::<_, sqlx::Error>((row.try_get(0)?, row.try_get(1)?)));
        let nonces: HashMap<i64, i64> = nonces.collect::<Result<_, _>>()?;
        self.n_nonces.store(nonces.values().sum(), std::sync::atomic::Ordering::Relaxed);
        *self.tally.counts() = Counts { enrolments, nonces };
        Ok(())
    }

    /// What a platform has stored.
    ///
    /// # Errors
    ///
    /// What the database says.
    pub async fn usage(&self, consumer_key: &str, now: i64) -> Result<Usage, StoreError> {
        let platform = platform_number(consumer_key);
        let select = "SELECT COUNT(*) FROM invitations WHERE platform = $1 AND at > $2";
        let select = sqlx::query(select).bind(platform).bind(now.saturating_sub(PERIOD));
        let invitations = select.fetch_one(&self.pool).await?.try_get(0)?;
        let counts = self.tally.counts();
        let usage = counts.enrolments.get(consumer_key).copied().unwrap_or_default();
        let nonces = counts.nonces.get(&platform).copied().unwrap_or_default();
        Ok(Usage { nonces, invitations, ..usage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_full_by_enrolments_or_by_bytes() {
        let limits = Limits { enrolments_per_platform: 2 };
        let small = NewEnrolment { consumer_key: "a".to_owned(), ..NewEnrolment::default() };
        let long = "x".repeat(9_000);
        let large = NewEnrolment {
            consumer_key: "b".to_owned(),
            sourcedid: Some(long),
            ..NewEnrolment::default()
        };
        let tally = Tally::default();

        tally.add(&small, true);
        assert!(!tally.is_full("a", limits));
        tally.add(&small, true);
        assert!(tally.is_full("a", limits));
        assert!(!tally.is_full("b", limits));
        tally.add(&large, true);
        assert!(tally.is_full("b", limits));
    }

    #[test]
    fn nonces_of_one_platform_leave_room_for_those_of_others() {
        let tally = Tally::default();
        let (one, other) = (platform_number("one"), platform_number("other"));
        tally.add_nonces(std::iter::repeat_n(one, usize::try_from(MOST_NONCES).unwrap()));

        assert!(tally.has_too_many_nonces(one));
        assert!(!tally.has_too_many_nonces(other));
    }
}
