//! The learner's way.

use otrbot::records::{GradeState, Progress};

use crate::http::{
    platform::{Grade, Platform},
    registry::BOT_SECRET,
    support::{FORM, Launch, OLD_SECRET, ROTATING_KEY, SECRET, Tool, until},
};

const JID: &str = "zoe@chat.example";

#[actix::test]
async fn the_way_leads_from_the_launch_to_the_grade() {
    let tool = Tool::start().await;
    let sourcedid = r#"{"data":"<&>'"}"#;
    let platform = Platform::start(SECRET, []);
    let launch = Launch::of("zoe", "Learner").graded(&platform.url, sourcedid);

    let page = tool.launch(&launch).await;
    assert_eq!(page.name(), "start", "{}", page.html);
    let page = tool.submit(&page, "/enter_jid", &[]).await;
    assert_eq!(page.name(), "enter_jid");
    let page = tool.submit(&page, "/enter_jid", &[("jid", " Zoe@Chat.example/phone ")]).await;
    assert_eq!(page.name(), "jid_entered", "{}", page.html);
    assert!(page.html.contains("bot@chat.example"));
    let page = tool.submit(&page, "/ask_for_secret", &[]).await;
    assert_eq!(page.name(), "ask_for_secret");
    let page = tool.submit(&page, "/ask_for_secret", &[("secret", "password")]).await;
    assert_eq!(page.name(), "ask_for_secret");
    assert!(page.html.contains("Everybody takes &lt;this&gt;."), "{}", page.html);
    let page = tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
    assert_eq!(page.name(), "enter_bot_secret");
    let page = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
    assert_eq!(page.name(), "enter_bot_secret", "not given yet");
    tool.put(JID, Progress::Verified).await;
    let page = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", "AAAA-BBBB")]).await;
    assert_eq!(page.name(), "enter_bot_secret", "wrong");
    assert_eq!(platform.attempts(), 0);
    let page = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
    assert_eq!(page.name(), "done");

    until("the grade", async || !platform.grades().is_empty()).await;
    let grade =
        Grade { sourcedid: sourcedid.to_owned(), score: "1.0".to_owned(), details: String::new() };
    assert_eq!(platform.grades(), [grade]);
    platform.assert_content();
    let id = tool.store.claims(JID).await.unwrap().remove(0).id;
    until("the note of it", async || {
        let state = tool.store.grade(&id).await.unwrap().map(|grade| grade.state);
        matches!(state, Some(GradeState::Recorded { .. }))
    })
    .await;
    assert_eq!(
        tool.told().await,
        ["enrol zoe@chat.example Some(\"en-GB\") None", "secret password", "secret correct horse"]
    );
}

#[actix::test]
async fn forms_that_are_sent_again_do_no_harm() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let launch = Launch::of("zoe", "Learner").graded(&platform.url, "cell");

    let start = tool.launch(&launch).await;
    for _ in 0..2 {
        let page = tool.submit(&start, "/enter_jid", &[("jid", JID)]).await;
        assert_eq!(page.name(), "jid_entered");
    }
    for _ in 0..2 {
        let page = tool.submit(&start, "/ask_for_secret", &[("secret", "correct horse")]).await;
        assert_eq!(page.name(), "enter_bot_secret");
    }
    tool.put(JID, Progress::Verified).await;
    for _ in 0..3 {
        let page = tool.submit(&start, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
        assert_eq!(page.name(), "done");
    }
    // Out of the history, after the end.
    let page = tool.submit(&start, "/enter_bot_secret", &[("bot_secret", "wrong")]).await;
    assert_eq!(page.name(), "done");

    until("the grade", async || !platform.grades().is_empty()).await;
    platform.assert_content();
    assert_eq!(platform.attempts(), 1);
}

#[actix::test]
async fn nobody_is_graded_who_does_not_learn_or_has_no_cell() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let url = platform.url.as_str();
    for (jid, launch) in [
        ("a@chat.example", Launch::of("a", "Instructor").graded(url, "cell")),
        (
            "b@chat.example",
            Launch::of("b", "urn:lti:role:ims/lis/TeachingAssistant").graded(url, "x"),
        ),
        ("c@chat.example", Launch::of("c", "Learner").with("lis_outcome_service_url", url)),
        ("d@chat.example", Launch::of("d", "urn:lti:role:ims/lis/Mentor").graded(url, "cell")),
        ("e@chat.example", Launch::of("e", "Learner")),
    ] {
        let page = tool.launch(&launch).await;
        assert_eq!(page.name(), "start", "{jid}");
        let page = tool.submit(&page, "/enter_jid", &[("jid", jid)]).await;
        let page = tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
        tool.put(jid, Progress::Verified).await;
        let page = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
        assert_eq!(page.name(), "done", "{jid}");

        let id = tool.store.claims(jid).await.unwrap().remove(0).id;
        assert_eq!(tool.store.grade(&id).await.unwrap().map(|grade| grade.state), None, "{jid}");
    }
    assert_eq!(platform.attempts(), 0);
}

#[actix::test]
async fn a_known_learner_continues_where_they_stand() {
    let tool = Tool::start().await;
    let again = || Launch::of("zoe", "Learner");

    let page = tool.launch(&again()).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    assert_eq!(tool.launch(&again()).await.name(), "jid_entered");
    assert_eq!(tool.told().await.len(), 2, "not heard of yet: invited again");

    tool.put(JID, Progress::Encrypted).await;
    let page = tool.launch(&again()).await;
    assert_eq!(page.name(), "ask_for_secret");
    assert_eq!(tool.told().await.len(), 2, "not invited again");

    tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
    let page = tool.launch(&again()).await;
    assert_eq!(page.name(), "enter_bot_secret");
    assert!(page.html.contains("89ABCDEF"), "the fingerprint");
    let page = tool.submit(&page, "/ask_for_secret", &[]).await;
    assert_eq!(page.name(), "enter_bot_secret", "a strong secret is not asked for again");
    let page = tool.submit(&page, "/ask_for_secret", &[("again", "1")]).await;
    assert_eq!(page.name(), "ask_for_secret", "unless somebody wants another");

    tool.put(JID, Progress::Done).await;
    assert_eq!(tool.launch(&again()).await.name(), "done");
}

#[actix::test]
async fn pages_cannot_be_skipped_without_a_jid() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;

    for (path, fields) in [
        ("/jid_entered", &[][..]),
        ("/ask_for_secret", &[]),
        ("/ask_for_secret", &[("secret", "correct horse")]),
        ("/enter_bot_secret", &[]),
        ("/enter_bot_secret", &[("bot_secret", BOT_SECRET)]),
    ] {
        let page = tool.submit(&page, path, fields).await;
        assert_eq!(page.name(), "enter_jid", "{path} {fields:?}");
    }
}

#[actix::test]
async fn what_is_no_jid_comes_back_with_what_was_typed() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    let long = format!("{}@chat.example", "x".repeat(1_100));

    for typed in [
        "",
        "   ",
        "zoe",
        "chat.example",
        "@chat.example",
        "zoe@",
        "zoe@@chat.example",
        "zoe @chat.example",
        "zoe lovelace@chat.example",
        "zoe@chat.example, eve@chat.example",
        "zoe@chat.example:5222",
        "\"><script>alert(1)</script>@x",
        "zoe\u{0}@chat.example",
        "bot@chat.example",
        "BOT@chat.example/phone",
        "zoe@full.example",
        &long,
    ] {
        let page = tool.submit(&page, "/enter_jid", &[("jid", typed)]).await;
        assert_eq!(page.name(), "enter_jid", "{typed}");
        assert!(page.html.contains("aria-invalid"), "{typed}");
        assert!(!page.html.contains("<script>alert"), "{typed}");
        if !typed.contains('\0') {
            assert_eq!(page.value("jid"), typed);
        }
    }
    let enrolments = tool.store.enrolments().await.unwrap();
    assert!(enrolments.is_empty(), "{enrolments:?}");
    for typed in ["xmpp:zoe@chat.example", "ZOE@CHAT.example", "zoe@chat.example/Gajim.1"] {
        let page = tool.submit(&page, "/enter_jid", &[("jid", typed)]).await;
        assert_eq!(page.name(), "jid_entered", "{typed}");
        assert!(!tool.store.claims(JID).await.unwrap().is_empty());
    }
}

#[actix::test]
async fn another_jid_ends_what_the_first_one_began() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    tool.submit(&page, "/enter_jid", &[("jid", "zoe@elsewhere.example")]).await;

    let told = tool.told().await;
    assert_eq!(told.last().map(String::as_str), Some("dismiss zoe@chat.example"));
    assert!(tool.store.claims(JID).await.unwrap().is_empty());

    // One that the bot refuses leaves the one before in place.
    tool.submit(&page, "/enter_jid", &[("jid", "zoe@full.example")]).await;
    let kept = tool.store.claims("zoe@elsewhere.example").await.unwrap();
    assert!(!kept.is_empty());
}

#[actix::test]
async fn a_lesson_that_is_not_there_does_not_keep_learners_out() {
    let tool = Tool::start().await;
    let launch = Launch::of("zoe", "Learner").with("custom_lesson", "advanced");
    let page = tool.launch(&launch).await;

    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;

    assert_eq!(page.name(), "jid_entered");
    let told = tool.told().await;
    assert_eq!(
        told.last().map(String::as_str),
        Some("enrol zoe@chat.example Some(\"en-GB\") None")
    );
}

#[actix::test]
async fn pages_without_a_good_token_send_people_back_to_the_course() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    let mut forged = page.token();
    forged.replace_range(20..21, if forged.get(20..21) == Some("A") { "B" } else { "A" });

    for path in ["/", "/enter_jid", "/jid_entered", "/ask_for_secret", "/enter_bot_secret"] {
        let page = tool.get(path).await;
        assert_eq!(page.status, 401, "{path}");
        assert!(page.html.contains("course"), "{}", page.html);
        // A token has no business in an address.
        let page = tool
            .get(&format!(
                "{path}?token={}",
                tool.launch(&Launch::of("zoe", "Learner")).await.token()
            ))
            .await;
        assert_eq!(page.status, 401, "{path}");
        if path != "/" {
            for body in [
                String::new(),
                "token=".to_owned(),
                format!("token={forged}"),
                "token=%00".to_owned(),
            ] {
                let page = tool.post(path, FORM, body.clone()).await;
                assert_eq!(page.status, 401, "{path} {body}");
                assert!(page.html.contains("course"), "{}", page.html);
            }
        }
    }
}

#[actix::test]
async fn forms_of_other_sites_are_refused() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    let send = async |header: (&str, &str)| {
        let request = tool.client.post(format!("{}/enter_jid", tool.base));
        let body = format!("token={}&jid={JID}", page.token());
        let request = request.header("Content-Type", FORM).header(header.0, header.1).body(body);
        request.send().await.unwrap().status().as_u16()
    };

    assert_eq!(send(("Sec-Fetch-Site", "cross-site")).await, 403);
    assert_eq!(send(("Origin", "https://evil.example")).await, 403);
    assert!(tool.told().await.is_empty());
    assert_eq!(send(("Sec-Fetch-Site", "same-origin")).await, 200);
    assert_eq!(send(("Origin", "null")).await, 200);

    // A link from elsewhere is none of these.
    let link = tool.client.get(format!("{}/enter_jid", tool.base));
    let link = link.header("Sec-Fetch-Site", "cross-site").send().await.unwrap();
    assert_eq!(link.status().as_u16(), 401);
}

#[actix::test]
async fn without_authentication_the_way_is_open_and_nobody_is_graded() {
    let tool = Tool::start_with(false).await;
    assert_eq!(tool.get("/").await.name(), "start");
    assert_eq!(tool.get("/enter_jid").await.name(), "enter_jid");
    assert_eq!(tool.get("/ask_for_secret").await.name(), "enter_jid");
    for path in ["/", "/enter_jid"] {
        let request = tool.client.get(format!("{}{path}", tool.base));
        let astray = request.header("Host", "evil.example").send().await.unwrap();
        assert_eq!(astray.status().as_u16(), 403, "a name of somebody else's that leads here");
    }
    let platform = Platform::start(SECRET, []);
    let unsigned = format!(
        "user_id=zoe&roles=Learner&lis_result_sourcedid=x&lis_outcome_service_url={}",
        crate::http::oauth::encode(&platform.url)
    );

    let page = tool.post("/", FORM, unsigned).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    let page = tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
    tool.put(JID, Progress::Verified).await;
    let page = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;

    assert_eq!(page.name(), "done");
    let id = tool.store.claims(JID).await.unwrap().remove(0).id;
    assert_eq!(tool.store.grade(&id).await.unwrap().map(|grade| grade.state), None);
}

#[actix::test]
async fn pages_may_be_framed_by_their_platform_and_by_nobody_else() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let launch = Launch::of("zoe", "Learner").graded(&platform.url, "cell");

    let page = tool.launch(&launch).await;

    let (outcome_origin, _) = platform.url.split_once("/outcome").unwrap();
    let policy = page.header("content-security-policy");
    let (_, ancestors) = policy.split_once("frame-ancestors ").unwrap();
    assert_eq!(
        ancestors,
        format!("'self' https://*.instructure.com {outcome_origin} https://canvas.school.example")
    );
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-frame-options"), "");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "private, no-cache", "there is a way back to it");
    assert_eq!(page.header("set-cookie"), "");
    assert!(!page.header("strict-transport-security").is_empty());

    // A page outside of a launch, and one for a launch that failed in a course that is known.
    let hello = tool.get("/hello_world").await;
    assert_eq!(hello.status, 200);
    assert_eq!(hello.header("cache-control"), "no-store");
    assert!(hello.header("content-security-policy").ends_with("frame-ancestors 'none'"));
    let replayed = tool.launch(&launch).await;
    assert!(replayed.header("content-security-policy").contains("https://canvas.school.example"));
    // Nobody is told which platforms there are.
    for refused in [
        tool.get("/nothing/here").await,
        tool.get("/enter_jid").await,
        tool.post("/enter_jid", FORM, "token=forged").await,
        tool.launch(&Launch { secret: "wrong", ..launch }).await,
    ] {
        let policy = refused.header("content-security-policy");
        assert!(policy.contains("frame-ancestors"), "{policy}");
        assert!(!policy.contains(".school.example"), "{} {policy}", refused.status);
    }
}

#[actix::test]
async fn there_is_a_configuration_to_import() {
    let tool = Tool::start().await;

    let page = tool.get("/lti/config.xml").await;

    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("application/xml"));
    for part in [
        "<blti:title>OTR &amp; Bot</blti:title>",
        "<blti:description>Teaches &lt;OTR&gt;.</blti:description>",
        "<blti:launch_url>https://tool.example/</blti:launch_url>",
        "<lticm:property name=\"domain\">tool.example</lticm:property>",
        "<blti:icon>https://tool.example/static/otrbot.svg</blti:icon>",
        "name=\"brand\">$com.instructure.brandConfigJSON<",
        "name=\"high_contrast\">$Canvas.user.prefersHighContrast<",
        "name=\"tz\">$Person.address.timezone<",
        "name=\"privacy_level\">anonymous<",
    ] {
        assert!(page.html.contains(part), "{part}: {}", page.html);
    }
    let mut reader = quick_xml::NsReader::from_str(&page.html);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
}

#[actix::test]
async fn a_configuration_has_what_its_address_asks_for_and_nothing_odd() {
    let tool = Tool::start().await;
    for (query, privacy, lesson) in [
        ("?privacy=name_only&lesson=impostor", "name_only", Some("impostor")),
        ("?lesson=my.lesson-2_b", "anonymous", Some("my.lesson-2_b")),
        ("?privacy=%3Cx&lesson=%3C/a%3E", "anonymous", None),
        ("?privacy=public&lesson=", "anonymous", None),
        ("?lesson=a&lesson=b&%FF", "anonymous", None),
    ] {
        let page = tool.get(&format!("/lti/config.xml{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert!(page.html.contains(&format!("\"privacy_level\">{privacy}<")), "{query}");
        let said = page.html.split_once("name=\"lesson\">").map(|(_, rest)| rest);
        let said = said.and_then(|rest| rest.split_once('<')).map(|(name, _)| name);
        assert_eq!(said, lesson, "{query}");
    }
}

#[actix::test]
async fn what_the_pages_need_is_served_with_them() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    let paths: Vec<&str> =
        page.html.split('"').filter(|text| text.starts_with("/static/")).collect();
    assert!(!paths.is_empty(), "{}", page.html);

    for path in paths {
        let file = tool.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        assert!(!file.header("content-type").starts_with("text/html"), "{path}");
    }
    for path in ["/static/", "/static/nothing.css", "/static/..%2FCargo.toml"] {
        assert_eq!(tool.get(path).await.status, 404, "{path}");
    }
}

#[actix::test]
async fn other_addresses_and_methods_get_a_page_too() {
    let tool = Tool::start().await;
    let missing = tool.get("/nothing/here").await;
    assert_eq!(missing.status, 404);
    assert!(missing.html.contains("<h1"));

    let request = tool.client.delete(format!("{}/enter_jid", tool.base));
    let refused = request.send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 405);
    assert_eq!(refused.headers()["allow"], "GET, HEAD, POST");
    let refused = tool.get("/course/resend").await;
    assert_eq!((refused.status, refused.header("allow")), (405, "POST"));
    let head = tool.client.head(format!("{}/hello_world", tool.base)).send().await.unwrap();
    assert_eq!(head.status().as_u16(), 200);
}

#[actix::test]
async fn a_platform_frames_the_pages_where_the_settings_say_and_nowhere_else() {
    let tool = Tool::start().await;
    let launch = Launch::of("zoe", "Learner").set("oauth_consumer_key", ROTATING_KEY);

    let page = tool.launch(&launch).await;

    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.ends_with("frame-ancestors 'self' https://lms.example https://*.school.example"),
        "{policy}"
    );
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    assert_eq!(page.header("content-security-policy"), policy);
    let other = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert!(!other.header("content-security-policy").contains("lms.example"));
}

#[actix::test]
async fn the_secret_before_is_good_as_long_as_it_is_set() {
    let tool = Tool::start().await;
    for (secret, status) in [(SECRET, 200), (OLD_SECRET, 200), ("older still", 401)] {
        let launch = Launch::of("zoe", "Learner").set("oauth_consumer_key", ROTATING_KEY);
        assert_eq!(tool.launch(&Launch { secret, ..launch }).await.status, status, "{secret}");
    }
    let other = Launch { secret: OLD_SECRET, ..Launch::of("zoe", "Learner") };
    assert_eq!(tool.launch(&other).await.status, 401, "the secret of another platform");
}

#[actix::test]
async fn strangers_are_not_bothered_by_way_of_the_page() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    for n in 0..5 {
        let jid = format!("stranger{n}@chat.example");
        let page = tool.submit(&page, "/enter_jid", &[("jid", &jid)]).await;
        assert_eq!(page.name(), "jid_entered", "{n}");
    }

    for again in [tool.launch(&Launch::of("zoe", "Learner")).await, page] {
        let page = tool.submit(&again, "/enter_jid", &[("jid", "one.more@chat.example")]).await;
        assert_eq!(page.name(), "enter_jid");
        assert!(page.html.contains("no more addresses for you today"), "{}", page.html);
    }
    // In another assignment they are the same person; others are not.
    let other = Launch::of("zoe", "Learner").set("resource_link_id", "another");
    let page = tool.launch(&other).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", "one.more@chat.example")]).await;
    assert_eq!(page.name(), "enter_jid");
    let page = tool.launch(&Launch::of("yves", "Learner")).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", "one.more@chat.example")]).await;
    assert_eq!(page.name(), "jid_entered");
    let told = tool.told().await;
    assert_eq!(told.iter().filter(|told| told.contains("one.more")).count(), 1, "{told:?}");
}
