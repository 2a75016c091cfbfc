//! What a process has used so far: time of CPU by thread, and memory.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

/// What the system counts in, in `/proc/PID/stat`.
const TICK: Duration = Duration::from_millis(10);
/// A process that uses less than this in such a while is taken to have nothing to do.
const REST: Duration = Duration::from_micros(1_500);
const WHILE: Duration = Duration::from_millis(50);

/// Time of CPU that a process has used, by thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    threads: BTreeMap<u32, Duration>,
    /// Of all threads, those that have ended too; in ticks.
    whole: Duration,
}

/// What was used between two looks.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) whole: Duration,
    /// The thread that had to do most, and how much.
    pub(crate) most: (String, Duration),
}

/// Memory of a process, in kB.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    pub(crate) resident: i64,
    pub(crate) peak: i64,
}

impl Usage {
    /// What it has used up to now. The scheduler tells nanoseconds for threads that live.
    pub(crate) fn of(pid: u32) -> Self {
        let folder = fs::read_dir(format!("/proc/{pid}/task"));
        let ids = folder.into_iter().flatten().flatten();
        let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let threads = ids.filter_map(|id| {
            let text = fs::read_to_string(format!("/proc/{pid}/task/{id}/schedstat")).ok()?;
            let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
            Some((id, Duration::from_nanos(nanoseconds)))
        });
        Self { threads: threads.collect(), whole: ticks(pid) }
    }

    fn sum(&self) -> Duration {
        self.threads.values().sum()
    }

    /// What was used since an earlier look.
    pub(crate) fn since(&self, earlier: &Self, names: &Names) -> Cost {
        let used = self.threads.iter().map(|(id, now)| {
            let before = earlier.threads.get(id).copied().unwrap_or_default();
            (*id, now.saturating_sub(before))
        });
        let used: Vec<(u32, Duration)> = used.collect();
        let most = used.iter().copied().max_by_key(|(_, time)| *time).unwrap_or_default();
        let living: Duration = used.iter().map(|(_, time)| *time).sum();
        // What ended meanwhile is in the ticks alone, which may be one too many.
        let ticks = self.whole.saturating_sub(earlier.whole).saturating_sub(TICK);
        Cost { whole: living.max(ticks), most: (names.of(most.0), most.1) }
    }
}

/// User and system time of all threads.
fn ticks(pid: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks: u32 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum();
    TICK * ticks
}

/// Waits until a process has nothing more to do.
pub(crate) fn wait_for_rest(pid: u32, patience: Duration) {
    let deadline = Instant::now() + patience;
    let mut before = Usage::of(pid).sum();
    while Instant::now() < deadline {
        std::thread::sleep(WHILE);
        let now = Usage::of(pid).sum();
        if now.saturating_sub(before) < REST {
            return;
        }
        before = now;
    }
}

/// Memory of a process.
pub(crate) fn memory(pid: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    };
    Memory { resident: field("VmRSS:"), peak: field("VmHWM:") }
}

/// What the threads of a process are there for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    pid: u32,
    arbiters: BTreeMap<u32, &'static str>,
}

impl Names {
    /// The system cuts names off at 15 bytes, so that all arbiters look alike. They are told apart by
    /// the order in which the daemon starts them: see `daemon::serve` and `daemon::pages`.
    pub(crate) fn of_daemon(pid: u32) -> Self {
        let folder = fs::read_dir(format!("/proc/{pid}/task"));
        let ids = folder.into_iter().flatten().flatten();
        let mut ids: Vec<u32> =
            ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
        ids.sort_unstable();
        ids.retain(|id| comm(pid, *id).starts_with("actix-rt"));
        let n_sessions = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let roles = ["metrics"].into_iter().chain(std::iter::repeat_n("session", n_sessions));
        let roles = roles.chain(["gateway"]).chain(std::iter::repeat("pages"));
        Self { pid, arbiters: ids.into_iter().zip(roles).collect() }
    }

    fn of(&self, id: u32) -> String {
        if id == self.pid {
            return "main".to_owned();
        }
        if let Some(role) = self.arbiters.get(&id) {
            return (*role).to_owned();
        }
        match comm(self.pid, id) {
            name if name.starts_with("sqlx") => "store".to_owned(),
            name if name.is_empty() => "–".to_owned(),
            // What may take long and was given away.
            _ => "helper".to_owned(),
        }
    }
}

fn comm(pid: u32, id: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/task/{id}/comm"));
    name.unwrap_or_default().trim().to_owned()
}
