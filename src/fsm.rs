//! A machine of states whose content is data: a [`Graph`] that was checked, and a [`Machine`] that
//! runs it.
//!
//! ```text
//! Vec<State<V, String>>  --Graph::build-->  Graph<V>  --Machine::start-->  Machine<V>
//!   as written                               checked                       event -> actions
//! ```
//!
//! What events, triggers and actions mean is the business of a [`Vocabulary`]. The machine performs
//! nothing: it returns the actions that its caller is to perform, in order. It reads no clock: `now`
//! is an argument.
//!
//! A state reacts to events, with or without going elsewhere, and to waiting: a reaction with
//! `after` fires once in each stay, when the stay has lasted that long. Besides, a state has a
//! ladder of hints. The next hint comes when its waiting time is over, or sooner when a reaction
//! asks for it, so that help grows more concrete the longer nothing happens.
//!
//! What is deliberately absent: nested states, history, and anything that carries secrets in its
//! states (those machines are enums of their own).

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// What a machine talks about.
pub trait Vocabulary {
    /// What happens to the machine.
    type Event;
    /// What a reaction waits for.
    type Trigger: Clone + fmt::Debug;
    /// What a reaction has its host do.
    type Action: Clone + fmt::Debug;
    /// What the host knows, for conditions.
    type Memory;

    /// The event of having come into a state.
    const ENTERED: Self::Event;
    /// The event of having waited as long as a reaction says.
    const WAITED: Self::Event;

    /// Whether a reaction that waits for `trigger` reacts to `event`, and how early it is taken among
    /// those that do: the lowest number goes first, and of equal ones the first in order.
    fn rank(trigger: &Self::Trigger, event: &Self::Event, memory: &Self::Memory) -> Option<usize>;
}

/// What a state does about something.
#[derive(Clone, Debug)]
pub struct Reaction<V: Vocabulary, Target = StateIx> {
    /// What it reacts to.
    pub trigger: V::Trigger,
    /// Fires once a stay, after this time, in the place of on events.
    pub after: Option<Duration>,
    /// The least time between two firings. Events in between count as handled, without actions.
    pub at_most_every: Option<Duration>,
    /// What it has done.
    pub actions: Vec<V::Action>,
    /// What it has done in their place the second, third … time; then the last of these.
    pub again: Vec<Vec<V::Action>>,
    /// Whether it gives the next hint of the state.
    pub gives_hint: bool,
    /// Where it goes; `None`: it stays, and waiting goes on. The state itself: it enters anew.
    pub target: Option<Target>,
}

/// A step of the ladder of help.
#[derive(Clone, Debug)]
pub struct Hint<V: Vocabulary> {
    /// How long after entering the state it comes by itself. If the hint before came early, this
    /// one keeps its distance from that.
    pub after: Duration,
    /// What it has done.
    pub actions: Vec<V::Action>,
}

/// A state: before the names of targets are resolved with `Target = String`, after with
/// [`StateIx`].
#[derive(Clone, Debug)]
pub struct State<V: Vocabulary, Target = StateIx> {
    /// The name that targets use.
    pub name: String,
    /// Whether everything ends here: such a state needs no way out.
    pub is_end: bool,
    /// What is done on coming in.
    pub enter: Vec<V::Action>,
    /// What is done on going out.
    pub leave: Vec<V::Action>,
    /// Of those that fire, the first of the lowest rank is taken.
    pub reactions: Vec<Reaction<V, Target>>,
    /// The ladder of help, from vague to concrete.
    pub hints: Vec<Hint<V>>,
}

/// Number of a state in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateIx(usize);

impl StateIx {
    /// The number, from 0.
    pub fn number(self) -> usize {
        self.0
    }
}

/// Where a reaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// In the state of this number, the reaction of that number.
    State(usize, usize),
    /// Among those that every state has, the reaction of this number.
    Everywhere(usize),
}

/// What keeps states from being a graph that can run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The name of the first state is none of a state.
    UnknownStart,
    /// A reaction goes to a state that does not exist.
    UnknownTarget(Place),
    /// The state of this number has a name that an earlier one has.
    DuplicateName(usize),
    /// The state of this number cannot be reached from the first.
    Unreachable(usize),
    /// From the state of this number no end can be reached.
    NoWayOut(usize),
}

/// States whose targets all exist, that can all be reached, and from all of which an end can be
/// reached.
#[derive(Clone, Debug)]
pub struct Graph<V: Vocabulary> {
    states: Vec<State<V>>,
    everywhere: Vec<Reaction<V>>,
    start: StateIx,
}

impl<V: Vocabulary> Graph<V> {
    /// Resolves names and checks the whole; `everywhere` are reactions of every state, after its
    /// own.
    ///
    /// # Errors
    ///
    /// All faults there are, not only the first. Reachability is told only when all names are right.
    pub fn build(
        start: &str,
        states: Vec<State<V, String>>,
        everywhere: Vec<Reaction<V, String>>,
    ) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut names = BTreeMap::new();
        for (state_ix, state) in states.iter().enumerate() {
            if names.contains_key(&state.name) {
                faults.push(Fault::DuplicateName(state_ix));
            } else {
                names.insert(state.name.clone(), StateIx(state_ix));
            }
        }
        let start = names.get(start).copied();
        if start.is_none() {
            faults.push(Fault::UnknownStart);
        }
        let mut resolve = |place: Place, reaction: Reaction<V, String>| {
            let target = reaction.target.and_then(|name| {
                let target = names.get(&name).copied();
                if target.is_none() {
                    faults.push(Fault::UnknownTarget(place));
                }
                target
            });
            Reaction {
                trigger: reaction.trigger,
                after: reaction.after,
                at_most_every: reaction.at_most_every,
                actions: reaction.actions,
                again: reaction.again,
                gives_hint: reaction.gives_hint,
                target,
            }
        };
        let mut resolved = Vec::with_capacity(states.len());
        for (state_ix, state) in states.into_iter().enumerate() {
            let reactions = state.reactions.into_iter().enumerate();
            resolved.push(State {
                name: state.name,
                is_end: state.is_end,
                enter: state.enter,
                leave: state.leave,
                reactions: reactions
                    .map(|(ix, r)| resolve(Place::State(state_ix, ix), r))
                    .collect(),
                hints: state.hints,
            });
        }
        let everywhere = everywhere
            .into_iter()
            .enumerate()
            .map(|(ix, reaction)| resolve(Place::Everywhere(ix), reaction))
            .collect();
        match start {
            Some(start) if faults.is_empty() => {
                let graph = Self { states: resolved, everywhere, start };
                let faults = graph.dead_ends();
                if faults.is_empty() { Ok(graph) } else { Err(faults) }
            }
            Some(_) | None => Err(faults),
        }
    }

    /// All states, in the order of their numbers.
    pub fn states(&self) -> &[State<V>] {
        &self.states
    }

    /// The reactions that every state has after its own.
    pub fn everywhere(&self) -> &[Reaction<V>] {
        &self.everywhere
    }

    /// The first state.
    pub fn start(&self) -> StateIx {
        self.start
    }

    /// The state of this number; `None` if the number is of another graph.
    pub fn state(&self, ix: StateIx) -> Option<&State<V>> {
        self.states.get(ix.0)
    }

    /// The number of the state of this name.
    pub fn find(&self, name: &str) -> Option<StateIx> {
        self.states.iter().position(|state| state.name == name).map(StateIx)
    }

    fn targets(&self, ix: StateIx) -> impl Iterator<Item = StateIx> {
        let state = self.state(ix);
        let own = state.into_iter().flat_map(|state| &state.reactions);
        // Nothing leaves an end.
        let shared = if state.is_some_and(|state| state.is_end) { &[] } else { &*self.everywhere };
        own.chain(shared).filter_map(|reaction| reaction.target)
    }

    fn dead_ends(&self) -> Vec<Fault> {
        let mut reached = BTreeSet::from([self.start]);
        let mut open = VecDeque::from([self.start]);
        while let Some(ix) = open.pop_front() {
            open.extend(self.targets(ix).filter(|target| reached.insert(*target)));
        }
        // Backwards from the ends, until nothing is added.
        let all = || (0..self.states.len()).map(StateIx);
        let mut ending: BTreeSet<StateIx> =
            all().filter(|ix| self.state(*ix).is_some_and(|state| state.is_end)).collect();
        loop {
            let more: Vec<StateIx> = all()
                .filter(|ix| !ending.contains(ix))
                .filter(|ix| self.targets(*ix).any(|target| ending.contains(&target)))
                .collect();
            if more.is_empty() {
                break;
            }
            ending.extend(more);
        }
        let mut faults = Vec::new();
        for ix in all() {
            if !reached.contains(&ix) {
                faults.push(Fault::Unreachable(ix.0));
            } else if !ending.contains(&ix) {
                faults.push(Fault::NoWayOut(ix.0));
            }
        }
        faults
    }
}

/// Nothing in the present state, nor in those that every state has, reacts to the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unhandled;

impl fmt::Display for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the present state does not react to this event")
    }
}

impl std::error::Error for Unhandled {}

/// A graph that runs: the state it is in, and since when.
#[derive(Debug)]
pub struct Machine<V: Vocabulary> {
    graph: Arc<Graph<V>>,
    at: StateIx,
    entered: Instant,
    /// Reactions of this state that have fired by waiting.
    waited: BTreeSet<usize>,
    /// When reactions with `at_most_every` fired last: those of this state, and those of all.
    fired: BTreeMap<Place, Instant>,
    /// How often reactions with `again` have fired.
    n_fired: BTreeMap<Place, usize>,
    /// How many hints of this state were given.
    n_hints: usize,
    /// When the last was given, or the state entered.
    hinted: Instant,
    /// The states that were entered by the last event, in order.
    path: Vec<StateIx>,
    /// Whether the last event asked for a hint.
    was_asked: bool,
}

impl<V: Vocabulary> Machine<V> {
    /// Enters the first state.
    pub fn start(graph: Arc<Graph<V>>, now: Instant, memory: &V::Memory) -> (Self, Vec<V::Action>) {
        let at = graph.start();
        Self::start_at(graph, at, now, memory)
    }

    /// Enters another one first.
    pub fn start_at(
        graph: Arc<Graph<V>>,
        at: StateIx,
        now: Instant,
        memory: &V::Memory,
    ) -> (Self, Vec<V::Action>) {
        let mut machine = Self {
            graph,
            at,
            entered: now,
            waited: BTreeSet::new(),
            fired: BTreeMap::new(),
            n_fired: BTreeMap::new(),
            n_hints: 0,
            hinted: now,
            path: Vec::new(),
            was_asked: false,
        };
        let mut actions = Vec::new();
        machine.enter(at, now, memory, &mut actions);
        (machine, actions)
    }

    /// Goes on in a state that was entered before, after so many of its hints. Its waiting times
    /// begin anew.
    pub fn resume(graph: Arc<Graph<V>>, at: StateIx, n_hints: usize, now: Instant) -> Self {
        let n_hints = n_hints.min(graph.state(at).map_or(0, |state| state.hints.len()));
        Self {
            graph,
            at,
            entered: now,
            waited: BTreeSet::new(),
            fired: BTreeMap::new(),
            n_fired: BTreeMap::new(),
            n_hints,
            hinted: now,
            path: Vec::new(),
            was_asked: false,
        }
    }

    /// How many hints of the present state were given.
    pub fn n_hints(&self) -> usize {
        self.n_hints
    }

    /// Whether the last event asked for a hint.
    pub fn was_asked_for_hint(&self) -> bool {
        self.was_asked
    }

    /// Reacts to an event.
    ///
    /// # Errors
    ///
    /// [`Unhandled`], and nothing has changed.
    pub fn handle(
        &mut self,
        now: Instant,
        event: &V::Event,
        memory: &V::Memory,
    ) -> Result<Vec<V::Action>, Unhandled> {
        self.path.clear();
        self.was_asked = false;
        let graph = Arc::clone(&self.graph);
        let state = graph.state(self.at).ok_or(Unhandled)?;
        let rank = |reaction: &Reaction<V>| {
            V::rank(&reaction.trigger, event, memory).filter(|_| reaction.after.is_none())
        };
        let own = state.reactions.iter().enumerate();
        let own = own.filter_map(|(ix, r)| Some((rank(r)?, Place::State(self.at.0, ix))));
        let shared = graph.everywhere.iter().enumerate();
        let shared = shared.filter_map(|(ix, r)| Some((rank(r)?, Place::Everywhere(ix))));
        // Places are in order: those of the state before those of all.
        let (_, place) = own.chain(shared).min().ok_or(Unhandled)?;
        let mut actions = Vec::new();
        self.react(place, now, memory, &mut actions);
        Ok(actions)
    }

    /// Does what is due by waiting.
    #[must_use]
    pub fn tick(&mut self, now: Instant, memory: &V::Memory) -> Vec<V::Action> {
        self.path.clear();
        let mut actions = Vec::new();
        let graph = Arc::clone(&self.graph);
        while let Some((due, step)) = self.next_step()
            && due <= now
        {
            let Step::Reaction(ix) = step else {
                self.hint(now, &mut actions);
                continue;
            };
            self.waited.insert(ix);
            let reaction = graph.state(self.at).and_then(|state| state.reactions.get(ix));
            let rank = |reaction: &Reaction<V>| V::rank(&reaction.trigger, &V::WAITED, memory);
            if reaction.is_some_and(|reaction| rank(reaction).is_some()) {
                self.react(Place::State(self.at.0, ix), now, memory, &mut actions);
            }
        }
        actions
    }

    /// When [`Self::tick`] has something to do next.
    pub fn next_tick(&self) -> Option<Instant> {
        self.next_step().map(|(due, _)| due)
    }

    /// Leaves a time out of all waiting: the host was busy, and nobody could act.
    /// Waiting that began meanwhile begins now.
    pub fn pause(&mut self, now: Instant, time: Duration) {
        let later = |since: Instant| since.checked_add(time).map_or(now, |later| later.min(now));
        self.entered = later(self.entered);
        self.hinted = later(self.hinted);
    }

    /// The state that the machine is in.
    pub fn at(&self) -> StateIx {
        self.at
    }

    /// The states that were entered by the last event or tick, in order; the last one is
    /// [`Self::at`]. None if it stayed where it was.
    pub fn path(&self) -> &[StateIx] {
        &self.path
    }

    /// Whether the machine is in an end.
    pub fn is_ended(&self) -> bool {
        self.graph.state(self.at).is_some_and(|state| state.is_end)
    }

    fn next_step(&self) -> Option<(Instant, Step)> {
        let state = self.graph.state(self.at)?;
        let reactions = state.reactions.iter().enumerate().filter_map(|(ix, reaction)| {
            let due = self.entered.checked_add(reaction.after?)?;
            (!self.waited.contains(&ix)).then_some((due, Step::Reaction(ix)))
        });
        let hint = state.hints.get(self.n_hints).and_then(|hint| {
            let before = self.n_hints.checked_sub(1).and_then(|ix| state.hints.get(ix));
            let distance = hint.after.saturating_sub(before.map_or(Duration::ZERO, |b| b.after));
            Some((self.hinted.checked_add(distance)?, Step::Hint))
        });
        hint.into_iter().chain(reactions).min_by_key(|(due, _)| *due)
    }

    fn react(
        &mut self,
        place: Place,
        now: Instant,
        memory: &V::Memory,
        actions: &mut Vec<V::Action>,
    ) {
        let graph = Arc::clone(&self.graph);
        let state = graph.state(self.at);
        let reaction = match place {
            Place::State(_, ix) => state.and_then(|state| state.reactions.get(ix)),
            Place::Everywhere(ix) => graph.everywhere.get(ix),
        };
        let Some(reaction) = reaction else { return };
        if let Some(pause) = reaction.at_most_every {
            let last = self.fired.get(&place);
            if last.is_some_and(|last| now.saturating_duration_since(*last) < pause) {
                return;
            }
            self.fired.insert(place, now);
        }
        if reaction.target.is_some() {
            actions.extend(state.into_iter().flat_map(|state| state.leave.iter().cloned()));
        }
        self.act(place, reaction, actions);
        if reaction.gives_hint {
            self.was_asked = true;
            self.hint(now, actions);
        }
        if let Some(target) = reaction.target {
            self.enter(target, now, memory, actions);
        }
    }

    /// What a reaction does this time.
    fn act(&mut self, place: Place, reaction: &Reaction<V>, actions: &mut Vec<V::Action>) {
        let Some(last_ix) = reaction.again.len().checked_sub(1) else {
            return actions.extend(reaction.actions.iter().cloned());
        };
        let n_before = self.n_fired.entry(place).or_default();
        let again = n_before.checked_sub(1).map(|ix| ix.min(last_ix));
        let again = again.and_then(|ix| reaction.again.get(ix));
        *n_before = n_before.saturating_add(1);
        actions.extend(again.unwrap_or(&reaction.actions).iter().cloned());
    }

    /// Gives the next hint; when all were given, the last one again.
    fn hint(&mut self, now: Instant, actions: &mut Vec<V::Action>) {
        let graph = Arc::clone(&self.graph);
        let Some(state) = graph.state(self.at) else { return };
        let Some(last_ix) = state.hints.len().checked_sub(1) else { return };
        if let Some(hint) = state.hints.get(self.n_hints.min(last_ix)) {
            actions.extend(hint.actions.iter().cloned());
        }
        self.n_hints = self.n_hints.saturating_add(1).min(state.hints.len());
        self.hinted = now;
    }

    /// Comes into a state, and goes on as far as its reactions to having come in lead.
    fn enter(
        &mut self,
        target: StateIx,
        now: Instant,
        memory: &V::Memory,
        actions: &mut Vec<V::Action>,
    ) {
        let graph = Arc::clone(&self.graph);
        let mut next = Some(target);
        // Each state at most once, so that a circle of such reactions ends too.
        let mut entered = BTreeSet::new();
        while let Some(ix) = next.take()
            && entered.insert(ix)
        {
            self.at = ix;
            self.path.push(ix);
            self.entered = now;
            self.hinted = now;
            self.n_hints = 0;
            self.waited.clear();
            self.fired.retain(|place, _| matches!(place, Place::Everywhere(_)));
            let Some(state) = graph.state(ix) else { return };
            actions.extend(state.enter.iter().cloned());
            for (reaction_ix, reaction) in state.reactions.iter().enumerate() {
                let rank = V::rank(&reaction.trigger, &V::ENTERED, memory);
                if reaction.after.is_none() && rank.is_some() {
                    if reaction.target.is_some() {
                        actions.extend(state.leave.iter().cloned());
                    }
                    self.act(Place::State(ix.0, reaction_ix), reaction, actions);
                    if reaction.target.is_some() {
                        next = reaction.target;
                        break;
                    }
                }
            }
        }
    }
}

/// What waiting leads to next.
enum Step {
    Reaction(usize),
    Hint,
}

#[cfg(test)]
mod tests;
