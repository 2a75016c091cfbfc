//! Two conversations and the line between them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otr::conversation::{Conversation, MessageState};
use otr::error::Ignored;
use otr::event::{Event, Output};
use otr::identity::{Fingerprint, SigningKey};
use otr::instance::InstanceTag;
use otr::policy::Policy;
use otr::version::Version;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// One end of the line.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) conversation: Conversation,
    pub(crate) rng: ChaCha20Rng,
    /// What was sent and has not arrived.
    pub(crate) sent: VecDeque<String>,
    /// What happened and was not asked for yet.
    events: Vec<Event>,
}

impl End {
    pub(crate) fn new(seed: u64, policy: Policy) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let key = Arc::new(SigningKey::generate(&mut rng));
        let instance = InstanceTag::random(&mut rng);
        let conversation = Conversation::new(key, instance, policy);
        Self { conversation, rng, sent: VecDeque::new(), events: Vec::new() }
    }

    pub(crate) fn receive(&mut self, now: Instant, body: &str) {
        let outputs = self.conversation.receive(now, &mut self.rng, body);
        self.take(outputs);
    }

    pub(crate) fn take(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(body) => self.sent.push_back(body),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    /// What happened since this was last asked.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The texts among it, with whether they were encrypted.
    pub(crate) fn heard(&mut self) -> Vec<(String, bool)> {
        let events = self.events().into_iter();
        events
            .filter_map(|event| match event {
                Event::Heard { text, encrypted } => Some((text, encrypted)),
                _ => None,
            })
            .collect()
    }

    /// Why messages were not acted on.
    pub(crate) fn refused(&mut self) -> Vec<Ignored> {
        let events = self.events().into_iter();
        events
            .filter_map(|event| match event {
                Event::Refused(why) => Some(why),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
        self.conversation.our_fingerprint()
    }

    pub(crate) fn state(&self) -> MessageState {
        self.conversation.message_state()
    }
}

/// Two ends, one clock.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) alice: End,
    pub(crate) bob: End,
    pub(crate) now: Instant,
}

/// Which end acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Alice,
    Bob,
}

impl Pair {
    /// Two ends that speak this version alone, and start nothing by themselves.
    pub(crate) fn new(version: Version) -> Self {
        Self::with_policies(only(version), only(version))
    }

    pub(crate) fn with_policies(alice: Policy, bob: Policy) -> Self {
        Self { alice: End::new(1, alice), bob: End::new(2, bob), now: Instant::now() }
    }

    /// Two ends in a private conversation that Bob has asked for, with nothing on the line.
    pub(crate) fn private(version: Version) -> Self {
        let mut pair = Self::new(version);
        pair.start(Who::Bob);
        pair.drive();
        assert!(pair.both_private());
        drop((pair.alice.events(), pair.bob.events()));
        pair
    }

    pub(crate) fn end(&mut self, who: Who) -> &mut End {
        match who {
            Who::Alice => &mut self.alice,
            Who::Bob => &mut self.bob,
        }
    }

    pub(crate) fn other(&mut self, who: Who) -> &mut End {
        match who {
            Who::Alice => &mut self.bob,
            Who::Bob => &mut self.alice,
        }
    }

    pub(crate) fn start(&mut self, who: Who) {
        let now = self.now;
        let end = self.end(who);
        let outputs = end.conversation.start(now, &mut end.rng);
        end.take(outputs);
    }

    pub(crate) fn say(&mut self, who: Who, text: &str) {
        let now = self.now;
        let end = self.end(who);
        let outputs = end.conversation.send(now, &mut end.rng, text).unwrap();
        end.take(outputs);
    }

    pub(crate) fn hang_up(&mut self, who: Who) {
        let now = self.now;
        let end = self.end(who);
        let outputs = end.conversation.end(now, &mut end.rng);
        end.take(outputs);
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    /// Delivers the oldest message of this end. Gives whether there was one.
    pub(crate) fn deliver(&mut self, from: Who) -> bool {
        let now = self.now;
        let Some(body) = self.end(from).sent.pop_front() else {
            return false;
        };
        self.other(from).receive(now, &body);
        true
    }

    /// Carries messages until none is under way.
    pub(crate) fn drive(&mut self) {
        for _ in 0..10_000 {
            let alice = self.deliver(Who::Alice);
            let bob = self.deliver(Who::Bob);
            if !alice && !bob {
                return;
            }
        }
        panic!("the ends keep each other busy");
    }

    /// Whether both are in the same private conversation.
    pub(crate) fn both_private(&self) -> bool {
        let (alice, bob) = (&self.alice.conversation, &self.bob.conversation);
        alice.is_private()
            && bob.is_private()
            && alice.ssid() == bob.ssid()
            && alice.version() == bob.version()
            && alice.peer_fingerprint() == Some(bob.our_fingerprint())
            && bob.peer_fingerprint() == Some(alice.our_fingerprint())
    }

    /// Checks that texts arrive both ways, encrypted.
    pub(crate) fn assert_alive(&mut self) {
        drop((self.alice.events(), self.bob.events()));
        for n in 0..3 {
            for who in [Who::Alice, Who::Bob] {
                let text = format!("alive {n} {who:?}");
                self.say(who, &text);
                self.drive();
                assert_eq!(self.other(who).heard(), [(text, true)]);
            }
        }
    }
}

/// A policy that allows one version and starts nothing by itself.
pub(crate) fn only(version: Version) -> Policy {
    Policy {
        allow_v2: version == Version::V2,
        allow_v3: version == Version::V3,
        require_encryption: false,
        send_tag: false,
        whitespace_start_ake: false,
        error_start_ake: false,
    }
}
