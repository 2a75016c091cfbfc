//! The owner of a stream, as the task sees it: commands from it, events to it.

use std::{collections::VecDeque, future::Future, pin::pin};

use tokio::sync::mpsc;

use super::{Command, Event, ledger::Ledger, outbox::stanza_bytes};

/// Events that wait for the owner before no more commands are taken.
const EVENTS_FULL: usize = 1_024;

/// The other side of the contract.
#[derive(Debug)]
pub(super) struct Owner {
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    /// Events that the channel has no room for yet.
    waiting: VecDeque<Event>,
}

/// What came from the owner, or went to it.
#[derive(Debug)]
pub(super) enum Turn {
    /// A command; `None` when there will be no more.
    Command(Option<Command>),
    /// An event was handed over.
    Delivered,
    /// Nobody listens any more.
    Gone,
}

impl Owner {
    pub(super) fn new(commands: mpsc::Receiver<Command>, events: mpsc::Sender<Event>) -> Self {
        Self { commands, events, waiting: VecDeque::new() }
    }

    /// Tells an event, as soon as there is room.
    pub(super) fn tell(&mut self, event: Event) {
        // Losses in a row make one event, so that a busy owner of a dead stream costs no memory.
        if let (Event::Lost(tags), Some(Event::Lost(last))) = (&event, self.waiting.back_mut()) {
            last.extend_from_slice(tags);
            return;
        }
        self.waiting.push_back(event);
    }

    /// Tells that these tags are lost, if there are any.
    pub(super) fn tell_lost(&mut self, tags: Vec<u64>) {
        if !tags.is_empty() {
            self.tell(Event::Lost(tags));
        }
    }

    /// Tells that the stanza of this tag can never be sent, if it has one.
    pub(super) fn tell_unsendable(&mut self, tag: Option<u64>) {
        if let Some(tag) = tag {
            self.tell(Event::Unsendable(tag));
        }
    }

    /// Whether events wait for the owner.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The next command, if one is there and may be taken.
    pub(super) fn next_command(&mut self) -> Option<Command> {
        if self.waiting.len() < EVENTS_FULL { self.commands.try_recv().ok() } else { None }
    }

    /// Takes a command, if wanted, or hands over an event, if wanted. Nothing is lost when it is
    /// cancelled.
    pub(super) async fn turn(&mut self, takes_commands: bool, delivers: bool) -> Turn {
        let takes_commands = takes_commands && self.waiting.len() < EVENTS_FULL;
        let delivers = delivers && self.is_behind();
        tokio::select! {
            command = self.commands.recv(), if takes_commands => Turn::Command(command),
            room = self.events.reserve(), if delivers => {
                let Ok(room) = room else { return Turn::Gone };
                if let Some(event) = self.waiting.pop_front() {
                    room.send(event);
                }
                Turn::Delivered
            }
            () = std::future::pending() => Turn::Delivered,
        }
    }

    /// Hands over all events.
    pub(super) async fn deliver_all(&mut self) {
        while self.is_behind() {
            if matches!(self.turn(false, true).await, Turn::Gone) {
                return;
            }
        }
    }

    /// Carries on with `step` while offline; `None` if told to stop before it ends. What is to be
    /// sent waits in the ledger, if there is one.
    pub(super) async fn meanwhile<T>(
        &mut self,
        step: impl Future<Output = T>,
        mut ledger: Option<&mut Ledger>,
    ) -> Option<T> {
        let mut step = pin!(step);
        loop {
            let turn = tokio::select! {
                done = &mut step => return Some(done),
                turn = self.turn(true, true) => turn,
            };
            match turn {
                Turn::Command(Some(Command::Send { stanza, tag })) => {
                    match ledger.as_deref_mut().filter(|ledger| !ledger.is_full()) {
                        None => self.tell_lost(tag.into_iter().collect()),
                        Some(ledger) => match stanza_bytes(&stanza) {
                            Some(bytes) => ledger.sent(bytes, tag),
                            None => self.tell_unsendable(tag),
                        },
                    }
                }
                Turn::Command(Some(Command::Stop) | None) | Turn::Gone => return None,
                Turn::Delivered => {}
            }
        }
    }
}
