//! Who the bot is to the learner: itself, or a man in the middle that it plays.
//!
//! The impostor has a key of its own and does not know the shared secret, so SMP with it fails as
//! it would with a real one. It uses the same client of the same account: only the key tells the
//! two apart. What the bot has verified as itself is kept for when it comes back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use otr::{Conversation, Fingerprint, InstanceTag, SigningKey, policy::Policy};
use rand_core::CryptoRng;
use secrecy::SecretString;

use super::{Effect, Meaning, Session, hearing::forward, secret};

use crate::lesson::vocabulary::Condition;

/// Length in characters of what the impostor has in the place of the shared secret.
const GUESS_LEN: usize = 32;

/// Most bot secrets that the page takes: another is made after each interruption.
const MOST_SAID: usize = 4;

/// How often a learner may begin SMP: so many times at once, then once each such time. Who verifies
/// again after a mistake takes longer.
const SMP_RATE: (u32, Duration) = (6, Duration::from_secs(10));

/// The bot's own identity, while it plays another.
#[derive(Debug)]
pub(super) struct Oneself {
    key: Arc<SigningKey>,
    verified: Option<Fingerprint>,
}

impl Session {
    /// Goes on under another key.
    pub(super) fn become_impostor(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        if self.oneself.is_none() {
            let key = Arc::new(SigningKey::generate(rng));
            let key = std::mem::replace(&mut self.key, key);
            self.oneself = Some(Oneself { key, verified: self.verified.take() });
            self.begin_conversation(now, rng, effects);
        }
    }

    /// Goes on under the bot's own key.
    pub(super) fn become_myself(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(Oneself { key, verified }) = self.oneself.take() {
            self.key = key;
            self.verified = verified;
            self.begin_conversation(now, rng, effects);
        }
    }

    /// The fingerprint of the bot itself, whoever it plays: the page tells the truth.
    pub(super) fn own_fingerprint(&self) -> Fingerprint {
        let key = self.oneself.as_ref().map_or(&self.key, |oneself| &oneself.key);
        key.public_key().fingerprint()
    }

    /// What the bot takes for the shared secret.
    pub(super) fn secret_for_smp(&self, rng: &mut dyn CryptoRng) -> Option<SecretString> {
        match self.oneself {
            Some(_) => secret::generate_len(GUESS_LEN, &secret::Alphabet::default(), rng),
            None => self.shared_secret.clone(),
        }
    }

    /// Makes another bot secret, which was not given to anybody yet.
    pub(super) fn renew_bot_secret(&mut self, rng: &mut dyn CryptoRng) {
        let alphabet = secret::Alphabet::default();
        self.bot_secret = secret::generate(secret::BOT_SECRET_FORMAT, &alphabet, rng);
        self.said.clear();
        self.memory.set(Condition::BotSecretGiven, false);
    }

    /// Notes that the bot secret was said: from now on the page takes it.
    pub(super) fn note_bot_secret_said(&mut self) {
        self.memory.set(Condition::BotSecretGiven, true);
        let said = self.bot_secret.as_ref().map(secret::digest);
        if let Some(digest) = said.filter(|digest| !self.said.contains(digest)) {
            if self.said.len() >= MOST_SAID {
                self.said.remove(0);
            }
            self.said.push(digest);
        }
    }

    /// Asks for a private conversation.
    pub(super) fn start_otr(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        let to = self.voice();
        for output in self.conversation.start(now, rng) {
            forward(output, &to, || Meaning::Exchange, effects);
        }
    }

    /// Breaks the private conversation off without a word, as somebody else at the other end of
    /// the line would, and asks for another.
    fn begin_conversation(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        self.owes_smp_answer = false;
        self.stay_with_private_client();
        let key = Arc::clone(&self.key);
        self.conversation = conversation(key, self.instance, self.config.policy);
        self.speech.keep_possible(self.certain());
        self.start_otr(now, rng, effects);
    }
}

/// A conversation in which nothing was said yet.
pub(super) fn conversation(
    key: Arc<SigningKey>,
    instance: InstanceTag,
    policy: Policy,
) -> Conversation {
    let mut conversation = Conversation::new(key, instance, policy);
    // A query may be forged, and so bring the version down.
    conversation.set_version_held(true);
    conversation.set_smp_rate(Some(SMP_RATE));
    conversation
}
