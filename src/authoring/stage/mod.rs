//! A session and a simulated learner, the line between them, the clock of both, and what is seen of
//! it.
//!
//! The bot's side is a real [`Session`]; the learner's side is the OTR engine, in one program or in
//! several, told what to do ([`doing`]). Time is a number: nothing is waited for.

mod doing;
mod page;
mod program;
mod seen;
mod showing;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use gettext::{Catalog, Catalogs};
use otr::{InstanceTag, Policy, SigningKey};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use secrecy::SecretString;

use self::program::Program;
use super::sources::Sources;

use crate::{
    cli::Circumstances,
    fsm::StateIx,
    lesson::Lesson,
    session::{Client, Effect, Seal, Session, SessionConfig, Typing, Whereabouts, listening::Ears},
};

pub(super) use seen::{Channel, Seen, Terminal, Witness, line};

/// The most that is done while time passes, so that a lesson that turns in a circle ends, too.
const MAX_TICKS: usize = 100_000;

/// After so long the learner is warned, and after so long the session ends.
const WARNING_TIMEOUT: Duration = Duration::from_mins(25);
const SESSION_TIMEOUT: Duration = Duration::from_mins(30);

/// The long-term keys of a play. To make one takes longer than a whole lesson.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    bot: Arc<SigningKey>,
    learner: Arc<SigningKey>,
}

impl Keys {
    /// Fresh ones.
    pub(super) fn generate(rng: &mut StdRng) -> Self {
        let [bot, learner] = [(); 2].map(|()| Arc::new(SigningKey::generate(rng)));
        Self { bot, learner }
    }
}

/// A lesson being played.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Stage<W> {
    session: Session,
    programs: Vec<Program>,
    /// The number of the program that the learner uses.
    current: usize,
    is_away: bool,
    /// What was sent while the learner was away.
    held: Vec<(Client, String)>,
    lesson: Arc<Lesson>,
    policy: Policy,
    began: Instant,
    now: Instant,
    rng: StdRng,
    witness: W,
    has_page: bool,
    contact: Option<String>,
    /// The shared secret that the learner typed into the page last, or was told.
    secret: Option<String>,
    /// The bot secret that the learner read last.
    code: Option<String>,
    /// The learner does not wait until the bot has said all.
    is_hasty: bool,
    is_composing: bool,
    is_over: bool,
    is_passed: bool,
    /// How much of the grade the learner has earned, from 0 to 1; a grade never falls.
    grade: Option<f64>,
    /// What the learner's page has shown last.
    shown: Whereabouts,
    /// Why the last thing could not be done.
    undone: Option<String>,
}

/// What a session is made of where these are the circumstances.
pub(super) fn config(
    sources: &Sources,
    lesson: Arc<Lesson>,
    catalogs: &Catalogs,
    catalog: Arc<Catalog>,
    circumstances: &Circumstances,
    rng: &mut StdRng,
) -> SessionConfig {
    SessionConfig {
        ears: Arc::new(Ears::of(&lesson, catalogs)),
        lesson,
        catalog,
        variables: Arc::new(sources.variables.clone()),
        policy: Policy { send_tag: false, ..Policy::default() },
        may_start_smp: circumstances.may_start_smp || sources.may_start_smp,
        default_secret: circumstances.secret.clone().map(SecretString::from),
        seal: Seal::from_secret(&rng.random::<[u8; 32]>()),
        typing: Typing::default(),
        keeps_key: circumstances.keep_key,
        warning_timeout: WARNING_TIMEOUT,
        session_timeout: SESSION_TIMEOUT,
        contact: circumstances.contact.clone().or_else(|| sources.contact.clone()),
        has_page: !circumstances.no_page,
        is_returning: circumstances.returning,
    }
}

impl<W: Witness> Stage<W> {
    /// A lesson that has not begun. The same seed gives the same course.
    pub(super) fn new(
        config: SessionConfig,
        secret: Option<String>,
        keys: &Keys,
        seed: u64,
        witness: W,
    ) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        #[expect(clippy::disallowed_methods, reason = "where this clock begins does not matter")]
        let now = Instant::now();
        let (lesson, policy) = (Arc::clone(&config.lesson), config.policy);
        let (has_page, contact) = (config.has_page, config.contact.clone());
        let instance = InstanceTag::random(&mut rng);
        let mut session = Session::open(config, Arc::clone(&keys.bot), instance, now, &mut rng);
        session.trace();
        let key = Arc::clone(&keys.learner);
        let program = Program::new("1".to_owned(), key, policy, &mut rng);
        let shown = session.whereabouts();
        Self {
            session,
            programs: vec![program],
            current: 0,
            is_away: false,
            held: Vec::new(),
            lesson,
            policy,
            began: now,
            now,
            rng,
            witness,
            has_page,
            contact,
            secret,
            code: None,
            is_hasty: false,
            is_composing: false,
            is_over: false,
            is_passed: false,
            grade: None,
            shown,
            undone: None,
        }
    }

    /// Whether the lesson has ended.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether the learner has passed, where it has.
    pub(super) fn is_passed(&self) -> bool {
        self.is_passed
    }

    /// How much of the grade the learner has, in percent.
    pub(super) fn percent(&self) -> u8 {
        // The place of a grade is the page: without one, the LMS gets none.
        let grade = self.grade.filter(|_| self.has_page).unwrap_or_default();
        (0..=100_u8).rev().find(|percent| f64::from(*percent) / 100.0 <= grade).unwrap_or_default()
    }

    /// Why the last thing could not be done, if so; asked once.
    pub(super) fn take_undone(&mut self) -> Option<String> {
        self.undone.take()
    }

    /// Whether there are web pages.
    pub(super) fn has_page(&self) -> bool {
        self.has_page
    }

    /// What has happened, as far as is seen.
    pub(super) fn seen(&self) -> &W {
        &self.witness
    }

    /// Who sees what happens.
    pub(super) fn witness(&mut self) -> &mut W {
        &mut self.witness
    }

    /// How long the lesson has lasted.
    pub(super) fn time(&self) -> Duration {
        self.now.saturating_duration_since(self.began)
    }

    /// The state of the lesson; `None` before it began.
    pub(super) fn state(&self) -> Option<StateIx> {
        self.session.lesson_state()
    }

    fn see(&mut self, seen: Seen) {
        let at = self.time();
        self.witness.see(at, seen);
    }

    /// A remark that is no part of the lesson.
    pub(super) fn note(&mut self, text: &str) {
        self.see(Seen::Note(text.to_owned()));
    }

    /// What the learner was to do cannot be done.
    pub(super) fn cannot(&mut self, why: &str) {
        self.note(why);
        self.undone.get_or_insert_with(|| why.to_owned());
    }

    /// What the learner does.
    pub(super) fn echo(&mut self, line: &str) {
        self.see(Seen::Did(line.to_owned()));
    }

    /// From now on, the learner waits until the bot has said all, or does not.
    pub(super) fn set_hasty(&mut self, is_hasty: bool) {
        self.is_hasty = is_hasty;
    }

    fn program(&self) -> Option<&Program> {
        self.programs.get(self.current)
    }

    /// What the bot's lines come through to a program now.
    fn channel(&self, program: usize) -> Channel {
        match self.programs.get(program) {
            Some(program) if program.conversation.is_private() => {
                let is_proved = program.proved.contains(&program.bots_key());
                if is_proved { Channel::Verified } else { Channel::Private }
            }
            Some(_) | None => Channel::Clear,
        }
    }

    /// What the bot's lines come through to the program that the learner uses.
    pub(super) fn present_channel(&self) -> Channel {
        self.channel(self.current)
    }

    // --- Time ---

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

    /// Carries what a program sends, until no message is under way and all is said.
    fn carry(&mut self, outputs: Vec<otr::Output>) {
        let mut under_way = VecDeque::new();
        self.hear(self.current, outputs, &mut under_way);
        self.exchange(Vec::new(), under_way);
        self.settle();
    }

    fn take(&mut self, effects: Vec<Effect>) {
        self.exchange(effects, VecDeque::new());
        self.settle();
    }

    fn settle(&mut self) {
        if !self.is_hasty {
            self.finish_speech();
        }
    }

    fn exchange(&mut self, effects: Vec<Effect>, mut under_way: VecDeque<(usize, String)>) {
        self.show_steps();
        self.receive(effects, &mut under_way);
        while let Some((from, body)) = under_way.pop_front().filter(|_| !self.is_over) {
            let Some(client) = self.programs.get(from).map(Program::client) else { continue };
            let effects = self.session.on_chat_from(self.now, &mut self.rng, client, &body);
            self.show_steps();
            self.receive(effects, &mut under_way);
        }
        self.show_page_changes();
    }

    fn receive(&mut self, effects: Vec<Effect>, under_way: &mut VecDeque<(usize, String)>) {
        for effect in effects {
            match effect {
                Effect::Send { body, to, .. } if self.is_away => self.held.push((to, body)),
                Effect::Send { body, to, .. } => self.deliver(&to, &body, under_way),
                Effect::Composing(is_composing) => self.is_composing = is_composing,
                effect @ (Effect::Progress { .. }
                | Effect::Language(_)
                | Effect::Claimed(_)
                | Effect::Note(_)
                | Effect::Ended { .. }) => self.show_effect(effect),
            }
        }
    }

    /// Brings a message of the bot to the program that it is for.
    fn deliver(&mut self, to: &Client, body: &str, under_way: &mut VecDeque<(usize, String)>) {
        let named = to.name().and_then(|name| self.programs.iter().position(|p| p.name == name));
        let to = named.unwrap_or(self.current);
        let (now, rng) = (self.now, &mut self.rng);
        let Some(program) = self.programs.get_mut(to) else { return };
        let outputs = program.conversation.receive(now, rng, body);
        self.hear(to, outputs, under_way);
    }

    /// Shows what a program shows, and collects what it sends.
    fn hear(
        &mut self,
        program: usize,
        outputs: Vec<otr::Output>,
        under_way: &mut VecDeque<(usize, String)>,
    ) {
        for output in outputs {
            match output {
                otr::Output::Send(body) => under_way.push_back((program, body)),
                otr::Output::Event(event) => self.show_event(program, event),
            }
        }
    }
}

/// A bot secret in a text, if one stands there: `XXXX-XXXX-XXXX-XXXX`, upper-case letters.
pub(super) fn bot_secret(text: &str) -> Option<String> {
    let is_secret = |word: &&str| {
        let mut groups = word.split('-');
        word.split('-').count() == 4
            && groups.all(|group| {
                group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_uppercase())
            })
    };
    text.split(|c: char| !(c.is_ascii_uppercase() || c == '-')).find(is_secret).map(str::to_owned)
}
