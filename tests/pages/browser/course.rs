//! A course: a page of another site that launches the tool into a frame, and a place where cookies
//! can be tried.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use maud::{DOCTYPE, html};

use crate::http::oauth;
use crate::http::support::Launch;

#[derive(Debug, Default)]
struct State {
    page: String,
    /// The cookies that came back, for each request of `/cookie`.
    cookies: Vec<String>,
}

/// The course's server. It ends with this handle.
pub(crate) struct Course {
    port: u16,
    state: Arc<Mutex<State>>,
    server: ServerHandle,
}

impl Drop for Course {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

impl Course {
    pub(crate) fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let data = web::Data::from(Arc::clone(&state));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/", web::get().to(page))
                .route("/course.js", web::get().to(script))
                .route("/cookie", web::get().to(cookie))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        actix::spawn(server);
        Self { port, state, server: handle }
    }

    /// The course's address, which is of another site than `localhost`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// Where a cookie is set and told of, on the site of the tool.
    pub(crate) fn cookie_url(&self) -> String {
        format!("http://localhost:{}/cookie", self.port)
    }

    /// Puts an assignment on the page: a frame, and a button that launches the tool into it.
    pub(crate) fn assign(&self, tool: &str, launch: &Launch, frame_width: u32) {
        let mut pairs = launch.pairs.clone();
        let signature = oauth::signature("POST", launch.uri, &pairs, launch.secret);
        pairs.push(("oauth_signature".to_owned(), signature));
        let markup = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    title { "A course" }
                    script src="/course.js" defer {}
                }
                body {
                    form id="launch" method="post" action=(tool) target="tool" {
                        @for (name, value) in &pairs {
                            input type="hidden" name=(name) value=(value);
                        }
                        button { "Open the assignment" }
                    }
                    iframe id="tool" name="tool" width=(frame_width) height="400" title="OTR" {}
                    iframe id="cookie" src=(self.cookie_url()) title="Cookies" {}
                }
            }
        };
        self.state.lock().unwrap().page = markup.into_string();
    }

    /// The cookies that the browser sent to `/cookie`, request by request.
    pub(crate) fn cookies(&self) -> Vec<String> {
        self.state.lock().unwrap().cookies.clone()
    }
}

async fn page(state: web::Data<Mutex<State>>) -> HttpResponse {
    let page = state.lock().unwrap().page.clone();
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page)
}

/// Does what Canvas does with the message of a frame that tells its height, and notes the one that
/// asks for the top of the page.
async fn script() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript").body(
        "addEventListener('message', (event) => {
            const frame = document.getElementById('tool');
            if (event.source !== frame.contentWindow) {
                return;
            }
            if (event.data.subject === 'lti.frameResize') {
                frame.height = event.data.height;
            }
            if (event.data.subject === 'lti.scrollToTop') {
                document.body.dataset.scrolled = Number(document.body.dataset.scrolled ?? 0) + 1;
            }
        });",
    )
}

async fn cookie(state: web::Data<Mutex<State>>, request: HttpRequest) -> HttpResponse {
    let came = request.headers().get("cookie").map_or("", |value| value.to_str().unwrap());
    state.lock().unwrap().cookies.push(came.to_owned());
    HttpResponse::Ok()
        .insert_header(("Set-Cookie", "tried=1; Path=/; SameSite=None; Secure"))
        .insert_header(("Cache-Control", "no-store"))
        .content_type("text/html")
        .body("<!doctype html><title>Cookies</title>")
}
