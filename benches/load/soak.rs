//! Half an hour with a hundred learners at a time, from the first word in the chat to the grade in
//! the LMS, while the server is restarted, frozen and cut off and the LMS is down now and then.
//! `MINUTES` sets another time, and `FAULT` one fault instead of all, soon and again and again.

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use crate::{School, course::Course, fleet::Goal};

/// What is done to the server, one after the other.
const FAULTS: [&str; 4] = ["restarted", "frozen for 20 s", "killed", "frozen for 100 s"];
/// How long nothing is done to it in between.
const CALM: Duration = Duration::from_mins(2);
/// How many learners take lessons at a time, and how many lessons a round has.
const AT_ONCE: usize = 100;
const ROUND: usize = 400;
/// How long the grades may take after the last lesson: the longest pause, and what waits meanwhile.
const GRADING: Duration = Duration::from_mins(8);

/// Sessions that end while the soak lasts, so that what they leave behind shows.
const SESSIONS: &str = "session: { warning_timeout: 200, session_timeout: 240 }";

/// Prints what happened, a line for each fault and each minute between them.
pub(crate) async fn soak() {
    let minutes: f64 = env::var("MINUTES").ok().and_then(|n| n.parse().ok()).unwrap_or(30.0);
    println!("\n## Soak: {minutes} minutes at {AT_ONCE} learners\n");
    println!("| minute | fault | lessons | failed | tried again | grades so far | memory |");
    println!("|--:|---|--:|--:|--:|--:|--:|");
    let mut school = School::open_with(150_000, SESSIONS).await;
    let (course, passed) = Course::open(&school.daemon.launch_url());
    let began = Instant::now();
    let until = began + Duration::from_secs_f64(minutes * 60.0);
    let mut fleet = school.fleet().await;
    fleet.passed = Some(passed);
    let (mut n_done, mut n_failed) = (0, 0);
    let (mut told, mut told_at) = ((0, 0, 0), Instant::now());
    let only = env::var("FAULT").ok();
    let faults: Vec<&str> = FAULTS
        .into_iter()
        .filter(|fault| only.as_deref().is_none_or(|only| only == *fault))
        .collect();
    assert!(!faults.is_empty(), "FAULT is one of {FAULTS:?}");
    let calm = if only.is_some() { CALM / 8 } else { CALM };
    let mut next_fault = Instant::now() + calm;
    let mut n_faults = 0;
    while Instant::now() < until {
        let fault = (Instant::now() >= next_fault).then(|| {
            next_fault = Instant::now() + calm;
            n_faults += 1;
            // The LMS is down for a while, too: until the third try, half a minute later.
            course.outcomes.fail_next(2);
            faults[(n_faults - 1) % faults.len()]
        });
        let prosody = &mut school.prosody;
        let trouble = async {
            let Some(fault) = fault else { return };
            tokio::time::sleep(Duration::from_secs(3)).await;
            match fault {
                "restarted" => {
                    prosody.stop();
                    prosody.start_again();
                }
                "killed" => {
                    prosody.kill();
                    prosody.start_again();
                }
                "frozen for 20 s" => freeze(prosody.pid(), 20).await,
                _ => freeze(prosody.pid(), 100).await,
            }
        };
        let (report, ()) = tokio::join!(fleet.send(ROUND, AT_ONCE, Goal::Passed), trouble);
        n_done += report.n_done;
        n_failed += report.n_failed;
        told = (told.0 + report.n_done, told.1 + report.n_failed, told.2 + report.n_tries);
        if fault.is_none() && told_at.elapsed() < Duration::from_mins(1) {
            continue;
        }
        let (done, failed, tries) = std::mem::take(&mut told);
        told_at = Instant::now();
        println!(
            "| {:.1} | {} | {done} | {failed} | {tries} | {} | {:.0} MB |",
            began.elapsed().as_secs_f64() / 60.0,
            fault.unwrap_or("-"),
            course.outcomes.grades().len(),
            school.memory()
        );
    }
    drop(fleet.passed.take());
    let n_down = course.outcomes.turned_away();
    let closed = tokio::task::spawn_blocking(move || course.close(n_done, GRADING));
    let troubles = closed.await.unwrap();
    println!(
        "\n{n_done} lessons, {n_failed} failed; {n_faults} faults of the server, {n_down} requests met \
         an LMS that was down; {} grades wrong, lost or doubled; memory at the end {:.0} MB",
        troubles.len(),
        school.memory()
    );
    for trouble in troubles.iter().take(10) {
        println!("- {trouble}");
    }
}

/// Stops a process and lets it go on, as a machine does that is moved or overloaded.
async fn freeze(pid: u32, seconds: u64) {
    signal(pid, "-STOP");
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    signal(pid, "-CONT");
}

fn signal(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}
