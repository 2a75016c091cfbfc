//! `XmppConnection`: one account's stream as an actor. Events of the stream task come in and
//! become [`Received`]; [`Deliver`] becomes stanzas. What it may say when nobody asked (answers to
//! pings and the like) it says itself; who may talk is the registry's to decide.

use std::{pin::Pin, sync::Arc, task::Poll, time::Duration};

use actix::{
    Actor, AsyncContext as _, Context, Handler, Message, MessageResult, Recipient, ResponseFuture,
    StreamHandler,
};
use futures_util::stream;
use jid::{BareJid, Jid};
use log::{debug, error, info, warn};
use tokio::sync::{mpsc, oneshot};
use xmpp::{Avatar, Command, Down, Event};
use xmpp_parsers::{iq::Iq, ns, presence::Type as PresenceType, stanza::Stanza};

use super::{
    Deliver, Incoming, Outgoing, Received,
    ambient::unix_now,
    clients::Clients,
    guests::Guests,
    profile::{Next, Profile},
    sending::{Errand, Kind, Lost, Sending},
    stanzas::{self, Bot, Reading, Stream},
};

use crate::{
    metrics::{Life, Metrics},
    session::Meaning,
};

/// Messages that may wait for the registry, and for the sessions, before the stream is read more slowly:
/// for everybody, so that sessions for which many wait are sent no more long before.
const MOST_UNROUTED: i64 = 500;
const MOST_UNHANDLED: i64 = 1_500;
/// How slowly it is read then: one event in such a time.
const SLOW: Duration = Duration::from_millis(20);

/// The actor of the bot's account.
pub struct XmppConnection {
    own: BareJid,
    bot: Bot,
    profile: Profile,
    /// Whether the bot is a component of the server, which has no roster and tells nobody.
    is_component: bool,
    guests: Guests,
    clients: Clients,
    stream: Stream,
    commands: mpsc::Sender<Command>,
    events: Option<mpsc::Receiver<Event>>,
    to_registry: Recipient<Received>,
    on_failure: Option<oneshot::Sender<Down>>,
    metrics: Arc<Metrics>,
    _life: Life,
    state: State,
    sending: Sending,
    last_id: u64,
    stopped: Option<oneshot::Sender<()>>,
}

impl std::fmt::Debug for XmppConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("XmppConnection").field("state", &self.state).finish_non_exhaustive()
    }
}

/// Whether the bot is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Offline,
    Online,
    /// The stream task gave up or ended.
    Gone,
}

/// What the connection is made of.
#[derive(Debug)]
pub struct Parts {
    /// The bot's own address.
    pub own: BareJid,
    /// The bot's name.
    pub alias: String,
    /// The bot's title.
    pub title: String,
    /// The bot's picture.
    pub avatar: Option<Arc<Avatar>>,
    /// Whether the bot is a component of its server, not a client.
    pub is_component: bool,
    /// The way to the stream task.
    pub commands: mpsc::Sender<Command>,
    /// What comes from the stream task.
    pub events: mpsc::Receiver<Event>,
    /// Who hears of what peers send.
    pub to_registry: Recipient<Received>,
    /// Is told when the stream task gives up for good.
    pub on_failure: oneshot::Sender<Down>,
    /// The counters.
    pub metrics: Arc<Metrics>,
}

/// Asks whether the bot is logged in.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "bool")]
pub struct IsOnline;

/// Says good-bye to the server once all that waits was sent; answered when the stream is closed.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct Disconnect;

impl XmppConnection {
    /// Takes over a stream task that was just started.
    pub fn new(parts: Parts) -> Self {
        let Parts {
            own,
            alias,
            title,
            avatar,
            is_component,
            commands,
            events,
            to_registry,
            on_failure,
            metrics,
        } = parts;
        let profile = Profile::new(own.clone(), alias.clone(), avatar);
        Self {
            own,
            bot: Bot { alias, title },
            profile,
            is_component,
            guests: Guests::default(),
            clients: Clients::default(),
            stream: Stream::New,
            commands,
            events: Some(events),
            to_registry,
            on_failure: Some(on_failure),
            _life: metrics.meters.connection.life(),
            metrics,
            state: State::Offline,
            sending: Sending::default(),
            last_id: 0,
            stopped: None,
        }
    }

    /// Sends a stanza that is no chat message.
    fn send(&mut self, stanza: Stanza) {
        let kind = kind_of(&stanza);
        self.send_as(stanza, kind);
    }

    fn send_as(&mut self, stanza: Stanza, kind: Kind) {
        // What a component says at another of its addresses concerns nobody who sees the bot.
        let is_elsewhere = sender(&stanza).is_some_and(|from| from.to_bare() != self.own);
        if !self.is_component || is_elsewhere {
            self.sending.push(stanza, kind);
        } else {
            for stanza in self.guests.adapt(stanza, || self.bot.presence()) {
                self.sending.push(stanza, kind.clone());
            }
        }
        self.flush();
    }

    /// Hands the stream what it can take.
    fn flush(&mut self) {
        if self.state != State::Online {
            return;
        }
        while let Ok(room) = self.commands.clone().try_reserve_owned() {
            if let Some((tag, stanza)) = self.sending.next() {
                drop(room.send(Command::Send { stanza: Box::new(stanza), tag: Some(tag) }));
                self.metrics.stanzas_out.inc();
            } else if let Some((to, errand)) = self.sending.next_errand() {
                self.run(to, errand);
            } else {
                break;
            }
        }
        self.count_under_way();
        for to in self.sending.take_unheard() {
            self.pass_on(to, Incoming::Undelivered(vec![Meaning::Forgotten]));
        }
    }

    fn run(&mut self, to: BareJid, errand: Errand) {
        let stanzas = match errand {
            Errand::Invite => stanzas::invitation(&self.bot, &to),
            Errand::Present => vec![Stanza::Presence(self.bot.presence().with_to(to))],
        };
        for stanza in stanzas {
            let kind = kind_of(&stanza);
            if self.is_component {
                for stanza in self.guests.adapt(stanza, || self.bot.presence()) {
                    self.sending.push(stanza, kind.clone());
                }
            } else {
                self.sending.push(stanza, kind);
            }
        }
    }

    fn count_under_way(&self) {
        let n = i64::try_from(self.sending.n_under_way()).unwrap_or(i64::MAX);
        self.metrics.unacknowledged.set(n);
    }

    /// What was lost with its stream is sent again, or said anew by its session.
    fn make_good(&mut self, tags: &[u64]) {
        let Lost { n, n_again, undelivered } = self.sending.lost(tags);
        let n_meant = undelivered.iter().map(|(_, lost)| lost.len()).fold(0, usize::saturating_add);
        if n > 0 {
            info!("{n} stanzas were lost; {n_again} are sent again, {n_meant} encrypted ones anew");
        }
        self.metrics.stanzas_lost.inc_by(n);
        self.metrics.stanzas_resent.inc_by(n_again);
        for (to, lost) in undelivered {
            self.pass_on(to, Incoming::Undelivered(lost));
        }
        self.count_under_way();
        self.flush();
    }

    fn pass_on(&self, from: Jid, what: Incoming) {
        self.metrics.meters.registry.sent();
        self.to_registry.do_send(Received { from, what });
    }

    fn presence(&self) -> Stanza {
        let presence = stanzas::presence(&self.bot, self.profile.presence_payload());
        Stanza::Presence(presence)
    }

    /// Takes the answer to a request for the bot's profile; whether it was one.
    fn take_answer(&mut self, stanza: &Stanza) -> bool {
        let Stanza::Iq(iq) = stanza else { return false };
        let Some(Next { stanzas, presence_changed }) = self.profile.answered(iq) else {
            return false;
        };
        for stanza in stanzas {
            self.send(stanza);
        }
        if presence_changed {
            self.send(self.presence());
        }
        true
    }

    fn went_offline(&mut self, why: Down, is_final: bool) {
        if self.state == State::Online {
            self.metrics.connection_losses.inc();
        } else {
            self.metrics.connection_attempts_failed.inc();
        }
        self.state = if is_final { State::Gone } else { State::Offline };
        self.metrics.online.set(0);
        self.sending.went_offline();
        if is_final && let Some(on_failure) = self.on_failure.take() {
            // Nobody listens any more while the daemon stops.
            on_failure.send(why).ok();
        }
    }
}

/// What a stanza that is no chat message is for.
fn kind_of(stanza: &Stanza) -> Kind {
    match stanza {
        Stanza::Message(_) if is_chat_state(stanza) => Kind::State,
        Stanza::Message(_) => Kind::Minor,
        Stanza::Presence(presence) if presence.to.is_none() => Kind::Passing,
        Stanza::Presence(presence) if presence.type_ == PresenceType::None => Kind::Minor,
        Stanza::Presence(_) => Kind::Contact,
        Stanza::Iq(Iq::Set { payload, .. }) if payload.is("query", ns::ROSTER) => Kind::Contact,
        Stanza::Iq(_) => Kind::Passing,
    }
}

/// Whom a stanza says that it comes from.
fn sender(stanza: &Stanza) -> Option<&Jid> {
    match stanza {
        Stanza::Message(message) => message.from.as_ref(),
        Stanza::Presence(presence) => presence.from.as_ref(),
        Stanza::Iq(iq) => iq.from(),
    }
}

fn is_chat_state(stanza: &Stanza) -> bool {
    matches!(stanza, Stanza::Message(message) if message.bodies.is_empty()
        && message.payloads.iter().any(|payload| payload.ns() == ns::CHATSTATES))
}

impl Actor for XmppConnection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(mut events) = self.events.take() {
            let metrics = Arc::clone(&self.metrics);
            let mut pause: Option<Pin<Box<tokio::time::Sleep>>> = None;
            // Who is not read cannot send: what waits for the sessions is bounded by all together.
            ctx.add_stream(stream::poll_fn(move |cx| {
                if let Some(sleep) = &mut pause {
                    std::task::ready!(sleep.as_mut().poll(cx));
                    pause = None;
                }
                let event = events.poll_recv(cx);
                let is_deep = metrics.meters.registry.n_waiting() > MOST_UNROUTED
                    || metrics.meters.session.n_waiting() > MOST_UNHANDLED;
                if is_deep && matches!(event, Poll::Ready(Some(Event::Stanza(_)))) {
                    pause = Some(Box::pin(tokio::time::sleep(SLOW)));
                }
                event
            }));
        }
        // The stream takes up to its queue's length; what waits beyond goes on in small steps.
        ctx.run_interval(Duration::from_millis(50), |actor, _| actor.flush());
    }
}

impl StreamHandler<Event> for XmppConnection {
    fn handle(&mut self, event: Event, _: &mut Self::Context) {
        let _turn = self.metrics.meters.connection.turn();
        match event {
            Event::Online { resumed, negotiated, mechanism, .. } => {
                let tls = negotiated.map_or_else(
                    || "without TLS".to_owned(),
                    |tls| format!("{}, {}", tls.version, tls.cipher),
                );
                info!("logged in as {} ({mechanism}, {tls})", self.own);
                self.state = State::Online;
                self.metrics.online.set(1);
                self.metrics.logged_in(resumed);
                self.stream = if resumed { Stream::Resumed } else { Stream::New };
                if !resumed {
                    self.clients.begin();
                    self.sending.begin();
                }
                if !resumed && self.is_component {
                    for guest in self.guests.all() {
                        self.sending.add_errand(guest.clone(), Errand::Present);
                    }
                } else if !resumed {
                    let presence = self.presence();
                    self.sending.push_first(presence, Kind::Passing);
                    for request in self.profile.begin() {
                        self.send(request);
                    }
                }
                self.flush();
            }
            Event::Offline { why, retry_in } => {
                // That it is for good is said by the process as it ends, with the reason.
                if let Some(pause) = retry_in {
                    let pause = pause.as_secs_f64();
                    if why.is_fatal() {
                        error!(
                            "{} is offline, and this does not mend itself: {why}; next try in {pause:.1} s",
                            self.own
                        );
                    } else {
                        warn!("{} is offline: {why}; next try in {pause:.1} s", self.own);
                    }
                }
                self.went_offline(why, retry_in.is_none());
            }
            Event::Stanza(stanza) => {
                self.metrics.stanzas_in.inc();
                self.clients.observe(&stanza);
                if self.take_answer(&stanza) {
                    return;
                }
                let reader = stanzas::Reader {
                    own: &self.own,
                    bot: &self.bot,
                    stream: self.stream,
                    is_component: self.is_component,
                    now: unix_now(),
                };
                match stanzas::read(reader, *stanza) {
                    Reading::Received(what, from) => {
                        self.pass_on(from, what);
                    }
                    Reading::Receipted(what, from, id) => {
                        let receipt = Incoming::ReceiptAsked(id);
                        self.pass_on(from.clone(), what);
                        self.pass_on(from, receipt);
                    }
                    Reading::Reply(stanza) => self.send_as(*stanza, Kind::Passing),
                    Reading::Ignored(why) => debug!("a stanza is not acted on: {why}"),
                }
            }
            Event::Rejected { why, .. } => {
                self.metrics.refused("stanza");
                debug!("a stanza was refused: {why}");
            }
            Event::Acked(tag) | Event::Unsendable(tag) => {
                self.sending.done(tag);
                self.count_under_way();
                self.flush();
            }
            Event::Lost(tags) => self.make_good(&tags),
            Event::Stopped => self.state = State::Gone,
        }
    }

    fn finished(&mut self, _: &mut Self::Context) {
        self.state = State::Gone;
        self.metrics.online.set(0);
        match self.stopped.take() {
            Some(stopped) => {
                stopped.send(()).ok();
            }
            // Whoever waits for the reason learns that there is none.
            None => {
                if self.on_failure.take().is_some() {
                    error!("the task of the stream has ended, which it never should");
                }
            }
        }
    }
}

impl Handler<Deliver> for XmppConnection {
    type Result = ();

    fn handle(&mut self, message: Deliver, _: &mut Self::Context) {
        let _turn = self.metrics.meters.connection.taken();
        if self.state != State::Online && matches!(message.what, Outgoing::Composing(_)) {
            return;
        }
        let peer = message.to.to_bare();
        let mut words = None;
        match &message.what {
            Outgoing::Invite => {
                self.clients.speak_to(&peer);
                self.sending.add_errand(peer, Errand::Invite);
                return self.flush();
            }
            Outgoing::Present => {
                if self.is_component {
                    self.sending.add_errand(peer, Errand::Present);
                    self.flush();
                }
                return;
            }
            Outgoing::Chat { otr: false, .. } => words = Some(Kind::Plain(message.to.clone())),
            Outgoing::Chat { otr: true, meaning, .. } => {
                words = Some(Kind::Otr(message.to.clone(), meaning.clone()));
            }
            Outgoing::Part { .. } | Outgoing::Leave { .. } => self.sending.drop_errands(&peer),
            Outgoing::Composing(_)
            | Outgoing::Receipt(_)
            | Outgoing::AcceptSubscription
            | Outgoing::EndSubscription
            | Outgoing::Show { .. } => {}
        }
        if matches!(message.what, Outgoing::Part { .. } | Outgoing::Leave { .. }) {
            self.clients.forget(&peer);
        } else {
            self.clients.speak_to(&peer);
        }
        if matches!(message.what, Outgoing::Show { .. })
            && !self.clients.is_to_be_shown(&message.to)
        {
            return;
        }
        let states = self.clients.states(&message.to);
        let picture = self.profile.presence_payload();
        let mut last_id = self.last_id;
        let made = stanzas::deliver(&self.bot, message, states, picture, || {
            last_id = last_id.wrapping_add(1);
            format!("b{last_id}")
        });
        self.last_id = last_id;
        for stanza in made {
            match &words {
                Some(kind) => self.send_as(stanza, kind.clone()),
                None => self.send(stanza),
            }
        }
    }
}

impl Handler<IsOnline> for XmppConnection {
    type Result = MessageResult<IsOnline>;

    fn handle(&mut self, _: IsOnline, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.state == State::Online)
    }
}

impl Handler<Disconnect> for XmppConnection {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Disconnect, _: &mut Self::Context) -> Self::Result {
        if self.state == State::Gone {
            return Box::pin(std::future::ready(()));
        }
        let rest = self.sending.take_all();
        let farewells = self.guests.farewells();
        let is_online = self.state == State::Online;
        let commands = self.commands.clone();
        let (sender, stopped) = oneshot::channel();
        self.stopped = Some(sender);
        Box::pin(async move {
            if is_online {
                // Good-byes in words come before those that only end a presence.
                for stanza in rest.into_iter().chain(farewells) {
                    let send = Command::Send { stanza: Box::new(stanza), tag: None };
                    if commands.send(send).await.is_err() {
                        break;
                    }
                }
            }
            // A task that is gone needs no command to stop.
            drop(commands.send(Command::Stop).await);
            stopped.await.ok();
        })
    }
}
