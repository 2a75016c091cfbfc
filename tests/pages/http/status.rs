//! What a page asks for while it is open.

use otrbot::records::Progress;

use crate::http::{
    platform::Platform,
    registry::{BOT_SECRET, Lose},
    support::{FORM, Launch, Page, SECRET, Tool, now, reach, until},
};

const JID: &str = "zoe@chat.example";

async fn ask(tool: &Tool, page: &Page, about: &str) -> Page {
    let answer = tool.submit(page, "/status", &[("page", about)]).await;
    assert_eq!(answer.status, 200, "{}", answer.html);
    answer
}

#[actix::test]
async fn the_status_follows_the_lesson_to_the_grade() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let launch = Launch::of("zoe", "Learner").graded(&platform.url, "cell");
    let page = tool.launch(&launch).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    assert!(page.html.contains("data-live=\"meet\""), "{}", page.html);

    let answer = ask(&tool, &page, "meet").await;
    assert!(answer.html.contains("has not heard from you"), "{}", answer.html);
    for (progress, meet, chat) in [
        (Progress::Talking, "Go on with the next step", "not yet in private"),
        (Progress::Encrypted, "Go on with the next step", "is private"),
        (Progress::Verified, "Go on with the next step", "recognised each other."),
    ] {
        tool.put(JID, progress).await;
        let answer = ask(&tool, &page, "meet").await;
        assert!(answer.html.contains(meet), "{progress:?} {}", answer.html);
        let answer = ask(&tool, &page, "chat").await;
        assert!(answer.html.contains(chat), "{progress:?} {}", answer.html);
        let secret = ask(&tool, &page, "secret").await;
        let has_fingerprint = secret.html.contains("89ABCDEF");
        assert_eq!(has_fingerprint, progress >= Progress::Encrypted, "{}", secret.html);
        assert!(answer.html.contains("89ABCDEF"), "the fingerprint: {}", answer.html);
        assert!(!answer.html.contains("data-final"), "{}", answer.html);
    }

    // In another tab.
    tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
    until("the grade", async || ask(&tool, &page, "chat").await.html.contains("data-final")).await;
    for about in ["meet", "secret", "chat", "grade", "", "nothing"] {
        let answer = ask(&tool, &page, about).await;
        assert!(answer.html.contains("recorded your grade"), "{about} {}", answer.html);
        assert!(answer.html.contains("data-final"), "{about} {}", answer.html);
    }
}

#[actix::test]
async fn the_status_is_a_fragment_in_the_language_of_the_page() {
    let tool = Tool::start().await;
    let launch = Launch::of("zoe", "Learner").set("launch_presentation_locale", "nl");
    let page = tool.launch(&launch).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;

    let answer = ask(&tool, &page, "chat").await;

    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    assert!(answer.html.starts_with("<div data-status=\"chat\" data-token=\""), "{}", answer.html);
    assert!(answer.html.contains("Marvin hoort je"), "{}", answer.html);
}

#[actix::test]
async fn a_status_brings_a_token_that_is_good() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;

    let answer = ask(&tool, &page, "meet").await;
    let (_, rest) = answer.html.split_once("data-token=\"").unwrap();
    let (token, _) = rest.split_once('"').unwrap();

    let page = tool.post("/jid_entered", FORM, format!("token={token}")).await;
    assert_eq!(page.name(), "jid_entered", "{}", page.html);
}

#[actix::test]
async fn the_status_is_told_only_to_its_own_page() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    let body = format!("token={}&page=meet", page.token());

    for bad in ["", "token=", "token=AAAA", "page=meet"] {
        let answer = tool.post("/status", FORM, bad).await;
        assert_eq!(answer.status, 401, "{bad}");
        assert!(!answer.html.contains(JID), "{bad}");
    }
    let foreign = tool.client.post(format!("{}/status", tool.base));
    let foreign = foreign.header("Content-Type", FORM).header("Sec-Fetch-Site", "cross-site");
    assert_eq!(foreign.body(body).send().await.unwrap().status().as_u16(), 403);
    assert_eq!(tool.get("/status").await.status, 405);
    assert_eq!(tool.get(&format!("/status?token={}", page.token())).await.status, 405);
}

#[actix::test]
async fn whoever_has_no_jid_yet_has_a_status_as_well() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;

    for about in ["meet", "chat", "grade"] {
        ask(&tool, &page, about).await;
    }
}

#[actix::test]
async fn whose_session_has_ended_is_told_and_begins_anew() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
    tool.put(JID, Progress::Encrypted).await;
    reach(&tool.store, JID, Progress::Encrypted, now()).await;

    // As when the learner was silent for too long.
    tool.registry.send(Lose(JID.parse().unwrap())).await.unwrap();
    for about in ["meet", "secret", "chat"] {
        let answer = ask(&tool, &page, about).await;
        assert!(answer.html.contains("has ended. To begin anew"), "{about} {}", answer.html);
        assert!(!answer.html.contains("has not heard"), "{about} {}", answer.html);
    }
    let answer = ask(&tool, &page, "chat").await;
    assert!(answer.html.contains("action=\"/ask_for_secret\""), "{}", answer.html);

    let page = tool.submit(&page, "/ask_for_secret", &[("secret", "another horse")]).await;
    assert_eq!(page.name(), "enter_bot_secret");
    assert!(page.html.contains("Write hello to Marvin to begin anew"), "{}", page.html);
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert!(page.html.contains("Write hello to Marvin to begin anew"), "{}", page.html);
    tool.put(JID, Progress::Talking).await;
    let answer = ask(&tool, &page, "chat").await;
    assert!(!answer.html.contains("begin anew"), "{}", answer.html);
}
