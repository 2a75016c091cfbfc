//! Where a lesson goes: states that nothing leads out of, that are never reached, that it never stays
//! in, and what follows its end.

use std::collections::BTreeSet;

use super::taken::Fate;
use super::{Doubt, Kind, Room, View};
use crate::fsm::{State, StateIx};
use crate::lesson::claims::{covering, facts};
use crate::lesson::rounds;
use crate::lesson::vocabulary::{Claim, EventKind, Need, Teaching};
use crate::lesson::yaml::Place;

pub(super) fn check(view: &mut View<'_>) {
    let (reached, ending) = (reached(view), ending(view));
    let mut doubts: Vec<(Place, Kind)> = Vec::new();
    for (ix, room) in view.rooms.iter().enumerate() {
        let (name, place) = (room.state.name.clone(), room.written.name.place);
        if !reached.contains(&ix) {
            doubts.push((place, Kind::NeverReached(name)));
            continue;
        }
        if room.state.is_end {
            doubts.extend(after_the_end(room));
            continue;
        }
        if !room.waits {
            doubts.extend(in_passing(room));
            continue;
        }
        if room.written.task.is_none() {
            doubts.push((place, Kind::NoTask(name.clone())));
        }
        if !ending.contains(&ix) {
            // Where the way breaks off: states before it lead to nothing else.
            let mut fates = room.standing.iter().zip(&room.fates);
            let breaks_off = fates.any(|(standing, fate)| {
                standing.reaction.target.is_some() && !matches!(fate, Fate::Taken)
            });
            doubts.extend(breaks_off.then_some((place, Kind::NeverEnds(name))));
            continue;
        }
        let mut own = room.taken().filter(|standing| standing.is_own);
        let leads_on = own
            .any(|standing| standing.reaction.target.is_some_and(|target| target.number() != ix));
        if !leads_on {
            doubts.push((place, Kind::OnlyAnywhere(name)));
        }
    }
    // What stands in another file is told of where that is checked.
    for (place, kind) in doubts.into_iter().filter(|(place, _)| place.is_own()) {
        view.doubt(place, kind);
    }
    rounds_in_some_cases(view);
    let start = view.rooms.get(view.lesson.graph.start().number());
    if let Some(room) = start.filter(|room| room.state.is_end) {
        let kind = Kind::StartsAtEnd(room.state.name.clone());
        let place = view.raw.start.as_ref().map_or(room.written.name.place, |start| start.place);
        view.doubt(place, kind);
    }
}

/// The numbers of the states that reactions which can be taken lead to.
pub(super) fn reached(view: &View<'_>) -> BTreeSet<usize> {
    let start = view.lesson.graph.start().number();
    let mut reached = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(room) = open.pop().and_then(|ix| view.rooms.get(ix)) {
        open.extend(targets(room).filter(|ix| reached.insert(*ix)));
    }
    reached
}

/// The numbers of the states from which such reactions lead to an end.
fn ending(view: &View<'_>) -> BTreeSet<usize> {
    let mut ending = BTreeSet::new();
    loop {
        let n_before = ending.len();
        for (ix, room) in view.rooms.iter().enumerate() {
            if room.state.is_end || targets(room).any(|target| ending.contains(&target)) {
                ending.insert(ix);
            }
        }
        if ending.len() == n_before {
            return ending;
        }
    }
}

/// The numbers of the states that a state can lead to.
fn targets(room: &Room<'_>) -> impl Iterator<Item = usize> {
    let taken = room
        .taken()
        .filter(|standing| room.waits || standing.reaction.trigger.event == EventKind::Entered);
    taken.filter_map(|standing| standing.reaction.target).map(StateIx::number)
}

/// Whether a lesson can stay in a state: whether there is a case in which nothing leads on at once.
pub(super) fn waits(state: &State<Teaching>, need: Need) -> bool {
    let ways = state
        .reactions
        .iter()
        .filter(|r| r.trigger.event == EventKind::Entered && r.target.is_some())
        .map(|r| r.trigger.conditions.as_slice());
    let ways: Vec<&[Claim]> = ways.collect();
    covering(&facts(EventKind::Entered, need), &ways).is_empty()
}

/// What stands in an end, where nothing is waited for.
fn after_the_end(room: &Room<'_>) -> Vec<(Place, Kind)> {
    let written = room.written;
    let reaction = written.reactions.iter().find(|r| r.event != EventKind::Entered);
    let hint = written.hints.first();
    let leave = written.leave.first();
    // What comes from a part stands there for other states, too.
    let at = written.name.place;
    let found = [
        ("reactions", reaction.map(|_| at)),
        ("`hints`", hint.map(|_| at)),
        ("`leave`", leave.map(|_| at)),
        ("`task`", written.task.as_ref().map(|task| task.place)),
    ];
    let end = &room.state.name;
    let doubt = |(what, place): (&'static str, Option<Place>)| {
        Some((place?, Kind::AfterTheEnd { state: end.clone(), what }))
    };
    found.into_iter().filter_map(doubt).collect()
}

/// What stands in a state that always leads on at once. What it must have by its needs stays.
fn in_passing(room: &Room<'_>) -> Vec<(Place, Kind)> {
    let written = room.written;
    let is_guard = |event| matches!(event, EventKind::OtrDisabled | EventKind::OtrEnabled);
    let mut reactions = written.reactions.iter();
    let reaction = reactions.find(|r| r.event != EventKind::Entered && !is_guard(r.event));
    let at = written.name.place;
    let found = [
        ("reactions to anything else", reaction.map(|_| at)),
        ("`hints`", written.hints.first().map(|_| at)),
        ("`task`", written.task.as_ref().map(|task| task.place)),
    ];
    let state = &room.state.name;
    let doubt = |(what, place): (&'static str, Option<Place>)| {
        Some((place?, Kind::InPassing { state: state.clone(), what }))
    };
    found.into_iter().filter_map(doubt).collect()
}

/// Rounds that are not certain: those are faults.
fn rounds_in_some_cases(view: &mut View<'_>) {
    let graph = &view.lesson.graph;
    let rounds = rounds::rounds(graph, &view.lesson.needs).into_iter();
    for round in rounds.filter(|round| !round.is_certain) {
        let Some(place) = round.place(view.raw) else { continue };
        let (states, claims) = (round.told(graph), round.claims.into_iter().collect());
        let spot = view.reader.spot(place);
        view.found.insert(Doubt { spot, kind: Kind::Round { states, claims } });
    }
}
