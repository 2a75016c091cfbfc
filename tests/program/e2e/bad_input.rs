//! Settings and servers that are not as they should be: one clear sentence, and the right end.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::prosody::{Options, Prosody};
use support::stage::{self, BOT, BOT_PASSWORD};
use support::web;

/// Runs the program to its end, in a folder of its own with this settings file.
fn run(settings: &str) -> Output {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("settings.yaml");
    fs::write(&path, settings).unwrap();
    let mut command = Command::new(program());
    command.arg("--settings").arg(&path);
    command.arg("run").current_dir(folder.path()).output().unwrap()
}

fn script(port: u16) -> Script {
    Script::new(BOT, BOT_PASSWORD, port, Path::new("/etc/hostname"))
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn no_settings_end_with_3() {
    let folder = TempDir::new().unwrap();

    let output = Command::new(program())
        .arg("run")
        .current_dir(folder.path())
        .env("OTRBOT_ENV", "there_is_none")
        .output()
        .unwrap();

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    let file = folder.path().join("settings/there_is_none.yaml");
    assert!(said.contains(&file.display().to_string()), "{said}");
}

#[test]
fn an_unknown_setting_ends_with_4_and_names_file_line_and_key() {
    let yaml = script(1).yaml().replace("scheduled:", "schedulled:");
    let line = 1 + yaml.lines().position(|line| line.contains("schedulled")).unwrap();

    let output = run(&yaml);

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    for part in ["settings.yaml", &line.to_string(), "schedulled", "scheduled"] {
        assert!(said.contains(part), "{part:?} is not in {said:?}");
    }
    assert!(!said.contains(BOT_PASSWORD), "a secret is shown: {said}");
}

#[test]
fn a_setting_of_the_wrong_kind_ends_with_4() {
    let yaml = script(1).yaml().replace("may_start_smp: false", "may_start_smp: perhaps");

    let output = run(&yaml);

    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("may_start_smp"), "{said}");
}

#[test]
fn a_wrong_password_ends_with_6_and_is_not_tried_again() {
    let prosody = stage::server();
    let mut script = stage::script(&prosody);
    script.password = "not the password".to_owned();
    script.log_level = "info";

    let mut daemon = Daemon::launch(program(), script);
    let status = daemon.wait(Duration::from_secs(20));

    let log = daemon.log();
    assert_eq!(status.code(), Some(6), "{log}");
    let complaints: Vec<&str> =
        log.lines().filter(|line| line.contains("password") || line.contains("refused")).collect();
    assert_eq!(complaints.len(), 1, "not one sentence: {log}");
    for part in [BOT, "127.0.0.1", "password"] {
        assert!(complaints[0].contains(part), "{part} is not named: {log}");
    }
    let tries = prosody.log().matches("Client connected").count();
    assert_eq!(tries, 1, "tried again:\n{}", prosody.log());
    assert!(!log.contains("not the password"), "the password is shown: {log}");
}

#[test]
fn an_untrusted_certificate_is_said_once() {
    let prosody = stage::server();
    let other = TempDir::new().unwrap();
    let authority = other.path().join("ca.pem");
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=other"])
        .arg("-keyout")
        .arg(other.path().join("key.pem"))
        .arg("-out")
        .arg(&authority)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut script = stage::script(&prosody);
    script.ca_certs = authority;

    script.log_level = "info";
    let mut daemon = Daemon::launch(program(), script);
    let status = daemon.wait(Duration::from_secs(20));

    let log = daemon.log();
    assert_eq!(status.code(), Some(5), "{log}");
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains("certificate")).collect();
    assert_eq!(complaints.len(), 1, "not one sentence: {log}");
    for part in [BOT, "127.0.0.1", "not trusted"] {
        assert!(complaints[0].contains(part), "{part} is not named: {log}");
    }
}

#[test]
fn a_server_that_comes_later_is_waited_for() {
    let mut prosody = stage::server();
    prosody.stop();
    let mut daemon = Daemon::launch(program(), stage::script(&prosody));
    daemon.wait_for_log("127.0.0.1", Duration::from_secs(20));
    let ready = format!("{}/readyz", daemon.metrics_url());
    assert_ne!(web::status_of(&ready), Some(200), "ready without a server");

    prosody.start_again();

    daemon.wait_until_ready();
}

#[test]
fn a_server_with_older_tls_ends_with_127() {
    let options = Options { ssl: vec!["protocol = \"tlsv1_2\"".to_owned()], ..Options::default() };
    let prosody = Prosody::start_with(&[("bot", BOT_PASSWORD)], options);
    let mut script = stage::script(&prosody);
    script.tls = "version: TLSv1.3".to_owned();
    script.log_level = "info";

    let mut daemon = Daemon::launch(program(), script);
    let status = daemon.wait(Duration::from_secs(20));

    let log = daemon.log();
    assert_eq!(status.code(), Some(127), "{log}");
    for part in [BOT, "127.0.0.1", "TLSv1.3", "tls.version"] {
        assert!(log.contains(part), "{part} is not named: {log}");
    }
}

#[test]
fn a_server_that_keeps_passwords_with_few_rounds_ends_with_6_and_is_told_why() {
    let global = "authentication = \"internal_hashed\"".to_owned();
    let prosody = Prosody::start_with(&[], Options { global, ..Options::default() });
    prosody.add_derived_account("totem", 1_000);

    let mut daemon = Daemon::launch(program(), stage::script(&prosody));
    let status = daemon.wait(Duration::from_secs(20));

    let log = daemon.log();
    assert_eq!(status.code(), Some(6), "{log}");
    for part in [BOT, "1000 rounds", "4096", "set the password anew"] {
        assert!(log.contains(part), "{part} is not said: {log}");
    }
    assert!(!log.contains("did not prove"), "{log}");
}

#[test]
fn a_server_of_direct_tls_is_reached_where_the_settings_say_so() {
    let options = Options { direct_tls: true, ..Options::default() };
    let prosody = Prosody::start_with(&[("totem", BOT_PASSWORD)], options);
    let mut script = stage::script(&prosody);
    script.server = format!("xmpps://{}", prosody.direct_addr());

    let mut daemon = Daemon::launch(program(), script);

    daemon.wait_until_ready();
}

#[test]
fn a_server_without_the_ciphers_of_the_list_ends_with_127() {
    let ssl = ["protocol = \"tlsv1_2\"", "ciphers = \"ECDHE-ECDSA-AES128-GCM-SHA256\""];
    let ssl = ssl.map(str::to_owned).to_vec();
    let prosody =
        Prosody::start_with(&[("bot", BOT_PASSWORD)], Options { ssl, ..Options::default() });
    let mut script = stage::script(&prosody);
    script.tls = "cipher_list: [ECDHE-ECDSA-AES256-GCM-SHA384]".to_owned();

    let status = Daemon::launch(program(), script).wait(Duration::from_secs(20));

    assert_eq!(status.code(), Some(127));
}

#[test]
fn ciphers_that_cannot_be_had_are_named_with_their_lines() {
    let names = ["ECDHE-RSA-AES256-GCM-SHA384", "AES256-SHA", "ECDHE-RSA-AES257-GCM-SHA384"];
    let mut script = script(1);
    script.tls = format!("cipher_list:\n    - {}", names.join("\n    - "));
    let yaml = script.yaml().replace("  secret_key_file: pages.key\n", "");
    let line = |name: &str| 1 + yaml.lines().position(|line| line.contains(name)).unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("settings.yaml");
    fs::write(&path, &yaml).unwrap();

    let output = Command::new(program()).arg("--settings").arg(&path).arg("check").output();

    let output = output.unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(4), "{said}");
    for (name, reason) in [(names[1], "forward secrecy"), (names[2], "did you mean")] {
        let place = format!("settings.yaml:{}: tls.cipher_list: \"{name}\"", line(name));
        assert!(said.contains(&place) && said.contains(reason), "{place} is not in {said}");
    }
    assert!(!said.contains(&format!("\"{}\"", names[0])), "{said}");
}
