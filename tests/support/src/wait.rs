//! Waiting for something outside the test, by looking again until a deadline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a step of a lesson may take on a busy machine before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Set by the demo on Ctrl-C: whoever waits then unwinds, and so stops what it started.
pub static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Asks `look` every few milliseconds until it gives something; `None` after `patience`.
pub fn poll<T>(patience: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + patience;
    loop {
        if INTERRUPTED.load(Ordering::Relaxed) {
            // Unwinds without the words of a panic.
            std::panic::resume_unwind(Box::new("interrupted"));
        }
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// Waits until something is so.
///
/// # Panics
///
/// When it is not within a minute.
pub async fn until(what: &str, is_so: impl AsyncFnMut() -> bool) {
    assert!(comes_true(is_so).await, "{what}: not within a minute");
}

/// Whether something is so within a minute.
pub async fn comes_true(mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so().await {
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    true
}

/// A port of loopback that was free a moment ago. It is below those that the system gives to
/// connections and to listeners without a wish, so that nobody else gets it by chance.
pub fn free_port() -> u16 {
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(|| rand::random_range(12_000..32_000)).find(is_free).unwrap()
}
