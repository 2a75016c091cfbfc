//! The demo as a newcomer runs it: the whole program, watched from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    clippy::tests_outside_test_module,
    reason = "helpers of a test may fail it"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use support::learner::{GOOD_SECRET, bot_secret_in};
use support::wait::poll;
use support::web::{self, Frame};
use tempfile::TempDir;

/// How long the demo may take to clean up.
const PATIENCE: Duration = Duration::from_secs(15);

/// A running demo, whose temporary files are all in one folder.
struct Demo {
    child: Child,
    output: BufReader<ChildStdout>,
    folder: TempDir,
    /// What it has printed so far.
    said: String,
}

impl Demo {
    fn start(with: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
        command.env("TMPDIR", folder.path()).env_remove("DEMO_ONCE").stdout(Stdio::piped());
        with(&mut command);
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output, folder, said: String::new() }
    }

    /// Reads on until it has said some words.
    fn wait_for(&mut self, words: &str) {
        while !self.said.contains(words) {
            let n_bytes = self.output.read_line(&mut self.said).unwrap();
            assert!(n_bytes > 0, "it ended without {words:?}:\n{}", self.said);
        }
    }

    /// Presses Ctrl-C.
    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }

    /// Reads to the end; the exit code, when nothing is left of it.
    fn end(&mut self) -> Option<i32> {
        self.output.read_to_string(&mut self.said).unwrap();
        let code = self.child.wait().unwrap().code();
        let rest = || {
            let files = fs::read_dir(self.folder.path()).unwrap().flatten();
            let files = files.map(|entry| entry.path().display().to_string());
            files.chain(processes_of(self.folder.path())).collect::<Vec<_>>()
        };
        let is_clean = poll(PATIENCE, || rest().is_empty().then_some(()));
        assert!(is_clean.is_some(), "it has left behind:\n{}", rest().join("\n"));
        code
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The command lines that name a folder.
fn processes_of(folder: &Path) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.contains(&folder.display().to_string())).collect()
}

/// The word after `before` in what was said.
fn word_after<'a>(said: &'a str, before: &str) -> &'a str {
    let at = said.find(before).unwrap_or_else(|| panic!("{before:?} is not in:\n{said}"));
    said[at + before.len()..].split_whitespace().next().unwrap()
}

#[test]
fn the_lesson_runs_through_and_tells_nothing_that_its_pages_hide() {
    let mut demo = Demo::start(|command| {
        command.env("DEMO_ONCE", "1");
    });

    let code = demo.end();

    let said = &demo.said;
    assert_eq!(code, Some(0), "{said}");
    for words in ["ada types a better one: ••••", "shows it: 1 of 1", "Grade: 100 %"] {
        assert!(said.contains(words), "{words:?} is not in:\n{said}");
    }
    // A secret may stand on two lines.
    let plain = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!plain.contains(GOOD_SECRET), "{said}");
    assert_eq!(bot_secret_in(&plain), None, "{said}");
    // What the page shows by its script alone.
    assert!(!plain.contains("Nobody answers at the moment"), "{said}");
}

#[test]
fn whoever_watches_finds_the_course_and_the_demo_goes_with_ctrl_c() {
    let mut demo = Demo::start(|_| {});
    demo.wait_for("Settings:");
    let lms =
        word_after(&demo.said, "the course with all its grades:").trim_end_matches('/').to_owned();

    let course = web::get(&format!("{lms}/"));
    assert!(course.text().contains("Open as Ada 1 of 1"), "{}", course.text());
    let links = course.links();
    for link in ["/assignment/1/teacher", "/assignment/2/you"] {
        assert!(links.iter().any(|one| one == link), "no {link} in {links:?}");
        let page = web::get(&format!("{lms}{link}"));
        assert!(page.html.contains("name=\"viewport\""), "{}", page.html);
    }
    let open = |path: &str| {
        let form = web::get(&format!("{lms}/launch/{path}")).forms().remove(0);
        Frame::launch(&form.action, &form.fields).page().text()
    };
    let second = open("2/you");
    assert!(second.contains("Somebody in the middle"), "{second}");
    let teacher = open("1/teacher");
    for words in ["Ada ada@localhost", "Finished the lesson", "100 %"] {
        assert!(teacher.contains(words), "{words:?} is not in {teacher}");
    }

    demo.interrupt();

    // The lesson has run through.
    assert_eq!(demo.end(), Some(0), "{}", demo.said);
    assert_eq!(web::status_of(&lms), None);
}

#[test]
fn ctrl_c_amid_the_lesson_leaves_nothing_behind() {
    let mut demo = Demo::start(|_| {});
    demo.wait_for("she gives her Jabber ID");

    demo.interrupt();

    assert_eq!(demo.end(), Some(130), "{}", demo.said);
}

#[test]
fn a_lesson_that_does_not_run_is_a_failure() {
    let mut demo = Demo::start(|command| {
        // Neither the XMPP server nor the chat program is there.
        command.env("DEMO_ONCE", "1").env("PATH", "/nowhere").stderr(Stdio::null());
    });

    assert_eq!(demo.end(), Some(1), "{}", demo.said);
}
