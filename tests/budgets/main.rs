//! What a request may cost at most, as far as it can be counted: bytes held, estimates, answers that
//! take exponentiations, rows, lengths of queues. The table of docs/security.md names these tests; what
//! takes a clock is measured by `make budgets`.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    dead_code,
    reason = "helpers of a test may fail it, wait by the clock, and not all are used here"
)]

mod chat;
mod http;
#[path = "../parts/actors/stage.rs"]
mod stage;
mod web;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

/// Counts the bytes that are held.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that the process holds now.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Waits until no other test runs here: what they hold would be counted too.
async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ALONE.lock().await
}
