//! `/metrics`, `/healthz`, `/readyz`, on an address of their own. They answer before the daemon has
//! its store, too.
//!
//! A site in the browser of who sits at this machine can have its own name lead to a loopback address,
//! so there they are given to nobody who asks for another host.

use std::{
    net::TcpListener,
    sync::{Arc, OnceLock},
};

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Server, ServiceRequest, ServiceResponse},
    http::header::ACCEPT,
    middleware::{Next, from_fn},
    web,
};

use super::{
    front::{self, Limits, Running},
    request,
};
use crate::{
    actors::{ambient::unix_now, vital::VitalParts},
    metrics::{Format, Metrics},
};

/// One thread; requests under way have a second at the end.
const RUNNING: Running = Running { workers: 1, shutdown: 1 };

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
    let counts = health.metrics.connections("metrics");
    let reach = if listener.local_addr()?.ip().is_loopback() { Reach::Here } else { Reach::Wide };
    front::serve(listener, RUNNING, Limits::METRICS, counts, move || {
        App::new()
            .app_data(web::Data::new(health.clone()))
            .app_data(web::Data::new(reach))
            .wrap(from_fn(stay_at_home))
            .route("/metrics", web::get().to(metrics))
            .route("/healthz", web::get().to(alive))
            .route("/readyz", web::get().to(ready))
    })
}

/// From where the pages can be asked for.
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// From this machine.
    Here,
    /// From others, under any name: one that leads elsewhere cannot be told from an honest one.
    Wide,
}

/// Refuses requests for other hosts.
async fn stay_at_home(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let reach = request.app_data::<web::Data<Reach>>().map(|reach| ***reach);
    let refusal = match (request::host(request.request()), reach) {
        (None, _) => HttpResponse::BadRequest().body("the request names no host\n"),
        (Some(host), Some(Reach::Here) | None) if !request::is_near(&host) => {
            HttpResponse::Forbidden().body(
                "this page is for programs on this machine: ask for it at localhost or 127.0.0.1, or \
                 set metrics.bind to an address that others reach\n",
            )
        }
        (Some(_), _) => return next.call(request).await.map(ServiceResponse::map_into_boxed_body),
    };
    Ok(request.into_response(refusal))
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
