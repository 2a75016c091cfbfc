//! The demo: a lesson from the LMS launch to the grade, with real programs on this machine.
//!
//! Starts an XMPP server (Prosody), the bot, and an LMS of its own; takes the lesson with profanity
//! as `ada`, printing the chat and the pages; then stays up for whoever wants to try it as `you`,
//! until Ctrl-C. With `DEMO_ONCE=1` it ends after the lesson. Run by `make demo`.

#![expect(clippy::expect_used, clippy::panic, reason = "unwinding stops what the demo started")]

mod narrator;
mod site;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use support::daemon::{Daemon, Script};
use support::learner::{GOOD_SECRET, Learner};
use support::oauth::Consumer;
use support::outcomes::Outcomes;
use support::profanity::{self, Profanity};
use support::prosody::Prosody;
use support::wait::{INTERRUPTED, PATIENCE};
use support::web;

use narrator::{Narrator, say};

const BOT: &str = "totem@localhost";
const PASSWORD: &str = "demo-password";

fn main() -> ExitCode {
    let (sender, ended) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        wait_for_signal();
        drop(sender);
    });
    let lesson = std::thread::spawn(run);
    // The lesson unwinds when it is interrupted, and stops all that it started.
    while !lesson.is_finished() {
        match ended.recv_timeout(Duration::from_millis(50)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                INTERRUPTED.store(true, Ordering::Relaxed);
                break;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    match lesson.join() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if INTERRUPTED.load(Ordering::Relaxed) => ExitCode::from(130),
        Err(_) => ExitCode::FAILURE,
    }
}

/// The whole demo.
fn run() {
    say("Starting an XMPP server, the bot and the LMS of the demo on loopback ...");
    let prosody = Prosody::start(&["totem", "ada", "you"].map(|name| (name, PASSWORD)));
    let mut script = Script::new(BOT, PASSWORD, prosody.port(), &prosody.ca_file());
    script.typing_speed = Some(200);
    let daemon = Daemon::start(&program(), script);
    let outcomes = Arc::new(Outcomes::start(&Consumer::stage()));
    let lms = site::serve(daemon.launch_url(), Arc::clone(&outcomes));

    lesson(&prosody, &lms);

    let filed = site::sourcedid("ada");
    let grade = outcomes.wait_for_grade(&filed, PATIENCE);
    let Some(grade) = grade else {
        panic!("no grade arrived; refused: {:?}\n{}", outcomes.refusals(), daemon.log())
    };
    say(&format!("\nThe LMS has the grade: ada {} of 1", grade.score));
    say(&format!("and shows it: {}", web::get(&format!("{lms}/grade/ada")).text()));
    if std::env::var_os("DEMO_ONCE").is_some_and(|it| !it.is_empty() && it != "0") {
        return;
    }
    let home = tempfile::tempdir().expect("a folder for your profanity");
    invite(&prosody, &daemon, &lms, home.path());
    while !INTERRUPTED.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// `ada` takes the lesson.
fn lesson(prosody: &Prosody, lms: &str) {
    let mut narrator = Narrator::default();
    narrator::step("ada opens the assignment in the LMS");
    let form = web::get(&format!("{lms}/launch/ada")).forms().remove(0);
    let chat = Profanity::start("ada@localhost", PASSWORD, prosody.port());
    let mut ada = Learner::open(chat, BOT, &form.action, &form.fields);
    narrator::page(&ada);

    narrator::step("she gives her Jabber ID, and the bot invites her");
    narrator::typed("ada@localhost");
    ada.give_jid();
    narrator::page(&ada);
    ada.meet_the_bot();
    narrator.chat(&ada);

    narrator::step("she switches OTR on (/otr start)");
    ada.go_private();
    narrator.chat(&ada);

    narrator::step("she agrees on a secret with the bot, on the page");
    for secret in ["password", GOOD_SECRET] {
        narrator::typed(secret);
        ada.give_secret(secret);
        narrator::page(&ada);
    }
    narrator.chat(&ada);

    narrator::step("she verifies the bot with it (/otr secret ...)");
    ada.verify(GOOD_SECRET, "Authentication successful");
    let secret = ada.read_bot_secret();
    narrator.chat(&ada);

    narrator::step("she copies the bot's secret from the chat to the page");
    narrator::typed(&secret);
    ada.give_bot_secret(&secret);
    narrator::page(&ada);
    narrator.chat(&ada);

    narrator::step("she ends the private conversation (/otr end)");
    ada.end_privacy();
    narrator.chat(&ada);
}

/// Tells how to take the lesson oneself.
fn invite(prosody: &Prosody, daemon: &Daemon, lms: &str, home: &Path) {
    let command = profanity::prepare(home, "you@localhost", PASSWORD, prosody.port());
    say(&format!(
        "\nNow you. All of this runs until Ctrl-C.\n\n\
         1. The assignment, in a browser:   {lms}/assignment/you\n\
         2. Your Jabber ID:                 you@localhost\n\
         3. Your client, in a terminal:     {command}\n   \
            then /otr gen, /sub allow {BOT}, /msg {BOT}, hello, /otr start {BOT},\n   \
            and when the bot asks for it: /otr secret \"the secret of the page\"\n   \
            (another client: server 127.0.0.1, port {port}, password {PASSWORD},\n   \
            authority {ca})\n\n\
         Metrics: {metrics}/metrics   Settings: {settings}",
        port = prosody.port(),
        ca = prosody.ca_file().display(),
        metrics = daemon.metrics_url(),
        settings = daemon.settings().display(),
    ));
}

/// The bot's program, built beside this one: `target/…/demo`, `target/…/otrbot`.
fn program() -> PathBuf {
    let own = std::env::current_exe().expect("the path of this program");
    let folder = own.parent().expect("a folder of builds");
    let program = folder.join("otrbot");
    assert!(program.exists(), "{} is missing: run `make demo`", program.display());
    program
}

fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime for signals").block_on(async {
        let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be waited for");
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    });
}
