//! The five encoded messages (OTRv3, "D-H Commit Message" to "Data Message").
//!
//! Numbers of the group are checked while they are read, except for the next key of a data
//! message: its bytes are what the MAC is of, so they are kept as they came.

use super::dh::DhPublic;
use super::error::{Ignored, WireError};
use super::limits::MAX_ENCRYPTED_GX_BYTES;
use super::version::{Address, AnyReceiver, Version};
use super::wire::{Reader, Writer};

/// Type byte of an encoded message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageType {
    /// D-H Commit Message.
    DhCommit = 0x02,
    /// Data Message.
    Data = 0x03,
    /// D-H Key Message.
    DhKey = 0x0a,
    /// Reveal Signature Message.
    RevealSignature = 0x11,
    /// Signature Message.
    Signature = 0x12,
}

impl MessageType {
    fn from_byte(byte: u8) -> Result<Self, WireError> {
        match byte {
            0x02 => Ok(Self::DhCommit),
            0x03 => Ok(Self::Data),
            0x0a => Ok(Self::DhKey),
            0x11 => Ok(Self::RevealSignature),
            0x12 => Ok(Self::Signature),
            _ => Err(WireError::Range { field: "message type" }),
        }
    }

    fn to_byte(self) -> u8 {
        match self {
            Self::DhCommit => 0x02,
            Self::Data => 0x03,
            Self::DhKey => 0x0a,
            Self::RevealSignature => 0x11,
            Self::Signature => 0x12,
        }
    }

    /// Whether the message may be for no client in particular.
    pub fn any_receiver(self) -> AnyReceiver {
        match self {
            Self::DhCommit => AnyReceiver::Allowed,
            Self::Data | Self::DhKey | Self::RevealSignature | Self::Signature => {
                AnyReceiver::Refused
            }
        }
    }
}

/// What all encoded messages begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Version, sender and receiver.
    pub address: Address,
    /// Type of the message.
    pub kind: MessageType,
}

impl Header {
    /// Reads `version, type` and, in version 3, `sender, receiver`.
    ///
    /// # Errors
    ///
    /// Why the message is not for us to read.
    pub fn decode(reader: &mut Reader<'_>) -> Result<Self, Ignored> {
        let version = Version::from_number(reader.short("protocol version")?)?;
        let kind = MessageType::from_byte(reader.byte("message type")?)?;
        let address = Address::decode(version, reader)?;
        Ok(Self { address, kind })
    }

    /// Most bytes that it takes.
    pub const LEN_MAX: usize = 11;

    fn encode(self) -> Writer {
        self.write(Writer::new())
    }

    /// Appends it.
    #[must_use]
    pub fn write(self, writer: Writer) -> Writer {
        let writer = writer.short(self.address.version().number()).byte(self.kind.to_byte());
        self.address.encode(writer)
    }
}

/// An encoded message of the key exchange or of the private conversation, without its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// D-H Commit Message.
    DhCommit(DhCommit),
    /// D-H Key Message.
    DhKey(DhKey),
    /// Reveal Signature Message.
    RevealSignature(RevealSignature),
    /// Signature Message.
    Signature(Signature),
    /// Data Message.
    Data(Data),
}

impl Body {
    /// The bytes of the message.
    pub fn encode(&self, address: Address) -> Vec<u8> {
        match self {
            Self::DhCommit(message) => message.encode(address),
            Self::DhKey(message) => message.encode(address),
            Self::RevealSignature(message) => message.encode(address),
            Self::Signature(message) => message.encode(address),
            Self::Data(message) => message.encode(address),
        }
    }

    /// Reads all that follows the header.
    ///
    /// # Errors
    ///
    /// [`WireError`] if the bytes are not exactly such a message.
    pub fn decode(kind: MessageType, mut reader: Reader<'_>) -> Result<Self, WireError> {
        let body = match kind {
            MessageType::DhCommit => Self::DhCommit(DhCommit::decode(&mut reader)?),
            MessageType::DhKey => Self::DhKey(DhKey::decode(&mut reader)?),
            MessageType::RevealSignature => {
                Self::RevealSignature(RevealSignature::decode(&mut reader)?)
            }
            MessageType::Signature => Self::Signature(Signature::decode(&mut reader)?),
            MessageType::Data => Self::Data(Data::decode(&mut reader)?),
        };
        reader.end()?;
        Ok(body)
    }
}

/// `encrypted gx (DATA), hashed gx (DATA)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhCommit {
    /// The MPI of gx, encrypted with r.
    pub encrypted_gx: Vec<u8>,
    /// SHA-256 of the MPI of gx.
    pub hashed_gx: [u8; 32],
}

impl DhCommit {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let encrypted_gx = reader.data("encrypted gx")?.to_vec();
        if encrypted_gx.len() > MAX_ENCRYPTED_GX_BYTES {
            return Err(WireError::Range { field: "encrypted gx" });
        }
        let hashed_gx = exactly("hashed gx", reader.data("hashed gx")?)?;
        Ok(Self { encrypted_gx, hashed_gx })
    }

    fn encode(&self, address: Address) -> Vec<u8> {
        Header { address, kind: MessageType::DhCommit }
            .encode()
            .data(&self.encrypted_gx)
            .data(&self.hashed_gx)
            .finish()
    }
}

/// `gy (MPI)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhKey {
    /// The D-H key of the one who answers.
    pub gy: DhPublic,
}

impl DhKey {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let gy = DhPublic::from_be_bytes(reader.mpi("gy")?);
        Ok(Self { gy: gy.ok_or(WireError::Range { field: "gy" })? })
    }

    fn encode(&self, address: Address) -> Vec<u8> {
        Header { address, kind: MessageType::DhKey }.encode().mpi(&self.gy.to_be_bytes()).finish()
    }
}

/// `revealed key (DATA), encrypted signature (DATA), MAC'd signature (MAC)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevealSignature {
    /// The key r.
    pub r: [u8; 16],
    /// XB, encrypted with c.
    pub encrypted_signature: Vec<u8>,
    /// HMAC-SHA-256-160 of the encrypted signature with its length, by m2.
    pub mac: [u8; 20],
}

impl RevealSignature {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            r: exactly("revealed key", reader.data("revealed key")?)?,
            encrypted_signature: reader.data("encrypted signature")?.to_vec(),
            mac: reader.array("MAC'd signature")?,
        })
    }

    fn encode(&self, address: Address) -> Vec<u8> {
        Header { address, kind: MessageType::RevealSignature }
            .encode()
            .data(&self.r)
            .data(&self.encrypted_signature)
            .raw(&self.mac)
            .finish()
    }
}

/// `encrypted signature (DATA), MAC'd signature (MAC)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// XA, encrypted with c'.
    pub encrypted_signature: Vec<u8>,
    /// HMAC-SHA-256-160 of the encrypted signature with its length, by m2'.
    pub mac: [u8; 20],
}

impl Signature {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            encrypted_signature: reader.data("encrypted signature")?.to_vec(),
            mac: reader.array("MAC'd signature")?,
        })
    }

    fn encode(&self, address: Address) -> Vec<u8> {
        Header { address, kind: MessageType::Signature }
            .encode()
            .data(&self.encrypted_signature)
            .raw(&self.mac)
            .finish()
    }
}

/// `flags (BYTE), sender keyid (INT), recipient keyid (INT), DH y (MPI), top half of counter init
/// (CTR), encrypted message (DATA), authenticator (MAC), old MAC keys (DATA)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Bitwise OR of flags: [`Data::IGNORE_UNREADABLE`].
    pub flags: u8,
    /// Serial number of the sender's D-H key.
    pub sender_key_id: u32,
    /// Serial number of the recipient's D-H key.
    pub recipient_key_id: u32,
    /// The sender's next D-H key: the bytes of the MPI as they came.
    pub next_dh: Vec<u8>,
    /// Top half of the counter.
    pub counter: [u8; 8],
    /// The encrypted text and TLVs.
    pub encrypted: Vec<u8>,
    /// HMAC-SHA-1 of everything before it.
    pub mac: [u8; 20],
    /// MAC keys that are not used any more, one after the other.
    pub revealed: Vec<u8>,
}

impl Data {
    /// Flag: say nothing if the message cannot be read.
    pub const IGNORE_UNREADABLE: u8 = 0x01;

    /// Whether the sender wants no answer if the message cannot be read.
    pub fn is_ignorable(&self) -> bool {
        self.flags & Self::IGNORE_UNREADABLE != 0
    }

    /// What the MAC is of: the message from its version to the end of the encrypted text.
    pub fn authenticated(&self, address: Address) -> Vec<u8> {
        self.write_authenticated(address).finish()
    }

    fn write_authenticated(&self, address: Address) -> Writer {
        Header { address, kind: MessageType::Data }
            .encode()
            .byte(self.flags)
            .int(self.sender_key_id)
            .int(self.recipient_key_id)
            .data(&self.next_dh)
            .raw(&self.counter)
            .data(&self.encrypted)
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            flags: reader.byte("flags")?,
            sender_key_id: reader.int("sender keyid")?,
            recipient_key_id: reader.int("recipient keyid")?,
            next_dh: reader.mpi("DH y")?.to_vec(),
            counter: reader.array("counter")?,
            encrypted: reader.data("encrypted message")?.to_vec(),
            mac: reader.array("authenticator")?,
            revealed: reader.data("old MAC keys")?.to_vec(),
        })
    }

    fn encode(&self, address: Address) -> Vec<u8> {
        self.write_authenticated(address).raw(&self.mac).data(&self.revealed).finish()
    }
}

fn exactly<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], WireError> {
    bytes.try_into().or(Err(WireError::Range { field }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::instance::{InstanceTag, Receiver};
    use super::*;

    fn decode(bytes: &[u8]) -> Result<(Header, Body), Ignored> {
        let mut reader = Reader::new(bytes);
        let header = Header::decode(&mut reader)?;
        Ok((header, Body::decode(header.kind, reader)?))
    }

    fn addresses() -> impl Strategy<Value = Address> {
        let v3 = (0x100_u32.., 0x100_u32..).prop_map(|(sender, receiver)| Address::V3 {
            sender: InstanceTag::from_u32(sender).unwrap(),
            receiver: Receiver::from_u32(receiver).unwrap(),
        });
        prop_oneof![Just(Address::V2), v3]
    }

    fn bodies() -> impl Strategy<Value = Body> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..200);
        let commit = (bytes(), any::<[u8; 32]>()).prop_map(|(encrypted_gx, hashed_gx)| {
            Body::DhCommit(DhCommit { encrypted_gx, hashed_gx })
        });
        let key = prop::collection::vec(any::<u8>(), 1..192)
            .prop_filter_map("not in the group", |bytes| DhPublic::from_be_bytes(&bytes))
            .prop_map(|gy| Body::DhKey(DhKey { gy }));
        let reveal = (any::<[u8; 16]>(), bytes(), any::<[u8; 20]>()).prop_map(
            |(r, encrypted_signature, mac)| {
                Body::RevealSignature(RevealSignature { r, encrypted_signature, mac })
            },
        );
        let signature = (bytes(), any::<[u8; 20]>()).prop_map(|(encrypted_signature, mac)| {
            Body::Signature(Signature { encrypted_signature, mac })
        });
        let data = (any::<(u8, u32, u32, [u8; 8], [u8; 20])>(), bytes(), bytes(), bytes())
            .prop_map(
                |(
                    (flags, sender_key_id, recipient_key_id, counter, mac),
                    next_dh,
                    encrypted,
                    revealed,
                )| {
                    Body::Data(Data {
                        flags,
                        sender_key_id,
                        recipient_key_id,
                        next_dh,
                        counter,
                        encrypted,
                        mac,
                        revealed,
                    })
                },
            );
        prop_oneof![commit, key, reveal, signature, data]
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(address in addresses(), body in bodies()) {
            let bytes = body.encode(address);

            let (header, decoded) = decode(&bytes).unwrap();

            prop_assert_eq!(header.address, address);
            prop_assert_eq!(decoded, body);
        }

        #[test]
        fn a_message_cut_off_or_with_more_behind_is_refused(
            address in addresses(), body in bodies(), cut in 0_usize..1000,
        ) {
            let mut bytes = body.encode(address);
            let cut = cut.min(bytes.len().saturating_sub(1));
            let short = bytes.get(..cut).unwrap();

            prop_assert!(decode(short).is_err());

            bytes.push(0);
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok((header, body)) = decode(&bytes) {
                prop_assert_eq!(decode(&body.encode(header.address)), Ok((header, body)));
            }
        }
    }

    #[test]
    fn versions_that_are_not_spoken_are_told_apart() {
        assert_eq!(decode(&[0, 1, 2]), Err(Ignored::VersionOne));
        assert_eq!(decode(&[0, 4, 2]), Err(Ignored::Version));
    }
}
