//! A lesson as a drawing: boxes for states, arrows for what leads from one to the other.
//!
//! [`Picture`] is what all formats show; [`svg`], [`dot`] and [`mermaid`] write it down. A running
//! bot keeps the drawings of its lessons as [`previews`]. Where a lesson grants parts of the grade on the
//! way, the boxes say where they are earned (`credit`).

mod credit;
pub mod dot;
mod layout;
mod measure;
pub mod mermaid;
pub mod previews;
mod route;
pub mod svg;
pub mod words;

use gettext::Catalog;
use tr::tr;

use crate::{
    fsm::{Reaction, State, StateIx},
    i18n,
    lesson::{
        Lesson, Teaching,
        vocabulary::{EventKind, Need},
    },
};

/// Longest quotation in a box, in characters.
const MAX_QUOTED_CHARS: usize = 90;

/// A lesson as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// The name of the lesson.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Whether its texts are written from right to left.
    pub is_rtl: bool,
    /// Which parts of the grade it gives on the way, in a sentence; `None`: it gives none.
    pub credit: Option<String>,
    /// The states in the order of the lesson, and then what happens in any of them.
    pub boxes: Vec<StateBox>,
    /// The arrows, one for each pair of boxes.
    pub arrows: Vec<Arrow>,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateBox {
    /// Its name.
    pub name: String,
    /// What it is in the course.
    pub role: Role,
    /// What is certain about the chat in it.
    pub need: Need,
    /// How it begins to talk.
    pub quotation: Option<String>,
    /// What is done in it without going elsewhere, a line each.
    pub lines: Vec<String>,
    /// Which part of the grade a learner has who comes here, where it is earned on coming here.
    pub earns: Option<String>,
}

/// What a state is in the course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The lesson begins here.
    Start,
    /// The lesson goes on.
    Middle,
    /// The lesson ends here.
    End,
    /// No state: what is done in any.
    Anywhere,
}

/// What leads from one box to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// Number of the box that it comes from.
    pub from: usize,
    /// Number of the box that it leads to.
    pub to: usize,
    /// What leads there; any of them does.
    pub causes: Vec<String>,
    /// Whether it stands for what happens in any state, and not for reactions of its own.
    pub is_shared: bool,
    /// Whether it throws the learner back, because the private conversation was lost.
    pub is_setback: bool,
}

impl Picture {
    /// The drawing of a lesson, as it is written.
    pub fn new(name: &str, lesson: &Lesson) -> Self {
        Self::in_language(name, lesson, &Catalog::source())
    }

    /// The same, with what the bot says as a catalog has it. The words of the drawing itself are in
    /// the language of the innermost [`scope`](crate::i18n::scope()).
    pub fn in_language(name: &str, lesson: &Lesson, catalog: &Catalog) -> Self {
        let graph = lesson.graph();
        let states = graph.states();
        let needs = lesson.needs().iter().copied().chain(std::iter::repeat(Need::Nothing));
        let start = graph.state(graph.start()).map(|state| state.name.as_str());
        let mut boxes: Vec<StateBox> = states
            .iter()
            .zip(needs)
            .map(|(state, need)| {
                state_box(lesson, catalog, state, need, start == Some(&state.name))
            })
            .collect();
        let mut arrows = Vec::new();
        for (from, state) in states.iter().enumerate() {
            let reactions: Vec<_> = state.reactions.iter().collect();
            add_arrows(lesson, from, &reactions, false, &mut arrows);
        }
        for (from, state) in states.iter().enumerate() {
            if !state.is_end && !arrows.iter().any(|arrow: &Arrow| arrow.from == from) {
                add_shared_arrows(lesson, from, &mut arrows);
            }
        }
        if !graph.everywhere().is_empty() {
            let mut lines = Vec::new();
            for reaction in graph.everywhere() {
                let Some(to) = reaction.target.and_then(|to| number(lesson, to)) else { continue };
                let cause = full_cause(lesson, reaction);
                if let Some(state) = boxes.get_mut(to) {
                    lines.push(tr!("{cause}: → {state}", cause = cause, state = state.name));
                    state.lines.insert(0, tr!("← from any state: {cause}", cause = cause));
                }
            }
            lines.extend(staying(lesson, graph.everywhere(), None));
            boxes.push(StateBox {
                name: tr!("in any state"),
                role: Role::Anywhere,
                need: Need::Nothing,
                quotation: None,
                lines,
                earns: None,
            });
        }
        for (state, earned) in boxes.iter_mut().zip(credit::earned(lesson)) {
            state.earns = earned;
        }
        let title = i18n::mark(catalog, lesson.title(), catalog.text(lesson.title()));
        let is_rtl = catalog.is_rtl();
        Self { name: name.to_owned(), title, is_rtl, credit: credit::all(lesson), boxes, arrows }
    }

    /// Its title, and what it gives on the way, a line each.
    fn head(&self) -> impl Iterator<Item = &str> {
        [self.title.as_str()].into_iter().chain(self.credit.as_deref())
    }

    /// The name of a box by its number.
    pub fn name_of(&self, ix: usize) -> &str {
        self.boxes.get(ix).map_or("", |state| state.name.as_str())
    }
}

impl StateBox {
    /// What is listed in it: what is earned on coming here, and what is done without going elsewhere.
    fn listed(&self) -> impl Iterator<Item = &String> {
        self.earns.iter().chain(&self.lines)
    }
}

fn state_box(
    lesson: &Lesson,
    catalog: &Catalog,
    state: &State<Teaching>,
    need: Need,
    is_start: bool,
) -> StateBox {
    let mut lines = words::deeds(&state.enter);
    lines.extend(staying(lesson, &state.reactions, lesson.graph().find(&state.name)));
    if !state.hints.is_empty() {
        let times = words::list(state.hints.iter().map(|hint| words::time(hint.after)));
        lines.push(tr!("hints after {times}", times = times));
    }
    let leave = words::deeds(&state.leave);
    let n_last = words::texts(&state.leave).count();
    if n_last > 0 || !leave.is_empty() {
        let said = (n_last > 0).then(|| words::says(n_last));
        let done = words::list(leave.into_iter().chain(said));
        lines.push(tr!("on leaving: {done}", done = done));
    }
    let first = words::texts(&state.enter).next();
    let n_more = words::texts(&state.enter).count().saturating_sub(1);
    let quotation = first.map(|text| {
        let said = words::shorten(&catalog.text(text), MAX_QUOTED_CHARS);
        let text = i18n::mark(catalog, text, said);
        if n_more > 0 {
            tr!(
                "“{text}” (and {n} more line)" | "“{text}” (and {n} more lines)" % n_more,
                text = text
            )
        } else {
            tr!("“{text}”", text = text)
        }
    });
    let role = match (state.is_end, is_start) {
        (true, _) => Role::End,
        (false, true) => Role::Start,
        (false, false) => Role::Middle,
    };
    StateBox { name: state.name.clone(), role, need, quotation, lines, earns: None }
}

/// What is done without going elsewhere; alike reactions to several topics on one line.
fn staying(
    lesson: &Lesson,
    reactions: &[Reaction<Teaching>],
    here: Option<StateIx>,
) -> Vec<String> {
    let mut groups: Vec<(&Reaction<Teaching>, Vec<&str>)> = Vec::new();
    for reaction in reactions.iter().filter(|r| r.target.is_none() || r.target == here) {
        let about = words::topics(lesson, reaction);
        let alike = groups.iter_mut().find(|(first, topics)| {
            !about.is_empty()
                && !topics.is_empty()
                && first.trigger.event == reaction.trigger.event
                && first.trigger.conditions == reaction.trigger.conditions
                && first.target == reaction.target
                && is_speech(first)
                && is_speech(reaction)
        });
        match alike {
            Some((_, topics)) => topics.extend(about),
            None => groups.push((reaction, about)),
        }
    }
    let lines = groups.iter().map(|(reaction, topics)| {
        let cause = words::cause(reaction, topics);
        let mut effect =
            if topics.len() > 1 { tr!("says something on it") } else { words::effect(reaction) };
        if reaction.target.is_some() {
            let anew = tr!("begins this state anew");
            effect = if effect.is_empty() { anew } else { words::list([effect, anew]) };
        } else if effect.is_empty() {
            effect = tr!("nothing is done");
        }
        // i18n: what happens, and what the bot does then.
        tr!("{cause}: {effect}", cause = cause, effect = effect)
    });
    lines.collect()
}

/// Whether a reaction does nothing but say something.
fn is_speech(reaction: &Reaction<Teaching>) -> bool {
    !reaction.gives_hint
        && words::deeds(&reaction.actions).is_empty()
        && words::texts(&reaction.actions).next().is_some()
}

fn add_arrows(
    lesson: &Lesson,
    from: usize,
    reactions: &[&Reaction<Teaching>],
    is_shared: bool,
    arrows: &mut Vec<Arrow>,
) {
    for reaction in reactions {
        let Some(to) = reaction.target.and_then(|target| number(lesson, target)) else { continue };
        if to == from {
            continue;
        }
        let cause = full_cause(lesson, reaction);
        let is_setback = reaction.trigger.event == EventKind::OtrDisabled;
        match arrows.iter_mut().find(|arrow| (arrow.from, arrow.to) == (from, to)) {
            Some(arrow) if arrow.causes.contains(&cause) => {}
            Some(arrow) => {
                arrow.causes.push(cause);
                arrow.is_setback &= is_setback;
            }
            None => arrows.push(Arrow { from, to, causes: vec![cause], is_shared, is_setback }),
        }
    }
}

/// Of a state that has no way out of its own, what leads on is what happens in any state: that to
/// states where more is certain, if there are any.
fn add_shared_arrows(lesson: &Lesson, from: usize, arrows: &mut Vec<Arrow>) {
    let need = |ix: usize| lesson.needs().get(ix).copied().unwrap_or(Need::Nothing);
    let everywhere = lesson.graph().everywhere().iter();
    let (upwards, others): (Vec<_>, Vec<_>) = everywhere.partition(|reaction| {
        let target = reaction.target.and_then(|target| number(lesson, target));
        target.is_some_and(|to| need(to) > need(from))
    });
    add_arrows(lesson, from, if upwards.is_empty() { &others } else { &upwards }, true, arrows);
}

fn full_cause(lesson: &Lesson, reaction: &Reaction<Teaching>) -> String {
    words::cause(reaction, &words::topics(lesson, reaction))
}

fn number(lesson: &Lesson, target: StateIx) -> Option<usize> {
    let name = &lesson.graph().state(target)?.name;
    lesson.graph().states().iter().position(|state| state.name == *name)
}
