//! From the settings to what the parts are made of. Every fault is collected, so that `check`
//! prints them all.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use gettext::{Catalogs, SharedCatalogs};
use jid::BareJid;
use lti::{Consumers, token::TokenKey};
use otr::{identity::SigningKey, policy::Policy};
use secrecy::{ExposeSecret as _, SecretString};

use super::unworkable;
use crate::{
    actors::{
        lti::GatewayConfig,
        registry::{KnownLearner, factory::SessionFactory},
    },
    cli,
    drawing::previews::{Previews, SharedPreviews},
    failure::Failure,
    files::{self, Unreadable},
    http::{
        PagesConfig,
        assets::{Assets, SharedAssets},
    },
    i18n, keys,
    lesson::Library,
    records::{Person, Progress, bare_jid},
    session::{Seal, Snapshot, Typing, listening::AllEars},
    settings::{Component, Settings, TlsVersion},
    store::{KnownRow, Limits, Store, StoreError, Write},
};

/// The resource that the bot logs in with. A fixed one: a new process takes the place of a stale
/// connection at once.
const RESOURCE: &str = "otrbot";

/// The largest file of a password, in bytes.
const LARGEST_PASSWORD: u64 = 64 * 1024;

/// The settings with the account that was chosen: all that the daemon is made of.
#[derive(Debug)]
pub struct Assembly {
    pub(super) settings: Settings,
    pub(super) jid: BareJid,
    pub(super) way_in: WayIn,
    /// The long-term key that every learner meets; `None`: a fresh one for each session.
    fixed_key: Option<Arc<SigningKey>>,
    /// The same as long as the process lives, at the least.
    seal: Seal,
    /// The bot's picture.
    pub(super) avatar: Option<Arc<xmpp::Avatar>>,
}

/// How the bot gets to its server.
#[derive(Clone, Debug)]
pub(super) enum WayIn {
    Account(xmpp::Account),
    Component(xmpp::Component),
}

impl WayIn {
    /// Where that is, for people.
    pub(super) fn server(&self) -> String {
        match self {
            Self::Account(account) => {
                account.server.clone().unwrap_or_else(|| account.jid.domain().to_string())
            }
            Self::Component(component) => component.server.clone(),
        }
    }
}

impl Assembly {
    /// Chooses the account and checks what the settings name.
    ///
    /// # Errors
    ///
    /// A [`Failure`] that names the argument or the key at fault.
    pub fn new(settings: Settings, arguments: &cli::Run) -> Result<Self, Failure> {
        let file = settings.file.display();
        for doubt in &settings.doubts {
            log::warn!("{doubt}");
        }
        if let Some(doubt) = unworkable::public_url(&settings) {
            log::warn!("{doubt}");
        }
        let component = settings.xmpp.component.as_ref();
        let chosen = component
            .filter(|component| arguments.jid.as_ref().is_none_or(|jid| *jid == component.jid));
        if let Some(component) = chosen {
            return Self::of_component(component.clone(), settings, arguments);
        }
        let jid = match (&arguments.jid, &settings.xmpp.default_account) {
            (Some(jid), _) | (None, Some(jid)) => jid.clone(),
            (None, None) => {
                return Err(Failure::BadSetting(format!(
                    "{file}: xmpp.default_account: is missing; name an account there or with --jid"
                )));
            }
        };
        let Some(account) = settings.xmpp.accounts.get(&jid) else {
            return Err(Failure::InvalidArgument(format!(
                "--jid {jid}: is not among xmpp.accounts of {file}; add it there"
            )));
        };
        let password = match &arguments.password_file {
            Some(path) => read_password(path)?,
            None => account.password.clone().ok_or_else(|| {
                Failure::BadSetting(format!(
                    "{file}: xmpp.accounts.{jid}.password: is missing; give it there, in password_file, or with --password-file"
                ))
            })?,
        };
        let avatar = avatar(&settings, &jid)?.map(Arc::new);
        let fixed_key = fixed_key(&settings, &jid, arguments.key_file.as_deref())?;
        let way_in = WayIn::Account(xmpp::Account {
            jid: jid.clone(),
            resource: RESOURCE.to_owned(),
            password,
            server: account.server.clone(),
            allow_plain_text: account.allow_plain_text,
            tls: tls(&settings)?,
        });
        let assembly = Self { seal: seal(&settings), settings, jid, way_in, fixed_key, avatar };
        assembly.factory(Catalogs::default())?;
        Ok(assembly)
    }

    fn of_component(
        component: Component,
        settings: Settings,
        arguments: &cli::Run,
    ) -> Result<Self, Failure> {
        if arguments.password_file.is_some() {
            let text =
                "--password-file: a component has no password; its secret stands in xmpp.component";
            return Err(Failure::InvalidArgument(text.to_owned()));
        }
        let Component { jid, secret, server } = component;
        let fixed_key = fixed_key(&settings, &jid, arguments.key_file.as_deref())?;
        let resource = RESOURCE.to_owned();
        let way_in =
            WayIn::Component(xmpp::Component { jid: jid.clone(), resource, secret, server });
        let assembly =
            Self { seal: seal(&settings), settings, jid, way_in, fixed_key, avatar: None };
        assembly.factory(Catalogs::default())?;
        Ok(assembly)
    }

    /// Reads lessons and locales, and makes what opens sessions.
    ///
    /// # Errors
    ///
    /// [`Failure::BadSetting`] with every fault of the lessons, a line each.
    pub fn factory(&self, catalogs: Catalogs) -> Result<SessionFactory, Failure> {
        let settings = &self.settings;
        let lessons = lessons(settings).map_err(|faults| Failure::BadSetting(faults.join("\n")))?;
        let Some(default_lesson) = lessons.find(&settings.lessons.default) else {
            return Err(Failure::BadSetting(no_default_lesson(settings)));
        };
        Ok(SessionFactory {
            ears: AllEars::of(&lessons, &catalogs),
            lessons,
            default_lesson,
            catalogs,
            default_locale: settings.default_locale.clone(),
            variables: Arc::new(settings.format_strings.clone()),
            policy: policy(settings),
            may_start_smp: settings.otr.may_start_smp,
            default_secret: settings.otr.default_secret.clone(),
            seal: self.seal.clone(),
            typing: Typing {
                scheduled: settings.typing.scheduled,
                chars_per_second: settings.typing.speed,
            },
            warning_timeout: settings.session.warning_timeout,
            session_timeout: settings.session.session_timeout,
            fixed_key: self.fixed_key.clone(),
            contacts: settings.contacts(),
            has_pages: settings.lti.enabled,
        })
    }

    /// Who may talk to the bot already: from the settings and from the store.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn known_learners(&self, store: &Store) -> Result<Vec<KnownLearner>, StoreError> {
        let mut rows = store.known().await?;
        let patience = self.settings.session.session_timeout.as_secs_f64();
        let mut known = Vec::with_capacity(rows.len());
        let mut listed = self.settings.xmpp.whitelist.clone();
        let unreadable = rows.iter().filter(|row| row.is_unreadable);
        // It may hold a secret, and nobody can use it any more.
        let unreadable: Vec<_> = unreadable.map(ended).collect();
        if !unreadable.is_empty() {
            let n = unreadable.len();
            log::warn!(n = n; "{n} sessions were kept by another version, and begin anew");
            for some in unreadable.chunks(256) {
                store.write_behind(some).await?;
            }
        }
        // Who opened their assignment last is whom the chat follows.
        let opened_at = |row: &KnownRow| row.enrolment.as_ref().map_or(0, |one| one.opened_at);
        rows.sort_by_cached_key(opened_at);
        let contested = contested(&rows);
        for KnownRow { jid, enrolment, snapshot, is_unreadable: _, saved_at } in rows {
            let is_contested = contested.contains(&jid);
            let Some(jid) = bare_jid(&jid) else { continue };
            let on_list = enrolment.is_none().then(|| listed.remove(&jid)).flatten();
            let progress = enrolment.as_ref().map_or(Progress::Invited, |known| known.progress);
            // Who passed comes back by way of the LMS, for another session; and so does whoever is
            // neither enrolled nor listed any more.
            let is_welcome = match &enrolment {
                None => on_list.is_some(),
                Some(_) => progress != Progress::Done || snapshot.is_some(),
            };
            if !is_welcome {
                continue;
            }
            let id = enrolment.as_ref().map(|known| known.id.clone());
            let is_proven = enrolment.as_ref().is_some_and(|known| known.is_proven);
            let person = enrolment
                .as_ref()
                .and_then(|known| Person::of(&known.consumer_key, &known.user_id));
            let title = enrolment.as_ref().and_then(|known| known.title.clone());
            let consumer = enrolment.as_ref().map(|known| known.consumer_key.clone());
            let (locale, lesson) = match (on_list, enrolment) {
                (Some(listed), _) => (listed.locale, listed.lesson),
                (None, Some(enrolment)) => (enrolment.locale, enrolment.lesson),
                (None, None) => (None, None),
            };
            let silent = unix_now() - f64::from(u32::try_from(saved_at).unwrap_or(u32::MAX));
            let has_begun = snapshot.as_ref().is_some_and(Snapshot::has_begun);
            known.push(KnownLearner {
                jid,
                enrolment: id,
                is_proven,
                is_contested,
                person,
                locale,
                lesson,
                title,
                consumer,
                progress,
                kept: snapshot.map(|kept| Arc::new(kept.opened_by(&self.seal))),
                was_open: has_begun && silent < patience,
            });
        }
        known.extend(listed.into_iter().map(|(jid, listed)| KnownLearner {
            jid,
            enrolment: None,
            is_proven: false,
            is_contested: false,
            person: None,
            locale: listed.locale,
            lesson: listed.lesson,
            title: None,
            consumer: None,
            progress: Progress::Invited,
            kept: None,
            was_open: false,
        }));
        Ok(known)
    }

    /// What one platform may have stored.
    pub fn limits(&self) -> Limits {
        Limits { enrolments_per_platform: self.settings.lti.enrolments_per_platform }
    }

    /// One of the format strings.
    pub fn variable(&self, name: &str) -> String {
        self.settings.format_strings.get(name).cloned().unwrap_or_default()
    }

    /// The consumers that may launch.
    pub fn consumers(&self) -> Consumers {
        let mut consumers = Consumers::default();
        for (key, known) in &self.settings.lti.consumers {
            consumers.add(key.clone(), known.secret.clone());
            if let Some(previous) = &known.previous_secret {
                consumers.add(key.clone(), previous.clone());
            }
            consumers.set_frame_ancestors(key, known.frame_ancestors.clone());
        }
        consumers
    }
}

impl Assembly {
    /// What the gateway is told by the settings.
    pub(super) fn gateway(&self) -> GatewayConfig {
        let lti = &self.settings.lti;
        let token_key = if let Some(key) = &lti.secret_key {
            TokenKey::from_secret(key.expose_secret().as_bytes())
        } else {
            log::warn!(
                "lti.secret_key_file is not set: after a restart pages that are open now ask to be \
                 opened again, and a shared secret that was not used yet to be typed again"
            );
            TokenKey::from_secret(&crate::actors::ambient::random_bytes::<32>())
        };
        GatewayConfig {
            public_url: lti.public_url.clone(),
            authenticate: lti.authenticate,
            nonce_window: i64::try_from(lti.nonce_window.as_secs()).unwrap_or(i64::MAX),
            consumers: self.consumers(),
            token_key,
            bot_jid: self.jid.clone(),
            invitations: lti.invitations,
        }
    }

    /// What the pages say of this bot.
    pub(super) fn pages(
        &self,
        catalogs: SharedCatalogs,
        previews: SharedPreviews,
        assets: SharedAssets,
    ) -> PagesConfig {
        let lti = &self.settings.lti;
        PagesConfig {
            public_url: lti.public_url.clone(),
            authenticate: lti.authenticate,
            css_url: lti.css_url.clone(),
            bot_jid: self.jid.to_string(),
            bot_title: self.variable("bot_title"),
            bot_description: self.variable("bot_description"),
            project_name: self.variable("project_name"),
            bot_alias: self.variable("bot_alias"),
            keeps_key: self.fixed_key.is_some(),
            contacts: self.settings.contacts(),
            catalogs,
            previews,
            assets,
        }
    }

    /// The files of the pages; what is wrong with one is logged.
    pub(super) fn assets(&self) -> Assets {
        let (assets, problems) = Assets::load(self.settings.static_folder.as_deref());
        for problem in problems {
            log::warn!("{problem}");
        }
        assets
    }

    /// Drawings of the lessons that a factory has.
    pub(super) fn previews(&self, factory: &SessionFactory) -> Previews {
        let settings = &self.settings;
        Previews::new(&factory.lessons, &settings.lessons.default, &settings.format_strings)
    }

    /// The languages; what is wrong with one is logged, and the others go on. Where there were
    /// languages before, one whose file is faulty now stays as it was.
    pub(super) fn catalogs(&self, before: Option<&Catalogs>) -> Catalogs {
        let (mut catalogs, problems) = i18n::load(self.settings.locales_folder.as_deref());
        for problem in &problems {
            log::warn!("{problem}");
        }
        if let Some(before) = before {
            let kept = catalogs.keep_broken(before);
            let faults: Vec<String> =
                problems.iter().filter(|p| !p.is_doubt()).map(ToString::to_string).collect();
            if !kept.is_empty() {
                log::error!(
                    "SIGHUP: {}: the older texts go on, until the faults are mended and SIGHUP comes \
                     again: {}",
                    kept.join(", "),
                    faults.join("; ")
                );
            }
        }
        if !catalogs.set_default(&self.settings.default_locale) {
            log::warn!("{}", unworkable::no_texts(&self.settings, &catalogs));
        }
        catalogs
    }
}

/// The Jabber IDs that more than one person claims.
fn contested(rows: &[KnownRow]) -> HashSet<String> {
    let mut owners = HashMap::new();
    let mut contested = HashSet::new();
    for row in rows {
        let Some(enrolment) = &row.enrolment else { continue };
        let person = Person::of(&enrolment.consumer_key, &enrolment.user_id);
        // Somebody without an id is nobody else.
        let owner = person.ok_or(&enrolment.id);
        if owners.entry(&row.jid).or_insert_with(|| owner.clone()) != &owner {
            contested.insert(row.jid.clone());
        }
    }
    contested
}

/// That somebody's session is over.
fn ended(row: &KnownRow) -> Write {
    let enrolment = row.enrolment.as_ref().map(|known| known.id.clone());
    Write::Session { jid: row.jid.clone(), enrolment, snapshot: None, at: 0 }
}

/// What seals the shared secrets that the store keeps.
fn seal(settings: &Settings) -> Seal {
    match &settings.lti.secret_key {
        Some(key) => Seal::from_secret(key.expose_secret().as_bytes()),
        None => Seal::from_secret(&crate::actors::ambient::random_bytes::<32>()),
    }
}

/// The key that the command line names, else the one that the settings name for the account.
fn fixed_key(
    settings: &Settings,
    jid: &BareJid,
    given: Option<&Path>,
) -> Result<Option<Arc<SigningKey>>, Failure> {
    let named = settings.xmpp.accounts.get(jid).and_then(|account| account.private_key.as_deref());
    let Some(path) = given.or(named) else { return Ok(None) };
    let keys::Chosen { key, notes } = keys::choose(path, jid)?;
    for note in notes {
        log::warn!("{note}");
    }
    log::info!(
        "every learner meets the key of {}, fingerprint {}",
        path.display(),
        key.public_key().fingerprint()
    );
    Ok(Some(key))
}

/// The picture that the settings name for an account.
pub(super) fn avatar(settings: &Settings, jid: &BareJid) -> Result<Option<xmpp::Avatar>, Failure> {
    let named = settings.xmpp.accounts.get(jid).and_then(|account| account.avatar_file.as_ref());
    let Some((path, line)) = named else { return Ok(None) };
    xmpp::Avatar::load(path).map(Some).map_err(|error| {
        let (file, path) = (settings.file.display(), path.display());
        Failure::BadSetting(format!(
            "{file}:{line}: xmpp.accounts.{jid}.avatar_file: {path} {error}"
        ))
    })
}

/// All lessons, or every fault in them.
pub(super) fn lessons(settings: &Settings) -> Result<Library, Vec<String>> {
    let variables: Vec<&str> = settings.format_strings.keys().map(String::as_str).collect();
    let (lessons, problems) = Library::load(settings.lessons.folder.as_deref(), &variables);
    if problems.is_empty() {
        return Ok(lessons);
    }
    Err(problems.iter().map(ToString::to_string).collect())
}

pub(super) fn no_default_lesson(settings: &Settings) -> String {
    let what = format!("there is no lesson named {:?}", settings.lessons.default);
    settings.fault("lessons.default", what).to_string()
}

fn policy(settings: &Settings) -> Policy {
    let flags = settings.otr.policy;
    Policy {
        allow_v2: flags.allow_v2,
        allow_v3: flags.allow_v3,
        require_encryption: flags.require_encryption,
        send_tag: flags.send_tag,
        whitespace_start_ake: flags.whitespace_start_ake,
        error_start_ake: flags.error_start_ake,
    }
}

/// The TLS settings as the stream wants them.
pub(super) fn tls(settings: &Settings) -> Result<xmpp::Tls, Failure> {
    let mut cipher_suites = Vec::new();
    let mut faults = Vec::new();
    let file = settings.file.display();
    for (name, line) in &settings.tls.cipher_list {
        match xmpp::parse_cipher(name) {
            Ok(suite) => cipher_suites.push(suite),
            Err(why) => faults.push(format!("{file}:{line}: tls.cipher_list: {name:?}: {why}")),
        }
    }
    let min_version = match settings.tls.version {
        TlsVersion::V1_2 => xmpp::TlsVersion::V1_2,
        TlsVersion::V1_3 => xmpp::TlsVersion::V1_3,
    };
    if faults.is_empty() && !xmpp::has_cipher_for(min_version, &cipher_suites) {
        let line = settings.tls.cipher_list.first().map_or(1, |(_, line)| *line);
        faults.push(format!(
            "{file}:{line}: tls.cipher_list: has no cipher of TLSv1.3, the least version of \
             tls.version; add TLS_AES_256_GCM_SHA384 or leave the list empty"
        ));
    }
    if !faults.is_empty() {
        return Err(Failure::BadSetting(faults.join("\n")));
    }
    look_at_authorities(settings)?;
    Ok(xmpp::Tls {
        enabled: settings.tls.enabled,
        min_version,
        cipher_suites,
        ca_certs: settings.tls.ca_certs.clone(),
    })
}

/// Whether the file of `tls.ca_certs` can be used, if it is needed.
fn look_at_authorities(settings: &Settings) -> Result<(), Failure> {
    // A component's stream has no TLS.
    if !settings.tls.enabled || settings.xmpp.component.is_some() {
        return Ok(());
    }
    let Some(path) = &settings.tls.ca_certs else { return Ok(()) };
    let fault = |why: String| {
        settings.fault("tls.ca_certs", format!("the file {} {why}", path.display())).to_string()
    };
    let content = files::read_bytes(path, xmpp::MAX_AUTHORITIES_BYTES).map_err(|why| {
        let remedy = if matches!(why, Unreadable::Forbidden { .. }) {
            "; copy the certificate, without a key, to a file that it may read, such as one in \
             /etc/otrbot, and name that"
        } else {
            ""
        };
        Failure::MissingDependency(fault(format!("{why}{remedy}")))
    })?;
    xmpp::check_authorities(&content).map_err(|why| Failure::BadSetting(fault(why.to_owned())))
}

fn read_password(path: &Path) -> Result<SecretString, Failure> {
    let text = files::read_text(path, LARGEST_PASSWORD).map_err(|why| {
        Failure::InvalidArgument(format!("--password-file: {} {why}", path.display()))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

/// One thread for each core: sessions compute in place.
pub(super) fn n_session_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Seconds since 1970, now.
#[expect(clippy::disallowed_methods, reason = "the daemon's edge reads the clock")]
fn unix_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
