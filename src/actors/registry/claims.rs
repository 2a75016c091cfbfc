//! Whose an address is: who is added to those who claim it, who answers from it, and what becomes of
//! it when somebody shows that it is theirs.

use actix::{AsyncContext as _, Context, Recipient};
use jid::{BareJid, Jid};
use log::info;

use super::{
    Opening, SessionNews, SessionRegistry,
    address::Address,
    learner::{Claimant, Greeting, Learner, SessionHandle},
    supervise::Leaving,
};
use crate::{
    actors::{
        session::{Arrive, Close, Contested},
        store::SaveProof,
    },
    records::{ClaimNumber, Progress},
    session::Farewell,
};

impl SessionRegistry {
    /// Adds one who claims an address, or replaces what is known of them.
    pub(super) fn add(&mut self, jid: &BareJid, learner: Learner) {
        let address = self.addresses.entry(jid.clone()).or_insert_with(Address::new);
        let before = address.remove(&learner.claimant);
        let left = address.add(learner);
        self.count(before.is_none(), left.is_some());
        for gone in before.into_iter().chain(left) {
            if let Some(open) = gone.session {
                open.actor.post(Close(Farewell::Dismissed));
                self.leaving.insert(open.id, Leaving { jid: jid.clone(), actor: open.actor });
            }
        }
    }

    /// Takes one away who claims an address; the session that they had is the caller's.
    pub(super) fn remove(&mut self, jid: &BareJid, claimant: &Claimant) -> Option<Learner> {
        let address = self.addresses.get_mut(jid)?;
        let gone = address.remove(claimant)?;
        if address.is_free() {
            if let Some(open) = address.porter.take() {
                open.actor.post(Close(Farewell::Dismissed));
                self.leaving.insert(open.id, Leaving { jid: jid.clone(), actor: open.actor });
            }
            self.addresses.remove(jid);
        }
        self.count(false, true);
        self.tell_contest(jid);
        Some(gone)
    }

    fn count(&mut self, is_more: bool, is_less: bool) {
        if is_more {
            self.n_learners = self.n_learners.saturating_add(1);
            self.metrics.learners.inc();
        }
        if is_less {
            self.n_learners = self.n_learners.saturating_sub(1);
            self.metrics.learners.dec();
        }
    }

    /// Whose session this is now; `None` for one that is over, and for that of a porter.
    pub(super) fn claimant_of(&self, jid: &BareJid, id: u64) -> Option<Claimant> {
        let learner = self.addresses.get(jid)?.of_session(id)?;
        Some(learner.claimant.clone())
    }

    /// The session that answers what comes from an address: that of its holder, or the porter.
    pub(super) fn answering(
        &mut self,
        jid: &BareJid,
        news: Recipient<SessionNews>,
    ) -> Option<SessionHandle> {
        match self.addresses.get_mut(jid)?.settle() {
            Some(claimant) => self.session_of(jid, &claimant, news),
            None => self.porter_of(jid, news),
        }
    }

    fn porter_of(&mut self, jid: &BareJid, news: Recipient<SessionNews>) -> Option<SessionHandle> {
        let address = self.addresses.get_mut(jid)?;
        if let Some(open) = address.porter.as_ref().filter(|open| open.actor.connected()) {
            return Some(open.actor.clone());
        }
        if self.is_closing {
            return None;
        }
        if address.porter.take().is_some() {
            self.metrics.sessions.dec();
        }
        // Whoever it is, they have the language of one of those.
        let locale = address.learners().first().and_then(|learner| learner.locale.clone());
        let contest = address.contest_of(None);
        let opening = Opening { locale, lesson: None, kept: None, contest };
        let open = self.open(jid, opening, news)?;
        let actor = open.actor.clone();
        self.addresses.get_mut(jid)?.porter = Some(open);
        Some(actor)
    }

    /// Tells the session that answers from an address who claims it now.
    pub(super) fn tell_contest(&mut self, jid: &BareJid) {
        let Some(address) = self.addresses.get_mut(jid) else { return };
        let contest = address.contest();
        if let Some(open) = address.open() {
            open.actor.post(Contested(contest));
        }
    }

    /// Somebody has shown which page is theirs.
    pub(super) fn on_claimed(
        &mut self,
        jid: &BareJid,
        id: u64,
        number: ClaimNumber,
        from: Option<Jid>,
        ctx: &mut Context<Self>,
    ) {
        let Some(address) = self.addresses.get_mut(jid) else { return };
        // Only from the session that answers what comes from the address.
        if address.open().is_none_or(|open| open.id != id) {
            return;
        }
        let Some((claimant, before)) = address.claim(number) else { return };
        info!(session = id; "session {id}: the learner has shown which page is theirs");
        if let Some(enrolment) = claimant.clone() {
            self.metrics.meters.store.sent();
            self.proofs.do_send(SaveProof { enrolment, jid: jid.clone() });
        }
        if before.as_ref() == Some(&claimant) {
            return self.tell_contest(jid);
        }
        self.give_way(jid, before);
        let Some(actor) = self.session_of(jid, &claimant, ctx.address().recipient()) else {
            return;
        };
        self.tell_contest(jid);
        let from = from.unwrap_or_else(|| Jid::from(jid.clone()));
        actor.post(Arrive(from));
        let address = self.addresses.get_mut(jid);
        if let Some(learner) = address.and_then(|address| address.learner_mut(&claimant)) {
            learner.greeting = Greeting::Given;
        }
    }

    /// Ends the session that has answered from an address so far.
    fn give_way(&mut self, jid: &BareJid, before: Option<Claimant>) {
        let Some(before) = before else {
            let porter = self.addresses.get_mut(jid).and_then(|address| address.porter.take());
            if let Some(open) = porter {
                open.actor.post(Close(Farewell::Claimed));
                self.leaving.insert(open.id, Leaving { jid: jid.clone(), actor: open.actor });
            }
            return;
        };
        self.keep(jid, &before, None);
        let open = if before.is_none() {
            let address = self.addresses.get_mut(jid);
            let Some(listed) = address.and_then(|address| address.learner_mut(&before)) else {
                return;
            };
            listed.progress = Progress::Invited;
            listed.session.take()
        } else {
            self.remove(jid, &before).and_then(|gone| gone.session)
        };
        if let Some(open) = open {
            open.actor.post(Close(Farewell::Claimed));
            self.leaving.insert(open.id, Leaving { jid: jid.clone(), actor: open.actor });
        }
    }
}
