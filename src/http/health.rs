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
    actors::{ambient::unix_now, vital::VitalParts},
    metrics::{Format, Metrics},
};

/// Whom the health pages ask.
#[derive(Clone, Debug)]
pub struct Health {
    /// What must work for the daemon to be ready, once it has started.
    pub parts: Arc<OnceLock<VitalParts>>,
    /// The counters.
    pub metrics: Arc<Metrics>,
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
    let Some(parts) = health.parts.get() else { return HttpResponse::Ok().body("starting\n") };
    match parts.look().await {
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
    let Some(parts) = health.parts.get() else {
        let problem = Some("starting: the store is not open yet".to_owned());
        return Standing { problem, is_writable: false };
    };
    let (seen, can_write) = tokio::join!(parts.look(), parts.can_write());
    let is_writable = can_write && !matches!(seen, Ok(seen) if !seen.is_writing);
    let problem = match seen {
        Err(ailing) => Some(ailing.to_string()),
        Ok(seen) if !seen.is_online => Some("not logged in to XMPP".to_owned()),
        Ok(_) if !is_writable => Some("the store cannot be written".to_owned()),
        Ok(_) => None,
    };
    Standing { problem, is_writable }
}
