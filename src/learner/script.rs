//! The lines of a learner's script.

use std::{fmt, time::Duration};

use crate::failure::Failure;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Nothing,
    Say(String),
    Otr,
    Smp(Option<String>),
    Abort,
    End,
    Wait(Wait),
    Pause(Duration),
    Quit,
}

/// What can be waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Private,
    Plain,
    Verified,
    Secret,
    Text(String),
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Private => f.write_str("a private conversation"),
            Self::Plain => f.write_str("the end of the private conversation"),
            Self::Verified => f.write_str("the verification"),
            Self::Secret => f.write_str("the bot secret"),
            Self::Text(words) => write!(f, "the words {words:?}"),
        }
    }
}

/// Reads a line; the error says what is known instead.
pub(super) fn parse(line: &str) -> Result<Line, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Nothing);
    }
    let Some(command) = line.strip_prefix('/') else { return Ok(Line::Say(line.to_owned())) };
    let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
    let rest = rest.trim();
    match (word, rest) {
        ("otr", "") => Ok(Line::Otr),
        ("smp", "") => Ok(Line::Smp(None)),
        ("smp", _) => match rest.strip_prefix("ask ") {
            Some(question) => Ok(Line::Smp(Some(question.trim().to_owned()))),
            None => Err("write /smp, or /smp ask QUESTION"),
        },
        ("abort", "") => Ok(Line::Abort),
        ("end", "") => Ok(Line::End),
        ("quit", "") => Ok(Line::Quit),
        ("pause", _) => match rest.parse::<f64>().ok().map(Duration::try_from_secs_f64) {
            Some(Ok(pause)) => Ok(Line::Pause(pause)),
            Some(Err(_)) | None => Err("write /pause SECONDS"),
        },
        ("wait", "private") => Ok(Line::Wait(Wait::Private)),
        ("wait", "plain") => Ok(Line::Wait(Wait::Plain)),
        ("wait", "verified") => Ok(Line::Wait(Wait::Verified)),
        ("wait", "secret") => Ok(Line::Wait(Wait::Secret)),
        ("wait", _) => match rest.strip_prefix("text ") {
            Some(words) => Ok(Line::Wait(Wait::Text(words.trim().to_owned()))),
            None => Err("wait for private, plain, verified, secret, or text WORDS"),
        },
        _ => Err("the commands are /otr /smp /abort /end /wait /pause /quit"),
    }
}

/// A line that is no line of a script.
pub(super) fn misread(name: &str, number: u64, line: &str, why: &str) -> Failure {
    Failure::InvalidArgument(format!("{name}:{number}: {:?}: {why}", line.trim()))
}

/// The bot secret in a text, if one is there: `XXXX-XXXX-XXXX-XXXX`, upper-case letters.
pub(super) fn bot_secret(text: &str) -> Option<String> {
    let is_secret = |word: &&str| {
        word.split('-').count() == 4
            && word.split('-').all(|group| {
                group.len() == 4 && group.bytes().all(|byte| byte.is_ascii_uppercase())
            })
    };
    text.split(|c: char| !(c.is_ascii_uppercase() || c == '-')).find(is_secret).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        assert_eq!(parse("  hello there "), Ok(Line::Say("hello there".into())));
        assert_eq!(parse("/smp ask who?"), Ok(Line::Smp(Some("who?".into()))));
        assert_eq!(parse("/wait text good day"), Ok(Line::Wait(Wait::Text("good day".into()))));
        assert_eq!(parse("/pause 0.5"), Ok(Line::Pause(Duration::from_millis(500))));
        assert_eq!(parse("# a note"), Ok(Line::Nothing));
        assert!(parse("/wait what").is_err());
        assert!(parse("/pause -1").is_err());
        assert!(parse("/dance").is_err());
    }

    #[test]
    fn the_help_tells_every_command_as_it_can_be_written() {
        let told = crate::cli::LEARNER_SCRIPT;
        for command in
            ["/otr", "/smp", "/smp ask ", "/abort", "/end", "/pause ", "/quit"].into_iter().chain([
                "/wait private",
                "/wait verified",
                "/wait secret",
                "/wait plain",
                "/wait text ",
            ])
        {
            assert!(told.contains(&format!("  {command}")), "{command}");
        }
        for line in told.lines().filter(|line| line.starts_with("  /")) {
            let command = line.trim().split("  ").next().unwrap().replace("SECONDS", "1");
            assert!(parse(&command).is_ok(), "{line}");
        }
    }

    #[test]
    fn a_bot_secret_is_found_in_its_sentence() {
        assert_eq!(bot_secret("It is ABCD-EFGH-IJKL-MNOP."), Some("ABCD-EFGH-IJKL-MNOP".into()));
        assert_eq!(bot_secret("ABCD-EFGH-IJKL"), None);
        assert_eq!(bot_secret("abcd-efgh-ijkl-mnop"), None);
    }
}
