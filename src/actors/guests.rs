//! Where the bot is a component of its server, it keeps no roster: what the server of an account would
//! do for it, it does itself.
//!
//! - Who may see the bot's presence is told it, one by one, and told at the end that it is gone.
//! - Who is taken off the list is sent both ends of the subscription.

use std::collections::HashSet;

use jid::BareJid;
use xmpp_parsers::{
    iq::Iq,
    presence::{Presence, Type as PresenceType},
    roster::{Roster, Subscription},
    stanza::Stanza,
};

/// Most peers whose goodbye is remembered.
const MOST_GUESTS: usize = 200_000;

/// Those who see the bot as present.
#[derive(Debug, Default)]
pub(super) struct Guests(HashSet<BareJid>);

impl Guests {
    /// The stanzas that do for a component what one does for an account.
    pub(super) fn adapt(&mut self, stanza: Stanza, present: impl Fn() -> Presence) -> Vec<Stanza> {
        match stanza {
            Stanza::Iq(Iq::Set { ref payload, .. }) if payload.is("query", "jabber:iq:roster") => {
                let Ok(roster) = Roster::try_from(payload.clone()) else { return Vec::new() };
                let removed = roster
                    .items
                    .into_iter()
                    .filter(|item| item.subscription == Subscription::Remove);
                removed
                    .flat_map(|item| {
                        [PresenceType::Unsubscribe, PresenceType::Unsubscribed]
                            .map(Presence::new)
                            .map(|end| Stanza::Presence(end.with_to(item.jid.clone())))
                    })
                    .collect()
            }
            Stanza::Presence(presence) => {
                let Some(to) = presence.to.as_ref().map(jid::Jid::to_bare) else {
                    return Vec::new();
                };
                match presence.type_ {
                    PresenceType::Subscribed => {
                        self.add(to.clone());
                        let there = Stanza::Presence(present().with_to(to));
                        vec![Stanza::Presence(presence), there]
                    }
                    PresenceType::None => {
                        self.add(to);
                        vec![Stanza::Presence(presence)]
                    }
                    PresenceType::Unavailable | PresenceType::Unsubscribed => {
                        self.0.remove(&to);
                        vec![Stanza::Presence(presence)]
                    }
                    PresenceType::Subscribe
                    | PresenceType::Unsubscribe
                    | PresenceType::Probe
                    | PresenceType::Error => vec![Stanza::Presence(presence)],
                }
            }
            Stanza::Message(_) | Stanza::Iq(_) => vec![stanza],
        }
    }

    fn add(&mut self, guest: BareJid) {
        if self.0.len() < MOST_GUESTS {
            self.0.insert(guest);
        }
    }

    /// What tells all of them that the bot is gone.
    pub(super) fn farewells(&mut self) -> impl Iterator<Item = Stanza> + use<> {
        let gone = |guest| Stanza::Presence(Presence::unavailable().with_to(guest));
        std::mem::take(&mut self.0).into_iter().map(gone)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = &BareJid> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapted(guests: &mut Guests, xml: &str) -> Vec<String> {
        let xml = xml.replacen(' ', " xmlns='jabber:client' ", 1);
        let stanza: Stanza = xso::from_bytes(xml.as_bytes()).unwrap();
        let written = |stanza: Stanza| String::from_utf8(xso::to_vec(&stanza).unwrap()).unwrap();
        guests.adapt(stanza, Presence::available).into_iter().map(written).collect()
    }

    #[test]
    fn whoever_may_see_the_bot_is_told_that_it_is_there_and_that_it_is_gone() {
        let mut guests = Guests::default();

        let accepted = adapted(&mut guests, "<presence to='a@b' type='subscribed'/>");
        assert_eq!(accepted.len(), 2, "{accepted:?}");
        adapted(&mut guests, "<presence to='c@d'/>");
        adapted(&mut guests, "<presence to='c@d' type='unavailable'/>");

        assert_eq!(guests.farewells().count(), 1);
        assert_eq!(guests.farewells().count(), 0);
    }

    #[test]
    fn what_only_the_server_of_an_account_could_do_is_done_or_left() {
        let mut guests = Guests::default();
        assert!(adapted(&mut guests, "<presence id='all'/>").is_empty());
        let removal = "<iq type='set' id='1'><query xmlns='jabber:iq:roster'>\
            <item jid='a@b' subscription='remove'/></query></iq>";

        let ends = adapted(&mut guests, removal);

        assert_eq!(ends.len(), 2, "{ends:?}");
        assert!(ends[0].contains("'unsubscribe'") && ends[1].contains("'unsubscribed'"));
        assert_eq!(adapted(&mut guests, "<message to='a@b'><body>x</body></message>").len(), 1);
    }
}
