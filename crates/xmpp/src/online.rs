//! A stream while it is up: stanzas both ways, signs of life, acknowledgements, the goodbye.

use std::{io, time::Duration};

use log::debug;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    time::{Instant, sleep_until, timeout_at},
};
use xmpp_parsers::stanza::Stanza;
use xmpp_parsers::{
    iq::Iq,
    ns,
    ping::Ping,
    presence::{Presence, Type as PresenceType},
    stanza_error::{DefinedCondition, ErrorType, StanzaError},
};

use super::{
    Command, Down, Event,
    component::Face,
    echo::Echo,
    ledger::Ledger,
    link::{Input, Io, Link, is_stanza},
    outbox::Outbox,
    owner::{Owner, Turn},
    pace::Pace,
    refusal::stream_error,
    xml::{Head, Item, Rejection},
};

/// Bytes of output that wait before no more commands are taken.
const OUTPUT_FULL: usize = 262_144;

/// Bytes of output that wait before nothing more is read: answers must not pile up.
const OUTPUT_BUSY: usize = 65_536;

/// Bytes a second that the slowest server reads from us: below the usual limits of rate. What is
/// under way at that speed delays every sign of life that was asked for behind it.
const SLOWEST: usize = 2_000;

/// What closes a stream.
const GOODBYE: &[u8] = b"</stream:stream>";

/// The longest that a server is waited for on that account.
const MOST_PATIENCE: Duration = Duration::from_mins(10);

/// A stream that is up, before it runs.
pub(super) struct Online {
    read: ReadHalf<Box<dyn Io>>,
    write: WriteHalf<Box<dyn Io>>,
    input: Input,
    /// What came during the login and was not part of it.
    early: Vec<Item>,
    outbox: Outbox,
    /// The counts of both sides, if the server keeps them.
    ledger: Option<Ledger>,
}

/// How a stream ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Why it is down; `None` if the owner stopped it.
    pub(super) why: Option<Down>,
    /// The counts, if only the line broke.
    pub(super) ledger: Option<Ledger>,
}

impl Online {
    pub(super) fn new(link: Link<Box<dyn Io>>) -> Self {
        let (io, input, early) = link.into_parts();
        let (read, write) = split(io);
        Self { read, write, input, early, outbox: Outbox::default(), ledger: None }
    }

    /// It is a new stream.
    pub(super) fn begin(&mut self, ledger: Option<Ledger>) {
        self.ledger = ledger;
    }

    /// It goes on from an earlier one: what the server does not have is sent again.
    pub(super) fn resume(&mut self, mut ledger: Ledger) {
        ledger.resumed().for_each(|bytes| self.outbox.push(None, bytes));
        self.ledger = Some(ledger);
    }

    /// Runs the stream until it is down or the owner stops it.
    pub(super) async fn run(self, face: &Face, pace: &Pace, owner: &mut Owner) -> Ended {
        let Self { read, write, input, early, outbox, ledger } = self;
        let now = Instant::now();
        let mut running = Running {
            read,
            write,
            input,
            outbox,
            ledger,
            echo: face.is_component().then(Echo::default),
            is_early: false,
            face,
            pace,
            heard: now,
            moved: now,
            asked: None,
            ack_asked: now,
            pings: 0,
            stop_by: None,
            mute_until: None,
            is_over: false,
        };
        let why = running.drive(early, owner).await;
        owner.tell_lost(running.outbox.lost());
        owner.tell_lost(running.echo.map(|mut echo| echo.lost()).unwrap_or_default());
        let is_line = matches!(why, Down::Closed | Down::Timeout(_)) && !running.is_over;
        let is_stopped = running.stop_by.is_some();
        let ledger = match running.ledger {
            Some(ledger) if is_line && !is_stopped && ledger.resume().is_some() => Some(ledger),
            Some(ledger) => {
                owner.tell_lost(ledger.into_lost());
                None
            }
            None => None,
        };
        Ended { why: (!is_stopped).then_some(why), ledger }
    }
}

/// A stream that runs.
struct Running<'a> {
    read: ReadHalf<Box<dyn Io>>,
    write: WriteHalf<Box<dyn Io>>,
    input: Input,
    outbox: Outbox,
    ledger: Option<Ledger>,
    /// What stands in for the counts where a component has none.
    echo: Option<Echo>,
    /// Whether what is looked at came before the server began to count.
    is_early: bool,
    face: &'a Face,
    pace: &'a Pace,
    /// When the server was last heard, or could not be for our own reasons.
    heard: Instant,
    /// When output last moved, or there was none.
    moved: Instant,
    /// When the server was asked for a sign of life that has not come.
    asked: Option<Instant>,
    /// When an acknowledgement was asked for, or could not be read for our own reasons.
    ack_asked: Instant,
    /// Pings so far, for their ids.
    pings: u64,
    /// When the goodbye is over, once begun.
    stop_by: Option<Instant>,
    /// Until when to read what is left, once nothing can be written any more.
    mute_until: Option<Instant>,
    /// Whether the server ended the stream in order.
    is_over: bool,
}

/// What woke the task.
enum Woken {
    Owner(Turn),
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    Flushed(io::Result<()>),
    Clock,
}

impl Running<'_> {
    async fn drive(&mut self, early: Vec<Item>, owner: &mut Owner) -> Down {
        // The login may have read ahead; what came before the server began to count is not counted.
        self.is_early = true;
        let mut outcome = early.into_iter().try_for_each(|item| self.on_item(item, owner));
        self.is_early = false;
        outcome = outcome.and_then(|()| self.digest(owner));
        loop {
            if let Err(why) = outcome {
                // What is half said cannot be broken off, and the rest is not worth waiting for.
                if self.stop_by.is_some() || (self.is_over && self.outbox.is_done()) {
                    self.hang_up().await;
                }
                return why;
            }
            self.ask();
            let woken = self.wait(owner).await;
            outcome = self.on_woken(woken, owner);
        }
    }

    fn on_woken(&mut self, woken: Woken, owner: &mut Owner) -> Result<(), Down> {
        match woken {
            Woken::Owner(Turn::Command(command)) => self.take(command, owner),
            Woken::Owner(Turn::Delivered) => {}
            Woken::Owner(Turn::Gone) => self.say_goodbye(),
            Woken::Read(Ok(length)) if length > 0 => {
                self.heard = Instant::now();
                self.asked = None;
                self.input.filled(length);
                self.digest(owner)?;
            }
            Woken::Wrote(Ok(length)) if length > 0 => {
                self.moved = Instant::now();
                self.outbox.wrote(length);
            }
            Woken::Read(_) => return Err(Down::Closed),
            // The reason may have arrived before the line broke.
            Woken::Wrote(_) | Woken::Flushed(Err(_)) => {
                self.mute_until = Some(Instant::now() + self.pace.stop);
            }
            Woken::Flushed(Ok(())) => {
                self.moved = Instant::now();
                for tag in self.outbox.flushed() {
                    owner.tell(Event::Acked(tag));
                }
            }
            Woken::Clock => self.on_clock()?,
        }
        Ok(())
    }

    /// Waits for the next thing to do. No branch is preferred, so that a flood from one side does
    /// not silence the other.
    async fn wait(&mut self, owner: &mut Owner) -> Woken {
        let is_stopping = self.stop_by.is_some();
        let is_full = self.outbox.len() >= OUTPUT_FULL
            || self.ledger.as_ref().is_some_and(Ledger::is_full)
            || self.echo.as_ref().is_some_and(Echo::is_full);
        // While stopping, the answer to the goodbye must be seen whoever is slow.
        let reads = is_stopping || (self.outbox.len() < OUTPUT_BUSY && !owner.is_behind());
        let is_mute = self.mute_until.is_some();
        let writes = self.outbox.len() > 0 && !is_mute;
        let flushes = self.outbox.needs_flush() && !is_mute;
        let now = Instant::now();
        if !reads {
            self.heard = now;
            self.ack_asked = now;
            self.asked = None;
        }
        let was_done = self.outbox.is_done();
        if was_done {
            self.moved = now;
        }
        let deadline = self.deadline();
        let (write, bytes) = (&mut self.write, self.outbox.next());
        let output = async move {
            if writes {
                Woken::Wrote(write.write(bytes).await)
            } else {
                Woken::Flushed(write.flush().await)
            }
        };
        let woken = tokio::select! {
            turn = owner.turn(!is_stopping && !is_full && !is_mute, !is_stopping) => Woken::Owner(turn),
            length = self.read.read(self.input.room()), if reads => Woken::Read(length),
            woken = output, if writes || flushes => woken,
            () = sleep_until(deadline) => Woken::Clock,
        };
        // What was nobody's turn until now cannot have taken too long.
        let now = Instant::now();
        if was_done {
            self.moved = now;
        }
        if !reads {
            self.heard = now;
            self.ack_asked = now;
        }
        woken
    }

    /// Asks for an acknowledgement once the output is out.
    fn ask(&mut self) {
        if self.stop_by.is_none()
            && self.outbox.is_done()
            && let Some(ledger) = &mut self.ledger
            && let Some(request) = ledger.ask()
        {
            self.ack_asked = Instant::now();
            self.outbox.push(None, &request);
        }
        if self.stop_by.is_none()
            && self.outbox.is_done()
            && self.echo.as_mut().is_some_and(Echo::ask)
        {
            self.ack_asked = Instant::now();
            self.ping();
        }
    }

    fn deadline(&self) -> Instant {
        if let Some(end) = self.stop_by.or(self.mute_until) {
            return end;
        }
        let patience = self.patience();
        let mut deadline =
            self.asked.map_or(self.heard + self.pace.keepalive, |asked| asked + patience);
        if !self.outbox.is_done() {
            deadline = deadline.min(self.moved + patience);
        }
        if self.awaits_ack() {
            deadline = deadline.min(self.ack_asked + self.pace.keepalive + patience);
        }
        deadline
    }

    /// How long an answer may take: longer while much is under way to a server that reads slowly,
    /// as those do that limit the rate of their clients.
    fn patience(&self) -> Duration {
        let counted = self.ledger.as_ref().map_or(0, Ledger::unacked_bytes);
        let under_way = counted.max(self.echo.as_ref().map_or(0, Echo::unacked_bytes));
        let secs = u64::try_from(under_way / SLOWEST).unwrap_or(u64::MAX);
        self.pace.answer + Duration::from_secs(secs).min(MOST_PATIENCE)
    }

    fn awaits_ack(&self) -> bool {
        self.ledger.as_ref().is_some_and(Ledger::is_asked)
            || self.echo.as_ref().is_some_and(Echo::is_asked)
    }

    fn on_clock(&mut self) -> Result<(), Down> {
        let patience = self.patience();
        let now = Instant::now();
        if self.stop_by.is_some() {
            return Err(Down::Timeout("while closing the stream"));
        }
        if self.mute_until.is_some() {
            return Err(Down::Closed);
        }
        if !self.outbox.is_done() && now >= self.moved + patience {
            return Err(Down::Timeout("while sending"));
        }
        if self.awaits_ack() && now >= self.ack_asked + self.pace.keepalive + patience {
            return Err(Down::Timeout("while waiting for an acknowledgement"));
        }
        match self.asked {
            Some(asked) if now >= asked + patience => {
                return Err(Down::Timeout("while waiting for a sign of life"));
            }
            None if now >= self.heard + self.pace.keepalive => {
                self.asked = Some(now);
                if let Some(ledger) = &mut self.ledger {
                    if !ledger.is_asked() {
                        self.ack_asked = now;
                    }
                    let request = ledger.ask_anyway();
                    self.outbox.push(None, &request);
                } else if let Some(echo) = &mut self.echo {
                    if !echo.is_asked() {
                        echo.ask_anyway();
                        self.ack_asked = now;
                        self.ping();
                    }
                } else {
                    self.ping();
                }
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    fn ping(&mut self) {
        self.pings = self.pings.saturating_add(1);
        let ping = Iq::from_get(self.ping_id(), Ping).with_to(self.face.pinged());
        if let Some(bytes) = self.face.bytes(&Stanza::Iq(ping)) {
            self.outbox.push(None, &bytes);
            if let Some(ledger) = &mut self.ledger {
                ledger.sent(bytes, None);
            }
        }
    }

    fn ping_id(&self) -> String {
        format!("keepalive-{}", self.pings)
    }

    /// Takes a command and those that wait behind it, so that they share a packet.
    fn take(&mut self, command: Option<Command>, owner: &mut Owner) {
        let mut next = command;
        loop {
            match next {
                Some(Command::Send { stanza, tag }) => {
                    if !self.push(&stanza, tag) {
                        owner.tell_unsendable(tag);
                    }
                }
                Some(Command::Stop) | None => return self.say_goodbye(),
            }
            if self.outbox.len() >= OUTPUT_BUSY {
                return;
            }
            match owner.next_command() {
                Some(command) => next = Some(command),
                None => return,
            }
        }
    }

    /// Puts a stanza among the output; `false` if it cannot be sent at all.
    fn push(&mut self, stanza: &Stanza, tag: Option<u64>) -> bool {
        let Some(bytes) = self.face.bytes(stanza) else { return false };
        match (&mut self.ledger, &mut self.echo) {
            (Some(ledger), _) => {
                self.outbox.push(None, &bytes);
                ledger.sent(bytes, tag);
            }
            (None, Some(echo)) => {
                self.outbox.push(None, &bytes);
                echo.sent(tag, bytes.len());
            }
            (None, None) => self.outbox.push(tag, &bytes),
        }
        true
    }

    /// Looks at everything that was read.
    fn digest(&mut self, owner: &mut Owner) -> Result<(), Down> {
        loop {
            match self.input.next() {
                Ok(None) => return Ok(()),
                Ok(Some(item)) => self.on_item(item, owner)?,
                Err(broken) => return Err(Down::Broken(broken.to_string())),
            }
        }
    }

    fn on_item(&mut self, item: Item, owner: &mut Owner) -> Result<(), Down> {
        self.count(&item);
        match item {
            Item::Closed => {
                self.is_over = true;
                return Err(Down::Closed);
            }
            Item::Nonza(element) if element.is("error", ns::STREAM) => {
                self.is_over = true;
                return Err(stream_error(&element, &self.face.own));
            }
            Item::Nonza(element) if element.is("a", ns::SM) => {
                if let Some(ledger) = &mut self.ledger {
                    for tag in ledger.on_answer(&element)? {
                        owner.tell(Event::Acked(tag));
                    }
                }
            }
            // Nothing may follow our goodbye, and nobody waits for anything else.
            Item::Stanza(_) | Item::Bad(..) | Item::Nonza(_) | Item::Opened
                if self.stop_by.is_some() => {}
            Item::Stanza(stanza) => {
                if self.is_own_ping(&stanza) {
                    for tag in self.echo.as_mut().map(Echo::came_back).unwrap_or_default() {
                        owner.tell(Event::Acked(tag));
                    }
                } else {
                    owner.tell(Event::Stanza(stanza));
                }
            }
            Item::Bad(head, why) => self.on_bad(head, why, owner),
            Item::Nonza(element) if element.is("r", ns::SM) => {
                if let Some(ledger) = &self.ledger {
                    self.outbox.push(None, &ledger.answer());
                }
            }
            Item::Nonza(_) | Item::Opened => {}
        }
        Ok(())
    }

    /// Counts what the server counts: also what we do not understand.
    fn count(&mut self, item: &Item) {
        let is_stanza = match item {
            Item::Stanza(_) => true,
            Item::Bad(head, _) => is_stanza(&head.name),
            Item::Nonza(_) | Item::Opened | Item::Closed => false,
        };
        if let (true, false, Some(ledger)) = (is_stanza, self.is_early, &mut self.ledger) {
            ledger.received();
        }
    }

    fn is_own_ping(&self, stanza: &Stanza) -> bool {
        match stanza {
            Stanza::Iq(iq @ (Iq::Result { id, .. } | Iq::Error { id, .. })) => {
                *id == self.ping_id() && self.is_of_pinged(iq)
            }
            // A component gets its own question.
            Stanza::Iq(iq @ Iq::Get { id, .. }) => {
                self.echo.is_some() && *id == self.ping_id() && self.is_of_pinged(iq)
            }
            Stanza::Iq(Iq::Set { .. }) | Stanza::Message(_) | Stanza::Presence(_) => false,
        }
    }

    /// Whether it comes from whom a sign of life was asked of: others may guess its id.
    fn is_of_pinged(&self, iq: &Iq) -> bool {
        let pinged = self.face.pinged();
        iq.from().is_none_or(|from| {
            from.to_bare() == pinged.to_bare()
                || (self.echo.is_none() && from.to_bare() == self.face.own)
        })
    }

    /// Answers a request that cannot be read, as RFC 6120 demands, and reports it.
    fn on_bad(&mut self, head: Head, why: Rejection, owner: &mut Owner) {
        let is_request = head.name == "iq" && matches!(head.type_.as_deref(), Some("get" | "set"));
        if let (true, Some(id)) = (is_request, head.id) {
            let error = StanzaError::new(ErrorType::Modify, DefinedCondition::BadRequest, "en", "");
            let answer = Iq::from_error(id, error);
            let answer = match head.from.clone() {
                Some(from) => Some(answer.with_to(from)),
                None if head.has_from => None,
                None => Some(answer),
            };
            if let Some(mut answer) = answer {
                // Whoever was asked answers; for an account, its server sees to that.
                if self.face.is_component() {
                    *answer.from_mut() = head.to;
                }
                self.push(&Stanza::Iq(answer), None);
            }
        }
        owner.tell(Event::Rejected { from: head.from, why });
    }

    /// Puts the goodbye behind all other output.
    fn say_goodbye(&mut self) {
        if self.stop_by.is_some() {
            return;
        }
        self.stop_by = Some(Instant::now() + self.pace.stop);
        // A component has no contacts whom the server would tell.
        if !self.face.is_component() {
            self.push(&Stanza::Presence(Presence::new(PresenceType::Unavailable)), None);
        }
        if let Some(ledger) = &mut self.ledger {
            let request = ledger.ask_anyway();
            self.outbox.push(None, &request);
        }
        self.outbox.push(None, GOODBYE);
    }

    /// Ends the stream, TLS and TCP in order, if the other side is still there. A stream that the server
    /// has closed is closed from this side, too (RFC 6120, section 4.4): the server waits for that.
    async fn hang_up(&mut self) {
        let end = self.stop_by.unwrap_or_else(|| Instant::now() + self.pace.stop);
        let is_said = self.stop_by.is_some();
        let close = async {
            if !is_said {
                self.write.write_all(GOODBYE).await?;
            }
            self.write.shutdown().await
        };
        if timeout_at(end, close).await.is_err() {
            debug!("the connection was not closed in time");
        }
    }
}
