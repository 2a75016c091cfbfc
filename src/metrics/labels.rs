//! What metrics are told apart by.

use prometheus_client::encoding::EncodeLabelSet;

use crate::records::Progress;

/// One label: what became of something. Its values are words of this program, never of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    /// The word.
    pub result: &'static str,
}

/// One label: why something was not done. Its values are words of this program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Reason {
    /// The word, as labels are written.
    pub reason: String,
}

impl Reason {
    pub(super) fn of(words: &str) -> Self {
        Self { reason: words.to_lowercase().replace(' ', "_") }
    }
}

/// One label: the step of the lesson.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Step {
    /// The step's name.
    pub step: &'static str,
}

impl Step {
    pub(super) fn of(progress: Progress) -> Self {
        let step = match progress {
            Progress::Invited => "invited",
            Progress::Talking => "talking",
            Progress::Encrypted => "encrypted",
            Progress::Verified => "verified",
            Progress::Done => "done",
        };
        Self { step }
    }
}

/// One label: the version of OTR.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OtrVersion {
    /// 2 or 3.
    pub version: u8,
}

/// One label: whether an earlier stream went on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Resumption {
    /// `yes` or `no`.
    pub resumed: &'static str,
}

/// Two labels: how much of something a platform has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Share {
    /// The platform's consumer key.
    pub platform: String,
    /// Of what: one of [`SHARES`](super::SHARES).
    pub of: &'static str,
}

/// One label: of what there is so much.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Of {
    /// One of [`SHARES`](super::SHARES).
    pub of: &'static str,
}

/// Two labels: where a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Standing {
    /// Name of the lesson.
    pub lesson: String,
    /// Name of its state.
    pub state: String,
}
