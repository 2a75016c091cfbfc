//! `otrbot learner`: the other end of the lesson, over a real server and with real OTR, for trying
//! the bot and for load. What a person would type stands in a script, a line each, or is typed:
//!
//! ```text
//! hello                  a line without a slash is said to the bot
//! /otr                   asks for a private conversation, unless it is private already
//! /smp                   verifies the bot with the shared secret (/smp ask QUESTION: with a question)
//! /abort                 breaks off the verification
//! /end                   ends the private conversation
//! /wait private          waits until the conversation is private
//! /wait verified         waits until the verification succeeded
//! /wait secret           waits for a bot secret in the chat and prints it alone on a line
//! /wait plain            waits until the conversation is no longer private
//! /wait text WORDS       waits until the bot says these words
//! /pause SECONDS         does nothing for a while
//! /quit                  ends
//! ```
//!
//! With `--count N` so many learners take the lesson at once, each with its own account, and a
//! table says how long the steps took: from the end of one `/wait` to the end of the next.

mod many;
mod persistence;
mod person;
mod script;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use secrecy::SecretString;

use self::person::Learner;
use crate::{cli, failure::Failure, files, records::argument};

/// What stands in a template for the number of a learner.
const NUMBER: &str = "{n}";

/// The largest file of a password, in bytes.
const LARGEST_PASSWORD: u64 = 64 * 1024;

/// Takes a lesson, or many at once.
///
/// # Errors
///
/// A [`Failure`]: an argument, the login, or the step of the script that was waited for in vain.
pub fn run(arguments: &cli::Learner) -> Result<(), Failure> {
    let mut runtime = if arguments.count.is_some() {
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let runtime = runtime.enable_all().build().context("cannot start the runtime")?;
    match arguments.count {
        None => runtime.block_on(take(arguments)),
        Some(count) => runtime.block_on(many::take(arguments, count.get())),
    }
}

async fn take(arguments: &cli::Learner) -> Result<(), Failure> {
    if arguments.jid.contains(NUMBER) {
        return Err(Failure::InvalidArgument(format!(
            "--jid {}: {NUMBER} stands for the number of a learner and needs --count",
            arguments.jid
        )));
    }
    let mut learner = start(arguments, None, true)?;
    learner.log_in().await?;
    let result = match &arguments.script {
        Some(path) if path.as_os_str() != "-" => {
            let file = tokio::fs::File::open(path).await.map_err(|e| unreadable(path, &e))?;
            learner.follow(file).await
        }
        Some(_) | None => learner.follow(tokio::io::stdin()).await,
    };
    learner.log_out().await;
    result
}

/// Starts the stream of a learner; `number` takes the place of `{n}` in the arguments.
fn start(
    arguments: &cli::Learner,
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
    let password = files::read_text(&file, LARGEST_PASSWORD).map_err(|why| {
        Failure::InvalidArgument(format!("--password-file: {} {why}", file.display()))
    })?;
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
            ca_certs: Some(arguments.ca_certs.clone().unwrap_or_else(system_ca_certs)),
        },
    };
    let (commands, events) =
        xmpp::start(account).map_err(|error| Failure::InvalidArgument(error.to_string()))?;
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

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::InvalidArgument(format!("--script: cannot read {}: {error}", path.display()))
}

fn system_ca_certs() -> PathBuf {
    PathBuf::from("/etc/ssl/certs/ca-certificates.crt")
}
