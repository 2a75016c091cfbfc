//! Requests of pages, by strangers, learners and platforms.

use crate::alone;
use crate::http::support::{FORM, KEY, Launch, Page, Tool, now};

const JID: &str = "zoe@chat.example";
/// What a launch may write down, in bytes of text.
const MOST_OF_A_LAUNCH: i64 = 24 * 1024;
/// The largest page of the exercise, and the largest head of an answer.
const MOST_OF_A_PAGE: usize = 40 * 1024;
const MOST_OF_A_HEAD: usize = 2 * 1024;

async fn learner(tool: &Tool, user: &str) -> Page {
    let page = tool.launch(&Launch::of(user, "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await
}

fn size_of_head(page: &Page) -> usize {
    page.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

/// A launch whose every field is as long as it may be.
fn largest(user: &str) -> Launch {
    let id = |letter: &str| letter.repeat(1_024);
    let text = "\u{10348}".repeat(5_000);
    let url = format!("https://lms.example/{}", "x".repeat(4_000));
    Launch::of(user, "Learner")
        .set("user_id", &format!("{user}{}", "u".repeat(1_000)))
        .set("resource_link_id", &id("l"))
        .set("context_id", &id("c"))
        .set("launch_presentation_return_url", &url)
        .set("lis_person_name_full", &text)
        .set("context_title", &text)
        .set("resource_link_title", &text)
        .set("custom_brand", &"b".repeat(40_000))
        .graded(&url, &"s".repeat(8_192))
}

#[actix::test]
async fn a_hundred_and_fifty_secrets_of_one_enrolment_are_some_twenty_estimates() {
    let _alone = alone().await;
    let tool = Tool::start().await;
    let page = learner(&tool, "mallory").await;
    // What is slowest to estimate: letters that may stand for others, over and over.
    let worst = "4@8({[<3691!|0$5+7%2".repeat(12);

    let fields = [("secret", worst.as_str())];
    let all = (0..150).map(|_| tool.submit(&page, "/ask_for_secret", &fields));
    let answers = futures_util::future::join_all(all).await;

    let n_refused = answers.iter().filter(|page| page.status == 429).count();
    let told = tool.told().await;
    let n_estimated = told.iter().filter(|told| told.starts_with("secret ")).count();
    assert!(n_refused >= 125 && n_estimated <= 25, "{n_refused} {n_estimated}");
}

#[actix::test]
async fn launches_that_are_not_trusted_leave_no_row() {
    let _alone = alone().await;
    let tool = Tool::start().await;
    let key = "oauth_consumer_key";
    for n in 0..50 {
        let forged = Launch { secret: "not the secret", ..Launch::of(&format!("{n}"), "Learner") };
        assert_eq!(tool.launch(&forged).await.status, 401);
        assert_eq!(tool.launch(&forged.set(key, &format!("nobody {n}"))).await.status, 401);
    }

    let usage = tool.store.usage(KEY, now()).await.unwrap();
    assert_eq!((usage.enrolments, usage.nonces, usage.bytes), (0, 0, 0));
}

#[actix::test]
async fn a_launch_writes_a_row_of_bounded_size_and_one_alone() {
    let _alone = alone().await;
    let tool = Tool::start().await;
    let usage = async || tool.store.usage(KEY, now()).await.unwrap();

    let launch = largest("zoe");
    assert_eq!(tool.launch(&launch).await.status, 200);
    let first = usage().await;
    for _ in 0..10 {
        assert_eq!(tool.launch(&launch).await.status, 401, "a replay");
    }

    assert_eq!((first.enrolments, first.nonces), (1, 1));
    assert!(first.bytes <= MOST_OF_A_LAUNCH, "{first:?}");
    assert_eq!(usage().await, first, "a replay writes nothing");
    tool.store.recount().await.unwrap();
    assert_eq!(usage().await.bytes, first.bytes);
}

#[actix::test]
async fn pages_and_their_heads_are_of_bounded_size_whatever_a_platform_sends() {
    let _alone = alone().await;
    let tool = Tool::start().await;
    tool.speak_all_languages();
    let page = tool.launch(&largest("zoe")).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    let token = page.token();

    let mut seen = vec![("launch", page)];
    for path in ["/enter_jid", "/jid_entered", "/ask_for_secret", "/enter_bot_secret", "/course"] {
        let body = format!("token={token}");
        seen.push((path, tool.post(path, FORM, body).await));
    }
    for path in ["/", "/hello_world", "/nothing", "/lti/config.xml", "/static/otrbot.css"] {
        seen.push((path, tool.get(path).await));
    }
    for body in [format!("token={}", "x".repeat(300_000)), "%zz".to_owned(), "a".repeat(200_000)] {
        seen.push(("/enter_jid", tool.post("/enter_jid", FORM, body).await));
    }

    for (path, page) in seen {
        let (head, body) = (size_of_head(&page), page.html.len());
        assert!(head <= MOST_OF_A_HEAD && body <= MOST_OF_A_PAGE, "{path}: {head} {body}");
    }
}

#[actix::test]
async fn one_person_has_the_bot_ask_so_many_addresses_a_day_at_most() {
    let _alone = alone().await;
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("mallory", "Learner")).await;

    for n in 0..19 {
        tool.submit(&page, "/enter_jid", &[("jid", &format!("victim{n}@chat.example"))]).await;
    }

    let told = tool.told().await;
    // Five, by the settings of these tests.
    assert_eq!(told.iter().filter(|told| told.starts_with("enrol ")).count(), 5, "{told:?}");
}

#[actix::test]
async fn a_teacher_looks_through_a_course_some_sixty_times_at_once() {
    let _alone = alone().await;
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("theo", "Instructor")).await;

    let all = (0..200).map(|_| tool.submit(&page, "/course", &[("search", "zoe")]));
    let answers = futures_util::future::join_all(all).await;

    let n_shown = answers.iter().filter(|page| page.status == 200).count();
    let n_refused = answers.iter().filter(|page| page.status == 429).count();
    assert!((10..=80).contains(&n_shown) && n_shown + n_refused == 200, "{n_shown} {n_refused}");
}
