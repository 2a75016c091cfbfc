//! The XMPP stream against a real Prosody on loopback, and against servers that misbehave.
#![expect(
    clippy::format_collect,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of a test may fail it, and wait for one event among all kinds"
)]

mod certificates;
mod direct;
mod elsewhere;
mod false_servers;
mod login;
mod peer;
mod proxy;
mod recovery;
mod refusals;
mod scripted;
mod stanzas;
