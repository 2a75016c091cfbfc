//! What is on its way to the stream: stanzas that wait, stanzas that the server has not acknowledged,
//! and errands to many learners.
//!
//! - Each stanza has a number, which is its tag and its place in the order. What is lost with a stream
//!   goes back to its place.
//! - Encrypted messages are never sent again: what they meant goes back to their session, and with it
//!   what waits behind them, so that the order holds.
//! - Memory is bounded. Where it becomes scarce, presences, states of typing and receipts go first;
//!   words only at a bound that an ordinary failure does not reach, and then their session is told.
//! - Errands (invitations, signs of presence) are run one by one while few stanzas are under way, so
//!   that a crowd of them delays nobody's conversation.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use jid::{BareJid, Jid};
use log::warn;
use xmpp_parsers::stanza::Stanza;

use crate::session::Meaning;

/// Most stanzas that wait before those that nobody misses are dropped.
const MOST_WAITING: usize = 20_000;
/// Most bytes, about, that wait before those are dropped.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes, about, that wait and are under way at all.
const MOST_BYTES_AT_ALL: usize = 64 * 1024 * 1024;
/// What a stanza takes besides its texts, about.
const OVERHEAD: usize = 512;
/// Stanzas that may be under way when another errand is run.
const MOST_UNDER_WAY: usize = 200;
/// Number of the first stanza; those that go before all others have lower ones.
const START: u64 = 1 << 62;
/// Most errands. There are not more learners.
const MOST_ERRANDS: usize = 400_000;

/// What a stanza is for, which decides what becomes of it when it is lost.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// Of use in this stream only: an answer, what the bot tells of itself.
    Passing,
    /// Of use at this moment only: that the bot types.
    State,
    /// A presence or a receipt: sent again, and dropped where memory is scarce.
    Minor,
    /// A contact that comes or ends: sent again.
    Contact,
    /// Words in the clear to somebody: sent again.
    Plain(Jid),
    /// An OTR message to somebody: never sent again.
    Otr(Jid, Meaning),
}

/// A stanza that waits, or is under way.
#[derive(Debug)]
struct Item {
    /// `None`: it is under way, and of a kind that is never sent again.
    stanza: Option<Stanza>,
    kind: Kind,
    n_bytes: usize,
}

/// What is to be done for one of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// To invite them.
    Invite,
    /// To show them that the bot is there.
    Present,
}

/// What is on its way to the stream.
#[derive(Debug)]
pub(super) struct Sending {
    waiting: BTreeMap<u64, Item>,
    under_way: BTreeMap<u64, Item>,
    n_bytes: usize,
    /// The lowest number and the highest so far.
    first: u64,
    last: u64,
    errands: VecDeque<(BareJid, Errand)>,
    /// To whom words were dropped, and whose sessions are not told yet.
    unheard: HashSet<Jid>,
    n_dropped: u64,
}

/// What became of stanzas that were lost.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Lost {
    /// How many were lost.
    pub(super) n: u64,
    /// How many of them wait again.
    pub(super) n_again: u64,
    /// What sessions are to say anew, by the address it was said to.
    pub(super) undelivered: Vec<(Jid, Vec<Meaning>)>,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            waiting: BTreeMap::new(),
            under_way: BTreeMap::new(),
            n_bytes: 0,
            first: START,
            last: START,
            errands: VecDeque::new(),
            unheard: HashSet::new(),
            n_dropped: 0,
        }
    }
}

impl Sending {
    /// A stanza is to be sent before all that waits.
    pub(super) fn push_first(&mut self, stanza: Stanza, kind: Kind) {
        let n_bytes = size(&stanza);
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        self.first = self.first.wrapping_sub(1);
        self.waiting.insert(self.first, Item { stanza: Some(stanza), kind, n_bytes });
    }

    /// A stanza is to be sent.
    pub(super) fn push(&mut self, stanza: Stanza, kind: Kind) {
        let n_bytes = size(&stanza);
        let is_scarce = self.waiting.len() >= MOST_WAITING || self.n_bytes >= MOST_BYTES;
        let is_full = self.n_bytes >= MOST_BYTES_AT_ALL;
        let is_dropped = match &kind {
            Kind::Passing | Kind::State | Kind::Minor => is_scarce,
            Kind::Contact | Kind::Plain(_) | Kind::Otr(..) => is_full,
        };
        if is_dropped {
            return self.drop_one(kind);
        }
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        self.last = self.last.wrapping_add(1);
        self.waiting.insert(self.last, Item { stanza: Some(stanza), kind, n_bytes });
    }

    fn drop_one(&mut self, kind: Kind) {
        if let Kind::Plain(to) | Kind::Otr(to, _) = kind {
            self.unheard.insert(to);
        }
        self.n_dropped = self.n_dropped.wrapping_add(1);
        if self.n_dropped.is_power_of_two() {
            warn!(dropped = self.n_dropped; "the XMPP server is too slow: {} stanzas dropped", self.n_dropped);
        }
    }

    /// The next stanza and its tag; it counts as under way.
    pub(super) fn next(&mut self) -> Option<(u64, Stanza)> {
        let (tag, mut item) = self.waiting.pop_first()?;
        let stanza = match item.kind {
            Kind::Passing | Kind::State | Kind::Otr(..) => item.stanza.take(),
            Kind::Minor | Kind::Contact | Kind::Plain(_) => item.stanza.as_ref().map(copy),
        };
        self.under_way.insert(tag, item);
        Some((tag, stanza?))
    }

    /// Whether nothing waits that could be sent now.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    /// An errand, as soon as there is room.
    pub(super) fn add_errand(&mut self, to: BareJid, errand: Errand) {
        if self.errands.len() < MOST_ERRANDS {
            self.errands.push_back((to, errand));
        }
    }

    /// Whoever was to be invited has gone.
    pub(super) fn drop_errands(&mut self, to: &BareJid) {
        self.errands.retain(|(other, _)| other != to);
    }

    /// The next errand, if there is room for it.
    pub(super) fn next_errand(&mut self) -> Option<(BareJid, Errand)> {
        if self.is_idle() && self.under_way.len() < MOST_UNDER_WAY {
            self.errands.pop_front()
        } else {
            None
        }
    }

    /// How many stanzas are under way.
    pub(super) fn n_under_way(&self) -> usize {
        self.under_way.len()
    }

    /// The server has this one, or nobody ever will.
    pub(super) fn done(&mut self, tag: u64) {
        if let Some(item) = self.under_way.remove(&tag) {
            self.n_bytes = self.n_bytes.saturating_sub(item.n_bytes);
        }
    }

    /// Who has missed words, now that there is room to tell their sessions.
    pub(super) fn take_unheard(&mut self) -> Vec<Jid> {
        if self.unheard.is_empty() || self.n_bytes >= MOST_BYTES_AT_ALL / 2 {
            return Vec::new();
        }
        self.unheard.drain().collect()
    }

    /// These were lost with their stream.
    pub(super) fn lost(&mut self, tags: &[u64]) -> Lost {
        let mut lost = Lost::default();
        // What was said in private and has to be said anew, in its order.
        let mut private = BTreeMap::new();
        for tag in tags {
            let Some(item) = self.under_way.remove(tag) else { continue };
            lost.n = lost.n.saturating_add(1);
            match item.kind {
                Kind::Passing | Kind::State => {
                    self.n_bytes = self.n_bytes.saturating_sub(item.n_bytes);
                }
                Kind::Minor | Kind::Contact | Kind::Plain(_) => {
                    lost.n_again = lost.n_again.saturating_add(1);
                    self.waiting.insert(*tag, item);
                }
                Kind::Otr(to, meaning) => {
                    self.n_bytes = self.n_bytes.saturating_sub(item.n_bytes);
                    private.insert(*tag, (to, meaning));
                }
            }
        }
        self.take_behind(&mut private);
        let mut places: HashMap<BareJid, usize> = HashMap::new();
        for (to, meaning) in private.into_values() {
            let place = *places.entry(to.to_bare()).or_insert(lost.undelivered.len());
            match lost.undelivered.get_mut(place) {
                Some((_, meanings)) => meanings.push(meaning),
                None => lost.undelivered.push((to, vec![meaning])),
            }
        }
        lost
    }

    /// Takes what waits to be said in private behind what was lost of the same conversation.
    fn take_behind(&mut self, private: &mut BTreeMap<u64, (Jid, Meaning)>) {
        let mut first: HashMap<BareJid, u64> = HashMap::new();
        for (tag, (to, _)) in &*private {
            first.entry(to.to_bare()).or_insert(*tag);
        }
        if first.is_empty() {
            return;
        }
        let stale = self.waiting.extract_if(.., |tag, item| {
            matches!(&item.kind, Kind::Otr(to, _)
                if first.get(&to.to_bare()).is_some_and(|from| tag > from))
        });
        for (tag, item) in stale {
            self.n_bytes = self.n_bytes.saturating_sub(item.n_bytes);
            if let Kind::Otr(to, meaning) = item.kind {
                private.insert(tag, (to, meaning));
            }
        }
    }

    /// The stream is down, perhaps for long.
    pub(super) fn went_offline(&mut self) {
        self.drop_waiting(|kind| *kind == Kind::State);
    }

    /// Another stream begins: what was of use in the one before is dropped.
    pub(super) fn begin(&mut self) {
        self.drop_waiting(|kind| matches!(kind, Kind::State | Kind::Passing));
    }

    fn drop_waiting(&mut self, is_dropped: impl Fn(&Kind) -> bool) {
        let n_bytes = &mut self.n_bytes;
        self.waiting.retain(|_, item| {
            let is_kept = !is_dropped(&item.kind);
            if !is_kept {
                *n_bytes = n_bytes.saturating_sub(item.n_bytes);
            }
            is_kept
        });
    }

    /// All that waits, in order.
    pub(super) fn take_all(&mut self) -> Vec<Stanza> {
        std::mem::take(&mut self.waiting).into_values().filter_map(|item| item.stanza).collect()
    }
}

/// What a stanza takes, about.
fn size(stanza: &Stanza) -> usize {
    let Stanza::Message(message) = stanza else { return OVERHEAD };
    message.bodies.values().map(String::len).fold(OVERHEAD, usize::saturating_add)
}

fn copy(stanza: &Stanza) -> Stanza {
    match stanza {
        Stanza::Message(message) => Stanza::Message(message.clone()),
        Stanza::Presence(presence) => Stanza::Presence(presence.clone()),
        Stanza::Iq(iq) => Stanza::Iq(iq.clone()),
    }
}

#[cfg(test)]
mod tests {
    use xmpp_parsers::{
        message::{Lang, Message},
        presence::Presence,
    };

    use super::*;

    fn jid(name: &str) -> Jid {
        Jid::new(&format!("{name}@b/c")).unwrap()
    }

    fn words(to: &str, body: &str) -> Stanza {
        Message::chat(jid(to)).with_body(Lang::new(), body.to_owned()).into()
    }

    /// What can be sent, with its tags, counted from 1.
    fn sent(sending: &mut Sending) -> Vec<(u64, String)> {
        std::iter::from_fn(|| sending.next())
            .map(|(tag, stanza)| match stanza {
                Stanza::Message(message) => {
                    (tag - START, message.get_best_body(Vec::new()).unwrap().1.clone())
                }
                Stanza::Presence(_) | Stanza::Iq(_) => (tag - START, "-".to_owned()),
            })
            .collect()
    }

    fn lost(sending: &mut Sending, tags: &[u64]) -> Lost {
        let tags: Vec<u64> = tags.iter().map(|tag| START + tag).collect();
        sending.lost(&tags)
    }

    #[test]
    fn what_is_lost_goes_back_to_its_place() {
        let mut sending = Sending::default();
        for body in ["one", "two", "three"] {
            sending.push(words("a", body), Kind::Plain(jid("a")));
        }
        sending.push(Presence::available().into(), Kind::Minor);
        sending.push(words("a", "typing"), Kind::State);
        assert_eq!(sent(&mut sending).len(), 5);
        sending.push(words("a", "four"), Kind::Plain(jid("a")));
        sending.done(START + 1);

        assert_eq!(lost(&mut sending, &[2, 3]).n_again, 2);
        let rest = lost(&mut sending, &[4, 5]);
        assert_eq!((rest.n, rest.n_again), (2, 1));

        let again = [(2, "two"), (3, "three"), (4, "-"), (6, "four")];
        assert_eq!(sent(&mut sending), again.map(|(tag, body)| (tag, body.to_owned())));
    }

    #[test]
    fn what_was_encrypted_goes_back_to_its_session_with_all_behind_it() {
        let mut sending = Sending::default();
        let otr = |to: &str, meaning| Kind::Otr(jid(to), meaning);
        sending.push(words("a", "one"), otr("a", Meaning::Exchange));
        sending.push(words("b", "other"), otr("b", Meaning::Verification));
        sending.push(words("a", "plain"), Kind::Plain(jid("a")));
        assert_eq!(sent(&mut sending).len(), 3);
        sending.push(words("a", "two"), otr("a", Meaning::Verification));
        sending.push(words("c", "third"), otr("c", Meaning::Nothing));

        let lost = lost(&mut sending, &[1, 2, 3]);

        let a = vec![Meaning::Exchange, Meaning::Verification];
        let b = vec![Meaning::Verification];
        assert_eq!(lost.undelivered, [(jid("a"), a), (jid("b"), b)]);
        assert_eq!((lost.n, lost.n_again), (3, 1));
        let rest = [(3, "plain"), (5, "third")];
        assert_eq!(sent(&mut sending), rest.map(|(tag, body)| (tag, body.to_owned())));
    }

    #[test]
    fn a_crowd_of_presences_takes_no_room_from_words() {
        let mut sending = Sending::default();
        sending.push(words("a", "first"), Kind::Plain(jid("a")));
        for _ in 0..MOST_WAITING + 1_000 {
            sending.push(Presence::available().into(), Kind::Minor);
        }
        sending.push(words("a", "last"), Kind::Plain(jid("a")));

        let sent = sent(&mut sending);
        assert_eq!(sent.len(), MOST_WAITING + 1);
        assert_eq!(sent.first().unwrap().1, "first");
        assert_eq!(sent.last().unwrap().1, "last");
    }

    #[test]
    fn whose_words_found_no_room_is_told_when_there_is_some() {
        let mut sending = Sending::default();
        let long = "x".repeat(1_000_000);
        let mut n_kept = 0;
        while sending.n_bytes < MOST_BYTES_AT_ALL {
            sending.push(words("a", &long), Kind::Plain(jid("a")));
            n_kept += 1;
        }
        sending.push(words("b", "no room"), Kind::Plain(jid("b")));
        assert!(sending.take_unheard().is_empty());

        for tag in sent(&mut sending).into_iter().map(|(tag, _)| tag) {
            sending.done(START + tag);
        }

        assert_eq!(sending.last, START + n_kept);
        assert_eq!(sending.take_unheard(), [jid("b")]);
        assert!(sending.take_unheard().is_empty());
        assert_eq!(sending.n_bytes, 0);
    }

    #[test]
    fn errands_wait_while_much_is_under_way() {
        let mut sending = Sending::default();
        for number in 0..1_000 {
            sending.add_errand(jid(&format!("a{number}")).to_bare(), Errand::Invite);
        }
        let mut n = 0;
        while sending.next_errand().is_some() {
            sending.push(Presence::subscribe().into(), Kind::Contact);
            assert!(sending.next().is_some());
            n += 1;
        }
        assert_eq!(n, MOST_UNDER_WAY);
        sending.done(START + 1);
        assert!(sending.next_errand().is_some());
    }
}
