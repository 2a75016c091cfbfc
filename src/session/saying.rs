//! How a line gets out: its variables replaced, in a conversation that is what it needs.

use std::{sync::Arc, time::Instant};

use otr::error::SendError;
use rand_core::CryptoRng;
use secrecy::ExposeSecret as _;

use super::{
    Effect, Meaning, Note, Session,
    bidi::isolated,
    hearing::forward,
    speech::{Kind, Line},
};

use crate::{
    i18n,
    lesson::{
        text::{self, BOT_SECRET},
        vocabulary::Need,
    },
};

impl Session {
    /// Sends a line now, if the conversation is what the line needs.
    pub(super) fn send(
        &mut self,
        now: Instant,
        rng: &mut dyn CryptoRng,
        line: Line,
        effects: &mut Vec<Effect>,
    ) {
        if line.needs > self.certain() {
            return;
        }
        let to = self.voice();
        let carries_secret = line.needs == Need::Verified;
        let mut said = zeroize::Zeroizing::new(self.substitute(&line.text, carries_secret));
        if is_rtl(&said) {
            let contact = self.config.contact.as_deref().unwrap_or("");
            said = zeroize::Zeroizing::new(isolated(&said, &[contact]));
        }
        match self.conversation.send(now, rng, &said) {
            Ok(outputs) => {
                if carries_secret {
                    self.note_bot_secret_said();
                } else {
                    self.own_lines.note(&said);
                }
                let meaning = Meaning::Line(Arc::new(line));
                for output in outputs {
                    forward(output, &to, || meaning.clone(), effects);
                }
            }
            Err(SendError::KeysUsedUp) => {
                self.start_otr(now, rng, effects);
                effects.push(Effect::Note(Note::Refused("keys used up")));
            }
            Err(SendError::Finished | SendError::NotPrivate) => {
                effects.push(Effect::Note(Note::Refused("finished")));
            }
            Err(SendError::EncryptionRequired) => {
                effects.push(Effect::Note(Note::Refused("encryption required")));
            }
            Err(SendError::TooLong { .. }) => {
                effects.push(Effect::Note(Note::Refused("line too long")));
            }
        }
    }

    pub(super) fn say_phrase(&mut self, now: Instant, phrase: fn() -> String, kind: Kind) {
        let text = i18n::scope(&self.config.catalog, phrase);
        self.say_words(now, text, kind);
    }

    pub(super) fn say_words(&mut self, now: Instant, text: String, kind: Kind) {
        let needs = self.certain().min(Need::Private);
        self.speech.push(now, Line { text, needs, kind });
    }

    pub(super) fn substitute(&self, text: &str, with_secret: bool) -> String {
        let fingerprint = self.conversation.our_fingerprint().to_string();
        let theirs = self.conversation.peer_fingerprint().map(|theirs| theirs.to_string());
        text::substitute(text, |name| match name {
            BOT_SECRET => {
                let secret = self.bot_secret.as_ref().filter(|_| with_secret);
                Some(secret.map_or("", |secret| secret.expose_secret()))
            }
            "fingerprint" => Some(&fingerprint),
            "learner_fingerprint" => Some(theirs.as_deref().unwrap_or("")),
            "secret_warning" => Some(&self.secret_warning),
            "secret_advice" => Some(&self.secret_advice),
            "contact" => Some(self.config.contact.as_deref().unwrap_or("")),
            "learner_question" => Some(&self.learner_question),
            _ => self.config.variables.get(name).map(String::as_str),
        })
    }
}

/// Whether a line is of a language that is written from right to left.
fn is_rtl(line: &str) -> bool {
    line.chars().any(
        |c| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'),
    )
}
