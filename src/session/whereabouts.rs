//! How far the learner is, and what the lesson gives for it.

use super::{BotSecretStanding, Session, Whereabouts};
use crate::{
    lesson::vocabulary::{Condition, Milestone, Need},
    records::Progress,
};

impl Session {
    /// How far the learner is.
    pub fn whereabouts(&self) -> Whereabouts {
        Whereabouts {
            progress: self.present_progress(),
            fingerprint: Some(self.own_fingerprint().to_string()),
            has_secret: self.shared_secret.is_some(),
            bot_secret: self.bot_secret_standing(),
            unreachable: None,
            is_elsewhere: false,
        }
    }

    pub(super) fn bot_secret_standing(&self) -> BotSecretStanding {
        BotSecretStanding::of(self.holds(Condition::BotSecretGiven), self.is_bot_secret_held)
    }

    /// How much of the grade the lesson gives for a step: for the last one all of it.
    pub(super) fn credit(&self, progress: Progress) -> Option<f64> {
        let reached = match progress {
            Progress::Invited => return None,
            Progress::Done => return Some(1.0),
            Progress::Talking => Milestone::Talking,
            Progress::Encrypted => Milestone::Encrypted,
            Progress::Verified => Milestone::Verified,
        };
        self.config.lesson.credit(reached)
    }

    pub(super) fn present_progress(&self) -> Progress {
        if self.holds(Condition::Passed) {
            Progress::Done
        } else if self.certain() == Need::Verified || self.holds(Condition::BotSecretGiven) {
            Progress::Verified
        } else if self.certain() == Need::Private {
            Progress::Encrypted
        } else if self.machine.is_some() {
            Progress::Talking
        } else {
            Progress::Invited
        }
    }
}
