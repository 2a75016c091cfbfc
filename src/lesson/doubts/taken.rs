//! Reactions that are never taken: others always go before, or their conditions never hold; and
//! conditions that need not be asked.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, Standing, View};
use crate::lesson::claims::{covering, facts, follows, is_possible, turned};
use crate::lesson::raw::RawReaction;
use crate::lesson::vocabulary::{Claim, Condition, EventKind, Need, TopicIx};
use crate::lesson::yaml::Place;

/// What becomes of a reaction in a state.
pub(super) enum Fate<'l> {
    /// It can be taken.
    Taken,
    /// Its conditions never hold.
    Impossible,
    /// One of these is always taken before.
    Hidden(Vec<&'l RawReaction>),
}

/// What becomes of the reactions of a state.
pub(super) fn fates<'l>(all: &[Standing<'l>], need: Need) -> Vec<Fate<'l>> {
    let fate = |(ix, late): (usize, &Standing<'l>)| {
        let trigger = &late.reaction.trigger;
        let mut given = facts(trigger.event, need);
        given.extend_from_slice(&trigger.conditions);
        if !is_possible(&given) {
            return Fate::Impossible;
        }
        let hiding = hiding(ix, *late, all, need, &given);
        if hiding.is_empty() { Fate::Taken } else { Fate::Hidden(hiding) }
    };
    all.iter().enumerate().map(fate).collect()
}

/// The reactions of which one is taken whenever this one could be.
fn hiding<'l>(
    late_ix: usize,
    late: Standing<'l>,
    all: &[Standing<'l>],
    need: Need,
    given: &[Claim],
) -> Vec<&'l RawReaction> {
    let trigger = &late.reaction.trigger;
    // A state's own answer in the place of that of `anywhere` is what it is there for.
    let others = all.iter().enumerate().filter(|(ix, other)| {
        *ix != late_ix
            && (late.is_own || !other.is_own)
            && other.reaction.trigger.event == trigger.event
    });
    let certain = facts(trigger.event, need);
    let covering = |before: Vec<&Standing<'l>>| -> Vec<&'l RawReaction> {
        let lists: Vec<&[Claim]> =
            before.iter().map(|other| other.reaction.trigger.conditions.as_slice()).collect();
        let first = covering(given, &lists);
        first.into_iter().filter_map(|ix| before.get(ix)).map(|other| other.written).collect()
    };
    match (trigger.event, late.reaction.after) {
        // All of these that fit are done, until one leads away.
        (EventKind::Entered, _) => {
            let before = others.filter(|(ix, other)| *ix < late_ix && leads(other));
            covering(before.map(|(_, other)| other).collect())
        }
        (_, Some(after)) => {
            // What holds earlier need not hold later.
            let is_due_before = |ix: usize, other: &Standing<'_>| {
                let claims = &other.reaction.trigger.conditions;
                other.reaction.after.is_some_and(|earlier| {
                    (earlier == after && ix < late_ix)
                        || (earlier < after && claims.iter().all(|c| follows(*c, &certain)))
                })
            };
            let before = others.filter(|(ix, other)| leads(other) && is_due_before(*ix, other));
            covering(before.map(|(_, other)| other).collect())
        }
        (_, None) => {
            // Those that ask for rest go before the others, wherever they stand.
            let before: Vec<&Standing<'l>> = others
                .filter(|(ix, other)| match (asks_rest(other), asks_rest(&late)) {
                    (true, false) => true,
                    (false, true) => false,
                    (true, true) | (false, false) => *ix < late_ix,
                })
                .map(|(_, other)| other)
                .collect();
            let about = |topic: Option<TopicIx>| -> Vec<&Standing<'l>> {
                let is_about = |other: &&&Standing<'l>| {
                    let topics = &other.reaction.trigger.topics;
                    topic.map_or(topics.is_empty(), |topic| topics.contains(&topic))
                };
                before.iter().filter(is_about).copied().collect()
            };
            if trigger.topics.is_empty() {
                return covering(about(None));
            }
            let mut hiding: Vec<&RawReaction> = Vec::new();
            for topic in &trigger.topics {
                let found = covering(about(Some(*topic)));
                if found.is_empty() {
                    return Vec::new();
                }
                hiding.extend(found);
            }
            hiding
        }
    }
}

fn leads(standing: &Standing<'_>) -> bool {
    standing.reaction.target.is_some()
}

fn asks_rest(standing: &Standing<'_>) -> bool {
    let mut claims = standing.reaction.trigger.conditions.iter();
    claims.any(|claim| claim.condition == Condition::Resting)
}

/// What becomes of a reaction in all the states where it stands.
#[derive(Default)]
struct Uses<'l> {
    n_in_all: usize,
    n_impossible: usize,
    hidden: Vec<(&'l str, Vec<&'l RawReaction>)>,
    /// The conditions, for what does not hold.
    written: Option<&'l RawReaction>,
    /// Each with its state, and what that needs.
    states: Vec<(&'l str, Need)>,
}

pub(super) fn check(view: &mut View<'_>) {
    let mut uses: BTreeMap<(Place, EventKind), Uses<'_>> = BTreeMap::new();
    for room in view.rooms.iter().filter(|room| !room.state.is_end) {
        for (standing, fate) in room.standing.iter().zip(&room.fates) {
            let written = standing.written;
            let found = uses.entry((written.place, written.event)).or_default();
            found.n_in_all += 1;
            found.written = Some(written);
            found.states.push((room.state.name.as_str(), room.need));
            match fate {
                Fate::Taken => {}
                Fate::Impossible => found.n_impossible += 1,
                Fate::Hidden(before) => {
                    found.hidden.push((room.state.name.as_str(), before.clone()));
                }
            }
        }
    }
    let needless = needless(&uses);
    let mut doubts: Vec<(Place, Kind)> = needless;
    for ((place, event), uses) in uses {
        if uses.n_impossible == uses.n_in_all {
            doubts.extend(uses.written.and_then(|written| impossible(written, &uses)));
        } else if uses.hidden.len() + uses.n_impossible == uses.n_in_all {
            doubts.extend(never_taken(place, event, &uses).map(|kind| (place, kind)));
        }
    }
    for (place, kind) in doubts {
        view.doubt(place, kind);
    }
}

/// That a reaction is never taken, if that is not meant so: what a lesson says in the place of what it
/// extends or includes is.
fn never_taken(place: Place, event: EventKind, uses: &Uses<'_>) -> Option<Kind> {
    let mut others = uses.hidden.iter().flat_map(|(_, before)| before);
    if others.any(|before| before.place.other != place.other) {
        return None;
    }
    let (state, before) = uses.hidden.first()?;
    let lines: BTreeSet<u64> = before.iter().map(|before| before.place.line).collect();
    Some(Kind::NeverTaken {
        event: (event != EventKind::Waited).then_some(event),
        state: (uses.hidden.len() == 1).then(|| (*state).to_owned()),
        before: lines.into_iter().collect(),
    })
}

/// Why the conditions of a reaction never hold, and at which of them that shows.
fn impossible(written: &RawReaction, uses: &Uses<'_>) -> Option<(Place, Kind)> {
    let event = (written.event != EventKind::Waited).then_some(written.event);
    let mut before: Vec<Claim> = Vec::new();
    for claim in &written.conditions {
        let opposite = turned(claim.value);
        // The one of them that rules it out, by itself.
        let other = before.iter().find(|known| follows(opposite, &[**known]));
        if let Some(other) = other {
            let kind = Kind::Contradiction { claim: claim.value, other: *other };
            return Some((claim.place, kind));
        }
        before.push(claim.value);
    }
    for claim in &written.conditions {
        if follows(turned(claim.value), &facts(written.event, Need::Nothing)) {
            return Some((claim.place, Kind::NeverAfter { claim: claim.value, event }));
        }
    }
    let (state, need) = uses.states.first()?;
    let certain = facts(written.event, *need);
    let claim = written.conditions.iter().find(|claim| follows(turned(claim.value), &certain))?;
    let state = (*state).to_owned();
    Some((claim.place, Kind::NeverIn { claim: claim.value, state, need: *need }))
}

/// Conditions that hold already by the event, or by what the state needs, wherever they stand.
fn needless(uses: &BTreeMap<(Place, EventKind), Uses<'_>>) -> Vec<(Place, Kind)> {
    // By their place: the kind, as long as it is always so.
    let mut found: BTreeMap<Place, Option<Kind>> = BTreeMap::new();
    for ((_, event), uses) in uses {
        let Some(written) = uses.written else { continue };
        for claim in &written.conditions {
            let by_event = follows(claim.value, &facts(*event, Need::Nothing));
            let in_all =
                uses.states.iter().all(|(_, need)| follows(claim.value, &facts(*event, *need)));
            let kind = match uses.states.first() {
                _ if by_event => {
                    let event = (*event != EventKind::Waited).then_some(*event);
                    Some(Kind::AlwaysAfter { claim: claim.value, event })
                }
                Some((state, need)) if in_all => {
                    let (state, need) = ((*state).to_owned(), *need);
                    Some(Kind::AlwaysIn { claim: claim.value, state, need })
                }
                Some(_) | None => None,
            };
            let known = found.entry(claim.place).or_insert_with(|| kind.clone());
            if kind.is_none() {
                *known = None;
            }
        }
    }
    found.into_iter().filter_map(|(place, kind)| Some((place, kind?))).collect()
}
