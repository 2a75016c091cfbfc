//! From what the OTR conversation reports to what the lesson knows.

use std::{collections::BTreeSet, time::Instant};

use otr::{Output, Version, error::Ignored};
use rand_core::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::{
    Client, Effect, Excess, Meaning, Note, Session,
    listening::{Heard, own_words},
    presence,
    readings::Readings,
    secret, told,
};

use crate::lesson::vocabulary::{Condition, Event, EventKind, Need, TopicIx};

/// How much of the learner's question is said again, in characters.
const MAX_SHOWN_CHARS: usize = 160;

impl Session {
    /// Carries out what the conversation gives back; what is to be sent goes to that program.
    pub(super) fn absorb(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        outputs: Vec<Output>,
        to: &Client,
        effects: &mut Vec<Effect>,
    ) {
        self.absorb_steps(now, rng, outputs, to, self.conversation.is_verifying(), effects);
    }

    /// The same, where it is known whether these may be steps of SMP.
    pub(super) fn absorb_steps(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        outputs: Vec<Output>,
        to: &Client,
        verifies: bool,
        effects: &mut Vec<Effect>,
    ) {
        for output in outputs {
            match output {
                Output::Send(ref body) => {
                    let meaning = Meaning::of_protocol(body, verifies);
                    forward(output, to, || meaning, effects);
                }
                Output::Event(event) => self.hear(now, rng, event, effects),
            }
        }
    }

    fn hear(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        event: otr::Event,
        effects: &mut Vec<Effect>,
    ) {
        let event = match event {
            otr::Event::GoneSecure { version, fingerprint: _ } => {
                self.owes_smp_answer = false;
                self.n_mismatches = 0;
                effects.push(Effect::Note(Note::OtrEnabled(number(version))));
                Event::of(EventKind::OtrEnabled)
            }
            otr::Event::StillSecure { .. } => Event::of(EventKind::OtrAlreadySetup),
            otr::Event::PeerEnded | otr::Event::IdleEnded => {
                // Ending it too is what lets the bot go on talking, in the clear.
                let to = self.voice();
                for output in self.conversation.end(now, rng) {
                    forward(output, &to, || Meaning::Nothing, effects);
                }
                return self.lose_privacy(now, rng, effects);
            }
            otr::Event::GoneInsecure => return self.lose_privacy(now, rng, effects),
            otr::Event::Heard { text, encrypted } => {
                return self.on_text(now, rng, &Zeroizing::new(text), encrypted, effects);
            }
            // Nothing is agreed on as long as the lesson has not begun.
            otr::Event::SmpAsked { question } if self.is_held_back() => {
                if let Some(question) = question.map(Zeroizing::new) {
                    self.hear_where_others_may(rng, &Readings::of(&question, None));
                }
                return self.abort_smp(now, rng, effects);
            }
            otr::Event::SmpAsked { question: None } => {
                self.quoting.is_of_question = false;
                effects.push(Effect::Note(Note::SmpStarted));
                Event::of(EventKind::SmpStarted)
            }
            otr::Event::SmpAsked { question: Some(question) } => {
                effects.push(Effect::Note(Note::SmpStarted));
                return self.on_question(now, rng, &Zeroizing::new(question), effects);
            }
            otr::Event::SmpSucceeded if self.is_answer_public => {
                self.is_answer_public = false;
                Event::of(EventKind::CorrectAnswerReceived)
            }
            otr::Event::SmpFailed if self.is_answer_public => {
                self.is_answer_public = false;
                Event::of(EventKind::IncorrectAnswerReceived)
            }
            otr::Event::SmpSucceeded => {
                self.owes_smp_answer = false;
                if self.sealed_secret.is_some() {
                    self.prove(effects);
                }
                self.verified = self.conversation.peer_fingerprint();
                self.n_mismatches = 0;
                effects.push(Effect::Note(Note::SmpSucceeded));
                Event::of(EventKind::CorrectSecretReceived)
            }
            otr::Event::SmpFailed => {
                self.owes_smp_answer = false;
                self.n_mismatches = self.n_mismatches.saturating_add(1);
                effects.push(Effect::Note(Note::SmpFailed));
                self.explain_blanks(now);
                Event::of(EventKind::IncorrectSecretReceived)
            }
            otr::Event::SmpAborted | otr::Event::SmpCheated => {
                self.owes_smp_answer = false;
                self.is_answer_public = false;
                effects.push(Effect::Note(Note::SmpAborted));
                Event::of(EventKind::SmpAborted)
            }
            otr::Event::PeerError(_) => {
                effects.push(Effect::Note(Note::Refused("error of the peer")));
                Event::of(EventKind::OtrTrouble)
            }
            otr::Event::Refused(why) => {
                effects.push(Effect::Note(Note::Refused(word(&why))));
                if why == Ignored::TooLong {
                    self.tell_excess(now, Excess::Length);
                }
                if self.conversation.refused_offer().is_some() {
                    self.tell_versions(now, effects);
                }
                // Who was just told that the private conversation is lost need not hear it twice.
                if why != Ignored::NotPrivate || self.is_told_now {
                    return;
                }
                Event::of(EventKind::OtrTrouble)
            }
            otr::Event::Downgraded { .. } => return self.tell_older_version(now),
            // What was withheld was said to another key; the lesson says what is right now. The
            // rest asks nothing of the bot.
            otr::Event::Withheld { .. }
            | otr::Event::ExtraKey { .. }
            | otr::Event::Resent
            | otr::Event::Heartbeat => return,
        };
        self.tell(now, rng, &event, effects);
    }

    /// The learner has written something.
    fn on_text(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        text: &str,
        encrypted: bool,
        effects: &mut Vec<Effect>,
    ) {
        let sent = text;
        let message = match &self.marked {
            Some(body) => Readings::of(body, Some(text)),
            None => Readings::of(text, None),
        };
        // A secret is told by whom repeats it, too.
        self.is_loss_unsaid |= self.hear_secrets(now, rng, &message, encrypted, effects);
        let tells_bot_secret = !encrypted && message.all().any(|text| self.tells_bot_secret(text));
        let text = &own_words(message.own());
        let mut heard = self.config.ears.hear(text, &self.config.catalog);
        self.note_program(&heard);
        // What their program marks as the words of others is surely not about them.
        let unmarked = self.marked.is_some().then(|| Readings::of(sent, None));
        self.hear_urgent(unmarked.as_ref().unwrap_or(&message), &mut heard);
        self.on_heard(now, rng, (text, heard), (encrypted, tells_bot_secret), effects);
    }

    /// The learner has sent what holds no words of their own.
    pub(super) fn on_quotation(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        client: Client,
        body: &str,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over {
            return effects;
        }
        let message = Readings::of(body, None);
        let is_told = self.hear_secrets(now, rng, &message, false, &mut effects);
        self.is_loss_unsaid |= is_told;
        let tells_bot_secret = message.all().any(|text| self.tells_bot_secret(text));
        if is_told || tells_bot_secret {
            let heard = Heard::default();
            self.clients.heard(client);
            self.on_heard(now, rng, ("", heard), (false, tells_bot_secret), &mut effects);
        }
        self.settle(now, rng, &mut effects);
        effects
    }

    /// The same, of which this is known: the learner's own words and what they are about; whether they
    /// came encrypted, and the bot secret was in what came.
    fn on_heard(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        (text, heard): (&str, Heard),
        (encrypted, tells_bot_secret): (bool, bool),
        effects: &mut Vec<Effect>,
    ) {
        self.is_in_the_clear = !encrypted;
        // Danger goes before all else: before whose the address is, too.
        let is_urgent = self.is_urgent(&heard.topics);
        let has_begun = self.machine.is_some();
        if is_urgent && !has_begun && self.care(now, &heard) {
            return;
        }
        if !(is_urgent && has_begun) && self.on_words(now, rng, text, effects) {
            return;
        }
        let is_told = std::mem::take(&mut self.is_loss_unsaid);
        if !is_told && self.on_wish(now, rng, &heard, effects) {
            return;
        }
        self.speak(heard.language.clone());
        let is_expected = encrypted || self.certain() == Need::Nothing;
        if !is_expected && self.is_private_client_gone() {
            self.on_move(now, rng, heard.topics, is_told, effects);
            return self.speak(None);
        }
        if !is_expected {
            self.point_elsewhere(now, effects);
        }
        let kind = if tells_bot_secret || self.tells_bot_secret(text) {
            EventKind::BotSecretTold
        } else if is_told {
            EventKind::SharedSecretTold
        } else if is_expected {
            EventKind::MessageReceived
        } else {
            EventKind::PlainMessageReceived
        };
        self.tell(now, rng, &Event { kind, topics: heard.topics }, effects);
        self.offer_language(now);
    }

    /// The learner writes in the clear, as the program with the keys has gone offline.
    fn on_move(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        topics: BTreeSet<TopicIx>,
        is_told: bool,
        effects: &mut Vec<Effect>,
    ) {
        self.leave_private_client(now, rng, effects);
        // What the lesson says of the end is answer enough to any other message.
        if is_told || !topics.is_empty() {
            let kind =
                if is_told { EventKind::SharedSecretTold } else { EventKind::MessageReceived };
            let message = Event { kind, topics };
            self.tell(now, rng, &message, effects);
        }
    }

    pub(super) fn lose_privacy(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        self.owes_smp_answer = false;
        self.is_answer_public = false;
        self.speech.keep_possible(Need::Nothing);
        effects.push(Effect::Note(Note::OtrDisabled));
        self.tell(now, rng, &Event::of(EventKind::OtrDisabled), effects);
    }

    /// Answers the SMP of the learner, or remembers to do so when the shared secret is there.
    pub(super) fn answer_smp(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        let secret = self.secret_for_smp(rng);
        self.owes_smp_answer = secret.is_none();
        self.is_question_open = false;
        if let Some(secret) = secret {
            self.give_answer(now, rng, &secret, false, effects);
        }
    }

    /// Answers the SMP of the learner with a secret, or with what everybody knows.
    pub(super) fn give_answer(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        secret: &SecretString,
        is_public: bool,
        effects: &mut Vec<Effect>,
    ) {
        self.is_question_open = false;
        self.is_answer_public = is_public;
        let to = self.voice();
        let answered = self.conversation.smp_answer(now, rng, secret.expose_secret().as_bytes());
        match answered {
            Ok(outputs) => self.absorb(now, rng, outputs, &to, effects),
            // The learner's client has withdrawn, or the conversation has ended: told already.
            Err(_) => effects.push(Effect::Note(Note::Refused("SMP withdrawn"))),
        }
    }

    /// Begins SMP, if that is of use.
    pub(super) fn start_smp(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        if self.certain() != Need::Private {
            return;
        }
        let Some(secret) = self.secret_for_smp(rng) else { return };
        self.tell_quoting(now);
        self.is_answer_public = false;
        self.quoting.is_of_question = false;
        let secret = secret.expose_secret().as_bytes();
        let to = self.voice();
        match self.conversation.smp_start(now, rng, secret, None) {
            Ok(outputs) => self.absorb(now, rng, outputs, &to, effects),
            Err(_) => effects.push(Effect::Note(Note::Refused("SMP not possible"))),
        }
    }

    /// The learner asks a question in SMP. Its answer is the lesson's business: a bot cannot guess
    /// what its learner has in mind.
    fn on_question(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        question: &str,
        effects: &mut Vec<Effect>,
    ) {
        let question = Readings::of(question, None);
        self.learner_question = Zeroizing::new(shown(question.words()));
        let secret = self.shared_secret.as_ref();
        self.question_tells_secret =
            secret.is_some_and(|secret| question.all().any(|text| told::is_told(secret, text)));
        if self.certain() < Need::Verified {
            self.hear_where_others_may(rng, &question);
        }
        self.is_question_open = true;
        self.quoting.is_of_question = true;
        let mut heard = self.config.ears.hear(question.words(), &self.config.catalog);
        self.hear_urgent(&question, &mut heard);
        let message = Event { kind: EventKind::SmpQuestionUsed, topics: heard.topics };
        self.tell(now, rng, &message, effects);
        if std::mem::take(&mut self.is_question_open) {
            self.abort_smp(now, rng, effects);
        }
    }

    /// Whether the learner says the bot secret in the chat.
    fn tells_bot_secret(&self, text: &str) -> bool {
        let given = self.bot_secret.as_ref().filter(|_| self.holds(Condition::BotSecretGiven));
        given.is_some_and(|given| secret::is_told(given, text))
    }

    /// Gives SMP up; the lesson knows that it does.
    pub(super) fn abort_smp(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        effects: &mut Vec<Effect>,
    ) {
        self.owes_smp_answer = false;
        let to = self.voice();
        // Without a private conversation there is nothing to give up.
        for output in self.conversation.smp_abort(now, rng).unwrap_or_default() {
            forward(output, &to, || Meaning::Verification, effects);
        }
        effects.push(Effect::Note(Note::SmpAborted));
    }
}

/// A question as it can be said again: one line, not too long.
fn shown(question: &str) -> String {
    let line = one_line(question);
    if line.chars().count() <= MAX_SHOWN_CHARS {
        return line;
    }
    let begin: String = line.chars().take(MAX_SHOWN_CHARS).collect();
    format!("{begin}…")
}

/// A text from outside on one line.
pub(super) fn one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Sends on what the conversation wants sent; its events are known where this is used.
pub(super) fn forward(
    output: Output,
    to: &Client,
    meaning: impl FnOnce() -> Meaning,
    effects: &mut Vec<Effect>,
) {
    if let Output::Send(body) = output {
        let otr = body.starts_with("?OTR");
        effects.push(Effect::Send { body, otr, to: to.clone(), meaning: meaning() });
    }
}

/// Whether only who has the keys of the private conversation can have brought this about.
pub(super) fn proves_keys(output: &Output) -> bool {
    match output {
        Output::Send(_) => false,
        Output::Event(event) => presence::proves_keys(event),
    }
}

fn number(version: Version) -> u8 {
    match version {
        Version::V2 => 2,
        Version::V3 => 3,
    }
}

fn word(why: &Ignored) -> &'static str {
    match why {
        Ignored::TooLong => "too long",
        Ignored::Malformed(_) => "malformed",
        Ignored::Fragment => "fragment",
        Ignored::VersionOne => "version 1",
        Ignored::Version => "no version in common",
        Ignored::OlderVersion => "older version",
        Ignored::OtherInstance => "other instance",
        Ignored::Reflected => "reflected",
        Ignored::TooManyInstances => "too many instances",
        Ignored::OutOfTurn => "out of turn",
        Ignored::LowerCommit => "lower commit",
        Ignored::BadCommitment => "bad commitment",
        Ignored::OutOfRange(_) => "out of range",
        Ignored::BadMac => "wrong MAC",
        Ignored::BadSignature => "wrong signature",
        Ignored::NotPrivate => "not private",
        Ignored::UnknownKeys => "unknown keys",
        Ignored::Replayed => "replayed",
        Ignored::RateLimited => "rate limited",
        Ignored::Policy => "policy",
    }
}

#[cfg(test)]
mod tests {

    #[test]
    fn every_word_for_a_refusal_is_among_those_that_metrics_begin_with() {
        let sources = [
            include_str!("hearing.rs"),
            include_str!("saying.rs"),
            include_str!("contest.rs"),
            include_str!("../actors/session.rs"),
            include_str!("../actors/xmpp.rs"),
            include_str!("../actors/registry.rs"),
            include_str!("../actors/registry/supervise.rs"),
        ];
        let mut n_words = 0;
        for source in sources {
            for mark in ["Refused(\"", "refused(\"", "Ignored::"] {
                for after in source.split(mark).skip(1) {
                    let line = after.lines().next().unwrap();
                    let word = match mark {
                        "Ignored::" if line.contains("=> \"") => line.split('"').nth(1).unwrap(),
                        "Ignored::" => continue,
                        _ => line.split('"').next().unwrap(),
                    };
                    assert!(crate::metrics::REFUSALS.contains(&word), "{word}");
                    n_words += 1;
                }
            }
        }
        assert!(n_words > 20, "{n_words}");
    }
}
