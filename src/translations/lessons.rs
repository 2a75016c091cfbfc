//! Texts from lessons.

use std::{collections::BTreeMap, path::Path};

use gettext::{placeholders::placeholders, po::Source};

use super::{Fault, Message, rust::comment_above};

use crate::lesson::messages::messages as of_lesson;

/// The texts of a lesson, in their order. `file` is how references name it, `name` how people do;
/// `bases` are the lessons that it may extend.
///
/// # Errors
///
/// Its faults, with their lines.
pub fn messages(
    name: &str,
    file: &str,
    yaml: &str,
    bases: &BTreeMap<String, String>,
) -> Result<Vec<Message>, Vec<Fault>> {
    let texts = of_lesson(yaml, bases).map_err(|errors| {
        let faults = errors.0.into_iter();
        faults
            .map(|error| {
                let other =
                    error.other.map(|other| Path::new(file).with_file_name(other + ".yaml"));
                let file =
                    other.map_or_else(|| file.to_owned(), |other| other.display().to_string());
                let line = usize::try_from(error.line).unwrap_or(1);
                Fault::new(&file, line, &error.fault.to_string()).at(error.column)
            })
            .collect::<Vec<_>>()
    })?;
    let lines: Vec<&str> = yaml.lines().collect();
    let messages = texts.into_iter().map(|text| {
        let line = usize::try_from(text.line).unwrap_or(1);
        let mut comments = comment_above(&lines, line, "#");
        comments.push(format!("lesson {name}, {}", text.place));
        Message {
            flags: flags(&text.msgid),
            source: Source { context: text.context, text: text.msgid, ..Source::default() },
            reference: format!("{file}:{line}"),
            comments,
        }
    });
    Ok(messages.collect())
}

/// GNU gettext knows `${name}` as the format of shells, which has no lone `$`.
fn flags(text: &str) -> Vec<String> {
    let n_variables: usize =
        placeholders(text).iter().filter(|(name, _)| name.starts_with('$')).map(|(_, n)| n).sum();
    if n_variables > 0 && n_variables == text.matches('$').count() {
        vec!["sh-format".to_owned()]
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translators_are_told_where_a_text_is_said() {
        let yaml = "title: Hi\nstart: a\nstates:\n  a:\n    end: true\n    enter:\n\
            \x20     # i18n: to a learner\n      # who is new\n      - say: Hello ${bot_alias}.\n\
            \x20     # no comment for translators\n      - say: Costs $5, ${bot_alias}.\n";

        let found = messages("hi", "lessons/hi.yaml", yaml, &BTreeMap::new()).unwrap();

        assert_eq!(found.len(), 3);
        let expected = ["to a learner", "who is new", "lesson hi, state a, on coming in"];
        assert_eq!(found[1].comments, expected);
        assert_eq!(found[1].reference, "lessons/hi.yaml:9");
        assert_eq!(found[1].flags, ["sh-format"]);
        assert_eq!(found[2].comments, ["lesson hi, state a, on coming in"]);
        assert!(found[2].flags.is_empty());
    }

    #[test]
    fn a_lesson_that_cannot_be_read_is_named_with_its_line() {
        let faults = messages("hi", "hi.yaml", "title: Hi\nstart: a\nbad: 1\n", &BTreeMap::new())
            .unwrap_err();

        let told = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(told.contains("hi.yaml:3:1: unknown key `bad`"), "{told}");
    }
}
