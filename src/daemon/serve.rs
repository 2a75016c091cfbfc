//! Starting, and what is seen to until the end, with the actor system running.

use std::{
    future::pending,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use actix::{Actor as _, Arbiter, AsyncContext as _, Context};
use actix_web::dev::ServerHandle;
use anyhow::Context as _;
use gettext::SharedCatalogs;
use log::{error, info, warn};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, oneshot},
    time::sleep,
};
use xmpp::Down;

use super::{
    Assembly,
    assemble::{self, WayIn},
    gone,
    pages::Pages,
    running::Running,
    service::ServiceManager,
    unworkable,
};

use crate::{
    actors::{
        registry::{self, KnownLearner, Reload, Restore, SessionRegistry},
        store::{Attach, StoreActor},
        vital::Ailing,
        workshop::Workshop,
        xmpp::{self as connection, XmppConnection},
    },
    drawing::previews::SharedPreviews,
    failure::Failure,
    http::{
        assets::SharedAssets,
        health::{self, Health},
    },
    metrics::Metrics,
    settings::Settings,
    store::{CLAIM_PACE, Claim, Store, StoreError},
};

/// The first and the longest pause between two tries to reach the store.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Starts everything, and returns once it was told to stop and did.
///
/// # Errors
///
/// A [`Failure`]: what could not be started, or why the connection was given up.
pub async fn serve(assembly: Assembly) -> Result<(), Failure> {
    let assembly = Arc::new(assembly);
    let (on_failure, failed) = oneshot::channel();
    let mut hangups = signal(SignalKind::hangup()).context("cannot listen to SIGHUP")?;
    let mut terms = signal(SignalKind::terminate()).context("cannot listen to SIGTERM")?;
    let mut interrupts = signal(SignalKind::interrupt()).context("cannot listen to SIGINT")?;
    let service = ServiceManager::from_environment();
    let (on_end, mut ended) = mpsc::channel(1);
    let (on_taken, mut taken) = oneshot::channel();
    let door = Door::open(&assembly, &on_end)?;
    let (health, health_server) = (door.health.clone(), door.health_server.clone());
    let running = tokio::select! {
        running = start(&assembly, door, service, on_failure, on_taken, &on_end) => running,
        _ = terms.recv() => Err(Interrupted::Signal("SIGTERM")),
        _ = interrupts.recv() => Err(Interrupted::Signal("SIGINT")),
    };
    let running = match running {
        Ok(running) => running,
        Err(interrupted) => {
            health_server.stop(false).await;
            return match interrupted {
                Interrupted::Failure(failure) => Err(failure),
                Interrupted::Signal(signal) => {
                    info!("{signal}: stopping before all was started");
                    Ok(())
                }
            };
        }
    };
    // Nobody else sets it.
    drop(health.parts.set(running.vital_parts()));
    let (on_death, mut died) = oneshot::channel();
    let watching = service.watch(running.vital_parts(), on_death);

    let mut failed = failed;
    let result = loop {
        tokio::select! {
            _ = terms.recv() => break Ok("SIGTERM"),
            _ = interrupts.recv() => break Ok("SIGINT"),
            down = &mut failed => break Err(match down {
                Ok(down) => gave_up(&assembly, &down),
                Err(_gone) => died_of(Ailing::Dead("the XMPP connection")),
            }),
            Ok(ailing) = &mut died => break Err(died_of(ailing)),
            Some(part) = ended.recv() => break Err(died_of(Ailing::Dead(part))),
            Ok(()) = &mut taken => break Err(no_store(&assembly, &StoreError::Taken)),
            _ = hangups.recv() => {
                service.reloading().await;
                reload(&assembly, &running).await;
                service.reloaded().await;
            }
        }
    };
    let result = result.map(|signal| info!("{signal}: stopping"));
    watching.abort();
    let why = result.as_ref().err().map_or_else(|| "asked to".to_owned(), ToString::to_string);
    let why = format!("stopping: {why}");
    tokio::join!(service.stopping(&why), running.stop());
    result
}

/// Why the daemon did not start.
enum Interrupted {
    Failure(Failure),
    Signal(&'static str),
}

impl<F: Into<Failure>> From<F> for Interrupted {
    fn from(failure: F) -> Self {
        Self::Failure(failure.into())
    }
}

/// What it means for the process that a part of it is dead. Nothing is lost that was answered for: a
/// new process goes on where this one stood.
fn died_of(ailing: Ailing) -> Failure {
    Failure::Unknown(anyhow::anyhow!("{ailing}; start the bot again"))
}

/// What a store that cannot be used means for the process.
fn no_store(assembly: &Assembly, error: &StoreError) -> Failure {
    Failure::MissingDependency(assembly.settings.fault("store", error.to_string()).to_string())
}

/// What a connection that was given up means for the process.
fn gave_up(assembly: &Assembly, down: &Down) -> Failure {
    let account = &assembly.jid;
    let server = assembly.way_in.server();
    let text = format!("{account} at {server}: {down}");
    Failure::of_stream(down, text)
}

/// Reads lessons, locales and the files of the pages anew: the pages have them at once, new sessions
/// when they begin.
async fn reload(assembly: &Arc<Assembly>, running: &Running) {
    let assembly = Arc::clone(assembly);
    let before = running.catalogs.snapshot();
    let read = tokio::task::spawn_blocking(move || {
        let catalogs = assembly.catalogs(Some(&before));
        let factory = assembly.factory(catalogs.clone())?;
        let previews = assembly.previews(&factory);
        Ok::<_, Failure>((catalogs, factory, previews, assembly.assets()))
    });
    match read.await {
        Ok(Ok((catalogs, factory, previews, assets))) => {
            info!("SIGHUP: lessons and locales are read anew for new sessions");
            running.catalogs.replace(catalogs);
            running.previews.replace(previews);
            running.assets.replace(assets);
            running.registry.do_send(Reload(factory));
        }
        Ok(Err(failure)) => error!("SIGHUP: the old lessons and locales stay: {failure}"),
        Err(error) => error!("SIGHUP: the old lessons and locales stay: {error}"),
    }
}

/// Who is told the name of a part that has ended by itself.
pub(super) type OnEnd = mpsc::Sender<&'static str>;

/// Runs a part that only ends when the daemon does. Otherwise, also if it panics, that is told.
pub(super) fn run_for_good<T: 'static>(
    part: impl Future<Output = T> + 'static,
    name: &'static str,
    on_end: OnEnd,
) {
    let running = actix::spawn(part);
    actix::spawn(async move {
        if let Err(error) = running.await {
            error!("{name}: {error}");
        }
        // Nobody listens any more while the daemon stops, and one such part is enough to end it.
        on_end.try_send(name).ok();
    });
}

/// What can be had at once: the addresses, and the health pages, which answer from now on.
struct Door {
    metrics: Arc<Metrics>,
    pages: Option<TcpListener>,
    health: Health,
    health_server: ServerHandle,
}

impl Door {
    /// What cannot be had should be known before anything is said to anybody.
    fn open(assembly: &Assembly, on_end: &OnEnd) -> Result<Self, Failure> {
        let settings = &assembly.settings;
        let metrics = Arc::new(Metrics::new());
        if settings.lti.enabled && unworkable::overlap(settings.lti.bind, settings.metrics_bind) {
            let fault = settings.fault("lti.bind", unworkable::same_address(settings));
            return Err(Failure::BadSetting(fault.to_string()));
        }
        let listener = listen(settings, settings.metrics_bind, "metrics.bind")?;
        let pages = if settings.lti.enabled {
            Some(listen(settings, settings.lti.bind, "lti.bind")?)
        } else {
            None
        };
        let health = Health { parts: Arc::default(), metrics: Arc::clone(&metrics) };
        let server = health::serve(health.clone(), listener).context("cannot serve the metrics")?;
        let health_server = server.handle();
        run_for_good(server, "the server of metrics and health", on_end.clone());
        Ok(Self { metrics, pages, health, health_server })
    }
}

/// The store, and who is known.
struct Opened {
    claim: Claim,
    store: Store,
    known: Vec<KnownLearner>,
}

/// Opens the store and reads who is known. A server that is away is waited for.
async fn open_store(assembly: &Assembly, service: ServiceManager) -> Result<Opened, Failure> {
    let settings = &assembly.settings;
    let is_file = Store::is_file(&settings.store);
    let mut pause = FIRST_PAUSE;
    let mut waiting = None;
    let opened = loop {
        let opened = async {
            let claim = Store::claim(&settings.store).await?;
            let store = Store::open(&settings.store).await?.with_limits(assembly.limits());
            let known = assembly.known_learners(&store).await?;
            Ok(Opened { claim, store, known })
        };
        match opened.await {
            Err(error @ (StoreError::Away { .. } | StoreError::Query { .. })) if !is_file => {
                if waiting.is_none() {
                    warn!("store: {error}; the bot waits for it");
                    waiting = Some(service.wait("waiting for the store"));
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            opened => break opened,
        }
    };
    if let Some(waiting) = waiting {
        waiting.abort();
        if opened.is_ok() {
            info!("the store is there");
        }
    }
    opened.map_err(|error: StoreError| no_store(assembly, &error))
}

async fn start(
    assembly: &Assembly,
    door: Door,
    service: ServiceManager,
    on_failure: oneshot::Sender<Down>,
    on_taken: oneshot::Sender<()>,
    on_end: &OnEnd,
) -> Result<Running, Interrupted> {
    let settings = &assembly.settings;
    let Door { metrics, pages: pages_listener, health_server, .. } = door;
    let Opened { claim, store, known } = open_store(assembly, service).await?;
    // It lives as long as the process. Once another daemon has the database, this one ends.
    let keep = async {
        claim.keep(CLAIM_PACE).await;
        on_taken.send(()).ok();
        pending::<()>().await;
    };
    run_for_good(keep, "the claim to the database", on_end.clone());
    let store_actor =
        StoreActor::new(store.clone(), settings.retention, Arc::clone(&metrics)).start();

    let started = match &assembly.way_in {
        WayIn::Account(account) => xmpp::start(account.clone()),
        WayIn::Component(component) => xmpp::start_component(component, xmpp::Pace::default()),
    };
    let (commands, events) = started.map_err(|error| {
        Failure::MissingDependency(format!("{}: {error}", settings.file.display()))
    })?;
    let connection_context = Context::<XmppConnection>::new();
    let connection = connection_context.address();
    let arbiters: Vec<_> = (0..assemble::n_session_threads()).map(|_| Arbiter::new()).collect();
    let languages = assembly.catalogs(None);
    let catalogs = SharedCatalogs::new(languages.clone());
    let factory = assembly.factory(languages)?;
    let previews = SharedPreviews::new(assembly.previews(&factory));
    let assets = SharedAssets::new(assembly.assets());
    gone::tell(&factory, &known);
    for unknown in unworkable::unknown_lessons(settings, &factory.lessons) {
        warn!("{unknown}");
    }
    let registry = SessionRegistry::new(registry::Parts {
        own: assembly.jid.clone(),
        factory,
        arbiters: arbiters.iter().map(Arbiter::handle).collect(),
        workshop: Workshop::new(assemble::n_session_threads()),
        out: connection.clone().recipient(),
        store: store_actor.clone().recipient(),
        sessions: store_actor.clone().recipient(),
        proofs: store_actor.clone().recipient(),
        openings: store_actor.clone().recipient(),
        metrics: Arc::clone(&metrics),
        log_user_messages: settings.log.user_messages,
        refuse_strangers: settings.xmpp.refuse_strangers,
        check_interval: settings.session.check_interval,
    })
    .start();
    store_actor.do_send(Attach(registry.clone().recipient()));
    registry.do_send(Restore { learners: known });
    connection_context.run(XmppConnection::new(connection::Parts {
        own: assembly.jid.clone(),
        alias: assembly.variable("bot_alias"),
        title: assembly.variable("bot_title"),
        avatar: assembly.avatar.clone(),
        is_component: matches!(assembly.way_in, WayIn::Component(_)),
        commands,
        events,
        to_registry: registry.clone().recipient(),
        on_failure,
        metrics: Arc::clone(&metrics),
    }));

    let (mut servers, mut desks, mut page_parts) = (vec![health_server], Vec::new(), None);
    if let Some(listener) = pages_listener {
        let config = assembly.pages(catalogs.clone(), previews.clone(), assets.clone());
        let writer = &store_actor;
        let pages = Pages { store: &store, writer, registry: &registry, metrics: &metrics, config };
        let (server, desk, parts) = pages.serve(assembly, listener, on_end)?;
        page_parts = Some(parts);
        servers.push(server);
        desks.push(desk);
    }
    Ok(Running {
        registry,
        connection,
        store: store_actor,
        database: store,
        servers,
        arbiters,
        desks,
        pages: page_parts,
        catalogs,
        previews,
        assets,
    })
}

fn listen(settings: &Settings, address: SocketAddr, key: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| {
        let fault = settings.fault(key, unworkable::cannot_listen(address, &error));
        Failure::BadSetting(fault.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn told(part: impl Future<Output = ()> + 'static) -> Option<&'static str> {
        let (on_end, mut ended) = mpsc::channel(1);
        run_for_good(part, "the part", on_end);
        ended.recv().await
    }

    #[actix::test]
    async fn a_part_that_ends_or_panics_is_told() {
        assert_eq!(told(async {}).await, Some("the part"));
        assert_eq!(told(async { panic!("a fault") }).await, Some("the part"));
    }
}
