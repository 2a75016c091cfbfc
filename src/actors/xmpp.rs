//! `XmppConnection`: one account's stream as an actor. Events of the stream task come in and
//! become [`Received`]; [`Deliver`] becomes stanzas. What it may say when nobody asked (answers to
//! pings and the like) it says itself; who may talk is the registry's to decide.

use std::{collections::VecDeque, sync::Arc};

use actix::{
    Actor, AsyncContext as _, Context, Handler, Message, MessageResult, Recipient, ResponseFuture,
    StreamHandler,
};
use futures_util::stream;
use jid::{BareJid, Jid};
use log::{debug, info, warn};
use tokio::sync::{mpsc, oneshot};
use xmpp_parsers::{ns, stanza::Stanza};

use super::{
    Deliver, Incoming, Outgoing, Received,
    clients::Clients,
    guests::Guests,
    profile::{Next, Profile},
    stanzas::{self, Bot, Reading, Stream},
};
use crate::{
    metrics::{Life, Metrics},
    xmpp::{Avatar, Command, Down, Event},
};

/// Most stanzas that wait for the stream while it is slow or away. More would say things to
/// learners that they no longer understand; the oldest goes first.
const MOST_WAITING: usize = 20_000;

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
    /// Stanzas that the stream could not take yet.
    waiting: VecDeque<Stanza>,
    n_dropped: u64,
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
            waiting: VecDeque::new(),
            n_dropped: 0,
            last_id: 0,
            stopped: None,
        }
    }

    fn send(&mut self, stanza: Stanza) {
        if !self.is_component {
            return self.queue(stanza);
        }
        for stanza in self.guests.adapt(stanza, || self.bot.presence()) {
            self.queue(stanza);
        }
    }

    fn queue(&mut self, stanza: Stanza) {
        if self.waiting.len() >= MOST_WAITING {
            self.waiting.pop_front();
            self.n_dropped = self.n_dropped.wrapping_add(1);
            if self.n_dropped.is_power_of_two() {
                warn!(dropped = self.n_dropped; "the XMPP server is too slow: {} stanzas dropped", self.n_dropped);
            }
        }
        self.waiting.push_back(stanza);
        self.flush();
    }

    /// Hands the stream what it can take.
    fn flush(&mut self) {
        if self.state != State::Online {
            return;
        }
        while let Some(stanza) = self.waiting.pop_front() {
            // The tag tells nothing but that it was acknowledged.
            let tag = Some(0);
            match self.commands.try_send(Command::Send { stanza: Box::new(stanza), tag }) {
                Ok(()) => {
                    self.metrics.unacknowledged.inc();
                    self.metrics.stanzas_out.inc();
                }
                Err(mpsc::error::TrySendError::Full(Command::Send { stanza, .. })) => {
                    self.waiting.push_front(*stanza);
                    return;
                }
                Err(_) => return,
            }
        }
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
        self.state = if is_final { State::Gone } else { State::Offline };
        self.metrics.online.set(0);
        self.metrics.connection_losses.inc();
        // States of typing are worth nothing later.
        self.waiting.retain(|stanza| !is_chat_state(stanza));
        if is_final && let Some(on_failure) = self.on_failure.take() {
            // Nobody listens any more while the daemon stops.
            on_failure.send(why).ok();
        }
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
            ctx.add_stream(stream::poll_fn(move |cx| events.poll_recv(cx)));
        }
        // The stream takes up to its queue's length; what waits beyond goes on in small steps.
        ctx.run_interval(std::time::Duration::from_millis(50), |actor, _| actor.flush());
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
                self.stream = if resumed { Stream::Resumed } else { Stream::New };
                if !resumed {
                    self.clients.begin();
                }
                if !resumed && !self.is_component {
                    self.waiting.push_front(self.presence());
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
                    warn!("{} is offline: {why}; next try in {pause:.1} s", self.own);
                }
                self.went_offline(why, retry_in.is_none());
            }
            Event::Stanza(stanza) => {
                self.metrics.stanzas_in.inc();
                self.clients.observe(&stanza);
                if self.take_answer(&stanza) {
                    return;
                }
                match stanzas::read(&self.own, &self.bot, self.stream, *stanza) {
                    Reading::Received(what, from) => {
                        self.pass_on(from, what);
                    }
                    Reading::Receipted(what, from, id) => {
                        let receipt = Incoming::ReceiptAsked(id);
                        self.pass_on(from.clone(), what);
                        self.pass_on(from, receipt);
                    }
                    Reading::Reply(stanza) => self.send(*stanza),
                    Reading::Ignored(why) => debug!("a stanza is not acted on: {why}"),
                }
            }
            Event::Rejected { why, .. } => {
                self.metrics.note(crate::session::Note::Refused("stanza"));
                debug!("a stanza was refused: {why}");
            }
            Event::Acked(_) => {
                self.metrics.unacknowledged.dec();
            }
            Event::Lost(tags) => {
                let n = i64::try_from(tags.len()).unwrap_or(i64::MAX);
                self.metrics.unacknowledged.dec_by(n);
            }
            Event::Stopped => self.state = State::Gone,
        }
    }

    fn finished(&mut self, _: &mut Self::Context) {
        self.state = State::Gone;
        if let Some(stopped) = self.stopped.take() {
            stopped.send(()).ok();
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
            self.send(stanza);
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
        for farewell in self.guests.farewells() {
            self.queue(farewell);
        }
        self.flush();
        let rest = std::mem::take(&mut self.waiting);
        let is_online = self.state == State::Online;
        let commands = self.commands.clone();
        let (sender, stopped) = oneshot::channel();
        self.stopped = Some(sender);
        Box::pin(async move {
            if is_online {
                for stanza in rest {
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
