//! What the lesson of a session did, for authors who try it.

use super::Session;
use crate::{
    fsm::{Machine, StateIx},
    lesson::vocabulary::{Action, Deed, EventKind},
};

/// Most steps that wait to be taken. Whoever asks for them takes them after each event.
const MAX_STEPS: usize = 256;

/// An event, and what the lesson made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What happened.
    pub event: EventKind,
    /// Whether the lesson has a reaction to it.
    pub is_handled: bool,
    /// The state in which it happened; `None`: the lesson began by it.
    pub from: Option<StateIx>,
    /// The states that were entered by it, in order.
    pub path: Vec<StateIx>,
    /// What was done besides saying something.
    pub deeds: Vec<Deed>,
    /// How many lines are to be said.
    pub n_lines: usize,
}

impl Session {
    /// From now on, notes what the lesson does.
    pub fn trace(&mut self) {
        self.trace.get_or_insert_default();
    }

    /// What the lesson did since this was last asked; nothing without [`Self::trace`].
    pub fn take_trace(&mut self) -> Vec<Step> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The state of the lesson; `None` before it began.
    pub fn lesson_state(&self) -> Option<StateIx> {
        self.machine.as_ref().map(Machine::at)
    }

    /// Notes an event; `None` for `actions`: nothing reacts to it.
    pub(super) fn note_step(
        &mut self,
        event: EventKind,
        from: Option<StateIx>,
        actions: Option<&[Action]>,
    ) {
        let is_handled = actions.is_some();
        let path = self.machine.as_ref().filter(|_| is_handled).map(|m| m.path().to_vec());
        let Some(trace) = self.trace.as_mut().filter(|trace| trace.len() < MAX_STEPS) else {
            return;
        };
        let mut deeds = Vec::new();
        let mut n_lines = 0;
        for action in actions.unwrap_or_default() {
            match action {
                Action::Do(deed) => deeds.push(*deed),
                Action::Say(_) => n_lines += 1,
                Action::Answer(_) => {}
            }
        }
        trace.push(Step {
            event,
            is_handled,
            from,
            path: path.unwrap_or_default(),
            deeds,
            n_lines,
        });
    }

    /// Notes what came of waiting, if anything did.
    pub(super) fn note_wait(&mut self, from: Option<StateIx>, actions: &[Action]) {
        if !actions.is_empty() || self.lesson_state() != from {
            self.note_step(EventKind::Waited, from, Some(actions));
        }
    }
}
