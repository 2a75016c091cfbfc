//! Data messages: text and TLVs, encrypted and authenticated with the keys of one pair (OTRv3,
//! "Data Message").
//!
//! ```text
//! plaintext = text [00 TLV..]     encrypted = AES-CTR(sending AES key, counter, plaintext)
//! MAC = HMAC-SHA-1(sending MAC key, version .. encrypted)
//! ```

use core::fmt;

use rand_core::CryptoRng;
use zeroize::Zeroize as _;

use super::declassify::declassify_bytes;
use super::dh::DhPublic;
use super::error::Ignored;
use super::key_management::KeyManager;
use super::message::{Data, Header, MessageType};
use super::received::ReceivedData;
use super::secret::{ExtraKey, MacKey};
use super::tlv::{self, Tlv, TlvType};
use super::version::Address;
use super::wire::Writer;

/// Divides the text from the TLVs.
const NUL: u8 = 0x00;

/// Most bytes of a message besides what is encrypted and what is revealed: header, flags, key ids,
/// D-H key, counter, lengths, MAC.
const OVERHEAD_LEN: usize = Header::LEN_MAX + 1 + 4 + 4 + 4 + 192 + 8 + 4 + 20 + 4;

/// The contents of a data message.
pub struct Opened {
    /// The text, empty for a heartbeat. It is the host's, who wipes it if need be.
    pub text: String,
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

/// Makes a data message, whole. `None` if the keys are used up.
///
/// A NUL in the text would end it and let the rest be read as TLVs, so there it is left out.
/// Without a text, the peer is asked to say nothing if it cannot read the message.
///
/// It is written once, and encrypted where it stands: nothing in clear is left behind.
pub fn seal(
    keys: &mut KeyManager,
    rng: &mut dyn CryptoRng,
    address: Address,
    text: &str,
    tlvs: &[Tlv],
) -> Option<Vec<u8>> {
    let n_nuls = memchr::memchr(NUL, text.as_bytes())
        .map_or(0, |_| memchr::memchr_iter(NUL, text.as_bytes()).count());
    let text_len = text.len().saturating_sub(n_nuls);
    let flags = if text_len == 0 { Data::IGNORE_UNREADABLE } else { 0 };
    let mut records = if tlvs.is_empty() { Vec::new() } else { tlv::encode(tlvs) };
    let nul_len = usize::from(!tlvs.is_empty());
    let plain_len = text_len.saturating_add(nul_len).saturating_add(records.len());

    let revealed = keys.take_revealed();
    let sending = keys.sending(rng)?;
    let keys = &sending.keys.sending;
    let counter = sending.counter.to_be_bytes();
    let revealed_len = revealed.len().saturating_mul(MacKey::LEN);
    let capacity = OVERHEAD_LEN.saturating_add(plain_len).saturating_add(revealed_len);
    let mut writer = Header { address, kind: MessageType::Data }
        .write(Writer::with_capacity(capacity))
        .byte(flags)
        .int(sending.our_id)
        .int(sending.their_id)
        .mpi(sending.next_dh.as_be_bytes().as_ref())
        .raw(&counter)
        .int(u32::try_from(plain_len).ok()?);
    let bytes = writer.bytes_mut();
    let start = bytes.len();
    if n_nuls == 0 {
        bytes.extend_from_slice(text.as_bytes());
    } else {
        bytes.extend(text.bytes().filter(|&byte| byte != NUL));
    }
    if !tlvs.is_empty() {
        bytes.push(NUL);
        bytes.extend_from_slice(&records);
        records.zeroize();
    }
    keys.aes.apply(counter, bytes.get_mut(start..).unwrap_or_default());
    let mac = keys.mac.mac(bytes);
    let writer = writer.raw(&mac).int(u32::try_from(revealed_len).ok()?);
    Some(revealed.iter().fold(writer, |writer, key| writer.raw(&key.0)).finish())
}

/// Reads a data message (OTRv3, "When you receive a Data Message"). If it is refused, nothing has
/// changed.
///
/// # Errors
///
/// [`Ignored::UnknownKeys`], [`Ignored::BadMac`], [`Ignored::Replayed`], [`Ignored::OutOfRange`],
/// [`Ignored::Reflected`].
pub fn open(keys: &mut KeyManager, mut data: ReceivedData) -> Result<Opened, Ignored> {
    let pair = keys.receiving(data.recipient_key_id, data.sender_key_id)?;
    if !pair.keys.receiving.mac.verifies(data.authenticated(), &data.mac) {
        return Err(Ignored::BadMac);
    }
    // From here on the peer is to blame.
    let counter = u64::from_be_bytes(data.counter);
    if counter <= pair.received() {
        return Err(Ignored::Replayed);
    }
    let next_dh =
        DhPublic::from_be_bytes(data.next_dh()).ok_or(Ignored::OutOfRange("next D-H key"))?;
    let top = data.counter;
    let plain = data.encrypted_mut();
    pair.keys.receiving.aes.apply(top, plain);
    declassify_bytes(plain);
    let text_len = memchr::memchr(NUL, plain).unwrap_or(plain.len());
    let mut tlvs = Vec::new();
    if let Some((_nul, records)) = plain.get_mut(text_len..).and_then(<[u8]>::split_first_mut) {
        tlvs = tlv::decode(records);
        records.zeroize();
    }
    let asks_for_extra = tlvs.iter().any(|tlv| tlv.kind == TlvType::EXTRA_KEY);
    let extra = asks_for_extra.then(|| pair.keys.extra.clone());

    keys.received(data.recipient_key_id, data.sender_key_id, counter, next_dh)?;
    Ok(Opened { text: text(data.into_first(text_len)), tlvs, extra })
}

/// The text; what is not UTF-8 is replaced.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let mut bytes = error.into_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        bytes.zeroize();
        text
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::super::key_management::OurKey;
    use super::super::message::Body;
    use super::super::wire::Reader;
    use super::*;

    fn two() -> (KeyManager, KeyManager, ChaCha20Rng) {
        let mut rng = ChaCha20Rng::seed_from_u64(11);
        let alice = Arc::new(OurKey::generate(&mut rng));
        let bob = Arc::new(OurKey::generate(&mut rng));
        let (a, b) = (alice.public().clone(), bob.public().clone());
        (KeyManager::new(alice, 1, b), KeyManager::new(bob, 1, a), rng)
    }

    fn send(from: &mut KeyManager, rng: &mut ChaCha20Rng, text: &str, tlvs: &[Tlv]) -> Data {
        let bytes = seal(from, rng, Address::V2, text, tlvs).unwrap();
        let mut reader = Reader::new(&bytes);
        let header = Header::decode(&mut reader).unwrap();
        let Body::Data(data) = Body::decode(header.kind, reader).unwrap() else {
            panic!("no data message: {header:?}");
        };
        data
    }

    fn open(keys: &mut KeyManager, address: Address, data: &Data) -> Result<Opened, Ignored> {
        let bytes = Body::Data(data.clone()).encode(address);
        super::open(keys, ReceivedData::parse(bytes).unwrap())
    }

    #[test]
    fn text_and_tlvs_arrive() {
        let (mut alice, mut bob, mut rng) = two();
        let tlv = Tlv { kind: TlvType(0xbeef), value: b"value".to_vec() };

        let data = send(&mut alice, &mut rng, "zażółć", core::slice::from_ref(&tlv));
        let opened = open(&mut bob, Address::V2, &data).unwrap();

        assert_eq!((&*opened.text, &*opened.tlvs, data.flags), ("zażółć", &[tlv][..], 0));
    }

    #[test]
    fn a_nul_in_the_text_cannot_smuggle_tlvs() {
        let (mut alice, mut bob, mut rng) = two();

        let data = send(&mut alice, &mut rng, "bye\0\0\x01\0\0", &[]);
        let opened = open(&mut bob, Address::V2, &data).unwrap();

        assert_eq!((&*opened.text, opened.tlvs.len()), ("bye\x01", 0));
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

        assert_eq!(open(&mut bob, Address::V2, &data).unwrap().text, "text");
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
        assert_eq!(open(&mut bob, Address::V2, &data).unwrap().text, "alive");
    }
}
