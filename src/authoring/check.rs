//! `otrbot lesson check`.

use std::{
    collections::BTreeSet,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use gettext::Catalogs;

use super::{
    coverage::{self, Coverage},
    sources::{self, Source, Sources, warn},
};

use crate::{
    cli,
    drawing::words::counted,
    failure::Failure,
    i18n,
    lesson::{self, Doubt, Lesson, Spot, folder, library},
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
        doubts.extend(sources.file_doubts.iter().cloned());
    }
    let mut lessons = Vec::new();
    for source in &chosen {
        let checked = if lesson::is_shared(&source.yaml) {
            Sources::parse_shared(source).map(|texts| {
                let found = lesson::doubts_of_shared(&source.yaml);
                doubts.extend(found.iter().map(|doubt| sources.tell(source, doubt)));
                say(&format!("{}: no faults: {}", source.name, counted(texts.len(), "text")));
                report_translations(source, &coverage::of_texts(&texts, &catalogs), verbose);
            })
        } else {
            sources.parse(source).map(|lesson| {
                doubts.extend(lesson.doubts().iter().map(|doubt| sources.tell(source, doubt)));
                report(source, &lesson, &catalogs, verbose);
                lessons.push((source, lesson));
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
    doubts.extend(same_titles(&sources, &lessons));
    doubts.extend(chosen.iter().filter_map(ending));
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

/// Lessons that have the title of another one.
fn same_titles(sources: &Sources, lessons: &[(&Source, Arc<Lesson>)]) -> Vec<String> {
    // Those that the program brings were there first.
    let is_own = |file: &str| !file.starts_with(sources::BUILT_IN);
    let mut lessons: Vec<_> = lessons.iter().collect();
    lessons.sort_by_key(|(source, _)| is_own(&source.file));
    let by_name = lessons.iter().map(|(source, lesson)| (source.name.as_str(), &**lesson));
    let found = library::same_titles(by_name).into_iter().filter_map(|(name, doubt)| {
        let (source, _) = lessons.iter().find(|(source, _)| source.name == name)?;
        // One that it has from another lesson is missing in the file itself.
        let own = Spot { other: None, line: 1, column: 1 };
        let spot = if doubt.spot.other.is_some() { own } else { doubt.spot };
        Some(sources.tell(source, &Doubt { spot, kind: doubt.kind }))
    });
    found.collect()
}

/// That a file has an ending by which it is not found in a folder.
fn ending(source: &Source) -> Option<String> {
    let path = Path::new(&source.file);
    let doubt = folder::ending(path)?;
    Some(format!("{}: warning: {doubt}", source.file))
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
