//! The daemon under load: whole lessons at 50, 200 and 1,000 at once, ten thousand idle
//! conversations, a hundred thousand enrolled learners; on one machine with Prosody and the learners.
//! Run by `make load`; `make load SCENES=lessons` runs one of `lessons`, `idle`, `enrolled`, `soak`.
//!
//! The learners are one component of the server, without TLS; the bot is a client of it with TLS, as
//! it usually is, or with `WAY_IN=component` a component too. The bot types at once.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a program that measures"
)]

mod course;
mod fleet;
mod soak;

use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use fleet::{Fleet, Goal, Report};
use otrbot::store::Store;
use support::{
    daemon::{Daemon, Script},
    oauth::Consumer,
    prosody::{COMPONENT_SECRET, Options, Prosody},
    stage::{BOT, BOT_PASSWORD},
};

/// A bot as a component of the server.
const COMPONENT: &str = "lessons.localhost";
const COMPONENT_BOT: &str = "totem@lessons.localhost";

fn main() {
    // `cargo test --benches` only wants to know whether this starts.
    if env::args().any(|argument| argument == "--test") {
        return;
    }
    let scenes = env::var("SCENES").unwrap_or_else(|_| "lessons idle enrolled".to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for scene in scenes.split_whitespace() {
        runtime.block_on(async {
            match scene {
                "lessons" => lessons().await,
                "idle" => idle().await,
                "enrolled" => enrolled().await,
                "soak" => soak::soak().await,
                other => panic!("SCENES: there is no {other:?}"),
            }
        });
    }
}

/// A server, a bot with so many enrolled learners, and how long it took to be ready.
struct School {
    prosody: Prosody,
    daemon: Daemon,
    bot: &'static str,
    ready: Duration,
}

impl School {
    /// Opens one, on a thread where waiting is allowed.
    async fn open(n_learners: usize) -> Self {
        Self::open_with(n_learners, "").await
    }

    /// The same, with more lines of settings.
    async fn open_with(n_learners: usize, more: &'static str) -> Self {
        tokio::task::spawn_blocking(move || Self::open_now(n_learners, more)).await.unwrap()
    }

    fn open_now(n_learners: usize, more: &str) -> Self {
        let is_component = env::var("WAY_IN").is_ok_and(|way| way == "component");
        let account = BOT.split('@').next().unwrap();
        // Prosody's own limits are not what is measured.
        let options = Options {
            global: "smacks_max_queue_size = 100000".to_owned(),
            after: format!(
                "Component {:?}\n\tcomponent_secret = {COMPONENT_SECRET:?}\n",
                fleet::DOMAIN
            ),
            component: Some(COMPONENT),
            ..Options::default()
        };
        let prosody = Prosody::start_with(&[(account, BOT_PASSWORD)], options);
        let mut script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file());
        script.default_secret = Some(fleet::SECRET);
        script.log_level = if env::var_os("VERBOSE").is_some() { "info" } else { "warn" };
        more.clone_into(&mut script.more);
        if is_component {
            let server = prosody.component_addr();
            script.component = format!(
                "component: {{ jid: {COMPONENT_BOT}, secret: {COMPONENT_SECRET:?}, server: {server:?} }}"
            );
        }
        let mut daemon = Daemon::prepare(Path::new(env!("CARGO_BIN_EXE_otrbot")), script);
        enrol(&daemon, n_learners);
        let began = Instant::now();
        daemon.again();
        daemon.wait_until_ready();
        let bot = if is_component { COMPONENT_BOT } else { BOT };
        Self { prosody, daemon, bot, ready: began.elapsed() }
    }

    async fn fleet(&self) -> Fleet {
        Fleet::enter(&self.prosody.component_addr(), COMPONENT_SECRET, self.bot).await
    }

    /// Memory of the daemon in RAM, in MB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap() / 1_024.0
    }

    /// Time of CPU that the daemon has used, in seconds.
    fn cpu(&self) -> f64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.daemon.pid())).unwrap();
        let (_, rest) = stat.rsplit_once(')').unwrap();
        let fields: Vec<&str> = rest.split_whitespace().collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
    }
}

/// Writes enrolments straight into the database, as if all had launched before.
fn enrol(daemon: &Daemon, n: usize) {
    let url = format!("sqlite://{}", daemon.folder().join("otrbot.db").display());
    let work = async {
        Store::open(&url).await.unwrap().close().await;
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        let mut transaction = pool.begin().await.unwrap();
        for number in 0..n {
            let insert = "INSERT INTO enrolments (id, consumer_key, user_id, context_id, \
                resource_link_id, jid, may_grade, is_teacher, outcome_url, sourcedid, progress, \
                created_at, active_at, name) VALUES ($1, $4, $1, $5, $6, $2, 1, 0, \
                'https://lms.example.org/grades', $1, 0, 1700000000, strftime('%s', 'now'), $3)";
            sqlx::query(insert)
                .bind(course::user_id(number))
                .bind(fleet::jid(number))
                .bind(format!("Learner {number}"))
                .bind(&Consumer::stage().key)
                .bind(course::CONTEXT)
                .bind(course::LINK)
                .execute(&mut *transaction)
                .await
                .unwrap();
        }
        transaction.commit().await.unwrap();
        pool.close().await;
    };
    tokio::runtime::Handle::current().block_on(work);
}

/// Whole lessons, at different numbers at once.
async fn lessons() {
    println!("\n## Whole lessons\n");
    println!(
        "| at once | lessons | failed | tried again | wall | lessons per CPU-second of the daemon | \
         answers p50 | p99 | memory |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for (at_once, n) in [(50, 500), (200, 1_000), (1_000, 1_000)] {
        let school = School::open(n).await;
        let mut fleet = school.fleet().await;
        let (began, cpu) = (Instant::now(), school.cpu());
        let report = fleet.send(n, at_once, Goal::Passed).await;
        let wall = began.elapsed();
        let cpu = school.cpu() - cpu;
        let answers = report.answers();
        println!(
            "| {at_once} | {} | {} | {} | {:.1} s | {:.1} | {} | {} | {:.0} MB |",
            report.n_done,
            report.n_failed,
            report.n_tries,
            wall.as_secs_f64(),
            report.n_done as f64 / cpu,
            shown(&answers, 50),
            shown(&answers, 99),
            school.memory(),
        );
    }
}

/// Private conversations in which nothing happens.
async fn idle() {
    println!("\n## Idle private conversations\n");
    println!(
        "| conversations | memory | a conversation | CPU time to open one | tried again | \
         finished afterwards | answers p50 | p99 |"
    );
    println!("|--:|--:|--:|--:|--:|--:|--:|--:|");
    for n in [100, 1_000, 10_000] {
        let school = School::open(n).await;
        let empty = school.memory();
        let mut fleet = school.fleet().await;
        let cpu = school.cpu();
        let report = fleet.send(n, 200, Goal::Private).await;
        let cpu = school.cpu() - cpu;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let memory = school.memory();
        let Report { n_done, .. } = report;
        assert_eq!(n_done, n, "{} failed", report.n_failed);
        // All are still usable.
        let report = fleet.finish((0..n).collect(), 50).await;
        let answers = report.answers();
        println!(
            "| {n} | {memory:.0} MB | {:.1} kB | {:.1} ms | {} | {} of {n} | {} | {} |",
            (memory - empty) * 1_024.0 / n as f64,
            cpu * 1_000.0 / n as f64,
            report.n_tries,
            report.n_done,
            shown(&answers, 50),
            shown(&answers, 99),
        );
    }
}

/// Learners who have signed up, and do nothing.
async fn enrolled() {
    println!("\n## Enrolled learners without sessions\n");
    println!("| enrolled | start to ready | memory |");
    println!("|--:|--:|--:|");
    for n in [100, 1_000, 10_000, 100_000] {
        let school = School::open(n).await;
        println!("| {n} | {:.2} s | {:.0} MB |", school.ready.as_secs_f64(), school.memory());
    }
}

/// The least of the sorted times that so many per cent do not exceed.
fn shown(sorted: &[Duration], per_cent: usize) -> String {
    let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
    let time = sorted.get(rank - 1).map_or(0.0, Duration::as_secs_f64);
    format!("{:.0} ms", time * 1_000.0)
}
