//! The settings: one YAML file, read once, checked whole.
//!
//! [`Settings::load`] is the only way to get them: what it returns is consistent, and every fault
//! of the file is reported at once with its line and key. Relative paths in the file start from
//! its own folder; secrets may stand in files of their own (`password_file`, `secret_file`, …), so
//! that the settings can be committed. Only this module reads the environment.

mod doubts;
mod logs;
mod places;
mod read;
mod secrets;
mod server;
mod tree;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jid::BareJid;
use secrecy::SecretString;
use url::Url;

use crate::{
    files::{self, Unreadable},
    records::Contacts,
};

use self::places::Places;

pub use self::logs::{Colour, Colours, Log, Part, Scheme, Style};
pub use self::tree::{Problem, ProblemKind};

/// All settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The file that they were read from.
    pub file: PathBuf,
    /// Locale of learners of whom nothing better is known. Default `en_GB`.
    pub default_locale: String,
    /// What `${name}` stands for in messages, lessons and pages.
    pub format_strings: BTreeMap<String, String>,
    /// The Jabber accounts and who may talk to them.
    pub xmpp: Xmpp,
    /// How connections to the XMPP server are secured.
    pub tls: Tls,
    /// OTR.
    pub otr: Otr,
    /// When sessions of silent learners end.
    pub session: SessionTimes,
    /// How fast the bot types.
    pub typing: Typing,
    /// Where the lessons are.
    pub lessons: Lessons,
    /// Folder of translations, `<locale>/LC_MESSAGES/otrbot.po` or `.mo`, whose texts go before
    /// those that the program carries. Default: `locales` beside the settings or their folder.
    pub locales_folder: Option<PathBuf>,
    /// Folder of files that are served under `/static/` in place of those that the program carries.
    /// Default: none.
    pub static_folder: Option<PathBuf>,
    /// The web part.
    pub lti: Lti,
    /// URL of the database. Default: `sqlite://otrbot.db` beside the settings.
    pub store: String,
    /// How long what is stored is kept.
    pub retention: Retention,
    /// Address of `/metrics`, `/healthz` and `/readyz`. Default `127.0.0.1:9464`.
    pub metrics_bind: SocketAddr,
    /// Logs.
    pub log: Log,
    /// The files that hold passwords and secrets: those that the settings name, and the settings
    /// themselves if any stand there. Not the files of OTR keys.
    pub secret_files: BTreeSet<PathBuf>,
    /// What is understood, and should be written otherwise.
    pub doubts: Vec<Problem>,
    /// The lines of the keys.
    pub(crate) places: Places,
}

/// Section `xmpp`.
#[derive(Clone, Debug)]
pub struct Xmpp {
    /// The account that `run` takes unless told otherwise.
    pub default_account: Option<BareJid>,
    /// The accounts, by bare Jabber ID.
    pub accounts: BTreeMap<BareJid, Account>,
    /// A component of a server, which is taken in the place of the default account.
    pub component: Option<Component>,
    /// Who may talk to the bot without having come from an LMS.
    pub whitelist: BTreeMap<BareJid, Whitelisted>,
    /// Whether those who are not on it get a polite refusal, once a day. Default: false.
    pub refuse_strangers: bool,
}

/// Section `xmpp.component`: an external component of a server (XEP-0114).
#[derive(Clone, Debug)]
pub struct Component {
    /// The bot's address, whose domain is the component's.
    pub jid: BareJid,
    /// What the server knows it by.
    pub secret: SecretString,
    /// `host:port` of the server, on this machine.
    pub server: String,
}

/// One Jabber account.
#[derive(Clone, Debug)]
pub struct Account {
    /// The password, if the settings or its file hold one.
    pub password: Option<SecretString>,
    /// `host:port` of the server, or `xmpps://host:port` where TLS begins with the first byte; `None`:
    /// found by SRV records.
    pub server: Option<String>,
    /// A picture for the bot, and the line that names it.
    pub avatar_file: Option<(PathBuf, u64)>,
    /// A fixed long-term OTR key; `None`: a fresh one for each learner's session.
    pub private_key: Option<PathBuf>,
    /// Whether SASL PLAIN is allowed (inside TLS).
    pub allow_plain_text: bool,
}

/// An entry of `xmpp.whitelist`.
#[derive(Clone, Debug, Default)]
pub struct Whitelisted {
    /// The learner's locale; `None`: the default one.
    pub locale: Option<String>,
    /// The learner's lesson; `None`: the default one.
    pub lesson: Option<String>,
}

/// Section `tls`.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Whether TLS is used at all. Default: true.
    pub enabled: bool,
    /// The least version that is accepted. Default: TLS 1.2.
    pub version: TlsVersion,
    /// Names of ciphers, OpenSSL's or IANA's, with their lines; empty: the library's safe set.
    pub cipher_list: Vec<(String, u64)>,
    /// PEM file of the authorities that may sign the server's certificate, or of that certificate as
    /// it stands; `None`: no check, which is accepted for loopback servers alone.
    pub ca_certs: Option<PathBuf>,
}

/// A version of TLS that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// Section `otr`.
#[derive(Clone, Debug)]
pub struct Otr {
    /// Whether the bot starts SMP by itself once it has the secret. Default: false.
    pub may_start_smp: bool,
    /// A shared secret for learners who gave none; for trying.
    pub default_secret: Option<SecretString>,
    /// Section `otr.policy`, as the OTR specification names the flags.
    pub policy: OtrPolicy,
}

/// Section `otr.policy`.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "the specification has these six flags")]
pub struct OtrPolicy {
    /// Speak OTR version 2.
    pub allow_v2: bool,
    /// Speak OTR version 3.
    pub allow_v3: bool,
    /// Refuse to send plain text.
    pub require_encryption: bool,
    /// Advertise OTR by a whitespace tag.
    pub send_tag: bool,
    /// Start the AKE when a whitespace tag is seen.
    pub whitespace_start_ake: bool,
    /// Start the AKE when an OTR Error is received.
    pub error_start_ake: bool,
}

/// Section `session`.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// Silence after which a learner is warned. Default: 1500 s.
    pub warning_timeout: Duration,
    /// Silence after which a session ends. Default: 1800 s.
    pub session_timeout: Duration,
    /// How often the sessions are looked after, for what they may have missed. Default: 60 s.
    pub check_interval: Duration,
}

/// Section `typing`.
#[derive(Clone, Copy, Debug)]
pub struct Typing {
    /// Whether the bot takes its time to type. Default: true.
    pub scheduled: bool,
    /// Characters a second. Default: 20.
    pub speed: u32,
}

/// Section `lessons`.
#[derive(Clone, Debug)]
pub struct Lessons {
    /// Folder of lesson files; `None`: the built-in lessons alone.
    pub folder: Option<PathBuf>,
    /// Name of the lesson of learners for whom no other was chosen. Default: `basics`.
    pub default: String,
    /// Whom a learner in trouble can turn to, in one line; `None`: nobody is named.
    pub contact: Option<String>,
}

/// Section `lti`.
#[derive(Clone, Debug)]
pub struct Lti {
    /// Whether the pages are served. Default: true.
    pub enabled: bool,
    /// Address that they are served at. Default: `127.0.0.1:5000`.
    pub bind: SocketAddr,
    /// The URL that the LMS signs, whatever proxies are in between.
    pub public_url: Url,
    /// Whether launches must be signed. Default: true; false on loopback alone.
    pub authenticate: bool,
    /// A style sheet for the pages.
    pub css_url: Option<Url>,
    /// Whether grades may go to loopback and private addresses, and over http.
    pub allow_private_outcomes: bool,
    /// How old a launch may be. Default: 300 s.
    pub nonce_window: Duration,
    /// The key that signs the state of pages: at least 32 bytes; `None`: a fresh one per start.
    pub secret_key: Option<SecretString>,
    /// How many invitations the bot sends a day.
    pub invitations: Invitations,
    /// Most enrolments of one platform. Default: 200000.
    pub enrolments_per_platform: u32,
    /// The consumers, by key.
    pub consumers: BTreeMap<String, Consumer>,
}

/// How many invitations the bot sends a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invitations {
    /// Most for one person of an LMS. Default: 20.
    pub per_person: u32,
    /// Most for all together. Default: 20000.
    pub in_total: u32,
    /// Most for the persons of one platform. Default: 10000.
    pub per_platform: u32,
}

impl Default for Invitations {
    fn default() -> Self {
        Self { per_person: 20, in_total: 20_000, per_platform: 10_000 }
    }
}

/// A consumer of section `lti`: a platform that may launch.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The secret that it shares with us.
    pub secret: SecretString,
    /// The one before, which is good as well while the platform is being told the new one.
    pub previous_secret: Option<SecretString>,
    /// Who may show its pages in a frame, as sources of a content security policy; empty: Canvas,
    /// and the addresses that its launches name.
    pub frame_ancestors: Vec<String>,
    /// Whom its learners in trouble can turn to; `None`: the contact of section `lessons`.
    pub contact: Option<String>,
}

/// How long what is stored is kept, in days; `None`: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Sessions that were interrupted and never taken up again.
    pub sessions: Option<u32>,
    /// Enrolments and grades, since the person was last heard of. A grade that is still on its way
    /// is not lost to this.
    pub enrolments: Option<u32>,
}

impl Default for Retention {
    fn default() -> Self {
        Self { sessions: Some(7), enrolments: Some(400) }
    }
}

/// The largest settings that are read, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Where packages put the settings.
const INSTALLED: &str = "/etc/otrbot/settings.yaml";

/// Why there are no settings.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SettingsError {
    /// There is no such file, or it may not be read.
    #[error("no settings: {} {why}; {}", absolute(file).display(), remedy(file, why))]
    NoFile {
        /// The file that was looked for.
        file: PathBuf,
        /// Why it was not read.
        why: Arc<Unreadable>,
    },
    /// The file has faults.
    #[error("{}", lines(problems))]
    Faults {
        /// All of them, in the order of the file.
        problems: Vec<Problem>,
        /// What else the file says, with its doubts: what is at fault has its default. `None`: nothing
        /// of it can be read.
        read: Option<Box<Settings>>,
    },
}

/// Whether files of keys that the settings name must be there.
#[derive(Clone, Copy, Debug)]
enum KeyFiles {
    MustBeThere,
    MayBeMissing,
}

/// A path that says where it is looked for, wherever the program was started.
fn absolute(file: &Path) -> PathBuf {
    std::path::absolute(file).unwrap_or_else(|_| file.to_owned())
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl Settings {
    /// The file that is read: the one given, else `settings/$OTRBOT_ENV.yaml`, else
    /// `settings/production.yaml`; where that is not there, the one of an installed package if it is.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn choose_file(given: Option<PathBuf>) -> PathBuf {
        if let Some(given) = given {
            return given;
        }
        let name = std::env::var("OTRBOT_ENV").unwrap_or_default();
        if !name.is_empty() {
            return Path::new("settings").join(format!("{name}.yaml"));
        }
        let [own, installed] = [Path::new("settings/production.yaml"), Path::new(INSTALLED)];
        // What is there and cannot be looked at is said when it is read. A folder that somebody else
        // stands in, and may not be entered, is no reason to leave out what is installed.
        let is_own = own.try_exists().unwrap_or_else(|_| !installed.exists());
        let is_installed = installed.try_exists().unwrap_or(true);
        if is_own || !is_installed { own.to_owned() } else { installed.to_owned() }
    }

    /// A fault of a key, with its place: `settings.yaml:12: lti.bind: …`. A key that is not there has
    /// the line of the section that it belongs into.
    pub fn fault(&self, key: &str, what: impl Into<String>) -> Problem {
        Problem {
            file: self.file.clone(),
            line: self.places.line_of(key),
            key: key.to_owned(),
            what: what.into(),
            kind: ProblemKind::Bad,
        }
    }

    /// Whom learners in trouble can turn to.
    pub fn contacts(&self) -> Contacts {
        let mut contacts = Contacts::new(self.lessons.contact.clone());
        for (key, consumer) in &self.lti.consumers {
            if let Some(contact) = &consumer.contact {
                contacts.set(key, contact.clone());
            }
        }
        contacts
    }

    /// What `${name}` stands for where no settings say otherwise.
    pub fn default_format_strings() -> BTreeMap<String, String> {
        read::default_format_strings().collect()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    ///
    /// [`SettingsError::NoFile`] if it cannot be read, [`SettingsError::Faults`] with every fault
    /// that was found.
    pub fn load(file: &Path) -> Result<Self, SettingsError> {
        Self::parse(file, &text_of(file)?)
    }

    /// As [`load`](Self::load), for what makes keys: the files of keys need not be there yet.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn load_before_keys(file: &Path) -> Result<Self, SettingsError> {
        read::read(file, &text_of(file)?, KeyFiles::MayBeMissing)
    }

    /// Checks a text as if it stood in that file.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Faults`] with every fault that was found.
    pub fn parse(file: &Path, text: &str) -> Result<Self, SettingsError> {
        read::read(file, text, KeyFiles::MustBeThere)
    }
}

impl SettingsError {
    /// Whether all that is wrong is that something which the settings name is not there.
    pub fn is_missing_dependency(&self) -> bool {
        match self {
            Self::NoFile { .. } => false,
            Self::Faults { problems, .. } => {
                problems.iter().all(|problem| problem.kind == ProblemKind::Missing)
            }
        }
    }
}

fn text_of(file: &Path) -> Result<String, SettingsError> {
    files::read_text(file, LARGEST).map_err(|why| {
        if !why.is_content() {
            return SettingsError::NoFile { file: file.to_owned(), why: Arc::new(why) };
        }
        let problem = Problem {
            file: file.to_owned(),
            line: why.line(),
            key: String::new(),
            what: why.to_string(),
            kind: ProblemKind::Bad,
        };
        SettingsError::Faults { problems: vec![problem], read: None }
    })
}

/// What is to be done about settings that cannot be read. A file that is there is not to be written
/// over.
fn remedy(file: &Path, why: &Unreadable) -> String {
    match why {
        Unreadable::Absent => {
            "copy settings/sample.yaml there and adapt it, or name another file with --settings"
                .to_owned()
        }
        Unreadable::Forbidden { user, folder } => {
            let closed = folder.as_deref().unwrap_or(file);
            let (path, right) = (absolute(closed), if folder.is_some() { "x" } else { "r" });
            format!(
                "let that user do so, as with setfacl -m u:{user}:{right} {}, or by its owner and group \
                 (chown, chmod), or run the command as its owner",
                path.display()
            )
        }
        Unreadable::Folder => "name the file in it with --settings".to_owned(),
        Unreadable::TooLarge { .. } | Unreadable::Encoding(_) | Unreadable::Other(_) => {
            "name another file with --settings".to_owned()
        }
    }
}

/// Whether the environment asks for output without colours (`NO_COLOR`).
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn no_color() -> bool {
    std::env::var("NO_COLOR").is_ok_and(|value| !value.is_empty())
}

/// Whether a service manager such as systemd wants to be told how the daemon is.
pub fn has_service_manager() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}
