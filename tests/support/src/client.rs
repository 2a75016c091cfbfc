//! A stream under test, and a stranger who sends raw XML.

use std::{path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use jid::{BareJid, Jid};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};
use xmpp::{
    Account, Command, Component, Down, Event, Negotiated, Pace, Tls, TlsVersion, start_component,
    start_paced,
};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::{
    message::{Lang, Message},
    presence::{Presence, Type},
};

use crate::prosody::Prosody;

/// Longest wait for anything; other tests may keep the machine busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// An account of `server` that checks the certificate.
pub fn account(server: &Prosody, name: &str, password: &str) -> Account {
    account_at(server.c2s_addr(), name, password, Some(server.ca_file()))
}

/// An account at any address.
pub fn account_at(
    server: String,
    name: &str,
    password: &str,
    ca_certs: Option<PathBuf>,
) -> Account {
    Account {
        jid: BareJid::new(&format!("{name}@localhost")).unwrap(),
        resource: "otrbot".to_owned(),
        password: password.to_owned().into(),
        server: Some(server),
        allow_plain_text: false,
        tls: Tls {
            enabled: true,
            min_version: TlsVersion::V1_2,
            cipher_suites: Vec::new(),
            ca_certs,
        },
    }
}

/// Short pauses, so that tests need not wait long.
pub fn brisk() -> Pace {
    Pace { retry: Duration::from_millis(50), retry_most: Duration::from_secs(1), ..Pace::default() }
}

/// The two ends of a stream.
#[derive(Debug)]
pub struct Client {
    /// What the task is told by.
    pub commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
}

/// What [`Event::Online`] says.
#[derive(Debug)]
pub struct Online {
    /// The full address.
    pub jid: String,
    /// Whether an earlier stream goes on.
    pub resumed: bool,
    /// What TLS agreed on.
    pub negotiated: Option<Negotiated>,
    /// How both sides proved themselves.
    pub mechanism: String,
}

impl Client {
    /// Starts the stream of an account, brisk.
    pub fn start(account: Account) -> Self {
        Self::start_paced(account, brisk())
    }

    /// Starts the stream of an account.
    pub fn start_paced(account: Account, pace: Pace) -> Self {
        let (commands, events) = start_paced(account, pace).unwrap();
        Self { commands, events }
    }

    /// Starts the stream of a component, brisk.
    pub fn component(component: &Component) -> Self {
        let (commands, events) = start_component(component, brisk()).unwrap();
        Self { commands, events }
    }

    /// The next event, or `None` after the last.
    pub async fn event(&mut self) -> Option<Event> {
        timeout(PATIENCE, self.events.recv()).await.expect("no event comes")
    }

    /// Waits until the stream is up; tells why if it gives up.
    pub async fn online(&mut self) -> Online {
        loop {
            match self.event().await.unwrap() {
                Event::Online { jid, resumed, negotiated, mechanism } => {
                    return Online { jid: jid.to_string(), resumed, negotiated, mechanism };
                }
                Event::Offline { why, retry_in: None } => panic!("given up: {why}"),
                _ => {}
            }
        }
    }

    /// Waits until the stream is down.
    pub async fn offline(&mut self) -> (Down, Option<Duration>) {
        loop {
            match self.event().await.unwrap() {
                Event::Offline { why, retry_in } => return (why, retry_in),
                Event::Stopped => panic!("stopped"),
                _ => {}
            }
        }
    }

    /// Waits for a message with a body: the sender and the body.
    pub async fn body(&mut self) -> (Jid, String) {
        loop {
            match self.event().await.unwrap() {
                Event::Stanza(stanza) => {
                    if let Stanza::Message(message) = *stanza
                        && let Some((_, body)) = message.get_best_body(vec![])
                    {
                        return (message.from.clone().unwrap(), body.clone());
                    }
                }
                Event::Offline { why, .. } => panic!("down: {why}"),
                _ => {}
            }
        }
    }

    /// Waits for the presence of `who`.
    pub async fn presence(&mut self, who: &str) -> Type {
        loop {
            if let Event::Stanza(stanza) = self.event().await.unwrap()
                && let Stanza::Presence(presence) = *stanza
                && presence.from.as_ref().is_some_and(|from| from.to_string() == who)
            {
                return presence.type_;
            }
        }
    }

    /// Sends a stanza.
    pub async fn send(&self, stanza: impl Into<Stanza>, tag: Option<u64>) {
        let stanza = Box::new(stanza.into());
        self.commands.send(Command::Send { stanza, tag }).await.unwrap();
    }

    /// Sends a chat message.
    pub async fn say(&self, to: &str, text: &str) {
        self.send(message(to, text), None).await;
    }

    /// Sends the initial presence.
    pub async fn available(&self) {
        self.send(Presence::new(Type::None), None).await;
    }

    /// Stops and gives how long it took until the last event.
    pub async fn stop(mut self) -> Duration {
        let clock = tokio::time::Instant::now();
        self.commands.send(Command::Stop).await.unwrap();
        while let Some(event) = self.event().await {
            if matches!(event, Event::Stopped) {
                let took = clock.elapsed();
                assert!(self.event().await.is_none(), "an event after the last");
                return took;
            }
        }
        panic!("the task ended without its last event");
    }
}

/// The body of a message.
pub fn body_of(stanza: &Stanza) -> String {
    let Stanza::Message(message) = stanza else { panic!("no message: {stanza:?}") };
    message.get_best_body(vec![]).unwrap().1.clone()
}

/// A chat message.
pub fn message(to: &str, text: &str) -> Message {
    Message::chat(Jid::new(to).unwrap()).with_body(Lang::new(), text.to_owned())
}

/// A client that writes what no library would.
#[derive(Debug)]
pub struct Stranger {
    stream: TcpStream,
    read: String,
}

impl Stranger {
    /// Logs in in the clear, which the servers of tests allow.
    pub async fn log_in(server: &Prosody, name: &str, password: &str) -> Self {
        let stream = TcpStream::connect(server.c2s_addr()).await.unwrap();
        let mut stranger = Self { stream, read: String::new() };
        stranger.open().await;
        let auth = BASE64.encode(format!("\0{name}\0{password}"));
        stranger
            .write(&format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{auth}</auth>"
            ))
            .await;
        stranger.until("<success").await;
        stranger.open().await;
        stranger
            .write(
                "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
                 <resource>raw</resource></bind></iq>",
            )
            .await;
        stranger.until("</iq>").await;
        stranger
    }

    async fn open(&mut self) {
        self.write(
            "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>",
        )
        .await;
        self.until("</stream:features>").await;
    }

    /// Sends XML as it is.
    pub async fn write(&mut self, text: &str) {
        timeout(PATIENCE, self.stream.write_all(text.as_bytes())).await.unwrap().unwrap();
    }

    /// Reads up to and including `mark` and gives what was read.
    pub async fn until(&mut self, mark: &str) -> String {
        let mut bytes = [0; 4_096];
        loop {
            if let Some(at) = self.read.find(mark) {
                let rest = self.read.split_off(at + mark.len());
                return std::mem::replace(&mut self.read, rest);
            }
            let length = timeout(PATIENCE, self.stream.read(&mut bytes))
                .await
                .unwrap_or_else(|_| panic!("{mark} does not come: {}", self.read))
                .unwrap();
            assert!(length > 0, "closed before {mark}: {}", self.read);
            self.read.push_str(&String::from_utf8_lossy(bytes.get(..length).unwrap()));
        }
    }
}
