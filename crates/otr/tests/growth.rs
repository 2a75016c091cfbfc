//! A private conversation that has seen many messages holds no more memory, and does no more work
//! for one, than one that has seen few.
//!
//! Memory and work are those of the allocator: bytes held, and bytes and blocks asked for. They are
//! the same on every machine, which times are not; `make bench` shows the times.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    dead_code,
    reason = "helpers of a test may fail it, and not all are used here"
)]

#[path = "otr/pair.rs"]
mod pair;

use std::alloc::System;

use otr::Version;
use otr::limits::{Limits, MAX_TEXT_BYTES, RESEND_WITHIN};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

use self::pair::{Pair, Who};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a pair of conversations costs after some messages.
#[derive(Debug, PartialEq, Eq)]
struct Cost {
    /// Bytes that both ends hold.
    held: usize,
    /// Bytes and blocks that the next ten messages ask for.
    work: (usize, usize),
}

fn held(stats: Stats) -> usize {
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Says `count` texts from one side, or from both in turn.
fn talk(pair: &mut Pair, count: usize, alternates: bool) {
    for n in 0..count {
        let who = if alternates && n % 2 == 1 { Who::Bob } else { Who::Alice };
        pair.say(who, "a text of some length, as people write them");
        pair.drive();
        drop((pair.alice.events(), pair.bob.events()));
    }
}

/// The cost after each of these numbers of messages.
fn costs(version: Version, alternates: bool, counts: &[usize]) -> Vec<Cost> {
    let before = Region::new(ALLOCATOR);
    let mut pair = Pair::private(version);
    let mut seen = 0;
    let mut costs = Vec::with_capacity(counts.len());
    for &count in counts {
        talk(&mut pair, count - seen, alternates);
        let held = held(before.change());
        let work = Region::new(ALLOCATOR);
        talk(&mut pair, 10, alternates);
        let work = work.change();
        costs.push(Cost { held, work: (work.bytes_allocated, work.allocations) });
        seen = count + 10;
    }
    costs
}

/// Numbers of the D-H keys have up to three bytes fewer now and then, and lists double once.
fn assert_flat(costs: &[Cost]) {
    let [first, .., last] = costs else { panic!("nothing was measured") };
    assert!(last.held <= first.held + first.held / 20, "{costs:?}");
    assert!(last.work.0 <= first.work.0 + first.work.0 / 20, "{costs:?}");
    assert!(last.work.1 <= first.work.1 + first.work.1 / 20, "{costs:?}");
}

/// Bytes held more than before, by the private conversation that has sent a long text: after the
/// next text, and when the long one is too old to be sent again.
fn left_of_a_long_text(version: Version) -> [usize; 2] {
    let mut pair = Pair::private(version);
    talk(&mut pair, 10, false);
    let long = "x".repeat(MAX_TEXT_BYTES);
    let before = Region::new(ALLOCATOR);

    pair.say(Who::Alice, &long);
    pair.drive();
    drop((pair.alice.events(), pair.bob.events()));
    assert!(held(before.change()) >= MAX_TEXT_BYTES / 2, "{:?}", before.change());
    talk(&mut pair, 1, false);
    let after_another = held(before.change());

    pair.say(Who::Alice, &long);
    pair.drive();
    drop((pair.alice.events(), pair.bob.events()));
    pair.wait(RESEND_WITHIN);
    let outputs = pair.alice.conversation.tick(pair.now, &mut pair.alice.rng);
    assert!(outputs.is_empty(), "{outputs:?}");
    [after_another, held(before.change())]
}

/// Bytes that one end holds for pieces of messages that never end, from strangers and from the one it
/// talks to.
fn held_for_pieces(limits: Limits) -> usize {
    let mut pair = Pair::private(Version::V3);
    let conversation = &mut pair.bob.conversation;
    let key = std::sync::Arc::new(otr::SigningKey::generate(&mut pair.bob.rng));
    let tag = otr::InstanceTag::random(&mut pair.bob.rng);
    *conversation = otr::Conversation::with_limits(key, tag, pair::only(Version::V3), limits);
    let piece = "A".repeat(limits.message_bytes / 8);
    let before = Region::new(ALLOCATOR);
    for k in 1..=7 {
        let strangers = if k == 1 { 0x1000..0x1040 } else { 0x103c..0x1040 };
        for tag in strangers {
            let start = if k == 1 { "?OTR:" } else { "" };
            let body = format!("?OTR|{tag:08x}|00000000,{k},9,{start}{piece},");
            pair.bob.receive(pair.now, &body);
        }
    }
    drop(pair.bob.events());
    held(before.change())
}

/// One test, for the allocator counts for the whole process.
#[test]
fn many_messages_cost_no_more_than_few() {
    for version in [Version::V2, Version::V3] {
        assert_flat(&costs(version, false, &[20, 1_000, 100_000]));
        assert_flat(&costs(version, true, &[20, 200, 2_000]));
    }

    // What both ends hold besides their long-term keys and the line between them.
    let [cost] = &costs(Version::V3, true, &[4])[..] else { panic!("nothing was measured") };
    assert!(cost.held / 2 < 9_000, "{cost:?}");

    for limits in [Limits::BOT, Limits::LARGE] {
        let held = held_for_pieces(limits);
        // A text that grows has room for twice as much.
        assert!(held <= 2 * limits.message_bytes * limits.partials + 65_536, "{held}");
        assert!(held >= limits.message_bytes, "{held}");
    }

    for version in [Version::V2, Version::V3] {
        assert_eq!(left_of_a_long_text(version), [0, 0], "version {version}");
    }
}
