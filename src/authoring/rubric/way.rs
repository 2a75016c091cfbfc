//! The straight way through any lesson: what a learner does who understands everything at once.
//!
//! OTR is started, a secret typed into the page and compared, whoever has another key all at once is
//! refused, the bot secret is typed into the page, and the private conversation is ended. What is done
//! follows from what can be seen, so that it leads through lessons that nobody has seen before.

use std::time::Duration;

use super::trial::{Trial, Verdict};

use crate::{
    authoring::stage::Channel,
    lesson::vocabulary::{Action, Deed, EventKind},
    session::BotSecretVerdict,
};

/// Secrets for the page, one after the other.
const SECRETS: [&str; 4] = [
    "purple walrus ironing kettles",
    "seven lazy otters juggle pianos",
    "copper noodle thunder gazebo",
    "silent tractor marmalade orbit",
];

/// Most steps of a lesson.
const MAX_STEPS: usize = 80;

/// How long the learner waits for what comes next.
const WAIT: Duration = Duration::from_secs(25);

/// How far the learner is.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Way {
    n_steps: usize,
    is_greeted: bool,
    was_verified: bool,
    is_passed: bool,
    /// There is nothing to do any more but to end.
    is_done: bool,
    n_secrets: usize,
    n_compared: usize,
    n_refused: usize,
    n_started: usize,
    n_waited: usize,
    n_ended: usize,
    n_same: usize,
}

impl Way {
    /// The shared secrets that were typed into the page, or will be.
    pub(super) fn secrets() -> impl Iterator<Item = &'static str> + use<> {
        SECRETS.into_iter()
    }

    /// Whether somebody else is at the other end, all at once.
    pub(super) fn was_verified(&self) -> bool {
        self.was_verified
    }
}

impl Trial<'_> {
    /// Goes one step on; `false` if there is none.
    pub(super) fn step(&mut self) -> bool {
        if self.stage.is_over() || self.way.n_steps >= MAX_STEPS {
            return false;
        }
        self.way.n_steps += 1;
        if !self.way.is_greeted {
            self.way.is_greeted = true;
            let hello = self.ground.words("greeting", "Hello!");
            self.say(&hello);
        } else if self.way.is_passed || self.way.is_done {
            self.end();
        } else if !self.stage.is_private() {
            self.start();
        } else if self.stage.present_channel() == Channel::Verified {
            self.way.was_verified = true;
            self.hand_over();
        } else if self.way.was_verified {
            self.refuse();
        } else {
            self.verify();
        }
        true
    }

    /// Goes on to the end, which must be there.
    pub(super) fn go_on(&mut self) {
        self.way.n_steps = 0;
        self.way.is_greeted = true;
        while self.step() {}
        self.judge();
        if !self.is_well_ended() {
            self.fail(Verdict::Stuck, Vec::new());
        }
    }

    fn start(&mut self) {
        self.way.n_started += 1;
        if self.way.n_started > 8 {
            self.way.is_done = true;
        } else {
            self.quietly("/otr on", |trial| trial.stage.start_otr());
        }
    }

    fn verify(&mut self) {
        if self.stage.is_asked() {
            return self.compare();
        }
        if let Some(answer) = self.public_answer().filter(|_| self.way.n_compared < 8) {
            self.way.n_compared += 1;
            let shown = format!("/smp question What is it? = {answer}");
            return self.quietly(&shown, |trial| trial.stage.ask("What is it?", Some(&answer)));
        }
        if self.stage.has_secret() {
            self.compare();
        } else if self.stage.has_page() {
            self.type_secret();
        } else if self.way.n_same < 2 {
            self.way.n_same += 1;
            let same = self.ground.words("same", "same");
            self.quietly(&same, |trial| {
                trial.stage.say(&same);
            });
        } else {
            self.way.is_done = true;
        }
    }

    /// Types the next secret into the page.
    pub(super) fn type_secret(&mut self) {
        let secret = SECRETS.get(self.way.n_secrets).copied();
        self.way.n_secrets += 1;
        let Some(secret) = secret else {
            self.way.is_done = true;
            return;
        };
        if self.is_spent(secret) || !self.stage.has_page() {
            return;
        }
        self.quietly(&format!("/secret {secret}"), |trial| {
            trial.stage.enter_secret(secret);
        });
    }

    fn compare(&mut self) {
        self.way.n_compared += 1;
        if self.way.n_compared > 12 {
            self.way.is_done = true;
        } else if self.wants_question() {
            let question = "What did we agree on?";
            let shown = format!("/smp question {question}");
            self.quietly(&shown, |trial| trial.stage.ask(question, None));
        } else {
            self.quietly("/smp right", |trial| trial.stage.smp(true));
        }
    }

    fn hand_over(&mut self) {
        let has_code = self.stage.code().is_some() && self.stage.has_page();
        if has_code && !self.stage.is_code_held() {
            let mut verdict = None;
            self.quietly("/code", |trial| verdict = trial.stage.enter_code(None));
            match verdict {
                Some(BotSecretVerdict::Right) => self.way.is_passed = true,
                // Perhaps there is another one.
                _ => self.pause(),
            }
        } else if !self.stage.has_page() {
            self.way.is_done = true;
        } else {
            self.pause();
        }
    }

    fn pause(&mut self) {
        self.way.n_waited += 1;
        if self.way.n_waited > 30 {
            self.way.is_done = true;
        }
        self.wait(WAIT);
    }

    /// Somebody else is there, or the bot does not know this program: says no, and compares.
    fn refuse(&mut self) {
        self.way.n_refused += 1;
        if self.way.n_refused > 6 {
            self.quietly("/otr off", |trial| trial.stage.end_otr());
        } else if self.way.n_refused.is_multiple_of(2) && self.stage.has_secret() {
            self.compare();
        } else {
            let no = self.ground.words("refusal", "No. I will not tell you.");
            self.say(&no);
        }
    }

    fn end(&mut self) {
        self.way.n_ended += 1;
        if self.stage.is_private() {
            self.quietly("/otr off", |trial| trial.stage.end_otr());
        } else if self.way.n_ended < 4 {
            let bye = self.ground.words("bye", "bye");
            self.say(&bye);
        } else {
            self.wait(Duration::from_mins(10));
        }
    }

    /// What the state answers to everybody's question, in the learner's language.
    fn public_answer(&self) -> Option<String> {
        let state = self.ground.lesson.graph().state(self.stage.state()?)?;
        let reactions = state
            .reactions
            .iter()
            .filter(|reaction| reaction.trigger.event == EventKind::SmpQuestionUsed);
        let mut actions = reactions.flat_map(|reaction| &reaction.actions);
        actions.find_map(|action| match action {
            Action::Answer(text) => Some(self.ground.catalog.text(text)),
            Action::Say(_) | Action::Do(_) => None,
        })
    }

    /// Whether the secret is to be compared by a question here.
    pub(super) fn wants_question(&self) -> bool {
        let state = self.stage.state().and_then(|ix| self.ground.lesson.graph().state(ix));
        let reactions = state.into_iter().flat_map(|state| &state.reactions);
        let mut asked = reactions.filter(|r| r.trigger.event == EventKind::SmpQuestionUsed);
        !self.stage.is_asked()
            && asked.any(|reaction| reaction.actions.contains(&Action::Do(Deed::AnswerSmp)))
    }
}
