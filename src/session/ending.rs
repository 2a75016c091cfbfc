//! How a session ends, and what puts that off.
//!
//! In this order: what waits is dropped, good-bye is said (encrypted if the conversation is
//! private), the private conversation is ended, and the shell is told with the status text that says
//! how to come back; it takes the learner off the roster and goes offline for them.

use std::time::Instant;

use rand_core::CryptoRng;

use super::{
    Effect, Farewell, Meaning, Note, Session,
    hearing::forward,
    phrases,
    speech::{Kind, Line},
};
use crate::{
    i18n,
    lesson::vocabulary::{Condition, EventKind, Need},
};

impl Session {
    /// Ends the session at once: says good-bye, encrypted if the conversation is private, and ends
    /// that too. Nobody is left a good-bye that they can never decrypt.
    pub fn close(&mut self, now: Instant, rng: &mut dyn CryptoRng, why: Farewell) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over {
            return effects;
        }
        self.speech.clear();
        if std::mem::take(&mut self.is_composing) {
            effects.push(Effect::Composing(false));
        }
        let words = i18n::scope(&self.config.catalog, || phrases::farewell(why));
        // Who was only asked for a number need hear of an end no more than of a begin.
        let has_spoken = self.machine.is_some() || why == Farewell::Claimed;
        let is_readable = !self.is_unheard() || !self.conversation.is_private();
        if let Some(text) = words.filter(|_| has_spoken && is_readable) {
            let line = Line { text, needs: Need::Nothing, kind: Kind::Notice };
            self.send(now, rng, line, &mut effects);
        }
        if self.conversation.is_private() {
            effects.push(Effect::Note(Note::OtrDisabled));
        }
        let to = self.voice();
        for output in self.conversation.end(now, rng) {
            forward(output, &to, || Meaning::Nothing, &mut effects);
        }
        let status = i18n::scope(&self.config.catalog, || phrases::status(why));
        let status = self.substitute(&status, false);
        self.is_over = true;
        effects.push(Effect::Ended { status, passed: self.holds(Condition::Passed) });
        effects
    }

    /// The learner did something. If it is of the kind that counts, the session begins anew to wait
    /// for them; who was warned is told so, unless the warning was not said yet.
    pub(super) fn refresh(&mut self, now: Instant, event: EventKind) {
        if !counts_as_activity(event) || self.clients.is_giving_up {
            return;
        }
        self.active = now;
        if std::mem::take(&mut self.was_warned) && !self.speech.retract(Kind::Warning) {
            self.say_phrase(now, phrases::refreshed, Kind::Notice);
        }
    }
}

/// The events that extend a session: messages of any kind, OTR switched on and off, SMP begun and
/// given up.
fn counts_as_activity(event: EventKind) -> bool {
    matches!(
        event,
        EventKind::MessageReceived
            | EventKind::PlainMessageReceived
            | EventKind::BotSecretTold
            | EventKind::SharedSecretTold
            | EventKind::OtrEnabled
            | EventKind::OtrDisabled
            | EventKind::SmpStarted
            | EventKind::SmpAborted
    )
}
