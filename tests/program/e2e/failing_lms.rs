//! An LMS that fails in each of the ways that there are, and a bot that is killed in between: in the
//! end the right grade is there.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of a test may fail it")]

use std::thread;
use std::time::Duration;

use crate::e2e::program;
use crate::e2e::talk::{School, Talk};
use support::learner::bot_secret_in;
use support::lms::Launch;
use support::oauth::Consumer;
use support::outcomes::{Mood, Outcomes};
use support::stage::{ADA, Stage};
use support::wait::{PATIENCE, poll};
use support::web::{self, Form, Frame, Page};

const MOODS: [Mood; 6] =
    [Mood::Down, Mood::Throttles, Mood::ShowsPage, Mood::Hangs, Mood::Cuts, Mood::TakesAndCuts];
/// How long an attempt, its repetition and the pause between them may take together.
const UNTIL_RECORDED: Duration = Duration::from_secs(100);

/// When the bot is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// While the bot secrets arrive: the first ones some milliseconds before, the last ones then.
    Arriving,
    /// As soon as all who entered them were told that they have passed.
    Answered,
    /// When each LMS has been asked to take a grade.
    Attempted,
}

/// An LMS that fails in its own way, and what its learner is to enter.
struct Course {
    consumer: Consumer,
    outcomes: Outcomes,
    number: usize,
}

/// A learner who knows the bot secret.
struct Learner {
    secret: String,
    frame: Frame,
    _talk: Talk,
}

impl Course {
    fn start(number: usize) -> Self {
        let consumer =
            Consumer { key: format!("lms-{number}"), secret: format!("secret of {number}") };
        Self { outcomes: Outcomes::start(&consumer), consumer, number }
    }

    fn launch(&self, school: &School) -> Frame {
        let url = school.daemon.launch_url();
        let launch = Launch::learner(&url, &self.outcomes.url(), &self.consumer.key);
        Frame::launch(&url, &launch.sign(&self.consumer))
    }

    /// Takes the lesson, up to the page with the field for the bot secret.
    fn learn(&self, school: &School) -> Learner {
        let jid = format!("learner{}@localhost", self.number);
        let mut talk = Talk::begin(school, &jid);
        let mut frame = self.launch(school);
        frame.go_to("enter_jid", "jid");
        frame.fill_in("jid", &jid);
        talk.write("hello");
        talk.wait_for("choose the shared secret, without a question");
        talk.write("/smp");
        let secret = poll(Duration::from_mins(1), || bot_secret_in(&talk.shown()));
        let secret = secret.unwrap_or_else(|| panic!("no bot secret:\n{}", talk.shown()));
        let mut frame = self.launch(school);
        frame.go_to("enter_bot_secret", "bot_secret");
        Learner { secret, frame, _talk: talk }
    }
}

/// Enters a bot secret after a pause; the status of the answer, if one comes.
fn enter(learner: &Learner, after: Duration) -> Option<u16> {
    let form = learner.frame.page().forms().into_iter().find(|form| form.has("bot_secret"));
    let form = form.unwrap().with("bot_secret", &learner.secret);
    thread::sleep(after);
    web::try_to_submit(learner.frame.page(), &form)
}

fn right_in_the_end(moment: Moment) {
    let courses: Vec<Course> = (1..=MOODS.len()).map(Course::start).collect();
    let mut school = School::open(courses.len(), |script| {
        script.whitelist.clear();
        script.more_consumers = courses.iter().map(|course| course.consumer.clone()).collect();
    });
    let learners: Vec<Learner> = thread::scope(|scope| {
        let mut learning = Vec::new();
        for course in &courses {
            let school = &school;
            learning.push(scope.spawn(move || course.learn(school)));
        }
        learning.into_iter().map(|learner| learner.join().unwrap()).collect()
    });
    for (course, mood) in courses.iter().zip(MOODS) {
        course.outcomes.be([mood]);
    }

    let answers: Vec<Option<u16>> = thread::scope(|scope| {
        let mut entering = Vec::new();
        for (n, learner) in (0_u64..).zip(&learners) {
            entering.push(scope.spawn(move || enter(learner, Duration::from_millis(n * 5))));
        }
        if moment == Moment::Arriving {
            thread::sleep(Duration::from_millis(25));
            school.daemon.kill();
        }
        entering.into_iter().map(|answer| answer.join().unwrap()).collect()
    });
    if moment != Moment::Arriving {
        assert!(answers.iter().all(|answer| *answer == Some(200)), "{answers:?}");
    }
    if moment == Moment::Attempted {
        let are_asked = || courses.iter().all(|course| course.outcomes.attempts() > 0);
        let asked = poll(PATIENCE, || are_asked().then_some(()));
        assert_eq!(asked, Some(()), "{}", school.daemon.log());
    }
    school.daemon.kill();
    school.daemon.again();
    school.daemon.wait_until_ready();

    for ((course, learner), answer) in courses.iter().zip(&learners).zip(&answers) {
        // Only who was not answered comes back.
        let mut frame = if answer.is_none() { course.launch(&school) } else { continue };
        let page = frame.page();
        if !page.text().contains("You have passed") {
            frame.go_to("enter_bot_secret", "bot_secret");
            let page = frame.fill_in("bot_secret", &learner.secret);
            assert!(!page.has_field("bot_secret"), "{:?}: {}", course.consumer, page.text());
        }
    }
    for (course, mood) in courses.iter().zip(MOODS) {
        let is_whole = || course.outcomes.grades().iter().any(|grade| grade.score >= 1.0);
        let arrived = poll(UNTIL_RECORDED, || is_whole().then_some(()));
        assert_eq!(arrived, Some(()), "{mood:?}:\n{}", school.daemon.log());
        let is_told = || course.launch(&school).page().text().contains("has recorded your grade");
        let told = poll(UNTIL_RECORDED, || is_told().then_some(()));
        assert_eq!(told, Some(()), "{mood:?}:\n{}", school.daemon.log());
        let grades = course.outcomes.grades();
        assert!(grades.iter().all(|grade| grade.score >= 1.0), "{mood:?}: {grades:?}");
        // Whoever has it may be told once more, where nobody heard that it has.
        assert!(grades.len() <= 2, "{mood:?}: {grades:?}");
        assert_eq!(course.outcomes.refusals(), Vec::<String>::new(), "{mood:?}");
    }
    assert!(!school.daemon.log().contains("panicked"), "{}", school.daemon.log());
}

#[test]
fn the_grade_is_right_whatever_fails_when_the_bot_is_killed_as_secrets_arrive() {
    right_in_the_end(Moment::Arriving);
}

#[test]
fn the_grade_is_right_whatever_fails_when_the_bot_is_killed_after_its_answer() {
    right_in_the_end(Moment::Answered);
}

#[test]
fn the_grade_is_right_whatever_fails_when_the_bot_is_killed_during_the_attempt() {
    right_in_the_end(Moment::Attempted);
}

#[test]
fn what_an_lms_says_of_people_is_not_in_the_log_and_what_learners_quote_is() {
    let stage = Stage::set_with(program(), |script| script.log_level = "info");
    stage.outcomes.be([Mood::Refuses("Incorrect sourcedId: cell-of-zoe of Zoe Person")]);
    let mut learner = stage.learner(ADA, &stage.learner_launch("cell-of-zoe"));
    let secret = learner.learn();
    learner.give_bot_secret(&secret);
    stage.daemon.wait_for_log("the platform does not take it: failure", PATIENCE);

    let log = stage.daemon.log();
    assert!(!log.contains("Zoe Person"), "{log}");
    let url = stage.daemon.launch_url();
    let mut frame = Frame::launch(&url, &stage.learner_launch("cell-of-zoe"));
    let in_log = |page: &Page| {
        let text = page.text();
        let (_, rest) = text.split_once("give this number: ").unwrap_or_default();
        let reference = rest.split_whitespace().next().unwrap_or_default();
        assert!(!reference.is_empty(), "no reference: {text}");
        let log = stage.daemon.log();
        let line = log.lines().find(|line| line.contains(reference));
        line.map_or_else(|| panic!("{reference} is not in the log:\n{log}"), str::to_owned)
    };
    // What did the platform not take?
    assert!(in_log(frame.page()).contains("enrolment"));
    // A page whose token is not ours.
    let form = Form {
        action: "/enter_bot_secret".to_owned(),
        is_post: true,
        fields: vec![("token".to_owned(), "forged".to_owned())],
    };
    assert_eq!(frame.submit(&form).status, 401);
    assert!(in_log(frame.page()).contains("token"), "{}", in_log(frame.page()));
}
