//! The XMPP stream against a real Prosody on loopback, and against servers that misbehave.

mod client;
mod false_servers;
mod login;
mod prosody;
mod proxy;
mod recovery;
mod stanzas;
