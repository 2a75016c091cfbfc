//! What runs during the demo: the XMPP server, the bot, and the LMS with its outcome service.

use std::path::PathBuf;
use std::sync::Arc;

use support::daemon::{Daemon, Script};
use support::learner::Learner;
use support::oauth::Consumer;
use support::outcomes::{Grade, Outcomes};
use support::profanity::Profanity;
use support::prosody::Prosody;
use support::wait::PATIENCE;
use support::web::{self, Frame};

use crate::site::{self, Person};

pub(crate) const BOT: &str = "totem@localhost";

/// The password of all accounts of the XMPP server, which ends with the demo.
pub(crate) const PASSWORD: &str = "demo-password";

/// The programs, until they are dropped.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) daemon: Daemon,
    pub(crate) prosody: Prosody,
    outcomes: Arc<Outcomes>,
    /// Where the LMS is, without a slash at the end.
    pub(crate) lms: String,
}

impl Stage {
    /// Starts all of it, with an account for each learner. The bot types `speed` characters a
    /// second; `None`: at once.
    pub(crate) fn start(people: &'static [Person], speed: Option<u32>) -> Self {
        let learners = people.iter().filter(|one| !one.is_teacher).map(|one| one.id);
        let accounts: Vec<_> = learners.chain(["totem"]).map(|name| (name, PASSWORD)).collect();
        let prosody = Prosody::start(&accounts);
        let mut script = Script::new(BOT, PASSWORD, prosody.port(), &prosody.ca_file());
        script.typing_speed = speed;
        let daemon = Daemon::start(&program(), script);
        let outcomes = Arc::new(Outcomes::start(&Consumer::stage()));
        let lms = site::serve(people, daemon.launch_url(), Arc::clone(&outcomes));
        Self { daemon, prosody, outcomes, lms }
    }

    /// Opens the first assignment as somebody, as a browser does that runs scripts.
    pub(crate) fn open(&self, person: &str) -> Frame {
        let form = web::get(&self.launch_page(person)).forms().remove(0);
        Frame::launch(&form.action, &form.fields)
    }

    /// The page that launches the first assignment as somebody.
    pub(crate) fn launch_page(&self, person: &str) -> String {
        format!("{}/launch/1/{person}", self.lms)
    }

    /// Sits a learner down before the first assignment, with a chat program.
    pub(crate) fn sit_down(&self, person: &str) -> Learner {
        let jid = format!("{person}@localhost");
        let chat = Profanity::start(&jid, PASSWORD, self.prosody.port());
        Learner::in_frame(chat, BOT, self.open(person))
    }

    /// The grade of a learner in the first assignment.
    ///
    /// # Panics
    ///
    /// With the bot's log, when none arrives.
    pub(crate) fn grade(&self, person: &str) -> Grade {
        let grade = self.outcomes.wait_for_grade(&site::sourcedid(1, person), PATIENCE);
        let refusals = self.outcomes.refusals();
        grade.unwrap_or_else(|| panic!("no grade arrived; refused: {refusals:?}"))
    }
}

/// The bot's program, built beside this one: `target/…/demo`, `target/…/otrbot`.
pub(crate) fn program() -> PathBuf {
    let own = std::env::current_exe().expect("the path of this program");
    let folder = own.parent().expect("a folder of builds");
    let program = folder.join("otrbot");
    assert!(program.exists(), "{} is missing: run `make demo`", program.display());
    program
}
