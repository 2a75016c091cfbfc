//! Rounds of states that lead on to each other by `entered` alone. A machine leaves such a round when
//! it comes into a state for the second time, in the middle of what the lesson wants.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::{cases, facts, follows, is_possible, turned};
use super::raw::{RawLesson, RawReaction};
use super::vocabulary::{Claim, EventKind, Need, Teaching};
use super::yaml::Place;
use crate::fsm::Graph;

/// States that lead on to each other without end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// The numbers of the states, in the order in which they are entered, and of the reactions that
    /// lead on.
    ways: Vec<(usize, usize)>,
    /// What must hold for it.
    pub(super) claims: BTreeSet<Claim>,
    /// One of its states leads into a round whatever holds.
    pub(super) is_certain: bool,
}

impl Round {
    /// Where it stands: the first reaction of the lesson itself, or the first of all.
    pub(super) fn place(&self, raw: &RawLesson) -> Option<Place> {
        let reaction = |(state, ix): &(usize, usize)| -> Option<&RawReaction> {
            raw.states.get(*state)?.reactions.get(*ix)
        };
        let places = || self.ways.iter().filter_map(reaction).map(|reaction| reaction.place);
        places().filter(|place| place.is_own()).min().or_else(|| places().min())
    }

    /// Its states, and the first one again.
    pub(super) fn told(&self, graph: &Graph<Teaching>) -> String {
        let ways = self.ways.iter().chain(self.ways.first());
        let names = ways.filter_map(|(state, _)| graph.states().get(*state));
        names.map(|state| format!("`{}`", state.name)).collect::<Vec<_>>().join(", ")
    }
}

/// The reactions of a state that lead on when it is entered: number, conditions, target.
type Ways<'l> = Vec<(usize, &'l [Claim], usize)>;

/// All rounds, in the order of their first states.
pub(super) fn rounds(graph: &Graph<Teaching>, needs: &[Need]) -> Vec<Round> {
    let mut ways = ways(graph);
    keep_endless(&mut ways);
    let claims = ways.values().flatten().flat_map(|(_, claims, _)| *claims);
    let all: Option<Vec<Vec<Claim>>> =
        cases(&[], claims.map(|claim| claim.condition)).map(Iterator::collect);
    let all = all.unwrap_or_else(|| {
        // Too many conditions to try what they are together: rounds without any are found.
        ways.retain(|state, ways| {
            let certain = known(*state, needs, &[]);
            let first = ways.first().map_or(&[][..], |(_, claims, _)| claims);
            first.iter().all(|claim| follows(*claim, &certain))
        });
        keep_endless(&mut ways);
        vec![Vec::new()]
    });
    let mut found: BTreeMap<BTreeSet<usize>, Round> = BTreeMap::new();
    let mut n_possible: BTreeMap<usize, usize> = BTreeMap::new();
    let mut n_round: BTreeMap<usize, usize> = BTreeMap::new();
    for case in &all {
        let mut done = BTreeSet::new();
        for &start in ways.keys() {
            let leads = |state: usize| next(state, &ways, needs, case);
            if is_possible(&known(start, needs, case)) {
                *n_possible.entry(start).or_default() += 1;
            }
            let mut path: Vec<(usize, usize)> = Vec::new();
            let mut at = start;
            while done.insert(at) {
                let Some((reaction, target)) = leads(at) else { break };
                path.push((at, reaction));
                at = target;
            }
            let Some(begin) = path.iter().position(|(state, _)| *state == at) else { continue };
            let mut round = path.split_off(begin);
            let first = round.iter().enumerate().min_by_key(|(_, (state, _))| *state);
            let first = first.map_or(0, |(ix, _)| ix);
            round.rotate_left(first);
            for (state, _) in &round {
                *n_round.entry(*state).or_default() += 1;
            }
            let states: BTreeSet<usize> = round.iter().map(|(state, _)| *state).collect();
            found.entry(states).or_insert_with(|| Round {
                claims: round.iter().flat_map(|way| asked(*way, &ways, needs, case)).collect(),
                ways: round,
                is_certain: false,
            });
        }
    }
    let is_certain = |state: &usize| n_round.get(state) == n_possible.get(state);
    let rounds = found.into_iter();
    rounds
        .map(|(states, round)| Round { is_certain: states.iter().any(is_certain), ..round })
        .collect()
}

/// The ways by `entered` from each state.
fn ways(graph: &Graph<Teaching>) -> BTreeMap<usize, Ways<'_>> {
    let states = graph.states().iter().enumerate().map(|(ix, state)| {
        let reactions = state.reactions.iter().enumerate();
        let leading = reactions.filter_map(|(reaction_ix, reaction)| {
            let trigger = &reaction.trigger;
            let target = reaction.target.filter(|_| trigger.event == EventKind::Entered)?;
            Some((reaction_ix, trigger.conditions.as_slice(), target.number()))
        });
        (ix, leading.collect())
    });
    states.collect()
}

/// Leaves the states from which such ways may go on without end.
fn keep_endless(ways: &mut BTreeMap<usize, Ways<'_>>) {
    loop {
        let left: BTreeSet<usize> = ways.keys().copied().collect();
        ways.retain(|_, ways| ways.iter().any(|(_, _, target)| left.contains(target)));
        if ways.len() == left.len() {
            return;
        }
    }
}

/// What holds in a state in this case.
fn known(state: usize, needs: &[Need], case: &[Claim]) -> Vec<Claim> {
    let need = needs.get(state).copied().unwrap_or(Need::Nothing);
    facts(EventKind::Entered, need).into_iter().chain(case.iter().copied()).collect()
}

/// The reaction by which a state leads on in this case, and where to.
fn next(
    state: usize,
    ways: &BTreeMap<usize, Ways<'_>>,
    needs: &[Need],
    case: &[Claim],
) -> Option<(usize, usize)> {
    let known = known(state, needs, case);
    if !is_possible(&known) {
        return None;
    }
    let mut ways = ways.get(&state)?.iter();
    let way = ways.find(|(_, claims, _)| claims.iter().all(|claim| follows(*claim, &known)))?;
    Some((way.0, way.2))
}

/// What must hold, and is not certain in its state, for a reaction to lead on in this case: its
/// conditions, and that those before it do not.
fn asked(
    (state, reaction): (usize, usize),
    ways: &BTreeMap<usize, Ways<'_>>,
    needs: &[Need],
    case: &[Claim],
) -> Vec<Claim> {
    let (certain, known) = (known(state, needs, &[]), known(state, needs, case));
    let ways = ways.get(&state).map_or(&[][..], Vec::as_slice);
    let before = ways.iter().take_while(|(ix, ..)| *ix != reaction);
    let fails = before.filter_map(|(_, claims, _)| {
        claims.iter().find(|claim| !follows(**claim, &known)).map(|claim| turned(*claim))
    });
    let own = ways.iter().filter(|(ix, ..)| *ix == reaction).flat_map(|(_, claims, _)| *claims);
    own.copied().chain(fails).filter(|claim| !follows(*claim, &certain)).collect()
}
