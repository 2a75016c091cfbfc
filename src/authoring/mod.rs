//! The tools of lesson authors: `otrbot lesson check`, `graph`, `play` and `schema`.
//!
//! ```text
//! Sources --parse--> Lesson --+-- coverage   what translations lack
//!                             +-- drawing    svg, dot, mermaid
//!                             +-- play       a real session, a simulated learner, a clock of its own
//! ```
//!
//! `settings/lessons/README.md` shows authors how to use them.

mod check;
pub mod coverage;
mod draw;
pub mod play;
pub mod sources;

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::{cli, failure::Failure, lesson::schema, translations};

/// Carries out a command of `otrbot lesson`.
///
/// # Errors
///
/// A [`Failure`]: an argument names nothing, or a lesson has faults.
pub fn run(command: &cli::Lesson, settings: Option<PathBuf>, verbose: bool) -> Result<(), Failure> {
    match command {
        cli::Lesson::Check(arguments) => check::run(arguments, settings, verbose),
        cli::Lesson::Graph(arguments) => draw::run(arguments, settings),
        cli::Lesson::Play(arguments) => play::run(arguments, settings),
        cli::Lesson::Schema(arguments) => output(arguments.output.as_deref(), &schema::json()),
    }
}

/// Writes to a file, or to the standard output.
fn output(file: Option<&Path>, text: &str) -> Result<(), Failure> {
    let Some(file) = file else {
        // Whoever closes the pipe has seen enough.
        drop(io::stdout().write_all(text.as_bytes()));
        return Ok(());
    };
    translations::write_file(file, text.as_bytes())
}

/// The text of a file.
fn read_text(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file)
        .map_err(|error| Failure::MissingDependency(format!("{}: {error}", file.display())))
}
