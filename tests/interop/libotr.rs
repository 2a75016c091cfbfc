//! A process that chats with libotr: commands in, output and events back.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{OnceLock, atomic::AtomicU32, atomic::Ordering};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/libotr_peer.c");

/// How long one command may take. SMP takes libotr a tenth of a second on an idle machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The compiled peer; it is made once per run of the tests.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = folder.join("libotr_peer");
        // Another run of the tests may be using the program: it is replaced as a whole.
        let fresh = folder.join(format!("libotr_peer.{}", std::process::id()));
        build(&fresh);
        std::fs::rename(&fresh, &program).expect("the compiled peer is in its place");
        program
    })
}

fn build(program: &Path) {
    const ADVICE: &str = "the interoperation tests need a C compiler and libotr; on Debian: \
                          apt-get install gcc libc6-dev libotr5-dev libgcrypt20-dev";
    let output = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-O1", SOURCE, "-o"])
        .arg(program)
        .args(["-lotr", "-lgcrypt"])
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{ADVICE}\n{}", String::from_utf8_lossy(&output.stderr)),
        Err(error) if error.kind() == ErrorKind::NotFound => panic!("cc is missing: {ADVICE}"),
        Err(error) => panic!("cc: {error}"),
    }
}

/// One chat client on libotr. It ends with this value.
pub(crate) struct Libotr {
    child: Child,
    commands: ChildStdin,
    lines: Receiver<String>,
    fingerprint: String,
    /// Keeps the file with the private key, which libotr insists on.
    _folder: tempfile::TempDir,
}

impl Libotr {
    /// A client with a fresh key, which allows these versions ("2", "3" or "2,3").
    pub(crate) fn start(versions: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = tempfile::Builder::new().prefix(&format!("libotr-{count}-")).tempdir();
        let folder = folder.expect("a temporary folder");
        let mut child = Command::new(program())
            .args(["--versions", versions, "--key"])
            .arg(folder.path().join("key"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let commands = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut peer = Self { child, commands, lines, fingerprint: String::new(), _folder: folder };
        let ready = peer.line();
        assert_eq!(ready["event"], "ready");
        ready["fingerprint"].as_str().unwrap().clone_into(&mut peer.fingerprint);
        peer
    }

    /// The fingerprint: 40 lower-case digits.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Runs a command; what it printed, in order.
    pub(crate) fn run(&mut self, command: &Value) -> Vec<Value> {
        writeln!(self.commands, "{command}").expect("the peer reads");
        let mut printed = Vec::new();
        loop {
            let line = self.line();
            if line["done"] == json!(true) {
                return printed;
            }
            printed.push(line);
        }
    }

    fn line(&self) -> Value {
        let line = self.lines.recv_timeout(PATIENCE).expect("the peer answers");
        serde_json::from_str(&line).expect("a line of JSON")
    }
}

impl Drop for Libotr {
    fn drop(&mut self) {
        // Whether it had ended by itself does not matter.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
