//! Speed of the OTR engine: keys, key exchanges, SMP, texts.
//!
//! A key exchange, a run of SMP and a text count the work of both sides. In `alternating` the
//! direction changes with every text, so that the keys rotate each time; in `one way` they do not.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

#[path = "support/pair.rs"]
mod pair;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use otr::dh::DhSecret;
use otr::identity::{PublicKey, SigningKey};
use otr::version::Version;
use otr::wire::Reader;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use self::pair::{Pair, keys};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

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
