//! The XMPP stream against a real Prosody on loopback, and against servers that misbehave.
#![expect(
    clippy::expect_used,
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of a test may fail it, and wait for one event among all kinds"
)]

mod client;
mod false_servers;
mod login;
#[expect(dead_code, reason = "other suites use what this one does not")]
#[path = "../support/prosody.rs"]
mod prosody;
mod proxy;
mod recovery;
mod stanzas;
