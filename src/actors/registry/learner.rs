//! What the registry knows of one learner: somebody who says that an address is theirs.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Addr, Handler, MailboxError, Message};
use jid::BareJid;
use otr::limits::TokenBucket;

use super::{KnownLearner, SessionActor, factory::Guest};

use crate::{
    metrics::Mailbox,
    records::{ClaimNumber, EnrolmentId, Person, Progress},
    session::{Snapshot, Unreachable},
};

/// Most panics after which a learner's session goes on.
const MOST_PANICS: u8 = 2;

/// Messages that a session takes: the burst, then one per interval. People type slower, and their
/// programs' key exchanges take a few.
const RATE: (u32, Duration) = (60, Duration::from_millis(500));

/// A message counts as one for each such part of it, so that what waits for a session is bounded
/// in bytes too.
const BYTES_A_TOKEN: usize = 16 * 1024;

/// Most messages that wait for a session whose thread does not keep up: as many as come at once. What
/// is said of a learner's presence may wait too, and gets a few more.
const MOST_CHATS: i64 = 64;
const MOST_PRESENCES: i64 = 96;

/// When so many messages wait for all sessions together, one takes only so many more: those who send much
/// are refused before the others have to wait for what they sent.
const MANY_IN_ALL: i64 = 400;
const MOST_CHATS_THEN: i64 = 6;

/// Most messages that wait for all sessions together.
const MOST_IN_ALL: i64 = 50_000;

/// Who says that an address is theirs: the person of an enrolment, or (`None`) whoever the settings
/// mean, who list it.
pub(super) type Claimant = Option<EnrolmentId>;

/// What is known of one learner.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Learner {
    /// By what the address is theirs; progress belongs to it.
    pub(super) claimant: Claimant,
    /// The number on their page.
    pub(super) number: Option<ClaimNumber>,
    /// Who it is, in whatever assignment; `None`: nobody knows.
    pub(super) person: Option<Person>,
    /// Which of those at the address opened their assignment last: the one with the highest number.
    pub(super) opened: u64,
    /// Whether they have finished it.
    pub(super) is_finished: bool,
    /// Whether another assignment of theirs took its place in the chat.
    pub(super) was_paused: bool,
    /// Whether they have shown that it is.
    pub(super) is_proven: bool,
    /// Whether somebody else has said the same, so that it must be shown.
    pub(super) is_contested: bool,
    pub(super) locale: Option<String>,
    pub(super) lesson: Option<String>,
    /// What the assignment is called.
    pub(super) title: Option<String>,
    /// The consumer that they come from; `None`: the settings list them.
    pub(super) consumer: Option<Arc<str>>,
    pub(super) progress: Progress,
    /// Whether they have talked with the bot, in whatever session: their progress is that of the
    /// present one.
    pub(super) was_met: bool,
    pub(super) greeting: Greeting,
    pub(super) session: Option<OpenSession>,
    /// Where their session stands; what one that was interrupted goes on from.
    pub(super) kept: Option<Arc<Snapshot>>,
    /// Panics of their sessions.
    n_panics: u8,
    /// When they were put on the whitelist last.
    pub(super) enrolled: Instant,
    /// Why the bot's contact request came back, as long as nothing was heard of them.
    pub(super) unreachable: Option<Unreachable>,
}

/// Whether a learner who is online is to be greeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    Due,
    Given,
}

/// A session that is open.
#[derive(Debug)]
pub(super) struct OpenSession {
    pub(super) id: u64,
    pub(super) actor: SessionHandle,
    tokens: TokenBucket,
    /// Whether the last message was one too many.
    pub(super) is_flooded: bool,
    /// Since when it owes a sign of life.
    pub(super) asked: Option<Instant>,
}

/// The way to a session.
#[derive(Clone, Debug)]
pub(super) struct SessionHandle {
    pub(super) addr: Addr<SessionActor>,
    pub(super) mailbox: Mailbox,
}

impl SessionHandle {
    /// Asks it. What it does not get round to, as it ends, is taken out of the count with it.
    pub(super) async fn ask<M>(&self, message: M) -> Result<M::Result, MailboxError>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        SessionActor: Handler<M>,
    {
        self.mailbox.sent();
        self.addr.send(message).await
    }

    /// Puts a message into its mailbox.
    pub(super) fn post<M>(&self, message: M)
    where
        M: Message + Send + 'static,
        M::Result: Send,
        SessionActor: Handler<M>,
    {
        self.mailbox.sent();
        self.addr.do_send(message);
    }

    /// The same with what belongs to a message of the chat that was put there before, and is bounded and
    /// counted with it.
    pub(super) fn post_with_chat<M>(&self, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        SessionActor: Handler<M>,
    {
        self.addr.do_send(message);
    }

    /// The same with what is said of a presence, of which there may be too much.
    pub(super) fn post_presence<M>(&self, message: M)
    where
        M: Message<Result = ()> + Send + 'static,
        SessionActor: Handler<M>,
    {
        if !self.is_behind(MOST_PRESENCES) {
            self.post(message);
        }
    }

    /// Whether so many messages wait for it, or too many for all sessions.
    fn is_behind(&self, most: i64) -> bool {
        self.mailbox.n_waiting() >= most || self.mailbox.n_waiting_in_all() >= MOST_IN_ALL
    }

    /// Whether it lives.
    pub(super) fn connected(&self) -> bool {
        self.addr.connected()
    }
}

impl OpenSession {
    pub(super) fn new(id: u64, actor: SessionHandle) -> Self {
        Self { id, actor, tokens: TokenBucket::new(RATE), is_flooded: false, asked: None }
    }

    /// Whether a message of so many bytes is passed on.
    pub(super) fn takes(&mut self, now: Instant, n_bytes: usize) -> Taken {
        let is_taken = !self.actor.is_behind(most_chats(self.actor.mailbox.n_waiting_in_all()))
            && (0..=n_bytes / BYTES_A_TOKEN).all(|_| self.tokens.take(now));
        match (is_taken, std::mem::replace(&mut self.is_flooded, !is_taken)) {
            (true, _) => Taken::Yes,
            (false, false) => Taken::TooMany,
            (false, true) => Taken::StillTooMany,
        }
    }
}

/// How many messages of the chat may wait for one session while so many wait for all.
const fn most_chats(n_in_all: i64) -> i64 {
    if n_in_all >= MANY_IN_ALL { MOST_CHATS_THEN } else { MOST_CHATS }
}

/// Whether a message is passed on to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is.
    Yes,
    /// It is the first of too many.
    TooMany,
    /// It is another one of those.
    StillTooMany,
}

/// What is to be done when a session panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Another one goes on from what is kept, and tells the learner.
    GoOn,
    /// The lesson had not begun: the learner is told, and another one begins with their next message.
    Tell,
    /// It happens again and again: what is kept may be why.
    Anew,
}

impl Learner {
    /// Somebody who was not met yet.
    pub(super) fn new(claimant: Claimant, jid: &BareJid, now: Instant) -> Self {
        let number = claimant.as_ref().map(|id| ClaimNumber::of(id, jid.as_str()));
        Self {
            claimant,
            number,
            person: None,
            opened: 0,
            is_finished: false,
            was_paused: false,
            is_proven: false,
            is_contested: false,
            locale: None,
            lesson: None,
            title: None,
            consumer: None,
            progress: Progress::Invited,
            was_met: false,
            greeting: Greeting::Due,
            session: None,
            kept: None,
            n_panics: 0,
            enrolled: now,
            unreachable: None,
        }
    }

    /// Somebody who was there before.
    pub(super) fn known(known: KnownLearner, now: Instant) -> Self {
        let KnownLearner { jid, enrolment, is_proven, is_contested, locale, lesson, .. } = known;
        let (person, title) = (known.person, known.title);
        let (progress, kept) = (known.progress, known.kept);
        let was_met =
            progress > Progress::Invited || kept.as_ref().is_some_and(|kept| kept.has_begun());
        let consumer = known.consumer.map(Arc::from);
        let new = Self { consumer, was_met, ..Self::new(enrolment, &jid, now) };
        let is_finished = progress == Progress::Done;
        let new = Self { person, is_finished, title, ..new };
        Self { is_proven, is_contested, locale, lesson, progress, kept, ..new }
    }

    /// For whom a session of theirs is opened.
    pub(super) fn guest(&self) -> Guest {
        Guest {
            locale: self.locale.clone(),
            lesson: self.lesson.clone(),
            consumer: self.consumer.clone(),
            is_returning: self.was_met,
        }
    }

    /// Whether the settings list them: then they stay on the whitelist when their session ends.
    pub(super) fn is_listed(&self) -> bool {
        self.claimant.is_none()
    }

    /// Whether it is the same person, perhaps in another assignment.
    pub(super) fn is_same_person(&self, other: &Self) -> bool {
        self.claimant == other.claimant || (self.person.is_some() && self.person == other.person)
    }

    /// Whether this is their session.
    pub(super) fn has_session(&self, id: u64) -> bool {
        self.session.as_ref().is_some_and(|open| open.id == id)
    }

    /// Whether a session of theirs was interrupted, and has not gone on yet.
    pub(super) fn is_interrupted(&self) -> bool {
        self.session.is_none() && self.has_begun()
    }

    /// The same, and not by themselves: who opened another assignment knows.
    pub(super) fn is_to_be_told(&self) -> bool {
        self.is_interrupted() && !self.was_paused
    }

    /// Whether they are in the lesson.
    pub(super) fn has_begun(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| kept.has_begun())
    }

    /// Their session panicked; what is to be done about it.
    pub(super) fn panicked(&mut self) -> Remedy {
        self.n_panics = self.n_panics.saturating_add(1);
        if self.n_panics > MOST_PANICS {
            Remedy::Anew
        } else if self.is_interrupted() {
            Remedy::GoOn
        } else {
            Remedy::Tell
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_talked_before_is_returning_also_after_a_restart() {
        #[expect(clippy::disallowed_methods, reason = "a test that waits for nothing")]
        let now = Instant::now();
        let known = |progress| KnownLearner {
            jid: BareJid::new("anna@example.org").unwrap(),
            enrolment: Some(EnrolmentId::from_text("one")),
            locale: None,
            lesson: None,
            title: None,
            consumer: Some("course".to_owned()),
            is_proven: false,
            is_contested: false,
            person: Person::of("course", "anna"),
            progress,
            kept: None,
            was_open: false,
        };

        for (progress, is_returning) in [(Progress::Invited, false), (Progress::Talking, true)] {
            let guest = Learner::known(known(progress), now).guest();

            assert_eq!(guest.is_returning, is_returning, "{progress:?}");
            assert_eq!(guest.consumer.as_deref(), Some("course"));
        }
    }

    #[test]
    fn whose_mailbox_is_full_is_refused_before_the_others_have_to_wait() {
        let most = [0, MANY_IN_ALL - 1, MANY_IN_ALL, MOST_IN_ALL].map(most_chats);

        assert_eq!(most, [64, 64, 6, 6]);
        // What fills the mailboxes of a few is refused long before the stream is read slowly.
        const { assert!(MANY_IN_ALL + 100 * MOST_CHATS_THEN < 1_500) };
    }
}
