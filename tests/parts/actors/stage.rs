//! A registry between recording actors.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, Addr, Arbiter, Context, Handler, Message, MessageResult};
use gettext::Catalogs;
use jid::{BareJid, Jid};
use otr::Policy;
use secrecy::SecretString;

use otrbot::{
    actors::{
        Deliver, Incoming, Outgoing, Received,
        registry::{
            Dismiss, Enrol, EnrolRefused, EnterBotSecret, EnterSecret, News, Parts, SessionNews,
            SessionRegistry, Where, factory::SessionFactory,
        },
        store::{SaveOpened, SaveProgress, SaveProof, SaveSession},
        workshop::Workshop,
    },
    i18n,
    lesson::Library,
    metrics::Metrics,
    records::{Contacts, EnrolmentId, Progress},
    session::{Seal, Snapshot, Strength, Typing, listening::AllEars},
};

/// The bot's own address.
pub(crate) const BOT: &str = "bot@example.org";

/// A bare Jabber ID.
pub(crate) fn bare(jid: &str) -> BareJid {
    BareJid::new(jid).unwrap()
}

/// The assignment of a learner of the tests.
pub(crate) fn enrolment_of(jid: &str) -> EnrolmentId {
    EnrolmentId::from_text(format!("of {jid}"))
}

/// A learner of the tests is enrolled.
pub(crate) fn enrol(jid: &str, locale: Option<String>) -> Enrol {
    Enrol {
        jid: bare(jid),
        enrolment: enrolment_of(jid),
        is_proven: false,
        is_contested: false,
        invites: true,
        person: None,
        is_finished: false,
        locale,
        lesson: None,
        title: None,
        consumer: "course".to_owned(),
        was_met: false,
    }
}

/// The shared secret that a learner types into their page.
pub(crate) fn give(jid: &str, secret: &str) -> EnterSecret {
    let secret = SecretString::from(secret);
    let strength = Strength::estimate(&secret);
    EnterSecret { jid: bare(jid), enrolment: enrolment_of(jid), secret, strength }
}

/// The bot secret that they type.
pub(crate) fn typed(jid: &str, secret: &str) -> EnterBotSecret {
    let typed = SecretString::from(secret);
    EnterBotSecret { jid: bare(jid), enrolment: enrolment_of(jid), typed }
}

/// What their page asks.
pub(crate) fn find(jid: &str) -> Where {
    Where { jid: bare(jid), enrolment: enrolment_of(jid), is_opened: false }
}

/// They have gone to another address.
pub(crate) fn gone(jid: &str) -> Dismiss {
    Dismiss { jid: bare(jid), enrolment: enrolment_of(jid) }
}

/// A registry and what it said.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) registry: Addr<SessionRegistry>,
    recorder: Addr<Recorder>,
    pub(crate) arbiter: Arbiter,
    pub(crate) metrics: Arc<Metrics>,
}

/// What differs from stage to stage.
pub(crate) struct Options {
    pub(crate) refuse_strangers: bool,
    pub(crate) typing: Typing,
    pub(crate) catalogs: Catalogs,
    /// Whether sessions live on the thread of the test, whose time can be paused.
    pub(crate) is_here: bool,
    /// Whether what learners write is logged.
    pub(crate) log_user_messages: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            refuse_strangers: false,
            typing: Typing { scheduled: false, chars_per_second: 20 },
            catalogs: i18n::load(None).0,
            is_here: false,
            log_user_messages: false,
        }
    }
}

/// Silence after which learners are warned, and their session ends.
pub(crate) const WARNING: Duration = Duration::from_mins(10);
pub(crate) const TIMEOUT: Duration = Duration::from_mins(20);
pub(crate) const CHECK_INTERVAL: Duration = Duration::from_mins(1);

/// So many seconds less.
pub(crate) fn before(time: Duration, n_secs: u64) -> Duration {
    time.checked_sub(Duration::from_secs(n_secs)).unwrap()
}

/// What sessions are made of on stages.
pub(crate) fn factory(typing: Typing, catalogs: Catalogs) -> SessionFactory {
    let lessons = Library::load(None, &[]).0;
    let default_lesson = lessons.find("basics").unwrap();
    SessionFactory {
        ears: AllEars::of(&lessons, &catalogs),
        lessons,
        default_lesson,
        catalogs,
        default_locale: "en_GB".into(),
        variables: Arc::new(BTreeMap::from([
            ("bot_alias".into(), "Marvin".into()),
            ("bot_title".into(), "OTR Bot".into()),
            ("bot_description".into(), "A bot.".into()),
            ("project_name".into(), "Totem".into()),
        ])),
        policy: Policy::default(),
        may_start_smp: false,
        default_secret: None,
        seal: Seal::from_secret(b"of a stage"),
        typing,
        warning_timeout: WARNING,
        session_timeout: TIMEOUT,
        fixed_key: None,
        contacts: Contacts::default(),
        has_pages: true,
    }
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(Options::default())
    }

    /// A stage whose time is that of the test, and paused: whoever sleeps lets it run.
    pub(crate) fn paused() -> Self {
        tokio::time::pause();
        Self::with(Options { is_here: true, ..Options::default() })
    }

    pub(crate) fn with(options: Options) -> Self {
        let recorder = Recorder::default().start();
        let arbiter = Arbiter::new();
        let sessions = if options.is_here { Arbiter::current() } else { arbiter.handle() };
        let metrics = Arc::new(Metrics::new());
        let registry = SessionRegistry::new(Parts {
            own: bare(BOT),
            factory: factory(options.typing, options.catalogs),
            arbiters: vec![sessions],
            workshop: Workshop::new(2),
            out: recorder.clone().recipient(),
            store: recorder.clone().recipient(),
            sessions: recorder.clone().recipient(),
            proofs: recorder.clone().recipient(),
            openings: recorder.clone().recipient(),
            metrics: Arc::clone(&metrics),
            log_user_messages: options.log_user_messages,
            refuse_strangers: options.refuse_strangers,
            check_interval: CHECK_INTERVAL,
        });
        Self { registry: registry.start(), recorder, arbiter, metrics }
    }

    /// What was delivered since this was last asked, once nobody has anything to do any more. The
    /// time must be paused.
    pub(crate) async fn news(&self) -> Vec<(Jid, Outgoing)> {
        // Paused time goes on only when all is quiet.
        tokio::time::sleep(Duration::from_millis(1)).await;
        self.recorder.send(TakeRecorded).await.unwrap()
    }

    /// As if a session had said this.
    pub(crate) async fn session_says(&self, jid: &str, id: u64, news: News) {
        self.registry.send(SessionNews { id, jid: bare(jid), news }).await.unwrap();
    }

    pub(crate) async fn enrol(&self, jid: &str) -> Result<(), EnrolRefused> {
        self.registry.send(enrol(jid, None)).await.unwrap()
    }

    pub(crate) async fn enrol_in(&self, jid: &str, locale: &str) -> Result<(), EnrolRefused> {
        let locale = Some(locale.to_owned());
        self.registry.send(enrol(jid, locale)).await.unwrap()
    }

    pub(crate) async fn receives(&self, from: &str, what: Incoming) {
        self.registry.send(Received { from: Jid::new(from).unwrap(), what }).await.unwrap();
    }

    /// What was delivered up to now.
    pub(crate) async fn delivered(&self) -> Vec<(Jid, Outgoing)> {
        self.recorder.send(Recorded).await.unwrap().0
    }

    /// What was delivered, once it is as expected.
    pub(crate) async fn delivered_until(
        &self,
        is_expected: impl Fn(&[(Jid, Outgoing)]) -> bool,
    ) -> Vec<(Jid, Outgoing)> {
        #[expect(clippy::disallowed_methods, reason = "sessions live on threads of their own")]
        let start = Instant::now();
        loop {
            let delivered = self.delivered().await;
            if is_expected(&delivered) {
                return delivered;
            }
            assert!(start.elapsed() < Duration::from_secs(20), "waited in vain: {delivered:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The progress that was saved.
    pub(crate) async fn saved(&self) -> Vec<(BareJid, Progress)> {
        self.recorder.send(Recorded).await.unwrap().1
    }
}

impl Stage {
    /// What was kept of sessions, in order; `None`: it is over.
    pub(crate) async fn kept(&self) -> Keepings {
        self.recorder.send(Kept).await.unwrap()
    }

    /// With which assignments it was kept that a chat goes on, in order.
    pub(crate) async fn opened(&self) -> Vec<EnrolmentId> {
        self.recorder.send(OpenedLast).await.unwrap()
    }

    /// Of which assignments it was kept that the learner has shown whose the address is.
    pub(crate) async fn proven(&self) -> Vec<EnrolmentId> {
        self.recorder.send(Proven).await.unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.arbiter.stop();
    }
}

/// Records what the registry and its sessions send.
#[derive(Debug, Default)]
struct Recorder {
    delivered: Vec<(Jid, Outgoing)>,
    saved: Vec<(BareJid, Progress)>,
    kept: Keepings,
    proven: Vec<EnrolmentId>,
    opened: Vec<EnrolmentId>,
}

type Keepings = Vec<(BareJid, Option<Arc<Snapshot>>)>;

#[derive(Message)]
#[rtype(result = "Keepings")]
struct Kept;

#[derive(Message)]
#[rtype(result = "Vec<EnrolmentId>")]
struct Proven;

type Records = (Vec<(Jid, Outgoing)>, Vec<(BareJid, Progress)>);

#[derive(Message)]
#[rtype(result = "Records")]
struct Recorded;

#[derive(Message)]
#[rtype(result = "Vec<(Jid, Outgoing)>")]
struct TakeRecorded;

impl Actor for Recorder {
    type Context = Context<Self>;
}

impl Handler<Deliver> for Recorder {
    type Result = ();

    fn handle(&mut self, Deliver { to, what }: Deliver, _: &mut Self::Context) {
        self.delivered.push((to, what));
    }
}

impl Handler<SaveProgress> for Recorder {
    type Result = ();

    fn handle(&mut self, message: SaveProgress, _: &mut Self::Context) {
        self.saved.push((message.jid, message.progress));
    }
}

impl Handler<SaveProof> for Recorder {
    type Result = ();

    fn handle(&mut self, message: SaveProof, _: &mut Self::Context) {
        self.proven.push(message.enrolment);
    }
}

impl Handler<SaveOpened> for Recorder {
    type Result = ();

    fn handle(&mut self, message: SaveOpened, _: &mut Self::Context) {
        self.opened.push(message.enrolment);
    }
}

impl Handler<SaveSession> for Recorder {
    type Result = ();

    fn handle(&mut self, message: SaveSession, _: &mut Self::Context) {
        self.kept.push((message.jid, message.snapshot));
    }
}

impl Handler<Proven> for Recorder {
    type Result = MessageResult<Proven>;

    fn handle(&mut self, _: Proven, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.proven.clone())
    }
}

#[derive(Message)]
#[rtype(result = "Vec<EnrolmentId>")]
struct OpenedLast;

impl Handler<OpenedLast> for Recorder {
    type Result = MessageResult<OpenedLast>;

    fn handle(&mut self, _: OpenedLast, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.opened.clone())
    }
}

impl Handler<Kept> for Recorder {
    type Result = MessageResult<Kept>;

    fn handle(&mut self, _: Kept, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.kept.clone())
    }
}

impl Handler<Recorded> for Recorder {
    type Result = MessageResult<Recorded>;

    fn handle(&mut self, _: Recorded, _: &mut Self::Context) -> Self::Result {
        MessageResult((self.delivered.clone(), self.saved.clone()))
    }
}

impl Handler<TakeRecorded> for Recorder {
    type Result = MessageResult<TakeRecorded>;

    fn handle(&mut self, _: TakeRecorded, _: &mut Self::Context) -> Self::Result {
        MessageResult(std::mem::take(&mut self.delivered))
    }
}
