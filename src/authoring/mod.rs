//! The tools of lesson authors: `otrbot lesson check`, `graph`, `play`, `rubric` and `schema`.
//!
//! ```text
//! Sources --parse--> Lesson --+-- coverage   what translations lack
//!                             +-- drawing    svg, dot, mermaid
//!                             +-- stage      a real session, a simulated learner, a clock of its own
//!                                   +-- play     an author says what the learner does
//!                                   +-- rubric   difficult learners do, and are looked after
//! ```
//!
//! `settings/lessons/README.md` shows authors how to use them.

mod check;
pub mod coverage;
mod draw;
pub mod play;
pub mod rubric;
pub mod sources;
mod stage;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use gettext::{Catalog, Catalogs};

use crate::{cli, failure::Failure, files, i18n, lesson::schema, translations};

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
        cli::Lesson::Rubric(arguments) => rubric::run(arguments, settings, verbose),
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

/// Largest script, in bytes.
const MAX_SCRIPT_BYTES: u64 = 1 << 20;

/// The text of a file.
fn read_text(file: &Path) -> Result<String, Failure> {
    files::read_text(file, MAX_SCRIPT_BYTES)
        .map_err(|error| Failure::unreadable(&file.display().to_string(), &error))
}

/// All languages, and the one of this locale; English, if none is named.
fn languages(
    locale: Option<&str>,
    folder: Option<&Path>,
) -> Result<(Catalogs, Arc<Catalog>), Failure> {
    let (catalogs, problems) = i18n::load(folder);
    for problem in problems {
        sources::warn(&problem.to_string());
    }
    let Some(locale) = locale else { return Ok((catalogs, Arc::new(Catalog::source()))) };
    let catalog = language(locale, &catalogs)
        .map_err(|what| Failure::InvalidArgument(format!("--locale {what}")))?;
    Ok((catalogs, catalog))
}

/// The texts of a locale; the error says which there are.
fn language(locale: &str, catalogs: &Catalogs) -> Result<Arc<Catalog>, String> {
    let found = catalogs.find(locale);
    let language = |locale: &str| gettext::locale::language(locale);
    if language(found.locale()) == language(locale) {
        return Ok(found);
    }
    let known: Vec<&str> = catalogs.iter().map(|catalog| catalog.locale()).collect();
    Err(format!("{locale}: there are no texts in this language; there are {}", known.join(", ")))
}
