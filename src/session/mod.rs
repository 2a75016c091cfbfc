//! One learner's session, without actors: OTR, lesson and texts together.
//!
//! A [`Session`] takes in what comes from the chat, from the pages and from the clock, and gives
//! back [`Effect`]s for its shell to carry out in order. It reads no clock and draws no randomness
//! by itself, and it logs nothing.
//!
//! ```text
//! on_chat ----> otr::Conversation --events--> lesson::Machine --actions--> Speech --lines--+
//! on_…_secret ---------------------------------------^                                     |
//! on_tick ---> waiting times, timeouts               Effect::Send <--- encrypted when sent-+
//! ```
//!
//! # What it promises
//!
//! 1. Lines keep their order. A line is encrypted at the moment it is sent; messages of the OTR
//!    protocol do not wait for lines.
//! 2. What was to be said in a private conversation is never sent in the clear: when the
//!    conversation ends, such lines are dropped.
//! 3. The bot secret is said only in a conversation that is private under the key that SMP has
//!    verified, whatever the lesson says. It stands in no queue and no log.
//! 4. After [`Effect::Ended`] nothing comes any more.
//! 5. Memory is bounded, whatever the learner sends.
//!
//! A [`Snapshot`] is what is to be kept of a session; one that was killed goes on from it.

mod acting;
mod bidi;
mod changed;
mod code;
mod contest;
mod contract;
mod ending;
mod hearing;
mod language;
pub mod listening;
mod markup;
mod persona;
mod phrases;
mod presence;
mod program;
mod readings;
mod receipts;
mod saying;
mod seal;
pub mod secret;
mod secrets;
mod snapshot;
mod speech;
mod strength;
mod told;
mod trace;
mod undelivered;
mod versions;
mod whereabouts;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use otr::{Conversation, Fingerprint, InstanceTag, SigningKey, limits::TokenBucket};
use rand_core::CryptoRng;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use self::contest::Doubt;
use self::persona::Oneself;
use self::presence::Clients;
use self::program::Quoting;
use self::readings::Said;
use self::seal::Sealed;
use self::snapshot::Resumed;
use self::speech::{Kind, Speech, Turn};
use self::{acting::Replied, told::Told};

use crate::{
    fsm::Machine,
    i18n,
    lesson::{
        Teaching,
        vocabulary::{Condition, Event, EventKind, Memory, Need},
    },
    records::Progress,
};

pub use contest::{Asking, Contest};
pub use contract::{
    BotSecretStanding, BotSecretVerdict, Effect, Farewell, Note, SecretVerdict, SessionConfig,
    Unreachable, Whereabouts,
};
pub use phrases::{interruption_for, refusal_for, sign_out_status, which_number};
pub use presence::{Client, Excess};
pub use seal::Seal;
pub use snapshot::{NoSnapshot, Snapshot};
pub use speech::{Line, Typing};
pub use strength::{MAX_SECRET_BYTES, Strength};
pub use trace::Step;
pub use undelivered::Meaning;

/// How often the conversation is asked to forget what has waited too long.
const OTR_TICK: Duration = Duration::from_mins(1);

/// So many comparisons that fail in a row are no typing errors any more.
const MANY_MISMATCHES: usize = 3;

/// One learner's session.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Session {
    config: SessionConfig,
    /// The long-term key in use, which may be an impostor's.
    key: Arc<SigningKey>,
    instance: InstanceTag,
    conversation: Conversation,
    /// Who the bot really is, while it plays an impostor.
    oneself: Option<Oneself>,
    /// `None` until the learner is there.
    machine: Option<Machine<Teaching>>,
    memory: Memory,
    speech: Speech,
    shared_secret: Option<SecretString>,
    /// The same as it is kept, where the learner typed it; `None`: it is that of the settings.
    sealed_secret: Option<Sealed>,
    /// What was written where others may read it.
    told: Told,
    /// The shared secret of the settings was.
    is_default_spent: bool,
    /// The last message came unencrypted.
    is_in_the_clear: bool,
    /// The lesson is being told of what an interruption of the bot has done.
    is_interrupted: bool,
    /// A shared secret was told, and the lesson has not heard of it yet.
    is_loss_unsaid: bool,
    /// How many comparisons have failed in a row.
    n_mismatches: usize,
    /// How the learner's program takes a secret with blanks.
    quoting: Quoting,
    /// All of the message that is heard, where its program marks parts of it as the words of others.
    marked: Option<Zeroizing<String>>,
    /// What the bot has said last.
    own_lines: Said,
    /// What was said in answer to the last message.
    replied: Replied,
    /// The question that the learner asked last.
    learner_question: Zeroizing<String>,
    /// Until when the learner is left in peace.
    rests_until: Option<Instant>,
    /// Since when they are, and have not gone on.
    rests_since: Option<Instant>,
    /// Languages that were offered, and whether one was chosen.
    offered: Vec<String>,
    is_language_chosen: bool,
    /// The learner has begun SMP and gets the answer when the shared secret is there.
    owes_smp_answer: bool,
    /// What the bot answers is known to everybody: the result of SMP verifies nobody.
    is_answer_public: bool,
    /// The learner's question waits for the lesson to answer it.
    is_question_open: bool,
    /// The shared secret stands in the learner's last question.
    question_tells_secret: bool,
    bot_secret: Option<SecretString>,
    /// Digests of those that were said and still count, oldest first.
    said: Vec<secret::Digest>,
    /// The page does not take the bot secret yet.
    is_bot_secret_held: bool,
    /// The key of the learner that SMP has verified.
    verified: Option<Fingerprint>,
    /// What `${secret_warning}` and `${secret_advice}` stand for.
    secret_warning: String,
    secret_advice: String,
    progress: Progress,
    clients: Clients,
    /// Whose the learner's address is.
    doubt: Doubt,
    /// The lesson has not begun: it was asked for a number, and nothing came since.
    is_waiting_for_words: bool,
    /// Whether the learner is shown that the bot types.
    is_composing: bool,
    /// When the learner last did something that counts.
    active: Instant,
    was_warned: bool,
    otr_ticked: Instant,
    is_over: bool,
    /// The session was interrupted, and the learner is still to be told.
    resumed: Option<Resumed>,
    /// How often it is said yet which versions of OTR the bot speaks.
    versions_told: TokenBucket,
    /// When it was said that the version is older than before.
    older_version_told: Option<Instant>,
    /// The last message could not be read.
    is_unread: bool,
    /// They were told just now, and write as if they did not know yet.
    is_told_now: bool,
    /// What the lesson did, for authors; `None`: nobody asked.
    trace: Option<Vec<Step>>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("progress", &self.progress)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// A session in which nothing was said yet. The lesson begins when the learner is there.
    pub fn open(
        config: SessionConfig,
        key: Arc<SigningKey>,
        instance: InstanceTag,
        now: Instant,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let shared_secret = config.default_secret.clone();
        Self {
            conversation: persona::conversation(Arc::clone(&key), instance, config.policy),
            key,
            instance,
            oneself: None,
            machine: None,
            memory: Memory::default(),
            speech: Speech::new(config.typing),
            shared_secret,
            sealed_secret: None,
            told: Told::default(),
            is_default_spent: false,
            is_in_the_clear: false,
            is_interrupted: false,
            is_loss_unsaid: false,
            n_mismatches: 0,
            quoting: Quoting::default(),
            marked: None,
            own_lines: Said::default(),
            replied: Replied::default(),
            learner_question: Zeroizing::default(),
            rests_until: None,
            rests_since: None,
            offered: Vec::new(),
            is_language_chosen: false,
            owes_smp_answer: false,
            is_answer_public: false,
            is_question_open: false,
            question_tells_secret: false,
            is_bot_secret_held: false,
            bot_secret: secret::generate(
                secret::BOT_SECRET_FORMAT,
                &secret::Alphabet::default(),
                rng,
            ),
            said: Vec::new(),
            verified: None,
            secret_warning: String::new(),
            secret_advice: String::new(),
            progress: Progress::Invited,
            clients: Clients::default(),
            doubt: Doubt::default(),
            is_waiting_for_words: false,
            is_composing: false,
            active: now,
            was_warned: false,
            otr_ticked: now,
            is_over: false,
            resumed: None,
            versions_told: TokenBucket::new(versions::RATE),
            older_version_told: None,
            is_unread: false,
            is_told_now: false,
            trace: None,
            config,
        }
    }

    /// The learner is there, and has not written yet: the lesson begins, or goes on.
    pub fn on_arrival(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over {
            return effects;
        }
        if self.is_held_back() {
            if !self.was_asked() {
                self.ask_number(now);
            }
            self.settle(now, rng, &mut effects);
        } else if self.machine.is_none() {
            self.begin(now, rng, &mut effects);
            self.tell(now, rng, &Event::of(EventKind::LearnerArrived), &mut effects);
            self.settle(now, rng, &mut effects);
        } else {
            let begins_anew = self.begins_anew();
            if self.greet_again(now, rng, &mut effects) {
                if begins_anew {
                    self.tell(now, rng, &Event::of(EventKind::LearnerArrived), &mut effects);
                }
                self.settle(now, rng, &mut effects);
            }
        }
        effects
    }

    /// As [`on_chat_from`](Self::on_chat_from), where nobody knows from which program.
    pub fn on_chat(&mut self, now: Instant, rng: &mut dyn CryptoRng, body: &str) -> Vec<Effect> {
        self.on_chat_from(now, rng, Client::ANY, body)
    }

    /// A message body as it came from the wire, OTR or plain, and from which of the learner's
    /// programs.
    pub fn on_chat_from(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        client: Client,
        body: &str,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        if !self.is_over {
            self.clients.heard(client);
            if !self.is_held_back() {
                self.begin(now, rng, &mut effects);
            }
            self.is_told_now = self.greet_again(now, rng, &mut effects);
            let was_verifying = self.conversation.is_verifying();
            let outputs = self.conversation.receive(now, rng, body);
            self.is_unread = outputs.iter().any(receipts::is_unread);
            if outputs.iter().any(hearing::proves_keys) {
                self.clients.proved_private();
            }
            let to = self.clients.latest();
            let verifies = was_verifying || self.conversation.is_verifying();
            self.absorb_steps(now, rng, outputs, &to, verifies, &mut effects);
            self.is_told_now = false;
            self.settle(now, rng, &mut effects);
        }
        effects
    }

    /// The same for a body that holds words of others, or of nobody, and these of the learner's own. Where
    /// there are none, the bot has nothing to say to it, unless it tells a secret.
    pub fn on_marked(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        client: Client,
        body: &str,
        own: &str,
    ) -> Vec<Effect> {
        if own.trim().is_empty() {
            return self.on_quotation(now, rng, client, body);
        }
        self.marked = Some(Zeroizing::new(body.to_owned()));
        let effects = self.on_chat_from(now, rng, client, own);
        self.marked = None;
        effects
    }

    /// The shared secret that the learner typed into the page, and how strong that is. A weak one is
    /// not kept, and the learner is told in the chat too.
    pub fn on_shared_secret(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        secret: &SecretString,
        strength: &Strength,
    ) -> (SecretVerdict, Vec<Effect>) {
        let mut effects = Vec::new();
        if self.is_over {
            return (SecretVerdict::Unusable, effects);
        }
        self.greet_again(now, rng, &mut effects);
        let mut verdict = i18n::scope(&self.config.catalog, || strength.verdict());
        if verdict == SecretVerdict::Accepted && self.was_told(secret) {
            verdict = self.refuse_told(now, rng, &mut effects);
        }
        match &verdict {
            SecretVerdict::Accepted => {
                self.n_mismatches = 0;
                self.take_secret(SecretString::from(secret.expose_secret().trim()), rng);
                self.tell(now, rng, &Event::of(EventKind::SecretReceived), &mut effects);
                self.tell_quoting(now);
                if self.owes_smp_answer {
                    self.answer_smp(now, rng, &mut effects);
                }
            }
            SecretVerdict::TooWeak { warning, advice } => {
                self.secret_warning.clone_from(warning);
                self.secret_advice = advice.join(" ");
                self.tell(now, rng, &Event::of(EventKind::UnsafeSecretReceived), &mut effects);
            }
            SecretVerdict::Told | SecretVerdict::Unusable => {}
        }
        self.settle(now, rng, &mut effects);
        (verdict, effects)
    }

    /// What the learner typed into the page as the bot secret, or pasted: the code in it counts,
    /// without regard to case, blanks and dashes.
    pub fn on_bot_secret(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        typed: &SecretString,
    ) -> (BotSecretVerdict, Vec<Effect>) {
        let mut effects = Vec::new();
        let standing = self.bot_secret_standing();
        let is_right = secret::is_typed(&self.said, typed);
        let (verdict, event) = if standing == BotSecretStanding::NotGiven {
            (BotSecretVerdict::NotGivenYet, None)
        } else if standing == BotSecretStanding::Held {
            (BotSecretVerdict::TooSoon, None)
        } else if is_right {
            let is_new = !self.holds(Condition::Passed);
            (BotSecretVerdict::Right, is_new.then_some(EventKind::BotSecretAccepted))
        } else {
            (BotSecretVerdict::Wrong, Some(EventKind::BotSecretRejected))
        };
        if verdict == BotSecretVerdict::Right {
            self.memory.set(Condition::Passed, true);
            self.prove(&mut effects);
        }
        if let Some(event) = event.filter(|_| !self.is_over) {
            self.greet_again(now, rng, &mut effects);
            self.tell(now, rng, &Event::of(event), &mut effects);
            self.settle(now, rng, &mut effects);
        }
        (verdict, effects)
    }

    /// Does what is due by time: lines that have been typed, help, warnings, the end.
    pub fn on_tick(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Vec<Effect> {
        let mut effects = Vec::new();
        if self.is_over {
            return effects;
        }
        let silent = now.saturating_duration_since(self.waits_since());
        if silent >= self.config.session_timeout {
            return self.close(now, rng, Farewell::TimedOut);
        }
        if silent >= self.config.warning_timeout && !self.was_warned {
            self.was_warned = true;
            if self.machine.is_some() {
                self.say_phrase(now, phrases::warning, Kind::Warning);
                effects.push(Effect::Note(Note::Warned));
            }
        }
        if now.saturating_duration_since(self.otr_ticked) >= OTR_TICK {
            self.otr_ticked = now;
            let to = self.voice();
            let outputs = self.conversation.tick(now, rng);
            self.absorb(now, rng, outputs, &to, &mut effects);
        }
        self.give_up_asking(now, rng, &mut effects);
        self.settle(now, rng, &mut effects);
        // Nobody is there for whom waiting could be of use.
        if self.is_unheard() {
            return effects;
        }
        // Whoever is being talked to cannot act: waiting begins when all is said.
        if self.speech.is_empty()
            && self.rests_since.is_none()
            && let Some(machine) = &mut self.machine
        {
            let from = Some(machine.at());
            let mut actions = machine.tick(now, &self.memory);
            self.note_wait(from, &actions);
            self.note_said(&mut actions);
            self.perform(now, rng, actions, &mut effects);
            self.settle(now, rng, &mut effects);
        }
        effects
    }

    /// When [`Self::on_tick`] wants to be called; `None` when the session is over.
    pub fn next_tick(&self) -> Option<Instant> {
        if self.is_over {
            return None;
        }
        let timeout = if self.was_warned {
            self.config.session_timeout
        } else {
            self.config.warning_timeout.min(self.config.session_timeout)
        };
        let is_at_rest = self.speech.is_empty() && self.rests_since.is_some();
        let lesson = if self.is_unheard() || is_at_rest {
            None
        } else if self.speech.is_empty() {
            self.machine.as_ref().and_then(Machine::next_tick)
        } else {
            self.speech.due()
        };
        let otr = self.machine.is_some().then_some((self.otr_ticked, OTR_TICK));
        [Some((self.waits_since(), timeout)), otr]
            .into_iter()
            .flatten()
            .filter_map(|(since, time)| since.checked_add(time))
            .chain(lesson)
            .chain(self.clients.gives_up_at())
            .min()
    }

    /// Since when the session waits for the learner: not while they are left in peace.
    fn waits_since(&self) -> Instant {
        self.rests_until.map_or(self.active, |until| self.active.max(until))
    }

    /// Starts the lesson, the first time.
    fn begin(&mut self, now: Instant, rng: &mut dyn CryptoRng, effects: &mut Vec<Effect>) {
        if self.machine.is_none() {
            self.active = now;
            self.was_warned = false;
            self.say_named(now, phrases::exercise_opened_last);
            self.remember();
            let graph = Arc::clone(self.config.lesson.graph());
            let (machine, actions) = Machine::start(graph, now, &self.memory);
            self.machine = Some(machine);
            self.note_step(EventKind::Entered, None, Some(&actions));
            self.perform(now, rng, actions, effects);
        }
    }

    /// Says what is due, and ends when all is said at an end of the lesson.
    fn settle(&mut self, now: Instant, rng: &mut dyn CryptoRng, effects: &mut Vec<Effect>) {
        self.speech.keep_possible(self.certain());
        if self.is_unheard() {
            self.speech.hold(now);
        }
        while !self.is_unheard() {
            match self.speech.turn(now, rng) {
                Turn::Silent(spoken) => {
                    if let Some(machine) = &mut self.machine {
                        machine.pause(now, spoken);
                    }
                    break;
                }
                Turn::Begin => {
                    self.is_composing = true;
                    effects.push(Effect::Composing(true));
                }
                Turn::Typing => break,
                Turn::Say(line) => {
                    // A message shows by itself that the bot has stopped typing.
                    self.is_composing = false;
                    self.send(now, rng, line, effects);
                }
            }
        }
        if self.is_composing && !self.speech.is_typing() {
            self.is_composing = false;
            effects.push(Effect::Composing(false));
        }
        self.speech.end_turn();
        self.remember();
        let progress = self.present_progress();
        if progress != self.progress {
            self.progress = progress;
            effects.push(Effect::Progress { progress, credit: self.credit(progress) });
        }
        if self.speech.is_empty() && self.machine.as_ref().is_some_and(Machine::is_ended) {
            effects.extend(self.close(now, rng, Farewell::Finished));
        }
    }

    /// What is certain about the conversation now.
    fn certain(&self) -> Need {
        match self.conversation.peer_fingerprint() {
            Some(theirs) if self.conversation.is_private() => {
                if self.verified == Some(theirs) {
                    Need::Verified
                } else {
                    Need::Private
                }
            }
            Some(_) | None => Need::Nothing,
        }
    }

    /// Brings what conditions ask about up to date.
    fn remember(&mut self) {
        let certain = self.certain();
        self.memory.set(Condition::HasSecret, self.shared_secret.is_some());
        self.memory.set(Condition::Private, certain >= Need::Private);
        self.memory.set(Condition::Verified, certain >= Need::Verified);
        self.memory.set(Condition::BotMayStartSmp, self.config.may_start_smp);
        self.memory.set(Condition::Speaking, !self.speech.is_empty());
        self.memory.set(Condition::QuestionTellsSecret, self.question_tells_secret);
        self.memory.set(Condition::HasPage, self.config.has_page);
        self.memory.set(Condition::KeepsKey, self.config.keeps_key);
        self.memory.set(Condition::Returning, self.config.is_returning);
        self.memory.set(Condition::HasContact, self.config.contact.is_some());
        self.memory.set(Condition::Interrupted, self.is_interrupted);
        self.memory.set(Condition::InTheClear, self.is_in_the_clear);
        self.memory.set(Condition::Resting, self.rests_since.is_some());
        self.memory.set(Condition::MismatchedOften, self.n_mismatches >= MANY_MISMATCHES);
    }

    fn holds(&self, condition: Condition) -> bool {
        self.memory.holds(condition)
    }
}
