//! What the registry knows of one address: who says that it is theirs, and whose it is.
//!
//! Anybody can type any address into a page, so that several may claim the same one. It belongs to
//! whom it obeys: to who has shown that they see the page, else to the only one who claims it, once
//! something is written from there. Each who claims it has a session of their own, which their page
//! tells of and no other; what comes from the address goes to the session of its holder. While nobody
//! is the holder, a porter answers: a session without a lesson, which asks for the number on the page.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use jid::{Jid, ResourcePart};
use otr::limits::TokenBucket;

use super::learner::{Claimant, Learner, OpenSession};

use crate::{
    actors::Incoming,
    records::{ClaimNumber, Person, Progress},
    session::{Asking, Contest, Unreachable},
};

/// Most persons who claim an address at once. Nobody is pushed out for another one: that would tell of them.
const MOST_CLAIMS: usize = 1_000;

/// Most assignments by which one person claims it; that which they opened first makes room.
const MOST_OF_PERSON: usize = 16;

/// Most clients of a learner that are told apart; the rest count as offline.
const MOST_CLIENTS: usize = 16;

/// Subscriptions that are answered: the burst, then one per interval. Each answer may be several
/// stanzas.
const SUBSCRIPTION_RATE: (u32, Duration) = (10, Duration::from_mins(1));

/// What is known of one address.
#[derive(Debug)]
pub(super) struct Address {
    /// Those who say that it is theirs; at least one.
    learners: Vec<Learner>,
    /// Whose it is now.
    holder: Option<Claimant>,
    /// Who answers while that is not known.
    pub(super) porter: Option<OpenSession>,
    /// Whether its last message was one of OTR.
    pub(super) is_last_otr: bool,
    /// Its clients that are online.
    clients: Vec<ResourcePart>,
    /// How often it may ask for a subscription, or end one.
    subscriptions: TokenBucket,
}

impl Address {
    /// An address that nobody claims yet.
    pub(super) fn new() -> Self {
        Self {
            learners: Vec::new(),
            holder: None,
            porter: None,
            is_last_otr: false,
            clients: Vec::new(),
            subscriptions: TokenBucket::new(SUBSCRIPTION_RATE),
        }
    }

    /// All who claim it.
    pub(super) fn learners(&self) -> &[Learner] {
        &self.learners
    }

    /// The same, to be changed.
    pub(super) fn learners_mut(&mut self) -> &mut [Learner] {
        &mut self.learners
    }

    /// Whether nobody claims it any more.
    pub(super) fn is_free(&self) -> bool {
        self.learners.is_empty()
    }

    /// One of those who claim it.
    pub(super) fn learner(&self, claimant: &Claimant) -> Option<&Learner> {
        self.learners.iter().find(|learner| learner.claimant == *claimant)
    }

    /// The same, to be changed.
    pub(super) fn learner_mut(&mut self, claimant: &Claimant) -> Option<&mut Learner> {
        self.learners.iter_mut().find(|learner| learner.claimant == *claimant)
    }

    /// The one whose session this is.
    pub(super) fn of_session(&self, id: u64) -> Option<&Learner> {
        self.learners.iter().find(|learner| learner.has_session(id))
    }

    /// The same, to be changed.
    pub(super) fn with_session(&mut self, id: u64) -> Option<&mut Learner> {
        self.learners.iter_mut().find(|learner| learner.has_session(id))
    }

    /// All sessions that are open, that of the porter too.
    pub(super) fn sessions(&self) -> impl Iterator<Item = &OpenSession> {
        self.learners.iter().filter_map(|learner| learner.session.as_ref()).chain(&self.porter)
    }

    /// The same, to be changed.
    pub(super) fn sessions_mut(&mut self) -> impl Iterator<Item = &mut OpenSession> {
        let theirs = self.learners.iter_mut().filter_map(|learner| learner.session.as_mut());
        theirs.chain(&mut self.porter)
    }

    /// Adds one who claims it.
    pub(super) fn add(&mut self, learner: Learner) {
        let is_contest = self.learners.iter().any(|other| !other.is_same_person(&learner));
        self.learners.push(learner);
        if is_contest {
            for learner in &mut self.learners {
                learner.is_contested = true;
            }
        }
    }

    /// Takes one away.
    pub(super) fn remove(&mut self, claimant: &Claimant) -> Option<Learner> {
        if self.holder.as_ref() == Some(claimant) {
            self.holder = None;
        }
        let ix = self.learners.iter().position(|learner| learner.claimant == *claimant)?;
        Some(self.learners.swap_remove(ix))
    }

    /// Whose the address is, when something comes from it; `None`: that is to be asked. In this order:
    /// who holds it, who is in the lesson, who has shown that it is theirs, whom the settings list,
    /// the only person who ever claimed it. Of several assignments of that person, the one that they
    /// opened last, and one that is not finished before one that is.
    pub(super) fn settle(&mut self) -> Option<Claimant> {
        if self.holder.is_none() {
            let opened = |learner: &&Learner| learner.opened;
            let all = || self.learners.iter();
            let holder = all()
                .filter(|learner| learner.has_begun())
                .max_by_key(opened)
                .or_else(|| all().filter(|learner| learner.is_proven).max_by_key(opened))
                .or_else(|| all().find(|learner| learner.is_listed()))
                .or_else(|| all().next().filter(|_| all().all(|one| !one.is_contested)));
            let newest = holder.and_then(|holder| {
                let theirs = all().filter(|learner| learner.is_same_person(holder));
                theirs.max_by_key(|learner| (!learner.is_finished, learner.opened))
            });
            self.holder = newest.map(|learner| learner.claimant.clone());
        }
        self.holder.clone()
    }

    /// Has an assignment take the place of another one of the same person, which holds the address;
    /// that one. `None` where there is nothing to change: it holds the address already, nobody does,
    /// somebody else does, or it was only looked at, is finished, and the other one is not.
    pub(super) fn follow(&mut self, claimant: &Claimant, is_act: bool) -> Option<Claimant> {
        let before = self.holder.clone()?;
        let (old, new) = (self.learner(&before)?, self.learner(claimant)?);
        let is_other = before != *claimant && new.is_same_person(old);
        let may_follow = is_other && (is_act || !new.is_finished || old.is_finished);
        may_follow.then(|| self.holder.replace(claimant.clone())).flatten()
    }

    /// The other assignments by which a person claims the address.
    pub(super) fn siblings(&self, of: &Claimant) -> impl Iterator<Item = &Learner> {
        let one = self.learner(of);
        self.learners.iter().filter(move |other| {
            one.is_some_and(|one| one.claimant != other.claimant && one.is_same_person(other))
        })
    }

    /// Whether nobody holds the address although it was heard of, since the assignment that did is over:
    /// another one of the same person then goes on as soon as it is opened.
    pub(super) fn is_waiting_for(&self, claimant: &Claimant) -> bool {
        let was_paused = self.learner(claimant).is_some_and(|one| one.was_paused);
        self.holder.is_none() && (was_paused || self.siblings(claimant).any(Learner::has_begun))
    }

    /// Has the other assignments of a person wait that are in their lesson: this one was opened last.
    pub(super) fn pause_siblings(&mut self, of: &Claimant) {
        let waiting: Vec<Claimant> = self
            .siblings(of)
            .filter(|one| one.is_interrupted())
            .map(|one| one.claimant.clone())
            .collect();
        for claimant in waiting {
            if let Some(learner) = self.learner_mut(&claimant) {
                learner.was_paused = true;
            }
        }
    }

    /// Whether so many persons claim the address that another one cannot.
    pub(super) fn is_full_for(&self, person: Option<&Person>) -> bool {
        if self.learners.len() < MOST_CLAIMS {
            return false;
        }
        let is_known =
            person.is_some() && self.learners.iter().any(|one| one.person.as_ref() == person);
        let persons: HashSet<&Person> =
            self.learners.iter().filter_map(|one| one.person.as_ref()).collect();
        let n_nameless = self.learners.iter().filter(|one| one.person.is_none()).count();
        !is_known && persons.len().saturating_add(n_nameless) >= MOST_CLAIMS
    }

    /// Whether what comes from the address goes to another assignment of the same person.
    pub(super) fn is_elsewhere(&self, claimant: &Claimant) -> bool {
        self.siblings(claimant).any(|other| self.holder.as_ref() == Some(&other.claimant))
    }

    /// Of a person with too many assignments here, one that makes room for another.
    pub(super) fn makes_room(&self, person: Option<&Person>) -> Option<Claimant> {
        let person = person?;
        let theirs = || self.learners.iter().filter(|one| one.person.as_ref() == Some(person));
        let is_held = |one: &&Learner| self.holder.as_ref() == Some(&one.claimant);
        // One that waits in the middle of its lesson goes last.
        let worth = |one: &&Learner| (!one.is_finished, one.has_begun(), one.opened);
        let oldest = theirs().filter(|one| !is_held(one)).min_by_key(worth);
        oldest.filter(|_| theirs().count() >= MOST_OF_PERSON).map(|one| one.claimant.clone())
    }

    /// Whose it is, as far as that is known.
    pub(super) fn holder(&self) -> Option<&Learner> {
        self.learner(self.holder.as_ref()?)
    }

    /// The same, to be changed.
    pub(super) fn holder_mut(&mut self) -> Option<&mut Learner> {
        let holder = self.holder.clone()?;
        self.learner_mut(&holder)
    }

    /// The session of its holder, or the porter.
    pub(super) fn open(&mut self) -> Option<&mut OpenSession> {
        if self.holder.is_none() {
            return self.porter.as_mut();
        }
        self.holder_mut()?.session.as_mut()
    }

    /// Whether the session of this number speaks for the address, or is of the one whose page has this
    /// number.
    pub(super) fn may_show(&mut self, id: u64, number: ClaimNumber) -> bool {
        self.settle();
        self.open().is_some_and(|open| open.id == id)
            || self.of_session(id).is_some_and(|learner| learner.number == Some(number))
    }

    /// It was shown to be theirs whose page has this number. Who that is, and who held it before.
    pub(super) fn claim(&mut self, number: ClaimNumber) -> Option<(Claimant, Option<Claimant>)> {
        let shown = self.learners.iter().filter(|learner| learner.number == Some(number));
        let claimant = shown.max_by_key(|learner| learner.opened)?.claimant.clone();
        let siblings: Vec<Claimant> =
            self.siblings(&claimant).map(|one| one.claimant.clone()).collect();
        for learner in &mut self.learners {
            learner.is_proven |=
                learner.claimant == claimant || siblings.contains(&learner.claimant);
        }
        let before = self.holder.replace(claimant.clone());
        Some((claimant, before))
    }

    /// What the session of its holder is to know of the others; of the porter where there is none.
    pub(super) fn contest(&self) -> Contest {
        self.contest_of(self.holder.as_ref())
    }

    /// The same for the session of one who claims it.
    pub(super) fn contest_of(&self, claimant: Option<&Claimant>) -> Contest {
        let Some(learner) = claimant.and_then(|claimant| self.learner(claimant)) else {
            let others = self.learners.iter().filter_map(|other| other.number).collect();
            return Contest { others, asking: Asking::Always, ..Contest::default() };
        };
        let others = self.learners.iter().filter(|other| !other.is_same_person(learner));
        let others: Vec<ClaimNumber> = others.filter_map(|other| other.number).collect();
        let mine = self.siblings(&learner.claimant).filter_map(|other| other.number).collect();
        let is_sure = learner.is_proven || others.is_empty();
        let asking = if is_sure { Asking::Never } else { Asking::Once };
        Contest { own: learner.number, mine, others, asking, ..Contest::default() }
    }

    /// Whether a request for a subscription, or its end, is answered now.
    pub(super) fn may_subscribe(&mut self, now: Instant) -> bool {
        self.subscriptions.take(now)
    }

    /// Notes what this tells of whether it can be reached. Where somebody has been, it can.
    pub(super) fn note_reached(&mut self, what: &Incoming) {
        let is_empty = self.clients.is_empty();
        for learner in &mut self.learners {
            let is_new = learner.progress == Progress::Invited && is_empty;
            match what {
                Incoming::Unreachable(why) if is_new => learner.unreachable = Some(*why),
                Incoming::Declined if is_new => {
                    learner.unreachable.get_or_insert(Unreachable::Declined);
                }
                Incoming::Unreachable(_)
                | Incoming::Declined
                | Incoming::Undelivered(_)
                | Incoming::Unavailable
                | Incoming::Unsubscribed => {}
                Incoming::Chat(_)
                | Incoming::Marked { .. }
                | Incoming::TooLong
                | Incoming::ReceiptAsked(_)
                | Incoming::SubscriptionAsked
                | Incoming::Probed
                | Incoming::Accepted
                | Incoming::Available => learner.unreachable = None,
            }
        }
    }

    /// Whether one of its clients is known to be online.
    pub(super) fn is_here(&self) -> bool {
        !self.clients.is_empty()
    }

    /// One of its clients is online.
    pub(super) fn came(&mut self, client: &Jid) {
        if let Some(resource) = client.resource()
            && !self.clients.iter().any(|known| &**known == resource)
            && self.clients.len() < MOST_CLIENTS
        {
            self.clients.push(resource.to_owned());
        }
    }

    /// One of its clients went offline, or all for the bare address; whether none is left.
    pub(super) fn went(&mut self, client: &Jid) -> bool {
        match client.resource() {
            Some(resource) => self.clients.retain(|known| &**known != resource),
            None => self.clients.clear(),
        }
        self.clients.is_empty()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use jid::BareJid;

    use super::*;
    use crate::records::EnrolmentId;

    fn jid() -> BareJid {
        BareJid::new("anna@example.org").unwrap()
    }

    fn id(name: &str) -> EnrolmentId {
        EnrolmentId::from_text(name)
    }

    fn learner(name: &str) -> Learner {
        Learner::new(Some(id(name)), &jid(), Instant::now())
    }

    fn number(name: &str) -> ClaimNumber {
        ClaimNumber::of(&EnrolmentId::from_text(name), "anna@example.org")
    }

    #[test]
    fn the_only_one_holds_an_address_and_stays_when_others_come() {
        let mut address = Address::new();
        address.add(learner("a"));
        assert_eq!(address.settle(), Some(Some(id("a"))));
        assert_eq!(address.contest().asking, Asking::Never);

        address.add(learner("b"));

        assert_eq!(address.settle(), Some(Some(id("a"))));
        assert_eq!(address.contest().asking, Asking::Once);
        assert_eq!(address.contest().others, [number("b")]);
    }

    #[test]
    fn of_two_who_meet_nobody_holds_an_address_until_the_number_is_shown() {
        let mut address = Address::new();
        address.add(learner("a"));
        address.add(learner("b"));
        assert_eq!(address.settle(), None);
        assert_eq!(address.contest().asking, Asking::Always);

        assert_eq!(address.claim(number("b")), Some((Some(id("b")), None)));
        assert_eq!(address.claim(number("c")), None);

        assert_eq!(address.settle(), Some(Some(id("b"))));
        address.add(learner("c"));
        assert_eq!(address.contest().asking, Asking::Never);
        assert_eq!(address.contest().others.len(), 2);
    }

    #[test]
    fn whom_the_settings_list_holds_the_address_until_a_number_is_shown() {
        let mut address = Address::new();
        address.add(Learner::new(None, &jid(), Instant::now()));
        assert_eq!(address.settle(), Some(None));
        assert_eq!(address.contest().asking, Asking::Never);
        address.add(learner("a"));
        assert_eq!(address.contest().asking, Asking::Once);

        assert_eq!(address.claim(number("a")), Some((Some(id("a")), Some(None))));
        address.remove(&Some(id("a")));
        assert_eq!(address.settle(), Some(None));
    }

    #[test]
    fn whoever_met_another_one_must_show_it_though_the_other_is_gone() {
        let mut address = Address::new();
        address.add(learner("a"));
        assert_eq!(address.settle(), Some(Some(id("a"))));
        address.add(learner("b"));

        address.remove(&Some(id("a")));

        assert_eq!(address.settle(), None);
        assert_eq!(address.contest().asking, Asking::Always);
        assert!(address.claim(number("b")).is_some());
        assert_eq!(address.settle(), Some(Some(id("b"))));
    }
}
