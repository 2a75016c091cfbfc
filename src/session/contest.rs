//! Whose the learner's address is, where more than one person says that it is theirs.
//!
//! Anybody can type anybody's address into a page. What tells is the number that stands on the page:
//! whoever writes it in the chat has the page before them, and the address. It is asked for only
//! where that is needed, and a lesson that has begun goes on meanwhile. Where the lesson has not
//! begun, it waits for the answer: for that alone if nobody's claim is better than another's, or for
//! one message if somebody is known whose the address is without it.

use std::time::{Duration, Instant};

use otr::limits::TokenBucket;
use rand_core::CryptoRng;

use super::{Effect, Note, Session, hearing::one_line, phrases, speech::Kind};
use crate::{
    i18n,
    lesson::vocabulary::{Event, EventKind, Need},
    records::ClaimNumber,
};

/// How often it is asked for once more, as another page has come: the burst, then one per interval.
const ASKING_RATE: (u32, Duration) = (3, Duration::from_mins(10));

/// Numbers that are no page's: the burst, then one per interval.
const WRONG_RATE: (u32, Duration) = (5, Duration::from_mins(1));

/// The longest title that is said, in characters.
const LONGEST_TITLE: usize = 100;

/// Who says that the learner's address is theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contest {
    /// The number on the page that the session belongs to; `None`: it belongs to none.
    pub own: Option<ClaimNumber>,
    /// Those on the pages of the same person's other assignments.
    pub mine: Vec<ClaimNumber>,
    /// Those on the pages of others.
    pub others: Vec<ClaimNumber>,
    /// Whether the number is asked for.
    pub asking: Asking,
    /// How it is asked for, in the languages that the learner may have; empty: in that of the session.
    pub questions: Vec<String>,
}

/// Whether the number is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asking {
    /// It is known whose the address is, or nobody else says that it is theirs. The number of
    /// another page is understood all the same: the person may have two.
    #[default]
    Never,
    /// Once; whoever does not answer goes on as before.
    Once,
    /// With every message: nothing else is of use.
    Always,
}

/// Where a session stands with that.
#[derive(Debug)]
pub(super) struct Doubt {
    contest: Contest,
    is_asked: bool,
    /// The learner has several exercises, and is told which one this is: what it is called.
    pub(super) named: Option<String>,
    /// The right number was written, and another session takes over.
    is_shown: bool,
    /// A number that leads away from a lesson under way, and is to be written once more.
    leads_away: Option<ClaimNumber>,
    asked: TokenBucket,
    wrong: TokenBucket,
}

impl Default for Doubt {
    fn default() -> Self {
        Self {
            contest: Contest::default(),
            is_asked: false,
            named: None,
            is_shown: false,
            leads_away: None,
            asked: TokenBucket::new(ASKING_RATE),
            wrong: TokenBucket::new(WRONG_RATE),
        }
    }
}

/// A title from outside as it can be said in a chat: short, on one line, and nothing that a program
/// takes for OTR or a variable.
fn sayable(title: &str) -> String {
    let line = one_line(title).replace("?OTR", "OTR").replace("${", "$ {");
    line.chars().take(LONGEST_TITLE).collect()
}

impl Session {
    /// Tells who says that the learner's address is theirs. Where somebody new does, whoever was asked
    /// already may be asked once more.
    pub fn set_contest(&mut self, now: Instant, contest: Contest) {
        let Doubt { contest: before, is_asked, asked, .. } = &mut self.doubt;
        let is_new = contest.others.iter().any(|number| !before.others.contains(number));
        if is_new && *is_asked && self.machine.is_some() && asked.take(now) {
            *is_asked = false;
        }
        self.doubt.contest = contest;
        // A number that was right would have ended this session.
        self.doubt.is_shown = false;
    }

    /// The learner has several exercises, so that they are to be told which one this is: what the
    /// platform calls it, or the title of the lesson.
    pub fn name_exercise(&mut self, title: Option<&str>) {
        let title = title.map(sayable).filter(|title| !title.is_empty());
        let lesson = || self.config.catalog.text(self.config.lesson.title());
        self.doubt.named = Some(title.unwrap_or_else(lesson));
    }

    /// Says something with what the exercise is called in it, if the learner has several. Whether they
    /// have.
    pub(super) fn say_named(&mut self, now: Instant, phrase: fn(&str) -> String) -> bool {
        let Some(title) = self.doubt.named.clone() else { return false };
        let words = i18n::scope(&self.config.catalog, || phrase(&title));
        self.say_words(now, words, Kind::Notice);
        true
    }

    /// Whether the lesson, which has not begun, waits for the number.
    pub(super) fn is_held_back(&self) -> bool {
        self.machine.is_none()
            && match self.doubt.contest.asking {
                Asking::Never => false,
                Asking::Once => !self.doubt.is_asked || self.is_waiting_for_words,
                Asking::Always => true,
            }
    }

    /// Whether the learner was asked for the number.
    pub(super) fn was_asked(&self) -> bool {
        self.doubt.is_asked
    }

    /// Asks for the number.
    pub(super) fn ask_number(&mut self, now: Instant) {
        self.is_waiting_for_words = self.machine.is_none();
        self.doubt.is_asked = true;
        if self.doubt.contest.questions.is_empty() {
            self.say_phrase(now, phrases::which_number, Kind::Notice);
        }
        for question in self.doubt.contest.questions.clone() {
            self.say_words(now, question, Kind::Notice);
        }
    }

    /// The learner has written something. Whether that was about the number, and the lesson need not
    /// hear it.
    pub(super) fn on_words(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        text: &str,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Contest { own, mine, others, asking, .. } = &self.doubt.contest;
        let (asking, own) = (*asking, *own);
        if self.doubt.is_shown {
            return true;
        }
        let written = ClaimNumber::find(text);
        let is_own = |number: &ClaimNumber| own == Some(*number);
        let known = written.iter().find(|number| {
            let is_elsewhere = mine.contains(number) || others.contains(number);
            is_elsewhere || (is_own(number) && asking != Asking::Never)
        });
        if let Some(number) = known {
            self.on_number(now, rng, number, effects);
            return true;
        }
        if asking != Asking::Never && !written.whole.is_empty() {
            let is_slow = self.doubt.wrong.take(now);
            let phrase = if is_slow { phrases::wrong_number } else { phrases::too_many_numbers };
            effects.push(Effect::Note(Note::Refused("wrong number")));
            self.say_phrase(now, phrase, Kind::Notice);
            return true;
        }
        match asking {
            Asking::Never => false,
            Asking::Always => {
                self.ask_number(now);
                true
            }
            Asking::Once if !self.doubt.is_asked => {
                self.ask_number(now);
                self.machine.is_none()
            }
            Asking::Once => {
                self.release(now, rng, effects);
                false
            }
        }
    }

    /// The learner has written the number of a page.
    fn on_number(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        number: ClaimNumber,
        effects: &mut Vec<Effect>,
    ) {
        if self.doubt.contest.own == Some(number) {
            self.doubt.contest.asking = Asking::Never;
            effects.push(Effect::Claimed(number));
            self.say_phrase(now, phrases::thanks_for_number, Kind::Notice);
            if self.machine.is_none() {
                self.release(now, rng, effects);
                self.tell(now, rng, &Event::of(EventKind::LearnerArrived), effects);
            }
            return;
        }
        // Nobody was asked for it: somebody may have talked the learner into writing it.
        let is_unasked = self.doubt.contest.asking == Asking::Never
            && self.machine.is_some()
            && !self.doubt.contest.mine.contains(&number);
        if is_unasked && self.doubt.leads_away != Some(number) {
            self.doubt.leads_away = Some(number);
            return self.say_phrase(now, phrases::number_leads_away, Kind::Notice);
        }
        self.doubt.is_shown = true;
        effects.push(Effect::Claimed(number));
    }

    /// The lesson waits no longer.
    fn release(&mut self, now: Instant, rng: &mut dyn CryptoRng, effects: &mut Vec<Effect>) {
        self.is_waiting_for_words = false;
        if self.machine.is_some() {
            return;
        }
        self.begin(now, rng, effects);
        if self.certain() >= Need::Private {
            self.tell(now, rng, &Event::of(EventKind::OtrEnabled), effects);
        }
    }

    /// The learner has shown on the page, or with the secret that was typed there, that the page is
    /// theirs.
    pub(super) fn prove(&mut self, effects: &mut Vec<Effect>) {
        if let Some(own) = self.doubt.contest.own {
            self.doubt.contest.asking = Asking::Never;
            effects.push(Effect::Claimed(own));
        }
    }
}
