//! The `otrbot` program: see `otrbot --help`.

use std::process::ExitCode;

use clap::Parser as _;

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
