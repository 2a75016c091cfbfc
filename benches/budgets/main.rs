//! What requests cost: each kind by itself, at rest, and attacks at full speed beside a hundred
//! honest learners; of the real program with a real Prosody and SQLite, on one machine with whoever
//! sends them. Run by `make budgets`.
//!
//! - `SCENES` has words for what is measured, instead of all: `pages`, `stanzas`, both of them `rest`;
//!   `attacks`, or names of attacks.
//! - `BASELINE` names another `otrbot`, an older one say, that is measured by turns with this one.
//! - `ROUNDS` is how often all is measured at rest, two times by default: the least figure counts.
//! - `ATTACK_SECONDS` is how long each attack lasts, ten seconds by default.
//!
//! The tables are printed, and left in `budgets.md` beside what was built. The exit code is 1 if an
//! honest answer of this program took over a second.
//!
//! Learners and attackers are components of the server, so that they need no connection each. The
//! bot is a client of it with TLS, as it usually is, and types at once. Time of CPU is that of the
//! scheduler, for each thread.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::format_push_string,
    reason = "a program that measures"
)]

mod attacks;
mod browser;
mod chat;
mod crowd;
mod floods;
mod hand;
mod honest;
mod pages;
mod person;
mod private;
mod probe;
mod school;
mod secrets;
mod table;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use attacks::ATTACKS;
use school::{Program, School};
use table::{Outcome, Row};
use tokio::runtime::{Handle, Runtime};

/// What is measured at rest with one daemon: what it is called, and how.
type Part = (&'static str, fn(&School) -> Vec<Row>);
const PARTS: [Part; 2] = [("pages", pages::measure), ("stanzas", chat::measure)];
/// What an honest learner may wait for at most.
const HONEST: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    // `cargo test --benches` only wants to know whether this starts.
    if env::args().any(|argument| argument == "--test") {
        return ExitCode::SUCCESS;
    }
    let scenes = env::var("SCENES").unwrap_or_else(|_| "rest attacks".to_owned());
    let scenes: Vec<&str> = scenes.split_whitespace().collect();
    let is_known = |scene: &&&str| {
        matches!(**scene, "rest" | "attacks")
            || PARTS.iter().any(|(name, _)| name == *scene)
            || ATTACKS.iter().any(|attack| attack.name == **scene)
    };
    if let Some(odd) = scenes.iter().find(|scene| !is_known(scene)) {
        let names: Vec<&str> = ATTACKS.iter().map(|attack| attack.name).collect();
        eprintln!(
            "SCENES: there is no {odd:?}; there are rest, pages, stanzas, attacks, {}",
            names.join(", ")
        );
        return ExitCode::from(2);
    }
    let seconds = env::var("ATTACK_SECONDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
    let ours = Path::new(env!("CARGO_BIN_EXE_otrbot"));
    let mut programs = vec![Program { label: "new", path: ours.to_owned() }];
    if let Some(path) = env::var_os("BASELINE").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        // The daemon runs in a folder of its own.
        let path = fs::canonicalize(&path)
            .unwrap_or_else(|error| panic!("BASELINE: {}: {error}", path.display()));
        programs.insert(0, Program { label: "old", path });
    }
    let runtime = Runtime::new().unwrap();
    let mut report = String::new();
    let parts: Vec<&Part> = PARTS
        .iter()
        .filter(|(name, _)| scenes.contains(&"rest") || scenes.contains(name))
        .collect();
    if !parts.is_empty() {
        report.push_str(&rest(&parts, &programs, runtime.handle()));
    }
    let chosen: Vec<&attacks::Attack> = ATTACKS
        .iter()
        .filter(|attack| scenes.contains(&"attacks") || scenes.contains(&attack.name))
        .collect();
    let outcomes = attacked(&chosen, &programs, runtime.handle(), Duration::from_secs(seconds));
    if !outcomes.is_empty() {
        report.push_str(&format!(
            "\n## Beside {} honest learners\n\nEach attack lasts {seconds} s. An answer of any step \
             counts, and what has waited for over a second at the end.\n\n{}",
            honest::N_LEARNERS,
            table::attacks(&outcomes)
        ));
    }
    println!("{report}");
    let folder = ours.parent().and_then(Path::parent).unwrap();
    fs::write(folder.join("budgets.md"), &report).unwrap();
    let late: Vec<&Outcome> = outcomes
        .iter()
        .filter(|outcome| outcome.program == "new")
        .filter(|outcome| outcome.chat.longest().max(outcome.pages.longest()) > HONEST)
        .collect();
    for outcome in &late {
        println!("over a second: {}", outcome.attack);
    }
    if late.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What each kind of request costs.
fn rest(parts: &[&Part], programs: &[Program], runtime: &Handle) -> String {
    let mut rows: Vec<Vec<Row>> = vec![Vec::new(); programs.len()];
    let mut peaks = String::new();
    let n_rounds = env::var("ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_usize);
    let rounds = (1..=n_rounds).flat_map(|round| parts.iter().map(move |part| (round, *part)));
    for (round, (what, measure)) in rounds {
        for (program, rows) in programs.iter().zip(&mut rows) {
            eprintln!("{what} at rest, {} program, round {round} of {n_rounds}", program.label);
            let mut school = School::open(program, runtime);
            let idle = school.rest(Duration::from_secs(5));
            let before = probe::memory(school.daemon.pid()).resident;
            table::merge(rows, measure(&school));
            let memory = probe::memory(school.daemon.pid());
            peaks.push_str(&format!(
                "- {what}, {}: {} MB when started, {} MB afterwards, {} MB at the most; {:.1} ms of CPU \
                 a second when nobody asks for anything, which is not counted above\n",
                program.label,
                before / 1_024,
                memory.resident / 1_024,
                memory.peak / 1_024,
                idle * 1_000.0
            ));
        }
    }
    let new = rows.pop().unwrap();
    let old = rows.pop();
    format!(
        "\n## At rest\n\nEach request by itself, one after the other; the least of {n_rounds} rounds.\n\n{}\nThe daemon itself:\n\n{peaks}",
        table::costs(&new, old.as_deref())
    )
}

/// What attacks do to honest learners.
fn attacked(
    attacks: &[&attacks::Attack],
    programs: &[Program],
    runtime: &Handle,
    lasts: Duration,
) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (ix, attack) in attacks.iter().enumerate() {
        eprintln!("attack {} of {}: {}", ix + 1, attacks.len(), attack.name);
        for program in programs {
            outcomes.push(attacks::carry_out(attack, program, runtime, lasts));
        }
    }
    outcomes
}
