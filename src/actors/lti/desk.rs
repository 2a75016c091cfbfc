//! What the gateway does for one learner at a time: no state but the store's.

use std::time::Duration;

use actix::{MailboxError, Recipient};
use gettext::Reader;
use jid::{BareJid, Jid};
use log::{info, warn};
use lti::{
    Launch, LaunchError, Presentation, RawLaunch, Rules, form,
    grade::Score,
    token::{PageToken, Token},
    verify::{self, MOST_AHEAD, Signed},
};
use secrecy::SecretString;

use super::{
    BotSecretAnswer, GatewayConfig, JidAnswer, JidProblem, PageError, Registry, SecretAnswer, View,
    persons::Persons,
};

use crate::{
    actors::{
        ambient::unix_now,
        grades::Wake,
        registry::{Dismiss, Enrol, EnrolRefused, EnterBotSecret, EnterSecret, NotEnrolled, Where},
    },
    metrics::Meter,
    records::{Accepts, Enrolment, EnrolmentId, Graded, NewEnrolment, NewGrade, Progress},
    session::BotSecretVerdict,
    store::{Invited, Nonce, Store, StoreError, Taken},
};

/// A nonce is kept this much longer than its launch is good, in seconds: times of launches, by which
/// it may be forgotten, run ahead of the clock by as much as is allowed.
const NONCE_MARGIN: i64 = 2 * MOST_AHEAD;

/// How long the registry may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest Jabber ID (RFC 7622): three parts of 1023 bytes, and what divides them.
const LONGEST_JID: usize = 3_071;

/// A launch of more bytes than this is verified on a thread of its own. Canvas sends 3 to 6 kB.
const LARGE: usize = 16 * 1024;

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
            let mut launch = Launch::unsigned(&pairs);
            launch.locale = reader.locale(launch.locale.as_deref());
            self.enrol_launched(&launch).await?
        };
        info!("enrolment.id":% = view.enrolment.id; "launch: enrolment {}", view.enrolment.id);
        Ok(view)
    }

    pub(super) async fn open_page(
        &self,
        token: &PageToken,
        reader: &Reader,
    ) -> Result<View, PageError> {
        if token.is_empty() && !self.config.authenticate {
            let launch = Launch { locale: reader.locale(None), ..Launch::unsigned(&[]) };
            return self.enrol_launched(&launch).await;
        }
        let enrolment = self.enrolment(token).await?;
        self.view(enrolment).await
    }

    pub(super) async fn submit_jid(
        &self,
        token: &PageToken,
        typed: &str,
    ) -> Result<JidAnswer, PageError> {
        let enrolment = self.enrolment(token).await?;
        let problem = match self.address(typed) {
            Ok(jid) => self.bind(&enrolment, &jid).await?,
            Err(problem) => Some(problem),
        };
        let view = self.view(self.reread(&enrolment.id).await?).await?;
        Ok(JidAnswer { view, problem })
    }

    pub(super) async fn submit_secret(
        &self,
        token: &PageToken,
        secret: SecretString,
    ) -> Result<SecretAnswer, PageError> {
        let enrolment = self.enrolment(token).await?;
        let verdict = match jid_of(&enrolment) {
            Some(jid) => {
                let ask = || EnterSecret { jid: jid.clone(), secret: secret.clone() };
                let mut verdict = self.ask(&self.registry.enter_secret, ask()).await?;
                if let Err(NotEnrolled) = verdict {
                    if self.may_invite(&enrolment).await? != Invited::Yes {
                        return Err(PageError::Unavailable);
                    }
                    self.enrol_again(&enrolment, &jid)
                        .await?
                        .map_err(|_refused| PageError::Unavailable)?;
                    verdict = self.ask(&self.registry.enter_secret, ask()).await?;
                }
                Some(verdict.map_err(|NotEnrolled| PageError::Unavailable)?)
            }
            None => None,
        };
        let view = self.view(enrolment).await?;
        Ok(SecretAnswer { view, verdict })
    }

    pub(super) async fn submit_bot_secret(
        &self,
        token: &PageToken,
        typed: SecretString,
    ) -> Result<BotSecretAnswer, PageError> {
        let enrolment = self.enrolment(token).await?;
        let verdict = match jid_of(&enrolment) {
            Some(jid) => {
                let asked = EnterBotSecret { jid, typed };
                let verdict = self.ask(&self.registry.enter_bot_secret, asked).await?;
                // Whom the registry does not know was given nothing.
                Some(verdict.unwrap_or(BotSecretVerdict::NotGivenYet))
            }
            None => None,
        };
        if verdict == Some(BotSecretVerdict::Right) {
            self.pass(&enrolment).await?;
        }
        let view = self.view(self.reread(&enrolment.id).await?).await?;
        Ok(BotSecretAnswer { view, verdict })
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
            Taken::Replayed => Err(LaunchError::Replayed.into()),
            Taken::Noted => Err(launch.err().unwrap_or(LaunchError::Incomplete).into()),
            Taken::Enrolled { enrolment, grade } => self.welcome(*enrolment, grade).await,
        }
    }

    /// Verifies a launch; a large one, which anybody may have sent, without keeping others waiting.
    async fn verify(&self, request: &RawLaunch) -> Result<Signed, PageError> {
        if request.body.len().max(request.query.len()) <= LARGE {
            return Ok(verify::verify(request, &self.config.consumers, &self.rules, unix_now())?);
        }
        let (request, consumers) = (request.clone(), self.config.consumers.clone());
        let rules = self.rules.clone();
        let verified = tokio::task::spawn_blocking(move || {
            verify::verify(&request, &consumers, &rules, unix_now())
        });
        Ok(verified.await.map_err(|_cancelled| PageError::Unavailable)??)
    }

    /// Writes down who was launched where nobody signs launches.
    async fn enrol_launched(&self, launch: &Launch) -> Result<View, PageError> {
        let enrolment = self.store.put_enrolment(new_enrolment(launch)).await?;
        let grade = self.store.grade(&enrolment.id).await?;
        self.welcome(enrolment, grade).await
    }

    /// The page for who was just launched. A learner who was not heard of yet is invited again, as
    /// they may have lost the invitation; and one who was forgotten after the lesson, to practise.
    async fn welcome(
        &self,
        enrolment: Enrolment,
        grade: Option<Graded>,
    ) -> Result<View, PageError> {
        if let Some(jid) = jid_of(&enrolment) {
            let known = self.ask(&self.registry.whereabouts, Where { jid: jid.clone() }).await?;
            if known.is_none_or(|known| known.progress < Progress::Talking)
                && self.may_invite(&enrolment).await? == Invited::Yes
                && let Err(refused) = self.enrol_again(&enrolment, &jid).await?
            {
                let id = &enrolment.id;
                warn!("enrolment.id":% = id; "enrolment {id}: not invited again: {refused}");
            }
        }
        self.view_with(enrolment, grade).await
    }

    /// Counts an invitation that is about to be sent.
    async fn may_invite(&self, enrolment: &Enrolment) -> Result<Invited, PageError> {
        let Enrolment { id, consumer_key, user_id, .. } = enrolment;
        let limits = self.config.invitations;
        let invited =
            self.store.count_invitation(consumer_key, user_id, limits, unix_now()).await?;
        match invited {
            Invited::Yes => {}
            Invited::TooManyForPerson => {
                warn!("enrolment.id":% = id; "enrolment {id}: too many invitations today");
            }
            Invited::TooManyInTotal => warn!(
                "the bot has sent as many invitations today as lti.invitations.in_total allows"
            ),
        }
        Ok(invited)
    }

    /// The enrolment that a token stands for. Where nobody signs launches, nobody need bring one.
    pub(super) async fn enrolment(&self, token: &PageToken) -> Result<Enrolment, PageError> {
        if token.is_empty() {
            if self.config.authenticate {
                return Err(PageError::NoToken);
            }
            return Ok(self.enrol_launched(&Launch::unsigned(&[])).await?.enrolment);
        }
        let token = Token::open(token, &self.config.token_key, unix_now())?;
        self.reread(&EnrolmentId::from_outside(&token.enrolment).ok_or(PageError::Gone)?).await
    }

    async fn reread(&self, id: &EnrolmentId) -> Result<Enrolment, PageError> {
        self.store.enrolment(id).await?.ok_or(PageError::Gone)
    }

    /// Asks the registry.
    async fn ask<M>(&self, recipient: &Recipient<M>, message: M) -> Result<M::Result, PageError>
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
    pub(super) async fn view(&self, enrolment: Enrolment) -> Result<View, PageError> {
        let grade = self.store.grade(&enrolment.id).await?;
        self.view_with(enrolment, grade).await
    }

    /// The same, where it is known where the grade stands.
    async fn view_with(
        &self,
        enrolment: Enrolment,
        mut grade: Option<Graded>,
    ) -> Result<View, PageError> {
        let whereabouts = match jid_of(&enrolment) {
            Some(jid) => self.ask(&self.registry.whereabouts, Where { jid }).await?,
            None => None,
        };
        // The process may have ended between the lesson and the grade.
        let is_full = grade.as_ref().is_some_and(Graded::is_full);
        if !is_full && enrolment.progress == Progress::Done && enrolment.may_grade {
            self.store.put_missing_grade(&enrolment.id, unix_now()).await?;
            self.wake_outbox();
            grade = self.store.grade(&enrolment.id).await?;
        }
        let token = Token { enrolment: enrolment.id.as_str().to_owned(), issued: unix_now() }
            .seal(&self.config.token_key);
        let frame_ancestors =
            self.config.consumers.frame_ancestors(&enrolment.consumer_key).to_vec();
        Ok(View { enrolment, whereabouts, grade, frame_ancestors, token })
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

    /// Reads what somebody typed as their Jabber ID, or copied from their client.
    fn address(&self, typed: &str) -> Result<BareJid, JidProblem> {
        let typed = typed.trim();
        let typed = typed.strip_prefix("xmpp:").unwrap_or(typed);
        if typed.is_empty() {
            return Err(JidProblem::Empty);
        }
        if !typed.contains('@') {
            return Err(JidProblem::NoAt);
        }
        if typed.len() > LONGEST_JID || typed.contains(char::is_control) {
            return Err(JidProblem::Malformed);
        }
        let jid = Jid::new(typed).map_err(|_not_a_jid| JidProblem::Malformed)?.into_bare();
        if jid.node().is_none() || jid.domain().as_str().is_empty() {
            return Err(JidProblem::Malformed);
        }
        if jid == self.config.bot_jid {
            return Err(JidProblem::OwnAddress);
        }
        Ok(jid)
    }

    /// Binds a Jabber ID to an enrolment, and has it invited.
    async fn bind(
        &self,
        enrolment: &Enrolment,
        jid: &BareJid,
    ) -> Result<Option<JidProblem>, PageError> {
        let _alone = self.persons.lock(enrolment).await;
        // Another tab may have been here meanwhile.
        let enrolment = &self.reread(&enrolment.id).await?;
        let before = jid_of(enrolment);
        let is_known = before.as_ref() == Some(jid);
        // Who is known already is invited again if that may be, and no harm is done if not.
        match self.may_invite(enrolment).await? {
            Invited::Yes => {}
            Invited::TooManyForPerson | Invited::TooManyInTotal if is_known => return Ok(None),
            Invited::TooManyForPerson => return Ok(Some(JidProblem::TooMany)),
            Invited::TooManyInTotal => return Ok(Some(JidProblem::Full)),
        }
        if !is_known && !self.claim(enrolment, jid).await? {
            return Ok(Some(JidProblem::Taken));
        }
        match self.enrol(enrolment, jid).await? {
            Ok(()) => {
                if let Some(before) = before.filter(|before| before != jid) {
                    self.ask(&self.registry.dismiss, Dismiss { jid: before }).await?;
                }
                Ok(None)
            }
            Err(refused) => {
                if !is_known {
                    // Nobody else can have taken the old one in between but by mischance.
                    match self.give_back(enrolment).await {
                        Ok(()) => {}
                        Err(StoreError::JidTaken) => {
                            self.store.set_jid(&enrolment.id, None).await?;
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
                Ok(Some(match refused {
                    EnrolRefused::OwnAddress => JidProblem::OwnAddress,
                    EnrolRefused::Full | EnrolRefused::NoSuchLesson => JidProblem::Full,
                }))
            }
        }
    }

    /// Gives an enrolment its Jabber ID back, and how far it was with that.
    async fn give_back(&self, enrolment: &Enrolment) -> Result<(), StoreError> {
        let jid = enrolment.jid.as_deref();
        self.store.set_jid(&enrolment.id, jid).await?;
        match jid {
            Some(jid) => self.store.set_progress(jid, enrolment.progress, unix_now()).await,
            None => Ok(()),
        }
    }

    /// Whether the Jabber ID is this enrolment's now. Somebody who does the lesson in one assignment
    /// after another takes it along, and begins anew; nobody takes it from somebody else.
    async fn claim(&self, enrolment: &Enrolment, jid: &BareJid) -> Result<bool, PageError> {
        while let Some(holder) = self.store.enrolment_by_jid(jid.as_str()).await?
            && holder.id != enrolment.id
        {
            if (&holder.consumer_key, &holder.user_id)
                != (&enrolment.consumer_key, &enrolment.user_id)
            {
                return Ok(false);
            }
            self.store.set_jid(&holder.id, None).await?;
            self.ask(&self.registry.dismiss, Dismiss { jid: jid.clone() }).await?;
        }
        match self.store.set_jid(&enrolment.id, Some(jid.as_str())).await {
            Ok(()) => Ok(true),
            Err(StoreError::JidTaken) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Has the registry enrol a learner again, unless they have another Jabber ID by now.
    async fn enrol_again(
        &self,
        enrolment: &Enrolment,
        jid: &BareJid,
    ) -> Result<Result<(), EnrolRefused>, PageError> {
        let _alone = self.persons.lock(enrolment).await;
        let now = self.reread(&enrolment.id).await?;
        if jid_of(&now).as_ref() == Some(jid) { self.enrol(&now, jid).await } else { Ok(Ok(())) }
    }

    /// Has the registry enrol a learner. A lesson that does not exist is the teacher's mistake, and
    /// the learner gets the default one.
    async fn enrol(
        &self,
        enrolment: &Enrolment,
        jid: &BareJid,
    ) -> Result<Result<(), EnrolRefused>, PageError> {
        let locale = enrolment.locale.clone();
        let lesson = enrolment.lesson.clone();
        let (jid, id) = (jid.clone(), enrolment.id.clone());
        let ask = Enrol { jid, enrolment: id, locale, lesson };
        let answer = self.ask(&self.registry.enrol, ask.clone()).await?;
        if answer == Err(EnrolRefused::NoSuchLesson) && ask.lesson.is_some() {
            let id = &enrolment.id;
            warn!("enrolment.id":% = id; "enrolment {id}: the launch asks for a lesson that is not there");
            return self.ask(&self.registry.enrol, Enrol { lesson: None, ..ask }).await;
        }
        Ok(answer)
    }
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
        lesson: launch.custom.get("lesson").filter(|lesson| is_lesson(lesson)).cloned(),
        may_grade,
        is_teacher: launch.roles.is_staff() && !may_grade,
        is_learner: launch.roles.is_learner(),
        outcome_url: grade.map(|outcome| outcome.url.clone()),
        sourcedid: grade.map(|outcome| outcome.sourcedid.clone()),
        return_url: launch.return_url.as_ref().map(ToString::to_string),
        name: launch.name.clone(),
        context_title: launch.context_title.clone(),
        link_title: launch.resource_link_title.clone(),
        presentation: Presentation::of_launch(&launch.custom).to_text(),
        accepts: Accepts {
            submitted_at: launch.accepts.submitted_at,
            prioritize_non_tool_grade: launch.accepts.prioritize_non_tool_grade,
        },
        now: unix_now(),
    }
}

/// Whether this can be the name of a lesson.
fn is_lesson(name: &str) -> bool {
    let can_be = name.len() <= LONGEST_LESSON && !name.contains(char::is_control);
    if !can_be {
        warn!("a launch asks for a lesson whose name is too long or holds control characters");
    }
    can_be
}

fn jid_of(enrolment: &Enrolment) -> Option<BareJid> {
    enrolment.jid.as_deref().and_then(|jid| BareJid::new(jid).ok())
}
