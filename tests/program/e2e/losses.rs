//! The server loses what the bot said, or the bot with it, and the learners do nothing about it.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "helpers of a test may fail it, and OTR wants to know the time"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use otr::{Conversation, Event, InstanceTag, Output, Policy, SigningKey};

use crate::e2e::program;
use support::daemon::Daemon;
use support::fake::{COMPONENT, Fake, Line, between, bodies, n_stanzas};
use support::web;

const ADA: &str = "ada@localhost/x";
const BOT: &str = "bot@localhost/otrbot";
/// Nothing comes for so long: all was said.
const CALM: Duration = Duration::from_secs(2);

/// The value of a metric of the daemon.
fn metric(daemon: &Daemon, name: &str) -> Option<u64> {
    let text = web::get(&format!("{}/metrics", daemon.metrics_url())).html;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    line.parse().ok()
}

#[test]
fn words_that_the_server_has_not_acknowledged_are_said_again() {
    let fake = Fake::start();
    let daemon = Daemon::launch(program(), fake.script(&["ada@localhost"]));
    let mut line = fake.welcome();
    line.quiet(CALM);
    line.write("<presence from='ada@localhost' to='bot@localhost' type='subscribe'/>");
    line.say(ADA, BOT, "hello");
    let lost = line.quiet(CALM);
    assert!(bodies(&lost).len() > 1, "{lost}");
    line.cut();

    let mut line = fake.welcome_anew();
    let again = line.quiet(CALM);

    assert_eq!(bodies(&again), bodies(&lost), "in order");
    for part in ["type='subscribed'", "type='subscribe'"] {
        assert!(again.contains(part), "{part} is not in {again}");
    }
    let ids = |sent: &str| -> Vec<String> {
        between(sent, "<message", ">")
            .iter()
            .flat_map(|head| between(head, "id='", "'"))
            .map(str::to_owned)
            .collect()
    };
    let lost_ids = ids(&lost);
    assert!(!lost_ids.is_empty() && ids(&again) == lost_ids, "{lost}\n{again}");
    assert!(metric(&daemon, "otrbot_xmpp_stanzas_lost_total").unwrap() > 2);
    assert!(metric(&daemon, "otrbot_xmpp_stanzas_resent_total").unwrap() > 2);

    // What the server has now is not said a third time.
    line.acknowledge(n_stanzas(&again));
    line.quiet(CALM);
    line.cut();
    let third = fake.welcome_anew().quiet(CALM);
    assert!(bodies(&third).is_empty(), "{third}");
}

/// A learner's program.
struct Learner {
    otr: Conversation,
    rng: rand::rngs::StdRng,
    heard: Vec<(String, bool)>,
}

impl Learner {
    fn new() -> Self {
        let mut rng: rand::rngs::StdRng = rand::make_rng();
        let key = Arc::new(SigningKey::generate(&mut rng));
        let otr = Conversation::new(key, InstanceTag::random(&mut rng), Policy::default());
        Self { otr, rng, heard: Vec::new() }
    }

    fn send(&mut self, line: &mut Line, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::Send(body) => line.say(ADA, BOT, &body),
                Output::Event(Event::Heard { text, encrypted }) => {
                    self.heard.push((text, encrypted));
                }
                Output::Event(_) => {}
            }
        }
    }

    fn ask(&mut self, line: &mut Line) {
        let outputs = self.otr.start(Instant::now(), &mut self.rng);
        self.send(line, outputs);
    }

    fn receive(&mut self, line: &mut Line, sent: &str) {
        for body in bodies(sent) {
            let outputs = self.otr.receive(Instant::now(), &mut self.rng, body);
            self.send(line, outputs);
        }
    }
}

#[test]
fn what_was_said_in_private_is_encrypted_anew() {
    let fake = Fake::start();
    let _daemon = Daemon::launch(program(), fake.script(&["ada@localhost"]));
    let mut line = fake.welcome();
    let mut ada = Learner::new();
    line.say(ADA, BOT, "hello");
    let mut n = n_stanzas(&line.quiet(CALM));
    line.acknowledge(n);
    ada.ask(&mut line);
    while !ada.otr.is_private() {
        let sent = line.until("</message>");
        n += n_stanzas(&sent);
        line.acknowledge(n);
        ada.receive(&mut line, &sent);
    }
    // The bot believes it too now, and speaks; none of that arrives.
    let lost = line.quiet(CALM);
    let ciphertexts: BTreeSet<&str> = bodies(&lost).into_iter().collect();
    assert!(ciphertexts.len() > 1, "{lost}");
    assert!(ada.heard.iter().all(|(_, encrypted)| !encrypted));
    line.cut();

    let mut line = fake.welcome_anew();
    let again = line.quiet(CALM);
    ada.receive(&mut line, &again);

    let private = ada.heard.iter().filter(|(_, encrypted)| *encrypted).count();
    assert_eq!(private, ciphertexts.len(), "{again}");
    assert!(bodies(&again).iter().all(|body| !ciphertexts.contains(body)), "never twice the same");
}

#[test]
fn a_key_exchange_that_was_lost_is_asked_for_again() {
    let fake = Fake::start();
    let _daemon = Daemon::launch(program(), fake.script(&["ada@localhost"]));
    let mut line = fake.welcome();
    let mut ada = Learner::new();
    line.say(ADA, BOT, "hello");
    let n = n_stanzas(&line.quiet(CALM));
    line.acknowledge(n);
    ada.ask(&mut line);
    assert!(line.quiet(CALM).contains("?OTR:AAMC"));
    line.cut();

    let mut line = fake.welcome_anew();
    for _ in 0..20 {
        if ada.heard.iter().any(|(_, encrypted)| *encrypted) {
            return;
        }
        let sent = line.until("</message>");
        ada.receive(&mut line, &sent);
    }
    panic!("nothing is heard in private: {:?}", ada.heard);
}

#[test]
fn a_component_says_again_what_its_server_has_not_sent_on() {
    let names: Vec<String> = (0..20).map(|n| format!("learner{n}@localhost")).collect();
    let learners: Vec<&str> = names.iter().map(String::as_str).collect();
    let fake = Fake::start();
    let daemon = Daemon::launch(program(), fake.component_script(&learners));
    let mut line = fake.welcome_component();
    line.quiet(CALM);
    for learner in &learners {
        line.say(&format!("{learner}/x"), COMPONENT, "hello");
    }
    let lost = line.quiet(CALM);
    let n_words = bodies(&lost).len();
    assert!(n_words >= 2 * learners.len(), "{n_words}");
    line.cut();

    let again = fake.welcome_component().quiet(CALM);

    assert_eq!(bodies(&again).len(), n_words);
    // Nor does the server tell anybody that the bot is back.
    let present = between(&again, "<presence", ">");
    for learner in &learners {
        let to = format!("to='{learner}'");
        let is_shown = |head: &&str| head.contains(&to) && !head.contains("type=");
        assert!(present.iter().any(is_shown), "{learner}: {again}");
    }
    assert!(metric(&daemon, "otrbot_xmpp_stanzas_lost_total").unwrap() > 0);
}

/// Reads what a component sends, and sends back what it asks itself, until it is told enough.
fn serve_component(line: &mut Line, mut is_enough: impl FnMut(&str) -> bool) {
    loop {
        let sent = line.until(">");
        if sent.contains("<iq") && sent.contains("id='keepalive-") {
            let id = between(&sent, "id='", "'").first().copied().unwrap().to_owned();
            line.write(&format!(
                "<iq type='get' from='{COMPONENT}/otrbot' to='{COMPONENT}' id='{id}'>\
                 <ping xmlns='urn:xmpp:ping'/></iq>"
            ));
        }
        if is_enough(&sent) {
            return;
        }
    }
}

#[test]
fn a_crowd_is_invited_whole_and_keeps_nobody_waiting() {
    let names: Vec<String> = (0..30_000).map(|n| format!("l{n}@localhost")).collect();
    let learners: Vec<&str> = names.iter().map(String::as_str).collect();
    let fake = Fake::start();
    let mut script = fake.component_script(&learners);
    script.log_level = "info";
    let daemon = Daemon::launch(program(), script);
    let mut line = fake.welcome_component();

    let mut invited = BTreeSet::new();
    let mut answered_after = None;
    serve_component(&mut line, |sent| {
        if sent.contains("type='subscribe'") {
            invited.extend(between(sent, "to='", "'").first().map(|&to| to.to_owned()));
        }
        if sent.contains("</body>") && answered_after.is_none() {
            answered_after = Some(invited.len());
        }
        invited.len() == names.len() || invited.len() == 1_000
    });
    line.say("l29999@localhost/x", COMPONENT, "hello");
    serve_component(&mut line, |sent| {
        if sent.contains("type='subscribe'") {
            invited.extend(between(sent, "to='", "'").first().map(|&to| to.to_owned()));
        }
        if sent.contains("</body>") && answered_after.is_none() {
            answered_after = Some(invited.len());
        }
        invited.len() == names.len()
    });

    let answered_after = answered_after.expect("the learner is answered meanwhile");
    assert!(answered_after < 10_000, "{answered_after}");
    assert!(!daemon.log().contains("too slow"), "{}", daemon.log());
}

#[test]
fn what_strangers_send_during_the_login_does_not_disturb_it() {
    let fake = Fake::start();
    let daemon = Daemon::launch(program(), fake.script(&["ada@localhost"]));
    let mut line = fake.log_in();
    line.until("</iq>");
    // Neither before the resource is bound …
    line.write("<presence from='eve@evil.example/r' type='nonsense'/>");
    line.write("<iq from='eve@evil.example/r' type='result' id='bind'/>");
    line.write(
        "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
         <jid>bot@localhost/otrbot</jid></bind></iq>",
    );
    line.until("<enable ");
    line.until(">");
    // … nor before the server begins to count. The first is answered, which it counts.
    line.write("<iq type='get' id='x1' from='eve@evil.example/r'/>");
    for _ in 0..300 {
        line.say("eve@evil.example/r", BOT, "hello");
    }
    line.write("<enabled xmlns='urn:xmpp:sm:3' id='s' resume='true'/>");

    let mut sent = line.quiet(CALM);
    assert!(sent.contains("id='x1'") && sent.contains("bad-request"), "{sent}");
    line.acknowledge(n_stanzas(&sent));
    line.say(ADA, BOT, "hello");
    sent = line.until("</message>");

    assert!(!bodies(&sent).is_empty());
    assert!(line.stays(CALM), "{}", daemon.log());
    assert_eq!(metric(&daemon, "otrbot_xmpp_connection_losses_total"), Some(0));
}

#[test]
fn an_address_of_somebody_else_is_not_taken() {
    let fake = Fake::start();
    let daemon = Daemon::launch(program(), fake.script(&[]));
    let mut line = fake.log_in();
    line.until("</iq>");
    line.write(
        "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
         <jid>mallory@elsewhere/zz</jid></bind></iq>",
    );

    daemon.wait_for_log("mallory@elsewhere/zz instead of", Duration::from_secs(20));
    assert!(!daemon.log().contains("logged in as"), "{}", daemon.log());
}

#[test]
fn a_bot_that_was_up_outlives_a_server_that_is_set_up_anew() {
    let fake = Fake::start();
    let mut daemon = Daemon::launch(program(), fake.script(&[]));
    let line = fake.welcome();
    daemon.wait_until_ready();
    line.cut();
    let mut line = fake.accept();
    line.until("xml:lang='en'>");
    line.write(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>\
         <stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         </stream:error></stream:stream>",
    );

    daemon.wait_for_log("does not mend itself", Duration::from_secs(20));
    assert_eq!(web::status_of(&format!("{}/readyz", daemon.metrics_url())), Some(503));
    assert_eq!(web::status_of(&format!("{}/healthz", daemon.metrics_url())), Some(200));
    assert_eq!(metric(&daemon, "otrbot_xmpp_logins_total{resumed=\"no\"}"), Some(1));
    assert_eq!(metric(&daemon, "otrbot_xmpp_connection_losses_total"), Some(1));
    assert!(metric(&daemon, "otrbot_xmpp_connection_attempts_failed_total") >= Some(1));
    let (status, _) = daemon.terminate();
    assert!(status.success(), "{status}");
}
