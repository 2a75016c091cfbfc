//! The stage of the tests and of the demo: real programs on loopback, and the LMS's side of LTI.

#![allow(
    clippy::allow_attributes,
    clippy::missing_panics_doc,
    clippy::wildcard_enum_match_arm,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::string_slice,
    reason = "helpers of a test may fail it, read the clock, and wait for one event among all kinds"
)]

pub mod canvas;
pub mod client;
pub mod daemon;
pub mod driver;
pub mod fake;
pub mod hole;
pub mod learner;
pub mod lms;
pub mod oauth;
pub mod outcomes;
pub mod peer;
pub mod postgres;
pub mod profanity;
pub mod prosody;
pub mod stage;
pub mod wait;
pub mod web;
