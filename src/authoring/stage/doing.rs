//! What the learner does in the chat.

use std::{collections::VecDeque, fmt, sync::Arc, time::Instant};

use otr::{Output, SigningKey};
use rand::rngs::StdRng;

use super::{Stage, Witness, program::Program};

/// What is compared in the place of the shared secret.
const WRONG: &str = "something else";

/// Most programs of one learner.
const MAX_PROGRAMS: usize = 9;

impl<W: Witness> Stage<W> {
    /// Whether the learner is there.
    fn can_chat(&mut self) -> bool {
        if self.is_away {
            self.cannot("the learner is away; /back comes back");
        }
        !self.is_away && !self.is_over
    }

    /// Has the learner's program do something, and carries what comes of it.
    fn act<E: fmt::Display>(
        &mut self,
        what: impl FnOnce(&mut Program, Instant, &mut StdRng) -> Result<Vec<Output>, E>,
        hint: &str,
    ) -> bool {
        if !self.can_chat() {
            return false;
        }
        let now = self.now;
        let Some(program) = self.programs.get_mut(self.current) else { return false };
        match what(program, now, &mut self.rng) {
            Ok(outputs) => {
                self.carry(outputs);
                true
            }
            Err(error) => {
                self.cannot(&format!("{error}{hint}"));
                false
            }
        }
    }

    /// Writes something, in the way that the learner's program does now. Whether it was sent.
    pub(in crate::authoring) fn say(&mut self, text: &str) -> bool {
        self.act(|p, now, rng| p.conversation.send(now, rng, text), "; /otr off, or /otr on")
    }

    /// A text reaches the bot unencrypted.
    pub(in crate::authoring) fn plain(&mut self, text: &str) {
        let effects = self.session.on_chat(self.now, &mut self.rng, text);
        self.take(effects);
    }

    /// The bot secret that the learner read last.
    pub(in crate::authoring) fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Says the bot secret.
    pub(in crate::authoring) fn tell_code(&mut self) {
        match self.code.clone() {
            Some(code) => {
                self.say(&code);
            }
            None => self.cannot("the bot has not said its secret yet"),
        }
    }

    /// Whether the program that the learner uses is in a private conversation.
    pub(in crate::authoring) fn is_private(&self) -> bool {
        self.program().is_some_and(|program| program.conversation.is_private())
    }

    /// Whether that program takes the bot's key for verified.
    pub(in crate::authoring) fn is_shown_verified(&self) -> bool {
        self.program().is_some_and(|program| program.verified.contains(&program.bots_key()))
    }

    /// Whether the bot waits for the learner to compare secrets.
    pub(in crate::authoring) fn is_asked(&self) -> bool {
        self.program().is_some_and(|program| program.is_asked)
    }

    /// Starts a private conversation.
    pub(in crate::authoring) fn start_otr(&mut self) {
        if self.is_private() {
            self.cannot("the chat is private already; /otr refresh starts it anew");
            return;
        }
        self.begin_otr();
    }

    /// Starts it anew.
    pub(in crate::authoring) fn refresh_otr(&mut self) {
        if !self.is_private() {
            self.cannot("the chat is not private; /otr on makes it so");
            return;
        }
        self.begin_otr();
    }

    fn begin_otr(&mut self) {
        self.act(|p, now, rng| Ok::<_, fmt::Error>(p.conversation.start(now, rng)), "");
    }

    /// Ends it.
    pub(in crate::authoring) fn end_otr(&mut self) {
        let end = |program: &mut Program, now, rng: &mut StdRng| {
            let outputs = program.conversation.end(now, rng);
            if outputs.is_empty() {
                Err("there is no private conversation to end")
            } else {
                Ok(outputs)
            }
        };
        self.act(end, "");
    }

    /// Compares secrets: the one of the page, or another.
    pub(in crate::authoring) fn smp(&mut self, is_right: bool) {
        let secret = match (&self.secret, is_right) {
            (Some(secret), true) => secret.clone(),
            (None, true) => {
                self.cannot("there is no shared secret yet; /secret TEXT types one into the page");
                return;
            }
            (_, false) => WRONG.to_owned(),
        };
        self.smp_with(&secret);
    }

    /// Compares this secret.
    pub(in crate::authoring) fn smp_with(&mut self, secret: &str) {
        let is_shared = self.secret.as_deref() == Some(secret);
        self.act(
            |program, now, rng| {
                program.compares_secret = is_shared;
                if std::mem::take(&mut program.is_asked) {
                    program.conversation.smp_answer(now, rng, secret.as_bytes())
                } else {
                    program.conversation.smp_start(now, rng, secret.as_bytes(), None)
                }
            },
            "",
        );
    }

    /// Compares secrets by a question.
    pub(in crate::authoring) fn ask(&mut self, question: &str, answer: Option<&str>) {
        let Some(answer) = answer.map(str::to_owned).or_else(|| self.secret.clone()) else {
            self.cannot("there is no shared secret yet; /smp question TEXT = ANSWER needs none");
            return;
        };
        let is_shared = self.secret.as_ref() == Some(&answer);
        self.act(
            |program, now, rng| {
                program.compares_secret = is_shared;
                program.conversation.smp_start(now, rng, answer.as_bytes(), Some(question))
            },
            "",
        );
    }

    /// Cancels the comparison. Where there is none, one is begun and cancelled at once, as by somebody
    /// who closes the window for it.
    pub(in crate::authoring) fn abort_smp(&mut self) {
        let secret = self.secret.clone().unwrap_or_else(|| WRONG.to_owned());
        self.act(
            |program, now, rng| {
                let mut outputs = Vec::new();
                if !std::mem::take(&mut program.is_asked) && !program.conversation.is_verifying() {
                    program.compares_secret = false;
                    outputs = program.conversation.smp_start(now, rng, secret.as_bytes(), None)?;
                }
                outputs.extend(program.conversation.smp_abort(now, rng)?);
                Ok::<_, otr::error::SmpError>(outputs)
            },
            "",
        );
    }

    /// Goes on with another program: with the one of this name, which is new if it was not there
    /// before. The one before stays online.
    pub(in crate::authoring) fn change_client(&mut self, name: Option<&str>) {
        if !self.can_chat() {
            return;
        }
        let number = self.programs.len().saturating_add(1).to_string();
        let name = name.map_or(number, str::to_owned);
        if let Some(known) = self.programs.iter().position(|program| program.name == name) {
            self.current = known;
            self.note(&format!("the learner goes on with program {name}"));
            return;
        }
        if self.programs.len() >= MAX_PROGRAMS {
            self.cannot("nobody has more programs than that; /client NAME goes back to one");
            return;
        }
        let key = Arc::new(SigningKey::generate(&mut self.rng));
        let program = Program::new(name.clone(), key, self.policy, &mut self.rng);
        self.current = self.programs.len();
        self.programs.push(program);
        self.note(&format!(
            "the learner goes on with another program, {name}; it has another key, and OTR is off"
        ));
        self.come_online();
    }

    fn come_online(&mut self) {
        let Some(client) = self.program().map(Program::client) else { return };
        let effects = self.session.on_return(self.now, &mut self.rng, &client);
        self.take(effects);
    }

    /// The learner comes online without saying anything.
    pub(in crate::authoring) fn arrive(&mut self) {
        if self.state().is_some() {
            self.cannot("the learner is there already; /arrive stands at the beginning alone");
            return;
        }
        let effects = self.session.on_arrival(self.now, &mut self.rng);
        self.take(effects);
    }

    /// All programs of the learner go offline. They keep their private conversations.
    pub(in crate::authoring) fn go_away(&mut self) {
        if !self.can_chat() {
            return;
        }
        self.is_away = true;
        self.note("the learner is offline");
        let clients: Vec<_> = self.programs.iter().map(Program::client).collect();
        for (ix, client) in clients.iter().enumerate() {
            let is_last = ix.saturating_add(1) == clients.len();
            let effects = self.session.on_gone(self.now, &mut self.rng, client, is_last);
            self.take(effects);
        }
    }

    /// They come back, and get what was sent meanwhile.
    pub(in crate::authoring) fn come_back(&mut self) {
        if !std::mem::take(&mut self.is_away) {
            self.cannot("the learner is not away");
            return;
        }
        self.note("the learner is online again");
        let mut under_way = VecDeque::new();
        for (to, body) in std::mem::take(&mut self.held) {
            self.deliver(&to, &body, &mut under_way);
        }
        self.exchange(Vec::new(), under_way);
        let current = self.current;
        for ix in 0..self.programs.len() {
            self.current = ix;
            self.come_online();
        }
        self.current = current;
    }
}
