//! `otrbot lesson rubric`: a lesson, played by difficult learners.
//!
//! ```text
//! Course --stops--> for each of the LEARNERS and each of its stops: Trial --> failings --> Report
//! ```
//!
//! A learner is no script for one lesson: the way to each state is found by going on as somebody would
//! who understands everything (`way`), and what is said are words of the lesson's own topics, in the
//! learner's language. So it is the same for the lessons of any author.

mod course;
mod learners;
mod report;
mod texts;
mod trial;
mod way;
mod words;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rand::rngs::StdRng;

use self::{
    course::{Course, Stop},
    learners::{LEARNERS, Learner},
    report::{Played, Report},
    texts::Texts,
    trial::{Ground, Trial},
};
use super::{
    languages,
    sources::Sources,
    stage::{self, Keys},
};

use crate::{cli, failure::Failure, translations::say};

/// Plays a lesson with all difficult learners, and shows what they got.
///
/// # Errors
///
/// There is no such lesson or language, the lesson has faults, or a learner was let down.
pub fn run(
    arguments: &cli::RateLesson,
    settings: Option<PathBuf>,
    verbose: bool,
) -> Result<(), Failure> {
    let mut sources = Sources::load(settings)?;
    let (source, lesson) = sources.open(arguments.lesson.as_deref())?;
    let folder = arguments.locales.as_deref().or(sources.locales.as_deref());
    let (catalogs, catalog) = languages(arguments.locale.as_deref(), folder)?;
    let (locale, circumstances) = (catalog.locale().to_owned(), &arguments.circumstances);
    let mut rng: StdRng = rand::make_rng();
    let ground = Ground {
        config: stage::config(
            &sources,
            Arc::clone(&lesson),
            &catalogs,
            Arc::clone(&catalog),
            circumstances,
            &mut rng,
        ),
        texts: Texts::of(&lesson, &catalogs),
        secret: circumstances.secret.clone(),
        keys: Keys::generate(&mut rng),
        lesson,
        catalogs,
        catalog,
    };
    let report = rate(&ground);
    say(&report.show(&format!("{} ({locale})", source.name), verbose));
    match report.n_failed() {
        0 => Ok(()),
        n_failed => Err(Failure::BadSetting(format!(
            "{}: difficult learners were let down in {n_failed} of {} plays; see above",
            source.file,
            report.n_plays()
        ))),
    }
}

/// Has all learners play, on all cores.
fn rate(ground: &Ground) -> Report {
    let course = Course::of(ground);
    let plays: Vec<(&Learner, &Stop)> = LEARNERS
        .iter()
        .flat_map(|learner| (learner.stops)(&course).into_iter().map(move |stop| (learner, stop)))
        .collect();
    let next = AtomicUsize::new(0);
    let played: Mutex<Vec<(usize, Played)>> = Mutex::default();
    let n_threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..n_threads {
            scope.spawn(|| {
                loop {
                    let ix = next.fetch_add(1, Ordering::Relaxed);
                    let Some((learner, stop)) = plays.get(ix) else { return };
                    let one = play(ground, learner, stop, course.passes);
                    played.lock().unwrap_or_else(PoisonError::into_inner).push((ix, one));
                }
            });
        }
    });
    let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    played.sort_by_key(|(ix, _)| *ix);
    let straight = Played::of("the straight way", "", course.outcome);
    Report::of(std::iter::once(straight).chain(played.into_iter().map(|(_, played)| played)))
}

fn play(ground: &Ground, learner: &Learner, stop: &Stop, passes: bool) -> Played {
    let mut trial = Trial::new(ground, passes);
    trial.go(stop.n_steps);
    (learner.play)(&mut trial);
    Played::of(learner.name, &stop.state, trial.finish())
}
