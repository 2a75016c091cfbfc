//! What was lost on its way to the learner, and how it is made good.
//!
//! A stream that breaks may take with it what the server has not acknowledged. What was said in the
//! clear is sent again as it was. What was encrypted never is: it comes back to the session as what it
//! [meant](Meaning), and is said anew in the private conversation that stands now. It may come twice
//! if the server had it all the same.
//!
//! - A line is said before those that wait, if the conversation is still what it needs. If it is not,
//!   the lesson has told the learner so when that happened.
//! - Of a key exchange nobody knows how far it came: another one is asked for, and what is to be said
//!   in private waits for it as for a program that came back.
//! - SMP cannot go on with a step missing: it is given up, and the learner is asked to begin again.

use std::{fmt, sync::Arc, time::Instant};

use rand_core::CryptoRng;

use super::{
    Effect, Session, phrases,
    speech::{Kind, Line},
};
use crate::lesson::vocabulary::{Event, EventKind, Need};

/// What a message body stands for.
#[derive(Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A line of the bot.
    Line(Arc<Line>),
    /// A step of a key exchange, or the wish for one.
    Exchange,
    /// A step of SMP.
    Verification,
    /// Something, nobody knows what: there was no room to keep it.
    Forgotten,
    /// Nothing that is missed.
    Nothing,
}

// What is said never reaches a log.
impl fmt::Debug for Meaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line(_) => "Line",
            Self::Exchange => "Exchange",
            Self::Verification => "Verification",
            Self::Forgotten => "Forgotten",
            Self::Nothing => "Nothing",
        })
    }
}

impl Meaning {
    /// What a body means that the OTR conversation wants sent, other than the host's words.
    pub(super) fn of_protocol(body: &str, is_verifying: bool) -> Self {
        // The type is the third byte, and 0x03 a data message; the first two are the version.
        let is_data = ["?OTR:AAMD", "?OTR:AAID"].iter().any(|start| body.starts_with(start));
        if is_data && is_verifying {
            Self::Verification
        } else if !is_data && body.starts_with("?OTR") && !body.starts_with("?OTR Error") {
            Self::Exchange
        } else {
            Self::Nothing
        }
    }
}

impl Session {
    /// These did not reach the learner, or nobody knows whether they did.
    pub fn on_undelivered(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        lost: &[Meaning],
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over {
            return effects;
        }
        if lost.contains(&Meaning::Exchange) {
            if self.conversation.is_private() {
                self.clients.ask_back(now);
            }
            self.start_otr(now, rng, &mut effects);
        }
        if lost.contains(&Meaning::Forgotten) {
            self.say_phrase(now, phrases::words_lost, Kind::Notice);
        }
        if lost.contains(&Meaning::Verification) && self.certain() >= Need::Private {
            self.abort_smp(now, rng, &mut effects);
            self.say_phrase(now, phrases::verification_lost, Kind::Notice);
            self.tell(now, rng, &Event::of(EventKind::SmpAborted), &mut effects);
        }
        let lines = lost.iter().filter_map(|lost| match lost {
            Meaning::Line(line) => Some(Line::clone(line)),
            Meaning::Exchange | Meaning::Verification | Meaning::Forgotten | Meaning::Nothing => {
                None
            }
        });
        self.speech.put_back(now, lines);
        self.settle(now, rng, &mut effects);
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meaning_of_a_message_is_told_by_its_type() {
        for (body, is_verifying, meaning) in [
            ("?OTR:AAMDJ+", true, Meaning::Verification),
            ("?OTR:AAIDJ+", true, Meaning::Verification),
            ("?OTR:AAMDJ+", false, Meaning::Nothing),
            ("?OTR:AAMCxx", false, Meaning::Exchange),
            ("?OTR:AAMKxx", true, Meaning::Exchange),
            ("?OTR:AAISxx", false, Meaning::Exchange),
            ("?OTRv23?", false, Meaning::Exchange),
            ("?OTR Error: no", true, Meaning::Nothing),
            ("hello", false, Meaning::Nothing),
        ] {
            assert_eq!(Meaning::of_protocol(body, is_verifying), meaning, "{body}");
        }
    }
}
