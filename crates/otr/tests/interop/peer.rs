//! A process that chats: commands in, output and events back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use otr::version::Version;
use serde_json::{Value, json};

use crate::programs::Program;

/// How long one command may take. SMP takes potr half a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the peer runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Libotr,
    /// Version 2 only.
    Potr,
    /// Our own, in another process.
    Otrbot,
}

/// Who the peer is, and the version spoken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) engine: Engine,
    pub(crate) version: Version,
}

/// What the engines do otherwise than the specification has it.
impl Setting {
    /// Tells of plaintext in a private conversation. potr compares bytes with a text on Python 3,
    /// and so takes no message for plaintext.
    pub(crate) fn warns_of_plaintext(self) -> bool {
        self.engine != Engine::Potr
    }

    /// Keeps texts that encryption is required for. potr sends a query and forgets the text.
    pub(crate) fn keeps_texts(self) -> bool {
        self.engine != Engine::Potr
    }

    /// Says that it cannot read a message. potr only tells its host.
    pub(crate) fn sends_errors(self) -> bool {
        self.engine != Engine::Potr
    }

    /// Sends its last text again if we could not read it. potr never does. In version 3, libotr
    /// looks for that text where an error message, which names no instance, puts nothing.
    pub(crate) fn resends(self) -> bool {
        match self.engine {
            Engine::Libotr => self.version == Version::V2,
            Engine::Potr => false,
            Engine::Otrbot => true,
        }
    }

    /// Completes SMP when the secrets differ. potr, if it was asked, aborts instead of answering.
    pub(crate) fn completes_failed_smp(self) -> bool {
        self.engine != Engine::Potr
    }

    /// Knows the extra symmetric key. potr takes that of the key exchange for it, whatever keys the
    /// message has, so its host had better not use it.
    pub(crate) fn knows_extra_key(self) -> bool {
        self.engine != Engine::Potr
    }
}

/// One chat client. It ends with this value.
pub(crate) struct Peer {
    child: Child,
    /// A thread of its own writes, so that a peer that does not read is noticed in time.
    commands: Option<Sender<String>>,
    lines: Receiver<String>,
    ready: Value,
}

impl Peer {
    /// A client that allows these versions ("2", "3" or "2,3").
    pub(crate) fn start(engine: Engine, versions: &str) -> Self {
        Self::with_key(engine, versions, &Program::of(engine).key)
    }

    /// The same, with the limits of programs of people. The others' engines have none.
    pub(crate) fn start_large(engine: Engine, versions: &str) -> Self {
        let limits: &[&str] = if engine == Engine::Otrbot { &["--limits", "large"] } else { &[] };
        Self::with_options(engine, versions, &Program::of(engine).key, limits)
    }

    pub(crate) fn with_key(engine: Engine, versions: &str, key: &Path) -> Self {
        Self::with_options(engine, versions, key, &[])
    }

    fn with_options(engine: Engine, versions: &str, key: &Path, options: &[&str]) -> Self {
        let mut child = Program::of(engine)
            .command()
            .args(options)
            .args(["--versions", versions, "--key"])
            .arg(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let mut input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (commands, to_write) = mpsc::channel::<String>();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || to_write.iter().try_for_each(|line| writeln!(input, "{line}")));
        thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let mut peer = Self { child, commands: Some(commands), lines, ready: Value::Null };
        peer.ready = peer.line();
        assert_eq!(peer.ready["event"], "ready");
        peer
    }

    /// What it printed at the start.
    pub(crate) fn ready(&self) -> &Value {
        &self.ready
    }

    /// The fingerprint: 40 lower-case digits.
    pub(crate) fn fingerprint(&self) -> &str {
        self.ready["fingerprint"].as_str().unwrap()
    }

    /// Runs a command; what it printed, in order.
    pub(crate) fn run(&mut self, command: &Value) -> Vec<Value> {
        self.type_in(&command.to_string())
    }

    /// Takes a line, whatever it is; what it printed, in order.
    pub(crate) fn type_in(&mut self, line: &str) -> Vec<Value> {
        self.commands.as_ref().unwrap().send(line.to_owned()).expect("the peer reads");
        let mut printed = Vec::new();
        loop {
            let line = self.line();
            if line == json!({"done": true}) {
                return printed;
            }
            printed.push(line);
        }
    }

    /// Lets it end, after a last line if there is one; its exit status and what it still printed.
    pub(crate) fn finish(mut self, line: Option<&str>) -> (ExitStatus, Vec<String>) {
        let commands = self.commands.take().unwrap();
        if let Some(line) = line {
            commands.send(line.to_owned()).unwrap();
        }
        drop(commands);
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(line),
                Err(mpsc::RecvTimeoutError::Disconnected) => break,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("the peer does not end"),
            }
        }
        (self.child.wait().unwrap(), rest)
    }

    /// The next JSON object that it prints; other lines do not count.
    fn line(&self) -> Value {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("the peer answers in time");
            if let Ok(value @ Value::Object(_)) = serde_json::from_str(&line) {
                return value;
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Whether it had ended by itself does not matter.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
