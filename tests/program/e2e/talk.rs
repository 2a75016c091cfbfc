//! A school without an LMS, and learners whose words come from the test.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of a test may fail it")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::prosody::Prosody;
use support::stage::{BOT, BOT_PASSWORD};
use support::wait::poll;
use support::web;

pub(crate) const SECRET: &str = "seven calm owls read 9 maps";

/// A server, a bot for so many learners, and a folder with their password.
pub(crate) struct School {
    pub(crate) prosody: Prosody,
    pub(crate) daemon: Daemon,
    folder: TempDir,
}

impl School {
    pub(crate) fn open(n_learners: usize, change: impl FnOnce(&mut Script)) -> Self {
        Self::open_as(program(), n_learners, change)
    }

    /// The same, with the daemon started by another program.
    pub(crate) fn open_as(
        daemon: &Path,
        n_learners: usize,
        change: impl FnOnce(&mut Script),
    ) -> Self {
        let names: Vec<String> = (1..=n_learners).map(|n| format!("learner{n}")).collect();
        let mut accounts: Vec<_> = names.iter().map(|name| (name.as_str(), "pw")).collect();
        accounts.push((BOT.split('@').next().unwrap(), BOT_PASSWORD));
        let prosody = Prosody::start(&accounts);
        let mut script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file());
        script.whitelist = names.iter().map(|name| format!("{name}@localhost")).collect();
        script.default_secret = Some(SECRET);
        script.log_level = "info";
        change(&mut script);
        let daemon = Daemon::start(daemon, script);
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("password"), "pw\n").unwrap();
        Self { prosody, daemon, folder }
    }

    /// `otrbot learner` with these arguments besides.
    pub(crate) fn learner(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(["learner", "--bot", self.daemon.jid(), "--secret", SECRET, "--password-file"])
            .arg(self.folder.path().join("password"))
            .args(["--server", &self.prosody.c2s_addr(), "--ca-certs"])
            .arg(self.prosody.ca_file())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = web::get(&format!("{}/metrics", self.daemon.metrics_url())).html;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        line.and_then(|value| value.parse().ok()).unwrap_or(0)
    }
}

/// A learner whose words come from the test, and what the program has shown of the bot.
pub(crate) struct Talk {
    child: Child,
    input: Option<ChildStdin>,
    shown: Arc<Mutex<String>>,
}

impl Talk {
    pub(crate) fn begin(school: &School, jid: &str) -> Self {
        let mut child = school.learner(&["--jid", jid]).spawn().unwrap();
        let input = child.stdin.take();
        let mut output = child.stdout.take().unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let writer = Arc::clone(&shown);
        drop(thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut buffer) {
                writer.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        }));
        Self { child, input, shown }
    }

    pub(crate) fn write(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub(crate) fn shown(&self) -> String {
        self.shown.lock().unwrap().clone()
    }

    pub(crate) fn wait_for(&self, words: &str) {
        let found = poll(Duration::from_mins(1), || self.shown().contains(words).then_some(()));
        assert!(found.is_some(), "{words:?} was not shown:\n{}", self.shown());
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
