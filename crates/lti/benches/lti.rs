//! Speed of the verification of a launch as Canvas sends it: some 60 parameters, 4 kB.

#![expect(clippy::unwrap_used, reason = "a benchmark may fail")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lti::{Consumers, Rules, form, verify};
use support::canvas;
use url::Url;

const NOW: i64 = 1_700_000_000;

fn verification(criterion: &mut Criterion) {
    let mut consumers = Consumers::default();
    assert!(consumers.add(canvas::KEY, canvas::SECRET.into()));
    let public_url = Url::parse("https://otrbot.example.org/").unwrap();
    let launch = canvas::signed(&public_url, "learner", "n0nce", NOW);
    let rules = Rules { public_url, window: 300 };
    let mut group = criterion.benchmark_group("lti/launch");
    group.throughput(Throughput::Bytes(launch.body.len().try_into().unwrap()));
    group.bench_function("decode the form", |b| {
        b.iter(|| form::parse(black_box(&launch.body)).unwrap());
    });
    group.bench_function("verify", |b| {
        b.iter(|| verify(black_box(&launch), &consumers, &rules, NOW).unwrap());
    });
    group.bench_function("verify and read", |b| {
        b.iter(|| verify(black_box(&launch), &consumers, &rules, NOW).unwrap().read().unwrap());
    });
    let mut forged = launch.clone();
    forged.body.extend_from_slice(b"&more=1");
    group.bench_function("refuse", |b| {
        b.iter(|| verify(black_box(&forged), &consumers, &rules, NOW).unwrap_err());
    });
    group.finish();
}

criterion_group!(benches, verification);
criterion_main!(benches);
