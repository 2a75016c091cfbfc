//! How sessions are fed, looked after and taken leave of.

use std::time::Instant;

use actix::{AsyncContext as _, Context};
use jid::{BareJid, Jid};
use log::{debug, error, warn};

use super::{
    News, SessionNews, SessionRegistry, WAKE_PERIOD, WAKEN_AT_ONCE,
    address::Address,
    learner::{Claimant, Greeting, Learner, Remedy, SessionHandle, Taken},
    now,
};
use crate::{
    actors::{
        Incoming, Outgoing,
        session::{
            Arrive, CameBack, Chat, ChatBody, Close, Links, LookAfter, SentTooMuch, Undelivered,
        },
    },
    records::Progress,
    session::{Excess, Farewell, Meaning},
};

/// A session that is being made. If that panics, nobody else tells the registry.
#[derive(Debug)]
pub(super) struct Unborn {
    id: u64,
    jid: BareJid,
    links: Links,
    is_born: bool,
}

impl Unborn {
    pub(super) fn new(id: u64, jid: BareJid, links: Links) -> Self {
        Self { id, jid, links, is_born: false }
    }

    /// The session is made, and speaks for itself.
    pub(super) fn born(mut self) {
        self.is_born = true;
    }
}

impl Drop for Unborn {
    fn drop(&mut self) {
        if self.is_born {
            return;
        }
        let news = News::Broken { panicked: std::thread::panicking() };
        self.links.metrics.meters.registry.sent();
        self.links.news.do_send(SessionNews { id: self.id, jid: self.jid.clone(), news });
    }
}

/// The session of a learner who was dismissed.
#[derive(Debug)]
pub(super) struct Leaving {
    pub(super) jid: BareJid,
    pub(super) actor: SessionHandle,
    /// It makes room for another assignment of the same person.
    pub(super) pause: Option<Pause>,
}

/// An assignment makes room for another one of the same person.
#[derive(Debug)]
pub(super) struct Pause {
    /// Which one: what its session still tells of where it stands is kept.
    pub(super) claimant: Claimant,
    /// What goes on as soon as that has ended.
    pub(super) next: Next,
}

/// What goes on in the chat.
#[derive(Clone, Debug)]
pub(super) struct Next {
    /// By which assignment.
    pub(super) claimant: Claimant,
    /// To whom it speaks first.
    pub(super) who: Jid,
}

/// Whose session was forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Forgotten {
    /// Of a learner on the whitelist.
    Learner(Claimant),
    /// Of a porter.
    Porter,
    /// Of one who was dismissed before, and may have been enrolled again.
    Dismissed,
}

impl SessionRegistry {
    /// Somebody wrote who is not on the whitelist.
    pub(super) fn on_stranger(&mut self, jid: &BareJid, what: &Incoming) {
        debug!("{jid} is not on the whitelist");
        let says_something = matches!(what, Incoming::Chat(_))
            || matches!(what, Incoming::Marked { own, .. } if !own.is_empty());
        if says_something || matches!(what, Incoming::TooLong) {
            self.metrics.refused("stranger");
        }
        if !says_something || *jid == self.own || self.is_closing {
            return;
        }
        let is_told = self.strangers.as_mut().is_some_and(|known| known.is_to_be_told(now(), jid));
        if is_told {
            self.deliver(
                jid,
                Outgoing::Chat {
                    body: self.factory.refusal(),
                    otr: false,
                    meaning: Meaning::Nothing,
                },
            );
        }
    }

    /// What was said to somebody got lost; whoever said it knows what to do.
    pub(super) fn on_undelivered(&mut self, jid: &BareJid, lost: Vec<Meaning>) {
        if let Some(open) = self.addresses.get_mut(jid).and_then(Address::open) {
            open.actor.post(Undelivered(lost));
        }
    }

    /// A learner took the bot off their contact list: their session is over.
    pub(super) fn on_unsubscribed(&mut self, jid: &BareJid) {
        let Some(address) = self.addresses.get_mut(jid) else { return };
        debug!("{jid} removed the bot");
        if address.may_subscribe(now()) {
            if let Some(open) = address.open() {
                open.actor.post(Close(Farewell::Finished));
            }
            self.deliver(jid, Outgoing::EndSubscription);
        }
    }

    /// One of a learner's clients is online.
    pub(super) fn on_available(&mut self, from: Jid, ctx: &mut Context<Self>) {
        let jid = from.to_bare();
        self.show(from.clone());
        let Some(address) = self.addresses.get_mut(&jid) else { return };
        // Who only comes online is not asked whose the address is.
        let Some(claimant) = address.settle() else {
            if let Some(open) = &address.porter {
                open.actor.post_presence(CameBack(from));
            }
            return;
        };
        let Some(learner) = address.learner(&claimant) else { return };
        if learner.is_to_be_told() {
            self.go_on(from, ctx);
        } else if learner.progress != Progress::Invited || learner.greeting != Greeting::Due {
            if let Some(open) = &learner.session {
                open.actor.post_presence(CameBack(from));
            }
        } else if let Some(actor) = self.session_of(&jid, &claimant, ctx.address().recipient()) {
            actor.post(Arrive(from));
            let address = self.addresses.get_mut(&jid);
            if let Some(learner) = address.and_then(|address| address.learner_mut(&claimant)) {
                learner.greeting = Greeting::Given;
            }
        }
    }

    /// Lets a session that was interrupted go on, and tells the learner.
    fn go_on(&mut self, who: Jid, ctx: &mut Context<Self>) {
        if let Some(actor) = self.answering(&who.to_bare(), ctx.address().recipient()) {
            actor.post(Arrive(who));
        }
    }

    /// Tells some of those whose sessions were interrupted and of whom nothing was heard since.
    pub(super) fn wake(&mut self, ctx: &mut Context<Self>) {
        if self.is_closing {
            return;
        }
        let mut n_woken = 0;
        while n_woken < WAKEN_AT_ONCE {
            let Some(jid) = self.interrupted.pop_front() else { return };
            let address = self.addresses.get_mut(&jid);
            let is_interrupted = address.is_some_and(|address| {
                address.settle();
                address.holder().is_some_and(Learner::is_to_be_told)
            });
            if is_interrupted {
                n_woken += 1;
                self.go_on(Jid::from(jid), ctx);
            }
        }
        ctx.run_later(WAKE_PERIOD, Self::wake);
    }

    /// A session was dropped without an end in order.
    pub(super) fn on_broken(
        &mut self,
        jid: &BareJid,
        id: u64,
        panicked: bool,
        ctx: &mut Context<Self>,
    ) {
        if panicked {
            self.metrics.sessions_panicked.inc();
            error!(session = id; "session {id} panicked; the learner goes on in another");
        }
        match self.forget_session(jid, id) {
            Some(Forgotten::Learner(claimant)) if panicked => self.mend(jid, &claimant, ctx),
            // Another one has taken its place already.
            None if panicked => {
                let holder = self.addresses.get_mut(jid).and_then(Address::holder_mut);
                if let Some(learner) = holder.filter(|learner| learner.session.is_some()) {
                    learner.panicked();
                    self.metrics.meters.sessions_restarted.inc();
                }
            }
            Some(_) if !panicked => warn!(session = id; "session {id} was dropped"),
            Some(_) | None => {}
        }
    }

    /// Lets a learner go on whose session panicked, unless that happens again and again.
    fn mend(&mut self, jid: &BareJid, claimant: &Claimant, ctx: &mut Context<Self>) {
        let Some(address) = self.addresses.get_mut(jid) else { return };
        let is_holder = address.holder().is_some_and(|holder| holder.claimant == *claimant);
        let Some(learner) = address.learner_mut(claimant) else { return };
        match learner.panicked() {
            // Nothing was said in a session that nobody has written to.
            Remedy::GoOn | Remedy::Tell if !is_holder => {}
            Remedy::GoOn => {
                self.metrics.meters.sessions_restarted.inc();
                self.go_on(Jid::from(jid.clone()), ctx);
            }
            Remedy::Tell if self.is_closing => {}
            Remedy::Tell => {
                let body = self.factory.interruption(learner.locale.as_deref());
                let meaning = Meaning::Nothing;
                self.deliver(jid, Outgoing::Chat { body, otr: false, meaning });
            }
            Remedy::Anew => self.keep(jid, claimant, None),
        }
    }

    /// Passes a message on to the learner's session, unless there are too many of them. `own`: their own
    /// words of it, where these are not all.
    pub(super) fn pass_on(
        &mut self,
        from: Jid,
        body: String,
        own: Option<String>,
        ctx: &mut Context<Self>,
    ) {
        let jid = from.to_bare();
        let Some(actor) = self.answering(&jid, ctx.address().recipient()) else { return };
        let open = self.addresses.get_mut(&jid).and_then(Address::open);
        match open.map(|open| open.takes(now(), body.len())) {
            None | Some(Taken::Yes) => {
                actor.post(Chat { from, body: ChatBody(body), own: own.map(ChatBody) });
            }
            Some(Taken::TooMany) => actor.post(SentTooMuch(Excess::Messages)),
            Some(Taken::StillTooMany) => self.metrics.refused("flood"),
        }
    }

    /// Forgets a learner, and has what is left of their session say good-bye.
    pub(super) fn dismiss(&mut self, jid: &BareJid, claimant: &Claimant, why: Farewell) {
        let Some(learner) =
            self.addresses.get_mut(jid).and_then(|address| address.learner_mut(claimant))
        else {
            return;
        };
        let open = learner.session.take();
        if learner.is_listed() {
            learner.progress = Progress::Invited;
        }
        self.keep(jid, claimant, None);
        if claimant.is_some() {
            self.remove(jid, claimant);
        }
        match open {
            Some(open) => {
                self.take_leave(jid, open, why);
            }
            None => self.part(jid, String::new()),
        }
    }

    /// Forgets a session; whose it was, if it was still known.
    pub(super) fn forget_session(&mut self, jid: &BareJid, id: u64) -> Option<Forgotten> {
        let forgotten = if self.leaving.remove(&id).is_some() {
            Forgotten::Dismissed
        } else {
            let address = self.addresses.get_mut(jid)?;
            if address.porter.take_if(|open| open.id == id).is_some() {
                Forgotten::Porter
            } else {
                let mut learners = address.learners_mut().iter_mut();
                let learner = learners.find(|learner| learner.has_session(id))?;
                learner.session = None;
                Forgotten::Learner(learner.claimant.clone())
            }
        };
        self.metrics.sessions.dec();
        Some(forgotten)
    }

    /// A session has said good-bye.
    pub(super) fn on_end(&mut self, id: u64, jid: &BareJid, status: String, at: Instant) {
        let Some(forgotten) = self.forget_session(jid, id) else { return };
        if self.is_closing {
            // They stay enrolled, and go on when the bot is back.
            self.deliver(jid, Outgoing::Leave { status });
            return;
        }
        match forgotten {
            Forgotten::Learner(claimant) => {
                self.keep(jid, &claimant, None);
                // Whoever was enrolled after the session ended is to stay for the next one.
                let stays = self
                    .learner(jid, &claimant)
                    .is_some_and(|learner| learner.is_listed() || learner.enrolled > at);
                if stays {
                    return;
                }
                self.remove(jid, &claimant);
            }
            // Whoever claims the address stays.
            Forgotten::Porter => return,
            // They may have been enrolled again.
            Forgotten::Dismissed => {}
        }
        self.part(jid, status);
    }

    /// Goes offline for somebody who is on the whitelist no more.
    pub(super) fn part(&self, jid: &BareJid, status: String) {
        if !self.addresses.contains_key(jid) {
            self.deliver(jid, Outgoing::Part { status });
        }
    }

    /// A session has given a sign of life.
    pub(super) fn is_alive(&mut self, jid: &BareJid, id: u64) {
        let Some(address) = self.addresses.get_mut(jid) else { return };
        if let Some(open) = address.sessions_mut().find(|open| open.id == id) {
            open.asked = None;
        }
    }

    /// Asks all sessions for a sign of life, and gives up those that give none.
    pub(super) fn look_after(&mut self, ctx: &mut Context<Self>) {
        let now = now();
        let patience = self.factory.session_timeout;
        let mut lost = Vec::new();
        let is_silent = |since: Instant| now.saturating_duration_since(since) >= patience;
        let all = self.addresses.iter_mut();
        for (jid, open) in
            all.flat_map(|(jid, address)| address.sessions_mut().map(move |open| (jid, open)))
        {
            if !open.actor.connected() || open.asked.is_some_and(is_silent) {
                lost.push((open.id, jid.clone()));
            } else if open.asked.is_none() {
                open.asked = Some(now);
                open.actor.post(LookAfter);
            }
        }
        let gone = self.leaving.iter().filter(|(_, leaving)| !leaving.actor.connected());
        lost.extend(gone.map(|(id, leaving)| (*id, leaving.jid.clone())));
        for (id, jid) in lost {
            self.metrics.sessions_panicked.inc();
            error!(session = id; "session {id} gives no sign of life and is given up");
            let learner = self.addresses.get(&jid).and_then(|address| address.of_session(id));
            let locale = learner.and_then(|learner| learner.locale.clone());
            let status = self.factory.sign_out_status(locale.as_deref());
            let next = self.next_after(id);
            self.on_end(id, &jid, status, now);
            if let Some(next) = next {
                self.go_on_with(&jid, next, ctx);
            }
        }
        self.finish_closing();
    }

    pub(super) fn n_sessions(&self) -> usize {
        let current: usize = self.addresses.values().map(|one| one.sessions().count()).sum();
        current.saturating_add(self.leaving.len())
    }

    /// Tells who waits for it that the last session ended.
    pub(super) fn finish_closing(&mut self) {
        if self.closing.is_some()
            && self.n_sessions() == 0
            && let Some(closing) = self.closing.take()
            && closing.send(()).is_err()
        {
            warn!("nobody waits for the end of the sessions any more");
        }
    }
}
