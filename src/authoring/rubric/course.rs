//! Where the straight way leads: the states of a lesson in which learners can be difficult.

use std::collections::BTreeSet;

use super::trial::{Ground, Outcome, Trial};

use crate::authoring::stage::Channel;

/// A state on the straight way, before the learner does the next thing.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Stop {
    /// The name of the state.
    pub(super) state: String,
    /// How many steps lead there.
    pub(super) n_steps: usize,
    is_private: bool,
    /// Both have the same secret, and it is not compared yet.
    is_comparing: bool,
    /// Somebody with another key is at the other end, all at once.
    is_doubtful: bool,
    /// The bot has given its secret in a verified conversation.
    is_given: bool,
}

/// The straight way.
#[derive(Debug)]
pub(super) struct Course {
    /// Its states, each the first time.
    pub(super) stops: Vec<Stop>,
    /// Whether it leads to a pass.
    pub(super) passes: bool,
    /// What has come of it.
    pub(super) outcome: Outcome,
}

impl Course {
    /// Goes the straight way.
    pub(super) fn of(ground: &Ground) -> Self {
        let mut trial = Trial::new(ground, false);
        let mut stops = Vec::new();
        let mut known = BTreeSet::new();
        let mut n_steps = 0;
        loop {
            let state = trial.state();
            if !trial.stage.is_over() && known.insert(state.clone()) {
                stops.push(Stop::of(&trial, state, n_steps));
            }
            if !trial.step() {
                break;
            }
            n_steps += 1;
        }
        trial.go_on();
        let passes = trial.stage.is_passed();
        Self { stops, passes, outcome: trial.finish() }
    }

    /// All stops.
    pub(super) fn all(&self) -> Vec<&Stop> {
        self.stops.iter().collect()
    }

    /// Those where the chat is private.
    pub(super) fn private(&self) -> Vec<&Stop> {
        self.stops.iter().filter(|stop| stop.is_private).collect()
    }

    /// The second one, where the lesson has begun in the clear.
    pub(super) fn open(&self) -> Vec<&Stop> {
        self.stops.iter().filter(|stop| stop.n_steps == 1 && !stop.is_private).collect()
    }

    /// One in the clear, and one where the chat is private.
    pub(super) fn ends(&self) -> Vec<&Stop> {
        self.open().into_iter().chain(self.private().into_iter().next()).collect()
    }

    /// Those where secrets are to be compared.
    pub(super) fn comparing(&self) -> Vec<&Stop> {
        self.stops.iter().filter(|stop| stop.is_comparing).collect()
    }

    /// Those where somebody else is at the other end.
    pub(super) fn doubtful(&self) -> Vec<&Stop> {
        self.stops.iter().filter(|stop| stop.is_doubtful).collect()
    }

    /// The first where the bot has given its secret.
    pub(super) fn given(&self) -> Vec<&Stop> {
        self.stops.iter().find(|stop| stop.is_given).into_iter().collect()
    }
}

impl Stop {
    fn of(trial: &Trial<'_>, state: String, n_steps: usize) -> Self {
        let scene = &trial.stage;
        let is_private = scene.is_private();
        let is_verified = scene.present_channel() == Channel::Verified;
        let was_verified = trial.way.was_verified();
        Self {
            state,
            n_steps,
            is_private,
            is_comparing: is_private && scene.has_secret() && !is_verified && !was_verified,
            is_doubtful: is_private && !is_verified && was_verified,
            is_given: is_verified && scene.code().is_some() && !scene.is_over(),
        }
    }
}
