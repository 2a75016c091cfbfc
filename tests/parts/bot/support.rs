//! A learner and a session, the line between them, and the clock of both.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "helpers of a test may fail it; its clock begins somewhere"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use gettext::{Catalog, Catalogs};
use otr::{Conversation, InstanceTag, Output, Policy, SigningKey, Version};
use otrbot::lesson::Library;
use otrbot::{
    i18n,
    records::Progress,
    session::{
        BotSecretVerdict, Client, Effect, Meaning, NoSnapshot, Note, Seal, SecretVerdict, Session,
        SessionConfig, Snapshot, Strength, Typing, listening::AllEars,
    },
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use secrecy::SecretString;

/// A shared secret that is strong enough.
pub(crate) const SECRET: &str = "purple walrus ironing kettles";

/// Longer than the bot needs for all it has to say at a time, and shorter than its first hint.
pub(crate) const A_WHILE: Duration = secs(2);

/// So many seconds.
pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A session and its learner.
pub(crate) struct Class {
    pub(crate) session: Session,
    pub(crate) learner: Conversation,
    pub(crate) now: Instant,
    pub(crate) config: SessionConfig,
    instance: InstanceTag,
    rng: ChaCha20Rng,
    /// All effects so far.
    pub(crate) effects: Vec<Effect>,
    /// What the learner's program showed since it was last asked: the text, and whether it came
    /// encrypted.
    heard: Vec<(String, bool)>,
    /// What else happened there since it was last asked.
    events: Vec<otr::Event>,
    /// The program that the learner uses now.
    client: Client,
    /// The others, and what reached them meanwhile.
    others: BTreeMap<String, (Conversation, Vec<String>)>,
    /// What reached a program that is not there.
    pub(crate) lost: Vec<String>,
    /// Whether the learner's program does not answer by itself.
    is_mute: bool,
    /// Which bodies of the bot are lost on their way; `None`: none are.
    pub(crate) cut: Option<fn(&str) -> bool>,
    /// What those meant that were lost.
    pub(crate) undelivered: Vec<Meaning>,
    /// What was kept of the session last.
    kept: Option<String>,
}

/// What a session is made of in tests: the shipped lesson, and no waiting for typing.
pub(crate) fn config(version: Version) -> SessionConfig {
    config_of("basics", version)
}

/// The shipped lessons in all languages.
pub(crate) struct Taught {
    pub(crate) library: Library,
    pub(crate) catalogs: Catalogs,
    pub(crate) ears: AllEars,
}

pub(crate) static TAUGHT: LazyLock<Taught> = LazyLock::new(|| {
    let (library, problems) = Library::load(None, &[]);
    assert!(problems.is_empty(), "{problems:?}");
    let (catalogs, problems) = i18n::load(None);
    assert!(problems.is_empty(), "{problems:?}");
    let ears = AllEars::of(&library, &catalogs);
    Taught { library, catalogs, ears }
});

/// The same with another of the shipped lessons.
pub(crate) fn config_of(lesson: &str, version: Version) -> SessionConfig {
    let taught = &*TAUGHT;
    let variables = [
        ("bot_alias", "Marvin"),
        ("bot_title", "OTR Bot"),
        ("bot_description", "An OTR bot"),
        ("project_name", "Totem"),
    ];
    SessionConfig {
        lesson: taught.library.find(lesson).unwrap(),
        ears: taught.ears.find(lesson).unwrap(),
        catalog: Arc::new(Catalog::source()),
        variables: Arc::new(
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ),
        policy: only(version),
        may_start_smp: false,
        default_secret: None,
        seal: Seal::from_secret(b"of a class"),
        typing: Typing { scheduled: false, chars_per_second: 20 },
        keeps_key: false,
        warning_timeout: secs(1_500),
        session_timeout: secs(1_800),
        contact: None,
        has_page: true,
        is_returning: false,
    }
}

fn only(version: Version) -> Policy {
    let (allow_v2, allow_v3) = (version == Version::V2, version == Version::V3);
    Policy { allow_v2, allow_v3, send_tag: false, ..Policy::default() }
}

impl Class {
    pub(crate) fn new(config: SessionConfig) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(7);
        let now = Instant::now();
        let policy = config.policy;
        let key = Arc::new(SigningKey::generate(&mut rng));
        let instance = InstanceTag::random(&mut rng);
        let session = Session::open(config.clone(), key, instance, now, &mut rng);
        let key = Arc::new(SigningKey::generate(&mut rng));
        let learner = Conversation::new(key, InstanceTag::random(&mut rng), policy);
        Self {
            session,
            learner,
            now,
            config,
            instance,
            rng,
            effects: Vec::new(),
            heard: Vec::new(),
            events: Vec::new(),
            client: Client::ANY,
            others: BTreeMap::new(),
            lost: Vec::new(),
            is_mute: false,
            cut: None,
            undelivered: Vec::new(),
            kept: None,
        }
    }

    pub(crate) fn standard() -> Self {
        Self::new(config(Version::V3))
    }

    /// A class that was greeted and has gone private.
    pub(crate) fn private() -> Self {
        Self::private_with(config(Version::V3))
    }

    pub(crate) fn private_with(config: SessionConfig) -> Self {
        let mut class = Self::new(config);
        class.say("hello");
        class.start_otr();
        class.forget();
        class
    }

    /// A class whose learner has been given the bot secret.
    pub(crate) fn verified() -> Self {
        let mut class = Self::private();
        assert_eq!(class.enter_secret(SECRET), SecretVerdict::Accepted);
        class.start_smp(SECRET);
        class
    }

    /// The learner says something, in the way that their program does now.
    pub(crate) fn say(&mut self, text: &str) {
        let outputs = self.learner.send(self.now, &mut self.rng, text).unwrap();
        self.carry(outputs);
    }

    /// As [`say`](Self::say), where the learner's program takes it.
    pub(crate) fn try_say(&mut self, text: &str) {
        let outputs = self.learner.send(self.now, &mut self.rng, text);
        self.carry(outputs.unwrap_or_default());
    }

    /// Asks for a private conversation, whatever comes of it.
    pub(crate) fn try_start_otr(&mut self) {
        let outputs = self.learner.start(self.now, &mut self.rng);
        self.carry(outputs);
    }

    /// Begins SMP, where the learner's program can.
    pub(crate) fn try_start_smp(&mut self, secret: &str, question: Option<&str>) {
        let secret = secret.as_bytes();
        let outputs = self.learner.smp_start(self.now, &mut self.rng, secret, question);
        self.carry(outputs.unwrap_or_default());
    }

    /// Answers SMP, where the learner's program can.
    pub(crate) fn try_answer_smp(&mut self, secret: &str) {
        let outputs = self.learner.smp_answer(self.now, &mut self.rng, secret.as_bytes());
        self.carry(outputs.unwrap_or_default());
    }

    /// Gives SMP up, where the learner's program can.
    pub(crate) fn try_abort_smp(&mut self) {
        let outputs = self.learner.smp_abort(self.now, &mut self.rng);
        self.carry(outputs.unwrap_or_default());
    }

    /// A body reaches the bot, whoever sent it.
    pub(crate) fn inject(&mut self, body: &str) {
        let client = self.client.clone();
        let effects = self.session.on_chat_from(self.now, &mut self.rng, client, body);
        self.take(effects);
    }

    /// The same, where these are the learner's own words of it.
    pub(crate) fn inject_marked(&mut self, body: &str, own: &str) {
        let client = self.client.clone();
        let effects = self.session.on_marked(self.now, &mut self.rng, client, body, own);
        self.take(effects);
    }

    pub(crate) fn start_otr(&mut self) {
        let outputs = self.learner.start(self.now, &mut self.rng);
        self.carry(outputs);
        assert!(self.learner.is_private());
    }

    pub(crate) fn end_otr(&mut self) {
        let outputs = self.learner.end(self.now, &mut self.rng);
        self.carry(outputs);
    }

    /// The learner chooses a language on the page.
    pub(crate) fn set_language(&mut self, catalog: Arc<Catalog>) {
        let effects = self.session.set_language(self.now, &mut self.rng, catalog);
        self.take(effects);
    }

    /// From here on everything arrives, and the bot is told what did not.
    pub(crate) fn mend(&mut self) {
        self.mend_but(None);
    }

    /// The same, but these are lost from here on.
    pub(crate) fn mend_but(&mut self, cut: Option<fn(&str) -> bool>) {
        self.cut = cut;
        let lost = std::mem::take(&mut self.undelivered);
        assert!(!lost.is_empty(), "nothing was lost");
        let effects = self.session.on_undelivered(self.now, &mut self.rng, &lost);
        self.take(effects);
    }

    /// The bot forgets everything and begins anew, with another key.
    pub(crate) fn restart_bot(&mut self) {
        let key = Arc::new(SigningKey::generate(&mut self.rng));
        let config = self.config.clone();
        self.session = Session::open(config, key, self.instance, self.now, &mut self.rng);
    }

    /// The bot is killed, and goes on from what was kept, with another key; what was kept.
    pub(crate) fn kill_bot(&mut self) -> String {
        let key = Arc::new(SigningKey::generate(&mut self.rng));
        self.kill_bot_with_key(key)
    }

    /// The same with a key of the caller's choice.
    pub(crate) fn kill_bot_with_key(&mut self, key: Arc<SigningKey>) -> String {
        if let Some(snapshot) = self.session.snapshot() {
            self.kept = Some(snapshot.to_text().to_string());
        }
        let kept = self.kept.clone().unwrap_or_default();
        self.go_on_from(&kept, key);
        kept
    }

    /// The bot goes on from what was kept, with another key.
    pub(crate) fn resume_from(&mut self, kept: &str) {
        let key = Arc::new(SigningKey::generate(&mut self.rng));
        self.go_on_from(kept, key);
    }

    fn go_on_from(&mut self, kept: &str, key: Arc<SigningKey>) {
        let config = self.config.clone();
        let (instance, now, rng) = (self.instance, self.now, &mut self.rng);
        self.session = match Snapshot::from_text(kept) {
            Ok(snapshot) => Session::resume(config, key, now, rng, &snapshot),
            Err(NoSnapshot) => Session::open(config, key, instance, now, rng),
        };
    }

    /// Keeps what is to be kept, as is done after each thing that happens.
    pub(crate) fn keep(&mut self) {
        if let Some(snapshot) = self.session.snapshot() {
            self.kept = Some(snapshot.to_text().to_string());
        }
    }

    /// The learner is seen again.
    pub(crate) fn arrive(&mut self) {
        let effects = self.session.on_arrival(self.now, &mut self.rng);
        self.take(effects);
    }

    /// The learner goes on with the program of this name, and keeps the others open.
    pub(crate) fn use_client(&mut self, name: &str) {
        if self.client.name() == Some(name) {
            return;
        }
        let (learner, waiting) = self.others.remove(name).unwrap_or_else(|| {
            let key = Arc::new(SigningKey::generate(&mut self.rng));
            let instance = InstanceTag::random(&mut self.rng);
            (Conversation::new(key, instance, only(Version::V3)), Vec::new())
        });
        let before = std::mem::replace(&mut self.learner, learner);
        let client = std::mem::replace(&mut self.client, Client::named(name));
        if let Some(client) = client.name() {
            self.others.insert(client.to_owned(), (before, Vec::new()));
        }
        let mut under_way = VecDeque::new();
        for body in waiting {
            let outputs = self.learner.receive(self.now, &mut self.rng, &body);
            self.note(outputs, &mut under_way);
        }
        self.exchange(under_way);
    }

    /// From now on the learner's program answers nothing by itself.
    pub(crate) fn answer_nothing(&mut self) {
        self.is_mute = true;
    }

    /// The program of this name goes offline, and perhaps no other is left.
    pub(crate) fn go_offline(&mut self, name: &str, is_last: bool) {
        let client = Client::named(name);
        let effects = self.session.on_gone(self.now, &mut self.rng, &client, is_last);
        self.take(effects);
    }

    /// The program of this name comes online.
    pub(crate) fn come_online(&mut self, name: &str) {
        let effects = self.session.on_return(self.now, &mut self.rng, &Client::named(name));
        self.take(effects);
    }

    pub(crate) fn send_too_much(&mut self, excess: otrbot::session::Excess) {
        let effects = self.session.on_excess(self.now, &mut self.rng, excess);
        self.take(effects);
    }

    /// The learner goes on with another program, which has a key of its own.
    pub(crate) fn change_key(&mut self) {
        let key = Arc::new(SigningKey::generate(&mut self.rng));
        let instance = InstanceTag::random(&mut self.rng);
        self.learner = Conversation::new(key, instance, only(Version::V3));
    }

    /// The same, where that program speaks other versions, or starts by itself.
    pub(crate) fn change_program(&mut self, policy: Policy) {
        let key = Arc::new(SigningKey::generate(&mut self.rng));
        let instance = InstanceTag::random(&mut self.rng);
        self.learner = Conversation::new(key, instance, policy);
    }

    pub(crate) fn start_smp(&mut self, secret: &str) {
        self.start_smp_with(secret, None);
    }

    pub(crate) fn start_smp_with(&mut self, secret: &str, question: Option<&str>) {
        let secret = secret.as_bytes();
        let outputs = self.learner.smp_start(self.now, &mut self.rng, secret, question).unwrap();
        self.carry(outputs);
    }

    pub(crate) fn answer_smp(&mut self, secret: &str) {
        let outputs = self.learner.smp_answer(self.now, &mut self.rng, secret.as_bytes()).unwrap();
        self.carry(outputs);
    }

    pub(crate) fn abort_smp(&mut self) {
        let outputs = self.learner.smp_abort(self.now, &mut self.rng).unwrap();
        self.carry(outputs);
    }

    /// The learner types a shared secret into the page.
    pub(crate) fn enter_secret(&mut self, secret: &str) -> SecretVerdict {
        let secret = SecretString::from(secret);
        let (verdict, effects) = self.session.on_shared_secret(
            self.now,
            &mut self.rng,
            &secret,
            &Strength::estimate(&secret),
        );
        self.take(effects);
        verdict
    }

    /// The learner types the bot secret into the page.
    pub(crate) fn enter_bot_secret(&mut self, typed: &str) -> BotSecretVerdict {
        let typed = SecretString::from(typed);
        let (verdict, effects) = self.session.on_bot_secret(self.now, &mut self.rng, &typed);
        self.take(effects);
        verdict
    }

    pub(crate) fn close(&mut self, why: otrbot::session::Farewell) {
        let effects = self.session.close(self.now, &mut self.rng, why);
        self.take(effects);
    }

    /// Lets time go by, and the bot do what it wants at its times.
    pub(crate) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(next) = self.session.next_tick().filter(|next| *next <= until) {
            // A session that is late is asked at once; one that asks for the past over and over
            // would hang here.
            assert!(next >= self.now || self.is_late(next), "asks for the past");
            self.now = next.max(self.now);
            let effects = self.session.on_tick(self.now, &mut self.rng);
            self.take(effects);
        }
        self.now = until;
    }

    fn is_late(&mut self, next: Instant) -> bool {
        let effects = self.session.on_tick(self.now, &mut self.rng);
        self.take(effects);
        self.session.next_tick() != Some(next)
    }

    /// What the learner's program showed since this was last asked.
    pub(crate) fn heard(&mut self) -> Vec<(String, bool)> {
        self.events.clear();
        std::mem::take(&mut self.heard)
    }

    /// The same as one text.
    pub(crate) fn told(&mut self) -> String {
        self.heard().into_iter().map(|(text, _)| text + "\n").collect()
    }

    /// What happened in the learner's program since it was last asked.
    pub(crate) fn events(&mut self) -> Vec<otr::Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn forget(&mut self) {
        self.heard.clear();
        self.events.clear();
    }

    /// The bot secret that stands in what the bot said since it was last asked.
    pub(crate) fn bot_secret(&mut self) -> Option<String> {
        let told = self.heard();
        told.into_iter()
            .filter(|(_, encrypted)| *encrypted)
            .find_map(|(text, _)| find_secret(&text))
    }

    pub(crate) fn notes(&self) -> Vec<Note> {
        let effects = self.effects.iter();
        effects
            .filter_map(|effect| if let Effect::Note(note) = effect { Some(*note) } else { None })
            .collect()
    }

    pub(crate) fn progress(&self) -> Vec<Progress> {
        let effects = self.effects.iter();
        effects
            .filter_map(|effect| {
                if let Effect::Progress { progress, .. } = effect { Some(*progress) } else { None }
            })
            .collect()
    }

    /// How the session ended, if it did: the status, and whether the lesson was passed.
    pub(crate) fn ended(&self) -> Option<(String, bool)> {
        self.effects.iter().find_map(|effect| {
            if let Effect::Ended { status, passed } = effect {
                Some((status.clone(), *passed))
            } else {
                None
            }
        })
    }

    /// Everything that the bot put on the wire.
    pub(crate) fn wire(&self) -> Vec<&str> {
        let effects = self.effects.iter();
        effects
            .filter_map(|effect| {
                if let Effect::Send { body, .. } = effect { Some(body.as_str()) } else { None }
            })
            .collect()
    }

    /// Carries messages both ways until none is under way.
    fn carry(&mut self, outputs: Vec<Output>) {
        let mut under_way = VecDeque::new();
        self.note(outputs, &mut under_way);
        self.exchange(under_way);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        let mut under_way = VecDeque::new();
        self.receive(effects, &mut under_way);
        self.exchange(under_way);
    }

    fn exchange(&mut self, mut under_way: VecDeque<String>) {
        while let Some(body) = under_way.pop_front() {
            let client = self.client.clone();
            let effects = self.session.on_chat_from(self.now, &mut self.rng, client, &body);
            self.receive(effects, &mut under_way);
        }
    }

    fn receive(&mut self, effects: Vec<Effect>, under_way: &mut VecDeque<String>) {
        for effect in effects {
            assert!(self.ended().is_none(), "{effect:?} after the end");
            if let Effect::Send { body, to, meaning, .. } = &effect {
                if self.cut.is_some_and(|is_lost| is_lost(body)) {
                    self.undelivered.push(meaning.clone());
                    self.effects.push(effect);
                    continue;
                }
                let is_here =
                    *to == Client::ANY || self.client == Client::ANY || *to == self.client;
                let other = to.name().and_then(|name| self.others.get_mut(name));
                if is_here {
                    let outputs = self.learner.receive(self.now, &mut self.rng, body);
                    self.note(outputs, under_way);
                } else if let Some((_, waiting)) = other {
                    waiting.push(body.clone());
                } else {
                    self.lost.push(body.clone());
                }
            }
            self.effects.push(effect);
        }
    }

    fn note(&mut self, outputs: Vec<Output>, under_way: &mut VecDeque<String>) {
        for output in outputs {
            match output {
                Output::Send(_) if self.is_mute => {}
                Output::Send(body) => under_way.push_back(body),
                Output::Event(otr::Event::Heard { text, encrypted }) => {
                    self.heard.push((text, encrypted));
                }
                Output::Event(event) => self.events.push(event),
            }
        }
    }
}

/// A text of the form of the bot secret.
pub(crate) fn find_secret(text: &str) -> Option<String> {
    let is_secret = |word: &&str| {
        word.len() == 19
            && word.bytes().enumerate().all(|(ix, byte)| {
                if ix % 5 == 4 { byte == b'-' } else { byte.is_ascii_uppercase() }
            })
    };
    text.split_whitespace().find(is_secret).map(str::to_owned)
}

/// An empty map, for configurations without variables.
pub(crate) fn no_variables() -> Arc<BTreeMap<String, String>> {
    Arc::new(BTreeMap::new())
}
