//! A PostgreSQL server of its own, on a Unix socket in a folder of its own; it ends with the test.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Runs a command, then removes a folder that the command itself may not be allowed to remove.
const CLEANER: &str = r#"dir=$1; shift; "$@"; rm -rf "$dir""#;
/// Runs the server until its standard input ends. The server refuses to run as root. `stop` and
/// `start` are commands on the standard input.
const KEEPER: &str = r#"
cd / && bin=$1 dir=$2
"$bin/initdb" --pgdata="$dir/data" --username=otrbot --auth=trust --no-sync --no-locale \
    --encoding=UTF8 >"$dir/log" 2>&1 || exit 1
pg() {
    "$bin/pg_ctl" --pgdata="$dir/data" --log="$dir/log" --wait --silent "$@" >>"$dir/log" 2>&1
}
start() { pg -o "-k $dir -c listen_addresses= -c max_connections=200 -c shared_buffers=16MB" start; }
start || exit 1
touch "$dir/is_up"
while read -r command; do
    case $command in
    stop) pg --mode=immediate stop; rm -f "$dir/is_up" ;;
    start) start && touch "$dir/is_up" ;;
    esac
done
pg --mode=immediate stop
"#;

/// A server that runs.
#[derive(Debug)]
pub struct Postgres {
    folder: PathBuf,
    keeper: Child,
    orders: Option<ChildStdin>,
}

impl Postgres {
    /// Makes and starts one.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("otrbot-pg-").tempdir().unwrap().keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        let mut command = Command::new("sh");
        command.args(["-c", CLEANER, "cleaner"]).arg(&folder);
        if is_root {
            command.args(["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        command.args(["sh", "-c", KEEPER, "postgres"]).arg(programs()).arg(&folder);
        let mut keeper = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = keeper.stdin.take();
        let server = Self { folder, keeper, orders };
        server.wait(true);
        server
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("test{}", LAST.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(programs().join("createdb"))
            .args(["--username=otrbot", "--host"])
            .arg(&self.folder)
            .arg(&name)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        format!("postgres://otrbot@localhost/{name}?host={}", self.folder.display())
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Whether it takes writes, as after a change to a server that only follows another.
    pub fn set_read_only(&self, is_read_only: bool) {
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {is_read_only}");
        let mut command = Command::new(programs().join("psql"));
        command.args(["--username=otrbot", "--dbname=postgres", "--quiet", "--host"]);
        command.arg(&self.folder);
        // What a server that is read-only was told may be taken back.
        command.args(["-c", "SET default_transaction_read_only = off", "-c", &set]);
        let done = command.args(["-c", "SELECT pg_reload_conf()"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Has the daemon's claim to a database end, and another one have it for as long as the process
    /// lives that this gives.
    pub fn take_over(database: &str) -> Child {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'";
        let take = "SELECT pg_advisory_lock(122545925943156)";
        let mut command = Command::new(programs().join("psql"));
        command.args(["--quiet", "--no-psqlrc", database]);
        command.args(["-c", end, "-c", take, "-c", "SELECT pg_sleep(300)"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// As if its machine had lost its power.
    pub fn kill(&mut self) {
        self.order("stop\n");
        self.wait(false);
    }

    /// Starts it again.
    pub fn revive(&mut self) {
        self.order("start\n");
        self.wait(true);
    }

    fn order(&mut self, order: &str) {
        std::io::Write::write_all(self.orders.as_mut().unwrap(), order.as_bytes()).unwrap();
    }

    fn wait(&self, is_up: bool) {
        let begun = Instant::now();
        while self.folder.join("is_up").exists() != is_up {
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_mins(1), "PostgreSQL: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.orders.take());
        self.keeper.wait().ok();
    }
}

/// Where Debian keeps the newest server's programs; elsewhere they are in the path.
fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    let in_path = || {
        let found = Command::new("sh").args(["-c", "command -v initdb"]).output().unwrap();
        let found = String::from_utf8(found.stdout).unwrap();
        Path::new(found.trim()).parent().map(Path::to_owned).expect("PostgreSQL is not installed")
    };
    versions.pop().unwrap_or_else(in_path)
}
