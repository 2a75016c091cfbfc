//! The whole way of a learner through the pages.

use std::time::Duration;

use otrbot::records::Progress;

use crate::browser::{
    course::Course,
    driver::{Browser, Element, Scripts},
    reading::{assert_readable, assert_says_what_is_wrong},
};
use crate::http::platform::{Grade, Mood, Platform};
use crate::http::registry::BOT_SECRET;
use crate::http::support::{Launch, SECRET, Tool, until};

const JID: &str = "zoe@chat.example";
const SECRET_OF_TWO: &str = "four quiet otters juggling";
const ANOTHER_SECRET: &str = "Ñandú & 100% \u{1f9a6} + more";

fn launch() -> Launch {
    Launch::of("zoe", "Learner")
}

/// A learner before the browser, in the assignment.
pub(crate) struct Learner {
    pub(crate) tool: Tool,
    course: Course,
    platform: Platform,
    pub(crate) browser: Browser,
    scripts: Scripts,
}

impl Learner {
    pub(crate) async fn sit_down(scripts: Scripts, moods: Vec<Mood>) -> Self {
        let tool = Tool::start().await;
        let course = Course::start();
        let platform = Platform::start(SECRET, moods);
        let browser = Browser::start(scripts).await;
        Self { tool, course, platform, browser, scripts }
    }

    fn frame_url(&self) -> String {
        self.tool.base.replace("127.0.0.1", "localhost")
    }

    /// Opens the assignment in the course, in a frame of a width.
    pub(crate) async fn open_assignment(&self, launch: Launch, frame_width: u32) {
        let launch = launch
            .set("launch_presentation_return_url", &self.course.url())
            .graded(&self.platform.url, "cell of zoe");
        self.course.assign(&format!("{}/", self.frame_url()), &launch, frame_width);
        self.browser.enter(None).await;
        self.browser.open(&self.course.url()).await;
        let button = self.browser.find("#launch button").await;
        self.browser.click(&button).await;
        let frame = self.browser.find("#tool").await;
        self.browser.enter(Some(&frame)).await;
    }

    /// Waits for the page with this heading, and looks whether it can be read.
    pub(crate) async fn arrive(&self, heading: &str) {
        let what = format!("the page {heading:?}");
        until(&what, async || {
            let headings = self.browser.script("return document.querySelector('h1')?.textContent");
            headings.await == heading
        })
        .await;
        until(&format!("{what} is complete"), async || {
            self.browser.script("return document.readyState").await == "complete"
        })
        .await;
        assert_readable(&self.browser, heading).await;
    }

    /// The button of the form that leads on.
    pub(crate) async fn go_on(&self) {
        let button = self.browser.find("main form button.main").await;
        self.browser.click(&button).await;
    }

    pub(crate) async fn answer(&self, field: &str, text: &str) {
        let field = self.field(field).await;
        self.browser.clear(&field).await;
        self.browser.type_into(&field, text).await;
        let form = self.browser.find("form.ask button.main").await;
        self.browser.click(&form).await;
    }

    async fn field(&self, name: &str) -> Element {
        self.browser.find(&format!("input[name={name}]")).await
    }

    /// Waits until the page came back with something wrong about a field.
    async fn is_told_of(&self, field: &str, words: &str) {
        until(&format!("told of {words:?}"), async || {
            let said = "return document.querySelector('[role=alert]')?.textContent ?? ''";
            self.browser.script(said).await.as_str().is_some_and(|said| said.contains(words))
        })
        .await;
        assert_says_what_is_wrong(&self.browser, field).await;
        assert_readable(&self.browser, words).await;
        if self.scripts == Scripts::On {
            until("the summary has the focus", async || {
                let focused = "return document.activeElement.getAttribute('role')";
                self.browser.script(focused).await == "alert"
            })
            .await;
        }
    }

    /// From the first page to the last.
    async fn take_the_exercise(&self) {
        self.arrive("Learn to chat in private").await;
        self.go_on().await;

        self.arrive("Your Jabber ID").await;
        assert!(self.browser.title().await.starts_with("Step 1 of 4: "));
        self.can_scan_the_address().await;
        self.answer("jid", "zoe.chat.example").await;
        self.is_told_of("jid", "has an @").await;
        let field = self.field("jid").await;
        assert_eq!(self.browser.property(&field, "value").await, "zoe.chat.example");
        self.answer("jid", JID).await;

        self.arrive("Meet Marvin").await;
        assert!(self.browser.text("[role=status]").await.contains(JID));
        assert!(self.browser.text(".how").await.contains("bot@chat.example"));
        self.can_scan_the_address().await;
        self.go_on().await;

        self.arrive("Agree on a shared secret").await;
        self.try_to_see_the_secret().await;
        self.answer("secret", "password").await;
        self.is_told_of("secret", "Everybody takes <this>.").await;
        assert!(self.browser.text("[role=alert]").await.contains("Take several words."));
        let field = self.field("secret").await;
        assert_eq!(self.browser.property(&field, "value").await, "", "a secret is not sent back");
        self.answer("secret", SECRET_OF_TWO).await;

        self.arrive("Enter the bot secret").await;
        let fingerprint = self.browser.text(".fingerprint").await;
        let groups: Vec<&str> = fingerprint.split_whitespace().collect();
        assert_eq!(groups, ["01234567", "89ABCDEF", "01234567", "89ABCDEF", "01234567"]);
        self.agree_on_another_secret().await;
        self.answer("bot_secret", BOT_SECRET).await;
        self.is_told_of("bot_secret", "has not given you a secret yet").await;

        self.tool.put(JID, Progress::Encrypted).await;
        let again = self.browser.find("[data-by-hand] button").await;
        assert_eq!(self.browser.is_displayed(&again).await, self.scripts == Scripts::Off);
        if self.scripts == Scripts::Off {
            self.browser.click(&again).await;
        }
        until("the page knows of the encryption", async || {
            self.browser.text(".progress [role=status]").await.contains("private")
        })
        .await;
        self.nothing_is_wrong_any_more().await;
        self.tool.put(JID, Progress::Verified).await;
        self.answer("bot_secret", "AAAA-BBBB-CCCC-DDDD").await;
        self.is_told_of("bot_secret", "not the secret").await;
        self.answer("bot_secret", BOT_SECRET).await;

        self.arrive("Well done!").await;
    }

    /// What was wrong before the page knew more is not said any more.
    async fn nothing_is_wrong_any_more(&self) {
        assert!(self.browser.title().await.starts_with("Step 4 of 4: "));
        assert!(self.browser.all("[role=alert], .wrong, [aria-invalid]").await.is_empty());
        assert_readable(&self.browser, "nothing is wrong any more").await;
        if self.scripts == Scripts::On {
            let focused = self.browser.script("return document.activeElement.localName").await;
            assert_eq!(focused, "h1", "the focus was in the words that are gone");
        }
    }

    /// The way back for whoever forgot the secret.
    async fn agree_on_another_secret(&self) {
        let stuck = self.browser.find("#stuck summary").await;
        self.browser.click(&stuck).await;
        let anew = self.browser.find("button[name=again]").await;
        self.browser.click(&anew).await;
        self.arrive("Agree on a shared secret").await;
        self.answer("secret", ANOTHER_SECRET).await;
        self.arrive("Enter the bot secret").await;
        let told = self.tool.told().await;
        assert!(told.contains(&format!("secret {ANOTHER_SECRET}")), "{told:?}");
    }

    /// With scripts there is a button that shows the secret; without, there is none.
    async fn try_to_see_the_secret(&self) {
        let field = self.field("secret").await;
        let button = self.browser.find("button[data-show]").await;
        assert_eq!(self.browser.property(&field, "type").await, "password");
        let has_button = self.browser.is_displayed(&button).await;
        assert_eq!(has_button, self.scripts == Scripts::On);
        if has_button {
            self.browser.click(&button).await;
            assert_eq!(self.browser.property(&field, "type").await, "text");
            assert_eq!(self.browser.text("button[data-show]").await, "Hide the secret");
            self.browser.click(&button).await;
            assert_eq!(self.browser.property(&field, "type").await, "password");
        }
    }

    /// The bot's address is there as a picture as well, large enough for a camera.
    async fn can_scan_the_address(&self) {
        let more = self.browser.find("details.scan summary").await;
        self.browser.click(&more).await;
        let code = self.browser.find("svg.qr[role=img]").await;
        assert!(self.browser.is_displayed(&code).await);
        let size = "const box = document.querySelector('svg.qr').getBoundingClientRect();
            return Math.min(box.width, box.height)";
        assert!(self.browser.script(size).await.as_f64().is_some_and(|size| size >= 120.0));
        let colours = "const code = document.querySelector('svg.qr');
            return ['rect', 'path'].map((name) => getComputedStyle(code.querySelector(name)).fill)";
        let colours = self.browser.script(colours).await;
        assert_eq!(colours, serde_json::json!(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]));
    }

    async fn is_graded(&self) {
        until("the grade", async || !self.platform.grades().is_empty()).await;
        let grade = Grade {
            sourcedid: "cell of zoe".to_owned(),
            score: "1.0".to_owned(),
            details: String::new(),
        };
        assert_eq!(self.platform.grades(), [grade]);
        self.platform.assert_content();
    }

    /// Fails the test if this browser sends cookies in frames of another site, or none at all.
    async fn assert_third_party_cookies_are_blocked(&self) {
        self.browser.enter(None).await;
        self.browser.open(&self.course.url()).await;
        until("the frame a second time", async || self.course.cookies().len() >= 2).await;
        let in_frames = self.course.cookies();
        assert!(in_frames.iter().all(String::is_empty), "a frame's cookie was kept: {in_frames:?}");
        until("a cookie comes back at the top", async || {
            self.browser.open(&self.course.cookie_url()).await;
            self.course.cookies().last().is_some_and(|cookie| cookie == "tried=1")
        })
        .await;
    }
}

#[actix::test]
async fn a_learner_passes_in_a_frame_of_another_site_without_cookies() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;

    learner.open_assignment(launch(), 640).await;
    learner.take_the_exercise().await;

    learner.is_graded().await;
    learner.open_assignment(launch(), 640).await;
    learner.arrive("Well done!").await;
    assert!(learner.browser.text("[role=status]").await.contains("recorded your grade"));
    learner.assert_third_party_cookies_are_blocked().await;
}

#[actix::test]
async fn a_learner_passes_without_scripts() {
    let learner = Learner::sit_down(Scripts::Off, Vec::new()).await;

    learner.open_assignment(launch(), 640).await;
    learner.take_the_exercise().await;

    learner.is_graded().await;
}

#[actix::test]
async fn a_learner_passes_in_the_narrowest_frame() {
    let slow = Mood::Dawdles(Duration::from_secs(2));
    let learner = Learner::sit_down(Scripts::On, vec![slow]).await;

    learner.open_assignment(launch(), 320).await;
    learner.take_the_exercise().await;

    assert!(learner.browser.text("[role=status]").await.contains("on its way"));
    learner.is_graded().await;
    until("the page knows of the grade by itself", async || {
        learner.browser.text("[role=status]").await.contains("recorded your grade")
    })
    .await;
    // The browser knows the reader's time, where the platform does not tell it.
    let local = "const time = document.querySelector('[role=status] time');
        const options = { timeStyle: 'short' };
        const local = new Intl.DateTimeFormat('en-GB', options).format(new Date(time.dateTime));
        return time.textContent === local";
    assert_eq!(learner.browser.script(local).await, true);
    assert_readable(&learner.browser, "the grade is there").await;
}

#[actix::test]
async fn the_status_updates_by_itself_and_what_did_not_change_stays() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;
    learner.open_assignment(launch(), 640).await;
    learner.arrive("Learn to chat in private").await;
    learner.go_on().await;
    learner.answer("jid", JID).await;
    learner.arrive("Meet Marvin").await;
    // What is exchanged is another element afterwards, and the region around it is not.
    let marked = "document.querySelector('[role=status]').its = 'region';
        document.querySelector('[role=status] p').its = 'words';
        const asked = globalThis.asked = [];
        const really = fetch;
        globalThis.fetch = (...all) => { asked.push(all[0]); return really(...all); };";
    learner.browser.script(marked).await;
    let its = "return [document.querySelector('[role=status]').its ?? null,
        document.querySelector('[role=status] p').its ?? null]";

    until("it has asked", async || learner.browser.script("return asked.length").await == 2).await;
    assert_eq!(learner.browser.script(its).await, serde_json::json!(["region", "words"]));
    learner.tool.put(JID, Progress::Talking).await;
    until("the page knows that they talk", async || {
        learner.browser.text("[role=status]").await.contains("has heard from you")
    })
    .await;
    assert_eq!(learner.browser.script(its).await, serde_json::json!(["region", null]));
    assert_readable(&learner.browser, "they talk").await;

    // The lesson is passed in another tab; there is nothing left to ask for.
    learner.tool.put(JID, Progress::Done).await;
    until("the page leads on", async || {
        !learner.browser.all("[data-part=next] [action='/enter_bot_secret']").await.is_empty()
    })
    .await;
    let button = learner.browser.find("[data-part=next] button").await;
    learner.browser.click(&button).await;
    learner.arrive("Well done!").await;
}

#[actix::test]
async fn a_page_that_is_not_valid_any_more_stops_asking() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;
    learner.open_assignment(launch(), 640).await;
    learner.arrive("Learn to chat in private").await;
    learner.go_on().await;
    learner.answer("jid", JID).await;
    learner.arrive("Meet Marvin").await;
    learner.go_on().await;
    learner.answer("secret", SECRET_OF_TWO).await;
    learner.arrive("Enter the bot secret").await;
    let again = learner.browser.find("[data-by-hand] button").await;
    assert!(!learner.browser.is_displayed(&again).await);

    let spoilt = "for (const input of document.querySelectorAll('input[name=token]')) input.value = 'x';
        const asked = globalThis.asked = [];
        const really = setTimeout;
        globalThis.setTimeout = (what, pause) => { asked.push(pause); return really(what, pause); };";
    learner.browser.script(spoilt).await;

    until("the button is back", async || learner.browser.is_displayed(&again).await).await;
    // One timer for the patience with the answer, and none for another question.
    assert_eq!(learner.browser.script("return asked").await, serde_json::json!([20_000]));
}

#[actix::test]
async fn a_page_continues_in_a_window_of_its_own() {
    for scripts in [Scripts::On, Scripts::Off] {
        let learner = Learner::sit_down(scripts, Vec::new()).await;
        learner.open_assignment(launch(), 640).await;
        learner.arrive("Learn to chat in private").await;
        learner.go_on().await;
        learner.answer("jid", JID).await;
        learner.arrive("Meet Marvin").await;

        let out = learner.browser.find("footer button").await;
        for n in 2..=3 {
            learner.browser.click(&out).await;
            until("another window", async || learner.browser.n_windows().await == n).await;
        }
        learner.browser.go_to_the_newest_window().await;

        learner.arrive("Meet Marvin").await;
        assert!(
            learner.browser.all("footer button").await.is_empty(),
            "there is no frame any more"
        );
        learner.go_on().await;
        learner.arrive("Agree on a shared secret").await;
        let back = learner.browser.all("footer a").await;
        assert!(back.is_empty(), "the course is in the other window");
    }
}

#[actix::test]
async fn a_theme_of_the_course_leaves_every_page_readable() {
    // In one line: browsers send the ends of lines in another form than was signed.
    let brand = [
        r##"{"ic-brand-primary":"#8a1538","ic-brand-font-color-dark":"#2d1b20","##,
        r##""ic-link-color":"#8a1538","ic-brand-button--primary-bgd":"#ffc72c","##,
        r##""ic-brand-button--primary-text":"#000000"}"##,
    ]
    .concat();
    for (field, value, ink) in [
        ("custom_brand", brand.as_str(), "rgb(45, 27, 32)"),
        ("custom_high_contrast", "true", "rgb(0, 0, 0)"),
    ] {
        let learner = Learner::sit_down(Scripts::On, Vec::new()).await;

        learner.open_assignment(launch().with(field, value), 640).await;
        learner.take_the_exercise().await;

        let colour = "return getComputedStyle(document.body).color";
        assert_eq!(learner.browser.script(colour).await, ink, "{field}");
    }
}

#[actix::test]
async fn pages_run_from_right_to_left_where_the_language_does() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;
    let arabic = launch().set("launch_presentation_locale", "ar");

    learner.open_assignment(arabic, 320).await;
    learner.take_the_exercise().await;

    let direction = "return getComputedStyle(document.querySelector('h1')).direction";
    assert_eq!(learner.browser.script(direction).await, "rtl");
    let back = "return document.querySelector('footer a').getBoundingClientRect().right > 200";
    assert_eq!(learner.browser.script(back).await, true);
}

#[actix::test]
async fn the_frame_grows_with_the_page() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;
    let is_whole = "const root = document.documentElement;
        return root.scrollHeight <= root.clientHeight && innerHeight - root.offsetHeight < 3";

    learner.open_assignment(launch(), 640).await;
    learner.arrive("Learn to chat in private").await;
    until("no scroll bar", async || learner.browser.script(is_whole).await == true).await;
    let tall = learner.browser.script("return innerHeight").await.as_f64().unwrap();

    learner.browser.enter(None).await;
    let told = "return document.body.dataset.scrolled ?? null";
    assert_eq!(learner.browser.script(told).await, serde_json::Value::Null);
    let frame = learner.browser.find("#tool").await;
    learner.browser.enter(Some(&frame)).await;

    learner.go_on().await;
    learner.arrive("Your Jabber ID").await;
    until("no scroll bar", async || learner.browser.script(is_whole).await == true).await;
    learner.browser.enter(None).await;
    until("the course is told to scroll", async || learner.browser.script(told).await == "1").await;
    learner.browser.enter(Some(&frame)).await;
    let short = learner.browser.script("return innerHeight").await.as_f64().unwrap();
    assert!((short - tall).abs() > 1.0 && tall > 400.0, "{short} {tall}");

    let more = learner.browser.find("summary").await;
    learner.browser.click(&more).await;
    until("room for what was opened", async || {
        let height = learner.browser.script("return innerHeight").await.as_f64().unwrap();
        height > short && learner.browser.script(is_whole).await == true
    })
    .await;
    assert_readable(&learner.browser, "with the explanation open").await;
}

#[actix::test]
async fn a_teacher_and_a_replay_get_pages_of_their_own() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;

    learner.open_assignment(Launch::of("zoe", "Instructor"), 640).await;
    learner.arrive("Private chat: the exercise for your learners").await;

    // The form of the course still holds the launch that was used up.
    learner.browser.enter(None).await;
    let button = learner.browser.find("#launch button").await;
    learner.browser.click(&button).await;
    let frame = learner.browser.find("#tool").await;
    learner.browser.enter(Some(&frame)).await;
    learner.arrive("Open the exercise once more").await;
    assert!(learner.browser.all("form").await.is_empty());
    assert_eq!(learner.browser.text("footer a").await, "Back to the course");
}

#[actix::test]
async fn a_page_by_itself_can_be_read_at_every_width() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;
    for path in ["/hello_world", "/enter_jid", "/nowhere"] {
        learner.browser.open(&format!("{}{path}", learner.frame_url())).await;
        for width in [500, 1000] {
            learner.browser.resize(width, 800).await;
            assert_readable(&learner.browser, path).await;
        }
    }
}
