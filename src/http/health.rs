//! `/metrics`, `/healthz`, `/readyz`, on an address of their own. They answer before the daemon has
//! its store, too.

use std::{
    net::TcpListener,
    sync::{Arc, OnceLock},
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::Server, http::header::ACCEPT, web,
};

use crate::{
    actors::{
        ambient::unix_now,
        vital::{PATIENCE, VitalParts},
    },
    metrics::{Format, Metrics},
    store::Store,
};

/// Whom the health pages ask.
#[derive(Clone, Debug)]
pub struct Health {
    /// What there is once the daemon has started.
    pub started: Arc<OnceLock<Started>>,
    /// The counters.
    pub metrics: Arc<Metrics>,
}

/// What must work for the daemon to be ready.
#[derive(Clone, Debug)]
pub struct Started {
    /// The actors.
    pub parts: VitalParts,
    /// The database.
    pub store: Store,
}

/// Serves the health pages on a listener that is bound already.
///
/// # Errors
///
/// What the operating system says of the listener.
pub fn serve(health: Health, listener: TcpListener) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(health.clone()))
            .route("/metrics", web::get().to(metrics))
            .route("/healthz", web::get().to(alive))
            .route("/readyz", web::get().to(ready))
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

async fn metrics(health: web::Data<Health>, request: HttpRequest) -> HttpResponse {
    let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let format = Format::wanted(accept);
    let standing = look(&health).await;
    health.metrics.refresh(standing.problem.is_none(), standing.is_writable, unix_now());
    match health.metrics.encode(format) {
        Ok(text) => HttpResponse::Ok().content_type(format.content_type()).body(text),
        Err(_) => HttpResponse::InternalServerError().body("the metrics cannot be formatted\n"),
    }
}

/// 200 while all actors answer, and while there are none yet.
async fn alive(health: web::Data<Health>) -> HttpResponse {
    let Some(started) = health.started.get() else { return HttpResponse::Ok().body("starting\n") };
    match started.parts.look().await {
        Ok(_) => HttpResponse::Ok().body("alive\n"),
        Err(ailing) => HttpResponse::ServiceUnavailable().body(format!("{ailing}\n")),
    }
}

/// 200 while the bot is logged in and its store can be written.
async fn ready(health: web::Data<Health>) -> HttpResponse {
    match look(&health).await.problem {
        None => HttpResponse::Ok().body("ready\n"),
        Some(problem) => HttpResponse::ServiceUnavailable().body(problem + "\n"),
    }
}

/// How the bot stands.
struct Standing {
    /// What keeps it from being ready.
    problem: Option<String>,
    is_writable: bool,
}

async fn look(health: &Health) -> Standing {
    let Some(Started { parts, store }) = health.started.get() else {
        let problem = Some("starting: the store is not open yet".to_owned());
        return Standing { problem, is_writable: false };
    };
    let (seen, pinged) = tokio::join!(parts.look(), tokio::time::timeout(PATIENCE, store.ping()));
    let is_writable = matches!(pinged, Ok(Ok(()))) && !matches!(seen, Ok(seen) if !seen.is_writing);
    let problem = match seen {
        Err(ailing) => Some(ailing.to_string()),
        Ok(seen) if !seen.is_online => Some("not logged in to XMPP".to_owned()),
        Ok(_) if !is_writable => Some("the store cannot be written".to_owned()),
        Ok(_) => None,
    };
    Standing { problem, is_writable }
}
