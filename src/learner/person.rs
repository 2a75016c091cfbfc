//! One learner: a stream, a conversation, and what the bot said.

use std::{
    collections::VecDeque,
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, anyhow};
use jid::{BareJid, Jid};
use otr::{
    conversation::Conversation,
    event::{Event as OtrEvent, Output},
    identity::{Fingerprint, SigningKey},
    instance::InstanceTag,
    policy::Policy,
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    sync::mpsc,
    time::timeout,
};
use xmpp::{Command, Event};
use xmpp_parsers::{
    message::{Lang, Message, MessageType},
    presence::{Presence, Type as PresenceType},
    stanza::Stanza,
};

use super::{
    persistence::Persistence,
    script::{self, Line, Wait},
};

use crate::{failure::Failure, i18n, session};

/// How long one `/wait` may take.
const WAIT_PATIENCE: Duration = Duration::from_mins(2);
/// The same for learners who try again.
const LONG_PATIENCE: Duration = Duration::from_mins(10);
/// How long logging in may take.
const LOGIN_PATIENCE: Duration = Duration::from_mins(1);

/// One learner who is logged in.
pub(super) struct Learner {
    bot: BareJid,
    /// Where the bot wrote from last.
    address: Jid,
    pub(super) secret: SecretString,
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<Event>,
    pub(super) otr: Conversation,
    pub(super) rng: rand::rngs::StdRng,
    pub(super) is_verified: bool,
    /// The bot's key in the present conversation.
    met: Option<Fingerprint>,
    /// Whether the bot takes the conversation for private too, as far as can be seen.
    pub(super) is_really_private: bool,
    /// `None`: gives up when something is waited for in vain.
    pub(super) persistence: Option<Persistence>,
    /// What the bot said that no `/wait text` looked at yet.
    heard: VecDeque<String>,
    /// Whether what happens is shown.
    is_aloud: bool,
    /// The number on the learner's page, and by which words the bot asks for it.
    number: Option<(String, Vec<String>)>,
}

impl Learner {
    /// A learner whose stream was just started.
    pub(super) fn new(
        bot: &BareJid,
        secret: SecretString,
        commands: mpsc::Sender<Command>,
        events: mpsc::Receiver<Event>,
        is_aloud: bool,
    ) -> Self {
        let mut rng: rand::rngs::StdRng = rand::make_rng();
        let key = Arc::new(SigningKey::generate(&mut rng));
        let instance = InstanceTag::random(&mut rng);
        Self {
            bot: bot.clone(),
            address: Jid::from(bot.clone()),
            secret,
            commands,
            events,
            otr: Conversation::new(key, instance, Policy::default()),
            rng,
            is_verified: false,
            met: None,
            is_really_private: false,
            persistence: None,
            heard: VecDeque::new(),
            is_aloud,
            number: None,
        }
    }

    /// Has the learner write this number when the bot asks for it, in any of the languages that the
    /// program comes with.
    pub(super) fn knows_number(&mut self, number: String) {
        let (catalogs, _) = i18n::load(None);
        let asking = catalogs.iter().map(|catalog| i18n::scope(catalog, session::which_number));
        self.number = Some((number, asking.chain([session::which_number()]).collect()));
    }

    /// Answers when the bot asks for the number on the page.
    async fn answer_number(&mut self, heard: &str) -> Result<(), Failure> {
        let Some((number, _)) =
            self.number.as_ref().filter(|(_, asking)| asking.iter().any(|asks| asks == heard))
        else {
            return Ok(());
        };
        let number = number.clone();
        self.show(&format!("me> {number}"));
        let sent = self.otr.send(now(), &mut self.rng, &number);
        let outputs = sent.map_err(|error| anyhow!("{error}"))?;
        Box::pin(self.perform(outputs)).await
    }

    /// Has the learner try again what was in vain.
    pub(super) fn persist(&mut self) {
        self.persistence = Some(Persistence::default());
    }

    /// Waits until the stream is up, and asks the bot to be a contact.
    pub(super) async fn log_in(&mut self) -> Result<(), Failure> {
        let online = async {
            loop {
                match self.events.recv().await {
                    Some(Event::Online { .. }) => return Ok(()),
                    Some(Event::Offline { why, .. }) if why.is_login_refused() => {
                        return Err(Failure::of_stream(&why, why.to_string()));
                    }
                    Some(Event::Offline { why, retry_in: None }) => {
                        return Err(Failure::of_stream(&why, format!("cannot log in: {why}")));
                    }
                    Some(Event::Offline { why, .. }) => {
                        self.show(&format!("* {why}; trying again"));
                    }
                    Some(_) => {}
                    None => return Err(Failure::Unknown(anyhow!("the connection ended"))),
                }
            }
        };
        timeout(LOGIN_PATIENCE, online).await.context("logging in took too long")??;
        self.send(Stanza::Presence(Presence::available())).await?;
        let ask = Presence::subscribe().with_to(self.bot.clone());
        self.send(Stanza::Presence(ask)).await?;
        self.show("* logged in");
        Ok(())
    }

    /// Ends the private conversation and the stream.
    pub(super) async fn log_out(&mut self) {
        let outputs = self.otr.end(now(), &mut self.rng);
        drop(self.perform(outputs).await);
        drop(self.commands.send(Command::Stop).await);
        let stopped = async { while self.events.recv().await.is_some() {} };
        drop(timeout(Duration::from_secs(3), stopped).await);
    }

    /// Carries out line after line; between them, what the bot says is shown.
    pub(super) async fn follow(
        &mut self,
        input: impl AsyncRead + Unpin,
        name: &str,
    ) -> Result<(), Failure> {
        let mut lines = BufReader::new(input).lines();
        for number in 1_u64.. {
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
                Err(why) => return Err(script::misread(name, number, &line, why)),
            }
        }
        Ok(())
    }

    /// Carries out one line.
    pub(super) async fn carry_out(&mut self, line: Line) -> Result<(), Failure> {
        let now = now();
        if !matches!(line, Line::Wait(_) | Line::Pause(_) | Line::Nothing)
            && let Some(persistence) = &mut self.persistence
        {
            persistence.go_on();
        }
        let outputs = match line {
            Line::Say(text) => {
                self.show(&format!("me> {text}"));
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
        let since = now();
        let patience = if self.persistence.is_some() { LONG_PATIENCE } else { WAIT_PATIENCE };
        let until = since.checked_add(patience).unwrap_or(since);
        loop {
            if self.is_reached(what) {
                if let Some(persistence) = &mut self.persistence {
                    persistence.go_on();
                }
                return Ok(());
            }
            let next_try = self.persistence.as_ref().map(|p| p.next_try(since));
            let wake = next_try.map_or(until, |next_try| next_try.min(until));
            match tokio::time::timeout_at(wake.into(), self.events.recv()).await {
                Ok(event) => self.take_in(event).await?,
                Err(_) if wake < until => self.try_again(what).await?,
                Err(_) => return Err(Failure::Unknown(anyhow!("waited in vain for {what}"))),
            }
        }
    }

    /// Shows a line to the person at the terminal.
    pub(super) fn show(&self, line: &str) {
        if self.is_aloud {
            // A reader that went away is no fault of the lesson.
            drop(writeln!(std::io::stdout(), "{line}"));
        }
    }

    fn is_reached(&mut self, what: &Wait) -> bool {
        match what {
            Wait::Private => self.otr.is_private() && self.is_really_private,
            Wait::Plain => !self.otr.is_private(),
            Wait::Verified => self.is_verified,
            Wait::Secret => {
                let found = self.heard.iter().find_map(|text| script::bot_secret(text));
                if let Some(secret) = found {
                    self.show(&secret);
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
                self.show(&format!("* offline: {why}"));
                return match retry_in {
                    Some(_) => Ok(()),
                    None => Err(Failure::of_stream(&why, why.to_string())),
                };
            }
            None | Some(Event::Stopped) => {
                return Err(Failure::Unknown(anyhow!("the connection ended")));
            }
            Some(Event::Online { resumed: false, .. }) => {
                return self.send(Stanza::Presence(Presence::available())).await;
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
            self.show("* the server could not deliver a message to the bot");
            return Ok(());
        }
        let Some((_, body)) = message.get_best_body(Vec::new()) else { return Ok(()) };
        self.address = from;
        let outputs = self.otr.receive(now(), &mut self.rng, body);
        self.perform(outputs).await
    }

    pub(super) async fn perform(&mut self, outputs: Vec<Output>) -> Result<(), Failure> {
        for output in outputs {
            match output {
                Output::Send(body) => {
                    let message = Message::chat(self.address.clone()).with_body(Lang::new(), body);
                    self.send(Stanza::Message(message)).await?;
                }
                Output::Event(event) => {
                    let heard = if let OtrEvent::Heard { text, .. } = &event {
                        self.number.is_some().then(|| text.clone())
                    } else {
                        None
                    };
                    self.note(event);
                    if let Some(heard) = heard {
                        self.answer_number(&heard).await?;
                    }
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the engine may learn more events")]
    fn note(&mut self, event: OtrEvent) {
        let is_private = self.otr.is_private();
        if let Some(persistence) = &mut self.persistence {
            persistence.observe(&event, is_private);
        }
        match event {
            OtrEvent::Heard { text, encrypted } => {
                self.is_really_private &= encrypted;
                let lock = if encrypted { "private" } else { "in clear" };
                self.show(&format!("bot ({lock})> {text}"));
                self.heard.push_back(text);
            }
            OtrEvent::GoneSecure { fingerprint, .. } => {
                self.is_really_private = true;
                self.is_verified &= self.met == Some(fingerprint);
                self.met = Some(fingerprint);
                self.show(&format!("* private; the bot's fingerprint is {fingerprint}"));
            }
            OtrEvent::PeerEnded => {
                self.is_really_private = false;
                self.show("* the bot ended the private conversation");
            }
            OtrEvent::SmpSucceeded => {
                self.is_verified = true;
                self.show("* verified: both sides know the same secret");
            }
            OtrEvent::SmpFailed => self.show("* not verified: the secrets differ"),
            OtrEvent::SmpAborted => self.show("* the verification was broken off"),
            OtrEvent::SmpAsked { .. } => {
                self.show("* the bot asks to be verified");
            }
            OtrEvent::GoneInsecure => {
                self.is_really_private = false;
                self.show("* the private conversation is over");
            }
            OtrEvent::Refused(why) => self.show(&format!("* a message was not acted on: {why:?}")),
            // The rest is of no use to a learner; what it shows holds nobody's words.
            other => self.show(&format!("* {other:?}")),
        }
    }

    async fn send(&self, stanza: Stanza) -> Result<(), Failure> {
        let send = Command::Send { stanza: Box::new(stanza), tag: None };
        self.commands.send(send).await.or(Err(Failure::Unknown(anyhow!("the connection ended"))))
    }
}

/// The clock of the command line.
pub(super) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
