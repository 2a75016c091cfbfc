//! What time brings about: what has waited too long is forgotten, keys that were used for long are
//! renewed, and private conversations in which nothing is said are ended.
//!
//! Versions 2 and 3 rotate keys only as messages go both ways. A peer that reads and never writes
//! would have us use one pair of keys for ever, so a new key exchange is begun instead.

use std::sync::Arc;
use std::time::Instant;

use rand_core::CryptoRng;

use super::ake::Commitment;
use super::conversation::Conversation;
use super::event::{Event, Output};
use super::limits::IDLE_LIFETIME;
use super::session::Encrypted;
use super::tlv::{Tlv, TlvType};

impl Conversation {
    /// Does what is due. To be called now and then, about once a minute.
    #[must_use]
    pub fn tick(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Vec<Output> {
        let mut outputs = self.end_idle(now, rng);
        self.expire(now);
        outputs.extend(self.renew(now, rng));
        outputs
    }

    /// Forgets what has waited too long.
    pub(super) fn expire(&mut self, now: Instant) {
        self.reassembler.expire(now);
        self.peers.expire(now);
    }

    /// Ends the private conversation in which neither side has said anything for long, and wipes
    /// its keys. Not to plaintext: a text typed now may be meant to be private.
    fn end_idle(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Vec<Output> {
        let Some(peer) = self.peers.active_mut() else {
            return Vec::new();
        };
        let heard = peer.heard;
        let Some(session) = peer.channel.encrypted_mut() else {
            return Vec::new();
        };
        if now.saturating_duration_since(session.sent().max(heard)) < IDLE_LIFETIME {
            return Vec::new();
        }
        let address = session.address();
        let body = session.seal(now, rng, "", &[Tlv::empty(TlvType::DISCONNECTED)]);
        peer.finish();
        let sent = body.map(|body| self.transmit_encoded(address, &body));
        let mut outputs = sent.unwrap_or_default();
        outputs.push(Event::IdleEnded.into());
        outputs
    }

    /// Begins a key exchange with every client whose keys have been used for long.
    fn renew(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Vec<Output> {
        let mut outputs = Vec::new();
        for id in self.peers.worn(now) {
            let session = self.peers.get(id).and_then(|peer| peer.channel.encrypted());
            let Some(address) = session.map(Encrypted::address) else {
                continue;
            };
            let commitment = Arc::new(Commitment::generate(rng));
            self.peers.rekey(now, id, &commitment);
            outputs.extend(self.transmit(address, &commitment.to_message()));
        }
        outputs
    }
}
