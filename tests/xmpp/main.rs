//! The XMPP stream against a real Prosody on loopback, and against servers that misbehave.

mod client;
mod login;
#[path = "../support/prosody.rs"]
mod prosody;
mod stanzas;
