//! `otrbot lesson rubric`: difficult learners and the shipped lessons, and lessons that let them down.

#![expect(clippy::panic, reason = "helpers of a test may fail it")]

use crate::authoring::support::{Folder, Said, shipped};

/// The languages in which nobody may be let down.
const LOCALES: [&str; 2] = ["en_GB", "ar"];

/// A lesson with these reactions in its only state, from which OTR leads to the end.
fn lesson(top: &str, on: &str) -> String {
    format!(
        "title: T\nstart: a\n{top}states:\n  a:\n    task: Please start OTR.\n    on:\n{on}      \
         - when: otr_enabled\n        go: end\n  end:\n    enter:\n      - say: Good-bye.\n    end: true\n"
    )
}

fn rubric(arguments: &[&str], yaml: &str) -> Said {
    let folder = Folder::new();
    folder.write("mine.yaml", yaml);
    folder.lesson(&[&["rubric", "mine.yaml"], arguments].concat())
}

/// The row of a learner.
#[track_caller]
fn row<'s>(said: &'s Said, learner: &str) -> &'s str {
    let row = said.out.lines().find(|line| line.starts_with(&format!("{learner}  ")));
    row.unwrap_or_else(|| panic!("{learner} is not in:\n{}\n{}", said.out, said.err))
}

const CARING: &str = "\
topics:
  danger: in danger
  help: help
urgent: danger
anywhere:
  - when: message_received
    about: danger
    do:
      - rest
      - say: Go to people whom you trust.
    again:
      - - rest
        - say: Please go to people whom you trust.
      - - rest
        - say: I cannot help, but people can.
";

const TALKING: &str = "      - when: message_received\n        do:\n          - say: Hm.\n        again:\n          \
                       - - say: Well.\n          - - say: I am a bot.\n";

#[test]
fn nobody_is_let_down_by_the_shipped_lessons() {
    for locale in LOCALES {
        for (name, _) in shipped() {
            let said = Folder::new().lesson(&["rubric", &name, "--locale", locale]);
            assert_eq!(said.code, 0, "{name} in {locale}:\n{}\n{}", said.out, said.err);
            assert!(said.out.starts_with(&format!("{name} ({locale})\n")), "{}", said.out);
            for learner in ["silence", "danger", "tells the secret unverified", "another program"] {
                let row = row(&said, learner);
                assert!(row.contains(" ok ") && row.contains(" state"), "{row}");
            }
            assert!(said.out.contains(": nobody was let down"), "{}", said.out);
        }
    }
}

#[test]
fn a_lesson_that_says_nothing_is_silent() {
    let said = rubric(&[], &lesson(CARING, "").replace("    task: Please start OTR.\n", ""));

    assert_eq!(said.code, 4, "{said:?}");
    assert!(row(&said, "help, ten times").contains(" silent "), "{}", said.out);
    assert!(said.err.contains("mine.yaml: difficult learners were let down in "), "{}", said.err);
}

#[test]
fn danger_that_is_answered_as_anything_else_is_told() {
    let said = rubric(&[], &lesson("topics:\n  help: help\n", TALKING));

    assert_eq!(said.code, 4, "{said:?}");
    assert!(row(&said, "danger").contains("not heard"), "{}", said.out);
    // What was asked, and what was said.
    assert!(said.out.contains("> I am in danger\n"), "{}", said.out);
    assert!(said.out.contains("bot: Hm.\n"), "{}", said.out);
}

#[test]
fn whoever_is_in_danger_must_be_left_in_peace() {
    let hint =
        format!("{TALKING}      - after: 3m\n        do:\n          - say: Come on, start OTR!\n");
    let good = rubric(&[], &lesson(CARING, &hint));
    let bad = rubric(&[], &lesson(&CARING.replace("rest", "hush"), &hint));

    assert!(row(&good, "danger").contains(" ok "), "{}", good.out);
    assert!(row(&bad, "danger").contains("pressed"), "{}", bad.out);
    assert!(bad.out.contains("bot: Come on, start OTR!"), "{}", bad.out);
}

#[test]
fn whoever_repeats_themselves_without_being_asked_is_told() {
    let on = format!(
        "{TALKING}      - after: 1m\n        do:\n          - say: Hurry!\n      - after: 2m\n        \
         do:\n          - say: Hurry!\n"
    );

    // Where a lesson has tasks, the session itself sees to it.
    let yaml = lesson(CARING, &on).replace("    task: Please start OTR.\n", "");
    let said = rubric(&[], &yaml);

    assert!(row(&said, "silence").contains("repeated"), "{}", said.out);
}

#[test]
fn transcripts_are_shown_on_demand() {
    let yaml = lesson(CARING, TALKING);
    let (short, long) = (rubric(&[], &yaml), rubric(&["-v"], &yaml));

    assert!(!short.out.contains("00:00 > ") && long.out.contains("00:00 > "), "{}", long.out);
    assert!(long.out.contains("=== help, ten times in a: "), "{}", long.out);
    assert!(long.out.contains("bot [clear]: Well."), "{}", long.out);
}

#[test]
fn what_is_not_there_is_refused() {
    let folder = Folder::new();

    assert_eq!(folder.lesson(&["rubric", "no-such-lesson"]).code, 2);
    assert_eq!(folder.lesson(&["rubric", "basics", "--locale", "xx"]).code, 2);
    let help = folder.lesson(&["rubric", "--help"]);
    assert_eq!(help.code, 0);
    for flag in ["--locale", "--locales", "--no-page", "--contact", "--returning", "--keep-key"] {
        assert!(help.out.contains(flag), "{flag}\n{}", help.out);
    }
}
