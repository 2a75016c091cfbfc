//! Those who are not on the whitelist, where the settings allow to answer them at all: each gets
//! one polite refusal a day, all together few, and memory is bounded.

use std::{
    collections::{HashSet, VecDeque},
    time::{Duration, Instant},
};

use jid::BareJid;
use otr::limits::TokenBucket;

/// How long somebody who was refused gets no other answer.
const SILENCE: Duration = Duration::from_hours(24);

/// Most strangers that are remembered; while there are more, nobody is answered.
const MOST_STRANGERS: usize = 10_000;

/// Refusals to all together: the burst, then one per interval. The bot must not be of use to flood
/// others in the name of many.
const RATE: (u32, Duration) = (20, Duration::from_secs(5));

/// Who was refused, and when.
#[derive(Debug)]
pub(super) struct Strangers {
    refused: HashSet<BareJid>,
    /// The same, oldest first.
    order: VecDeque<(Instant, BareJid)>,
    tokens: TokenBucket,
}

impl Default for Strangers {
    fn default() -> Self {
        Self { refused: HashSet::new(), order: VecDeque::new(), tokens: TokenBucket::new(RATE) }
    }
}

impl Strangers {
    /// Whether this one gets a refusal now; if so, it is the only one for a day.
    pub(super) fn is_to_be_told(&mut self, now: Instant, jid: &BareJid) -> bool {
        self.forget_old(now);
        // Servers and services are nobody to talk to.
        if jid.node().is_none()
            || self.refused.contains(jid)
            || self.refused.len() >= MOST_STRANGERS
            || !self.tokens.take(now)
        {
            return false;
        }
        self.refused.insert(jid.clone());
        self.order.push_back((now, jid.clone()));
        true
    }

    fn forget_old(&mut self, now: Instant) {
        while let Some((then, jid)) = self.order.front()
            && now.saturating_duration_since(*then) >= SILENCE
        {
            self.refused.remove(jid);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use super::*;

    fn jid(number: usize) -> BareJid {
        BareJid::new(&format!("eve{number}@example.org")).unwrap()
    }

    #[test]
    fn a_stranger_is_told_once_a_day() {
        let now = Instant::now();
        let mut strangers = Strangers::default();

        assert!(strangers.is_to_be_told(now, &jid(1)));
        assert!(!strangers.is_to_be_told(now, &jid(1)));
        assert!(strangers.is_to_be_told(now, &jid(2)));
        assert!(
            !strangers.is_to_be_told(now + SILENCE.saturating_sub(Duration::from_secs(1)), &jid(1))
        );
        assert!(strangers.is_to_be_told(now + SILENCE, &jid(1)));
    }

    #[test]
    fn a_crowd_of_strangers_is_told_slowly_and_costs_bounded_memory() {
        let mut now = Instant::now();
        let mut strangers = Strangers::default();

        let at_once = (0..1_000).filter(|n| strangers.is_to_be_told(now, &jid(*n))).count();
        assert_eq!(at_once, 20);
        for number in 0..20_000 {
            now += Duration::from_secs(5);
            strangers.is_to_be_told(now, &jid(number));
        }
        assert!(strangers.refused.len() <= MOST_STRANGERS);
        assert_eq!(strangers.refused.len(), strangers.order.len());
    }

    #[test]
    fn a_server_is_not_told() {
        let now = Instant::now();
        let server = BareJid::new("example.org").unwrap();
        assert!(!Strangers::default().is_to_be_told(now, &server));
    }
}
