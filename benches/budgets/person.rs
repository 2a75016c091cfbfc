//! Somebody with the engine of the project as their OTR program, who keeps the rules.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use otr::{Conversation, Event, InstanceTag, Output, Policy, SigningKey};
use rand::{SeedableRng as _, rngs::StdRng};

use crate::{crowd::Crowd, school::SECRET};

/// A person.
#[derive(Debug)]
pub(crate) struct Person {
    /// The local part of their address.
    pub(crate) name: String,
    pub(crate) otr: Conversation,
    pub(crate) rng: StdRng,
}

impl Person {
    /// Somebody who has said nothing yet.
    pub(crate) fn new(name: String, key: &Arc<SigningKey>, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let policy = Policy { send_tag: false, whitespace_start_ake: false, ..Policy::default() };
        let instance = InstanceTag::random(&mut rng);
        Self { name, otr: Conversation::new(Arc::clone(key), instance, policy), rng }
    }

    /// Carries out what the engine wants; what happened.
    pub(crate) fn perform(&self, crowd: &mut Crowd, outputs: Vec<Output>) -> Vec<Event> {
        let mut events = Vec::new();
        for output in outputs {
            match output {
                Output::Send(body) => crowd.say(&self.name, &body),
                Output::Event(event) => events.push(event),
            }
        }
        events
    }

    /// Takes in what the bot said and answers it; what happened.
    pub(crate) fn receive(&mut self, crowd: &mut Crowd, body: &str) -> Vec<Event> {
        let outputs = self.otr.receive(Instant::now(), &mut self.rng, body);
        self.perform(crowd, outputs)
    }

    /// Goes on until something happens; how long that took.
    pub(crate) fn until(
        &mut self,
        crowd: &mut Crowd,
        patience: Duration,
        happened: impl Fn(&Event) -> bool,
    ) -> Option<Duration> {
        let began = Instant::now();
        loop {
            let left = (began + patience).checked_duration_since(Instant::now())?;
            let body = crowd.hear(&self.name, left)?;
            if self.receive(crowd, &body).iter().any(&happened) {
                return Some(began.elapsed());
            }
        }
    }

    /// Goes into a private conversation: the person commits, as after a query of the bot's.
    pub(crate) fn go_private(&mut self, crowd: &mut Crowd, patience: Duration) -> Option<Duration> {
        let began = Instant::now();
        let outputs = self.otr.receive(began, &mut self.rng, "?OTRv23?");
        self.perform(crowd, outputs);
        self.until(crowd, patience, |event| {
            matches!(event, Event::GoneSecure { .. } | Event::StillSecure { .. })
        })
    }

    /// Verifies the bot.
    pub(crate) fn verify(&mut self, crowd: &mut Crowd, patience: Duration) -> Option<Duration> {
        let now = Instant::now();
        let outputs = self.otr.smp_start(now, &mut self.rng, SECRET.as_bytes(), None).ok()?;
        self.perform(crowd, outputs);
        self.until(crowd, patience, |event| matches!(event, Event::SmpSucceeded))
    }
}
