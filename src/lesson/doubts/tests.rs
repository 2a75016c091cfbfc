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

fn top(top: &'static str) -> Written {
    Written { top: Some(top), ..Written::default() }
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
fn reactions_that_others_always_go_before_are_told() {
    check(&[
        (
            on(
                "      - when: message_received\n      - when: message_received\n        if: [private]\n",
            ),
            &["18:9 `message_received` is never taken in `a`: the one in line 17 always goes"],
        ),
        (
            on(
                "      - when: message_received\n        if: [private]\n      - when: message_received\n",
            ),
            &[],
        ),
        // What follows from a condition, from the event, and from what the state needs.
        (
            on(
                "      - when: message_received\n        if: [private]\n      - when: message_received\n        if: [verified]\n",
            ),
            &["19:9 the one in line 17 always goes before it"],
        ),
        (
            on("      - when: otr_enabled\n        if: [private]\n      - when: otr_enabled\n"),
            &[
                "18:14 `private` says nothing: it always holds when there is `otr_enabled`",
                "19:9 the one in line 17 always goes before it",
            ],
        ),
        (
            Written {
                verified: "      - when: message_received\n        if: [private]\n        about: help\n      - when: message_received\n        about: help\n",
                ..Written::default()
            },
            &[
                "26:14 `private` says nothing: it always holds in `b`",
                "28:9 the one in line 25 always goes before it",
            ],
        ),
        // Several that together take everything.
        (
            on(
                "      - when: smp_aborted\n        if: [has_page]\n      - when: smp_aborted\n        if: [not has_page]\n      - when: smp_aborted\n",
            ),
            &["21:9 one of those in lines 17, 19 always goes before it"],
        ),
        (
            on(
                "      - when: smp_aborted\n        if: [has_page]\n      - when: smp_aborted\n        if: [not has_contact]\n      - when: smp_aborted\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: secret_received\n        if: [not verified]\n      - when: secret_received\n        if: [private]\n      - when: secret_received\n",
            ),
            &["21:9 one of those in lines 17, 19 always goes before it"],
        ),
        // Lists of events and of topics.
        (
            on("      - when: [smp_aborted, smp_started]\n      - when: smp_started\n"),
            &["18:9 this reaction to `smp_started` is never taken in `a`: the one in line 17"],
        ),
        (
            on("      - when: smp_started\n      - when: [smp_aborted, smp_started]\n"),
            &["18:9 this reaction to `smp_started` is never taken in `a`: the one in line 17"],
        ),
        (
            on(
                "      - when: message_received\n        about: help\n      - when: message_received\n        about: more\n      - when: message_received\n        about: [help, more]\n",
            ),
            &["21:9 one of those in lines 17, 19 always goes before it"],
        ),
        (
            on(
                "      - when: message_received\n        about: [help, more]\n      - when: message_received\n        about: more\n",
            ),
            &["19:9 the one in line 17 always goes before it"],
        ),
        (
            on(
                "      - when: message_received\n        about: help\n      - when: message_received\n        about: [more, help]\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: message_received\n      - when: message_received\n        about: help\n",
            ),
            &[],
        ),
        // Those that ask for rest are tried first.
        (
            on(
                "      - when: message_received\n      - when: message_received\n        if: [resting]\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: message_received\n        about: help\n      - when: message_received\n        about: help\n        if: [resting]\n",
            ),
            &[],
        ),
        (
            on(
                "      - when: smp_aborted\n      - when: smp_aborted\n        if: [resting]\n      - when: smp_aborted\n        if: [not resting]\n",
            ),
            &["17:9 one of those in lines 18, 20 always goes before it"],
        ),
        // What is done at most every so often takes the event all the same.
        (
            on(
                "      - when: smp_aborted\n        at_most_every: 20s\n      - when: smp_aborted\n",
            ),
            &["19:9 the one in line 17 always goes before it"],
        ),
    ]);
}

#[test]
fn what_comes_by_waiting_or_by_coming_in_can_come_too_late() {
    check(&[
        (
            on("      - after: 1m\n        go: end\n      - after: 2m\n        go: end\n"),
            &["19:9 this reaction to waiting is never taken in `a`: the one in line 17"],
        ),
        (
            on("      - after: 2m\n        go: end\n      - after: 1m\n        go: end\n"),
            &["17:9 this reaction to waiting is never taken in `a`: the one in line 19"],
        ),
        (
            on("      - after: 1m\n        go: end\n      - after: 1m\n"),
            &["19:9 this reaction to waiting is never taken"],
        ),
        (on("      - after: 1m\n      - after: 2m\n        go: end\n"), &[]),
        // What does not hold after a minute may hold after two.
        (
            on(
                "      - after: 1m\n        if: [private]\n        go: end\n      - after: 2m\n        if: [private]\n",
            ),
            &[],
        ),
        (
            on(
                "      - after: 1m\n        if: [private]\n        go: end\n      - after: 1m\n        if: [private]\n",
            ),
            &["20:9 this reaction to waiting is never taken"],
        ),
        (on("      - when: entered\n      - when: entered\n        if: [private]\n"), &[]),
        (
            on(
                "      - when: entered\n        if: [private]\n        go: end\n      - when: entered\n        if: [verified]\n",
            ),
            &["20:9 this reaction to `entered` is never taken"],
        ),
        (
            Written {
                state: "    hints:\n      - after: 30s\n        do: [tell_task]\n      - after: 2m\n        do: [hush]\n",
                ..on("      - after: 1m\n        go: end\n")
            },
            &["19:9 this hint never comes: the reaction in line 22"],
        ),
        (
            Written {
                state: "    hints:\n      - after: 2m\n        do: [hush]\n",
                ..on(
                    "      - after: 1m\n        go: end\n      - when: smp_aborted\n        hint: true\n",
                )
            },
            &[],
        ),
        (
            Written {
                state: "    hints:\n      - after: 2m\n        do: [tell_task]\n      - after: 2m\n        do: [hush]\n",
                ..Written::default()
            },
            &["19:9 this hint comes at the same time as the one before"],
        ),
    ]);
}

#[test]
fn what_a_state_says_in_the_place_of_anywhere_is_meant_so() {
    check(&[
        (on("      - when: message_received\n        about: [help, more]\n"), &[]),
        (
            Written {
                top: Some(
                    "topics: { danger: danger }\nurgent: danger\nanywhere:\n  - when: message_received\n    about: danger\n  - when: message_received\n  - when: message_received\n",
                ),
                ..on("      - when: message_received\n")
            },
            &["9:5 this reaction to `message_received` is never taken: the one in line 8"],
        ),
    ]);
}

#[test]
fn conditions_that_never_or_always_hold_are_told() {
    check(&[
        (
            on("      - when: smp_aborted\n        if: [verified, not verified]\n"),
            &[
                "18:24 this reaction is never taken: `not verified` never holds together with `verified`",
            ],
        ),
        (
            on("      - when: smp_aborted\n        if: [verified, not private]\n"),
            &["18:24 `not private` never holds together with `verified`"],
        ),
        (
            on("      - when: smp_aborted\n        if: [not private, has_page, verified]\n"),
            &["18:37 `verified` never holds together with `not private`"],
        ),
        (
            on("      - when: otr_enabled\n        if: [not private]\n"),
            &["18:14 `not private` never holds when there is `otr_enabled`"],
        ),
        (
            on("      - when: otr_disabled\n        if: [verified]\n"),
            &["18:14 `verified` never holds when there is `otr_disabled`"],
        ),
        (
            on("      - when: bot_secret_accepted\n        if: [not passed]\n"),
            &["18:14 `not passed` never holds when there is `bot_secret_accepted`"],
        ),
        (
            Written {
                verified: "      - when: message_received\n        if: [has_page, not private]\n",
                ..Written::default()
            },
            &["26:24 `not private` never holds in `b`, which needs a verified conversation"],
        ),
        (
            Written {
                verified: "      - after: 1m\n        if: [verified]\n",
                ..Written::default()
            },
            &["26:14 the condition `verified` says nothing: it always holds in `b`"],
        ),
        (
            on("      - when: smp_aborted\n        if: [has_page, has_page]\n"),
            &["18:24 the condition `has_page` stands in this list twice"],
        ),
        (
            on("      - when: [smp_aborted, smp_aborted]\n"),
            &["17:29 the event `smp_aborted` stands in this list twice"],
        ),
        (
            on("      - when: message_received\n        about: [help, help]\n"),
            &["18:23 the topic `help` stands in this list twice"],
        ),
        (
            on("      - when: smp_aborted\n        if: [private, not verified]\n"),
            &["18:14 `private` says nothing"],
        ),
        (on("      - when: message_received\n        if: [private, not verified]\n"), &[]),
        // Where there are other events, too, it says something.
        (on("      - when: [otr_enabled, otr_trouble]\n        if: [private]\n"), &[]),
    ]);
}

#[test]
fn states_that_go_round_where_something_holds_are_told() {
    let between = |first: &str, second: &str| {
        format!(
            "  c:\n    on:\n      - when: entered\n{first}        go: d\n      - when: message_received\n        go: end\n  d:\n    on:\n      - when: entered\n{second}        go: c\n      - when: message_received\n        go: end\n"
        )
    };
    let lesson = |first: &str, second: &str| {
        let written = on("      - when: smp_aborted\n        go: c\n").yaml();
        parse(&written.replace("  end:\n", &format!("{}  end:\n", between(first, second))))
    };
    let condition = |claims: &str| format!("        if: [{claims}]\n");
    // Never at the same time.
    for (first, second) in [
        ("has_secret", "not has_secret"),
        ("verified", "not private"),
        ("has_page, private", "not has_page"),
    ] {
        let lesson = lesson(&condition(first), &condition(second)).unwrap();
        assert!(!told(&lesson).iter().any(|doubt| doubt.contains("without end")), "{first}");
    }
    for (first, second, claims) in [
        ("has_secret", "has_secret", "where `has_secret` holds"),
        ("has_secret", "has_page", "where `has_secret` and `has_page` holds"),
        ("verified", "private", "where `private` and `verified` holds"),
    ] {
        let found = told(&lesson(&condition(first), &condition(second)).unwrap());
        let round = found.iter().find(|doubt| doubt.contains("without end"));
        let round = round.unwrap_or_else(|| panic!("{first}: {found:?}"));
        assert!(round.contains(claims) && round.contains("`c`, `d`, `c`"), "{round}");
    }
    // One of the ways is always open.
    let found = told(&lesson(&condition("has_secret"), "").unwrap());
    assert!(found.iter().any(|doubt| doubt.contains("where `has_secret` holds")), "{found:?}");
    for (first, second) in [
        (String::new(), String::new()),
        (condition("not private"), {
            let both = "        if: [has_page]\n        go: c\n      - when: entered\n";
            format!("{both}        if: [not has_page]\n")
        }),
    ] {
        let first = if first.is_empty() {
            first
        } else {
            format!("{first}        go: d\n      - when: entered\n        if: [private]\n")
        };
        let faults = lesson(&first, &second).unwrap_err().to_string();
        assert!(faults.contains("without end: `c`, `d`, `c`"), "{faults}");
    }
}

#[test]
fn ways_that_lead_nowhere_are_told() {
    let only = "topics: { danger: danger }\nurgent: danger\nanywhere:\n  - when: message_received\n    about: danger\n  - when: otr_trouble\n    go: end\n";
    check(&[
        (
            Written {
                top: Some(only),
                more: "  c:\n    task: Go.\n    on:\n      - when: message_received\n",
                ..on("      - when: smp_aborted\n        go: c\n")
            },
            &["30:3 no reaction of `c` itself leads to another state"],
        ),
        (
            Written {
                top: Some(only),
                more: "  c:\n    task: Go.\n    on:\n      - when: message_received\n        go: c\n",
                ..on("      - when: smp_aborted\n        go: c\n")
            },
            &["30:3 no reaction of `c` itself leads to another state"],
        ),
        (
            Written {
                more: "  c:\n    task: Go.\n    on:\n      - when: message_received\n        go: end\n",
                ..on("      - when: smp_aborted\n      - when: smp_aborted\n        go: c\n")
            },
            &["18:9 is never taken in `a`", "34:3 the lesson never comes into `c`"],
        ),
        (
            Written {
                more: "  c:\n    task: Go.\n    on:\n      - when: entered\n        go: end\n      - when: smp_started\n    hints:\n      - after: 1m\n        do: [hush]\n",
                ..on("      - when: smp_aborted\n        go: c\n")
            },
            &[
                "33:3 its `hints`",
                "33:3 `c` always leads on at once by `entered`, so that its reactions to anything else",
                "34:11 its `task`",
            ],
        ),
        (
            Written {
                end: "    task: Rest.\n    leave: [hush]\n    on:\n      - when: smp_started\n    hints:\n      - after: 1m\n        do: [hush]\n",
                ..Written::default()
            },
            &[
                "31:3 its `hints`",
                "31:3 its `leave`",
                "31:3 the lesson ends in `end`, so that its reactions come to nothing",
                "33:11 its `task`",
            ],
        ),
        (Written { end: "    enter:\n      - say: Bye.\n", ..Written::default() }, &[]),
    ]);
    let yaml = "title: T\nincludes: common\nstart: end\nstates:\n  end:\n    end: true\n";
    let found = told(&parse(yaml).unwrap());
    assert!(
        found.iter().any(|told| told.starts_with("3:8: the lesson ends where it starts")),
        "{found:?}"
    );
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

#[test]
fn a_lesson_without_a_grade_is_told() {
    let silent = |written: Written| {
        let yaml = written.yaml().replace("It is ${bot_secret}", "It is done.");
        told(&parse(&yaml).unwrap())
    };
    let found = silent(Written::default());
    assert!(found.len() == 1 && found[0].starts_with("1:8: "), "{found:?}");
    assert!(found[0].contains("there is no grade"), "{found:?}");
    let found = silent(Written {
        before: "credit: { encrypted: 20%, verified: 60% }\n",
        ..Written::default()
    });
    assert!(found.len() == 1 && found[0].contains("more of the grade than 60%"), "{found:?}");
    // It is said only behind a reaction that is never taken.
    let yaml = on("      - when: correct_secret_received\n        go: end\n").yaml();
    let found = told(&parse(&yaml).unwrap());
    let secret = found.iter().find(|told| told.contains("only where the lesson never comes to"));
    assert!(secret.is_some_and(|told| told.starts_with("25:14: ")), "{found:?}");
}
