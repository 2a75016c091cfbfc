//! Many learners at once, and how long each step took them.

use std::{fmt, io::Write as _, num::NonZeroU32, sync::Arc, time::Duration};

use anyhow::anyhow;
use tokio::{sync::Semaphore, task::JoinSet, time::sleep};

use super::{
    Authorities, NUMBER, name_of,
    person::now,
    read,
    script::{self, Line},
    start,
};
use crate::{cli, failure::Failure};

/// What learners do who have no script: the lesson `basics`, in the shortest way.
const SHORTEST: &str = "hello\n/otr\n/wait private\n/smp\n/wait verified\n/wait secret\n/end\n";

/// Most reasons of failures that are shown; the rest are usually the same.
const SHOWN: usize = 5;

/// Takes `count` lessons and prints the table.
///
/// # Errors
///
/// A [`Failure`]: an argument, or that some of them failed.
pub(super) async fn take(
    arguments: &cli::Learner,
    authorities: &Authorities,
    count: u32,
) -> Result<(), Failure> {
    if count > 1 && !arguments.jid.contains(NUMBER) {
        return Err(Failure::InvalidArgument(format!(
            "--jid {}: {count} learners need {count} accounts; put {NUMBER} where their number \
             stands, as in learner{NUMBER}@example.org",
            arguments.jid
        )));
    }
    let lines = Arc::new(lines(arguments)?);
    let at_once = arguments.at_once.map_or(count, NonZeroU32::get);
    let slots = Arc::new(Semaphore::new(usize::try_from(at_once).unwrap_or(usize::MAX >> 4)));
    let begin = now();
    let mut lessons = JoinSet::new();
    for ix in 0..count {
        let number = arguments.first.saturating_add(ix);
        let delay = arguments.ramp.mul_f64(f64::from(ix) / f64::from(count));
        let (arguments, authorities) = (arguments.clone(), authorities.clone());
        let (lines, slots) = (Arc::clone(&lines), Arc::clone(&slots));
        lessons.spawn(async move {
            sleep(delay).await;
            // It is never closed.
            let _slot = slots.acquire_owned().await;
            (number, lesson(&arguments, &authorities, number, &lines).await)
        });
    }
    let mut table = Table::new(&lines);
    let mut failures = Vec::new();
    let mut n_tries = 0_u32;
    while let Some(done) = lessons.join_next().await {
        let (number, Lesson { times, failure, n_tries: tries }) =
            done.map_err(|error| anyhow!("a learner's task ended: {error}"))?;
        n_tries = n_tries.saturating_add(tries);
        table.add(&times, failure.is_some());
        if let Some(failure) = failure {
            failures.push(format!("learner {number}: {failure}"));
        }
    }
    let took = begin.elapsed().as_secs_f64();
    let passed = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(failures.len());
    let rate = f64::from(count) / took.max(f64::EPSILON);
    // A reader that went away is no fault of the lessons.
    drop(writeln!(
        std::io::stdout(),
        "{table}\n{passed} of {count} lessons in {took:.1} s, {rate:.2} a second"
    ));
    if arguments.persistent {
        drop(writeln!(std::io::stdout(), "steps tried again: {n_tries}"));
    }
    if failures.is_empty() {
        return Ok(());
    }
    let n_more = failures.len().saturating_sub(SHOWN);
    let n_failed = failures.len();
    failures.truncate(SHOWN);
    if n_more > 0 {
        failures.push(format!("and {n_more} more"));
    }
    Err(Failure::Unknown(anyhow!("{n_failed} lessons failed:\n{}", failures.join("\n"))))
}

/// The script, which all follow.
fn lines(arguments: &cli::Learner) -> Result<Vec<Line>, Failure> {
    let text = match &arguments.script {
        None => SHORTEST.to_owned(),
        Some(path) if path.as_os_str() == "-" => std::io::read_to_string(std::io::stdin())
            .map_err(|error| {
                Failure::InvalidArgument(format!(
                    "--script: the standard input cannot be read: {error}"
                ))
            })?,
        Some(path) => read(path, "--script")?,
    };
    let name = name_of(arguments.script.as_deref());
    let lines = (1..).zip(text.lines()).map(|(number, line)| {
        script::parse(line).map_err(|why| script::misread(&name, number, line, why))
    });
    lines.collect()
}

/// How it went for one learner.
struct Lesson {
    /// The time of each step that was done, the login first.
    times: Vec<Duration>,
    failure: Option<Failure>,
    /// How often steps were tried again.
    n_tries: u32,
}

async fn lesson(
    arguments: &cli::Learner,
    authorities: &Authorities,
    number: u32,
    lines: &[Line],
) -> Lesson {
    let mut times = Vec::new();
    let mut since = now();
    let mut learner = match start(arguments, authorities, Some(number), false) {
        Ok(learner) => learner,
        Err(failure) => return Lesson { times, failure: Some(failure), n_tries: 0 },
    };
    let mut lap = || {
        let end = now();
        let took = end.saturating_duration_since(since);
        since = end;
        took
    };
    let mut outcome = learner.log_in().await;
    if outcome.is_ok() {
        times.push(lap());
        for line in lines {
            if *line == Line::Quit {
                break;
            }
            outcome = learner.carry_out(line.clone()).await;
            if outcome.is_err() {
                break;
            }
            if let Line::Wait(_) = line {
                times.push(lap());
            }
        }
    }
    learner.log_out().await;
    let n_tries = learner.persistence.as_ref().map_or(0, |persistence| persistence.n_tries);
    Lesson { times, failure: outcome.err(), n_tries }
}

/// Times of all learners, step by step.
struct Table {
    steps: Vec<Step>,
}

struct Step {
    name: String,
    times: Vec<Duration>,
    n_failed: usize,
}

impl Table {
    fn new(lines: &[Line]) -> Self {
        let waits = lines.iter().filter_map(|line| match line {
            Line::Wait(what) => Some(what.to_string()),
            Line::Nothing
            | Line::Say(_)
            | Line::Otr
            | Line::Smp(_)
            | Line::Abort
            | Line::End
            | Line::Pause(_)
            | Line::Quit => None,
        });
        let names = ["log in".to_owned()].into_iter().chain(waits);
        let names = names.chain(["the whole lesson".to_owned()]);
        let step = |name| Step { name, times: Vec::new(), n_failed: 0 };
        Self { steps: names.map(step).collect() }
    }

    /// Adds a learner, who failed at the step after the last that was done.
    fn add(&mut self, times: &[Duration], has_failed: bool) {
        for (step, time) in self.steps.iter_mut().zip(times) {
            step.times.push(*time);
        }
        if has_failed {
            if let Some(step) = self.steps.get_mut(times.len()) {
                step.n_failed = step.n_failed.saturating_add(1);
            }
        } else if let Some(whole) = self.steps.last_mut() {
            whole.times.push(times.iter().sum());
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.steps.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        write!(f, "{:width$}", "step")?;
        for name in ["done", "failed", "min", "median", "p99", "max"] {
            write!(f, "  {name:>8}")?;
        }
        for Step { name, times, n_failed } in &self.steps {
            let mut times = times.clone();
            times.sort_unstable();
            write!(f, "\n{name:width$}  {:>8}  {n_failed:>8}", times.len())?;
            for per_cent in [0, 50, 99, 100] {
                match quantile(&times, per_cent) {
                    Some(time) => write!(f, "  {:>6.3} s", time.as_secs_f64())?,
                    None => write!(f, "  {:>8}", "-")?,
                }
            }
        }
        Ok(())
    }
}

/// The least of the sorted values that so many per cent do not exceed.
fn quantile(sorted: &[Duration], per_cent: usize) -> Option<Duration> {
    let rank = sorted.len().saturating_mul(per_cent).div_ceil(100).max(1);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_secs).collect()
    }

    #[test]
    fn quantiles_are_values_that_were_measured() {
        let hundred = seconds(&(1..=100).collect::<Vec<_>>());
        for (per_cent, expected) in [(0, 1), (50, 50), (99, 99), (100, 100)] {
            assert_eq!(quantile(&hundred, per_cent), Some(Duration::from_secs(expected)));
        }
        assert_eq!(quantile(&seconds(&[7]), 99), Some(Duration::from_secs(7)));
        assert_eq!(quantile(&[], 50), None);
    }

    #[test]
    fn the_table_has_a_line_for_each_step_and_counts_failures_where_they_are() {
        let lines: Vec<_> = SHORTEST.lines().map(|line| script::parse(line).unwrap()).collect();
        let mut table = Table::new(&lines);

        table.add(&seconds(&[1, 2, 3, 4]), false);
        table.add(&seconds(&[3, 4]), true);

        let shown = table.to_string();
        let cells: Vec<Vec<&str>> = shown.lines().map(|l| l.split("  ").collect()).collect();
        let numbers = |row: usize| -> Vec<String> {
            let cells = cells[row].iter().map(|cell| cell.trim().to_owned());
            cells.filter(|cell| !cell.is_empty()).collect()
        };
        assert_eq!(numbers(1), ["log in", "2", "0", "1.000 s", "1.000 s", "3.000 s", "3.000 s"]);
        assert_eq!(numbers(3)[..3], ["the verification", "1", "1"]);
        assert_eq!(numbers(5)[..4], ["the whole lesson", "1", "0", "10.000 s"]);
        assert_eq!(cells.len(), 6);
    }
}
