//! Messages that are no launch of LTI 1.1, and refusals that name their reason.

use crate::http::support::{FORM, Launch, Page, Tool};

const BACK: &str = "https://canvas.school.example/courses/1";

fn assert_says(page: &Page, status: u16, words: &[&str]) {
    assert_eq!(page.status, status, "{}", page.html);
    for words in words {
        assert!(page.html.contains(words), "{words:?} in {}", page.html);
    }
    assert!(!page.has_field("token"), "{}", page.html);
}

#[actix::test]
async fn an_unknown_version_or_message_is_named_and_leads_back() {
    let tool = Tool::start().await;
    let learner = || Launch::of("zoe", "Learner");
    let back = format!("href=\"{BACK}\"");
    for version in ["LTI-2p0", "1.3.0", "LTI-1p1"] {
        let page = tool.launch(&learner().set("lti_version", version)).await;
        assert_says(&page, 400, &["another version of LTI", version, "LTI 1.1", &back]);
        let policy = page.header("content-security-policy");
        assert!(policy.contains("https://canvas.school.example"), "{policy}");
    }
    for kind in ["ContentItemSelectionRequest", "LtiDeepLinkingRequest", "x"] {
        let page = tool.launch(&learner().set("lti_message_type", kind)).await;
        assert_says(&page, 400, &[kind, "something else", &back]);
    }
    // What is missing is said by the platform, too, and there is a way back.
    let page = tool.launch(&learner().without("resource_link_id")).await;
    assert_says(&page, 400, &[&back]);

    // Nothing that is no address of the web is linked, and nothing that nobody signed.
    let odd = learner().set("lti_version", "<b>\"x\"</b>");
    let page = tool.launch(&odd.set("launch_presentation_return_url", "javascript:alert(1)")).await;
    assert_says(&page, 400, &["bx/b"]);
    assert!(!page.html.contains("javascript:") && !page.html.contains("<b>"), "{}", page.html);
    let forged = Launch { secret: "wrong", ..learner().set("lti_version", "LTI-2p0") };
    let page = tool.launch(&forged).await;
    assert_eq!(page.status, 401);
    assert!(!page.html.contains(BACK), "{}", page.html);
}

#[actix::test]
async fn a_launch_of_lti_1_3_is_called_so_and_told_what_to_enter() {
    let tool = Tool::start().await;
    let login =
        "iss=https%3A%2F%2Flms.example&login_hint=7&target_link_uri=https%3A%2F%2Ftool.example";
    let launch = "id_token=eyJhbGciOiJSUzI1NiJ9.e30.AAAA&state=x";
    let words = ["LTI 1.3", "LTI 1.1", "https://tool.example/", "consumer key"];
    for page in [
        tool.post("/", FORM, login).await,
        tool.get(&format!("/?{login}")).await,
        tool.post("/", FORM, launch).await,
        tool.post(&format!("/?{login}"), FORM, "").await,
    ] {
        assert_says(&page, 400, &words);
        assert!(!page.html.contains("lms.example"), "{}", page.html);
    }
    let trial = Tool::start_with(false).await;
    assert_says(&trial.post("/", FORM, launch).await, 400, &words);
}

#[actix::test]
async fn a_launch_without_any_signature_is_a_matter_of_key_and_secret() {
    let tool = Tool::start().await;
    let bare = "lti_message_type=basic-lti-launch-request&lti_version=LTI-1p0&user_id=zoe\
        &resource_link_id=7";
    let page = tool.post("/", FORM, bare).await;
    assert_says(&page, 401, &["not set up to know each other"]);
}

#[actix::test]
async fn a_version_without_a_name_that_can_be_shown_is_not_quoted() {
    let tool = Tool::start().await;
    for (body, words) in [
        ("lti_version=%E2%98%85", "opened this one by LTI;"),
        ("lti_version=%22%3E", "opened this one by LTI;"),
        ("lti_version=LTI-2p0", "LTI-2p0"),
    ] {
        let page = tool.post("/", FORM, body).await;
        assert!(page.html.contains(words) && !page.html.contains("“”"), "{body}: {}", page.html);
    }
}
