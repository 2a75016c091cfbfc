//! The JSON Schema of lesson files, for editors that complete and check while one types.
//!
//! Lessons are not read by these types: the reader tells all faults with their places. The test
//! below holds that both know the same keys; the words come from the vocabulary itself.

use std::{borrow::Cow, collections::BTreeMap};

use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema,
    transform::RecursiveTransform,
};
use serde_json::Value;

use super::{
    raw::{MAX_TASK_CHARS, MAX_TEXT_CHARS, MAX_TOPIC_CHARS},
    vocabulary::{Condition, Deed, EventKind, Need, Word as _},
};

/// The schema, as JSON on several lines.
pub fn json() -> String {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(tidy));
    let schema = settings.into_generator().into_root_schema_for::<Lesson>();
    let mut json = serde_json::to_string_pretty(&schema).unwrap_or_default();
    json.push('\n');
    json
}

/// Takes `null` out, which lessons do not have: what is optional is left out. Descriptions go on one
/// line.
fn tidy(schema: &mut Schema) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = description.replace('\n', " ");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [kind] = types.as_slice() {
            let kind = kind.clone();
            schema.insert("type".to_owned(), kind);
        }
    }
    let Some(Value::Array(any)) = schema.get_mut("anyOf") else { return };
    any.retain(|part| part.get("type").is_none_or(|kind| kind != "null"));
    if let [Value::Object(part)] = any.as_slice() {
        let part = part.clone();
        schema.remove("anyOf");
        for (key, value) in part {
            schema.insert(key, value);
        }
    }
}

/// A lesson of otrbot: what the bot teaches, as states of the conversation and reactions in them.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename = "otrbot lesson", extend("anyOf" = [{"required": ["title", "start", "states"]}, {"required": ["extends"]}, {"required": ["parts"]}, {"required": ["topics"]}]))]
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Lesson {
    /// The title that the learner reads.
    title: Option<Said>,
    /// The lesson that this one extends: it begins with all that the other has. Topics and states
    /// of this one take the place of those of the same name; its reactions of `anywhere` come first.
    extends: Option<String>,
    /// Files of what several lessons share: their topics, parts and reactions of `anywhere` come
    /// behind those of this one.
    includes: Option<Names>,
    /// The name of the first state.
    start: Option<String>,
    /// States that were renamed or taken out, and in which state their learners go on: old name and
    /// new name, or the old name of another one. Who stood in a state that is gone and does not stand
    /// here begins at the start.
    moved: Option<BTreeMap<String, String>>,
    /// Parts of the grade for milestones on the way, rising from one to the next. Left out: all of
    /// it is given at the end.
    credit: Option<Credit>,
    /// Words by which messages are recognised, separated by commas; translated as one text.
    topics: Option<BTreeMap<String, Words>>,
    /// Topics that go before all others, in whatever order these stand.
    urgent: Option<Names>,
    /// Lists of reactions, hints or actions, by name: `use: name` in a list stands for their items.
    parts: Option<BTreeMap<String, Vec<Value>>>,
    /// Reactions of every state, after its own.
    anywhere: Option<Vec<Item<Reaction>>>,
    /// The states, by name.
    states: Option<BTreeMap<String, State>>,
}

/// Parts of the grade for milestones on the way.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Credit {
    /// The learner has talked to the bot.
    talking: Option<Percent>,
    /// The conversation is private.
    encrypted: Option<Percent>,
    /// SMP has shown that both have the same secret.
    verified: Option<Percent>,
}

/// A state of the lesson.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct State {
    /// What is certain about the chat in this state. Left out: nothing.
    needs: Option<Need>,
    /// Whether the lesson ends here, when all is said.
    end: Option<bool>,
    /// What the learner is to do here, in one sentence: said after a pause, and where the bot would
    /// repeat itself.
    task: Option<Task>,
    /// What is done on coming in.
    enter: Option<Vec<Item<Action>>>,
    /// What is done on going out.
    leave: Option<Vec<Item<Action>>>,
    /// What is done about what happens; the first reaction that fits is taken.
    on: Option<Vec<Item<Reaction>>>,
    /// Help that comes by itself, each after its time, or when a reaction asks for it; from vague
    /// to concrete.
    hints: Option<Vec<Item<Hint>>>,
}

/// What is done about something that happens.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("oneOf" = [{"required": ["when"]}, {"required": ["after"]}]))]
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Reaction {
    /// What has happened: an event, or a list of them.
    when: Option<Events>,
    /// In the place of `when`: the time since the state was entered, such as `90s`. Fires once.
    after: Option<Time>,
    /// Conditions that must all hold.
    #[schemars(rename = "if")]
    conditions: Option<Vec<Claim>>,
    /// The topic that a message must be about, or a list of them. Of all topics of a message, the one
    /// that stands first in the lesson is answered.
    about: Option<Names>,
    /// The least time between two firings; in between the event does nothing. Not with `go`.
    at_most_every: Option<Time>,
    /// What is done, in this order.
    #[schemars(rename = "do")]
    actions: Option<Vec<Item<Action>>>,
    /// What is done in the place of that the second, third … time; then the last of these.
    again: Option<Vec<Vec<Item<Action>>>>,
    /// Whether the next hint of the state is given.
    hint: Option<bool>,
    /// The name of the state where the lesson goes on. Left out: it stays in this one.
    go: Option<String>,
}

/// A step of the help in a state.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Hint {
    /// How long after entering the state it comes by itself; the times must rise.
    after: Time,
    /// What is done.
    #[schemars(rename = "do")]
    actions: Vec<Item<Action>>,
}

/// Something that is done: a word alone, or a text to say.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
enum Action {
    /// A deed without a text.
    Do(Deed),
    /// A text.
    Text(TextAction),
}

/// A text that is said.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct TextAction {
    /// What the bot says: a text, or several as messages of their own.
    say: Option<OneOrMany>,
    /// What the bot answers to the learner's SMP: something that everybody knows.
    answer: Option<Said>,
    /// What tells the text from the same English text of another meaning, for translators.
    context: Option<String>,
}

/// A text, or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
enum OneOrMany {
    /// One.
    One(Said),
    /// Several, each a message of its own.
    Many(Vec<Said>),
}

/// A name, or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
enum Names {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// An event, or several.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
enum Events {
    /// One.
    One(EventKind),
    /// Several, each of which has a reaction like this.
    Many(Vec<EventKind>),
}

/// Something in a list, or a part that stands in its place.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
enum Item<T> {
    /// Itself.
    Itself(T),
    /// A part.
    Part(Use),
}

/// Part of a list that stands elsewhere.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Use {
    /// The name of the part.
    #[schemars(rename = "use")]
    part: String,
}

/// An English text, which is translated.
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Said(String);

impl JsonSchema for Said {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An English text, by which its translations are found. `${name}` stands \
                            for a variable, `$$` for `$`.",
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TEXT_CHARS,
        })
    }
}

/// Words by which a topic is recognised, separated by commas; translated as one text.
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Words(String);

impl JsonSchema for Words {
    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Words by which a topic is recognised, separated by commas; translated as one text.",
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TOPIC_CHARS,
        })
    }
}

/// What the learner is to do in a state, in one English sentence.
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Task(String);

impl JsonSchema for Task {
    fn schema_name() -> Cow<'static, str> {
        "Task".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What the learner is to do in a state, in one English sentence.",
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TASK_CHARS,
        })
    }
}

/// A time.
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Time(String);

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time: a whole number and s, m or h, at most a day. Such as 90s.",
            "type": "string",
            "pattern": "^[0-9]+[smh]$",
        })
    }
}

/// A part of the grade.
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Percent(String);

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A part of the grade: a whole number from 1 to 99 and %. Such as 40%.",
            "type": "string",
            "pattern": "^[1-9][0-9]?%$",
        })
    }
}

/// A condition, with `not` in front or without.
#[expect(dead_code, reason = "the schema is made of the declaration")]
struct Claim(String);

impl JsonSchema for Claim {
    fn schema_name() -> Cow<'static, str> {
        "Claim".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let negated: Vec<String> =
            Condition::WORDS.iter().map(|(word, _)| format!("not {word}")).collect();
        json_schema!({
            "description": "A condition that must hold; with `not ` in front, that must not.",
            "anyOf": [generator.subschema_for::<Condition>(), { "enum": negated }],
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{
        raw::{ACTION_KEYS, HINT_KEYS, LESSON_KEYS, REACTION_KEYS, STATE_KEYS},
        vocabulary::{Milestone, Word},
    };
    use super::*;

    fn schema() -> Value {
        serde_json::from_str(&json()).unwrap()
    }

    /// The keys that a part of the schema knows.
    fn keys(part: &Value) -> BTreeSet<String> {
        assert_eq!(part["additionalProperties"], false, "{part}");
        part["properties"].as_object().unwrap().keys().cloned().collect()
    }

    #[test]
    fn the_schema_and_the_reader_know_the_same_keys() {
        let schema = schema();
        let check = |part: &Value, read: &[&str]| {
            let read: BTreeSet<String> = read.iter().map(|key| (*key).to_owned()).collect();
            assert_eq!(keys(part), read);
        };
        check(&schema, &LESSON_KEYS);
        let milestones: Vec<&str> = Milestone::WORDS.iter().map(|(word, _)| *word).collect();
        check(&schema["$defs"]["Credit"], &milestones);
        for (name, read) in [
            ("State", &STATE_KEYS[..]),
            ("Reaction", &REACTION_KEYS),
            ("Hint", &HINT_KEYS),
            ("TextAction", &ACTION_KEYS),
        ] {
            check(&schema["$defs"][name], read);
        }
    }

    /// The words that a part of the schema knows, each with a description.
    fn words(part: &Value) -> BTreeSet<String> {
        let described = part["oneOf"].as_array().unwrap().iter();
        described
            .map(|word| {
                assert!(word["description"].as_str().is_some_and(|said| !said.is_empty()));
                word["const"].as_str().unwrap().to_owned()
            })
            .collect()
    }

    #[test]
    fn the_schema_and_the_reader_know_the_same_words() {
        fn check<W: Word>(name: &str) {
            let read: BTreeSet<String> =
                W::WORDS.iter().map(|(word, _)| (*word).to_owned()).collect();
            assert_eq!(words(&schema()["$defs"][name]), read, "{name}");
        }
        check::<EventKind>("EventKind");
        check::<Condition>("Condition");
        check::<Deed>("Deed");
        check::<Need>("Need");
    }
}
