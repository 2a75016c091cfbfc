//! Every page under the eyes of axe-core (WCAG 2.2, levels A and AA, and good practice), in all the
//! ways in which people look at it; and the way of a learner with nothing but a keyboard.
//!
//! With `OTRBOT_PICTURES=folder` the tests also leave pictures of the pages there.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{env, fs, path::Path};

use otrbot::records::{GradeState, NewEnrolment, NewGrade, Progress};
use serde_json::{Value, json};

use crate::browser::driver::{Browser, Scripts};
use crate::http::platform::{Mood, Platform};
use crate::http::registry::BOT_SECRET;
use crate::http::support::{KEY, Launch, SECRET, Tool, now, reach, until};

const AXE: &str = include_str!("axe/axe.min.js");

/// Asks axe for what is wrong with the page, in a few words each.
const RUN: &str = "
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const found = await axe.run(document, { runOnly: tags, resultTypes: ['violations'] });
    return found.violations.map((one) =>
        one.id + ': ' + one.nodes.map((node) => node.html.slice(0, 150)).join(' | '));";

/// Spacing as readers may want it (WCAG 2.2, 1.4.12).
const SPACING: &str = "const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; \
        word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }');
    document.adoptedStyleSheets = [sheet];";

/// What sticks out of the window or of its box, without scroll bar.
const OVERFLOW: &str = "
    const faults = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
        faults.push(`wider than the window: ${root.scrollWidth} > ${root.clientWidth}`);
    }
    for (const one of document.querySelectorAll('main *')) {
        const hides = getComputedStyle(one).overflowX === 'hidden' && !one.closest('.unseen, thead');
        if (hides && one.scrollWidth > one.clientWidth + 1) {
            faults.push('cut off: ' + one.outerHTML.slice(0, 120));
        }
    }
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const hidden = '.graph, .unseen, .steps .name, thead, details:not([open]) > :not(summary)';
    while (words.nextNode()) {
        const { parentElement, data } = words.currentNode;
        if (!data.trim() || parentElement.closest(hidden) || !parentElement.checkVisibility()) {
            continue;
        }
        const range = document.createRange();
        range.selectNodeContents(words.currentNode);
        for (const box of range.getClientRects()) {
            if (box.right > root.clientWidth + 1 || box.left < -1) {
                faults.push(`beyond the window, ${box.left} to ${box.right}: ${data}`);
            }
        }
    }
    return faults;";

/// Text of twice the size (WCAG 2.2, 1.4.4).
const LARGE_TEXT: &str = "const sheet = new CSSStyleSheet();
    sheet.replaceSync('html { font-size: 200% !important; }');
    document.adoptedStyleSheets = [sheet];";

/// Lines and bars of the picture that lie over each other.
const OVERLAPS: &str = "
    const parts = [...document.querySelectorAll('.funnel .line, .funnel .bar')];
    const boxes = parts.map((part) => part.getBoundingClientRect());
    return boxes.slice(1).filter((box, ix) => box.top < boxes[ix].bottom - 1).length;";

/// Somebody who looks at the pages, one after the other.
struct Looker {
    tool: Tool,
    browser: Browser,
    locale: &'static str,
    n_pages: usize,
}

impl Looker {
    async fn sit_down(locale: &'static str) -> Self {
        let tool = Tool::start().await;
        tool.speak_all_languages();
        let browser = Browser::start(Scripts::On).await;
        Self { tool, browser, locale, n_pages: 0 }
    }

    fn launch_of(&self, user: &str, roles: &str) -> Launch {
        Launch::of(user, roles).set("launch_presentation_locale", self.locale)
    }

    /// Opens a page of its own.
    async fn open(&mut self, name: &str, path: &str) {
        self.browser.open(&format!("{}{path}", self.tool.base)).await;
        self.look(name).await;
    }

    async fn launch(&mut self, name: &str, launch: &Launch) {
        self.browser.open(&format!("{}/hello_world", self.tool.base)).await;
        let fields = launch.signed();
        self.browser.post("/", &fields).await;
        self.look(name).await;
    }

    /// Sends a form of the page.
    async fn submit(&mut self, name: &str, path: &str, fields: &[(&str, &str)]) {
        self.go(path, fields).await;
        self.look(name).await;
    }

    /// Goes the whole way, and looks at its end, once the grade has come to its own.
    async fn pass(&mut self, launch: &Launch, user: &str, name: &str) {
        self.browser.open(&format!("{}/hello_world", self.tool.base)).await;
        self.browser.post("/", &launch.signed()).await;
        let jid = format!("{user}@chat.example");
        self.go("/enter_jid", &[("jid", &jid)]).await;
        self.tool.put(&jid, Progress::Verified).await;
        self.go("/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
        let id = self.tool.store.claims(&jid).await.unwrap().remove(0).id;
        until(name, async || {
            let grade = self.tool.store.grade(&id).await.unwrap();
            grade.is_some_and(|grade| !matches!(grade.state, GradeState::Due { .. }))
        })
        .await;
        // Where the grade was quicker than the page, that has nothing to ask for any more.
        if !self.browser.all("input[name=token]").await.is_empty() {
            self.go("/enter_bot_secret", &[]).await;
        }
        self.look(name).await;
    }

    async fn go(&self, path: &str, fields: &[(&str, &str)]) {
        let token = self.browser.find("input[name=token]").await;
        let token = self.browser.property(&token, "value").await.as_str().unwrap().to_owned();
        let mut all = vec![("token".to_owned(), token)];
        all.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.browser.post(path, &all).await;
    }

    /// Looks at the page in all ways; nothing may be wrong in any of them.
    async fn look(&mut self, name: &str) {
        self.n_pages += 1;
        self.browser.script(AXE).await;
        for (way, width, media) in [
            ("wide", 1_280, &[][..]),
            ("narrow", 320, &[]),
            ("forced colours", 320, &[("forced-colors", "active")]),
            (
                "dark, still",
                700,
                &[("prefers-color-scheme", "dark"), ("prefers-reduced-motion", "reduce")],
            ),
        ] {
            self.emulate(width, media).await;
            let what = format!("{name}, {way}, {}", self.locale);
            self.keep_picture(&what).await;
            let faults = self.browser.script(RUN).await;
            assert_eq!(faults, json!([]), "{what}");
            assert_eq!(self.browser.script(OVERFLOW).await, json!([]), "{what}");
        }
        self.emulate(320, &[]).await;
        self.browser.script(SPACING).await;
        let faults = self.browser.script(OVERFLOW).await;
        assert_eq!(faults, json!([]), "{name}, spaced, {}", self.locale);
        self.emulate(640, &[]).await;
        self.browser.script(LARGE_TEXT).await;
        let faults = self.browser.script(OVERFLOW).await;
        assert_eq!(faults, json!([]), "{name}, large, {}", self.locale);
        self.browser.script("document.adoptedStyleSheets = []").await;
    }

    async fn emulate(&self, width: u32, media: &[(&str, &str)]) {
        let height = if env::var_os("OTRBOT_PICTURES").is_some() { 2_400 } else { 900 };
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.browser.develop("Emulation.setDeviceMetricsOverride", metrics).await;
        let features: Vec<Value> =
            media.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.browser.develop("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    async fn keep_picture(&self, what: &str) {
        let Some(folder) = env::var_os("OTRBOT_PICTURES") else { return };
        fs::create_dir_all(&folder).unwrap();
        let file = Path::new(&folder).join(format!("{}.png", what.replace([' ', ','], "_")));
        fs::write(file, self.browser.picture().await).unwrap();
    }
}

/// The way of a learner, in every state of the pages.
async fn look_at_the_learners_pages(locale: &'static str) {
    let mut looker = Looker::sit_down(locale).await;
    // The last comes last: the platform is left in peace after it.
    let moods = [
        Mood::Refuses("no points"),
        Mood::Takes,
        Mood::Answers(503, &[("Retry-After", "600")], ""),
    ];
    let platform = Platform::start(SECRET, moods);
    looker.open("hello world", "/hello_world").await;
    looker.open("no such page", "/nowhere").await;
    looker.open("no launch", "/enter_jid").await;
    let learner =
        |looker: &Looker| looker.launch_of("zoe", "Learner").graded(&platform.url, "cell");
    let bad = Launch { secret: "wrong", ..learner(&looker) };
    looker.launch("not trusted", &bad).await;
    let old = learner(&looker).set("oauth_timestamp", "1000000000");
    looker.launch("out of date", &old).await;

    let launch = learner(&looker);
    looker.launch("start", &launch).await;
    looker.submit("Jabber ID", "/enter_jid", &[]).await;
    looker.submit("a wrong Jabber ID", "/enter_jid", &[("jid", "zoe")]).await;
    looker.submit("meet", "/enter_jid", &[("jid", JID)]).await;
    looker.tool.put(JID, Progress::Talking).await;
    looker.submit("met", "/jid_entered", &[]).await;
    looker.tool.put(JID, Progress::Encrypted).await;
    looker.submit("secret", "/ask_for_secret", &[]).await;
    looker.submit("a weak secret", "/ask_for_secret", &[("secret", "abc")]).await;
    looker.submit("bot secret", "/ask_for_secret", &[("secret", "four quiet otters")]).await;
    looker.tool.put(JID, Progress::Verified).await;
    looker.submit("a wrong bot secret", "/enter_bot_secret", &[("bot_secret", "AAAA")]).await;

    let first = looker.browser.find("input[name=token]").await;
    let first = looker.browser.property(&first, "value").await.as_str().unwrap().to_owned();
    let another = learner(&looker).set("resource_link_id", "another");
    looker.launch("known Jabber ID", &another).await;
    looker.go("/enter_jid", &[("jid", JID)]).await;
    for (name, path) in [
        ("meet, elsewhere", "/jid_entered"),
        ("secret, elsewhere", "/ask_for_secret"),
        ("bot secret, elsewhere", "/enter_bot_secret"),
    ] {
        looker.browser.post(path, &[("token".to_owned(), first.clone())]).await;
        looker.look(name).await;
    }

    for (user, name) in [("yves", "grade refused"), ("xena", "grade recorded")] {
        let launch = looker.launch_of(user, "Learner").graded(&platform.url, user);
        looker.pass(&launch, user, name).await;
    }
    looker.launch("again", &learner(&looker)).await;
    looker.submit("grade on its way", "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
    assert!(looker.n_pages >= 18, "{}", looker.n_pages);
}

const JID: &str = "zoe@chat.example";

/// The teacher's pages: of a course where nothing has happened, of a large one, and the lesson.
async fn look_at_the_teachers_pages(locale: &'static str) {
    let mut looker = Looker::sit_down(locale).await;
    let teacher = looker.launch_of("teacher", "Instructor").with("context_title", "OTR, spring");
    looker.launch("empty course", &teacher).await;
    fill_course(&looker.tool).await;
    looker.submit("course", "/course", &[]).await;
    let (user_id, link) = ("learner 1".to_owned(), "second".to_owned());
    let second = NewEnrolment {
        consumer_key: KEY.to_owned(),
        context_id: "4dde05e8ca1973bcca9bffc13e1548820eee93a4".to_owned(),
        is_learner: true,
        user_id,
        resource_link_id: link,
        link_title: Some("Another exercise".to_owned()),
        now: now(),
        ..NewEnrolment::default()
    };
    looker.tool.store.put_enrolment(second).await.unwrap();
    looker.submit("several assignments", "/course", &[]).await;
    looker.submit("second page", "/course", &[("page", "1")]).await;
    looker.submit("nobody found", "/course", &[("search", "%"), ("failed", "1")]).await;
    looker.submit("nothing to send", "/course/resend", &[("enrolment", "x")]).await;
    looker.submit("sent again", "/course/resend", &[]).await;
    looker.submit("lesson", "/course/lesson", &[]).await;
    looker.tool.teach("parts", "extends: basics\ncredit: { encrypted: 40%, verified: 75% }\n");
    let longest = "a-lesson-".repeat(11);
    for (name, lesson) in [("parts of the grade", "parts"), ("no such lesson", &longest)] {
        let teacher = teacher.clone().with("custom_lesson", lesson).set("oauth_nonce", name);
        looker.launch(name, &teacher).await;
        looker.submit(&format!("{name}, lesson"), "/course/lesson", &[]).await;
    }
}

/// Sixty learners, in all steps and with grades in all states.
pub(crate) async fn fill_course(tool: &Tool) {
    let progress = [
        Progress::Invited,
        Progress::Talking,
        Progress::Encrypted,
        Progress::Verified,
        Progress::Done,
    ];
    for (n, progress) in (0..60).zip(progress.into_iter().cycle()) {
        let new = NewEnrolment {
            consumer_key: KEY.to_owned(),
            user_id: format!("learner {n}"),
            context_id: "4dde05e8ca1973bcca9bffc13e1548820eee93a4".to_owned(),
            resource_link_id: "4dde05e8ca1973bcca9bffc13e1548820eee93a3".to_owned(),
            may_grade: true,
            is_learner: true,
            name: (n % 3 > 0).then(|| format!("Ada Lovelace-Fernández de la Vega {n}")),
            now: now(),
            ..NewEnrolment::default()
        };
        let id = tool.store.put_enrolment(new).await.unwrap().id;
        if n % 7 == 0 {
            continue;
        }
        let jid = format!("somebody.with.a.long.name.{n}@jabber.example");
        tool.store.set_jid(&id, Some(&jid)).await.unwrap();
        reach(&tool.store, &jid, progress, now()).await;
        if progress == Progress::Done {
            let grade = NewGrade { enrolment: id, score: 1.0, achieved_at: now() };
            let id = tool.store.put_grade(&grade).await.unwrap();
            match n % 3 {
                0 => tool.store.grade_failed(&id, 1, "status 422, no points").await.unwrap(),
                1 => tool.store.grade_recorded(&id, 1, now()).await.unwrap(),
                _ => {}
            }
        }
    }
}

#[actix::test]
async fn the_learners_pages_are_open_to_everybody() {
    look_at_the_learners_pages("en-GB").await;
}

#[actix::test]
async fn the_learners_pages_are_open_to_everybody_from_right_to_left() {
    look_at_the_learners_pages("ar").await;
}

#[actix::test]
async fn the_teachers_pages_are_open_to_everybody() {
    look_at_the_teachers_pages("en-GB").await;
}

#[actix::test]
async fn the_teachers_pages_are_open_to_everybody_from_right_to_left() {
    look_at_the_teachers_pages("ar").await;
}

/// The texts of the languages that need the most room, and those from right to left.
#[actix::test]
async fn the_picture_of_a_course_can_be_read_by_everybody() {
    for locale in ["de", "ar"] {
        let mut looker = Looker::sit_down(locale).await;
        looker.tool.speak_all_languages();
        fill_course(&looker.tool).await;
        let teacher = looker.launch_of("teacher", "Instructor");
        looker.launch("course", &teacher).await;
        looker.submit("second page", "/course", &[("page", "1")]).await;
        for (ways, width) in
            [(SPACING, 320), (LARGE_TEXT, 320), (SPACING, 390), (LARGE_TEXT, 1_280)]
        {
            looker.emulate(width, &[]).await;
            looker.browser.script(ways).await;
            let lines = "return document.querySelectorAll('.funnel .line').length";
            assert_eq!(looker.browser.script(lines).await, 7);
            assert_eq!(looker.browser.script(OVERLAPS).await, 0, "{locale} {width} {ways}");
            let inside = "return [...document.querySelectorAll('.funnel .line')].every((line) =>
                [...line.getClientRects()].every((box) =>
                    box.left >= 0 && box.right <= document.documentElement.clientWidth))";
            assert_eq!(looker.browser.script(inside).await, true, "{locale} {width} {ways}");
        }
    }
}

#[actix::test]
async fn a_trial_says_so_on_every_page_to_everybody() {
    let mut looker = Looker::sit_down("en-GB").await;
    looker.tool = Tool::start_with(false).await;
    for (name, path) in
        [("trial", "/hello_world"), ("trial, no page", "/nowhere"), ("trial, way", "/enter_jid")]
    {
        looker.open(name, path).await;
        let banner = looker.browser.find("header .banner").await;
        assert!(looker.browser.is_displayed(&banner).await, "{path}");
    }
}
