//! The web pages, and who stands behind them.

use std::{net::TcpListener, sync::Arc};

use actix::{Actor as _, Addr, Arbiter};
use actix_web::dev::ServerHandle;
use anyhow::Context as _;
use log::info;

use super::{
    Assembly,
    serve::{OnEnd, run_for_good},
};
use crate::{
    actors::{
        grades::{self, Courier, GradeOutbox, RetryPlan},
        lti::{self, LtiGateway},
        registry::SessionRegistry,
        store::{AttachOutbox, StoreActor, Watch},
        vital::PageParts,
    },
    failure::Failure,
    http::{self, PagesConfig, front::Limits},
    metrics::Metrics,
    store::Store,
};

/// What the web pages are made of.
pub(super) struct Pages<'a> {
    pub(super) store: &'a Store,
    pub(super) writer: &'a Addr<StoreActor>,
    pub(super) registry: &'a Addr<SessionRegistry>,
    pub(super) metrics: &'a Arc<Metrics>,
    pub(super) config: PagesConfig,
}

impl Pages<'_> {
    /// Serves the pages; their gateway has a thread of its own.
    pub(super) fn serve(
        self,
        assembly: &Assembly,
        listener: TcpListener,
        on_end: &OnEnd,
    ) -> Result<(ServerHandle, Arbiter, PageParts), Failure> {
        let settings = &assembly.settings;
        let Self { store, writer, registry, metrics, config } = self;
        let outbox = GradeOutbox::new(grades::Parts {
            store: store.clone(),
            consumers: assembly.consumers(),
            courier: Courier::new(settings.lti.allow_private_outcomes, None)
                .context("cannot make the client that sends grades")?,
            plan: RetryPlan::default(),
            metrics: Arc::clone(metrics),
        })
        .start();
        writer.do_send(AttachOutbox(outbox.clone().recipient()));
        writer.do_send(Watch {
            platforms: settings.lti.consumers.keys().cloned().collect(),
            invitations: settings.lti.invitations.per_platform,
        });
        let parts = lti::Parts {
            config: assembly.gateway(),
            store: store.clone(),
            registry: lti::Registry {
                enrol: registry.clone().recipient(),
                dismiss: registry.clone().recipient(),
                enter_secret: registry.clone().recipient(),
                enter_bot_secret: registry.clone().recipient(),
                whereabouts: registry.clone().recipient(),
                set_language: registry.clone().recipient(),
            },
            outbox: outbox.clone().recipient(),
            metrics: Arc::clone(metrics),
        };
        // Signatures are verified, and courses are looked through, away from the stanzas.
        let meter = metrics.meters.gateway.clone();
        let desk = Arbiter::new();
        let gateway = LtiGateway::start_in_arbiter(&desk.handle(), |_| LtiGateway::new(parts));
        let parts = PageParts { gateway: gateway.clone().recipient(), outbox: outbox.recipient() };
        let address = listener.local_addr().context("the pages have no address")?;
        let (limits, counts) = (Limits::pages(), metrics.connections("pages"));
        let server = http::serve(http::Site { gateway, meter, config }, listener, limits, counts)
            .with_context(|| format!("cannot serve the pages on {address}"))?;
        let handle = server.handle();
        run_for_good(server, "the server of the pages", on_end.clone());
        info!("the pages are at {address}, known to the LMS as {}", settings.lti.public_url);
        Ok((handle, desk, parts))
    }
}
