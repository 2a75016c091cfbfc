//! Parts of a grade, and grades that nobody has put on their way.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{sync::Arc, time::Duration};

use actix::Actor as _;
use jid::BareJid;
use otrbot::{
    actors::{
        grades::Wake,
        store::{AttachOutbox, SaveProgress, StoreActor},
    },
    metrics::Metrics,
    records::{EnrolmentId, NewGrade, Progress},
    settings::Retention,
};

use crate::http::{
    platform::Platform,
    registry::BOT_SECRET,
    support::{Launch, Page, SECRET, Tool, now, outbox, reach, until},
};

const JID: &str = "zoe@chat.example";

fn zoe(platform: &Platform) -> Launch {
    Launch::of("zoe", "Learner")
        .graded(&platform.url, "cell of zoe")
        .with("ext_outcome_submission_submitted_at_accepted", "true")
}

async fn come(tool: &Tool, platform: &Platform) -> (EnrolmentId, Page) {
    let page = tool.launch(&zoe(platform)).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    (tool.store.claims(JID).await.unwrap().remove(0).id, page)
}

async fn until_scores(platform: &Platform, expected: &[&str]) {
    until(&format!("{expected:?}"), async || {
        platform.grades().iter().map(|grade| grade.score.as_str()).eq(expected.iter().copied())
    })
    .await;
}

#[actix::test]
async fn a_part_of_the_grade_is_not_the_end() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let (enrolment, page) = come(&tool, &platform).await;
    tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
    tool.put(JID, Progress::Verified).await;
    let part = NewGrade { enrolment: enrolment.clone(), score: 0.75, achieved_at: now() };
    tool.store.put_grade(&part).await.unwrap();
    tool.outbox.send(Wake).await.unwrap();
    until("the part", async || tool.store.grade_counts().await.unwrap().recorded == 1).await;

    let told = "Your course has recorded 75% of the grade so far.";
    let launched = tool.launch(&zoe(&platform)).await;
    let reloaded = tool.submit(&page, "/enter_bot_secret", &[]).await;
    let wrong = [("bot_secret", "AAAA-BBBB")];
    let wrong = tool.submit(&page, "/enter_bot_secret", &wrong).await;
    for (what, page) in [("relaunch", launched), ("reload", reloaded), ("wrong secret", wrong)] {
        assert_eq!(page.name(), "enter_bot_secret", "{what}");
        assert!(page.html.contains(told), "{what}: {}", page.html);
        assert!(!page.html.contains("You have passed"), "{what}: {}", page.html);
    }
    let status = tool.submit(&page, "/status", &[]).await;
    assert!(status.html.contains("data-status=\"chat\""), "{}", status.html);
    assert!(status.html.contains(told) && !status.html.contains("data-final"), "{}", status.html);

    let page = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
    assert_eq!(page.name(), "done");
    until_scores(&platform, &["0.75", "1.0"]).await;
    until("both", async || tool.store.grade_counts().await.unwrap().recorded == 1).await;
    let page = tool.launch(&zoe(&platform)).await;
    assert_eq!(page.name(), "done");
    assert!(page.html.contains("has recorded your grade"), "{}", page.html);
}

#[actix::test]
async fn a_part_that_is_on_its_way_is_not_the_end_either() {
    let tool = Tool::start().await;
    let (enrolment, page) = {
        let platform = Platform::start(SECRET, []);
        come(&tool, &platform).await
    };
    let part = NewGrade { enrolment, score: 0.4, achieved_at: now() };
    tool.store.put_grade(&part).await.unwrap();

    let page = tool.submit(&page, "/enter_bot_secret", &[]).await;

    assert_eq!(page.name(), "enter_bot_secret");
    assert!(page.html.contains("You have earned 40% of the grade so far"), "{}", page.html);
}

#[actix::test]
async fn who_has_finished_gets_the_full_grade_without_coming_back() {
    for part in [None, Some(0.75)] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, []);
        let (enrolment, _) = come(&tool, &platform).await;
        if let Some(score) = part {
            let part = NewGrade { enrolment, score, achieved_at: now() - 700 };
            tool.store.put_grade(&part).await.unwrap();
            tool.outbox.send(Wake).await.unwrap();
            until_scores(&platform, &["0.75"]).await;
        }
        // The progress was written; then the process ended, long ago.
        reach(&tool.store, JID, Progress::Done, 1_700_000_000).await;

        let _next = outbox(&tool.store);

        until("the grade", async || platform.grades().iter().any(|g| g.score == "1.0")).await;
        let grade = platform.grades().pop().unwrap();
        assert!(grade.details.contains("2023-11-14T22:13:20Z"), "when they finished: {grade:?}");
        platform.assert_content();
    }
}

#[actix::test]
async fn a_part_is_sent_as_soon_as_it_is_written() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let (enrolment, _) = come(&tool, &platform).await;
    // The outbox has looked for what there was at its start.
    tool.outbox.send(Wake).await.unwrap();
    let metrics = Arc::new(Metrics::new());
    let writer = StoreActor::new(tool.store.clone(), Retention::default(), metrics).start();
    writer.send(AttachOutbox(tool.outbox.clone().recipient())).await.unwrap();

    let jid = BareJid::new(JID).unwrap();
    let (progress, credit, at) = (Progress::Encrypted, Some(0.4), now());
    writer.send(SaveProgress { enrolment, jid, progress, credit, at }).await.unwrap();

    // Without being woken it looks every half a minute.
    let sent = tokio::time::timeout(Duration::from_secs(15), until_scores(&platform, &["0.4"]));
    sent.await.unwrap();
}
