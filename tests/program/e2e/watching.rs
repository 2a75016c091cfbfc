//! The metrics, as `promtool`, a real Prometheus and an operator see them.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of a test may fail it")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::prosody::Prosody;
use support::stage::{BOT, BOT_PASSWORD};
use support::wait::{free_port, poll};
use support::web;

const SECRET: &str = "seven calm owls read 9 maps";

/// A bot with whom one learner has taken the lesson, and another is in it.
fn school() -> (Prosody, Daemon, Stays) {
    let bot = BOT.split('@').next().unwrap();
    let prosody = Prosody::start(&[(bot, BOT_PASSWORD), ("learner1", "pw"), ("learner2", "pw")]);
    let mut script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file());
    script.whitelist = vec!["learner1@localhost".into(), "learner2@localhost".into()];
    script.default_secret = Some(SECRET);
    let daemon = Daemon::start(program(), script);
    let folder = TempDir::new().unwrap();
    let password = folder.path().join("password");
    fs::write(&password, "pw\n").unwrap();
    let learner = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command
            .args(["learner", "--bot", daemon.jid(), "--secret", SECRET, "--password-file"])
            .arg(&password)
            .args(["--server", &prosody.c2s_addr(), "--ca-certs"])
            .arg(prosody.ca_file())
            .args(arguments);
        command
    };
    let taken = learner(&["--jid", "learner{n}@localhost", "--count", "1"]).output().unwrap();
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let mut stays = learner(&["--jid", "learner2@localhost"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The first one's lesson is over, and with it the session.
    stays.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
    let standing = || {
        let text = web::get(&format!("{}/metrics", daemon.metrics_url())).html;
        let is_there =
            text.contains("otrbot_sessions_opened_total 2") && text.contains("otrbot_sessions 1\n");
        is_there.then_some(())
    };
    assert!(poll(Duration::from_mins(1), standing).is_some());
    (prosody, daemon, Stays { child: stays, _folder: folder })
}

/// A learner who stays in the lesson until this is dropped.
struct Stays {
    child: Child,
    _folder: TempDir,
}

impl Drop for Stays {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A page of the daemon, fetched by a program of the operator's with this header.
fn fetch(daemon: &Daemon, accept: Option<&str>) -> (String, String) {
    let address = daemon.metrics_url();
    let (host, port) = address.trim_start_matches("http://").split_once(':').unwrap();
    let mut stream = std::net::TcpStream::connect((host, port.parse().unwrap())).unwrap();
    let accept = accept.map_or_else(String::new, |accept| format!("Accept: {accept}\r\n"));
    write!(stream, "GET /metrics HTTP/1.0\r\nHost: {host}\r\n{accept}\r\n").unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// What `promtool check metrics` says; empty if it has nothing to say.
fn promtool(text: &str) -> String {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

/// A Prometheus that scrapes a daemon each second, with our alert rules.
struct Prometheus {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Prometheus {
    fn start(daemon: &Daemon) -> Self {
        let folder = TempDir::new().unwrap();
        let port = free_port();
        let rules =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/prometheus/otrbot.rules.yml");
        let target = daemon.metrics_url().replace("http://", "");
        let settings = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
             rule_files: [\"{}\"]\n\
             scrape_configs:\n  - job_name: otrbot\n    static_configs: [{{ targets: [{target:?}] }}]\n",
            rules.display()
        );
        fs::write(folder.path().join("prometheus.yml"), settings).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}/prometheus.yml", folder.path().display()))
            .arg(format!("--storage.tsdb.path={}/data", folder.path().display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port, _folder: folder }
    }

    fn ask(&self, path: &str) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/api/v1/{path}", self.port);
        web::status_of(&url)?;
        serde_json::from_str(&web::get(&url).html).ok()
    }

    /// The results of an expression.
    fn query(&self, expression: &str) -> Result<usize, String> {
        let mut url = Url::parse("http://host/query").unwrap();
        url.query_pairs_mut().append_pair("query", expression);
        let answer = self.ask(&format!("query?{}", url.query().unwrap())).unwrap_or_default();
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        Ok(answer["data"]["result"].as_array().map_or(0, Vec::len))
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Every expression of the dashboard.
fn expressions_of_the_dashboard() -> Vec<String> {
    let text = include_str!("../../../packaging/grafana/otrbot.json");
    let dashboard: Value = serde_json::from_str(text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap());
    targets.map(|target| target["expr"].as_str().unwrap().replace("$job", "otrbot")).collect()
}

#[test]
fn promtool_finds_nothing_and_prometheus_reads_all_that_dashboard_and_rules_ask() {
    let (_prosody, daemon, _stays) = school();

    // In each format, and with a header as a browser sends it or without one.
    for accept in [None, Some("*/*"), Some("text/plain")] {
        let (head, text) = fetch(&daemon, accept);
        assert_eq!(promtool(&text), "", "{accept:?}");
        assert!(text.ends_with("# EOF\n"));
        let is_openmetrics = head.contains("application/openmetrics-text");
        assert_eq!(is_openmetrics, accept != Some("text/plain"), "{head}");
    }
    let (head, text) = fetch(&daemon, Some("application/openmetrics-text; version=1.0.0"));
    assert!(head.contains("application/openmetrics-text"), "{head}");
    assert!(text.contains("# TYPE otrbot_sessions_opened counter"), "{text}");
    // Nobody's name, and no more labels than there are words in the program and its lessons.
    for personal in ["learner1", "learner2", "@localhost", SECRET] {
        assert!(!text.contains(personal), "{personal}: {text}");
    }

    let prometheus = Prometheus::start(&daemon);
    let rated = r#"rate(process_cpu_seconds_total{job="otrbot"}[5m])"#;
    let scraped = poll(Duration::from_mins(1), || (prometheus.query(rated) == Ok(1)).then_some(()));
    assert!(scraped.is_some(), "Prometheus has scraped nothing: {:?}", prometheus.query(rated));
    for expression in expressions_of_the_dashboard() {
        let n = prometheus.query(&expression);
        assert!(n.as_ref().is_ok_and(|n| *n > 0), "{expression}: {n:?}");
    }
    let rules = prometheus.ask("rules").unwrap();
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 12);
    let evaluated = poll(Duration::from_secs(30), || {
        let rules = prometheus.ask("rules")?;
        let rules = rules["data"]["groups"][0]["rules"].as_array()?.clone();
        rules.iter().all(|rule| rule["health"] == "ok").then_some(rules)
    });
    let rules = evaluated.unwrap();
    let firing: BTreeSet<_> = rules
        .iter()
        .filter(|rule| rule["state"] != "inactive")
        .map(|rule| &rule["name"])
        .map(ToString::to_string)
        .collect();
    assert_eq!(firing, BTreeSet::new(), "nothing is wrong");
}

#[test]
fn the_rules_fire_for_what_is_wrong_and_for_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/prometheus");
    let mut promtool = Command::new("promtool");
    promtool.args(["test", "rules", "otrbot.test.yml"]).current_dir(folder);

    let output = promtool.output().unwrap();

    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.contains("SUCCESS"), "{said}");
}

#[test]
fn every_name_that_dashboard_and_rules_use_is_a_metric() {
    let (_prosody, daemon, _stays) = school();
    let (_, text) = fetch(&daemon, Some("text/plain"));
    let declared: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let rules = include_str!("../../../packaging/prometheus/otrbot.rules.yml");
    let used = expressions_of_the_dashboard().join("\n") + rules;

    let names = used.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_name = |word: &&str| word.starts_with("otrbot_") || word.starts_with("process_");
    let names: BTreeSet<&str> = names.filter(is_name).collect();

    assert!(names.len() > 20, "{names:?}");
    for name in names {
        let family = name.trim_end_matches("_bucket").trim_end_matches("_count");
        assert!(declared.contains(family), "{name} is no metric: {declared:?}");
    }
}

#[test]
fn the_status_shows_the_metrics_once_or_again_and_again() {
    let (_prosody, mut daemon, _stays) = school();
    let status = |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.arg("--settings").arg(daemon.settings()).arg("status").args(arguments);
        command
    };

    let once = status(&[]).output().unwrap();
    let shown = String::from_utf8_lossy(&once.stdout).into_owned();
    assert!(once.status.success(), "{shown}");
    for part in [
        "readyz: ready",
        "sessions: 1 open of 2 learners",
        "1 succeeded",
        "MB in RAM",
        "messages refused: ",
        "session    1 live, 0 waiting, ",
        " writes waiting, ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let mut watching =
        status(&["--watch", "--every", "0.2"]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    daemon.kill();
    std::thread::sleep(Duration::from_secs(1));
    watching.kill().unwrap();
    let output = watching.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.matches("readyz: ready").count() >= 3, "{shown}");
    assert!(shown.contains("no bot answers at"), "{shown}");
    assert!(shown.contains("a second: stanzas in 0.0"), "{shown}");
}
