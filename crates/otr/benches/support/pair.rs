//! Two conversations with each other, and what a benchmark has them do.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark may fail, and its clock starts somewhere"
)]

use std::sync::Arc;
use std::time::Instant;

use otr::{Conversation, Event, InstanceTag, Output, Policy, SigningKey, Version};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Two conversations with each other.
pub(crate) struct Pair {
    sides: [Conversation; 2],
    rng: ChaCha20Rng,
    now: Instant,
}

impl Pair {
    pub(crate) fn plain(keys: &[Arc<SigningKey>; 2], version: Version) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let policy = Policy {
            allow_v2: version == Version::V2,
            allow_v3: version == Version::V3,
            ..Policy::default()
        };
        let sides = keys
            .each_ref()
            .map(|key| Conversation::new(Arc::clone(key), InstanceTag::random(&mut rng), policy));
        Self { sides, rng, now: Instant::now() }
    }

    pub(crate) fn private(keys: &[Arc<SigningKey>; 2], version: Version) -> Self {
        let mut pair = Self::plain(keys, version);
        pair.exchange_keys();
        pair
    }

    /// Carries messages to and fro, beginning with what `side` sends; all events.
    fn deliver(&mut self, mut side: usize, mut outputs: Vec<Output>) -> Vec<Event> {
        let mut events = Vec::new();
        while !outputs.is_empty() {
            side = 1 - side;
            let Self { sides, rng, now } = self;
            let receiver = sides.get_mut(side).unwrap();
            let mut replies = Vec::new();
            for output in outputs {
                match output {
                    Output::Send(message) => replies.extend(receiver.receive(*now, rng, &message)),
                    Output::Event(event) => events.push(event),
                }
            }
            outputs = replies;
        }
        events
    }

    pub(crate) fn exchange_keys(&mut self) {
        let [alice, _] = &mut self.sides;
        let query = alice.start(self.now, &mut self.rng);
        self.deliver(0, query);
        assert!(self.sides.iter().all(Conversation::is_private));
    }

    pub(crate) fn smp(&mut self) {
        let [alice, _] = &mut self.sides;
        let asked = alice.smp_start(self.now, &mut self.rng, b"rex", None).unwrap();
        self.deliver(0, asked);
        let [_, bob] = &mut self.sides;
        let answered = bob.smp_answer(self.now, &mut self.rng, b"rex").unwrap();
        let events = self.deliver(1, answered);
        assert_eq!(events.iter().filter(|event| **event == Event::SmpSucceeded).count(), 2);
    }

    pub(crate) fn say(&mut self, side: usize, text: &str) {
        let outputs = self.sides.get_mut(side).unwrap().send(self.now, &mut self.rng, text);
        let events = self.deliver(side, outputs.unwrap());
        assert!(matches!(&*events, [Event::Heard { encrypted: true, .. }]));
    }
}

pub(crate) fn keys() -> [Arc<SigningKey>; 2] {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    [(); 2].map(|()| Arc::new(SigningKey::generate(&mut rng)))
}
