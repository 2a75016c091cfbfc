//! What stanzas cost at rest: of strangers, and plain ones of learners.

use std::time::Duration;

use crate::{
    crowd::Crowd,
    school::{OTHERS, School},
    table::Row,
};

/// Longest wait for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// How many stanzas are measured of a kind.
const N: usize = 200;
/// How many are of a large kind.
const N_LARGE: usize = 30;
/// The first learner who is taken for it, of the domain's.
const FIRST: usize = 400;
/// Most messages that a session takes from its learner at once, less some for what comes before.
pub(crate) const AT_ONCE: usize = 40;

/// Everybody who sends what is measured.
pub(crate) struct Bench<'a> {
    pub(crate) school: &'a School,
    pub(crate) crowd: Crowd,
    pub(crate) rows: Vec<Row>,
    next: usize,
}

/// The rows of all stanzas.
pub(crate) fn measure(school: &School) -> Vec<Row> {
    let mut bench = Bench::new(school);
    bench.of_strangers();
    bench.of_learners();
    bench.conversations();
    bench.messages();
    bench.verification();
    bench.rows
}

impl<'a> Bench<'a> {
    fn new(school: &'a School) -> Self {
        let mut crowd = school.crowd(OTHERS);
        // The bot's full address is known as soon as it has said something.
        crowd.say(&format!("other{}", FIRST - 1), "hello");
        assert!(crowd.hear(&format!("other{}", FIRST - 1), PATIENCE).is_some(), "no answer");
        assert!(crowd.ping(PATIENCE).is_some(), "no sign of life");
        Self { school, crowd, rows: Vec::new(), next: FIRST }
    }

    /// So many learners who were not taken yet.
    pub(crate) fn fresh(&mut self, n: usize) -> Vec<String> {
        let first = self.next;
        self.next += n;
        (first..self.next).map(|number| format!("other{number}")).collect()
    }

    /// The same, after their sessions were opened and greeted them.
    pub(crate) fn greeted(&mut self, n: usize) -> Vec<String> {
        let names = self.fresh(n);
        for name in &names {
            self.crowd.say(name, "hello");
            self.crowd.hear(name, PATIENCE);
        }
        self.crowd.ping(PATIENCE);
        names
    }

    /// Measures so many of something, which gives the time that its answer took.
    pub(crate) fn each(
        &mut self,
        who: (&'static str, &str),
        n: usize,
        mut act: impl FnMut(&mut Crowd, usize) -> Option<Duration>,
    ) {
        self.crowd.forget();
        let gauge = self.school.gauge();
        let times: Vec<Duration> = (0..n).filter_map(|ix| act(&mut self.crowd, ix)).collect();
        let alive = self.crowd.ping(PATIENCE);
        let answer = match (alive, times.len()) {
            (None, _) => "no sign of life".to_owned(),
            (Some(_), 0) => "–".to_owned(),
            (Some(_), answered) => format!("{answered} times"),
        };
        self.rows.push(Row::read(self.school, &gauge, who, n, answer, times));
    }

    /// Measures stanzas that nobody waits for, from a sender for each so many of them.
    fn stanzas(&mut self, who: (&'static str, &str), n: usize, names: &[String], xml: &str) {
        self.each(who, n, |crowd, ix| {
            let name = &names[ix * names.len() / n];
            crowd.send_xml(name, &xml.replace("NUMBER", &ix.to_string()));
            None
        });
    }

    fn of_strangers(&mut self) {
        let names: Vec<String> = (0..N).map(|number| format!("stranger{number}")).collect();
        let big = "word ".repeat(13_000);
        let elements = "<a xmlns='urn:x'/>".repeat(3_400);
        let deep = format!("{}{}", "<a xmlns='urn:x'>".repeat(30), "</a>".repeat(30));
        let cases: [(&str, usize, String); 14] = [
            ("chat", N, chat("hello", "")),
            ("chat of 64 kB", N_LARGE, chat(&big, "")),
            ("chat with 3,400 elements, 64 kB", N_LARGE, chat("hello", &elements)),
            ("chat with elements 30 deep", N, chat("hello", &deep)),
            ("query for OTR", N, chat("?OTRv23?", "")),
            ("D-H Commit Message that is cut", N, chat("?OTR:AAMC.", "")),
            ("groupchat", N, chat("hello", "").replace("'chat'", "'groupchat'")),
            ("error", N, chat("hello", "").replace("'chat'", "'error'")),
            ("presence", N, "<presence from='FROM' to='BOT'/>".to_owned()),
            (
                "presence, unavailable",
                N,
                "<presence from='FROM' to='BOT' type='unavailable'/>".to_owned(),
            ),
            ("probe", N, "<presence from='FROM' to='BOT' type='probe'/>".to_owned()),
            (
                "wish for a subscription",
                N,
                "<presence from='FROM' to='BOT' type='subscribe'/>".to_owned(),
            ),
            (
                "end of a subscription",
                N,
                "<presence from='FROM' to='BOT' type='unsubscribe'/>".to_owned(),
            ),
            (
                "presence of 64 kB",
                N_LARGE,
                format!("<presence from='FROM' to='BOT'><status>{big}</status></presence>"),
            ),
        ];
        for (what, n, xml) in cases {
            self.stanzas(("stranger", what), n, &names, &xml);
        }
        let requests = [
            ("version", "get", "<query xmlns='jabber:iq:version'/>".to_owned()),
            (
                "disco#info",
                "get",
                "<query xmlns='http://jabber.org/protocol/disco#info'/>".to_owned(),
            ),
            (
                "disco#items",
                "get",
                "<query xmlns='http://jabber.org/protocol/disco#items'/>".to_owned(),
            ),
            ("ping", "get", "<ping xmlns='urn:xmpp:ping'/>".to_owned()),
            ("vcard", "get", "<vCard xmlns='vcard-temp'/>".to_owned()),
            ("of no known kind", "get", "<x xmlns='urn:unknown'/>".to_owned()),
            ("to set something, 64 kB", "set", format!("<x xmlns='urn:unknown'>{big}</x>")),
            ("with 3,400 elements, 64 kB", "get", format!("<x xmlns='urn:unknown'>{elements}</x>")),
        ];
        for (what, kind, payload) in requests {
            let xml = format!("<iq from='FROM' to='TO' id='ID' type='{kind}'>{payload}</iq>");
            let n = if payload.len() > 1_000 { N_LARGE } else { N };
            let mut patience = Duration::from_secs(3);
            self.each(("stranger", &format!("request {what}")), n, |crowd, ix| {
                let answered = crowd.ask(&names[ix], &xml, patience);
                if answered.is_none() {
                    patience = Duration::ZERO;
                }
                answered
            });
        }
        let answer = "<iq from='FROM' to='TO' id='none-NUMBER' type='result'/>";
        self.stanzas(("stranger", "answer that nobody asked for"), N, &names, answer);
    }

    fn of_learners(&mut self) {
        let names = self.fresh(N_LARGE);
        self.each(("learner", "first chat, the session is opened"), N_LARGE, |crowd, ix| {
            let began = std::time::Instant::now();
            crowd.say(&names[ix], "hello");
            crowd.hear(&names[ix], PATIENCE).map(|_| began.elapsed())
        });
        let names = self.greeted(N / AT_ONCE);
        self.stanzas(("learner", "chat"), N, &names, &chat("well, NUMBER", ""));
        let names = self.greeted(N / AT_ONCE);
        self.stanzas(("learner", "chat, a call for help"), N, &names, &chat("help", ""));
        let names = self.greeted(N / AT_ONCE);
        let receipt = "<request xmlns='urn:xmpp:receipts'/>";
        let xml = chat("well", receipt).replace("type=", "id='NUMBER' type=");
        self.stanzas(("learner", "chat with a receipt"), N, &names, &xml);
        // A message counts for one in each 16 kB.
        let names = self.greeted(5);
        let words = "how what where why stuck ".repeat(800);
        self.stanzas(("learner", "chat of 20 kB"), 100, &names, &chat(&words, ""));
        let names = self.greeted(5);
        let long = "é ".repeat(70_000);
        self.stanzas(("learner", "chat of 210 kB"), 15, &names, &chat(&long, ""));
        let names = self.greeted(N / AT_ONCE);
        for (what, kind) in [
            ("presence", ""),
            ("presence, unavailable", " type='unavailable'"),
            ("wish for a subscription", " type='subscribe'"),
            ("end of a subscription", " type='unsubscribe'"),
        ] {
            let xml = format!("<presence from='FROM' to='BOT'{kind}/>");
            self.stanzas(("learner", what), N, &names, &xml);
        }
        let names = self.greeted(N / AT_ONCE);
        self.stanzas(
            ("learner", "chat, and 160 more than are taken"),
            N,
            &names[..1],
            &chat("well", ""),
        );
    }
}

/// A chat message.
fn chat(body: &str, more: &str) -> String {
    format!("<message from='FROM' to='BOT' type='chat'><body>{body}</body>{more}</message>")
}
