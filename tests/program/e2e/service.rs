//! A service manager such as systemd: what the daemon tells it on its socket.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::stage;
use support::wait::{PATIENCE, poll};
use support::web;

/// How long the service manager waits for signs of life, in microseconds.
const WATCHDOG_USEC: &str = "1000000";

/// The end of the socket that the service manager reads.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn listen() -> Self {
        let folder = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        Self { folder, socket }
    }

    /// Has the daemon of this script report here.
    fn watch(&self, script: &mut Script) {
        let path = self.folder.path().join("notify").display().to_string();
        script.environment =
            vec![("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", WATCHDOG_USEC.to_owned())];
    }

    /// The next message, its lines.
    fn next(&self) -> Option<Vec<String>> {
        let mut bytes = vec![0; 4096];
        let n = self.socket.recv(&mut bytes).ok()?;
        bytes.truncate(n);
        let text = String::from_utf8(bytes).unwrap();
        Some(text.lines().map(str::to_owned).collect())
    }

    /// All messages up to the one that has this line.
    fn hear_until(&self, line: &str, daemon: &Daemon) -> Vec<Vec<String>> {
        let mut heard = Vec::new();
        let found = poll(PATIENCE, || {
            let message = self.next()?;
            let is_last = message.iter().any(|said| said == line);
            heard.push(message);
            is_last.then_some(())
        });
        if found.is_some() {
            return heard;
        }
        panic!("no {line} among {heard:?}; the daemon's log:\n{}", daemon.log());
    }
}

fn has(heard: &[Vec<String>], start: &str) -> bool {
    heard.iter().flatten().any(|line| line.starts_with(start))
}

#[test]
fn a_service_manager_hears_of_readiness_life_reload_and_end() {
    let manager = Manager::listen();
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    manager.watch(&mut script);
    let mut daemon = Daemon::launch(program(), script);

    let heard = manager.hear_until("READY=1", &daemon);

    // Ready is who is logged in: the same that the page says.
    assert_eq!(web::status_of(&format!("{}/readyz", daemon.metrics_url())), Some(200));
    assert!(has(heard.last().map_or(&[], std::slice::from_ref), "STATUS=logged in"), "{heard:?}");

    for _ in 0..3 {
        manager.hear_until("WATCHDOG=1", &daemon);
    }

    daemon.hang_up();
    let heard = manager.hear_until("RELOADING=1", &daemon);
    assert!(has(&heard, "MONOTONIC_USEC="), "{heard:?}");
    manager.hear_until("READY=1", &daemon);

    let (status, _) = daemon.terminate();
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    let heard = manager.hear_until("STOPPING=1", &daemon);
    assert!(has(&heard, "STATUS=stopping: asked to"), "{heard:?}");
    assert_eq!(manager.next(), None, "nothing is said after the end");
}

#[test]
fn a_bot_that_cannot_log_in_is_never_ready_and_says_why_it_ends() {
    let manager = Manager::listen();
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    "not the password".clone_into(&mut script.password);
    manager.watch(&mut script);
    let mut daemon = Daemon::launch(program(), script);

    let status = daemon.wait(PATIENCE);

    assert_eq!(status.code(), Some(6), "{}", daemon.log());
    let heard = manager.hear_until("STOPPING=1", &daemon);
    assert!(!has(&heard, "READY=1"), "{heard:?}");
    let why = format!("STATUS=stopping: {} at ", stage::BOT);
    assert!(has(&heard, &why), "{heard:?}");
}

fn status(daemon: &Daemon) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = Command::new(program())
        .arg("--settings")
        .arg(daemon.settings())
        .arg("status")
        .output()
        .unwrap();
    (status.code(), [stdout, stderr].map(|text| String::from_utf8(text).unwrap()).concat())
}

#[test]
fn the_status_is_0_while_the_bot_is_logged_in_and_1_when_it_is_not() {
    let mut prosody = stage::server();
    let mut daemon = Daemon::start(program(), stage::script(&prosody));

    let (code, said) = status(&daemon);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.starts_with("healthz: alive\nreadyz: ready\nsessions: 0 open"), "{said}");

    prosody.kill();
    let lost = poll(PATIENCE, || {
        let (code, said) = status(&daemon);
        (code == Some(1) && said.contains("readyz: not logged in to XMPP")).then_some(said)
    });
    assert!(lost.unwrap().contains("healthz: alive"), "{}", daemon.log());

    daemon.kill();
    let (code, said) = status(&daemon);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("does it run"), "{said}");
}
