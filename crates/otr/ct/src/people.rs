//! Two people whose keys, exponents and shared secret are marked as secret.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use otr::{Conversation, Event, InstanceTag, MessageState, Output, Policy, SigningKey, Version};
use rand_chacha::ChaCha20Rng;
use rand_core::{SeedableRng as _, TryCryptoRng, TryRng};

use crate::mark_secret;

/// Randomness whose bytes are secret. Its words are instance tags, which are not.
struct SecretRng(ChaCha20Rng);

impl TryRng for SecretRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)?;
        mark_secret(bytes);
        Ok(())
    }
}

impl TryCryptoRng for SecretRng {}

/// Both sides of a conversation, and what each was told.
struct Two {
    rng: SecretRng,
    now: Instant,
    sides: [Conversation; 2],
    told: [Vec<Event>; 2],
}

/// The side that begins.
const ALICE: usize = 0;
const BOB: usize = 1;

impl Two {
    fn new(seed: u64, version: Version) -> Self {
        let mut rng = SecretRng(ChaCha20Rng::seed_from_u64(seed));
        let policy = Policy {
            allow_v2: version == Version::V2,
            allow_v3: version == Version::V3,
            ..Policy::default()
        };
        let sides = [(); 2].map(|()| {
            let key = SigningKey::generate(&mut rng);
            // As the daemon reads one from a file.
            let mut secret = key.secret_bytes().to_vec();
            mark_secret(&mut secret);
            let key = SigningKey::from_public(key.public_key().clone(), &secret)
                .expect("it is the secret half of that");
            Conversation::new(Arc::new(key), InstanceTag::random(&mut rng), policy.clone())
        });
        Self { rng, now: Instant::now(), sides, told: [Vec::new(), Vec::new()] }
    }

    /// Carries what one side says to the other, until nobody says anything more.
    fn carry(&mut self, from: usize, outputs: Vec<Output>) {
        let mut waiting = vec![(from, outputs)];
        while let Some((from, outputs)) = waiting.pop() {
            for output in outputs {
                match output {
                    Output::Send(body) => {
                        let to = 1 - from;
                        let side = &mut self.sides[to];
                        waiting.insert(0, (to, side.receive(self.now, &mut self.rng, &body)));
                    }
                    Output::Event(event) => self.told[from].push(event),
                }
            }
        }
    }

    fn take_told(&mut self, side: usize) -> Vec<Event> {
        std::mem::take(&mut self.told[side])
    }

    fn go_private(&mut self) {
        let outputs = self.sides[ALICE].start(self.now, &mut self.rng);
        self.carry(ALICE, outputs);
        for side in &self.sides {
            assert_eq!(side.message_state(), MessageState::Encrypted);
        }
    }

    fn say(&mut self, from: usize, text: &str) {
        let outputs = self.sides[from].send(self.now, &mut self.rng, text).expect("private");
        self.carry(from, outputs);
        let told = self.take_told(1 - from);
        let heard =
            |event: &Event| matches!(event, Event::Heard { text: heard, .. } if heard == text);
        assert!(told.iter().any(heard), "{told:?}");
    }

    fn compare(
        &mut self,
        from: usize,
        secrets: [&str; 2],
        question: Option<&str>,
        expected: &Event,
    ) {
        let [ours, theirs] = secrets.map(|secret| {
            let mut secret = secret.as_bytes().to_vec();
            mark_secret(&mut secret);
            secret
        });
        let outputs =
            self.sides[from].smp_start(self.now, &mut self.rng, &ours, question).expect("private");
        self.carry(from, outputs);
        let to = 1 - from;
        let outputs =
            self.sides[to].smp_answer(self.now, &mut self.rng, &theirs).expect("it was asked");
        self.carry(to, outputs);
        for side in [from, to] {
            let told = self.take_told(side);
            assert!(told.contains(expected), "{told:?}");
        }
    }
}

/// The whole of it.
pub fn check() {
    for (seed, version) in [(1, Version::V2), (2, Version::V3), (3, Version::V3)] {
        let mut two = Two::new(seed, version);
        two.go_private();
        for round in 0..3 {
            two.say(ALICE, &format!("round {round}"));
            two.say(
                BOB,
                "with a second line\nand more than one block of the cipher, as it happens",
            );
        }
        two.compare(ALICE, ["walrus", "walrus"], None, &Event::SmpSucceeded);
        two.compare(BOB, ["walrus", "kettle"], Some("which animal?"), &Event::SmpFailed);
        let (_key, outputs) =
            two.sides[BOB].request_extra_key(two.now, &mut two.rng, 1, b"file").expect("private");
        two.carry(BOB, outputs);
        // Fresh keys within a conversation, begun by the other side.
        let outputs = two.sides[BOB].start(two.now, &mut two.rng);
        two.carry(BOB, outputs);
        two.say(BOB, "still here");
        let outputs = two.sides[ALICE].end(two.now, &mut two.rng);
        two.carry(ALICE, outputs);
        println!("version {version:?}, seed {seed}: exchanged, talked, compared, ended");
    }
}
