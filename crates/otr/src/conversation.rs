//! A conversation with one peer: what the host says, and what it asks (OTRv3, "The protocol state
//! machine"). What the peer says is in `receive.rs`.
//!
//! No clock is read and no randomness taken from the air: both are arguments. Nothing is sent
//! either; every step gives back what the host is to do.

use core::num::NonZeroU16;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::armor;
use super::error::{SendError, SmpError};
use super::event::{Event, Output};
use super::fragment::{self, Reassembler};
use super::identity::{CheckedKey, Fingerprint, SigningKey};
use super::instance::InstanceTag;
use super::limits::{
    AKE_RATE, ERROR_RATE, Limits, MAX_EXTRA_KEY_DATA_BYTES, MAX_KEPT_TEXTS, QUERY_RATE, TokenBucket,
};
use super::message::Body;
use super::peers::{Channel, Peers};
use super::plaintext::{self, Offer};
use super::policy::Policy;
use super::secret::ExtraKey;
use super::session::Encrypted;
use super::smp::SmpSecret;
use super::tlv::{Tlv, TlvType};
use super::version::{Address, Version};

/// `msgstate` of the client that we talk to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// Texts are sent in the clear.
    Plaintext,
    /// Texts are sent encrypted.
    Encrypted,
    /// Texts are not sent: the peer has ended the private conversation.
    Finished,
}

/// A conversation with one peer, who may be there with several clients.
///
/// Each client of the peer has a key exchange and a private conversation of its own, with keys
/// of its own. The one that last became private, or was last heard in private, is the one that the
/// host's texts go to. If its key is another than that of the one before, that is an
/// [`Event::GoneSecure`].
#[derive(Debug)]
pub struct Conversation {
    pub(super) key: Arc<SigningKey>,
    pub(super) our_instance: InstanceTag,
    pub(super) policy: Policy,
    pub(super) limits: Limits,
    fragment_bytes: Option<usize>,
    pub(super) padding: Option<NonZeroU16>,
    pub(super) peers: Peers,
    pub(super) reassembler: Reassembler,
    /// Texts that wait for encryption, which the policy requires.
    kept: Vec<Kept>,
    /// The key of the last private conversation.
    last_fingerprint: Option<Fingerprint>,
    /// The mark of that key, which was validated.
    pub(super) checked: Option<CheckedKey>,
    /// The highest version that the peer has spoken.
    pub(super) highest_version: Option<Version>,
    /// Whether the peer has said something in the clear since we entered `MSGSTATE_PLAINTEXT`, and
    /// so does without the whitespace tag.
    pub(super) has_heard_plaintext: bool,
    /// For key exchanges started by queries and tags.
    pub(super) ake_tokens: TokenBucket,
    /// For queries started by error messages.
    pub(super) query_tokens: TokenBucket,
    /// For beginnings of SMP by the peer, if these are bounded.
    pub(super) smp_tokens: Option<TokenBucket>,
    /// For error messages.
    pub(super) error_tokens: TokenBucket,
    /// Whether an older version than that in use is answered by a query of ours.
    pub(super) is_version_held: bool,
    /// What the query offered that the last message was, if nothing of it is spoken.
    pub(super) refused_offer: Option<Offer>,
}

/// A text that waits for encryption.
struct Kept {
    text: Zeroizing<String>,
    /// The only key it may be sent under, if there was a private conversation before.
    meant_for: Option<Fingerprint>,
}

impl core::fmt::Debug for Kept {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Kept").field("meant_for", &self.meant_for).finish_non_exhaustive()
    }
}

impl Conversation {
    /// A conversation in which nothing was said yet, within the [`Limits`] of a bot.
    pub fn new(key: Arc<SigningKey>, our_instance: InstanceTag, policy: Policy) -> Self {
        Self::with_limits(key, our_instance, policy, Limits::default())
    }

    /// A conversation in which nothing was said yet, within these limits.
    pub fn with_limits(
        key: Arc<SigningKey>,
        our_instance: InstanceTag,
        policy: Policy,
        limits: Limits,
    ) -> Self {
        Self {
            key,
            our_instance,
            policy,
            limits,
            fragment_bytes: None,
            padding: None,
            peers: Peers::new(limits.instances),
            reassembler: Reassembler::new(limits),
            kept: Vec::new(),
            last_fingerprint: None,
            checked: None,
            highest_version: None,
            has_heard_plaintext: false,
            ake_tokens: TokenBucket::new(AKE_RATE),
            query_tokens: TokenBucket::new(QUERY_RATE),
            smp_tokens: None,
            error_tokens: TokenBucket::new(ERROR_RATE),
            is_version_held: false,
            refused_offer: None,
        }
    }

    /// Sends encoded messages in pieces of at most this many bytes, or whole.
    pub fn set_fragment_bytes(&mut self, fragment_bytes: Option<usize>) {
        self.fragment_bytes = fragment_bytes;
    }

    /// Bounds how often the peer may begin SMP: so many at once, then one each such time. Each costs
    /// some 7 ms with its answer. Those that come sooner are answered by an abort. At first there is no
    /// bound but that on the records of one message ([`MAX_SMP_TLVS`](super::limits::MAX_SMP_TLVS)).
    pub fn set_smp_rate(&mut self, rate: Option<(u32, Duration)>) {
        self.smp_tokens = rate.map(TokenBucket::new);
    }

    /// Hides the lengths of texts: every data message is padded to a multiple of so many bytes
    /// before it is encrypted (TLV type 0). Each is longer for it by half as much on average.
    pub fn set_padding(&mut self, multiple: Option<NonZeroU16>) {
        self.padding = multiple;
        for session in self.peers.sessions_mut() {
            session.set_padding(multiple);
        }
    }

    /// Holds on to the version of a private conversation: a query or tag that offers an older one only is
    /// answered by a query of ours. It may be forged to bring the version down (Bonneau and Morrison
    /// 2006), or the peer has taken up an older program. A query serves both: who speaks the newer
    /// version takes that, and who does not begins a key exchange of the older one itself, which is told
    /// as [`Event::Downgraded`]. Without this, which is how it is at first, the older version is taken
    /// at once, and told likewise.
    pub fn set_version_held(&mut self, is_held: bool) {
        self.is_version_held = is_held;
    }

    /// Tells what version this peer is known to speak from an earlier conversation, so that a
    /// lower one is reported as [`Event::Downgraded`]. The least version to be spoken at all is the
    /// policy's business.
    pub fn expect_version(&mut self, version: Version) {
        self.highest_version = self.highest_version.max(Some(version));
    }

    /// The host says something (OTRv3, "User types a message to be sent"). Where the policy
    /// requires encryption and there is none yet, the text is kept and a query sent.
    ///
    /// # Errors
    ///
    /// [`SendError`] if the text was neither sent nor kept.
    pub fn send(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        text: &str,
    ) -> Result<Vec<Output>, SendError> {
        let max = self.limits.text_bytes;
        if text.len() > max {
            return Err(SendError::TooLong { bytes: text.len(), max });
        }
        match self.peers.active_mut().map(|peer| &mut peer.channel) {
            Some(Channel::Encrypted(session)) => {
                let body = session.seal(now, rng, text, &[]).ok_or(SendError::KeysUsedUp)?;
                let address = session.address();
                Ok(self.transmit_encoded(address, &body))
            }
            Some(Channel::Finished) => Err(SendError::Finished),
            Some(Channel::Plaintext) | None if text.is_empty() => Ok(Vec::new()),
            Some(Channel::Plaintext) | None => self.send_plaintext(text),
        }
    }

    /// Asks the peer for a private conversation, or for fresh keys in a running one (OTRv3, "User
    /// requests to start an OTR conversation").
    #[must_use]
    pub fn start(&mut self, _now: Instant, _rng: &mut dyn CryptoRng) -> Vec<Output> {
        if self.policy.allows_any() {
            vec![Output::Send(plaintext::query(&self.policy))]
        } else {
            Vec::new()
        }
    }

    /// Ends all private conversations with the peer, and every key exchange with it (OTRv3, "User
    /// requests to end an OTR conversation"). From here on texts are sent in the clear.
    #[must_use]
    pub fn end(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Vec<Output> {
        let before = self.message_state();
        let disconnect = [Tlv::empty(TlvType::DISCONNECTED)];
        let mut outputs = Vec::new();
        for mut session in self.peers.clear() {
            let address = session.address();
            if let Some(body) = session.seal(now, rng, "", &disconnect) {
                outputs.extend(self.transmit_encoded(address, &body));
            }
        }
        self.kept.clear();
        self.has_heard_plaintext = false;
        match before {
            MessageState::Plaintext => {}
            MessageState::Encrypted | MessageState::Finished => {
                outputs.push(Event::GoneInsecure.into());
            }
        }
        outputs
    }

    /// Asks the peer to use the extra symmetric key of this conversation (OTRv3, "Extra symmetric
    /// key"): for what, a number that the peers agree on, and more about it. Gives the key, which
    /// is new whenever the D-H keys have rotated.
    ///
    /// # Errors
    ///
    /// [`SendError::NotPrivate`], [`SendError::TooLong`], [`SendError::KeysUsedUp`].
    pub fn request_extra_key(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        usage: u32,
        data: &[u8],
    ) -> Result<(ExtraKey, Vec<Output>), SendError> {
        if data.len() > MAX_EXTRA_KEY_DATA_BYTES {
            let max = MAX_EXTRA_KEY_DATA_BYTES;
            return Err(SendError::TooLong { bytes: data.len(), max });
        }
        let session = self.private().or(Err(SendError::NotPrivate))?;
        let value = [&usage.to_be_bytes(), data].concat();
        let request = [Tlv { kind: TlvType::EXTRA_KEY, value }];
        let body = session.seal(now, rng, "", &request).ok_or(SendError::KeysUsedUp)?;
        let key = session.extra_key().ok_or(SendError::KeysUsedUp)?;
        let address = session.address();
        Ok((key, self.transmit_encoded(address, &body)))
    }

    /// Starts SMP, with a question or without. A run that is going on is given up.
    ///
    /// # Errors
    ///
    /// [`SmpError::NotPrivate`], [`SmpError::KeysUsedUp`].
    pub fn smp_start(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        secret: &[u8],
        question: Option<&str>,
    ) -> Result<Vec<Output>, SmpError> {
        let ours = self.our_fingerprint();
        let session = self.private()?;
        let secret = SmpSecret::compute(&ours, &session.fingerprint(), &session.ssid(), secret);
        let reaction = session.smp.start(rng, secret, question);
        let reacted = session.react(now, rng, reaction);
        self.smp_outputs(reacted)
    }

    /// Answers the SMP that the peer has started.
    ///
    /// # Errors
    ///
    /// [`SmpError::NotAsked`] if it has not, or has given it up since, and those of
    /// [`Conversation::smp_start`].
    pub fn smp_answer(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        secret: &[u8],
    ) -> Result<Vec<Output>, SmpError> {
        let ours = self.our_fingerprint();
        let session = self.private()?;
        let secret = SmpSecret::compute(&session.fingerprint(), &ours, &session.ssid(), secret);
        let reaction = session.smp.answer(rng, secret).ok_or(SmpError::NotAsked)?;
        let reacted = session.react(now, rng, reaction);
        self.smp_outputs(reacted)
    }

    /// Gives SMP up.
    ///
    /// # Errors
    ///
    /// Those of [`Conversation::smp_start`].
    pub fn smp_abort(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<Output>, SmpError> {
        let session = self.private()?;
        let reaction = session.smp.abort();
        let reacted = session.react(now, rng, reaction);
        self.smp_outputs(reacted)
    }

    /// `msgstate`.
    pub fn message_state(&self) -> MessageState {
        match self.peers.active().map(|peer| &peer.channel) {
            Some(Channel::Encrypted(_)) => MessageState::Encrypted,
            Some(Channel::Finished) => MessageState::Finished,
            Some(Channel::Plaintext) | None => MessageState::Plaintext,
        }
    }

    /// Whether texts are sent encrypted.
    pub fn is_private(&self) -> bool {
        self.message_state() == MessageState::Encrypted
    }

    /// Whether SMP has begun in the private conversation, and has no result yet.
    pub fn is_verifying(&self) -> bool {
        self.session().is_some_and(|session| session.smp.is_running())
    }

    /// What the query offered that was received last, where it was refused by
    /// [`Ignored::Version`](super::error::Ignored::Version) or
    /// [`Ignored::VersionOne`](super::error::Ignored::VersionOne): versions that are not spoken here, or
    /// not by this policy. `None` if the last message was anything else.
    pub fn refused_offer(&self) -> Option<Offer> {
        self.refused_offer
    }

    /// Our fingerprint.
    pub fn our_fingerprint(&self) -> Fingerprint {
        self.key.public_key().fingerprint()
    }

    /// The peer's fingerprint in the private conversation.
    pub fn peer_fingerprint(&self) -> Option<Fingerprint> {
        self.session().map(Encrypted::fingerprint)
    }

    /// The secure session id of the private conversation.
    pub fn ssid(&self) -> Option<[u8; 8]> {
        self.session().map(Encrypted::ssid)
    }

    /// The version of the private conversation.
    pub fn version(&self) -> Option<Version> {
        self.session().map(|session| session.address().version())
    }

    fn session(&self) -> Option<&Encrypted> {
        self.peers.active().and_then(|peer| peer.channel.encrypted())
    }

    fn private(&mut self) -> Result<&mut Encrypted, SmpError> {
        let peer = self.peers.active_mut();
        peer.and_then(|peer| peer.channel.encrypted_mut()).ok_or(SmpError::NotPrivate)
    }

    fn smp_outputs(
        &self,
        reacted: Option<(Option<Vec<u8>>, Option<Event>)>,
    ) -> Result<Vec<Output>, SmpError> {
        let (body, event) = reacted.ok_or(SmpError::KeysUsedUp)?;
        let address = self.session().map(Encrypted::address).ok_or(SmpError::NotPrivate)?;
        let sent = body.map(|body| self.transmit_encoded(address, &body));
        let mut outputs = sent.unwrap_or_default();
        outputs.extend(event.map(Output::Event));
        Ok(outputs)
    }

    fn send_plaintext(&mut self, text: &str) -> Result<Vec<Output>, SendError> {
        if self.policy.require_encryption {
            if self.kept.len() >= MAX_KEPT_TEXTS || !self.policy.allows_any() {
                return Err(SendError::EncryptionRequired);
            }
            let text = Zeroizing::new(text.to_owned());
            self.kept.push(Kept { text, meant_for: self.last_fingerprint });
            return Ok(vec![Output::Send(plaintext::query(&self.policy))]);
        }
        let offers = self.policy.send_tag && self.policy.allows_any() && !self.has_heard_plaintext;
        let body = if offers { plaintext::tagged(&self.policy, text) } else { text.to_owned() };
        Ok(vec![Output::Send(body)])
    }

    /// What became private says what it has waited to say: texts that were kept.
    pub(super) fn release(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        fingerprint: Fingerprint,
    ) -> Vec<Output> {
        self.last_fingerprint = Some(fingerprint);
        let mut outputs = Vec::new();
        for Kept { text, meant_for } in core::mem::take(&mut self.kept) {
            let is_meant = meant_for.is_none_or(|meant_for| meant_for == fingerprint);
            match is_meant.then(|| self.send(now, rng, &text)) {
                Some(Ok(sent)) => outputs.extend(sent),
                Some(Err(_)) | None => {
                    outputs.push(Event::Withheld { text: text.to_string() }.into());
                }
            }
        }
        outputs
    }

    /// A message of the key exchange.
    pub(super) fn transmit(&self, address: Address, body: &Body) -> Vec<Output> {
        self.transmit_encoded(address, &body.encode(address))
    }

    /// An encoded message, in pieces if need be.
    pub(super) fn transmit_encoded(&self, address: Address, message: &[u8]) -> Vec<Output> {
        let text = armor::encode(message);
        match self.fragment_bytes {
            None => vec![Output::Send(text)],
            Some(max_bytes) => {
                fragment::split(text, address, max_bytes).into_iter().map(Output::Send).collect()
            }
        }
    }
}
