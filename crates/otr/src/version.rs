//! The versions of the protocol, and the address that each puts on a message.

use core::fmt;

use super::error::Ignored;
use super::instance::{InstanceTag, PeerId, Receiver};
use super::wire::{Reader, Writer};

/// A version that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// Version 2: no instance tags.
    V2,
    /// Version 3.
    V3,
}

impl Version {
    /// The number of the version on the wire.
    pub fn number(self) -> u16 {
        match self {
            Self::V2 => 0x0002,
            Self::V3 => 0x0003,
        }
    }

    /// The version of this number, or why it is not spoken.
    ///
    /// # Errors
    ///
    /// [`Ignored::VersionOne`], [`Ignored::Version`].
    pub fn from_number(number: u16) -> Result<Self, Ignored> {
        match number {
            0x0001 => Err(Ignored::VersionOne),
            0x0002 => Ok(Self::V2),
            0x0003 => Ok(Self::V3),
            _ => Err(Ignored::Version),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number())
    }
}

/// Who sends a message to whom. Which fields there are is all that differs between the versions'
/// messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Version 2 says nothing.
    V2,
    /// Version 3 names both clients.
    V3 {
        /// The client that sends.
        sender: InstanceTag,
        /// The client that is to read.
        receiver: Receiver,
    },
}

impl Address {
    /// The address of a message of ours to one client of the peer.
    pub fn to_peer(our_instance: InstanceTag, peer: PeerId) -> Self {
        match peer {
            PeerId::V2 => Self::V2,
            PeerId::V3(tag) => Self::V3 { sender: our_instance, receiver: Receiver::Instance(tag) },
        }
    }

    /// The address of a message of ours to whichever clients of the peer speak the version.
    pub fn to_any(our_instance: InstanceTag, version: Version) -> Self {
        match version {
            Version::V2 => Self::V2,
            Version::V3 => Self::V3 { sender: our_instance, receiver: Receiver::Any },
        }
    }

    /// The version of the message.
    pub fn version(self) -> Version {
        match self {
            Self::V2 => Version::V2,
            Self::V3 { .. } => Version::V3,
        }
    }

    /// The client that sends.
    pub fn sender(self) -> PeerId {
        match self {
            Self::V2 => PeerId::V2,
            Self::V3 { sender, .. } => PeerId::V3(sender),
        }
    }

    /// Checks that a message with this address is for us (OTRv3, "Instance Tags" and "State
    /// transitions"): from another client, to ours, or to any if the kind of message allows it.
    ///
    /// # Errors
    ///
    /// [`Ignored::OtherInstance`], [`Ignored::Reflected`].
    pub fn check(self, our_instance: InstanceTag, any: AnyReceiver) -> Result<(), Ignored> {
        match self {
            Self::V2 => Ok(()),
            Self::V3 { sender, .. } if sender == our_instance => Err(Ignored::Reflected),
            Self::V3 { receiver: Receiver::Instance(tag), .. } if tag == our_instance => Ok(()),
            Self::V3 { receiver: Receiver::Any, .. } if any == AnyReceiver::Allowed => Ok(()),
            Self::V3 { .. } => Err(Ignored::OtherInstance),
        }
    }

    /// Reads the tags that the version has.
    ///
    /// # Errors
    ///
    /// [`Ignored::OtherInstance`] for an illegal tag, [`Ignored::Malformed`] if they are cut off.
    pub fn decode(version: Version, reader: &mut Reader<'_>) -> Result<Self, Ignored> {
        match version {
            Version::V2 => Ok(Self::V2),
            Version::V3 => {
                let sender = reader.int("sender instance tag")?;
                let receiver = reader.int("receiver instance tag")?;
                Self::from_tags(sender, receiver).ok_or(Ignored::OtherInstance)
            }
        }
    }

    /// The address with these tags, if both are legal.
    pub fn from_tags(sender: u32, receiver: u32) -> Option<Self> {
        let sender = InstanceTag::from_u32(sender)?;
        let receiver = Receiver::from_u32(receiver)?;
        Some(Self::V3 { sender, receiver })
    }

    /// Appends the tags that the version has.
    #[must_use]
    pub fn encode(self, writer: Writer) -> Writer {
        match self {
            Self::V2 => writer,
            Self::V3 { sender, receiver } => writer.int(sender.to_u32()).int(receiver.to_u32()),
        }
    }
}

/// Whether a message may be for no client in particular.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyReceiver {
    /// It may: D-H Commit Messages, and fragments, which may hold one.
    Allowed,
    /// It may not.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_for_us_pass() {
        let ours = InstanceTag::from_u32(0x200).unwrap();
        let check = |sender, receiver, any| match Address::from_tags(sender, receiver) {
            Some(address) => address.check(ours, any),
            None => Err(Ignored::OtherInstance),
        };

        assert_eq!(check(0x100, 0x200, AnyReceiver::Refused), Ok(()));
        assert_eq!(check(0x100, 0, AnyReceiver::Allowed), Ok(()));
        assert_eq!(check(0x100, 0, AnyReceiver::Refused), Err(Ignored::OtherInstance));
        assert_eq!(check(0x100, 0x201, AnyReceiver::Allowed), Err(Ignored::OtherInstance));
        assert_eq!(check(0xff, 0x200, AnyReceiver::Allowed), Err(Ignored::OtherInstance));
        assert_eq!(check(0x100, 0xff, AnyReceiver::Allowed), Err(Ignored::OtherInstance));
        assert_eq!(check(0x200, 0x200, AnyReceiver::Allowed), Err(Ignored::Reflected));
    }
}
