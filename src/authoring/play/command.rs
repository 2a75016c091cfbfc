//! What an author types while playing a lesson.

use std::time::Duration;

use super::expect::Expectation;
use crate::lesson;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Nothing,
    Say(String),
    Plain(String),
    Tell,
    OtrOn,
    OtrOff,
    OtrRefresh,
    SmpRight,
    SmpWrong,
    SmpQuestion { question: String, answer: Option<String> },
    SmpAbort,
    Secret(String),
    Code(Option<String>),
    Wait(Duration),
    Client(Option<String>),
    Away,
    Back,
    Page,
    Language(String),
    Arrive,
    State,
    Expect(Expectation),
    Help,
    Quit,
}

impl Command {
    /// Whether it only looks at what has happened: so it can stand after the end, and what comes next
    /// still counts from the line before.
    pub(super) fn only_looks(&self) -> bool {
        matches!(self, Self::Nothing | Self::Page | Self::State | Self::Expect(_) | Self::Help)
    }
}

/// What `/help` shows.
pub(super) const HELP: &[(&str, &str)] = &[
    ("TEXT", "is said to the bot, encrypted while the chat is private"),
    ("/otr on", "starts a private conversation"),
    ("/otr off", "ends it"),
    ("/otr refresh", "starts it anew while it is private"),
    ("/secret TEXT", "types a shared secret into the web page"),
    ("/smp right", "compares secrets, with the right one; answers, if the bot has asked"),
    ("/smp wrong", "the same with a wrong one"),
    ("/smp question TEXT", "asks a question whose answer is the shared secret"),
    ("/smp question TEXT = ANSWER", "asks a question with another answer"),
    ("/smp abort", "cancels the comparison; if there is none, begins one and cancels it at once"),
    ("/code", "types the bot secret into the web page, as the bot told it"),
    ("/code TEXT", "types something else there"),
    ("/tell", "says the bot secret in the chat"),
    ("/plain TEXT", "sends a text unencrypted, as anybody could, in a private conversation"),
    ("/wait 90s", "lets time pass (s, m or h): hints and timeouts come"),
    ("/client", "goes on with another chat program, which has another key; both are online"),
    (
        "/client NAME",
        "the same, with a name; or goes back to the program of that name (the first is 1)",
    ),
    ("/away", "goes offline: what the bot has to say waits"),
    ("/back", "comes back online"),
    ("/page", "shows what the learner's page would show"),
    ("/language LOCALE", "chooses another language on the page"),
    ("/arrive", "comes online without saying anything; at the beginning only"),
    ("/state", "shows where the lesson is"),
    ("/expect TEXT", "holds that the bot has said TEXT since the learner's last line"),
    ("/expect page TEXT", "holds that the page has shown TEXT since then"),
    ("/expect state NAME", "holds that the lesson is in this state"),
    ("/expect grade 40%", "holds that the learner has this grade by now"),
    ("/expect end", "holds that the lesson has ended"),
    (
        "/expect not …",
        "holds the contrary of any of these; a text may stand in \"quotation marks\"",
    ),
    ("/quit", "ends"),
];

/// The first words of all commands.
const WORDS: [&str; 17] = [
    "otr", "secret", "smp", "code", "tell", "plain", "wait", "client", "away", "back", "page",
    "language", "arrive", "state", "expect", "help", "quit",
];

/// Reads a line; the error says what is known instead.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Command::Nothing);
    }
    let Some(command) = line.strip_prefix('/') else { return Ok(Command::Say(line.to_owned())) };
    let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    let text = || {
        let text = rest.to_owned();
        if text.is_empty() { Err(format!("/{word} needs a text")) } else { Ok(text) }
    };
    match (word, rest) {
        ("otr", "on") => Ok(Command::OtrOn),
        ("otr", "off") => Ok(Command::OtrOff),
        ("otr", "refresh") => Ok(Command::OtrRefresh),
        ("otr", _) => Err("write /otr on, /otr off or /otr refresh".to_owned()),
        ("smp", "right") => Ok(Command::SmpRight),
        ("smp", "wrong") => Ok(Command::SmpWrong),
        ("smp", "abort") => Ok(Command::SmpAbort),
        ("smp", _) => match rest.strip_prefix("question ").map(str::trim) {
            Some(asked) => Ok(match asked.rsplit_once(" = ") {
                Some((question, answer)) => Command::SmpQuestion {
                    question: question.trim().to_owned(),
                    answer: Some(answer.trim().to_owned()),
                },
                None => Command::SmpQuestion { question: asked.to_owned(), answer: None },
            }),
            None => Err("write /smp right, wrong, abort, or question TEXT".to_owned()),
        },
        ("secret", _) => text().map(Command::Secret),
        ("plain", _) => text().map(Command::Plain),
        ("code", "") => Ok(Command::Code(None)),
        ("code", _) => Ok(Command::Code(Some(rest.to_owned()))),
        ("wait", _) => lesson::duration(rest)
            .map(Command::Wait)
            .ok_or_else(|| "write /wait and a time such as 90s, 5m or 1h".to_owned()),
        ("tell", "") => Ok(Command::Tell),
        ("client", "") => Ok(Command::Client(None)),
        ("client", name) if !name.contains(char::is_whitespace) => {
            Ok(Command::Client(Some(name.to_owned())))
        }
        ("client", _) => Err("write /client, or /client and a name of one word".to_owned()),
        ("away", "") => Ok(Command::Away),
        ("back", "") => Ok(Command::Back),
        ("page", "") => Ok(Command::Page),
        ("language", _) => text().map(Command::Language),
        ("arrive", "") => Ok(Command::Arrive),
        ("state", "") => Ok(Command::State),
        ("expect", _) => Expectation::parse(rest).map(Command::Expect),
        ("help", "") => Ok(Command::Help),
        ("quit", "") => Ok(Command::Quit),
        _ => {
            let nearest = lesson::nearest(word, &WORDS).filter(|nearest| nearest != word);
            let nearest = nearest.map(|word| format!(" (/{word}?)")).unwrap_or_default();
            Err(format!("unknown command /{command}{nearest}; /help lists the commands"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        for (line, command) in [
            ("  hello there ", Command::Say("hello there".into())),
            ("# a note", Command::Nothing),
            ("/otr on", Command::OtrOn),
            ("/smp  right", Command::SmpRight),
            ("/wait 90s", Command::Wait(Duration::from_secs(90))),
            ("/code", Command::Code(None)),
            ("/code no", Command::Code(Some("no".into()))),
            ("/client", Command::Client(None)),
            ("/client phone", Command::Client(Some("phone".into()))),
            ("/away", Command::Away),
            ("/language nl_NL", Command::Language("nl_NL".into())),
        ] {
            assert_eq!(parse(line), Ok(command), "{line}");
        }
        let (question, answer) = ("1 = one, 2 = ?".to_owned(), Some("two".to_owned()));
        assert_eq!(
            parse("/smp question 1 = one, 2 = ? = two"),
            Ok(Command::SmpQuestion { question, answer })
        );
    }

    #[test]
    fn what_is_no_command_is_told_with_the_nearest() {
        assert!(parse("/secrt x").unwrap_err().contains("(/secret?)"));
        for line in [
            "/otr",
            "/smp",
            "/wait",
            "/wait soon",
            "/secret",
            "/dance",
            "/state x",
            "/client my phone",
            "/expect",
            "/expect grade",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn help_names_every_command() {
        for word in WORDS.iter().filter(|word| **word != "help") {
            assert!(HELP.iter().any(|(line, _)| line.starts_with(&format!("/{word}"))), "{word}");
        }
    }
}
