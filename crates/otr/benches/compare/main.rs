//! The OTR engine beside libotr: both on the same core, in turns, in one run.
//!
//! `make bench` runs it. A program in C on Debian's libotr (`libotr.c`) and this program answer the
//! same orders: so many key exchanges, runs of SMP, texts. Each order is given to one, then to the
//! other, in several rounds; what counts is the median. Both sides of a conversation are counted
//! together, and long-term keys are there before.
//!
//! Memory is what the process has grown by, divided by the ends of the conversations that it holds.

#![expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a benchmark measures time, prints, and may fail"
)]

mod ours;
#[path = "../support/pair.rs"]
mod pair;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};

/// The core that both run on.
const CORE: &str = "0";

/// What is measured, and what is expected of it.
struct Row {
    name: &'static str,
    order: &'static str,
    version: u8,
    len: usize,
    /// How often in one slice, for libotr and for us: about a third of a second.
    counts: [u32; 2],
    /// Ratio to libotr that is asked for at least, and that is aimed at.
    least: f64,
    aim: f64,
}

const fn row(
    name: &'static str,
    (order, version, len): (&'static str, u8, usize),
    counts: [u32; 2],
    (least, aim): (f64, f64),
) -> Row {
    Row { name, order, version, len, counts, least, aim }
}

const ROWS: [Row; 10] = [
    row("key exchange, version 2", ("ake", 2, 0), [50, 250], (3.0, 4.0)),
    row("key exchange, version 3", ("ake", 3, 0), [50, 250], (3.0, 4.0)),
    row("SMP, right secret, version 2", ("smp", 2, 0), [3, 18], (3.0, 6.0)),
    row("SMP, right secret, version 3", ("smp", 3, 0), [3, 18], (3.0, 6.0)),
    row("data, alternating, 100 B", ("alt", 3, 100), [120, 700], (3.0, 5.0)),
    row("data, alternating, 10 kB", ("alt", 3, 10_240), [120, 700], (3.0, 5.0)),
    row("data, one way, 100 B", ("one", 3, 100), [100_000, 150_000], (1.0, 1.5)),
    row("data, one way, 10 kB", ("one", 3, 10_240), [8_000, 16_000], (2.0, 4.0)),
    row("a long-term key", ("key", 3, 0), [5, 4_000], (200.0, 300.0)),
    row("memory of a session's end", ("memory", 3, 0), [500, 2_000], (5.0, 12.0)),
];

/// Rounds of which the median is taken.
const ROUNDS: usize = 7;

/// A program that takes orders.
struct Peer {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start(program: &Path, argument: &str) -> Self {
        let mut command = Command::new("taskset");
        command.args(["-c", CORE]).arg(program).arg(argument);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, orders, answers }
    }

    /// Nanoseconds or bytes for one.
    fn measure(&mut self, row: &Row, count: u32) -> f64 {
        let Row { order, version, len, .. } = row;
        writeln!(self.orders, "{order} {version} {len} {count}").unwrap();
        self.orders.flush().unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let answer: i64 = answer.trim().parse().unwrap_or_else(|_| panic!("no answer to {order}"));
        if *order == "memory" { answer as f64 } else { answer as f64 / f64::from(count) }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop((self.child.kill(), self.child.wait()));
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
}

/// What a median stands for: half the distance between the quartiles, in per cent of it.
fn spread(sorted: &[f64]) -> f64 {
    let at = |part: usize| sorted.get(sorted.len() * part / 4).copied().unwrap();
    (at(3) - at(1)) / 2.0 / at(2) * 100.0
}

fn shown(row: &Row, value: f64) -> String {
    match row.order {
        "memory" => format!("{:.1} kB", value / 1_000.0),
        "key" if value > 1e6 => format!("{:.1} ms", value / 1e6),
        "key" => format!("{:.3} ms", value / 1e6),
        _ if value > 1e7 => format!("{:.1} /s", 1e9 / value),
        _ => format!("{:.0} /s", 1e9 / value),
    }
}

/// Compiles libotr's side.
fn compile(folder: &Path) -> Result<std::path::PathBuf, String> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compare/libotr.c");
    let program = folder.join("libotr_bench");
    let compiled = Command::new("cc")
        .args(["-O2", "-Wall", "-o"])
        .arg(&program)
        .args([source, "-lotr", "-lgcrypt"])
        .status();
    match compiled {
        Ok(status) if status.success() => Ok(program),
        Ok(_) => {
            Err("libotr's side does not compile; install libotr5-dev (or run `make setup`)"
                .to_owned())
        }
        Err(error) => Err(format!("cc does not start: {error}; install gcc and libotr5-dev")),
    }
}

fn compare(folder: &Path, is_test: bool) -> Result<(), String> {
    let program = compile(folder)?;
    if Command::new("taskset").arg("--version").output().is_err() {
        return Err("taskset does not start; install util-linux".to_owned());
    }
    let myself = std::env::current_exe().map_err(|error| error.to_string())?;
    println!(
        "{:<30} {:>12} {:>12} {:>7} {:>9} {:>6}  spread",
        "", "libotr", "otrbot", "ratio", "at least", "aim"
    );
    for row in &ROWS {
        let is_memory = row.order == "memory";
        // Memory that was freed would be used again: a process of its own.
        let mut libotr = Peer::start(&program, &folder.display().to_string());
        let mut ours = Peer::start(&myself, "--ours");
        let counts = if is_test { [2, 2] } else { row.counts };
        let rounds = if is_test || is_memory { 1 } else { ROUNDS };
        let mut values = [Vec::new(), Vec::new()];
        if !is_memory {
            libotr.measure(row, 2);
            ours.measure(row, 2);
        }
        for _ in 0..rounds {
            let [theirs, mine] = &mut values;
            theirs.push(libotr.measure(row, counts[0]));
            mine.push(ours.measure(row, counts[1]));
        }
        let [theirs, mine] = &mut values;
        let (libotr, otrbot) = (median(theirs), median(mine));
        let ratio = libotr / otrbot;
        let verdict = if ratio >= row.aim {
            "aim"
        } else if ratio >= row.least {
            "ok"
        } else {
            "LESS"
        };
        println!(
            "{:<30} {:>12} {:>12} {:>6.1}x {:>8.1}x {:>5.1}x  {:>3.0} %, {:.0} %  {verdict}",
            row.name,
            shown(row, libotr),
            shown(row, otrbot),
            ratio,
            row.least,
            row.aim,
            spread(theirs),
            spread(mine),
        );
    }
    Ok(())
}

/// Time per message of a session that has seen few and that has seen many.
fn growth(is_test: bool) {
    println!("\n{:<30} {:>12} {:>12} {:>12}", "growth: time per message", "10", "1,000", "100,000");
    // What counts is the median over sessions that have seen so many and no more.
    for (name, alternates, sessions) in [("one way, 100 B", false, 101), ("alternating", true, 11)]
    {
        print!("{name:<30}");
        for seen in [10, 1_000, 100_000] {
            let seen = if is_test { 4 } else { seen };
            let sessions = if seen == 100_000 { 1 } else { sessions };
            let mut taken = Vec::new();
            for _ in 0..sessions {
                let mut session = ours::Session::new();
                session.say(seen, alternates);
                // A hundred more in tens, where that adds little to what the session has seen.
                for _ in 0..if seen == 100_000 { 100 } else { 1 } {
                    taken.push(session.say(10, alternates).as_secs_f64() / 10.0);
                }
            }
            print!(" {:>9.2} us", median(&mut taken) * 1e6);
            std::io::stdout().flush().unwrap();
        }
        println!();
    }
    println!("(memory: crates/otr/tests/growth.rs)");
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--ours") {
        ours::take_orders();
        return ExitCode::SUCCESS;
    }
    // `cargo bench -- --test` runs everything once, and `cargo test --benches` as well.
    let is_test = !arguments.iter().any(|argument| argument == "--bench")
        || arguments.iter().any(|argument| argument == "--test");
    let folder = tempfile::tempdir().unwrap();
    match compare(folder.path(), is_test) {
        Ok(()) => {
            growth(is_test);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
