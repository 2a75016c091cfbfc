//! What the bot is about to say, and when: one line after the other, as fast as somebody types.

use std::{
    collections::VecDeque,
    fmt,
    time::{Duration, Instant},
};

use rand_core::CryptoRng;

use crate::lesson::vocabulary::Need;

/// Most lines that wait. A lesson says ten at a time; more are the work of somebody who floods.
const MAX_LINES: usize = 64;

/// Shortest time to type a line.
const MIN_TYPING: Duration = Duration::from_millis(400);

/// Longest time to type a line. Longer ones are waited for in vain by the learner.
const MAX_TYPING: Duration = Duration::from_secs(10);

/// How fast the bot types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typing {
    /// Whether it takes time to type at all.
    pub scheduled: bool,
    /// How fast, about.
    pub chars_per_second: u32,
}

impl Default for Typing {
    fn default() -> Self {
        Self { scheduled: true, chars_per_second: 20 }
    }
}

impl Typing {
    /// The time to type so many characters: a quarter more or less than the speed gives.
    fn time(self, n_chars: usize, rng: &mut dyn CryptoRng) -> Duration {
        let n_chars = u32::try_from(n_chars).unwrap_or(u32::MAX);
        let even = Duration::from_secs(n_chars.into()) / self.chars_per_second.max(1);
        let per_mille = 750 + rng.next_u32() % 501;
        (even.min(MAX_TYPING) * per_mille / 1_000).clamp(MIN_TYPING, MAX_TYPING)
    }
}

/// A line that waits to be said: translated, with its variables still in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    pub(super) text: String,
    /// What the conversation must be when it is said.
    pub(super) needs: Need,
    pub(super) kind: Kind,
}

// What is said never reaches a log.
impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").field("needs", &self.needs).finish_non_exhaustive()
    }
}

/// Whose line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The lesson's, which may take it back.
    Lesson,
    /// The session's own, which is said whatever the lesson does.
    Notice,
    /// The warning that the session will end.
    Warning,
}

/// The lines that wait, in order.
#[derive(Debug)]
pub(super) struct Speech {
    typing: Typing,
    lines: VecDeque<Line>,
    /// When the first line will have been typed.
    due: Option<Instant>,
    /// Since when there have been lines without a break, or nobody to hear them.
    since: Option<Instant>,
    /// How many of the lines were there before what is being handled now.
    n_old: usize,
}

/// What is to be done about the first line.
#[derive(Debug)]
pub(super) enum Turn {
    /// Nothing waits; it did for so long.
    Silent(Duration),
    /// The bot begins to type.
    Begin,
    /// It types on.
    Typing,
    /// The line is to be said.
    Say(Line),
}

impl Speech {
    pub(super) fn new(typing: Typing) -> Self {
        Self { typing, lines: VecDeque::new(), due: None, since: None, n_old: 0 }
    }

    /// Adds a line at the end, unless it waits already: who asks twice while the bot types gets one
    /// answer.
    pub(super) fn push(&mut self, now: Instant, line: Line) {
        let waits = |old: &Line| old.text == line.text && old.needs == line.needs;
        if self.lines.len() < MAX_LINES && !self.lines.iter().take(self.n_old).any(waits) {
            self.since.get_or_insert(now);
            self.lines.push_back(line);
        }
    }

    /// Lines that were said and got lost are said again, before all others.
    pub(super) fn put_back(&mut self, now: Instant, lines: impl Iterator<Item = Line>) {
        let lines: Vec<Line> = lines.take(MAX_LINES.saturating_sub(self.lines.len())).collect();
        if lines.is_empty() {
            return;
        }
        self.since.get_or_insert(now);
        self.due = None;
        self.n_old = self.n_old.saturating_add(lines.len());
        for line in lines.into_iter().rev() {
            self.lines.push_front(line);
        }
    }

    /// All that is to be said about one thing that happened was added.
    pub(super) fn end_turn(&mut self) {
        self.n_old = self.lines.len();
    }

    /// Drops the lines of the lesson.
    pub(super) fn hush(&mut self) {
        self.keep(|line| line.kind != Kind::Lesson);
    }

    /// Drops all lines.
    pub(super) fn clear(&mut self) {
        self.keep(|_| false);
    }

    /// Drops the lines of this kind; whether there were any.
    pub(super) fn retract(&mut self, kind: Kind) -> bool {
        let n_before = self.lines.len();
        self.keep(|line| line.kind != kind);
        self.lines.len() < n_before
    }

    /// Drops the lines that cannot be said in a conversation like this.
    pub(super) fn keep_possible(&mut self, certain: Need) {
        self.keep(|line| line.needs <= certain);
    }

    /// Stops typing, as nobody is there to hear it.
    pub(super) fn hold(&mut self, now: Instant) {
        self.due = None;
        self.since.get_or_insert(now);
    }

    fn keep(&mut self, is_kept: impl Fn(&Line) -> bool) {
        if self.lines.front().is_some_and(|line| !is_kept(line)) {
            self.due = None;
        }
        let n_old = self.lines.iter().take(self.n_old).filter(|line| is_kept(line)).count();
        self.lines.retain(is_kept);
        self.n_old = n_old;
    }

    /// Whether the bot is typing.
    pub(super) fn is_typing(&self) -> bool {
        self.due.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// When the first line is to be said.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Goes on.
    pub(super) fn turn(&mut self, now: Instant, rng: &mut dyn CryptoRng) -> Turn {
        let Some(first) = self.lines.front() else {
            let since = self.since.take().unwrap_or(now);
            return Turn::Silent(now.saturating_duration_since(since));
        };
        match self.due {
            None if self.typing.scheduled => {
                let time = self.typing.time(first.text.chars().count(), rng);
                self.due = Some(now.checked_add(time).unwrap_or(now));
                Turn::Begin
            }
            Some(due) if due > now => Turn::Typing,
            None | Some(_) => {
                self.due = None;
                self.n_old = self.n_old.saturating_sub(1);
                self.lines.pop_front().map_or(Turn::Silent(Duration::ZERO), Turn::Say)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn typing_takes_the_time_of_the_text_within_bounds() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let typing = Typing::default();
        for _ in 0..1_000 {
            let time = typing.time(100, &mut rng).as_millis();
            assert!((3_750..=6_250).contains(&time), "{time}");
        }
        assert_eq!(typing.time(1, &mut rng), MIN_TYPING);
        assert!(typing.time(usize::MAX, &mut rng) <= MAX_TYPING);
        assert!(Typing { chars_per_second: 0, ..typing }.time(5, &mut rng) <= MAX_TYPING);
    }
}
