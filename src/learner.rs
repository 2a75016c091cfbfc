//! `otrbot learner`: the other end of the lesson, over a real server and with real OTR, for trying
//! the bot and for load. What a person would type stands in a script, a line each, or is typed:
//!
//! ```text
//! hello                  a line without a slash is said to the bot
//! /otr                   asks for a private conversation, unless it is private already
//! /smp                   verifies the bot with the shared secret (/smp ask QUESTION: with a question)
//! /abort                 breaks off the verification
//! /end                   ends the private conversation
//! /wait private          waits until the conversation is private
//! /wait verified         waits until the verification succeeded
//! /wait secret           waits for a bot secret in the chat and prints it alone on a line
//! /wait plain            waits until the conversation is no longer private
//! /wait text WORDS       waits until the bot says these words
//! /pause SECONDS         does nothing for a while
//! /quit                  ends
//! ```

mod script;

use std::{
    collections::VecDeque,
    io::Write as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use jid::{BareJid, Jid};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    sync::mpsc,
    time::timeout,
};
use xmpp_parsers::{
    message::{Lang, Message, MessageType},
    presence::{Presence, Type as PresenceType},
    stanza::Stanza,
};

use self::script::{Line, Wait};
use crate::{
    cli,
    failure::Failure,
    otr::{
        conversation::Conversation,
        event::{Event as OtrEvent, Output},
        identity::SigningKey,
        instance::InstanceTag,
        policy::Policy,
    },
    xmpp::{self, Command, Down, Event},
};

/// How long one `/wait` may take.
const WAIT_PATIENCE: Duration = Duration::from_mins(2);
/// How long logging in may take.
const LOGIN_PATIENCE: Duration = Duration::from_mins(1);

/// Takes a lesson.
///
/// # Errors
///
/// A [`Failure`]: an argument, the login, or the step of the script that was waited for in vain.
pub fn run(arguments: &cli::Learner) -> Result<(), Failure> {
    let password = std::fs::read_to_string(&arguments.password_file).map_err(|error| {
        let file = arguments.password_file.display();
        Failure::InvalidArgument(format!("--password-file: cannot read {file}: {error}"))
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(take(arguments, password.trim_end_matches(['\r', '\n']).to_owned().into()))
}

async fn take(arguments: &cli::Learner, password: SecretString) -> Result<(), Failure> {
    let account = xmpp::Account {
        jid: arguments.jid.clone(),
        resource: "otrbot-learner".to_owned(),
        password,
        server: arguments.server.clone(),
        allow_plain_text: false,
        tls: xmpp::Tls {
            enabled: true,
            min_version: xmpp::TlsVersion::V1_2,
            cipher_suites: Vec::new(),
            ca_certs: Some(arguments.ca_certs.clone().unwrap_or_else(system_ca_certs)),
        },
    };
    let (commands, events) =
        xmpp::start(account).map_err(|error| Failure::InvalidArgument(error.to_string()))?;
    let mut learner = Learner::new(arguments, commands, events);
    learner.log_in().await?;
    let result = match &arguments.script {
        Some(path) if path.as_os_str() != "-" => {
            let file = tokio::fs::File::open(path).await.map_err(|error| {
                Failure::InvalidArgument(format!(
                    "--script: cannot read {}: {error}",
                    path.display()
                ))
            })?;
            learner.follow(file).await
        }
        Some(_) | None => learner.follow(tokio::io::stdin()).await,
    };
    learner.log_out().await;
    result
}

fn system_ca_certs() -> PathBuf {
    PathBuf::from("/etc/ssl/certs/ca-certificates.crt")
}

/// One learner who is logged in.
struct Learner {
    bot: BareJid,
    /// Where the bot wrote from last.
    address: Jid,
    secret: SecretString,
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    otr: Conversation,
    rng: rand::rngs::StdRng,
    is_verified: bool,
    /// What the bot said that no `/wait text` looked at yet.
    heard: VecDeque<String>,
}

impl Learner {
    fn new(
        arguments: &cli::Learner,
        commands: mpsc::Sender<Command>,
        events: mpsc::Receiver<Event>,
    ) -> Self {
        let mut rng: rand::rngs::StdRng = rand::make_rng();
        let key = Arc::new(SigningKey::generate(&mut rng));
        let instance = InstanceTag::random(&mut rng);
        Self {
            bot: arguments.bot.clone(),
            address: Jid::from(arguments.bot.clone()),
            secret: arguments.secret.clone().into(),
            commands,
            events,
            otr: Conversation::new(key, instance, Policy::default()),
            rng,
            is_verified: false,
            heard: VecDeque::new(),
        }
    }

    async fn log_in(&mut self) -> Result<(), Failure> {
        let online = async {
            loop {
                match self.events.recv().await {
                    Some(Event::Online { .. }) => return Ok(()),
                    Some(Event::Offline { why: why @ Down::AuthRefused { .. }, .. }) => {
                        return Err(Failure::AuthenticationRefused(why.to_string()));
                    }
                    Some(Event::Offline { why, retry_in: None }) => {
                        return Err(Failure::Unknown(anyhow!("cannot log in: {why}")));
                    }
                    Some(Event::Offline { why, .. }) => show(&format!("* {why}; trying again")),
                    Some(_) => {}
                    None => return Err(Failure::Unknown(anyhow!("the connection ended"))),
                }
            }
        };
        timeout(LOGIN_PATIENCE, online).await.context("logging in took too long")??;
        self.send(Stanza::Presence(Presence::available())).await?;
        let ask = Presence::subscribe().with_to(self.bot.clone());
        self.send(Stanza::Presence(ask)).await?;
        show("* logged in");
        Ok(())
    }

    async fn log_out(&mut self) {
        let outputs = self.otr.end(now(), &mut self.rng);
        drop(self.perform(outputs).await);
        drop(self.commands.send(Command::Stop).await);
        let stopped = async { while self.events.recv().await.is_some() {} };
        drop(timeout(Duration::from_secs(3), stopped).await);
    }

    /// Carries out line after line; between them, what the bot says is shown.
    async fn follow(&mut self, input: impl AsyncRead + Unpin) -> Result<(), Failure> {
        let mut lines = BufReader::new(input).lines();
        loop {
            let line = loop {
                tokio::select! {
                    line = lines.next_line() => break line.context("cannot read the script")?,
                    event = self.events.recv() => self.take_in(event).await?,
                }
            };
            let Some(line) = line else { return Ok(()) };
            match script::parse(&line) {
                Ok(Line::Nothing) => {}
                Ok(Line::Quit) => return Ok(()),
                Ok(line) => self.carry_out(line).await?,
                Err(why) => return Err(Failure::InvalidArgument(format!("{line:?}: {why}"))),
            }
        }
    }

    async fn carry_out(&mut self, line: Line) -> Result<(), Failure> {
        let now = now();
        let outputs = match line {
            Line::Say(text) => {
                show(&format!("me> {text}"));
                self.otr.send(now, &mut self.rng, &text).map_err(|error| anyhow!("{error}"))?
            }
            // Both sides advertise OTR, so that the conversation may be private already.
            Line::Otr if self.otr.is_private() => return Ok(()),
            Line::Otr => self.otr.start(now, &mut self.rng),
            Line::Smp(question) => {
                let secret = self.secret.expose_secret().as_bytes();
                self.otr
                    .smp_start(now, &mut self.rng, secret, question.as_deref())
                    .map_err(|error| anyhow!("/smp: {error}"))?
            }
            Line::Abort => self
                .otr
                .smp_abort(now, &mut self.rng)
                .map_err(|error| anyhow!("/abort: {error}"))?,
            Line::End => self.otr.end(now, &mut self.rng),
            Line::Wait(what) => return self.wait(&what).await,
            Line::Pause(pause) => {
                let until = tokio::time::Instant::now() + pause;
                while let Ok(event) = tokio::time::timeout_at(until, self.events.recv()).await {
                    self.take_in(event).await?;
                }
                return Ok(());
            }
            Line::Nothing | Line::Quit => return Ok(()),
        };
        self.perform(outputs).await
    }

    async fn wait(&mut self, what: &Wait) -> Result<(), Failure> {
        let until = tokio::time::Instant::now() + WAIT_PATIENCE;
        loop {
            if self.is_reached(what) {
                return Ok(());
            }
            match tokio::time::timeout_at(until, self.events.recv()).await {
                Ok(event) => self.take_in(event).await?,
                Err(_) => return Err(Failure::Unknown(anyhow!("waited in vain for {what}"))),
            }
        }
    }

    fn is_reached(&mut self, what: &Wait) -> bool {
        match what {
            Wait::Private => self.otr.is_private(),
            Wait::Plain => !self.otr.is_private(),
            Wait::Verified => self.is_verified,
            Wait::Secret => {
                let found = self.heard.iter().find_map(|text| script::bot_secret(text));
                if let Some(secret) = found {
                    show(&secret);
                    return true;
                }
                false
            }
            Wait::Text(words) => {
                let position = self.heard.iter().position(|text| text.contains(words.as_str()));
                if let Some(position) = position {
                    self.heard.drain(..=position);
                }
                position.is_some()
            }
        }
    }

    /// Takes in what came from the server.
    async fn take_in(&mut self, event: Option<Event>) -> Result<(), Failure> {
        let stanza = match event {
            Some(Event::Stanza(stanza)) => *stanza,
            Some(Event::Offline { why, retry_in }) => {
                show(&format!("* offline: {why}"));
                return match retry_in {
                    Some(_) => Ok(()),
                    None => Err(Failure::Unknown(anyhow!("{why}"))),
                };
            }
            None | Some(Event::Stopped) => {
                return Err(Failure::Unknown(anyhow!("the connection ended")));
            }
            Some(_) => return Ok(()),
        };
        match stanza {
            Stanza::Message(message) => self.take_message(message).await,
            Stanza::Presence(Presence {
                type_: PresenceType::Subscribe, from: Some(from), ..
            }) if from.to_bare() == self.bot => {
                let accept = Presence::subscribed().with_to(self.bot.clone());
                self.send(Stanza::Presence(accept)).await
            }
            Stanza::Presence(_) | Stanza::Iq(_) => Ok(()),
        }
    }

    async fn take_message(&mut self, message: Message) -> Result<(), Failure> {
        let Some(from) = message.from.clone().filter(|from| from.to_bare() == self.bot) else {
            return Ok(());
        };
        if message.type_ == MessageType::Error {
            show("* the server could not deliver a message to the bot");
            return Ok(());
        }
        let Some((_, body)) = message.get_best_body(Vec::new()) else { return Ok(()) };
        self.address = from;
        let outputs = self.otr.receive(now(), &mut self.rng, body);
        self.perform(outputs).await
    }

    async fn perform(&mut self, outputs: Vec<Output>) -> Result<(), Failure> {
        for output in outputs {
            match output {
                Output::Send(body) => {
                    let message = Message::chat(self.address.clone()).with_body(Lang::new(), body);
                    self.send(Stanza::Message(message)).await?;
                }
                Output::Event(event) => self.note(event),
            }
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine may learn more events")]
    fn note(&mut self, event: OtrEvent) {
        match event {
            OtrEvent::Heard { text, encrypted } => {
                let lock = if encrypted { "private" } else { "in clear" };
                show(&format!("bot ({lock})> {text}"));
                self.heard.push_back(text);
            }
            OtrEvent::GoneSecure { fingerprint, .. } => {
                show(&format!("* private; the bot's fingerprint is {fingerprint}"));
            }
            OtrEvent::PeerEnded => show("* the bot ended the private conversation"),
            OtrEvent::SmpSucceeded => {
                self.is_verified = true;
                show("* verified: both sides know the same secret");
            }
            OtrEvent::SmpFailed => show("* not verified: the secrets differ"),
            OtrEvent::SmpAborted => show("* the verification was broken off"),
            OtrEvent::SmpAsked { .. } => {
                show("* the bot asks to be verified");
            }
            OtrEvent::GoneInsecure => show("* the private conversation is over"),
            OtrEvent::Refused(why) => show(&format!("* a message was not acted on: {why:?}")),
            // The rest is of no use to a learner; what it shows holds nobody's words.
            other => show(&format!("* {other:?}")),
        }
    }

    async fn send(&self, stanza: Stanza) -> Result<(), Failure> {
        let send = Command::Send { stanza: Box::new(stanza), tag: None };
        self.commands.send(send).await.or(Err(Failure::Unknown(anyhow!("the connection ended"))))
    }
}

/// The clock of the command line.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Shows a line to the person at the terminal.
fn show(line: &str) {
    // A reader that went away is no fault of the lesson.
    drop(writeln!(std::io::stdout(), "{line}"));
}
