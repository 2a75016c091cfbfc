//! Many learners in one process: a component of the server (XEP-0114) speaks for all of them, each
//! with an OTR conversation of its own.

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc::Sender},
    time::{Duration, Instant},
};

use jid::{BareJid, FullJid, Jid};
use otr::{Conversation, Event as OtrEvent, InstanceTag, Output, Policy, SigningKey};
use rand::{SeedableRng as _, rngs::StdRng};
use support::learner::bot_secret_in;
use tokio::{sync::mpsc, time::timeout};
use xmpp::{Command, Component, Event, Pace};
use xmpp_parsers::{
    message::{Lang, Message, MessageType},
    stanza::Stanza,
};

/// The domain of the learners.
pub(crate) const DOMAIN: &str = "learners.localhost";
/// What the bot and all of them know.
pub(crate) const SECRET: &str = "seven calm owls read 9 maps";
/// How long nothing may happen to a learner until they try again.
const RETRY: Duration = Duration::from_secs(20);
/// How long a learner may need for what they want.
const PATIENCE: Duration = Duration::from_mins(5);

/// How far a learner is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Into a private conversation, and stay there.
    Private,
    /// Through the whole lesson.
    Passed,
}

/// Where a learner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Absent,
    Greeting,
    GoingPrivate,
    Private,
    Verifying,
    AwaitingSecret,
    Passed,
    Failed,
}

struct Learner {
    address: FullJid,
    otr: Conversation,
    stage: Stage,
    /// When the lesson began, when they did the last thing, and when they last tried.
    began: Instant,
    asked: Instant,
    tried: Instant,
}

/// What was measured, in the order in which it happened.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) n_done: usize,
    pub(crate) n_failed: usize,
    pub(crate) n_tries: usize,
    /// From the first word to the first answer.
    pub(crate) greeting: Vec<Duration>,
    /// From the query to the private conversation.
    pub(crate) private: Vec<Duration>,
    /// From the first message of SMP to its end.
    pub(crate) verified: Vec<Duration>,
    /// From the end of SMP to the bot secret.
    pub(crate) secret: Vec<Duration>,
    pub(crate) whole: Vec<Duration>,
}

impl Report {
    /// All times from something that a learner did to the bot's answer, in order of size.
    pub(crate) fn answers(&self) -> Vec<Duration> {
        let all = [&self.greeting, &self.private, &self.verified, &self.secret];
        let mut all: Vec<Duration> = all.into_iter().flatten().copied().collect();
        all.sort_unstable();
        all
    }
}

/// The learners.
pub(crate) struct Fleet {
    bot: Jid,
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    learners: Vec<Learner>,
    rng: StdRng,
    key: Arc<SigningKey>,
    is_online: bool,
    /// Where those are named who read the bot secret.
    pub(crate) passed: Option<Sender<(usize, String)>>,
}

/// The Jabber ID of the learner of this number.
pub(crate) fn jid(number: usize) -> String {
    format!("learner{number}@{DOMAIN}")
}

impl Fleet {
    /// Learners of a server, who talk to a bot.
    pub(crate) async fn enter(server: &str, secret: &str, bot: &str) -> Self {
        let component = Component {
            jid: BareJid::new(DOMAIN).unwrap(),
            resource: "load".to_owned(),
            secret: secret.into(),
            server: server.to_owned(),
        };
        let pace = Pace { retry: Duration::from_millis(200), ..Pace::default() };
        let (commands, events) = xmpp::start_component(&component, pace).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let key = Arc::new(SigningKey::generate(&mut rng));
        let bot = Jid::new(bot).unwrap();
        let learners = Vec::new();
        let (is_online, passed) = (false, None);
        let mut fleet = Self { bot, commands, events, learners, rng, key, is_online, passed };
        while !fleet.is_online {
            let event = timeout(Duration::from_secs(20), fleet.events.recv()).await;
            fleet
                .take(
                    event.expect("the component is refused"),
                    Goal::Passed,
                    &mut Report::default(),
                )
                .await;
        }
        fleet
    }

    /// Has so many new learners go so far, some of them at once.
    pub(crate) async fn send(&mut self, n: usize, at_once: usize, goal: Goal) -> Report {
        let first = self.learners.len();
        let policy = Policy { send_tag: false, whitespace_start_ake: false, ..Policy::default() };
        for number in first..first + n {
            let address = format!("{}/load", jid(number));
            let instance = InstanceTag::random(&mut self.rng);
            let now = Instant::now();
            self.learners.push(Learner {
                address: FullJid::new(&address).unwrap(),
                otr: Conversation::new(Arc::clone(&self.key), instance, policy),
                stage: Stage::Absent,
                began: now,
                asked: now,
                tried: now,
            });
        }
        self.run((first..first + n).collect(), at_once, goal).await
    }

    /// Has learners who are in a private conversation finish the lesson, some of them at once.
    pub(crate) async fn finish(&mut self, numbers: Vec<usize>, at_once: usize) -> Report {
        self.run(numbers.into(), at_once, Goal::Passed).await
    }

    async fn run(&mut self, mut waiting: VecDeque<usize>, at_once: usize, goal: Goal) -> Report {
        let mut report = Report::default();
        let mut active: Vec<usize> = Vec::new();
        let mut looked = Instant::now();
        loop {
            while active.len() < at_once
                && let Some(number) = waiting.pop_front()
            {
                active.push(number);
                self.begin(number).await;
            }
            if active.is_empty() {
                return report;
            }
            if let Ok(event) = timeout(Duration::from_millis(100), self.events.recv()).await {
                let who = self.take(event, goal, &mut report).await;
                if let Some(number) = who
                    && self.is_there(number, goal)
                {
                    active.retain(|active| *active != number);
                }
            }
            if looked.elapsed() > Duration::from_secs(1) {
                looked = Instant::now();
                for number in active.clone() {
                    self.look_after(number, &mut report).await;
                }
                active.retain(|number| !self.is_there(*number, goal));
            }
        }
    }

    fn is_there(&self, number: usize, goal: Goal) -> bool {
        let stage = self.learners[number].stage;
        stage == Stage::Failed
            || match goal {
                Goal::Private => stage == Stage::Private,
                Goal::Passed => stage == Stage::Passed,
            }
    }

    /// The learner does the first thing: says hello, or begins SMP where they are private already.
    async fn begin(&mut self, number: usize) {
        let now = Instant::now();
        let learner = &mut self.learners[number];
        (learner.asked, learner.tried, learner.began) = (now, now, now);
        let outputs = if learner.stage == Stage::Private {
            learner.stage = Stage::Verifying;
            learner.otr.smp_start(now, &mut self.rng, SECRET.as_bytes(), None).unwrap()
        } else {
            learner.stage = Stage::Greeting;
            learner.otr.send(now, &mut self.rng, "hello").unwrap()
        };
        self.perform(number, outputs, Goal::Passed, &mut Report::default()).await;
    }

    /// Who waits for too long tries again, as a person would; who waits for much too long fails.
    async fn look_after(&mut self, number: usize, report: &mut Report) {
        let now = Instant::now();
        let learner = &mut self.learners[number];
        if learner.tried.elapsed() < RETRY {
            return;
        }
        if learner.began.elapsed() > PATIENCE {
            learner.stage = Stage::Failed;
            report.n_failed += 1;
            return;
        }
        learner.tried = now;
        report.n_tries += 1;
        let outputs = match learner.stage {
            Stage::Greeting => learner.otr.send(now, &mut self.rng, "hello").unwrap_or_default(),
            // Whatever is lost, a new private conversation is a new beginning.
            Stage::GoingPrivate | Stage::Verifying | Stage::AwaitingSecret => {
                learner.stage = Stage::GoingPrivate;
                learner.otr.start(now, &mut self.rng)
            }
            Stage::Absent | Stage::Private | Stage::Passed | Stage::Failed => return,
        };
        self.perform(number, outputs, Goal::Passed, report).await;
    }

    /// Takes in what came; whom it concerned.
    async fn take(
        &mut self,
        event: Option<Event>,
        goal: Goal,
        report: &mut Report,
    ) -> Option<usize> {
        match event.expect("the stream has ended") {
            Event::Online { .. } => self.is_online = true,
            Event::Offline { why, retry_in } => {
                assert!(retry_in.is_some(), "{why}");
                self.is_online = false;
            }
            Event::Stanza(stanza) => {
                let Stanza::Message(message) = *stanza else { return None };
                if message.type_ == MessageType::Error {
                    return None;
                }
                let number = number_of(message.to.as_ref()?)?;
                let (_, body) = message.get_best_body(Vec::new())?;
                let learner = self.learners.get_mut(number)?;
                let outputs = learner.otr.receive(Instant::now(), &mut self.rng, body);
                self.perform(number, outputs, goal, report).await;
                return Some(number);
            }
            Event::Rejected { .. }
            | Event::Acked(_)
            | Event::Lost(_)
            | Event::Unsendable(_)
            | Event::Stopped => {}
        }
        None
    }

    async fn perform(
        &mut self,
        number: usize,
        outputs: Vec<Output>,
        goal: Goal,
        report: &mut Report,
    ) {
        let mut outputs = VecDeque::from(outputs);
        while let Some(output) = outputs.pop_front() {
            match output {
                Output::Send(body) => self.say(number, body).await,
                Output::Event(event) => outputs.extend(self.note(number, event, goal, report)),
            }
        }
    }

    async fn say(&self, number: usize, body: String) {
        let mut message = Message::chat(self.bot.clone()).with_body(Lang::new(), body);
        message.from = Some(self.learners[number].address.clone().into());
        let stanza = Box::new(Stanza::Message(message));
        self.commands.send(Command::Send { stanza, tag: None }).await.unwrap();
    }

    /// The learner's next step, after something happened.
    fn note(
        &mut self,
        number: usize,
        event: OtrEvent,
        goal: Goal,
        report: &mut Report,
    ) -> Vec<Output> {
        let now = Instant::now();
        let learner = &mut self.learners[number];
        let took = now.saturating_duration_since(learner.asked);
        match (learner.stage, event) {
            (Stage::Greeting, OtrEvent::Heard { .. }) => {
                report.greeting.push(took);
                learner.stage = Stage::GoingPrivate;
                (learner.asked, learner.tried) = (now, now);
                learner.otr.start(now, &mut self.rng)
            }
            (Stage::GoingPrivate, OtrEvent::GoneSecure { .. } | OtrEvent::StillSecure { .. }) => {
                report.private.push(took);
                if goal == Goal::Private {
                    learner.stage = Stage::Private;
                    report.n_done += 1;
                    return Vec::new();
                }
                learner.stage = Stage::Verifying;
                (learner.asked, learner.tried) = (now, now);
                let begun = learner.otr.smp_start(now, &mut self.rng, SECRET.as_bytes(), None);
                begun.unwrap_or_default()
            }
            (Stage::Verifying, OtrEvent::SmpSucceeded) => {
                report.verified.push(took);
                learner.stage = Stage::AwaitingSecret;
                (learner.asked, learner.tried) = (now, now);
                Vec::new()
            }
            (Stage::AwaitingSecret, OtrEvent::Heard { text, encrypted: true })
                if bot_secret_in(&text).is_some() =>
            {
                if let (Some(passed), Some(secret)) = (&self.passed, bot_secret_in(&text)) {
                    drop(passed.send((number, secret)));
                }
                report.secret.push(took);
                report.whole.push(now.saturating_duration_since(learner.began));
                learner.stage = Stage::Passed;
                report.n_done += 1;
                learner.otr.end(now, &mut self.rng)
            }
            // The bot was interrupted, or the line was: the conversation is opened again.
            (
                Stage::Verifying | Stage::AwaitingSecret,
                OtrEvent::Heard { encrypted: false, .. },
            ) if learner.tried.elapsed() > Duration::from_secs(2) => {
                report.n_tries += 1;
                learner.stage = Stage::GoingPrivate;
                (learner.asked, learner.tried) = (now, now);
                learner.otr.start(now, &mut self.rng)
            }
            _ => Vec::new(),
        }
    }
}

fn number_of(to: &Jid) -> Option<usize> {
    to.node()?.as_str().strip_prefix("learner")?.parse().ok()
}
