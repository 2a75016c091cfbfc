//! The metrics at a glance: the ones that an operator asks about, in a few lines.

use std::{collections::BTreeMap, fmt};

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
        self.values.get(&format!("otrbot_{name}")).copied().unwrap_or(0.0)
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
            "otr: {} handshakes; smp: {} succeeded, {} failed, {} aborted; {} messages refused",
            self.sum("otr_handshakes_total"),
            smp("succeeded"),
            smp("failed"),
            smp("aborted"),
            self.sum("messages_refused_total"),
        )?;
        writeln!(
            f,
            "xmpp: {} in, {} out, {} unacknowledged; connection lost {} times",
            get("xmpp_stanzas_received_total"),
            get("xmpp_stanzas_sent_total"),
            get("xmpp_stanzas_unacknowledged"),
            get("xmpp_connection_losses_total"),
        )?;
        let accepted = self.get("lti_launches_total{result=\"accepted\"}");
        writeln!(
            f,
            "lti: {accepted} launches accepted, {} refused; grades: {} recorded, {} on their way \
             (the oldest for {:.0} s), {} refused for good",
            self.sum("lti_launches_total") - accepted,
            get("grades_recorded"),
            get("grades_due"),
            get("grades_oldest_due_age_seconds"),
            get("grades_failed"),
        )?;
        let waiting: Vec<String> = self
            .family("actor_mailbox_messages")
            .filter(|(_, n)| *n > 0.0)
            .map(|(labels, n)| format!("{} {n}", label(labels, "actor")))
            .collect();
        let waiting = if waiting.is_empty() { "none".to_owned() } else { waiting.join(", ") };
        writeln!(
            f,
            "messages waiting for actors: {waiting}; writes waiting for the store: {}, failed: {}",
            get("store_writes_waiting"),
            get("store_failures_total"),
        )?;
        writeln!(
            f,
            "process: {:.1} MB in RAM, {:.1} s of CPU, {} threads, {} files open",
            get("process_resident_memory_bytes") / 1e6,
            get("process_cpu_seconds_total"),
            get("process_threads"),
            get("process_open_fds"),
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
            otrbot_actor_mailbox_messages{actor=\"session\"} 4\n\
            otrbot_process_resident_memory_bytes 34000000\nnonsense\n# EOF\n";

        let shown = Glance::of(text).to_string();

        for part in [
            "sessions: 3 open of 9 learners",
            "basics: agreeing",
            "lti: 5 launches accepted, 2 refused",
            "session 4",
            "34.0 MB",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        assert!(!shown.contains("greeting"), "{shown}");
        assert_eq!(Glance::of("").to_string(), "");
    }
}
