//! Pages in the language of whoever reads them.

use crate::support::{Launch, Page, Tool};

fn assert_language(page: &Page, attributes: &str, what: &str) {
    assert!(page.html.contains(&format!("<html {attributes}>")), "{what}: {}", page.html);
}

#[actix::test]
async fn a_launch_brings_its_language() {
    let tool = Tool::start().await;
    for (locale, attributes) in [
        ("ar", "lang=\"ar\" dir=\"rtl\""),
        ("ar-EG", "lang=\"ar\" dir=\"rtl\""),
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
        ("tlh, ar-EG;q=0.9, en", "lang=\"ar\" dir=\"rtl\""),
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
