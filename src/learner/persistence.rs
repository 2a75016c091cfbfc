//! A learner who does not give up: what a person does when nothing happens, or privacy is lost.

use std::time::{Duration, Instant};

use otr::event::Event as OtrEvent;

use super::{
    person::{Learner, now},
    script::Wait,
};

use crate::failure::Failure;
use secrecy::ExposeSecret as _;

/// How long nothing may happen until a step is tried again.
const RETRY: Duration = Duration::from_secs(15);
/// The least time between two tries that something unexpected led to.
const LEAST_PAUSE: Duration = Duration::from_secs(3);

/// What a learner who does not give up keeps in mind.
#[derive(Debug, Default)]
pub(super) struct Persistence {
    /// Whether the step is to be tried again at once.
    is_due: bool,
    tried: Option<Instant>,
    /// How often steps were tried again.
    pub(super) n_tries: u32,
}

impl Persistence {
    /// When a step that waits is to be tried again.
    pub(super) fn next_try(&self, since: Instant) -> Instant {
        let last = self.tried.map_or(since, |tried| tried.max(since));
        let pause = if self.is_due { Duration::ZERO } else { RETRY };
        last.checked_add(pause).unwrap_or(last)
    }

    /// Looks at what happened; `is_private`: whether the learner's program took the conversation for
    /// private before.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine may learn more events")]
    pub(super) fn observe(&mut self, event: &OtrEvent, is_private: bool) {
        let is_rested =
            self.tried.is_none_or(|tried| now().saturating_duration_since(tried) >= LEAST_PAUSE);
        self.is_due |= match event {
            // The next step can be taken.
            OtrEvent::GoneSecure { .. } => true,
            OtrEvent::Heard { encrypted: false, .. } => is_private && is_rested,
            OtrEvent::PeerEnded
            | OtrEvent::GoneInsecure
            | OtrEvent::PeerError(_)
            | OtrEvent::SmpFailed
            | OtrEvent::SmpAborted => is_rested,
            _ => false,
        };
    }

    /// The script goes on by itself: nothing is due that was so before.
    pub(super) fn go_on(&mut self) {
        self.is_due = false;
    }

    fn begin(&mut self) {
        self.is_due = false;
        self.tried = Some(now());
        self.n_tries = self.n_tries.saturating_add(1);
    }
}

impl Learner {
    /// Tries what leads to what is waited for once more.
    pub(super) async fn try_again(&mut self, what: &Wait) -> Result<(), Failure> {
        if let Some(persistence) = &mut self.persistence {
            persistence.begin();
        }
        self.show("* trying again");
        let now = now();
        let outputs = match what {
            Wait::Plain => self.otr.end(now, &mut self.rng),
            Wait::Private | Wait::Verified | Wait::Secret if !self.is_really_private => {
                self.otr.start(now, &mut self.rng)
            }
            Wait::Verified | Wait::Secret if !self.is_verified => {
                // What is under way may have lost a message.
                let mut outputs = self.otr.smp_abort(now, &mut self.rng).unwrap_or_default();
                let secret = self.secret.expose_secret().as_bytes();
                let begun = self.otr.smp_start(now, &mut self.rng, secret, None);
                outputs.extend(begun.unwrap_or_default());
                outputs
            }
            Wait::Private | Wait::Verified | Wait::Secret | Wait::Text(_) => {
                self.otr.send(now, &mut self.rng, "help").unwrap_or_default()
            }
        };
        self.perform(outputs).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_does_next_is_not_tried_again_at_once() {
        let mut persistence = Persistence::default();
        let since = now();
        let message = OtrEvent::Heard { text: String::new(), encrypted: false };

        persistence.observe(&message, true);
        assert_eq!(persistence.next_try(since), since);
        persistence.go_on();

        assert_eq!(persistence.next_try(since), since + RETRY);
    }
}
