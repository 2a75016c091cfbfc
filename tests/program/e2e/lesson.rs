//! The whole lesson, from the launch to the grade.

use std::time::Duration;

use crate::e2e::program;
use support::learner::GOOD_SECRET;
use support::lms::Launch;
use support::oauth::{self, Consumer, Pairs};
use support::stage::{ADA, BOT_PASSWORD, GRACE, Stage};
use support::wait::PATIENCE;
use support::web::Frame;

const SOURCEDID: &str = r#"{"id":"7-42-<&>é"}"#;

/// Forty hex digits in groups of eight, as profanity prints them.
fn fingerprint_in(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let is_group = |word: &&str| word.len() == 8 && word.bytes().all(|b| b.is_ascii_hexdigit());
    let groups = words.windows(5).find(|five| five.iter().all(is_group))?;
    Some(groups.join(" ").to_uppercase())
}

#[test]
fn a_learner_takes_the_lesson_and_the_grade_arrives() {
    let stage = Stage::set(program());
    let mut learner = stage.learner(ADA, &stage.learner_launch(SOURCEDID));
    assert_eq!(learner.page().status, 200, "{}", learner.page().html);

    // What is no Jabber ID is shown again, and can be mended.
    learner.frame().go_to("enter_jid", "jid");
    let page = learner.frame().fill_in("jid", "not a jid @@").clone();
    assert!(page.has_field("jid"), "{}", page.html);
    assert!(page.html.contains("not a jid @@"), "what was typed is gone:\n{}", page.html);
    learner.give_jid();
    learner.meet_the_bot();
    let greeting = learner.bot_said();
    assert!(greeting.concat().len() > 20, "no greeting: {greeting:?}");

    learner.go_private();
    learner.chat().command("/otr theirfp");
    let shown = learner.chat().find("the bot's fingerprint", fingerprint_in);
    learner.wait_for_the_bot(greeting.len() + 1);

    // A weak secret is refused with a reason, a good one is taken.
    let page = learner.give_secret("password").clone();
    assert!(page.has_field("secret"), "a weak secret was taken:\n{}", page.html);
    learner.give_secret(GOOD_SECRET);
    assert!(!learner.page().html.contains(GOOD_SECRET), "the page shows the secret");

    // A wrong secret first: nothing is lost.
    let before = learner.bot_said().len();
    learner.verify("not the secret at all", "Authentication failed");
    learner.wait_for_the_bot(before + 1);
    assert!(
        learner.chat().transcript().iter().all(|line| !line.contains("Authentication successful"))
    );
    learner.verify(GOOD_SECRET, "Authentication successful");
    let secret = learner.read_bot_secret();
    assert_eq!(stage.outcomes.grades(), [], "graded before the bot secret was typed");

    // A wrong bot secret is the form again; the right one is the end.
    let page = learner.give_bot_secret("AAAA-BBBB-CCCC-DDDD").clone();
    assert!(page.has_field("bot_secret"), "a wrong bot secret was taken:\n{}", page.html);
    assert_eq!(stage.outcomes.grades(), [], "graded for a wrong bot secret");
    let before = learner.bot_said().len();
    let page = learner.give_bot_secret(&secret.to_lowercase()).clone();
    assert!(!page.has_field("bot_secret"), "the right bot secret was refused:\n{}", page.html);
    let grade = stage.outcomes.wait_for_grade(SOURCEDID, PATIENCE).unwrap();
    assert!((grade.score - 1.0).abs() < f64::EPSILON, "{grade:?}");
    assert_eq!(stage.outcomes.refusals(), Vec::<String>::new());

    learner.wait_for_the_bot(before + 1);
    learner.end_privacy();
    let said = learner.bot_said().len();
    learner.wait_for_silence(Duration::from_secs(1));
    assert!(learner.bot_said().len() >= said);
    assert_eq!(stage.outcomes.grades().len(), 1, "one grade, once");

    // The fingerprint that profanity saw is the one that the pages tell of.
    let told = learner.frame().history().iter().any(|page| page.text().contains(&shown))
        || learner.bot_said().iter().any(|text| text.contains(&shown));
    assert!(told, "neither pages nor chat tell the fingerprint {shown}");
    let log = stage.daemon.log();
    for private in
        [GOOD_SECRET, secret.as_str(), SOURCEDID, &Consumer::stage().secret, BOT_PASSWORD]
    {
        assert!(!log.contains(private), "{private} is in the log");
    }
}

#[test]
fn an_instructor_is_never_graded() {
    let stage = Stage::set(program());
    let (url, outcomes) = (stage.daemon.launch_url(), stage.outcomes.url());
    let launch = Launch::instructor(&url, &outcomes, Some("of-a-teacher"));
    let mut teacher = stage.learner(GRACE, &launch.sign(&Consumer::stage()));
    assert_eq!(teacher.page().status, 200, "{}", teacher.page().html);

    // A teacher may try the lesson, if the page offers it.
    if teacher.page().forms().iter().any(|form| form.action.contains("enter_jid")) {
        let secret = teacher.learn();
        teacher.give_bot_secret(&secret);
    }
    let mut learner = stage.learner(ADA, &stage.learner_launch("of-a-learner"));
    let secret = learner.learn();
    learner.give_bot_secret(&secret);

    let grade = stage.outcomes.wait_for_grade("of-a-learner", PATIENCE);
    assert!(grade.is_some(), "the learner got no grade: {:?}", stage.outcomes.refusals());
    assert_eq!(stage.outcomes.wait_for_grade("of-a-teacher", Duration::from_secs(2)), None);
    assert_eq!(stage.outcomes.refusals(), Vec::<String>::new());
}

#[test]
fn a_launch_that_is_not_the_lms_s_is_turned_away() {
    let stage = Stage::set(program());
    let url = stage.daemon.launch_url();
    let launch = Launch::learner(&url, &stage.outcomes.url(), "x");
    let consumer = Consumer::stage();
    let wrong = Consumer { secret: "another secret".to_owned(), ..consumer.clone() };
    let unknown = Consumer { key: "unknown".to_owned(), ..consumer.clone() };
    let now = oauth::now();
    let once = launch.sign(&consumer);
    let frame = |params: &Pairs| Frame::launch(&url, params).page().clone();
    assert_eq!(frame(&once).status, 200);

    for (what, params) in [
        ("a replayed nonce", once),
        ("a wrong secret", launch.sign(&wrong)),
        ("an unknown key", launch.sign(&unknown)),
        ("a stale timestamp", launch.sign_at(&consumer, now - 3600, "stale")),
        ("a timestamp ahead", launch.sign_at(&consumer, now + 3600, "ahead")),
        ("a changed parameter", {
            let mut params = launch.sign(&consumer);
            params.iter_mut().find(|(name, _)| name == "roles").unwrap().1 =
                "Instructor".to_owned();
            params
        }),
    ] {
        let page = frame(&params);

        assert_eq!(page.status, 401, "{what}: {}", page.html);
        assert!(!page.has_field("jid"), "{what}: {}", page.html);
        assert!(page.text().len() > 40, "{what}: no word to the learner:\n{}", page.html);
        assert!(!page.html.contains(&consumer.secret));
    }
}
