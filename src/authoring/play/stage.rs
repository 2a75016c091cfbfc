//! A session and a simulated learner, the line between them, the clock of both, and what an author
//! sees of it.

use std::{
    collections::{BTreeSet, VecDeque},
    fmt,
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use otr::{Conversation, InstanceTag, Output, Policy, SigningKey};
use rand::rngs::StdRng;
use secrecy::SecretString;

use super::command::bot_secret;

use crate::{
    drawing::words,
    fsm::StateIx,
    lesson::{Lesson, vocabulary::EventKind},
    session::{
        BotSecretVerdict, Effect, Note, SecretVerdict, Session, SessionConfig, Step, Strength,
    },
};

/// The most that is done while time passes, so that a lesson that turns in a circle ends, too.
const MAX_TICKS: usize = 100_000;

/// A lesson being played.
pub(super) struct Stage<W> {
    session: Session,
    learner: Conversation,
    lesson: Arc<Lesson>,
    policy: Policy,
    began: Instant,
    now: Instant,
    rng: StdRng,
    out: W,
    /// The shared secret that the learner typed into the page last.
    secret: Option<String>,
    /// The bot secret that the learner read last.
    code: Option<String>,
    /// The bot's keys that the learner's program takes for verified.
    verified: BTreeSet<String>,
    /// The bot has asked for the shared secret.
    is_asked: bool,
    is_composing: bool,
    is_over: bool,
}

impl<W: Write> Stage<W> {
    pub(super) fn new(config: SessionConfig, out: W) -> Self {
        let mut rng: StdRng = rand::make_rng();
        #[expect(clippy::disallowed_methods, reason = "where this clock begins does not matter")]
        let now = Instant::now();
        let (lesson, policy) = (Arc::clone(&config.lesson), config.policy);
        let key = Arc::new(SigningKey::generate(&mut rng));
        let instance = InstanceTag::random(&mut rng);
        let mut session = Session::open(config, key, instance, now, &mut rng);
        session.trace();
        let learner = client(policy, &mut rng);
        Self {
            session,
            learner,
            lesson,
            policy,
            began: now,
            now,
            rng,
            out,
            secret: None,
            code: None,
            verified: BTreeSet::new(),
            is_asked: false,
            is_composing: false,
            is_over: false,
        }
    }

    /// Whether the lesson has ended.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    // --- What the author sees ---

    fn write(&mut self, line: fmt::Arguments<'_>) {
        let secs = self.now.saturating_duration_since(self.began).as_secs();
        // A closed pipe is no fault of the lesson.
        drop(writeln!(self.out, "{:02}:{:02} {line}", secs / 60, secs % 60));
    }

    /// A remark that is no part of the lesson.
    pub(super) fn note(&mut self, text: &str) {
        self.write(format_args!("-- {text}"));
    }

    /// A line of a script.
    pub(super) fn echo(&mut self, line: &str) {
        self.write(format_args!("> {line}"));
    }

    /// Asks a person for a line.
    pub(super) fn prompt(&mut self, is_person: bool) {
        if is_person {
            drop(write!(self.out, "> "));
        }
        drop(self.out.flush());
    }

    pub(super) fn show_state(&mut self) {
        let state = self.state_name(self.session.lesson_state());
        let whereabouts = self.session.whereabouts();
        let secret = if whereabouts.has_secret { "a" } else { "no" };
        self.write(format_args!(
            "-- state {state}; {:?}; {secret} shared secret is known",
            whereabouts.progress
        ));
    }

    fn state_name(&self, ix: Option<StateIx>) -> String {
        let state = ix.and_then(|ix| self.lesson.graph().state(ix));
        state.map_or_else(|| "(not begun)".to_owned(), |state| state.name.clone())
    }

    fn show_steps(&mut self) {
        for step in self.session.take_trace() {
            let Step { event, is_handled, from, path, deeds, n_lines } = step;
            let path: Vec<String> = path.into_iter().map(|ix| self.state_name(Some(ix))).collect();
            let path = path.join(" -> ");
            if from.is_none() {
                self.write(format_args!("   * the lesson begins in {path}"));
                continue;
            }
            let from_name = self.state_name(from);
            let what = words::event(event);
            if !is_handled {
                let reserve = if event == EventKind::BotSecretTold { ", as such" } else { "" };
                self.write(format_args!("   * {what}: not handled in {from_name}{reserve}"));
                continue;
            }
            let arrow = if path.is_empty() { "" } else { " -> " };
            let way = format!("{from_name}{arrow}{path}");
            let mut done: Vec<String> = deeds.into_iter().map(words::deed).collect();
            if n_lines > 0 {
                done.push(words::says(n_lines));
            }
            let done =
                if done.is_empty() { String::new() } else { format!(" ({})", done.join(", ")) };
            self.write(format_args!("   * {what}: {way}{done}"));
        }
    }

    // --- What the learner does in the chat ---

    /// Writes something, in the way that the learner's program does now.
    pub(super) fn say(&mut self, text: &str) {
        match self.learner.send(self.now, &mut self.rng, text) {
            Ok(outputs) => self.carry(outputs),
            Err(error) => self.note(&format!("cannot be sent: {error}; /otr off, or /otr on")),
        }
    }

    /// A text reaches the bot unencrypted.
    pub(super) fn plain(&mut self, text: &str) {
        let effects = self.session.on_chat(self.now, &mut self.rng, text);
        self.take(effects);
    }

    pub(super) fn tell_code(&mut self) {
        match self.code.clone() {
            Some(code) => self.say(&code),
            None => self.note("the bot has not said its secret yet"),
        }
    }

    pub(super) fn start_otr(&mut self) {
        if self.learner.is_private() {
            self.note("the chat is private already; /otr refresh starts it anew");
            return;
        }
        self.refresh_otr();
    }

    pub(super) fn refresh_otr(&mut self) {
        let outputs = self.learner.start(self.now, &mut self.rng);
        self.carry(outputs);
    }

    pub(super) fn end_otr(&mut self) {
        let outputs = self.learner.end(self.now, &mut self.rng);
        if outputs.is_empty() {
            self.note("there is no private conversation to end");
        }
        self.carry(outputs);
    }

    /// Compares secrets.
    pub(super) fn smp(&mut self, is_right: bool) {
        let secret = match (&self.secret, is_right) {
            (Some(secret), true) => secret.clone(),
            (None, true) => {
                self.note("there is no shared secret yet; /secret TEXT types one into the page");
                return;
            }
            (_, false) => "something else".to_owned(),
        };
        let secret = secret.as_bytes();
        let outputs = if std::mem::take(&mut self.is_asked) {
            self.learner.smp_answer(self.now, &mut self.rng, secret)
        } else {
            self.learner.smp_start(self.now, &mut self.rng, secret, None)
        };
        self.compare(outputs);
    }

    /// Compares secrets by a question.
    pub(super) fn ask(&mut self, question: &str, answer: Option<&str>) {
        let Some(answer) = answer.map(str::to_owned).or_else(|| self.secret.clone()) else {
            self.note("there is no shared secret yet; /smp question TEXT = ANSWER needs none");
            return;
        };
        let (answer, question) = (answer.as_bytes(), Some(question));
        let outputs = self.learner.smp_start(self.now, &mut self.rng, answer, question);
        self.compare(outputs);
    }

    pub(super) fn abort_smp(&mut self) {
        self.is_asked = false;
        let outputs = self.learner.smp_abort(self.now, &mut self.rng);
        self.compare(outputs);
    }

    fn compare<E: fmt::Display>(&mut self, outputs: Result<Vec<Output>, E>) {
        match outputs {
            Ok(outputs) => self.carry(outputs),
            Err(error) => self.note(&format!("cannot be done: {error}")),
        }
    }

    /// Goes on with another program, which has a key of its own and knows nobody.
    pub(super) fn change_client(&mut self) {
        self.learner = client(self.policy, &mut self.rng);
        self.verified.clear();
        self.is_asked = false;
        self.note("the learner goes on with another program; it has another key, and OTR is off");
    }

    pub(super) fn arrive(&mut self) {
        let effects = self.session.on_arrival(self.now, &mut self.rng);
        self.take(effects);
    }

    // --- What the learner does on the page, and time ---

    pub(super) fn enter_secret(&mut self, text: &str) {
        let secret = SecretString::from(text);
        let strength = Strength::estimate(&secret);
        let (verdict, effects) =
            self.session.on_shared_secret(self.now, &mut self.rng, &secret, &strength);
        match verdict {
            SecretVerdict::Accepted => {
                self.secret = Some(text.to_owned());
                self.write(format_args!("page: the shared secret is accepted"));
            }
            SecretVerdict::TooWeak { warning, advice } => {
                let why: Vec<&str> = std::iter::once(warning.as_str())
                    .chain(advice.iter().map(String::as_str))
                    .filter(|sentence| !sentence.is_empty())
                    .collect();
                let why = why.join(" ");
                self.write(format_args!("page: the shared secret is too weak. {why}"));
            }
            SecretVerdict::Unusable => self.write(format_args!("page: that is no secret")),
        }
        self.take(effects);
    }

    pub(super) fn enter_code(&mut self, text: Option<&str>) {
        let Some(typed) = text.map(str::to_owned).or_else(|| self.code.clone()) else {
            self.note("the bot has not said its secret yet; /code TEXT types something else");
            return;
        };
        let typed = SecretString::from(typed);
        let (verdict, effects) = self.session.on_bot_secret(self.now, &mut self.rng, &typed);
        let said = match verdict {
            BotSecretVerdict::Right => "the bot secret is right: passed",
            BotSecretVerdict::Wrong => "the bot secret is wrong",
            BotSecretVerdict::NotGivenYet => "the bot secret is not taken yet",
        };
        self.write(format_args!("page: {said}"));
        self.take(effects);
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now.checked_add(time).unwrap_or(self.now);
        self.pass(|stage, next| next <= until && !stage.is_over);
        if !self.is_over {
            self.now = self.now.max(until);
            self.finish_speech();
        }
    }

    /// Lets the bot type what it has to say.
    fn finish_speech(&mut self) {
        self.pass(|stage, _| stage.is_composing && !stage.is_over);
    }

    fn pass(&mut self, goes_on: impl Fn(&Self, Instant) -> bool) {
        for _ in 0..MAX_TICKS {
            let Some(next) = self.session.next_tick().filter(|next| goes_on(self, *next)) else {
                return;
            };
            self.now = self.now.max(next);
            let effects = self.session.on_tick(self.now, &mut self.rng);
            self.exchange(effects, VecDeque::new());
        }
        self.note("the lesson does not come to rest; go on with /wait");
    }

    // --- The line between both ---

    /// Carries what the learner's program sends, until no message is under way and all is said.
    fn carry(&mut self, outputs: Vec<Output>) {
        let mut under_way = VecDeque::new();
        self.hear(outputs, &mut under_way);
        self.exchange(Vec::new(), under_way);
        self.finish_speech();
    }

    fn take(&mut self, effects: Vec<Effect>) {
        self.exchange(effects, VecDeque::new());
        self.finish_speech();
    }

    fn exchange(&mut self, effects: Vec<Effect>, mut under_way: VecDeque<String>) {
        self.show_steps();
        self.receive(effects, &mut under_way);
        while let Some(body) = under_way.pop_front().filter(|_| !self.is_over) {
            let effects = self.session.on_chat(self.now, &mut self.rng, &body);
            self.show_steps();
            self.receive(effects, &mut under_way);
        }
    }

    fn receive(&mut self, effects: Vec<Effect>, under_way: &mut VecDeque<String>) {
        for effect in effects {
            match effect {
                Effect::Send { body, .. } => {
                    let outputs = self.learner.receive(self.now, &mut self.rng, &body);
                    self.hear(outputs, under_way);
                }
                Effect::Composing(is_composing) => self.is_composing = is_composing,
                Effect::Note(Note::Refused(why)) => {
                    self.note(&format!("the bot's OTR did not take a message: {why}"));
                }
                Effect::Note(_) | Effect::Progress { .. } | Effect::Claimed(_) => {}
                Effect::Ended { status, passed } => {
                    self.is_over = true;
                    let passed = if passed { "passed" } else { "not passed" };
                    self.note(&format!("the lesson has ended: {passed}"));
                    self.note(&format!("the bot's status text: {status}"));
                }
            }
        }
    }

    /// Shows what the learner's program shows, and collects what it sends.
    fn hear(&mut self, outputs: Vec<Output>, under_way: &mut VecDeque<String>) {
        for output in outputs {
            match output {
                Output::Send(body) => under_way.push_back(body),
                Output::Event(event) => self.show(event),
            }
        }
    }

    fn show(&mut self, event: otr::Event) {
        let key = self.learner.peer_fingerprint().map(|key| key.to_string()).unwrap_or_default();
        let short = key.get(..8).unwrap_or_default().to_owned();
        match event {
            otr::Event::Heard { text, encrypted } => {
                self.is_composing = false;
                let how = if encrypted { "private" } else { "clear" };
                if let Some(code) = bot_secret(&text).filter(|_| encrypted) {
                    self.code = Some(code);
                }
                self.write(format_args!("bot [{how}]: {text}"));
            }
            otr::Event::GoneSecure { .. } => {
                let known = if self.verified.contains(&key) { "" } else { "not " };
                self.program(&format!("private, {known}verified; the bot's key is {short}…"));
            }
            otr::Event::StillSecure { .. } => self.program("private, with fresh keys"),
            otr::Event::PeerEnded | otr::Event::IdleEnded => {
                self.program("the other side has ended the private conversation");
            }
            otr::Event::GoneInsecure => self.program("the private conversation is ended"),
            otr::Event::SmpAsked { question } => {
                self.is_asked = true;
                let question = question.map(|q| format!(": {q}")).unwrap_or_default();
                self.program(&format!("asks for the secret{question}; /smp right answers"));
            }
            otr::Event::SmpSucceeded => {
                self.verified.insert(key);
                self.program(&format!("the answers are the same: the key {short}… is verified"));
            }
            otr::Event::SmpFailed => self.program("the answers differ"),
            otr::Event::SmpAborted | otr::Event::SmpCheated => {
                self.is_asked = false;
                self.program("the comparison is cancelled");
            }
            otr::Event::PeerError(_) => self.program("the bot could not read a message"),
            otr::Event::Refused(_)
            | otr::Event::Withheld { .. }
            | otr::Event::ExtraKey { .. }
            | otr::Event::Downgraded { .. }
            | otr::Event::Resent
            | otr::Event::Heartbeat => {}
        }
    }

    fn program(&mut self, what: &str) {
        self.write(format_args!("program: {what}"));
    }
}

fn client(policy: Policy, rng: &mut StdRng) -> Conversation {
    let key = Arc::new(SigningKey::generate(rng));
    let instance = InstanceTag::random(rng);
    Conversation::new(key, instance, policy)
}
