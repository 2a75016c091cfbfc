//! The daemon on a real stage: a real Prosody, profanity as the learner, an LMS that signs launches
//! and checks grades.

mod assignments;
mod bad_input;
mod certificates;
mod claims;
mod command;
mod component;
mod detours;
mod elsewhere;
mod failing_lms;
mod faults;
mod for_whom;
mod front;
mod grades;
mod hygiene;
mod interruption;
mod lesson;
mod losses;
mod manners;
mod many;
mod memory;
mod moved;
mod pasted;
mod props;
mod reload;
mod service;
mod start;
mod stop;
mod storage;
mod talk;
mod watching;
mod wrong_launches;

use std::path::Path;

/// The program under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_otrbot"))
}
