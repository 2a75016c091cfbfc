//! The OTR engine as its host sees it: two ends, one clock, a line that can lose, repeat and
//! reorder.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of a test may fail it, and a test begins at some time"
)]

mod data;
mod exchange;
mod faults;
mod fixed;
mod fragments;
mod fuzz_replay;
mod hand;
mod limits;
mod losses;
mod math;
mod pair;
mod policy;
mod props;
mod redaction;
mod smp;
mod upkeep;
mod vectors;
mod versions;
