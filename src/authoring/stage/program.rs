//! One of the learner's chat programs.

use std::{collections::BTreeSet, sync::Arc};

use otr::{Conversation, InstanceTag, Policy, SigningKey};
use rand::rngs::StdRng;

use crate::session::Client;

/// A chat program with its own key.
pub(super) struct Program {
    pub(super) name: String,
    pub(super) conversation: Conversation,
    /// The bot's keys that it takes for verified.
    pub(super) verified: BTreeSet<String>,
    /// Those that the shared secret has shown to be the bot's.
    pub(super) proved: BTreeSet<String>,
    /// The bot has asked for the shared secret.
    pub(super) is_asked: bool,
    /// What is compared is the shared secret, as the learner typed it into the page.
    pub(super) compares_secret: bool,
}

impl Program {
    pub(super) fn new(
        name: String,
        key: Arc<SigningKey>,
        policy: Policy,
        rng: &mut StdRng,
    ) -> Self {
        Self {
            name,
            conversation: Conversation::new(key, InstanceTag::random(rng), policy),
            verified: BTreeSet::new(),
            proved: BTreeSet::new(),
            is_asked: false,
            compares_secret: false,
        }
    }

    /// How the session knows it.
    pub(super) fn client(&self) -> Client {
        Client::named(&self.name)
    }

    /// The bot's key in its private conversation; empty if there is none.
    pub(super) fn bots_key(&self) -> String {
        let key = self.conversation.peer_fingerprint();
        key.filter(|_| self.conversation.is_private())
            .map(|key| key.to_string())
            .unwrap_or_default()
    }
}
