//! Many grades for several platforms, some of which are not well.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::time::Duration;

use otrbot::{
    actors::grades::{Close, Wake},
    records::{NewEnrolment, Progress},
    store::Write,
};

use crate::http::{
    platform::{Mood, Platform},
    support::{KEY, ROTATING_KEY, SECRET, Tool, now, outbox_with, until},
};

/// Puts so many grades on their way to a platform, due since a while.
async fn put_grades(tool: &Tool, platform: &Platform, key: &str, n: usize, at: i64) {
    let enrolled = (0..n).map(|number| {
        let new = NewEnrolment {
            consumer_key: key.to_owned(),
            user_id: format!("user {number}"),
            resource_link_id: "link".to_owned(),
            may_grade: true,
            is_learner: true,
            outcome_url: Some(platform.url.clone()),
            sourcedid: Some(format!("cell {number}")),
            now: at,
            ..NewEnrolment::default()
        };
        tool.store.put_enrolment(new)
    });
    let enrolled = futures_util::future::try_join_all(enrolled).await.unwrap();
    let writes: Vec<Write> = enrolled
        .into_iter()
        .map(|enrolment| Write::Progress {
            enrolment: enrolment.id,
            jid: String::new(),
            progress: Progress::Done,
            credit: Some(1.0),
            at,
        })
        .collect();
    tool.store.write_behind(&writes).await.unwrap();
}

#[actix::test]
async fn a_platform_that_hangs_keeps_no_other_waiting() {
    let tool = Tool::start().await;
    let hanging = Platform::start(SECRET, vec![Mood::Dawdles(Duration::from_mins(1)); 2]);
    let healthy = Platform::start(SECRET, []);
    put_grades(&tool, &hanging, KEY, 1_100, now() - 500).await;
    put_grades(&tool, &healthy, ROTATING_KEY, 5, now() - 100).await;

    tool.outbox.send(Wake).await.unwrap();

    let sent = until("the grades", async || healthy.grades().len() == 5);
    tokio::time::timeout(Duration::from_secs(20), sent).await.unwrap();
    healthy.assert_content();
    assert_eq!(hanging.attempts(), 1);
}

#[actix::test]
async fn a_platform_that_takes_nothing_is_left_alone_as_long_as_it_asks() {
    let throttled = [
        Mood::Answers(429, &[("Retry-After", "3")], ""),
        Mood::Answers(403, &[("Retry-After", "3")], "403 Forbidden (Rate Limit Exceeded)"),
    ];
    for mood in throttled {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, [mood.clone()]);
        put_grades(&tool, &platform, KEY, 10, now() - 100).await;

        tool.outbox.send(Wake).await.unwrap();
        until("one attempt", async || platform.attempts() == 1).await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(platform.attempts(), 1, "{mood:?}");

        until("all", async || tool.store.grade_counts().await.unwrap().recorded == 10).await;
        assert_eq!(platform.attempts(), 11, "{mood:?}");
        platform.assert_content();
    }
}

#[actix::test]
async fn one_grade_tries_whether_a_platform_is_back_while_another_one_goes_on() {
    let tool = Tool::start().await;
    let down = Platform::start(SECRET, vec![Mood::Answers(503, &[], ""); 3]);
    let healthy = Platform::start(SECRET, []);
    put_grades(&tool, &down, KEY, 10, now() - 500).await;
    put_grades(&tool, &healthy, ROTATING_KEY, 10, now() - 100).await;

    tool.outbox.send(Wake).await.unwrap();

    until("the other one", async || healthy.grades().len() == 10).await;
    until("all", async || tool.store.grade_counts().await.unwrap().recorded == 20).await;
    assert_eq!(down.attempts(), 13, "one at a time until it is back");
    // A refusal of one grade says nothing of the others.
    let odd = Platform::start(SECRET, [Mood::Refuses("not this one"), Mood::Answers(500, &[], "")]);
    let tool = Tool::start().await;
    put_grades(&tool, &odd, KEY, 5, now() - 100).await;
    tool.outbox.send(Wake).await.unwrap();
    until("all but one", async || tool.store.grade_counts().await.unwrap().recorded == 4).await;
    assert_eq!(odd.attempts(), 6);
}

#[actix::test]
async fn a_grade_that_waited_because_the_bot_was_away_is_tried_as_often_as_others() {
    const LONG_AGO: i64 = 4 * 24 * 60 * 60;
    for (n_failures, recorded, failed) in [(2, 1, 0), (3, 0, 1)] {
        let tool = Tool::start().await;
        tool.outbox.send(Close).await.unwrap();
        let moods = vec![Mood::Answers(500, &[], ""); n_failures];
        let platform = Platform::start(SECRET, moods);
        put_grades(&tool, &platform, KEY, 1, now() - LONG_AGO).await;

        let _again = outbox_with(&tool.store, 3);

        until("the end", async || tool.store.grade_counts().await.unwrap().due == 0).await;
        let counts = tool.store.grade_counts().await.unwrap();
        assert_eq!((counts.recorded, counts.failed), (recorded, failed), "{n_failures}");
        assert_eq!(platform.attempts(), 3);
    }
}
