//! Our engine and a peer, with a network between them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use otr::conversation::Conversation;
use otr::event::{Event, Output};
use otr::identity::SigningKey;
use otr::instance::InstanceTag;
use otr::limits::Limits;
use otr::policy::Policy;
use otr::version::Version;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::{Value, json};

use crate::peer::{Peer, Setting};

/// Messages that one cause may lead to. An exchange in small pieces takes some hundred; two
/// engines that keep answering each other take more.
const MAX_MESSAGES: usize = 5_000;

pub(crate) struct Pair {
    pub(crate) setting: Setting,
    pub(crate) ours: Conversation,
    pub(crate) theirs: Peer,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) now: Instant,
    /// What our host was told, until it is taken.
    our_events: Vec<Event>,
    /// What the peer's host was told, until it is taken.
    their_events: Vec<Value>,
    /// How many signs of life we and the peer have seen that were nothing else.
    pub(crate) heartbeats: [usize; 2],
    to_us: VecDeque<String>,
    to_them: VecDeque<String>,
    /// The longest message that either has sent.
    pub(crate) longest: [usize; 2],
}

/// A policy that allows this version alone and starts nothing by itself.
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

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.map(|digit| char::from_digit(digit.into(), 16).unwrap()).collect()
}

impl Pair {
    /// Both in plaintext. `versions` are the peer's.
    #[expect(clippy::disallowed_methods, reason = "the clock of the test starts somewhere")]
    pub(crate) fn with(setting: Setting, policy: Policy, versions: &str, seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let key = Arc::new(SigningKey::generate(&mut rng));
        let ours = Conversation::new(key, InstanceTag::random(&mut rng), policy);
        Self {
            setting,
            ours,
            theirs: Peer::start(setting.engine, versions),
            rng,
            now: Instant::now(),
            our_events: Vec::new(),
            their_events: Vec::new(),
            heartbeats: [0; 2],
            to_us: VecDeque::new(),
            to_them: VecDeque::new(),
            longest: [0; 2],
        }
    }

    /// Both in private, within the limits of programs of people.
    pub(crate) fn large(setting: Setting) -> Self {
        let mut pair = Self::plain(setting);
        let key = Arc::new(SigningKey::generate(&mut pair.rng));
        let tag = InstanceTag::random(&mut pair.rng);
        pair.ours = Conversation::with_limits(key, tag, only(setting.version), Limits::LARGE);
        pair.theirs = Peer::start_large(setting.engine, &setting.version.to_string());
        pair.start();
        pair.assert_private();
        pair.forget_events();
        pair
    }

    /// Both in plaintext, and both with this version alone.
    pub(crate) fn plain(setting: Setting) -> Self {
        Self::with_policy(setting, only(setting.version))
    }

    /// Both in plaintext, and the peer with this version alone.
    pub(crate) fn with_policy(setting: Setting, policy: Policy) -> Self {
        Self::with(setting, policy, &setting.version.to_string(), 1)
    }

    /// Both in private.
    pub(crate) fn private(setting: Setting) -> Self {
        let mut pair = Self::plain(setting);
        pair.start();
        pair.assert_private();
        pair.forget_events();
        pair
    }

    /// We send a query.
    pub(crate) fn start(&mut self) {
        let outputs = self.ours.start(self.now, &mut self.rng);
        self.take_in(outputs);
        self.deliver();
    }

    /// The peer runs a command.
    pub(crate) fn command(&mut self, command: &Value) {
        let printed = self.theirs.run(command);
        self.print(printed);
        self.deliver();
    }

    /// We say something.
    pub(crate) fn say(&mut self, text: &str) {
        let outputs = self.ours.send(self.now, &mut self.rng, text).unwrap();
        self.take_in(outputs);
        self.deliver();
    }

    /// The peer says something.
    pub(crate) fn they_say(&mut self, text: &str) {
        self.command(&json!({"cmd": "send", "text": text}));
    }

    /// What a request to our side led to.
    pub(crate) fn take_in(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(message) => {
                    self.longest[0] = self.longest[0].max(message.len());
                    self.to_them.push_back(message);
                }
                Output::Event(Event::Heartbeat) => self.heartbeats[0] += 1,
                Output::Event(event) => self.our_events.push(event),
            }
        }
    }

    /// What a command to the peer led to.
    fn print(&mut self, printed: Vec<Value>) {
        for line in printed {
            match line["out"].as_str() {
                Some(message) => {
                    self.longest[1] = self.longest[1].max(message.len());
                    self.to_us.push_back(message.to_owned());
                }
                None if line["event"] == "heartbeat" => self.heartbeats[1] += 1,
                None => self.their_events.push(line),
            }
        }
    }

    /// Carries messages to and fro until both are silent.
    pub(crate) fn deliver(&mut self) {
        for _ in 0..MAX_MESSAGES {
            if let Some(message) = self.to_them.pop_front() {
                let printed = self.theirs.run(&json!({"cmd": "recv", "msg": message}));
                self.print(printed);
            } else if let Some(message) = self.to_us.pop_front() {
                let outputs = self.ours.receive(self.now, &mut self.rng, &message);
                self.take_in(outputs);
            } else {
                return;
            }
        }
        panic!("they do not stop answering each other");
    }

    /// A message reaches the peer as if we had sent it.
    pub(crate) fn inject_to_them(&mut self, message: &str) {
        self.to_them.push_back(message.to_owned());
        self.deliver();
    }

    /// A message reaches us as if the peer had sent it.
    pub(crate) fn inject_to_us(&mut self, message: &str) {
        self.to_us.push_back(message.to_owned());
        self.deliver();
    }

    /// What our host was told. Signs of life are counted, not listed: any message
    /// without a text is one.
    pub(crate) fn our_events(&mut self) -> Vec<Event> {
        core::mem::take(&mut self.our_events)
    }

    /// What the peer's host was told, likewise.
    pub(crate) fn their_events(&mut self) -> Vec<Value> {
        core::mem::take(&mut self.their_events)
    }

    pub(crate) fn forget_events(&mut self) {
        self.our_events.clear();
        self.their_events.clear();
    }

    /// The peer's state, by its own account.
    pub(crate) fn their_state(&mut self) -> String {
        let printed = self.theirs.run(&json!({"cmd": "status"}));
        printed[0]["state"].as_str().unwrap().to_owned()
    }

    /// Both are in one private conversation and agree about keys, session and version; both have
    /// been told so, once.
    pub(crate) fn assert_private(&mut self) {
        let fingerprint = self.ours.peer_fingerprint().expect("we are in private");
        assert_eq!(fingerprint.to_hex(), self.theirs.fingerprint());
        let version = self.setting.version;
        assert_eq!(self.our_events(), [Event::GoneSecure { version, fingerprint }]);
        assert_eq!(self.their_events(), [self.session("encrypted")]);
        assert_eq!(self.their_state(), "encrypted");
    }

    /// What the peer tells of a session whose values are ours.
    pub(crate) fn session(&self, event: &str) -> Value {
        json!({
            "event": event,
            "fingerprint": self.ours.our_fingerprint().to_hex(),
            "session_id": hex(&self.ours.ssid().unwrap()),
            "version": self.setting.version.number(),
        })
    }

    /// What we say arrives, encrypted, and leads to nothing else.
    pub(crate) fn assert_they_hear(&mut self, text: &str) {
        self.say(text);
        let heard = json!({"event": "plaintext", "text": text, "encrypted": true});
        assert_eq!(self.their_events(), [heard]);
        assert_eq!(self.our_events(), []);
    }

    /// What the peer says arrives, encrypted, and leads to nothing else.
    pub(crate) fn assert_we_hear(&mut self, text: &str) {
        self.they_say(text);
        // Debug output of events hides texts, so they are compared by themselves first.
        let events = self.our_events();
        let [Event::Heard { text: heard, encrypted: true }] = &*events else {
            panic!("{events:?}");
        };
        assert_eq!(heard, text);
        assert_eq!(self.their_events(), Vec::<Value>::new());
    }

    /// Texts pass both ways.
    pub(crate) fn assert_talks(&mut self) {
        self.assert_they_hear("Can you read this?");
        self.assert_we_hear("Yes. And this?");
        self.assert_they_hear("Yes.");
    }
}
