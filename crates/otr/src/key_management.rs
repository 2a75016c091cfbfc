//! D-H keys of a private conversation: serial numbers, rotation, counters, and the MAC keys that
//! are revealed (OTRv3, "Key Management" and "Revealing MAC Keys").
//!
//! Each side has its most recent key and the one before. A message names one of each side; what is
//! derived for such a pair, and its counters, live and die with the pair. Shared secrets are
//! computed when a pair is first used, and our next key when it is first announced.

use std::sync::Arc;

use rand_core::CryptoRng;

use super::dh::{DhPublic, DhSecret};
use super::error::Ignored;
use super::kdf::{DataKeys, End};
use super::limits::MAX_TO_REVEAL;
use super::secret::{ExtraKey, RevealedMacKey};

/// Serial number of a D-H key; 0 is none.
pub type KeyId = u32;

/// A D-H key of ours.
#[derive(Debug)]
pub struct OurKey {
    secret: DhSecret,
    public: DhPublic,
}

impl OurKey {
    /// A new key.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let secret = DhSecret::random(rng);
        let public = secret.public();
        Self { secret, public }
    }

    /// The secret half.
    pub fn secret(&self) -> &DhSecret {
        &self.secret
    }

    /// The public half.
    pub fn public(&self) -> &DhPublic {
        &self.public
    }
}

/// What is derived for one key of ours and one of theirs.
#[derive(Debug)]
pub struct Pair {
    our_id: KeyId,
    their_id: KeyId,
    /// The keys.
    pub keys: DataKeys,
    sent: u64,
    received: u64,
    /// Whether a MAC was verified with the receiving key, so that it is to be revealed.
    is_mac_used: bool,
}

impl Pair {
    /// Counter of the last message received.
    pub fn received(&self) -> u64 {
        self.received
    }
}

/// What the next message is sent with.
#[derive(Debug)]
pub struct Sending<'a> {
    /// Serial number of our key.
    pub our_id: KeyId,
    /// Serial number of their key.
    pub their_id: KeyId,
    /// The keys.
    pub keys: &'a DataKeys,
    /// Counter of the message.
    pub counter: u64,
    /// Our next key.
    pub next_dh: DhPublic,
}

/// The keys of both sides.
#[derive(Debug)]
pub struct KeyManager {
    /// Serial number of our previous key, the one that we send with; the next has one more.
    our_id: KeyId,
    our_key: Arc<OurKey>,
    /// The key after it, once announced.
    our_next: Option<Arc<OurKey>>,
    /// Serial number of their most recent key.
    their_id: KeyId,
    their_key: DhPublic,
    their_previous: Option<DhPublic>,
    #[expect(clippy::vec_box, reason = "keys stay where they are wiped when the list grows")]
    pairs: Vec<Box<Pair>>,
    to_reveal: Vec<RevealedMacKey>,
}

impl KeyManager {
    /// Serial number of our key in the key exchange.
    pub const FIRST_ID: KeyId = 1;

    /// Starts with the keys of the key exchange.
    pub fn new(our_key: Arc<OurKey>, their_id: KeyId, their_key: DhPublic) -> Self {
        Self {
            our_id: Self::FIRST_ID,
            our_key,
            our_next: None,
            their_id,
            their_key,
            their_previous: None,
            pairs: Vec::new(),
            to_reveal: Vec::new(),
        }
    }

    /// What the next message is to be sent with: our most recent key that they have acknowledged,
    /// and their most recent one. `None` if a counter is at its end.
    pub fn sending(&mut self, rng: &mut dyn CryptoRng) -> Option<Sending<'_>> {
        self.our_id.checked_add(1)?;
        let (our_id, their_id) = (self.our_id, self.their_id);
        let next_dh =
            self.our_next.get_or_insert_with(|| Arc::new(OurKey::generate(rng))).public().clone();
        let pair = self.pair(our_id, their_id)?;
        let counter = pair.sent.checked_add(1)?;
        pair.sent = counter;
        Some(Sending { our_id, their_id, keys: &pair.keys, counter, next_dh })
    }

    /// The pair that a received message names.
    ///
    /// # Errors
    ///
    /// [`Ignored::UnknownKeys`] if either is not one of the two most recent of its side.
    pub fn receiving(&mut self, our_id: KeyId, their_id: KeyId) -> Result<&mut Pair, Ignored> {
        self.pair(our_id, their_id).ok_or(Ignored::UnknownKeys)
    }

    /// Records a message whose MAC and counter were right, and rotates the keys that it
    /// acknowledges.
    ///
    /// # Errors
    ///
    /// [`Ignored::Reflected`], [`Ignored::UnknownKeys`]; then nothing was changed.
    pub fn received(
        &mut self,
        our_id: KeyId,
        their_id: KeyId,
        counter: u64,
        next_dh: DhPublic,
    ) -> Result<(), Ignored> {
        if self.is_ours(&next_dh) {
            return Err(Ignored::Reflected);
        }
        let their_next_id = self.their_id.checked_add(1).ok_or(Ignored::UnknownKeys)?;
        let pair = self.pair(our_id, their_id).ok_or(Ignored::UnknownKeys)?;
        pair.received = counter;
        pair.is_mac_used = true;

        if our_id != self.our_id
            && let Some(next) = self.our_next.take()
        {
            let forgotten = self.our_id;
            self.our_key = next;
            self.our_id = our_id;
            self.forget(|pair| pair.our_id == forgotten);
        }
        if their_id == self.their_id {
            let previous = core::mem::replace(&mut self.their_key, next_dh);
            self.their_previous = Some(previous);
            self.their_id = their_next_id;
            self.forget(|pair| pair.their_id != their_id && pair.their_id != their_next_id);
        }
        Ok(())
    }

    /// The pair that the next message is sent with: the serial numbers of our key and of theirs,
    /// and how many messages were sent with it already.
    pub fn sending_pair(&self) -> (KeyId, KeyId, u64) {
        let sent = self.current().map_or(0, |pair| pair.sent);
        (self.our_id, self.their_id, sent)
    }

    /// The extra symmetric key of that pair, if a message was sent with it.
    pub fn sending_extra(&self) -> Option<ExtraKey> {
        self.current().map(|pair| pair.keys.extra.clone())
    }

    fn current(&self) -> Option<&Pair> {
        let is_current =
            |pair: &&Pair| pair.our_id == self.our_id && pair.their_id == self.their_id;
        self.pairs.iter().map(|pair| &**pair).find(is_current)
    }

    /// The MAC keys to reveal in the next message, which are then forgotten.
    pub fn take_revealed(&mut self) -> Vec<RevealedMacKey> {
        core::mem::take(&mut self.to_reveal)
    }

    /// Forgets all keys, and gives the MAC keys that the next conversation is to reveal.
    pub fn retire(mut self) -> Vec<RevealedMacKey> {
        self.forget(|_| true);
        self.to_reveal
    }

    /// Takes over MAC keys that the conversation before has left to reveal.
    pub fn inherit(&mut self, revealed: Vec<RevealedMacKey>) {
        self.to_reveal.extend(revealed);
        self.bound_to_reveal();
    }

    fn is_ours(&self, public: &DhPublic) -> bool {
        let is_next = self.our_next.as_ref().is_some_and(|next| next.public() == public);
        self.our_key.public() == public || is_next
    }

    fn pair(&mut self, our_id: KeyId, their_id: KeyId) -> Option<&mut Pair> {
        let known =
            self.pairs.iter().position(|pair| pair.our_id == our_id && pair.their_id == their_id);
        let ix = if let Some(ix) = known {
            ix
        } else {
            let pair = self.derive(our_id, their_id)?;
            self.pairs.push(Box::new(pair));
            self.pairs.len().checked_sub(1)?
        };
        self.pairs.get_mut(ix).map(|pair| &mut **pair)
    }

    fn derive(&self, our_id: KeyId, their_id: KeyId) -> Option<Pair> {
        let our_key = if our_id == self.our_id {
            &self.our_key
        } else if Some(our_id) == self.our_id.checked_add(1) {
            self.our_next.as_ref()?
        } else {
            return None;
        };
        let their_key = if their_id == self.their_id {
            &self.their_key
        } else if Some(their_id) == self.their_id.checked_sub(1) {
            self.their_previous.as_ref()?
        } else {
            return None;
        };
        let our_end = if our_key.public() > their_key { End::High } else { End::Low };
        let shared = our_key.secret().shared(their_key);
        let keys = DataKeys::derive(&shared.secbytes(), our_end);
        Some(Pair { our_id, their_id, keys, sent: 0, received: 0, is_mac_used: false })
    }

    /// Forgets pairs. Their receiving MAC keys, if used, are to be revealed: from now on they
    /// cannot make a message valid.
    fn forget(&mut self, is_forgotten: impl Fn(&Pair) -> bool) {
        for pair in self.pairs.extract_if(.., |pair| is_forgotten(pair)) {
            if pair.is_mac_used {
                self.to_reveal.push(pair.keys.receiving.mac.reveal());
            }
        }
        self.bound_to_reveal();
    }

    fn bound_to_reveal(&mut self) {
        let excess = self.to_reveal.len().saturating_sub(MAX_TO_REVEAL);
        self.to_reveal.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    fn two() -> (KeyManager, KeyManager, ChaCha20Rng) {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let alice = Arc::new(OurKey::generate(&mut rng));
        let bob = Arc::new(OurKey::generate(&mut rng));
        let (a, b) = (alice.public().clone(), bob.public().clone());
        (KeyManager::new(alice, 1, b), KeyManager::new(bob, 1, a), rng)
    }

    /// Carries one message's worth of key management; gives the ids and the counter.
    fn carry(from: &mut KeyManager, to: &mut KeyManager, rng: &mut ChaCha20Rng) -> (u32, u32, u64) {
        let sending = from.sending(rng).unwrap();
        let (our_id, their_id, counter) = (sending.our_id, sending.their_id, sending.counter);
        let next_dh = sending.next_dh.clone();
        let mac = sending.keys.sending.mac.mac(b"x");
        let pair = to.receiving(their_id, our_id).unwrap();
        assert_eq!(pair.keys.receiving.mac.mac(b"x"), mac);
        assert!(counter > pair.received());
        to.received(their_id, our_id, counter, next_dh).unwrap();
        (our_id, their_id, counter)
    }

    #[test]
    fn keys_rotate_as_each_side_hears_of_the_others() {
        let (mut alice, mut bob, mut rng) = two();

        let ids: Vec<_> = (0..3)
            .flat_map(|_| {
                [carry(&mut alice, &mut bob, &mut rng), carry(&mut bob, &mut alice, &mut rng)]
            })
            .collect();

        assert_eq!(ids, [(1, 1, 1), (1, 2, 1), (2, 2, 1), (2, 3, 1), (3, 3, 1), (3, 4, 1)]);
        assert!(alice.pairs.len() <= 4 && bob.pairs.len() <= 4);
    }

    #[test]
    fn counters_grow_within_a_pair() {
        let (mut alice, mut bob, mut rng) = two();

        carry(&mut alice, &mut bob, &mut rng);
        let second = carry(&mut alice, &mut bob, &mut rng);

        assert_eq!(second, (1, 1, 2));
    }

    #[test]
    fn only_used_receiving_keys_are_revealed_and_only_once() {
        let (mut alice, mut bob, mut rng) = two();
        let used = {
            let sending = alice.sending(&mut rng).unwrap();
            RevealedMacKey(sending.keys.sending.mac.mac(b"x"))
        };
        carry(&mut alice, &mut bob, &mut rng);
        assert!(bob.take_revealed().is_empty());
        carry(&mut bob, &mut alice, &mut rng);
        let key = bob.receiving(1, 1).unwrap().keys.receiving.mac.mac(b"x");
        assert_eq!(RevealedMacKey(key), used);

        carry(&mut alice, &mut bob, &mut rng);
        let revealed = bob.take_revealed();

        assert_eq!(revealed.len(), 1);
        assert!(bob.take_revealed().is_empty());
        assert!(bob.receiving(1, 1).is_err(), "a revealed key must not verify again");
    }

    #[test]
    fn our_own_key_is_refused_as_theirs() {
        let (mut alice, _, mut rng) = two();
        let next = alice.sending(&mut rng).unwrap().next_dh;
        let key = alice.our_key.public().clone();
        alice.receiving(1, 1).unwrap();

        assert_eq!(alice.received(1, 1, 1, next), Err(Ignored::Reflected));
        assert_eq!(alice.received(1, 1, 1, key), Err(Ignored::Reflected));
        assert_eq!(alice.receiving(1, 1).unwrap().received(), 0);
    }

    #[test]
    fn keys_not_yet_announced_or_long_gone_are_unknown() {
        let (mut alice, mut bob, mut rng) = two();

        for (our_id, their_id) in [(0, 1), (1, 0), (2, 1), (1, 2), (u32::MAX, 1), (1, u32::MAX)] {
            assert_eq!(alice.receiving(our_id, their_id).err(), Some(Ignored::UnknownKeys));
        }
        for _ in 0..3 {
            carry(&mut alice, &mut bob, &mut rng);
            carry(&mut bob, &mut alice, &mut rng);
        }
        assert_eq!(alice.receiving(1, 1).err(), Some(Ignored::UnknownKeys));
    }
}
