//! `LtiGateway`, the actor behind the web pages: takes launches, knows whose page is whose, and asks
//! the registry.
//!
//! ```text
//! http --TakeLaunch, OpenPage, Submit…--> LtiGateway --Enrol, EnterSecret, …--> SessionRegistry
//!                                             | store: nonces, enrolments, grades
//!                                             +--Wake--> GradeOutbox
//! ```
//!
//! What happens for one learner is independent of what happens for another, so the handlers return
//! futures and run side by side; whatever must be atomic is so in the store. Every message may come
//! twice (a reload, two tabs) and does no harm then.

mod bounds;
mod claims;
pub mod course;
mod desk;
mod persons;

use std::{fmt, ops::Deref, sync::Arc};

use actix::{
    Actor, ActorFutureExt as _, Context, Handler, Message, Recipient, ResponseActFuture,
    ResponseFuture, WrapFuture as _,
};
use gettext::Reader;
use jid::BareJid;
use lti::{
    Claim, Consumers, Fault, LaunchError, Presentation, RawLaunch, Rules,
    token::{PageToken, TokenError, TokenKey},
};
use secrecy::SecretString;
use url::Url;

pub use self::bounds::{Caller, Waiting};
use self::{desk::Desk, persons::Persons};
use super::{
    grades::Wake,
    registry::{Dismiss, Enrol, EnterBotSecret, EnterSecret, SetLanguage, Where},
};

use crate::{
    metrics::{Life, Metrics, Turn},
    records::{Enrolment, Graded, NoAddress},
    session::{BotSecretVerdict, SecretVerdict, Whereabouts},
    settings::Invitations,
    store::{Store, StoreError},
};

/// What the gateway is told by the settings.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The address of the tool as platforms know it.
    pub public_url: Url,
    /// Whether launches must be signed. `false` is for trying the tool on one's own machine.
    pub authenticate: bool,
    /// How old a launch may be, in seconds.
    pub nonce_window: i64,
    /// The platforms.
    pub consumers: Consumers,
    /// The key that signs page tokens.
    pub token_key: TokenKey,
    /// The bot's own address.
    pub bot_jid: BareJid,
    /// How many invitations may be sent a day.
    pub invitations: Invitations,
}

/// The parts of the registry that the gateway talks to.
#[derive(Clone)]
pub struct Registry {
    /// Puts a learner on the whitelist.
    pub enrol: Recipient<Enrol>,
    /// Forgets a learner.
    pub dismiss: Recipient<Dismiss>,
    /// Takes the shared secret.
    pub enter_secret: Recipient<EnterSecret>,
    /// Checks the bot secret.
    pub enter_bot_secret: Recipient<EnterBotSecret>,
    /// Tells how far a learner is.
    pub whereabouts: Recipient<Where>,
    /// Has a learner's session go on in another language.
    pub set_language: Recipient<SetLanguage>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

/// What the gateway is made of.
#[derive(Debug)]
pub struct Parts {
    /// What the settings say.
    pub config: GatewayConfig,
    /// Where enrolments, nonces and grades are kept.
    pub store: Store,
    /// Who knows the learners.
    pub registry: Registry,
    /// Who sends the grades.
    pub outbox: Recipient<Wake>,
    /// Where launches are counted.
    pub metrics: Arc<Metrics>,
}

/// The actor.
#[derive(Debug)]
pub struct LtiGateway {
    desk: Arc<Desk>,
    metrics: Arc<Metrics>,
    _life: Life,
}

/// A launch came in.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<View, PageError>")]
pub struct TakeLaunch {
    /// The launch as it was sent.
    pub request: RawLaunch,
    /// Whoever sent it, as far as their language is concerned.
    pub reader: Reader,
}

/// Asks what to show on a page.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<View, PageError>")]
pub struct OpenPage {
    /// The page token; empty when there was none.
    pub token: PageToken,
    /// Whoever asks, as far as their language is concerned.
    pub reader: Reader,
    /// Whether the chat is to go on with this assignment, if it is about another one of theirs.
    pub goes_on: bool,
}

/// The learner typed their Jabber ID.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<JidAnswer, PageError>")]
pub struct SubmitJid {
    /// The page token.
    pub token: PageToken,
    /// What was typed.
    pub jid: String,
}

/// The learner typed a shared secret.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<SecretAnswer, PageError>")]
pub struct SubmitSecret {
    /// The page token.
    pub token: PageToken,
    /// What was typed.
    pub secret: SecretString,
    /// Who waits for the answer.
    pub caller: Caller,
}

/// The learner typed the bot secret.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<BotSecretAnswer, PageError>")]
pub struct SubmitBotSecret {
    /// The page token.
    pub token: PageToken,
    /// What was typed.
    pub typed: SecretString,
}

/// Asks what is known of the platform of whose request went wrong, for the page that says so.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Platform")]
pub struct PlatformOf(pub Whose);

/// The learner chose a language on a page.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), PageError>")]
pub struct ChooseLanguage {
    /// The page token.
    pub token: PageToken,
    /// The locale of the texts that were chosen.
    pub locale: String,
}

/// Asks for a sign of life.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Answer;

/// Whose request went wrong.
#[derive(Clone, Debug)]
pub enum Whose {
    /// Of who has a page with this token.
    Page(PageToken),
    /// Of a platform whose launch was signed.
    Launch {
        /// The platform.
        consumer_key: String,
        /// The origins of the addresses that the launch names.
        origins: Vec<String>,
    },
}

/// Who may show a page in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramedBy {
    /// The platform, which has these origins.
    Origins(Vec<String>),
    /// These sources, as the settings say for the platform.
    Settings(Vec<String>),
}

impl Default for FramedBy {
    fn default() -> Self {
        Self::Origins(Vec::new())
    }
}

/// What is known of a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Platform {
    /// Who may show its pages in a frame.
    pub framed_by: FramedBy,
    /// The consumer; `None`: nobody knows.
    pub consumer_key: Option<String>,
}

/// What a page shows.
#[derive(Clone, Debug)]
pub struct View {
    /// The learner, in this assignment.
    pub enrolment: Enrolment,
    /// The Jabber ID that the person gave in another assignment, where they gave none in this one.
    pub known_jid: Option<String>,
    /// How far the learner is; `None` without a Jabber ID that the bot knows.
    pub whereabouts: Option<Whereabouts>,
    /// What became of the grade; `None`: there is none yet.
    pub grade: Option<Graded>,
    /// Who may show the page in a frame.
    pub framed_by: FramedBy,
    /// The token for the forms of the page.
    pub token: PageToken,
}

/// What became of a Jabber ID.
#[derive(Clone, Debug)]
pub struct JidAnswer {
    /// What the page shows.
    pub view: View,
    /// Why the Jabber ID was not taken.
    pub problem: Option<JidProblem>,
}

/// What became of a shared secret.
#[derive(Clone, Debug)]
pub struct SecretAnswer {
    /// What the page shows.
    pub view: View,
    /// The bot's verdict; `None` as long as there is no Jabber ID to keep the secret for.
    pub verdict: Option<SecretVerdict>,
}

/// What became of a bot secret.
#[derive(Clone, Debug)]
pub struct BotSecretAnswer {
    /// What the page shows.
    pub view: View,
    /// The bot's verdict; `None` as long as there is no Jabber ID.
    pub verdict: Option<BotSecretVerdict>,
}

/// Why a Jabber ID is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JidProblem {
    /// Nothing was typed.
    Empty,
    /// There is no `@`.
    NoAt,
    /// It cannot be a Jabber ID: characters that none has, an empty part, too long.
    Malformed,
    /// There is more than one.
    Several,
    /// There are words beside it that may belong to it.
    Words,
    /// It is the bot's own.
    OwnAddress,
    /// The bot has as many learners as it may, or has sent as many invitations.
    Full,
    /// This person has had too many invitations today.
    TooMany,
}

impl From<NoAddress> for JidProblem {
    fn from(why: NoAddress) -> Self {
        match why {
            NoAddress::Empty => Self::Empty,
            NoAddress::NoAt => Self::NoAt,
            NoAddress::Several => Self::Several,
            NoAddress::Words => Self::Words,
            NoAddress::Malformed => Self::Malformed,
        }
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// The launch was refused.
    #[error("launch refused: {0}")]
    Launch(#[from] LaunchError),
    /// The launch was not signed as a platform of ours would have, and says this of itself.
    #[error("launch refused: {0}")]
    NotTrusted(LaunchError, Box<Claim>),
    /// The launch was signed by a platform, and is none that can be used.
    #[error("launch of a platform refused: {0}")]
    Signed(LaunchError),
    /// A form of one of our pages cannot be read.
    #[error("form of a page refused: {0}")]
    Form(LaunchError),
    /// The page was opened without a launch.
    #[error("a page without a token")]
    NoToken,
    /// The page's token is not good.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The page's token is good, but what it stands for is gone.
    #[error("the enrolment of the page is gone")]
    Gone,
    /// The platform has as many enrolments as it may, and this would be another one.
    #[error("the platform has as many enrolments as lti.limits.enrolments_per_platform allows")]
    OverQuota,
    /// Too much was submitted for the enrolment, or by all.
    #[error("too much was submitted in a short time")]
    TooFast,
    /// Nobody waits for the answer any more.
    #[error("whoever asked has hung up")]
    HungUp,
    /// Only teachers may open the page.
    #[error("a page for teachers")]
    NotTeacher,
    /// The store does not work.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A part of the bot does not answer.
    #[error("the bot does not answer")]
    Unavailable,
}

impl LtiGateway {
    /// Makes the actor; it works once it is started.
    pub fn new(parts: Parts) -> Self {
        let Parts { config, store, registry, outbox, metrics } = parts;
        let rules = Rules { public_url: config.public_url.clone(), window: config.nonce_window };
        let desk = Desk {
            config,
            rules,
            store,
            registry,
            outbox,
            registry_meter: metrics.meters.registry.clone(),
            outbox_meter: metrics.meters.outbox.clone(),
            persons: Persons::default(),
            submissions: bounds::Buckets::of_submissions(),
            looks: bounds::Buckets::of_looks(),
            secrets: bounds::Buckets::of_secrets(),
            estimates: bounds::Line::before(1),
            frames: bounds::Frames::default(),
            looking_through: bounds::Line::before(1),
            verifying: bounds::Line::before(2),
        };
        let life = metrics.meters.gateway.life();
        Self { desk: Arc::new(desk), metrics, _life: life }
    }

    /// The desk, while it handles a message.
    fn at_work(&self) -> AtWork {
        AtWork { desk: Arc::clone(&self.desk), _turn: self.metrics.meters.gateway.taken() }
    }
}

impl PageError {
    /// A word for the metrics, of [`LAUNCH_RESULTS`](crate::metrics::LAUNCH_RESULTS).
    fn word(&self) -> &'static str {
        match self {
            Self::Launch(error)
            | Self::NotTrusted(error, _)
            | Self::Signed(error)
            | Self::Form(error) => match error.fault() {
                Fault::TooLarge => "too_large",
                Fault::Incomplete => "incomplete",
                Fault::ContentType => "content_type",
                Fault::Malformed | Fault::Nobody | Fault::OtherVersion | Fault::OtherMessage => {
                    "malformed"
                }
                Fault::NotTrusted => "not_trusted",
                Fault::OutOfDate => "out_of_date",
            },
            Self::NoToken | Self::Token(_) | Self::Gone | Self::NotTeacher => "no_enrolment",
            Self::OverQuota => "over_quota",
            Self::Store(_) | Self::Unavailable | Self::TooFast | Self::HungUp => "unavailable",
        }
    }
}

/// The desk handles a message.
struct AtWork {
    desk: Arc<Desk>,
    _turn: Turn,
}

impl Deref for AtWork {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

/// The origins that may frame the pages of an enrolment where the settings do not say: those of the
/// addresses in its launch, which were signed.
pub fn origins(enrolment: &Enrolment) -> impl Iterator<Item = String> {
    let addresses = [enrolment.return_url.as_deref(), enrolment.outcome_url.as_deref()];
    let named = enrolment.presentation.as_deref().map(Presentation::of_text).unwrap_or_default();
    addresses.into_iter().flatten().filter_map(lti::origins::origin).chain(named.origins)
}

impl Actor for LtiGateway {
    type Context = Context<Self>;
}

impl Handler<TakeLaunch> for LtiGateway {
    type Result = ResponseActFuture<Self, Result<View, PageError>>;

    fn handle(
        &mut self,
        TakeLaunch { request, reader }: TakeLaunch,
        _: &mut Self::Context,
    ) -> Self::Result {
        let desk = self.at_work();
        let taken = async move { desk.take_launch(&request, &reader).await };
        Box::pin(taken.into_actor(self).map(|taken, gateway, _| {
            match &taken {
                Ok(_) => gateway.metrics.launch("accepted"),
                Err(error) => gateway.metrics.launch(error.word()),
            }
            taken
        }))
    }
}

impl Handler<OpenPage> for LtiGateway {
    type Result = ResponseFuture<Result<View, PageError>>;

    fn handle(&mut self, message: OpenPage, _: &mut Self::Context) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.open_page(&message).await })
    }
}

impl Handler<SubmitJid> for LtiGateway {
    type Result = ResponseFuture<Result<JidAnswer, PageError>>;

    fn handle(
        &mut self,
        SubmitJid { token, jid }: SubmitJid,
        _: &mut Self::Context,
    ) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.submit_jid(&token, &jid).await })
    }
}

impl Handler<SubmitSecret> for LtiGateway {
    type Result = ResponseFuture<Result<SecretAnswer, PageError>>;

    fn handle(&mut self, message: SubmitSecret, _: &mut Self::Context) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.submit_secret(message).await })
    }
}

impl Handler<SubmitBotSecret> for LtiGateway {
    type Result = ResponseFuture<Result<BotSecretAnswer, PageError>>;

    fn handle(&mut self, message: SubmitBotSecret, _: &mut Self::Context) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.submit_bot_secret(&message.token, message.typed).await })
    }
}

impl Handler<PlatformOf> for LtiGateway {
    type Result = ResponseFuture<Platform>;

    fn handle(&mut self, PlatformOf(whose): PlatformOf, _: &mut Self::Context) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.platform_of(&whose).await })
    }
}

impl Handler<ChooseLanguage> for LtiGateway {
    type Result = ResponseFuture<Result<(), PageError>>;

    fn handle(&mut self, chosen: ChooseLanguage, _: &mut Self::Context) -> Self::Result {
        let desk = self.at_work();
        Box::pin(async move { desk.choose_language(&chosen.token, &chosen.locale).await })
    }
}

impl Handler<Answer> for LtiGateway {
    type Result = ();

    fn handle(&mut self, Answer: Answer, _: &mut Self::Context) {}
}
