//! What stands between the listener and actix-web, for the pages and for the metrics: how many
//! connections there are (`slots`), and that each has one request under way (`guarded`, by
//! `framing`).
//!
//! Nothing here depends on a proxy in front of it. What a request asks for is not looked at.

mod framing;
mod guarded;
mod slots;

use std::{net::TcpListener, os::fd::AsRawFd as _, sync::Arc, time::Duration};

use actix_http::{HttpService, Request, Response, error::DispatchError};
use actix_service::{
    IntoServiceFactory, Service as _, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory,
    fn_service, map_config,
};
use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{AppConfig, Server, ServiceResponse},
    http::KeepAlive,
};
use procfs::process::{LimitValue, Process};
use tokio::net::TcpStream;

use self::{
    guarded::{Answer, Exchange, Guarded},
    slots::Slots,
};
use crate::metrics::Connections;

/// Files that stay free for the streams to the XMPP server, the store, and grades under way.
const RESERVE: usize = 64;
/// How long who reads a last answer without having sent all of the body has for that.
const DISCONNECT: Duration = Duration::from_secs(1);

/// What clients may take of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections.
    pub in_all: usize,
    /// The most connections from one address, or from one network of IPv6.
    pub per_address: usize,
    /// The first number of a file that is left to others. The system gives the lowest that is free, so a
    /// connection with a higher one says that files are short, whoever has them.
    pub first_reserved: usize,
    /// How long a head may take from its first byte on.
    pub head: Duration,
    /// How long a body may take.
    pub body: Duration,
    /// How long an answer may stay unread without any progress.
    pub unread: Duration,
    /// How long a connection stays open for another request.
    pub keep_alive: Duration,
}

impl Limits {
    /// Those of metrics and health: programs of the operator's ask them.
    pub const METRICS: Self = Self {
        in_all: 64,
        per_address: 32,
        first_reserved: usize::MAX,
        head: Duration::from_secs(5),
        // Pages give up on a body after 20 s, with an answer.
        body: Duration::from_secs(30),
        unread: Duration::from_secs(20),
        keep_alive: Duration::from_secs(5),
    };

    /// Those of the pages, as long as files are not short.
    const PAGES: Self = Self {
        in_all: 1024,
        per_address: 256,
        keep_alive: Duration::from_secs(15),
        ..Self::METRICS
    };

    /// Those of the pages: half of the files that others leave, at most.
    pub fn pages() -> Self {
        files().map_or(Self::PAGES, |(most, open)| Self::PAGES.within(most, open))
    }

    fn within(self, most: usize, open: usize) -> Self {
        let others = RESERVE.saturating_add(Self::METRICS.in_all);
        let half = most.saturating_sub(open).saturating_sub(others) / 2;
        let in_all = self.in_all.min(half.max(8));
        let per_address = self.per_address.min(in_all.saturating_sub(in_all / 4));
        let first_reserved = most.saturating_sub(others.min(most / 4));
        Self { in_all, per_address, first_reserved, ..self }
    }
}

/// How many files the process may open, and has open, where that is known.
fn files() -> Option<(usize, usize)> {
    let process = Process::myself().ok()?;
    let LimitValue::Value(most) = process.limits().ok()?.max_open_files.soft_limit else {
        return None;
    };
    Some((usize::try_from(most).ok()?, process.fd_count().ok()?))
}

/// How a server is run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Running {
    pub(super) workers: usize,
    /// How long requests under way have at the end, in seconds.
    pub(super) shutdown: u64,
}

/// Serves an app on a listener that is bound already: HTTP/1.
pub(super) fn serve<F, I, S, B>(
    listener: TcpListener,
    running: Running,
    limits: Limits,
    counts: Connections,
    app: F,
) -> std::io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let builder = Server::build()
        .workers(running.workers)
        .disable_signals()
        .shutdown_timeout(running.shutdown);
    let shutdown = builder.graceful_shutdown_signal();
    let address = listener.local_addr()?;
    let name = format!("{} at {address}", counts.server());
    let slots = Slots::new(limits, counts);
    let builder = builder.listen(name, listener, move || {
        let slots = Arc::clone(&slots);
        let admit = fn_service(move |stream: TcpStream| {
            let guarded = admit(stream, limits, &slots);
            async move { guarded }
        });
        let app = apply_fn_factory(app(), |request: Request, app: &S::Service| {
            let exchange = request.conn_data::<Exchange>().cloned().unwrap_or_default();
            let answer = app.call(request);
            async move { Ok::<_, Error>(noticed(answer.await, &exchange)) }
        });
        let shutdown = shutdown.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let shutdown = shutdown.clone();
                async move { shutdown.notified().await }
            })
            .keep_alive(KeepAlive::Timeout(limits.keep_alive))
            .client_request_timeout(limits.head)
            .client_disconnect_timeout(DISCONNECT)
            .local_addr(address)
            .on_connect_ext(|guarded: &Guarded, data| {
                data.insert(guarded.exchange());
            })
            .h1(map_config(app, |()| AppConfig::default()));
        admit.and_then(http)
    })?;
    Ok(builder.run())
}

type Admitted = (Guarded, Option<std::net::SocketAddr>);

fn admit(stream: TcpStream, limits: Limits, slots: &Arc<Slots>) -> Result<Admitted, DispatchError> {
    let peer = stream.peer_addr().map_err(DispatchError::Io)?;
    let file = usize::try_from(stream.as_raw_fd()).unwrap_or_default();
    let Some(slot) = slots.admit(peer.ip(), file) else {
        return Err(DispatchError::Io(std::io::ErrorKind::ConnectionRefused.into()));
    };
    Ok((Guarded::new(stream, limits, slot), Some(peer)))
}

/// An answer whose end the connection notices.
fn noticed<B: MessageBody + 'static>(
    answer: Result<ServiceResponse<B>, Error>,
    exchange: &Exchange,
) -> Response<Answer> {
    let answer = match answer {
        Ok(answer) => HttpResponse::from(answer.map_into_boxed_body()),
        Err(error) => HttpResponse::from_error(error),
    };
    Response::from(answer).map_body(|_, body| exchange.answer(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_leave_files_to_others() {
        let within = |most| {
            let limits = Limits::PAGES.within(most, 50);
            (limits.in_all, limits.per_address, limits.first_reserved)
        };

        assert_eq!(within(65_536), (1024, 256, 65_408));
        assert_eq!(within(1_024), (423, 256, 896));
        assert_eq!(within(256), (39, 30, 192));
        assert_eq!(within(64), (8, 6, 48));
    }
}
