//! A hundred honest learners: they take lessons in the chat, with pauses for thought, and others open
//! the pages meanwhile. How long they wait for answers is what counts: in the chat, from each message
//! that the learner's program sends to the next one that comes, so that its own time does not count.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use otr::{Event, Output, SigningKey};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use support::{learner::bot_secret_in, web::form_body};

use crate::{
    browser::{Browser, post, post_body},
    crowd::Crowd,
    person::Person,
    private::key,
    school::{LEARNERS, SECRET, School, Who, launch},
    secrets,
    table::Answers,
};

/// How many take lessons at a time.
pub(crate) const N_LEARNERS: usize = 100;
/// How many open pages at a time, and how long each waits in between.
const N_READERS: usize = 3;
const READING: Duration = Duration::from_millis(150);
/// How long a learner thinks before the next step, in ms.
const THOUGHT: std::ops::Range<u64> = 2_000..6_000;
/// Who waits longer than this has given up.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first of the learners who are on the pages alone.
const FIRST_READER: usize = 4_000;

/// What they have met with since it was last asked.
#[derive(Debug, Default)]
struct Record {
    times: Mutex<Vec<Duration>>,
    /// Since when each of them waits.
    waiting: Mutex<Vec<Option<Instant>>>,
    n_failed: AtomicUsize,
}

impl Record {
    fn of(n: usize) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::new(vec![None; n]), ..Self::default() })
    }

    fn ask(&self, ix: usize) {
        self.waiting.lock().unwrap()[ix] = Some(Instant::now());
    }

    /// The answer has come.
    fn answer(&self, ix: usize, at: Instant) {
        if let Some(asked) = self.waiting.lock().unwrap()[ix].take() {
            self.times.lock().unwrap().push(at.saturating_duration_since(asked));
        }
    }

    fn fail(&self, ix: usize) {
        self.answer(ix, Instant::now());
        self.n_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// What there was up to a moment.
    fn take(&self, end: Instant) -> Answers {
        let waiting = self.waiting.lock().unwrap();
        let waiting = waiting.iter().flatten().map(|asked| end.saturating_duration_since(*asked));
        Answers::new(
            std::mem::take(&mut *self.times.lock().unwrap()),
            &waiting.collect::<Vec<Duration>>(),
        )
    }
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Honest {
    chat: Arc<Record>,
    pages: Arc<Record>,
    stop: Arc<AtomicBool>,
    lessons: JoinHandle<()>,
    readers: Vec<JoinHandle<()>>,
}

impl Honest {
    /// They begin.
    pub(crate) fn begin(school: &School) -> Self {
        let (chat, pages) = (Record::of(N_LEARNERS), Record::of(N_READERS));
        let stop = Arc::new(AtomicBool::new(false));
        let crowd = school.crowd(LEARNERS);
        let (record, ended) = (Arc::clone(&chat), Arc::clone(&stop));
        let lessons = thread::spawn(move || Lessons::new(crowd, record).go_on(&ended));
        let readers = (0..N_READERS).map(|ix| {
            let mut reader = Reader::new(school, ix, Arc::clone(&pages));
            let ended = Arc::clone(&stop);
            thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    thread::sleep(READING);
                    reader.read();
                }
            })
        });
        let readers = readers.collect();
        Self { chat, pages, stop, lessons, readers }
    }

    /// Forgets what was up to now.
    pub(crate) fn forget(&self) {
        for record in [&self.chat, &self.pages] {
            record.times.lock().unwrap().clear();
            record.n_failed.store(0, Ordering::Relaxed);
        }
    }

    /// They end. Answers in the chat and of the pages since they last forgot, how many were no good,
    /// and who is to be waited for until the daemon is gone.
    pub(crate) fn end(self) -> (Answers, Answers, usize, Vec<JoinHandle<()>>) {
        let now = Instant::now();
        self.stop.store(true, Ordering::Relaxed);
        let pages = self.pages.take(now);
        drop(self.lessons.join());
        let n_failed = [&self.chat, &self.pages].map(|it| it.n_failed.load(Ordering::Relaxed));
        (self.chat.take(now), pages, n_failed.iter().sum(), self.readers)
    }
}

/// Somebody on the pages.
struct Reader {
    ix: usize,
    browser: Browser,
    record: Arc<Record>,
    launch_url: String,
    tokens: Vec<String>,
    n_read: usize,
}

impl Reader {
    fn new(school: &School, ix: usize, record: Arc<Record>) -> Self {
        let numbers = (0..300).map(|n| FIRST_READER + 300 * ix + n);
        Self {
            ix,
            browser: Browser::new(school.pages(), PATIENCE),
            record,
            launch_url: school.daemon.launch_url(),
            tokens: numbers.map(|n| school.token(Who::Learner(n), 0)).collect(),
            n_read: 0,
        }
    }

    /// One of the things that learners do on the pages.
    fn read(&mut self) {
        let token = &self.tokens[self.n_read / 8 % self.tokens.len()];
        let request = match self.n_read % 8 {
            0 => {
                let person = format!("honest {} {}", self.ix, self.n_read);
                post_body("/", &form_body(&launch(&self.launch_url, &person, &[])))
            }
            1 => post("/enter_jid", &[("token", token)]),
            2 => post("/ask_for_secret", &[("token", token), ("secret", secrets::STRONG)]),
            3 => post("/enter_bot_secret", &[("token", token)]),
            _ => post("/status", &[("token", token)]),
        };
        self.n_read += 1;
        self.record.ask(self.ix);
        match self.browser.ask(&request) {
            Ok(200) => self.record.answer(self.ix, Instant::now()),
            Ok(_) | Err(_) => self.record.fail(self.ix),
        }
    }
}

/// Where a learner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Greeting,
    GoingPrivate,
    Verifying,
    AwaitingSecret,
}

struct Learner {
    person: Person,
    step: Step,
    /// When they do the next thing, if they wait for nothing.
    next: Option<Instant>,
    asked: Instant,
}

/// All lessons.
struct Lessons {
    crowd: Crowd,
    record: Arc<Record>,
    learners: Vec<Learner>,
    key: Arc<SigningKey>,
    rng: StdRng,
    n_begun: usize,
}

impl Lessons {
    fn new(crowd: Crowd, record: Arc<Record>) -> Self {
        let rng = StdRng::seed_from_u64(2);
        let mut lessons = Self { crowd, record, learners: Vec::new(), key: key(), rng, n_begun: 0 };
        for _ in 0..N_LEARNERS {
            let learner = lessons.learner();
            lessons.learners.push(learner);
        }
        lessons
    }

    fn thought(&mut self) -> Instant {
        Instant::now() + Duration::from_millis(self.rng.random_range(THOUGHT))
    }

    /// Somebody who has not begun. Their number is their place and how many were there before.
    fn learner(&mut self) -> Learner {
        let name = format!("learner{}", self.n_begun % FIRST_READER);
        let person = Person::new(name, &self.key, 50_000 + u64::try_from(self.n_begun).unwrap());
        self.n_begun += 1;
        let next = Some(self.thought());
        Learner { person, step: Step::Greeting, next, asked: Instant::now() }
    }

    fn go_on(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            if let Some(name) = self.crowd.take(Duration::from_millis(10))
                && let Some((at, body)) = self.crowd.hear_at(&name, Duration::ZERO)
                && let Some(ix) = self.learners.iter().position(|it| it.person.name == name)
            {
                self.hear(ix, at, &body);
            }
            for ix in 0..self.learners.len() {
                self.look_after(ix);
            }
        }
        // What has come, and was not looked at yet for the learners' programs were busy.
        while self.crowd.has_more() {
            if let Some(name) = self.crowd.take(Duration::ZERO)
                && let Some((at, _)) = self.crowd.hear_at(&name, Duration::ZERO)
                && let Some(ix) = self.learners.iter().position(|it| it.person.name == name)
            {
                self.record.answer(ix, at);
            }
        }
    }

    /// Does the next thing, when it is time, or gives up.
    fn look_after(&mut self, ix: usize) {
        let now = Instant::now();
        let Some(next) = self.learners[ix].next else {
            if self.learners[ix].asked.elapsed() > PATIENCE {
                self.record.fail(ix);
                self.learners[ix] = self.learner();
            }
            return;
        };
        if next > now {
            return;
        }
        let learner = &mut self.learners[ix];
        (learner.next, learner.asked) = (None, now);
        let Person { otr, rng, .. } = &mut learner.person;
        let outputs = match learner.step {
            Step::Greeting => vec![Output::Send("hello".to_owned())],
            Step::GoingPrivate => otr.start(now, rng),
            Step::Verifying => otr.smp_start(now, rng, SECRET.as_bytes(), None).unwrap_or_default(),
            Step::AwaitingSecret => Vec::new(),
        };
        self.perform(ix, outputs);
    }

    /// Carries out what the learner's program wants; what happened.
    fn perform(&mut self, ix: usize, outputs: Vec<Output>) -> Vec<Event> {
        if outputs.iter().any(|output| matches!(output, Output::Send(_))) {
            self.record.ask(ix);
        }
        self.learners[ix].person.perform(&mut self.crowd, outputs)
    }

    fn hear(&mut self, ix: usize, at: Instant, body: &str) {
        self.record.answer(ix, at);
        let thought = self.thought();
        let Person { otr, rng, .. } = &mut self.learners[ix].person;
        let outputs = otr.receive(Instant::now(), rng, body);
        for event in self.perform(ix, outputs) {
            let learner = &mut self.learners[ix];
            let next = match (learner.step, event) {
                (Step::Greeting, Event::Heard { .. }) if learner.next.is_none() => {
                    Some(Step::GoingPrivate)
                }
                (Step::GoingPrivate, Event::GoneSecure { .. } | Event::StillSecure { .. }) => {
                    Some(Step::Verifying)
                }
                (Step::Verifying, Event::SmpSucceeded) => {
                    // The bot goes on by itself.
                    (learner.step, learner.asked) = (Step::AwaitingSecret, Instant::now());
                    self.record.ask(ix);
                    None
                }
                (Step::AwaitingSecret, Event::Heard { text, .. })
                    if bot_secret_in(&text).is_some() =>
                {
                    let now = Instant::now();
                    let outputs = learner.person.otr.end(now, &mut learner.person.rng);
                    learner.person.perform(&mut self.crowd, outputs);
                    self.learners[ix] = self.learner();
                    return;
                }
                _ => None,
            };
            if let Some(next) = next {
                (learner.step, learner.next) = (next, Some(thought));
            }
        }
    }
}
