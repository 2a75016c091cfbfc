//! Chat programs that are typed to: how a shared secret with blanks is given to each.
//!
//! Which program a learner uses is known by what they say in the chat, or by the resource of their
//! address, which most programs begin with their name.

use std::time::Instant;

use secrecy::{ExposeSecret as _, SecretString};

use super::{Session, listening::Heard, phrases, speech::Kind};
use crate::i18n;

/// A chat program, as far as that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// Takes one word, or what stands in straight quotation marks: anything else is refused.
    Profanity,
    /// Takes the first word, or what stands in straight quotation marks.
    BitlBee,
    /// As that one.
    WeeChat,
    /// Takes the secret as it stands: mcabber, irssi, and all that have windows to type it into.
    Other,
}

/// The names of programs: of topics of lessons, and with which resources begin.
const NAMES: [(&str, Program); 11] = [
    ("profanity", Program::Profanity),
    ("bitlbee", Program::BitlBee),
    ("weechat", Program::WeeChat),
    ("mcabber", Program::Other),
    ("irssi", Program::Other),
    ("pidgin", Program::Other),
    ("adium", Program::Other),
    ("psi", Program::Other),
    ("coyim", Program::Other),
    ("thunderbird", Program::Other),
    ("gajim", Program::Other),
];

impl Program {
    /// The program of a resource, such as `profanity.x4Td`.
    fn of_resource(resource: &str) -> Option<Self> {
        let resource = resource.to_lowercase();
        NAMES.iter().find(|(name, _)| resource.starts_with(name)).map(|(_, program)| *program)
    }

    fn of_topic(topic: &str) -> Option<Self> {
        NAMES.iter().find(|(name, _)| *name == topic).map(|(_, program)| *program)
    }
}

/// Whether there are blanks in a secret.
fn has_blanks(secret: &SecretString) -> bool {
    secret.expose_secret().trim().contains(char::is_whitespace)
}

impl Session {
    /// The learner may have named their program.
    pub(super) fn note_program(&mut self, heard: &Heard) {
        let topics = self.config.lesson.topics();
        let mut named =
            heard.topics.iter().filter_map(|topic| Program::of_topic(&topics.get(topic.0)?.name));
        if let (Some(program), None) = (named.next(), named.next()) {
            self.program = Some(program);
        }
    }

    /// The program that the learner uses; `None`: nobody knows.
    fn program(&self) -> Option<Program> {
        let voice = self.voice();
        self.program.or_else(|| voice.name().and_then(Program::of_resource))
    }

    /// How a secret with blanks that the learner has just agreed on is typed into their program, where
    /// that is known, and is not obvious.
    pub(super) fn tell_quoting(&mut self, now: Instant) {
        let is_blank = self.shared_secret.as_ref().is_some_and(has_blanks);
        if let Some(program) = self.program().filter(|_| is_blank) {
            self.say_quoting(now, Some(program));
        }
    }

    /// The same before anything else is said of the first comparison that has failed, also where
    /// nobody knows the program.
    pub(super) fn explain_blanks(&mut self, now: Instant) {
        let is_blank = self.shared_secret.as_ref().is_some_and(has_blanks);
        // Who plays somebody else has no secret to compare.
        if is_blank && self.n_mismatches == 1 && self.oneself.is_none() {
            self.say_quoting(now, self.program());
        }
    }

    fn say_quoting(&mut self, now: Instant, program: Option<Program>) {
        let phrase = match program {
            Some(Program::Other) => return,
            Some(Program::Profanity) => phrases::quoted_in_profanity,
            Some(Program::BitlBee) => phrases::quoted_in_bitlbee,
            Some(Program::WeeChat) => phrases::quoted_in_weechat,
            None => phrases::quoted_in_programs,
        };
        self.say_phrase(now, phrase, Kind::Notice);
        if self.config.has_page {
            let text = i18n::scope(&self.config.catalog, phrases::hyphens_need_no_quotes);
            self.say_words(now, text, Kind::Notice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_their_resources_and_topics() {
        for (resource, program) in [
            ("profanity", Some(Program::Profanity)),
            ("Profanity.x4Td", Some(Program::Profanity)),
            ("BitlBeeQ3", Some(Program::BitlBee)),
            ("mcabber.1f2e", Some(Program::Other)),
            ("Psi+", Some(Program::Other)),
            ("a8f3", None),
            ("", None),
        ] {
            assert_eq!(Program::of_resource(resource), program, "{resource}");
        }
        assert_eq!(Program::of_topic("weechat"), Some(Program::WeeChat));
        assert_eq!(Program::of_topic("weechats"), None);
    }

    #[test]
    fn blanks_around_a_secret_do_not_count() {
        assert!(has_blanks(&SecretString::from("purple walrus")));
        assert!(has_blanks(&SecretString::from("purple\u{a0}walrus")));
        assert!(!has_blanks(&SecretString::from(" purple-walrus ")));
    }
}
