//! The stage of the tests and of the demo: real programs on loopback, and the LMS's side of LTI.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::string_slice,
    dead_code,
    reason = "helpers of a test may fail it, read the clock, and are not all used by every suite"
)]

pub(crate) mod daemon;
pub(crate) mod fake;
pub(crate) mod hole;
pub(crate) mod learner;
pub(crate) mod lms;
pub(crate) mod oauth;
pub(crate) mod outcomes;
pub(crate) mod postgres;
pub(crate) mod profanity;
pub(crate) mod prosody;
pub(crate) mod stage;
pub(crate) mod wait;
pub(crate) mod web;
