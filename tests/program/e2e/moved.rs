//! A lesson is changed while learners stand in it; and assignments ask for a lesson that is not there.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{fs, path::Path, thread, time::Duration};

use crate::e2e::program;
use crate::e2e::talk::{School, Talk};
use support::lms::Launch;
use support::oauth::Consumer;
use support::stage::Stage;
use support::wait::{PATIENCE, poll};
use support::web;

/// A lesson in which a learner waits in the clear and whispers in private.
fn walking(whispering: &str, more: &str) -> String {
    format!(
        "title: Walking\nstart: waiting\n{more}states:\n  waiting:\n    task: Go private.\n    enter:\n      \
         - say: We wait here.\n    on:\n      - when: otr_enabled\n        go: {whispering}\n  \
         {whispering}:\n    needs: private\n    task: Whisper.\n    enter:\n      - say: We are {whispering} here.\n    \
         on:\n      - when: otr_disabled\n        go: waiting\n      - when: message_received\n        about: bye\n        \
         go: end\n      - when: message_received\n        do:\n          - say: Still {whispering}.\n  \
         end:\n    end: true\ntopics: {{ bye: bye }}\n"
    )
}

fn write(folder: &Path, yaml: &str) {
    fs::write(folder.join("walking.yaml"), yaml).unwrap();
}

/// A school with that lesson, and a learner in the state in which it whispers.
fn whispering(folder: &Path) -> (School, Talk) {
    write(folder, &walking("whispering", ""));
    let school = School::open(1, |script| {
        let lessons = folder.display();
        script.more = format!("lessons: {{ folder: {lessons}, default: walking }}\n");
    });
    let mut talk = Talk::begin(&school, "learner1@localhost");
    talk.write("hello");
    talk.wait_for("We are whispering here.");
    (school, talk)
}

#[test]
fn learners_of_a_state_that_was_renamed_go_on_in_it_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut school, mut talk) = whispering(folder.path());

    // Whoever is in the lesson keeps it.
    let second = walking("murmuring", "moved: { whispering: murmuring }\n");
    write(folder.path(), &second);
    school.daemon.hang_up();
    school.daemon.wait_for_log("read anew", PATIENCE);
    talk.write("hm");
    talk.wait_for("Still whispering.");

    thread::sleep(Duration::from_millis(500));
    school.daemon.kill();
    school.daemon.again();
    school.daemon.wait_until_ready();
    talk.wait_for("the lesson has changed");
    talk.wait_for("We are murmuring here.");
    let shown = talk.shown();
    let (_, after) = shown.split_once("the lesson has changed").unwrap();
    assert!(after.contains("Our private conversation has ended"), "{shown}");
    assert!(!shown.contains("where we were") && !after.contains("whispering"), "{shown}");
    let metrics = || web::get(&format!("{}/metrics", school.daemon.metrics_url())).html;
    let stands = r#"otrbot_sessions_standing{lesson="walking",state="murmuring"} 1"#;
    assert!(poll(PATIENCE, || metrics().contains(stands).then_some(())).is_some(), "{}", metrics());
}

#[test]
fn learners_of_a_state_that_is_gone_begin_again_and_the_administrator_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (mut school, talk) = whispering(folder.path());
    thread::sleep(Duration::from_millis(500));
    school.daemon.terminate();
    write(folder.path(), &walking("murmuring", ""));
    school.daemon.again();
    school.daemon.wait_until_ready();

    talk.wait_for("So we begin again from the start.");
    talk.wait_for("We are murmuring here.");
    let log = school.daemon.log();
    let told =
        "lesson walking: 1 learner stands in the state \"whispering\", which is not in it any more";
    assert!(log.contains(told), "{log}");
    assert!(!log.contains("learner1@"), "{log}");
}

#[test]
fn the_log_names_a_lesson_that_is_not_there_once() {
    let stage = Stage::set(program());
    let url = stage.daemon.launch_url();
    let launch = |user: &str, lesson: &str| {
        let launch = Launch::learner(&url, &stage.outcomes.url(), user)
            .with("user_id", user)
            .with("custom_lesson", lesson);
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let page = web::post(&url, &form, &web::form_body(&launch.sign(&Consumer::stage())));
        assert_eq!(page.status, 200, "{}", page.html);
    };
    for user in ["zoe", "yves", "xena"] {
        launch(user, "advanced");
        launch(user, "Basics.yaml");
    }
    launch("zoe", "evil\u{1b}[31m\u{202e}");

    stage.daemon.wait_for_log("asks for the lesson \"advanced\"", PATIENCE);
    stage.daemon.wait_for_log("asks for the lesson \"evil\u{fffd}[31m\\u{202e}\"", PATIENCE);
    let log = stage.daemon.log();
    assert_eq!(log.matches("advanced").count(), 1, "{log}");
    assert!(
        log.contains("get \"basics\" in its place. There are: basics, impostor, question."),
        "{log}"
    );
    assert_eq!(log.matches("asks for the lesson").count(), 2, "{log}");
    assert!(!log.contains('\u{1b}') && !log.contains('\u{202e}') && !log.contains("zoe"), "{log}");
}
