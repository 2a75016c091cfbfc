//! How long the stream waits, and how long it pauses after which failure.

use std::time::Duration;

use tokio::time::Instant;

use super::Down;

/// Refusals of an account that was let in before, after which it counts as refused for good.
const MOST_REFUSALS: u32 = 5;

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
    /// First pause after the server sent us away (another client took the resource, or a policy), and
    /// after what a person has to mend.
    pub conflict: Duration,
    /// Longest pause of that kind, and between servers that send us to each other.
    pub conflict_most: Duration,
    /// How long a server that has let us in may refuse the account before that counts as final.
    pub refusal: Duration,
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
            refusal: Duration::from_mins(5),
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
    /// Times that a server sent us to another one.
    redirected: u32,
    /// Whether the server has let us in once: then what cannot mend itself may be the server's, which
    /// is being set up or replaced.
    was_in: bool,
    /// Refusals of the account in a row, and since when.
    refused: Option<(u32, Instant)>,
}

impl Failures {
    /// The server let us in.
    pub(super) fn came_in(&mut self) {
        self.was_in = true;
        self.refused = None;
    }

    /// Whether this failure is one after which no other attempt is made.
    pub(super) fn is_final(&mut self, why: &Down, now: Instant, pace: &Pace) -> bool {
        if !self.was_in || !why.is_fatal() {
            return why.is_fatal();
        }
        if !matches!(why, Down::AuthRefused { .. }) {
            return false;
        }
        let (n, since) = self.refused.get_or_insert((0, now));
        *n = n.saturating_add(1);
        *n >= MOST_REFUSALS && now.saturating_duration_since(*since) >= pace.refusal
    }

    /// A stream was up for so long.
    pub(super) fn was_up(&mut self, up: Duration, pace: &Pace) {
        if up >= pace.steady {
            self.ordinary = 0;
        }
        // Two clients that take the resource from each other are up for a while each time; so are
        // streams to two servers that send to each other.
        if up >= pace.conflict_most {
            self.sent_away = 0;
            self.redirected = 0;
        }
    }

    /// The pause after this failure, without jitter.
    pub(super) fn pause(&mut self, why: &Down, pace: &Pace) -> Duration {
        let is_sent_away =
            why.is_fatal() || matches!(why, Down::Conflict | Down::PolicyViolation { .. });
        let (count, first, most) = if is_sent_away {
            (&mut self.sent_away, pace.conflict, pace.conflict_most)
        } else if matches!(why, Down::SeeOtherHost { .. } | Down::Redirect { .. }) {
            // A server that is taken out of service is left at once; a storm of such moves dies down.
            (&mut self.redirected, pace.retry, pace.conflict_most)
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

    #[tokio::test(start_paused = true)]
    async fn what_a_person_has_to_mend_is_final_only_before_the_first_login() {
        let pace = Pace::default();
        let refused = Down::AuthRefused {
            condition: "not-authorized".to_owned(),
            text: String::new(),
            advice: "",
        };
        let unknown = Down::HostUnknown { domain: "localhost".to_owned() };
        let mut failures = Failures::default();
        assert!(failures.is_final(&refused, Instant::now(), &pace));
        assert!(!failures.is_final(&Down::Closed, Instant::now(), &pace));

        failures.came_in();
        let mut waited = Duration::ZERO;
        let mut n_refusals = 0;
        loop {
            n_refusals += 1;
            assert!(!failures.is_final(&unknown, Instant::now(), &pace));
            if failures.is_final(&refused, Instant::now(), &pace) {
                break;
            }
            let pause = failures.pause(&refused, &pace);
            waited += pause;
            tokio::time::advance(pause).await;
        }
        assert_eq!((n_refusals, waited.as_secs()), (5, 450));

        failures.came_in();
        assert!(!failures.is_final(&refused, Instant::now(), &pace));
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

    #[test]
    fn servers_that_send_to_each_other_are_followed_ever_more_slowly() {
        let pace = Pace::default();
        let mut failures = Failures::default();
        let elsewhere = Down::SeeOtherHost { host: "other.example.org".to_owned() };

        let pauses: Vec<_> = (0..12)
            .map(|_| {
                failures.was_up(Duration::from_secs(11), &pace);
                failures.pause(&elsewhere, &pace).as_secs()
            })
            .collect();

        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
        failures.was_up(Duration::from_mins(10), &pace);
        assert_eq!(failures.pause(&elsewhere, &pace).as_secs(), 1);
    }
}
