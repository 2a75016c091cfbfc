//! Speed of the OTR engine: keys, key exchanges, SMP, texts.
//!
//! A key exchange, a run of SMP and a text count the work of both sides. In `alternating` the
//! direction changes with every text, so that the keys rotate each time; in `one way` they do not.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use otrbot::otr::conversation::Conversation;
use otrbot::otr::dh::DhSecret;
use otrbot::otr::event::{Event, Output};
use otrbot::otr::identity::{PublicKey, SigningKey};
use otrbot::otr::instance::InstanceTag;
use otrbot::otr::policy::Policy;
use otrbot::otr::version::Version;
use otrbot::otr::wire::Reader;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

/// Two conversations with each other.
struct Pair {
    sides: [Conversation; 2],
    rng: ChaCha20Rng,
    now: Instant,
}

impl Pair {
    #[expect(clippy::disallowed_methods, reason = "the clock of the benchmark starts somewhere")]
    fn plain(keys: &[Arc<SigningKey>; 2], version: Version) -> Self {
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

    fn private(keys: &[Arc<SigningKey>; 2], version: Version) -> Self {
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

    fn exchange_keys(&mut self) {
        let [alice, _] = &mut self.sides;
        let query = alice.start(self.now, &mut self.rng);
        self.deliver(0, query);
        assert!(self.sides.iter().all(Conversation::is_private));
    }

    fn smp(&mut self) {
        let [alice, _] = &mut self.sides;
        let asked = alice.smp_start(self.now, &mut self.rng, b"rex", None).unwrap();
        self.deliver(0, asked);
        let [_, bob] = &mut self.sides;
        let answered = bob.smp_answer(self.now, &mut self.rng, b"rex").unwrap();
        let events = self.deliver(1, answered);
        assert_eq!(events.iter().filter(|event| **event == Event::SmpSucceeded).count(), 2);
    }

    fn say(&mut self, side: usize, text: &str) {
        let outputs = self.sides.get_mut(side).unwrap().send(self.now, &mut self.rng, text);
        let events = self.deliver(side, outputs.unwrap());
        assert!(matches!(&*events, [Event::Heard { encrypted: true, .. }]));
    }
}

fn keys() -> [Arc<SigningKey>; 2] {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    [(); 2].map(|()| Arc::new(SigningKey::generate(&mut rng)))
}

fn primitives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("otr/keys");
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let key = SigningKey::generate(&mut rng);
    let encoding = key.public_key().encode();
    let signature = key.sign(&mut rng, &[7; 32]);
    let secret = DhSecret::random(&mut rng);
    let theirs = DhSecret::random(&mut rng).public();

    group.bench_function("generate a DSA key", |b| b.iter(|| SigningKey::generate(&mut rng)));
    group.bench_function("sign", |b| b.iter(|| key.sign(&mut rng, black_box(&[7; 32]))));
    group.bench_function("verify", |b| {
        b.iter(|| assert!(key.public_key().verify(black_box(&[7; 32]), &signature)));
    });
    group.bench_function("read a DSA key of ours", |b| {
        b.iter(|| PublicKey::decode(&mut Reader::new(black_box(&encoding))).unwrap());
    });
    group.bench_function("D-H public value", |b| b.iter(|| black_box(&secret).public()));
    group.bench_function("D-H shared secret", |b| b.iter(|| secret.shared(black_box(&theirs))));
    group.finish();
}

fn exchanges(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("otr/exchanges");
    let keys = keys();
    for version in VERSIONS {
        group.bench_function(format!("key exchange, version {version}"), |b| {
            b.iter_batched_ref(
                || Pair::plain(&keys, version),
                Pair::exchange_keys,
                BatchSize::SmallInput,
            );
        });
        group.sample_size(20);
        let mut pair = Pair::private(&keys, version);
        group.bench_function(format!("SMP, version {version}"), |b| b.iter(|| pair.smp()));
    }
    group.finish();
}

fn texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("otr/texts");
    let keys = keys();
    for version in VERSIONS {
        for len in [100, 10_240] {
            let text = "x".repeat(len);
            let mut pair = Pair::private(&keys, version);
            group.bench_function(format!("alternating, {len} bytes, version {version}"), |b| {
                let mut side = 0;
                b.iter(|| {
                    pair.say(side, &text);
                    side = 1 - side;
                });
            });
            group.bench_function(format!("one way, {len} bytes, version {version}"), |b| {
                b.iter(|| pair.say(0, &text));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, primitives, exchanges, texts);
criterion_main!(benches);
