//! The peer says something: one function for each "Receiving a …" of OTRv3, "State transitions".
//!
//! What cannot be read, is not for us, is out of turn or does not authenticate leaves everything as
//! it was and is reported as [`Event::Refused`].

use std::sync::Arc;
use std::time::Instant;

use rand_core::CryptoRng;

use super::ake::{AuthState, Commitment, Established, Reaction};
use super::armor;
use super::conversation::Conversation;
use super::data::Opened;
use super::error::Ignored;
use super::event::{Event, Output};
use super::fragment::Fragment;
use super::instance::PeerId;
use super::limits::{MAX_SMP_TLVS, TokenBucket};
use super::message::{Body, DhCommit, DhKey, Header, MessageType, RevealSignature, Signature};
use super::peers::Channel;
use super::plaintext::{self, Incoming, Offer};
use super::received::ReceivedData;
use super::secret::ExtraKey;
use super::session::Encrypted;
use super::tlv::{Tlv, TlvType};
use super::version::{Address, AnyReceiver, Version};
use super::wire::Reader;

/// Sent in answer to what cannot be read.
const UNREADABLE: &str = "You sent an encrypted message that could not be read.";
/// Sent in answer to what is encrypted though there is no private conversation.
const NOT_PRIVATE: &str = "You sent an encrypted message, but no private conversation is going on.";
/// Put before a text that is sent again.
const RESENT: &str = "[resent] ";

impl Conversation {
    /// Takes in what the peer sent.
    #[must_use]
    pub fn receive(&mut self, now: Instant, rng: &mut dyn CryptoRng, body: &str) -> Vec<Output> {
        self.refused_offer = None;
        if body.len() > self.limits.message_bytes {
            return vec![Ignored::TooLong.into()];
        }
        if !self.policy.allows_any() {
            return heard(body.to_owned(), false);
        }
        self.expire(now);
        let incoming = if self.peers.highest_private().is_some() {
            plaintext::classify_in_private(body)
        } else {
            plaintext::classify(body)
        };
        match incoming {
            Incoming::Encoded(text) => self.on_encoded(now, rng, text),
            Incoming::Fragment(text) => self.on_fragment(now, rng, text),
            Incoming::Query(offer) => self.on_query(now, rng, offer),
            Incoming::Error(text) => self.on_error(now, text),
            Incoming::Plain { text, offer } => {
                self.on_plaintext(now, rng, text.into_owned(), offer)
            }
        }
    }

    // --- Unencoded messages ---

    /// OTRv3, "Receiving plaintext without the whitespace tag" and "… with the whitespace tag".
    fn on_plaintext(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        text: String,
        offer: Option<Offer>,
    ) -> Vec<Output> {
        self.reassembler.forget(PeerId::V2);
        self.has_heard_plaintext = true;
        let mut outputs = heard(text, false);
        match offer {
            Some(offer) if self.policy.whitespace_start_ake => {
                outputs.extend(self.accept(now, rng, offer));
            }
            Some(_) => outputs.push(Ignored::Policy.into()),
            None => {}
        }
        outputs
    }

    /// OTRv3, "Receiving a Query Message".
    fn on_query(&mut self, now: Instant, rng: &mut dyn CryptoRng, offer: Offer) -> Vec<Output> {
        if self.policy.best(offer).is_none() {
            self.refused_offer = Some(offer);
        }
        self.accept(now, rng, offer)
    }

    /// Starts the key exchange, if a version is offered that the policy allows.
    fn accept(&mut self, now: Instant, rng: &mut dyn CryptoRng, offer: Offer) -> Vec<Output> {
        let Some(version) = self.policy.best(offer) else {
            let only_v1 = offer == Offer { v1: true, ..Offer::default() };
            return vec![if only_v1 { Ignored::VersionOne } else { Ignored::Version }.into()];
        };
        let is_older = self.peers.highest_private().is_some_and(|private| version < private);
        if is_older && self.is_version_held {
            return self.counter_offer(now);
        }
        if !self.ake_tokens.take(now) {
            return vec![Ignored::RateLimited.into()];
        }
        let under_way = self.peers.repeat_dh_keys(now, version).into_iter();
        let repeated: Vec<Output> = under_way
            .flat_map(|(id, body)| self.transmit(Address::to_peer(self.our_instance, id), &body))
            .collect();
        if !repeated.is_empty() {
            return repeated;
        }
        let commitment = self.peers.repeat(now, version).unwrap_or_else(|| {
            let commitment = Arc::new(Commitment::generate(rng));
            self.peers.commit(now, version, &commitment);
            commitment
        });
        let address = Address::to_any(self.our_instance, version);
        self.transmit(address, &commitment.to_message())
    }

    /// Answers an offer of an older version than that of a private conversation that is going on. See
    /// [`Self::set_version_held`].
    fn counter_offer(&mut self, now: Instant) -> Vec<Output> {
        let mut outputs = vec![Ignored::OlderVersion.into()];
        if self.query_tokens.take(now) {
            outputs.push(Output::Send(plaintext::query(&self.policy)));
        }
        outputs
    }

    /// OTRv3, "Receiving an Error Message". The message is not authenticated, so that all it can
    /// bring about is a query now and then, and the last text sent again to whom it was sent.
    fn on_error(&mut self, now: Instant, text: &str) -> Vec<Output> {
        if let Some(session) = self.peers.active_mut().and_then(|p| p.channel.encrypted_mut()) {
            session.note_unread();
        }
        let mut outputs = vec![Event::PeerError(text.to_owned()).into()];
        if self.policy.error_start_ake {
            outputs.push(if self.query_tokens.take(now) {
                Output::Send(plaintext::query(&self.policy))
            } else {
                Ignored::RateLimited.into()
            });
        }
        outputs
    }

    // --- Encoded messages ---

    /// OTRv3, "Receiving Fragments".
    fn on_fragment(&mut self, now: Instant, rng: &mut dyn CryptoRng, text: &str) -> Vec<Output> {
        let Some(fragment) = Fragment::parse(text) else {
            return vec![Ignored::Fragment.into()];
        };
        let sender = fragment.address.sender();
        let peers = &self.peers;
        let accepted = self
            .check(fragment.address, AnyReceiver::Allowed)
            .and_then(|()| self.reassembler.accept(now, &fragment, |id| peers.is_private(id)));
        match accepted {
            Ok(None) => Vec::new(),
            Ok(Some(whole)) => self.on_whole(now, rng, &whole, Some(sender)),
            Err(why) => vec![why.into()],
        }
    }

    fn on_encoded(&mut self, now: Instant, rng: &mut dyn CryptoRng, text: &str) -> Vec<Output> {
        self.on_whole(now, rng, text, None)
    }

    /// A whole message. If it came in pieces, these are tagged as the message in them is.
    fn on_whole(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        text: &str,
        tagged: Option<PeerId>,
    ) -> Vec<Output> {
        let decoded = armor::decode(text).map_err(Ignored::from).and_then(|bytes| {
            let header = Header::decode(&mut Reader::new(&bytes))?;
            Ok((header, bytes))
        });
        let (Header { address, kind }, bytes) = match decoded {
            Ok(decoded) => decoded,
            Err(why) => return vec![why.into()],
        };
        if tagged.is_some_and(|sender| sender != address.sender()) {
            return vec![Ignored::Fragment.into()];
        }
        if let Err(why) = self.check(address, kind.any_receiver()) {
            return vec![why.into()];
        }
        self.reassembler.forget(address.sender());
        if kind == MessageType::Data {
            return match ReceivedData::parse(bytes) {
                Ok(message) => self.on_data(now, rng, message),
                Err(why) => self.unreadable(now, why, UNREADABLE),
            };
        }
        let mut reader = Reader::new(&bytes);
        match Header::decode(&mut reader).map(|_| Body::decode(kind, reader)) {
            Ok(Ok(Body::DhCommit(message))) => self.on_dh_commit(now, rng, address, message),
            Ok(Ok(Body::DhKey(message))) => self.on_dh_key(now, rng, address, message),
            Ok(Ok(Body::RevealSignature(message))) => {
                self.on_reveal_signature(now, rng, address, &message)
            }
            Ok(Ok(Body::Signature(message))) => self.on_signature(now, rng, address, &message),
            // It is read above, where it lies.
            Ok(Ok(Body::Data(_))) => Vec::new(),
            Ok(Err(why)) => vec![Ignored::Malformed(why).into()],
            Err(why) => vec![why.into()],
        }
    }

    /// OTRv3, "Receiving a D-H Commit Message".
    fn on_dh_commit(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        address: Address,
        message: DhCommit,
    ) -> Vec<Output> {
        let peer = match self.peers.entry(now, address.sender()) {
            Ok(peer) => peer,
            Err(why) => return vec![why.into()],
        };
        let auth = core::mem::take(&mut peer.auth);
        let (auth, reaction) = auth.on_dh_commit(rng, address.version(), message);
        let is_answered = matches!(auth, AuthState::AwaitingRevealSignature(_));
        peer.auth = auth;
        if is_answered {
            self.peers.spend();
        }
        self.react(now, rng, address.sender(), reaction)
    }

    /// OTRv3, "Receiving a D-H Key Message".
    fn on_dh_key(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        address: Address,
        message: DhKey,
    ) -> Vec<Output> {
        let id = address.sender();
        if self.peers.get(id).is_none() && !self.peers.is_open(address.version()) {
            return vec![Ignored::OutOfTurn.into()];
        }
        let peer = match self.peers.entry(now, id) {
            Ok(peer) => peer,
            Err(why) => return vec![why.into()],
        };
        let auth = core::mem::take(&mut peer.auth);
        let (auth, reaction) = auth.on_dh_key(rng, &self.key, message);
        peer.auth = auth;
        self.react(now, rng, id, reaction)
    }

    /// OTRv3, "Receiving a Reveal Signature Message".
    fn on_reveal_signature(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        address: Address,
        message: &RevealSignature,
    ) -> Vec<Output> {
        let Some(peer) = self.peers.get_mut(address.sender()) else {
            return vec![Ignored::OutOfTurn.into()];
        };
        let auth = core::mem::take(&mut peer.auth);
        let checked = self.checked.as_ref();
        let (auth, reaction) = auth.on_reveal_signature(rng, &self.key, message, checked);
        peer.auth = auth;
        self.react(now, rng, address.sender(), reaction)
    }

    /// OTRv3, "Receiving a Signature Message".
    fn on_signature(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        address: Address,
        message: &Signature,
    ) -> Vec<Output> {
        let Some(peer) = self.peers.get_mut(address.sender()) else {
            return vec![Ignored::OutOfTurn.into()];
        };
        let auth = core::mem::take(&mut peer.auth);
        let (auth, reaction) = auth.on_signature(message, self.checked.as_ref());
        peer.auth = auth;
        self.react(now, rng, address.sender(), reaction)
    }

    fn react(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: PeerId,
        reaction: Reaction,
    ) -> Vec<Output> {
        let address = Address::to_peer(self.our_instance, id);
        match reaction {
            Reaction::Ignored(why) => vec![why.into()],
            Reaction::Reply(body) => {
                if let Some(peer) = self.peers.get_mut(id) {
                    peer.auth_stepped = now;
                }
                self.transmit(address, &body)
            }
            Reaction::Established(reply, established) => {
                let mut outputs =
                    reply.map(|body| self.transmit(address, &body)).unwrap_or_default();
                outputs.extend(self.on_established(now, rng, id, *established));
                outputs
            }
        }
    }

    /// Transition of `msgstate` to `MSGSTATE_ENCRYPTED`.
    fn on_established(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: PeerId,
        established: Established,
    ) -> Vec<Output> {
        let before = self.peer_fingerprint();
        let Some(peer) = self.peers.get_mut(id) else {
            return Vec::new();
        };
        let address = Address::to_peer(self.our_instance, id);
        self.checked = Some(established.their_public.checked());
        let mut session = Box::new(Encrypted::new(now, address, established));
        session.set_padding(self.padding);
        session.inherit(core::mem::take(&mut peer.unrevealed));
        let fingerprint = session.fingerprint();
        let (resend, smp_was) = match core::mem::take(&mut peer.channel) {
            Channel::Encrypted(old) => {
                let smp_was = old.smp.is_running();
                (old.succeed(now, &mut session), smp_was)
            }
            Channel::Plaintext | Channel::Finished => (None, false),
        };
        peer.channel = Channel::Encrypted(session);
        peer.heard = now;
        self.peers.activate(id);
        self.peers.spend();

        let mut outputs = Vec::new();
        if smp_was {
            outputs.push(Event::SmpAborted.into());
        }
        outputs.push(secure(before, address.version(), fingerprint).into());
        outputs.extend(self.note_version(address.version()));
        outputs.extend(self.release(now, rng, fingerprint));
        if let Some(text) = resend {
            let text = [RESENT, &**text].concat();
            if let Ok(sent) = self.send(now, rng, &text) {
                outputs.extend(sent);
                outputs.push(Event::Resent.into());
            }
        }
        outputs
    }

    /// A version below one that the peer has spoken, and that we would speak, is worth a warning.
    fn note_version(&mut self, to: Version) -> Option<Output> {
        let highest = self.highest_version.max(Some(to));
        self.highest_version = highest;
        let from = highest.filter(|&from| from > to && self.policy.allows(from))?;
        Some(Event::Downgraded { from, to }.into())
    }

    /// OTRv3, "Receiving a Data Message".
    fn on_data(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        message: ReceivedData,
    ) -> Vec<Output> {
        let id = message.address.sender();
        let is_ignorable = message.is_ignorable();
        let session = self.peers.get_mut(id).and_then(|peer| peer.channel.encrypted_mut());
        let opened = match session {
            Some(session) => session.open(message),
            None => Err(Ignored::NotPrivate),
        };
        match opened {
            Ok(opened) => self.on_opened(now, rng, id, opened),
            Err(why) if is_ignorable => vec![why.into()],
            Err(why @ Ignored::NotPrivate) => self.unreadable(now, why, NOT_PRIVATE),
            Err(why @ (Ignored::BadMac | Ignored::UnknownKeys)) => {
                self.unreadable(now, why, UNREADABLE)
            }
            // What authenticates but is refused is the peer's fault; saying so would not help.
            Err(why) => vec![why.into()],
        }
    }

    /// Acts on a data message that was read.
    fn on_opened(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: PeerId,
        opened: Opened,
    ) -> Vec<Output> {
        let Opened { text, tlvs, extra } = opened;
        if let Some(peer) = self.peers.get_mut(id) {
            peer.heard = now;
        }
        let mut outputs = Vec::new();
        if !text.is_empty() || tlvs.iter().any(is_smp) {
            outputs.extend(self.talk_to(id));
        }
        if text.is_empty() && tlvs.iter().all(|tlv| tlv.kind == TlvType::PADDING) {
            outputs.push(Event::Heartbeat.into());
        }
        let is_text = !text.is_empty();
        if is_text {
            outputs.push(Event::Heard { text, encrypted: true }.into());
        }
        outputs.extend(self.on_tlvs(now, rng, id, &tlvs, extra.as_ref()));
        if is_text {
            outputs.extend(self.heartbeat(now, rng, id));
        }
        outputs
    }

    fn on_tlvs(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: PeerId,
        tlvs: &[Tlv],
        extra: Option<&ExtraKey>,
    ) -> Vec<Output> {
        let mut outputs = Vec::new();
        let mut n_smp = 0_usize;
        for tlv in tlvs {
            match tlv.kind {
                TlvType::DISCONNECTED => {
                    outputs.extend(self.on_disconnected(id));
                    break;
                }
                TlvType::EXTRA_KEY => outputs.extend(extra.and_then(|key| extra_key(tlv, key))),
                _ if is_smp(tlv) => {
                    n_smp = n_smp.saturating_add(1);
                    if n_smp <= MAX_SMP_TLVS {
                        outputs.extend(self.on_smp(now, rng, id, tlv));
                    }
                }
                // "Records with unrecognized types should be ignored."
                _ => {}
            }
        }
        outputs
    }

    fn on_smp(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        id: PeerId,
        tlv: &Tlv,
    ) -> Vec<Output> {
        let session = self.peers.get_mut(id).and_then(|peer| peer.channel.encrypted_mut());
        let Some(session) = session else {
            return Vec::new();
        };
        let begins = matches!(tlv.kind, TlvType::SMP1 | TlvType::SMP1Q);
        let is_soon = |tokens: &mut TokenBucket| !tokens.take(now);
        let reaction = if begins && self.smp_tokens.as_mut().is_some_and(is_soon) {
            session.smp.abort()
        } else {
            session.smp.on_tlv(rng, tlv)
        };
        let address = session.address();
        let Some((body, event)) = session.react(now, rng, reaction) else {
            return Vec::new();
        };
        let sent = body.map(|body| self.transmit_encoded(address, &body));
        let mut outputs = sent.unwrap_or_default();
        outputs.extend(event.map(Output::Event));
        outputs
    }

    /// Transition of `msgstate` to `MSGSTATE_FINISHED`.
    fn on_disconnected(&mut self, id: PeerId) -> Option<Output> {
        let is_active = self.peers.active().is_some_and(|peer| peer.id == id);
        if let Some(peer) = self.peers.get_mut(id) {
            peer.finish();
        }
        is_active.then(|| Event::PeerEnded.into())
    }

    /// Makes the client that was heard the one that we talk to. That is worth an event if it has
    /// another key.
    fn talk_to(&mut self, id: PeerId) -> Option<Output> {
        let before = self.peer_fingerprint();
        self.peers.activate(id);
        let after = self.peer_fingerprint()?;
        let version = self.version()?;
        (before != Some(after)).then(|| secure(before, version, after).into())
    }

    fn heartbeat(&mut self, now: Instant, rng: &mut dyn CryptoRng, id: PeerId) -> Vec<Output> {
        let session = self.peers.get_mut(id).and_then(|peer| peer.channel.encrypted_mut());
        let Some(session) = session.filter(|session| session.owes_heartbeat(now)) else {
            return Vec::new();
        };
        let address = session.address();
        let body = session.seal(now, rng, "", &[]);
        body.map(|body| self.transmit_encoded(address, &body)).unwrap_or_default()
    }

    /// Tells the peer that a message could not be read, but not too often.
    fn unreadable(&mut self, now: Instant, why: Ignored, text: &str) -> Vec<Output> {
        let mut outputs = vec![why.into()];
        if self.error_tokens.take(now) {
            outputs.push(Output::Send(plaintext::error(text)));
        }
        outputs
    }

    /// Whether a message with this address is for us, and of a version that the policy allows.
    fn check(&self, address: Address, any: AnyReceiver) -> Result<(), Ignored> {
        if !self.policy.allows(address.version()) {
            return Err(Ignored::Version);
        }
        address.check(self.our_instance, any)
    }
}

fn heard(text: String, encrypted: bool) -> Vec<Output> {
    if text.is_empty() { Vec::new() } else { vec![Event::Heard { text, encrypted }.into()] }
}

fn secure(
    before: Option<super::identity::Fingerprint>,
    version: Version,
    fingerprint: super::identity::Fingerprint,
) -> Event {
    if before == Some(fingerprint) {
        Event::StillSecure { version, fingerprint }
    } else {
        Event::GoneSecure { version, fingerprint }
    }
}

fn is_smp(tlv: &Tlv) -> bool {
    matches!(
        tlv.kind,
        TlvType::SMP1
            | TlvType::SMP1Q
            | TlvType::SMP2
            | TlvType::SMP3
            | TlvType::SMP4
            | TlvType::SMP_ABORT
    )
}

/// The value: what the key is for (4 bytes), then more about it.
fn extra_key(tlv: &Tlv, key: &ExtraKey) -> Option<Output> {
    let (usage, data) = tlv.value.split_first_chunk()?;
    let usage = u32::from_be_bytes(*usage);
    Some(Event::ExtraKey { usage, data: data.to_vec(), key: key.clone() }.into())
}
