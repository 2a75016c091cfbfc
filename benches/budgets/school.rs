//! A server, a daemon, and who is enrolled.

use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use support::{
    daemon::{Daemon, Script},
    lms::Launch,
    oauth::{self, Consumer, Pairs},
    prosody::{COMPONENT_SECRET, Options, Prosody},
    stage::{BOT, BOT_PASSWORD},
    web::form_body,
};
use tokio::runtime::Handle;

use crate::{
    crowd::Crowd,
    probe::{self, Cost, Memory, Names, Usage},
};

/// The domain of those who learn, as people do.
pub(crate) const LEARNERS: &str = "learners.localhost";
/// The domain of those who send what is measured.
pub(crate) const OTHERS: &str = "others.localhost";
/// How many there are of them. The learners are one course.
pub(crate) const N_LEARNERS: usize = 5_000;
pub(crate) const N_OTHERS: usize = 1_000;
/// What the bot and all of them know.
pub(crate) const SECRET: &str = "seven calm owls read 9 maps";
/// Learners of the course whose grades the platform has refused.
const N_REFUSED: usize = 200;
const COURSE: &str = "course";
/// Longest wait for the daemon to have done what it was sent.
const PATIENCE: Duration = Duration::from_mins(2);

/// A program that is measured.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) label: &'static str,
    pub(crate) path: PathBuf,
}

/// The school.
#[derive(Debug)]
pub(crate) struct School {
    // Drops first: who is asked in the meantime hears that nobody is there.
    pub(crate) daemon: Daemon,
    pub(crate) prosody: Prosody,
    pub(crate) names: Names,
    /// Cores that the daemon uses while nobody asks it for anything.
    idle: f64,
    /// What signs the tokens of pages.
    key: [u8; 32],
    runtime: Handle,
}

/// Whoever has an enrolment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Learner(usize),
    Other(usize),
    Teacher,
}

impl Who {
    /// The id of the enrolment.
    pub(crate) fn id(self) -> String {
        let number = match self {
            Self::Learner(number) => number,
            Self::Other(number) => 0x0010_0000 + number,
            Self::Teacher => 0x0100_0000,
        };
        format!("{number:032x}")
    }

    /// The bare Jabber ID.
    pub(crate) fn jid(self) -> String {
        match self {
            Self::Learner(number) => format!("learner{number}@{LEARNERS}"),
            Self::Other(number) => format!("other{number}@{OTHERS}"),
            Self::Teacher => format!("teacher@{OTHERS}"),
        }
    }
}

impl School {
    /// Opens one with this program.
    pub(crate) fn open(program: &Program, runtime: &Handle) -> Self {
        let account = BOT.split('@').next().unwrap();
        let component =
            |domain| format!("Component {domain:?}\n\tcomponent_secret = {COMPONENT_SECRET:?}\n");
        // The server's own limits are not what is measured, and neither is that it waits for an
        // acknowledgement of TCP before it sends the next short stanza, some 40 ms each.
        let options = Options {
            global: "smacks_max_queue_size = 100000\nnetwork_settings = { nagle = false }"
                .to_owned(),
            after: [LEARNERS, OTHERS].map(component).concat(),
            ..Options::default()
        };
        let prosody = Prosody::start_with(&[(account, BOT_PASSWORD)], options);
        let mut script = Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file());
        script.default_secret = Some(SECRET);
        script.log_level = "info";
        let mut daemon = Daemon::prepare(&program.path, script);
        let key = fs::read(daemon.folder().join("pages.key")).unwrap();
        // Each program makes the database that it knows.
        daemon.again();
        daemon.wait_until_ready();
        daemon.terminate();
        runtime.block_on(enrol(&daemon));
        daemon.again();
        daemon.wait_until_ready();
        let names = Names::of_daemon(daemon.pid());
        let idle = 0.0;
        Self {
            daemon,
            idle,
            prosody,
            names,
            key: Sha256::new()
                .chain_update(b"otrbot page token")
                .chain_update(key)
                .finalize()
                .into(),
            runtime: runtime.clone(),
        }
    }

    /// Whoever writes from a domain.
    pub(crate) fn crowd(&self, domain: &str) -> Crowd {
        Crowd::enter(&self.runtime, &self.prosody.component_addr(), domain)
    }

    /// Where the pages are.
    pub(crate) fn pages(&self) -> SocketAddr {
        address(&self.daemon.launch_url())
    }

    /// Where the metrics are.
    pub(crate) fn metrics(&self) -> SocketAddr {
        address(&self.daemon.metrics_url())
    }

    /// A token for the pages of somebody, made so many seconds ago: one of the first version, which
    /// all programs read.
    pub(crate) fn token(&self, who: Who, age: i64) -> String {
        let now = i64::try_from(oauth::now()).unwrap();
        let mut bytes = vec![1];
        bytes.extend_from_slice(&(now - age).to_be_bytes());
        bytes.extend_from_slice(who.id().as_bytes());
        let mut mac = <Hmac<Sha256>>::new_from_slice(&self.key).unwrap();
        mac.update(&bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The form of a signed launch of a person, with more fields in it.
    pub(crate) fn launch(&self, person: &str, more: &[(String, String)]) -> Pairs {
        launch(&self.daemon.launch_url(), person, more)
    }

    /// What the daemon has used and holds now.
    pub(crate) fn gauge(&self) -> Gauge {
        let pid = self.daemon.pid();
        probe::wait_for_rest(pid, PATIENCE);
        Gauge { usage: Usage::of(pid), memory: probe::memory(pid), began: Instant::now() }
    }

    /// Notes what the daemon does by itself, which is not counted for requests from here on; how
    /// much of a core that takes.
    pub(crate) fn rest(&mut self, lasts: Duration) -> f64 {
        let gauge = self.gauge();
        std::thread::sleep(lasts);
        let used = Usage::of(self.daemon.pid()).since(&gauge.usage, &self.names).whole;
        self.idle = used.as_secs_f64() / gauge.began.elapsed().as_secs_f64();
        self.idle
    }

    /// What it has used since, once it has nothing more to do; and by how many kB it has grown.
    pub(crate) fn read(&self, gauge: &Gauge) -> (Cost, i64) {
        let pid = self.daemon.pid();
        probe::wait_for_rest(pid, PATIENCE);
        let mut cost = Usage::of(pid).since(&gauge.usage, &self.names);
        let idle = gauge.began.elapsed().mul_f64(self.idle);
        cost.whole = cost.whole.saturating_sub(idle).max(cost.most.1);
        (cost, probe::memory(pid).resident - gauge.memory.resident)
    }
}

/// A look at the daemon.
#[derive(Clone, Debug)]
pub(crate) struct Gauge {
    pub(crate) usage: Usage,
    pub(crate) memory: Memory,
    pub(crate) began: Instant,
}

/// The form of a launch, signed with all that is in it.
pub(crate) fn launch(url: &str, person: &str, more: &[(String, String)]) -> Pairs {
    let consumer = Consumer::stage();
    let launch = Launch::learner(url, "http://127.0.0.1:9/grades", person)
        .with("user_id", person)
        .with("context_id", "elsewhere");
    let mut params = launch.sign(&consumer);
    if !more.is_empty() {
        params.retain(|(name, _)| name != "oauth_signature");
        params.extend_from_slice(more);
        let signature = oauth::signature("POST", url, &params, &consumer.secret);
        params.push(("oauth_signature".to_owned(), signature));
    }
    params
}

/// The same form with a signature that is wrong.
pub(crate) fn forged(mut params: Pairs) -> String {
    for (name, value) in &mut params {
        if name == "oauth_signature" {
            value.replace_range(..4, "AAAA");
        }
    }
    form_body(&params)
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").trim_end_matches('/').parse().unwrap()
}

/// Writes all enrolments straight into the database, as if everybody had launched before.
async fn enrol(daemon: &Daemon) {
    let url = format!("sqlite://{}", daemon.folder().join("otrbot.db").display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    let learners = (0..N_LEARNERS).map(|number| (Who::Learner(number), COURSE));
    let others = (0..N_OTHERS).map(|number| (Who::Other(number), "elsewhere"));
    for (who, course) in learners.chain(others).chain([(Who::Teacher, COURSE)]) {
        let is_teacher = who == Who::Teacher;
        let insert = "INSERT INTO enrolments (id, consumer_key, user_id, context_id, \
            resource_link_id, jid, may_grade, is_teacher, is_learner, outcome_url, sourcedid, \
            progress, created_at, active_at, name) VALUES ($1, $4, $1, $5, 'link', $2, $6, $7, $6, \
            'http://127.0.0.1:9/grades', $1, 0, 1700000000, strftime('%s', 'now'), $3)";
        sqlx::query(insert)
            .bind(who.id())
            .bind((!is_teacher).then(|| who.jid()))
            .bind(format!("Somebody {}", who.jid()))
            .bind(&Consumer::stage().key)
            .bind(course)
            .bind(i64::from(!is_teacher))
            .bind(i64::from(is_teacher))
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    for number in 0..N_REFUSED {
        let insert = "INSERT INTO grades (id, enrolment, score, achieved_at, state, attempts, \
            next_at, why, consumer_key, queued_at) VALUES ($1, $1, 1.0, 1700000000, 2, 9, 0, \
            'refused', $2, 1700000000)";
        sqlx::query(insert)
            .bind(Who::Learner(N_LEARNERS - 1 - number).id())
            .bind(&Consumer::stage().key)
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    pool.close().await;
}
