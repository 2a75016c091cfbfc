//! What an author expects of a lesson: `/expect` in a play.

use unicode_normalization::UnicodeNormalization as _;

use crate::{
    authoring::stage::{Seen, Stage, Witness},
    lesson::{Lesson, nearest},
    records::pasted,
};

/// Most lines that are shown of what was said instead.
const N_SHOWN: usize = 20;

/// Something that is expected to be so, or not to be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expectation {
    what: What,
    is_negated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// The bot has said this since the learner's last line.
    Said(String),
    /// The page has shown this since then.
    Shown(String),
    /// The lesson is in this state.
    State(String),
    /// The learner has this grade, in percent.
    Grade(u8),
    /// The lesson has ended.
    End,
}

/// How `/expect` is written.
const USAGE: &str = "write /expect TEXT, /expect page TEXT, /expect state NAME, /expect \
                                grade 40% or /expect end, each with `not` before it for the contrary";

impl Expectation {
    /// Reads what stands behind `/expect`; the error says what can stand there.
    pub(super) fn parse(rest: &str) -> Result<Self, String> {
        if rest.is_empty() {
            return Err(USAGE.to_owned());
        }
        if let Some(text) = quoted(rest) {
            return Ok(Self { what: What::Said(text.to_owned()), is_negated: false });
        }
        let (is_negated, rest) = match split(rest) {
            ("not", rest) => (true, rest),
            _ => (false, rest),
        };
        let text = |word: &str, rest: &str| {
            let text = quoted(rest).unwrap_or(rest);
            if fold(text).is_empty() {
                let what = format!("/expect {word} needs a text");
                return Err(format!(
                    "{what}; a text that is this word stands in \"quotation marks\""
                ));
            }
            Ok(text.to_owned())
        };
        let what = match split(rest) {
            ("page", text_of) => What::Shown(text("page", text_of)?),
            ("state", name) => What::State(text("state", name)?),
            ("grade", part) => What::Grade(percent(part).ok_or_else(|| {
                format!(
                    "`{part}` is no grade; write /expect grade and a part such as 0%, 40% or 100%"
                )
            })?),
            ("end", "") => What::End,
            _ => What::Said(text("not", rest)?),
        };
        Ok(Self { what, is_negated })
    }

    /// That a lesson can be so at all; the error says what is not there.
    pub(super) fn check(&self, lesson: &Lesson) -> Result<(), String> {
        let What::State(name) = &self.what else { return Ok(()) };
        let names: Vec<&str> =
            lesson.graph().states().iter().map(|state| state.name.as_str()).collect();
        if names.contains(&name.as_str()) {
            return Ok(());
        }
        let nearest = nearest(name, &names).map(|name| format!(" (`{name}`?)")).unwrap_or_default();
        Err(format!(
            "the lesson has no state `{name}`{nearest}; a text that begins with this word stands in \
             \"quotation marks\""
        ))
    }

    /// Whether it is so; `since` is what has happened since the learner's last line. The error says
    /// what is so instead.
    pub(super) fn hold<W: Witness>(&self, stage: &Stage<W>, since: &[Seen]) -> Result<(), String> {
        let here = || stage.state_name(stage.state());
        let (is_so, instead) = match &self.what {
            What::Said(text) => {
                let said = since.iter().filter_map(|seen| {
                    if let Seen::Bot { text, .. } = seen { Some(text.as_str()) } else { None }
                });
                told(text, "the bot", "said", &said.collect::<Vec<_>>())
            }
            What::Shown(text) => {
                let shown = since.iter().filter_map(|seen| {
                    if let Seen::Page(text) | Seen::PageNow(text) = seen {
                        Some(text.as_str())
                    } else {
                        None
                    }
                });
                told(text, "the page", "shown", &shown.collect::<Vec<_>>())
            }
            What::State(name) => {
                let here = here();
                (here == *name, format!("the lesson is in {here}, not in {name}"))
            }
            What::Grade(percent) => {
                let has = stage.percent();
                (has == *percent, format!("the grade is {has}%, not {percent}%"))
            }
            What::End => {
                (stage.is_over(), format!("the lesson has not ended: it is in {}", here()))
            }
        };
        if is_so != self.is_negated {
            return Ok(());
        }
        Err(if self.is_negated { self.contrary() } else { instead })
    }

    /// What is so though it should not be.
    fn contrary(&self) -> String {
        match &self.what {
            What::Said(text) => format!("the bot has said \"{text}\", which it should not"),
            What::Shown(text) => format!("the page has shown \"{text}\", which it should not"),
            What::State(name) => format!("the lesson is in {name}, where it should not be"),
            What::Grade(percent) => format!("the grade is {percent}%, which it should not be"),
            What::End => "the lesson has ended, which it should not have".to_owned(),
        }
    }
}

/// Whether a text is in what was told since the learner's last line, and that it is not.
fn told(text: &str, who: &str, done: &str, lines: &[&str]) -> (bool, String) {
    let is_so = fold(&lines.join(" ")).contains(&fold(text));
    let what = if lines.is_empty() { "nothing" } else { "this:" };
    let first =
        format!("{who} has not {done} \"{text}\" since the learner's last line, but {what}");
    let n_more = lines.len().saturating_sub(N_SHOWN);
    let more = (n_more > 0).then(|| format!("and {n_more} more"));
    let told = lines.iter().take(N_SHOWN).map(|line| (*line).to_owned()).chain(more);
    (is_so, told.fold(first, |instead, line| instead + "\n    " + &line))
}

/// The first word, and the rest.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

/// What stands between quotation marks.
fn quoted(text: &str) -> Option<&str> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    (!fold(text).is_empty()).then_some(text)
}

fn percent(text: &str) -> Option<u8> {
    text.strip_suffix('%')?.trim_end().parse().ok().filter(|percent| *percent <= 100)
}

/// A text in the form in which expectations are compared: case, the number and kind of blanks, line
/// ends, the kind of quotation marks, and signs that nobody sees do not matter.
fn fold(text: &str) -> String {
    let alike = text.chars().map(|c| match c {
        c if pasted::is_apostrophe(c) => '\'',
        c if pasted::is_quotation_mark(c) => '"',
        c => c,
    });
    let seen = alike.nfkc().filter(|c| !pasted::is_unseen(*c)).flat_map(char::to_lowercase);
    let seen: String = seen.collect();
    let words: Vec<&str> = seen.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(rest: &str) -> Result<(What, bool), String> {
        Expectation::parse(rest).map(|expectation| (expectation.what, expectation.is_negated))
    }

    #[test]
    fn each_form_is_read_and_quotation_marks_make_a_text_of_it() {
        let said = |text: &str| What::Said(text.to_owned());
        for (rest, what, is_negated) in [
            ("Hello there", said("Hello there"), false),
            ("not Hello", said("Hello"), true),
            ("\"not yet\"", said("not yet"), false),
            ("not \"not yet\"", said("not yet"), true),
            ("nothing", said("nothing"), false),
            ("pages", said("pages"), false),
            ("end of the lesson", said("end of the lesson"), false),
            ("\"end\"", said("end"), false),
            ("end", What::End, false),
            ("not end", What::End, true),
            ("page a shared secret", What::Shown("a shared secret".to_owned()), false),
            ("not page step", What::Shown("step".to_owned()), true),
            ("state greeting", What::State("greeting".to_owned()), false),
            ("grade 40%", What::Grade(40), false),
            ("not grade 0%", What::Grade(0), true),
        ] {
            assert_eq!(parsed(rest), Ok((what, is_negated)), "{rest}");
        }
        for (rest, part) in [
            ("", "write /expect TEXT"),
            ("not", "needs a text"),
            ("page", "/expect page needs a text"),
            ("state \u{200f}", "/expect state needs a text"),
            ("grade", "`` is no grade"),
            ("grade much", "`much` is no grade"),
            ("grade 101%", "`101%` is no grade"),
            ("grade 40", "`40` is no grade"),
        ] {
            let error = parsed(rest).unwrap_err();
            assert!(error.contains(part), "{rest}: {error}");
        }
    }

    #[test]
    fn case_blanks_and_what_nobody_sees_do_not_matter() {
        let lines = || ["Hello,\u{a0}I am\n  \u{2068}Marvin\u{2069}.", "It’s “private” now."];
        for text in ["hello, i am marvin.", "MARVIN", "it's  \"private\"", "marvin. it's"] {
            assert!(told(text, "the bot", "said", &lines()).0, "{text}");
        }
        for text in ["hello i am", "Hellо", "now here"] {
            assert!(!told(text, "the bot", "said", &lines()).0, "{text}");
        }
        let (_, instead) = told("x", "the bot", "said", &["line"; 23]);
        assert!(instead.ends_with("and 3 more"), "{instead}");
    }
}
