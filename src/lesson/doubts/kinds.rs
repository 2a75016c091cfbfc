//! What is probably a slip, in words for its author.

use std::fmt;

use crate::lesson::vocabulary::{Claim, EventKind, Need, Word as _};

/// What is probably a slip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// No topic is urgent: whoever is in danger is answered as anybody else.
    NothingUrgent,
    /// An urgent topic is not answered in these states, whatever holds.
    Unanswered {
        /// The topic.
        topic: String,
        /// The states.
        states: Vec<String>,
    },
    /// A reaction that is never taken.
    NeverTaken {
        /// The event; `None`: it comes by waiting.
        event: Option<EventKind>,
        /// The state; `None`: in no state at all.
        state: Option<String>,
        /// The lines of those of which one always goes before it.
        before: Vec<u64>,
    },
    /// Two conditions that never hold together.
    Contradiction {
        /// The condition.
        claim: Claim,
        /// The one before it.
        other: Claim,
    },
    /// A condition that does not hold when this happens.
    NeverAfter {
        /// The condition.
        claim: Claim,
        /// The event; `None`: it comes by waiting.
        event: Option<EventKind>,
    },
    /// A condition that does not hold where it stands.
    NeverIn {
        /// The condition.
        claim: Claim,
        /// The state.
        state: String,
        /// What that needs.
        need: Need,
    },
    /// A condition that holds whenever this happens.
    AlwaysAfter {
        /// The condition.
        claim: Claim,
        /// The event; `None`: it comes by waiting.
        event: Option<EventKind>,
    },
    /// A condition that always holds where it stands.
    AlwaysIn {
        /// The condition.
        claim: Claim,
        /// The state.
        state: String,
        /// What that needs.
        need: Need,
    },
    /// A word that stands in a list more than once.
    Twice {
        /// What kind of word.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// States that lead on to each other without end where these hold.
    Round {
        /// The names of the states.
        states: String,
        /// The conditions.
        claims: Vec<Claim>,
    },
    /// A state that only reactions of `anywhere` lead out of.
    OnlyAnywhere(String),
    /// A state that only reactions lead to that are never taken.
    NeverReached(String),
    /// Something that stands in an end.
    AfterTheEnd {
        /// The state.
        state: String,
        /// What.
        what: &'static str,
    },
    /// Something that stands in a state that always leads on at once.
    InPassing {
        /// The state.
        state: String,
        /// What.
        what: &'static str,
    },
    /// The first state is an end.
    StartsAtEnd(String),
    /// A state waits for the learner and has no `task`.
    NoTask(String),
    /// `hint: true` where there are no hints.
    NoHints(String),
    /// A hint that the state is left before.
    LateHint {
        /// The line of the reaction that leads out.
        before: u64,
    },
    /// A hint that comes at the same time as the one before.
    HintTogether,
    /// Something that does nothing where it stands, as the sentence says.
    Useless(&'static str),
    /// A secret that the page takes never again.
    NeverAccepted,
    /// The bot stays somebody else.
    ImpostorStays,
    /// The bot secret is not said.
    SecretNeverSaid {
        /// The most of the grade that there is without it, in percent.
        most: Option<u8>,
    },
    /// The bot secret is said where nobody comes to.
    SecretOutOfReach,
    /// Something like a variable that is none.
    NoVariable {
        /// What stands there.
        written: String,
        /// The variable that it is like.
        meant: Option<String>,
    },
    /// A variable where none is replaced.
    NotReplaced {
        /// The variable, as it is written.
        written: String,
        /// Where.
        place: &'static str,
    },
    /// A text that follows itself.
    SameText,
    /// The same is done the next time.
    SameAgain,
    /// The title is empty.
    EmptyTitle,
    /// No reaction is about a topic.
    UnusedTopic(String),
    /// Words that are separated by another sign than a comma.
    Separator {
        /// The topic.
        topic: String,
        /// The sign.
        sign: char,
    },
    /// Words that may have been meant one by one.
    OnePhrase {
        /// The topic.
        topic: String,
        /// How many they are.
        n_words: usize,
    },
    /// Nothing between two commas.
    EmptyWord(String),
    /// A word that a topic has more than once.
    WordTwice {
        /// The topic.
        topic: String,
        /// The word.
        word: String,
    },
    /// All words of a topic are words of another one that goes before.
    Covered {
        /// The topic.
        topic: String,
        /// The other one.
        other: String,
    },
    /// A word that no message can hold.
    Unheard {
        /// The topic.
        topic: String,
        /// The word.
        word: String,
    },
    /// A word that an exception always takes away.
    Excepted {
        /// The topic.
        topic: String,
        /// The word.
        word: String,
        /// The exception.
        exception: String,
    },
    /// A topic that consists of exceptions.
    NothingHeard(String),
    /// Another lesson has the same title.
    SameTitle {
        /// The title.
        title: String,
        /// The name of the other lesson.
        other: String,
    },
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingUrgent | Self::Unanswered { .. } => self.fmt_danger(f),
            Self::NeverTaken { .. }
            | Self::Contradiction { .. }
            | Self::NeverAfter { .. }
            | Self::NeverIn { .. }
            | Self::AlwaysAfter { .. }
            | Self::AlwaysIn { .. }
            | Self::Twice { .. } => self.fmt_taken(f),
            Self::Round { .. }
            | Self::OnlyAnywhere(_)
            | Self::NeverReached(_)
            | Self::AfterTheEnd { .. }
            | Self::InPassing { .. }
            | Self::StartsAtEnd(_)
            | Self::NoTask(_) => self.fmt_ways(f),
            Self::NoHints(_)
            | Self::LateHint { .. }
            | Self::HintTogether
            | Self::Useless(_)
            | Self::NeverAccepted
            | Self::ImpostorStays
            | Self::SecretNeverSaid { .. }
            | Self::SecretOutOfReach => self.fmt_keys(f),
            Self::NoVariable { .. }
            | Self::NotReplaced { .. }
            | Self::SameText
            | Self::SameAgain
            | Self::EmptyTitle
            | Self::SameTitle { .. } => self.fmt_texts(f),
            Self::UnusedTopic(_)
            | Self::Separator { .. }
            | Self::OnePhrase { .. }
            | Self::EmptyWord(_)
            | Self::WordTwice { .. }
            | Self::Covered { .. }
            | Self::Unheard { .. }
            | Self::Excepted { .. }
            | Self::NothingHeard(_) => self.fmt_topics(f),
        }
    }
}

impl Kind {
    fn fmt_danger(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Unanswered { topic, states } = self {
            let states: Vec<String> = states.iter().map(|name| format!("`{name}`")).collect();
            return write!(
                f,
                "the urgent topic `{topic}` has no reaction that always fits in {}; \
                 put one into `anywhere`",
                states.join(", ")
            );
        }
        f.write_str(
            "no topic is `urgent`: whoever is in danger is answered as anybody else; \
             `includes: common` brings such a topic and its answers",
        )
    }

    fn fmt_taken(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverTaken { event, state, before } => {
                write!(f, "this reaction to {} is never taken", happening(*event))?;
                if let Some(state) = state {
                    write!(f, " in `{state}`")?;
                }
                match before.as_slice() {
                    [line] => write!(f, ": the one in line {line} always goes before it"),
                    lines => {
                        let lines: Vec<String> = lines.iter().map(u64::to_string).collect();
                        let lines = lines.join(", ");
                        write!(f, ": one of those in lines {lines} always goes before it")
                    }
                }
            }
            Self::Contradiction { claim, other } => write!(
                f,
                "this reaction is never taken: `{claim}` never holds together with `{other}`; \
                 take one of them out, or make two reactions of it"
            ),
            Self::NeverAfter { claim, event } => write!(
                f,
                "this reaction is never taken: `{claim}` never holds when there is {}; take the \
                 condition out",
                happening(*event)
            ),
            Self::NeverIn { claim, state, need } => write!(
                f,
                "this reaction is never taken: `{claim}` never holds in `{state}`, which needs a \
                 {} conversation; take the condition out",
                need.word()
            ),
            Self::AlwaysAfter { claim, event } => write!(
                f,
                "the condition `{claim}` says nothing: it always holds when there is {}; take it \
                 out",
                happening(*event)
            ),
            Self::AlwaysIn { claim, state, need } => write!(
                f,
                "the condition `{claim}` says nothing: it always holds in `{state}`, which needs a \
                 {} conversation; take it out",
                need.word()
            ),
            Self::Twice { what, word } => {
                write!(f, "the {what} `{word}` stands in this list twice; take one out")
            }
            _ => Ok(()),
        }
    }

    fn fmt_ways(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Round { states, claims } => {
                let claims: Vec<String> = claims.iter().map(|c| format!("`{c}`")).collect();
                write!(
                    f,
                    "where {} holds, these states lead on to each other by `entered` without end: \
                     {states}; let one of them wait for an event",
                    claims.join(" and ")
                )
            }
            Self::OnlyAnywhere(state) => write!(
                f,
                "no reaction of `{state}` itself leads to another state: it is left only by what \
                 stands in `anywhere`; write a reaction with `go` into its `on`"
            ),
            Self::NeverReached(state) => write!(
                f,
                "the lesson never comes into `{state}`: the reactions that lead there are never \
                 taken"
            ),
            Self::AfterTheEnd { state, what } => write!(
                f,
                "the lesson ends in `{state}`, so that its {what} come to nothing; take them out, \
                 or take `end: true` out"
            ),
            Self::InPassing { state, what } => write!(
                f,
                "`{state}` always leads on at once by `entered`, so that its {what} come to \
                 nothing; take them out, or give `entered` a condition"
            ),
            Self::StartsAtEnd(state) => write!(
                f,
                "the lesson ends where it starts, in `{state}`: there is nothing for learners to do"
            ),
            Self::NoTask(state) => write!(
                f,
                "the state `{state}` waits for the learner and has no `task` that says what for"
            ),
            _ => Ok(()),
        }
    }

    fn fmt_keys(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHints(state) => write!(
                f,
                "`hint: true` gives nothing in `{state}`, which has no `hints`; write some, or \
                 say by `do` what helps"
            ),
            Self::LateHint { before } => write!(
                f,
                "this hint never comes: the reaction in line {before} has always led out of the \
                 state by then; let the hint come earlier"
            ),
            Self::HintTogether => f.write_str(
                "this hint comes at the same time as the one before; let it come later, or make \
                 one of the two",
            ),
            Self::Useless(what) => f.write_str(what),
            Self::NeverAccepted => f.write_str(
                "after `hold_bot_secret` the page never takes the bot secret again, so that nobody \
                 gets the whole grade; write `accept_bot_secret` where it may be typed in",
            ),
            Self::ImpostorStays => f.write_str(
                "after `become_impostor` the bot is never itself again; write `become_myself` into \
                 the `enter` of the state where the play is over",
            ),
            Self::SecretNeverSaid { most } => {
                f.write_str(
                    "the bot secret is never said, so that nobody can type it into the page: ",
                )?;
                match most {
                    None => f.write_str("there is no grade")?,
                    Some(most) => write!(f, "nobody gets more of the grade than {most}%")?,
                }
                f.write_str("; say `${bot_secret}` in a state with `needs: verified`")
            }
            Self::SecretOutOfReach => f.write_str(
                "the bot secret is said only where the lesson never comes to, so that nobody gets \
                 the whole grade; say `${bot_secret}` on the way to the end",
            ),
            _ => Ok(()),
        }
    }

    fn fmt_texts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVariable { written, meant } => {
                write!(f, "`{written}` is no variable, and learners read it as it stands; ")?;
                match meant {
                    Some(name) => write!(f, "write `${{{name}}}`"),
                    None => f.write_str(
                        "a variable is written `${name}`, with letters, digits and `_` in its \
                         name, and a dollar sign `$$`",
                    ),
                }
            }
            Self::NotReplaced { written, place } => write!(
                f,
                "`{written}` stands for nothing in {place}: variables are for what is said; write \
                 it out"
            ),
            Self::SameText => {
                f.write_str("this text is the same as the one before it; take one out")
            }
            Self::SameAgain => f.write_str(
                "the next time the same is done again; write other words into `again`, or take it \
                 out",
            ),
            Self::EmptyTitle => f.write_str(
                "the title is empty: write what teachers and learners are to see on the pages",
            ),
            Self::SameTitle { title, other } => write!(
                f,
                "the lesson `{other}` has the title {title:?}, too: nobody can tell the two apart \
                 on the pages; give this one a title of its own"
            ),
            _ => Ok(()),
        }
    }

    fn fmt_topics(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnusedTopic(topic) => write!(f, "no reaction is about the topic `{topic}`"),
            Self::Separator { topic, sign } => write!(
                f,
                "the words of the topic `{topic}` hold `{sign}`, which does not separate them; \
                 write a comma in its place"
            ),
            Self::OnePhrase { topic, n_words } => write!(
                f,
                "the topic `{topic}` listens for these {n_words} words in a row alone; if each of \
                 them is meant by itself, write commas between them"
            ),
            Self::EmptyWord(topic) => write!(
                f,
                "between two commas of the topic `{topic}` stands nothing; take one of them out"
            ),
            Self::WordTwice { topic, word } => {
                write!(f, "the topic `{topic}` has `{word}` twice; take one out")
            }
            Self::Covered { topic, other } => write!(
                f,
                "all words of the topic `{topic}` are words of `{other}`, too, which goes before \
                 it; make one topic of the two, or give them words of their own"
            ),
            Self::Unheard { topic, word } => write!(
                f,
                "`{word}` in the topic `{topic}` is in no message: it has neither letters nor \
                 digits; take it out"
            ),
            Self::Excepted { topic, word, exception } => write!(
                f,
                "the topic `{topic}` never hears `{word}`: the exception `-{exception}` always \
                 takes it away; write more words into the exception, or take one of the two out"
            ),
            Self::NothingHeard(topic) => write!(
                f,
                "the topic `{topic}` hears nothing: it has exceptions alone; write the words that \
                 it is to hear, too"
            ),
            _ => Ok(()),
        }
    }
}

fn happening(event: Option<EventKind>) -> String {
    event.map_or_else(|| "waiting".to_owned(), |event| format!("`{}`", event.word()))
}
