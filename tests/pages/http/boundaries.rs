//! What is between people, and between platforms: nothing that a page tells of one to another.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use otrbot::records::{ClaimNumber, Progress};
use tokio::io::AsyncWriteExt as _;

use crate::http::{
    registry::BOT_SECRET,
    support::{FORM, KEY, Launch, OLD_SECRET, Page, ROTATING_KEY, Tool, now, reach},
};

const JID: &str = "zoe@chat.example";

/// The number that a page shows.
fn number(page: &Page) -> String {
    let (_, rest) = page.html.split_once("id=\"claim_number\"").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

/// A page, without what is another one each time.
fn plain(page: &Page) -> String {
    page.html.replace(&page.token(), "TOKEN").replace(&number(page), "NUMBER")
}

#[actix::test]
async fn every_page_that_has_a_jid_shows_the_number_of_the_claim() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert!(!page.html.contains("claim_number"));
    let wrong = tool.submit(&page, "/enter_jid", &[("jid", "zoe")]).await;
    assert!(!wrong.html.contains("claim_number"));

    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;

    let id = tool.store.claims(JID).await.unwrap().remove(0).id;
    let expected = ClaimNumber::of(&id, JID).to_string();
    assert_eq!(number(&page), expected);
    for path in ["/enter_jid", "/jid_entered", "/ask_for_secret", "/enter_bot_secret"] {
        let page = tool.submit(&page, path, &[]).await;
        assert_eq!(number(&page), expected, "{path}");
        assert_eq!(page.html.matches("claim_number").count(), 1, "{path}");
    }
    let again = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert_eq!(number(&again), expected);
}

/// The pages that somebody sees on their way, who types this Jabber ID.
async fn way(tool: &Tool, jid: &str) -> Vec<(u16, String)> {
    let launch = || Launch::of("mallory", "Learner");
    let mut seen = Vec::new();
    let mut page = tool.launch(&launch()).await;
    for (path, fields) in [
        ("/enter_jid", vec![("jid", jid)]),
        ("/jid_entered", vec![]),
        ("/ask_for_secret", vec![("secret", "password")]),
        ("/ask_for_secret", vec![("secret", "correct horse")]),
        ("/enter_bot_secret", vec![("bot_secret", BOT_SECRET)]),
        ("/enter_bot_secret", vec![]),
    ] {
        page = tool.submit(&page, path, &fields).await;
        seen.push((page.status, plain(&page)));
    }
    let again = tool.launch(&launch()).await;
    seen.push((again.status, plain(&again)));
    seen
}

#[actix::test]
async fn pages_never_differ_by_what_others_did() {
    let alone = Tool::start().await;
    let crowded = Tool::start().await;
    for user in ["zoe", "eve"] {
        let page = crowded.launch(&Launch::of(user, "Learner")).await;
        let page = crowded.submit(&page, "/enter_jid", &[("jid", JID)]).await;
        crowded.submit(&page, "/ask_for_secret", &[("secret", "another horse")]).await;
    }
    crowded.put(JID, Progress::Encrypted).await;

    // One address, however it is written.
    for jid in [JID, "ZOE@chat.example./desk"] {
        assert_eq!(way(&alone, jid).await, way(&crowded, jid).await, "{jid}");
    }
    let told = crowded.told().await;
    assert!(!told.iter().any(|told| told.starts_with("dismiss")), "{told:?}");
}

/// Who may frame a page.
fn framed_by(page: &Page) -> &str {
    page.header("content-security-policy").split_once("frame-ancestors ").unwrap().1
}

#[actix::test]
async fn a_page_of_an_error_names_its_own_platform_and_no_other() {
    let tool = Tool::start().await;
    let return_url = "launch_presentation_return_url";
    // A platform with many addresses.
    for n in 0..50 {
        let url = format!("https://{n}.{}.example/x", "long".repeat(15));
        tool.launch(&Launch::of(&format!("user {n}"), "Learner").set(return_url, &url)).await;
    }
    let own = "https://lms.zoe.example";
    let launch = Launch::of("zoe", "Learner").set(return_url, &format!("{own}/course"));
    let page = tool.launch(&launch).await;

    let replayed = tool.launch(&launch).await;
    let not_hers = tool.submit(&page, "/course", &[]).await;
    for (page, status) in [(&replayed, 401), (&not_hers, 403)] {
        assert_eq!(page.status, status);
        let framed_by = framed_by(page);
        assert!(framed_by.contains(own) && !framed_by.contains("long"), "{framed_by}");
        assert!(framed_by.len() < 300, "{framed_by}");
    }
    let launch = Launch::of("ben", "Learner").set("oauth_consumer_key", ROTATING_KEY);
    let launch = Launch { secret: OLD_SECRET, ..launch };
    assert_eq!(tool.launch(&launch).await.status, 200);
    let replayed = tool.launch(&launch).await;
    assert_eq!(framed_by(&replayed), "'self' https://lms.example https://*.school.example");
    // What nobody has signed names nobody.
    let page = tool.post("/enter_jid", FORM, format!("token={}", "x".repeat(80))).await;
    assert_eq!(framed_by(&page), "'self' https://*.instructure.com");
}

#[actix::test]
async fn a_teacher_who_was_demoted_has_no_page_for_teachers_any_more() {
    let tool = Tool::start().await;
    let course = tool.launch(&Launch::of("theo", "Instructor")).await;
    assert!(course.html.contains("action=\"/course\""), "{}", course.html);
    let learner = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&learner, "/enter_jid", &[("jid", JID)]).await;
    assert!(tool.submit(&course, "/course", &[]).await.html.contains(JID));

    // In another assignment of the same course.
    let demoted = Launch::of("theo", "Learner").set("resource_link_id", "another");
    tool.launch(&demoted).await;

    for path in ["/course", "/course/resend", "/course/try", "/course/lesson"] {
        let page = tool.submit(&course, path, &[]).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(!page.html.contains(JID), "{path}");
    }
    // A tab that was open goes on as that of a learner.
    assert_eq!(tool.submit(&course, "/enter_jid", &[]).await.name(), "enter_jid");
    let promoted = tool.launch(&Launch::of("theo", "Instructor")).await;
    assert_eq!(tool.submit(&promoted, "/course", &[]).await.status, 200);
}

#[actix::test]
async fn one_enrolment_cannot_submit_without_end_and_another_one_can() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("mallory", "Learner")).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;

    let mut statuses = Vec::new();
    for _ in 0..40 {
        let page = tool.submit(&page, "/ask_for_secret", &[("secret", "password")]).await;
        statuses.push(page.status);
        if page.status == 429 {
            assert_eq!(page.header("retry-after"), "60");
        }
    }

    let n_taken = statuses.iter().filter(|status| **status == 200).count();
    assert!((19..=30).contains(&n_taken) && statuses.contains(&429), "{statuses:?}");
    // Pages are still shown, and others are not touched.
    assert_eq!(tool.submit(&page, "/ask_for_secret", &[]).await.status, 200);
    let other = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert_eq!(tool.submit(&other, "/enter_jid", &[("jid", JID)]).await.status, 200);
}

#[actix::test]
async fn a_person_keeps_their_progress_when_others_claim_their_address() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    reach(&tool.store, JID, Progress::Verified, now()).await;

    let other = tool.launch(&Launch::of("mallory", "Learner")).await;
    tool.submit(&other, "/enter_jid", &[("jid", JID)]).await;

    let claims = tool.store.claims(JID).await.unwrap();
    let progress = |user: &str| claims.iter().find(|one| one.user_id == user).unwrap().progress;
    assert_eq!((progress("zoe"), progress("mallory")), (Progress::Verified, Progress::Invited));
    assert!(claims.iter().all(|one| one.consumer_key == KEY));
}

#[actix::test]
async fn nothing_is_estimated_for_who_has_hung_up() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("mallory", "Learner")).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    // What is slow to estimate.
    let secret = "4%408(%7B%5B%3C3691!%7C0%245%2B7%252".repeat(6);
    let body = format!("token={}&secret={secret}", page.token());
    let head = format!(
        "POST /ask_for_secret HTTP/1.1\r\nHost: tool.example\r\nContent-Type: {FORM}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );

    for _ in 0..15 {
        let address = tool.base.strip_prefix("http://").unwrap();
        let mut line = tokio::net::TcpStream::connect(address).await.unwrap();
        line.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    }
    // The line is a fair one: whoever waits comes after all those.
    let answer = tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;

    assert_eq!(answer.status, 200);
    let told = tool.told().await;
    let n_estimated = told.iter().filter(|told| told.starts_with("secret 4@")).count();
    assert!(n_estimated <= 4, "{n_estimated}");
}
