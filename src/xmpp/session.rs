//! The life of the task: attempts, the stream while it is up, and the pauses between.

use std::{collections::VecDeque, future::Future, pin::pin, time::Duration};

use jid::BareJid;
use log::{debug, warn};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split},
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_xmpp::Stanza;
use xmpp_parsers::{
    iq::Iq,
    ns,
    ping::Ping,
    presence::{Presence, Type as PresenceType},
    stanza_error::{DefinedCondition, ErrorType, StanzaError},
};

use super::{
    Command, Down, Event,
    connect::Place,
    link::{Input, Io, stream_error},
    login::{LoggedIn, Login},
    outbox::Outbox,
    xml::{Head, Item, Rejection, serialise},
};

/// Bytes of output that wait before no more commands are taken.
const OUTPUT_FULL: usize = 262_144;

/// Bytes of output that wait before nothing more is read: answers must not pile up.
const OUTPUT_BUSY: usize = 65_536;

/// Largest stanza that is sent; servers end the stream for larger ones.
const STANZA: usize = 250_000;

/// Events that wait for the owner before no more commands are taken.
const EVENTS_FULL: usize = 1_024;

/// Waits and pauses of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// Longest wait for STARTTLS with its handshake, and again for the login.
    pub setup: Duration,
    /// Silence of the server after which it is asked for a sign of life.
    pub keepalive: Duration,
    /// Wait for that sign, and for the network to take output, before the stream counts as dead.
    pub answer: Duration,
    /// First pause after a failure; each further one doubles it.
    pub retry: Duration,
    /// Longest pause after ordinary failures.
    pub retry_most: Duration,
    /// First pause after the server sent us away: another client took the resource, or a policy.
    pub conflict: Duration,
    /// Longest pause of that kind.
    pub conflict_most: Duration,
    /// A stream that was up for less counts as a failure.
    pub steady: Duration,
    /// Longest wait for the goodbye.
    pub stop: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            setup: Duration::from_secs(30),
            keepalive: Duration::from_mins(1),
            answer: Duration::from_secs(30),
            retry: Duration::from_secs(1),
            retry_most: Duration::from_mins(1),
            conflict: Duration::from_secs(30),
            conflict_most: Duration::from_mins(10),
            steady: Duration::from_secs(10),
            stop: Duration::from_secs(2),
        }
    }
}

/// Failures in a row, by kind.
#[derive(Debug, Default)]
struct Failures {
    ordinary: u32,
    sent_away: u32,
}

impl Failures {
    /// A stream was up for so long.
    fn was_up(&mut self, up: Duration, pace: &Pace) {
        if up >= pace.steady {
            self.ordinary = 0;
        }
        // Two clients that take the resource from each other are up for a while each time.
        if up >= pace.conflict_most {
            self.sent_away = 0;
        }
    }

    /// The pause after this failure, without jitter.
    fn pause(&mut self, why: &Down, pace: &Pace) -> Duration {
        let is_sent_away = matches!(why, Down::Conflict | Down::PolicyViolation { .. });
        let (count, first, most) = if is_sent_away {
            (&mut self.sent_away, pace.conflict, pace.conflict_most)
        } else {
            (&mut self.ordinary, pace.retry, pace.retry_most)
        };
        let factor = 2_u32.saturating_pow((*count).min(20));
        *count = count.saturating_add(1);
        first.saturating_mul(factor).min(most)
    }
}

/// Runs the stream until it is told to stop.
pub(super) async fn run(
    server: Place,
    login: Login,
    pace: Pace,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
) {
    let mut owner = Owner { commands, events, waiting: VecDeque::new() };
    let mut failures = Failures::default();
    loop {
        let attempt = async { login.run(server.connect(pace.setup).await?, pace.setup).await };
        let Some(result) = owner.meanwhile(attempt).await else { break };
        let why = match result {
            Err(why) => why,
            Ok(LoggedIn { link, jid, mechanism, negotiated }) => {
                owner.tell(Event::Online { jid, resumed: false, negotiated, mechanism });
                let began = Instant::now();
                let (io, input) = link.into_parts();
                let (read, write) = split(io);
                let online = Online {
                    read,
                    write,
                    input,
                    outbox: Outbox::default(),
                    own: login.jid(),
                    pace: &pace,
                    heard: began,
                    moved: began,
                    asked: None,
                    asked_count: 0,
                    stop_by: None,
                };
                let Some(why) = online.run(&mut owner).await else { break };
                failures.was_up(began.elapsed(), &pace);
                why
            }
        };
        debug!("stream down: {why}");
        let retry_in = (!why.is_fatal()).then(|| {
            // The jitter keeps many clients of one server from coming back together.
            failures.pause(&why, &pace).mul_f64(rand::random_range(0.75..1.25))
        });
        owner.tell(Event::Offline { why, retry_in });
        let stopped = match retry_in {
            Some(pause) => owner.meanwhile(sleep(pause)).await.is_none(),
            None => owner.meanwhile(std::future::pending::<()>()).await.is_none(),
        };
        if stopped {
            break;
        }
    }
    owner.tell(Event::Stopped);
    // An owner that does not listen any more is not waited for.
    if timeout(pace.stop, owner.deliver_all()).await.is_err() {
        debug!("the last events were not taken");
    }
}

/// The other side of the contract.
#[derive(Debug)]
struct Owner {
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    /// Events that the channel has no room for yet.
    waiting: VecDeque<Event>,
}

/// Hands over one event; `false` if the owner has gone away.
fn hand_over(
    room: Result<mpsc::Permit<'_, Event>, mpsc::error::SendError<()>>,
    waiting: &mut VecDeque<Event>,
) -> bool {
    let Ok(room) = room else { return false };
    if let Some(event) = waiting.pop_front() {
        room.send(event);
    }
    true
}

impl Owner {
    fn tell(&mut self, event: Event) {
        // Losses in a row make one event, so that a busy owner of a dead stream costs no memory.
        if let (Event::Lost(tags), Some(Event::Lost(last))) = (&event, self.waiting.back_mut()) {
            last.extend_from_slice(tags);
            return;
        }
        self.waiting.push_back(event);
    }

    fn tell_lost(&mut self, tags: Vec<u64>) {
        if !tags.is_empty() {
            self.tell(Event::Lost(tags));
        }
    }

    async fn deliver_all(&mut self) {
        while !self.waiting.is_empty() {
            let room = self.events.reserve().await;
            if !hand_over(room, &mut self.waiting) {
                return;
            }
        }
    }

    /// Carries on with `step` while offline; `None` if told to stop before it ends.
    async fn meanwhile<T>(&mut self, step: impl Future<Output = T>) -> Option<T> {
        let mut step = pin!(step);
        loop {
            let takes_commands = self.waiting.len() < EVENTS_FULL;
            let (commands, waits) = (&mut self.commands, !self.waiting.is_empty());
            let woken = tokio::select! {
                done = &mut step => return Some(done),
                command = commands.recv(), if takes_commands => Woken::Command(command),
                room = self.events.reserve(), if waits => {
                    Woken::Delivered(hand_over(room, &mut self.waiting))
                }
            };
            match woken {
                Woken::Command(Some(Command::Send { tag, .. })) => {
                    self.tell_lost(tag.into_iter().collect());
                }
                Woken::Command(Some(Command::Stop) | None) | Woken::Delivered(false) => {
                    return None;
                }
                // The others do not come from the choice above.
                Woken::Delivered(true)
                | Woken::Read(_)
                | Woken::Wrote(_)
                | Woken::Flushed(_)
                | Woken::Clock => {}
            }
        }
    }
}

/// A stream that is up.
struct Online<'a> {
    read: ReadHalf<Box<dyn Io>>,
    write: WriteHalf<Box<dyn Io>>,
    input: Input,
    outbox: Outbox,
    own: &'a BareJid,
    pace: &'a Pace,
    /// When the server was last heard, or could not be for our own reasons.
    heard: Instant,
    /// When output last moved, or there was none.
    moved: Instant,
    /// When the server was asked for a sign of life that has not come.
    asked: Option<Instant>,
    /// Questions so far, for their ids.
    asked_count: u64,
    /// When the goodbye is over, once begun.
    stop_by: Option<Instant>,
}

/// What woke the task.
enum Woken {
    Command(Option<Command>),
    Read(std::io::Result<usize>),
    Wrote(std::io::Result<usize>),
    Flushed(std::io::Result<()>),
    Delivered(bool),
    Clock,
}

impl Online<'_> {
    /// Runs the stream until it is down (why) or the owner stopped it (`None`).
    async fn run(mut self, owner: &mut Owner) -> Option<Down> {
        let ended = self.drive(owner).await;
        owner.tell_lost(self.outbox.lost());
        if self.stop_by.is_some() { None } else { Some(ended) }
    }

    async fn drive(&mut self, owner: &mut Owner) -> Down {
        // The login may have read ahead.
        if let Err(why) = self.digest(owner) {
            return why;
        }
        loop {
            let woken = self.wait(owner).await;
            let outcome = match woken {
                Woken::Command(command) => {
                    self.take(command, owner);
                    Ok(())
                }
                Woken::Read(Ok(length)) if length > 0 => {
                    self.heard = Instant::now();
                    self.asked = None;
                    self.input.filled(length);
                    self.digest(owner)
                }
                Woken::Wrote(Ok(length)) if length > 0 => {
                    self.moved = Instant::now();
                    self.outbox.wrote(length);
                    Ok(())
                }
                Woken::Read(_) | Woken::Wrote(_) | Woken::Flushed(Err(_)) => Err(Down::Closed),
                Woken::Flushed(Ok(())) => {
                    self.moved = Instant::now();
                    for tag in self.outbox.flushed() {
                        owner.tell(Event::Acked(tag));
                    }
                    Ok(())
                }
                Woken::Delivered(true) => Ok(()),
                Woken::Delivered(false) => {
                    self.say_goodbye();
                    Ok(())
                }
                Woken::Clock => self.on_clock(),
            };
            if let Err(why) = outcome {
                if self.stop_by.is_some() {
                    self.hang_up().await;
                }
                return why;
            }
        }
    }

    /// Waits for the next thing to do. No branch is preferred, so that a flood from one side does
    /// not silence the other.
    async fn wait(&mut self, owner: &mut Owner) -> Woken {
        let is_stopping = self.stop_by.is_some();
        let takes_commands =
            !is_stopping && self.outbox.len() < OUTPUT_FULL && owner.waiting.len() < EVENTS_FULL;
        // While stopping, the answer to the goodbye must be seen whoever is slow.
        let reads = is_stopping || (self.outbox.len() < OUTPUT_BUSY && owner.waiting.is_empty());
        let (writes, flushes) = (self.outbox.len() > 0, self.outbox.needs_flush());
        let delivers = !is_stopping && !owner.waiting.is_empty();
        if !reads {
            self.heard = Instant::now();
            self.asked = None;
        }
        if self.outbox.is_done() {
            self.moved = Instant::now();
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
        tokio::select! {
            command = owner.commands.recv(), if takes_commands => Woken::Command(command),
            length = self.read.read(self.input.room()), if reads => Woken::Read(length),
            woken = output, if writes || flushes => woken,
            room = owner.events.reserve(), if delivers => {
                Woken::Delivered(hand_over(room, &mut owner.waiting))
            }
            () = sleep_until(deadline) => Woken::Clock,
        }
    }

    fn deadline(&self) -> Instant {
        if let Some(stop_by) = self.stop_by {
            return stop_by;
        }
        let answer =
            self.asked.map_or(self.heard + self.pace.keepalive, |asked| asked + self.pace.answer);
        if self.outbox.is_done() { answer } else { answer.min(self.moved + self.pace.answer) }
    }

    fn on_clock(&mut self) -> Result<(), Down> {
        let now = Instant::now();
        if self.stop_by.is_some() {
            return Err(Down::Timeout("while closing the stream"));
        }
        if !self.outbox.is_done() && now >= self.moved + self.pace.answer {
            return Err(Down::Timeout("while sending"));
        }
        match self.asked {
            Some(asked) if now >= asked + self.pace.answer => {
                return Err(Down::Timeout("while waiting for a sign of life"));
            }
            None if now >= self.heard + self.pace.keepalive => {
                self.asked = Some(now);
                self.asked_count = self.asked_count.saturating_add(1);
                let ping = Iq::from_get(self.ping_id(), Ping);
                self.push(&Stanza::Iq(ping.with_to(self.own.domain().to_owned().into())), None);
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    fn ping_id(&self) -> String {
        format!("keepalive-{}", self.asked_count)
    }

    /// Takes a command and those that wait behind it, so that they share a packet.
    fn take(&mut self, command: Option<Command>, owner: &mut Owner) {
        let mut next = command;
        loop {
            match next {
                Some(Command::Send { stanza, tag }) => {
                    if !self.push(&stanza, tag) {
                        owner.tell_lost(tag.into_iter().collect());
                    }
                }
                Some(Command::Stop) | None => return self.say_goodbye(),
            }
            if self.outbox.len() >= OUTPUT_BUSY {
                return;
            }
            match owner.commands.try_recv() {
                Ok(command) => next = Some(command),
                Err(_) => return,
            }
        }
    }

    /// Puts a stanza among the output; `false` if it cannot be sent at all.
    fn push(&mut self, stanza: &Stanza, tag: Option<u64>) -> bool {
        let written = self.outbox.push(tag, |out| {
            let before = out.len();
            serialise(stanza, out).map_err(|error| error.to_string())?;
            let length = out.len().saturating_sub(before);
            if length > STANZA {
                out.truncate(before);
                return Err(format!("it has {length} bytes"));
            }
            Ok(())
        });
        if let Err(why) = &written {
            warn!("a stanza cannot be sent: {why}");
        }
        written.is_ok()
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
        match item {
            Item::Stanza(_) | Item::Bad(..) if self.stop_by.is_some() => {}
            Item::Stanza(stanza) => {
                if !self.is_own_ping(&stanza) {
                    owner.tell(Event::Stanza(stanza));
                }
            }
            Item::Bad(head, why) => self.on_bad(head, why, owner),
            Item::Nonza(element) if element.is("error", ns::STREAM) => {
                return Err(stream_error(&element, self.own));
            }
            Item::Nonza(_) | Item::Opened => {}
            Item::Closed => return Err(Down::Closed),
        }
        Ok(())
    }

    fn is_own_ping(&self, stanza: &Stanza) -> bool {
        match stanza {
            Stanza::Iq(Iq::Result { id, .. } | Iq::Error { id, .. }) => *id == self.ping_id(),
            Stanza::Iq(Iq::Get { .. } | Iq::Set { .. })
            | Stanza::Message(_)
            | Stanza::Presence(_) => false,
        }
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
            if let Some(answer) = answer {
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
        self.push(&Stanza::Presence(Presence::new(PresenceType::Unavailable)), None);
        let end = |out: &mut Vec<u8>| {
            out.extend_from_slice(b"</stream:stream>");
            Ok::<(), std::convert::Infallible>(())
        };
        match self.outbox.push(None, end) {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// Ends TLS and TCP in order, if the other side is still there.
    async fn hang_up(&mut self) {
        let left = self.stop_by.unwrap_or_else(Instant::now);
        if tokio::time::timeout_at(left, self.write.shutdown()).await.is_err() {
            debug!("the connection was not closed in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_most() {
        let pace = Pace::default();
        let mut failures = Failures::default();

        let pauses: Vec<_> =
            (0..8).map(|_| failures.pause(&Down::Closed, &pace).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);

        failures.was_up(Duration::from_secs(9), &pace);
        assert_eq!(failures.pause(&Down::Closed, &pace).as_secs(), 60);
        failures.was_up(Duration::from_secs(10), &pace);
        assert_eq!(failures.pause(&Down::Closed, &pace).as_secs(), 1);
    }

    #[test]
    fn pauses_after_a_conflict_grow_though_the_stream_was_up() {
        let pace = Pace::default();
        let mut failures = Failures::default();

        let pauses: Vec<_> = (0..7)
            .map(|_| {
                failures.was_up(Duration::from_secs(100), &pace);
                failures.pause(&Down::Conflict, &pace).as_secs()
            })
            .collect();

        assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
        failures.was_up(Duration::from_mins(10), &pace);
        assert_eq!(failures.pause(&Down::Conflict, &pace).as_secs(), 30);
    }
}
