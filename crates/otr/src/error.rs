//! What can be wrong with bytes, with a request of the caller, and why a message was not acted on.

use super::limits::MAX_KEPT_TEXTS;

/// The peer's bytes cannot be read. Carries lengths and names of fields, never contents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message ends inside a field.
    #[error("{field} needs {need} bytes, {left} are left")]
    Short {
        /// Name of the field.
        field: &'static str,
        /// Bytes that it needs.
        need: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// Bytes are left after the last field.
    #[error("{left} bytes are left after the end")]
    Trailing {
        /// How many.
        left: usize,
    },
    /// A field holds a value that the specification does not allow.
    #[error("{field} is out of range")]
    Range {
        /// Name of the field.
        field: &'static str,
    },
    /// The text is not `?OTR:`, base 64, and a full stop.
    #[error("not a base 64 message ending in a full stop")]
    Armor,
}

/// A text cannot be sent now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The peer has ended the private conversation: what is typed now may have been meant to be
    /// private. The caller ends it too, or starts a new one.
    #[error("the peer has ended the private conversation")]
    Finished,
    /// What is asked for exists in a private conversation only.
    #[error("the conversation is not private")]
    NotPrivate,
    /// The policy requires encryption, and as many texts as are kept wait for it already.
    #[error("encryption is required, and {MAX_KEPT_TEXTS} texts wait for it already")]
    EncryptionRequired,
    /// The text, or the data of a request, is longer than can be sent.
    #[error("it has {bytes} bytes, {max} can be sent")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// What can be sent.
        max: usize,
    },
    /// The keys cannot be used for one more message: their serial number or counter is at its
    /// end. A new key exchange helps.
    #[error("the keys of this conversation are used up")]
    KeysUsedUp,
}

/// A request about SMP cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmpError {
    /// SMP runs in a private conversation only.
    #[error("the conversation is not private")]
    NotPrivate,
    /// The peer has not asked, or has withdrawn its question.
    #[error("the peer has not asked")]
    NotAsked,
    /// See [`SendError::KeysUsedUp`].
    #[error("the keys of this conversation are used up")]
    KeysUsedUp,
}

/// Why a message was not acted on. No fault of ours: the specification foresees each.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// Longer than [`Limits::message_bytes`](super::limits::Limits::message_bytes).
    #[error("the message is too long")]
    TooLong,
    /// It cannot be read.
    #[error("malformed message: {0}")]
    Malformed(#[from] WireError),
    /// It is a fragment that cannot be read, is out of order, or comes from a wrong place.
    #[error("unusable fragment")]
    Fragment,
    /// It offers or speaks version 1 only, which is broken (identity misbinding) and never spoken.
    #[error("version 1 is not spoken")]
    VersionOne,
    /// It offers no version that both allow, or is of a version that the policy does not allow.
    #[error("no version in common")]
    Version,
    /// It offers an older version than that of a private conversation that is going on, which is held:
    /// see [`Conversation::set_version_held`](super::Conversation::set_version_held).
    #[error("an older version than the one in use")]
    OlderVersion,
    /// It is for another client of ours, or has an illegal instance tag.
    #[error("for another instance")]
    OtherInstance,
    /// It came back to its sender.
    #[error("our own message or key, reflected")]
    Reflected,
    /// As many clients of the peer as are told apart are in private conversations already.
    #[error("too many instances of the peer")]
    TooManyInstances,
    /// The state of the exchange expects another message.
    #[error("out of turn")]
    OutOfTurn,
    /// A D-H Commit Message that crossed ours, and ours has the higher hash.
    #[error("our own D-H Commit Message takes precedence")]
    LowerCommit,
    /// The revealed gx is not the one that was committed to.
    #[error("the commitment does not match")]
    BadCommitment,
    /// A number is not in the group, or a secret key or signature is out of its range.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    /// The MAC does not match.
    #[error("wrong MAC")]
    BadMac,
    /// The signature does not match.
    #[error("wrong signature")]
    BadSignature,
    /// A data message came, and there is no private conversation to read it in.
    #[error("encrypted, but there is no private conversation")]
    NotPrivate,
    /// A data message names keys that are not known any more, or not yet.
    #[error("unknown keys")]
    UnknownKeys,
    /// The counter of a data message is not larger than the last: it was delivered before.
    #[error("replayed message")]
    Replayed,
    /// A reply is due, but too many of its kind were sent lately.
    #[error("too many in a short time")]
    RateLimited,
    /// It is switched off by the policy.
    #[error("switched off by the policy")]
    Policy,
}
