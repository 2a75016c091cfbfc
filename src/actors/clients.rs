//! What is known of the clients that learners use: which of them understand chat states
//! (XEP-0085), and which have seen the bot's status.
//!
//! Only peers that the bot has spoken to are remembered, and few clients of each, so that nobody
//! else can fill the memory.

use std::collections::HashMap;

use jid::{BareJid, Jid, ResourcePart};
use xmpp_parsers::{message::MessageType, ns, presence::Type as PresenceType, stanza::Stanza};

/// Most peers. More are served like those of whom nothing is known.
const MOST_PEERS: usize = 200_000;
/// Most clients of one peer.
const MOST_CLIENTS: usize = 16;

/// The clients of all peers.
#[derive(Debug, Default)]
pub(super) struct Clients {
    peers: HashMap<BareJid, Vec<Client>>,
}

/// One client.
#[derive(Debug)]
struct Client {
    resource: ResourcePart,
    states: Support,
    is_shown: bool,
}

/// Whether a client understands chat states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Support {
    /// Nothing it sent told.
    Unknown,
    /// It sent some itself.
    Yes,
    /// It sent a message without one.
    No,
}

impl Clients {
    /// The bot speaks to this peer.
    pub(super) fn speak_to(&mut self, peer: &BareJid) {
        if !self.peers.contains_key(peer) && self.peers.len() < MOST_PEERS {
            self.peers.insert(peer.clone(), Vec::new());
        }
    }

    /// The bot has nothing to do with this peer any more.
    pub(super) fn forget(&mut self, peer: &BareJid) {
        self.peers.remove(peer);
    }

    /// A new stream began: who is there is told anew.
    pub(super) fn begin(&mut self) {
        self.peers.values_mut().for_each(Vec::clear);
    }

    /// Learns from a stanza that came.
    pub(super) fn observe(&mut self, stanza: &Stanza) {
        match stanza {
            Stanza::Message(message)
                if matches!(message.type_, MessageType::Chat | MessageType::Normal) =>
            {
                let has_state =
                    message.payloads.iter().any(|payload| payload.ns() == ns::CHATSTATES);
                // Libraries that make OTR messages know nothing of chat states.
                let is_telling = message
                    .get_best_body(Vec::new())
                    .is_some_and(|(_, body)| !body.is_empty() && !body.starts_with("?OTR"));
                let states = match (has_state, is_telling) {
                    (true, _) => Support::Yes,
                    (false, true) => Support::No,
                    (false, false) => return,
                };
                if let Some(client) = message.from.as_ref().and_then(|from| self.client(from)) {
                    client.states = states;
                }
            }
            Stanza::Presence(presence) if presence.type_ == PresenceType::Unavailable => {
                let Some(from) = &presence.from else { return };
                if let Some(clients) = self.peers.get_mut(&from.to_bare()) {
                    clients.retain(|client| {
                        from.resource().is_some_and(|gone| *client.resource != *gone)
                    });
                }
            }
            Stanza::Message(_) | Stanza::Presence(_) | Stanza::Iq(_) => {}
        }
    }

    /// Whether this client understands chat states.
    pub(super) fn states(&self, to: &Jid) -> Support {
        let (Some(clients), Some(resource)) = (self.peers.get(&to.to_bare()), to.resource()) else {
            return Support::Unknown;
        };
        clients
            .iter()
            .find(|client| *client.resource == *resource)
            .map_or(Support::Unknown, |client| client.states)
    }

    /// Whether the bot's status is to be shown to this address. A client sees it once while it is
    /// there, so that two who answer each other's presence do not go on for ever.
    pub(super) fn is_to_be_shown(&mut self, to: &Jid) -> bool {
        if to.resource().is_none() {
            return true;
        }
        self.client(to).is_some_and(|client| !std::mem::replace(&mut client.is_shown, true))
    }

    /// The client, new if need be; `None` for a peer that the bot has not spoken to.
    fn client(&mut self, address: &Jid) -> Option<&mut Client> {
        let resource = address.resource()?;
        let clients = self.peers.get_mut(&address.to_bare())?;
        let at = match clients.iter().position(|client| *client.resource == *resource) {
            Some(at) => at,
            None if clients.len() < MOST_CLIENTS => {
                let resource = resource.to_owned();
                clients.push(Client { resource, states: Support::Unknown, is_shown: false });
                clients.len().checked_sub(1)?
            }
            None => return None,
        };
        clients.get_mut(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(xml: &str) -> Stanza {
        let xml = xml.replacen(' ', " xmlns='jabber:client' ", 1);
        xso::from_bytes(xml.as_bytes()).unwrap()
    }

    fn jid(text: &str) -> Jid {
        Jid::new(text).unwrap()
    }

    fn after(stanzas: &[&str]) -> Clients {
        let mut clients = Clients::default();
        clients.speak_to(&jid("a@b").to_bare());
        for xml in stanzas {
            clients.observe(&parse(xml));
        }
        clients
    }

    const ACTIVE: &str = "<message from='a@b/c' type='chat'><body>hi</body><active xmlns='http://jabber.org/protocol/chatstates'/></message>";
    const PLAIN: &str = "<message from='a@b/c' type='chat'><body>hi</body></message>";
    const OTR: &str = "<message from='a@b/c' type='chat'><body>?OTR:AAM=.</body></message>";

    #[test]
    fn support_is_learnt_from_what_a_client_sends() {
        let states = |stanzas: &[&str]| after(stanzas).states(&jid("a@b/c"));

        assert_eq!(states(&[]), Support::Unknown);
        assert_eq!(states(&[ACTIVE]), Support::Yes);
        assert_eq!(states(&[PLAIN]), Support::No);
        assert_eq!(states(&[ACTIVE, OTR]), Support::Yes);
        assert_eq!(states(&[OTR]), Support::Unknown);
        let gone = "<presence from='a@b/c' type='unavailable'/>";
        assert_eq!(states(&[ACTIVE, gone]), Support::Unknown);
        assert_eq!(after(&[ACTIVE]).states(&jid("a@b/other")), Support::Unknown);
    }

    #[test]
    fn strangers_take_no_memory_and_clients_are_few() {
        let mut clients = after(&[&ACTIVE.replace("a@b", "eve@x")]);
        assert_eq!(clients.states(&jid("eve@x/c")), Support::Unknown);

        let shown = (0..100).filter(|n| clients.is_to_be_shown(&jid(&format!("a@b/{n}")))).count();

        assert_eq!(shown, MOST_CLIENTS);
    }

    #[test]
    fn a_client_sees_the_status_once_while_it_is_there() {
        let mut clients = after(&[]);
        assert!(clients.is_to_be_shown(&jid("a@b/c")));
        assert!(!clients.is_to_be_shown(&jid("a@b/c")));

        clients.observe(&parse("<presence from='a@b/c' type='unavailable'/>"));
        assert!(clients.is_to_be_shown(&jid("a@b/c")));

        clients.begin();
        assert!(clients.is_to_be_shown(&jid("a@b/c")));
    }
}
