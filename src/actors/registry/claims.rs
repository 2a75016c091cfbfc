//! Whose an address is: who is added to those who claim it, who answers from it, and what becomes of
//! it when somebody shows that it is theirs.

use actix::{AsyncContext as _, Context, Recipient};
use jid::{BareJid, Jid};
use log::info;

use super::{
    Opening, SessionNews, SessionRegistry,
    address::Address,
    factory::Guest,
    learner::{Claimant, Greeting, Learner, OpenSession, SessionHandle},
    supervise::{Leaving, Next, Pause},
};
use crate::{
    actors::{
        ambient::unix_micros,
        session::{Arrive, Close, Contested},
        store::{SaveOpened, SaveProof},
    },
    records::{ClaimNumber, Progress},
    session::{Asking, Contest, Farewell},
};

/// How an assignment was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// Its page was.
    Page,
    /// Something was done on it.
    Act,
}

/// In how many languages a porter asks.
const MOST_LANGUAGES: usize = 3;

impl SessionRegistry {
    /// Adds one who claims an address, or replaces what is known of them.
    pub(super) fn add(&mut self, jid: &BareJid, mut learner: Learner) {
        learner.opened = self.next_opening();
        let address = self.addresses.entry(jid.clone()).or_insert_with(Address::new);
        let before = address.remove(&learner.claimant);
        address.add(learner);
        self.count(before.is_none(), false);
        if let Some(open) = before.and_then(|gone| gone.session) {
            self.take_leave(jid, open, Farewell::Dismissed);
        }
    }

    /// The number of an assignment that is opened now.
    pub(super) fn next_opening(&mut self) -> u64 {
        self.last_opening = self.last_opening.wrapping_add(1);
        self.last_opening
    }

    /// A learner has opened their assignment: what comes from the address is about that one from now on,
    /// if it was about another one of theirs. That one waits where it stands.
    pub(super) fn follow(
        &mut self,
        jid: &BareJid,
        claimant: &Claimant,
        how: Opened,
        ctx: &mut Context<Self>,
    ) {
        let opened = self.next_opening();
        let Some(address) = self.addresses.get_mut(jid) else { return };
        let Some(learner) = address.learner_mut(claimant) else { return };
        learner.opened = opened;
        let is_here = address.is_here();
        let next = Next { claimant: claimant.clone(), who: Jid::from(jid.clone()) };
        let next = if address.is_waiting_for(claimant) {
            // It goes on, or else another one does that is not finished.
            address.settle();
            Some(next)
        } else {
            let Some(before) = address.follow(claimant, how == Opened::Act) else { return };
            self.pause(jid, &before, next).err()
        };
        self.note_opened(claimant);
        let Some(next) = next else { return };
        // What is still saying good-bye comes first.
        let mut leaving = self.leaving.values_mut().filter(|leaving| leaving.jid == *jid);
        if let Some(pause) = leaving.find_map(|leaving| leaving.pause.as_mut()) {
            pause.next = next;
        } else if is_here {
            self.go_on_with(jid, next, ctx);
        }
    }

    /// Keeps that the chat goes on with an assignment.
    fn note_opened(&self, claimant: &Claimant) {
        if let Some(enrolment) = claimant.clone() {
            self.metrics.meters.store.sent();
            self.openings.do_send(SaveOpened { enrolment, at: unix_micros() });
        }
    }

    /// What goes on after a session that makes room for it.
    pub(super) fn next_after(&self, id: u64) -> Option<Next> {
        self.leaving.get(&id)?.pause.as_ref().map(|pause| pause.next.clone())
    }

    /// A session that made room for another assignment had passed the lesson: its own does not wait.
    pub(super) fn forget_finished(&mut self, jid: &BareJid, id: u64) {
        let pause = self.leaving.get(&id).and_then(|leaving| leaving.pause.as_ref());
        let Some(claimant) = pause.map(|pause| pause.claimant.clone()) else { return };
        if self.learner(jid, &claimant).is_some_and(|learner| learner.session.is_none()) {
            self.give_up(jid, &claimant, Farewell::Unsaid);
        }
    }

    /// Has a learner's session speak first, if what comes from the address goes there.
    pub(super) fn go_on_with(&mut self, jid: &BareJid, next: Next, ctx: &mut Context<Self>) {
        let Next { claimant, who } = next;
        let holder = self.addresses.get(jid).and_then(Address::holder);
        if holder.is_none_or(|holder| holder.claimant != claimant) {
            return;
        }
        let Some(actor) = self.session_of(jid, &claimant, ctx.address().recipient()) else {
            return;
        };
        self.tell_contest(jid);
        actor.post(Arrive(who));
        let address = self.addresses.get_mut(jid);
        if let Some(learner) = address.and_then(|address| address.learner_mut(&claimant)) {
            learner.greeting = Greeting::Given;
        }
    }

    /// Another assignment of the same person goes on in the chat, as soon as this one has said so.
    ///
    /// # Errors
    ///
    /// What goes on, if this one was not going on and says nothing.
    fn pause(&mut self, jid: &BareJid, claimant: &Claimant, next: Next) -> Result<(), Next> {
        let address = self.addresses.get_mut(jid);
        let learner = address.and_then(|address| address.learner_mut(claimant));
        let Some(learner) = learner else { return Err(next) };
        learner.was_paused = true;
        let (open, is_finished) = (learner.session.take(), learner.is_finished);
        if is_finished {
            // Nobody returns to what is finished, unless they open it once more.
            self.give_up(jid, claimant, Farewell::Unsaid);
        }
        let Some(open) = open else { return Err(next) };
        open.actor.post(Close(if is_finished { Farewell::Left } else { Farewell::Moved }));
        let pause = Some(Pause { claimant: claimant.clone(), next });
        self.leaving.insert(open.id, Leaving { jid: jid.clone(), actor: open.actor, pause });
        Ok(())
    }

    /// Forgets what somebody claims an address by, and where its session stands, which says good-bye if
    /// it is open.
    pub(super) fn give_up(&mut self, jid: &BareJid, claimant: &Claimant, why: Farewell) {
        self.keep(jid, claimant, None);
        if let Some(open) = self.remove(jid, claimant).and_then(|gone| gone.session) {
            self.take_leave(jid, open, why);
        }
    }

    /// Has a session say good-bye that is nobody's any more.
    pub(super) fn take_leave(&mut self, jid: &BareJid, open: OpenSession, why: Farewell) {
        open.actor.post(Close(why));
        self.leaving.insert(open.id, Leaving { jid: jid.clone(), actor: open.actor, pause: None });
    }

    /// Takes one away who claims an address; the session that they had is the caller's.
    pub(super) fn remove(&mut self, jid: &BareJid, claimant: &Claimant) -> Option<Learner> {
        let address = self.addresses.get_mut(jid)?;
        let gone = address.remove(claimant)?;
        if address.is_free() {
            let porter = address.porter.take();
            self.addresses.remove(jid);
            if let Some(open) = porter {
                self.take_leave(jid, open, Farewell::Unsaid);
            }
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

    /// Whose session this is now; `None` for one that is over, and for that of a porter. One that makes
    /// room for another assignment counts until it goes on.
    pub(super) fn claimant_of(&self, jid: &BareJid, id: u64) -> Option<Claimant> {
        let address = self.addresses.get(jid)?;
        if let Some(learner) = address.of_session(id) {
            return Some(learner.claimant.clone());
        }
        let claimant = &self.leaving.get(&id)?.pause.as_ref()?.claimant;
        address.learner(claimant)?.session.is_none().then(|| claimant.clone())
    }

    /// The session that answers what comes from an address: that of its holder, or the porter.
    pub(super) fn answering(
        &mut self,
        jid: &BareJid,
        news: Recipient<SessionNews>,
    ) -> Option<SessionHandle> {
        match self.settle(jid) {
            Some(claimant) => self.session_of(jid, &claimant, news),
            None => self.porter_of(jid, news),
        }
    }

    /// Whose an address is now. Where that is known, no porter is needed any more.
    pub(super) fn settle(&mut self, jid: &BareJid) -> Option<Claimant> {
        let address = self.addresses.get_mut(jid)?;
        let claimant = address.settle()?;
        if let Some(open) = address.porter.take() {
            self.take_leave(jid, open, Farewell::Unsaid);
        }
        Some(claimant)
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
        let locale = address.learners().last().and_then(|learner| learner.locale.clone());
        let contest = self.contest(jid);
        let guest = Guest { locale, ..Guest::default() };
        let opening = Opening { guest, kept: None, contest, named: None };
        let open = self.open(jid, opening, news)?;
        let actor = open.actor.clone();
        self.addresses.get_mut(jid)?.porter = Some(open);
        Some(actor)
    }

    /// Tells the session that answers from an address who claims it now.
    pub(super) fn tell_contest(&mut self, jid: &BareJid) {
        let contest = self.contest(jid);
        if let Some(open) = self.addresses.get_mut(jid).and_then(Address::open) {
            open.actor.post(Contested(contest));
        }
    }

    /// What the session that answers from an address is to know of those who claim it. A porter asks in
    /// the languages of some: whoever it is, they have one of those, and more likely of who came last.
    fn contest(&self, jid: &BareJid) -> Contest {
        let Some(address) = self.addresses.get(jid) else { return Contest::default() };
        let contest = address.contest();
        if contest.asking != Asking::Always {
            return contest;
        }
        let mut locales: Vec<Option<&str>> = Vec::new();
        for learner in address.learners().iter().rev() {
            let locale = learner.locale.as_deref();
            if locales.len() < MOST_LANGUAGES && !locales.contains(&locale) {
                locales.push(locale);
            }
        }
        let questions = locales.into_iter().map(|locale| self.factory.question(locale));
        Contest { questions: questions.collect(), ..contest }
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
        let opened = self.next_opening();
        let Some(address) = self.addresses.get_mut(jid) else { return };
        let claimed = address.may_show(id, number).then(|| address.claim(number)).flatten();
        let Some((claimant, before)) = claimed else { return self.refuse_number(jid, id) };
        if let Some(learner) = address.learner_mut(&claimant) {
            learner.opened = opened;
        }
        info!(session = id; "session {id}: the learner has shown which page is theirs");
        if let Some(enrolment) = claimant.clone() {
            self.metrics.meters.store.sent();
            self.proofs.do_send(SaveProof { enrolment, jid: jid.clone() });
        }
        if before.as_ref() == Some(&claimant) {
            return self.tell_contest(jid);
        }
        self.note_opened(&claimant);
        let is_theirs = |one: &Claimant| {
            let address = self.addresses.get(jid);
            address.is_some_and(|all| all.siblings(&claimant).any(|two| two.claimant == *one))
        };
        let who = from.unwrap_or_else(|| Jid::from(jid.clone()));
        let is_one_person = before.as_ref().is_some_and(is_theirs);
        let next = Next { claimant, who };
        let next = match before {
            Some(before) if is_one_person => self.pause(jid, &before, next).err(),
            before => {
                self.give_way(jid, before);
                Some(next)
            }
        };
        if let Some(next) = next {
            self.go_on_with(jid, next, ctx);
        }
    }

    /// A number led nowhere: the session that took it goes on.
    fn refuse_number(&self, jid: &BareJid, id: u64) {
        let Some(address) = self.addresses.get(jid) else { return };
        if let Some(open) = address.sessions().find(|open| open.id == id) {
            let claimant = address.of_session(id).map(|learner| &learner.claimant);
            open.actor.post(Contested(address.contest_of(claimant)));
        }
    }

    /// Ends the session that has answered from an address so far, and what its person claims there by
    /// other assignments.
    fn give_way(&mut self, jid: &BareJid, before: Option<Claimant>) {
        let Some(before) = before else {
            let porter = self.addresses.get_mut(jid).and_then(|address| address.porter.take());
            if let Some(open) = porter {
                self.take_leave(jid, open, Farewell::Claimed);
            }
            return;
        };
        let siblings: Vec<Claimant> = match self.addresses.get(jid) {
            Some(address) => address.siblings(&before).map(|one| one.claimant.clone()).collect(),
            None => Vec::new(),
        };
        for sibling in siblings {
            self.give_up(jid, &sibling, Farewell::Unsaid);
        }
        if before.is_some() {
            return self.give_up(jid, &before, Farewell::Claimed);
        }
        // Whom the settings list stays.
        self.keep(jid, &before, None);
        let address = self.addresses.get_mut(jid);
        let Some(listed) = address.and_then(|address| address.learner_mut(&before)) else {
            return;
        };
        listed.progress = Progress::Invited;
        if let Some(open) = listed.session.take() {
            self.take_leave(jid, open, Farewell::Claimed);
        }
    }
}
