//! Everybody of a domain of the server, who write to the bot: one component (XEP-0114) speaks for all
//! of them.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use jid::{BareJid, Jid};
use support::stage::BOT;
use tokio::{
    runtime::Handle,
    sync::mpsc::{self, error::TrySendError},
    time::timeout,
};
use xmpp::{Command, Component, Event, Pace};
use xmpp_parsers::{
    iq::Iq,
    message::{Lang, Message, MessageType},
    stanza::Stanza,
};

/// Who asks for signs of life.
const PINGER: &str = "pinger";
/// Longest wait for the server.
const PATIENCE: Duration = Duration::from_secs(20);

/// The domain, as the server's component.
#[derive(Debug)]
pub(crate) struct Crowd {
    domain: String,
    runtime: Handle,
    commands: mpsc::Sender<Command>,
    /// With the moment at which each came, however late it is looked at.
    events: mpsc::UnboundedReceiver<(Instant, Event)>,
    /// What the bot said and when, by the local part of whom it was said to.
    heard: HashMap<String, VecDeque<(Instant, String)>>,
    /// Ids of requests that were answered.
    answered: VecDeque<String>,
    /// The bot's full address, once it has said something.
    bot: String,
    n_asked: u64,
    is_online: bool,
}

impl Crowd {
    /// Connects.
    pub(crate) fn enter(runtime: &Handle, server: &str, domain: &str) -> Self {
        let component = Component {
            jid: BareJid::new(domain).unwrap(),
            resource: "budgets".to_owned(),
            secret: support::prosody::COMPONENT_SECRET.into(),
            server: server.to_owned(),
        };
        let pace = Pace { retry: Duration::from_millis(200), ..Pace::default() };
        let guard = runtime.enter();
        let (commands, mut coming) = xmpp::start_component(&component, pace).unwrap();
        drop(guard);
        let (stamped, events) = mpsc::unbounded_channel();
        runtime.spawn(async move {
            while let Some(event) = coming.recv().await {
                if stamped.send((Instant::now(), event)).is_err() {
                    return;
                }
            }
        });
        let mut crowd = Self {
            domain: domain.to_owned(),
            runtime: runtime.clone(),
            commands,
            events,
            heard: HashMap::new(),
            answered: VecDeque::new(),
            bot: String::new(),
            n_asked: 0,
            is_online: false,
        };
        let deadline = Instant::now() + PATIENCE;
        while !crowd.is_online {
            assert!(Instant::now() < deadline, "the component {domain} is refused");
            crowd.take(Duration::from_millis(100));
        }
        crowd
    }

    /// Takes in what comes within this time, at most one event; to whom something was said.
    pub(crate) fn take(&mut self, patience: Duration) -> Option<String> {
        let next = self.events.try_recv().ok();
        let next = next.or_else(|| {
            self.runtime.block_on(async { timeout(patience, self.events.recv()).await.ok()? })
        });
        let (at, event) = next?;
        match event {
            Event::Online { .. } => self.is_online = true,
            Event::Offline { .. } => self.is_online = false,
            Event::Stanza(stanza) => return self.sort(at, *stanza),
            Event::Rejected { .. }
            | Event::Acked(_)
            | Event::Lost(_)
            | Event::Unsendable(_)
            | Event::Stopped => {}
        }
        None
    }

    /// Whether anything has come that was not taken in yet.
    pub(crate) fn has_more(&self) -> bool {
        !self.events.is_empty()
    }

    fn sort(&mut self, at: Instant, stanza: Stanza) -> Option<String> {
        match stanza {
            Stanza::Message(message) if message.type_ != MessageType::Error => {
                let to = message.to.as_ref()?.node()?.as_str().to_owned();
                let (_, body) = message.get_best_body(Vec::new())?;
                if self.bot.is_empty()
                    && let Some(from) = message.from.as_ref().filter(|from| from.is_full())
                {
                    self.bot = from.to_string();
                }
                self.heard.entry(to.clone()).or_default().push_back((at, body.clone()));
                return Some(to);
            }
            Stanza::Iq(Iq::Result { id, .. } | Iq::Error { id, .. }) => self.answered.push_back(id),
            Stanza::Message(_) | Stanza::Presence(_) | Stanza::Iq(_) => {}
        }
        None
    }

    /// Sends a stanza, and goes on listening where there is no room for it.
    pub(crate) fn send(&mut self, stanza: Stanza) {
        let mut command = Command::Send { stanza: Box::new(stanza), tag: None };
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.commands.try_send(command) {
                Ok(()) => return,
                Err(TrySendError::Closed(_)) => panic!("the component {} has ended", self.domain),
                Err(TrySendError::Full(back)) => command = back,
            }
            if Instant::now() > deadline {
                return;
            }
            self.take(Duration::from_millis(1));
        }
    }

    /// Sends a stanza in XML. `FROM` stands for somebody of the domain, `TO` for the bot where it
    /// says things, `BOT` for the bot's account.
    pub(crate) fn send_xml(&mut self, who: &str, xml: &str) {
        let xml = xml
            .replacen(' ', " xmlns='jabber:client' ", 1)
            .replace("FROM", &format!("{who}@{}/budgets", self.domain))
            .replace("TO", &self.bot)
            .replace("BOT", BOT);
        self.send(xso::from_bytes(xml.as_bytes()).unwrap());
    }

    /// Somebody says something to the bot.
    pub(crate) fn say(&mut self, who: &str, body: &str) {
        let mut message =
            Message::chat(Jid::new(BOT).unwrap()).with_body(Lang::new(), body.to_owned());
        message.from = Some(Jid::new(&format!("{who}@{}/budgets", self.domain)).unwrap());
        self.send(Stanza::Message(message));
    }

    /// The next thing that was said to somebody.
    pub(crate) fn hear(&mut self, who: &str, patience: Duration) -> Option<String> {
        self.hear_at(who, patience).map(|(_, said)| said)
    }

    /// The same, with the moment at which it came.
    pub(crate) fn hear_at(&mut self, who: &str, patience: Duration) -> Option<(Instant, String)> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(said) = self.heard.get_mut(who).and_then(VecDeque::pop_front) {
                return Some(said);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            self.take(left);
        }
    }

    /// Forgets all that was said.
    pub(crate) fn forget(&mut self) {
        while self.has_more() {
            self.take(Duration::ZERO);
        }
        self.heard.clear();
        self.answered.clear();
    }

    /// Sends a request whose id is `ID`, and waits for the answer.
    pub(crate) fn ask(&mut self, who: &str, xml: &str, patience: Duration) -> Option<Duration> {
        self.n_asked += 1;
        let id = format!("ask-{}", self.n_asked);
        let began = Instant::now();
        self.send_xml(who, &xml.replace("ID", &id));
        while !self.answered.contains(&id) {
            let left = (began + patience).checked_duration_since(Instant::now())?;
            self.take(left);
        }
        self.answered.clear();
        Some(began.elapsed())
    }

    /// Waits until the bot has read all that was sent before. Somebody must have heard it already.
    pub(crate) fn ping(&mut self, patience: Duration) -> Option<Duration> {
        self.ask(
            PINGER,
            "<iq from='FROM' to='TO' id='ID' type='get'><ping xmlns='urn:xmpp:ping'/></iq>",
            patience,
        )
    }
}
