//! A lesson as it is written, with the place of each part.

use std::{collections::BTreeSet, time::Duration};

use gettext::po::key;

use super::doubts::Kind;
use super::error::Fault;
use super::messages::TOPIC_CONTEXT;
use super::vocabulary::{Action, Claim, Condition, Deed, EventKind, Milestone, Need, Word as _};
use super::yaml::{Fields, Node, Place, Placed, Reader, Value};

/// Longest text, in characters. Longer ones are not read in a chat.
pub(super) const MAX_TEXT_CHARS: usize = 400;

/// Longest context of a text, in characters.
const MAX_CONTEXT_CHARS: usize = 80;

/// Longest task, in characters: it is said among other things.
pub(super) const MAX_TASK_CHARS: usize = 200;

/// Longest list of words of a topic, in characters. A language may have many for one thing.
pub(super) const MAX_TOPIC_CHARS: usize = 8_000;

/// Longest waiting time. More is a slip of the pen: sessions end sooner.
const MAX_TIME: Duration = Duration::from_hours(24);

/// The keys of a lesson.
pub(super) const LESSON_KEYS: [&str; 11] = [
    "title", "extends", "includes", "start", "moved", "credit", "topics", "urgent", "parts",
    "anywhere", "states",
];

/// The keys of a file that lessons include.
pub(super) const SHARED_KEYS: [&str; 4] = ["topics", "urgent", "parts", "anywhere"];

/// The keys of a state.
pub(super) const STATE_KEYS: [&str; 7] = ["needs", "end", "task", "enter", "leave", "on", "hints"];

/// The keys of a reaction.
pub(super) const REACTION_KEYS: [&str; 9] =
    ["when", "after", "if", "about", "at_most_every", "do", "again", "hint", "go"];

/// The keys of a hint.
pub(super) const HINT_KEYS: [&str; 2] = ["after", "do"];

/// The keys of an action that is no single word.
pub(super) const ACTION_KEYS: [&str; 3] = ["say", "answer", "context"];

#[derive(Debug)]
pub(super) struct RawLesson {
    pub(super) title: Option<Placed<String>>,
    pub(super) start: Option<Placed<String>>,
    /// Names of states that are gone, and of those in their places.
    pub(super) moved: Vec<(Placed<String>, Placed<String>)>,
    pub(super) credit: Vec<(Milestone, u8)>,
    /// In the order in which they are answered.
    pub(super) topics: RawTopics,
    /// How many of them are urgent.
    pub(super) n_urgent: usize,
    pub(super) anywhere: Vec<RawReaction>,
    pub(super) states: Vec<RawState>,
}

#[derive(Debug)]
pub(super) struct RawState {
    pub(super) name: Placed<String>,
    pub(super) needs: Need,
    pub(super) is_end: bool,
    pub(super) task: Option<Placed<String>>,
    pub(super) enter: Vec<Placed<Action>>,
    pub(super) leave: Vec<Placed<Action>>,
    pub(super) reactions: Vec<RawReaction>,
    pub(super) hints: Vec<RawHint>,
}

#[derive(Debug)]
pub(super) struct RawReaction {
    pub(super) place: Place,
    pub(super) event: EventKind,
    pub(super) after: Option<Duration>,
    pub(super) conditions: Vec<Placed<Claim>>,
    pub(super) topics: Vec<Placed<String>>,
    pub(super) at_most_every: Option<Duration>,
    pub(super) actions: Vec<Placed<Action>>,
    pub(super) again: Vec<Vec<Placed<Action>>>,
    /// Where `hint: true` stands.
    pub(super) hint: Option<Place>,
    pub(super) target: Option<Placed<String>>,
}

#[derive(Debug)]
pub(super) struct RawHint {
    pub(super) place: Place,
    pub(super) after: Duration,
    pub(super) actions: Vec<Placed<Action>>,
}

impl RawLesson {
    pub(super) fn read(node: &Node, reader: &mut Reader) -> Self {
        let fields = reader.fields(node, &LESSON_KEYS);
        let title = fields.need("title", reader).and_then(|node| reader.said(node));
        let start = fields.need("start", reader).and_then(|node| reader.name(node));
        let moved = fields.find("moved").map(|node| reader.entries(node)).unwrap_or_default();
        let moved = moved.iter().filter_map(|(old, new)| Some((old.clone(), reader.name(new)?)));
        let moved = moved.collect();
        let credit = fields.find("credit").map(|node| credit(node, reader)).unwrap_or_default();
        let (topics, n_urgent, anywhere) = shared(&fields, reader);
        let states = fields.need("states", reader);
        let states = states.map(|node| reader.entries(node)).unwrap_or_default();
        let states = states.iter().map(|(name, node)| RawState::read(name, node, reader)).collect();
        let mut raw = Self { title, start, moved, credit, topics, n_urgent, anywhere, states };
        raw.prune();
        raw
    }

    /// What lessons include: topics, and reactions of every state.
    pub(super) fn read_shared(node: &Node, reader: &mut Reader) -> Self {
        let fields = reader.fields(node, &SHARED_KEYS);
        let (title, start, moved, credit) = (None, None, Vec::new(), Vec::new());
        let (topics, n_urgent, anywhere) = shared(&fields, reader);
        Self { title, start, moved, credit, topics, n_urgent, anywhere, states: Vec::new() }
    }

    /// Drops the states of the extended lesson that are not needed here.
    fn prune(&mut self) {
        let Some(start) = &self.start else { return };
        let mut reached: BTreeSet<&str> = BTreeSet::new();
        let everywhere = self.anywhere.iter().filter_map(|reaction| reaction.target.as_ref());
        let mut ahead: Vec<&str> = vec![&start.value];
        ahead.extend(everywhere.map(|target| target.value.as_str()));
        while let Some(name) = ahead.pop() {
            if reached.insert(name)
                && let Some(state) = self.states.iter().find(|state| state.name.value == name)
            {
                let targets = state.reactions.iter().filter_map(|r| r.target.as_ref());
                ahead.extend(targets.map(|target| target.value.as_str()));
            }
        }
        let reached: BTreeSet<String> = reached.into_iter().map(str::to_owned).collect();
        self.states
            .retain(|state| state.name.place.is_own() || reached.contains(&state.name.value));
    }
}

impl RawState {
    fn read(name: &Placed<String>, node: &Node, reader: &mut Reader) -> Self {
        let fields = reader.fields(node, &STATE_KEYS);
        let needs = fields.find("needs").and_then(|node| reader.word("need", node));
        let reactions = reader.list(fields.find("on")).iter();
        let reactions = reactions.flat_map(|node| RawReaction::read(node, reader)).collect();
        let hints = reader.list(fields.find("hints")).iter();
        let hints: Vec<_> = hints.filter_map(|node| RawHint::read(node, reader)).collect();
        if !hints.is_sorted_by_key(|hint| hint.after) {
            let place = hints.first().map_or(node.place, |hint| hint.place);
            let what = "the times of `hints` must rise from one to the next";
            reader.fault(place, Fault::Combination(what));
        }
        Self {
            name: name.clone(),
            needs: needs.unwrap_or(Need::Nothing),
            is_end: reader.flag(fields.find("end")),
            task: fields.find("task").and_then(|node| said_within(MAX_TASK_CHARS, node, reader)),
            enter: actions(fields.find("enter"), reader),
            leave: actions(fields.find("leave"), reader),
            reactions,
            hints,
        }
    }
}

impl RawReaction {
    /// The reactions that one of a lesson stands for: one for each event that it names.
    fn read(node: &Node, reader: &mut Reader) -> Vec<Self> {
        let fields = reader.fields(node, &REACTION_KEYS);
        let when = fields.find("when");
        let after = fields.find("after").map(|node| time(node, reader));
        let events: Vec<_> = match (when, after) {
            (Some(when), None) => {
                let events = one_or_many(when).iter();
                let events: Vec<(EventKind, Place)> = events
                    .filter_map(|node| Some((reader.word("event", node)?, node.place)))
                    .collect();
                twice("event", events.iter().map(|(e, at)| (e.word().to_owned(), *at)), reader);
                events.into_iter().map(|(event, _)| event).collect()
            }
            (None, Some(after)) => after.map(|_| EventKind::Waited).into_iter().collect(),
            (None, None) | (Some(_), Some(_)) => {
                let what = "a reaction has either `when` or `after`";
                reader.fault(node.place, Fault::Combination(what));
                Vec::new()
            }
        };
        let conditions = reader.list(fields.find("if")).iter();
        let conditions: Vec<_> = conditions.filter_map(|node| claim(node, reader)).collect();
        twice("condition", conditions.iter().map(|c| (c.value.to_string(), c.place)), reader);
        let topics = fields.find("about").map(one_or_many).unwrap_or_default().iter();
        let topics: Vec<_> = topics.filter_map(|node| reader.name(node)).collect();
        twice("topic", topics.iter().map(|topic| (topic.value.clone(), topic.place)), reader);
        if let Some(topic) = topics.first().filter(|_| !events.iter().all(|event| event.is_words()))
        {
            let what = "only messages and questions are `about` something";
            reader.fault(topic.place, Fault::Combination(what));
        }
        let at_most_every = fields.find("at_most_every").and_then(|node| time(node, reader));
        let target = fields.find("go").and_then(|node| reader.name(node));
        if at_most_every.is_some() && target.is_some() {
            let what = "`at_most_every` does not go together with `go`: the event would be lost";
            reader.fault(node.place, Fault::Combination(what));
        }
        let again = reader.list(fields.find("again")).iter();
        let again: Vec<_> = again.map(|node| actions(Some(node), reader)).collect();
        let actions = actions(fields.find("do"), reader);
        let hint = fields.find("hint");
        let hint = hint.map(|node| node.place).filter(|_| reader.flag(hint));
        let after = after.flatten();
        let of_event = |event| Self {
            place: node.place,
            event,
            after,
            conditions: conditions.clone(),
            topics: topics.clone(),
            at_most_every,
            actions: actions.clone(),
            again: again.clone(),
            hint,
            target: target.clone(),
        };
        events.into_iter().map(of_event).collect()
    }

    /// All that it can do, this time or another.
    pub(super) fn all_actions(&self) -> impl Iterator<Item = &Placed<Action>> {
        self.actions.iter().chain(self.again.iter().flatten())
    }
}

/// Topics and their words.
type RawTopics = Vec<(Placed<String>, Placed<String>)>;

/// The topics of a file, and its reactions of every state.
fn shared(fields: &Fields<'_>, reader: &mut Reader) -> (RawTopics, usize, Vec<RawReaction>) {
    let topics = fields.find("topics").map(|node| reader.entries(node)).unwrap_or_default();
    let topics = topics
        .iter()
        .map(|(name, node)| {
            let words = said_within(MAX_TOPIC_CHARS, node, reader);
            // What is about a topic whose words are at fault is right all the same.
            let none = || Placed { value: String::new(), place: node.place };
            (name.clone(), words.unwrap_or_else(none))
        })
        .collect();
    let (topics, n_urgent) = urgent_first(topics, fields.find("urgent"), reader);
    let anywhere = reader.list(fields.find("anywhere"));
    let anywhere: Vec<_> = anywhere.iter().flat_map(|n| RawReaction::read(n, reader)).collect();
    for reaction in &anywhere {
        if reaction.after.is_some() || reaction.event == EventKind::Entered {
            let what = "`after` and `when: entered` belong to a state, not to `anywhere`";
            reader.fault(reaction.place, Fault::Combination(what));
        }
    }
    (topics, n_urgent, anywhere)
}

/// The items of a list, or the one thing that stands in its place.
fn one_or_many(node: &Node) -> &[Node] {
    if let Value::List(items) = &node.value { items } else { std::slice::from_ref(node) }
}

/// The topics, those first that go before all others; and how many these are.
fn urgent_first(
    mut topics: RawTopics,
    urgent: Option<&Node>,
    reader: &mut Reader,
) -> (RawTopics, usize) {
    let names: Vec<Placed<String>> = urgent
        .map(one_or_many)
        .unwrap_or_default()
        .iter()
        .filter_map(|node| reader.name(node))
        .collect();
    twice("topic", names.iter().map(|name| (name.value.clone(), name.place)), reader);
    for name in &names {
        if !topics.iter().any(|(known, _)| known.value == name.value) {
            let known: Vec<&str> = topics.iter().map(|(known, _)| known.value.as_str()).collect();
            reader.unknown_word("topic", &name.value, name.place, &known);
        }
    }
    let place = |topic: &Placed<String>| names.iter().position(|name| name.value == topic.value);
    topics.sort_by_key(|(name, _)| place(name).unwrap_or(usize::MAX));
    let n_urgent = topics.iter().filter(|(name, _)| place(name).is_some()).count();
    (topics, n_urgent)
}

impl RawHint {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let fields = reader.fields(node, &HINT_KEYS);
        let after = fields.need("after", reader).and_then(|node| time(node, reader));
        let actions = fields.need("do", reader).map(|node| actions(Some(node), reader));
        Some(Self { place: node.place, after: after?, actions: actions? })
    }
}

/// The parts of the grade for milestones, in percent; they rise with the milestones.
fn credit(node: &Node, reader: &mut Reader) -> Vec<(Milestone, u8)> {
    let mut credit: Vec<(Milestone, u8)> = Vec::new();
    for (name, node) in reader.entries(node) {
        let milestone = reader.word_in::<Milestone>("milestone", &name.value, name.place);
        let Some(text) = reader.name(node) else { continue };
        let percent = text.value.strip_suffix('%').and_then(|number| number.parse::<u8>().ok());
        match percent.filter(|percent| (1..100).contains(percent)) {
            Some(percent) => credit.extend(milestone.map(|milestone| (milestone, percent))),
            None => reader.fault(text.place, Fault::Percent(text.value)),
        }
    }
    credit.sort_by_key(|(milestone, _)| *milestone);
    if !credit.is_sorted_by_key(|(_, percent)| *percent) {
        let what = "the parts of `credit` must rise from one milestone to the next";
        reader.fault(node.place, Fault::Combination(what));
    }
    credit
}

/// A list of `say: text`, `say: [texts]`, `answer: text` and single words. A text with a `context` is kept
/// as its key, by which catalogs find it.
fn actions(node: Option<&Node>, reader: &mut Reader) -> Vec<Placed<Action>> {
    let mut actions = Vec::new();
    for node in reader.list(node) {
        if let Value::Text(word) = &node.value {
            let deed = reader.word_in::<Deed>("action", word, node.place);
            let action = deed.map(|deed| Placed { value: Action::Do(deed), place: node.place });
            actions.extend(action);
            continue;
        }
        let fields = reader.fields(node, &ACTION_KEYS);
        let context = fields.find("context").and_then(|node| context(node, reader));
        let keyed = |text: Placed<String>| key(context.as_deref(), &text.value);
        if let Some(answer) = fields.find("answer") {
            let text = said(answer, reader);
            actions
                .extend(text.map(|t| Placed { place: t.place, value: Action::Answer(keyed(t)) }));
        }
        for text in fields.find("say").map(one_or_many).unwrap_or_default() {
            let text = said(text, reader);
            actions.extend(text.map(|t| Placed { place: t.place, value: Action::Say(keyed(t)) }));
        }
    }
    actions
}

/// What tells a text from the same English text of another meaning.
fn context(node: &Node, reader: &mut Reader) -> Option<String> {
    let text = said_within(MAX_CONTEXT_CHARS, node, reader)?;
    if text.value == TOPIC_CONTEXT {
        let what = "the `context` of a text cannot be `topic`, which is that of words that the bot \
                    understands; write another one";
        reader.fault(text.place, Fault::Combination(what));
    }
    Some(text.value)
}

/// A text that is said.
fn said(node: &Node, reader: &mut Reader) -> Option<Placed<String>> {
    said_within(MAX_TEXT_CHARS, node, reader)
}

/// A text that is translated, of at most so many characters.
fn said_within(allowed: usize, node: &Node, reader: &mut Reader) -> Option<Placed<String>> {
    let mut text = reader.said(node)?;
    text.value = text.value.trim().to_owned();
    let length = text.value.chars().count();
    if length == 0 {
        reader.fault(text.place, Fault::EmptyText);
    } else if length > allowed {
        reader.fault(text.place, Fault::LongText { length, allowed });
    } else if text.value.contains(['\0', '\u{4}']) {
        let what = "the text has a NUL or U+0004 in it, which a PO file cannot have; take it out";
        reader.fault(text.place, Fault::Combination(what));
    }
    Some(text)
}

/// Tells of words that stand in a list more than once.
fn twice(
    what: &'static str,
    words: impl IntoIterator<Item = (String, Place)>,
    reader: &mut Reader,
) {
    let mut known = BTreeSet::new();
    for (word, place) in words {
        if !known.insert(word.clone()) {
            reader.doubt(place, Kind::Twice { what, word });
        }
    }
}

/// A condition, with `not` in front or without.
fn claim(node: &Node, reader: &mut Reader) -> Option<Placed<Claim>> {
    let text = reader.text(node)?;
    let negated = text.value.strip_prefix("not ");
    let word = negated.unwrap_or(&text.value).trim();
    let condition = reader.word_in::<Condition>("condition", word, text.place)?;
    let claim = Claim { condition, holds: negated.is_none() };
    Some(Placed { value: claim, place: text.place })
}

/// A whole number and `s`, `m` or `h`.
fn time(node: &Node, reader: &mut Reader) -> Option<Duration> {
    let text = reader.name(node)?;
    let time = duration(&text.value);
    if time.is_none() {
        reader.fault(text.place, Fault::Time(text.value));
    }
    time
}

/// A time as lessons write it: a whole number and `s`, `m` or `h`, of at least a second and at most
/// a day.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let secs = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let secs = number.parse::<u64>().ok()?.checked_mul(secs)?;
    Some(Duration::from_secs(secs))
        .filter(|time| (1..=MAX_TIME.as_secs()).contains(&time.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::vocabulary::Word;

    #[test]
    fn each_word_has_one_value_and_each_value_one_word() {
        fn check<W: Word + std::fmt::Debug>() {
            for (word, value) in W::WORDS {
                assert_eq!(W::from_word(word), Some(*value));
                assert_eq!(value.word(), *word);
            }
            assert_eq!(W::from_word("no such word"), None);
        }
        check::<EventKind>();
        check::<Condition>();
        check::<Deed>();
        check::<Need>();
        check::<Milestone>();
    }
}
