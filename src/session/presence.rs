//! Where the learner is: which of their programs the bot talks to, and whether there is any.
//!
//! - What is said in the clear goes to the program that wrote last; what is said in a private
//!   conversation, to the program that has its keys, even if another one wrote something in the
//!   clear in between. That other program is told once a minute where the answer went.
//! - If the program with the keys has gone offline and another one writes in the clear, the learner
//!   has moved: the private conversation is ended, and the lesson goes on in the clear.
//! - While nobody is there to read, nothing is said. Lines wait, hints do not come nearer, and the
//!   time of the session goes on. Who comes back hears what waited.
//! - A private conversation is kept meanwhile. A program that was cut off still has its keys, one that
//!   was closed has not, and neither tells: so it is asked for fresh ones, which both understand. If
//!   it gives no answer, the private conversation is over, and the lesson says so in the clear.

use std::{sync::Arc, time::Duration, time::Instant};

use rand_core::CryptoRng;

use super::{Effect, Meaning, Session, hearing::forward, phrases, speech::Kind};
use crate::i18n;

/// How long a program that came back may take to answer with fresh keys.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// How often at most a program is told that the answer went to another one.
const ELSEWHERE_PAUSE: Duration = Duration::from_mins(1);

/// How often at most a learner is told that they send too much.
const EXCESS_PAUSE: Duration = Duration::from_mins(10);

/// One of the learner's programs, by the resource of its address; or whichever the server thinks
/// best.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client(Option<Arc<str>>);

impl Client {
    /// Whichever program the server thinks best.
    pub const ANY: Self = Self(None);

    /// The program of this name.
    pub fn named(name: &str) -> Self {
        Self(Some(name.into()))
    }

    /// Its name; `None` if any will do.
    pub fn name(&self) -> Option<&str> {
        self.0.as_deref()
    }

    fn is_known(&self) -> bool {
        self.0.is_some()
    }
}

/// What learners send too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Messages.
    Messages,
    /// Words in one message.
    Length,
}

/// What the session knows of the learner's programs.
#[derive(Debug, Default)]
pub(super) struct Clients {
    /// The one that wrote last.
    latest: Client,
    /// The one that the private conversation is with, as far as is known.
    private: Client,
    /// Whether that one has gone offline.
    is_private_gone: bool,
    /// Since when it is back and was asked for fresh keys, without an answer.
    asked_back: Option<Instant>,
    /// Whether the private conversation is ended because there was none: the learner did nothing.
    pub(super) is_giving_up: bool,
    /// Whether all of them have gone offline.
    is_away: bool,
    elsewhere_told: Option<Instant>,
    excess_told: Option<Instant>,
}

impl Clients {
    /// A message came from this program.
    pub(super) fn heard(&mut self, client: Client) {
        self.latest = client;
        self.is_away = false;
    }

    /// What it said proves that it has the keys of the private conversation.
    pub(super) fn proved_private(&mut self) {
        self.private = self.latest.clone();
        self.is_private_gone = false;
        self.asked_back = None;
    }

    /// It is asked for fresh keys, and what is to be said in private waits for them.
    pub(super) fn ask_back(&mut self, now: Instant) {
        self.asked_back = Some(now);
    }

    /// When a program that came back has taken too long to answer.
    pub(super) fn gives_up_at(&self) -> Option<Instant> {
        self.asked_back?.checked_add(ANSWER_PATIENCE)
    }

    /// Where the answer to the last message goes.
    pub(super) fn latest(&self) -> Client {
        self.latest.clone()
    }
}

impl Session {
    /// One of the learner's programs is online.
    pub fn on_return(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        client: &Client,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over {
            return effects;
        }
        // Servers give a program that comes back another name at times.
        if std::mem::take(&mut self.clients.is_away) || *client == self.clients.private {
            self.clients.private = client.clone();
            if self.is_private_client_gone() {
                self.clients.ask_back(now);
                self.start_otr(now, rng, &mut effects);
            }
            self.clients.is_private_gone = false;
        }
        self.settle(now, rng, &mut effects);
        effects
    }

    /// One of the learner's programs went offline, and perhaps no other is left.
    pub fn on_gone(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        client: &Client,
        is_last: bool,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over {
            return effects;
        }
        if *client == self.clients.private || is_last {
            self.clients.is_private_gone = true;
            self.clients.asked_back = None;
        }
        if *client == self.clients.latest || is_last {
            self.clients.latest = Client::ANY;
        }
        self.clients.is_away |= is_last;
        self.settle(now, rng, &mut effects);
        effects
    }

    /// The learner sends more than the bot reads. They are told so once, and then now and then.
    pub fn on_excess(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        excess: Excess,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.is_over && self.machine.is_some() {
            self.tell_excess(now, excess);
            self.settle(now, rng, &mut effects);
        }
        effects
    }

    pub(super) fn tell_excess(&mut self, now: Instant, excess: Excess) {
        if is_due(&mut self.clients.excess_told, now, EXCESS_PAUSE) {
            let phrase = match excess {
                Excess::Messages => phrases::slow_down,
                Excess::Length => phrases::too_long,
            };
            self.say_phrase(now, phrase, Kind::Notice);
        }
    }

    /// Where the bot talks to now.
    pub fn voice(&self) -> Client {
        if self.conversation.is_private() {
            self.clients.private.clone()
        } else {
            self.clients.latest.clone()
        }
    }

    /// Whether nobody is there who could read what the bot says.
    pub(super) fn is_unheard(&self) -> bool {
        // Nor was anybody seen since an interruption.
        if self.resumed.is_some() {
            return true;
        }
        let is_asked = self.clients.asked_back.is_some() && self.conversation.is_private();
        self.clients.is_away || self.is_private_client_gone() || is_asked
    }

    /// Ends the private conversation with a program that came back without its keys and does not
    /// want others.
    pub(super) fn give_up_asking(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        if self.clients.gives_up_at().is_some_and(|at| at <= now) {
            self.clients.asked_back = None;
            if self.conversation.is_private() {
                self.clients.is_giving_up = true;
                self.leave_private_client(now, rng, effects);
                self.clients.is_giving_up = false;
            }
        }
    }

    pub(super) fn is_private_client_gone(&self) -> bool {
        self.clients.is_private_gone && self.conversation.is_private()
    }

    /// From now on the bot talks in the clear where it talked in private.
    pub(super) fn stay_with_private_client(&mut self) {
        self.clients.latest = self.voice();
    }

    /// Tells a program that wrote in the clear that the answer goes to another one.
    pub(super) fn point_elsewhere(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let Clients { latest, private, .. } = &self.clients;
        if !latest.is_known() || !private.is_known() || latest == private {
            return;
        }
        if self.config.policy.require_encryption {
            return;
        }
        if is_due(&mut self.clients.elsewhere_told, now, ELSEWHERE_PAUSE) {
            let words = i18n::scope(&self.config.catalog, phrases::elsewhere);
            let body = self.substitute(&words, false);
            let to = self.clients.latest();
            effects.push(Effect::Send { body, otr: false, to, meaning: Meaning::Nothing });
        }
    }

    /// The learner has left the private conversation behind.
    pub(super) fn leave_private_client(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        let to = self.clients.private.clone();
        for output in self.conversation.end(now, rng) {
            forward(output, &to, || Meaning::Nothing, effects);
        }
        self.clients.private = Client::ANY;
        self.lose_privacy(now, rng, effects);
    }
}

/// Whether it is time again; if so, it is done now.
pub(super) fn is_due(last: &mut Option<Instant>, now: Instant, pause: Duration) -> bool {
    let is_due = last.is_none_or(|last| now.saturating_duration_since(last) >= pause);
    if is_due {
        *last = Some(now);
    }
    is_due
}

/// Whether only who has the keys of the private conversation can have brought this about.
pub(super) fn proves_keys(event: &otr::Event) -> bool {
    match event {
        otr::Event::GoneSecure { .. }
        | otr::Event::StillSecure { .. }
        | otr::Event::PeerEnded
        | otr::Event::Heard { encrypted: true, .. }
        | otr::Event::SmpAsked { .. }
        | otr::Event::SmpSucceeded
        | otr::Event::SmpFailed
        | otr::Event::SmpAborted
        | otr::Event::SmpCheated => true,
        // A client that only gives signs of life is not the one that is talked to.
        otr::Event::Heard { encrypted: false, .. }
        | otr::Event::Heartbeat
        | otr::Event::ExtraKey { .. }
        | otr::Event::Downgraded { .. }
        | otr::Event::GoneInsecure
        | otr::Event::IdleEnded
        | otr::Event::PeerError(_)
        | otr::Event::Resent
        | otr::Event::Withheld { .. }
        | otr::Event::Refused(_) => false,
    }
}
