//! A private conversation with one client of the peer.

use core::num::NonZeroU16;
use std::time::Instant;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::ake::Established;
use super::data::{self, Opened};
use super::error::Ignored;
use super::event::Event;
use super::identity::Fingerprint;
use super::key_management::{KeyId, KeyManager};
use super::limits::{HEARTBEAT_INTERVAL, REKEY_INTERVAL, REKEY_MESSAGES, RESEND_WITHIN};
use super::received::ReceivedData;
use super::secret::{ExtraKey, RevealedMacKey};
use super::smp::{self, Smp, SmpEvent};
use super::tlv::{self, Tlv};
use super::version::Address;

/// How much larger than twice the last text the place of it may be.
const MAX_SPARE_BYTES: usize = 256;

/// `MSGSTATE_ENCRYPTED`, with all that it needs.
#[derive(Debug)]
pub(super) struct Encrypted {
    /// How our messages are addressed.
    address: Address,
    fingerprint: Fingerprint,
    ssid: [u8; 8],
    keys: KeyManager,
    /// What lengths are padded to a multiple of.
    padding: Option<NonZeroU16>,
    /// State of SMP, which lives as long as the keys.
    pub(super) smp: Smp,
    /// When we last sent anything.
    sent: Instant,
    /// The keys that we send with, and since when.
    sending: (KeyId, KeyId, Instant),
    last_text: Option<LastText>,
}

/// The text sent last, to be sent again if the peer could not read it.
struct LastText {
    text: Zeroizing<String>,
    sent: Instant,
    /// Whether an error message came after it.
    is_unread: bool,
}

impl core::fmt::Debug for LastText {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LastText").field("is_unread", &self.is_unread).finish_non_exhaustive()
    }
}

impl Encrypted {
    /// Starts with what a key exchange gave.
    pub(super) fn new(now: Instant, address: Address, established: Established) -> Self {
        let Established { keys, their_public, ssid } = established;
        Self {
            address,
            fingerprint: their_public.fingerprint(),
            ssid,
            keys,
            padding: None,
            smp: Smp::new(),
            sent: now,
            sending: (0, 0, now),
            last_text: None,
        }
    }

    /// See [`super::conversation::Conversation::set_padding`].
    pub(super) fn set_padding(&mut self, multiple: Option<NonZeroU16>) {
        self.padding = multiple;
    }

    pub(super) fn address(&self) -> Address {
        self.address
    }

    pub(super) fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(super) fn ssid(&self) -> [u8; 8] {
        self.ssid
    }

    /// Makes a data message. `None` if the keys are used up.
    pub(super) fn seal(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        text: &str,
        tlvs: &[Tlv],
    ) -> Option<Vec<u8>> {
        let padded = self.padding.map(|multiple| tlv::padded(text.len(), tlvs, multiple));
        let tlvs = padded.as_deref().unwrap_or(tlvs);
        let message = data::seal(&mut self.keys, rng, self.address, text, tlvs)?;
        self.sent = now;
        let (our_id, their_id, _) = self.keys.sending_pair();
        if (our_id, their_id) != (self.sending.0, self.sending.1) {
            self.sending = (our_id, their_id, now);
        }
        if !text.is_empty() {
            self.keep(now, text);
        }
        Some(message)
    }

    /// Forgets the last text when it is too old to be sent again.
    pub(super) fn expire(&mut self, now: Instant) {
        let is_old = |last: &LastText| now.saturating_duration_since(last.sent) >= RESEND_WITHIN;
        if self.last_text.as_ref().is_some_and(is_old) {
            self.last_text = None;
        }
    }

    /// Keeps a text to be sent again, in the place of the one before, if that has about the right
    /// size: writing over that one wipes it as far as the new one goes.
    fn keep(&mut self, now: Instant, text: &str) {
        let last = self.last_text.take().map(|last| last.text);
        let most = text.len().saturating_mul(2).saturating_add(MAX_SPARE_BYTES);
        let fits = |last: &Zeroizing<String>| (text.len()..=most).contains(&last.capacity());
        let mut kept = last.filter(fits).unwrap_or_default();
        let old_len = kept.len();
        kept.clear();
        kept.push_str(text);
        if let Some(rest) = old_len.checked_sub(text.len()) {
            kept.extend(core::iter::repeat_n('\0', rest));
            kept.truncate(text.len());
        }
        self.last_text = Some(LastText { text: kept, sent: now, is_unread: false });
    }

    /// Reads a data message.
    pub(super) fn open(&mut self, data: ReceivedData) -> Result<Opened, Ignored> {
        data::open(&mut self.keys, data)
    }

    /// Whether we have been silent for so long that a message calls for a heartbeat.
    pub(super) fn owes_heartbeat(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.sent) >= HEARTBEAT_INTERVAL
    }

    /// When we last sent anything.
    pub(super) fn sent(&self) -> Instant {
        self.sent
    }

    /// Whether so much was sent with the keys in use, or for so long, that a new key exchange is
    /// due. Not in the middle of SMP, which it would break off.
    pub(super) fn is_worn(&self, now: Instant) -> bool {
        let (_, _, sent) = self.keys.sending_pair();
        let age = now.saturating_duration_since(self.sending.2);
        !self.smp.is_running() && (sent >= REKEY_MESSAGES || sent > 0 && age >= REKEY_INTERVAL)
    }

    /// The extra symmetric key of the message sent last.
    pub(super) fn extra_key(&self) -> Option<ExtraKey> {
        self.keys.sending_extra()
    }

    /// Notes that the peer could not read something.
    pub(super) fn note_unread(&mut self) {
        if let Some(last) = &mut self.last_text {
            last.is_unread = true;
        }
    }

    /// Begins anew under the keys of another exchange with the same client. Gives the text to
    /// send again, if the last one was not read, is recent, and the peer's key is the same.
    pub(super) fn succeed(self, now: Instant, next: &mut Self) -> Option<Zeroizing<String>> {
        next.keys.inherit(self.keys.retire());
        self.last_text
            .filter(|last| last.is_unread)
            .filter(|last| now.saturating_duration_since(last.sent) < RESEND_WITHIN)
            .filter(|_| self.fingerprint == next.fingerprint)
            .map(|last| last.text)
    }

    /// Forgets all keys, and gives the MAC keys that the next conversation is to reveal.
    pub(super) fn retire(self) -> Vec<RevealedMacKey> {
        self.keys.retire()
    }

    /// Takes over MAC keys that the conversation before has left to reveal.
    pub(super) fn inherit(&mut self, revealed: Vec<RevealedMacKey>) {
        self.keys.inherit(revealed);
    }

    /// Carries out what SMP calls for: an encoded message, if any, and an event, if any.
    pub(super) fn react(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        reaction: smp::Reaction,
    ) -> Option<(Option<Vec<u8>>, Option<Event>)> {
        let smp::Reaction { send, event } = reaction;
        let body = if send.is_empty() { None } else { Some(self.seal(now, rng, "", &send)?) };
        Some((body, event.map(smp_event)))
    }
}

fn smp_event(event: SmpEvent) -> Event {
    match event {
        SmpEvent::Asked { question } => Event::SmpAsked { question },
        SmpEvent::Succeeded => Event::SmpSucceeded,
        SmpEvent::Failed => Event::SmpFailed,
        SmpEvent::Aborted => Event::SmpAborted,
        SmpEvent::Cheated => Event::SmpCheated,
    }
}
