//! What requests for pages cost at rest.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use support::web::form_body;

use crate::{
    browser::{Browser, get, post, post_body},
    school::{N_LEARNERS, School, Who, forged},
    secrets,
    table::Row,
};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// How many requests are measured of a kind that costs little.
const N: usize = 200;
/// The same of launches, and of what changes something.
const N_CHANGES: usize = 60;
/// A token is good for twelve hours.
const TOO_OLD: i64 = 13 * 60 * 60;

/// The rows of all pages.
pub(crate) fn measure(school: &School) -> Vec<Row> {
    let mut rest = Rest { school, rows: Vec::new() };
    rest.of_strangers();
    rest.of_learners();
    rest.of_secrets();
    rest.of_platforms();
    rest.of_teachers();
    rest.of_operators();
    rest.rows
}

struct Rest<'a> {
    school: &'a School,
    rows: Vec<Row>,
}

impl Rest<'_> {
    /// Sends so many requests, one after the other, and one more before.
    fn at(
        &mut self,
        address: SocketAddr,
        who: (&'static str, &str),
        n: usize,
        request: impl FnMut(usize) -> Vec<u8>,
    ) {
        let requests: Vec<Vec<u8>> = (0..=n).map(request).collect();
        let mut browser = Browser::new(address, PATIENCE);
        let (first, requests) = requests.split_last().unwrap();
        let mut statuses = BTreeSet::from([status(browser.ask(first).ok())]);
        let gauge = self.school.gauge();
        let mut times = Vec::new();
        for request in requests {
            let began = Instant::now();
            statuses.insert(status(browser.ask(request).ok()));
            times.push(began.elapsed());
        }
        let statuses: Vec<String> = statuses.into_iter().collect();
        self.rows.push(Row::read(self.school, &gauge, who, n, statuses.join(", "), times));
    }

    fn page(
        &mut self,
        who: &'static str,
        what: &str,
        n: usize,
        request: impl FnMut(usize) -> Vec<u8>,
    ) {
        self.at(self.school.pages(), (who, what), n, request);
    }

    fn of_strangers(&mut self) {
        let school = self.school;
        for path in ["/", "/hello_world", "/static/otrbot.css", "/static/lesson.css"] {
            self.page("stranger", &format!("GET {path}"), N, |_| get(path));
        }
        let theme = "/theme/high-contrast.css";
        self.page("stranger", "GET /theme/….css", N, |_| get(theme));
        self.page("stranger", "GET /lti/config.xml", N, |_| get("/lti/config.xml"));
        self.page("stranger", "404", N, |_| get("/no/such/page"));
        let long = format!("/{}", "a".repeat(8_000));
        self.page("stranger", "404, a path of 8 kB", N, |_| get(&long));
        self.page("stranger", "405", N, |_| post("/hello_world", &[]));
        let mut token = school.token(Who::Other(0), 0);
        token.replace_range(20..24, "AAAA");
        self.page("stranger", "forged token", N, |_| post("/enter_jid", &[("token", &token)]));
        let old = school.token(Who::Other(0), TOO_OLD);
        self.page("stranger", "expired token", N, |_| post("/enter_jid", &[("token", &old)]));
        let many = vec!["a=b"; 4_000].join("&");
        self.page("stranger", "form of 4,000 fields", N, |_| post_body("/enter_jid", &many));
        let escaped = "%41".repeat(5_300);
        self.page("stranger", "form of 16 kB, escaped", N, |_| {
            post_body("/enter_jid", &format!("token={escaped}"))
        });
        let large = format!("token={}", "a".repeat(255_000));
        self.page("stranger", "form of 256 kB", N_CHANGES, |_| post_body("/enter_jid", &large));
    }

    fn of_learners(&mut self) {
        let school = self.school;
        let token = school.token(Who::Other(1), 0);
        for path in
            ["/enter_jid", "/jid_entered", "/ask_for_secret", "/enter_bot_secret", "/status"]
        {
            let request = post(path, &[("token", &token)]);
            self.page("learner", &format!("POST {path}"), N, |_| request.clone());
        }
        self.page("learner", "a course page", N, |_| post("/course", &[("token", &token)]));
        let jid_of_another = Who::Other(2).jid();
        self.page("learner", "Jabber ID of somebody else", N_CHANGES, |_| {
            post("/enter_jid", &[("token", &token), ("jid", &jid_of_another)])
        });
        let longest = format!("{}@{}", "é".repeat(500), "ü.".repeat(500));
        for (what, jid) in [
            ("malformed", "a b@c@d"),
            ("of 1,000 letters", "x".repeat(1_000).as_str()),
            ("of 3 kB", &longest),
        ] {
            self.page("learner", &format!("Jabber ID {what}"), N, |_| {
                post("/enter_jid", &[("token", &token), ("jid", jid)])
            });
        }
        self.page("learner", "another Jabber ID, by a person each", N_CHANGES, |n| {
            let token = school.token(Who::Other(100 + n), 0);
            post("/enter_jid", &[("token", &token), ("jid", &format!("new{n}@others.localhost"))])
        });
        self.page("learner", "another Jabber ID, by the same person", N_CHANGES, |n| {
            let token = school.token(Who::Other(99), 0);
            post("/enter_jid", &[("token", &token), ("jid", &format!("newer{n}@others.localhost"))])
        });
        for (what, typed) in [("wrong", "ABCD-EFGH-IJKL-MNOP"), ("of no form", "hello")] {
            self.page("learner", &format!("bot secret, {what}"), N, |_| {
                post("/enter_bot_secret", &[("token", &token), ("bot_secret", typed)])
            });
        }
        let long = "ABCD-".repeat(3_000);
        self.page("learner", "bot secret of 15 kB", N, |_| {
            post("/enter_bot_secret", &[("token", &token), ("bot_secret", &long)])
        });
    }

    fn of_secrets(&mut self) {
        let school = self.school;
        let token = school.token(Who::Other(3), 0);
        self.page("learner", "secret, the session is opened", N_CHANGES, |n| {
            let token = school.token(Who::Other(200 + n), 0);
            post("/ask_for_secret", &[("token", &token), ("secret", secrets::WEAK)])
        });
        for (what, secret, n) in [
            ("weak", secrets::WEAK.to_owned(), N_CHANGES),
            ("strong", secrets::STRONG.to_owned(), N_CHANGES),
            ("of 300 bytes", "a".repeat(300), N_CHANGES),
        ] {
            self.page("learner", &format!("secret, {what}"), n, |_| {
                post("/ask_for_secret", &[("token", &token), ("secret", &secret)])
            });
        }
        for (ix, (what, secret)) in secrets::worst().into_iter().enumerate() {
            // What takes many at a time from one person is another matter.
            let token = school.token(Who::Other(4 + ix), 0);
            self.page("learner", &format!("secret of 256 bytes, {what}"), 4, |_| {
                post("/ask_for_secret", &[("token", &token), ("secret", &secret)])
            });
        }
    }

    fn of_platforms(&mut self) {
        let school = self.school;
        self.page("stranger", "launch, unsigned", N, |_| {
            let mut fields = school.launch("person", &[]);
            fields.retain(|(name, _)| !name.starts_with("oauth_"));
            post_body("/", &form_body(&fields))
        });
        self.page("stranger", "launch, wrong signature", N, |_| {
            post_body("/", &forged(school.launch("person", &[])))
        });
        self.page("platform", "launch of a new person", N, |n| {
            post_body("/", &form_body(&school.launch(&format!("new person {n}"), &[])))
        });
        self.page("platform", "launch of the same person", N, |_| {
            post_body("/", &form_body(&school.launch("person", &[])))
        });
        let again = form_body(&school.launch("person", &[]));
        self.page("platform", "launch, replayed", N, |_| post_body("/", &again));
        let one = vec![("custom_document".to_owned(), "a ".repeat(125_000))];
        let many: Vec<(String, String)> =
            (0..1_900).rev().map(|n| (format!("c{n:05}"), "é".repeat(20))).collect();
        for (what, more) in [("one field", one), ("1,900 fields", many)] {
            self.page(
                "stranger",
                &format!("launch of 256 kB, {what}, wrong signature"),
                20,
                |_| post_body("/", &forged(school.launch("person", &more))),
            );
            self.page("platform", &format!("launch of 256 kB, {what}"), 20, |_| {
                post_body("/", &form_body(&school.launch("person", &more)))
            });
        }
        let spelled = [("q", "1"), ("l", "a\r\nb\rc"), ("x", &*"\u{1}".repeat(5_000))];
        let spelled = spelled.map(|(name, value)| (name.to_owned(), value.to_owned()));
        self.page("stranger", "launch of 16 kB in many spellings, wrong signature", 20, |_| {
            post_body("/?q=1", &forged(school.launch("person", &spelled)))
        });
        let too_large = format!("a={}", "a".repeat(300_000));
        self.page("stranger", "launch of 300 kB", 20, |_| post_body("/", &too_large));
    }

    fn of_teachers(&mut self) {
        let token = self.school.token(Who::Teacher, 0);
        let fields = |more: &[(&'static str, &'static str)]| {
            let mut fields = vec![("token", token.as_str())];
            fields.extend_from_slice(more);
            fields
        };
        let course = format!("course of {N_LEARNERS} learners");
        self.page("teacher", &course, 40, |_| post("/course", &fields(&[])));
        for (what, more) in [
            ("last page", vec![("page", "99")]),
            ("by name", vec![("by_name", "1")]),
            ("search that finds one", vec![("search", "learner4321@")]),
            ("search that finds nobody", vec![("search", "nobody at all")]),
            ("search for wildcards", vec![("search", "%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_%_%x")]),
            ("those whose grade was refused", vec![("failed", "1")]),
        ] {
            self.page("teacher", &format!("{course}, {what}"), 40, |_| {
                post("/course", &fields(&more))
            });
        }
        self.page("teacher", "POST /course/lesson", 40, |_| post("/course/lesson", &fields(&[])));
        self.page("teacher", "POST /course/try", 40, |_| post("/course/try", &fields(&[])));
        self.page("teacher", "resend of one grade", 20, |n| {
            let id = Who::Learner(N_LEARNERS - 1 - n).id();
            post("/course/resend", &[("token", &token), ("enrolment", &id)])
        });
        self.page("teacher", "resend of all, the first of 180 grades", 10, |_| {
            post("/course/resend", &fields(&[]))
        });
    }

    fn of_operators(&mut self) {
        for path in ["/metrics", "/healthz", "/readyz"] {
            let address = self.school.metrics();
            self.at(address, ("operator", &format!("GET {path}")), N, |_| get(path));
        }
    }
}

fn status(answer: Option<u16>) -> String {
    answer.map_or_else(|| "none".to_owned(), |status| status.to_string())
}
