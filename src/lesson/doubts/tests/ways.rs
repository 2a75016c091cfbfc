//! Where a lesson goes, and whether it comes to its grade.

use super::*;

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
                more: "  c:\n    task: Go.\n    on:\n      - when: smp_started\n        if: [verified, not private]\n        go: end\n",
                ..on("      - when: smp_aborted\n        go: c\n")
            },
            &["33:3 `c` never comes to an end", "37:24 `not private` never holds together"],
        ),
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
