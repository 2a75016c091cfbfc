//! Another implementation of XMPP at the other end: a client of tokio-xmpp's.

use std::time::Duration;

use futures_util::StreamExt as _;
use jid::Jid;
use tokio::time::timeout;
use tokio_xmpp::{Client, Event, connect::DnsConfig, xmlstream::Timeouts};
use xmpp_parsers::{
    presence::{Presence, Type},
    stanza::Stanza,
};

use crate::{
    client::{body_of, message},
    prosody::Prosody,
};

/// Longest wait for anything; other tests may keep the machine busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client that is logged in, on loopback and without TLS.
pub struct Peer(Client);

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Peer").field(&self.0.bound_jid()).finish()
    }
}

impl Peer {
    /// Logs in to an account of `localhost`, and says that it is there.
    pub async fn log_in(server: &Prosody, name: &str, password: &str) -> Self {
        let jid: Jid = format!("{name}@localhost/peer").parse().unwrap();
        let at = DnsConfig::addr(&server.c2s_addr());
        let mut peer = Self(Client::new_plaintext(jid, password, at, Timeouts::tight()));
        while !peer.event().await.is_online() {}
        peer.0.send_stanza(Presence::new(Type::None).into()).await.unwrap();
        peer
    }

    async fn event(&mut self) -> Event {
        timeout(PATIENCE, self.0.next()).await.unwrap().unwrap()
    }

    /// Sends a chat message.
    pub async fn say(&mut self, to: &str, text: &str) {
        self.0.send_stanza(message(to, text).into()).await.unwrap();
    }

    /// The body of the next message.
    pub async fn body(&mut self) -> String {
        loop {
            if let Event::Stanza(stanza @ Stanza::Message(_)) = self.event().await {
                return body_of(&stanza);
            }
        }
    }

    /// Says good-bye to the server.
    pub async fn log_out(self) {
        self.0.send_end().await.unwrap();
    }
}
