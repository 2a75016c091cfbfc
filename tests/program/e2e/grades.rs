//! A grade is not lost: neither by an LMS that is down nor by a bot that is.

use crate::e2e::program;
use support::lms::Launch;
use support::oauth::Consumer;
use support::outcomes::{self, Outcomes};
use support::stage::{ADA, Stage};
use support::wait::{PATIENCE, free_port, poll};

#[test]
fn a_grade_survives_an_lms_that_is_down_and_a_bot_that_is_killed() {
    let mut stage = Stage::set(program());
    let consumer = Consumer::stage();
    // Nothing listens there while the lesson is taken.
    let address = format!("127.0.0.1:{}", free_port()).parse().unwrap();
    let launch = Launch::learner(&stage.daemon.launch_url(), &outcomes::url(address), "patient");
    let mut learner = stage.learner(ADA, &launch.sign(&consumer));
    let secret = learner.learn();

    let page = learner.give_bot_secret(&secret).clone();
    assert_eq!(page.status, 200, "{}", page.html);
    assert!(!page.has_field("bot_secret"), "the right bot secret was refused:\n{}", page.html);
    stage.daemon.kill();

    let outcomes = Outcomes::start_on(address, &consumer);
    outcomes.fail_next(1);
    stage.daemon.again();
    stage.daemon.wait_until_ready();

    let grade = outcomes.wait_for_grade("patient", 3 * PATIENCE);
    let score = grade.map(|grade| grade.score);
    assert_eq!(score, Some(1.0), "refused: {:?}\n{}", outcomes.refusals(), stage.daemon.log());
    assert_eq!(outcomes.turned_away(), 1);
    assert_eq!(outcomes.refusals(), Vec::<String>::new());
    let again =
        poll(std::time::Duration::from_secs(2), || (outcomes.grades().len() > 1).then_some(()));
    assert_eq!(again, None, "the grade came twice");
}

#[test]
fn a_lesson_that_grants_parts_of_the_grade_raises_it_on_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let lesson = "extends: basics\ncredit: { encrypted: 40%, verified: 75% }\n";
    std::fs::write(folder.path().join("parts.yaml"), lesson).unwrap();
    let stage = Stage::set_with(program(), |script| {
        let lessons = folder.path().display();
        script.more = format!("lessons: {{ folder: {lessons}, default: parts }}\n");
    });
    let outcomes = &stage.outcomes;
    let mut learner = stage.learner(ADA, &stage.learner_launch("in parts"));

    let secret = learner.learn();
    let part =
        poll(3 * PATIENCE, || outcomes.grades().iter().any(|g| g.score >= 0.75).then_some(()));
    assert_eq!(part, Some(()), "{:?}\n{}", outcomes.refusals(), stage.daemon.log());
    learner.give_bot_secret(&secret);
    let whole =
        poll(3 * PATIENCE, || outcomes.grades().iter().any(|g| g.score >= 1.0).then_some(()));
    assert_eq!(whole, Some(()), "{:?}\n{}", outcomes.refusals(), stage.daemon.log());

    let scores: Vec<f64> = outcomes.grades().iter().map(|grade| grade.score).collect();
    assert!(scores.is_sorted() && scores.len() <= 3, "{scores:?}");
    assert_eq!(outcomes.refusals(), Vec::<String>::new());
}
