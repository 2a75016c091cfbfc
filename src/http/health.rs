//! `/metrics`, `/healthz`, `/readyz`, on an address of their own.

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix::Recipient;
use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};

use crate::{
    actors::{registry::Observe, store::HowMuch, xmpp::IsOnline},
    metrics::Metrics,
    store::Store,
};

/// How long an actor may take to answer before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(5);
/// Content type of the `OpenMetrics` text format.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Whom the health pages ask.
#[derive(Clone, Debug)]
pub struct Health {
    /// The registry.
    pub registry: Recipient<Observe>,
    /// The connection to the XMPP server.
    pub connection: Recipient<IsOnline>,
    /// The database.
    pub store: Store,
    /// Who writes to it.
    pub backlog: Recipient<HowMuch>,
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

async fn metrics(health: web::Data<Health>) -> HttpResponse {
    match health.metrics.encode() {
        Ok(text) => HttpResponse::Ok().content_type(OPENMETRICS).body(text),
        Err(_) => HttpResponse::InternalServerError().body("the metrics cannot be formatted\n"),
    }
}

/// 200 while the actors answer.
async fn alive(health: web::Data<Health>) -> HttpResponse {
    match tokio::time::timeout(PATIENCE, health.registry.send(Observe)).await {
        Ok(Ok(_)) => HttpResponse::Ok().body("alive\n"),
        Ok(Err(_)) | Err(_) => HttpResponse::ServiceUnavailable().body("the registry is stuck\n"),
    }
}

/// 200 while the bot is logged in and its store can be written.
async fn ready(health: web::Data<Health>) -> HttpResponse {
    let online = tokio::time::timeout(PATIENCE, health.connection.send(IsOnline)).await;
    if !matches!(online, Ok(Ok(true))) {
        return HttpResponse::ServiceUnavailable().body("not logged in to XMPP\n");
    }
    let (pinged, backlog) = tokio::join!(
        tokio::time::timeout(PATIENCE, health.store.ping()),
        tokio::time::timeout(PATIENCE, health.backlog.send(HowMuch)),
    );
    let is_writing = matches!(backlog, Ok(Ok(backlog)) if !backlog.is_failing);
    if matches!(pinged, Ok(Ok(()))) && is_writing {
        HttpResponse::Ok().body("ready\n")
    } else {
        HttpResponse::ServiceUnavailable().body("the store cannot be written\n")
    }
}
