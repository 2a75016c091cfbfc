//! What is probably a slip, in words for its author.

use std::fmt::Display;

use crate::lesson::vocabulary::{Claim, EventKind, Need, Word as _};

/// What is probably a slip.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Kind {
    /// No topic is urgent: whoever is in danger is answered as anybody else.
    #[error(
        "no topic is `urgent`: whoever is in danger is answered as anybody else; \
         `includes: common` brings such a topic and its answers"
    )]
    NothingUrgent,
    /// An urgent topic is not answered in these states, whatever holds.
    #[error(
        "the urgent topic `{topic}` has no reaction that always fits in {}; put one into `anywhere`",
        listed(states, ", ")
    )]
    Unanswered {
        /// The topic.
        topic: String,
        /// The states.
        states: Vec<String>,
    },
    /// A reaction that is never taken.
    #[error(
        "this reaction to {} is never taken{}: {} always goes before it",
        happening(*event),
        state.as_ref().map(|state| format!(" in `{state}`")).unwrap_or_default(),
        lines(before)
    )]
    NeverTaken {
        /// The event; `None`: it comes by waiting.
        event: Option<EventKind>,
        /// The state; `None`: in no state at all.
        state: Option<String>,
        /// The lines of those of which one always goes before it.
        before: Vec<u64>,
    },
    /// Two conditions that never hold together.
    #[error(
        "this reaction is never taken: `{claim}` never holds together with `{other}`; take one of them \
         out, or make two reactions of it"
    )]
    Contradiction {
        /// The condition.
        claim: Claim,
        /// The one before it.
        other: Claim,
    },
    /// A condition that does not hold when this happens.
    #[error(
        "this reaction is never taken: `{claim}` never holds when there is {}; take the condition out",
        happening(*event)
    )]
    NeverAfter {
        /// The condition.
        claim: Claim,
        /// The event; `None`: it comes by waiting.
        event: Option<EventKind>,
    },
    /// A condition that does not hold where it stands.
    #[error(
        "this reaction is never taken: `{claim}` never holds in `{state}`, which needs a {} \
         conversation; take the condition out",
        need.word()
    )]
    NeverIn {
        /// The condition.
        claim: Claim,
        /// The state.
        state: String,
        /// What that needs.
        need: Need,
    },
    /// A condition that holds whenever this happens.
    #[error(
        "the condition `{claim}` says nothing: it always holds when there is {}; take it out",
        happening(*event)
    )]
    AlwaysAfter {
        /// The condition.
        claim: Claim,
        /// The event; `None`: it comes by waiting.
        event: Option<EventKind>,
    },
    /// A condition that always holds where it stands.
    #[error(
        "the condition `{claim}` says nothing: it always holds in `{state}`, which needs a {} \
         conversation; take it out",
        need.word()
    )]
    AlwaysIn {
        /// The condition.
        claim: Claim,
        /// The state.
        state: String,
        /// What that needs.
        need: Need,
    },
    /// A word that stands in a list more than once.
    #[error("the {what} `{word}` stands in this list twice; take one out")]
    Twice {
        /// What kind of word.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// States that lead on to each other without end where these hold.
    #[error(
        "where {} holds, these states lead on to each other by `entered` without end: {states}; let \
         one of them wait for an event",
        listed(claims, " and ")
    )]
    Round {
        /// The names of the states.
        states: String,
        /// The conditions.
        claims: Vec<Claim>,
    },
    /// A state that only reactions of `anywhere` lead out of.
    #[error(
        "no reaction of `{0}` itself leads to another state: it is left only by what stands in \
         `anywhere`; write a reaction with `go` into its `on`"
    )]
    OnlyAnywhere(String),
    /// A state that only reactions lead to that are never taken.
    #[error("the lesson never comes into `{0}`: the reactions that lead there are never taken")]
    NeverReached(String),
    /// A state from which only reactions lead to an end that are never taken.
    #[error("`{0}` never comes to an end: the reactions that would lead out of it are never taken")]
    NeverEnds(String),
    /// Something that stands in an end.
    #[error(
        "the lesson ends in `{state}`, so that its {what} come to nothing; take them out, or take \
         `end: true` out"
    )]
    AfterTheEnd {
        /// The state.
        state: String,
        /// What.
        what: &'static str,
    },
    /// Something that stands in a state that always leads on at once.
    #[error(
        "`{state}` always leads on at once by `entered`, so that its {what} come to nothing; take them \
         out, or give `entered` a condition"
    )]
    InPassing {
        /// The state.
        state: String,
        /// What.
        what: &'static str,
    },
    /// The first state is an end.
    #[error("the lesson ends where it starts, in `{0}`: there is nothing for learners to do")]
    StartsAtEnd(String),
    /// A state waits for the learner and has no `task`.
    #[error("the state `{0}` waits for the learner and has no `task` that says what for")]
    NoTask(String),
    /// `hint: true` where there are no hints.
    #[error(
        "`hint: true` gives nothing in `{0}`, which has no `hints`; write some, or say by `do` what \
         helps"
    )]
    NoHints(String),
    /// A hint that the state is left before.
    #[error(
        "this hint never comes: the reaction in line {before} has always led out of the state by \
         then; let the hint come earlier"
    )]
    LateHint {
        /// The line of the reaction that leads out.
        before: u64,
    },
    /// A hint that comes at the same time as the one before.
    #[error(
        "this hint comes at the same time as the one before; let it come later, or make one of the \
         two"
    )]
    HintTogether,
    /// Something that does nothing where it stands, as the sentence says.
    #[error("{0}")]
    Useless(&'static str),
    /// A secret that the page takes never again.
    #[error(
        "after `hold_bot_secret` the page never takes the bot secret again, so that nobody gets the \
         whole grade; write `accept_bot_secret` where it may be typed in"
    )]
    NeverAccepted,
    /// The bot stays somebody else.
    #[error(
        "after `become_impostor` the bot is never itself again; write `become_myself` into the \
         `enter` of the state where the play is over"
    )]
    ImpostorStays,
    /// The bot secret is not said.
    #[error(
        "the bot secret is never said, so that nobody can type it into the page: {}; say \
         `${{bot_secret}}` in a state with `needs: verified`",
        most.map_or_else(
            || "there is no grade".to_owned(),
            |most| format!("nobody gets more of the grade than {most}%")
        )
    )]
    SecretNeverSaid {
        /// The most of the grade that there is without it, in percent.
        most: Option<u8>,
    },
    /// The bot secret is said where nobody comes to.
    #[error(
        "the bot secret is said only where the lesson never comes to, so that nobody gets the whole \
         grade; say `${{bot_secret}}` on the way to the end"
    )]
    SecretOutOfReach,
    /// Something like a variable that is none.
    #[error(
        "`{written}` is no variable, and learners read it as it stands; {}",
        meant.as_ref().map_or_else(
            || "a variable is written `${name}`, with letters, digits and `_` in its name, and a \
                dollar sign `$$`".to_owned(),
            |name| format!("write `${{{name}}}`")
        )
    )]
    NoVariable {
        /// What stands there.
        written: String,
        /// The variable that it is like.
        meant: Option<String>,
    },
    /// A variable where none is replaced.
    #[error(
        "`{written}` stands for nothing in {place}: variables are for what is said; write it out"
    )]
    NotReplaced {
        /// The variable, as it is written.
        written: String,
        /// Where.
        place: &'static str,
    },
    /// A text that follows itself.
    #[error("this text is the same as the one before it; take one out")]
    SameText,
    /// The same is done the next time.
    #[error("the next time the same is done again; write other words into `again`, or take it out")]
    SameAgain,
    /// The title is empty.
    #[error("the title is empty: write what teachers and learners are to see on the pages")]
    EmptyTitle,
    /// No reaction is about a topic.
    #[error("no reaction is about the topic `{0}`")]
    UnusedTopic(String),
    /// Words that are separated by another sign than a comma.
    #[error(
        "the words of the topic `{topic}` hold `{sign}`, which does not separate them; write a comma in \
         its place"
    )]
    Separator {
        /// The topic.
        topic: String,
        /// The sign.
        sign: char,
    },
    /// Words that may have been meant one by one.
    #[error(
        "the topic `{topic}` listens for these {n_words} words in a row alone; if each of them is meant \
         by itself, write commas between them"
    )]
    OnePhrase {
        /// The topic.
        topic: String,
        /// How many they are.
        n_words: usize,
    },
    /// Nothing between two commas.
    #[error("between two commas of the topic `{0}` stands nothing; take one of them out")]
    EmptyWord(String),
    /// A word that a topic has more than once.
    #[error("the topic `{topic}` has `{word}` twice; take one out")]
    WordTwice {
        /// The topic.
        topic: String,
        /// The word.
        word: String,
    },
    /// All words of a topic are words of another one that goes before.
    #[error(
        "all words of the topic `{topic}` are words of `{other}`, too, which goes before it; make one \
         topic of the two, or give them words of their own"
    )]
    Covered {
        /// The topic.
        topic: String,
        /// The other one.
        other: String,
    },
    /// A word that no message can hold.
    #[error(
        "`{word}` in the topic `{topic}` is in no message: it has neither letters nor digits; take it \
         out"
    )]
    Unheard {
        /// The topic.
        topic: String,
        /// The word.
        word: String,
    },
    /// A word that an exception always takes away.
    #[error(
        "the topic `{topic}` never hears `{word}`: the exception `-{exception}` always takes it away; \
         write more words into the exception, or take one of the two out"
    )]
    Excepted {
        /// The topic.
        topic: String,
        /// The word.
        word: String,
        /// The exception.
        exception: String,
    },
    /// A topic that consists of exceptions.
    #[error(
        "the topic `{0}` hears nothing: it has exceptions alone; write the words that it is to hear, \
         too"
    )]
    NothingHeard(String),
    /// Another lesson has the same title.
    #[error(
        "the lesson `{other}` has the title {title:?}, too: nobody can tell the two apart on the \
         pages; give this one a title of its own"
    )]
    SameTitle {
        /// The title.
        title: String,
        /// The name of the other lesson.
        other: String,
    },
    /// A comment follows a text that stands without quotation marks.
    #[error(
        "the text ends before this #, which begins a comment; if it belongs to the text, write the \
         whole text in quotation marks, and else the comment in a line of its own"
    )]
    CutText,
    /// A word that is taken for `true` or `false`.
    #[error("`{word}` is taken for `{is_true}`; write `{is_true}`")]
    Truth {
        /// The word.
        word: String,
        /// What it is taken for.
        is_true: bool,
    },
}

fn happening(event: Option<EventKind>) -> String {
    event.map_or_else(|| "waiting".to_owned(), |event| format!("`{}`", event.word()))
}

fn lines(before: &[u64]) -> String {
    let lines: Vec<String> = before.iter().map(u64::to_string).collect();
    match lines.as_slice() {
        [line] => format!("the one in line {line}"),
        lines => format!("one of those in lines {}", lines.join(", ")),
    }
}

fn listed(words: &[impl Display], between: &str) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(between)
}
