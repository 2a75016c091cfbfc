//! What the daemon's memory holds when a person is forgotten: nothing of what was secret.
//!
//! The memory is read as a debugger reads it. That is allowed for a process of one's own that one has
//! started oneself, also where `kernel.yama.ptrace_scope` is 1; at 2 and 3 it is not, and the test
//! says so.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of a test may fail it"
)]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::FileExt as _;
use std::process::Command;
use std::time::Duration;

use memchr::memmem;

use crate::e2e::program;
use support::learner::Learner;
use support::postgres::Postgres;
use support::stage::{ADA, Stage};
use support::wait::{PATIENCE, poll};
use support::web::{Form, Frame, form_body};

/// So many bytes of a secret in a row are a find: what a freed block held is written over at its
/// start alone.
const WINDOW: usize = 10;
/// How much of a mapping is read at once.
const CHUNK: u64 = 16 * 1024 * 1024;

/// Letters that nothing but this test says.
fn unheard_of() -> String {
    (0..14).map(|_| char::from(rand::random_range(b'a'..=b'z'))).collect()
}

/// Words that are looked for, and what they are.
struct Sought {
    what: &'static str,
    windows: BTreeSet<Vec<u8>>,
}

impl Sought {
    /// Parts of the words, however they are written.
    fn new(what: &'static str, words: &[&str]) -> Self {
        let spellings = words
            .iter()
            .flat_map(|word| [word.to_lowercase(), word.to_uppercase()].map(String::into_bytes));
        let windows = spellings
            .flat_map(|spelling| spelling.windows(WINDOW).map(<[u8]>::to_vec).collect::<Vec<_>>());
        Self { what, windows: windows.collect() }
    }

    fn bot_secret(secret: &str) -> Self {
        Self::new("the bot secret", &[secret, &secret.replace('-', "")])
    }
}

/// Where in the memory of the daemon any of these is.
fn search(stage: &Stage, all: &[&Sought]) -> Vec<String> {
    let pid = stage.daemon.pid();
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap_or_else(|error| {
        panic!("the daemon's memory cannot be read ({error}): see kernel.yama.ptrace_scope")
    });
    let mut found = Vec::new();
    let mut n_read = 0_usize;
    for map in maps.lines().filter(|map| map.split(' ').nth(1).unwrap().starts_with("rw")) {
        let (begin, end) = map.split(' ').next().unwrap().split_once('-').unwrap();
        let [begin, end] = [begin, end].map(|at| u64::from_str_radix(at, 16).unwrap());
        let name = map.split_whitespace().nth(5).unwrap_or("anonymous");
        let mut at = begin;
        while at < end {
            // Chunks overlap, so that nothing is cut in two.
            let length = (end - at).min(CHUNK + 64);
            let mut bytes = vec![0; usize::try_from(length).unwrap()];
            // A mapping that was given back meanwhile holds nothing.
            let n = memory.read_at(&mut bytes, at).unwrap_or(0);
            n_read += n;
            for Sought { what, windows } in all {
                let hits = windows.iter().flat_map(|window| memmem::find_iter(&bytes[..n], window));
                let mut hits: Vec<usize> = hits.collect();
                hits.sort_unstable();
                // One place is told once.
                hits.dedup_by(|next, last| {
                    let is_same = *next < *last + 2 * WINDOW;
                    *last = if is_same { *next } else { *last };
                    is_same
                });
                for hit in hits {
                    let around = bytes[hit.saturating_sub(96)..(hit + 64).min(n)].escape_ascii();
                    let place = at + u64::try_from(hit).unwrap();
                    found.push(format!("{what} at {place:x} ({name}): {around}"));
                }
            }
            at += CHUNK;
        }
    }
    assert!(n_read > 1024 * 1024, "next to nothing of the memory was read: {n_read} bytes");
    found
}

/// The connections of a browser, which closes none of them.
#[derive(Default)]
struct Browser {
    connections: Vec<TcpStream>,
    /// Whether the daemon takes another request on the last one.
    is_kept: bool,
}

impl Browser {
    fn connection(&mut self, stage: &Stage) -> &mut TcpStream {
        if !self.is_kept {
            let url = stage.daemon.launch_url();
            let host = url.trim_start_matches("http://").trim_end_matches('/');
            let connection = TcpStream::connect(host).unwrap();
            connection.set_read_timeout(Some(PATIENCE)).unwrap();
            self.connections.push(connection);
        }
        self.connections.last_mut().unwrap()
    }

    /// Sends a form; the page that answers.
    fn submit(&mut self, stage: &Stage, form: &Form) -> String {
        let connection = self.connection(stage);
        let body = form_body(&form.fields);
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\nconnection: keep-alive\r\n\r\n",
            form.action,
            connection.peer_addr().unwrap(),
            body.len(),
        );
        connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !answer.ends_with(b"</html>") && !answer.ends_with(b"\r\n0\r\n\r\n") {
            match connection.read(&mut buffer).unwrap() {
                0 => break,
                n => answer.extend_from_slice(&buffer[..n]),
            }
        }
        let answer = String::from_utf8(answer).unwrap();
        self.is_kept = !answer.to_lowercase().contains("\r\nconnection: close\r\n");
        answer
    }
}

/// The form of the page with this field filled in.
fn filled_in(learner: &mut Learner, path: &str, field: &str, value: &str) -> Form {
    learner.frame().go_to(path, field);
    let form = learner.page().forms().into_iter().find(|form| form.has(field)).unwrap();
    form.with(field, value)
}

/// How much of the lesson is taken before the person is forgotten.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    /// The bot's key is verified, no more.
    Verified,
    /// The same, and before that the bot was killed and started again: what it was told by the page
    /// it knows from the store alone.
    Resumed,
    /// The bot secret is typed into the page, and the private conversation has ended.
    Done,
}

fn nothing_stays(mut stage: Stage, until: Until) {
    let stage = &mut stage;
    let [first, second, third, written, said] = [(); 5].map(|()| unheard_of());
    let shared_secret = format!("{first} {second} & {third}");
    let easy = first.get(..4).unwrap().repeat(4);
    let refused = Sought::new("the secret that was refused", &[&easy]);
    let shared = Sought::new("the shared secret", &[&first, &second, &third]);
    let sentence = Sought::new("what the learner wrote", &[&written, &said]);
    let mut learner = stage.learner(ADA, &stage.learner_launch("cell"));
    let mut browser = Browser::default();
    learner.give_jid();
    learner.meet_the_bot();
    learner.go_private();
    learner.chat().command(&format!("what about {written}?"));
    // One that is too easy to guess is refused, and was typed all the same.
    let form = filled_in(&mut learner, "ask_for_secret", "secret", &easy);
    let page = browser.submit(stage, &form);
    assert!(page.contains("name=\"secret\""), "{easy} was taken: {page}");
    let page = browser.submit(stage, &form.with("secret", &shared_secret));
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    if until == Until::Resumed {
        // The store writes behind.
        learner.wait_for_silence(Duration::from_secs(1));
        stage.daemon.kill();
        stage.daemon.again();
        stage.daemon.wait_until_ready();
        learner.end_privacy();
        learner.go_private();
    }
    learner.verify(&shared_secret, "Authentication successful");
    let bot_secret = learner.read_bot_secret();
    let bot = Sought::bot_secret(&bot_secret);
    learner.chat().command(&format!("I have {said} now"));

    // The search finds what is there: the session knows both secrets.
    let before = search(stage, &[&shared, &bot]);
    for what in [shared.what, bot.what] {
        assert!(before.iter().any(|hit| hit.starts_with(what)), "{what} is nowhere: {before:?}");
    }
    if until == Until::Done {
        let launch = stage.learner_launch("cell");
        *learner.frame() = Frame::launch(&stage.daemon.launch_url(), &launch);
        let form = filled_in(&mut learner, "enter_bot_secret", "bot_secret", &bot_secret);
        let page = browser.submit(stage, &form);
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        stage.outcomes.wait_for_grade("cell", PATIENCE).unwrap();
        learner.end_privacy();
    }
    learner.wait_for_silence(Duration::from_secs(1));
    let output = Command::new(program())
        .arg("--settings")
        .arg(stage.daemon.settings())
        .args(["forget", ADA, "--even-unsent"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && said.contains("erased, enrolments: 1"), "{said}");
    stage.daemon.wait_for_log("1 people are forgotten", PATIENCE);

    let all = [&shared, &refused, &bot, &sentence];
    let is_gone = poll(Duration::from_secs(10), || search(stage, &all).is_empty().then_some(()));

    if is_gone.is_none() {
        let found = search(stage, &all);
        panic!("{} places hold what was to be forgotten:\n{}", found.len(), found.join("\n"));
    }
}

fn stage(store: Option<&Postgres>) -> Stage {
    Stage::set_with(program(), |script| {
        script.log_level = "info";
        if let Some(server) = store {
            script.store = server.database();
        }
    })
}

#[test]
fn who_is_forgotten_after_the_lesson_is_gone_from_memory() {
    nothing_stays(stage(None), Until::Done);
}

#[test]
fn who_is_forgotten_in_the_middle_of_the_lesson_is_gone_from_memory() {
    nothing_stays(stage(None), Until::Verified);
}

#[test]
fn who_is_forgotten_after_an_interruption_is_gone_from_memory() {
    nothing_stays(stage(None), Until::Resumed);
}

#[test]
fn who_is_forgotten_after_the_lesson_is_gone_from_memory_with_postgresql() {
    nothing_stays(stage(Some(&Postgres::start())), Until::Done);
}

#[test]
fn who_is_forgotten_in_the_middle_is_gone_from_memory_with_postgresql() {
    nothing_stays(stage(Some(&Postgres::start())), Until::Verified);
}

#[test]
fn who_is_forgotten_after_an_interruption_is_gone_from_memory_with_postgresql() {
    nothing_stays(stage(Some(&Postgres::start())), Until::Resumed);
}
