//! What must not be done twice at once for one person.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use tokio::sync::{Mutex, MutexGuard};

use crate::records::Enrolment;

/// How many locks there are. Persons share them, and seldom meet.
const N_LOCKS: usize = 128;

/// Locks on persons: which Jabber ID is theirs is settled in one tab after the other, in the store
/// and in the registry alike.
#[derive(Debug)]
pub(super) struct Persons {
    locks: Vec<Mutex<()>>,
}

impl Default for Persons {
    fn default() -> Self {
        Self { locks: (0..N_LOCKS).map(|_| Mutex::default()).collect() }
    }
}

impl Persons {
    /// Waits until nobody else settles something for the person of an enrolment.
    pub(super) async fn lock(&self, enrolment: &Enrolment) -> Option<MutexGuard<'_, ()>> {
        let person = (&enrolment.consumer_key, &enrolment.user_id);
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(person);
        let at = hash.checked_rem(u64::try_from(self.locks.len()).ok()?)?;
        Some(self.locks.get(usize::try_from(at).ok()?)?.lock().await)
    }
}
