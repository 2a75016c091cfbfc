//! The programs that the peers are, made ready once per run of the tests.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::peer::Engine;

/// Debian's Python: packages of Debian are not seen by another.
const PYTHON: &str = "/usr/bin/python3";

/// What starts a peer, without the options.
pub(crate) struct Program {
    words: Vec<PathBuf>,
    /// A long-term key, made by the program itself. Making one costs some engines more than a test.
    pub(crate) key: PathBuf,
}

impl Program {
    pub(crate) fn of(engine: Engine) -> &'static Self {
        static LIBOTR: OnceLock<Program> = OnceLock::new();
        static POTR: OnceLock<Program> = OnceLock::new();
        static OTRBOT: OnceLock<Program> = OnceLock::new();
        match engine {
            Engine::Libotr => LIBOTR.get_or_init(|| Self::with_key("libotr", vec![libotr()])),
            Engine::Potr => POTR.get_or_init(|| Self::with_key("potr", potr())),
            Engine::Otrbot => OTRBOT.get_or_init(|| Self::with_key("otrbot", vec![otrbot()])),
        }
    }

    pub(crate) fn command(&self) -> Command {
        let (first, rest) = self.words.split_first().unwrap();
        let mut command = Command::new(first);
        command.args(rest);
        command
    }

    fn with_key(name: &str, words: Vec<PathBuf>) -> Self {
        let program = Self { words, key: tmp(&format!("interop-{name}.key")) };
        let fresh = tmp(&format!("interop-{name}.key.{}", std::process::id()));
        let mut command = program.command();
        command.args(["--versions", "2", "--key"]).arg(&fresh);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|why| panic!("{command:?}: {why}"));
        writeln!(child.stdin.take().unwrap(), "{{\"cmd\":\"quit\"}}").unwrap_or_default();
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?} fails; try `make setup`\n{complaint}");
        std::fs::rename(&fresh, &program.key).expect("the key is in its place");
        program
    }
}

fn tmp(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop").join(name)
}

/// Compiles `libotr_peer.c`.
fn libotr() -> PathBuf {
    const ADVICE: &str = "the interoperation tests need a C compiler and libotr; on Debian: \
                          apt-get install gcc libc6-dev libotr5-dev libgcrypt20-dev";
    let program = tmp("libotr_peer");
    // Another run of the tests may be using the program: it is replaced as a whole.
    let fresh = tmp(&format!("libotr_peer.{}", std::process::id()));
    let output = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-O1"])
        .arg(source("libotr_peer.c"))
        .arg("-o")
        .arg(&fresh)
        .args(["-lotr", "-lgcrypt"])
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{ADVICE}\n{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) if error.kind() == ErrorKind::NotFound => panic!("cc is missing: {ADVICE}"),
        Err(error) => panic!("cc: {error}"),
    }
    std::fs::rename(&fresh, &program).expect("the compiled peer is in its place");
    program
}

fn potr() -> Vec<PathBuf> {
    const ADVICE: &str = "the interoperation tests need potr; on Debian: \
                          apt-get install python3-potr python3-pycryptodome";
    let output = Command::new(PYTHON)
        .args([
            "-c",
            "import importlib.util as u, sys; \
        sys.exit(not (u.find_spec('potr') and u.find_spec('Cryptodome')))",
        ])
        .output();
    assert!(output.is_ok_and(|output| output.status.success()), "{ADVICE}");
    vec![PYTHON.into(), source("potr_peer.py")]
}

/// Builds `examples/otr_peer.rs` as the tests were built. If all tests are run, it is there.
fn otrbot() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    // TARGET/PROFILE/deps/interop-…
    let folder = tests.parent().and_then(Path::parent).unwrap();
    let profile = folder.file_name().unwrap();
    let profile = if profile == "debug" { "dev".as_ref() } else { profile };
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--offline", "--example", "otr_peer", "--profile"])
        .arg(profile)
        .arg("--target-dir")
        .arg(folder.parent().unwrap())
        // From the root of the workspace, with the features that it was built with.
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("examples/otr_peer")
}
