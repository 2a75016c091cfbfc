//! The demo: a lesson from the LMS launch to the grade, with real programs on this machine.
//!
//! Starts an XMPP server (Prosody), the bot, and an LMS of its own; takes the lesson with profanity
//! as `ada`, printing the chat and the pages; looks at the course as a teacher; then stays up for
//! whoever wants to try it as `you`, until Ctrl-C. With `DEMO_ONCE=1` it ends after the lesson. Run
//! by `make demo`.
//!
//! `demo pictures FOLDER` has a class take the lesson instead, and takes the pictures of README.md
//! as it goes. Run by `make pictures`.

#![expect(clippy::expect_used, clippy::panic, reason = "unwinding stops what the demo started")]

mod camera;
mod lesson;
mod narrator;
mod pictures;
mod site;
mod stage;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use support::wait::INTERRUPTED;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run: Box<dyn FnOnce() + Send> = match arguments.as_slice() {
        [] => Box::new(lesson::run),
        ["pictures", folder] => {
            let folder = PathBuf::from(folder);
            Box::new(move || pictures::take(&folder))
        }
        [..] => {
            narrator::say("usage: demo [pictures FOLDER]");
            return ExitCode::from(2);
        }
    };
    narrator::hide_in_panics();

    let (sender, ended) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        wait_for_signal();
        drop(sender);
    });
    let run = std::thread::spawn(run);
    // It unwinds when it is interrupted, and stops all that it started.
    while !run.is_finished() {
        match ended.recv_timeout(Duration::from_millis(50)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => {
                INTERRUPTED.store(true, Ordering::Relaxed);
                break;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
    match run.join() {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if INTERRUPTED.load(Ordering::Relaxed) => ExitCode::from(130),
        Err(_) => ExitCode::FAILURE,
    }
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
