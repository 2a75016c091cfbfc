//! How long the stream waits, and how long it pauses after which failure.

use std::time::Duration;

use super::Down;

/// Waits and pauses of a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pace {
    /// Longest wait for STARTTLS with its handshake, and again for the login.
    pub setup: Duration,
    /// Silence of the server after which it is asked for a sign of life.
    pub keepalive: Duration,
    /// Wait for that sign, and for the network to take output, before the stream counts as dead.
    pub answer: Duration,
    /// First pause after a failure; each further one doubles it.
    pub retry: Duration,
    /// Longest pause after ordinary failures.
    pub retry_most: Duration,
    /// First pause after the server sent us away: another client took the resource, or a policy.
    pub conflict: Duration,
    /// Longest pause of that kind.
    pub conflict_most: Duration,
    /// A stream that was up for less counts as a failure.
    pub steady: Duration,
    /// Longest wait for the goodbye.
    pub stop: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            setup: Duration::from_secs(30),
            keepalive: Duration::from_mins(1),
            answer: Duration::from_secs(30),
            retry: Duration::from_secs(1),
            retry_most: Duration::from_mins(1),
            conflict: Duration::from_secs(30),
            conflict_most: Duration::from_mins(10),
            steady: Duration::from_secs(10),
            stop: Duration::from_secs(2),
        }
    }
}

/// Failures in a row, by kind.
#[derive(Debug, Default)]
pub(super) struct Failures {
    ordinary: u32,
    sent_away: u32,
}

impl Failures {
    /// A stream was up for so long.
    pub(super) fn was_up(&mut self, up: Duration, pace: &Pace) {
        if up >= pace.steady {
            self.ordinary = 0;
        }
        // Two clients that take the resource from each other are up for a while each time.
        if up >= pace.conflict_most {
            self.sent_away = 0;
        }
    }

    /// The pause after this failure, without jitter.
    pub(super) fn pause(&mut self, why: &Down, pace: &Pace) -> Duration {
        let is_sent_away = matches!(why, Down::Conflict | Down::PolicyViolation { .. });
        let (count, first, most) = if is_sent_away {
            (&mut self.sent_away, pace.conflict, pace.conflict_most)
        } else {
            (&mut self.ordinary, pace.retry, pace.retry_most)
        };
        let factor = 2_u32.saturating_pow((*count).min(20));
        *count = count.saturating_add(1);
        first.saturating_mul(factor).min(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_most() {
        let pace = Pace::default();
        let mut failures = Failures::default();

        let pauses: Vec<_> =
            (0..8).map(|_| failures.pause(&Down::Closed, &pace).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);

        failures.was_up(Duration::from_secs(9), &pace);
        assert_eq!(failures.pause(&Down::Closed, &pace).as_secs(), 60);
        failures.was_up(Duration::from_secs(10), &pace);
        assert_eq!(failures.pause(&Down::Closed, &pace).as_secs(), 1);
    }

    #[test]
    fn pauses_after_a_conflict_grow_though_the_stream_was_up() {
        let pace = Pace::default();
        let mut failures = Failures::default();

        let pauses: Vec<_> = (0..7)
            .map(|_| {
                failures.was_up(Duration::from_secs(100), &pace);
                failures.pause(&Down::Conflict, &pace).as_secs()
            })
            .collect();

        assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
        failures.was_up(Duration::from_mins(10), &pace);
        assert_eq!(failures.pause(&Down::Conflict, &pace).as_secs(), 30);
    }
}
