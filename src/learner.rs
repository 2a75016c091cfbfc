//! `otrbot learner`: the other end of the lesson, over a real server and with real OTR, for trying
//! the bot and for load. What a person would type stands in a script, a line each, or is typed:
//! [`cli::LEARNER_SCRIPT`].
//!
//! With `--count N` so many learners take the lesson at once, each with its own account, and a
//! table says how long the steps took: from the end of one `/wait` to the end of the next.

mod many;
mod persistence;
mod person;
mod script;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use secrecy::SecretString;

use self::person::Learner;
use crate::{cli, failure::Failure, files, records::argument, settings::Settings};

/// The authorities of the system.
const SYSTEM_CA_CERTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What stands in a template for the number of a learner.
const NUMBER: &str = "{n}";

/// Most bytes of a file of these arguments.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Takes a lesson, or many at once. The authorities are those of the settings, if there are any and
/// the arguments name none.
///
/// # Errors
///
/// A [`Failure`]: an argument, the login, or the step of the script that was waited for in vain.
pub fn run(arguments: &cli::Learner, settings: Option<PathBuf>) -> Result<(), Failure> {
    let authorities = authorities(arguments.ca_certs.as_deref(), settings)?;
    let mut runtime = if arguments.count.is_some() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build().context("cannot start the runtime")?;
    match arguments.count {
        None => runtime.block_on(take(arguments, &authorities)),
        Some(count) => runtime.block_on(many::take(arguments, &authorities, count.get())),
    }
}

async fn take(arguments: &cli::Learner, authorities: &Authorities) -> Result<(), Failure> {
    if arguments.jid.contains(NUMBER) {
        return Err(Failure::InvalidArgument(format!(
            "--jid {}: {NUMBER} stands for the number of a learner and needs --count",
            arguments.jid
        )));
    }
    let script = match arguments.script.as_deref() {
        Some(path) if path.as_os_str() != "-" => Some(read(path, "--script")?),
        Some(_) | None => None,
    };
    let mut learner = start(arguments, authorities, None, true)?;
    learner.log_in().await?;
    let name = name_of(arguments.script.as_deref());
    let result = match script {
        Some(text) => learner.follow(text.as_bytes(), &name).await,
        None => learner.follow(tokio::io::stdin(), &name).await,
    };
    learner.log_out().await;
    result
}

/// Starts the stream of a learner; `number` takes the place of `{n}` in the arguments.
fn start(
    arguments: &cli::Learner,
    authorities: &Authorities,
    number: Option<u32>,
    is_aloud: bool,
) -> Result<Learner, Failure> {
    let filled = |template: &str| match number {
        Some(number) => template.replace(NUMBER, &number.to_string()),
        None => template.to_owned(),
    };
    let jid = filled(&arguments.jid);
    let jid =
        argument(&jid).map_err(|why| Failure::InvalidArgument(format!("--jid {jid:?}: {why}")))?;
    let file = PathBuf::from(filled(&arguments.password_file.to_string_lossy()));
    let password = read(&file, "--password-file")?;
    let account = xmpp::Account {
        jid,
        resource: "otrbot-learner".to_owned(),
        password: password.trim_end_matches(['\r', '\n']).to_owned().into(),
        server: arguments.server.clone(),
        allow_plain_text: false,
        tls: xmpp::Tls {
            enabled: true,
            min_version: xmpp::TlsVersion::V1_2,
            cipher_suites: Vec::new(),
            ca_certs: authorities.file.clone(),
        },
    };
    let (commands, events) = xmpp::start(account).map_err(|error| match &authorities.settings {
        Some(settings) => Failure::BadSetting(format!("{}: {error}", settings.display())),
        None => Failure::InvalidArgument(error.to_string()),
    })?;
    let secret = SecretString::from(filled(&arguments.secret));
    let mut learner = Learner::new(&arguments.bot, secret, commands, events, is_aloud);
    if arguments.persistent {
        learner.persist();
    }
    if let Some(template) = &arguments.number {
        learner.knows_number(filled(template));
    }
    Ok(learner)
}

/// A text file that an option names.
fn read(path: &Path, option: &str) -> Result<String, Failure> {
    files::read_text(path, MAX_FILE_BYTES).map_err(|why| {
        Failure::InvalidArgument(format!("{option}: the file {} {why}", path.display()))
    })
}

/// What messages call a script.
fn name_of(script: Option<&Path>) -> String {
    script
        .filter(|path| path.as_os_str() != "-")
        .map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}

/// Who may vouch for the server.
#[derive(Clone)]
struct Authorities {
    /// `None`: nobody has to, for a server on this machine.
    file: Option<PathBuf>,
    /// The settings that say so.
    settings: Option<PathBuf>,
}

/// Those of the option, else of the settings, else of the system.
fn authorities(option: Option<&Path>, settings: Option<PathBuf>) -> Result<Authorities, Failure> {
    if let Some(file) = option {
        return Ok(Authorities { file: Some(file.to_owned()), settings: None });
    }
    let is_named = settings.is_some();
    let file = Settings::choose_file(settings);
    let why = match Settings::load(&file) {
        Ok(settings) => {
            return Ok(Authorities { file: settings.tls.ca_certs, settings: Some(settings.file) });
        }
        Err(error) if is_named => return Err(error.into()),
        Err(error) => error.to_string(),
    };
    // Without settings nobody expects theirs. Those that are there are often closed to a person.
    if file.exists() {
        // That it cannot be shown is no reason to stop.
        drop(writeln!(
            std::io::stderr(),
            "otrbot: the authorities are the system's, as the settings cannot be used; --ca-certs \
             names others: {why}"
        ));
    }
    Ok(Authorities { file: Some(PathBuf::from(SYSTEM_CA_CERTS)), settings: None })
}
