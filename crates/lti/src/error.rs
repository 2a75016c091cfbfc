//! Why a launch is refused.

use super::{form::FormError, other::Other};

/// Why a launch is refused. Carries names of parameters and numbers, and no value but the names of a
/// version and of a kind of message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// The body is larger than is taken.
    #[error("the request is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body did not come whole in time.
    #[error("the request did not arrive whole")]
    Incomplete,
    /// The body is no form.
    #[error("the content type is not application/x-www-form-urlencoded")]
    ContentType,

    /// The form cannot be read.
    #[error(transparent)]
    Form(#[from] FormError),
    /// A parameter that must be there is not, or is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A parameter that may be there once is there more often.
    #[error("{0} is there more than once")]
    Duplicate(&'static str),
    /// A parameter holds what is not taken: another method, version or kind of message.
    #[error("{0} has a value that is not supported")]
    Unsupported(&'static str),
    /// It is no launch, or none of the version that is spoken.
    #[error("{0}")]
    Other(Other),
    /// A parameter is too long, or holds characters that it must not.
    #[error("{0} is malformed")]
    Malformed(&'static str),

    /// Nobody signed the launch.
    #[error(
        "the launch is not signed: enter a consumer key and a secret of lti.consumers in the platform"
    )]
    Unsigned,
    /// The consumer key is not known.
    #[error("the consumer key is none of lti.consumers")]
    UnknownKey,
    /// The signature is not that of the consumer.
    #[error(
        "the signature does not match: compare the secret, and the launch URL in the platform with lti.public_url"
    )]
    BadSignature,
    /// The launch is too old.
    #[error("the launch is {age} seconds old by our clock, more than lti.nonce_window")]
    Stale {
        /// Its age by our clock.
        age: i64,
    },
    /// The launch comes from the future.
    #[error("the launch is {ahead} seconds ahead of our clock: compare the clocks")]
    Early {
        /// How far it is ahead.
        ahead: i64,
    },
    /// The launch was seen before.
    #[error("the launch was seen before")]
    Replayed,
}

impl From<Other> for LaunchError {
    fn from(other: Other) -> Self {
        Self::Other(other)
    }
}

/// What sort of fault a [`LaunchError`] is: who should do what about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is too large (413).
    TooLarge,
    /// It did not arrive (408).
    Incomplete,
    /// It is no form (415).
    ContentType,
    /// The platform sends what is no launch (400).
    Malformed,
    /// The platform speaks another version (400).
    OtherVersion,
    /// The platform sends another kind of message (400).
    OtherMessage,
    /// The platform does not say who came, as where nobody is logged in (400).
    Nobody,
    /// Key and secret, or the address of the tool, are not set up alike on both sides (401).
    NotTrusted,
    /// It is out of date or was used before: start again (401).
    OutOfDate,
}

impl LaunchError {
    /// The sort of fault.
    pub fn fault(&self) -> Fault {
        match self {
            Self::TooLarge { .. } => Fault::TooLarge,
            Self::Incomplete => Fault::Incomplete,
            Self::ContentType => Fault::ContentType,
            Self::Missing("user_id") => Fault::Nobody,
            Self::Form(_)
            | Self::Missing(_)
            | Self::Duplicate(_)
            | Self::Unsupported(_)
            | Self::Malformed(_) => Fault::Malformed,
            Self::Other(Other::Message(_)) => Fault::OtherMessage,
            Self::Other(Other::Lti13Login | Other::Lti13Launch | Other::Version(_)) => {
                Fault::OtherVersion
            }
            Self::Unsigned | Self::UnknownKey | Self::BadSignature => Fault::NotTrusted,
            Self::Stale { .. } | Self::Early { .. } | Self::Replayed => Fault::OutOfDate,
        }
    }
}

impl Fault {
    /// The HTTP status that answers it.
    pub fn status(self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::Incomplete => 408,
            Self::ContentType => 415,
            Self::Malformed | Self::OtherVersion | Self::OtherMessage | Self::Nobody => 400,
            Self::NotTrusted | Self::OutOfDate => 401,
        }
    }
}
