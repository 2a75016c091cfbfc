//! Clients that take what they can get: the bot teaches on, and says what it refuses once.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use procfs::process::Process;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;

use crate::e2e::program;
use support::daemon::Daemon;
use support::stage;
use support::wait::{PATIENCE, poll};
use support::web;

/// Makes connections of any address of this machine, with little room for answers.
struct Clients(Runtime);

impl Clients {
    fn new() -> Self {
        Self(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
    }

    fn open(&self, from: [u8; 4], server: SocketAddr) -> TcpStream {
        let stream = self.0.block_on(async {
            let socket = TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            socket.bind((from, 0).into()).unwrap();
            socket.connect(server).await.unwrap().into_std().unwrap()
        });
        stream.set_nonblocking(false).unwrap();
        stream
    }
}

/// Sends so much, or what is taken within half a second.
fn push(stream: &mut TcpStream, bytes: &[u8]) {
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    match stream.write_all(bytes) {
        Ok(()) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
    }
}

fn pages(daemon: &Daemon) -> SocketAddr {
    daemon.launch_url().trim_matches(|c| !char::is_numeric(c)).parse().unwrap()
}

fn metrics(daemon: &Daemon) -> SocketAddr {
    daemon.metrics_url().trim_start_matches("http://").parse().unwrap()
}

/// How long the daemon has computed.
fn cpu(daemon: &Daemon) -> Duration {
    let stat = Process::new(daemon.pid().try_into().unwrap()).unwrap().stat().unwrap();
    Duration::from_millis((stat.utime + stat.stime) * 1000 / procfs::ticks_per_second())
}

/// How much memory it has, in bytes.
fn memory(daemon: &Daemon) -> u64 {
    let stat = Process::new(daemon.pid().try_into().unwrap()).unwrap().stat().unwrap();
    stat.rss * procfs::page_size()
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
}

/// A launch whose body never comes.
const STUCK: &[u8] = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\
    Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n";

#[test]
fn answers_that_nobody_reads_cost_next_to_nothing() {
    let prosody = stage::server();
    let daemon = Daemon::start(program(), stage::script(&prosody));
    let clients = Clients::new();
    for (server, path, n_lines) in
        [(pages(&daemon), "/static/otrbot.css", 100), (metrics(&daemon), "/metrics", 30)]
    {
        let before = memory(&daemon);
        let mut lines = Vec::new();
        for _ in 0..n_lines {
            let mut line = clients.open([127, 0, 0, 1], server);
            let asked = request(path);
            // More answers than the buffers hold, then more than the parser keeps.
            push(&mut line, asked.repeat(17_000 / asked.len()).as_bytes());
            lines.push(line);
        }
        for line in lines.iter_mut().take(3) {
            let asked = request(path).into_bytes();
            push(line, &asked.repeat(25_000 / asked.len()));
            push(line, &asked.repeat(200_000 / asked.len()));
        }

        // The answers that fit are made; then there is nothing to do, for as long as nobody reads.
        let rests = || {
            let used = cpu(&daemon);
            std::thread::sleep(Duration::from_secs(2));
            (cpu(&daemon).saturating_sub(used) < Duration::from_millis(250)).then_some(())
        };
        assert!(poll(2 * PATIENCE, rests).is_some(), "{path}: it computes on");
        let more = memory(&daemon).saturating_sub(before);
        assert!(more < 40 << 20, "{path}: {more} bytes");
        assert_eq!(web::status_of(&format!("http://{server}{path}")), Some(200));
    }
}

#[test]
fn stuck_clients_of_one_address_keep_nobody_out() {
    let prosody = stage::server();
    let daemon = Daemon::start(program(), stage::script(&prosody));
    let clients = Clients::new();
    let stuck: Vec<TcpStream> = (0..300)
        .map(|_| {
            let mut line = clients.open([127, 0, 0, 2], pages(&daemon));
            // Who is refused may hear of it here already.
            drop(line.write_all(STUCK));
            line
        })
        .collect();
    let full = || {
        let text = web::get(&format!("{}/metrics", daemon.metrics_url())).html;
        text.contains("otrbot_http_connections{server=\"pages\"} 256\n").then_some(())
    };
    assert!(poll(PATIENCE, full).is_some(), "{}", daemon.log());
    daemon.wait_for_log("pages: new connections are refused", PATIENCE);

    assert_eq!(web::status_of(&format!("{}hello_world", daemon.launch_url())), Some(200));
    assert_eq!(web::status_of(&format!("{}/readyz", daemon.metrics_url())), Some(200));
    let told = "pages: new connections are refused: 256 are at work; at most 256 from one address";
    assert_eq!(daemon.log().matches(told).count(), 1, "{}", daemon.log());

    drop(stuck);
    let over = || {
        web::status_of(&format!("{}hello_world", daemon.launch_url()));
        daemon.log().contains("pages: new connections are taken again").then_some(())
    };
    assert!(poll(PATIENCE, over).is_some(), "{}", daemon.log());
}

#[test]
fn with_few_files_the_pages_take_their_part_only() {
    let folder = TempDir::new().unwrap();
    let limited = folder.path().join("limited");
    let script = format!("#!/bin/sh\nulimit -n 256\nexec '{}' \"$@\"\n", program().display());
    fs::write(&limited, script).unwrap();
    fs::set_permissions(&limited, fs::Permissions::from_mode(0o755)).unwrap();
    let prosody = stage::server();
    let daemon = Daemon::start(&limited, stage::script(&prosody));
    let clients = Clients::new();
    let mut stuck = Vec::new();
    for n in 0..400_u16 {
        // From many addresses, as fast as they come.
        let [_, site] = (n % 40 + 2).to_be_bytes();
        let mut line = clients.open([127, 0, 0, site], pages(&daemon));
        drop(line.write_all(STUCK));
        stuck.push(line);
    }

    let full = || {
        let text = web::get(&format!("{}/metrics", daemon.metrics_url())).html;
        text.contains("{server=\"pages\",reason=\"all\"} 3").then_some(())
    };
    assert!(poll(PATIENCE, full).is_some(), "{}", daemon.log());
    assert_eq!(web::status_of(&format!("{}/readyz", daemon.metrics_url())), Some(200));
    let open = Process::new(daemon.pid().try_into().unwrap()).unwrap().fd_count().unwrap();
    assert!(open < 256 - 64, "{open}");
    let log = daemon.log();
    assert!(!log.contains("os error 24"), "{log}");
    assert_eq!(log.matches("new connections are refused").count(), 1, "{log}");
}

#[test]
fn where_no_file_is_left_that_is_said_once_and_nothing_spins() {
    let prosody = stage::server();
    let daemon = Daemon::start(program(), stage::script(&prosody));
    let clients = Clients::new();
    let limit = |n: usize| {
        let pid = daemon.pid().to_string();
        let soft = format!("--nofile={n}:");
        let set = Command::new("prlimit").args(["--pid", &pid, &soft]).status().unwrap();
        assert!(set.success());
    };
    let process = Process::new(daemon.pid().try_into().unwrap()).unwrap();
    limit(process.fd_count().unwrap() + 2);
    let used = cpu(&daemon);
    let mut lines: Vec<TcpStream> = (0..20)
        .map(|_| {
            let mut line = clients.open([127, 0, 0, 1], pages(&daemon));
            line.write_all(request("/hello_world").as_bytes()).unwrap();
            line
        })
        .collect();
    daemon.wait_for_log("os error 24", PATIENCE);
    std::thread::sleep(Duration::from_secs(4));

    let used = cpu(&daemon).saturating_sub(used);
    assert!(used < Duration::from_secs(1), "{used:?}");
    assert_eq!(daemon.log().matches("os error 24").count(), 1, "{}", daemon.log());
    // It goes on where files are there again.
    limit(1024);
    let mut answer = [0; 12];
    for line in &mut lines {
        line.set_read_timeout(Some(PATIENCE)).unwrap();
        line.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
}
