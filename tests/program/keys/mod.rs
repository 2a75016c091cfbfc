//! `otrbot keys`, a fixed key for `otrbot run`, and what `otrbot check` says of it: the real
//! program with real files.

#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of a test may fail it")]

mod commands;
mod foreign;
mod libotr;
mod odd_files;
mod settings;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder for one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file that others may not read.
    fn write(&self, name: &str, text: &str) -> PathBuf {
        let file = self.file(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        file
    }

    /// The names in it, in order.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// A command that waits to be run.
struct Otrbot(Command);

/// What a command did.
#[derive(Debug)]
struct Done {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// `otrbot` with these arguments.
fn otrbot(arguments: &[&str]) -> Otrbot {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otrbot"));
    command.args(arguments).env("NO_COLOR", "1");
    Otrbot(command)
}

/// `otrbot keys` with these arguments.
fn keys(arguments: &[&str]) -> Otrbot {
    otrbot(&[&["keys"], arguments].concat())
}

impl Otrbot {
    fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    /// Names the file of keys.
    fn to(self, file: &Path) -> Self {
        self.arg("--key-file").arg(file)
    }

    fn run(mut self) -> Done {
        let output = self.0.output().unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Done { code: output.status.code(), stdout, stderr }
    }

    /// Runs it; what it wrote.
    #[track_caller]
    fn succeeds(self) -> String {
        let done = self.run();
        assert_eq!(done.code, Some(0), "{done:?}");
        assert_eq!(done.stderr, "");
        done.stdout
    }

    /// Runs it, and checks that it ends with this code and one sentence with these words.
    #[track_caller]
    fn fails(self, code: i32, words: &str) {
        let done = self.run();
        assert_eq!(done.code, Some(code), "{done:?}");
        assert!(done.stderr.contains(words), "{words:?} is not in {}", done.stderr);
        assert_eq!(done.stdout, "");
    }
}
