//! What can be wrong with a lesson, and where.

use std::fmt;

use crate::yaml::What;

use super::meant;

/// One fault of a lesson, with its place in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error(
    "{}{line}:{column}: {fault}",
    other.as_ref().map(|other| format!("{other}.yaml:")).unwrap_or_default()
)]
pub struct LessonError {
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
    /// Name of the file that this one extends or includes, if the place is in that.
    pub other: Option<String>,
    /// What is wrong.
    pub fault: Fault,
}

/// All faults of a lesson, in the order of the file. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LessonErrors(pub Vec<LessonError>);

impl std::error::Error for LessonErrors {}

impl fmt::Display for LessonErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (error_ix, error) in self.0.iter().enumerate() {
            if error_ix > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

/// What is wrong with a place of a lesson.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file is not YAML, or larger than a lesson may be.
    #[error("{0}")]
    Yaml(What),
    /// The file has nothing in it.
    #[error("the file is empty; a lesson has `title`, `start` and `states`")]
    EmptyFile,
    /// A value is of another kind than the key wants.
    #[error("expected {expected}, found {found}; {remedy}")]
    Kind {
        /// What the key wants.
        expected: &'static str,
        /// What is there.
        found: &'static str,
        /// What to write.
        remedy: String,
    },
    /// A key without a value, which a text went on with after a comma within `{ }`.
    #[error(
        "a key without a value stands after a comma within {{ }} here; if it belongs to the text \
         before it, write the whole of that in quotation marks"
    )]
    AfterComma,
    /// A key that this place does not know.
    #[error("unknown key `{key}`{}, expected one of: {allowed}", meant(nearest.as_ref()))]
    UnknownKey {
        /// The key.
        key: String,
        /// The keys of this place.
        allowed: String,
        /// The one most like it.
        nearest: Option<String>,
    },
    /// A key is missing.
    #[error("`{key}` is missing")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A word that is none of the few that this place knows.
    #[error("unknown {what} `{word}`{}, expected one of: {allowed}", meant(nearest.as_ref()))]
    UnknownWord {
        /// What kind of word.
        what: &'static str,
        /// The word.
        word: String,
        /// The words of this place.
        allowed: String,
        /// The one most like it.
        nearest: Option<String>,
    },
    /// A lesson to be extended that is not there.
    #[error("there is no lesson `{name}` to extend{}", meant(nearest.as_ref()))]
    UnknownBase {
        /// Its name.
        name: String,
        /// The lesson most like it.
        nearest: Option<String>,
    },
    /// A file to be included that is not there.
    #[error("there is no file `{name}` to include{}", meant(nearest.as_ref()))]
    UnknownInclude {
        /// Its name.
        name: String,
        /// The file most like it.
        nearest: Option<String>,
    },
    /// A part that is not there.
    #[error("there is no part `{name}` to use{}", meant(nearest.as_ref()))]
    UnknownPart {
        /// Its name.
        name: String,
        /// The part most like it.
        nearest: Option<String>,
    },
    /// Not a time.
    #[error("`{0}` is no time; {meant}", meant = time_meant(.0))]
    Time(String),
    /// Not a part of a grade.
    #[error("`{0}` is no part of a grade; {meant}", meant = percent_meant(.0))]
    Percent(String),
    /// Two keys of a reaction that do not go together, or one that needs another.
    #[error("{0}")]
    Combination(&'static str),
    /// A text with nothing in it.
    #[error("the text is empty")]
    EmptyText,
    /// A text that nobody reads to its end in a chat.
    #[error("the text has {length} characters, {allowed} are allowed: say one thought at a time")]
    LongText {
        /// Its length in characters.
        length: usize,
        /// The most allowed.
        allowed: usize,
    },
    /// A text with a variable that has no value.
    #[error("unknown variable `${{{name}}}`{}, expected one of: {allowed}", meant(nearest.as_ref()))]
    UnknownVariable {
        /// Its name.
        name: String,
        /// Those that there are.
        allowed: String,
        /// The one most like it.
        nearest: Option<String>,
    },
    /// The bot secret would be said to somebody who is not verified.
    #[error(
        "this text carries the bot secret, but is not certain to be said in a verified \
         conversation; put it into a state with `needs: verified`"
    )]
    ExposedSecret,
    /// A state would be entered without what it needs.
    #[error("`{target}` needs a {need} conversation, which is not certain here")]
    UnmetNeed {
        /// The state that is entered.
        target: String,
        /// What it needs.
        need: &'static str,
    },
    /// A state would go on without what it needs.
    #[error(
        "`{state}` needs a {need} conversation, so every `{event}` must lead to a state that does \
         not, and at the last one without conditions"
    )]
    UnguardedNeed {
        /// The state.
        state: String,
        /// What it needs.
        need: &'static str,
        /// The event that takes it away.
        event: &'static str,
    },
    /// The first state does not exist.
    #[error("the lesson starts in `{name}`, which is none of its states{}", meant(nearest.as_ref()))]
    UnknownStart {
        /// The name.
        name: String,
        /// The state most like it.
        nearest: Option<String>,
    },
    /// A reaction goes to a state that does not exist.
    #[error("there is no state `{name}`{}", meant(nearest.as_ref()))]
    UnknownTarget {
        /// The name.
        name: String,
        /// The state most like it.
        nearest: Option<String>,
    },
    /// Two things have the same name.
    #[error("`{0}` exists already")]
    Duplicate(String),
    /// No way leads to a state.
    #[error("no way leads from the start to `{0}`")]
    Unreachable(String),
    /// No way leads from a state to an end.
    #[error("no way leads from `{0}` to a state with `end: true`")]
    NoWayOut(String),
    /// States that lead to each other without anything having happened.
    #[error(
        "these states lead on to each other by `entered` without end: {0}; let one of them wait \
         for an event, or go on under a condition"
    )]
    Round(String),
    /// A state is moved to where there is none.
    #[error(
        "`{old}` is moved to `{new}`, which is no state of this lesson{}; name the state in which \
         its learners go on",
        meant(nearest.as_ref())
    )]
    MovedNowhere {
        /// The name of the state that is gone.
        old: String,
        /// What stands in its place.
        new: String,
        /// The state most like that.
        nearest: Option<String>,
    },
    /// A state is moved to where nobody can go on.
    #[error(
        "`{old}` is moved to `{new}`, where the lesson ends; name a state in which its learners go \
         on"
    )]
    MovedToEnd {
        /// The name of the state that is gone.
        old: String,
        /// The end.
        new: String,
    },
    /// A state is moved that is there.
    #[error(
        "`{0}` is a state of this lesson, so nobody has to be moved out of it; `moved` has the old \
         names of states that were renamed or taken out: rename the state, or take this line out"
    )]
    MovedButThere(String),
    /// Names that lead to each other.
    #[error(
        "`moved` leads from `{0}` round to `{0}` again, and to no state; name the state in which its \
         learners go on"
    )]
    MovedInCircle(String),
}

fn time_meant(text: &str) -> String {
    meant::time(text).map_or_else(
        || "a time is a number and `s`, `m` or `h`, such as `90s`, and at most a day".to_owned(),
        |time| format!("write `{time}`"),
    )
}

fn percent_meant(text: &str) -> String {
    meant::percent(text).map_or_else(
        || "that is a whole number from 1 to 99 and `%`, such as `40%`".to_owned(),
        |percent| format!("write `{percent}`"),
    )
}

fn meant(nearest: Option<&String>) -> String {
    nearest.map(|nearest| format!(" (`{nearest}`?)")).unwrap_or_default()
}

/// The word most like a wrong one, if any is like it at all.
pub(crate) fn nearest(wrong: &str, words: &[&str]) -> Option<String> {
    words
        .iter()
        .map(|word| (strsim::jaro_winkler(wrong, word), word))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, word)| (*word).to_owned())
}
