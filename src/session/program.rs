//! Chat programs that are typed to: how a shared secret with blanks is given to each.
//!
//! The words are the same for every secret: in the chat they are read by whoever is at the other end,
//! and before the keys are verified that may be anybody.
//!
//! Which program a learner uses is known by what they say in the chat, or by the resource of their
//! address, which most programs begin with their name.

use std::{collections::BTreeSet, time::Instant};

use super::{Session, listening::Heard, phrases, speech::Kind};

/// A chat program, as far as that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// What is known of how the learner gives their secret to their program.
#[derive(Debug, Default)]
pub(super) struct Quoting {
    /// The program, as they have named it.
    program: Option<Program>,
    /// Those of which it was said how they take a secret with blanks.
    told: BTreeSet<Program>,
    /// What is compared is the answer to a question of theirs.
    pub(super) is_of_question: bool,
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

impl Session {
    /// The learner may have named their program.
    pub(super) fn note_program(&mut self, heard: &Heard) {
        let topics = self.config.lesson.topics();
        let mut named =
            heard.topics.iter().filter_map(|topic| Program::of_topic(&topics.get(topic.0)?.name));
        if let (Some(program), None) = (named.next(), named.next()) {
            self.quoting.program = Some(program);
        }
    }

    /// The program that the learner uses; `None`: nobody knows.
    fn program(&self) -> Option<Program> {
        let voice = self.voice();
        self.quoting.program.or_else(|| voice.name().and_then(Program::of_resource))
    }

    /// How a secret with blanks is typed into the learner's program, where that is known, and is not
    /// obvious: once, when a secret is agreed on or about to be compared.
    pub(super) fn tell_quoting(&mut self, now: Instant) {
        let Some(program) = self.program() else { return };
        if let Some(phrase) = quoting(program)
            && self.quoting.told.insert(program)
        {
            self.say_phrase(now, phrase, Kind::Notice);
        }
    }

    /// The same before anything else is said of the first comparison that has failed, also where
    /// nobody knows the program. To ask a question takes other commands, which the lesson tells.
    pub(super) fn explain_blanks(&mut self, now: Instant) {
        // Who plays somebody else has no secret to compare.
        let is_compared = self.oneself.is_none() && !self.quoting.is_of_question;
        if self.n_mismatches != 1 || !is_compared {
            return;
        }
        let phrase: Option<fn() -> String> = match self.program() {
            Some(program) => quoting(program),
            None => Some(phrases::quoted_in_programs),
        };
        let Some(phrase) = phrase else { return };
        self.quoting.told.extend(self.program());
        self.say_phrase(now, phrase, Kind::Notice);
        if self.config.has_page {
            self.say_phrase(now, phrases::hyphens_need_no_quotes, Kind::Notice);
        }
    }
}

/// How a program wants a secret with blanks; `None`: as it is.
fn quoting(program: Program) -> Option<fn() -> String> {
    match program {
        Program::Profanity => Some(phrases::quoted_in_profanity),
        Program::BitlBee => Some(phrases::quoted_in_bitlbee),
        Program::WeeChat => Some(phrases::quoted_in_weechat),
        Program::Other => None,
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
}
