//! The OTR engine as its host sees it: two ends, one clock, a line that can lose, repeat and
//! reorder.

mod data;
mod exchange;
mod fragments;
mod pair;
mod policy;
mod smp;
mod vectors;
