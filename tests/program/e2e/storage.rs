//! The store fails under the running bot: that is said once and seen from outside, the bot goes on
//! talking, and no grade is lost.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "helpers of a test may fail it, and read the clock"
)]

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::e2e::program;
use crate::e2e::talk::{School, Talk};
use support::daemon::{Daemon, Script};
use support::hole::Hole;
use support::learner::bot_secret_in;
use support::lms::Launch;
use support::oauth::Consumer;
use support::outcomes::{Grade, Outcomes};
use support::postgres::Postgres;
use support::stage::BOT;
use support::wait::{PATIENCE, free_port, poll};
use support::web::{self, Frame};

/// How long the bot may need to see that its store is back.
const RECOVERY: Duration = Duration::from_secs(40);

/// A learner who came from the LMS.
struct Learner<'a> {
    school: &'a School,
    outcomes: &'a Outcomes,
    number: usize,
    talk: Talk,
}

impl<'a> Learner<'a> {
    fn come(school: &'a School, outcomes: &'a Outcomes, number: usize) -> Self {
        let jid = format!("learner{number}@localhost");
        let talk = Talk::begin(school, &jid);
        let learner = Self { school, outcomes, number, talk };
        let mut frame = learner.launch();
        frame.go_to("enter_jid", "jid");
        frame.fill_in("jid", &jid);
        learner
    }

    /// Opens the assignment.
    fn launch(&self) -> Frame {
        let url = self.school.daemon.launch_url();
        let launch = Launch::learner(&url, &self.outcomes.url(), &self.sourcedid());
        Frame::launch(&url, &launch.sign(&Consumer::stage()))
    }

    fn sourcedid(&self) -> String {
        format!("learner {}", self.number)
    }

    /// Takes the lesson, up to the bot secret.
    fn learn(&mut self) -> String {
        self.talk.write("hello");
        self.talk.wait_for("choose the shared secret, without a question");
        self.talk.write("/smp");
        let secret = poll(Duration::from_mins(1), || bot_secret_in(&self.talk.shown()));
        secret.unwrap_or_else(|| panic!("no bot secret:\n{}", self.talk.shown()))
    }

    /// Opens the page with the field for the bot secret.
    fn find_field(&self) -> Frame {
        let mut frame = self.launch();
        frame.go_to("enter_bot_secret", "bot_secret");
        frame
    }
}

fn is_ready(school: &School) -> Option<u16> {
    web::status_of(&format!("{}/readyz", school.daemon.metrics_url()))
}

/// What can still be done with the store during an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Still {
    /// It can be read: a bot secret reaches the bot, which takes it.
    Read,
    /// Nothing: nobody knows whose bot secret it is.
    Nothing,
}

/// Learners before, during and after an outage of the store.
fn outage(school: &School, still: Still, fail: impl FnOnce(), mend: impl FnOnce()) {
    let outcomes = Outcomes::start(&Consumer::stage());
    let [mut early, mut midway, mut late] = [1, 2, 3].map(|n| Learner::come(school, &outcomes, n));
    let (first, second) = (early.learn(), midway.learn());
    let mut page = midway.find_field();
    // The LMS is down while the store is still there: this grade waits in the store.
    outcomes.fail_next(1);
    early.find_field().fill_in("bot_secret", &first);
    let turned_away = poll(PATIENCE, || (outcomes.turned_away() == 1).then_some(()));
    assert_eq!(turned_away, Some(()), "{}", school.daemon.log());

    fail();
    let is_red = poll(PATIENCE, || (is_ready(school) == Some(503)).then_some(()));
    assert_eq!(is_red, Some(()), "/readyz stays green:\n{}", school.daemon.log());
    // Only the store is ill: nobody is to start the bot again.
    assert_eq!(web::status_of(&format!("{}/healthz", school.daemon.metrics_url())), Some(200));

    // The pages ask for patience; the bot talks on.
    let form = page.page().forms().into_iter().find(|form| form.has("bot_secret")).unwrap();
    let answer = page.fill_in("bot_secret", &second);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(answer.text().contains("again"), "what to do is not said: {}", answer.text());
    let third = late.learn();
    let answer = late.launch();
    assert_eq!(answer.page().status, 503, "{}", answer.page().text());
    let is_whole = |grade: &Grade, learner: &Learner<'_>| {
        grade.sourcedid == learner.sourcedid() && grade.score >= 1.0
    };
    let during = outcomes.grades();
    let are_of_early = during.iter().all(|grade| grade.score < 1.0 || is_whole(grade, &early));
    assert!(are_of_early, "{during:?}");

    mend();
    let is_green = poll(RECOVERY, || (is_ready(school) == Some(200)).then_some(()));
    assert_eq!(is_green, Some(()), "/readyz stays red:\n{}", school.daemon.log());
    // Who was sent away with a secret that the bot had found right does not come back.
    if still == Still::Nothing {
        let answer = page.submit(&form.with("bot_secret", &second));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mut frame = late.find_field();
    let answer = frame.fill_in("bot_secret", &third);
    assert_eq!(answer.status, 200, "{}", answer.text());
    for learner in [&early, &midway, &late] {
        let is_there = || outcomes.grades().iter().any(|grade| is_whole(grade, learner));
        let grade = poll(RECOVERY, || is_there().then_some(()));
        assert!(grade.is_some(), "{} has no grade:\n{}", learner.number, school.daemon.log());
    }
    let n_whole = || outcomes.grades().iter().filter(|grade| grade.score >= 1.0).count();
    let doubled = poll(Duration::from_secs(2), || (n_whole() > 3).then_some(()));
    assert_eq!(doubled, None, "{:?}", outcomes.grades());
    let passed = midway.launch();
    assert!(passed.page().text().contains("recorded your grade"), "{}", passed.page().text());
    assert_eq!(outcomes.refusals(), Vec::<String>::new());

    let log = school.daemon.log();
    let said = |words: &str| log.matches(words).count();
    assert_eq!(said("the store cannot be written"), 1, "{log}");
    assert_eq!(said("the store can be written again"), 1, "{log}");
    assert!(said("the store cannot be asked") <= 1, "{log}");
    assert!(said("cannot read the grades to send") <= 1, "{log}");
    assert!(!log.contains("panicked"), "{log}");
}

#[test]
fn a_postgresql_that_goes_away_and_comes_back() {
    let server = std::cell::RefCell::new(Postgres::start());
    let url = server.borrow().database();
    let school = School::open(3, |script| {
        script.whitelist.clear();
        script.store = url;
    });
    outage(&school, Still::Nothing, || server.borrow_mut().kill(), || server.borrow_mut().revive());
}

#[test]
fn a_postgresql_that_is_read_only_for_a_while() {
    let server = Postgres::start();
    let url = server.database();
    let school = School::open(3, |script| {
        script.whitelist.clear();
        script.store = url;
    });
    outage(&school, Still::Read, || server.set_read_only(true), || server.set_read_only(false));
}

#[test]
fn a_database_that_another_daemon_has_taken_is_left_to_it() {
    let server = Postgres::start();
    let url = server.database();
    let mut school = School::open(1, |script| {
        script.whitelist.clear();
        script.store = url.clone();
    });

    let mut other = Postgres::take_over(&url);
    let status = school.daemon.wait(RECOVERY);

    other.kill().unwrap();
    other.wait().unwrap();
    let log = school.daemon.log();
    assert_eq!(status.code(), Some(5), "{log}");
    assert!(log.contains("another otrbot uses the database"), "{log}");
}

#[test]
fn a_postgresql_whose_connections_are_lost_without_a_word() {
    let server = Postgres::start();
    let hole = Hole::dig(&server.socket());
    let url = hole.url(&server.database());
    let school = School::open(1, |script| {
        script.whitelist.clear();
        script.store = url;
    });
    let outcomes = Outcomes::start(&Consumer::stage());
    let mut learner = Learner::come(&school, &outcomes, 1);
    // The bot writes how far they are, and never hears of that again.
    hole.swallow_next_update();
    let secret = learner.learn();
    let is_red = poll(PATIENCE, || (is_ready(&school) == Some(503)).then_some(()));
    assert_eq!(is_red, Some(()), "/readyz stays green:\n{}", school.daemon.log());
    assert_eq!(hole.n_swallowed(), 1);
    assert_eq!(web::status_of(&format!("{}/healthz", school.daemon.metrics_url())), Some(200));
    let is_green = poll(RECOVERY, || (is_ready(&school) == Some(200)).then_some(()));
    assert_eq!(is_green, Some(()), "/readyz stays red:\n{}", school.daemon.log());

    let mut page = learner.find_field();
    let form = page.page().forms().into_iter().find(|form| form.has("bot_secret")).unwrap();
    hole.lose_all();
    let begun = Instant::now();
    // Whoever opens a page now gets an answer, and one that they can do something with.
    let status = page.submit(&form.clone().with("bot_secret", &secret)).status;
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(status == 200 || status == 503, "{status}");

    // Nobody has to mend anything.
    let is_green = poll(RECOVERY, || (is_ready(&school) == Some(200)).then_some(()));
    assert_eq!(is_green, Some(()), "/readyz stays red:\n{}", school.daemon.log());
    let answer = page.submit(&form.with("bot_secret", &secret));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let grade = outcomes.wait_for_grade(&learner.sourcedid(), RECOVERY);
    assert!(grade.is_some(), "{}", school.daemon.log());
    let log = school.daemon.log();
    assert!(log.matches("the store cannot be written").count() <= 2, "{log}");
}

#[test]
fn a_postgresql_that_is_read_only_while_parts_of_the_grade_are_earned() {
    let server = Postgres::start();
    let url = server.database();
    let lessons = TempDir::new().unwrap();
    let lesson = "extends: basics\ncredit: { encrypted: 40%, verified: 75% }\n";
    fs::write(lessons.path().join("parts.yaml"), lesson).unwrap();
    let school = School::open(3, |script| {
        script.whitelist.clear();
        script.store = url;
        let folder = lessons.path().display();
        script.more = format!("lessons: {{ folder: {folder}, default: parts }}\n");
    });
    outage(&school, Still::Read, || server.set_read_only(true), || server.set_read_only(false));
}

/// A small file system for the store, which only the daemon sees: the program that starts both, and
/// where it is.
fn with_small_disk(folder: &Path, size: &str) -> (PathBuf, PathBuf) {
    let disk = folder.join("disk");
    fs::create_dir(&disk).unwrap();
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
    let user = if is_root { "" } else { "--map-root-user" };
    let script = format!(
        "#!/bin/sh\nexec unshare {user} --mount sh -c \\\n\
         'mount -t tmpfs -o size={size} tmpfs \"$0\" && exec \"$@\"' {} {} \"$@\"\n",
        disk.display(),
        program().display(),
    );
    let starter = folder.join("otrbot");
    fs::write(&starter, script).unwrap();
    fs::set_permissions(&starter, fs::Permissions::from_mode(0o755)).unwrap();
    (starter, disk)
}

#[test]
fn a_disk_that_is_full_for_a_while() {
    let folder = TempDir::new().unwrap();
    let (starter, disk) = with_small_disk(folder.path(), "3m");
    let school = School::open_as(&starter, 3, |script| {
        script.whitelist.clear();
        script.store = format!("sqlite://{}", disk.join("otrbot.db").display());
    });
    // The daemon's sight of the disk.
    let pid = school.daemon.pid();
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    let filler = root.join(disk.strip_prefix("/").unwrap()).join("filler");
    let fill = || {
        let mut file = File::create(&filler).unwrap();
        while file.write_all(&[1; 1024]).is_ok() {}
    };
    outage(&school, Still::Read, fill, || fs::remove_file(&filler).unwrap());
}

#[test]
fn a_disk_that_is_full_or_read_only_at_the_start_is_named() {
    let school = School::open(0, |_| {});
    let authority = school.prosody.ca_file();
    for (options, words) in [("16k", "full"), ("3m,ro", "may be written")] {
        let folder = TempDir::new().unwrap();
        let (starter, disk) = with_small_disk(folder.path(), options);
        let mut script = Script::new(BOT, "pw", free_port(), &authority);
        script.store = format!("sqlite://{}", disk.join("otrbot.db").display());
        let mut daemon = Daemon::launch(&starter, script);
        let status = daemon.wait(PATIENCE);
        let log = daemon.log();
        assert_eq!(status.code(), Some(5), "{log}");
        assert!(log.contains(words) && log.contains("database"), "{log}");
    }
}
