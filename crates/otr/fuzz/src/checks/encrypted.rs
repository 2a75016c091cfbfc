//! A private conversation: what is sealed with its keys, whatever it is, and what is changed on the
//! way.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use otr::tlv::{Tlv, TlvType};
use otr::{Event, Output, Version};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::hand::Hand;
use super::input::Input;
use super::plain::changed;

static START: LazyLock<Instant> = LazyLock::new(now);

const STEPS: usize = 24;

#[expect(clippy::disallowed_methods, reason = "its clock begins somewhere")]
fn now() -> Instant {
    Instant::now()
}

fn heard(outputs: &[Output]) -> Vec<&str> {
    outputs
        .iter()
        .filter_map(|output| match output {
            Output::Event(Event::Heard { text, encrypted: true }) => Some(text.as_str()),
            Output::Event(_) | Output::Send(_) => None,
        })
        .collect()
}

/// Runs a conversation as the data say.
pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let version = if input.byte() & 1 == 0 { Version::V2 } else { Version::V3 };
    let mut now = *START;
    let (mut hand, mut end) = Hand::private(now, version);
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let mut is_over = false;
    let mut last = String::new();
    for _ in 0..STEPS {
        if input.is_empty() {
            break;
        }
        let step = input.byte();
        let outputs = match step & 7 {
            0 => {
                // A text, changed or not.
                let text = input.text();
                let body = hand.seal(&text, &[]);
                let text = text.replace('\0', "");
                if step & 8 == 0 {
                    last.clone_from(&body);
                    let outputs = end.receive(now, &mut rng, &body);
                    let expected = if text.is_empty() || is_over { vec![] } else { vec![&*text] };
                    assert_eq!(heard(&outputs), expected);
                    outputs
                } else {
                    let forged = changed(&body, &mut input);
                    let is_same = forged.split('.').next() == body.split('.').next();
                    let outputs = end.receive(now, &mut rng, &forged);
                    assert!(is_same || heard(&outputs).is_empty(), "a forged text was shown");
                    outputs
                }
            }
            1 | 2 => {
                // Any records under the right keys.
                let mut tlvs = Vec::new();
                for _ in 0..=(step >> 6) {
                    let kind = TlvType(u16::from(input.byte()));
                    is_over |= kind == TlvType::DISCONNECTED;
                    tlvs.push(Tlv { kind, value: input.bytes().to_vec() });
                }
                end.receive(now, &mut rng, &hand.seal(&input.text(), &tlvs))
            }
            3 => {
                // Once more.
                let outputs = end.receive(now, &mut rng, &last);
                assert!(heard(&outputs).is_empty(), "a text was shown twice");
                outputs
            }
            4 => end.send(now, &mut rng, &input.text()).unwrap_or_default(),
            5 => end.smp_start(now, &mut rng, input.bytes(), None).unwrap_or_default(),
            6 => end.smp_answer(now, &mut rng, input.bytes()).unwrap_or_default(),
            _ => {
                now += Duration::from_secs(u64::from(input.byte()));
                end.tick(now, &mut rng)
            }
        };
        for output in &outputs {
            if let Output::Send(body) = output {
                hand.read(body);
            }
        }
    }
    if !is_over {
        // Nothing of that has cost the conversation. Unless it was renewed meanwhile.
        let outputs = end.receive(now, &mut rng, &hand.seal("alive", &[]));
        assert_eq!(heard(&outputs), ["alive"]);
    }
}
