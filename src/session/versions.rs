//! What the bot says of the versions of OTR: which ones it speaks, and that one is older than before.

use std::time::{Duration, Instant};

use super::{Effect, Meaning, Session, phrases, presence::is_due, speech::Kind};
use crate::i18n;

/// How often it is said which versions the bot speaks: so many times at once, then once each such time.
/// Another bot may ask again and again.
pub(super) const RATE: (u32, Duration) = (3, Duration::from_mins(10));

/// How often at most a learner is told that the version is older than before.
const OLDER_PAUSE: Duration = Duration::from_mins(10);

impl Session {
    /// A program asks for versions that the bot does not speak, or not by its settings.
    pub(super) fn tell_versions(&mut self, now: Instant, effects: &mut Vec<Effect>) {
        let policy = self.config.policy;
        let phrase = match (policy.allow_v2, policy.allow_v3) {
            (_, false) => phrases::speaks_version_2,
            (false, true) => phrases::speaks_version_3,
            (true, true) => phrases::speaks_versions_2_and_3,
        };
        if !self.versions_told.take(now) {
            return;
        }
        if !self.conversation.is_private() && !policy.require_encryption {
            return self.say_phrase(now, phrase, Kind::Notice);
        }
        // The program that asks has not the keys of the conversation that goes on, or can begin none.
        // These words hold nothing private.
        let body = i18n::scope(&self.config.catalog, phrase);
        let to = self.clients.latest();
        effects.push(Effect::Send { body, otr: false, to, meaning: Meaning::Nothing });
    }

    /// The private conversation is of an older version than one before.
    pub(super) fn tell_older_version(&mut self, now: Instant) {
        if is_due(&mut self.older_version_told, now, OLDER_PAUSE) {
            self.say_phrase(now, phrases::older_version, Kind::Notice);
        }
    }
}
