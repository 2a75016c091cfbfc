//! Who may show pages in a frame, as a real Chromium holds it: a course on one origin, the tool on
//! another.

use crate::browser::{
    course::Course,
    driver::{Browser, Scripts},
};
use crate::http::support::{Launch, Tool, until};

const RETURN_URL: &str = "launch_presentation_return_url";
const ELSEWHERE: &str = "Open the exercise in a window of its own";

struct Desk {
    tool: Tool,
    course: Course,
    browser: Browser,
}

impl Desk {
    async fn set() -> Self {
        let tool = Tool::start().await;
        Self { tool, course: Course::start(), browser: Browser::start(Scripts::Off).await }
    }

    /// Opens an assignment in the frame of the course, and goes into the frame.
    async fn open(&self, launch: &Launch) {
        let tool = self.tool.base.replace("127.0.0.1", "localhost");
        self.course.assign(&format!("{tool}/"), launch, 640);
        self.browser.enter(None).await;
        self.browser.open(&self.course.url()).await;
        let button = self.browser.find("#launch button").await;
        self.browser.click(&button).await;
        let frame = self.browser.find("#tool").await;
        self.browser.enter(Some(&frame)).await;
    }

    async fn arrive(&self, heading: &str) {
        until(&format!("the page {heading:?}"), async || {
            let found = self.browser.script("return document.querySelector('h1')?.textContent");
            found.await == heading
        })
        .await;
    }
}

fn of(user: &str, roles: &str) -> Launch {
    Launch::of(user, roles).without(RETURN_URL)
}

#[actix::test]
async fn a_course_that_is_named_by_its_outcome_service_alone_shows_pages_to_all_roles() {
    let desk = Desk::set().await;
    let service = format!("{}grades", desk.course.url());
    for (user, roles, heading) in [
        ("zoe", "Learner", "Learn to chat in private"),
        ("tom", "Instructor", "Private chat: the exercise for your learners"),
    ] {
        desk.open(&of(user, roles).graded(&service, "cell")).await;
        desk.arrive(heading).await;
    }
    // The next page is the teacher's, too.
    let button = desk.browser.find("form[action='/course/lesson'] button").await;
    desk.browser.click(&button).await;
    desk.arrive("The lesson").await;
}

#[actix::test]
async fn a_page_that_the_frame_would_not_show_opens_in_a_window_of_its_own() {
    let elsewhere = "https://lms.elsewhere.example/grades";
    for (launch, heading) in [
        (of("zoe", "Learner"), "Learn to chat in private"),
        (of("ben", "Learner").graded(elsewhere, "cell"), "Learn to chat in private"),
        (of("tom", "Instructor"), "Private chat: the exercise for your learners"),
    ] {
        let desk = Desk::set().await;
        desk.open(&launch).await;
        desk.arrive(ELSEWHERE).await;
        let html = desk.browser.script("return document.documentElement.outerHTML").await;
        assert!(!html.as_str().unwrap_or_default().contains("Hara"), "nobody is named: {html}");

        let button = desk.browser.find("main form button.main").await;
        desk.browser.click(&button).await;
        desk.browser.go_to_the_newest_window().await;

        desk.arrive(heading).await;
        assert_eq!(desk.browser.script("return window.top === window").await, true);
        if heading.starts_with("Learn") {
            let button = desk.browser.find("main form.go button.main").await;
            desk.browser.click(&button).await;
            desk.arrive("Your Jabber ID").await;
        }
    }
}
