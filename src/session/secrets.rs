//! Shared secrets that were told, languages that are wished for, and people in danger before the
//! lesson has begun: what a message means besides its words.

use std::{sync::Arc, time::Instant};

use rand_core::CryptoRng;
use secrecy::SecretString;

use super::{
    Effect, SecretVerdict, Session,
    listening::Heard,
    phrases,
    readings::Readings,
    speech::{Kind, Line},
    told,
};

use crate::{
    fsm::Vocabulary as _,
    i18n,
    lesson::{
        Teaching,
        vocabulary::{Action, Event, EventKind, Need},
    },
};

impl Session {
    /// Takes note of a message that others may have read. Whether the shared secret was in it: then it
    /// is discarded, wherever it came from.
    pub(super) fn hear_secrets(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        message: &Readings,
        is_encrypted: bool,
        effects: &mut Vec<Effect>,
    ) -> bool {
        if is_encrypted && self.certain() == Need::Verified {
            return false;
        }
        let was_told = self.hear_where_others_may(rng, message);
        if was_told && self.conversation.is_verifying() {
            self.abort_smp(now, rng, effects);
        }
        was_told
    }

    /// Takes note of something that others may have read. Whether the shared secret was in it: then it
    /// is spent.
    pub(super) fn hear_where_others_may(
        &mut self,
        rng: &mut dyn CryptoRng,
        message: &Readings,
    ) -> bool {
        for text in message.beside() {
            self.told.hear_beside(text);
        }
        self.told.hear(message.words());
        let is_in_it =
            |secret: &SecretString| message.all().any(|text| told::is_told(secret, text));
        let default = self.config.default_secret.as_ref();
        self.is_default_spent = self.is_default_spent || default.is_some_and(is_in_it);
        let is_told = |secret: &&SecretString| is_in_it(secret) || self.was_heard(secret);
        let Some(secret) = self.shared_secret.as_ref().filter(is_told).cloned() else {
            return false;
        };
        match self.config.seal.seal(&secret, self.instance.to_u32(), rng) {
            Some(sealed) if self.sealed_secret.is_some() => self.told.spend(sealed),
            Some(_) | None => self.is_default_spent = true,
        }
        self.shared_secret = None;
        self.sealed_secret = None;
        self.owes_smp_answer = false;
        self.n_mismatches = 0;
        true
    }

    /// Whether a secret was told before.
    pub(super) fn was_told(&self, secret: &SecretString) -> bool {
        let default = self.config.default_secret.as_ref().filter(|_| self.is_default_spent);
        default.is_some_and(|default| told::is_same(default, secret)) || self.was_heard(secret)
    }

    fn was_heard(&self, secret: &SecretString) -> bool {
        self.told.knows(secret, &self.config.seal, self.instance.to_u32())
    }

    /// Tells the lesson that a secret from the page was told before.
    pub(super) fn refuse_told(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> SecretVerdict {
        let catalog = Arc::clone(&self.config.catalog);
        self.secret_warning = i18n::scope(&catalog, phrases::secret_was_told);
        self.secret_advice = i18n::scope(&catalog, phrases::tell_no_secret);
        self.tell(now, rng, &Event::of(EventKind::UnsafeSecretReceived), effects);
        SecretVerdict::Told
    }

    /// Whoever is in danger while the lesson has not begun is told what it would tell them.
    pub(super) fn care(&mut self, now: Instant, heard: &Heard) -> bool {
        let lesson = Arc::clone(&self.config.lesson);
        let urgent = heard.topics.iter().copied().filter(|ix| lesson.is_urgent(*ix));
        let message = Event { kind: EventKind::MessageReceived, topics: urgent.collect() };
        self.remember();
        let reaction = lesson.graph().everywhere().iter().find(|reaction| {
            let trigger = &reaction.trigger;
            !trigger.topics.is_empty() && Teaching::rank(trigger, &message, &self.memory).is_some()
        });
        let Some(reaction) = reaction else { return false };
        let language = heard.language.as_ref().unwrap_or(&self.config.catalog);
        for action in &reaction.actions {
            if let Action::Say(text) = action {
                let (text, needs) = (language.text(text), Need::Nothing);
                self.speech.push(now, Line { text, needs, kind: Kind::Notice });
            }
        }
        true
    }

    /// The learner names a language: the session goes on in it. Whether they did.
    pub(super) fn on_wish(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        heard: &Heard,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(wish) = &heard.wish else { return false };
        if self.is_urgent(&heard.topics) || wish.locale() == self.config.catalog.locale() {
            return false;
        }
        self.speak(None);
        effects.extend(self.set_language(now, rng, Arc::clone(wish)));
        effects.push(Effect::Language(wish.locale().to_owned()));
        self.refresh(now, EventKind::MessageReceived);
        self.tell_task(now);
        true
    }

    /// Offers to go on in the language of the last message, once.
    pub(super) fn offer_language(&mut self, now: Instant) {
        let Some(language) = self.spoken_to_in() else { return };
        let locale = language.locale().to_owned();
        if !self.offered.contains(&locale) {
            self.offered.push(locale);
            let text = i18n::scope(&language, phrases::language_offer);
            self.say_words(now, text, Kind::Notice);
        }
        self.speak(None);
    }
}
