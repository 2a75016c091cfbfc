//! The command line: what `otrbot --help` shows.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand};
use jid::BareJid;

mod lesson;

pub use lesson::{
    CheckLessons, Circumstances, DrawLesson, GraphFormat, Lesson, PlayLesson, RateLesson,
    WriteSchema,
};

/// A chat bot that teaches Off-the-Record encryption by doing it with the learner.
#[derive(Clone, Debug, Parser)]
#[command(name = "otrbot", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// The settings file.
    #[arg(
        long,
        short,
        global = true,
        value_name = "FILE",
        help = "The settings [default: settings/$OTRBOT_ENV.yaml, else settings/production.yaml, \
                else /etc/otrbot/settings.yaml]"
    )]
    pub settings: Option<PathBuf>,

    /// Says more in the log; twice: everything.
    #[arg(long, short, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Logs warnings and errors alone.
    #[arg(long, short, global = true)]
    pub quiet: bool,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Runs the bot and its pages until SIGTERM or SIGINT; SIGHUP reloads lessons and locales.
    #[command(alias = "runclient")]
    Run(Run),
    /// Reads settings, lessons, locales and keys, and prints every problem with file and line.
    Check(Check),
    /// Asks the running bot whether it is alive and ready, and shows its metrics at a glance; ends
    /// with 0 if it is both.
    Status(Status),
    /// Erases a person: their enrolments, grades and sessions. A bot that runs lets them go at once.
    Forget(Forget),
    /// Checks, draws, plays and tests lessons: the tools of their authors.
    #[command(subcommand, after_help = lesson::HELP)]
    Lesson(Lesson),
    /// Takes a lesson as a learner would: real XMPP, real OTR.
    Learner(Learner),
    /// Writes all texts of the program and of the lessons to a POT file, for translators.
    Extract(Extract),
    /// Begins the translation to a language: makes its PO file from a POT file.
    Init(Init),
    /// Brings PO files up to date with a POT file; changed texts are marked fuzzy.
    Update(Update),
    /// Compiles PO files to MO files, and names every fault in them.
    Compile(Compile),
    /// Makes, shows and moves long-term OTR keys, in libotr's file format.
    #[command(subcommand)]
    Keys(Keys),
    /// Writes the manual pages, one for each command.
    Man(WriteManual),
    /// Prints what a shell needs to complete command lines.
    Completions(PrintCompletions),
}

/// Arguments of `run`.
#[derive(Clone, Debug, Args)]
pub struct Run {
    /// The account to log in with [default: `xmpp.default_account`].
    #[arg(long, short, value_parser = crate::records::argument)]
    pub jid: Option<BareJid>,
    /// A file that holds the account's password [default: as in the settings].
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Locale of learners of whom nothing better is known [default: `default_locale`].
    #[arg(long)]
    pub locale: Option<String>,
    /// A shared secret for learners who gave none on the page [default: `otr.default_secret`].
    #[arg(long)]
    pub secret: Option<String>,
    /// A fixed long-term OTR key, in libotr's file format [default: a fresh key per learner].
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Serves no pages for the LMS.
    #[arg(long)]
    pub no_lti: bool,
}

/// Arguments of `check`.
#[derive(Clone, Debug, Args)]
pub struct Check {
    /// Whose rights count: for root, the check is made as that user [default: where root asks and the
    /// unit otrbot.service is installed, the unit's user; else who asks].
    #[arg(long, value_name = "USER")]
    pub as_user: Option<String>,
}

/// Arguments of `status`.
#[derive(Clone, Copy, Debug, Args)]
pub struct Status {
    /// Shows it again and again, until Ctrl-C.
    #[arg(long, short)]
    pub watch: bool,
    /// How often, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "2", requires = "watch",
        value_parser = seconds)]
    pub every: Duration,
}

/// Arguments of `forget`.
#[derive(Clone, Debug, Args)]
pub struct Forget {
    /// The person's Jabber ID, as they gave it on the web page.
    #[arg(value_parser = crate::records::argument)]
    pub jid: BareJid,
    /// Erases grades too that the LMS does not have yet.
    #[arg(long)]
    pub even_unsent: bool,
    /// Erases everybody who has given the Jabber ID, also those who have not shown that it is theirs
    /// [default: where several have given it, those lose the address and keep the rest].
    #[arg(long)]
    pub all_claims: bool,
}

/// The lines of a learner's script, as `otrbot learner --help` tells them.
pub const LEARNER_SCRIPT: &str = "\
Commands, a line each, in the file of --script or typed:
  a line without /     is said to the bot; one that begins with # is a remark
  /otr                 asks for a private conversation, unless it is private already
  /smp                 verifies the bot with the shared secret
  /smp ask QUESTION    the same, with a question
  /abort               breaks off the verification
  /end                 ends the private conversation
  /wait private        waits until the conversation is private
  /wait verified       waits until the verification succeeded
  /wait secret         waits for a bot secret in the chat and prints it alone on a line
  /wait plain          waits until the conversation is no longer private
  /wait text WORDS     waits until the bot says these words
  /pause SECONDS       does nothing for a while
  /quit                ends";

/// Arguments of `learner`.
#[derive(Clone, Debug, Args)]
#[command(after_help = LEARNER_SCRIPT)]
pub struct Learner {
    /// The learner's Jabber ID; with --count a template, in which the letter n in braces stands for
    /// the learner's number.
    #[arg(long)]
    pub jid: String,
    /// A file that holds its password; a template, too.
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
    /// The bot's Jabber ID.
    #[arg(long, value_parser = crate::records::argument_of_bot)]
    pub bot: BareJid,
    /// The shared secret, for the verification by SMP; a template, too.
    #[arg(long)]
    pub secret: String,
    /// The number on the learner's page, for when the bot asks for it; a template, too.
    #[arg(long, value_name = "N")]
    pub number: Option<String>,
    /// How many learners take the lesson at once; prints a table of the times that steps took.
    /// Without --script they take the lesson `basics` in the shortest way.
    #[arg(long, value_name = "N")]
    pub count: Option<NonZeroU32>,
    /// How many of them are in the lesson at the same time [default: all].
    #[arg(long, value_name = "N", requires = "count")]
    pub at_once: Option<NonZeroU32>,
    /// Seconds in which they begin, one after the other.
    #[arg(long, value_name = "SECONDS", default_value = "0", requires = "count",
        value_parser = seconds)]
    pub ramp: Duration,
    /// When nothing happens for a while, or the private conversation is lost, they try again, as a
    /// person would; what the script waits for may take ten minutes then.
    #[arg(long)]
    pub persistent: bool,
    /// The number of the first one.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "count")]
    pub first: u32,
    /// Commands to carry out instead of asking for them; `-` reads them from the standard input.
    #[arg(long, value_name = "FILE")]
    pub script: Option<PathBuf>,
    /// host:port of the XMPP server, or xmpps://host:port where TLS begins with the first byte
    /// [default: found by SRV records].
    #[arg(long, value_name = "HOST:PORT")]
    pub server: Option<String>,
    /// The authorities that may sign the server's certificate, or that certificate as it stands
    /// [default: `tls.ca_certs` of the settings, without settings the system's].
    #[arg(long, value_name = "FILE")]
    pub ca_certs: Option<PathBuf>,
}

/// Arguments of `extract`.
#[derive(Clone, Debug, Args)]
pub struct Extract {
    /// The file to write.
    #[arg(long, short, value_name = "FILE", default_value = "messages.pot")]
    pub output: PathBuf,
    /// The Rust sources [default: src in otrbot's repository, else the program's own texts].
    #[arg(long, value_name = "DIR")]
    pub sources: Option<PathBuf>,
    /// The lessons, besides those that the program carries [default: settings/lessons in otrbot's
    /// repository, else lessons.folder of the settings].
    #[arg(long, value_name = "DIR")]
    pub lessons: Option<PathBuf>,
    /// Takes the texts of this lesson alone, by its name or its file; may be given several times. For
    /// who translates a lesson of their own, while the program has its own texts translated.
    #[arg(long, value_name = "LESSON")]
    pub only: Vec<String>,
}

/// Arguments of `init`.
#[derive(Clone, Debug, Args)]
pub struct Init {
    /// The texts, from `otrbot extract`.
    pub pot: PathBuf,
    /// The language and perhaps the country, such as `nl_NL`.
    pub locale: String,
    /// The folder of all languages.
    #[arg(long, value_name = "DIR", default_value = "locales")]
    pub locales: PathBuf,
    /// The rule for plurals, for languages that otrbot does not know.
    #[arg(long, value_name = "RULE")]
    pub plural_forms: Option<String>,
}

/// Arguments of `update`.
#[derive(Clone, Debug, Args)]
pub struct Update {
    /// The texts, from `otrbot extract`.
    pub pot: PathBuf,
    /// The language to bring up to date [default: all].
    pub locale: Option<String>,
    /// The folder of all languages.
    #[arg(long, value_name = "DIR", default_value = "locales")]
    pub locales: PathBuf,
}

/// Arguments of `compile`.
#[derive(Clone, Debug, Args)]
pub struct Compile {
    /// The language to compile [default: all].
    #[arg(long, short)]
    pub locale: Option<String>,
    /// The folder of all languages.
    #[arg(long, value_name = "DIR", default_value = "locales")]
    pub locales: PathBuf,
}

/// Arguments of `man`.
#[derive(Clone, Debug, Args)]
pub struct WriteManual {
    /// The folder for the pages; it is made if it is not there.
    #[arg(long, short, value_name = "DIR", default_value = "man")]
    pub output: PathBuf,
}

/// Arguments of `completions`.
#[derive(Clone, Copy, Debug, Args)]
pub struct PrintCompletions {
    /// The shell.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// The commands of `keys`.
#[derive(Clone, Debug, Subcommand)]
pub enum Keys {
    /// Makes a key for an account, and adds it to a file of keys; prints its fingerprint.
    Generate(GenerateKey),
    /// Prints fingerprints as chat programs show them.
    Fingerprint(ShowFingerprints),
    /// Takes keys over from another file, such as Pidgin's `otr.private_key`.
    Import(ImportKeys),
    /// Writes keys to a file of their own or to the standard output.
    Export(ExportKeys),
}

/// Arguments of `keys generate`.
#[derive(Clone, Debug, Args)]
pub struct GenerateKey {
    /// The account that the key is for, a bare Jabber ID [default: `xmpp.default_account`].
    #[arg(long, short, value_name = "JID")]
    pub account: Option<String>,
    /// The account's protocol, in the words of chat programs.
    #[arg(long, value_name = "NAME", default_value = crate::keys::JABBER)]
    pub protocol: String,
    /// The file that the key is added to [default: the account's `private_key` in the settings].
    #[arg(long, short = 'o', value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Whether keys may be lost.
    #[command(flatten)]
    pub overwrite: Overwrite,
}

/// Arguments of `keys fingerprint`.
#[derive(Clone, Debug, Args)]
pub struct ShowFingerprints {
    /// The file of keys [default: the account's `private_key` in the settings].
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Which of its keys.
    #[command(flatten)]
    pub which: WhichKeys,
}

/// Arguments of `keys import`.
#[derive(Clone, Debug, Args)]
pub struct ImportKeys {
    /// The file that the keys come from.
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// Which of its keys.
    #[command(flatten)]
    pub which: WhichKeys,
    /// The Jabber ID that the key is for, where the file calls the account otherwise, as Adium does.
    #[arg(long = "as", value_name = "JID")]
    pub rename: Option<String>,
    /// The file that they are added to [default: the account's `private_key` in the settings].
    #[arg(long, short = 'o', value_name = "TO")]
    pub key_file: Option<PathBuf>,
    /// Whether keys may be lost.
    #[command(flatten)]
    pub overwrite: Overwrite,
}

/// Arguments of `keys export`.
#[derive(Clone, Debug, Args)]
pub struct ExportKeys {
    /// The file of keys [default: the account's `private_key` in the settings].
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Which of its keys.
    #[command(flatten)]
    pub which: WhichKeys,
    /// The file that is written [default: the standard output].
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Whether keys may be lost.
    #[command(flatten)]
    pub overwrite: Overwrite,
}

/// Which keys of a file are meant.
#[derive(Clone, Debug, Args)]
pub struct WhichKeys {
    /// An account; may be repeated [default: all of the file].
    #[arg(long, short, value_name = "NAME")]
    pub account: Vec<String>,
    /// Accounts of this protocol alone.
    #[arg(long, value_name = "NAME")]
    pub protocol: Option<String>,
}

/// Whether what is there may be replaced.
#[derive(Clone, Copy, Debug, Args)]
pub struct Overwrite {
    /// Replaces what is there already; the old key is lost.
    #[arg(long, short)]
    pub force: bool,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
