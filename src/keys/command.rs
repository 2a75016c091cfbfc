//! `otrbot keys`: makes, shows and moves long-term keys.

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    slice,
    sync::Arc,
};

use anyhow::Context as _;
use otr::{
    identity::SigningKey,
    key_file::{Account, AccountError, KeyFile, LeftOut},
};

use super::{
    JABBER, Loaded, Place, broken, naming::is_of, naming::names, no_account, only_one, read, shown,
    update,
};

use crate::{
    cli::{ExportKeys, GenerateKey, ImportKeys, Keys, Overwrite, ShowFingerprints, WhichKeys},
    failure::Failure,
    records::argument,
    settings::{Settings, SettingsError},
};

/// Carries out a command. The settings are read only where it leaves an account or a file open.
///
/// # Errors
///
/// A [`Failure`] that names the file and the account.
pub fn run(command: &Keys, settings_file: &Path) -> Result<(), Failure> {
    match command {
        Keys::Generate(arguments) => generate(arguments, settings_file),
        Keys::Fingerprint(arguments) => fingerprint(arguments, settings_file),
        Keys::Import(arguments) => import(arguments, settings_file),
        Keys::Export(arguments) => export(arguments, settings_file),
    }
}

fn generate(arguments: &GenerateKey, settings_file: &Path) -> Result<(), Failure> {
    let GenerateKey { account, protocol, key_file, overwrite } = arguments;
    let (name, path) = match (account, key_file) {
        (Some(name), Some(path)) => (name.clone(), path.clone()),
        (name, path) => {
            let defaults = Defaults::load(settings_file)?;
            let name = defaults.account(name.as_deref())?;
            let path = path.clone().map_or_else(|| defaults.key_file(&name), Ok)?;
            (name, path)
        }
    };
    let name = if protocol == JABBER { jabber_id("--account", &name)? } else { name };
    let key = Arc::new(SigningKey::generate(&mut rand::make_rng::<rand::rngs::StdRng>()));
    let account = Account::new(&name, protocol, key)
        .map_err(|why| Failure::InvalidArgument(format!("--account, --protocol: {why}")))?;
    update(&path, |file| add(file, &path, slice::from_ref(&account), *overwrite))?;
    print_fingerprints(&[account]);
    Ok(())
}

/// The Jabber ID that an option gives.
fn jabber_id(option: &str, name: &str) -> Result<String, Failure> {
    let jid = argument(name).map_err(|why| {
        let or = if option == "--account" { ", or name another --protocol" } else { "" };
        Failure::InvalidArgument(format!(
            "{option} {}: {}; give a Jabber ID such as bot@example.org{or}",
            shown(name),
            why.what()
        ))
    })?;
    Ok(jid.to_string())
}

fn fingerprint(arguments: &ShowFingerprints, settings_file: &Path) -> Result<(), Failure> {
    let ShowFingerprints { key_file, which } = arguments;
    let (_, accounts) = select(key_file.as_deref(), which, settings_file)?;
    print_fingerprints(&accounts);
    Ok(())
}

fn import(arguments: &ImportKeys, settings_file: &Path) -> Result<(), Failure> {
    let ImportKeys { from, which, rename, key_file, overwrite } = arguments;
    let name = rename.as_deref().map(|name| jabber_id("--as", name)).transpose()?;
    let to = match (key_file, &name) {
        (Some(path), _) => path.clone(),
        (None, Some(name)) => Defaults::load(settings_file)?.key_file(name)?,
        (None, None) => Defaults::load(settings_file)?.key_file_of(which)?,
    };
    let (_, mut accounts) = select(Some(from), which, settings_file)?;
    if let Some(name) = name {
        accounts = vec![renamed(from, &accounts, &name)?];
    }
    update(&to, |file| add(file, &to, &accounts, *overwrite))?;
    print_fingerprints(&accounts);
    Ok(())
}

/// The account that is meant, under another name.
fn renamed(from: &Path, accounts: &[Account], name: &str) -> Result<Account, Failure> {
    let Some(account) = only_one(accounts) else {
        let accounts = accounts
            .iter()
            .map(|account| format!("{} ({})", shown(account.name()), shown(account.protocol())));
        let accounts: Vec<_> = accounts.collect();
        return Err(Failure::InvalidArgument(format!(
            "--as {name}: {} has several keys that could be meant, those of {}; say which with --account and --protocol",
            from.display(),
            accounts.join(", ")
        )));
    };
    Account::new(name, JABBER, Arc::clone(account.key()))
        .map_err(|why| Failure::InvalidArgument(format!("--as: {why}")))
}

fn export(arguments: &ExportKeys, settings_file: &Path) -> Result<(), Failure> {
    let ExportKeys { key_file, which, output, overwrite } = arguments;
    let (from, accounts) = select(key_file.as_deref(), which, settings_file)?;
    let mut file = KeyFile::new();
    for account in accounts {
        // They come from a file that has room for them.
        file.set(account).map_err(|why| cannot_add(&from, why))?;
    }
    let text = file.to_text();
    let Some(path) = output.as_deref().filter(|path| path.as_os_str() != "-") else {
        let mut stdout = io::stdout().lock();
        let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        return Ok(written.context("the standard output cannot be written")?);
    };
    let place = Place::lock(path)?;
    if path.exists() && !overwrite.force {
        return Err(Failure::InvalidArgument(format!(
            "{}: is there already; name another file, or replace it with --force",
            path.display()
        )));
    }
    place.replace(&text)
}

/// Adds the accounts, all or none.
fn add(
    file: &mut KeyFile,
    path: &Path,
    accounts: &[Account],
    overwrite: Overwrite,
) -> Result<(), Failure> {
    for account in accounts {
        let (name, protocol) = (account.name(), account.protocol());
        let is_other = |there: &Account| there.key().public_key() != account.key().public_key();
        // What is left out is a key, too, and might be mended.
        let is_left_out = file
            .left_out()
            .iter()
            .any(|part| (part.name(), part.protocol()) == (Some(name), Some(protocol)));
        let is_there = file.find(name, protocol).map_or(is_left_out, is_other);
        if is_there && !overwrite.force {
            return Err(Failure::InvalidArgument(format!(
                "{}: has a key for {} ({}) already; keep it, or replace it with --force",
                path.display(),
                shown(account.name()),
                shown(account.protocol())
            )));
        }
        // What is there already stays as it is, with what is left out beside it.
        if file.find(name, protocol).is_none_or(is_other) || overwrite.force {
            file.set(account.clone()).map_err(|why| cannot_add(path, why))?;
        }
    }
    Ok(())
}

fn cannot_add(path: &Path, why: AccountError) -> Failure {
    Failure::InvalidArgument(format!("{}: {why}", path.display()))
}

/// The accounts that are meant, and the file that they are in.
fn select(
    key_file: Option<&Path>,
    which: &WhichKeys,
    settings_file: &Path,
) -> Result<(PathBuf, Vec<Account>), Failure> {
    let path = match key_file {
        Some(path) => path.to_owned(),
        None => Defaults::load(settings_file)?.key_file_of(which)?,
    };
    let Loaded { file, warnings } = read(&path)?;
    for warning in warnings {
        // A warning that cannot be shown is no reason to stop.
        drop(writeln!(io::stderr(), "otrbot: warning: {warning}"));
    }
    let is_meant = |account: &&Account| {
        let WhichKeys { account: names, protocol } = which;
        (names.is_empty() || names.iter().any(|name| is_of(account, name)))
            && protocol.as_ref().is_none_or(|protocol| account.protocol() == protocol)
    };
    let accounts: Vec<Account> = file.accounts().iter().filter(is_meant).cloned().collect();
    for name in &which.account {
        if !accounts.iter().any(|account| is_of(account, name)) {
            let is_left_out = |known: &str| names(known, name);
            if file.left_out().iter().filter_map(LeftOut::name).any(is_left_out)
                && let Some(error) = broken(&path, &file, name)
            {
                return Err(error.into());
            }
            let error = no_account(&path, name, file.accounts());
            return Err(Failure::InvalidArgument(error.to_string()));
        }
    }
    if let (true, Some(protocol)) = (accounts.is_empty(), &which.protocol) {
        let wanted = format!("the protocol {protocol}");
        let error = no_account(&path, &wanted, file.accounts());
        return Err(Failure::InvalidArgument(error.to_string()));
    }
    if accounts.is_empty()
        && let Some(error) = broken(&path, &file, "")
    {
        return Err(error.into());
    }
    Ok((path, accounts))
}

/// A line for each: fingerprint, account, protocol.
fn print_fingerprints(accounts: &[Account]) {
    for account in accounts {
        let fingerprint = account.key().public_key().fingerprint();
        let (name, protocol) = (shown(account.name()), shown(account.protocol()));
        // A closed pipe is no fault of the keys.
        drop(writeln!(io::stdout(), "{fingerprint}  {name}  {protocol}"));
    }
}

/// What the settings say where the command line says nothing.
struct Defaults(Settings);

impl Defaults {
    fn load(settings_file: &Path) -> Result<Self, Failure> {
        let settings = Settings::load_before_keys(settings_file);
        settings.map(Self).map_err(|error| match error {
            SettingsError::NoFile { .. } => Failure::NoSettings(format!(
                "{error}; or say with --account and --key-file which key you mean"
            )),
            SettingsError::Faults { .. } => error.into(),
        })
    }

    /// The account of this name, else the default one.
    fn account(&self, given: Option<&str>) -> Result<String, Failure> {
        let default = self.0.xmpp.default_account.as_ref().map(ToString::to_string);
        given.map(str::to_owned).or(default).ok_or_else(|| {
            Failure::InvalidArgument(format!(
                "{}: xmpp.default_account: is missing; name the account there or with --account",
                self.0.file.display()
            ))
        })
    }

    /// The file that the settings name for an account.
    fn key_file(&self, account: &str) -> Result<PathBuf, Failure> {
        let Self(Settings { file, xmpp, .. }) = self;
        let named = argument(account).ok().and_then(|jid| xmpp.accounts.get(&jid));
        named.and_then(|account| account.private_key.clone()).ok_or_else(|| {
            Failure::InvalidArgument(format!(
                "{}: xmpp.accounts.{}.private_key: is not set; name a file of keys there or with --key-file",
                file.display(),
                shown(account)
            ))
        })
    }

    /// The file that the settings name for the accounts that are meant: one, or the default one.
    fn key_file_of(&self, which: &WhichKeys) -> Result<PathBuf, Failure> {
        self.key_file(&self.account(which.account.first().map(String::as_str))?)
    }
}
