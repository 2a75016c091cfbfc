//! What the actors take from the world: the time by which is signed and stored, and randomness.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

/// Seconds since 1970, for what is signed and stored.
pub(crate) fn unix_now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the actors are where the clock is read")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The same in microseconds.
pub(crate) fn unix_micros() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the actors are where the clock is read")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Bytes that nobody can guess.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[expect(clippy::expect_used, reason = "without randomness nothing here is safe to go on")]
    getrandom::fill(&mut bytes).expect("randomness from the operating system");
    bytes
}

/// Unique text of `2 * N` lower-case hex digits.
pub(crate) fn random_name<const N: usize>() -> String {
    random_bytes::<N>().iter().fold(String::new(), |mut name, byte| {
        // Writing to a `String` does not fail.
        write!(name, "{byte:02x}").unwrap_or_default();
        name
    })
}
