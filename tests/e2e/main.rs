//! The daemon on a real stage: a real Prosody, profanity as the learner, an LMS that signs launches
//! and checks grades.

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod command;
mod detours;
mod grades;
mod lesson;
mod props;
mod stop;

use std::path::Path;

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_otrbot"))
}
