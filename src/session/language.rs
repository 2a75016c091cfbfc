//! How a session changes its language.

use std::{sync::Arc, time::Instant};

use gettext::Catalog;
use rand_core::CryptoRng;

use super::{Effect, Session, phrases, speech::Kind};

impl Session {
    /// The learner wants to go on in another language. What waits to be said is said as it was meant;
    /// where the lesson has begun, the bot says in the new language that it goes on in that.
    pub fn set_language(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        catalog: Arc<Catalog>,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        let is_same = self.config.catalog.language_tag() == catalog.language_tag();
        self.config.catalog = catalog;
        self.is_language_chosen |= !is_same;
        if !is_same && !self.is_over && self.machine.is_some() {
            self.say_phrase(now, phrases::goes_on_in_this_language, Kind::Notice);
            self.settle(now, rng, &mut effects);
        }
        effects
    }
}
