//! A conversation that begins in the clear, under any policy, with a peer and with anybody.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use otr::{Conversation, Event, InstanceTag, Limits, Output, Policy, SigningKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::input::Input;

static KEYS: LazyLock<[Arc<SigningKey>; 2]> = LazyLock::new(|| {
    [1, 2].map(|seed| Arc::new(SigningKey::generate(&mut ChaCha20Rng::seed_from_u64(seed))))
});
static START: LazyLock<Instant> = LazyLock::new(now);

/// Longest run: more steps find nothing that fewer do not.
const STEPS: usize = 48;

#[expect(clippy::disallowed_methods, reason = "its clock begins somewhere")]
fn now() -> Instant {
    Instant::now()
}

struct End {
    conversation: Conversation,
    rng: ChaCha20Rng,
    sent: VecDeque<String>,
    said: Vec<String>,
}

impl End {
    fn new(which: usize, flags: u8) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(flags));
        let policy = Policy {
            allow_v2: flags & 1 != 0,
            allow_v3: flags & 2 != 0,
            require_encryption: flags & 4 != 0,
            send_tag: flags & 8 != 0,
            whitespace_start_ake: flags & 16 != 0,
            error_start_ake: flags & 32 != 0,
        };
        let key = Arc::clone(&KEYS[which]);
        let tag = InstanceTag::random(&mut rng);
        let limits = if flags & 128 != 0 { Limits::LARGE } else { Limits::BOT };
        let mut conversation = Conversation::with_limits(key, tag, policy, limits);
        conversation.set_version_held(flags & 64 != 0);
        Self { conversation, rng, sent: VecDeque::new(), said: Vec::new() }
    }

    /// Takes what a step gave; the other's texts are all that may be shown as encrypted.
    fn take(&mut self, outputs: Vec<Output>, others: &[String]) {
        // A message in small pieces is many.
        assert!(outputs.len() <= 4_096, "{} outputs at once", outputs.len());
        for output in outputs {
            match output {
                Output::Send(body) => self.sent.push_back(body),
                Output::Event(Event::Heard { text, encrypted: true }) => {
                    let is_said =
                        |said: &String| *said == text || text == format!("[resent] {said}");
                    assert!(others.iter().any(is_said), "an encrypted text out of nowhere");
                }
                Output::Event(_) => {}
            }
        }
        while self.sent.len() > 256 {
            self.sent.pop_front();
        }
    }
}

/// Runs a conversation as the data say.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let mut ends = [End::new(0, input.byte()), End::new(1, input.byte())];
    let mut now = *START;
    for _ in 0..STEPS {
        if input.is_empty() {
            break;
        }
        let step = input.byte();
        let which = usize::from(step >> 7);
        let [first, second] = &mut ends;
        let (end, other) = if which == 0 { (first, second) } else { (second, first) };
        let End { conversation, rng, said, .. } = end;
        let outputs = match step & 0x0f {
            0 => {
                let text = input.text();
                let outputs = conversation.send(now, rng, &text).unwrap_or_default();
                said.push(text.replace('\0', ""));
                outputs
            }
            1 => conversation.start(now, rng),
            2 => conversation.end(now, rng),
            3 => conversation.smp_start(now, rng, input.bytes(), None).unwrap_or_default(),
            4 => conversation.smp_answer(now, rng, input.bytes()).unwrap_or_default(),
            5 => conversation.smp_abort(now, rng).unwrap_or_default(),
            6 => {
                now += Duration::from_secs(1 << (input.byte() & 0x0f));
                conversation.tick(now, rng)
            }
            7 => {
                let len = usize::from(input.byte()) * 4;
                conversation.set_fragment_bytes((len > 0).then_some(len));
                Vec::new()
            }
            8..=11 => {
                // The oldest message of the other, as it is or changed.
                let Some(mut body) = other.sent.pop_front() else { continue };
                if step & 0x10 != 0 {
                    other.sent.push_back(body.clone());
                }
                if step & 0x20 != 0 {
                    body = changed(&body, &mut input);
                }
                conversation.receive(now, rng, &body)
            }
            _ => {
                let body = input.text();
                conversation.receive(now, rng, &body)
            }
        };
        end.take(outputs, &other.said);
    }
    let End { conversation, rng, .. } = &mut ends[0];
    let long = "?OTR:".to_owned() + &"A".repeat(Limits::LARGE.message_bytes);
    let outputs = conversation.receive(now, rng, &long);
    assert!(matches!(&*outputs, [Output::Event(Event::Refused(_))]), "{outputs:?}");
}

/// A byte is replaced, or the end cut off.
pub fn changed(body: &str, input: &mut Input<'_>) -> String {
    let mut bytes = body.as_bytes().to_vec();
    let at = usize::from(u16::from_le_bytes([input.byte(), input.byte()])) % bytes.len().max(1);
    match input.byte() {
        0 => bytes.truncate(at),
        byte => {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
