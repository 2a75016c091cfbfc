//! Who may show a page in a frame: whom a launch names, whom the settings name, and what is shown
//! where browsers would show nothing.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use crate::http::support::{FORM, Launch, OLD_SECRET, Page, ROTATING_KEY, Tool};

const RETURN_URL: &str = "launch_presentation_return_url";
const CANVAS: &str = "'self' https://*.instructure.com";

fn of(user: &str, roles: &str) -> Launch {
    Launch::of(user, roles).without(RETURN_URL)
}

fn framed_by(page: &Page) -> &str {
    page.header("content-security-policy").split_once("frame-ancestors ").unwrap().1
}

/// Posts a launch as a browser does that puts the answer somewhere, for a page of an origin.
async fn launch_into(tool: &Tool, launch: &Launch, into: &str, origin: Option<&str>) -> Page {
    let mut request = tool.client.post(format!("{}/", tool.base));
    request = request.header("Content-Type", FORM).header("Sec-Fetch-Dest", into);
    if let Some(origin) = origin {
        request = request.header("Origin", origin);
    }
    Page::read(request.body(launch.body()).send().await.unwrap()).await
}

#[actix::test]
async fn whom_a_launch_names_may_show_the_pages_of_every_role() {
    let tool = Tool::start().await;
    for (n, (name, value, expected)) in [
        ("lis_outcome_service_url", "https://lms.example/x", "https://lms.example"),
        ("ext_ims_lis_basic_outcome_url", "https://lms.example:8443/x", "https://lms.example:8443"),
        ("tool_consumer_instance_url", "http://lms.example", "http://lms.example"),
        ("custom_canvas_api_domain", "canvas.school.edu", "https://canvas.school.edu"),
        ("ext_ims_lis_memberships_url", "https://lms.example/m", "https://lms.example"),
        (RETURN_URL, "https://LMS.example/back", "https://lms.example"),
    ]
    .into_iter()
    .enumerate()
    {
        for roles in ["Instructor", "Learner", "urn:lti:role:ims/lis/Mentor"] {
            let page = tool.launch(&of(&format!("{n} {roles}"), roles).with(name, value)).await;
            let expected = format!("{CANVAS} {expected}");
            assert_eq!((page.status, framed_by(&page)), (200, &*expected), "{name} {roles}");
            // And so it is on the pages that follow.
            let path = if roles == "Instructor" { "/course" } else { "/enter_jid" };
            let next = tool.submit(&page, path, &[]).await;
            assert_eq!((next.status, framed_by(&next)), (200, &*expected), "{name} {roles}");
        }
    }
}

#[actix::test]
async fn what_is_not_signed_no_address_or_no_platform_names_nobody() {
    let tool = Tool::start().await;
    for (n, (name, value)) in [
        ("user_image", "https://evil.example/me.png"),
        ("custom_page_url", "https://evil.example/"),
        ("lis_outcome_service_url", "javascript:alert(1)"),
        ("lis_outcome_service_url", "https://a:b@evil.example/"),
        ("tool_consumer_instance_url", "https://*.evil.example/"),
        ("custom_canvas_api_domain", "evil.example; script-src *"),
    ]
    .into_iter()
    .enumerate()
    {
        let page = tool.launch(&of(&n.to_string(), "Learner").with(name, value)).await;
        assert_eq!((page.status, framed_by(&page)), (200, CANVAS), "{name} {value}");
    }
    let forged = of("zoe", "Learner").with("lis_outcome_service_url", "https://evil.example/");
    let page = tool.launch(&Launch { secret: "wrong", ..forged }).await;
    assert_eq!((page.status, framed_by(&page)), (401, CANVAS));

    let mut many = of("ben", "Learner");
    for n in 0..200 {
        many =
            many.with(&format!("ext_{n}_url"), &format!("https://{n}.{}.example", "x".repeat(60)));
    }
    let page = tool.launch(&many).await;
    assert!(page.status == 200 && framed_by(&page).len() < 1_000, "{}", framed_by(&page));
}

#[actix::test]
async fn where_a_browser_would_show_nothing_the_way_out_of_the_frame_is_shown() {
    let tool = Tool::start().await;
    let lms = "https://lms.example";
    let named = || of("zoe", "Learner").with("lis_outcome_service_url", "https://lms.example/x");
    let plain = || of("zoe", "Learner").with("lis_outcome_service_url", "http://lms.example/x");
    let rotating = || Launch {
        secret: OLD_SECRET,
        ..of("zoe", "Learner").set("oauth_consumer_key", ROTATING_KEY)
    };
    for (what, launch, into, origin, is_shown) in [
        ("no address", of("zoe", "Learner"), "iframe", Some(lms), false),
        ("no address, no origin", of("zoe", "Learner"), "iframe", None, false),
        ("no address, hidden origin", of("zoe", "Learner"), "iframe", Some("null"), false),
        ("no address, an object", of("zoe", "Learner"), "object", Some(lms), false),
        ("no address, a window", of("zoe", "Learner"), "document", Some(lms), true),
        ("Canvas", of("zoe", "Learner"), "iframe", Some("https://x.instructure.com"), true),
        ("its own address", named(), "iframe", Some(lms), true),
        ("hidden origin", named(), "iframe", Some("null"), true),
        ("another address", named(), "iframe", Some("https://apps.lms.example"), false),
        ("HTTP that is HTTPS now", plain(), "iframe", Some(lms), true),
        ("the settings", rotating(), "iframe", Some("https://a.school.example"), true),
        ("not the settings", rotating(), "iframe", Some("https://other.example"), true),
        ("the settings, no origin", rotating(), "iframe", None, true),
    ] {
        let page = launch_into(&tool, &launch, into, origin).await;
        assert_eq!(page.status, 200, "{what}");
        assert_eq!(framed_by(&page) == "*", !is_shown, "{what}: {}", framed_by(&page));
        if !is_shown {
            assert!(page.html.contains("target=\"_blank\" rel=\"noopener\""), "{what}");
            assert!(page.html.contains("frame_ancestors"), "{what}");
            for secret in ["Zo", "Hara", "private&quot; chat", lms] {
                assert!(!page.html.contains(secret), "{what}: {secret}");
            }
            let next = tool.submit(&page, "/enter_jid", &[("start", "1"), ("alone", "1")]).await;
            assert_eq!((next.status, next.name()), (200, "start"), "{what}");
            assert_ne!(framed_by(&next), "*", "{what}");
        }
    }
    let teacher = launch_into(&tool, &of("tom", "Instructor"), "iframe", Some(lms)).await;
    assert!(framed_by(&teacher) == "*" && teacher.html.contains("action=\"/course\""));
    let course = tool.submit(&teacher, "/course", &[("alone", "1")]).await;
    assert_eq!((course.status, framed_by(&course)), (200, CANVAS));
}

#[actix::test]
async fn what_is_said_of_a_launch_that_is_not_taken_is_shown_in_every_frame() {
    let tool = Tool::start().await;
    let rotating = |launch: Launch| launch.set("oauth_consumer_key", ROTATING_KEY);
    let wrong = || Launch { secret: "wrong", ..of("zoe", "Learner") };
    let named = "lis_outcome_service_url";
    for (what, launch) in [
        ("wrong secret", wrong()),
        ("wrong secret, and settings", rotating(wrong())),
        ("wrong secret, and an address", wrong().with(named, "https://evil.example/")),
        ("no such key", wrong().set("oauth_consumer_key", "stranger")),
        ("stale", of("zoe", "Learner").set("oauth_timestamp", "1000")),
        ("stale, and settings", rotating(of("zoe", "Learner")).set("oauth_timestamp", "1000")),
    ] {
        for origin in [None, Some("null"), Some("https://lms.example")] {
            let page = launch_into(&tool, &launch, "iframe", origin).await;
            assert_eq!((page.status, framed_by(&page)), (401, "*"), "{what}");
            assert!(!page.html.contains("<form") && !page.html.contains("example/"), "{what}");
        }
    }
    for (what, path) in [
        ("a login", "/?iss=https%3A%2F%2Flms.example&login_hint=7&target_link_uri=x"),
        ("a token", "/?id_token=abc"),
    ] {
        let page = tool.get(path).await;
        assert_eq!(framed_by(&page), "*", "{what}");
        assert!(page.html.contains("LTI 1.3"), "{what}");
    }
    let other = of("zoe", "Learner").set("lti_version", "LTI-2p0");
    assert_eq!(framed_by(&launch_into(&tool, &other, "iframe", None).await), "*");
    // Whoever signed one is known.
    let launch = of("zoe", "Learner");
    launch_into(&tool, &launch, "iframe", Some("https://x.instructure.com")).await;
    let again = launch_into(&tool, &launch, "iframe", None).await;
    assert_eq!((again.status, framed_by(&again)), (401, CANVAS));
}
