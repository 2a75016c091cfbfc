//! Attacks at full speed, beside a hundred honest learners.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use support::web::form_body;
use tokio::runtime::Handle;

use crate::{
    browser::{Browser, get, post, post_body},
    floods,
    honest::Honest,
    probe::{self, Usage},
    school::{Program, School, Who, forged, launch},
    secrets,
    table::Outcome,
};

/// How long the honest learners have to get going.
const WARM_UP: Duration = Duration::from_secs(6);
/// Longest wait of an attacker.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many attackers there are where there are some.
pub(crate) const SOME: usize = 20;

/// What attackers can aim at, and how they hear that it is over.
#[derive(Clone)]
pub(crate) struct Aim {
    pages: SocketAddr,
    metrics: SocketAddr,
    launch_url: String,
    tokens: Arc<Vec<String>>,
    pub(crate) stop: Arc<AtomicBool>,
    pub(crate) n_sent: Arc<AtomicU64>,
}

impl Aim {
    fn at(school: &School) -> Self {
        let tokens = (0..2 * SOME).map(|n| school.token(Who::Other(n), 0));
        Self {
            pages: school.pages(),
            metrics: school.metrics(),
            launch_url: school.daemon.launch_url(),
            tokens: Arc::new(tokens.collect()),
            stop: Arc::new(AtomicBool::new(false)),
            n_sent: Arc::new(AtomicU64::new(0)),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn sent(&self, n: u64) {
        self.n_sent.fetch_add(n, Ordering::Relaxed);
    }
}

/// What the threads of the attackers do.
pub(crate) type Attackers = Vec<Box<dyn FnOnce() + Send>>;

/// One of them.
pub(crate) struct Attack {
    /// What it is called by `SCENES`.
    pub(crate) name: &'static str,
    what: &'static str,
    /// Makes ready.
    arm: fn(&School, &Aim) -> Attackers,
}

/// All of them, the absence of one first.
pub(crate) const ATTACKS: &[Attack] = &[
    Attack { name: "none", what: "none", arm: |_, _| Vec::new() },
    Attack {
        name: "secrets",
        what: "worst secrets, one enrolment, 16 at once",
        arm: |_, aim| worst_secrets(aim, 1),
    },
    Attack {
        name: "secrets-20",
        what: "worst secrets, 20 enrolments, one each at once",
        arm: |_, aim| worst_secrets(aim, SOME),
    },
    Attack {
        name: "hung-up",
        what: "worst secrets, one enrolment, none waited for",
        arm: |_, aim| hung_up(aim),
    },
    Attack {
        name: "status",
        what: "/status, one enrolment, 16 at once",
        arm: |_, aim| {
            hammer(aim, 16, aim.pages, |aim, _, _| post("/status", &[("token", &aim.tokens[0])]))
        },
    },
    Attack {
        name: "launches-bad",
        what: "launches of a wrong signature, 16 at once",
        arm: |_, aim| {
            let body = forged(launch(&aim.launch_url, "mallory", &[]));
            hammer(aim, 16, aim.pages, move |_, _, _| post_body("/", &body))
        },
    },
    Attack {
        name: "launches-good",
        what: "good launches, 16 at once",
        arm: |_, aim| {
            hammer(aim, 16, aim.pages, |aim, client, n| {
                post_body("/", &form_body(&launch(&aim.launch_url, &format!("{client} {n}"), &[])))
            })
        },
    },
    Attack {
        name: "launches-large",
        what: "launches of 256 kB in 1,900 fields, unsigned, 8 at once",
        arm: |_, aim| {
            let more: Vec<(String, String)> =
                (0..1_900).rev().map(|n| (format!("c{n:05}"), "é".repeat(20))).collect();
            let body = forged(launch(&aim.launch_url, "mallory", &more));
            hammer(aim, 8, aim.pages, move |_, _, _| post_body("/", &body))
        },
    },
    Attack {
        name: "launches-costly",
        what: "launches of 16 kB, of a wrong signature, that may be signed in many spellings, 16 at once",
        arm: |_, aim| {
            let more = [("q", "1"), ("l", "a\r\nb\rc"), ("x", &*"\u{1}".repeat(5_000))];
            let more = more.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let body = forged(launch(&aim.launch_url, "mallory", &more));
            hammer(aim, 16, aim.pages, move |_, _, _| post_body("/?q=1", &body))
        },
    },
    Attack {
        name: "forms-large",
        what: "forms of 256 kB, 16 at once",
        arm: |_, aim| {
            let body = format!("token={}", "a".repeat(255_000));
            hammer(aim, 16, aim.pages, move |_, _, _| post_body("/enter_jid", &body))
        },
    },
    Attack {
        name: "course",
        what: "course of 5,000 learners by a teacher, 16 at once",
        arm: |school, aim| {
            let token = school.token(Who::Teacher, 0);
            hammer(aim, 16, aim.pages, move |_, _, _| {
                post("/course", &[("token", &token), ("search", "x%y")])
            })
        },
    },
    Attack {
        name: "metrics",
        what: "metrics, 8 at once",
        arm: |_, aim| hammer(aim, 8, aim.metrics, |_, _, _| get("/metrics")),
    },
    Attack {
        name: "unread-3",
        what: "3 connections, 130 kB of requests each, answers not read",
        arm: |_, aim| unread(aim, 3, 130_000),
    },
    Attack {
        name: "unread-100",
        what: "100 connections, 17 kB of requests each, answers not read",
        arm: |_, aim| unread(aim, 100, 17_000),
    },
    Attack { name: "slow", what: "200 connections with slow bodies", arm: |_, aim| slow(aim, 200) },
    Attack { name: "strangers", what: "chats of strangers", arm: floods::strangers },
    Attack {
        name: "strangers-large",
        what: "chats of strangers, 64 kB",
        arm: floods::large_strangers,
    },
    Attack {
        name: "requests",
        what: "requests for disco#info of strangers",
        arm: floods::requests,
    },
    Attack { name: "chats", what: "chats of one learner", arm: floods::chats },
    Attack { name: "chats-20", what: "chats of 20 learners, 20 kB", arm: floods::large_chats },
    Attack {
        name: "ake",
        what: "key exchanges of one learner",
        arm: |school, aim| floods::exchanges(school, aim, 1),
    },
    Attack {
        name: "ake-20",
        what: "key exchanges of 20 learners",
        arm: |school, aim| floods::exchanges(school, aim, SOME),
    },
    Attack {
        name: "smp",
        what: "aborts and SMP 1 of one learner",
        arm: |school, aim| floods::smp(school, aim, 1),
    },
    Attack {
        name: "smp-20",
        what: "aborts and SMP 1 of 20 learners",
        arm: |school, aim| floods::smp(school, aim, SOME),
    },
    Attack {
        name: "smp-200",
        what: "aborts and SMP 1 of 200 learners",
        arm: |school, aim| floods::smp(school, aim, 10 * SOME),
    },
    Attack {
        name: "fragments",
        what: "first pieces of messages, 50 kB, of one learner",
        arm: |school, aim| floods::fragments(school, aim, 1),
    },
    Attack {
        name: "fragments-20",
        what: "first pieces of messages, 50 kB, of 20 learners",
        arm: |school, aim| floods::fragments(school, aim, SOME),
    },
    Attack {
        name: "tlvs-20",
        what: "data messages with 1,000 TLVs of 20 learners",
        arm: floods::tlvs,
    },
];

/// Carries one out against a program.
pub(crate) fn carry_out(
    attack: &Attack,
    program: &Program,
    runtime: &Handle,
    lasts: Duration,
) -> Outcome {
    let school = School::open(program, runtime);
    let aim = Aim::at(&school);
    let armed = (attack.arm)(&school, &aim);
    let honest = Honest::begin(&school);
    thread::sleep(WARM_UP);

    let pid = school.daemon.pid();
    let server = school.prosody.pid();
    honest.forget();
    let before = (Usage::of(pid), Usage::of(server), probe::memory(pid));
    let watch = Watch::begin(&aim);
    let began = Instant::now();
    let attackers: Vec<JoinHandle<()>> = armed.into_iter().map(thread::spawn).collect();
    let mut peak = before.2.resident;
    while began.elapsed() < lasts {
        thread::sleep(Duration::from_millis(100));
        peak = peak.max(probe::memory(pid).resident);
    }
    let took = began.elapsed().as_secs_f64();
    let cost = Usage::of(pid).since(&before.0, &school.names);
    let of_server = Usage::of(server).since(&before.1, &school.names);
    let rate = aim.n_sent.load(Ordering::Relaxed) as f64 / took;
    let (chat, pages, n_failed, readers) = honest.end();
    aim.stop.store(true, Ordering::Relaxed);
    let lag = watch.end();
    // Whoever waits for an answer hears that nobody is there.
    drop(school);
    for thread in attackers.into_iter().chain(readers) {
        drop(thread.join());
    }
    let outcome = Outcome {
        attack: attack.what,
        program: program.label,
        rate,
        chat,
        pages,
        n_failed,
        daemon: cost.whole.as_secs_f64() / took,
        busiest: (cost.most.0, cost.most.1.as_secs_f64() / took),
        server: of_server.whole.as_secs_f64() / took,
        peak: peak as f64 / 1_024.0,
        grown: (peak - before.2.resident) as f64 / 1_024.0,
        lag,
    };
    eprintln!(
        "  {}, {}: longest {:.0?} in the chat, {:.0?} on the pages",
        outcome.attack,
        outcome.program,
        outcome.chat.longest(),
        outcome.pages.longest()
    );
    outcome
}

/// Notes how long a thread is kept from running that wants to.
struct Watch(JoinHandle<Duration>);

impl Watch {
    fn begin(aim: &Aim) -> Self {
        const PAUSE: Duration = Duration::from_millis(10);
        let aim = aim.clone();
        Self(thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !aim.is_over() {
                let began = Instant::now();
                thread::sleep(PAUSE);
                longest = longest.max(began.elapsed().saturating_sub(PAUSE));
            }
            longest
        }))
    }

    fn end(self) -> Duration {
        self.0.join().unwrap_or_default()
    }
}

/// So many clients who send requests as fast as they are answered.
fn hammer(
    aim: &Aim,
    n_clients: usize,
    address: SocketAddr,
    request: impl Fn(&Aim, usize, u64) -> Vec<u8> + Clone + Send + 'static,
) -> Attackers {
    let client = |client| {
        let (aim, request) = (aim.clone(), request.clone());
        let work = move || {
            let mut browser = Browser::new(address, PATIENCE);
            for n in 0.. {
                if aim.is_over() {
                    return;
                }
                match browser.ask(&request(&aim, client, n)) {
                    Ok(_) => aim.sent(1),
                    Err(_) => thread::sleep(Duration::from_millis(20)),
                }
            }
        };
        let work: Box<dyn FnOnce() + Send> = Box::new(work);
        work
    };
    (0..n_clients).map(client).collect()
}

fn worst_secrets(aim: &Aim, n_enrolments: usize) -> Attackers {
    let [(_, secret), ..] = secrets::worst();
    hammer(aim, n_enrolments.max(16), aim.pages, move |aim, client, _| {
        let token = &aim.tokens[client % n_enrolments];
        post("/ask_for_secret", &[("token", token), ("secret", &secret)])
    })
}

/// Whoever sends a secret and hangs up at once, ten times a second.
fn hung_up(aim: &Aim) -> Attackers {
    let [(_, secret), ..] = secrets::worst();
    let aim = aim.clone();
    vec![Box::new(move || {
        let request = post("/ask_for_secret", &[("token", &aim.tokens[0]), ("secret", &secret)]);
        while !aim.is_over() {
            let mut browser = Browser::new(aim.pages, Duration::from_millis(100));
            drop(browser.ask(&request));
            aim.sent(1);
        }
    })]
}

/// Connections that are full of requests, and whose answers nobody reads; each is opened anew after
/// a while.
fn unread(aim: &Aim, n: usize, n_bytes: usize) -> Attackers {
    const HELD: Duration = Duration::from_secs(3);
    let connection = |_| {
        let aim = aim.clone();
        let work = move || {
            use std::io::Write as _;
            let request = get("/hello_world");
            while !aim.is_over() {
                let began = Instant::now();
                let Ok(mut stream) = crate::browser::connect(aim.pages, Duration::from_secs(1))
                else {
                    thread::sleep(Duration::from_millis(50));
                    continue;
                };
                for _ in 0..n_bytes / request.len() {
                    if stream.write_all(&request).is_err() {
                        break;
                    }
                    aim.sent(1);
                }
                while began.elapsed() < HELD && !aim.is_over() {
                    thread::sleep(Duration::from_millis(50));
                }
            }
        };
        let work: Box<dyn FnOnce() + Send> = Box::new(work);
        work
    };
    (0..n).map(connection).collect()
}

/// Connections whose forms come a byte a second.
fn slow(aim: &Aim, n: usize) -> Attackers {
    let aim = aim.clone();
    vec![Box::new(move || {
        use std::io::Write as _;
        let head = "POST /enter_jid HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: \
            application/x-www-form-urlencoded\r\nContent-Length: 2000\r\n\r\n";
        let open = || {
            let mut stream = crate::browser::connect(aim.pages, Duration::from_secs(1)).ok()?;
            stream.write_all(head.as_bytes()).ok()?;
            aim.sent(1);
            Some(stream)
        };
        let mut connections: Vec<_> = (0..n).map(|_| open()).collect();
        while !aim.is_over() {
            thread::sleep(Duration::from_secs(1));
            for connection in &mut connections {
                let is_open =
                    connection.as_mut().is_some_and(|stream| stream.write_all(b"a").is_ok());
                if !is_open {
                    *connection = open();
                }
            }
        }
    })]
}
