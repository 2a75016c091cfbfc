//! Which messages count as delivered: those that were read (XEP-0184, "Security Considerations" and
//! "When to Send Receipts"). A receipt for what nobody can read would have the learner's program show it
//! as arrived.

use otr::{Event, Output, error::Ignored};

use super::Session;

impl Session {
    /// Whether the last message could be read: a text, a query, or a message of OTR that was for the bot
    /// and in its turn.
    pub fn was_read(&self) -> bool {
        !self.is_unread
    }
}

/// Whether this says that a message could not be read.
pub(super) fn is_unread(output: &Output) -> bool {
    let Output::Event(Event::Refused(why)) = output else { return false };
    match why {
        Ignored::TooLong
        | Ignored::Malformed(_)
        | Ignored::Fragment
        | Ignored::OtherInstance
        | Ignored::Reflected
        | Ignored::TooManyInstances
        | Ignored::OutOfTurn
        | Ignored::BadCommitment
        | Ignored::OutOfRange(_)
        | Ignored::BadMac
        | Ignored::BadSignature
        | Ignored::NotPrivate
        | Ignored::UnknownKeys
        | Ignored::Replayed => true,
        // It was understood, though it leads to nothing.
        Ignored::VersionOne
        | Ignored::Version
        | Ignored::OlderVersion
        | Ignored::LowerCommit
        | Ignored::RateLimited
        | Ignored::Policy => false,
    }
}
