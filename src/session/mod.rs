//! One learner's session, without actors: OTR, lesson and texts together.

/// How far a learner is in the lesson, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// Invited, and not heard of yet.
    Invited,
    /// Talking in plain text.
    Talking,
    /// In a private conversation.
    Encrypted,
    /// The bot was verified by SMP.
    Verified,
    /// The bot secret was typed into the page: passed.
    Done,
}

/// What the bot thinks of a shared secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretVerdict {
    /// Strong enough, and kept for SMP.
    Accepted,
    /// Too easy to guess, and not kept.
    TooWeak {
        /// Why, in the learner's language.
        warning: String,
        /// What to do better, in the learner's language.
        advice: Vec<String>,
    },
    /// Empty, or longer than the bot takes.
    Unusable,
}
