//! The `otrbot` program: see `otrbot --help`.

use std::{alloc::System, process::ExitCode};

use clap::Parser as _;
use zeroizing_alloc::ZeroAlloc;

/// Wipes what is given back: secrets pass through many hands that do not.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    match otrbot::run(otrbot::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            #[expect(clippy::print_stderr, reason = "the last word to the person at the terminal")]
            {
                eprintln!("otrbot: {failure}");
            }
            failure.exit_code()
        }
    }
}
