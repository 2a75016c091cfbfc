//! Every bound of the engine, in one place, and the token bucket that holds the rates.
//!
//! OTR authenticates late: whoever can write to the account can send any message of any size. So
//! memory is bounded per conversation, and so is what is sent in answer to messages that anyone
//! may have forged.
//!
//! How long a message may be depends on the host: [`Limits`] is given when a conversation is made. The
//! constants are the numbers of [`Limits::BOT`], and what is the same for all hosts.
//!
//! | | [`Limits::BOT`], the default | [`Limits::LARGE`] |
//! |---|---|---|
//! | message that is looked at, whole or put together | 256 KiB | 2 MiB |
//! | text that is sent | 64 KiB | 1 MiB |
//! | partly received messages at a time | 4 | 4 |
//! | clients of the peer at a time | 8 | 8 |
//! | most that forged fragments have held, with room for each to grow | 2 MiB | 16 MiB |

use std::time::{Duration, Instant};

/// How long messages may be and how many are held, for one conversation. What one conversation holds
/// for messages that anyone may have forged is at most twice `message_bytes` times `partials`, and some
/// kilobytes for each of its `instances`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest message that is looked at, in bytes of the body as it came or as it was reassembled.
    /// More costs memory per partial message; less cuts long messages of real clients. A text takes
    /// 4/3 of its length and some kilobytes.
    pub message_bytes: usize,
    /// Longest text that is sent, in bytes. Encoded it must stay below `message_bytes` at the peer.
    pub text_bytes: usize,
    /// Partly received messages at a time, each at most `message_bytes` long.
    pub partials: usize,
    /// Clients of one peer that are told apart at a time. Those without a private conversation make
    /// room for new ones; those with one are never evicted by a message that anyone may have sent.
    pub instances: usize,
}

impl Limits {
    /// For a program that talks with many people at once, none of whom has much to say: texts of
    /// 64 KiB are sent, and messages of 256 KiB read, which hold texts of some 190 kB.
    pub const BOT: Self = Self {
        message_bytes: MAX_MESSAGE_BYTES,
        text_bytes: MAX_TEXT_BYTES,
        partials: MAX_PARTIALS,
        instances: MAX_INSTANCES,
    };

    /// For a program that people chat with: texts of 1 MiB are sent and read.
    pub const LARGE: Self = Self {
        message_bytes: 2 * 1024 * 1024,
        text_bytes: 1024 * 1024,
        partials: MAX_PARTIALS,
        instances: MAX_INSTANCES,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::BOT
    }
}

/// [`Limits::message_bytes`] of a bot.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// [`Limits::text_bytes`] of a bot.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Longest data that goes with a request for the extra symmetric key: what a TLV holds, less the
/// number of the use.
pub const MAX_EXTRA_KEY_DATA_BYTES: usize = 65_535 - 4;

/// [`Limits::instances`] of a bot.
pub const MAX_INSTANCES: usize = 8;

/// [`Limits::partials`] of a bot.
pub const MAX_PARTIALS: usize = 4;

/// How long a partly received message waits for its next piece.
pub const PARTIAL_LIFETIME: Duration = Duration::from_mins(1);

/// How long an unfinished key exchange waits for its next message.
pub const AKE_LIFETIME: Duration = Duration::from_mins(5);

/// How long further queries and tags are answered by the D-H Commit or D-H Key Message that we have
/// sent already, if its exchange is not finished. Queries that cross would otherwise each begin another
/// exchange, and the sides could end up in different ones.
pub const REPEAT_COMMIT_WITHIN: Duration = Duration::from_secs(5);

/// How long a private conversation is kept in which nothing is said, by a client of the peer that
/// we do not talk to or by both sides with the one that we talk to.
pub const IDLE_LIFETIME: Duration = Duration::from_hours(6);

/// Messages sent under one pair of keys before a new key exchange is started. Keys rotate only
/// when the peer answers; one that reads and never answers would keep them for ever.
pub const REKEY_MESSAGES: u64 = 4_096;

/// How long a pair of keys is sent with before a new key exchange is started.
pub const REKEY_INTERVAL: Duration = Duration::from_hours(1);

/// A message that arrives after we have been silent for this long is answered by a heartbeat, so
/// that the keys rotate (OTRv3, "Receiving a Data Message").
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_mins(1);

/// How long after it was sent the last text may be sent again.
pub const RESEND_WITHIN: Duration = Duration::from_mins(1);

/// Texts that wait for encryption where the policy requires it.
pub const MAX_KEPT_TEXTS: usize = 16;

/// MAC keys that wait to be revealed. Only a peer that rotates its keys with every message while
/// we are silent gets there; the oldest are then forgotten unrevealed.
pub const MAX_TO_REVEAL: usize = 128;

/// TLVs of SMP that are acted on in one message. Each costs some 15 ms; an honest peer sends one.
pub const MAX_SMP_TLVS: usize = 2;

/// Longest encrypted gx in a D-H Commit Message: an MPI of 1536 bits and some leading zeros.
pub const MAX_ENCRYPTED_GX_BYTES: usize = 256;

/// Key exchanges started by queries and whitespace tags: the burst, then one per interval.
pub const AKE_RATE: (u32, Duration) = (10, Duration::from_secs(5));

/// Queries sent in answer to error messages.
pub const QUERY_RATE: (u32, Duration) = (3, Duration::from_secs(30));

/// Error messages sent in answer to unreadable ones.
pub const ERROR_RATE: (u32, Duration) = (5, Duration::from_secs(10));

/// Allows a burst, then one per interval.
#[derive(Clone, Debug)]
pub struct TokenBucket {
    burst: u32,
    interval: Duration,
    tokens: u32,
    /// When the bucket was last known to hold `tokens`.
    since: Option<Instant>,
}

impl TokenBucket {
    /// A full bucket of `rate.0` tokens that gains one each `rate.1`.
    pub fn new(rate: (u32, Duration)) -> Self {
        let (burst, interval) = rate;
        Self { burst, interval, tokens: burst, since: None }
    }

    /// Takes a token, if there is one.
    #[must_use]
    pub fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        match self.tokens.checked_sub(1) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    fn refill(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let elapsed = now.saturating_duration_since(since);
        let gained = elapsed.as_millis().checked_div(self.interval.as_millis()).unwrap_or(0);
        let gained = u32::try_from(gained).unwrap_or(u32::MAX);
        let tokens = self.tokens.saturating_add(gained);
        if tokens >= self.burst {
            self.tokens = self.burst;
            self.since = Some(now);
        } else {
            self.tokens = tokens;
            self.since = self.interval.checked_mul(gained).and_then(|gone| since.checked_add(gone));
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_allowed_and_then_one_per_interval() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new((3, Duration::from_secs(10)));

        let burst = (0..10).filter(|_| bucket.take(start)).count();
        let early = bucket.take(start + Duration::from_secs(9));
        let later = (0..10).filter(|_| bucket.take(start + Duration::from_secs(25))).count();

        assert_eq!((burst, early, later), (3, false, 2));
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let start = Instant::now() + Duration::from_secs(100);
        let mut bucket = TokenBucket::new((1, Duration::from_secs(10)));

        assert!(bucket.take(start));

        let earlier = start.checked_sub(Duration::from_secs(50)).unwrap();
        assert!(!bucket.take(earlier));
    }
}
