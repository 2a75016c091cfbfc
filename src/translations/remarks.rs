//! What translators are told of what stands in a text for something else: a line for each, such as
//! `{bot}: the name of the bot`. One name means one thing, so that most need no remark in the code.

use gettext::placeholders::placeholders;

use super::Message;

/// Where a placeholder of the code stands (the beginning of its file's name), what it is called, and
/// what is put in its place. The first row that fits counts.
const PLACEHOLDERS: &[(&str, &str, &str)] = &[
    ("src/drawing/", "{n}", "a number, which chooses the plural form"),
    ("src/drawing/", "{time}", "a length of time, such as “5 minutes”"),
    ("src/drawing/", "{times}", "lengths of time, such as “1 minute, 5 minutes”"),
    ("src/drawing/", "{text}", "the beginning of what the bot says"),
    ("src/drawing/", "{first}", "the first of two things that are joined"),
    ("src/drawing/", "{second}", "the second of two things that are joined"),
    ("src/drawing/", "{cause}", "what happens, such as “OTR is on”"),
    ("src/drawing/", "{causes}", "what happens, such as “OTR is on”; may be several things"),
    ("src/drawing/", "{effect}", "what the bot does then"),
    ("src/drawing/", "{event}", "what happens, such as “writes a message”"),
    ("src/drawing/", "{condition}", "what must hold for it, such as “the chat is private”"),
    ("src/drawing/", "{topics}", "what the message is about: names from the lesson"),
    ("src/drawing/", "{done}", "what the bot does, such as “ends OTR”"),
    ("src/drawing/", "{name}", "the name of a state of the lesson, in English"),
    ("src/drawing/", "{state}", "the name of a state of the lesson, in English"),
    ("src/drawing/", "{need}", "how the chat is there, such as “private”"),
    ("src/session/", "{title}", "the title of the exercise"),
    ("src/http/", "{n}", "a number"),
    ("src/http/", "{all}", "how many there are in all, a number"),
    ("src/http/", "{time}", "a moment, such as “2026-05-01 14:30 UTC”"),
    ("src/http/", "{title}", "the heading of the page"),
    ("src/http/", "{heading}", "the heading of the page"),
    ("src/http/", "{contact}", "whom learners can turn to, in the words of the settings"),
    ("src/http/", "{number}", "six digits"),
    ("src/http/", "{person}", "the name of the learner, as the course gives it"),
    ("src/http/", "{percent}", "a number from 0 to 100; a percent sign follows it"),
    ("src/http/", "{reference}", "a number that administrators find in the log"),
    ("src/http/", "{link}", "a link; its text is translated apart"),
    ("src/http/", "{theirs}", "what the course sent, such as “LTI-2p0”"),
    ("src/http/", "{ours}", "what the exercise understands: “LTI 1.1”"),
    ("src/http/", "{tool}", "the name of the exercise"),
    ("src/http/", "{url}", "a web address"),
    ("src/http/", "{why}", "one sentence or more that say why, translated apart"),
    ("src/", "{bot}", "the name of the bot, such as “Marvin”"),
    ("src/", "{jid}", "a Jabber ID, such as learner@example.org"),
];

/// The variables of lessons, and what is put in their place.
const VARIABLES: [(&str, &str); 11] = [
    ("bot_title", "the title of the bot, in the words of the settings"),
    ("bot_description", "what the bot is, in the words of the settings"),
    ("project_name", "where learners come from, such as the name of the LMS"),
    ("bot_alias", "the name by which the bot speaks of itself, such as “Marvin”"),
    ("fingerprint", "the fingerprint of the bot's key: five groups of eight signs"),
    ("learner_fingerprint", "the fingerprint of the learner's key: five groups of eight signs"),
    (
        "secret_warning",
        "why a shared secret was refused, a sentence translated apart; may be empty",
    ),
    ("secret_advice", "what to do better about a shared secret, a sentence translated apart"),
    ("contact", "whom learners can turn to, in the words of the settings"),
    ("learner_question", "the question that the learner asked, in their words"),
    ("bot_secret", "the secret that the learner brings to the page: four groups of four letters"),
];

/// Adds a remark for each placeholder that the remarks do not name yet. Gives those that nobody
/// explains.
pub(super) fn explain(message: &mut Message) -> Vec<String> {
    let Message { source, reference, comments, .. } = message;
    let mut names = placeholders(&source.text);
    names.extend(source.plural.as_deref().map(placeholders).unwrap_or_default());
    let mut unexplained = Vec::new();
    for name in names.into_keys() {
        if comments.iter().any(|comment| comment.contains(&name)) {
            continue;
        }
        match meaning(&name, reference) {
            Some(meaning) => comments.push(format!("{name}: {meaning}")),
            // In lessons, braces without a dollar stand for themselves.
            None if reference.contains(".rs:") => unexplained.push(name),
            None => {}
        }
    }
    unexplained
}

fn meaning(name: &str, reference: &str) -> Option<&'static str> {
    if let Some(variable) = name.strip_prefix("${").and_then(|name| name.strip_suffix('}')) {
        let known = VARIABLES.iter().find(|(known, _)| *known == variable);
        return Some(
            known.map_or("what the settings have for it under format_strings", |(_, meaning)| {
                *meaning
            }),
        );
    }
    let row = PLACEHOLDERS
        .iter()
        .find(|(place, known, _)| *known == name && reference.starts_with(place));
    row.map(|(.., meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use gettext::po::Source;

    use super::*;
    use crate::lesson::text::KNOWN_VARIABLES;

    fn message(reference: &str, text: &str, plural: Option<&str>, comments: &[&str]) -> Message {
        Message {
            source: Source {
                text: text.to_owned(),
                plural: plural.map(str::to_owned),
                ..Source::default()
            },
            reference: reference.to_owned(),
            comments: comments.iter().map(|comment| (*comment).to_owned()).collect(),
            flags: Vec::new(),
        }
    }

    #[test]
    fn each_placeholder_is_explained_once() {
        let mut told =
            message("src/http/a.rs:1", "{n} of {all}: {n}", Some("{bot}"), &["{all} of the list"]);

        assert!(explain(&mut told).is_empty());
        let explained =
            ["{all} of the list", "{bot}: the name of the bot, such as “Marvin”", "{n}: a number"];
        assert_eq!(told.comments, explained);
        assert!(explain(&mut told).is_empty());
        assert_eq!(told.comments, explained, "a second time adds nothing");
    }

    #[test]
    fn what_nobody_explains_is_given_and_lessons_have_variables_alone() {
        let mut told = message("src/a.rs:1", "{what} {}", None, &[]);
        assert_eq!(explain(&mut told), ["{what}", "{}"]);

        let mut told = message("a.yaml:1", "{what} ${bot_alias} ${ours}", None, &[]);
        assert!(explain(&mut told).is_empty());
        let ours = "${ours}: what the settings have for it under format_strings";
        assert!(told.comments.len() == 2 && told.comments[1] == ours, "{:?}", told.comments);
    }

    #[test]
    fn every_variable_of_lessons_has_a_meaning() {
        let explained: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
        for name in KNOWN_VARIABLES {
            assert!(explained.contains(&name), "{name}");
        }
    }
}
