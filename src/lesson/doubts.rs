//! What is probably a slip in a lesson that can run: its author is told, and may have meant it so.
//!
//! - Nobody in danger is to be answered as if they had asked for a hint.
//! - A reaction that another one always goes before is never seen.
//! - A topic that nothing is about was forgotten, or its name is mistyped.
//! - A state that waits for the learner says by its `task` what for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::Lesson;
use super::raw::{RawLesson, RawReaction};
use super::vocabulary::{Claim, Condition, EventKind, Need, Teaching, TopicIx, Word as _};
use super::yaml::{Place, Reader};
use crate::fsm::{self, State};

/// A reaction of a lesson.
type Reaction = fsm::Reaction<Teaching>;

/// Most conditions whose combinations are all tried.
const MAX_TRIED: usize = 8;

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

/// What is probably a slip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// No topic is urgent: whoever is in danger is answered as anybody else.
    NothingUrgent,
    /// An urgent topic is not answered in these states, whatever holds.
    Unanswered {
        /// The topic.
        topic: String,
        /// The states.
        states: Vec<String>,
    },
    /// A reaction that is never taken.
    NeverTaken {
        /// The event; `None`: it comes by waiting.
        event: Option<EventKind>,
        /// The state; `None`: in no state at all.
        state: Option<String>,
        /// The reaction that goes before it.
        before: Spot,
    },
    /// No reaction is about a topic.
    UnusedTopic(String),
    /// A state waits for the learner and has no `task`.
    NoTask(String),
    /// A comment follows a text that stands without quotation marks.
    CutText,
    /// A word that is taken for `true` or `false`.
    Truth {
        /// The word.
        word: String,
        /// What it is taken for.
        is_true: bool,
    },
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingUrgent => f.write_str(
                "no topic is `urgent`: whoever is in danger is answered as anybody else; \
                 `includes: common` brings such a topic and its answers",
            ),
            Self::Unanswered { topic, states } => {
                let states: Vec<String> = states.iter().map(|name| format!("`{name}`")).collect();
                write!(
                    f,
                    "the urgent topic `{topic}` has no reaction that always fits in {}; \
                     put one into `anywhere`",
                    states.join(", ")
                )
            }
            Self::NeverTaken { event, state, before } => {
                match event {
                    Some(event) => write!(f, "this reaction to `{}` is never taken", event.word())?,
                    None => f.write_str("this reaction to waiting is never taken")?,
                }
                if let Some(state) = state {
                    write!(f, " in `{state}`")?;
                }
                write!(f, ": the one in line {} always goes before it", before.line)
            }
            Self::UnusedTopic(topic) => write!(f, "no reaction is about the topic `{topic}`"),
            Self::NoTask(state) => write!(
                f,
                "the state `{state}` waits for the learner and has no `task` that says what for"
            ),
            Self::CutText => f.write_str(
                "the text ends before this #, which begins a comment; if it belongs to the text, \
                 write the whole text in quotation marks, and else the comment in a line of its own",
            ),
            Self::Truth { word, is_true } => {
                write!(f, "`{word}` is taken for `{is_true}`; write `{is_true}`")
            }
        }
    }
}

/// Where the parts of a lesson stand.
#[derive(Clone, Debug)]
pub(super) struct Places {
    title: Spot,
    topics: Vec<Spot>,
    states: Vec<Spot>,
    /// Those of the states, in their order.
    reactions: Vec<Vec<Spot>>,
    anywhere: Vec<Spot>,
    /// What is doubtful about how the lesson is written.
    written: Vec<Doubt>,
}

impl Places {
    /// The places of a lesson as it is written.
    pub(super) fn of(raw: &RawLesson, reader: &Reader) -> Self {
        let top = Place { line: 1, column: 1, other: None };
        let spot = |place| reader.spot(place);
        let spots = |reactions: &[RawReaction]| reactions.iter().map(|r| spot(r.place)).collect();
        Self {
            title: spot(raw.title.as_ref().map_or(top, |title| title.place)),
            topics: raw.topics.iter().map(|(name, _)| spot(name.place)).collect(),
            states: raw.states.iter().map(|state| spot(state.name.place)).collect(),
            reactions: raw.states.iter().map(|state| spots(&state.reactions)).collect(),
            anywhere: spots(&raw.anywhere),
            written: reader.doubts.clone(),
        }
    }
}

/// A reaction in a state, with its place.
#[derive(Clone, Copy)]
struct Standing<'l> {
    reaction: &'l Reaction,
    spot: &'l Spot,
    is_own: bool,
}

/// All doubts about a lesson, in the order of the file.
pub(super) fn doubts(lesson: &Lesson) -> Vec<Doubt> {
    let mut doubts: BTreeSet<Doubt> = lesson.places.written.iter().cloned().collect();
    urgent(lesson, &mut doubts);
    never_taken(lesson, &mut doubts);
    unused_topics(lesson, &mut doubts);
    tasks(lesson, &mut doubts);
    doubts.into_iter().collect()
}

/// The states of a lesson that do not end it, each with its need, its place and its reactions in the
/// order in which they are tried.
fn states(
    lesson: &Lesson,
) -> impl Iterator<Item = (&State<Teaching>, Need, &Spot, Vec<Standing<'_>>)> {
    let Places { states, reactions, anywhere, .. } = &lesson.places;
    let graph = &lesson.graph;
    let all = graph.states().iter().zip(&lesson.needs).zip(states.iter().zip(reactions));
    all.filter(|((state, _), _)| !state.is_end).map(move |((state, need), (spot, spots))| {
        let standing = |is_own| move |(reaction, spot)| Standing { reaction, spot, is_own };
        let own = state.reactions.iter().zip(spots).map(standing(true));
        let shared = graph.everywhere().iter().zip(anywhere).map(standing(false));
        (state, *need, spot, own.chain(shared).collect())
    })
}

fn urgent(lesson: &Lesson, doubts: &mut BTreeSet<Doubt>) {
    if lesson.n_urgent == 0 {
        let spot = lesson.places.title.clone();
        doubts.insert(Doubt { spot, kind: Kind::NothingUrgent });
    }
    let topics = lesson.topics.iter().zip(&lesson.places.topics).enumerate().take(lesson.n_urgent);
    for (ix, (topic, spot)) in topics {
        let mut lacking = Vec::new();
        for (state, need, _, reactions) in states(lesson) {
            let always_fits = |standing: &Standing<'_>| {
                let trigger = &standing.reaction.trigger;
                trigger.event == EventKind::MessageReceived
                    && trigger.topics.contains(&TopicIx(ix))
                    && trigger.conditions.iter().all(|claim| is_certain(*claim, need))
            };
            if !reactions.iter().any(always_fits) {
                lacking.push(state.name.clone());
            }
        }
        if !lacking.is_empty() {
            let kind = Kind::Unanswered { topic: topic.name.clone(), states: lacking };
            doubts.insert(Doubt { spot: spot.clone(), kind });
        }
    }
}

/// Whether a condition always holds in a state that needs this.
fn is_certain(claim: Claim, need: Need) -> bool {
    claim.holds && claim.condition.need().is_some_and(|asked| need >= asked)
}

/// How often a reaction stands somewhere, and in which states what goes before it.
type Uses<'l> = (usize, Vec<(String, &'l Spot)>);

/// Reactions that others always go before, wherever they stand. What a lesson says in the place of
/// what it extends or includes is meant so.
fn never_taken(lesson: &Lesson, doubts: &mut BTreeSet<Doubt>) {
    // By its place and event: how often it stands somewhere, and what goes before it there.
    let mut found: BTreeMap<(&Spot, EventKind), Uses<'_>> = BTreeMap::new();
    for (state, _, _, reactions) in states(lesson) {
        for (ix, standing) in reactions.iter().enumerate() {
            let event = standing.reaction.trigger.event;
            let (n_uses, hidden) = found.entry((standing.spot, event)).or_default();
            *n_uses += 1;
            let earlier = reactions.get(..ix).unwrap_or_default();
            if let Some(before) = hiding(*standing, earlier) {
                hidden.push((state.name.clone(), before));
            }
        }
    }
    for ((spot, event), (n_uses, hidden)) in found {
        let Some((state, before)) = hidden.first() else { continue };
        if hidden.len() < n_uses || hidden.iter().any(|(_, before)| before.other != spot.other) {
            continue;
        }
        let state = (hidden.len() == 1).then(|| state.clone());
        let event = (event != EventKind::Waited).then_some(event);
        let kind = Kind::NeverTaken { event, state, before: (*before).clone() };
        doubts.insert(Doubt { spot: spot.clone(), kind });
    }
}

/// The reaction, of those that are tried before, that is taken whenever this one could be.
fn hiding<'l>(late: Standing<'l>, earlier: &[Standing<'l>]) -> Option<&'l Spot> {
    let trigger = &late.reaction.trigger;
    let mut before = earlier.iter().filter(|early| {
        let other = &early.reaction.trigger;
        other.event == trigger.event
            && other.conditions.iter().all(|claim| trigger.conditions.contains(claim))
    });
    match (trigger.event, late.reaction.after) {
        // All of these that fit are done, until one leads away.
        (EventKind::Entered, _) => {
            before.find(|early| early.reaction.target.is_some()).map(|early| early.spot)
        }
        (_, Some(after)) => {
            let leads_away = |early: &&Standing<'l>| {
                early.reaction.target.is_some() && early.reaction.after.is_some_and(|t| t <= after)
            };
            before.find(leads_away).map(|early| early.spot)
        }
        (_, None) if trigger.topics.is_empty() => {
            let asks_rest = |standing: &Standing<'_>| {
                let mut claims = standing.reaction.trigger.conditions.iter();
                claims.any(|claim| claim.condition == Condition::Resting)
            };
            // Those that ask for rest go before the others, wherever they stand.
            before
                .find(|early| {
                    early.reaction.trigger.topics.is_empty() && asks_rest(early) == asks_rest(&late)
                })
                .map(|early| early.spot)
        }
        (_, None) => {
            let before: Vec<&Standing<'l>> = before.collect();
            let mut hidden = trigger.topics.iter().map(|topic| {
                before.iter().find(|early| early.reaction.trigger.topics.contains(topic))
            });
            let first = hidden.next().flatten()?;
            hidden.all(|early| early.is_some()).then_some(first.spot)
        }
    }
    // A state's own answer in the place of that of `anywhere` is what it is there for.
    .filter(|_| late.is_own || !is_replaced(late, earlier))
}

/// Whether a reaction of `anywhere` gives way to a state's own.
fn is_replaced(late: Standing<'_>, earlier: &[Standing<'_>]) -> bool {
    let shared: Vec<Standing<'_>> = earlier.iter().filter(|early| !early.is_own).copied().collect();
    shared.len() < earlier.len() && hiding(late, &shared).is_none()
}

fn unused_topics(lesson: &Lesson, doubts: &mut BTreeSet<Doubt>) {
    let own = lesson.graph.states().iter().flat_map(|state| &state.reactions);
    let used: BTreeSet<TopicIx> = own
        .chain(lesson.graph.everywhere())
        .flat_map(|reaction| reaction.trigger.topics.iter().copied())
        .collect();
    let topics = lesson.topics.iter().zip(&lesson.places.topics).enumerate();
    // What a file brings that several lessons share, each of them may leave.
    for (ix, (topic, spot)) in topics.filter(|(_, (_, spot))| spot.other.is_none()) {
        if !used.contains(&TopicIx(ix)) && ix >= lesson.n_urgent {
            let kind = Kind::UnusedTopic(topic.name.clone());
            doubts.insert(Doubt { spot: spot.clone(), kind });
        }
    }
}

fn tasks(lesson: &Lesson, doubts: &mut BTreeSet<Doubt>) {
    for (ix, ((state, need), spot)) in
        lesson.graph.states().iter().zip(&lesson.needs).zip(&lesson.places.states).enumerate()
    {
        let has_task = lesson.tasks.get(ix).is_some_and(Option::is_some);
        if !state.is_end && !has_task && spot.other.is_none() && waits(state, *need) {
            let kind = Kind::NoTask(state.name.clone());
            doubts.insert(Doubt { spot: spot.clone(), kind });
        }
    }
}

/// Whether a lesson can stay in a state: whether there is a case in which nothing leads on at once.
fn waits(state: &State<Teaching>, need: Need) -> bool {
    let ways: Vec<Vec<Claim>> = state
        .reactions
        .iter()
        .filter(|r| r.trigger.event == EventKind::Entered && r.target.is_some())
        .map(|r| {
            let claims = r.trigger.conditions.iter().copied();
            claims.filter(|claim| !is_certain(*claim, need)).collect()
        })
        .collect();
    let asked: BTreeSet<Condition> = ways.iter().flatten().map(|claim| claim.condition).collect();
    let asked: Vec<Condition> = asked.into_iter().take(MAX_TRIED).collect();
    (0_usize..1 << asked.len()).any(|case| {
        let holds = |claim: &Claim| {
            let ix = asked.iter().position(|condition| *condition == claim.condition);
            ix.is_some_and(|ix| ((case >> ix) & 1 == 1) == claim.holds)
        };
        !ways.iter().any(|claims| claims.iter().all(holds))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Lesson, parse};

    /// A lesson with this between its title and its states, and this in the state.
    fn lesson(top: &str, on: &str) -> Lesson {
        let yaml = format!(
            "title: T\nstart: a\n{top}\nstates:\n  a:\n    task: Wait.\n    on:\n{on}\n      \
             - when: otr_enabled\n        go: end\n  end:\n    end: true\n"
        );
        parse(&yaml).unwrap()
    }

    fn told(lesson: &Lesson) -> Vec<String> {
        let doubts = lesson.doubts().into_iter();
        doubts.map(|doubt| format!("{}: {}", doubt.spot.line, doubt.kind)).collect()
    }

    const SAFE: &str = "topics:\n  danger: danger\n  help: help\n  more: more\nurgent: [danger]\nanywhere:\n  \
                        - when: message_received\n    about: danger\n  - when: message_received\n    about: [help, more]";

    #[test]
    fn a_lesson_that_cares_has_no_doubts() {
        let on =
            "      - when: message_received\n        about: help\n      - when: message_received";
        assert_eq!(told(&lesson(SAFE, on)), Vec::<String>::new());
    }

    #[test]
    fn danger_must_be_answered_everywhere_and_always() {
        let none = told(&lesson("", "      - when: message_received"));
        assert!(none.len() == 1 && none[0].starts_with("1: no topic is `urgent`"), "{none:?}");
        let top = "topics:\n  danger: danger\nurgent: [danger]";
        let found = told(&lesson(top, "      - when: message_received"));
        assert!(found.len() == 1 && found[0].contains("`danger`") && found[0].contains("in `a`"));
        let on = "      - when: message_received\n        about: danger\n        if: [private]";
        assert_eq!(told(&lesson(top, on)), found);
        let on = "      - when: message_received\n        about: danger";
        assert!(told(&lesson(top, on)).is_empty());
    }

    #[test]
    fn reactions_that_others_always_go_before_are_told() {
        for (on, line) in [
            (
                "      - when: message_received\n      - when: message_received\n        if: [private]",
                Some(18),
            ),
            (
                "      - when: message_received\n        if: [private]\n      - when: message_received",
                None,
            ),
            // Those that ask for rest are tried first.
            (
                "      - when: message_received\n      - when: message_received\n        if: [resting]",
                None,
            ),
            (
                "      - when: message_received\n      - when: message_received\n        about: help",
                None,
            ),
            (
                "      - when: message_received\n        about: [help, more]\n      \
                 - when: message_received\n        about: more",
                Some(19),
            ),
            (
                "      - when: message_received\n        about: help\n      \
                 - when: message_received\n        about: [more, help]",
                None,
            ),
            ("      - after: 1m\n        go: end\n      - after: 2m\n        go: end", Some(19)),
            ("      - after: 1m\n      - after: 2m\n        go: end", None),
            ("      - when: entered\n      - when: entered\n        if: [private]", None),
            (
                "      - when: entered\n        go: end\n      - when: entered\n        if: [private]",
                Some(19),
            ),
        ] {
            let found = told(&lesson(SAFE, on));
            let never: Vec<_> = found.iter().filter(|told| told.contains("never taken")).collect();
            match line {
                Some(line) => {
                    let begin = format!("{line}: ");
                    assert!(never.len() == 1 && never[0].starts_with(&begin), "{on}\n{found:?}");
                }
                None => assert!(never.is_empty(), "{on}\n{found:?}"),
            }
        }
    }

    #[test]
    fn what_a_state_says_in_the_place_of_anywhere_is_meant_so() {
        let on = "      - when: message_received\n        about: [help, more]";
        assert!(told(&lesson(SAFE, on)).is_empty());
        let twice = format!("{SAFE}\n  - when: message_received\n    about: more");
        let found = told(&lesson(&twice, "      - when: message_received"));
        assert!(found.len() == 1 && found[0].contains("never taken"), "{found:?}");
    }

    #[test]
    fn topics_that_nothing_is_about_and_states_without_a_task_are_told() {
        let top = SAFE.replace("[help, more]", "help");
        assert_eq!(
            told(&lesson(&top, "      - when: message_received")),
            ["6: no reaction is about the topic `more`"]
        );
        let yaml = format!(
            "title: T\nstart: a\n{SAFE}\nstates:\n  a:\n    on:\n      - when: otr_enabled\n        \
             go: b\n  b:\n    on:\n      - when: entered\n        if: [has_page]\n        go: end\n      \
             - when: entered\n        if: [not has_page]\n        go: end\n  end:\n    end: true\n"
        );
        let found = told(&parse(&yaml).unwrap());
        assert!(found.len() == 1 && found[0].contains("the state `a` waits"), "{found:?}");
    }
}
