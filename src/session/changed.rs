//! Lessons that have changed since a session was interrupted: where it goes on, and what the learner is
//! told.
//!
//! A state is known by its name, and a lesson by its own name or by its title. A state that is gone is
//! looked up in `moved`, in which authors say where its learners go on; without that, the lesson begins
//! at its start. The new place is entered as any other; one that needs a private conversation, which is
//! lost, is left at once the way that the lesson has for that.

use std::{sync::Arc, time::Instant};

use rand_core::CryptoRng;

use super::{Effect, Note, Session, phrases, speech::Kind};
use crate::{
    fsm::{Machine, StateIx},
    lesson::{
        Lesson,
        vocabulary::{Event, EventKind, Need},
    },
};

/// What is said with what the exercise is called in it.
type Named = fn(&str) -> String;

/// A lesson and a state of it, as they were called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Name of the lesson; `None`: it had none, or the version that wrote this kept none.
    pub(super) name: Option<String>,
    /// Title of the lesson.
    pub(super) lesson: String,
    pub(super) state: String,
}

/// What has changed about the place where a session stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The lesson says where its learners go on.
    Moved,
    /// It is gone, and the lesson says nothing of it.
    Gone,
    /// The lesson is another one.
    Lesson,
}

/// The state where a session goes on that stood in this place, privately or not, and whether that is
/// another one.
pub(super) fn destination(
    lesson: &Lesson,
    place: &Place,
    was_private: bool,
) -> (StateIx, Option<Change>) {
    let start = lesson.graph().start();
    let has_name = place.name.is_some() && place.name.as_deref() == lesson.name();
    if !has_name && place.lesson != lesson.title() {
        return (start, Some(Change::Lesson));
    }
    match (lesson.graph().find(&place.state), lesson.moved(&place.state)) {
        // What the state needs now was not needed then.
        (Some(at), _) if lesson.need(at) > Need::Nothing && !was_private => {
            (at, Some(Change::Moved))
        }
        (Some(at), _) => (at, None),
        (None, Some(at)) => (at, Some(Change::Moved)),
        (None, None) => (start, Some(Change::Gone)),
    }
}

impl Session {
    /// Tells the learner that the lesson has changed, and goes on in the new place.
    pub(super) fn go_on_elsewhere(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        change: Change,
        was_private: bool,
        effects: &mut Vec<Effect>,
    ) {
        effects.push(Effect::Note(Note::LessonChanged));
        self.tell_change(now, change);
        if was_private {
            self.say_phrase(now, phrases::privacy_has_ended, Kind::Notice);
        }
        let Some(at) = self.machine.as_ref().map(Machine::at) else { return };
        let is_resting = self.rests_since.is_some();
        if self.config.lesson.need(at) > Need::Nothing {
            self.is_interrupted = true;
            self.tell(now, rng, &Event::of(EventKind::OtrDisabled), effects);
            self.is_interrupted = false;
            if is_resting {
                self.rest(now);
            }
        } else if !is_resting {
            self.remember();
            let graph = Arc::clone(self.config.lesson.graph());
            let (machine, actions) = Machine::start_at(graph, at, now, &self.memory);
            self.machine = Some(machine);
            self.note_step(EventKind::Entered, None, Some(&actions));
            self.perform(now, rng, actions, effects);
        }
    }

    fn tell_change(&mut self, now: Instant, change: Change) {
        let (named, plain): (Named, fn() -> String) = match change {
            Change::Moved => (phrases::goes_on_with_changed, phrases::lesson_changed),
            Change::Gone => (phrases::begins_again_with, phrases::lesson_begins_again),
            Change::Lesson => (phrases::has_another_lesson, phrases::another_lesson),
        };
        if !self.say_named(now, named) {
            self.say_phrase(now, plain, Kind::Notice);
        }
    }
}
