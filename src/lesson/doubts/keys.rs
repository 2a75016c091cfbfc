//! Keys and actions that do nothing where they stand.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, Room, Standing, View, texts};
use crate::lesson::claims::{facts, follows};
use crate::lesson::raw::RawReaction;
use crate::lesson::vocabulary::{Action, Deed, EventKind};
use crate::lesson::yaml::{Place, Placed};

pub(super) fn check(view: &mut View<'_>) {
    let mut doubts = asking_for_hints(view);
    doubts.extend(hints(view));
    doubts.extend(useless_keys(view));
    doubts.extend(useless_actions(view));
    // What stands in another file is told of where that is checked.
    for (place, kind) in doubts.into_iter().filter(|(place, _)| place.is_own()) {
        view.doubt(place, kind);
    }
}

fn rooms<'v, 'l>(view: &'v View<'l>) -> impl Iterator<Item = &'v Room<'l>> {
    view.rooms.iter().filter(|room| !room.state.is_end)
}

/// `hint: true` where no state that it stands in has hints.
fn asking_for_hints(view: &View<'_>) -> Vec<(Place, Kind)> {
    let mut found: BTreeMap<Place, Option<String>> = BTreeMap::new();
    for room in rooms(view) {
        for place in room.standing.iter().filter_map(|standing| standing.written.hint) {
            let name = || Some(room.state.name.clone());
            let state = found.entry(place).or_insert_with(name);
            if !room.state.hints.is_empty() {
                *state = None;
            }
        }
    }
    let doubts = found.into_iter();
    doubts.filter_map(|(place, state)| Some((place, Kind::NoHints(state?)))).collect()
}

/// Hints that never come, or come together.
fn hints(view: &View<'_>) -> Vec<(Place, Kind)> {
    // By their place: the reaction that leads away before, as long as there is one.
    let mut found: BTreeMap<Place, Option<u64>> = BTreeMap::new();
    let mut doubts = Vec::new();
    for room in rooms(view).filter(|room| room.waits) {
        let certain = facts(EventKind::Waited, room.need);
        let leads = |standing: &&Standing<'_>| {
            let claims = &standing.reaction.trigger.conditions;
            standing.reaction.target.is_some() && claims.iter().all(|c| follows(*c, &certain))
        };
        let leading = room.standing.iter().filter(leads);
        let leading = leading.filter_map(|s| Some((s.reaction.after?, s.written.place.line)));
        let first = leading.min();
        let is_asked = room.taken().any(|standing| standing.written.hint.is_some());
        for hint in &room.written.hints {
            let before = first.filter(|(after, _)| *after < hint.after && !is_asked);
            let before = before.map(|(_, line)| line);
            let known = found.entry(hint.place).or_insert(before);
            if before.is_none() {
                *known = None;
            }
        }
        let pairs = room.written.hints.iter().zip(room.written.hints.iter().skip(1));
        let together = pairs.filter(|(one, other)| one.after == other.after);
        doubts.extend(together.map(|(_, other)| (other.place, Kind::HintTogether)));
    }
    let late = found.into_iter();
    doubts.extend(late.filter_map(|(at, line)| Some((at, Kind::LateHint { before: line? }))));
    doubts
}

/// Keys of reactions that do nothing with their event.
fn useless_keys(view: &View<'_>) -> Vec<(Place, Kind)> {
    let mut events: BTreeMap<Place, BTreeSet<EventKind>> = BTreeMap::new();
    let all =
        || view.raw.states.iter().flat_map(|state| &state.reactions).chain(&view.raw.anywhere);
    for reaction in all() {
        events.entry(reaction.place).or_default().insert(reaction.event);
    }
    let is_alone = |reaction: &&RawReaction| {
        events.get(&reaction.place).is_some_and(|events| events.len() == 1)
    };
    let answers = super::super::check::actions(view.raw)
        .any(|action| matches!(action.value, Action::Answer(_)));
    let useless = |reaction: &RawReaction| -> Option<(Place, &'static str)> {
        let place = reaction.place;
        match (reaction.event, reaction.at_most_every, reaction.hint) {
            (EventKind::Entered, Some(_), _) => {
                Some((place, "`at_most_every` does nothing with `when: entered`; take it out"))
            }
            (EventKind::Waited, Some(_), _) => Some((
                place,
                "`at_most_every` does nothing with `after`, which comes once in each stay; take it \
                 out",
            )),
            (EventKind::Entered, _, Some(place)) => Some((
                place,
                "`hint: true` does nothing with `when: entered`; give the first hint by `do`",
            )),
            (EventKind::CorrectAnswerReceived | EventKind::IncorrectAnswerReceived, ..)
                if !answers =>
            {
                Some((
                    place,
                    "this never happens, as nothing in the lesson does `answer`; after comparing \
                     secrets it is `correct_secret_received` or `incorrect_secret_received`",
                ))
            }
            _ => None,
        }
    };
    let found = all().filter(is_alone).filter_map(useless);
    let mut doubts: Vec<_> = found.map(|(place, what)| (place, Kind::Useless(what))).collect();
    doubts.extend(all().flat_map(same_again));
    doubts
}

/// What is done the next time in the same words.
fn same_again(reaction: &RawReaction) -> Vec<(Place, Kind)> {
    let values = |list: &[Placed<Action>]| -> Vec<Action> {
        list.iter().map(|action| action.value.clone()).collect()
    };
    let lists: Vec<&Vec<Placed<Action>>> =
        std::iter::once(&reaction.actions).chain(&reaction.again).collect();
    let pairs = lists.iter().zip(lists.iter().skip(1));
    let same = pairs.filter(|(one, other)| values(one) == values(other));
    let firsts = same.filter_map(|(_, other)| other.first());
    firsts.map(|action| (action.place, Kind::SameAgain)).collect()
}

/// Actions that do nothing where they stand; parts may stand in several places.
fn useless_actions(view: &View<'_>) -> Vec<(Place, Kind)> {
    let mut doubts = Vec::new();
    let mut found: BTreeMap<Place, Option<&'static str>> = BTreeMap::new();
    let mut note = |action: &Placed<Action>, useless: Option<&'static str>| {
        let known = found.entry(action.place).or_insert(useless);
        if useless.is_none() {
            *known = None;
        }
    };
    let has_task = |name: &str| {
        view.rooms.iter().any(|room| room.state.name == name && room.written.task.is_some())
    };
    let useless = |action: &Action, has_task: bool, is_question: bool| match action {
        Action::Do(Deed::TellTask) if !has_task => Some(
            "`tell_task` says nothing here, as the state has no `task`; write one, or take it out",
        ),
        Action::Answer(_) if !is_question => Some(
            "`answer` does nothing here: there is a question to be answered with \
             `when: smp_question_used` alone",
        ),
        Action::Answer(_) | Action::Say(_) | Action::Do(_) => None,
    };
    for room in &view.rooms {
        let has_own = room.written.task.is_some();
        for action in &room.written.enter {
            note(action, useless(&action.value, has_own, true));
        }
        for action in room.written.hints.iter().flat_map(|hint| &hint.actions) {
            note(action, useless(&action.value, has_own, false));
        }
        for Standing { written, .. } in &room.standing {
            let has_task = written.target.as_ref().map_or(has_own, |to| has_task(&to.value));
            let is_question = written.event == EventKind::SmpQuestionUsed;
            for action in written.all_actions() {
                note(action, useless(&action.value, has_task, is_question));
            }
        }
        // What is done on going out is done in the next state.
        room.written.leave.iter().for_each(|action| note(action, None));
    }
    let useless = found.into_iter();
    doubts.extend(useless.filter_map(|(place, what)| Some((place, Kind::Useless(what?)))));
    doubts.extend(texts::repeated(view.raw).into_iter().map(|place| (place, Kind::SameText)));
    doubts
}
