//! Names, units and help texts, by the conventions of Prometheus.

use prometheus_client::registry::Unit;

use super::Metrics;

impl Metrics {
    /// Names and help texts of what concerns learners and their sessions.
    pub(super) fn register(&mut self) {
        let r = self.registry.sub_registry_with_prefix("otrbot");
        r.register("learners", "Learners who may talk to the bot now", self.learners.clone());
        r.register("sessions", "Sessions that are open now", self.sessions.clone());
        r.register(
            "sessions_standing",
            "Sessions that are open now, by lesson and state",
            self.standing.clone(),
        );
        r.register(
            "xmpp_stanzas_unacknowledged",
            "Stanzas that the XMPP server has not acknowledged yet",
            self.unacknowledged.clone(),
        );
        r.register_with_unit(
            "grades_oldest_due_age",
            "Age of the oldest grade that the LMS has not confirmed yet; 0 if there is none",
            Unit::Seconds,
            self.oldest_grade_age.clone(),
        );
        r.register(
            "ready",
            "1 while the bot is logged in and can keep what is to be kept, as /readyz says; else 0",
            self.ready.clone(),
        );
        r.register(
            "sessions_opened",
            "Sessions opened since the start",
            self.sessions_opened.clone(),
        );
        r.register(
            "sessions_panicked",
            "Sessions ended by a fault of the program; should stay 0",
            self.sessions_panicked.clone(),
        );
        r.register(
            "sessions_resumed",
            "Sessions that went on after the daemon, or they, were interrupted",
            self.sessions_resumed.clone(),
        );
        r.register(
            "steps_reached",
            "Steps of the lesson that learners reached",
            self.steps.clone(),
        );
        r.register(
            "otr_handshakes",
            "OTR key exchanges finished, by version of the protocol",
            self.otr_handshakes.clone(),
        );
        r.register(
            "smp_runs",
            "Runs of the Socialist Millionaires' Protocol, by result",
            self.smp.clone(),
        );
        r.register(
            "messages_refused",
            "Messages of learners that were not acted on, by reason",
            self.refused.clone(),
        );
    }

    /// What concerns others: the server, the LMS, the store.
    pub(super) fn register_outer(&mut self) {
        let r = self.registry.sub_registry_with_prefix("otrbot");
        r.register(
            "xmpp_stanzas_received",
            "Stanzas received from the XMPP server",
            self.stanzas_in.clone(),
        );
        r.register(
            "xmpp_stanzas_sent",
            "Stanzas given to the stream to the XMPP server",
            self.stanzas_out.clone(),
        );
        r.register(
            "xmpp_online",
            "1 while the bot is logged in to the XMPP server, else 0",
            self.online.clone(),
        );
        r.register(
            "xmpp_connection_losses",
            "Times that the XMPP connection was lost after a login",
            self.connection_losses.clone(),
        );
        r.register(
            "xmpp_connection_attempts_failed",
            "Tries to log in to the XMPP server that failed",
            self.connection_attempts_failed.clone(),
        );
        r.register(
            "xmpp_logins",
            "Logins to the XMPP server, by whether an earlier stream went on (XEP-0198)",
            self.logins.clone(),
        );
        r.register(
            "xmpp_stanzas_lost",
            "Stanzas of which nobody knows whether the XMPP server had them when the stream was lost",
            self.stanzas_lost.clone(),
        );
        r.register(
            "xmpp_stanzas_resent",
            "Stanzas that were sent again, as they were, after the stream was lost",
            self.stanzas_resent.clone(),
        );
        r.register("lti_launches", "LTI launches, by result", self.launches.clone());
        r.register(
            "grade_deliveries",
            "Attempts to bring a grade to an LMS: recorded, retried (tried again later), failed for good",
            self.deliveries.clone(),
        );
        r.register_with_unit(
            "grade_delivery",
            "How long attempts to bring a grade to an LMS took",
            Unit::Seconds,
            self.delivery_times.clone(),
        );
        r.register(
            "grades_due",
            "Grades that the LMS has not confirmed yet",
            self.grades_due.clone(),
        );
        r.register(
            "grades_failed",
            "Grades that the LMS refused for good, or never confirmed",
            self.grades_failed.clone(),
        );
        r.register(
            "grades_recorded",
            "Grades that the LMS confirmed",
            self.grades_recorded.clone(),
        );
        r.register(
            "store_writes_waiting",
            "Writes that wait for the database; stays near 0 unless that is away or too slow",
            self.store_backlog.clone(),
        );
        r.register(
            "store_failures",
            "Tries to write to the database that failed, and were made again",
            self.store_failures.clone(),
        );
        r.register(
            "platform_has",
            "What a platform has stored, and the invitations of its last day, by consumer key",
            self.platform_shares.clone(),
        );
        r.register(
            "platform_may_have",
            "How much of that one platform may have",
            self.platform_limits.clone(),
        );
        r.register(
            "store_writable",
            "1 while the database takes what is to be kept, else 0",
            self.store_writable.clone(),
        );
    }
}
