//! Instance tags: which client of an account a message is from and for (OTRv3, "Instance Tags").

use core::fmt;
use core::num::NonZeroU32;

use rand_core::CryptoRng;

/// Tag of one client: 32 bits, 0x100 at least. Host code keeps it with the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceTag(NonZeroU32);

impl InstanceTag {
    /// The smallest legal tag.
    pub const MIN: u32 = 0x0000_0100;

    /// A random tag from the full range.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        loop {
            // One draw in 2^24 is too small.
            if let Some(tag) = Self::from_u32(rng.next_u32()) {
                return tag;
            }
        }
    }

    /// The tag of this value, if it is legal.
    pub fn from_u32(value: u32) -> Option<Self> {
        NonZeroU32::new(value).filter(|value| value.get() >= Self::MIN).map(Self)
    }

    /// Its value.
    pub fn to_u32(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for InstanceTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// Whom a message of version 3 is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receiver {
    /// Any client of the account: 0 on the wire, for D-H Commit Messages.
    Any,
    /// One client.
    Instance(InstanceTag),
}

impl Receiver {
    /// The receiver of this value: 0, or a legal tag.
    pub fn from_u32(value: u32) -> Option<Self> {
        match value {
            0 => Some(Self::Any),
            _ => InstanceTag::from_u32(value).map(Self::Instance),
        }
    }

    /// Its value.
    pub fn to_u32(self) -> u32 {
        match self {
            Self::Any => 0,
            Self::Instance(tag) => tag.to_u32(),
        }
    }
}

/// One client of the peer, as its messages tell: version 2 has no tags, so all clients that speak
/// it are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerId {
    /// Whoever speaks version 2.
    V2,
    /// The client with this tag.
    V3(InstanceTag),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_below_0x100_are_illegal() {
        assert_eq!(InstanceTag::from_u32(0), None);
        assert_eq!(InstanceTag::from_u32(0xff), None);
        assert_eq!(InstanceTag::from_u32(0x100).map(InstanceTag::to_u32), Some(0x100));
        assert_eq!(InstanceTag::from_u32(u32::MAX).map(InstanceTag::to_u32), Some(u32::MAX));
    }

    #[test]
    fn a_receiver_is_nobody_in_particular_or_a_legal_tag() {
        assert_eq!(Receiver::from_u32(0), Some(Receiver::Any));
        assert_eq!(Receiver::from_u32(1), None);
        assert_eq!(Receiver::from_u32(0x101).map(Receiver::to_u32), Some(0x101));
    }
}
