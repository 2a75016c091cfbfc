//! Every metric of the daemon, and how it is counted.

mod connections;
mod labels;
mod meters;
mod process;
mod registration;
mod text;

use std::{
    fmt,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use prometheus_client::{
    encoding::text as encoding,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use self::connections::Servers;
use crate::records::Progress;

pub use self::{
    connections::{CONNECTION_REFUSALS, Connections, SERVERS},
    labels::{Of, OtrVersion, Outcome, Reason, Resumption, Share, Standing, Step},
    meters::{ActorType, Life, Mailbox, Meter, Meters, Turn},
    text::Format,
};

/// Why messages of learners are not acted on: by the protocol, by the session, and before they
/// come to one.
pub const REFUSALS: [&str; 31] = [
    "too long",
    "malformed",
    "fragment",
    "version 1",
    "no version in common",
    "older version",
    "other instance",
    "reflected",
    "too many instances",
    "out of turn",
    "lower commit",
    "bad commitment",
    "out of range",
    "wrong MAC",
    "wrong signature",
    "not private",
    "unknown keys",
    "replayed",
    "rate limited",
    "policy",
    "keys used up",
    "finished",
    "encryption required",
    "line too long",
    "error of the peer",
    "SMP withdrawn",
    "SMP not possible",
    "flood",
    "stranger",
    "stanza",
    "wrong number",
];

/// What becomes of a run of SMP.
pub const SMP_RESULTS: [&str; 4] = ["started", "succeeded", "failed", "aborted"];
/// What becomes of a launch.
pub const LAUNCH_RESULTS: [&str; 10] = [
    "accepted",
    "too_large",
    "incomplete",
    "content_type",
    "malformed",
    "not_trusted",
    "out_of_date",
    "no_enrolment",
    "over_quota",
    "unavailable",
];
/// What one platform may have only so much of: enrolments, bytes of their texts, and invitations of
/// the last day.
pub const SHARES: [&str; 3] = ["enrolments", "bytes", "invitations"];
/// What becomes of an attempt to bring a grade to an LMS.
pub const DELIVERY_RESULTS: [&str; 3] = ["recorded", "retried", "failed"];
/// Upper bounds of how long such an attempt takes, in seconds: it is given up after 30.
const DELIVERY_BOUNDS: [f64; 8] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// All metrics of the daemon. Cheap to update from any thread.
pub struct Metrics {
    registry: Registry,
    /// How the actors do.
    pub meters: Meters,
    servers: Servers,
    /// Sessions by where they stand in which lesson.
    pub standing: Family<Standing, Gauge>,
    /// Stanzas of ours that the server has not acknowledged.
    pub unacknowledged: Gauge,
    /// Since when the oldest grade waits, in seconds since 1970; 0 if none does.
    oldest_grade_since: AtomicI64,
    oldest_grade_age: Gauge<f64, AtomicU64>,
    /// 1 while the bot can teach, as far as `/readyz` can see.
    ready: Gauge,
    /// 1 while the database takes what is to be kept.
    store_writable: Gauge,
    /// Learners on the whitelist.
    pub learners: Gauge,
    /// Sessions that are open.
    pub sessions: Gauge,
    /// Sessions ever opened.
    pub sessions_opened: Counter,
    /// Sessions ended by a panic.
    pub sessions_panicked: Counter,
    /// Sessions that went on after an interruption.
    pub sessions_resumed: Counter,
    /// Steps of the lesson that learners reached.
    pub steps: Family<Step, Counter>,
    /// OTR handshakes finished.
    pub otr_handshakes: Family<OtrVersion, Counter>,
    /// SMP runs by result.
    pub smp: Family<Outcome, Counter>,
    /// Messages that were not acted on, by reason.
    refused: Family<Reason, Counter>,
    /// Stanzas received from the server.
    pub stanzas_in: Counter,
    /// Stanzas handed to the server's stream.
    pub stanzas_out: Counter,
    /// 1 while the bot is logged in.
    pub online: Gauge,
    /// Times that the connection was lost.
    pub connection_losses: Counter,
    /// Times that it could not be made.
    pub connection_attempts_failed: Counter,
    /// Logins, by whether an earlier stream went on.
    pub logins: Family<Resumption, Counter>,
    /// Stanzas whose fate was not known when their stream was lost.
    pub stanzas_lost: Counter,
    /// Those of them that were sent again as they were.
    pub stanzas_resent: Counter,
    /// Launches by result.
    pub launches: Family<Outcome, Counter>,
    /// Attempts to bring a grade to the LMS, by result.
    deliveries: Family<Outcome, Counter>,
    /// How long these attempts took.
    delivery_times: Histogram,
    /// Grades that wait for the LMS.
    pub grades_due: Gauge,
    /// Grades that the LMS refused for good.
    pub grades_failed: Gauge,
    /// Grades that the LMS confirmed.
    pub grades_recorded: Gauge,
    /// Writes that wait for the store.
    pub store_backlog: Gauge,
    /// Tries to write that failed.
    pub store_failures: Counter,
    /// What the platforms have.
    platform_shares: Family<Share, Gauge>,
    /// How much of it each may have.
    platform_limits: Family<Of, Gauge>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Declares all metrics, at zero.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        // Their usual names, which dashboards for any program know, have no prefix.
        registry.register_collector(Box::new(process::ProcessCosts));
        let own = registry.sub_registry_with_prefix("otrbot");
        let meters = Meters::register(own);
        let servers = Servers::register(own);
        let mut metrics = Self {
            registry,
            meters,
            servers,
            standing: Family::default(),
            unacknowledged: Gauge::default(),
            oldest_grade_since: AtomicI64::default(),
            oldest_grade_age: Gauge::default(),
            ready: Gauge::default(),
            store_writable: Gauge::default(),
            learners: Gauge::default(),
            sessions: Gauge::default(),
            sessions_opened: Counter::default(),
            sessions_panicked: Counter::default(),
            sessions_resumed: Counter::default(),
            steps: Family::default(),
            otr_handshakes: Family::default(),
            smp: Family::default(),
            refused: Family::default(),
            stanzas_in: Counter::default(),
            stanzas_out: Counter::default(),
            online: Gauge::default(),
            connection_losses: Counter::default(),
            connection_attempts_failed: Counter::default(),
            logins: Family::default(),
            stanzas_lost: Counter::default(),
            stanzas_resent: Counter::default(),
            launches: Family::default(),
            deliveries: Family::default(),
            delivery_times: Histogram::new(DELIVERY_BOUNDS),
            grades_due: Gauge::default(),
            grades_failed: Gauge::default(),
            grades_recorded: Gauge::default(),
            store_backlog: Gauge::default(),
            store_failures: Counter::default(),
            platform_shares: Family::default(),
            platform_limits: Family::default(),
        };
        metrics.register();
        metrics.register_outer();
        metrics.begin_at_zero();
        metrics
    }

    /// What has not happened yet has a value too, so that its first time is seen as an increase.
    fn begin_at_zero(&self) {
        for result in SMP_RESULTS {
            drop(self.smp.get_or_create(&Outcome { result }));
        }
        for version in [2, 3] {
            drop(self.otr_handshakes.get_or_create(&OtrVersion { version }));
        }
        for result in LAUNCH_RESULTS {
            drop(self.launches.get_or_create(&Outcome { result }));
        }
        for result in DELIVERY_RESULTS {
            drop(self.deliveries.get_or_create(&Outcome { result }));
        }
        for resumed in ["yes", "no"] {
            drop(self.logins.get_or_create(&Resumption { resumed }));
        }
        for words in REFUSALS {
            drop(self.refused.get_or_create(&Reason::of(words)));
        }
        for progress in Progress::ALL {
            drop(self.steps.get_or_create(&Step::of(progress)));
        }
    }

    /// Tells how much of each of the [`SHARES`] a platform has, and may have.
    pub fn platform(&self, platform: &str, shares: [(i64, i64); 3]) {
        for (of, (has, may_have)) in SHARES.into_iter().zip(shares) {
            let share = Share { platform: platform.to_owned(), of };
            self.platform_shares.get_or_create(&share).set(has);
            self.platform_limits.get_or_create(&Of { of }).set(may_have);
        }
    }

    /// Where the connections of a server of [`SERVERS`] are counted.
    pub fn connections(&self, server: &'static str) -> Connections {
        self.servers.of(server)
    }

    /// Counts a private conversation that began in this version of OTR.
    pub fn otr_enabled(&self, version: u8) {
        self.otr_handshakes.get_or_create(&OtrVersion { version }).inc();
    }

    /// Counts what became of a run of SMP: one of [`SMP_RESULTS`].
    pub fn smp(&self, result: &'static str) {
        self.smp.get_or_create(&Outcome { result }).inc();
    }

    /// Counts a message that is not acted on, for a reason of [`REFUSALS`].
    pub fn refused(&self, words: &str) {
        self.refused.get_or_create(&Reason::of(words)).inc();
    }

    /// Counts a session that goes on after an interruption.
    pub fn session_resumed(&self) {
        self.sessions_resumed.inc();
    }

    /// How many messages were not acted on for this reason.
    pub fn n_refused(&self, words: &str) -> u64 {
        self.refused.get_or_create(&Reason::of(words)).get()
    }

    /// Counts a step that a learner reached.
    pub fn step(&self, progress: Progress) {
        self.steps.get_or_create(&Step::of(progress)).inc();
    }

    /// Counts a login to the XMPP server.
    pub fn logged_in(&self, resumed: bool) {
        let resumed = if resumed { "yes" } else { "no" };
        self.logins.get_or_create(&Resumption { resumed }).inc();
    }

    /// Counts a launch.
    pub fn launch(&self, result: &'static str) {
        self.launches.get_or_create(&Outcome { result }).inc();
    }

    /// Counts an attempt to bring a grade to an LMS: one of [`DELIVERY_RESULTS`].
    pub fn delivery(&self, result: &'static str) {
        self.deliveries.get_or_create(&Outcome { result }).inc();
    }

    /// An attempt to bring a grade to an LMS lasts until this is dropped.
    pub fn delivery_time(&self) -> Turn {
        Turn::of(self.delivery_times.clone())
    }

    /// Since when the oldest grade waits, in seconds since 1970, if one does.
    pub fn oldest_grade(&self, since: Option<i64>) {
        self.oldest_grade_since.store(since.unwrap_or(0), Ordering::Relaxed);
    }

    /// Takes in what is looked at when the metrics are: whether the bot is ready and its store can
    /// be written, and the time, in seconds since 1970.
    pub fn refresh(&self, is_ready: bool, is_writable: bool, now: i64) {
        self.ready.set(i64::from(is_ready));
        self.store_writable.set(i64::from(is_writable));
        let since = self.oldest_grade_since.load(Ordering::Relaxed);
        let age = if since == 0 { 0 } else { now.saturating_sub(since).max(0) };
        let age = std::time::Duration::from_secs(age.unsigned_abs());
        self.oldest_grade_age.set(age.as_secs_f64());
    }

    /// All metrics as text.
    ///
    /// # Errors
    ///
    /// Only if a value cannot be formatted.
    pub fn encode(&self, format: Format) -> Result<String, fmt::Error> {
        let mut out = String::new();
        encoding::encode(&mut out, &self.registry)?;
        Ok(format.convert(&out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_holds_every_metric_and_ends_as_openmetrics_asks() {
        let metrics = Metrics::new();
        metrics.otr_enabled(3);
        metrics.step(Progress::Encrypted);
        metrics.refused("wrong MAC");
        metrics.oldest_grade(Some(1_000));
        metrics.refresh(true, false, 1_090);

        let text = metrics.encode(Format::OpenMetrics).unwrap();

        assert!(text.contains("otrbot_otr_handshakes_total{version=\"3\"} 1"), "{text}");
        assert!(text.contains("otrbot_steps_reached_total{step=\"encrypted\"} 1"), "{text}");
        for line in [
            "otrbot_messages_refused_total{reason=\"wrong_mac\"} 1",
            "otrbot_messages_refused_total{reason=\"stranger\"} 0",
            "otrbot_grades_oldest_due_age_seconds 90.0",
            "otrbot_ready 1",
            "otrbot_store_writable 0",
            "otrbot_lti_launches_total{result=\"unavailable\"} 0",
            "otrbot_steps_reached_total{step=\"done\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert!(text.ends_with("# EOF\n"));
        metrics.oldest_grade(None);
        metrics.refresh(true, true, 2_000);
        assert!(metrics.oldest_grade_age.get().abs() < f64::EPSILON);
    }
}
