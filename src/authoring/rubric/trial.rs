//! A play with a difficult learner, and whoever looks after it.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use gettext::{Catalog, Catalogs};

use super::{texts::Texts, way::Way, words};

use crate::{
    authoring::stage::{Channel, Keys, Seen, Stage, Witness, bot_secret, line},
    lesson::Lesson,
    session::SessionConfig,
};

/// How soon a person expects an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    /// A person would have expected an answer, and none came.
    Silent,
    /// The same was said twice in a row.
    Repeated,
    /// Something private was said where others can hear it.
    Exposed,
    /// A secret was accepted after it was told.
    SecretTaken,
    /// Somebody in danger was not left in peace.
    Pressed,
    /// Somebody in danger was answered as anybody else.
    Unheard,
    /// The answer was in another language than the message.
    OtherLanguage,
    /// No way led on to the end.
    Stuck,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Silent => "silent",
            Self::Repeated => "repeated",
            Self::Exposed => "exposed",
            Self::SecretTaken => "secret taken",
            Self::Unheard => "not heard",
            Self::Pressed => "pressed",
            Self::OtherLanguage => "language",
            Self::Stuck => "stuck",
        })
    }
}

/// Something that is wrong, and the lines that show it.
#[derive(Clone, Debug)]
pub(super) struct Failing {
    /// What.
    pub verdict: Verdict,
    /// The state of the lesson.
    pub state: String,
    /// What was asked, and what was said.
    pub lines: Vec<String>,
}

/// What has come of a play.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What was wrong.
    pub(super) failings: Vec<Failing>,
    /// All that has happened.
    pub(super) transcript: Vec<String>,
    /// There was nothing to do for this learner.
    pub(super) is_skipped: bool,
}

/// What all plays of a lesson have in common.
pub(super) struct Ground {
    pub(super) lesson: Arc<Lesson>,
    pub(super) catalogs: Catalogs,
    pub(super) catalog: Arc<Catalog>,
    pub(super) config: SessionConfig,
    /// The shared secret that is there from the start.
    pub(super) secret: Option<String>,
    pub(super) texts: Texts,
    pub(super) keys: Keys,
}

impl Ground {
    /// How the learner says something.
    pub(super) fn words(&self, topic: &str, english: &str) -> String {
        words::say(&self.lesson, &self.catalog, topic, english)
    }
}

/// All that has happened.
#[derive(Debug, Default)]
pub(super) struct Record(Vec<(Duration, Seen)>);

impl Witness for Record {
    fn see(&mut self, at: Duration, seen: Seen) {
        self.0.push((at, seen));
    }
}

/// A play.
pub(super) struct Trial<'g> {
    pub(super) ground: &'g Ground,
    pub(super) stage: Stage<Record>,
    pub(super) way: Way,
    failings: Vec<Failing>,
    /// How much of the record was looked at.
    n_judged: usize,
    last_line: Option<String>,
    /// What was said in answer to the last message.
    last_reply: Vec<String>,
    /// Secrets that nobody must take any more.
    spent: BTreeSet<String>,
    is_skipped: bool,
    /// How many steps led to where the learner is difficult.
    n_steps: usize,
    /// Whoever goes on passes.
    passes: bool,
}

impl<'g> Trial<'g> {
    /// One that nobody has begun; `passes`: whoever goes on must pass.
    pub(super) fn new(ground: &'g Ground, passes: bool) -> Self {
        let stage = Stage::new(
            ground.config.clone(),
            ground.secret.clone(),
            &ground.keys,
            1,
            Record::default(),
        );
        Self {
            ground,
            stage,
            way: Way::default(),
            failings: Vec::new(),
            n_judged: 0,
            last_line: None,
            last_reply: Vec::new(),
            spent: BTreeSet::new(),
            is_skipped: false,
            n_steps: 0,
            passes,
        }
    }

    /// Goes so many steps from the start: to where the learner is difficult.
    pub(super) fn go(&mut self, n_steps: usize) {
        self.n_steps = n_steps;
        for _ in 0..n_steps {
            self.step();
        }
        self.judge();
        // What is wrong on the straight way is told of that.
        self.failings.clear();
    }

    /// Another play that has come as far as this one had before the learner was difficult.
    pub(super) fn sibling(&self) -> Self {
        let mut sibling = Self::new(self.ground, false);
        sibling.go(self.n_steps);
        sibling
    }

    /// The name of the state that the lesson is in.
    pub(super) fn state(&self) -> String {
        self.stage.state_name(self.stage.state())
    }

    /// What has come of it.
    pub(super) fn finish(mut self) -> Outcome {
        self.judge();
        let Record(record) = self.stage.seen();
        let transcript = record.iter().map(|(at, seen)| line(*at, seen)).collect();
        Outcome { failings: self.failings, transcript, is_skipped: self.is_skipped }
    }

    /// Whether whoever has come to the end has passed, where they must.
    pub(super) fn is_well_ended(&self) -> bool {
        self.stage.is_over() && (self.stage.is_passed() || !self.passes)
    }

    // --- What the learner does ---

    /// Writes something, and expects an answer to it; what that was.
    pub(super) fn say(&mut self, text: &str) -> Vec<String> {
        self.say_as(text, text)
    }

    /// The same, where the transcript shows something shorter.
    pub(super) fn say_as(&mut self, text: &str, shown: &str) -> Vec<String> {
        let was_over = self.stage.is_over();
        let mut was_sent = false;
        let reply = self.expect(shown, |trial| was_sent = trial.stage.say(text));
        if was_over {
            return reply;
        }
        if reply.is_empty() && was_sent && !self.stage.is_over() {
            self.fail(Verdict::Silent, Vec::new());
        }
        if !reply.is_empty() && reply == self.last_reply {
            let last = reply.last().cloned().into_iter().collect();
            self.fail(Verdict::Repeated, last);
        }
        self.last_reply.clone_from(&reply);
        reply
    }

    /// Does something, and expects an answer to it.
    pub(super) fn do_it(&mut self, shown: &str, what: impl FnOnce(&mut Self)) {
        let was_over = self.stage.is_over();
        let reply = self.expect(shown, what);
        if reply.is_empty() && !was_over && !self.stage.is_over() {
            self.fail(Verdict::Silent, Vec::new());
        }
        self.last_reply.clear();
    }

    /// Does something that need not be answered.
    pub(super) fn quietly(&mut self, shown: &str, what: impl FnOnce(&mut Self)) {
        self.expect(shown, what);
        self.last_reply.clear();
    }

    fn expect(&mut self, shown: &str, what: impl FnOnce(&mut Self)) -> Vec<String> {
        self.judge();
        let before = self.n_judged;
        self.stage.echo(shown);
        what(self);
        self.stage.wait(Duration::from_secs(1));
        let mut reply = self.lines_since(before);
        if reply.is_empty() && !self.stage.is_over() {
            self.stage.wait(PATIENCE);
            reply = self.lines_since(before);
        }
        self.judge();
        reply
    }

    /// Lets time pass; what the bot says meanwhile.
    pub(super) fn wait(&mut self, time: Duration) -> Vec<String> {
        self.judge();
        let before = self.n_judged;
        self.stage.echo(&format!("(waits {} seconds)", time.as_secs()));
        self.stage.wait(time);
        self.judge();
        self.lines_since(before)
    }

    /// What the bot has said since the record had so many entries.
    pub(super) fn lines_since(&self, from: usize) -> Vec<String> {
        let Record(record) = self.stage.seen();
        let said = record.iter().skip(from).filter_map(|(_, seen)| match seen {
            Seen::Bot { text, .. } => Some(text.clone()),
            Seen::Did(_)
            | Seen::Program { .. }
            | Seen::Page(_)
            | Seen::PageNow(_)
            | Seen::Step(_)
            | Seen::Note(_) => None,
        });
        said.collect()
    }

    /// From now on, nobody must take this secret any more.
    pub(super) fn spend(&mut self, secret: &str) {
        self.spent.insert(secret.to_owned());
    }

    /// Whether a secret was told.
    pub(super) fn is_spent(&self, secret: &str) -> bool {
        self.spent.contains(secret)
    }

    /// There is nothing for this learner to do here.
    pub(super) fn skip(&mut self) {
        self.is_skipped = true;
    }

    // --- What is wrong ---

    /// Notes that something is wrong; `said` is what the bot said.
    pub(super) fn fail(&mut self, verdict: Verdict, said: Vec<String>) {
        let Record(record) = self.stage.seen();
        let asked = record.iter().rev().find(|(_, seen)| matches!(seen, Seen::Did(_)));
        let mut lines: Vec<String> = asked.map(|(at, seen)| line(*at, seen)).into_iter().collect();
        lines.extend(said.into_iter().map(|said| format!("      bot: {said}")));
        let state = self.state();
        self.failings.push(Failing { verdict, state, lines });
    }

    /// Looks at what has happened since it last looked.
    pub(super) fn judge(&mut self) {
        let Record(record) = self.stage.seen();
        let news: Vec<Seen> =
            record.iter().skip(self.n_judged).map(|(_, seen)| seen.clone()).collect();
        self.n_judged = record.len();
        for seen in news {
            if let Seen::Bot { text, channel, .. } = seen {
                self.judge_line(text, channel);
            }
        }
    }

    fn judge_line(&mut self, text: String, channel: Channel) {
        let is_secret = bot_secret(&text).is_some() && channel < Channel::Verified;
        let tells = Way::secrets().any(|secret| text.contains(secret));
        let is_private = channel == Channel::Clear && self.ground.texts.is_private(&text);
        if is_secret || tells || is_private {
            self.fail(Verdict::Exposed, vec![text.clone()]);
        }
        if self.last_line.as_ref() == Some(&text) {
            self.fail(Verdict::Repeated, vec![text.clone()]);
        }
        self.last_line = Some(text);
    }
}
