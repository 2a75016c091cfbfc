//! The program, run in a folder of its own.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use otrbot::lesson::{Lesson, Library};
use tempfile::TempDir;

/// A folder that is gone at the end.
pub(crate) struct Folder(TempDir);

/// What a command has said, and its exit code.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, and the folders that it is in.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// `otrbot lesson …` with the folder as the working directory.
    pub(crate) fn lesson(&self, arguments: &[&str]) -> Said {
        self.run("lesson", arguments, "")
    }

    /// Plays a lesson with these lines as the standard input.
    pub(crate) fn play(&self, arguments: &[&str], lines: &[&str]) -> Said {
        self.run("lesson", &[&["play"], arguments].concat(), &lines.join("\n"))
    }

    pub(crate) fn run(&self, command: &str, arguments: &[&str], input: &str) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_otrbot"))
            .arg(command)
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("OTRBOT_ENV")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that reads nothing may have closed it already.
        drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// The lessons that are shipped, with their names.
pub(crate) fn shipped() -> Vec<(String, Arc<Lesson>)> {
    let (library, problems) = Library::load(None, &[]);
    assert!(problems.is_empty(), "{problems:?}");
    let lessons: Vec<_> =
        library.iter().map(|(name, lesson)| (name.to_owned(), Arc::clone(lesson))).collect();
    assert!(lessons.len() >= 3);
    lessons
}

/// The file of a shipped lesson, or of what is beside it.
pub(crate) fn shipped_file(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/settings/lessons/");
    std::fs::read_to_string(format!("{folder}{name}")).unwrap()
}
