//! What the session and the learner's programs do, put into words.

use super::{Channel, Seen, Stage, Witness, bot_secret};

use crate::{
    drawing::words,
    fsm::StateIx,
    lesson::vocabulary::EventKind,
    records::Progress,
    session::{Effect, Note, Step},
};

impl<W: Witness> Stage<W> {
    /// Shows where the lesson is.
    pub(in crate::authoring) fn show_state(&mut self) {
        let state = self.state_name(self.session.lesson_state());
        let whereabouts = self.session.whereabouts();
        let secret = if whereabouts.has_secret { "a" } else { "no" };
        let progress = whereabouts.progress;
        let grade = self.percent();
        self.note(&format!(
            "state {state}; {progress:?}; {secret} shared secret is known; the grade is {grade}%"
        ));
    }

    /// The name of a state.
    pub(in crate::authoring) fn state_name(&self, ix: Option<StateIx>) -> String {
        let state = ix.and_then(|ix| self.lesson.graph().state(ix));
        state.map_or_else(|| "(not begun)".to_owned(), |state| state.name.clone())
    }

    pub(super) fn show_steps(&mut self) {
        for step in self.session.take_trace() {
            let Step { event, is_handled, from, path, deeds, n_lines } = step;
            let path: Vec<String> = path.into_iter().map(|ix| self.state_name(Some(ix))).collect();
            let path = path.join(" -> ");
            if from.is_none() {
                self.see(Seen::Step(format!("the lesson begins in {path}")));
                continue;
            }
            let from_name = self.state_name(from);
            let what = words::event(event);
            if !is_handled {
                let reserve = if event == EventKind::BotSecretTold { ", as such" } else { "" };
                self.see(Seen::Step(format!("{what}: not handled in {from_name}{reserve}")));
                continue;
            }
            let arrow = if path.is_empty() { "" } else { " -> " };
            let way = format!("{from_name}{arrow}{path}");
            let mut done: Vec<String> = deeds.into_iter().map(words::deed).collect();
            if n_lines > 0 {
                done.push(words::says(n_lines));
            }
            let done =
                if done.is_empty() { String::new() } else { format!(" ({})", done.join(", ")) };
            self.see(Seen::Step(format!("{what}: {way}{done}")));
        }
    }

    pub(super) fn show_effect(&mut self, effect: Effect) {
        match effect {
            Effect::Note(Note::Refused(why)) => {
                self.note(&format!("the bot's OTR did not take a message: {why}"));
            }
            Effect::Language(locale) => self.note(&format!("the session goes on in {locale}")),
            // A grade that was given is not taken back.
            Effect::Progress { progress, credit: Some(credit) }
                if self.has_page && self.grade.is_none_or(|grade| credit > grade) =>
            {
                self.grade = Some(credit);
                let (step, percent) = (progress_word(progress), self.percent());
                self.note(&format!("step: {step}; the grade so far: {percent}%"));
            }
            Effect::Ended { status, passed } => {
                (self.is_over, self.is_passed) = (true, passed);
                let passed = if passed { "passed" } else { "not passed" };
                self.note(&format!("the lesson has ended: {passed}"));
                self.note(&format!("the bot's status text: {status}"));
            }
            Effect::Send { .. }
            | Effect::Composing(_)
            | Effect::Note(_)
            | Effect::Progress { .. }
            | Effect::Claimed(_) => {}
        }
    }

    pub(super) fn show_event(&mut self, program: usize, event: otr::Event) {
        let Some(at) = self.programs.get_mut(program) else { return };
        let key = at.bots_key();
        let short = key.get(..8).unwrap_or_default().to_owned();
        let what = match event {
            otr::Event::Heard { text, encrypted } => {
                return self.show_words(program, text, encrypted);
            }
            otr::Event::GoneSecure { .. } => {
                let known = if at.verified.contains(&key) { "" } else { "not " };
                format!("private, {known}verified; the bot's key is {short}…")
            }
            otr::Event::StillSecure { .. } => "private, with fresh keys".to_owned(),
            otr::Event::PeerEnded | otr::Event::IdleEnded => {
                "the other side has ended the private conversation".to_owned()
            }
            otr::Event::GoneInsecure => "the private conversation is ended".to_owned(),
            otr::Event::SmpAsked { question } => {
                at.is_asked = true;
                let question = question.map(|q| format!(": {q}")).unwrap_or_default();
                format!("asks for the secret{question}; /smp right answers")
            }
            otr::Event::SmpSucceeded => {
                if at.compares_secret {
                    at.proved.insert(key.clone());
                }
                at.verified.insert(key);
                format!("the answers are the same: the key {short}… is verified")
            }
            otr::Event::SmpFailed => "the answers differ".to_owned(),
            otr::Event::SmpAborted | otr::Event::SmpCheated => {
                at.is_asked = false;
                "the comparison is cancelled".to_owned()
            }
            otr::Event::PeerError(_) => "the bot could not read a message".to_owned(),
            otr::Event::Refused(_)
            | otr::Event::Withheld { .. }
            | otr::Event::ExtraKey { .. }
            | otr::Event::Downgraded { .. }
            | otr::Event::Resent
            | otr::Event::Heartbeat => return,
        };
        let which = self.which(program);
        self.see(Seen::Program { what, which });
    }

    fn show_words(&mut self, program: usize, text: String, encrypted: bool) {
        // A message shows by itself that the bot has stopped typing.
        self.is_composing = false;
        let channel = if encrypted { self.channel(program) } else { Channel::Clear };
        if let Some(code) = bot_secret(&text).filter(|_| encrypted) {
            self.code = Some(code);
        }
        let to = self.which(program);
        self.see(Seen::Bot { text, channel, to });
    }

    /// The name of a program, where there are several.
    fn which(&self, program: usize) -> Option<String> {
        let program = self.programs.get(program).filter(|_| self.programs.len() > 1);
        program.map(|program| program.name.clone())
    }
}

/// A step of the lesson in a word.
pub(super) fn progress_word(progress: Progress) -> &'static str {
    match progress {
        Progress::Invited => "invited",
        Progress::Talking => "talking",
        Progress::Encrypted => "encrypted",
        Progress::Verified => "verified",
        Progress::Done => "done",
    }
}
