//! Lessons: what the bot teaches, as written in YAML, checked, and ready to run.
//!
//! ```text
//! YAML --yaml--> tree with places --raw--> lesson as written --check--> Lesson
//! ```
//!
//! [`parse`] is the only way to a [`Lesson`], so a lesson that exists can run: its words and names
//! exist, each state can be reached and has a way out, its texts have variables with values, and
//! the bot secret is said in verified conversations only. All faults are told at once, each with
//! line and column.
//!
//! The English text of a lesson is the `msgid` of its translations. After parsing nothing is looked
//! up by name.
//!
//! # The file
//!
//! ```yaml
//! title: Saying hello          # shown to the learner
//! start: hello                 # the first state
//! moved:                       # states that are gone, and where their learners go on
//!   welcome: hello
//! credit:                      # parts of the grade on the way; left out: all of it at the end
//!   encrypted: 40%             # talking, encrypted, verified
//! topics:                      # words by which messages are recognised, translated as one text
//!   help: help, how, what
//! anywhere:                    # reactions of every state, after its own
//!   - when: bot_secret_accepted
//!     go: end
//! states:
//!   hello:
//!     needs: nothing           # or private, verified: what is certain about the chat here
//!     enter:                   # done on coming in
//!       - say: Hello, I am ${bot_alias}.
//!     leave: []                # done on going out
//!     on:                      # the first reaction that fits is taken
//!       - when: message_received
//!         about: help
//!         hint: true           # gives the next hint
//!       - when: otr_enabled
//!         if: [has_secret, not verified]
//!         do:
//!           - hush
//!           - say: Now we are private.
//!         go: end
//!       - when: message_received
//!         at_most_every: 30s   # does nothing in between
//!         do:
//!           - say: I am a simple bot.
//!       - after: 10m
//!         go: end
//!     hints:                   # come by themselves, in this order, or when asked for
//!       - after: 1m
//!         do:
//!           - say: Look for a padlock.
//!   end:
//!     end: true                # the session ends here
//! ```
//!
//! Besides `say`, a reaction can `answer: Paris`: that answers the learner's SMP with what everybody
//! knows, to show what it is worth.
//!
//! With `extends: basics` at the top, a lesson begins with all that the other one has. What stands
//! in it goes in front: topics and states in the place of those of the same name, reactions of
//! `anywhere` before the others. States that are not reached any more are left out.

mod check;
mod claims;
mod doubts;
mod error;
mod extend;
pub mod folder;
pub mod library;
mod meant;
pub mod messages;
mod moved;
mod raw;
mod rounds;
pub mod schema;
pub mod text;
pub mod vocabulary;
mod yaml;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::fsm::{Graph, StateIx};

pub use doubts::{Doubt, Kind as DoubtKind, Spot};
pub(crate) use error::nearest;
pub use error::{Fault, LessonError, LessonErrors};
pub use extend::is_shared;
pub use library::Library;
pub use raw::duration;
pub use vocabulary::Teaching;

use vocabulary::{Milestone, Need};

/// A lesson that can run.
#[derive(Clone, Debug)]
pub struct Lesson {
    name: Option<String>,
    title: String,
    graph: Arc<Graph<Teaching>>,
    needs: Vec<Need>,
    tasks: Vec<Option<String>>,
    topics: Vec<Topic>,
    n_urgent: usize,
    texts: Vec<Text>,
    moved: BTreeMap<String, StateIx>,
    credit: Vec<(Milestone, u8)>,
    origin: Arc<doubts::Origin>,
}

/// Something that messages can be about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name in the lesson.
    pub name: String,
    /// The words by which it is recognised, separated by commas; a `msgid`.
    pub words: String,
}

/// A text that wants to be translated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What tells it from the same text elsewhere.
    pub context: Option<String>,
    /// The English text.
    pub msgid: String,
    /// Its line in the file.
    pub line: u64,
}

impl Lesson {
    /// The same, known by a name.
    #[must_use]
    pub(crate) fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// The name by which the library knows it; `None`: it is in no library.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The title, in English.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where its title stands; one that it has from the lesson that it extends stands there.
    pub fn title_spot(&self) -> Spot {
        self.origin.title()
    }

    /// The states and what leads from one to the other.
    pub fn graph(&self) -> &Arc<Graph<Teaching>> {
        &self.graph
    }

    /// What the states need, in the order of the graph's states.
    pub fn needs(&self) -> &[Need] {
        &self.needs
    }

    /// The state in which learners go on who stood in one of this name, which the lesson has no more;
    /// `None`: it does not say.
    pub fn moved(&self, old: &str) -> Option<StateIx> {
        self.moved.get(old).copied()
    }

    /// What a state needs; nothing where there is none of this number.
    pub fn need(&self, state: StateIx) -> Need {
        self.needs.get(state.number()).copied().unwrap_or(Need::Nothing)
    }

    /// Whether it has something done anywhere.
    pub fn does(&self, deed: vocabulary::Deed) -> bool {
        let states = self.graph.states().iter();
        let steady = states.clone().flat_map(|state| {
            let hints = state.hints.iter().flat_map(|hint| &hint.actions);
            state.enter.iter().chain(&state.leave).chain(hints)
        });
        let reactions = states.flat_map(|state| &state.reactions).chain(self.graph.everywhere());
        let reacting = reactions.flat_map(|r| r.actions.iter().chain(r.again.iter().flatten()));
        let deed = vocabulary::Action::Do(deed);
        steady.chain(reacting).any(|action| *action == deed)
    }

    /// What the learner is to do in a state, in English; `None`: the lesson does not say it.
    pub fn task(&self, state: StateIx) -> Option<&str> {
        self.tasks.get(state.number()).and_then(Option::as_deref)
    }

    /// Whether it says anywhere what the learner is to do.
    pub fn has_tasks(&self) -> bool {
        self.tasks.iter().any(Option::is_some)
    }

    /// The topics, in the order of their [`vocabulary::TopicIx`].
    pub fn topics(&self) -> &[Topic] {
        &self.topics
    }

    /// Whether a topic goes before all that are not urgent.
    pub fn is_urgent(&self, topic: vocabulary::TopicIx) -> bool {
        topic.0 < self.n_urgent
    }

    /// The part of the grade, from 0 to 1, for whoever has reached a milestone and not the end;
    /// `None`: none.
    pub fn credit(&self, reached: Milestone) -> Option<f64> {
        let earned = self.credit.iter().filter(|(milestone, _)| *milestone <= reached);
        earned.map(|(_, percent)| f64::from(*percent) / 100.0).reduce(f64::max)
    }

    /// The parts of the grade that it gives before its end, in percent, rising with the milestones.
    pub fn parts_of_grade(&self) -> &[(Milestone, u8)] {
        &self.credit
    }

    /// All texts to translate, in the order of the file; without those of a lesson that it extends.
    pub fn texts(&self) -> &[Text] {
        &self.texts
    }

    /// What is probably a slip, in the order of the file.
    pub fn doubts(&self) -> Vec<Doubt> {
        doubts::doubts(self)
    }
}

/// Reads a lesson whose texts use the [standard variables](text::KNOWN_VARIABLES) alone.
///
/// # Errors
///
/// All faults that the lesson has.
pub fn parse(yaml: &str) -> Result<Lesson, LessonErrors> {
    parse_with(yaml, &[])
}

/// Reads a lesson whose texts may use further variables.
///
/// # Errors
///
/// All faults that the lesson has. Where its YAML cannot be read, that alone.
pub fn parse_with(yaml: &str, more_variables: &[&str]) -> Result<Lesson, LessonErrors> {
    parse_in(yaml, more_variables, &library::built_in_sources())
}

/// The faults of a file that lessons include, and its texts in the order of the file.
///
/// # Errors
///
/// All faults that it has by itself; others show where a lesson includes it.
pub fn parse_shared(yaml: &str) -> Result<Vec<Text>, LessonErrors> {
    let texts = messages::messages(yaml, &BTreeMap::new())?;
    Ok(texts
        .into_iter()
        .map(|text| Text { context: text.context, msgid: text.msgid, line: text.line })
        .collect())
}

/// What is probably a slip in a file that lessons include, as far as it shows in that alone, in the
/// order of the file; nothing of one that has faults.
pub fn doubts_of_shared(yaml: &str) -> Vec<Doubt> {
    let mut reader = yaml::Reader::default();
    let Some(node) = reader.read(yaml, None) else { return Vec::new() };
    let raw = raw::RawLesson::read_shared(&node, &mut reader);
    doubts::doubts_of_shared(&node, &raw, reader)
}

/// Reads a lesson that may extend another, or include what several share: the YAML of the files that
/// there are, by name.
///
/// # Errors
///
/// Those of [`parse_with`].
pub fn parse_in(
    yaml: &str,
    more_variables: &[&str],
    bases: &BTreeMap<String, String>,
) -> Result<Lesson, LessonErrors> {
    let mut reader = yaml::Reader::default();
    let Some(node) = reader.read(yaml, None) else { return Err(LessonErrors(reader.errors)) };
    let node = extend::extend(node, bases, &mut reader);
    let raw = raw::RawLesson::read(&node, &mut reader);
    let variables: BTreeSet<&str> =
        text::KNOWN_VARIABLES.iter().chain(more_variables).copied().collect();
    check::check(raw, &variables, reader).map_err(|mut errors| {
        errors.sort();
        errors.dedup();
        LessonErrors(errors)
    })
}

#[cfg(test)]
mod tests;
