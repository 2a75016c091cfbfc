//! Certificates that a server made itself, as the manuals say, and files that are none.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::e2e::program;
use support::daemon::{Daemon, Script};
use support::prosody::Prosody;
use support::stage::{self, BOT, BOT_PASSWORD};
use support::wait::PATIENCE;

/// Makes key and certificate for `localhost` by the command of the manual.
fn by_the_manual(folder: &Path) -> PathBuf {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/prosody.md");
    let manual = fs::read_to_string(manual).unwrap();
    let at = manual.find("openssl req -x509").unwrap();
    let (command, _) = manual.get(at..).unwrap().split_once("```").unwrap();
    let command = command.replace("example.org", "localhost");
    let made = Command::new("sh").args(["-c", &command]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder.join("localhost.crt")
}

/// A Prosody with a certificate that it made itself, and a copy of that.
fn server_of_its_own() -> (Prosody, TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let certificate = by_the_manual(folder.path());
    let mut prosody = stage::server();
    prosody.stop();
    for file in ["localhost.crt", "localhost.key"] {
        let to = prosody.folder().join(file);
        fs::remove_file(&to).unwrap();
        fs::copy(folder.path().join(file), to).unwrap();
    }
    prosody.start_again();
    (prosody, folder, certificate)
}

fn learner(daemon: &Daemon, prosody: &Prosody, folder: &Path) -> Output {
    let password = folder.join("password");
    fs::write(&password, format!("{}\n", stage::PASSWORD)).unwrap();
    let script = folder.join("script");
    fs::write(&script, "/quit\n").unwrap();
    Command::new(program())
        .arg("--settings")
        .arg(daemon.settings())
        .args(["learner", "--jid", stage::ADA, "--bot", BOT, "--secret", "long enough for all"])
        .arg("--password-file")
        .arg(password)
        .arg("--script")
        .arg(script)
        .args(["--server", &prosody.c2s_addr()])
        .output()
        .unwrap()
}

#[test]
fn the_bot_and_a_learner_trust_the_certificate_that_the_settings_name_as_it_stands() {
    let (prosody, folder, certificate) = server_of_its_own();
    let script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &certificate);
    let daemon = Daemon::start(program(), script);

    let output = learner(&daemon, &prosody, folder.path());

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("* logged in"), "{said}");
}

#[test]
fn a_learner_who_does_not_trust_the_server_ends_with_5() {
    let (prosody, folder, _) = server_of_its_own();
    let script = stage::script(&prosody);
    let daemon = Daemon::prepare(program(), script);

    let output = learner(&daemon, &prosody, folder.path());

    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    for part in ["signed by itself", "tls.ca_certs", "copy it to a file"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_file_that_holds_no_certificate_is_told_by_check_and_run_alike() {
    let folder = TempDir::new().unwrap();
    let certificate = by_the_manual(folder.path());
    let der = folder.path().join("der");
    let args = ["x509", "-outform", "der", "-in"];
    let made = Command::new("openssl").args(args).arg(&certificate).arg("-out").arg(&der).output();
    assert!(made.unwrap().status.success());
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    for (file, code, words) in [
        (der, 4, "DER form"),
        (empty, 4, "is empty"),
        (folder.path().join("localhost.key"), 4, "a private key"),
        (folder.path().join("none"), 5, "which is not there"),
    ] {
        let script = Script::new(BOT, BOT_PASSWORD, 1, &file);
        let mut daemon = Daemon::launch(program(), script);
        let ended = daemon.wait(PATIENCE);
        assert_eq!(ended.code(), Some(code), "{}", daemon.log());
        let checked =
            Command::new(program()).arg("--settings").arg(daemon.settings()).arg("check").output();
        let said = String::from_utf8_lossy(&checked.unwrap().stderr).into_owned();
        for said in [daemon.log(), said] {
            let line = said.lines().find(|line| line.contains("tls.ca_certs")).unwrap_or_default();
            assert!(line.contains(words), "{words}: {said}");
            assert!(line.contains("settings.yaml:9: tls.ca_certs: "), "{said}");
        }
    }
}
