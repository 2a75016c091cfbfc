//! Another implementation of XMPP at the other end: a component of tokio-xmpp's.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use tokio_xmpp::{
    Component,
    connect::{DnsConfig, TcpServerConnector},
    xmlstream::Timeouts,
};

use crate::{
    client::{body_of, message},
    prosody::{COMPONENT_SECRET, Prosody},
};

/// Longest wait for a stanza; other tests may keep the machine busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A component of a server, with whatever addresses are in its domain.
pub struct Peer(Component<TcpServerConnector>);

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Peer").field(&self.0.jid).finish()
    }
}

impl Peer {
    /// Logs in as the component of the server.
    pub async fn log_in(server: &Prosody, domain: &str) -> Self {
        let at = DnsConfig::addr(&server.component_addr());
        let component =
            Component::new_plaintext(domain, COMPONENT_SECRET, at, Timeouts::tight()).await;
        Self(component.unwrap())
    }

    /// Sends a chat message.
    pub async fn say(&mut self, from: &str, to: &str, text: &str) {
        let mut message = message(to, text);
        message.from = Some(from.parse().unwrap());
        self.0.send_stanza(message.into()).await.unwrap();
    }

    /// The body of the next stanza, a message.
    pub async fn body(&mut self) -> String {
        body_of(&timeout(PATIENCE, self.0.next()).await.unwrap().unwrap())
    }

    /// Says good-bye to the server.
    pub async fn log_out(mut self) {
        self.0.send_end().await.unwrap();
    }
}
