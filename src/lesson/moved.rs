//! Where learners go on who stood in a state that the lesson has no more: `moved: {old: new}`.
//!
//! A name may have been changed again and again, so that one old name leads to another one.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Fault, nearest};
use super::raw::{RawLesson, RawState};
use super::yaml::{Place, Placed, Reader};

/// What stands beside an old name, by that.
type Links<'r> = BTreeMap<&'r str, &'r (Placed<String>, Placed<String>)>;

/// The names of states that are gone, and of those where their learners go on. What a lesson that is
/// extended says of states, and does not fit this one, is left out.
pub(super) fn resolve(raw: &RawLesson, reader: &mut Reader) -> BTreeMap<String, String> {
    let states: BTreeMap<&str, &RawState> =
        raw.states.iter().map(|state| (state.name.value.as_str(), state)).collect();
    let links: Links<'_> = raw.moved.iter().map(|link| (link.0.value.as_str(), link)).collect();
    let mut resolved = BTreeMap::new();
    for (old, new) in &raw.moved {
        match destination(&old.value, &links, &states) {
            Ok(state) => {
                resolved.insert(old.value.clone(), state.to_owned());
            }
            // A chain that is broken is told of in one place, unless that is in another file.
            Err((place, fault)) => {
                let place = if place.is_own() { place } else { new.place };
                if place.is_own() {
                    reader.fault(place, fault);
                }
            }
        }
    }
    resolved
}

/// The state to which an old name leads; or what is wrong, and where.
fn destination<'r>(
    old: &'r str,
    links: &Links<'r>,
    states: &BTreeMap<&'r str, &'r RawState>,
) -> Result<&'r str, (Place, Fault)> {
    let mut seen = BTreeSet::new();
    let mut next = old;
    while let Some((from, to)) = links.get(next) {
        if states.contains_key(next) {
            return Err((from.place, Fault::MovedButThere(next.to_owned())));
        }
        if !seen.insert(next) {
            return Err((to.place, Fault::MovedInCircle(next.to_owned())));
        }
        let of = || (from.value.clone(), to.value.clone());
        match states.get(to.value.as_str()) {
            Some(state) if state.is_end => {
                let (old, new) = of();
                return Err((to.place, Fault::MovedToEnd { old, new }));
            }
            Some(_) => return Ok(&to.value),
            None if links.contains_key(to.value.as_str()) => next = &to.value,
            None => {
                let on = states.values().filter(|state| !state.is_end);
                let names: Vec<&str> = on.map(|state| state.name.value.as_str()).collect();
                let nearest = nearest(&to.value, &names);
                let (old, new) = of();
                return Err((to.place, Fault::MovedNowhere { old, new, nearest }));
            }
        }
    }
    // A name that is looked up stands in the map.
    Ok(next)
}
