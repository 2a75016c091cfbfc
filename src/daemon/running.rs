//! The parts of a running daemon, and how they end.

use std::time::Duration;

use actix::{Addr, Arbiter};
use actix_web::dev::ServerHandle;
use futures_util::future::join_all;
use gettext::SharedCatalogs;
use log::{debug, error, info, warn};
use tokio::time::{Instant, timeout_at};

use crate::{
    actors::{
        registry::{CloseAll, SessionRegistry},
        store::{Backlog, Flush, HowMuch, StoreActor},
        vital::{PageParts, VitalParts},
        xmpp::{Disconnect, XmppConnection},
    },
    drawing::previews::SharedPreviews,
    http::assets::SharedAssets,
    store::Store,
};

/// How long the end may take, all in all.
const STOP_PATIENCE: Duration = Duration::from_secs(9);
/// Of that, what is left for the XMPP server and the store when learners' good-byes are cut short.
const AFTER_GOODBYES: Duration = Duration::from_secs(4);
/// Of that, what is left for the last writes when the XMPP server does not close the stream.
const AFTER_STREAM: Duration = Duration::from_secs(2);
/// How long it may take to hear what is lost.
const ANSWER_PATIENCE: Duration = Duration::from_millis(500);
/// How long the last writes may take.
const FLUSH_PATIENCE: Duration = Duration::from_secs(4);

/// The parts of a running daemon.
pub(super) struct Running {
    pub(super) registry: Addr<SessionRegistry>,
    pub(super) connection: Addr<XmppConnection>,
    pub(super) store: Addr<StoreActor>,
    pub(super) database: Store,
    pub(super) servers: Vec<ServerHandle>,
    /// Threads of the sessions.
    pub(super) arbiters: Vec<Arbiter>,
    /// Threads of the pages' gateway.
    pub(super) desks: Vec<Arbiter>,
    pub(super) pages: Option<PageParts>,
    pub(super) catalogs: SharedCatalogs,
    pub(super) previews: SharedPreviews,
    pub(super) assets: SharedAssets,
}

impl Running {
    /// What must answer for the daemon to be alive.
    pub(super) fn vital_parts(&self) -> VitalParts {
        VitalParts {
            registry: self.registry.clone().recipient(),
            connection: self.connection.clone().recipient(),
            store: self.store.clone(),
            database: self.database.clone().into(),
            pages: self.pages.clone(),
            session_threads: self.arbiters.iter().map(Arbiter::handle).collect(),
        }
    }

    /// Learners are told, the stream is closed in order, the last writes are done.
    pub(super) async fn stop(self) {
        let end = Instant::now() + STOP_PATIENCE;
        // Requests under way end by themselves; the shutdown timeouts bound them.
        join_all(self.servers.iter().map(|server| server.stop(true))).await;
        if timeout_at(end - AFTER_GOODBYES, self.registry.send(CloseAll)).await.is_err() {
            warn!("not every session ended in time");
        }
        if timeout_at(end - AFTER_STREAM, self.connection.send(Disconnect)).await.is_err() {
            warn!("the XMPP server did not close the stream in time");
        }
        let last = end.min(Instant::now() + FLUSH_PATIENCE);
        if !matches!(timeout_at(last, self.store.send(Flush)).await, Ok(Ok(()))) {
            self.say_what_is_lost().await;
        }
        if timeout_at(last, self.database.close()).await.is_err() {
            debug!("the store was not closed in time");
        }
        for arbiter in self.arbiters.iter().chain(&self.desks) {
            arbiter.stop();
        }
        info!("stopped");
    }

    /// The last writes did not come through.
    async fn say_what_is_lost(&self) {
        match self.store.send(HowMuch).timeout(ANSWER_PATIENCE).await {
            Ok(Backlog { n_waiting, n_grades, .. }) => error!(
                lost = n_waiting;
                "the store could not be written to the end: {n_waiting} writes are lost, {n_grades} \
                 of them with a grade; those learners have to enter the bot secret again"
            ),
            Err(_) => error!("the store could not be written to the end, and its writer is gone"),
        }
    }
}
