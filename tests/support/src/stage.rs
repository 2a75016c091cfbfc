//! Everything that a lesson needs, up and running: server, bot, outcome service.

use std::path::Path;

use crate::daemon::{Daemon, Script};
use crate::learner::Learner;
use crate::lms::Launch;
use crate::oauth::{Consumer, Pairs};
use crate::outcomes::Outcomes;
use crate::profanity::Profanity;
use crate::prosody::Prosody;

/// Bare JID of the bot.
pub const BOT: &str = "totem@localhost";
/// Its password.
pub const BOT_PASSWORD: &str = "bot-password";
/// Bare JID of the learner.
pub const ADA: &str = "ada@localhost";
/// Bare JID of another one.
pub const GRACE: &str = "grace@localhost";
/// The password of learners.
pub const PASSWORD: &str = "learner-password";

/// A stage with everything on it.
#[derive(Debug)]
pub struct Stage {
    /// The bot.
    pub daemon: Daemon,
    /// The server.
    pub prosody: Prosody,
    /// The LMS's outcome service.
    pub outcomes: Outcomes,
}

impl Stage {
    /// Starts server, outcome service and bot.
    pub fn set(program: &Path) -> Self {
        Self::set_with(program, |_| {})
    }

    /// As [`Stage::set`], with the script changed before the bot starts.
    pub fn set_with(program: &Path, change: impl FnOnce(&mut Script)) -> Self {
        let prosody = server();
        let mut script = script(&prosody);
        change(&mut script);
        let outcomes = Outcomes::start(&script.consumer);
        let daemon = Daemon::start(program, script);
        Self { daemon, prosody, outcomes }
    }

    /// A learner with profanity, the assignment open before them.
    pub fn learner(&self, jid: &str, params: &Pairs) -> Learner {
        let chat = Profanity::start(jid, PASSWORD, self.prosody.port());
        Learner::open(chat, self.daemon.jid(), &self.daemon.launch_url(), params)
    }

    /// The signed launch of a learner whose grade goes under `sourcedid`.
    pub fn learner_launch(&self, sourcedid: &str) -> Pairs {
        Launch::learner(&self.daemon.launch_url(), &self.outcomes.url(), sourcedid)
            .sign(&Consumer::stage())
    }
}

/// A server with the accounts of bot and learners.
pub fn server() -> Prosody {
    let accounts = [(BOT, BOT_PASSWORD), (ADA, PASSWORD), (GRACE, PASSWORD)];
    Prosody::start(&accounts.map(|(jid, password)| (user(jid), password)))
}

/// The script of a bot on that server.
pub fn script(prosody: &Prosody) -> Script {
    Script::new(BOT, BOT_PASSWORD, prosody.port(), &prosody.ca_file())
}

/// The part of a JID before the `@`.
fn user(jid: &str) -> &str {
    jid.split('@').next().unwrap_or_default()
}
