//! The second way in: an external component of a server (XEP-0114, Jabber Component Protocol).
//!
//! The server hands a component all that is sent to its domain, without the limits of a client's
//! connection and without a roster. In return there is no TLS, so that the server must be on this
//! machine, no stream that can be taken up again, and each stanza must name its sender.
//!
//! Its stream has a namespace of its own, `jabber:component:accept`. Inside the program stanzas are of
//! `jabber:client`; the reader of the stream and [`Face::bytes`] change the one for the other.

use std::fmt;

use jid::{BareJid, FullJid, Jid, ResourcePart};
use log::warn;
use secrecy::{ExposeSecret as _, SecretString};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::{
    component::Handshake,
    ns,
    presence::{Presence, Type as PresenceType},
};

use super::{
    ConfigError, Down,
    connect::{Connected, Local, within},
    link::unexpected,
    login::{LoggedIn, Stream},
    outbox::stanza_bytes,
    pace::Pace,
};

/// The namespace of a component's stream.
pub(super) const NS: &str = "jabber:component:accept";

/// A component of a server.
#[derive(Clone)]
pub struct Component {
    /// The bot's address. Its domain is the component's; without a local part, the bot is the
    /// component itself.
    pub jid: BareJid,
    /// The resource that the bot speaks from.
    pub resource: String,
    /// What the server and the component both know.
    pub secret: SecretString,
    /// `host:port` of the server, on this machine.
    pub server: String,
}

impl fmt::Debug for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Component").field("jid", &self.jid).finish_non_exhaustive()
    }
}

/// How a component gets in.
#[derive(Debug)]
pub(super) struct Entrance {
    server: Local,
    full: FullJid,
    secret: SecretString,
}

impl Entrance {
    pub(super) fn new(component: &Component) -> Result<Self, ConfigError> {
        let Component { jid, resource, secret, server } = component;
        let part = ResourcePart::new(resource)
            .map_err(|_no_resource| ConfigError::Resource { resource: resource.clone() })?;
        let full = jid.with_resource(&part);
        Ok(Self { server: Local::new(server, jid)?, full, secret: secret.clone() })
    }

    /// Whose stanzas these are.
    pub(super) fn face(&self) -> Face {
        Face { own: self.full.to_bare(), stamp: Some(self.full.clone()) }
    }

    /// Connects, and proves that both know the secret.
    pub(super) async fn enter(&self, pace: &Pace) -> Result<LoggedIn, Down> {
        let Connected { mut link, origin, .. } = self.server.connect().await?;
        within(pace.setup, "while logging in", async {
            let id = link.open_component().await?;
            let secret = self.secret.expose_secret();
            link.send(&Handshake::from_stream_id_and_password(id, secret)).await?;
            let answer = link.nonza().await?;
            if answer.name() == "handshake" { Ok(()) } else { Err(unexpected(answer.name(), None)) }
        })
        .await?;
        let stream = Stream::New { jid: self.full.clone(), ledger: None, had: None };
        let mechanism = "XEP-0114".to_owned();
        Ok(LoggedIn { link, stream, mechanism, negotiated: None, origin })
    }
}

/// Whose stanzas go out, and in which form.
#[derive(Debug)]
pub(super) struct Face {
    /// The bot's own address.
    pub(super) own: BareJid,
    /// What a component's stanzas come from; `None`: the server knows.
    pub(super) stamp: Option<FullJid>,
}

impl Face {
    /// A stanza as it goes out; `None` if it cannot be sent.
    pub(super) fn bytes(&self, stanza: &Stanza) -> Option<Vec<u8>> {
        let Some(full) = &self.stamp else { return stanza_bytes(stanza) };
        let mut stanza = match stanza {
            Stanza::Message(message) => Stanza::Message(message.clone()),
            Stanza::Presence(presence) => Stanza::Presence(presence.clone()),
            Stanza::Iq(iq) => Stanza::Iq(iq.clone()),
        };
        stamp(&mut stanza, full);
        let mut bytes = stanza_bytes(&stanza)?;
        // The first is that of the stanza itself, and what it holds inherits it.
        let name = ns::JABBER_CLIENT.as_bytes();
        let Some(at) = bytes.windows(name.len()).position(|window| window == name) else {
            warn!("a stanza has no namespace and is not sent");
            return None;
        };
        bytes.splice(at..at.saturating_add(name.len()), NS.bytes());
        Some(bytes)
    }

    /// Whether what is sent to nobody in particular is for the server, which tells others.
    pub(super) fn is_component(&self) -> bool {
        self.stamp.is_some()
    }

    /// Who is asked for a sign of life: a component gets its own question back.
    pub(super) fn pinged(&self) -> Jid {
        if self.is_component() {
            self.own.clone().into()
        } else {
            self.own.domain().to_owned().into()
        }
    }
}

/// Names the sender, unless the owner speaks for several. Subscriptions are between people, not between their programs.
fn stamp(stanza: &mut Stanza, full: &FullJid) {
    let own = |is_bare: bool| {
        Some(if is_bare { Jid::from(full.to_bare()) } else { Jid::from(full.clone()) })
    };
    match stanza {
        Stanza::Message(message) if message.from.is_none() => message.from = own(false),
        Stanza::Presence(Presence { from: from @ None, type_, .. }) => {
            *from = own(matches!(
                type_,
                PresenceType::Subscribe
                    | PresenceType::Subscribed
                    | PresenceType::Unsubscribe
                    | PresenceType::Unsubscribed
                    | PresenceType::Probe
            ));
        }
        Stanza::Iq(iq) if iq.from().is_none() => *iq.from_mut() = own(false),
        Stanza::Message(_) | Stanza::Presence(_) | Stanza::Iq(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face() -> Face {
        let full = FullJid::new("bot@lessons.example.org/otrbot").unwrap();
        Face { own: full.to_bare(), stamp: Some(full) }
    }

    fn sent(xml: &str) -> String {
        let xml = xml.replacen(' ', " xmlns='jabber:client' ", 1);
        let stanza: Stanza = xso::from_bytes(xml.as_bytes()).unwrap();
        String::from_utf8(face().bytes(&stanza).unwrap()).unwrap()
    }

    #[test]
    fn stanzas_name_their_sender_and_are_of_the_components_namespace() {
        for (xml, from) in [
            ("<message to='a@b'><body>jabber:client</body></message>", "/otrbot'"),
            ("<presence to='a@b'/>", "/otrbot'"),
            ("<presence to='a@b' type='subscribe'/>", "lessons.example.org'"),
            ("<iq to='a@b' type='result' id='1'/>", "/otrbot'"),
        ] {
            let sent = sent(xml);
            assert!(sent.contains("xmlns='jabber:component:accept'"), "{sent}");
            assert!(!sent.contains("xmlns='jabber:client'"), "{sent}");
            assert!(sent.contains(from), "{sent}");
        }
    }
}
