//! What a step of the conversation leads to: messages to send, and events for the host.

use core::fmt;

use super::error::Ignored;
use super::identity::Fingerprint;
use super::secret::ExtraKey;
use super::version::Version;

/// One thing for the host to do, in the order given.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Send this body to the peer.
    Send(String),
    /// Take note.
    Event(Event),
}

/// What happened.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// The conversation is private now, and was not before, or was so under another key. Private
    /// is not verified: whose key it is, SMP or the fingerprint must show.
    GoneSecure {
        /// Version of the protocol.
        version: Version,
        /// The peer's key.
        fingerprint: Fingerprint,
    },
    /// The conversation was private under this key and goes on so, with fresh keys or with another
    /// client of the peer.
    StillSecure {
        /// Version of the protocol.
        version: Version,
        /// The peer's key.
        fingerprint: Fingerprint,
    },
    /// The version is lower than one that this peer spoke before, though both sides may speak the
    /// higher: somebody between them may have removed it from a query (Bonneau and Morrison 2006).
    /// Follows the [`Event::GoneSecure`] or [`Event::StillSecure`] that it is about.
    Downgraded {
        /// The highest version that the peer has spoken.
        from: Version,
        /// The version spoken now.
        to: Version,
    },
    /// We have ended the private conversation.
    GoneInsecure,
    /// The peer has ended the private conversation. Nothing is sent until we end it too or a new
    /// one begins.
    PeerEnded,
    /// Nothing was said for [`super::limits::IDLE_LIFETIME`]: the keys are wiped and the peer is
    /// told. As after [`Event::PeerEnded`], nothing is sent until the host ends the conversation
    /// or a new one begins.
    IdleEnded,
    /// The peer says something.
    Heard {
        /// What.
        text: String,
        /// Whether it came encrypted. A text in the clear may be anyone's; in a private
        /// conversation that deserves a warning.
        encrypted: bool,
    },
    /// The peer has started SMP and waits for our secret.
    SmpAsked {
        /// Its question, if it asks one.
        question: Option<String>,
    },
    /// SMP has shown that both have the same secret. It is about the key that
    /// `Conversation::peer_fingerprint` names when this is returned, and about no other: the state
    /// of SMP lives and dies with the keys of one private conversation, and a client that is heard
    /// in SMP is the one that is talked to.
    SmpSucceeded,
    /// SMP has shown that the secrets differ. The key is that of [`Event::SmpSucceeded`].
    SmpFailed,
    /// SMP was given up, by either side.
    SmpAborted,
    /// The peer broke the rules of SMP, which was given up.
    SmpCheated,
    /// The peer could not make use of a message. Its words, which may be anyone's.
    PeerError(String),
    /// The peer would like to use the extra symmetric key.
    ExtraKey {
        /// What for: a number that the peers agree on.
        usage: u32,
        /// More about the use.
        data: Vec<u8>,
        /// The key.
        key: ExtraKey,
    },
    /// The peer is there, but says nothing.
    Heartbeat,
    /// The last text was sent again under fresh keys, for the peer could not read it. The same
    /// key and client of the peer as before, or it is not sent.
    Resent,
    /// A text that waited for encryption was not sent, for the conversation became private under
    /// another key than before. The host may send it again, or ask.
    Withheld {
        /// The text.
        text: String,
    },
    /// A message was not acted on.
    Refused(Ignored),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(body) => write!(f, "Send({} bytes)", body.len()),
            Self::Event(event) => f.debug_tuple("Event").field(event).finish(),
        }
    }
}

/// Shows what happened, but no words of the peer or of ours.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GoneSecure { version, fingerprint } => f
                .debug_struct("GoneSecure")
                .field("version", version)
                .field("fingerprint", fingerprint)
                .finish(),
            Self::StillSecure { version, fingerprint } => f
                .debug_struct("StillSecure")
                .field("version", version)
                .field("fingerprint", fingerprint)
                .finish(),
            Self::Downgraded { from, to } => {
                f.debug_struct("Downgraded").field("from", from).field("to", to).finish()
            }
            Self::GoneInsecure => f.write_str("GoneInsecure"),
            Self::PeerEnded => f.write_str("PeerEnded"),
            Self::IdleEnded => f.write_str("IdleEnded"),
            Self::Resent => f.write_str("Resent"),
            Self::Heard { text, encrypted } => f
                .debug_struct("Heard")
                .field("bytes", &text.len())
                .field("encrypted", encrypted)
                .finish(),
            Self::SmpAsked { question } => {
                f.debug_struct("SmpAsked").field("has_question", &question.is_some()).finish()
            }
            Self::SmpSucceeded => f.write_str("SmpSucceeded"),
            Self::SmpFailed => f.write_str("SmpFailed"),
            Self::SmpAborted => f.write_str("SmpAborted"),
            Self::SmpCheated => f.write_str("SmpCheated"),
            Self::PeerError(text) => write!(f, "PeerError({} bytes)", text.len()),
            Self::ExtraKey { usage, data, key: _ } => f
                .debug_struct("ExtraKey")
                .field("usage", usage)
                .field("data_bytes", &data.len())
                .finish_non_exhaustive(),
            Self::Heartbeat => f.write_str("Heartbeat"),
            Self::Withheld { text } => {
                f.debug_struct("Withheld").field("bytes", &text.len()).finish()
            }
            Self::Refused(why) => f.debug_tuple("Refused").field(why).finish(),
        }
    }
}

impl From<Event> for Output {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

impl From<Ignored> for Output {
    fn from(why: Ignored) -> Self {
        Self::Event(Event::Refused(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_words() {
        for event in [
            Event::Heard { text: "words".into(), encrypted: true },
            Event::SmpAsked { question: Some("words".into()) },
            Event::PeerError("words".into()),
            Event::Withheld { text: "words".into() },
        ] {
            let shown = format!("{:?} {event:?}", Output::Event(event.clone()));
            assert!(!shown.contains("words"), "{shown}");
        }
        assert_eq!(format!("{:?}", Output::Send("words".into())), "Send(5 bytes)");
    }
}
