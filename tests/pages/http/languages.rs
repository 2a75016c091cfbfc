//! Pages in the language of whoever reads them.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use otrbot::records::Progress;

use crate::http::{
    registry::Lose,
    support::{FORM, Launch, OLD_SECRET, Page, ROTATING_KEY, Tool, reach},
};

fn assert_language(page: &Page, attributes: &str, what: &str) {
    assert!(page.html.contains(&format!("<html {attributes}>")), "{what}: {}", page.html);
}

#[actix::test]
async fn a_launch_brings_its_language() {
    let tool = Tool::start().await;
    for (locale, attributes) in [
        ("ar", "lang=\"ar\" dir=\"rtl\""),
        ("ar-EG", "lang=\"ar\" dir=\"rtl\""),
        ("nl", "lang=\"nl-NL\" dir=\"ltr\""),
        ("nl_BE", "lang=\"nl-NL\" dir=\"ltr\""),
        ("en-GB-x-ukhe", "lang=\"en-GB\" dir=\"ltr\""),
        ("tlh", "lang=\"en-GB\" dir=\"ltr\""),
        ("../../etc", "lang=\"en-GB\" dir=\"ltr\""),
    ] {
        let launch = Launch::of(locale, "Learner").set("launch_presentation_locale", locale);
        let page = tool.launch(&launch).await;

        assert_language(&page, attributes, locale);
        let page = tool.submit(&page, "/enter_jid", &[]).await;
        assert_language(&page, attributes, locale);
        assert!(page.html.contains("id=\"jid\" name=\"jid\" value=\"\" dir=\"ltr\""), "{locale}");
    }
}

#[actix::test]
async fn a_page_without_a_launch_asks_the_browser() {
    let tool = Tool::start().await;
    for (accepted, attributes) in [
        ("ar,en;q=0.5", "lang=\"ar\" dir=\"rtl\""),
        ("tlh, ar-EG;q=0.9, en;q=0.8", "lang=\"ar\" dir=\"rtl\""),
        ("en;q=0.1, nl;q=0.2, ar;q=0.9", "lang=\"ar\" dir=\"rtl\""),
        ("ar;q=0, nl", "lang=\"nl-NL\" dir=\"ltr\""),
        ("en-US,ar", "lang=\"en-GB\" dir=\"ltr\""),
        ("*", "lang=\"en-GB\" dir=\"ltr\""),
        (",,;;,-", "lang=\"en-GB\" dir=\"ltr\""),
    ] {
        for path in ["/hello_world", "/nowhere"] {
            let request = tool.client.get(format!("{}{path}", tool.base));
            let answer = request.header("Accept-Language", accepted).send().await;
            let html = answer.map(reqwest::Response::text).expect("an answer").await;
            let html = html.expect("a page");
            assert!(html.contains(&format!("<html {attributes}>")), "{accepted} {path}: {html}");
        }
    }
}

/// Sends a form with a header `Accept-Language`.
async fn post_in(tool: &Tool, languages: &str, path: &str, body: String) -> String {
    let request = tool.client.post(format!("{}{path}", tool.base));
    let request = request.header("Content-Type", FORM).header("Accept-Language", languages);
    request.body(body).send().await.unwrap().text().await.unwrap()
}

#[actix::test]
async fn a_launch_in_no_language_of_ours_is_answered_in_the_browsers() {
    let tool = Tool::start().await;
    for (ix, (locale, accepted, attributes, told)) in [
        (None, "tlh, nl-BE;q=0.8, ar;q=0.7", "lang=\"nl-NL\"", "Some(\"nl-BE\")"),
        (Some("tlh"), "ar", "lang=\"ar\" dir=\"rtl\"", "Some(\"ar\")"),
        (Some("ar"), "nl", "lang=\"ar\" dir=\"rtl\"", "Some(\"ar\")"),
        (None, "tlh", "lang=\"en-GB\"", "None"),
    ]
    .into_iter()
    .enumerate()
    {
        let user = format!("user{ix}");
        let mut launch = Launch::of(&user, "Learner").without("launch_presentation_locale");
        if let Some(locale) = locale {
            launch = launch.with("launch_presentation_locale", locale);
        }
        let html = post_in(&tool, accepted, "/", launch.body()).await;
        assert!(html.contains(&format!("<html {attributes}")), "{locale:?} {accepted}: {html}");
        let (_, rest) = html.split_once("name=\"token\" value=\"").unwrap();
        let (token, _) = rest.split_once('"').unwrap();

        let body = format!("token={token}&jid={user}@chat.example");
        let html = post_in(&tool, accepted, "/enter_jid", body).await;

        assert!(html.contains(&format!("<html {attributes}")), "{locale:?} {accepted}: {html}");
        let enrolled = format!("enrol {user}@chat.example {told} None");
        assert_eq!(tool.told().await.last(), Some(&enrolled), "the bot speaks it, too");
    }
}

#[actix::test]
async fn without_launches_the_browser_says_the_language() {
    let tool = Tool::start_with(false).await;
    let request = tool.client.get(format!("{}/enter_jid", tool.base));
    let answer = request.header("Accept-Language", "nl").send().await.unwrap();
    let html = answer.text().await.unwrap();
    assert!(html.contains("<html lang=\"nl-NL\""), "{html}");
    let (_, rest) = html.split_once("name=\"token\" value=\"").unwrap();
    let (token, _) = rest.split_once('"').unwrap();

    post_in(&tool, "nl", "/enter_jid", format!("token={token}&jid=zoe@chat.example")).await;

    assert_eq!(tool.told().await, ["enrol zoe@chat.example Some(\"nl\") None"]);
}

#[actix::test]
async fn a_page_that_says_what_is_wrong_is_in_the_language_of_the_launch() {
    let tool = Tool::start().await;
    let launch = Launch::of("zoe", "Learner").set("launch_presentation_locale", "ar");
    let page = tool.launch(&launch).await;
    let arabic = "lang=\"ar\" dir=\"rtl\"";

    let replayed = tool.launch(&launch).await;
    assert_eq!(replayed.status, 401);
    assert_language(&replayed, arabic, "a launch that was used before");
    assert!(replayed.html.contains("href=\"https://canvas.school.example/courses/1\""));
    let not_ours = Launch { secret: "wrong", ..launch.clone() };
    let refused = tool.launch(&not_ours.set("oauth_nonce", "another")).await;
    assert_language(&refused, arabic, "a launch that nobody signed");
    assert!(!refused.html.contains("canvas.school.example/courses"), "nobody signed the way back");
    let body = format!("token={}x&locale=ar", page.token());
    let expired = tool.post("/enter_jid", FORM, body).await;
    assert_eq!(expired.status, 401);
    assert_language(&expired, arabic, "a form with a bad token");
    assert!(page.html.contains("name=\"locale\" value=\"ar\""), "{}", page.html);

    tool.speak_all_languages();
    let german = tool.post("/enter_jid", FORM, "token=x&locale=de").await;
    assert!(german.html.contains("<html lang=\"de-DE\" dir=\"ltr\">"), "{}", german.html);
    for odd in ["../../etc", "%22%3E", "xx"] {
        let page = tool.post("/enter_jid", FORM, format!("token=x&locale={odd}")).await;
        assert_language(&page, "lang=\"en-GB\" dir=\"ltr\"", odd);
    }
}

/// Chooses a language on a page.
async fn choose(tool: &Tool, page: &Page, path: &str, field: &str, language: &str) -> Page {
    tool.submit(page, path, &[(field, "1"), ("language", language)]).await
}

#[actix::test]
async fn who_chooses_a_language_gets_the_same_page_in_it_and_so_does_the_bot() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert!(page.html.contains("lang=\"ar\" dir=\"rtl\">العربية</button>"), "{}", page.html);

    let page = choose(&tool, &page, "/enter_jid", "start", "ar").await;

    assert_eq!(page.name(), "start");
    assert_language(&page, "lang=\"ar\" dir=\"rtl\"", "the first page");
    assert!(tool.told().await.is_empty(), "there is nobody yet whom the bot talks to");
    let page = tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
    assert_language(&page, "lang=\"ar\" dir=\"rtl\"", "it stays");
    let enrolled = "enrol zoe@chat.example Some(\"ar\") None";
    assert_eq!(tool.told().await, [enrolled]);

    let page = choose(&tool, &page, "/jid_entered", "x", "nl-NL").await;

    assert_eq!(page.name(), "jid_entered");
    assert_language(&page, "lang=\"nl-NL\" dir=\"ltr\"", "another page");
    assert_eq!(tool.told().await, [enrolled, "language zoe@chat.example nl_NL"]);
    let marked = "value=\"nl-NL\" lang=\"nl-NL\" dir=\"ltr\" aria-current=\"true\"";
    assert!(page.html.contains(marked), "{}", page.html);
    let page = tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
    assert_eq!(page.name(), "enter_bot_secret");
    let page = choose(&tool, &page, "/enter_bot_secret", "x", "ar").await;
    assert_eq!(page.name(), "enter_bot_secret");
    let page = choose(&tool, &page, "/ask_for_secret", "again", "en-GB").await;
    assert_eq!(page.name(), "ask_for_secret", "the page that would be passed over");
    assert_language(&page, "lang=\"en-GB\" dir=\"ltr\"", "back");
}

#[actix::test]
async fn a_language_that_is_none_changes_nothing_and_choices_are_bounded() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
    for odd in ["", "tlh", "../../etc", "\"><script>", &"x".repeat(5_000)] {
        let page = choose(&tool, &page, "/jid_entered", "x", odd).await;
        assert_eq!(page.name(), "jid_entered", "{odd}");
        assert_language(&page, "lang=\"en-GB\" dir=\"ltr\"", odd);
    }
    let both = [("language", "ar"), ("language", "nl")];
    let page = tool.submit(&page, "/jid_entered", &both).await;
    assert_language(&page, "lang=\"en-GB\" dir=\"ltr\"", "no button is two");
    assert_eq!(tool.told().await.len(), 1);

    let mut last = page;
    for round in 0..40 {
        let (language, attributes) = if round % 2 == 0 {
            ("ar", "lang=\"ar\" dir=\"rtl\"")
        } else {
            ("nl", "lang=\"nl-NL\" dir=\"ltr\"")
        };
        let next = choose(&tool, &last, "/jid_entered", "x", language).await;
        if next.status != 200 {
            assert_eq!(next.status, 429);
            assert_language(&next, attributes, "in the one that was wanted");
            return;
        }
        last = next;
    }
    assert_eq!(last.status, 429, "nothing bounds what is said in the chat");
}

#[actix::test]
async fn the_page_names_the_contact_of_the_platform_also_where_it_says_what_is_wrong() {
    let tool = Tool::start().await;
    let general = "help@school.example &amp; all";
    let own = "the dean of the other course";
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert!(page.html.contains(general) && !page.html.contains(own), "{}", page.html);

    let other = Launch::of("zoe", "Learner").set("oauth_consumer_key", ROTATING_KEY);
    let other = Launch { secret: OLD_SECRET, ..other };
    let page = tool.launch(&other).await;
    assert!(page.html.contains(own) && !page.html.contains(general), "{}", page.html);

    let replayed = tool.launch(&other).await;
    assert_eq!(replayed.status, 401);
    assert!(replayed.html.contains(own), "{}", replayed.html);
    let mut answer = tool.submit(&page, "/enter_jid", &[("jid", "nobody")]).await;
    for _ in 0..40 {
        answer = tool.submit(&page, "/enter_jid", &[("jid", "nobody")]).await;
    }
    assert_eq!(answer.status, 429);
    assert!(answer.html.contains(own) && !answer.html.contains(general), "{}", answer.html);
    let nowhere = tool.get("/nowhere").await;
    assert!(nowhere.html.contains("id=\"contact\"") && nowhere.html.contains(general));
}

#[actix::test]
async fn who_comes_back_is_enrolled_as_somebody_who_was_met() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
    reach(&tool.store, "zoe@chat.example", Progress::Talking, 1).await;
    tool.registry.send(Lose("zoe@chat.example".parse().unwrap())).await.unwrap();

    tool.launch(&Launch::of("zoe", "Learner")).await;

    let first = "enrol zoe@chat.example Some(\"en-GB\") None";
    assert_eq!(tool.told().await, [first.to_owned(), format!("{first}, met before")]);
}
