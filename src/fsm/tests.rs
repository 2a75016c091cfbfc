use super::*;

/// Events and triggers are words, actions too; the memory is the word that is refused.
#[derive(Clone, Debug)]
struct Words;

impl Vocabulary for Words {
    type Event = &'static str;
    type Trigger = &'static str;
    type Action = &'static str;
    type Memory = &'static str;

    const ENTERED: &'static str = "entered";
    const WAITED: &'static str = "waited";

    /// Words of the kind `urgent …` go first.
    fn rank(trigger: &&'static str, event: &&'static str, refused: &&'static str) -> Option<usize> {
        let is_urgent = trigger.strip_prefix("urgent ").is_some_and(|word| word == *event);
        let fires = (trigger == event || is_urgent) && event != refused;
        fires.then_some(usize::from(!is_urgent))
    }
}

fn on(trigger: &'static str) -> Reaction<Words, String> {
    Reaction {
        trigger,
        after: None,
        at_most_every: None,
        actions: Vec::new(),
        again: Vec::new(),
        gives_hint: false,
        target: None,
    }
}

fn go(trigger: &'static str, target: &str) -> Reaction<Words, String> {
    Reaction { target: Some(target.to_owned()), ..on(trigger) }
}

fn state(name: &str, reactions: Vec<Reaction<Words, String>>) -> State<Words, String> {
    let is_end = name == "end";
    let (enter, leave, hints) = (Vec::new(), Vec::new(), Vec::new());
    State { name: name.to_owned(), is_end, enter, leave, reactions, hints }
}

fn machine(
    states: Vec<State<Words, String>>,
    everywhere: Vec<Reaction<Words, String>>,
    now: Instant,
) -> (Machine<Words>, Vec<&'static str>) {
    let start = states[0].name.clone();
    Machine::start(Arc::new(Graph::build(&start, states, everywhere).unwrap()), now, &"")
}

#[expect(clippy::disallowed_methods, reason = "the zero of the tests' own clock")]
fn zero() -> Instant {
    Instant::now()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn all_wrong_names_are_told_at_once() {
    let states = vec![
        state("a", vec![on("x"), go("y", "nowhere")]),
        state("a", vec![go("y", "gone"), go("z", "end")]),
        state("end", vec![]),
    ];

    let faults = Graph::build("b", states, vec![go("q", "lost")]).unwrap_err();

    assert_eq!(
        faults,
        [
            Fault::DuplicateName(1),
            Fault::UnknownStart,
            Fault::UnknownTarget(Place::State(0, 1)),
            Fault::UnknownTarget(Place::State(1, 0)),
            Fault::UnknownTarget(Place::Everywhere(0)),
        ]
    );
}

#[test]
fn states_that_cannot_be_reached_or_left_are_told() {
    let states = vec![
        state("a", vec![go("x", "trap"), go("y", "end")]),
        state("trap", vec![go("x", "trap")]),
        state("island", vec![go("x", "end")]),
        state("end", vec![]),
    ];

    let faults = Graph::build("a", states, vec![]).unwrap_err();

    assert_eq!(faults, [Fault::NoWayOut(1), Fault::Unreachable(2)]);
}

#[test]
fn leaving_comes_before_the_reaction_and_entering_after() {
    let mut from = state("a", vec![Reaction { actions: vec!["then"], ..go("x", "end") }]);
    from.leave = vec!["leave"];
    let mut to = state("end", vec![]);
    to.enter = vec!["enter"];
    let now = zero();
    let (mut machine, _) = machine(vec![from, to], vec![], now);

    assert_eq!(machine.handle(now, &"x", &""), Ok(vec!["leave", "then", "enter"]));
    assert!(machine.is_ended());
    assert_eq!(machine.handle(now, &"x", &""), Err(Unhandled));
}

#[test]
fn a_state_goes_before_what_every_state_does_and_conditions_are_asked() {
    let now = zero();
    let (mut machine, _) = machine(
        vec![
            state("a", vec![Reaction { actions: vec!["own"], ..on("x") }, go("end", "end")]),
            state("end", vec![]),
        ],
        vec![
            Reaction { actions: vec!["shared x"], ..on("x") },
            Reaction { actions: vec!["shared y"], ..on("y") },
        ],
        now,
    );

    assert_eq!(machine.handle(now, &"x", &""), Ok(vec!["own"]));
    assert_eq!(machine.handle(now, &"y", &""), Ok(vec!["shared y"]));
    assert_eq!(machine.handle(now, &"y", &"y"), Err(Unhandled));
    assert_eq!(machine.handle(now, &"z", &""), Err(Unhandled));
}

#[test]
fn coming_in_can_lead_on_and_a_circle_of_that_ends() {
    let now = zero();
    let mut first = state("a", vec![Reaction { actions: vec!["on"], ..go("entered", "b") }]);
    first.enter = vec!["a"];
    let mut second = state("b", vec![go("entered", "a"), go("x", "end")]);
    second.enter = vec!["b"];

    let (machine, actions) = machine(vec![first, second, state("end", vec![])], vec![], now);

    assert_eq!(actions, ["a", "on", "b"]);
    assert!(!machine.is_ended());
}

#[test]
fn waiting_fires_once_and_only_where_its_condition_holds() {
    let now = zero();
    let waits =
        |after: u32, actions| Reaction { after: Some(SECOND * after), actions, ..on("waited") };
    let states = vec![
        state("a", vec![waits(5, vec!["five"]), waits(3, vec!["three"]), go("x", "end")]),
        state("end", vec![]),
    ];
    let (mut machine, _) = machine(states, vec![], now);

    assert_eq!(machine.next_tick(), Some(now + SECOND * 3));
    assert!(machine.tick(now + SECOND * 2, &"").is_empty());
    assert!(machine.tick(now + SECOND * 3, &"waited").is_empty());
    assert_eq!(machine.tick(now + SECOND * 9, &""), ["five"]);
    assert_eq!(machine.next_tick(), None);
}

#[test]
fn hints_come_by_waiting_or_asking_and_keep_their_distance() {
    let now = zero();
    let mut teaching =
        state("a", vec![Reaction { gives_hint: true, ..on("help") }, go("x", "end")]);
    teaching.hints = vec![
        Hint { after: SECOND * 10, actions: vec!["vague"] },
        Hint { after: SECOND * 30, actions: vec!["clear"] },
    ];
    let (mut machine, _) = machine(vec![teaching, state("end", vec![])], vec![], now);

    assert_eq!(machine.handle(now + SECOND, &"help", &""), Ok(vec!["vague"]));
    assert!(machine.tick(now + SECOND * 20, &"").is_empty());
    assert_eq!(machine.next_tick(), Some(now + SECOND * 21));
    assert_eq!(machine.tick(now + SECOND * 21, &""), ["clear"]);
    assert_eq!(machine.handle(now + SECOND * 22, &"help", &""), Ok(vec!["clear"]));
    assert_eq!(machine.next_tick(), None);
}

#[test]
fn a_limited_reaction_keeps_quiet_for_its_pause() {
    let now = zero();
    let nag = Reaction { at_most_every: Some(SECOND), actions: vec!["nag"], ..on("x") };
    let states = vec![state("a", vec![nag, go("y", "end")]), state("end", vec![])];
    let (mut machine, _) = machine(states, vec![], now);

    assert_eq!(machine.handle(now, &"x", &""), Ok(vec!["nag"]));
    assert_eq!(machine.handle(now + SECOND / 2, &"x", &""), Ok(vec![]));
    assert_eq!(machine.handle(now + SECOND, &"x", &""), Ok(vec!["nag"]));
}

#[test]
fn a_pause_does_not_count_as_waiting() {
    let now = zero();
    let wait = Reaction { after: Some(SECOND * 5), actions: vec!["five"], ..on("waited") };
    let mut teaching = state("a", vec![wait, go("x", "end")]);
    teaching.hints = vec![Hint { after: SECOND * 10, actions: vec!["ten"] }];
    let (mut machine, _) = machine(vec![teaching, state("end", vec![])], vec![], now);

    machine.pause(now + SECOND * 7, SECOND * 7);

    assert!(machine.tick(now + SECOND * 11, &"").is_empty());
    assert_eq!(machine.tick(now + SECOND * 17, &""), ["five", "ten"]);
}

#[test]
fn the_lowest_rank_goes_first_wherever_it_stands_and_the_first_of_equal_ones() {
    let says = |trigger, said| Reaction { actions: vec![said], ..on(trigger) };
    let start = zero();
    let states =
        vec![state("a", vec![says("x", "general"), go("bye", "end")]), state("end", vec![])];
    let everywhere = vec![says("urgent x", "urgent"), says("x", "never")];
    let (mut met, _) = machine(states, everywhere, start);
    assert_eq!(met.handle(start, &"x", &"").unwrap(), ["urgent"]);

    let states =
        vec![state("a", vec![says("urgent x", "own"), go("bye", "end")]), state("end", vec![])];
    let (mut met, _) = machine(states, vec![says("urgent x", "shared")], start);
    assert_eq!(met.handle(start, &"x", &"").unwrap(), ["own"]);
}

#[test]
fn what_happens_again_is_answered_in_other_words_also_after_leaving() {
    let again = vec![vec!["two"], vec!["three"]];
    let x = Reaction { actions: vec!["one"], again: again.clone(), ..on("x") };
    let came = Reaction { actions: vec!["one"], again, ..on("entered") };
    let states = vec![
        state("a", vec![x, go("go", "b")]),
        state("b", vec![came, go("go", "a"), go("bye", "end")]),
        state("end", vec![]),
    ];
    let start = zero();
    let (mut machine, _) = machine(states, vec![], start);

    let mut said = Vec::new();
    for _ in 0..4 {
        for event in ["x", "go", "go"] {
            said.extend(machine.handle(start, &event, &"").unwrap());
        }
    }

    assert_eq!(said, ["one", "one", "two", "two", "three", "three", "three", "three"]);
}
