//! A Data Message as it came, read where it lies: what is authenticated and what is encrypted are
//! parts of the message, not copies of it (OTRv3, "Data Message").

use core::fmt;
use core::ops::Range;

use super::error::{Ignored, WireError};
use super::message::{Data, Header, MessageType};
use super::version::Address;
use super::wire::Reader;

/// A Data Message from its version on. Its fields are those of [`Data`].
pub struct ReceivedData {
    bytes: Vec<u8>,
    /// Version, sender and receiver.
    pub address: Address,
    /// Bitwise OR of flags.
    pub flags: u8,
    /// Serial number of the sender's D-H key.
    pub sender_key_id: u32,
    /// Serial number of the recipient's D-H key.
    pub recipient_key_id: u32,
    /// Top half of the counter.
    pub counter: [u8; 8],
    /// HMAC-SHA-1 of everything before it.
    pub mac: [u8; 20],
    next_dh: Range<usize>,
    encrypted: Range<usize>,
}

impl ReceivedData {
    /// Reads a whole message.
    ///
    /// # Errors
    ///
    /// [`Ignored::Malformed`] if the bytes are not exactly a Data Message, and those of
    /// [`Header::decode`].
    pub fn parse(bytes: Vec<u8>) -> Result<Self, Ignored> {
        let mut reader = Reader::new(&bytes);
        let header = Header::decode(&mut reader)?;
        if header.kind != MessageType::Data {
            return Err(WireError::Range { field: "message type" }.into());
        }
        let end_of = |reader: &Reader<'_>| bytes.len().saturating_sub(reader.remaining());
        let flags = reader.byte("flags")?;
        let sender_key_id = reader.int("sender keyid")?;
        let recipient_key_id = reader.int("recipient keyid")?;
        let next_dh = reader.mpi("DH y")?.len();
        let next_dh = end_of(&reader).saturating_sub(next_dh)..end_of(&reader);
        let counter = reader.array("counter")?;
        let encrypted = reader.data("encrypted message")?.len();
        let encrypted = end_of(&reader).saturating_sub(encrypted)..end_of(&reader);
        let mac = reader.array("authenticator")?;
        reader.data("old MAC keys")?;
        reader.end()?;
        let address = header.address;
        Ok(Self {
            bytes,
            address,
            flags,
            sender_key_id,
            recipient_key_id,
            counter,
            mac,
            next_dh,
            encrypted,
        })
    }

    /// Whether the sender wants no answer if the message cannot be read.
    pub fn is_ignorable(&self) -> bool {
        self.flags & Data::IGNORE_UNREADABLE != 0
    }

    /// What the MAC is of: the message from its version to the end of the encrypted text.
    pub fn authenticated(&self) -> &[u8] {
        self.bytes.get(..self.encrypted.end).unwrap_or_default()
    }

    /// The sender's next D-H key: the bytes of the MPI as they came.
    pub fn next_dh(&self) -> &[u8] {
        self.bytes.get(self.next_dh.clone()).unwrap_or_default()
    }

    /// The encrypted text and TLVs, to be decrypted in place.
    pub fn encrypted_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.encrypted.clone()).unwrap_or_default()
    }

    /// The first `len` bytes of what was encrypted, without a copy of them.
    pub fn into_first(self, len: usize) -> Vec<u8> {
        let Self { mut bytes, encrypted, .. } = self;
        bytes.truncate(encrypted.start.saturating_add(len).min(encrypted.end));
        bytes.drain(..encrypted.start);
        bytes
    }
}

/// It may have been decrypted.
impl fmt::Debug for ReceivedData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedData")
            .field("address", &self.address)
            .field("sender_key_id", &self.sender_key_id)
            .field("recipient_key_id", &self.recipient_key_id)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::message::Body;
    use super::*;

    proptest! {
        #[test]
        fn it_is_read_as_the_owned_form_is(
            (flags, sender_key_id, recipient_key_id, counter, mac) in
                any::<(u8, u32, u32, [u8; 8], [u8; 20])>(),
            next_dh in prop::collection::vec(any::<u8>(), 0..200),
            encrypted in prop::collection::vec(any::<u8>(), 0..300),
            revealed in prop::collection::vec(any::<u8>(), 0..60),
            len in 0_usize..400,
        ) {
            let data = Data {
                flags, sender_key_id, recipient_key_id, next_dh, counter, encrypted, mac, revealed,
            };

            let mut received =
                ReceivedData::parse(Body::Data(data.clone()).encode(Address::V2)).unwrap();

            prop_assert_eq!(received.authenticated(), data.authenticated(Address::V2));
            prop_assert_eq!(received.next_dh(), &data.next_dh);
            prop_assert_eq!(received.encrypted_mut(), &data.encrypted);
            prop_assert_eq!(received.is_ignorable(), data.is_ignorable());
            prop_assert_eq!((received.counter, received.mac), (data.counter, data.mac));
            let first = data.encrypted.get(..len).unwrap_or(&data.encrypted);
            prop_assert_eq!(received.into_first(len), first);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let typed = [&[0, 2, 3], &*bytes].concat();
            for bytes in [bytes, typed] {
                if let Ok(mut received) = ReceivedData::parse(bytes.clone()) {
                    prop_assert!(received.authenticated().len() <= bytes.len());
                    prop_assert!(received.encrypted_mut().len() <= bytes.len());
                }
            }
        }
    }
}
