//! A connection that hands on one request at a time.
//!
//! The dispatcher behind it takes all that it can read: it parses thousands of requests that were
//! sent at once and keeps them, or their answers; and once 16 requests wait behind an answer that is
//! not read, and 128 kB of others are there, it wakes itself without end. Here, what is sent behind a
//! request stays in the socket, where TCP makes the sender wait, until its answer was written.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep},
};

use super::{
    Limits,
    framing::{Framing, Refusal},
    slots::Slot,
};

/// How much is read from the socket at once, in bytes.
const PORTION: usize = 4 * 1024;
/// How long a body may go on after its answer: the answer was made without it.
const LATE_BODY: Duration = Duration::from_secs(2);
/// How long who was refused has to read why, while what they sent is dropped.
const FAREWELL: Duration = Duration::from_secs(1);
/// How much is dropped then, in bytes.
const DROPPED: usize = 256 * 1024;

const MALFORMED: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const TOO_LARGE: &[u8] =
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const TOO_SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What a connection and the answer that is made for it tell each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Exchange(Rc<Cell<bool>>);

impl Exchange {
    /// The body of an answer, whose end is noticed.
    pub(super) fn answer(&self, body: BoxBody) -> Answer {
        Answer { body, exchange: self.clone() }
    }
}

/// The body of an answer. When it is dropped all of it was encoded.
#[derive(Debug)]
pub(super) struct Answer {
    body: BoxBody,
    exchange: Exchange,
}

impl MessageBody for Answer {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(cx)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.exchange.0.set(true);
    }
}

/// A time by which something must have happened.
#[derive(Debug, Default)]
struct Deadline {
    sleep: Option<Pin<Box<Sleep>>>,
    is_set: bool,
}

impl Deadline {
    /// Sets it, unless it is set.
    fn set(&mut self, patience: Duration) {
        if !self.is_set {
            self.put(patience);
        }
    }

    fn put(&mut self, patience: Duration) {
        self.is_set = true;
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(Instant::now() + patience),
            None => self.sleep = Some(Box::pin(tokio::time::sleep(patience))),
        }
    }

    fn clear(&mut self) {
        self.is_set = false;
    }

    /// Whether it is over. If not, the task is woken then.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        self.is_set && self.sleep.as_mut().is_some_and(|sleep| sleep.as_mut().poll(cx).is_ready())
    }
}

/// What is still read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// Requests.
    On,
    /// Nothing more: these bytes are written, and that is the end.
    Parting(&'static [u8]),
    /// Nothing more.
    Over,
}

/// What a connection does, for whoever looks for one that can be spared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// It works on a request, or may have one that was not looked at.
    Work,
    /// It waits for a request.
    Wait,
    /// It waits for its answer to be read.
    Unread,
    /// It waits for the rest of a request.
    Stuck,
}

/// A connection as the dispatcher sees it.
#[derive(Debug)]
pub(super) struct Guarded {
    stream: TcpStream,
    limits: Limits,
    slot: Slot,
    exchange: Exchange,
    framing: Framing,
    /// What was received and not handed on.
    inbox: Vec<u8>,
    /// How many bytes at its begin may be handed on.
    ready: usize,
    /// Whether the answer to the request under way was written.
    is_answered: bool,
    /// What the slot was told.
    doing: Doing,
    reading: Reading,
    /// Until when a head or a body must have come.
    receipt: Deadline,
    /// Until when the peer must read on.
    progress: Deadline,
    farewell: Deadline,
    /// What was dropped at the end, in bytes.
    dropped: usize,
    was_refused: bool,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream, limits: Limits, slot: Slot) -> Self {
        Self {
            stream,
            limits,
            slot,
            exchange: Exchange::default(),
            framing: Framing::new(),
            inbox: Vec::new(),
            ready: 0,
            is_answered: false,
            doing: Doing::Work,
            reading: Reading::On,
            receipt: Deadline::default(),
            progress: Deadline::default(),
            farewell: Deadline::default(),
            dropped: 0,
            was_refused: false,
        }
    }

    pub(super) fn exchange(&self) -> Exchange {
        self.exchange.clone()
    }

    /// Hands on what may be, as far as there is room.
    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) {
        let n = self.ready.min(buffer.remaining());
        if let Some(bytes) = self.inbox.get(..n) {
            buffer.put_slice(bytes);
            self.inbox.drain(..n);
            self.ready = self.ready.saturating_sub(n);
        }
    }

    /// Receives more. `Ready(false)` at the end of what the peer sends.
    fn receive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut portion = [0; PORTION];
        let mut portion = ReadBuf::new(&mut portion);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut portion))?;
        self.inbox.extend_from_slice(portion.filled());
        Poll::Ready(Ok(!portion.filled().is_empty()))
    }

    /// Whether the peer has gone that an answer is being made for. Somebody who only says that nothing
    /// more will come cannot be told from that; browsers and proxies do not.
    fn has_hung_up(&mut self, cx: &mut Context<'_>) -> bool {
        if self.is_answered || self.exchange.0.get() || !self.inbox.is_empty() {
            return false;
        }
        let mut byte = [0; 1];
        let peeked = self.stream.poll_peek(cx, &mut ReadBuf::new(&mut byte));
        matches!(peeked, Poll::Ready(Ok(0) | Err(_)))
    }

    /// What is done when there is nothing to be received now.
    fn wait(&mut self, cx: &mut Context<'_>) {
        if self.framing.is_before() {
            self.slot.wake(cx.waker());
            self.does(Doing::Wait);
            // For what has not begun, the dispatcher has times of its own.
            if self.inbox.is_empty() {
                return;
            }
            self.receipt.set(self.limits.head);
            if self.receipt.is_over(cx) {
                self.refuse(TOO_SLOW);
            }
        } else {
            self.slot.wake(cx.waker());
            self.does(Doing::Stuck);
            self.receipt.set(self.limits.body);
            if self.receipt.is_over(cx) {
                self.reading = Reading::Over;
            }
        }
    }

    fn refuse(&mut self, answer: &'static [u8]) {
        self.was_refused = true;
        self.inbox = Vec::new();
        self.reading = Reading::Parting(answer);
    }

    fn part(&mut self, cx: &mut Context<'_>, mut rest: &'static [u8]) -> Poll<()> {
        while !rest.is_empty() {
            self.progress.set(FAREWELL);
            match Pin::new(&mut self.stream).poll_write(cx, rest) {
                Poll::Ready(Ok(n @ 1..)) => rest = rest.get(n..).unwrap_or_default(),
                Poll::Pending if !self.progress.is_over(cx) => {
                    self.reading = Reading::Parting(rest);
                    return Poll::Pending;
                }
                Poll::Pending | Poll::Ready(Ok(_) | Err(_)) => break,
            }
        }
        self.reading = Reading::Over;
        Poll::Ready(())
    }

    /// Tells the slot, which counts from the begin of what goes on.
    fn does(&mut self, doing: Doing) {
        if self.doing != doing {
            self.doing = doing;
            match doing {
                Doing::Work => self.slot.works(),
                Doing::Wait => self.slot.waits(),
                Doing::Unread => self.slot.is_unread(),
                Doing::Stuck => self.slot.is_stuck(),
            }
        }
    }

    /// Goes on to the next request when this one was read and answered.
    fn go_on(&mut self) {
        if self.is_answered && self.framing.is_behind() && self.ready == 0 {
            self.is_answered = false;
            self.receipt.clear();
            self.framing.next();
            if self.inbox.is_empty() {
                self.inbox = Vec::new();
            }
            self.does(Doing::Work);
        }
    }

    /// Takes what may be handed on of what was received.
    fn advance(&mut self) {
        let was_before = self.framing.is_before();
        match self.framing.advance(&self.inbox) {
            Ok(n) => {
                self.ready = n;
                if was_before && !self.framing.is_before() {
                    self.receipt.clear();
                    self.does(Doing::Work);
                }
            }
            Err(refusal) if was_before => self.refuse(match refusal {
                Refusal::Malformed => MALFORMED,
                Refusal::TooLarge => TOO_LARGE,
            }),
            // The page that reads the body answers that it is broken.
            Err(_) => self.reading = Reading::Over,
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if this.slot.is_closed() {
                return Poll::Ready(Ok(()));
            }
            match this.reading {
                Reading::On => {}
                Reading::Parting(rest) => ready!(this.part(cx, rest)),
                Reading::Over => return Poll::Ready(Ok(())),
            }
            if this.ready > 0 {
                this.hand_on(buffer);
                return Poll::Ready(Ok(()));
            }
            this.go_on();
            if this.framing.is_last() {
                return Poll::Ready(Ok(()));
            }
            // The task is woken when the answer was written.
            if this.framing.is_behind() {
                // The dispatcher drops what is being done at this error; after a reset it would not.
                if this.has_hung_up(cx) {
                    return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
                }
                return Poll::Pending;
            }
            this.advance();
            if this.ready > 0 || this.reading != Reading::On || this.framing.is_behind() {
                continue;
            }
            match this.receive(cx) {
                Poll::Ready(received) => {
                    if !received? {
                        this.reading = Reading::Over;
                    } else if this.doing == Doing::Stuck {
                        this.does(Doing::Work);
                    }
                }
                Poll::Pending => {
                    this.wait(cx);
                    if this.reading == Reading::On {
                        return Poll::Pending;
                    }
                }
            }
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.slot.is_closed() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if written.is_ready() {
            this.progress.clear();
            return written;
        }
        this.does(Doing::Unread);
        this.progress.set(this.limits.unread);
        this.slot.wake(cx.waker());
        if this.progress.is_over(cx) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }

    /// The dispatcher calls this when all that it has encoded was written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        if !this.exchange.0.replace(false) {
            return Poll::Ready(Ok(()));
        }
        this.is_answered = true;
        if this.framing.is_behind() {
            this.go_on();
            this.slot.wake(cx.waker());
            let is_there = !this.inbox.is_empty() || this.stream.poll_read_ready(cx).is_ready();
            if is_there || this.framing.is_last() {
                cx.waker().wake_by_ref();
            } else {
                this.does(Doing::Wait);
            }
        } else {
            this.receipt.put(LATE_BODY);
            if this.receipt.is_over(cx) {
                this.reading = Reading::Over;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
        if !this.was_refused {
            return Poll::Ready(Ok(()));
        }
        // A socket that is closed with bytes in it takes back what was written last.
        this.farewell.set(FAREWELL);
        while this.dropped < DROPPED && !this.farewell.is_over(cx) {
            let received = ready!(this.receive(cx))?;
            this.dropped = this.dropped.saturating_add(this.inbox.len());
            this.inbox.clear();
            if !received {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}
