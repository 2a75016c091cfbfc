//! A chat client in small on our OTR engine, to be crossed with other engines.
//!
//! ```text
//! otr_peer [--versions 2|3|2,3] [--limits bot|large] [--key FILE]
//! ```
//!
//! `--limits` says how long texts and messages may be: `otr::Limits::BOT`, the default, or
//! `otr::Limits::LARGE`. It reads one JSON object per line on stdin and writes JSON objects, one per line, on stdout.
//! After the lines that an input line causes comes `{"done":true}`, also where the input is no
//! command. EOF or the command `quit` ends it.
//!
//! ```text
//! recv{msg} send{text} query{} smp{secret,question} smp_answer{secret} smp_abort{} end{} status{}
//! mtu{bytes} extra_key{use,data} quit{}
//! policy{versions,require_encryption,send_whitespace_tag,whitespace_start_ake,error_start_ake}
//! ```
//!
//! The long-term key is the first in FILE, a file of private keys as libotr writes it. If there is
//! no such file, or an empty one, a new key is written there, for the owner's eyes only. Without
//! `--key`, or with a FILE that is something else, the key lives as long as the process.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enums may grow; the rest is shown alike")]

use std::fs;
use std::io::{self, BufRead as _, ErrorKind, Write as _};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use otr::conversation::{Conversation, MessageState};
use otr::error::{Ignored, SendError, SmpError};
use otr::event::{Event, Output};
use otr::identity::{Fingerprint, SigningKey};
use otr::instance::InstanceTag;
use otr::key_file::{Account, KeyFile};
use otr::limits::Limits;
use otr::policy::Policy;
use otr::secret::ExtraKey;
use otr::version::Version;
use rand::rngs::ThreadRng;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

/// What the key is filed under.
const ACCOUNT: &str = "otr_peer";
const PROTOCOL: &str = "prpl-jabber";

/// One conversation, and what it needs from outside.
struct Peer {
    key: Arc<SigningKey>,
    instance: InstanceTag,
    policy: Policy,
    limits: Limits,
    conversation: Conversation,
    rng: ThreadRng,
}

impl Peer {
    fn new(versions: &str, limits: Limits, key: Arc<SigningKey>, mut rng: ThreadRng) -> Self {
        let instance = InstanceTag::random(&mut rng);
        let policy = Policy {
            allow_v2: versions.contains('2'),
            allow_v3: versions.contains('3'),
            require_encryption: false,
            send_tag: false,
            whitespace_start_ake: false,
            error_start_ake: false,
        };
        let conversation = Conversation::with_limits(Arc::clone(&key), instance, policy, limits);
        Self { key, instance, policy, limits, conversation, rng }
    }

    fn ready(&self) -> Value {
        json!({
            "event": "ready",
            "engine": concat!("otrbot ", env!("CARGO_PKG_VERSION")),
            "fingerprint": self.conversation.our_fingerprint().to_hex(),
            "caps": ["v2", "v3", "extra_key", "whitespace", "mtu", "smp_abort"],
        })
    }

    /// Runs a command; what to print.
    fn run(&mut self, command: &Value) -> Vec<Value> {
        let now = now();
        // What is due by now comes before the command.
        let mut outputs = self.conversation.tick(now, &mut self.rng);
        let mut told = Vec::new();
        match self.carry_out(now, command, &mut told) {
            Ok(more) => outputs.extend(more),
            Err(error) => told.push(error),
        }
        let shown = outputs.into_iter().filter_map(|output| self.shown(output));
        shown.chain(told).collect()
    }

    /// Carries a command out. What it tells besides goes to `told`; an `Err` is an error event.
    fn carry_out(
        &mut self,
        now: Instant,
        command: &Value,
        told: &mut Vec<Value>,
    ) -> Result<Vec<Output>, Value> {
        let name = string(command, "cmd")?;
        let (conversation, rng) = (&mut self.conversation, &mut self.rng);
        let outputs = match name {
            "recv" => conversation.receive(now, rng, string(command, "msg")?),
            "send" => conversation
                .send(now, rng, string(command, "text")?)
                .map_err(|error| send_error(&error))?,
            "query" => conversation.start(now, rng),
            "smp" => {
                let question = command.get("question").and_then(Value::as_str);
                conversation
                    .smp_start(now, rng, string(command, "secret")?.as_bytes(), question)
                    .map_err(|error| smp_error(&error))?
            }
            "smp_answer" => conversation
                .smp_answer(now, rng, string(command, "secret")?.as_bytes())
                .map_err(|error| smp_error(&error))?,
            "smp_abort" => conversation.smp_abort(now, rng).map_err(|error| smp_error(&error))?,
            "end" => {
                let mut outputs = conversation.end(now, rng);
                // It is told once, whether there was anything to be ended or not.
                outputs.retain(|output| *output != Output::Event(Event::GoneInsecure));
                told.push(json!({"event": "ended"}));
                outputs
            }
            "extra_key" => {
                let usage = whole_number(command, "use")?;
                let usage = u32::try_from(usage).map_err(|_too_large| misuse("use"))?;
                let data = command.get("data").and_then(Value::as_str).unwrap_or_default();
                let (key, outputs) = conversation
                    .request_extra_key(now, rng, usage, data.as_bytes())
                    .map_err(|error| send_error(&error))?;
                told.push(json!({"event": "extra_key_sent", "key": key_hex(&key)}));
                outputs
            }
            "status" => {
                told.push(status(conversation.message_state()));
                Vec::new()
            }
            "mtu" => {
                let bytes = usize::try_from(whole_number(command, "bytes")?);
                let bytes = bytes.map_err(|_too_large| misuse("bytes"))?;
                conversation.set_fragment_bytes((bytes > 0).then_some(bytes));
                Vec::new()
            }
            "policy" => {
                self.set_policy(command);
                Vec::new()
            }
            unknown => return Err(error("exception", &format!("no command: {unknown}"))),
        };
        Ok(outputs)
    }

    /// Takes effect before the first message only: the conversation begins anew.
    fn set_policy(&mut self, command: &Value) {
        let flag =
            |name: &str, before: bool| command.get(name).and_then(Value::as_bool).unwrap_or(before);
        let allows = |number: u64, before: bool| {
            let versions = command.get("versions").and_then(Value::as_array);
            versions.map_or(before, |all| all.iter().any(|version| *version == json!(number)))
        };
        let before = self.policy;
        self.policy = Policy {
            allow_v2: allows(2, before.allow_v2),
            allow_v3: allows(3, before.allow_v3),
            require_encryption: flag("require_encryption", before.require_encryption),
            send_tag: flag("send_whitespace_tag", before.send_tag),
            whitespace_start_ake: flag("whitespace_start_ake", before.whitespace_start_ake),
            error_start_ake: flag("error_start_ake", before.error_start_ake),
        };
        self.begin_anew();
    }

    /// After a panic nothing of the conversation is to be relied on.
    fn begin_anew(&mut self) {
        let key = Arc::clone(&self.key);
        self.conversation = Conversation::with_limits(key, self.instance, self.policy, self.limits);
    }

    fn session(&self, name: &str, version: Version, fingerprint: &Fingerprint) -> Value {
        let ssid = self.conversation.ssid().unwrap_or_default();
        json!({
            "event": name,
            "fingerprint": fingerprint.to_hex(),
            "session_id": hex(&ssid),
            "version": version.number(),
        })
    }

    fn shown(&self, output: Output) -> Option<Value> {
        let event = match output {
            Output::Send(message) => return Some(json!({"out": message})),
            Output::Event(event) => event,
        };
        let shown = match event {
            Event::GoneSecure { version, fingerprint } => {
                self.session("encrypted", version, &fingerprint)
            }
            Event::StillSecure { version, fingerprint } => {
                self.session("still_secure", version, &fingerprint)
            }
            Event::GoneInsecure => json!({"event": "ended"}),
            Event::PeerEnded => json!({"event": "finished"}),
            Event::Heard { text, encrypted: false } if self.warns() => {
                json!({"event": "unencrypted_warning", "text": text})
            }
            Event::Heard { text, encrypted } => {
                json!({"event": "plaintext", "text": text, "encrypted": encrypted})
            }
            Event::SmpAsked { question } => json!({"event": "smp_request", "question": question}),
            Event::SmpSucceeded => json!({"event": "smp_result", "ok": true}),
            Event::SmpFailed => json!({"event": "smp_result", "ok": false}),
            Event::SmpAborted => json!({"event": "smp_aborted"}),
            Event::SmpCheated => error("smp_cheated", ""),
            Event::PeerError(text) => error("peer_error", &text),
            Event::ExtraKey { usage, data, key } => json!({
                "event": "extra_key",
                "use": usage,
                "data": String::from_utf8_lossy(&data),
                "key": key_hex(&key),
            }),
            Event::Heartbeat => json!({"event": "heartbeat"}),
            Event::Resent => json!({"event": "resent"}),
            Event::Refused(why) => self.refused(&why)?,
            other => error("otr", &format!("{other:?}")),
        };
        Some(shown)
    }

    /// Whether a text in the clear is out of place.
    fn warns(&self) -> bool {
        self.policy.require_encryption
            || self.conversation.message_state() != MessageState::Plaintext
    }

    /// What the specification has ignored in silence is not shown.
    fn refused(&self, why: &Ignored) -> Option<Value> {
        let code = match why {
            Ignored::Malformed(_) | Ignored::Fragment | Ignored::TooLong => "malformed",
            Ignored::OtherInstance | Ignored::TooManyInstances => "other_instance",
            Ignored::NotPrivate => "not_in_private",
            Ignored::Reflected => "reflected",
            Ignored::VersionOne
            | Ignored::Version
            | Ignored::BadCommitment
            | Ignored::BadSignature => "setup_error",
            // Key exchanges and data messages can have these; the state tells which it was, except
            // in a refresh that fails.
            Ignored::BadMac | Ignored::OutOfRange(_) if !self.conversation.is_private() => {
                "setup_error"
            }
            Ignored::BadMac | Ignored::OutOfRange(_) | Ignored::UnknownKeys | Ignored::Replayed => {
                "unreadable"
            }
            _ => return None,
        };
        Some(error(code, &why.to_string()))
    }
}

#[expect(clippy::disallowed_methods, reason = "the clock of the engine is an argument")]
fn now() -> Instant {
    Instant::now()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn key_hex(key: &ExtraKey) -> String {
    hex(key.expose())
}

fn error(code: &str, detail: &str) -> Value {
    json!({"event": "error", "code": code, "detail": detail})
}

fn misuse(field: &str) -> Value {
    error("exception", &format!("{field} is missing or of the wrong kind"))
}

fn string<'a>(command: &'a Value, field: &str) -> Result<&'a str, Value> {
    command.get(field).and_then(Value::as_str).ok_or_else(|| misuse(field))
}

fn whole_number(command: &Value, field: &str) -> Result<u64, Value> {
    command.get(field).and_then(Value::as_u64).ok_or_else(|| misuse(field))
}

fn send_error(why: &SendError) -> Value {
    let code = match why {
        SendError::Finished => "finished",
        SendError::NotPrivate => "not_in_private",
        SendError::EncryptionRequired => "encryption_required",
        _ => "otr",
    };
    error(code, &why.to_string())
}

fn smp_error(why: &SmpError) -> Value {
    let code = if *why == SmpError::NotPrivate { "not_in_private" } else { "smp_error" };
    error(code, &why.to_string())
}

fn status(state: MessageState) -> Value {
    let state = match state {
        MessageState::Plaintext => "plaintext",
        MessageState::Encrypted => "encrypted",
        MessageState::Finished => "finished",
    };
    json!({"event": "status", "state": state})
}

/// The first key of the file. If there is no file, it is made, with a new key.
fn read_or_make_key(path: &Path, rng: &mut ThreadRng) -> io::Result<Arc<SigningKey>> {
    match read_key(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    let key = Arc::new(SigningKey::generate(rng));
    let mut file = KeyFile::new();
    let account = Account::new(ACCOUNT, PROTOCOL, Arc::clone(&key)).map_err(io::Error::other)?;
    file.set(account).map_err(io::Error::other)?;
    // The file appears whole, with mode 0600, or not at all. If another process was faster, its
    // key is taken.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut fresh = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")))?;
    fresh.write_all(file.to_text().as_bytes())?;
    match fresh.persist_noclobber(path) {
        Ok(_) => Ok(key),
        Err(failed) if failed.error.kind() == ErrorKind::AlreadyExists => read_key(path),
        Err(failed) => Err(failed.error),
    }
}

fn read_key(path: &Path) -> io::Result<Arc<SigningKey>> {
    let text = fs::read(path)?;
    if text.is_empty() {
        fs::remove_file(path)?;
        return Err(ErrorKind::NotFound.into());
    }
    let file = KeyFile::parse(&text).map_err(|why| io::Error::new(ErrorKind::InvalidData, why))?;
    let first = file.accounts().first().map(|account| Arc::clone(account.key()));
    first.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "the file has no key"))
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let values = arguments.iter().skip_while(|argument| *argument != name);
        values.skip(1).map(String::as_str).next()
    };
    let mut rng = rand::rng();
    let key = option("--key").and_then(|path| {
        // The file is a cache: without it there is a key as well.
        read_or_make_key(Path::new(path), &mut rng)
            .inspect_err(|why| drop(writeln!(io::stderr(), "otr_peer: {path}: {why}")))
            .ok()
    });
    let key = key.unwrap_or_else(|| Arc::new(SigningKey::generate(&mut rng)));
    let limits = match option("--limits") {
        None | Some("bot") => Limits::BOT,
        Some("large") => Limits::LARGE,
        Some(_) => return Err(io::Error::other("--limits is bot or large")),
    };
    let mut peer = Peer::new(option("--versions").unwrap_or("2,3"), limits, key, rng);

    let mut output = io::stdout().lock();
    writeln!(output, "{}", peer.ready())?;
    output.flush()?;
    for line in io::stdin().lock().split(b'\n') {
        let command = serde_json::from_slice(&line?).ok().filter(Value::is_object);
        let shown = match command {
            Some(command) if command.get("cmd").and_then(Value::as_str) == Some("quit") => break,
            Some(command) => panic::catch_unwind(AssertUnwindSafe(|| peer.run(&command)))
                .unwrap_or_else(|_cause| {
                    peer.begin_anew();
                    vec![error("panic", "")]
                }),
            None => vec![error("exception", "not a JSON object")],
        };
        for line in shown {
            writeln!(output, "{line}")?;
        }
        writeln!(output, "{}", json!({"done": true}))?;
        output.flush()?;
    }
    Ok(())
}
