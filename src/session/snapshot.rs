//! What is kept of a session while it is open, so that it goes on after the process was killed.
//!
//! Kept are the place in the lesson and what the pages must still know: no key, nothing that was
//! written in the chat. The shared secret is kept, sealed, until SMP has used it; of a bot secret, only
//! its digest, so that who has read it can still type it into the page. The private conversation does not
//! outlive the process: the learner is told so once, and that it is to be opened again.

use std::{fmt, sync::Arc, time::Instant};

use otr::{Fingerprint, InstanceTag, SigningKey};
use rand_core::CryptoRng;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::changed::{self, Change, Place};
use super::{
    BotSecretStanding, Effect, Note, Seal, Session, SessionConfig, phrases, seal::Sealed,
    secret::Digest, speech::Kind,
};

use crate::{
    fsm::Machine,
    lesson::{
        Lesson,
        vocabulary::{Condition, Deed, Event, EventKind, Need},
    },
};

/// Version of the form in which snapshots are written. Another one is not read: the lesson begins
/// anew then.
const VERSION: u8 = 1;

/// Longest text that is read, in bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024;

/// What is kept of a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot(Written);

/// The form in which it is written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Written {
    v: u8,
    /// Title of the lesson: a state of another one means nothing in this.
    lesson: String,
    /// Its name, by which it is known when it gets another title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The bot's instance tag: the learner's program knows it by that, and would not show that what
    /// it sends to another one is not read.
    instance: u32,
    /// Name of the lesson's state; `None`: the lesson has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// How many hints of that state were given.
    #[serde(default, skip_serializing_if = "is_default")]
    n_hints: usize,
    #[serde(default, skip_serializing_if = "is_default")]
    is_private: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    is_passed: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    is_bot_secret_held: bool,
    /// Digests of the bot secrets that were said and still count.
    #[serde(default, skip_serializing_if = "is_default")]
    said: Vec<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shared_secret: Option<Kept>,
    /// The language that the learner has chosen since the session began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
    /// Shared secrets that were told, and are not taken again.
    #[serde(default, skip_serializing_if = "is_default")]
    spent: Vec<Sealed>,
    /// The shared secret of the settings was told.
    #[serde(default, skip_serializing_if = "is_default")]
    is_default_spent: bool,
    /// The learner is left in peace.
    #[serde(default, skip_serializing_if = "is_default")]
    is_resting: bool,
    /// The learner's key that SMP has verified, where the bot's own outlives the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified: Option<Verified>,
}

/// A shared secret as it is kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Kept {
    Sealed(Sealed),
    /// As versions wrote it that sealed nothing.
    Plain(Zeroizing<String>),
}

/// Two keys that SMP has found to belong to who they should.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verified {
    ours: [u8; Fingerprint::LEN],
    theirs: [u8; Fingerprint::LEN],
}

/// A text that is no snapshot of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was kept of a session is of another version, or damaged")]
pub struct NoSnapshot;

/// What is still to be said about a session that goes on.
#[derive(Clone, Debug)]
pub(super) struct Resumed {
    was_private: bool,
    /// The lesson has changed: how, and where they stood.
    change: Option<(Change, Place)>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("state", &self.0.state).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The snapshot as text, for the store.
    pub fn to_text(&self) -> Zeroizing<String> {
        // Strings, numbers and lists of them can always be written.
        Zeroizing::new(serde_json::to_string(&self.0).unwrap_or_default())
    }

    /// A snapshot that was written before.
    ///
    /// # Errors
    ///
    /// [`NoSnapshot`].
    pub fn from_text(text: &str) -> Result<Self, NoSnapshot> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(NoSnapshot);
        }
        let written: Written = serde_json::from_str(text).or(Err(NoSnapshot))?;
        if written.v == VERSION { Ok(Self(written)) } else { Err(NoSnapshot) }
    }

    /// The same without a shared secret that another key has sealed: that has to be typed again.
    #[must_use]
    pub fn opened_by(mut self, seal: &Seal) -> Self {
        let instance = self.0.instance;
        self.0.shared_secret = self.0.shared_secret.take().filter(|secret| match secret {
            Kept::Sealed(sealed) => seal.open(sealed, instance).is_some(),
            Kept::Plain(_) => true,
        });
        self
    }

    /// Whether a shared secret is kept.
    pub fn has_secret(&self) -> bool {
        self.0.shared_secret.is_some()
    }

    /// How the bot secret stands.
    pub fn bot_secret(&self) -> BotSecretStanding {
        BotSecretStanding::of(!self.0.said.is_empty(), self.0.is_bot_secret_held)
    }

    /// Name of the state in which it was taken, if the lesson has it no more and does not say where its
    /// learners go on.
    pub fn gone_from(&self, lesson: &Lesson) -> Option<String> {
        let Written { state, name, lesson: title, is_private, .. } = &self.0;
        let (state, name, title) = (state.clone()?, name.clone(), title.clone());
        let place = Place { name, lesson: title, state };
        let (_, change) = changed::destination(lesson, &place, *is_private);
        (change == Some(Change::Gone)).then_some(place.state)
    }

    /// Whether somebody was being taught, who is to be told that the session was interrupted.
    pub fn has_begun(&self) -> bool {
        self.0.state.is_some()
    }
}

impl Session {
    /// What is to be kept now; `None` while there is nothing that a new session would lack, and
    /// while the bot plays an impostor: after an interruption that scene is played from its start.
    pub fn snapshot(&self) -> Option<Snapshot> {
        if self.is_over
            || self.oneself.is_some()
            || (self.machine.is_none()
                && self.sealed_secret.is_none()
                && self.told.spent().is_empty()
                && !self.is_default_spent)
        {
            return None;
        }
        let graph = self.config.lesson.graph();
        let state = self.machine.as_ref().and_then(|machine| graph.state(machine.at()));
        let place = state.map(|state| Place {
            name: self.config.lesson.name().map(str::to_owned),
            lesson: self.config.lesson.title().to_owned(),
            state: state.name.clone(),
        });
        // Who was not told yet that the lesson has changed is still to be told.
        let before = self.resumed.as_ref().and_then(|resumed| resumed.change.as_ref());
        let place = before.map(|(_, place)| place.clone()).or(place);
        let (name, lesson, state) = match place {
            Some(Place { name, lesson, state }) => (name, lesson, Some(state)),
            None => (None, self.config.lesson.title().to_owned(), None),
        };
        let keys = self.verified.as_ref().filter(|_| self.config.keeps_key);
        Some(Snapshot(Written {
            v: VERSION,
            lesson,
            name,
            instance: self.instance.to_u32(),
            state,
            n_hints: self.machine.as_ref().map_or(0, Machine::n_hints),
            // Who was not told yet that it was lost is still to be told.
            is_private: self.certain() >= Need::Private
                || self.resumed.as_ref().is_some_and(|resumed| resumed.was_private),
            is_passed: self.holds(Condition::Passed),
            is_bot_secret_held: self.is_bot_secret_held,
            said: self.said.clone(),
            // SMP has used it once a key is verified.
            shared_secret: self
                .sealed_secret
                .clone()
                .filter(|_| self.verified.is_none())
                .map(Kept::Sealed),
            locale: self.is_language_chosen.then(|| self.config.catalog.locale().to_owned()),
            spent: self.told.spent().to_vec(),
            is_default_spent: self.is_default_spent,
            is_resting: self.rests_since.is_some(),
            verified: keys.map(|theirs| Verified {
                ours: *self.own_fingerprint().as_bytes(),
                theirs: *theirs.as_bytes(),
            }),
        }))
    }

    /// The state of the lesson; `None`: it has not begun.
    pub fn state(&self) -> Option<&str> {
        let at = self.machine.as_ref()?.at();
        self.config.lesson.graph().state(at).map(|state| state.name.as_str())
    }

    /// Takes the shared secret that the learner has typed; one of the settings need not be kept.
    pub(super) fn take_secret(&mut self, secret: SecretString, rng: &mut dyn CryptoRng) {
        self.sealed_secret = self.config.seal.seal(&secret, self.instance.to_u32(), rng);
        self.shared_secret = Some(secret);
    }

    /// A session that goes on where a snapshot was taken. The learner is told when they next do
    /// something, or arrive. Where the lesson has changed meanwhile, it goes on where that says, or
    /// begins again.
    pub fn resume(
        config: SessionConfig,
        key: Arc<SigningKey>,
        now: Instant,
        rng: &mut dyn CryptoRng,
        Snapshot(kept): &Snapshot,
    ) -> Self {
        let instance =
            InstanceTag::from_u32(kept.instance).unwrap_or_else(|| InstanceTag::random(rng));
        let mut session = Self::open(config, key, instance, now, rng);
        session.told.set_spent(kept.spent.clone());
        let chosen = kept.locale.as_deref().and_then(|locale| session.config.ears.language(locale));
        if let Some(chosen) = chosen {
            session.config.catalog = chosen;
            session.is_language_chosen = true;
        }
        session.is_default_spent = kept.is_default_spent;
        if kept.is_default_spent {
            session.shared_secret = None;
        }
        // One that was sealed under another key has to be typed again.
        let secret = kept.shared_secret.as_ref().and_then(|secret| match secret {
            Kept::Sealed(sealed) => session.config.seal.open(sealed, kept.instance),
            Kept::Plain(secret) => Some(SecretString::from(secret.as_str())),
        });
        if let Some(secret) = secret {
            session.take_secret(secret, rng);
        }
        let Some(state) = kept.state.clone() else { return session };
        let place = Place { name: kept.name.clone(), lesson: kept.lesson.clone(), state };
        let lesson = &session.config.lesson;
        let (at, change) = changed::destination(lesson, &place, kept.is_private);
        let n_hints = if change.is_some() { 0 } else { kept.n_hints };
        let machine = Machine::resume(Arc::clone(lesson.graph()), at, n_hints, now);
        if machine.is_ended() {
            return session;
        }
        session.machine = Some(machine);
        session.said.clone_from(&kept.said);
        // Where the lesson does not hold it back any more, nothing would ever have the page take it.
        session.is_bot_secret_held = kept.is_bot_secret_held && lesson.does(Deed::AcceptBotSecret);
        session.memory.set(Condition::Passed, kept.is_passed);
        session.memory.set(Condition::BotSecretGiven, !kept.said.is_empty());
        session.verified = kept.verified.as_ref().and_then(|keys| {
            let is_same = keys.ours == *session.own_fingerprint().as_bytes();
            is_same.then(|| Fingerprint::from_bytes(keys.theirs))
        });
        if kept.is_resting {
            session.rest(now);
        }
        session.progress = session.present_progress();
        let change = change.map(|change| (change, place));
        session.resumed = Some(Resumed { was_private: kept.is_private, change });
        session
    }

    /// Whether the learner is still to be told that the lesson begins again.
    pub(super) fn begins_anew(&self) -> bool {
        let change = self.resumed.as_ref().and_then(|resumed| resumed.change.as_ref());
        change.is_some_and(|(change, _)| *change != Change::Moved)
    }

    /// Tells the learner, once, that the session was interrupted, and the lesson, that the private
    /// conversation is lost. Whether it did.
    pub(super) fn greet_again(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(Resumed { was_private, change }) = self.resumed.take() else { return false };
        effects.push(Effect::Note(Note::Resumed));
        if let Some((change, _)) = change {
            self.go_on_elsewhere(now, rng, change, was_private, effects);
            return true;
        }
        let is_resting = self.rests_since.is_some();
        if was_private {
            if !self.say_named(now, phrases::goes_on_with_in_private) {
                self.say_phrase(now, phrases::interrupted_in_private, Kind::Notice);
            }
            self.is_interrupted = true;
            self.tell(now, rng, &Event::of(EventKind::OtrDisabled), effects);
            self.is_interrupted = false;
            if is_resting {
                self.rest(now);
            }
        } else {
            if !self.say_named(now, phrases::goes_on_with) {
                self.say_phrase(now, phrases::interrupted, Kind::Notice);
            }
            if !is_resting {
                self.tell_task(now);
            }
        }
        true
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_snapshot_are_refused() {
        let long = format!(
            "{{\"v\":1,\"lesson\":\"L\",\"instance\":256,\"state\":\"{}\"}}",
            "a".repeat(MAX_TEXT_BYTES)
        );
        for text in
            ["", "{}", "[]", "{\"v\":1}", "{\"v\":2,\"lesson\":\"L\",\"instance\":256}", &long]
        {
            assert_eq!(Snapshot::from_text(text), Err(NoSnapshot), "{text:.30}");
        }
        assert!(Snapshot::from_text("{\"v\":1,\"lesson\":\"L\",\"instance\":256}").is_ok());
    }

    #[test]
    fn a_snapshot_shows_no_secret_in_logs() {
        let text = r#"{"v":1,"lesson":"L","instance":256,"state":"comparing","shared_secret":"correct horse"}"#;
        let snapshot = Snapshot::from_text(text).unwrap();

        assert!(snapshot.has_secret() && snapshot.has_begun());
        assert_eq!(*snapshot.to_text(), text);
        let shown = format!("{snapshot:?}");
        assert!(!shown.contains("horse"), "{shown}");
    }
}
