//! `otrbot lesson check`.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    path::PathBuf,
};

use gettext::Catalogs;

use super::{
    coverage::{self, Coverage},
    sources::{Source, Sources, warn},
};

use crate::{
    cli,
    drawing::words::counted,
    failure::Failure,
    i18n,
    lesson::{self, Lesson},
    translations::say,
};

/// How many missing translations are shown of each language.
const N_SHOWN: usize = 5;

/// Checks lessons, and says how far their translations are.
///
/// # Errors
///
/// [`Failure::BadSetting`] if a lesson has faults; with `--strict`, doubts are faults.
pub(super) fn run(
    arguments: &cli::CheckLessons,
    settings: Option<PathBuf>,
    verbose: bool,
) -> Result<(), Failure> {
    let mut sources = Sources::load(settings)?;
    let locales = arguments.locales.as_ref().or(sources.locales.as_ref());
    let (catalogs, problems) = i18n::load(locales.map(PathBuf::as_path));
    let chosen = if arguments.lessons.is_empty() {
        sources.all()
    } else {
        arguments.lessons.iter().map(|named| sources.choose(named)).collect::<Result<_, _>>()?
    };
    for problem in problems {
        warn(&problem.to_string());
    }
    let mut n_faults = 0;
    let mut doubts = BTreeSet::new();
    if arguments.lessons.is_empty() {
        n_faults += sources.unreadable.len();
        for fault in &sources.unreadable {
            complain(fault);
        }
    }
    for source in &chosen {
        let checked = if lesson::is_shared(&source.yaml) {
            Sources::parse_shared(source).map(|texts| {
                say(&format!("{}: no faults: {}", source.name, counted(texts.len(), "text")));
                report_translations(source, &coverage::of_texts(&texts, &catalogs), verbose);
            })
        } else {
            sources.parse(source).map(|lesson| {
                doubts.extend(lesson.doubts().iter().map(|doubt| sources.tell(source, doubt)));
                report(source, &lesson, &catalogs, verbose);
            })
        };
        match checked {
            Ok(()) => {}
            Err(faults) => {
                n_faults += faults.len();
                for fault in &faults {
                    complain(fault);
                }
                say(&format!("{}: {}", source.name, counted(faults.len(), "fault")));
            }
        }
    }
    // What lessons share is told of once.
    for doubt in &doubts {
        complain(doubt);
    }
    if arguments.strict {
        n_faults += doubts.len();
    }
    if n_faults > 0 {
        return Err(Failure::BadSetting(format!(
            "{} in {}; see above",
            counted(n_faults, "fault"),
            counted(chosen.len(), "lesson")
        )));
    }
    Ok(())
}

/// A line as editors and other programs know it: file, line, column, text.
fn complain(fault: &str) {
    // A fault that cannot be shown is in the exit code still.
    drop(writeln!(io::stderr(), "{fault}"));
}

fn report(source: &Source, lesson: &Lesson, catalogs: &Catalogs, verbose: bool) {
    let graph = lesson.graph();
    let of_states: usize = graph.states().iter().map(|state| state.reactions.len()).sum();
    say(&format!(
        "{}: no faults: {}, {}, {}",
        source.name,
        counted(graph.states().len(), "state"),
        counted(of_states + graph.everywhere().len(), "reaction"),
        counted(lesson.texts().len(), "text"),
    ));
    report_translations(source, &coverage::of_lesson(lesson, catalogs), verbose);
}

fn report_translations(source: &Source, coverages: &[Coverage], verbose: bool) {
    for coverage in coverages {
        say(&format!("  {coverage}"));
        let n_shown = if verbose { coverage.missing.len() } else { N_SHOWN };
        for missing in coverage.missing.iter().take(n_shown) {
            say(&format!("    {}", missing.describe(&source.file)));
        }
        if let Some(more) = coverage.missing.len().checked_sub(n_shown).filter(|more| *more > 0) {
            say(&format!("    and {more} more; -v shows all"));
        }
    }
}
