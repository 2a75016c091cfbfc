//! What was measured, as tables in Markdown.

use std::time::Duration;

use crate::{
    probe::Cost,
    school::{Gauge, School},
};

/// From so many milliseconds of CPU on, a request is named after the table.
const DEAR: f64 = 5.0;

/// What one kind of request costs.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    who: &'static str,
    what: String,
    n: usize,
    /// What it was answered by.
    answer: String,
    /// CPU of all threads for each, in ms.
    whole: f64,
    /// CPU of the thread that had to do most, for each, in ms.
    most: (String, f64),
    /// By how many kB the daemon has grown, for each.
    grown: f64,
    /// From the request to its answer, as the client sees it, in order of size; none where nobody
    /// waits.
    times: Vec<Duration>,
}

impl Row {
    /// Reads what so many requests have cost since a look at the daemon.
    pub(crate) fn read(
        school: &School,
        gauge: &Gauge,
        (who, what): (&'static str, &str),
        n: usize,
        answer: String,
        mut times: Vec<Duration>,
    ) -> Self {
        let (Cost { whole, most }, grown) = school.read(gauge);
        times.sort_unstable();
        let each = n as f64;
        let row = Self {
            who,
            what: what.to_owned(),
            n,
            answer,
            whole: ms(whole) / each,
            most: (most.0, ms(most.1) / each),
            grown: grown as f64 / each,
            times,
        };
        eprintln!("  {who}: {what}: {:.2} ms of CPU", row.whole);
        row
    }
}

/// Adds the rows of another round. Of two of a kind the one with less CPU stays: others on the machine
/// only add to it.
pub(crate) fn merge(rows: &mut Vec<Row>, round: Vec<Row>) {
    for row in round {
        match rows.iter_mut().find(|old| old.who == row.who && old.what == row.what) {
            Some(old) if row.whole < old.whole => *old = row,
            Some(_) => {}
            None => rows.push(row),
        }
    }
}

/// The table of what requests cost at rest: the rows of the new program, and of the old one.
pub(crate) fn costs(new: &[Row], old: Option<&[Row]>) -> String {
    let beside = if old.is_some() { " old: CPU ms | most of a thread |" } else { "" };
    let line = if old.is_some() { "--:|--:|" } else { "" };
    let mut text = format!(
        "| who | request | n | answer | CPU ms each | most of a thread |{beside} \
         grows by, each | p50 | longest |\n|---|---|--:|---|--:|--:|{line}--:|--:|--:|\n"
    );
    for row in new {
        let Row { who, what, n, answer, whole, most, grown, times } = row;
        let before = old.map_or_else(String::new, |old| {
            let same = old.iter().find(|old| old.who == *who && old.what == *what);
            same.map_or_else(
                || " – | – |".to_owned(),
                |old| format!(" {:.2} | {:.2} {} |", old.whole, old.most.1, old.most.0),
            )
        });
        text.push_str(&format!(
            "| {who} | {what} | {n} | {answer} | {whole:.2} | {:.2} {} |{before} {grown:.1} kB | \
             {} | {} |\n",
            most.1,
            most.0,
            shown(percentile(times, 50)),
            shown(times.last().copied()),
        ));
    }
    let dear: Vec<String> = new
        .iter()
        .filter(|row| row.whole >= DEAR)
        .map(|row| format!("{}: {} ({:.1} ms)", row.who, row.what, row.whole))
        .collect();
    text.push_str(&format!("\n{} cases of {DEAR} ms and more: {}\n", dear.len(), dear.join("; ")));
    text
}

/// Answers to honest learners.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    /// In order of size. What was not answered counts with the time that it has waited.
    times: Vec<Duration>,
    /// How many were not answered within a second, up to the end.
    n_waiting: usize,
}

impl Answers {
    /// Of those that came, and of those that wait.
    pub(crate) fn new(mut times: Vec<Duration>, waiting: &[Duration]) -> Self {
        let long = waiting.iter().filter(|age| **age > Duration::from_secs(1));
        let before = times.len();
        times.extend(long);
        let n_waiting = times.len() - before;
        times.sort_unstable();
        Self { times, n_waiting }
    }

    /// The longest.
    pub(crate) fn longest(&self) -> Duration {
        self.times.last().copied().unwrap_or_default()
    }

    fn cells(&self) -> String {
        let Self { times, n_waiting } = self;
        let waiting = if *n_waiting > 0 { format!(", {n_waiting} not yet") } else { String::new() };
        format!(
            "{}{waiting} | {} | {} | {}",
            times.len(),
            shown(percentile(times, 50)),
            shown(percentile(times, 99)),
            shown(times.last().copied())
        )
    }
}

/// What an attack did to the honest learners.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) attack: &'static str,
    pub(crate) program: &'static str,
    /// Requests of the attackers a second.
    pub(crate) rate: f64,
    pub(crate) chat: Answers,
    pub(crate) pages: Answers,
    /// Honest requests that were not answered well.
    pub(crate) n_failed: usize,
    /// Cores that the daemon and the server have used.
    pub(crate) daemon: f64,
    pub(crate) busiest: (String, f64),
    pub(crate) server: f64,
    /// Highest memory of the daemon, and by how much that is more than before, in MB.
    pub(crate) peak: f64,
    pub(crate) grown: f64,
    /// The longest that a thread of this program was kept from running.
    pub(crate) lag: Duration,
}

/// The table of the attacks.
pub(crate) fn attacks(outcomes: &[Outcome]) -> String {
    let mut text = "| attack | program | requests/s | answers in the chat | p50 | p99 | longest | \
        pages | p50 | p99 | longest | failed | cores of the daemon | busiest thread | cores of \
        Prosody | memory, and more than before | lag of the machine |\n\
        |---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for outcome in outcomes {
        text.push_str(&format!(
            "| {} | {} | {:.0} | {} | {} | {} | {:.2} | {} {:.2} | {:.2} | {:.0} MB, {:+.0} MB | {} |\n",
            outcome.attack,
            outcome.program,
            outcome.rate,
            outcome.chat.cells(),
            outcome.pages.cells(),
            outcome.n_failed,
            outcome.daemon,
            outcome.busiest.0,
            outcome.busiest.1,
            outcome.server,
            outcome.peak,
            outcome.grown,
            shown(Some(outcome.lag)),
        ));
    }
    text
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

fn shown(time: Option<Duration>) -> String {
    time.map_or_else(
        || "–".to_owned(),
        |time| {
            if ms(time) < 10.0 {
                format!("{:.1} ms", ms(time))
            } else {
                format!("{:.0} ms", ms(time))
            }
        },
    )
}
