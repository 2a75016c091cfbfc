//! What is probably a slip in a lesson that can run: its author is told, and may have meant it so.
//!
//! - Nobody in danger is to be answered as if they had asked for a hint ([`danger`]).
//! - What is never taken, reached or heard does not say what its author wanted to say ([`taken`],
//!   [`ways`], [`topics`]).
//! - What learners read holds no signs that were meant for the program ([`texts`]).
//! - Whoever has done all gets a grade ([`grade`]).
//!
//! ```text
//! lesson as written + Lesson --View--> rooms: each state, what stands in it, and whether it can be taken
//!                                        --> doubts
//! ```

mod danger;
mod grade;
mod keys;
mod kinds;
mod taken;
#[cfg(test)]
mod tests;
mod texts;
mod topics;
mod ways;

use std::collections::BTreeSet;

pub use kinds::Kind;

use super::Lesson;
use super::raw::{RawLesson, RawReaction, RawState};
use super::vocabulary::{Need, Teaching};
use super::yaml::{Node, Place, Reader};
use crate::fsm::{self, State};
use taken::Fate;

/// A reaction of a lesson.
type Reaction = fsm::Reaction<Teaching>;

/// Where something of a lesson stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Name of the file that the lesson extends or includes, if it stands in that.
    pub other: Option<String>,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

/// Something that is probably a slip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// Where.
    pub spot: Spot,
    /// What.
    pub kind: Kind,
}

/// A lesson as it was written.
#[derive(Debug)]
pub(super) struct Origin {
    raw: RawLesson,
    reader: Reader,
    /// What texts can use.
    variables: BTreeSet<String>,
}

impl Origin {
    pub(super) fn new(raw: RawLesson, reader: Reader, variables: &BTreeSet<&str>) -> Self {
        let variables = variables.iter().map(|name| (*name).to_owned()).collect();
        Self { raw, reader, variables }
    }

    /// Where the title stands.
    pub(super) fn title(&self) -> Spot {
        let top = Place { line: 1, column: 1, other: None };
        self.reader.spot(self.raw.title.as_ref().map_or(top, |title| title.place))
    }
}

/// All doubts about a lesson, in the order of the file.
pub(super) fn doubts(lesson: &Lesson) -> Vec<Doubt> {
    let mut view = View::of(lesson);
    danger::check(&mut view);
    taken::check(&mut view);
    ways::check(&mut view);
    keys::check(&mut view);
    grade::check(&mut view);
    texts::check(&mut view);
    topics::check(&mut view);
    view.found.into_iter().collect()
}

/// The doubts about a file that lessons include, as far as they show without a lesson.
pub(super) fn doubts_of_shared(node: &Node, raw: &RawLesson, reader: Reader) -> Vec<Doubt> {
    let mut reader = reader;
    texts::check_shared(node, &mut reader);
    for (name, words) in &raw.topics {
        topics::check_words(name, words, &mut |place, kind| reader.doubt(place, kind));
    }
    let found: BTreeSet<Doubt> = reader.doubts.into_iter().collect();
    found.into_iter().collect()
}

/// A lesson with what it was written as, and what was found so far.
struct View<'l> {
    lesson: &'l Lesson,
    raw: &'l RawLesson,
    reader: &'l Reader,
    /// The states, in the order of the graph.
    rooms: Vec<Room<'l>>,
    found: BTreeSet<Doubt>,
}

/// A state, with all that it reacts to.
struct Room<'l> {
    state: &'l State<Teaching>,
    written: &'l RawState,
    need: Need,
    /// Its reactions and those of every state, in the order in which they are tried.
    standing: Vec<Standing<'l>>,
    /// What becomes of these.
    fates: Vec<Fate<'l>>,
    /// Whether the lesson can stay in it.
    waits: bool,
}

/// A reaction in a state.
#[derive(Clone, Copy)]
struct Standing<'l> {
    reaction: &'l Reaction,
    written: &'l RawReaction,
    /// It is the state's own.
    is_own: bool,
}

impl<'l> View<'l> {
    fn of(lesson: &'l Lesson) -> Self {
        let Origin { raw, reader, .. } = &*lesson.origin;
        let graph = &lesson.graph;
        let standing =
            |is_own| move |(reaction, written)| Standing::<'l> { reaction, written, is_own };
        let rooms = graph.states().iter().zip(&raw.states).zip(&lesson.needs);
        let rooms = rooms.map(|((state, written), need)| {
            let own = state.reactions.iter().zip(&written.reactions).map(standing(true));
            let shared = graph.everywhere().iter().zip(&raw.anywhere).map(standing(false));
            let shared = shared.filter(|_| !state.is_end);
            let standing: Vec<Standing<'l>> = own.chain(shared).collect();
            let fates = taken::fates(&standing, *need);
            let waits = ways::waits(state, *need);
            Room { state, written, need: *need, standing, fates, waits }
        });
        let found = reader.doubts.iter().cloned().collect();
        Self { lesson, raw, reader, rooms: rooms.collect(), found }
    }

    fn doubt(&mut self, place: Place, kind: Kind) {
        self.found.insert(Doubt { spot: self.reader.spot(place), kind });
    }

    /// Where the lesson as a whole stands: its title.
    fn top(&self) -> Spot {
        self.lesson.origin.title()
    }
}

impl<'l> Room<'l> {
    /// The reactions that can be taken.
    fn taken(&self) -> impl Iterator<Item = &Standing<'l>> {
        let both = self.standing.iter().zip(&self.fates);
        both.filter(|(_, fate)| matches!(fate, Fate::Taken)).map(|(standing, _)| standing)
    }
}
