//! The LMS of the demo: one course, its people and its assignments. Not a part of the bot.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpResponse, HttpServer, web};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use support::lms::Launch;
use support::oauth::Consumer;
use support::outcomes::Outcomes;

const STYLE: &str = include_str!("site.css");

/// Does in the LMS what Canvas does: opens the launch, gives the tool the height that it asks for,
/// and shows the grade when it is there.
const SCRIPT: &str = include_str!("site.js");

/// Somebody in the course.
#[derive(Debug)]
pub(crate) struct Person {
    /// The name in addresses, and of the account on the XMPP server.
    pub(crate) id: &'static str,
    name: &'static str,
    pub(crate) is_teacher: bool,
    /// The language in which they use the LMS.
    locale: &'static str,
}

impl Person {
    pub(crate) const fn learner(id: &'static str, name: &'static str) -> Self {
        Self { id, name, is_teacher: false, locale: "en" }
    }

    pub(crate) const fn teacher() -> Self {
        Self { id: "teacher", name: "Teacher", is_teacher: true, locale: "en" }
    }

    /// As whom the pages have somebody open an assignment.
    fn called(&self) -> &'static str {
        match self.id {
            "you" => "yourself",
            _ if self.is_teacher => "the teacher",
            _ => self.name,
        }
    }

    /// The same, with the LMS in another language.
    pub(crate) const fn reading(self, locale: &'static str) -> Self {
        Self { locale, ..self }
    }
}

/// What learners are to do in the course.
#[derive(Debug)]
struct Assignment {
    /// The number in addresses.
    id: u8,
    title: &'static str,
    /// The bot's lesson.
    lesson: &'static str,
}

const ASSIGNMENTS: [Assignment; 2] = [
    Assignment { id: 1, title: "Chat off the record", lesson: "basics" },
    Assignment { id: 2, title: "Somebody in the middle", lesson: "impostor" },
];

/// What the pages need to know.
#[derive(Debug)]
struct Lms {
    people: &'static [Person],
    url: String,
    launch_url: String,
    outcomes: Arc<Outcomes>,
}

/// The name under which the LMS files the grade of a person for an assignment.
pub(crate) fn sourcedid(assignment: u8, person: &str) -> String {
    format!("course-1:assignment-{assignment}:{person}")
}

/// Serves the LMS on a free port until the process ends, and gives its address. It is on another
/// site than the bot (`localhost`, not `127.0.0.1`), as a real LMS is.
pub(crate) fn serve(
    people: &'static [Person],
    launch_url: String,
    outcomes: Arc<Outcomes>,
) -> String {
    let listener = TcpListener::bind::<SocketAddr>(([127, 0, 0, 1], 0).into())
        .expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound listener has an address").port();
    let url = format!("http://localhost:{port}");
    let lms = web::Data::new(Lms { people, url: url.clone(), launch_url, outcomes });
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(lms.clone())
                    .route("/", web::get().to(course))
                    .route("/assignment/{assignment}/{person}", web::get().to(assignment))
                    .route("/launch/{assignment}/{person}", web::get().to(launch))
                    .route("/grade/{assignment}/{person}", web::get().to(grade))
            });
            let server = server.workers(1).disable_signals().listen(listener);
            server.expect("a bound listener listens").run().await.expect("the LMS runs");
        });
    });
    url
}

impl Lms {
    /// The assignment and the person of an address.
    fn find(&self, path: &(u8, String)) -> Option<(&'static Assignment, &'static Person)> {
        let (assignment, person) = path;
        let assignment = ASSIGNMENTS.iter().find(|one| one.id == *assignment)?;
        let person = self.people.iter().find(|one| one.id == person)?;
        Some((assignment, person))
    }

    /// The grade as people read it.
    fn grade(&self, assignment: &Assignment, person: &Person) -> String {
        if person.is_teacher {
            return "not graded".to_owned();
        }
        let filed = sourcedid(assignment.id, person.id);
        let grades = self.outcomes.grades();
        let grade = grades.iter().rev().find(|grade| grade.sourcedid == filed);
        grade.map_or_else(|| "no grade yet".to_owned(), |grade| format!("{} of 1", grade.score))
    }
}

async fn course(lms: web::Data<Lms>) -> HttpResponse {
    page(
        "Digital security & you",
        &html! {
            p { "Two assignments, which the bot gives as two lessons. Open them as whom you like: \
                 learners are taken through the lesson, teachers see how far the learners are." }
            @for assignment in &ASSIGNMENTS {
                section {
                    h2 { (assignment.id) ". " (assignment.title) }
                    ul {
                        @for person in lms.people {
                            li {
                                a href={ "/assignment/" (assignment.id) "/" (person.id) } {
                                    "Open as " (person.called())
                                }
                                (shown_grade(&lms, assignment, person))
                            }
                        }
                    }
                }
            }
        },
    )
}

async fn assignment(path: web::Path<(u8, String)>, lms: web::Data<Lms>) -> HttpResponse {
    let Some((assignment, person)) = lms.find(&path) else {
        return HttpResponse::NotFound().finish();
    };
    page(
        assignment.title,
        &html! {
            p.who {
                "You are here as " strong { (person.called()) } ": "
                (shown_grade(&lms, assignment, person))
            }
            iframe title=(assignment.title) name="tool_content"
                src={ "/launch/" (assignment.id) "/" (person.id) } {}
            nav {
                @for other in lms.people.iter().filter(|other| other.id != person.id) {
                    a href={ "/assignment/" (assignment.id) "/" (other.id) } {
                        "Open as " (other.called())
                    }
                    " "
                }
                a href="/" { "Back to the course" }
            }
        },
    )
}

/// A grade that a script keeps up to date.
fn shown_grade(lms: &Lms, assignment: &Assignment, person: &Person) -> Markup {
    let from = format!("/grade/{}/{}", assignment.id, person.id);
    html! { output data-from=(from) { (lms.grade(assignment, person)) } }
}

/// The form that Canvas fills the frame with: it goes to the bot by itself where scripts run.
async fn launch(path: web::Path<(u8, String)>, lms: web::Data<Lms>) -> HttpResponse {
    let Some((assignment, person)) = lms.find(&path) else {
        return HttpResponse::NotFound().finish();
    };
    let outcome_url = lms.outcomes.url();
    let launch = if person.is_teacher {
        Launch::instructor(&lms.launch_url, &outcome_url, None)
    } else {
        Launch::learner(&lms.launch_url, &outcome_url, &sourcedid(assignment.id, person.id))
    };
    let launch = launch
        .with("user_id", &format!("demo-{}", person.id))
        .with("lis_person_name_full", person.name)
        .with("launch_presentation_locale", person.locale)
        .with("resource_link_id", &format!("assignment-{}", assignment.id))
        .with("resource_link_title", assignment.title)
        .with("custom_canvas_assignment_title", assignment.title)
        .with("custom_lesson", assignment.lesson)
        // The bot lets the site of this address frame its pages.
        .with("launch_presentation_return_url", &format!("{}/", lms.url));
    let fields = launch.sign(&Consumer::stage());
    page(
        "Opening the assignment",
        &html! {
            form id="launch" method="post" action=(lms.launch_url) {
                @for (name, value) in &fields {
                    input type="hidden" name=(name) value=(value);
                }
                button type="submit" { "Open it" }
            }
        },
    )
}

async fn grade(path: web::Path<(u8, String)>, lms: web::Data<Lms>) -> HttpResponse {
    match lms.find(&path) {
        Some((assignment, person)) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
            .body(lms.grade(assignment, person)),
        None => HttpResponse::NotFound().finish(),
    }
}

fn page(title: &str, content: &Markup) -> HttpResponse {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " - LMS of the demo" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { a href="/" { "LMS of the demo" } " It stands for yours." }
                main {
                    h1 { (title) }
                    (content)
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(markup.into_string())
}
