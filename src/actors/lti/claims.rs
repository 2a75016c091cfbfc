//! What becomes of a Jabber ID that somebody types: it is claimed for them, and invited.
//!
//! Nobody is told what others have typed, and nobody takes anything away from others by typing: whose
//! the address is turns out in the chat.

use jid::BareJid;
use log::warn;

use super::{
    JidProblem, PageError,
    desk::{Desk, jid_of},
};
use crate::{
    actors::{
        ambient::unix_now,
        registry::{Dismiss, Enrol, EnrolRefused},
    },
    records::{Enrolment, Progress, address},
    store::Invited,
};

impl Desk {
    /// Reads what somebody typed as their Jabber ID, or copied from their client.
    pub(super) fn address(&self, typed: &str) -> Result<BareJid, JidProblem> {
        let jid = address(typed)?.jid;
        if jid == self.config.bot_jid {
            return Err(JidProblem::OwnAddress);
        }
        Ok(jid)
    }

    /// Has an enrolment claim a Jabber ID, and has that invited. Somebody who has shown in another
    /// assignment that it is theirs need not do so again.
    pub(super) async fn claim(
        &self,
        enrolment: &Enrolment,
        jid: &BareJid,
    ) -> Result<Option<JidProblem>, PageError> {
        let _alone = self.persons.lock(enrolment).await;
        // Another tab may have been here meanwhile.
        let before = self.reread(&enrolment.id).await?;
        let is_known = jid_of(&before).as_ref() == Some(jid);
        // Who is known already is invited again if that may be, and no harm is done if not.
        let invited = match self.may_invite(&before).await? {
            Ok(at) => Some(at),
            Err(_) if is_known => None,
            Err(Invited::TooManyForPerson) => return Ok(Some(JidProblem::TooMany)),
            Err(_) => return Ok(Some(JidProblem::Full)),
        };
        let was_proven = before.is_proven && is_known;
        let is_proven = was_proven || self.store.is_proven_elsewhere(&before, jid.as_str()).await?;
        let new = Enrolment { is_proven, ..before.clone() };
        if let Err(refused) = self.enrol(&new, jid, invited.is_some()).await? {
            self.not_sent(&before, invited).await?;
            return Ok(Some(match refused {
                EnrolRefused::OwnAddress => JidProblem::OwnAddress,
                EnrolRefused::Full | EnrolRefused::NoSuchLesson => JidProblem::Full,
            }));
        }
        let moved = self.store.set_jid(&before.id, Some(jid.as_str())).await?;
        if let Some(old) = jid_of(&before).filter(|old| old != jid) {
            for enrolment in &moved {
                let along = self.reread(enrolment).await?;
                if let Err(refused) = self.enrol(&along, jid, false).await? {
                    warn!("enrolment.id":% = enrolment; "enrolment {enrolment}: {refused}");
                }
            }
            if !moved.is_empty() {
                // The chat follows the one in which it was typed.
                self.whereabouts(&before, jid.clone(), true).await?;
            }
            for enrolment in std::iter::once(before.id.clone()).chain(moved) {
                let gone = Dismiss { jid: old.clone(), enrolment };
                self.ask(&self.registry.dismiss, gone).await?;
            }
        }
        Ok(None)
    }

    /// Has the registry enrol a learner again whom it has forgotten, or who was not heard of, if they
    /// may be invited once more and have no other Jabber ID by now.
    pub(super) async fn invite_again(
        &self,
        enrolment: &Enrolment,
        jid: &BareJid,
    ) -> Result<(), PageError> {
        let _alone = self.persons.lock(enrolment).await;
        let now = self.reread(&enrolment.id).await?;
        if jid_of(&now).as_ref() != Some(jid) {
            return Ok(());
        }
        let invited = self.may_invite(&now).await?.ok();
        if let Err(refused) = self.enrol(&now, jid, invited.is_some()).await? {
            let id = &enrolment.id;
            warn!("enrolment.id":% = id; "enrolment {id}: not enrolled again: {refused}");
            self.not_sent(&now, invited).await?;
        }
        Ok(())
    }

    /// Counts an invitation that is about to be sent; when it was counted, or why it may not be sent.
    async fn may_invite(&self, enrolment: &Enrolment) -> Result<Result<i64, Invited>, PageError> {
        let Enrolment { id, consumer_key, user_id, .. } = enrolment;
        let limits = self.config.invitations;
        let at = unix_now();
        let invited = self.store.count_invitation(consumer_key, user_id, limits, at).await?;
        match invited {
            Invited::Yes => return Ok(Ok(at)),
            Invited::TooManyForPerson => {
                warn!("enrolment.id":% = id; "enrolment {id}: too many invitations today");
            }
            Invited::TooManyForPlatform => warn!(
                "enrolment.id":% = id;
                "enrolment {id}: its platform has had as many invitations today as \
                 lti.invitations.per_platform allows"
            ),
            Invited::TooManyInTotal => warn!(
                "the bot has sent as many invitations today as lti.invitations.in_total allows"
            ),
        }
        Ok(Err(invited))
    }

    /// An invitation was counted at that time, and not sent.
    async fn not_sent(&self, enrolment: &Enrolment, at: Option<i64>) -> Result<(), PageError> {
        let Some(at) = at else { return Ok(()) };
        let Enrolment { consumer_key, user_id, .. } = enrolment;
        Ok(self.store.uncount_invitation(consumer_key, user_id, at).await?)
    }

    /// Has the registry enrol a learner. A lesson that does not exist is the teacher's mistake, and
    /// the learner gets the default one.
    async fn enrol(
        &self,
        enrolment: &Enrolment,
        jid: &BareJid,
        invites: bool,
    ) -> Result<Result<(), EnrolRefused>, PageError> {
        let ask = Enrol {
            jid: jid.clone(),
            enrolment: enrolment.id.clone(),
            is_proven: enrolment.is_proven,
            is_contested: self.store.is_claimed_by_others(enrolment, jid.as_str()).await?,
            invites,
            person: enrolment.person(),
            locale: enrolment.locale.clone(),
            lesson: enrolment.lesson.clone(),
            title: enrolment.link_title.clone(),
            consumer: enrolment.consumer_key.clone(),
            // Nobody has shown that an address is theirs without having talked.
            was_met: enrolment.progress > Progress::Invited || enrolment.is_proven,
            is_finished: enrolment.progress == Progress::Done,
        };
        let answer = self.ask(&self.registry.enrol, ask.clone()).await?;
        if answer == Err(EnrolRefused::NoSuchLesson) && ask.lesson.is_some() {
            // The teacher reads of it on the course's page, and the administrator in the log.
            return self.ask(&self.registry.enrol, Enrol { lesson: None, ..ask }).await;
        }
        Ok(answer)
    }
}
