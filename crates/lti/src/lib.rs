//! LTI: launches from a learning management system, and grades back to it. Pure: no clock, no
//! network, no store; time and randomness are arguments.
//!
//! ```text
//! request -> verify -> Signed -> (nonce is stored) -> Launch        what the platform says
//! Launch -> Presentation -> (store) -> style sheet, clock            how pages look
//!            Token <-> form field of a page                         who the page is for
//! Score   -> grade::Request -> (HTTP) -> answer::classify           what the platform is told
//! ```

pub mod answer;
pub mod claim;
mod colour;
pub mod consumers;
pub mod error;
pub mod form;
pub mod grade;
pub mod launch;
pub mod origins;
pub mod other;
pub mod presentation;
pub mod reach;
mod reading;
pub mod roles;
pub mod signature;
mod spelling;
pub mod token;
pub mod unreachable;
pub mod verify;

pub use claim::Claim;
pub use consumers::Consumers;
pub use error::{Fault, LaunchError};
pub use launch::{Accepts, Launch, Outcome};
pub use other::Other;
pub use presentation::Presentation;
pub use roles::Roles;
pub use verify::{RawLaunch, Rules, Signed, verify};

/// The example of the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
