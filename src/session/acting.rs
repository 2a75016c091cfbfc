//! What the lesson wants done about what happened, and that the bot is neither silent nor says the
//! same thing twice in a row.
//!
//! Whatever a lesson would repeat is replaced by the next rung of a ladder: what the learner is to do
//! now, in the words of the lesson; which words the bot knows; who can help. Whoever writes while the
//! bot still talks, and says nothing that it knows, is answered by what it is about to say.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use gettext::Catalog;
use otr::limits::TokenBucket;
use rand_core::CryptoRng;
use secrecy::SecretString;

use super::{
    Effect, Excess, Meaning, Note, Session,
    hearing::forward,
    phrases,
    speech::{Kind, Line},
};

use crate::{
    fsm::Machine,
    i18n,
    lesson::{
        text,
        vocabulary::{Action, Deed, Event, EventKind, Need, TopicIx},
    },
};

/// How long a learner in trouble is left in peace.
const REST: Duration = Duration::from_mins(10);

/// How many messages are answered at once, and how often one more. Nobody reads so many.
const ANSWER_RATE: (u32, Duration) = (20, Duration::from_secs(2));

/// Silence after which a learner is told where they are.
const PAUSE: Duration = Duration::from_mins(8);

/// What was said in answer to the last message.
#[derive(Debug)]
pub(super) struct Replied {
    tokens: TokenBucket,
    /// The English texts.
    texts: BTreeSet<String>,
    /// The learner was told just now where they are.
    is_reminded: bool,
    /// What was said last in the place of what the lesson would have repeated.
    rung: Option<Rung>,
    /// The language of the answer, where it is not that of the session.
    language: Option<Arc<Catalog>>,
}

impl Default for Replied {
    fn default() -> Self {
        let tokens = TokenBucket::new(ANSWER_RATE);
        Self { tokens, texts: BTreeSet::new(), is_reminded: false, rung: None, language: None }
    }
}

/// What the bot says in the place of what it has just said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rung {
    /// The same, as there is nothing else to say to that.
    Same,
    Task,
    Words,
    Human,
    OtherHuman,
}

impl Session {
    /// Tells the lesson what happened, and does what it wants.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        event: &Event,
        effects: &mut Vec<Effect>,
    ) {
        let silent = now.saturating_duration_since(self.active);
        self.refresh(now, event.kind);
        self.remember();
        let is_message = event.kind == EventKind::MessageReceived;
        if is_message && silent >= PAUSE && !self.is_urgent(&event.topics) {
            self.remind(now);
        }
        let Some(machine) = &mut self.machine else { return };
        let from = Some(machine.at());
        match machine.handle(now, event, &self.memory) {
            Ok(actions) => {
                self.note_step(event.kind, from, Some(&actions));
                self.act(now, rng, event, actions, effects);
            }
            // A secret may be told where the lesson does not care.
            Err(_)
                if matches!(event.kind, EventKind::BotSecretTold | EventKind::SharedSecretTold) =>
            {
                let topics = event.topics.clone();
                let message = Event { kind: EventKind::MessageReceived, topics };
                let actions = machine.handle(now, &message, &self.memory).ok();
                self.note_step(message.kind, from, actions.as_deref());
                self.act(now, rng, &message, actions.unwrap_or_default(), effects);
            }
            // Leaving the learner's client waiting is never right, whatever the lesson forgot.
            Err(_) if event.kind == EventKind::SmpStarted => {
                self.note_step(event.kind, from, None);
                self.answer_smp(now, rng, effects);
            }
            Err(_) => {
                self.note_step(event.kind, from, None);
                let is_silent = event.kind == EventKind::MessageReceived;
                if is_silent && self.task().is_some() && self.speech.is_empty() {
                    self.say_otherwise(now);
                }
            }
        }
    }

    /// Does what the lesson wants about an event. What it would say in answer to a message, and has
    /// just said, is said in other words.
    fn act(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        event: &Event,
        mut actions: Vec<Action>,
        effects: &mut Vec<Effect>,
    ) {
        let goes_on = self.has_moved();
        let was_asked_for_hint = self.machine.as_ref().is_some_and(Machine::was_asked_for_hint);
        if goes_on {
            self.replied.rung = None;
            self.go_on(now);
        }
        if !event.kind.is_message() {
            return self.perform(now, rng, actions, effects);
        }
        // That a secret is spent is said whatever else is said, or was.
        let is_told = matches!(event.kind, EventKind::BotSecretTold | EventKind::SharedSecretTold);
        let is_urgent = self.is_urgent(&event.topics);
        let was_reminded = std::mem::take(&mut self.replied.is_reminded);
        if !goes_on && !is_urgent && !is_told && !self.replied.tokens.take(now) {
            actions.retain(|action| !is_said(action));
            self.tell_excess(now, Excess::Messages);
            return self.perform(now, rng, actions, effects);
        }
        let texts = self.said(&actions);
        let first = texts.first().cloned();
        let texts = texts.into_iter().collect();
        if goes_on {
            self.replied.texts = texts;
            return self.perform(now, rng, actions, effects);
        }
        // Whoever asks for something wants to go on.
        if actions.contains(&Action::Do(Deed::TellTask)) || was_asked_for_hint {
            self.go_on(now);
        }
        if !self.config.lesson.has_tasks() {
            return self.perform(now, rng, actions, effects);
        }
        let is_talking = event.kind == EventKind::MessageReceived
            && event.topics.is_empty()
            && !self.speech.is_empty()
            && !actions.contains(&Action::Do(Deed::Hush));
        // Nothing is said where the lesson has no more hints.
        let is_silent = event.kind == EventKind::MessageReceived
            && texts.is_empty()
            && self.task().is_some()
            && self.speech.is_empty();
        let is_same = first.is_some_and(|first| self.replied.texts.contains(&first));
        // Whoever is in danger is not told to go on with the lesson.
        if is_urgent && is_same {
            actions.retain(|action| !is_said(action));
            self.perform(now, rng, actions, effects);
            self.replied.texts.clear();
            return self.say_in_answer(now, phrases::danger_comes_first);
        }
        let is_answered = is_talking || (is_same && was_reminded && !is_told);
        if is_answered || is_same || is_silent {
            let has_answer = is_same && !event.topics.is_empty() && !was_asked_for_hint;
            if is_told || (has_answer && !is_answered && self.replied.rung.is_none()) {
                self.replied.rung = Some(Rung::Same);
                self.say_in_answer(now, phrases::the_same_again);
                return self.perform(now, rng, actions, effects);
            }
            actions.retain(|action| !is_said(action));
            self.perform(now, rng, actions, effects);
            if !is_answered {
                self.say_otherwise(now);
            }
            return;
        }
        (self.replied.texts, self.replied.rung) = (texts, None);
        self.perform(now, rng, actions, effects);
    }

    /// Whether one of these topics goes before all others.
    pub(super) fn is_urgent(&self, topics: &BTreeSet<TopicIx>) -> bool {
        topics.iter().any(|ix| self.config.lesson.is_urgent(*ix))
    }

    /// Whether the lesson has come into a state by what happened last.
    fn has_moved(&self) -> bool {
        self.machine.as_ref().is_some_and(|machine| !machine.path().is_empty())
    }

    /// Says something other than what was said: the next rung.
    fn say_otherwise(&mut self, now: Instant) {
        let has_task = self.task().is_some_and(|task| !self.replied.texts.contains(task));
        // Whoever is left in peace is not pressed by what they are to do.
        let is_resting = self.rests_since.is_some();
        let rung = match self.replied.rung {
            None | Some(Rung::Same | Rung::Task | Rung::Words) if is_resting => Rung::Human,
            None | Some(Rung::Same) if has_task => Rung::Task,
            None | Some(Rung::Same | Rung::Task) => Rung::Words,
            Some(Rung::Words | Rung::OtherHuman) => Rung::Human,
            Some(Rung::Human) => Rung::OtherHuman,
        };
        self.replied.rung = Some(rung);
        match rung {
            Rung::Task => self.tell_task(now),
            Rung::Same | Rung::Words => self.say_in_answer(now, phrases::words_that_are_known),
            Rung::Human => {
                let human = match (&self.config.contact, self.config.has_page) {
                    (Some(_), _) => phrases::contact_can_help,
                    (None, true) => phrases::teacher_and_page_can_help,
                    (None, false) => phrases::teacher_can_help,
                };
                self.say_in_answer(now, human);
            }
            Rung::OtherHuman => self.say_in_answer(now, phrases::somebody_beside_can_help),
        }
    }

    /// Tells a learner who comes back after a while where they are. What they ask for is answered after
    /// that.
    pub(super) fn remind(&mut self, now: Instant) {
        if self.task().is_some() && self.rests_since.is_none() {
            self.say_phrase(now, phrases::after_a_pause, Kind::Lesson);
            self.tell_task(now);
            self.replied.is_reminded = true;
        }
    }

    fn say_in_answer(&mut self, now: Instant, phrase: fn() -> String) {
        let text = i18n::scope(&self.language(), phrase);
        self.say_words(now, text, Kind::Lesson);
    }

    /// The language in which is spoken now.
    fn language(&self) -> Arc<Catalog> {
        Arc::clone(self.replied.language.as_ref().unwrap_or(&self.config.catalog))
    }

    /// What is said from now on is in this language; `None`: in that of the session.
    pub(super) fn speak(&mut self, language: Option<Arc<Catalog>>) {
        self.replied.language = language;
    }

    /// The language of the last message, where it is not that of the session.
    pub(super) fn spoken_to_in(&self) -> Option<Arc<Catalog>> {
        self.replied.language.as_ref().map(Arc::clone)
    }

    /// What the learner is to do now, in English.
    pub(super) fn task(&self) -> Option<&str> {
        let at = self.machine.as_ref().map(Machine::at)?;
        self.config.lesson.task(at)
    }

    /// Takes note of what is said by waiting, so that it is not said again when the learner asks.
    /// What was said just before is left out.
    pub(super) fn note_said(&mut self, actions: &mut Vec<Action>) {
        if self.has_moved() || !self.config.lesson.has_tasks() {
            return;
        }
        let texts = self.said(actions);
        if texts.first().is_some_and(|first| self.replied.texts.contains(first)) {
            actions.retain(|action| !is_said(action));
        } else if !texts.is_empty() {
            self.replied.texts = texts.into_iter().collect();
        }
    }

    /// The English texts that are said.
    fn said(&self, actions: &[Action]) -> Vec<String> {
        let texts = actions.iter().filter_map(|action| match action {
            Action::Say(text) => Some(text.as_str()),
            Action::Do(Deed::TellTask) => self.task(),
            Action::Answer(_) | Action::Do(_) => None,
        });
        texts.map(str::to_owned).collect()
    }

    /// Says what the learner is to do now.
    pub(super) fn tell_task(&mut self, now: Instant) {
        if let Some(task) = self.task().map(str::to_owned) {
            let text = self.language().text(&task);
            self.say_words(now, text, Kind::Lesson);
            self.replied.texts.insert(task);
        }
    }

    pub(super) fn perform(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        actions: Vec<Action>,
        effects: &mut Vec<Effect>,
    ) {
        for action in actions {
            match action {
                Action::Say(msgid) => {
                    let needs = if text::is_confidential(&msgid) {
                        Need::Verified
                    } else {
                        self.certain().min(Need::Private)
                    };
                    let text = self.language().text(&msgid);
                    self.speech.push(now, Line { text, needs, kind: Kind::Lesson });
                }
                Action::Answer(msgid) => {
                    let answer = SecretString::from(self.config.catalog.text(&msgid));
                    self.give_answer(now, rng, &answer, true, effects);
                }
                Action::Do(deed) => self.do_deed(now, rng, deed, effects),
            }
        }
    }

    fn do_deed(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        deed: Deed,
        effects: &mut Vec<Effect>,
    ) {
        match deed {
            Deed::Hush => self.speech.hush(),
            Deed::AnswerSmp => self.answer_smp(now, rng, effects),
            Deed::StartSmp if self.config.may_start_smp => self.start_smp(now, rng, effects),
            Deed::StartSmp => {}
            Deed::BeginSmpNow => self.start_smp(now, rng, effects),
            Deed::AbortSmp => self.abort_smp(now, rng, effects),
            Deed::StartOtr => self.start_otr(now, rng, effects),
            Deed::EndOtr => self.end_otr(now, rng, effects),
            Deed::BecomeImpostor => self.become_impostor(now, rng, effects),
            Deed::BecomeMyself => self.become_myself(now, rng, effects),
            Deed::HoldBotSecret => self.is_bot_secret_held = true,
            Deed::AcceptBotSecret => self.is_bot_secret_held = false,
            Deed::RenewBotSecret => self.renew_bot_secret(rng),
            Deed::TellTask => self.tell_task(now),
            Deed::Rest => self.rest(now),
        }
    }

    /// Leaves the learner in peace: nothing happens by waiting until they go on, and the session does not
    /// end for silence for a while.
    pub(super) fn rest(&mut self, now: Instant) {
        self.rests_until = now.checked_add(REST);
        self.rests_since.get_or_insert(now);
        self.was_warned = false;
        self.speech.retract(Kind::Warning);
    }

    /// The learner goes on: waiting begins again where it stood.
    fn go_on(&mut self, now: Instant) {
        if let Some(since) = self.rests_since.take()
            && let Some(machine) = &mut self.machine
        {
            machine.pause(now, now.saturating_duration_since(since));
        }
    }

    /// Ends the private conversation. The lesson wants it, and need not be told.
    fn end_otr(&mut self, now: Instant, rng: &mut dyn CryptoRng, effects: &mut Vec<Effect>) {
        if !self.conversation.is_private() {
            return;
        }
        self.owes_smp_answer = false;
        self.is_answer_public = false;
        let to = self.voice();
        for output in self.conversation.end(now, rng) {
            forward(output, &to, || Meaning::Nothing, effects);
        }
        effects.push(Effect::Note(Note::OtrDisabled));
        self.speech.keep_possible(Need::Nothing);
    }
}

/// Whether it says something.
fn is_said(action: &Action) -> bool {
    matches!(action, Action::Say(_) | Action::Do(Deed::TellTask))
}
