//! Pages in the colours and the time of the platform.

use otrbot::records::{GradeState, Progress};

use crate::http::{
    platform::Platform,
    registry::BOT_SECRET,
    support::{Launch, Page, SECRET, Tool, until},
};

const JID: &str = "zoe@chat.example";
const BRAND: &str = r##"{"ic-brand-primary":"#8a1538","ic-link-color":"#eeeeee",
    "ic-brand-button--primary-bgd":"#8a1538","ic-brand-button--primary-text":"#ffffff"}"##;

fn learner() -> Launch {
    Launch::of("zoe", "Learner")
}

/// The address of the page's theme.
fn theme(page: &Page) -> Option<String> {
    let (_, rest) = page.html.split_once("href=\"/theme/")?;
    let (name, _) = rest.split_once('"')?;
    Some(format!("/theme/{name}"))
}

#[actix::test]
async fn pages_take_the_colours_of_the_launch_along() {
    let tool = Tool::start().await;
    let page = tool.launch(&learner().with("custom_brand", BRAND)).await;
    let address = theme(&page).expect("a theme");

    let sheet = tool.get(&address).await;
    assert_eq!(sheet.status, 200);
    assert_eq!(sheet.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(sheet.header("cache-control"), "public, max-age=86400");
    assert!(sheet.html.contains("--brand: #8a1538;"), "{}", sheet.html);
    assert!(sheet.html.contains("--link: #8a1538;"), "pale links are not taken: {}", sheet.html);

    // The pages after the launch know it by the enrolment.
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    assert_eq!(theme(&page), Some(address.clone()));
    let (ours, theirs) = (page.html.find("/static/otrbot.css"), page.html.find(&address));
    assert!(ours < theirs, "our own comes first");

    let page = tool.launch(&learner().with("custom_high_contrast", "true")).await;
    assert_eq!(theme(&page).as_deref(), Some("/theme/high-contrast.css"));
    assert_eq!(tool.get("/theme/high-contrast.css").await.status, 200);
    let page = tool.launch(&learner()).await;
    assert_eq!(theme(&page), None, "the newest launch counts");
}

#[actix::test]
async fn a_theme_that_nobody_could_read_is_not_served() {
    let tool = Tool::start().await;
    for name in ["x-x-ffff00-x-x", "x-x-x-x-x", "a", "x-x-8A1538-x-x", "high-contrast%0a", "..%2fx"]
    {
        assert_eq!(tool.get(&format!("/theme/{name}.css")).await.status, 404, "{name}");
    }
    let yellow = r##"{"ic-brand-primary":"#ffff00"}"##;
    for brand in [yellow, "{", "$com.instructure.brandConfigJSON", ""] {
        let page = tool.launch(&learner().with("custom_brand", brand)).await;
        assert_eq!((page.name(), theme(&page)), ("start", None), "{brand}");
    }
}

#[actix::test]
async fn the_grade_was_recorded_at_a_time_of_the_learners() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, []);
    let launch = |zone| learner().with("custom_tz", zone).graded(&platform.url, "cell");
    let page = tool.launch(&launch("Asia/Tokyo")).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    tool.put(JID, Progress::Verified).await;
    tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
    let id = tool.store.claims(JID).await.unwrap().remove(0).id;
    let mut recorded = 0;
    until("the grade", async || {
        match tool.store.grade(&id).await.unwrap().map(|grade| grade.state) {
            Some(GradeState::Recorded { at }) => {
                recorded = at;
                true
            }
            _ => false,
        }
    })
    .await;
    let told = |minutes: i64| {
        let of_day = (recorded + minutes * 60).rem_euclid(86_400) / 60;
        format!("{:02}:{:02}", of_day / 60, of_day % 60)
    };

    let page = tool.submit(&page, "/enter_bot_secret", &[]).await;
    assert!(page.html.contains(&format!("{}</bdi></time>", told(9 * 60))), "{}", page.html);
    assert!(!page.html.contains("UTC"), "{}", page.html);
    for unknown in ["$Person.address.timezone", "Asia/Atlantis", ""] {
        let page = tool.launch(&launch(unknown)).await;
        assert!(page.html.contains(&format!("{} UTC</bdi></time>", told(0))), "{}", page.html);
    }
}
