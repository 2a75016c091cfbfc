//! Launches, most of them bad.

use futures_util::future::join_all;

use crate::http::support::{FORM, Launch, Page, Tool, now};

fn learner() -> Launch {
    Launch::of("zoe", "Learner")
}

/// A page that says what to do, with a reference; and never a token.
fn assert_refused(page: &Page, status: u16, what: &str) {
    assert_eq!(page.status, status, "{what}: {}", page.html);
    assert!(page.html.contains("<h1"), "{what}: {}", page.html);
    assert!(!page.has_field("token"), "{what}");
    assert!(page.header("content-type").starts_with("text/html"), "{what}");
}

#[actix::test]
async fn bad_launches_are_refused_with_their_status() {
    let tool = Tool::start().await;
    let old = (now() - 301).to_string();
    let ahead = (now() + 120).to_string();
    let cases: Vec<(&str, u16, Launch)> = vec![
        ("another secret", 401, Launch { secret: "wrong", ..learner() }),
        ("no secret", 401, Launch { secret: "", ..learner() }),
        ("another address", 401, Launch { uri: "https://evil.example/", ..learner() }),
        ("the address without TLS", 401, Launch { uri: "http://tool.example/", ..learner() }),
        ("an unknown key", 401, learner().set("oauth_consumer_key", "stranger")),
        ("an unsigned query", 401, Launch { query: "custom_lesson=x", ..learner() }),
        ("too old", 401, learner().set("oauth_timestamp", &old)),
        ("from the future", 401, learner().set("oauth_timestamp", &ahead)),
        ("no timestamp", 400, learner().without("oauth_timestamp")),
        ("a timestamp in words", 400, learner().set("oauth_timestamp", "now")),
        ("a negative timestamp", 400, learner().set("oauth_timestamp", "-1")),
        ("a long timestamp", 400, learner().set("oauth_timestamp", &"9".repeat(40))),
        ("no nonce", 400, learner().without("oauth_nonce")),
        ("an empty nonce", 400, learner().set("oauth_nonce", "")),
        ("a long nonce", 400, learner().set("oauth_nonce", &"n".repeat(2_000))),
        ("no key", 400, learner().without("oauth_consumer_key")),
        ("an empty key", 400, learner().set("oauth_consumer_key", "")),
        ("plain text", 400, learner().set("oauth_signature_method", "PLAINTEXT")),
        ("RSA", 400, learner().set("oauth_signature_method", "RSA-SHA1")),
        ("OAuth 2", 400, learner().set("oauth_version", "2.0")),
        ("two nonces", 400, learner().with("oauth_nonce", "other")),
        ("two signatures", 400, learner().with("oauth_signature", "other")),
        ("two users", 400, learner().with("user_id", "other")),
        ("two roles", 400, learner().with("roles", "Instructor")),
        (
            "two cells",
            400,
            learner().graded("https://x.example/", "a").with("lis_result_sourcedid", "b"),
        ),
        ("a nonce in the query", 400, Launch { query: "oauth_nonce=x", ..learner() }),
        ("no user", 400, learner().without("user_id")),
        ("an empty user", 400, learner().set("user_id", "")),
        ("a user who was not filled in", 400, learner().set("user_id", "$Canvas.user.id")),
        ("a zero byte", 400, learner().set("user_id", "a\0b")),
        ("a long user", 400, learner().set("user_id", &"u".repeat(5_000))),
        ("no link", 400, learner().without("resource_link_id")),
        ("another message", 400, learner().set("lti_message_type", "ContentItemSelectionRequest")),
        ("no message type", 400, learner().without("lti_message_type")),
        ("another version", 400, learner().set("lti_version", "LTI-2p0")),
        ("no version", 400, learner().without("lti_version")),
    ];
    for (what, status, launch) in cases {
        assert_refused(&tool.launch(&launch).await, status, what);
    }
    assert!(tool.told().await.is_empty());
}

#[actix::test]
async fn who_is_logged_in_nowhere_is_told_so() {
    let tool = Tool::start().await;
    for launch in [learner().without("user_id"), learner().set("user_id", "$User.id")] {
        let page = tool.launch(&launch).await;
        assert_refused(&page, 400, "nobody");
        assert!(page.html.contains("without your course saying who you are"), "{}", page.html);
    }
}

#[actix::test]
async fn a_nonce_is_good_once_at_any_time() {
    let tool = Tool::start().await;
    let launch = learner();
    assert_eq!(tool.launch(&launch).await.name(), "start");
    let later = launch.set("oauth_timestamp", &(now() - 1).to_string());
    assert_refused(&tool.launch(&later).await, 401, "another second");
}

#[actix::test]
async fn only_pages_with_something_in_the_log_have_a_reference() {
    let tool = Tool::start().await;
    let has_reference = |page: &Page| page.html.contains("give this number");
    let forged = tool.post("/enter_jid", FORM, "token=forged&jid=a@b").await;
    let refused = tool.launch(&Launch { secret: "wrong", ..learner() }).await;
    let [missing, method] = [tool.get("/nope").await, tool.post("/hello_world", FORM, "").await];

    assert!(has_reference(&forged) && has_reference(&refused));
    assert_eq!((missing.status, method.status), (404, 405));
    assert!(!has_reference(&missing) && !has_reference(&method), "{}", missing.html);
}

#[actix::test]
async fn bodies_that_are_no_form_are_refused() {
    let tool = Tool::start().await;
    let body = learner().body();
    let too_large = learner().with("custom_padding", &"x".repeat(300 * 1024)).body();
    let much_too_large = "x".repeat(5 * 1024 * 1024);
    let too_many = format!("{body}{}", "&a=1".repeat(3_000));
    for (what, status, content_type, body) in [
        ("JSON", 415, "application/json", "{\"user_id\": 1}".to_owned()),
        ("plain text", 415, "text/plain", body.clone()),
        ("multipart", 415, "multipart/form-data; boundary=x", body.clone()),
        ("an empty body", 400, FORM, String::new()),
        ("300 kB", 413, FORM, too_large),
        ("too many parameters", 400, FORM, too_many),
        ("a broken escape", 400, FORM, format!("{body}&a=%zz")),
        ("bytes that are no text", 400, FORM, format!("{body}&a=%ff")),
        ("a changed byte", 401, FORM, body.replace("user_id=zoe", "user_id=zoo")),
        ("one parameter more", 401, FORM, format!("{body}&custom_x=1")),
        ("no signature", 400, FORM, "oauth_consumer_key=course+key".to_owned()),
    ] {
        assert_refused(&tool.post("/", content_type, body).await, status, what);
    }
    let page = tool.post("/", FORM, much_too_large).await;
    assert_refused(&page, 413, "5 MB");
    // A form of one of the pages is held to a smaller size.
    let page = tool.post("/enter_jid", FORM, "x".repeat(100_000)).await;
    assert_refused(&page, 413, "a large form");
    let page = tool.post("/enter_jid", "application/json", "{}").await;
    assert_refused(&page, 415, "JSON to a page");
}

#[actix::test]
async fn a_launch_is_good_once() {
    let tool = Tool::start().await;
    let launch = learner();
    assert_eq!(tool.launch(&launch).await.name(), "start");

    let replayed = tool.launch(&launch).await;
    assert_refused(&replayed, 401, "replayed");
    assert!(replayed.html.contains("course"), "{}", replayed.html);

    let raced = learner();
    let copies = join_all((0..8).map(|_| tool.launch(&raced))).await;
    let taken = copies.iter().filter(|page| page.status == 200).count();
    assert_eq!(taken, 1);
}

#[actix::test]
async fn a_nonce_is_not_used_up_by_whoever_cannot_sign() {
    let tool = Tool::start().await;
    let launch = learner();
    let forged = Launch { secret: "wrong", ..launch.clone() };

    assert_eq!(tool.launch(&forged).await.status, 401);
    assert_eq!(tool.launch(&launch).await.status, 200);
}

#[actix::test]
async fn headers_do_not_change_what_was_signed() {
    let tool = Tool::start().await;
    let send = async |launch: Launch| {
        let request = tool.client.post(&tool.base).header("Content-Type", FORM);
        let request = request
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Host", "evil.example")
            .header("Forwarded", "host=evil.example;proto=https")
            .body(launch.body());
        request.send().await.unwrap().status().as_u16()
    };

    assert_eq!(send(Launch { uri: "https://evil.example/", ..learner() }).await, 401);
    assert_eq!(send(learner()).await, 200);
}

#[actix::test]
async fn the_query_of_the_launch_url_may_be_signed_as_canvas_does() {
    let tool = Tool::start().await;
    let query = "custom_lesson=basics&a=b%20c";

    let copied = Launch { query, ..learner() }.with("custom_lesson", "basics").with("a", "b c");
    assert_eq!(tool.launch(&copied).await.status, 200);

    let changed = Launch { query, ..learner() }.with("custom_lesson", "other").with("a", "b c");
    assert_eq!(tool.launch(&changed).await.status, 401);
}

#[actix::test]
async fn a_store_that_fails_is_said_to_be_no_fault_of_the_launch() {
    let tool = Tool::start().await;
    tool.store.close().await;

    assert_refused(&tool.launch(&learner()).await, 503, "no store");
    assert_refused(&tool.launch(&Launch { secret: "wrong", ..learner() }).await, 401, "no key");
}

#[actix::test]
async fn odd_launches_that_are_signed_are_no_fault_of_the_tool() {
    let tool = Tool::start().await;
    for (what, launch) in [
        ("no roles", learner().without("roles")),
        ("an odd locale", learner().set("launch_presentation_locale", "../../etc/passwd")),
        ("a header in the locale", learner().set("launch_presentation_locale", "en\r\nX: y")),
        ("an odd return address", learner().set("launch_presentation_return_url", "javascript:x")),
        (
            "a policy in the return address",
            learner().set("launch_presentation_return_url", "https://x.example; script-src *"),
        ),
        ("an odd outcome address", learner().graded("file:///etc/passwd", "cell")),
        ("line breaks", learner().with("custom_note", "a\r\nb")),
        (
            "many parameters",
            (0..500)
                .fold(learner(), |launch, n| launch.with(&format!("custom_{n}"), &"é".repeat(20))),
        ),
        ("the name of a script", learner().set("lis_person_name_full", "<script>x</script>")),
    ] {
        let page = tool.launch(&launch).await;
        assert_eq!(page.status, 200, "{what}: {}", page.html);
        assert!(!page.header("content-security-policy").contains("script-src *"), "{what}");
        assert!(!page.html.contains("javascript:"), "{what}");
    }
}

#[actix::test]
async fn pages_say_whose_they_are() {
    let tool = Tool::start().await;
    let launch = Launch::of("zoe", "Learner").with("context_title", "Safety <1>");
    let page = tool.launch(&launch).await;
    let places = "<bdi>OTR, &quot;private&quot; chat</bdi> · <bdi>Safety &lt;1&gt;</bdi>";
    let named = format!("For <bdi>Zoë O'Hara</bdi> · {places}");
    assert!(page.html.contains(&named), "{}", page.html);
    let page = tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
    assert!(page.html.contains(&named), "{}", page.html);

    // Of whom the platform does not tell the name, the Jabber ID is told.
    let anonymous = Launch::of("yves", "Learner").without("lis_person_name_full");
    let page = tool.launch(&anonymous).await;
    assert!(!page.html.contains("For <bdi>"), "{}", page.html);
    let page = tool.submit(&page, "/enter_jid", &[("jid", "yves@chat.example")]).await;
    assert!(page.html.contains("For <bdi>yves@chat.example</bdi> · "), "{}", page.html);
}
