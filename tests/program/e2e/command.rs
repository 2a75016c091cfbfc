//! `otrbot learner`: the lesson without a chat client.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::io::Write as _;
use std::process::{Command, Output};
use std::sync::Arc;

use otr::{Account, KeyFile, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use tempfile::NamedTempFile;

use crate::e2e::program;
use support::learner::{GOOD_SECRET, bot_secret_in};
use support::stage::{ADA, BOT, PASSWORD, Stage};
use support::wait::PATIENCE;
use support::web::{self, Frame};

/// Runs `otrbot learner` with a script.
fn learner(stage: &Stage, password: &str, script: &str) -> Output {
    let mut password_file = NamedTempFile::new().unwrap();
    writeln!(password_file, "{password}").unwrap();
    let mut script_file = NamedTempFile::new().unwrap();
    script_file.write_all(script.as_bytes()).unwrap();
    Command::new(program())
        .args(["learner", "--jid", ADA, "--bot", BOT, "--secret", GOOD_SECRET])
        .arg("--password-file")
        .arg(password_file.path())
        .arg("--script")
        .arg(script_file.path())
        .arg("--server")
        .arg(stage.prosody.c2s_addr())
        .arg("--ca-certs")
        .arg(stage.prosody.ca_file())
        .output()
        .unwrap()
}

#[test]
fn the_command_takes_the_whole_lesson_in_version_3() {
    let stage = Stage::set(program());
    let mut frame = Frame::launch(&stage.daemon.launch_url(), &stage.learner_launch("cell"));
    frame.go_to("enter_jid", "jid");
    frame.fill_in("jid", ADA);
    frame.go_to("ask_for_secret", "secret");
    frame.fill_in("secret", GOOD_SECRET);

    let script = "hello\n/otr\n/wait private\n/smp\n/wait verified\n/wait secret\n/quit\n";
    let output = learner(&stage, PASSWORD, script);

    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let secret = said.lines().find_map(bot_secret_in).expect("a bot secret in the chat");
    frame.go_to("enter_bot_secret", "bot_secret");
    frame.fill_in("bot_secret", &secret);
    stage.outcomes.wait_for_grade("cell", PATIENCE).expect("the grade arrives");
    let metrics = web::get(&format!("{}/metrics", stage.daemon.metrics_url())).html;
    assert!(metrics.contains("otrbot_otr_handshakes_total{version=\"3\"} 1"), "{metrics}");
}

#[test]
fn a_fixed_key_is_the_one_that_the_learner_meets() {
    let key = Arc::new(SigningKey::generate(&mut ChaCha20Rng::seed_from_u64(1)));
    let fingerprint = key.public_key().fingerprint().to_string();
    let mut keys = KeyFile::new();
    keys.set(Account::new(BOT, "prpl-jabber", key).unwrap()).unwrap();
    let text = keys.to_text().to_string();
    let stage = Stage::set_with(program(), |script| script.private_key = Some(text));
    let mut frame = Frame::launch(&stage.daemon.launch_url(), &stage.learner_launch("cell"));
    frame.go_to("enter_jid", "jid");
    frame.fill_in("jid", ADA);

    let output = learner(&stage, PASSWORD, "hello\n/otr\n/wait private\n/quit\n");

    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    let expected = format!("* private; the bot's fingerprint is {fingerprint}");
    assert!(said.contains(&expected), "{expected:?} is not in {said}");
}

#[test]
fn a_wrong_password_ends_the_command_with_6() {
    let stage = Stage::set(program());

    let output = learner(&stage, "not the password", "hello\n");

    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{complaint}");
    assert!(complaint.contains("refused the account or its password"), "{complaint}");
}
