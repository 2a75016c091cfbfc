//! Files of long-term keys on disk: read whole, changed under a lock, and replaced at once, so that
//! neither a power cut nor another process costs a key. The format is [`otr::key_file`]'s,
//! the commands are in [`command`].

pub mod command;
mod naming;

use std::{
    fmt::Write as _,
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use jid::BareJid;
use otr::{
    identity::SigningKey,
    key_file::{self, Account, Fault, KeyFile, KeyFileError, LeftOut},
};
use zeroize::Zeroizing;

use self::naming::{is_of, is_xmpp, names};
use crate::{failure::Failure, files::Unreadable};

/// What most programs call the protocol of Jabber accounts in files of keys (Pidgin's word).
pub const JABBER: &str = "prpl-jabber";

/// Parts that are left out of a file and told one by one.
const MAX_TOLD: usize = 16;

/// Permissions of others than the owner.
const OF_OTHERS: u32 = 0o077;
/// Permissions of a file that we write.
const OF_OWNER: u32 = 0o600;

/// Why a file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// It is not there.
    #[error(
        "{}: there is no such file of keys; make one with `otrbot keys generate`", file.display()
    )]
    Missing {
        /// The file.
        file: PathBuf,
    },
    /// The system does not let us read it.
    #[error("{}: {why}; let the user that runs otrbot read it", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        why: Unreadable,
    },
    /// It is not as libotr writes it.
    #[error(
        "{}:{}:{}: {}; restore the file, or make another with `otrbot keys generate`",
        file.display(), error.line, error.column, error.fault
    )]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        error: KeyFileError,
    },
    /// None of its accounts is the one that is wanted.
    #[error("{}: has no key for {wanted}; {}", file.display(), others(accounts))]
    NoAccount {
        /// The file.
        file: PathBuf,
        /// The account that is wanted.
        wanted: String,
        /// Those that are there.
        accounts: Vec<String>,
    },
}

fn others(accounts: &[String]) -> String {
    if accounts.is_empty() {
        "it has none; make one with `otrbot keys generate`".to_owned()
    } else {
        format!("it has those of {}", accounts.join(", "))
    }
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        let text = error.to_string();
        match error {
            KeysError::Missing { .. } => Self::MissingDependency(text),
            KeysError::Unreadable { .. }
            | KeysError::Broken { .. }
            | KeysError::NoAccount { .. } => Self::BadSetting(text),
        }
    }
}

/// A file that was read.
#[derive(Debug)]
pub struct Loaded {
    /// Its accounts.
    pub file: KeyFile,
    /// What its owner should know: others can read it, or a part of it is not used.
    pub warnings: Vec<String>,
}

/// Reads a file.
///
/// # Errors
///
/// [`KeysError`] if it is missing, cannot be read, or is broken.
pub fn read(path: &Path) -> Result<Loaded, KeysError> {
    let (text, mode) = read_bytes(path).map_err(|why| {
        let file = path.to_owned();
        let why = Unreadable::from_io(path, why);
        if why.is_absent() {
            KeysError::Missing { file }
        } else {
            KeysError::Unreadable { file, why }
        }
    })?;
    let file = KeyFile::parse(&text)
        .map_err(|error| KeysError::Broken { file: path.to_owned(), error })?;
    let open_to_others = (mode & OF_OTHERS != 0).then(|| {
        format!(
            "{file}: holds secret keys, and others than its owner have permissions on it; chmod 600 {file}",
            file = path.display()
        )
    });
    let left_out = file.left_out().iter().map(|part| left_out(path, part)).take(MAX_TOLD);
    let n_more = file.left_out().len().saturating_sub(MAX_TOLD);
    let others =
        (n_more > 0).then(|| format!("{}: {n_more} more parts are left out", path.display()));
    let warnings = open_to_others.into_iter().chain(left_out).chain(others).collect();
    Ok(Loaded { file, warnings })
}

/// What is said of a part that is not used.
fn left_out(path: &Path, part: &LeftOut) -> String {
    let KeyFileError { line, column, fault } = part.why();
    let what = match (part.name(), part.protocol()) {
        (Some(name), Some(protocol)) => {
            format!("the account {} ({})", shown(name), shown(protocol))
        }
        (Some(name), None) => format!("the account {}", shown(name)),
        (None, _) => "a part of the file".to_owned(),
    };
    format!("{}:{line}:{column}: {what} is left out: {fault}", path.display())
}

/// The bytes of a file, no more than a file of keys may have and one, and its permissions.
fn read_bytes(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, u32)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let most = key_file::MAX_BYTES.saturating_add(1);
    let len = usize::try_from(metadata.len()).unwrap_or(most).min(most);
    // A buffer that grows leaves copies of secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(len.saturating_add(1)));
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut bytes)?;
    Ok((bytes, metadata.permissions().mode() & 0o7777))
}

/// The key of one account, for sessions.
#[derive(Debug)]
pub struct Chosen {
    /// The key.
    pub key: Arc<SigningKey>,
    /// What the administrator should know.
    pub notes: Vec<String>,
}

/// The key of a Jabber account: that of the account of its name, or the only one of XMPP in the file.
///
/// # Errors
///
/// [`KeysError`] if the file cannot be used, has no such key, or has it with numbers that are none.
pub fn choose(path: &Path, jid: &BareJid) -> Result<Chosen, KeysError> {
    let Loaded { file, warnings: mut notes } = read(path)?;
    if let Some(account) = of_name(&file, jid.as_str()) {
        return Ok(Chosen { key: Arc::clone(account.key()), notes });
    }
    if let Some(error) = broken(path, &file, jid.as_str()) {
        return Err(error);
    }
    let Some(account) = only_one(file.accounts()) else {
        return Err(no_account(path, jid.as_str(), file.accounts()));
    };
    notes.push(format!(
        "{}: its only key is used, though it is that of another account, {}; \
         `otrbot keys import --account {} --as {jid}` gives it the right name",
        path.display(),
        shown(account.name()),
        shown(account.name()),
    ));
    Ok(Chosen { key: Arc::clone(account.key()), notes })
}

/// The account of this name. One person may have it in several programs, which call its protocol so
/// and so; what is of another network comes last.
fn of_name<'a>(file: &'a KeyFile, name: &str) -> Option<&'a Account> {
    let ours = file.accounts().iter().filter(|account| is_of(account, name));
    ours.min_by_key(|account| {
        let protocol = account.protocol();
        (protocol != JABBER, !is_xmpp(protocol), account.name() != name)
    })
}

/// The account that must be meant in a file that knows it by another name: the only one, or the only
/// one of XMPP.
fn only_one(accounts: &[Account]) -> Option<&Account> {
    if let [account] = accounts {
        return Some(account);
    }
    let mut of_xmpp = accounts.iter().filter(|account| is_xmpp(account.protocol()));
    of_xmpp.next().filter(|_| of_xmpp.next().is_none())
}

/// Why the account of this name cannot be used, or any of a file in which none can.
fn broken(path: &Path, file: &KeyFile, name: &str) -> Option<KeysError> {
    let mut parts = file.left_out().iter().filter(|part| part.why().fault != Fault::Twice);
    let part = if file.accounts().is_empty() {
        parts.next()
    } else {
        parts.find(|part| part.name().is_some_and(|known| names(known, name)))
    };
    part.map(|part| KeysError::Broken { file: path.to_owned(), error: part.why().clone() })
}

fn no_account(path: &Path, wanted: &str, accounts: &[Account]) -> KeysError {
    KeysError::NoAccount {
        file: path.to_owned(),
        wanted: shown(wanted),
        accounts: accounts.iter().map(|account| shown(account.name())).collect(),
    }
}

/// A name for the terminal: nothing in it is taken as a command.
fn shown(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, character| {
        if character.is_control() {
            // Writing to a `String` does not fail.
            write!(text, "{}", character.escape_default()).unwrap_or_default();
        } else {
            text.push(character);
        }
        text
    })
}

/// Changes a file, or makes one: reads it, lets `change` change it, and replaces it. Who else
/// changes it in this way waits meanwhile.
///
/// # Errors
///
/// [`KeysError`] of the old file, what `change` says, or that it cannot be written.
fn update<T>(
    path: &Path,
    change: impl FnOnce(&mut KeyFile) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let place = Place::lock(path)?;
    let mut file = match read(&place.path) {
        Ok(loaded) => loaded.file,
        Err(KeysError::Missing { .. }) => KeyFile::new(),
        Err(error) => return Err(error.into()),
    };
    let done = change(&mut file)?;
    let text = file.to_text();
    // What is left out may take more room than it did. A file that cannot be read would cost all keys.
    if text.len() > key_file::MAX_BYTES {
        return Err(Failure::InvalidArgument(format!(
            "{}: would have more than {} bytes; take out what it holds besides keys",
            path.display(),
            key_file::MAX_BYTES
        )));
    }
    place.replace(&text)?;
    Ok(done)
}

/// Where a file is or will be, with its folder locked.
struct Place {
    path: PathBuf,
    folder: PathBuf,
    handle: File,
}

impl Place {
    fn lock(path: &Path) -> Result<Self, Failure> {
        // A link stays a link: the file that it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            Some(_) | None => PathBuf::from("."),
        };
        let handle = File::open(&folder).and_then(|handle| handle.lock().map(|()| handle));
        let handle = handle.map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                let file = path.display();
                Failure::MissingDependency(format!(
                    "{file}: its folder is not there; make it first"
                ))
            } else {
                cannot_write(&path, &error)
            }
        })?;
        Ok(Self { path, folder, handle })
    }

    /// Replaces the file at once. Only its owner may read the new one.
    fn replace(&self, text: &str) -> Result<(), Failure> {
        if fs::metadata(&self.path).is_ok_and(|known| !known.is_file()) {
            let why = io::Error::other("it is no file, but a folder or a device");
            return Err(cannot_write(&self.path, &why));
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let fresh = self.folder.join(format!(".{name}.{}.new", std::process::id()));
        // Left behind by a power cut: nobody else is at work here while the folder is locked.
        drop(fs::remove_file(&fresh));
        let written = write_new(&fresh, text)
            .and_then(|()| fs::rename(&fresh, &self.path))
            .and_then(|()| self.handle.sync_all());
        written.map_err(|error| {
            // It may not be there, or gone already.
            drop(fs::remove_file(&fresh));
            cannot_write(&self.path, &error)
        })
    }
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OF_OWNER).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::InvalidArgument(format!("{}: cannot be written: {error}", path.display()))
}
