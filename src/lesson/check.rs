//! From a lesson as written to one that can run: names resolved, and all that is checked at load.

use std::{collections::BTreeSet, sync::Arc};

use gettext::po::split_key;

use super::doubts::Origin;
use super::error::{Fault, LessonError, nearest};
use super::messages::{TOPIC_CONTEXT, is_found_by_name};
use super::moved;
use super::raw::{RawLesson, RawReaction, RawState};
use super::rounds;
use super::text;
use super::vocabulary::{Action, Claim, EventKind, Need, Teaching, TopicIx, Trigger, Word as _};
use super::yaml::{Placed, Reader};
use super::{Lesson, Text, Topic};
use crate::fsm::{self, Graph, Hint, Reaction, State};

/// Checks a lesson; the faults are those of the reader too.
pub(super) fn check(
    raw: RawLesson,
    variables: &BTreeSet<&str>,
    mut reader: Reader,
) -> Result<Lesson, Vec<LessonError>> {
    let moved = moved::resolve(&raw, &mut reader);
    let Some((title, graph)) = sound(&raw, variables, &mut reader) else {
        return Err(reader.errors);
    };
    let needs: Vec<Need> = raw.states.iter().map(|state| state.needs).collect();
    for round in rounds::rounds(&graph, &needs).into_iter().filter(|round| round.is_certain) {
        if let Some(place) = round.place(&raw) {
            reader.fault(place, Fault::Round(round.told(&graph)));
        }
    }
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    Ok(Lesson {
        name: None,
        title: title.value.clone(),
        moved: moved
            .iter()
            .filter_map(|(old, new)| Some((old.clone(), graph.find(new)?)))
            .collect(),
        graph: Arc::new(graph),
        needs,
        tasks: raw.states.iter().map(|s| s.task.as_ref().map(|t| t.value.clone())).collect(),
        topics: raw
            .topics
            .iter()
            .map(|(name, words)| Topic { name: name.value.clone(), words: words.value.clone() })
            .collect(),
        n_urgent: raw.n_urgent,
        texts: texts(&raw, &title),
        credit: raw.credit.clone(),
        origin: Arc::new(Origin::new(raw, reader, variables)),
    })
}

/// The title and the states of a lesson, if nothing is wrong with them.
fn sound(
    raw: &RawLesson,
    variables: &BTreeSet<&str>,
    reader: &mut Reader,
) -> Option<(Placed<String>, Graph<Teaching>)> {
    let mut names = BTreeSet::new();
    for (name, _) in &raw.topics {
        if !names.insert(&name.value) {
            reader.fault(name.place, Fault::Duplicate(name.value.clone()));
        }
    }
    check_variables(raw, variables, reader);
    check_needs(raw, reader);
    let anywhere = raw.anywhere.iter().map(|r| reaction(r, raw, reader)).collect();
    let states = raw.states.iter().map(|s| state(s, raw, reader)).collect();
    let start = raw.start.as_ref()?;
    let is_sound = reader.errors.is_empty();
    match Graph::build(&start.value, states, anywhere) {
        Ok(graph) => raw.title.clone().filter(|_| is_sound).map(|title| (title, graph)),
        Err(faults) => {
            for fault in faults {
                graph_fault(&fault, raw, start, is_sound, reader);
            }
            None
        }
    }
}

fn state(raw: &RawState, lesson: &RawLesson, reader: &mut Reader) -> State<Teaching, String> {
    let hints = raw.hints.iter();
    State {
        name: raw.name.value.clone(),
        is_end: raw.is_end,
        enter: plain(&raw.enter),
        leave: plain(&raw.leave),
        reactions: raw.reactions.iter().map(|r| reaction(r, lesson, reader)).collect(),
        hints: hints.map(|h| Hint { after: h.after, actions: plain(&h.actions) }).collect(),
    }
}

fn reaction(
    raw: &RawReaction,
    lesson: &RawLesson,
    reader: &mut Reader,
) -> Reaction<Teaching, String> {
    let topics = raw.topics.iter().filter_map(|topic| {
        let found = lesson.topics.iter().position(|(name, _)| name.value == topic.value);
        if found.is_none() {
            let names: Vec<&str> =
                lesson.topics.iter().map(|(name, _)| name.value.as_str()).collect();
            reader.unknown_word("topic", &topic.value, topic.place, &names);
        }
        found.map(TopicIx)
    });
    let topics = topics.collect();
    Reaction {
        trigger: Trigger { event: raw.event, conditions: claims(raw), topics },
        after: raw.after,
        at_most_every: raw.at_most_every,
        actions: plain(&raw.actions),
        again: raw.again.iter().map(|actions| plain(actions)).collect(),
        gives_hint: raw.hint.is_some(),
        target: raw.target.as_ref().map(|target| target.value.clone()),
    }
}

fn claims(raw: &RawReaction) -> Vec<Claim> {
    raw.conditions.iter().map(|claim| claim.value).collect()
}

fn plain(actions: &[Placed<Action>]) -> Vec<Action> {
    actions.iter().map(|action| action.value.clone()).collect()
}

/// All actions of a state or reaction that can carry texts, in the order of the file.
pub(super) fn actions(raw: &RawLesson) -> impl Iterator<Item = &Placed<Action>> {
    let of_states = raw.states.iter().flat_map(|state| {
        state
            .enter
            .iter()
            .chain(state.reactions.iter().flat_map(RawReaction::all_actions))
            .chain(state.hints.iter().flat_map(|hint| &hint.actions))
            .chain(&state.leave)
    });
    raw.anywhere.iter().flat_map(RawReaction::all_actions).chain(of_states)
}

fn texts(raw: &RawLesson, title: &Placed<String>) -> Vec<Text> {
    let said = actions(raw).filter_map(|action| match &action.value {
        Action::Say(text) | Action::Answer(text) => Some((text, action.place)),
        Action::Do(_) => None,
    });
    let topics = raw.topics.iter().map(|(name, words)| {
        if is_found_by_name(&words.value, false) {
            (Some(TOPIC_CONTEXT), &name.value, words.place)
        } else {
            (None, &words.value, words.place)
        }
    });
    let tasks = raw.states.iter().filter_map(|state| state.task.as_ref());
    let tasks = tasks.map(|task| (&task.value, task.place));
    let plain = [(&title.value, title.place)].into_iter().chain(tasks).chain(said);
    let mut texts: Vec<Text> = plain
        .map(|(text, place)| (None, text, place))
        .chain(topics)
        .filter(|(.., place)| place.is_own())
        .map(|(context, key, place)| {
            // Texts with a context of their own are kept as their key.
            let (own, msgid) = split_key(key);
            let context = context.or(own).map(str::to_owned);
            Text { context, msgid: msgid.to_owned(), line: place.line }
        })
        .collect();
    texts.sort_by_key(|text| text.line);
    texts
}

fn check_variables(raw: &RawLesson, variables: &BTreeSet<&str>, reader: &mut Reader) {
    let said = actions(raw).filter_map(|action| match &action.value {
        Action::Say(said) | Action::Answer(said) => Some((said, action.place)),
        Action::Do(_) => None,
    });
    let tasks = raw.states.iter().filter_map(|state| state.task.as_ref());
    for (said, place) in said.chain(tasks.map(|task| (&task.value, task.place))) {
        for name in text::variables(said).filter(|name| !variables.contains(name)) {
            let known: Vec<&str> = variables.iter().copied().collect();
            let allowed = known.join(", ");
            let nearest = nearest(name, &known);
            let name = name.to_owned();
            reader.fault(place, Fault::UnknownVariable { name, allowed, nearest });
        }
    }
}

/// Holds that states get what they need, and that the bot secret is said to the verified only.
fn check_needs(raw: &RawLesson, reader: &mut Reader) {
    check_breaks(raw, reader);
    for state in &raw.states {
        let steady = state.enter.iter().chain(state.hints.iter().flat_map(|hint| &hint.actions));
        steady.for_each(|action| check_confidential(action, state.needs, reader));
        // Whatever leads out may have taken away what the state needs.
        state.leave.iter().for_each(|action| check_confidential(action, Need::Nothing, reader));
        if let Some(task) = state.task.as_ref().filter(|task| text::is_confidential(&task.value)) {
            reader.fault(task.place, Fault::ExposedSecret);
        }
        for reaction in &state.reactions {
            check_reaction(reaction, state.needs, raw, reader);
        }
        if state.needs >= Need::Private && !state.is_end {
            check_guard(state, EventKind::OtrDisabled, Need::Nothing, raw, reader);
        }
        if state.needs >= Need::Verified && !state.is_end {
            check_guard(state, EventKind::OtrEnabled, Need::Private, raw, reader);
        }
    }
    for reaction in &raw.anywhere {
        check_reaction(reaction, Need::Nothing, raw, reader);
    }
}

/// Holds that the private conversation is broken off on coming into a state that needs none.
fn check_breaks(raw: &RawLesson, reader: &mut Reader) {
    let breaks =
        |action: &&Placed<Action>| matches!(action.value, Action::Do(deed) if deed.ends_privacy());
    let allowed = raw.states.iter().filter(|state| state.needs == Need::Nothing);
    let allowed: BTreeSet<_> =
        allowed.flat_map(|state| &state.enter).map(|action| action.place).collect();
    for action in actions(raw).filter(breaks).filter(|action| !allowed.contains(&action.place)) {
        let what = "`become_impostor`, `become_myself` and `end_otr` belong to the `enter` of a state \
                    with `needs: nothing`: they break the private conversation off";
        reader.fault(action.place, Fault::Combination(what));
    }
}

fn check_reaction(reaction: &RawReaction, needs: Need, raw: &RawLesson, reader: &mut Reader) {
    let certain = certain(reaction, needs);
    reaction.all_actions().for_each(|action| check_confidential(action, certain, reader));
    let Some((name, target)) = target(reaction, raw) else { return };
    if target.needs > certain {
        let (target, need) = (name.value.clone(), target.needs.word());
        reader.fault(name.place, Fault::UnmetNeed { target, need });
    }
}

/// Every reaction to an event that takes away what the state needs must lead to where it is not
/// needed, or make sure by its conditions that it is there still.
fn check_guard(
    state: &RawState,
    event: EventKind,
    left: Need,
    raw: &RawLesson,
    reader: &mut Reader,
) {
    let mut is_caught = false;
    let mut is_safe = true;
    let reactions = state.reactions.iter().chain(&raw.anywhere);
    for reaction in reactions.filter(|reaction| reaction.event == event) {
        is_safe &= match target(reaction, raw) {
            // Its own needs are checked where the reaction is.
            Some((_, target)) => target.needs <= certain(reaction, left),
            None => reaction.target.is_some() || certain(reaction, left) >= state.needs,
        };
        if reaction.conditions.is_empty() && reaction.topics.is_empty() {
            is_caught = true;
            break;
        }
    }
    if !(is_caught && is_safe) {
        let (name, need) = (state.name.value.clone(), state.needs.word());
        let fault = Fault::UnguardedNeed { state: name, need, event: event.word() };
        reader.fault(state.name.place, fault);
    }
}

fn check_confidential(action: &Placed<Action>, certain: Need, reader: &mut Reader) {
    if let Action::Say(said) = &action.value
        && text::is_confidential(said)
        && certain < Need::Verified
    {
        reader.fault(action.place, Fault::ExposedSecret);
    }
}

fn certain(reaction: &RawReaction, needs: Need) -> Need {
    let conditions = claims(reaction);
    Trigger { event: reaction.event, conditions, topics: Vec::new() }.certain(needs)
}

fn target<'r>(
    reaction: &'r RawReaction,
    raw: &'r RawLesson,
) -> Option<(&'r Placed<String>, &'r RawState)> {
    let name = reaction.target.as_ref()?;
    Some((name, raw.states.iter().find(|state| state.name.value == name.value)?))
}

/// Ways are told of only if everything else is right: a reaction that could not be read may have been
/// the way.
fn graph_fault(
    fault: &fsm::Fault,
    raw: &RawLesson,
    start: &Placed<String>,
    is_sound: bool,
    reader: &mut Reader,
) {
    let names: Vec<&str> = raw.states.iter().map(|state| state.name.value.as_str()).collect();
    match *fault {
        fsm::Fault::UnknownStart => {
            let name = start.value.clone();
            let nearest = nearest(&name, &names);
            reader.fault(start.place, Fault::UnknownStart { name, nearest });
        }
        fsm::Fault::UnknownTarget(place) => {
            let reaction = match place {
                fsm::Place::State(state_ix, ix) => {
                    raw.states.get(state_ix).and_then(|state| state.reactions.get(ix))
                }
                fsm::Place::Everywhere(ix) => raw.anywhere.get(ix),
            };
            if let Some(target) = reaction.and_then(|reaction| reaction.target.as_ref()) {
                let name = target.value.clone();
                let nearest = nearest(&name, &names);
                reader.fault(target.place, Fault::UnknownTarget { name, nearest });
            }
        }
        fsm::Fault::DuplicateName(ix) => state_fault(ix, Fault::Duplicate, raw, reader),
        fsm::Fault::Unreachable(_) | fsm::Fault::NoWayOut(_) if !is_sound => {}
        fsm::Fault::Unreachable(ix) => state_fault(ix, Fault::Unreachable, raw, reader),
        fsm::Fault::NoWayOut(ix) => state_fault(ix, Fault::NoWayOut, raw, reader),
    }
}

fn state_fault(ix: usize, fault: fn(String) -> Fault, raw: &RawLesson, reader: &mut Reader) {
    if let Some(state) = raw.states.get(ix) {
        reader.fault(state.name.place, fault(state.name.value.clone()));
    }
}
