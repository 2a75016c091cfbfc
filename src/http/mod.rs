//! The web pages. Handlers read a request, ask [`LtiGateway`], and show the page that fits its
//! answer; nothing is decided here but which page that is.

mod asked;
pub mod assets;
mod config_xml;
mod course;
mod error;
pub mod front;
mod headers;
pub mod health;
mod launch;
pub mod pages;
mod request;
mod show;
mod status;

use std::{net::TcpListener, time::Duration};

use actix::{Actor, Addr, Handler, Message, dev::ToEnvelope};
use actix_web::{
    App, HttpRequest, HttpResponse, dev::Server, guard, http::header, middleware::from_fn, web,
};
use gettext::SharedCatalogs;
use lti::presentation::Theme;
use url::Url;

use self::{
    assets::SharedAssets,
    error::Failure,
    front::{Limits, Running},
    headers::Ancestors,
    request::LargeBodies,
};

use crate::{
    actors::lti::{LtiGateway, PageError},
    drawing::{previews::SharedPreviews, svg},
    i18n,
    metrics::{Connections, Meter},
    records::Contacts,
};

/// How long whoever opens a page waits for the gateway, which waits for the store: longer than the
/// store waits for its database.
const ANSWER_PATIENCE: Duration = Duration::from_secs(15);
/// Two threads; requests under way have 2 seconds at the end.
const RUNNING: Running = Running { workers: 2, shutdown: 2 };

/// What the pages say of this bot.
#[derive(Clone, Debug)]
pub struct PagesConfig {
    /// The address of the tool as platforms know it.
    pub public_url: Url,
    /// Whether launches must be signed; if not, every page says so.
    pub authenticate: bool,
    /// A style sheet of the settings, after our own.
    pub css_url: Option<Url>,
    /// The bot's address.
    pub bot_jid: String,
    /// What the tool is called.
    pub bot_title: String,
    /// What it is, in a sentence.
    pub bot_description: String,
    /// The project that runs it.
    pub project_name: String,
    /// The bot's name in the chat.
    pub bot_alias: String,
    /// Whether the bot has the same key in every session.
    pub keeps_key: bool,
    /// Whom learners in trouble can turn to.
    pub contacts: Contacts,
    /// The pages' texts in all languages.
    pub catalogs: SharedCatalogs,
    /// Drawings of the lessons, for teachers.
    pub previews: SharedPreviews,
    /// The files under `/static/`.
    pub assets: SharedAssets,
}

/// All that the handlers need.
#[derive(Clone, Debug)]
pub struct Site {
    /// Whom they ask.
    pub gateway: Addr<LtiGateway>,
    /// Where what waits for it is counted.
    pub meter: Meter,
    /// What they say of the bot.
    pub config: PagesConfig,
}

/// Serves the pages on a listener that is bound already.
///
/// # Errors
/// What the operating system says of the listener.
pub fn serve(
    site: Site,
    listener: TcpListener,
    limits: Limits,
    counts: Connections,
) -> std::io::Result<Server> {
    i18n::install();
    let site = web::Data::new(site);
    let large = web::Data::new(LargeBodies::default());
    let asked = web::Data::new(asked::Asked::default());
    front::serve(listener, RUNNING, limits, counts, move || {
        App::new()
            .app_data(web::Data::clone(&site))
            .app_data(web::Data::clone(&large))
            .app_data(web::Data::clone(&asked))
            .wrap(headers::common(&site.config.public_url))
            .wrap(from_fn(headers::detach))
            .configure(routes)
    })
}

fn routes(config: &mut web::ServiceConfig) {
    let readable = || web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
    let page = |path: &str| web::resource(path).default_service(web::to(wrong_method));
    let home = page("/").route(web::post().to(launch::launch));
    config
        .service(home.route(readable().to(launch::open)))
        .service(
            page("/enter_jid")
                .route(web::post().to(launch::enter_jid))
                .route(readable().to(launch::enter_jid)),
        )
        .service(
            page("/jid_entered")
                .route(web::post().to(launch::jid_entered))
                .route(readable().to(launch::jid_entered)),
        )
        .service(
            page("/ask_for_secret")
                .route(web::post().to(launch::ask_for_secret))
                .route(readable().to(launch::ask_for_secret)),
        )
        .service(
            page("/enter_bot_secret")
                .route(web::post().to(launch::enter_bot_secret))
                .route(readable().to(launch::enter_bot_secret)),
        )
        .service(page("/status").route(web::post().to(status::status)))
        .service(
            page("/course")
                .route(web::post().to(course::course))
                .route(readable().to(course::course)),
        )
        .service(page("/course/try").route(web::post().to(course::try_it)))
        .service(page("/course/table").route(web::post().to(course::table)))
        .service(page("/course/resend").route(web::post().to(course::resend)))
        .service(
            page("/course/lesson")
                .route(web::post().to(course::lesson))
                .route(readable().to(course::lesson)),
        )
        .service(page("/static/lesson.css").route(readable().to(lesson_css)))
        .service(page("/static/{name}").route(readable().to(asset)))
        .service(page("/theme/{name}.css").route(readable().to(theme)))
        .service(page("/hello_world").route(readable().to(hello_world)))
        .service(page("/lti/config.xml").route(readable().to(config_xml::config_xml)))
        .default_service(web::to(not_found));
}

/// `GET /hello_world`
async fn hello_world(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    let house = site.house(&request, None, None, None);
    let markup = pages::hello_world(&house, &site.config.bot_title);
    site.page(&request, HttpResponse::Ok(), &Ancestors::Nobody, markup)
}

/// `GET /static/…`
async fn asset(
    site: web::Data<Site>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let Some(asset) = site.config.assets.find(&name) else {
        return site.problem(&request, &Failure::NotFound).await;
    };
    // The name does not change with the content, so a copy must not outlive an update by long.
    HttpResponse::Ok()
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(asset.bytes)
}

/// `GET /static/lesson.css`: the styles of the drawing of a lesson.
async fn lesson_css() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .body(svg::style_sheet())
}

/// `GET /theme/…`: the colours of a platform, which its address names.
async fn theme(
    site: web::Data<Site>,
    request: HttpRequest,
    name: web::Path<String>,
) -> HttpResponse {
    let Some(theme) = Theme::of_name(&name) else {
        return site.problem(&request, &Failure::NotFound).await;
    };
    // Only another version of the program makes something else of the same name.
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=86400"))
        .body(theme.css())
}

async fn not_found(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    site.problem(&request, &Failure::NotFound).await
}

async fn wrong_method(site: web::Data<Site>, request: HttpRequest) -> HttpResponse {
    site.problem(&request, &Failure::Method).await
}

impl Site {
    /// Asks the gateway.
    async fn ask<M, T>(&self, message: M) -> Result<T, Failure>
    where
        LtiGateway: Handler<M>,
        <LtiGateway as Actor>::Context: ToEnvelope<LtiGateway, M>,
        M: Message<Result = Result<T, PageError>> + Send + 'static,
        T: Send + 'static,
    {
        self.meter.sent();
        let answer = self.gateway.send(message).timeout(ANSWER_PATIENCE).await;
        Ok(answer.map_err(|_gone| PageError::Unavailable)??)
    }
}
