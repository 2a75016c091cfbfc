//! The words of a lesson: what happens, what reactions wait for, what they do, what conditions ask.

use std::{collections::BTreeSet, fmt};

use schemars::JsonSchema;

use crate::fsm::Vocabulary;

/// The vocabulary of lessons.
#[derive(Clone, Copy, Debug)]
pub enum Teaching {}

impl Vocabulary for Teaching {
    type Event = Event;
    type Trigger = Trigger;
    type Action = Action;
    type Memory = Memory;

    const ENTERED: Event = Event::of(EventKind::Entered);
    const WAITED: Event = Event::of(EventKind::Waited);

    /// A reaction to a topic goes before those to any message, and of topics the first in the lesson.
    /// In between are those that ask whether the learner is left in peace.
    fn rank(trigger: &Trigger, event: &Event, memory: &Memory) -> Option<usize> {
        let claims = &trigger.conditions;
        if trigger.event != event.kind
            || claims.iter().any(|claim| memory.holds(claim.condition) != claim.holds)
        {
            return None;
        }
        // Whoever is left in peace is not pressed by what a state says to the same.
        let is_gentle = claims.iter().any(|claim| claim.condition == Condition::Resting);
        let later = usize::from(!is_gentle);
        if trigger.topics.is_empty() {
            return Some(usize::MAX - 1 + later);
        }
        let about = trigger.topics.iter().filter(|topic| event.topics.contains(topic));
        about.map(|ix| ix.0.saturating_mul(2).saturating_add(later)).min()
    }
}

/// Something that happened to the learner's session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// The topics that a message is about; no other event has any.
    pub topics: BTreeSet<TopicIx>,
}

impl Event {
    /// An event that is not about any topic.
    pub const fn of(kind: EventKind) -> Self {
        Self { kind, topics: BTreeSet::new() }
    }
}

/// Number of a topic in its lesson; the lower, the earlier it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIx(pub usize);

/// A closed set of words of the YAML, each standing for one value.
pub trait Word: Copy + PartialEq + 'static {
    /// All words with their values.
    const WORDS: &'static [(&'static str, Self)];

    /// The value of a word.
    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
    }

    /// The word of a value; empty for values that lessons cannot name.
    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum EventKind {
    /// The state was entered.
    Entered,
    /// The time of `after` is over; lessons name it by that.
    #[schemars(skip)]
    Waited,
    /// The learner is there, and has not said anything yet.
    LearnerArrived,
    /// The learner says something, in the way that fits: encrypted in a private conversation, else
    /// in the clear.
    MessageReceived,
    /// A text came in the clear in a private conversation. It may be anyone's.
    PlainMessageReceived,
    /// The learner says the bot secret in the chat. Where no reaction fits, it is a message as any
    /// other.
    BotSecretTold,
    /// The learner says the shared secret where others may hear it: in the clear, to the impostor, or
    /// in a chat that is not verified. It is discarded. Where no reaction fits, it is a message as
    /// any other.
    SharedSecretTold,
    /// The conversation was not private, or was so under another key, and is private now.
    OtrEnabled,
    /// The conversation was private and is no more.
    OtrDisabled,
    /// The conversation was private and has got fresh keys.
    OtrAlreadySetup,
    /// A message could not be read, or the learner's client could not read one of the bot's.
    OtrTrouble,
    /// The learner has begun SMP, without a question.
    SmpStarted,
    /// The learner has begun SMP with a question. Unless the reaction answers it, the bot gives it
    /// up.
    SmpQuestionUsed,
    /// SMP was given up, by either side.
    SmpAborted,
    /// A shared secret came from the page and is kept.
    SecretReceived,
    /// A shared secret came from the page that is too easy to guess.
    UnsafeSecretReceived,
    /// SMP has shown that both have the same secret.
    CorrectSecretReceived,
    /// SMP has shown that the secrets differ.
    IncorrectSecretReceived,
    /// The bot's `answer` to a question was the right one. That verifies nobody: the answer stands
    /// in the lesson.
    CorrectAnswerReceived,
    /// It was not.
    IncorrectAnswerReceived,
    /// The bot secret was typed into the page.
    BotSecretAccepted,
    /// Something else was typed into the page in the place of the bot secret.
    BotSecretRejected,
}

impl Word for EventKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("entered", Self::Entered),
        ("learner_arrived", Self::LearnerArrived),
        ("message_received", Self::MessageReceived),
        ("plain_message_received", Self::PlainMessageReceived),
        ("bot_secret_told", Self::BotSecretTold),
        ("shared_secret_told", Self::SharedSecretTold),
        ("otr_enabled", Self::OtrEnabled),
        ("otr_disabled", Self::OtrDisabled),
        ("otr_already_setup", Self::OtrAlreadySetup),
        ("otr_trouble", Self::OtrTrouble),
        ("smp_started", Self::SmpStarted),
        ("smp_question_used", Self::SmpQuestionUsed),
        ("smp_aborted", Self::SmpAborted),
        ("secret_received", Self::SecretReceived),
        ("unsafe_secret_received", Self::UnsafeSecretReceived),
        ("correct_secret_received", Self::CorrectSecretReceived),
        ("incorrect_secret_received", Self::IncorrectSecretReceived),
        ("correct_answer_received", Self::CorrectAnswerReceived),
        ("incorrect_answer_received", Self::IncorrectAnswerReceived),
        ("bot_secret_accepted", Self::BotSecretAccepted),
        ("bot_secret_rejected", Self::BotSecretRejected),
    ];
}

impl EventKind {
    /// Whether it is something that the learner has written, which can be about topics.
    pub fn is_words(self) -> bool {
        matches!(
            self,
            Self::MessageReceived
                | Self::PlainMessageReceived
                | Self::BotSecretTold
                | Self::SharedSecretTold
                | Self::SmpQuestionUsed
        )
    }

    /// Whether it is a message in the chat.
    pub fn is_message(self) -> bool {
        self.is_words() && self != Self::SmpQuestionUsed
    }
}

/// What a state may rely on about the chat, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Need {
    /// Nothing: it may be in the clear.
    Nothing,
    /// The conversation is private.
    Private,
    /// It is, and SMP has shown whose key the learner's client uses.
    Verified,
}

impl Word for Need {
    const WORDS: &'static [(&'static str, Self)] =
        &[("nothing", Self::Nothing), ("private", Self::Private), ("verified", Self::Verified)];
}

/// What a learner can have reached before the end, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Milestone {
    /// The learner has talked to the bot.
    Talking,
    /// The conversation is private.
    Encrypted,
    /// SMP has shown that both have the same secret.
    Verified,
}

impl Word for Milestone {
    const WORDS: &'static [(&'static str, Self)] =
        &[("talking", Self::Talking), ("encrypted", Self::Encrypted), ("verified", Self::Verified)];
}

/// What a reaction waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The event.
    pub event: EventKind,
    /// All of these must be true.
    pub conditions: Vec<Claim>,
    /// A message must be about one of these; none: it may be about anything.
    pub topics: Vec<TopicIx>,
}

impl Trigger {
    /// Whether the event alone is enough.
    pub fn is_unconditional(&self) -> bool {
        self.conditions.is_empty() && self.topics.is_empty()
    }

    /// What is certain about the chat when it fires in a state that needs `need`.
    pub fn certain(&self, need: Need) -> Need {
        let by_event = match self.event {
            EventKind::OtrDisabled => Need::Nothing,
            // A new key may be another's: whoever was verified before may be gone.
            EventKind::OtrEnabled => Need::Private,
            EventKind::CorrectSecretReceived => Need::Verified,
            EventKind::OtrAlreadySetup
            | EventKind::SmpStarted
            | EventKind::SmpQuestionUsed
            | EventKind::SmpAborted
            | EventKind::IncorrectSecretReceived
            | EventKind::CorrectAnswerReceived
            | EventKind::IncorrectAnswerReceived
            | EventKind::PlainMessageReceived => need.max(Need::Private),
            EventKind::Entered
            | EventKind::Waited
            | EventKind::LearnerArrived
            | EventKind::MessageReceived
            | EventKind::BotSecretTold
            | EventKind::SharedSecretTold
            | EventKind::OtrTrouble
            | EventKind::SecretReceived
            | EventKind::UnsafeSecretReceived
            | EventKind::BotSecretAccepted
            | EventKind::BotSecretRejected => need,
        };
        let holding = self.conditions.iter().filter(|claim| claim.holds);
        let by_conditions = holding.filter_map(|claim| claim.condition.need());
        by_conditions.fold(by_event, Need::max)
    }
}

/// For graphs and reports: `message_received if not private`. Topics are named by their lesson.
impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.event == EventKind::Waited { "waited" } else { self.event.word() })?;
        for (claim_ix, claim) in self.conditions.iter().enumerate() {
            f.write_str(if claim_ix == 0 { " if " } else { ", " })?;
            claim.fmt(f)?;
        }
        Ok(())
    }
}

/// A condition that must hold, or must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The condition.
    pub condition: Condition,
    /// Whether it must hold; `false`: the YAML says `not`.
    pub holds: bool,
}

/// As lessons write it: `not verified`.
impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.holds { "" } else { "not " })?;
        f.write_str(self.condition.word())
    }
}

/// What conditions can ask about a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Condition {
    /// A shared secret is kept.
    HasSecret,
    /// The conversation is private.
    Private,
    /// SMP has succeeded with the key in use.
    Verified,
    /// The settings allow that the bot begins SMP.
    BotMayStartSmp,
    /// The bot secret was said.
    BotSecretGiven,
    /// The bot secret was typed into the page: the lesson is passed.
    Passed,
    /// Something waits to be said.
    Speaking,
    /// The shared secret stands in the question that the learner asked last.
    QuestionTellsSecret,
    /// There are web pages on which the learner can type something.
    HasPage,
    /// The bot has the same key in every session.
    KeepsKey,
    /// The learner has had a session of this bot before.
    Returning,
    /// The settings name somebody to whom a learner in trouble can turn.
    HasContact,
    /// The learner is left in peace by `rest`, and has not gone on since.
    Resting,
    /// The last message came unencrypted.
    InTheClear,
    /// The bot was interrupted, and that is why this happens.
    Interrupted,
    /// Three comparisons have failed since the last that succeeded, the last secret that came, and the
    /// last time that the conversation became private.
    MismatchedOften,
}

impl Condition {
    /// What it says about the chat; `None`: it is about something else.
    pub fn need(self) -> Option<Need> {
        match self {
            Self::Private => Some(Need::Private),
            Self::Verified => Some(Need::Verified),
            Self::HasSecret
            | Self::BotMayStartSmp
            | Self::BotSecretGiven
            | Self::Passed
            | Self::Speaking
            | Self::QuestionTellsSecret
            | Self::HasPage
            | Self::KeepsKey
            | Self::Returning
            | Self::HasContact
            | Self::Resting
            | Self::InTheClear
            | Self::Interrupted
            | Self::MismatchedOften => None,
        }
    }
}

impl Word for Condition {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("has_secret", Self::HasSecret),
        ("private", Self::Private),
        ("verified", Self::Verified),
        ("bot_may_start_smp", Self::BotMayStartSmp),
        ("bot_secret_given", Self::BotSecretGiven),
        ("passed", Self::Passed),
        ("speaking", Self::Speaking),
        ("question_tells_secret", Self::QuestionTellsSecret),
        ("has_page", Self::HasPage),
        ("keeps_key", Self::KeepsKey),
        ("returning", Self::Returning),
        ("has_contact", Self::HasContact),
        ("resting", Self::Resting),
        ("in_the_clear", Self::InTheClear),
        ("interrupted", Self::Interrupted),
        ("mismatched_often", Self::MismatchedOften),
    ];
}

/// The conditions that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory(BTreeSet<Condition>);

impl Memory {
    /// Notes whether a condition holds.
    pub fn set(&mut self, condition: Condition, holds: bool) {
        if holds {
            self.0.insert(condition);
        } else {
            self.0.remove(&condition);
        }
    }

    /// Whether a condition holds.
    pub fn holds(&self, condition: Condition) -> bool {
        self.0.contains(&condition)
    }
}

/// What a reaction has the session do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Says a text: the English one, by which the translation is found.
    Say(String),
    /// Answers the SMP that the learner has begun with a text that everybody knows, to show what
    /// that is worth: the English one, by which the translation is found.
    Answer(String),
    /// Something without a text.
    Do(Deed),
}

/// What can be done besides saying something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum Deed {
    /// Leaves unsaid what is still waiting to be said: it has become wrong.
    Hush,
    /// Begins SMP, where the settings allow it and a shared secret is kept.
    StartSmp,
    /// Answers the SMP that the learner has begun, as soon as a shared secret is kept.
    AnswerSmp,
    /// Gives SMP up.
    AbortSmp,
    /// Asks for a private conversation.
    StartOtr,
    /// Plays a man in the middle: the bot goes on under another key, and does not know the shared
    /// secret. The private conversation is broken off without a word, and another is asked for.
    BecomeImpostor,
    /// Is itself again, and asks for a private conversation under its own key.
    BecomeMyself,
    /// From now on the page does not take the bot secret yet.
    HoldBotSecret,
    /// From now on it does again.
    AcceptBotSecret,
    /// Makes another bot secret, for the old one is known to others.
    RenewBotSecret,
    /// Begins SMP because the learner has asked for it, whatever the settings say, where a shared
    /// secret is kept.
    BeginSmpNow,
    /// Ends the private conversation.
    EndOtr,
    /// Says the `task` of the state.
    TellTask,
    /// Leaves the learner in peace: no hint comes and nothing happens by waiting alone until they go
    /// on, and for ten minutes the session does not end for silence.
    Rest,
}

impl Deed {
    /// Whether it breaks the private conversation off.
    pub fn ends_privacy(self) -> bool {
        matches!(self, Self::BecomeImpostor | Self::BecomeMyself | Self::EndOtr)
    }
}

impl Word for Deed {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("hush", Self::Hush),
        ("start_smp", Self::StartSmp),
        ("answer_smp", Self::AnswerSmp),
        ("abort_smp", Self::AbortSmp),
        ("start_otr", Self::StartOtr),
        ("become_impostor", Self::BecomeImpostor),
        ("become_myself", Self::BecomeMyself),
        ("hold_bot_secret", Self::HoldBotSecret),
        ("accept_bot_secret", Self::AcceptBotSecret),
        ("renew_bot_secret", Self::RenewBotSecret),
        ("begin_smp_now", Self::BeginSmpNow),
        ("end_otr", Self::EndOtr),
        ("tell_task", Self::TellTask),
        ("rest", Self::Rest),
    ];
}
