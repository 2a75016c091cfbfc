//! What the gateway does for one learner at a time: no state but the store's.

use std::time::Duration;

use actix::{MailboxError, Recipient};
use gettext::Reader;
use jid::BareJid;
use log::{info, warn};
use lti::{
    Claim, Consumers, Fault, Launch, LaunchError, Other, Presentation, RawLaunch, Rules, form,
    grade::Score,
    token::{PageToken, Token, TokenError},
    verify::{self, MOST_AHEAD, Signed},
};
use secrecy::SecretString;

use super::{
    BotSecretAnswer, FramedBy, GatewayConfig, JidAnswer, OpenPage, PageError, Platform, Registry,
    SecretAnswer, SubmitSecret, View, Whose,
    bounds::{Buckets, Frames, Line},
    origins,
    persons::Persons,
};

use crate::{
    actors::{
        ambient::{unix_micros, unix_now},
        grades::Wake,
        registry::{EnterBotSecret, EnterSecret, NotEnrolled, SetLanguage, Where},
    },
    metrics::Meter,
    records::{
        Accepts, Enrolment, EnrolmentId, Graded, NewEnrolment, NewGrade, Progress, bare_jid,
    },
    session::{BotSecretVerdict, SecretVerdict, Strength, Whereabouts},
    store::{Nonce, Store, Taken},
};

/// A nonce is kept this much longer than its launch is good, in seconds: times of launches, by which
/// it may be forgotten, run ahead of the clock by as much as is allowed.
const NONCE_MARGIN: i64 = 2 * MOST_AHEAD;

/// How long the registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A launch of more bytes than this, or one whose signature may be written in many ways, is verified on
/// a thread of its own. Canvas sends 3 to 6 kB.
const LARGE: usize = 16 * 1024;

/// The longest address to go back to that is kept, in bytes.
const LONGEST_ADDRESS: usize = 2_048;

/// The longest name of a lesson, in bytes.
const LONGEST_LESSON: usize = 100;

#[derive(Debug)]
pub(super) struct Desk {
    pub(super) config: GatewayConfig,
    pub(super) rules: Rules,
    pub(super) store: Store,
    pub(super) registry: Registry,
    pub(super) outbox: Recipient<Wake>,
    /// What is sent to those two is counted.
    pub(super) registry_meter: Meter,
    pub(super) outbox_meter: Meter,
    pub(super) persons: Persons,
    pub(super) submissions: Buckets,
    pub(super) looks: Buckets,
    pub(super) secrets: Buckets,
    /// Who waits for an estimate of how strong a secret is.
    pub(super) estimates: Line,
    pub(super) frames: Frames,
    /// Who looks through a course, and who verifies large launches.
    pub(super) looking_through: Line,
    pub(super) verifying: Line,
}

/// Somebody with a page: who, and when they were launched, in seconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) enrolment: Enrolment,
    pub(super) launched: i64,
}

impl Visit {
    fn launched(enrolment: Enrolment) -> Self {
        Self { enrolment, launched: unix_now() }
    }
}

impl Desk {
    pub(super) async fn take_launch(
        &self,
        request: &RawLaunch,
        reader: &Reader,
    ) -> Result<View, PageError> {
        let view = if self.config.authenticate {
            self.take_signed(request, reader).await?
        } else {
            let pairs = form::parse(&request.body).map_err(LaunchError::from)?;
            if let Some(other) = Other::of_request(&pairs, &[]) {
                return Err(LaunchError::from(other).into());
            }
            let mut launch = Launch::unsigned(&pairs);
            launch.locale = reader.locale(launch.locale.as_deref());
            self.enrol_launched(&launch).await?
        };
        info!("enrolment.id":% = view.enrolment.id; "launch: enrolment {}", view.enrolment.id);
        Ok(view)
    }

    pub(super) async fn open_page(&self, message: &OpenPage) -> Result<View, PageError> {
        let OpenPage { token, reader, goes_on } = message;
        if token.is_empty() && !self.config.authenticate {
            let launch = Launch { locale: reader.locale(None), ..Launch::unsigned(&[]) };
            return self.enrol_launched(&launch).await;
        }
        let visit = self.visit(token).await?;
        if *goes_on && let Some(jid) = jid_of(&visit.enrolment) {
            self.submissions.take(visit.enrolment.id.as_str())?;
            self.whereabouts(&visit.enrolment, jid, true).await?;
        }
        self.view(visit).await
    }

    pub(super) async fn submit_jid(
        &self,
        token: &PageToken,
        typed: &str,
    ) -> Result<JidAnswer, PageError> {
        let visit = self.visit(token).await?;
        self.submissions.take(visit.enrolment.id.as_str())?;
        let problem = match self.address(typed) {
            Ok(jid) => self.claim(&visit.enrolment, &jid).await?,
            Err(problem) => Some(problem),
        };
        Ok(JidAnswer { view: self.view_anew(visit).await?, problem })
    }

    pub(super) async fn submit_secret(
        &self,
        message: SubmitSecret,
    ) -> Result<SecretAnswer, PageError> {
        let SubmitSecret { token, secret, caller } = message;
        let visit = self.visit(&token).await?;
        self.submissions.take(visit.enrolment.id.as_str())?;
        let verdict = match jid_of(&visit.enrolment) {
            Some(jid) => {
                let platform = &visit.enrolment.consumer_key;
                self.secrets.take(platform)?;
                let estimated = secret.clone();
                let estimate = move || Strength::estimate(&estimated);
                let strength = self.estimates.wait(platform, Some(&caller), estimate).await?;
                Some(self.enter_secret(&visit.enrolment, jid, secret, strength).await?)
            }
            None => None,
        };
        Ok(SecretAnswer { view: self.view(visit).await?, verdict })
    }

    async fn enter_secret(
        &self,
        enrolment: &Enrolment,
        jid: BareJid,
        secret: SecretString,
        strength: Strength,
    ) -> Result<SecretVerdict, PageError> {
        let ask = || EnterSecret {
            jid: jid.clone(),
            enrolment: enrolment.id.clone(),
            secret: secret.clone(),
            strength: strength.clone(),
        };
        let mut verdict = self.ask(&self.registry.enter_secret, ask()).await?;
        if let Err(NotEnrolled) = verdict {
            self.invite_again(enrolment, &jid).await?;
            verdict = self.ask(&self.registry.enter_secret, ask()).await?;
        }
        verdict.map_err(|NotEnrolled| PageError::Unavailable)
    }

    pub(super) async fn submit_bot_secret(
        &self,
        token: &PageToken,
        typed: SecretString,
    ) -> Result<BotSecretAnswer, PageError> {
        let visit = self.visit(token).await?;
        self.submissions.take(visit.enrolment.id.as_str())?;
        let verdict = match jid_of(&visit.enrolment) {
            Some(jid) => {
                let asked = EnterBotSecret { jid, enrolment: visit.enrolment.id.clone(), typed };
                let verdict = self.ask(&self.registry.enter_bot_secret, asked).await?;
                // Whom the registry does not know was given nothing.
                Some(verdict.unwrap_or(BotSecretVerdict::NotGivenYet))
            }
            None => None,
        };
        if verdict == Some(BotSecretVerdict::Right) {
            self.pass(&visit.enrolment).await?;
        }
        Ok(BotSecretAnswer { view: self.view_anew(visit).await?, verdict })
    }

    /// Verifies a launch, uses its nonce up, and writes down who was launched. The nonce is used
    /// up also by a launch that is signed and says nothing that can be used.
    async fn take_signed(&self, request: &RawLaunch, reader: &Reader) -> Result<View, PageError> {
        let signed = self.verify(request).await?;
        let timestamp = signed.timestamp();
        let forget_after = timestamp.saturating_add(self.rules.window).saturating_add(NONCE_MARGIN);
        let nonce = Nonce::new(signed.consumer_key(), signed.nonce(), forget_after);
        let launch = signed
            .read()
            .map(|launch| Launch { locale: reader.locale(launch.locale.as_deref()), ..launch });
        let new = launch.as_ref().ok().map(new_enrolment);
        match self.store.take_launch(Some(nonce), new).await? {
            Taken::OverQuota => Err(PageError::OverQuota),
            Taken::Replayed => Err(LaunchError::Replayed.into()),
            Taken::Noted => Err(PageError::Signed(launch.err().unwrap_or(LaunchError::Incomplete))),
            Taken::Enrolled { enrolment, grade } => {
                self.welcome(Visit::launched(*enrolment), grade).await
            }
        }
    }

    /// Verifies a launch; a large one, which anybody may have sent, without keeping others waiting.
    async fn verify(&self, request: &RawLaunch) -> Result<Signed, PageError> {
        let is_large = request.body.len().max(request.query.len()) > LARGE;
        if !is_large && !verify::is_costly(request, &self.config.consumers, &self.rules) {
            return verified(request, &self.config.consumers, &self.rules);
        }
        let (request, consumers) = (request.clone(), self.config.consumers.clone());
        let rules = self.rules.clone();
        // Nobody knows yet from which platform it is.
        self.verifying.wait("", None, move || verified(&request, &consumers, &rules)).await?
    }

    /// Writes down who was launched where nobody signs launches.
    async fn enrol_launched(&self, launch: &Launch) -> Result<View, PageError> {
        let enrolment = self.store.put_enrolment(new_enrolment(launch)).await?;
        let grade = self.store.grade(&enrolment.id).await?;
        self.welcome(Visit::launched(enrolment), grade).await
    }

    /// The page for who was just launched. A learner who was not heard of yet is invited again, as
    /// they may have lost the invitation; and one who was forgotten after the lesson, to practise.
    async fn welcome(&self, visit: Visit, grade: Option<Graded>) -> Result<View, PageError> {
        let enrolment = &visit.enrolment;
        if let Some(jid) = jid_of(enrolment) {
            let known = self.whereabouts(enrolment, jid.clone(), true).await?;
            if known.is_none_or(|known| known.progress < Progress::Talking) {
                self.invite_again(enrolment, &jid).await?;
            }
        }
        self.view_with(visit, grade).await
    }

    /// Whose page it is that a token stands for. Where nobody signs launches, nobody need bring one.
    pub(super) async fn visit(&self, token: &PageToken) -> Result<Visit, PageError> {
        if token.is_empty() {
            if self.config.authenticate {
                return Err(PageError::NoToken);
            }
            return Ok(Visit::launched(
                self.enrol_launched(&Launch::unsigned(&[])).await?.enrolment,
            ));
        }
        let Token { enrolment, launched, .. } =
            Token::open(token, &self.config.token_key, unix_now())?;
        let id = EnrolmentId::from_outside(&enrolment).ok_or(PageError::Gone)?;
        Ok(Visit { enrolment: self.reread(&id).await?, launched })
    }

    /// An enrolment as it stands now. Somebody is a teacher only by their newest launch in the course.
    pub(super) async fn reread(&self, id: &EnrolmentId) -> Result<Enrolment, PageError> {
        let mut enrolment = self.store.enrolment(id).await?.ok_or(PageError::Gone)?;
        if enrolment.is_teacher {
            enrolment.is_teacher = self.store.is_teacher_now(&enrolment).await?;
        }
        Ok(enrolment)
    }

    /// Asks how far a learner is, who has perhaps just opened the assignment.
    pub(super) async fn whereabouts(
        &self,
        enrolment: &Enrolment,
        jid: BareJid,
        is_opened: bool,
    ) -> Result<Option<Whereabouts>, PageError> {
        let asked = Where { jid, enrolment: enrolment.id.clone(), is_opened };
        self.ask(&self.registry.whereabouts, asked).await
    }

    /// Asks the registry.
    pub(super) async fn ask<M>(
        &self,
        recipient: &Recipient<M>,
        message: M,
    ) -> Result<M::Result, PageError>
    where
        M: actix::Message + Send + 'static,
        M::Result: Send,
    {
        self.registry_meter.sent();
        recipient.send(message).timeout(PATIENCE).await.map_err(|error| {
            let why = match error {
                MailboxError::Closed => {
                    self.registry_meter.unsent();
                    "is gone"
                }
                MailboxError::Timeout => "does not answer in time",
            };
            warn!("the registry {why}");
            PageError::Unavailable
        })
    }

    /// Tells the outbox that there may be something to send.
    pub(super) fn wake_outbox(&self) {
        self.outbox_meter.sent();
        self.outbox.do_send(Wake);
    }

    /// What a page shows to this learner now.
    pub(super) async fn view(&self, visit: Visit) -> Result<View, PageError> {
        let grade = self.store.grade(&visit.enrolment.id).await?;
        self.view_with(visit, grade).await
    }

    /// The same, after what may have changed the enrolment.
    async fn view_anew(&self, visit: Visit) -> Result<View, PageError> {
        let enrolment = self.reread(&visit.enrolment.id).await?;
        self.view(Visit { enrolment, ..visit }).await
    }

    /// The same, where it is known where the grade stands.
    async fn view_with(&self, visit: Visit, mut grade: Option<Graded>) -> Result<View, PageError> {
        let Visit { enrolment, launched } = visit;
        let whereabouts = match jid_of(&enrolment) {
            Some(jid) => self.whereabouts(&enrolment, jid, false).await?,
            None => None,
        };
        let known_jid = match &enrolment.jid {
            Some(_) => None,
            None => self.store.known_jid(&enrolment).await?,
        };
        // The process may have ended between the lesson and the grade.
        let is_full = grade.as_ref().is_some_and(Graded::is_full);
        if !is_full && enrolment.progress == Progress::Done && enrolment.may_grade {
            self.store.put_missing_grade(&enrolment.id, unix_now()).await?;
            self.wake_outbox();
            grade = self.store.grade(&enrolment.id).await?;
        }
        let id = enrolment.id.as_str().to_owned();
        let token = Token { enrolment: id, issued: unix_now(), launched };
        let token = token.seal(&self.config.token_key);
        let platform = self.platform(&enrolment);
        let framed_by = platform.framed_by.clone();
        self.frames.note(&enrolment.id, platform);
        Ok(View { enrolment, known_jid, whereabouts, grade, framed_by, token })
    }

    /// Who may show the pages of an enrolment in a frame.
    pub(super) fn framed_by(&self, enrolment: &Enrolment) -> FramedBy {
        let set = self.config.consumers.frame_ancestors(&enrolment.consumer_key);
        if set.is_empty() {
            FramedBy::Origins(origins(enrolment).collect())
        } else {
            FramedBy::Settings(set.to_vec())
        }
    }

    fn platform(&self, enrolment: &Enrolment) -> Platform {
        let consumer_key = Some(enrolment.consumer_key.clone());
        Platform { framed_by: self.framed_by(enrolment), consumer_key }
    }

    /// What is known of the platform for a page that is none of the exercise: that of the enrolment
    /// whose page was asked for, or whose launch was signed and not taken.
    pub(super) async fn platform_of(&self, whose: &Whose) -> Platform {
        match whose {
            Whose::Page(token) => {
                let enrolment = match Token::open(token, &self.config.token_key, unix_now()) {
                    Ok(Token { enrolment, .. }) | Err(TokenError::Expired { enrolment }) => {
                        enrolment
                    }
                    Err(TokenError::Forged) => return Platform::default(),
                };
                let Some(id) = EnrolmentId::from_outside(&enrolment) else {
                    return Platform::default();
                };
                if let Some(known) = self.frames.find(&id) {
                    return known;
                }
                let enrolment = self.store.enrolment(&id).await.ok().flatten();
                enrolment.map(|enrolment| self.platform(&enrolment)).unwrap_or_default()
            }
            Whose::Launch { consumer_key, origins } => {
                let set = self.config.consumers.frame_ancestors(consumer_key);
                let framed_by = if set.is_empty() {
                    FramedBy::Origins(origins.clone())
                } else {
                    FramedBy::Settings(set.to_vec())
                };
                Platform { framed_by, consumer_key: Some(consumer_key.clone()) }
            }
        }
    }

    /// A learner chose a language on a page: their pages are in it, and so is the bot.
    pub(super) async fn choose_language(
        &self,
        token: &PageToken,
        locale: &str,
    ) -> Result<(), PageError> {
        let enrolment = self.visit(token).await?.enrolment;
        self.submissions.take(enrolment.id.as_str())?;
        if enrolment.locale.as_deref() != Some(locale) {
            self.store.set_locale(&enrolment.id, locale).await?;
        }
        if let Some(jid) = jid_of(&enrolment) {
            let chosen =
                SetLanguage { jid, enrolment: enrolment.id.clone(), locale: locale.to_owned() };
            self.ask(&self.registry.set_language, chosen).await?;
        }
        Ok(())
    }

    /// The lesson is passed: the grade goes into the store first, and from there to the platform.
    async fn pass(&self, enrolment: &Enrolment) -> Result<(), PageError> {
        let id = &enrolment.id;
        if !enrolment.may_grade {
            info!("enrolment.id":% = id; "enrolment {id}: passed, and is not graded");
            return Ok(());
        }
        let score = Score::FULL.value();
        let grade = NewGrade { enrolment: id.clone(), score, achieved_at: unix_now() };
        let grade = self.store.put_grade(&grade).await?;
        info!("enrolment.id":% = id, "grade.id":% = grade; "enrolment {id}: passed, grade {grade}");
        self.wake_outbox();
        Ok(())
    }
}

/// Verifies a launch now; one that no platform of ours has signed is told with what it says of itself.
fn verified(
    request: &RawLaunch,
    consumers: &Consumers,
    rules: &Rules,
) -> Result<Signed, PageError> {
    verify::verify(request, consumers, rules, unix_now()).map_err(|error| {
        let claim = (error.fault() == Fault::NotTrusted).then(|| Claim::of(request, rules));
        match claim.flatten() {
            Some(claim) => PageError::NotTrusted(error, Box::new(claim)),
            None => error.into(),
        }
    })
}

/// What is written down of a launch.
fn new_enrolment(launch: &Launch) -> NewEnrolment {
    let may_grade = launch.may_grade();
    let grade = launch.outcome.as_ref().filter(|_| may_grade);
    NewEnrolment {
        consumer_key: launch.consumer_key.clone(),
        user_id: launch.user_id.clone(),
        context_id: launch.context_id.clone(),
        resource_link_id: launch.resource_link_id.clone(),
        locale: launch.locale.clone(),
        lesson: launch.custom.get("lesson").and_then(|name| asked_lesson(name)),
        may_grade,
        is_teacher: launch.roles.is_staff() && !may_grade,
        is_learner: launch.roles.is_learner(),
        outcome_url: grade.map(|outcome| outcome.url.clone()),
        sourcedid: grade.map(|outcome| outcome.sourcedid.clone()),
        return_url: launch
            .return_url
            .as_ref()
            .map(ToString::to_string)
            .filter(|address| is_kept(address)),
        name: launch.name.clone(),
        context_title: launch.context_title.clone(),
        link_title: launch.resource_link_title.clone(),
        presentation: Presentation::of_launch(&launch.custom).at(&launch.origins).to_text(),
        accepts: Accepts {
            submitted_at: launch.accepts.submitted_at,
            prioritize_non_tool_grade: launch.accepts.prioritize_non_tool_grade,
        },
        now: unix_now(),
        launched_at: unix_micros(),
    }
}

/// Whether an address of the platform is short enough to be kept.
fn is_kept(address: &str) -> bool {
    address.len() <= LONGEST_ADDRESS
}

/// The name of the lesson that a launch asks for, as it is kept and shown to teachers; `None`: it asks
/// for none. One that no lesson can have stays one that none has: what is cut off, or can be stored or
/// shown nowhere, leaves a sign.
fn asked_lesson(sent: &str) -> Option<String> {
    let name = sent.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    let is_long = name.len() > LONGEST_LESSON;
    let name = name.get(..name.floor_char_boundary(LONGEST_LESSON))?;
    let name = name.replace(char::is_control, "\u{fffd}");
    let rest = if is_long { "…" } else { "" };
    (!name.is_empty()).then(|| format!("{name}{rest}"))
}

pub(super) fn jid_of(enrolment: &Enrolment) -> Option<BareJid> {
    enrolment.jid.as_deref().and_then(bare_jid)
}
