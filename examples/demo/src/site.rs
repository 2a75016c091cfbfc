//! The LMS of the demo: one course, one assignment, two people. Not a part of the bot.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{App, HttpResponse, HttpServer, web};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use support::lms::Launch;
use support::oauth::Consumer;
use support::outcomes::Outcomes;

/// Who may open the assignment: the learner whom the demo plays, and whoever watches.
pub(crate) const PEOPLE: [&str; 2] = ["ada", "you"];

/// What the pages need to know.
#[derive(Debug)]
struct Lms {
    url: String,
    launch_url: String,
    outcomes: Arc<Outcomes>,
}

/// The name under which the LMS files the grade of a person.
pub(crate) fn sourcedid(person: &str) -> String {
    format!("course-1:assignment-7:{person}")
}

/// Serves the LMS on a free port until the process ends, and gives its address. It is on another
/// site than the bot (`localhost`, not `127.0.0.1`), as a real LMS is.
pub(crate) fn serve(launch_url: String, outcomes: Arc<Outcomes>) -> String {
    let listener = TcpListener::bind::<SocketAddr>(([127, 0, 0, 1], 0).into())
        .expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound listener has an address").port();
    let url = format!("http://localhost:{port}");
    let lms = web::Data::new(Lms { url: url.clone(), launch_url, outcomes });
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = HttpServer::new(move || {
                App::new()
                    .app_data(lms.clone())
                    .route("/", web::get().to(|| async { page("The course", &course()) }))
                    .route("/assignment/{person}", web::get().to(assignment))
                    .route("/launch/{person}", web::get().to(launch))
                    .route("/grade/{person}", web::get().to(grade))
            });
            let server = server.workers(1).disable_signals().listen(listener);
            server.expect("a bound listener listens").run().await.expect("the LMS runs");
        });
    });
    url
}

fn course() -> Markup {
    html! {
        p { "One assignment. Open it as:" }
        ul {
            @for person in PEOPLE {
                li { a href={ "/assignment/" (person) } { (person) } }
            }
        }
    }
}

async fn assignment(person: web::Path<String>) -> HttpResponse {
    page(
        "Assignment: chat off the record",
        &html! {
            iframe title="Your grade" src={ "/grade/" (person) } height="40" {}
            iframe title="Chat off the record" name="tool_content" src={ "/launch/" (person) }
                height="760" {}
        },
    )
}

/// The form that Canvas fills the frame with: it goes to the bot by itself where scripts run.
async fn launch(person: web::Path<String>, lms: web::Data<Lms>) -> HttpResponse {
    if !PEOPLE.contains(&person.as_str()) {
        return HttpResponse::NotFound().finish();
    }
    let launch = Launch::learner(&lms.launch_url, &lms.outcomes.url(), &sourcedid(&person))
        .with("user_id", &format!("demo-{person}"))
        .with("lis_person_name_full", &person)
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
            script { (PreEscaped("document.getElementById('launch').submit()")) }
        },
    )
}

async fn grade(person: web::Path<String>, lms: web::Data<Lms>) -> HttpResponse {
    let filed = sourcedid(&person);
    let grades = lms.outcomes.grades();
    let grade = grades.iter().rev().find(|grade| grade.sourcedid == filed);
    let text = match grade {
        Some(grade) => format!("Grade of {person}: {} of 1", grade.score),
        None => format!("Grade of {person}: none yet"),
    };
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; meta http-equiv="refresh" content="2"; title { "Grade" } }
            body { strong { (text) } }
        }
    };
    answer(markup)
}

fn page(title: &str, content: &Markup) -> HttpResponse {
    answer(html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) " - LMS of the demo" }
                style { "body{font-family:sans-serif;margin:1em}iframe{width:100%;border:1px solid #999}" }
            }
            body {
                p { small { "This is the LMS of otrbot's demo. It stands for yours." } }
                h1 { (title) }
                (content)
            }
        }
    })
}

fn answer(markup: Markup) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(markup.into_string())
}
