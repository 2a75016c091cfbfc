//! What the host allows and wants (OTRv3, "Policies").

use super::plaintext::Offer;
use super::version::Version;

/// The flags of the specification. `ALLOW_V1` does not exist: version 1 is never spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of the specification")]
pub struct Policy {
    /// Version 2 may be used.
    pub allow_v2: bool,
    /// Version 3 may be used.
    pub allow_v3: bool,
    /// Unencrypted texts are not sent, but kept until the conversation is private.
    pub require_encryption: bool,
    /// Plaintext carries the whitespace tag until the peer has answered in plaintext.
    pub send_tag: bool,
    /// A whitespace tag of the peer starts the key exchange.
    pub whitespace_start_ake: bool,
    /// An error message of the peer is answered by a query.
    pub error_start_ake: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            allow_v2: true,
            allow_v3: true,
            require_encryption: false,
            send_tag: true,
            whitespace_start_ake: true,
            error_start_ake: true,
        }
    }
}

impl Policy {
    /// Whether this version may be used.
    pub fn allows(&self, version: Version) -> bool {
        match version {
            Version::V2 => self.allow_v2,
            Version::V3 => self.allow_v3,
        }
    }

    /// Whether any version may be used. If not, OTR is off, and every message is plain text.
    pub fn allows_any(&self) -> bool {
        self.allow_v2 || self.allow_v3
    }

    /// The highest version that is offered and allowed.
    pub fn best(&self, offer: Offer) -> Option<Version> {
        if offer.v3 && self.allow_v3 {
            Some(Version::V3)
        } else if offer.v2 && self.allow_v2 {
            Some(Version::V2)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_is_taken() {
        let both = Offer { v1: true, v2: true, v3: true, v4: true };
        let only_v2 = Policy { allow_v3: false, ..Policy::default() };

        assert_eq!(Policy::default().best(both), Some(Version::V3));
        assert_eq!(only_v2.best(both), Some(Version::V2));
        assert_eq!(only_v2.best(Offer { v1: true, v3: true, ..Offer::default() }), None);
    }
}
