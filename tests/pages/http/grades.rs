//! Grades on their way, in all weathers.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::time::Duration;

use otrbot::{
    actors::grades::{Observe, Wake},
    records::{EnrolmentId, GradeState, NewGrade, Progress},
};

use crate::http::{
    platform::{Mood, Platform},
    registry::BOT_SECRET,
    support::{Launch, OLD_SECRET, ROTATING_KEY, SECRET, Tool, now, outbox, reach, until},
};

/// Enrols a learner by a launch, and says whether their grade is where it should be.
pub(crate) async fn enrolled(tool: &Tool, user: &str, url: &str) -> EnrolmentId {
    let jid = format!("{user}@chat.example");
    let launch = Launch::of(user, "Learner").graded(url, &format!("cell of {user}"));
    let page = tool.launch(&launch).await;
    tool.submit(&page, "/enter_jid", &[("jid", &jid)]).await;
    tool.store.claims(&jid).await.unwrap().remove(0).id
}

pub(crate) async fn pass(tool: &Tool, enrolment: &EnrolmentId) {
    let grade = NewGrade { enrolment: enrolment.clone(), score: 1.0, achieved_at: now() };
    tool.store.put_grade(&grade).await.unwrap();
    tool.outbox.send(Wake).await.unwrap();
}

pub(crate) async fn until_state(
    tool: &Tool,
    id: &EnrolmentId,
    what: &str,
    is_so: fn(&GradeState) -> bool,
) {
    until(what, async || tool.store.grade(id).await.unwrap().is_some_and(|g| is_so(&g.state)))
        .await;
}

pub(crate) fn is_recorded(state: &GradeState) -> bool {
    matches!(state, GradeState::Recorded { .. })
}

pub(crate) fn was_tried_once(state: &GradeState) -> bool {
    matches!(state, GradeState::Due { attempts: 1, .. })
}

pub(crate) fn is_failed(state: &GradeState) -> bool {
    matches!(state, GradeState::Failed { .. })
}

#[actix::test]
async fn a_grade_is_sent_until_the_platform_has_it() {
    for (mood, is_asked) in [
        (Mood::Answers(503, &[], "maintenance"), false),
        (Mood::Answers(503, &[("Retry-After", "1")], ""), false),
        (Mood::Answers(429, &[], ""), false),
        (Mood::Answers(302, &[("Location", "http://127.0.0.1:1/")], ""), false),
        (Mood::Answers(403, &[], "403 Forbidden (Rate Limit Exceeded)"), false),
        (Mood::Answers(401, &[], "{\"errors\":[{\"message\":\"Timestamp too old\"}]}"), false),
        (Mood::Answers(403, &[], "{\"message\":\"invalid OAuth signature\"}"), false),
        (Mood::Answers(200, &[], "<html>log in</html>"), true),
        (Mood::Answers(200, &[], ""), true),
        (Mood::Answers(204, &[], ""), true),
        (Mood::Answers(200, &[], "<imsx_codeMajor>success</imsx_codeMajor>"), true),
        (Mood::AnswersAnother, true),
        (Mood::AnswersEndlessly, true),
    ] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, [mood.clone()]);
        let id = enrolled(&tool, "zoe", &platform.url).await;

        pass(&tool, &id).await;

        until_state(&tool, &id, &format!("{mood:?}"), is_recorded).await;
        let expected = (2 + usize::from(is_asked), 1, usize::from(is_asked));
        let found = (platform.attempts(), platform.grades().len(), platform.questions());
        assert_eq!(found, expected, "{mood:?}");
        platform.assert_content();
        // The outbox counts after it wrote.
        until("the count", async || tool.outbox.send(Observe).await.unwrap().recorded == 1).await;
        let counts = tool.outbox.send(Observe).await.unwrap();
        assert_eq!((counts.retried, counts.failed, counts.under_way), (1, 0, 0), "{mood:?}");
    }
}

#[actix::test]
async fn what_the_platform_refuses_for_good_is_not_sent_again() {
    for mood in [
        Mood::Refuses("User is no longer in course [EID_7]"),
        Mood::Answers(404, &[], "{}"),
        Mood::Answers(415, &[], ""),
    ] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, [mood.clone()]);
        let id = enrolled(&tool, "zoe", &platform.url).await;

        pass(&tool, &id).await;

        until_state(&tool, &id, &format!("{mood:?}"), is_failed).await;
        assert_eq!((platform.attempts(), platform.grades().len()), (1, 0), "{mood:?}");
        platform.assert_content();
        let page = tool.launch(&Launch::of("zoe", "Learner")).await;
        assert_eq!(page.name(), "done", "and the learner is told");
    }
}

#[actix::test]
async fn a_secret_that_stays_wrong_is_a_matter_for_people() {
    let tool = Tool::start().await;
    let refusal = Mood::Answers(401, &[], "");
    let platform = Platform::start(SECRET, [refusal.clone(), refusal]);
    let id = enrolled(&tool, "zoe", &platform.url).await;

    pass(&tool, &id).await;

    until_state(&tool, &id, "given up", is_failed).await;
    assert_eq!(platform.attempts(), 2);
}

#[actix::test]
async fn a_grade_is_signed_with_whichever_secret_the_platform_has() {
    for (secret, attempts) in [(SECRET, 1), (OLD_SECRET, 2)] {
        let tool = Tool::start().await;
        let platform = Platform::start(secret, []);
        let launch = Launch::of("zoe", "Learner").graded(&platform.url, "cell");
        let launch = launch.set("oauth_consumer_key", ROTATING_KEY);
        let page = tool.launch(&Launch { secret, ..launch }).await;
        tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
        let id = tool.store.claims("zoe@chat.example").await.unwrap().remove(0).id;

        pass(&tool, &id).await;

        until_state(&tool, &id, "recorded", is_recorded).await;
        assert_eq!((platform.attempts(), platform.grades().len()), (attempts, 1), "{secret}");
    }
}

#[actix::test]
async fn a_refused_signature_after_an_outage_is_tried_once_more() {
    let tool = Tool::start().await;
    let moods = [503, 401].map(|status| Mood::Answers(status, &[], ""));
    let platform = Platform::start(SECRET, moods);
    let id = enrolled(&tool, "zoe", &platform.url).await;

    pass(&tool, &id).await;

    until_state(&tool, &id, "recorded", is_recorded).await;
    assert_eq!((platform.attempts(), platform.grades().len()), (3, 1));
}

#[actix::test]
async fn a_platform_that_leaves_it_open_is_asked_whether_it_has_the_grade() {
    for (mood, attempts) in [
        // The grade, and the question.
        (Mood::TakesAndSaysDuplicate, 2),
        (Mood::SaysProcessing { takes: true }, 2),
        // The grade, the question, and the grade once more.
        (Mood::SaysProcessing { takes: false }, 3),
    ] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, [mood.clone()]);
        let id = enrolled(&tool, "zoe", &platform.url).await;

        pass(&tool, &id).await;

        until_state(&tool, &id, &format!("{mood:?}"), is_recorded).await;
        assert_eq!((platform.attempts(), platform.grades().len()), (attempts, 1), "{mood:?}");
        platform.assert_content();
    }
}

#[actix::test]
async fn what_goes_along_is_what_the_platform_announced() {
    for (announced, expected) in [
        (&[][..], ""),
        (
            &["submitted_at"],
            "<submissionDetails><submittedAt>{at}</submittedAt></submissionDetails>",
        ),
        (
            &["submission_prioritize_non_tool_grade"],
            "<submissionDetails><prioritizeNonToolGrade/></submissionDetails>",
        ),
    ] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, []);
        let mut launch = Launch::of("zoe", "Learner").graded(&platform.url, "cell");
        for name in announced {
            let name = match *name {
                "submitted_at" => "ext_outcome_submission_submitted_at_accepted",
                _ => "ext_outcome_submission_prioritize_non_tool_grade_accepted",
            };
            launch = launch.with(name, "true");
        }
        let page = tool.launch(&launch).await;
        tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
        let id = tool.store.claims("zoe@chat.example").await.unwrap().remove(0).id;

        let at = 1_700_000_000;
        let grade = NewGrade { enrolment: id.clone(), score: 1.0, achieved_at: at };
        tool.store.put_grade(&grade).await.unwrap();
        tool.outbox.send(Wake).await.unwrap();

        until_state(&tool, &id, expected, is_recorded).await;
        let expected = expected.replace("{at}", "2023-11-14T22:13:20Z");
        assert_eq!(platform.grades().first().unwrap().details, expected);
    }
}

#[actix::test]
async fn a_part_of_the_grade_is_raised_and_never_lowered() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    for score in [0.25, 0.75, 0.5, 1.0, 0.25] {
        let grade = NewGrade { enrolment: id.clone(), score, achieved_at: now() };
        tool.store.put_grade(&grade).await.unwrap();
        tool.outbox.send(Wake).await.unwrap();
        until_state(&tool, &id, "recorded", is_recorded).await;
    }

    let scores: Vec<String> = platform.grades().into_iter().map(|grade| grade.score).collect();
    assert_eq!(scores, ["0.25", "0.75", "1.0"]);
}

#[actix::test]
async fn a_grade_outlives_the_outbox() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, [Mood::Answers(503, &[], "")]);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until_state(&tool, &id, "the first attempt", was_tried_once).await;

    tool.close_outbox().await;
    assert_eq!(platform.grades().len(), 0);
    let second = outbox(&tool.store);

    until_state(&tool, &id, "the second outbox", is_recorded).await;
    platform.assert_content();
    until("the count", async || second.send(Observe).await.unwrap().recorded == 1).await;
}

#[actix::test]
async fn an_attempt_that_was_cut_off_is_made_again() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, [Mood::Dawdles(Duration::from_millis(300))]);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until("the attempt", async || platform.attempts() == 1).await;

    tool.close_outbox().await;
    let _second = outbox(&tool.store);

    until_state(&tool, &id, "the second outbox", is_recorded).await;
    assert!(platform.grades().iter().all(|grade| grade.score == "1.0"));
}

#[actix::test]
async fn many_grades_go_one_after_another() {
    let tool = Tool::start().await;
    let slow = Mood::Dawdles(Duration::from_millis(30));
    let platform = Platform::start(SECRET, vec![slow; 12]);
    let mut ids = Vec::new();
    for user in 0..12 {
        ids.push(enrolled(&tool, &format!("user{user}"), &platform.url).await);
    }

    for id in &ids {
        pass(&tool, id).await;
    }

    for id in &ids {
        until_state(&tool, id, "a grade", is_recorded).await;
    }
    platform.assert_content();
    assert_eq!(platform.attempts(), 12);
}

#[actix::test]
async fn a_lesson_that_was_passed_before_a_crash_is_graded_at_the_next_launch() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    // The registry had written the progress; the gateway died before it wrote the grade.
    reach(&tool.store, "zoe@chat.example", Progress::Done, now()).await;

    let launch = Launch::of("zoe", "Learner").graded(&platform.url, "cell of zoe");
    assert_eq!(tool.launch(&launch).await.name(), "done");

    until_state(&tool, &id, "the grade", is_recorded).await;
    assert_eq!(platform.grades().len(), 1);
}

#[actix::test]
async fn a_grade_on_its_way_finds_it_after_a_launch_without_one() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, [Mood::Answers(503, &[], "")]);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until("the first attempt", async || platform.attempts() == 1).await;

    // The course has ended for this learner; Canvas leaves the cell out.
    tool.launch(&Launch::of("zoe", "urn:lti:role:ims/lis/Mentor")).await;

    until_state(&tool, &id, "the grade", is_recorded).await;
    assert_eq!(platform.grades().len(), 1);
}

#[actix::test]
async fn a_platform_that_is_not_there_keeps_nobody_from_passing() {
    let tool = Tool::start().await;
    let id = enrolled(&tool, "zoe", "http://127.0.0.1:1/outcome").await;
    tool.put("zoe@chat.example", Progress::Verified).await;
    let launch = Launch::of("zoe", "Learner").graded("http://127.0.0.1:1/outcome", "cell");
    let page = tool.launch(&launch).await;

    let page = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;

    assert_eq!(page.name(), "done");
    until_state(&tool, &id, "a second attempt", |state| {
        matches!(state, GradeState::Due { attempts: 2.., .. })
    })
    .await;
}
