//! How many launches a second the daemon takes, beside the least that a tool is with `PyLTI` and
//! Flask under gunicorn; both on this machine, one after the other, in rounds. Run by
//! `make bench-lti`, which brings `PyLTI`; `PYLTI` names the folder of its virtual environment.
//!
//! The daemon is the whole program: with a Prosody that it is logged in to, an SQLite store on the
//! disk, where each launch leaves a nonce and an enrolment before it is answered, and log level
//! `info`. The other one verifies the signature, keeps nothing, and would take the same launch again.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures"
)]

mod load;

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use support::{
    canvas,
    daemon::Daemon,
    oauth::{self, Consumer},
    stage,
    wait::free_port,
};
use url::Url;

use load::Load;

const ROUNDS: usize = 3;
/// Launches of a round: of the daemon, and of the other one.
const OURS: usize = 20_000;
const THEIRS: usize = 2_000;
/// How many people they are of.
const PEOPLE: usize = 5_000;
/// Browsers at once.
const CLIENTS: usize = 32;

fn main() {
    // `cargo test --benches` only wants to know whether this starts.
    if env::args().any(|argument| argument == "--test") {
        return;
    }
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    script.consumer = Consumer { key: canvas::KEY.to_owned(), secret: canvas::SECRET.to_owned() };
    script.log_level = "info";
    let daemon = Daemon::start(Path::new(env!("CARGO_BIN_EXE_otrbot")), script);
    let other = Gunicorn::start();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(measure(&other.url, THEIRS));
        ours.push(measure(&daemon.launch_url().parse().unwrap(), OURS));
    }
    println!("| tool | launches/s | p50 | p99 | resident |");
    println!("|---|---|---|---|---|");
    let ours = tell("otrbot", &ours, &[daemon.pid()]);
    let theirs = tell("PyLTI, Flask, gunicorn -w 2", &theirs, &other.pids());
    println!("\nratio: {:.1} (the median of {ROUNDS} rounds; {CLIENTS} clients)", ours / theirs);
}

/// A round.
fn measure(url: &Url, n: usize) -> Load {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let now = i64::try_from(now).unwrap();
    let request = |user: &str, more: &str| {
        let mut body = canvas::signed(url, user, &oauth::nonce(), now).body;
        body.extend_from_slice(more.as_bytes());
        let head = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\nAccept-Language: en\r\n\r\n",
            url.authority(),
            body.len()
        );
        [head.into_bytes(), body].concat()
    };
    let address: SocketAddr = url.authority().parse().unwrap();
    let forged = load::send(address, [request("mallory", "&more=1")].into(), 1);
    assert_eq!(forged.failures, ["status 401"], "{url} does not verify");
    let requests = (0..n).map(|n| request(&format!("learner-{}", n % PEOPLE), "")).collect();
    let load = load::send(address, requests, CLIENTS);
    assert!(load.failures.is_empty(), "{url}: {:?}", load.failures.first());
    load
}

/// A row of the table; the rate of the median round.
fn tell(name: &str, loads: &[Load], pids: &[u32]) -> f64 {
    let mut loads: Vec<&Load> = loads.iter().collect();
    loads.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
    let median = loads.get(loads.len() / 2).unwrap();
    let resident: u64 = pids.iter().map(|pid| resident(*pid)).sum();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    println!(
        "| {name} | {:.0} | {:.1} ms | {:.1} ms | {} MB |",
        median.rate(),
        milliseconds(median.percentile(50)),
        milliseconds(median.percentile(99)),
        resident / 1_024
    );
    median.rate()
}

/// The resident memory of a process, in kB.
fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").trim().parse().ok()).unwrap_or(0)
}

/// The other tool.
struct Gunicorn {
    child: Child,
    url: Url,
}

impl Drop for Gunicorn {
    fn drop(&mut self) {
        // It takes its workers along, which a kill would leave behind.
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().ok();
        self.child.wait().ok();
    }
}

impl Gunicorn {
    fn start() -> Self {
        let folder = PathBuf::from(env::var_os("PYLTI").expect("make bench-lti sets PYLTI"));
        let port = free_port();
        let child = Command::new(folder.join("bin/python"))
            .args(["-m", "gunicorn", "--workers", "2", "--log-level", "error", "--bind"])
            .arg(format!("127.0.0.1:{port}"))
            .args(["--chdir", concat!(env!("CARGO_MANIFEST_DIR"), "/benches/launches"), "tool:app"])
            .env("LTI_KEY", canvas::KEY)
            .env("LTI_SECRET", canvas::SECRET)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let url: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
        let gunicorn = Self { child, url };
        let is_up = support::wait::poll(Duration::from_secs(30), || {
            support::web::status_of(gunicorn.url.as_str()).filter(|status| *status == 405)
        });
        assert!(is_up.is_some(), "gunicorn does not start");
        gunicorn
    }

    /// The master's and the workers'.
    fn pids(&self) -> Vec<u32> {
        let master = self.child.id();
        let children = format!("/proc/{master}/task/{master}/children");
        let children = fs::read_to_string(children).unwrap_or_default();
        let workers = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(master).chain(workers).collect()
    }
}
