//! The metrics at a glance: the ones that an operator asks about, in a few lines.

use std::{collections::BTreeMap, fmt, time::Duration};

/// The part of a limit from which on it is said that a platform comes near.
const NEARLY: f64 = 0.9;

/// What is counted a second when it is looked at again and again.
const RATES: [(&str, &str); 5] = [
    ("stanzas in", "otrbot_xmpp_stanzas_received_total"),
    ("out", "otrbot_xmpp_stanzas_sent_total"),
    ("messages handled", "otrbot_actor_handling_seconds_count"),
    ("handshakes", "otrbot_otr_handshakes_total"),
    ("launches", "otrbot_lti_launches_total"),
];

/// What the metrics say.
#[derive(Debug, Default)]
pub(super) struct Glance {
    /// Values by name and labels, as they stand in the text.
    values: BTreeMap<String, f64>,
}

impl Glance {
    /// Reads a text in the format of Prometheus; lines that are none are left out.
    pub(super) fn of(text: &str) -> Self {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let values = samples.filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        });
        Self { values: values.collect() }
    }

    fn get(&self, name: &str) -> f64 {
        self.raw(&format!("otrbot_{name}"))
    }

    /// A metric that has no prefix, or a sample of a family.
    fn raw(&self, name: &str) -> f64 {
        self.values.get(name).copied().unwrap_or(0.0)
    }

    /// The sum of all samples of a family, or the value of what is none.
    fn total(&self, name: &str) -> f64 {
        let start = format!("{name}{{");
        let samples = self.values.range(start.clone()..);
        let family = samples.take_while(|(sample, _)| sample.starts_with(start.as_str()));
        self.raw(name) + family.map(|(_, value)| value).sum::<f64>()
    }

    /// What happened a second since an earlier look; nothing if the bot was started in between.
    pub(super) fn rates_since(&self, earlier: &Self, between: Duration) -> String {
        let start = |glance: &Self| glance.raw("process_start_time_seconds");
        let is_same = (start(self) - start(earlier)).abs() < f64::EPSILON;
        if self.values.is_empty() || between.is_zero() || !is_same {
            return String::new();
        }
        let rates: Vec<String> = RATES
            .iter()
            .map(|(what, name)| {
                let n = self.total(name) - earlier.total(name);
                format!("{what} {:.1}", n.max(0.0) / between.as_secs_f64())
            })
            .collect();
        format!("a second: {}\n", rates.join(", "))
    }

    /// Those samples of a family that are not 0: `value label`, the largest first.
    fn listed(&self, name: &str, of: &str) -> String {
        let mut samples: Vec<_> = self.family(name).filter(|(_, n)| *n > 0.0).collect();
        samples.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        if samples.is_empty() {
            return "none".to_owned();
        }
        let samples = samples.iter().map(|(labels, n)| format!("{n} {}", label(labels, of)));
        samples.collect::<Vec<_>>().join(", ")
    }

    /// A line for each type of actor.
    fn write_actors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (labels, live) in self.family("actors") {
            let actor = label(labels, "actor");
            let of = |name: &str| self.get(&format!("{name}{{actor=\"{actor}\"}}"));
            let handled = of("actor_handling_seconds_count");
            let each = if handled > 0.0 { of("actor_handling_seconds_sum") / handled } else { 0.0 };
            let replaced = of("actor_restarts_total");
            let replaced =
                if replaced > 0.0 { format!(", {replaced} replaced") } else { String::new() };
            writeln!(
                f,
                "    {actor:<10} {live} live, {} waiting, {handled} handled in {:.2} ms each{replaced}",
                of("actor_mailbox_messages"),
                each * 1e3,
            )?;
        }
        Ok(())
    }

    /// A line for each platform that has all that it may have of something, or nearly.
    fn write_platforms(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (labels, has) in self.family("platform_has") {
            let (platform, of) = (label(labels, "platform"), label(labels, "of"));
            let may_have = self.get(&format!("platform_may_have{{of=\"{of}\"}}"));
            let how = match () {
                () if has >= may_have => "is at its limit",
                () if has >= NEARLY * may_have => "is near its limit",
                () => continue,
            };
            writeln!(f, "platform {platform} {how}: {has} of {may_have} {of}")?;
        }
        Ok(())
    }

    /// Labels and values of all samples of this name.
    fn family(&self, name: &str) -> impl Iterator<Item = (&str, f64)> {
        let start = format!("otrbot_{name}{{");
        let samples = self.values.range(start.clone()..);
        samples.map_while(move |(sample, value)| {
            let labels = sample.strip_prefix(start.as_str())?.strip_suffix('}')?;
            Some((labels, *value))
        })
    }

    fn sum(&self, name: &str) -> f64 {
        self.family(name).map(|(_, value)| value).sum()
    }
}

/// The value of a label.
fn label<'a>(labels: &'a str, name: &str) -> &'a str {
    let found = labels.split("\",").find_map(|one| one.strip_prefix(name)?.strip_prefix("=\""));
    found.map_or("", |value| value.trim_end_matches('"'))
}

impl fmt::Display for Glance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.values.is_empty() {
            return Ok(());
        }
        let get = |name| self.get(name);
        writeln!(
            f,
            "sessions: {} open of {} learners; since the start {} opened, {} taken up again, {} \
             broken by a fault",
            get("sessions"),
            get("learners"),
            get("sessions_opened_total"),
            get("sessions_resumed_total"),
            get("sessions_panicked_total"),
        )?;
        let mut standing: Vec<_> = self.family("sessions_standing").collect();
        standing.retain(|(_, n)| *n > 0.0);
        standing.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        for (labels, n) in standing.iter().take(8) {
            writeln!(f, "    {n:>6}  {}: {}", label(labels, "lesson"), label(labels, "state"))?;
        }
        let smp = |result| self.get(&format!("smp_runs_total{{result=\"{result}\"}}"));
        writeln!(
            f,
            "otr: {} handshakes (version 2: {}, version 3: {}); smp: {} started, {} succeeded, {} \
             failed, {} aborted",
            self.sum("otr_handshakes_total"),
            get("otr_handshakes_total{version=\"2\"}"),
            get("otr_handshakes_total{version=\"3\"}"),
            smp("started"),
            smp("succeeded"),
            smp("failed"),
            smp("aborted"),
        )?;
        writeln!(f, "messages refused: {}", self.listed("messages_refused_total", "reason"))?;
        writeln!(
            f,
            "xmpp: {} in, {} out, {} unacknowledged; {} logins, {} of them went on with a stream; lost \
             {} times, {} tries failed; {} stanzas lost on the way, {} sent again",
            get("xmpp_stanzas_received_total"),
            get("xmpp_stanzas_sent_total"),
            get("xmpp_stanzas_unacknowledged"),
            self.sum("xmpp_logins_total"),
            get("xmpp_logins_total{resumed=\"yes\"}"),
            get("xmpp_connection_losses_total"),
            get("xmpp_connection_attempts_failed_total"),
            get("xmpp_stanzas_lost_total"),
            get("xmpp_stanzas_resent_total"),
        )?;
        writeln!(
            f,
            "launches: {}; grades: {} recorded, {} on their way (the oldest for {:.0} s), {} refused \
             for good",
            self.listed("lti_launches_total", "result"),
            get("grades_recorded"),
            get("grades_due"),
            get("grades_oldest_due_age_seconds"),
            get("grades_failed"),
        )?;
        writeln!(
            f,
            "store: {} writes waiting, {} tries failed\nactors:",
            get("store_writes_waiting"),
            get("store_failures_total"),
        )?;
        self.write_actors(f)?;
        self.write_platforms(f)?;
        writeln!(
            f,
            "process: {:.1} MB in RAM, {:.1} s of CPU, {} threads, {} files open",
            self.raw("process_resident_memory_bytes") / 1e6,
            self.raw("process_cpu_seconds_total"),
            self.raw("process_threads"),
            self.raw("process_open_fds"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_metrics_say_is_shown_in_a_few_lines() {
        let text = "# HELP otrbot_sessions x\notrbot_sessions 3\notrbot_learners 9\n\
            otrbot_sessions_standing{lesson=\"basics\",state=\"agreeing\"} 2\n\
            otrbot_sessions_standing{lesson=\"basics\",state=\"greeting\"} 0\n\
            otrbot_lti_launches_total{result=\"accepted\"} 5\n\
            otrbot_lti_launches_total{result=\"out_of_date\"} 2\n\
            otrbot_messages_refused_total{reason=\"flood\"} 3\n\
            otrbot_messages_refused_total{reason=\"stanza\"} 0\n\
            otrbot_actors{actor=\"session\"} 3\n\
            otrbot_actor_mailbox_messages{actor=\"session\"} 4\n\
            otrbot_actor_handling_seconds_count{actor=\"session\"} 8\n\
            otrbot_actor_handling_seconds_sum{actor=\"session\"} 0.02\n\
            otrbot_actor_restarts_total{actor=\"session\"} 1\n\
            otrbot_platform_has{platform=\"moodle\",of=\"enrolments\"} 10\n\
            otrbot_platform_has{platform=\"canvas\",of=\"enrolments\"} 9\n\
            otrbot_platform_has{platform=\"canvas\",of=\"invitations\"} 2\n\
            otrbot_platform_may_have{of=\"enrolments\"} 10\n\
            otrbot_platform_may_have{of=\"invitations\"} 20\n\
            process_start_time_seconds 1000\n\
            process_resident_memory_bytes 34000000\nnonsense\n# EOF\n";

        let glance = Glance::of(text);
        let shown = glance.to_string();

        for part in [
            "sessions: 3 open of 9 learners",
            "basics: agreeing",
            "launches: 5 accepted, 2 out_of_date; grades",
            "messages refused: 3 flood\n",
            "session    3 live, 4 waiting, 8 handled in 2.50 ms each, 1 replaced\n",
            "34.0 MB",
            "platform moodle is at its limit: 10 of 10 enrolments\n",
            "platform canvas is near its limit: 9 of 10 enrolments\n",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("greeting") && !shown.contains("invitations"), "{shown}");
        assert_eq!(Glance::of("").to_string(), "");
        let later = text.replace("\"accepted\"} 5", "\"accepted\"} 12");
        let rates = Glance::of(&later).rates_since(&glance, Duration::from_secs(2));
        assert!(rates.ends_with("handshakes 0.0, launches 3.5\n"), "{rates}");
        let restarted = Glance::of(&later.replace("seconds 1000", "seconds 1001"));
        assert_eq!(restarted.rates_since(&glance, Duration::from_secs(2)), "");
    }
}
