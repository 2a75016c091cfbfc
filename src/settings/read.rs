//! From the tree to the settings: every key, its default, and what is allowed.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use url::Url;

use crate::{files, records::bare_jid};

use super::{
    Account, Component, Consumer, Invitations, KeyFiles, Lessons, Lti, Otr, OtrPolicy, Problem,
    Retention, SessionTimes, Settings, SettingsError, Tls, TlsVersion, Typing, Whitelisted, Xmpp,
    doubts, logs,
    places::Places,
    secrets::{self, Look},
    server::{is_direct, is_loopback, server},
    tree::{self, Need, ProblemKind, Section},
    values::{
        self, contact, is_frame_ancestor, jid, locale, public_url, seconds, socket, url_of, web_url,
    },
};

/// Longest wait that a timeout can be set to: thirty days in seconds.
const LONGEST_WAIT: u32 = 30 * 24 * 3600;
/// The key of what signs the state of pages: bytes, which nobody types.
const PAGE_KEY: &str = "secret_key_file";
/// Least length of `lti.secret_key_file`: as long as the tag that it makes.
const LEAST_KEY_BYTES: usize = 32;
/// Where the operating system keeps the authorities that it trusts (Debian and kin).
const SYSTEM_CA_CERTS: &str = "/etc/ssl/certs/ca-certificates.crt";

pub(super) fn read(
    file: &Path,
    text: &str,
    key_files: KeyFiles,
) -> Result<Settings, SettingsError> {
    let (node, faults) = tree::parse(file, text)
        .map_err(|problems| SettingsError::Faults { problems, read: None })?;
    let places = Places::of(&node);
    let problems = RefCell::new(faults);
    let settings = {
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let reader = Reader { file, folder, key_files, secret_files: RefCell::default() };
        let settings = reader.settings(Section::root(file, node, &problems));
        Settings { secret_files: reader.secret_files.into_inner(), places, ..settings }
    };
    let (mut doubts, mut problems): (Vec<_>, Vec<_>) = problems
        .into_inner()
        .into_iter()
        .partition(|problem| matches!(problem.kind, ProblemKind::Doubt | ProblemKind::Futile));
    // What stands in the place of a value that is at fault is nobody's doubt.
    let is_at_fault = |doubt: &Problem| problems.iter().any(|problem| problem.key == doubt.key);
    doubts.extend(doubts::of(&settings).into_iter().filter(|doubt| !is_at_fault(doubt)));
    doubts.sort_by_key(|doubt| doubt.line);
    let settings = Settings { doubts, ..settings };
    if problems.is_empty() {
        return Ok(settings);
    }
    problems.sort_by_key(|problem| problem.line);
    Err(SettingsError::Faults { problems, read: Some(Box::new(settings)) })
}

struct Reader<'a> {
    file: &'a Path,
    folder: &'a Path,
    key_files: KeyFiles,
    /// The files in which secrets were found.
    secret_files: RefCell<BTreeSet<PathBuf>>,
}

impl Reader<'_> {
    fn settings(&self, root: Section<'_>) -> Settings {
        let tls = self.tls(root.section("tls"));
        let xmpp = self.xmpp(root.section("xmpp"), &tls);
        let settings = Settings {
            file: self.file.to_owned(),
            default_locale: locale(&root, "default_locale").unwrap_or_else(|| "en_GB".to_owned()),
            format_strings: format_strings(&root),
            xmpp,
            tls,
            otr: self.otr(root.section("otr")),
            session: session(root.section("session")),
            typing: typing(root.section("typing")),
            lessons: self.lessons(root.section("lessons")),
            locales_folder: self.locales_folder(&root),
            static_folder: self.named_folder(&root, "static_folder"),
            lti: self.lti(root.section("lti")),
            store: self.store(&root),
            retention: retention(root.section("retention")),
            metrics_bind: {
                let section = root.section("metrics");
                let bind = socket(&section, "bind", ([127, 0, 0, 1], 9464).into());
                section.end();
                bind
            },
            log: logs::read(root.section("log")),
            secret_files: BTreeSet::new(),
            doubts: Vec::new(),
            places: Places::default(),
        };
        root.end();
        settings
    }

    /// A path, from the folder of the settings.
    fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// A file that must be there.
    fn file(&self, section: &Section<'_>, key: &'static str) -> Option<PathBuf> {
        let path = self.path(&section.text(key)?);
        if let Err(why) = files::look(&path) {
            section.missing(key, format!("names the file {}, which {why}", path.display()));
        }
        Some(path)
    }

    /// A secret that stands under its key or in the file that `key_file` names.
    fn secret(
        &self,
        section: &Section<'_>,
        key: &'static str,
        key_file: &'static str,
    ) -> Option<SecretString> {
        let need = match key {
            "password" | "secret" => Need::Unless(key_file),
            _ => Need::Optional,
        };
        let inline = section.secret(key, need);
        let from_file = self.file(section, key_file);
        match (inline, from_file) {
            (Some(_), Some(_)) => {
                section.fault(key_file, format!("stands beside {key}; keep one of the two"));
                None
            }
            (Some(text), None) if text.is_empty() => {
                section.fault(key, "is empty");
                None
            }
            (Some(text), None) => {
                match secrets::look(&text) {
                    Look::Fine => {}
                    Look::Doubt(what) => section.doubt(key, what),
                    Look::Fault(what) => section.fault(key, what),
                }
                self.holds_secret(self.file);
                Some(text.into())
            }
            (None, Some(path)) => self.read_secret(section, key_file, &path),
            (None, None) => None,
        }
    }

    fn xmpp(&self, section: Section<'_>, tls: &Tls) -> Xmpp {
        let mut accounts = BTreeMap::new();
        for (name, account) in section.each("accounts") {
            let Some(jid) = jid(&section, "accounts", &name) else {
                account.text("password");
                continue;
            };
            if accounts.insert(jid.clone(), self.account(account, tls)).is_some() {
                section.fault("accounts", format!("has {jid} twice; keep one of the two"));
            }
        }
        let mut whitelist = BTreeMap::new();
        let refuse_strangers = section.flag("refuse_strangers", false);
        for (name, entry) in section.each("whitelist") {
            let listed =
                Whitelisted { locale: locale(&entry, "locale"), lesson: entry.text("lesson") };
            entry.end();
            if let Some(jid) = jid(&section, "whitelist", &name)
                && whitelist.insert(jid.clone(), listed).is_some()
            {
                section.fault("whitelist", format!("has {jid} twice; keep one of the two"));
            }
        }
        let default_account = section.text("default_account").and_then(|name| {
            let jid = jid(&section, "default_account", &name)?;
            if !accounts.contains_key(&jid) {
                section.fault("default_account", "is not among xmpp.accounts; add it there");
            }
            Some(jid)
        });
        let component =
            section.has("component").then(|| self.component(section.section("component")));
        if accounts.is_empty() && component.is_none() {
            section.fault(
                "accounts",
                "has no account; give the bot a Jabber account: \"name@host: { password: … }\"",
            );
        }
        section.end();
        Xmpp {
            default_account,
            accounts,
            component: component.flatten(),
            whitelist,
            refuse_strangers,
        }
    }

    fn component(&self, section: Section<'_>) -> Option<Component> {
        let jid = section.text("jid");
        if jid.is_none() {
            section.fault(
                "jid",
                "is missing: give the bot's address, such as bot@lessons.example.org",
            );
        }
        // A component may speak for its domain itself.
        let jid = jid.and_then(|text| match bare_jid(&text) {
            Some(domain) if !text.contains('@') => Some(domain),
            Some(_) | None => values::jid(&section, "jid", &text),
        });
        let secret = self.secret(&section, "secret", "secret_file");
        if secret.is_none() && !section.has("secret") && !section.has("secret_file") {
            section.fault("secret", "is missing: give what the server knows the component by");
        }
        let server =
            server(&section, "127.0.0.1:5347").unwrap_or_else(|| "127.0.0.1:5347".to_owned());
        if is_direct(&server) {
            section.fault(
                "server",
                "is TLS from the first byte, and a component's stream has no TLS: write host:port",
            );
        }
        if !is_loopback(&server) {
            section.fault("server", "is not a loopback address: a component's stream has no TLS");
        }
        section.end();
        Some(Component { jid: jid?, secret: secret?, server })
    }

    fn account(&self, section: Section<'_>, tls: &Tls) -> Account {
        let server = server(&section, "127.0.0.1:5222");
        let on_loopback = server.as_deref().is_some_and(is_loopback);
        if tls.enabled && tls.ca_certs.is_none() && !on_loopback {
            section.fault(
                "server",
                "is not a loopback address, and tls.ca_certs is null: an unchecked certificate is accepted from loopback servers only",
            );
        }
        if !tls.enabled && !on_loopback {
            section.fault("server", "is not a loopback address, and tls.enabled is false: passwords would cross the network in clear");
        }
        if !tls.enabled && server.as_deref().is_some_and(is_direct) {
            section.fault("server", "is TLS from the first byte, and tls.enabled is false: write host:port, or enable TLS");
        }
        let account = Account {
            password: self.secret(&section, "password", "password_file"),
            server,
            avatar_file: self
                .file(&section, "avatar_file")
                .map(|path| (path, section.line_of("avatar_file"))),
            private_key: match self.key_files {
                KeyFiles::MustBeThere => self.file(&section, "private_key"),
                KeyFiles::MayBeMissing => section.text("private_key").map(|path| self.path(&path)),
            },
            allow_plain_text: section.flag("allow_plain_text", false),
        };
        section.end();
        account
    }

    fn tls(&self, section: Section<'_>) -> Tls {
        if section.flag("allow_ssl_fallback", false) {
            section.fault(
                "allow_ssl_fallback",
                "must be false: SSL 2 and 3 are broken, and this program does not speak them",
            );
        }
        let version = match section.text("version").as_deref() {
            None | Some("TLSv1.2") => TlsVersion::V1_2,
            Some("TLSv1.3") => TlsVersion::V1_3,
            Some("TLSv1" | "TLSv1.0" | "TLSv1.1") => {
                section
                    .fault("version", "must be TLSv1.2 or TLSv1.3: the older versions are broken");
                TlsVersion::V1_2
            }
            Some(_) => {
                section.fault("version", "must be TLSv1.2 or TLSv1.3");
                TlsVersion::V1_2
            }
        };
        let enabled = section.flag("enabled", true);
        // `null` means "no check", so that only an absent key takes the system's authorities.
        let ca_certs = if section.has("ca_certs") {
            self.file(&section, "ca_certs")
        } else if section.is_null("ca_certs") {
            None
        } else {
            Some(PathBuf::from(SYSTEM_CA_CERTS))
        };
        let cipher_list = section.texts("cipher_list");
        let tls = Tls { enabled, version, cipher_list, ca_certs };
        section.end();
        tls
    }

    fn otr(&self, section: Section<'_>) -> Otr {
        let flags = section.section("policy");
        let policy = OtrPolicy {
            allow_v2: flags.flag("allow_v2", true),
            allow_v3: flags.flag("allow_v3", true),
            require_encryption: flags.flag("require_encryption", false),
            send_tag: flags.flag("send_tag", true),
            whitespace_start_ake: flags.flag("whitespace_start_ake", true),
            error_start_ake: flags.flag("error_start_ake", true),
        };
        if !policy.allow_v2 && !policy.allow_v3 {
            flags.fault(
                "allow_v3",
                "and allow_v2 are both false: allow at least one version of OTR",
            );
        }
        flags.end();
        let otr = Otr {
            may_start_smp: section.flag("may_start_smp", false),
            default_secret: self.secret(&section, "default_secret", "default_secret_file"),
            policy,
        };
        section.end();
        otr
    }

    fn lessons(&self, section: Section<'_>) -> Lessons {
        let folder = self.named_folder(&section, "folder");
        let default = section.text("default").unwrap_or_else(|| "basics".to_owned());
        let contact = contact(&section);
        section.end();
        Lessons { folder, default, contact }
    }

    /// The folder that a key names; it must be there.
    fn named_folder(&self, section: &Section<'_>, key: &'static str) -> Option<PathBuf> {
        let folder = self.path(&section.text(key)?);
        if let Err(why) = files::look_into(&folder) {
            let is_other = why.is_absent() && folder.exists();
            let what = if is_other { "is not a folder".to_owned() } else { why.to_string() };
            section.missing(key, format!("names {}, which {what}", folder.display()));
        }
        Some(folder)
    }

    fn locales_folder(&self, root: &Section<'_>) -> Option<PathBuf> {
        if let Some(folder) = self.named_folder(root, "locales_folder") {
            return Some(folder);
        }
        let mut usual = vec![self.path("locales")];
        // As in the repository: settings/production.yaml, locales/nl_NL/….
        if self.folder.file_name().is_some_and(|name| name == "settings") {
            usual.push(self.folder.with_file_name("locales"));
        }
        usual.into_iter().find(|folder| folder.is_dir())
    }

    fn lti(&self, section: Section<'_>) -> Lti {
        let bind = socket(&section, "bind", ([127, 0, 0, 1], 5000).into());
        let authenticate = section.flag("authenticate", true);
        if !authenticate && !bind.ip().is_loopback() {
            section.fault("authenticate", "may be false only where lti.bind is a loopback address");
        }
        let enabled = section.flag("enabled", true);
        let mut consumers = BTreeMap::new();
        let named = section.each("consumers");
        if enabled && authenticate && named.is_empty() {
            section.fault("consumers", "has no consumer, so that nobody could launch; add \"KEY: { secret: … }\" or set lti.enabled to false");
        }
        for (name, consumer) in named {
            if let Some(known) = self.consumer(consumer) {
                consumers.insert(name, known);
            }
        }
        let secret_key = self.file(&section, PAGE_KEY).and_then(|path| {
            let key = self.read_secret(&section, PAGE_KEY, &path)?;
            if secrecy::ExposeSecret::expose_secret(&key).len() < LEAST_KEY_BYTES {
                section.fault(PAGE_KEY, format!("holds fewer than {LEAST_KEY_BYTES} characters"));
            }
            Some(key)
        });
        let lti = Lti {
            enabled,
            bind,
            public_url: public_url(&section, url_of(bind)),
            authenticate,
            css_url: web_url(&section, "css_url"),
            allow_private_outcomes: section.flag("allow_private_outcomes", false),
            nonce_window: seconds(&section, "nonce_window", 300, 30..=3600),
            secret_key,
            invitations: {
                let invitations = section.section("invitations");
                let unit = "invitations a day";
                let per_person = invitations.number("per_person", 20, 1..=10_000, unit);
                let in_total = invitations.number("in_total", 20_000, 1..=10_000_000, unit);
                let per_platform = invitations.number("per_platform", 10_000, 1..=10_000_000, unit);
                invitations.end();
                Invitations { per_person, in_total, per_platform }
            },
            enrolments_per_platform: {
                let limits = section.section("limits");
                let most =
                    limits.number("enrolments_per_platform", 200_000, 1..=10_000_000, "enrolments");
                limits.end();
                most
            },
            consumers,
        };
        section.end();
        lti
    }

    fn consumer(&self, section: Section<'_>) -> Option<Consumer> {
        let secret = self.secret(&section, "secret", "secret_file");
        if secret.is_none() && !section.has("secret_file") && !section.has("secret") {
            section.fault("secret", "is missing: give the shared secret of this consumer");
        }
        let previous_secret = self.secret(&section, "previous_secret", "previous_secret_file");
        let mut frame_ancestors = Vec::new();
        for (source, _) in section.texts("frame_ancestors") {
            if is_frame_ancestor(&source) {
                frame_ancestors.push(source);
            } else {
                section.fault("frame_ancestors", format!(
                    "holds {source:?}, which is no origin such as https://canvas.school.example or https://*.school.example"
                ));
            }
        }
        let contact = contact(&section);
        section.end();
        Some(Consumer { secret: secret?, previous_secret, frame_ancestors, contact })
    }

    fn store(&self, root: &Section<'_>) -> String {
        let url = root.text("store").unwrap_or_else(|| "sqlite://otrbot.db".to_owned());
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            self.find_secrets_of_store(&url);
            return url;
        }
        match url.strip_prefix("sqlite://") {
            Some("") | None => {
                root.fault("store", "must be sqlite://FILE or postgres://USER@HOST/DATABASE");
                url
            }
            Some(path) => format!("sqlite://{}", self.path(path).display()),
        }
    }

    fn read_secret(
        &self,
        section: &Section<'_>,
        key: &'static str,
        path: &Path,
    ) -> Option<SecretString> {
        let secret = match secrets::read(path) {
            Ok(secret) => secret,
            // What else is wrong with the file was said already.
            Err(None) => return None,
            Err(Some(why)) => {
                section.fault(key, format!("names {}, which {why}", path.display()));
                return None;
            }
        };
        if key != PAGE_KEY {
            match secrets::look(secrecy::ExposeSecret::expose_secret(&secret)) {
                Look::Fine => {}
                Look::Doubt(what) => {
                    section.doubt(key, format!("names {}, which {what}", path.display()));
                }
                Look::Fault(what) => {
                    section.fault(key, format!("names {}, which {what}", path.display()));
                    return None;
                }
            }
        }
        self.holds_secret(path);
        Some(secret)
    }

    fn holds_secret(&self, file: &Path) {
        self.secret_files.borrow_mut().insert(file.to_owned());
    }

    /// A password may stand in the URL of a server, which may name a key.
    fn find_secrets_of_store(&self, url: &str) {
        let Ok(url) = Url::parse(url) else { return };
        if url.password().is_some() {
            self.holds_secret(self.file);
        }
        for (key, value) in url.query_pairs() {
            match &*key {
                "password" => self.holds_secret(self.file),
                "sslkey" | "ssl-key" => self.holds_secret(Path::new(&*value)),
                _ => {}
            }
        }
    }
}

fn format_strings(root: &Section<'_>) -> BTreeMap<String, String> {
    default_format_strings().chain(root.text_map("format_strings")).collect()
}

/// What `format_strings` has without settings.
pub(super) fn default_format_strings() -> impl Iterator<Item = (String, String)> {
    let defaults = [
        ("bot_title", "OTR Bot"),
        ("bot_description", "This is an instance of the OTR Bot."),
        ("project_name", "Totem"),
        ("bot_alias", "Marvin"),
    ];
    defaults.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned()))
}

/// How long what is stored is kept. `null`: for ever.
fn retention(section: Section<'_>) -> Retention {
    let days = |key: &'static str, usual: u32| {
        if section.is_null(key) {
            None
        } else {
            Some(section.number(key, usual, 1..=36_500, "days"))
        }
    };
    let usual = Retention::default();
    let keep = Retention {
        sessions: days("sessions", usual.sessions.unwrap_or(7)),
        enrolments: days("enrolments", usual.enrolments.unwrap_or(400)),
    };
    section.end();
    keep
}

fn session(section: Section<'_>) -> SessionTimes {
    let times = SessionTimes {
        warning_timeout: seconds(&section, "warning_timeout", 1500, 1..=LONGEST_WAIT),
        session_timeout: seconds(&section, "session_timeout", 1800, 1..=LONGEST_WAIT),
        check_interval: seconds(&section, "check_interval", 60, 1..=3600),
    };
    if times.session_timeout <= times.warning_timeout {
        section.fault("session_timeout", "must be larger than session.warning_timeout");
    }
    section.end();
    times
}

fn typing(section: Section<'_>) -> Typing {
    let typing = Typing {
        scheduled: section.flag("scheduled", true),
        speed: section.number("speed", 20, 1..=10_000, "characters a second"),
    };
    section.end();
    typing
}
