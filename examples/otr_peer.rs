//! A chat client in small on our OTR engine, to be crossed with other engines.
//!
//! ```text
//! otr_peer --versions 2|3|2,3
//! ```
//!
//! It reads one JSON object per line on stdin and writes JSON objects, one per line, on stdout.
//! After the lines that a command causes comes `{"done":true}`. EOF or the command `quit` ends it.
//!
//! ```text
//! recv{msg} send{text} query{} smp{secret,question} smp_answer{secret} smp_abort{} end{} status{}
//! mtu{bytes} policy{versions,require_encryption,send_whitespace_tag,whitespace_start_ake,
//! error_start_ake} quit{}
//! ```
//!
//! Its long-term key lives as long as the process; a file given by `--key` is ignored.

#![expect(clippy::wildcard_enum_match_arm, reason = "the enums may grow; the rest is shown alike")]

use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::time::Instant;

use otrbot::otr::conversation::{Conversation, MessageState};
use otrbot::otr::error::{Ignored, SendError, SmpError};
use otrbot::otr::event::{Event, Output};
use otrbot::otr::identity::{Fingerprint, SigningKey};
use otrbot::otr::instance::InstanceTag;
use otrbot::otr::policy::Policy;
use otrbot::otr::version::Version;
use rand::rngs::ThreadRng;
use serde_json::{Value, json};

/// One conversation, and what it needs from outside.
struct Peer {
    key: Arc<SigningKey>,
    instance: InstanceTag,
    policy: Policy,
    conversation: Conversation,
    rng: ThreadRng,
}

impl Peer {
    fn new(versions: &str) -> Self {
        let mut rng = rand::rng();
        let key = Arc::new(SigningKey::generate(&mut rng));
        let instance = InstanceTag::random(&mut rng);
        let policy = Policy {
            allow_v2: versions.contains('2'),
            allow_v3: versions.contains('3'),
            require_encryption: false,
            send_tag: false,
            whitespace_start_ake: false,
            error_start_ake: false,
        };
        let conversation = Conversation::new(Arc::clone(&key), instance, policy);
        Self { key, instance, policy, conversation, rng }
    }

    fn ready(&self) -> Value {
        json!({
            "event": "ready",
            "engine": concat!("otrbot ", env!("CARGO_PKG_VERSION")),
            "fingerprint": self.conversation.our_fingerprint().to_hex(),
            "caps": ["v2", "v3", "whitespace", "mtu", "smp_abort"],
        })
    }

    /// Runs a command; what to print.
    fn run(&mut self, command: &Value) -> Vec<Value> {
        let now = now();
        let text = |name: &str| command.get(name).and_then(Value::as_str);
        let secret = text("secret").unwrap_or_default().as_bytes();
        let (conversation, rng) = (&mut self.conversation, &mut self.rng);
        let outputs = match text("cmd").unwrap_or_default() {
            "recv" => Ok(conversation.receive(now, rng, text("msg").unwrap_or_default())),
            "send" => conversation
                .send(now, rng, text("text").unwrap_or_default())
                .map_err(|error| send_error(&error)),
            "query" => Ok(conversation.start(now, rng)),
            "smp" => conversation
                .smp_start(now, rng, secret, text("question"))
                .map_err(|error| smp_error(&error)),
            "smp_answer" => {
                conversation.smp_answer(now, rng, secret).map_err(|error| smp_error(&error))
            }
            "smp_abort" => conversation.smp_abort(now, rng).map_err(|error| smp_error(&error)),
            "end" => Ok(conversation.end(now, rng)),
            "status" => return vec![status(conversation.message_state())],
            "mtu" => {
                let bytes = command.get("bytes").and_then(Value::as_u64).unwrap_or_default();
                let bytes = usize::try_from(bytes).ok().filter(|&bytes| bytes > 0);
                conversation.set_fragment_bytes(bytes);
                Ok(Vec::new())
            }
            "policy" => {
                self.set_policy(command);
                Ok(Vec::new())
            }
            other => Err(error("exception", other)),
        };
        match outputs {
            Ok(outputs) => outputs.into_iter().filter_map(|output| self.shown(output)).collect(),
            Err(error) => vec![error],
        }
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
        self.conversation = Conversation::new(Arc::clone(&self.key), self.instance, self.policy);
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
            Event::Heard { text, encrypted: false }
                if self.conversation.message_state() != MessageState::Plaintext =>
            {
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
                "key": hex(key.expose()),
            }),
            Event::Heartbeat => json!({"event": "heartbeat"}),
            Event::Refused(why) => refused(&why)?,
            other => error("otr", &format!("{other:?}")),
        };
        Some(shown)
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

fn error(code: &str, detail: &str) -> Value {
    json!({"event": "error", "code": code, "detail": detail})
}

fn send_error(why: &SendError) -> Value {
    let code = match why {
        SendError::Finished => "finished",
        SendError::EncryptionRequired => "encryption_required",
        _ => "otr",
    };
    error(code, &why.to_string())
}

fn smp_error(why: &SmpError) -> Value {
    let code = if *why == SmpError::NotPrivate { "not_in_private" } else { "smp_error" };
    error(code, &why.to_string())
}

/// What the specification has ignored in silence is not shown.
fn refused(why: &Ignored) -> Option<Value> {
    let code = match why {
        Ignored::Malformed(_) | Ignored::Fragment | Ignored::TooLong => "malformed",
        Ignored::OtherInstance => "other_instance",
        Ignored::NotPrivate => "not_in_private",
        Ignored::BadMac | Ignored::UnknownKeys | Ignored::Replayed => "unreadable",
        _ => return None,
    };
    Some(error(code, &why.to_string()))
}

fn status(state: MessageState) -> Value {
    let state = match state {
        MessageState::Plaintext => "plaintext",
        MessageState::Encrypted => "encrypted",
        MessageState::Finished => "finished",
    };
    json!({"event": "status", "state": state})
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let versions = arguments.iter().skip_while(|argument| *argument != "--versions").nth(1);
    let mut peer = Peer::new(versions.map_or("2,3", String::as_str));
    let mut output = io::stdout().lock();
    writeln!(output, "{}", peer.ready())?;
    output.flush()?;
    for line in io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line?)?;
        if command.get("cmd").and_then(Value::as_str) == Some("quit") {
            break;
        }
        for shown in peer.run(&command) {
            writeln!(output, "{shown}")?;
        }
        writeln!(output, "{}", json!({"done": true}))?;
        output.flush()?;
    }
    Ok(())
}
