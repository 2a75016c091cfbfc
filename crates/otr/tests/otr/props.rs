//! A thousand conversations over a line that does what it likes.

use std::collections::BTreeMap;
use std::time::Duration;

use otr::event::Event;
use otr::version::Version;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::pair::{Pair, Who, only};

const CONVERSATIONS: u64 = 1000;
const ON_A_GOOD_LINE: u64 = 300;
const STEPS: u32 = 40;
/// Put before a text that is sent again.
const RESENT: &str = "[resent] ";

/// Names the conversation that failed.
struct Seed(u64);

impl Drop for Seed {
    #[expect(clippy::print_stderr, reason = "a failure is to be repeated")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {}", self.0);
        }
    }
}

/// What the line may do.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a vice of its own")]
struct Line {
    loses: bool,
    repeats: bool,
    mixes: bool,
    injects: bool,
}

/// Who said a text, and how often it was heard, as it was and as sent again.
struct Said {
    by: Who,
    heard: u32,
    again: u32,
}

/// A conversation, and what was said and heard in it.
struct Chat {
    pair: Pair,
    choice: ChaCha20Rng,
    said: BTreeMap<String, Said>,
    /// What was on the line before, to be played back.
    recorded: Vec<(Who, String)>,
}

impl Chat {
    fn new(seed: u64, version: Version) -> Self {
        let mut pair = Pair::with_policies(only(version), only(version));
        // Other randomness in each conversation.
        pair.alice.rng = ChaCha20Rng::seed_from_u64(seed.wrapping_mul(2));
        pair.bob.rng = ChaCha20Rng::seed_from_u64(seed.wrapping_mul(2) + 1);
        let choice = ChaCha20Rng::seed_from_u64(seed);
        Self { pair, choice, said: BTreeMap::new(), recorded: Vec::new() }
    }

    fn below(&mut self, n: u32) -> u32 {
        self.choice.next_u32() % n
    }

    fn who(&mut self) -> Who {
        if self.below(2) == 0 { Who::Alice } else { Who::Bob }
    }

    fn step(&mut self, line: Line) {
        let who = self.who();
        let now = self.pair.now;
        match self.below(20) {
            0 | 1 => self.pair.start(who),
            2..=6 => self.say(who),
            7 => self.smp(who),
            8 if self.below(4) == 0 => self.pair.hang_up(who),
            9 => {
                let seconds = u64::from(self.below(90));
                self.pair.wait(Duration::from_secs(seconds));
            }
            10 if line.loses => drop(self.pair.end(who).sent.pop_front()),
            11 if line.repeats => {
                if let Some(body) = self.pair.end(who).sent.front().cloned() {
                    self.pair.other(who).receive(now, &body);
                }
            }
            12 if line.repeats && !self.recorded.is_empty() => {
                let n = u32::try_from(self.recorded.len()).unwrap();
                let ix = usize::try_from(self.below(n)).unwrap();
                let (who, body) = self.recorded[ix].clone();
                self.pair.other(who).receive(now, &body);
            }
            13 if line.mixes => {
                let sent = &mut self.pair.end(who).sent;
                if sent.len() > 1 {
                    sent.swap(0, 1);
                }
            }
            14 if line.injects => {
                let bodies = ["?OTR Error: what?", "?OTR:AAMD.", "?OTR,1,2,?OTR:,", "?OTRv4?"];
                let ix = usize::try_from(self.below(4)).unwrap();
                self.pair.end(who).receive(now, bodies[ix]);
            }
            _ => self.deliver(who),
        }
        self.listen();
    }

    fn deliver(&mut self, who: Who) {
        if let Some(body) = self.pair.end(who).sent.front().cloned() {
            self.recorded.push((who, body));
        }
        self.pair.deliver(who);
    }

    fn say(&mut self, who: Who) {
        let text = format!("text {}", self.said.len());
        let now = self.pair.now;
        let end = self.pair.end(who);
        if let Ok(outputs) = end.conversation.send(now, &mut end.rng, &text) {
            end.take(outputs);
            self.said.insert(text, Said { by: who, heard: 0, again: 0 });
        }
    }

    fn smp(&mut self, who: Who) {
        let now = self.pair.now;
        let is_answer = self.below(2) == 0;
        let end = self.pair.end(who);
        let outputs = if is_answer {
            end.conversation.smp_answer(now, &mut end.rng, b"secret")
        } else {
            end.conversation.smp_start(now, &mut end.rng, b"secret", None)
        };
        end.take(outputs.unwrap_or_default());
    }

    /// Nothing is heard that was not said by the other, nor twice; the secrets are the same, so SMP
    /// neither fails nor is anyone caught cheating.
    fn listen(&mut self) {
        for who in [Who::Alice, Who::Bob] {
            for event in self.pair.end(who).events() {
                match event {
                    Event::Heard { text, encrypted: true } => {
                        let original = text.strip_prefix(RESENT);
                        let said = self.said.get_mut(original.unwrap_or(&text)).unwrap();
                        assert_ne!(said.by, who, "{text} came back");
                        let times =
                            if original.is_some() { &mut said.again } else { &mut said.heard };
                        *times += 1;
                        assert_eq!(*times, 1, "{text} was heard twice");
                    }
                    Event::Heard { text, encrypted: false } => {
                        assert!(self.said.contains_key(&text), "{text}");
                    }
                    event @ (Event::SmpFailed | Event::SmpCheated) => panic!("{event:?}"),
                    _ => {}
                }
            }
        }
    }

    /// The line behaves now: what is under way arrives, and who is not private starts once more.
    fn end_well(mut self) {
        self.pair.drive();
        self.listen();
        for _ in 0..2 {
            // A new start clears up what a lost message has left behind.
            self.pair.wait(Duration::from_mins(2));
            self.pair.start(Who::Alice);
            self.pair.drive();
            self.listen();
        }
        let (alice, bob) = (&self.pair.alice.conversation, &self.pair.bob.conversation);
        assert!(alice.is_private() && bob.is_private());
        assert_eq!(alice.ssid(), bob.ssid());
        assert!(self.pair.both_private());
        self.pair.assert_alive();
    }
}

fn chat(seed: u64, line: Line) {
    let _named = Seed(seed);
    let version = if seed.is_multiple_of(2) { Version::V2 } else { Version::V3 };
    let mut chat = Chat::new(seed, version);
    for _ in 0..STEPS {
        chat.step(line);
    }
    chat.end_well();
}

#[test]
fn a_thousand_bad_lines_end_well_and_show_nothing_twice() {
    for seed in 0..CONVERSATIONS {
        let line = Line {
            loses: seed & 2 != 0,
            repeats: seed & 4 != 0,
            mixes: seed & 8 != 0,
            injects: seed & 16 != 0,
        };
        chat(seed, line);
    }
}

/// On a line that does no harm, each round brings both into one conversation, in whatever order the
/// two start, speak and hear, and however often each starts.
#[test]
fn on_a_good_line_both_have_the_same_session() {
    for seed in 0..ON_A_GOOD_LINE {
        let _named = Seed(seed);
        let version = if seed.is_multiple_of(2) { Version::V2 } else { Version::V3 };
        let mut chat = Chat::new(seed, version);
        for _ in 0..3 {
            let starts = [(); 5].map(|()| chat.below(12));
            for step in 0..12 {
                let who = chat.who();
                if starts.contains(&step) {
                    chat.pair.start(who);
                } else if chat.below(3) == 0 {
                    chat.say(who);
                } else {
                    chat.deliver(who);
                }
                chat.listen();
            }
            chat.pair.drive();
            chat.listen();
            assert!(chat.pair.both_private());
        }
        chat.end_well();
    }
}
