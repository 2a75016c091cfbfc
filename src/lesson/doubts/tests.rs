//! Lessons with one slip each, and where and how it is told.

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
