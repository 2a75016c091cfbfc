//! Lessons with one slip each, and where and how it is told.

mod taken;
mod ways;

use crate::lesson::{Lesson, LessonErrors, doubts_of_shared, is_shared, library, parse};

/// A lesson without slips, but for what is put in.
#[derive(Clone, Copy, Default)]
struct Written {
    /// In the place of what cares for who is in danger.
    top: Option<&'static str>,
    /// Between the title and the topics.
    before: &'static str,
    /// In the first state, among its keys.
    state: &'static str,
    /// In the first state, before its other reactions.
    on: &'static str,
    /// In the second one, which needs a verified conversation.
    verified: &'static str,
    /// In the end.
    end: &'static str,
    /// More states.
    more: &'static str,
}

const SAFE: &str = "topics:
  danger: danger
  help: help
  more: more
urgent: [danger]
anywhere:
  - when: message_received
    about: danger
  - when: message_received
    about: [help, more]
";

impl Written {
    fn yaml(self) -> String {
        let Self { top, before, state, on, verified, end, more } = self;
        let top = top.unwrap_or(SAFE);
        format!(
            "title: T
start: a
{before}{top}states:
  a:
    task: Wait.
{state}    on:
{on}      - when: correct_secret_received
        go: b
  b:
    needs: verified
    task: Bring it.
    enter:
      - say: It is ${{bot_secret}}
    on:
{verified}      - when: otr_disabled
        go: a
      - when: otr_enabled
        go: a
      - when: bot_secret_accepted
        go: end
{more}  end:
    end: true
{end}"
        )
    }

    fn parse(self) -> Result<Lesson, LessonErrors> {
        parse(&self.yaml())
    }
}

fn told(lesson: &Lesson) -> Vec<String> {
    let doubts = lesson.doubts().into_iter();
    doubts
        .map(|doubt| format!("{}:{}: {}", doubt.spot.line, doubt.spot.column, doubt.kind))
        .collect()
}

/// Holds that of each lesson exactly this is told: the line `@` in what was put in, and a piece of the
/// text.
#[track_caller]
fn check(cases: &[(Written, &[&str])]) {
    for (written, expected) in cases {
        let found = told(&written.parse().unwrap_or_else(|e| panic!("{e}\n{}", written.yaml())));
        let n_told = expected.len();
        assert_eq!(found.len(), n_told, "{}\n{found:#?}", written.yaml());
        for (found, expected) in found.iter().zip(*expected) {
            let (place, text) = expected.split_once(' ').unwrap();
            let is_right = found.starts_with(&format!("{place}: ")) && found.contains(text);
            assert!(is_right, "{}\n{found}\nis not: {expected}", written.yaml());
        }
    }
}

fn on(on: &'static str) -> Written {
    Written { on, ..Written::default() }
}

fn top(top: &'static str) -> Written {
    Written { top: Some(top), ..Written::default() }
}

#[test]
fn a_lesson_that_cares_has_no_doubts() {
    check(&[
        (Written::default(), &[]),
        (
            on(
                "      - when: message_received\n        about: help\n      - when: message_received\n",
            ),
            &[],
        ),
    ]);
}

#[test]
fn the_shipped_lessons_have_no_doubts() {
    for (name, yaml) in library::built_in() {
        let found = if is_shared(yaml) {
            let found = doubts_of_shared(yaml).into_iter();
            found.map(|doubt| format!("{}: {}", doubt.spot.line, doubt.kind)).collect()
        } else {
            told(&parse(yaml).unwrap())
        };
        assert_eq!(found, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn danger_must_be_answered_everywhere_and_always() {
    let general = "      - when: message_received\n";
    let topic = "topics: { danger: danger }\nurgent: danger\n";
    check(&[
        (Written { on: general, ..top("") }, &["1:8 no topic is `urgent`"]),
        (
            Written { on: general, ..top(topic) },
            &["3:11 `danger` has no reaction that always fits in `a`, `b`"],
        ),
        (
            Written {
                on: "      - when: message_received\n        about: danger\n        if: [private]\n",
                verified: "      - when: message_received\n        about: danger\n        if: [private]\n",
                ..top(topic)
            },
            &[
                "3:11 `danger` has no reaction that always fits in `a`",
                "22:14 the condition `private` says nothing: it always holds in `b`, which needs a verified",
            ],
        ),
    ]);
}

#[test]
fn topics_that_nothing_is_about_and_states_without_a_task_are_told() {
    let unused = "topics:\n  danger: danger\n  more: more\nurgent: danger\nanywhere:\n  - when: message_received\n    about: danger\n";
    check(&[
        (top(unused), &["5:3 no reaction is about the topic `more`"]),
        (
            Written {
                more: "  c:\n    on:\n      - when: smp_started\n        go: end\n",
                ..on("      - when: smp_aborted\n        go: c\n")
            },
            &["33:3 the state `c` waits for the learner and has no `task`"],
        ),
        (
            Written {
                more: "  c:\n    on:\n      - when: entered\n        if: [has_page]\n        go: end\n      - when: entered\n        if: [not has_page]\n        go: end\n",
                ..on("      - when: smp_aborted\n        go: c\n")
            },
            &[],
        ),
    ]);
}

#[test]
fn words_of_topics_that_are_never_heard_are_told_at_their_words() {
    let words = |words: &str| {
        let yaml =
            Written::default().yaml().replace("  help: help\n", &format!("  help: {words}\n"));
        told(&parse(&yaml).unwrap())
    };
    assert_eq!(words("help, how"), Vec::<String>::new());
    for (written, expected) in [
        ("help; how", "hold `;`"),
        ("help how what", "these 3 words in a row"),
        ("help,, how", "stands nothing"),
        ("help, how, Help", "has `Help` twice"),
        ("help, -help", "never hears `help`"),
        ("\"-help\"", "hears nothing"),
        ("help ${contact}", "`${contact}` stands for nothing in the words of a topic"),
        ("danger", "all words of the topic `help` are words of `danger`"),
    ] {
        let found = words(written);
        assert!(found.len() == 1 && found[0].starts_with("5:9: "), "{written}: {found:?}");
        assert!(found[0].contains(expected), "{written}: {found:?}");
    }
}

#[test]
fn texts_that_were_meant_for_the_program_are_told() {
    let saying = |text: &str| {
        let on = "      - when: smp_aborted\n        do:\n          - say: TEXT\n";
        told(&parse(&Written { on, ..Written::default() }.yaml().replace("TEXT", text)).unwrap())
    };
    for (text, expected) in [
        (
            "I am ${bot-alias}.",
            "`${bot-alias}` is no variable, and learners read it as it stands; write `${bot_alias}`",
        ),
        ("It is $5.", "`$5` is no variable"),
        ("I am $bot_alias.", "write `${bot_alias}`"),
        ("I am {bot_alias}.", "`{bot_alias}` is no variable"),
        ("I am ${ bot_alias }.", "write `${bot_alias}`"),
        ("I am ${}.", "`${}` is no variable"),
        ("I am %(name)s.", "`%(name)s` is no variable"),
    ] {
        let found = saying(text);
        assert!(found.len() == 1 && found[0].starts_with("19:18: "), "{text}: {found:?}");
        assert!(found[0].contains(expected), "{text}: {found:?}");
    }
    assert!(saying("It costs $$5, ${bot_alias}.").is_empty());
    check(&[
        (
            on("      - when: smp_aborted\n        do:\n          - say: [One., Two., Two.]\n"),
            &["19:31 the same as the one before"],
        ),
        (
            on(
                "      - when: smp_aborted\n        do:\n          - say: One.\n        again:\n          - - say: One.\n",
            ),
            &["21:20 the next time the same is done"],
        ),
    ]);
    let titled = |title: &str| {
        let yaml = Written::default().yaml().replacen("title: T", &format!("title: {title}"), 1);
        told(&parse(&yaml).unwrap())
    };
    assert!(titled("' '")[0].starts_with("1:8: the title is empty"));
    assert!(titled("Hi ${bot_alias}")[0].contains("stands for nothing in a title"));
}

#[test]
fn keys_and_actions_that_do_nothing_are_told() {
    check(&[
        (
            on("      - when: message_received\n        about: help\n        hint: true\n"),
            &["19:15 `hint: true` gives nothing in `a`, which has no `hints`"],
        ),
        (
            Written {
                state: "    hints:\n      - after: 1m\n        do: [tell_task]\n",
                ..on("      - when: message_received\n        about: help\n        hint: true\n")
            },
            &[],
        ),
        (
            on("      - when: entered\n        at_most_every: 5s\n"),
            &["17:9 `at_most_every` does nothing with `when: entered`"],
        ),
        (
            on("      - after: 1m\n        at_most_every: 5s\n"),
            &["17:9 `at_most_every` does nothing with `after`"],
        ),
        (
            Written {
                state: "    hints:\n      - after: 1m\n        do: [tell_task]\n",
                ..on("      - when: entered\n        hint: true\n")
            },
            &["21:15 `hint: true` does nothing with `when: entered`"],
        ),
        (
            on("      - when: correct_answer_received\n"),
            &["17:9 this never happens, as nothing in the lesson does `answer`"],
        ),
        (
            on(
                "      - when: smp_question_used\n        do:\n          - answer: Paris\n      - when: correct_answer_received\n",
            ),
            &[],
        ),
        (
            on("      - when: message_received\n        do:\n          - answer: Paris\n"),
            &["19:21 `answer` does nothing here"],
        ),
        (
            Written { end: "    enter:\n      - tell_task\n", ..Written::default() },
            &["34:9 `tell_task` says nothing here"],
        ),
        (
            on("      - when: smp_aborted\n        do:\n          - hold_bot_secret\n"),
            &["19:13 after `hold_bot_secret` the page never takes the bot secret again"],
        ),
        (
            Written {
                more: "  c:\n    task: Go.\n    enter:\n      - become_impostor\n    on:\n      - when: message_received\n        go: end\n",
                ..on("      - when: smp_aborted\n        go: c\n")
            },
            &["36:9 after `become_impostor` the bot is never itself again"],
        ),
    ]);
}
