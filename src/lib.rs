//! otrbot teaches Off-the-Record (OTR) encrypted chat by doing it with the learner.
//!
//! A learner opens an assignment in an LMS, gives a Jabber ID and a shared secret on a page
//! ([`http`], [`lti`]), and talks with the bot in any XMPP client ([`xmpp`], [`otr`]): a lesson
//! ([`lesson`], [`fsm`]) brings them to switch OTR on, to verify the bot, and to bring a bot secret
//! from the chat back to the page; then the grade goes to the LMS.
//!
//! # Map
//!
//! ```text
//!         main  cli  daemon  learner            the only callers of System, signals, exit codes
//!         status  forget  keys  manual          commands; nothing below names them
//!         translations  authoring               commands for translators and authors
//!            |
//!          http                                 the pages: they ask actors, and draw what these say
//!         /    \
//!   drawing    actors                           lessons as pictures; IO: timers, network, clock
//!      |      /   |  \
//!      |     /    |   store                     SQL
//!      |    /     |  /
//!      |   |   session                          one learner
//!      |   |  /   |   \
//!     lesson    i18n   |                        what to teach; texts of the program
//!        |             |
//!       fsm          records                    know nothing
//!
//!    beside them: files and yaml (what people write); settings (these, records), and what knows
//!    these alone: telemetry, failure; metrics (records); reference (a page)
//!
//!    crates: otr   bytes in, bytes and events out         xmpp      one account's stream
//!            lti   launches and grades, pure              gettext   PO, MO, catalogs
//! ```
//!
//! `tests/parts/tidy/layers.rs` says who may name whom, in a row for each module, and holds it. What
//! stands in a crate of its own names nothing of ours: the compiler holds that.
//!
//! # Invariants
//!
//! - `otr` and `session` read no clock and take no randomness from the air: both are arguments, so
//!   that every run can be replayed and tests run faster than time.
//! - What the bot says waits as plain text and is encrypted at the moment it is sent: OTR's counters
//!   do not survive messages that overtake each other.
//! - What was meant for a private conversation is never sent in clear.
//! - Keys of sessions are never written to disk: a session that is gone is opened anew, with new
//!   ones. A long-term key that is to stay is the administrator's, in a file that [`keys`] reads.
//! - The grade is in the store before the learner reads that the secret was right, and leaves it
//!   when the LMS confirmed it.
//! - The thread that routes stanzas does no cryptography, no disk and no DNS: sessions have
//!   threads of their own, and the store writes behind. What takes long is computed away from those,
//!   too ([`actors::workshop`]), one computation for a session at a time.
//! - Whose an address is turns out in the chat, not by who types it first; no page tells what others
//!   have typed.
//! - What anybody can have stored, held or computed is bounded, for each person and each platform; the
//!   bounds stand in `docs/security.md`, with the tests that hold them.
//!
//! # Walkthrough: a learner says hello
//!
//! The task in [`xmpp`] reads a bounded stanza and gives it to
//! [`actors::xmpp::XmppConnection`], which makes a [`actors::Received`] of it. The
//! [`actors::registry::SessionRegistry`] looks the bare address up in its whitelist, opens a
//! session on one of the session threads if there is none, and forwards. The
//! [`actors::session::SessionActor`] asks its [`session::Session`] what to do and carries out the
//! effects: bodies go back to the connection, progress to the registry, which has it stored.
//!
//! # Walkthrough: a launch from the LMS
//!
//! [`http`] takes the raw body and asks [`actors::lti::LtiGateway`], which verifies the signature
//! ([`lti::launch`]), stores nonce and enrolment, and answers with what the page needs. Later pages
//! come back with a signed token in a hidden field; no cookie is set. The right bot secret puts a
//! grade into the store and wakes [`actors::grades::GradeOutbox`], which tries until the LMS
//! confirmed it.
//!
//! # Walkthrough: one who opens a second assignment
//!
//! Progress and grade belong to a person in an assignment, the Jabber ID to the person. The page of the
//! second one offers what was given in the first. At each launch [`actors::registry::Where`] has the
//! chat follow the assignment that was opened last: the session of the other one says so and ends, what
//! was kept of it stays, and the next one begins, or goes on from where it stood.
//!
//! # Walkthrough: two who give the same address
//!
//! Each of them gets a session of their own, and their page tells of no other. What comes from the
//! address goes to the session of its holder; as long as there is none, to a porter: a session
//! without a lesson that asks for the number on the page ([`session::Contest`]). Whoever writes it has
//! shown that page and address are theirs: their session begins, and the one before says good-bye.
//!
//! # Words
//!
//! | word | is |
//! |---|---|
//! | claim | somebody has typed a Jabber ID into their page: of an enrolment, or of whom the settings list |
//! | number | six digits on the page, by which a claim is shown in the chat |
//! | holder | whose claim an address obeys now |
//! | person | somebody as a platform knows them, in all their assignments |
//! | sibling | another claim of the same person to the same address |
//! | paused | of an assignment: it waits while another one of the same person goes on in the chat |
//! | proven | shown by the number, by SMP with the secret of the page, or by the bot secret |
//! | contested | somebody else claims the same address, or has |
//! | porter | who answers an address without a holder |
//! | platform | who launches: a consumer of LTI, with all its courses |
//! | topic | what a message can be about; recognised by words of all languages |
//! | urgent | a topic that goes before all others: somebody is in danger |
//! | task | what the learner is to do in a state of the lesson, in one sentence |
//! | part | a list of reactions, hints or actions that lessons use by its name |
//! | told, spent | a secret that was written where others may have read it, and counts no more |
//! | rest | the learner is left in peace: no hint, nothing by waiting, no end for silence |
//! | rung | what the bot says in the place of what it has just said |
//! | contact | whom a learner in trouble can turn to, as the settings say it |
//! | workshop | where sessions have computed what takes long |
//!
//! # Walkthrough: a restart
//!
//! The whitelist, and where open sessions stood, are restored from the settings and the store. Each
//! learner whose session was interrupted is told once, opens the private conversation again, with a
//! fresh key of the bot unless one is fixed, and goes on where they were; an OTR message of the old
//! conversation is answered with an OTR error.

pub mod actors;
pub mod authoring;
pub mod cli;
pub mod daemon;
pub mod drawing;
pub mod failure;
pub mod files;
pub mod forget;
pub mod fsm;
pub mod http;
pub mod i18n;
pub mod keys;
pub mod learner;
pub mod lesson;
pub mod manual;
pub mod metrics;
pub mod records;
pub mod reference;
pub mod session;
pub mod settings;
pub mod status;
pub mod store;
pub mod telemetry;
pub mod translations;
pub mod yaml;

use failure::Failure;
use log::LevelFilter;
use settings::{Log, Settings};

/// Carries out a command line.
///
/// # Errors
///
/// A [`Failure`], which knows its exit code.
pub fn run(cli: cli::Cli) -> Result<(), Failure> {
    let level = match (cli.quiet, cli.verbose) {
        (true, _) => Some(LevelFilter::Warn),
        (false, 0) => None,
        (false, 1) => Some(LevelFilter::Debug),
        (false, _) => Some(LevelFilter::Trace),
    };
    let no_color = settings::no_color();
    match cli.command {
        cli::Command::Run(arguments) => {
            let settings = Settings::load(&Settings::choose_file(cli.settings))?;
            telemetry::start(level.unwrap_or(settings.log.level), settings.log.clone(), no_color);
            daemon::run(settings, &arguments)
        }
        cli::Command::Check(arguments) => {
            daemon::check(&Settings::choose_file(cli.settings), &arguments)
        }
        cli::Command::Status(arguments) => {
            status::run(&Settings::load(&Settings::choose_file(cli.settings))?, &arguments)
        }
        cli::Command::Forget(arguments) => {
            forget::run(&Settings::load(&Settings::choose_file(cli.settings))?, &arguments)
        }
        cli::Command::Lesson(command) => authoring::run(&command, cli.settings, cli.verbose > 0),
        cli::Command::Learner(arguments) => {
            telemetry::start(level.unwrap_or(LevelFilter::Warn), Log::default(), no_color);
            learner::run(&arguments, cli.settings)
        }
        cli::Command::Extract(arguments) => {
            translations::extract::extract(&arguments, cli.settings)
        }
        cli::Command::Init(arguments) => translations::init(&arguments),
        cli::Command::Update(arguments) => translations::update(&arguments),
        cli::Command::Compile(arguments) => translations::compile::compile(&arguments),
        cli::Command::Keys(command) => {
            keys::command::run(&command, &Settings::choose_file(cli.settings))
        }
        cli::Command::Man(arguments) => manual::write_pages(&arguments.output),
        cli::Command::Completions(arguments) => {
            manual::print_completions(arguments.shell);
            Ok(())
        }
    }
}
