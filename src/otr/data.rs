//! Data messages: text and TLVs, encrypted and authenticated with the keys of one pair (OTRv3,
//! "Data Message").
//!
//! ```text
//! plaintext = text [00 TLV..]     encrypted = AES-CTR(sending AES key, counter, plaintext)
//! MAC = HMAC-SHA-1(sending MAC key, version .. encrypted)
//! ```

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::dh::DhPublic;
use super::error::Ignored;
use super::key_management::KeyManager;
use super::message::Data;
use super::secret::ExtraKey;
use super::tlv::{self, Tlv, TlvType};
use super::version::Address;

/// Divides the text from the TLVs.
const NUL: u8 = 0x00;

/// The contents of a data message.
pub struct Opened {
    /// The text, empty for a heartbeat.
    pub text: Zeroizing<String>,
    /// The TLVs.
    pub tlvs: Vec<Tlv>,
    /// The extra symmetric key of the pair, if a TLV asks for its use.
    pub extra: Option<ExtraKey>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened")
            .field("text_bytes", &self.text.len())
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

/// Makes a data message. `None` if the keys are used up.
///
/// A NUL in the text would end it and let the rest be read as TLVs, so there it is left out.
/// Without a text, the peer is asked to say nothing if it cannot read the message.
pub fn seal<R: CryptoRng + ?Sized>(
    keys: &mut KeyManager,
    rng: &mut R,
    address: Address,
    text: &str,
    tlvs: &[Tlv],
) -> Option<Data> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(64)));
    plain.extend(text.bytes().filter(|&byte| byte != NUL));
    let flags = if plain.is_empty() { Data::IGNORE_UNREADABLE } else { 0 };
    if !tlvs.is_empty() {
        plain.push(NUL);
        plain.extend(tlv::encode(tlvs));
    }

    let sending = keys.sending(rng)?;
    let counter = sending.counter.to_be_bytes();
    let mut encrypted = plain.to_vec();
    sending.keys.sending.aes.apply(counter, &mut encrypted);
    let mut data = Data {
        flags,
        sender_key_id: sending.our_id,
        recipient_key_id: sending.their_id,
        next_dh: sending.next_dh.to_be_bytes(),
        counter,
        encrypted,
        mac: [0; 20],
        revealed: Vec::new(),
    };
    data.mac = sending.keys.sending.mac.mac(&data.authenticated(address));
    data.revealed = keys.take_revealed().iter().flat_map(|key| key.0).collect();
    Some(data)
}

/// Reads a data message (OTRv3, "When you receive a Data Message"). If it is refused, nothing has
/// changed.
///
/// # Errors
///
/// [`Ignored::UnknownKeys`], [`Ignored::BadMac`], [`Ignored::Replayed`], [`Ignored::OutOfRange`],
/// [`Ignored::Reflected`].
pub fn open(keys: &mut KeyManager, address: Address, data: &Data) -> Result<Opened, Ignored> {
    let pair = keys.receiving(data.recipient_key_id, data.sender_key_id)?;
    if !pair.keys.receiving.mac.verifies(&data.authenticated(address), &data.mac) {
        return Err(Ignored::BadMac);
    }
    // From here on the peer is to blame.
    let counter = u64::from_be_bytes(data.counter);
    if counter <= pair.received() {
        return Err(Ignored::Replayed);
    }
    let next_dh =
        DhPublic::from_be_bytes(&data.next_dh).ok_or(Ignored::OutOfRange("next D-H key"))?;
    let mut plain = Zeroizing::new(data.encrypted.clone());
    pair.keys.receiving.aes.apply(data.counter, &mut plain);
    let (text, tlvs) = split(&plain);
    let asks_for_extra = tlvs.iter().any(|tlv| tlv.kind == TlvType::EXTRA_KEY);
    let extra = asks_for_extra.then(|| pair.keys.extra.clone());

    keys.received(data.recipient_key_id, data.sender_key_id, counter, next_dh)?;
    Ok(Opened { text, tlvs, extra })
}

fn split(plain: &[u8]) -> (Zeroizing<String>, Vec<Tlv>) {
    let mut parts = plain.splitn(2, |&byte| byte == NUL);
    let text = parts.next().unwrap_or_default();
    let tlvs = parts.next().map(tlv::decode).unwrap_or_default();
    (Zeroizing::new(String::from_utf8_lossy(text).into_owned()), tlvs)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::super::key_management::OurKey;
    use super::*;

    fn two() -> (KeyManager, KeyManager, ChaCha20Rng) {
        let mut rng = ChaCha20Rng::seed_from_u64(11);
        let alice = Arc::new(OurKey::generate(&mut rng));
        let bob = Arc::new(OurKey::generate(&mut rng));
        let (a, b) = (alice.public().clone(), bob.public().clone());
        (KeyManager::new(alice, 1, b), KeyManager::new(bob, 1, a), rng)
    }

    fn send(from: &mut KeyManager, rng: &mut ChaCha20Rng, text: &str, tlvs: &[Tlv]) -> Data {
        seal(from, rng, Address::V2, text, tlvs).unwrap()
    }

    #[test]
    fn text_and_tlvs_arrive() {
        let (mut alice, mut bob, mut rng) = two();
        let tlv = Tlv { kind: TlvType(0xbeef), value: b"value".to_vec() };

        let data = send(&mut alice, &mut rng, "zażółć", core::slice::from_ref(&tlv));
        let opened = open(&mut bob, Address::V2, &data).unwrap();

        assert_eq!((&**opened.text, &*opened.tlvs, data.flags), ("zażółć", &[tlv][..], 0));
    }

    #[test]
    fn a_nul_in_the_text_cannot_smuggle_tlvs() {
        let (mut alice, mut bob, mut rng) = two();

        let data = send(&mut alice, &mut rng, "bye\0\0\x01\0\0", &[]);
        let opened = open(&mut bob, Address::V2, &data).unwrap();

        assert_eq!((&**opened.text, opened.tlvs.len()), ("bye\x01", 0));
    }

    #[test]
    fn without_a_text_it_may_be_ignored() {
        let (mut alice, _, mut rng) = two();

        let data = send(&mut alice, &mut rng, "", &[Tlv::empty(TlvType::DISCONNECTED)]);

        assert!(data.is_ignorable());
    }

    #[test]
    fn a_message_is_read_once() {
        let (mut alice, mut bob, mut rng) = two();
        let first = send(&mut alice, &mut rng, "first", &[]);
        let second = send(&mut alice, &mut rng, "second", &[]);

        assert!(open(&mut bob, Address::V2, &second).is_ok());

        assert_eq!(open(&mut bob, Address::V2, &second).err(), Some(Ignored::Replayed));
        assert_eq!(open(&mut bob, Address::V2, &first).err(), Some(Ignored::Replayed));
    }

    #[test]
    fn a_forged_message_changes_nothing() {
        let (mut alice, mut bob, mut rng) = two();
        let data = send(&mut alice, &mut rng, "text", &[]);
        let forgeries = [
            Data { counter: [0xff; 8], ..data.clone() },
            Data { encrypted: vec![0; 4], ..data.clone() },
            Data { next_dh: vec![2], ..data.clone() },
            Data { flags: 1, ..data.clone() },
            Data { mac: [0; 20], ..data.clone() },
        ];

        for forged in &forgeries {
            assert_eq!(open(&mut bob, Address::V2, forged).err(), Some(Ignored::BadMac));
        }

        assert_eq!(&**open(&mut bob, Address::V2, &data).unwrap().text, "text");
    }

    #[test]
    fn a_next_key_outside_the_group_is_refused() {
        let (mut alice, mut bob, mut rng) = two();
        for bad in [vec![], vec![0], vec![1], vec![0xff; 192]] {
            let mut data = send(&mut alice, &mut rng, "text", &[]);
            data.next_dh = bad;
            data.mac = alice
                .sending(&mut rng)
                .unwrap()
                .keys
                .sending
                .mac
                .mac(&data.authenticated(Address::V2));

            let refused = open(&mut bob, Address::V2, &data).err();

            assert_eq!(refused, Some(Ignored::OutOfRange("next D-H key")));
        }
        let data = send(&mut alice, &mut rng, "alive", &[]);
        assert_eq!(&**open(&mut bob, Address::V2, &data).unwrap().text, "alive");
    }
}
