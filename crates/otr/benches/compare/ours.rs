//! Our side of the comparison.

use std::io::BufRead as _;
use std::time::{Duration, Instant};

use otr::{SigningKey, Version};

use crate::pair::{Pair, keys};

/// Answers the orders on the standard input, as `libotr.c` does.
pub(crate) fn take_orders() {
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let mut words = line.split_whitespace();
        let order = words.next().unwrap().to_owned();
        let numbers: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
        let [version, len, count] = numbers[..] else { panic!("what is {line}?") };
        let version = if version == 2 { Version::V2 } else { Version::V3 };
        println!("{}", measure(&order, version, len, count));
    }
}

/// Nanoseconds, or bytes.
fn measure(order: &str, version: Version, len: usize, count: usize) -> i64 {
    let keys = keys();
    let text = "x".repeat(len);
    match order {
        "key" => {
            let mut rng = rand::rng();
            timed(count, |_| drop(SigningKey::generate(&mut rng)))
        }
        "ake" => timed(count, |_| drop(Pair::private(&keys, version))),
        "smp" => {
            let mut pair = Pair::private(&keys, version);
            timed(count, |_| pair.smp())
        }
        "alt" | "one" => {
            let mut pair = Pair::private(&keys, version);
            pair.say(0, "one");
            pair.say(1, "two");
            timed(count, |n| pair.say(if order == "alt" { n % 2 } else { 0 }, &text))
        }
        "memory" => {
            let before = resident();
            let pairs: Vec<Pair> = (0..count)
                .map(|_| {
                    let mut pair = Pair::private(&keys, version);
                    (0..4).for_each(|n| pair.say(n % 2, "a text"));
                    pair
                })
                .collect();
            let grown = resident() - before;
            drop(pairs);
            grown / i64::try_from(2 * count).unwrap()
        }
        _ => panic!("what is {order}?"),
    }
}

fn timed(count: usize, mut run: impl FnMut(usize)) -> i64 {
    let begin = Instant::now();
    (0..count).for_each(&mut run);
    i64::try_from(begin.elapsed().as_nanos()).unwrap()
}

/// Bytes of memory that the process has.
fn resident() -> i64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: i64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4_096
}

/// A private conversation.
pub(crate) struct Session(Pair);

impl Session {
    pub(crate) fn new() -> Self {
        Self(Pair::private(&keys(), Version::V3))
    }

    /// Says so many texts; the time that it took.
    pub(crate) fn say(&mut self, count: u32, alternates: bool) -> Duration {
        let text = "x".repeat(100);
        let begin = Instant::now();
        for n in 0..count {
            self.0.say(if alternates { usize::from(n % 2 == 1) } else { 0 }, &text);
        }
        begin.elapsed()
    }
}
