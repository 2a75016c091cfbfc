//! Files of long-term keys, as libotr keeps them (`otr.private_key`).
//!
//! ```text
//! (privkeys
//!  (account
//! (name "ada@example.org")
//! (protocol prpl-jabber)
//! (private-key
//!  (dsa
//!   (p #00..#)  (q #00..#)  (g #..#)  (y #..#)  (x #..#)      big-endian, with a 00 before a top bit
//!   )
//!  )
//!  )
//! )
//! ```
//!
//! Any such file is read in every form in which libgcrypt's S-expressions can say it: libotr itself
//! writes one x in some hundred in quotation marks, since its bytes happen to be a text. What is
//! written is laid out as libotr does it, with all numbers in hexadecimal digits. Every key that is
//! read is a valid one: its numbers are checked as those of peers are, p is prime, and x belongs to y.
//!
//! What libotr takes for an account is one here, unless its numbers are no key. An account that cannot
//! be used costs no other one: it is [left out](KeyFile::left_out), told with its place, and written
//! back as it was. Of an account that stands in the file twice, the first counts.
//!
//! Bytes in, bytes out: where they are kept is the host's business. Numbers of keys never show in
//! an error or in `Debug`, and are wiped from memory, except those in the bytes that the host holds.

mod error;
mod read;
mod sexp;
#[cfg(test)]
mod tests;
mod write;

use std::sync::Arc;

use zeroize::Zeroizing;

pub use self::error::{AccountError, Fault, Found, KeyFileError};
use super::identity::SigningKey;

/// Longest file that is read, in bytes: room for as many and as long accounts as there can be. One
/// with a key of 1,024 bits takes 1,200.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Accounts in a file; those after them are left out. Each key costs some milliseconds to check.
pub const MAX_ACCOUNTS: usize = 256;
/// Longest name of an account or of a protocol, in bytes. A Jabber ID may have 3,071.
pub const MAX_NAME_BYTES: usize = 3_071;
/// Lists within lists. A file of keys has five; what else a program puts into an account may have more.
const MAX_DEPTH: usize = 256;
/// Values and lists in a file. An account has thirty.
const MAX_ITEMS: usize = 32_768;

/// The accounts of a file and their keys.
#[derive(Debug, Default)]
pub struct KeyFile {
    accounts: Vec<Account>,
    left_out: Vec<LeftOut>,
}

/// A part of a file that is not used. It stays in the file.
pub struct LeftOut {
    name: Option<String>,
    protocol: Option<String>,
    why: KeyFileError,
    /// How it is written back.
    text: Zeroizing<String>,
}

impl LeftOut {
    /// The name of the account, if it is known.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The protocol of the account, if it is known.
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Why it is left out, and where it stands.
    pub fn why(&self) -> &KeyFileError {
        &self.why
    }

    fn is(&self, name: &str, protocol: &str) -> bool {
        self.name() == Some(name) && self.protocol() == Some(protocol)
    }
}

/// Its text holds secrets.
impl core::fmt::Debug for LeftOut {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LeftOut")
            .field("name", &self.name)
            .field("protocol", &self.protocol)
            .field("why", &self.why)
            .finish_non_exhaustive()
    }
}

impl KeyFile {
    /// A file without accounts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`KeyFileError`] with line and column of what is wrong, if it is no list of accounts at all. An
    /// account that cannot be used is no error: see [`Self::left_out`].
    pub fn parse(text: &[u8]) -> Result<Self, KeyFileError> {
        if text.len() > MAX_BYTES {
            return Err(KeyFileError { line: 1, column: 1, fault: Fault::TooLong });
        }
        let file = sexp::parse(text).and_then(|parsed| read::file(text, &parsed));
        file.map_err(|misplaced| KeyFileError::new(text, &misplaced))
    }

    /// The accounts, in the order of the file.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// What stands in the file and is not used, in the order of the file.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The account of this name and protocol.
    pub fn find(&self, name: &str, protocol: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.is(name, protocol))
    }

    /// Adds an account. One of the same name and protocol is replaced, and given back; what was left
    /// out under them is gone.
    ///
    /// # Errors
    ///
    /// [`AccountError::TooMany`].
    pub fn set(&mut self, account: Account) -> Result<Option<Account>, AccountError> {
        let Account { name, protocol, .. } = &account;
        let old = self.accounts.iter().position(|old| old.is(name, protocol));
        if old.is_none() && self.accounts.len() >= MAX_ACCOUNTS {
            return Err(AccountError::TooMany);
        }
        self.left_out.retain(|part| !part.is(name, protocol));
        if let Some(old) = old.and_then(|ix| self.accounts.get_mut(ix)) {
            return Ok(Some(core::mem::replace(old, account)));
        }
        self.accounts.push(account);
        Ok(None)
    }

    /// The file as libotr writes it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let accounts = self.accounts.iter().map(Account::text_len_max);
        let left_out = self.left_out.iter().map(|part| part.text.len());
        // The buffer must not move, since that would leave a copy of the secrets.
        let capacity = accounts.chain(left_out).fold(32, usize::saturating_add);
        let mut text = Zeroizing::new(String::with_capacity(capacity));
        text.push_str("(privkeys\n");
        for account in &self.accounts {
            account.write(&mut text);
        }
        let is_outside = |part: &&LeftOut| part.why.fault == Fault::Outside;
        for part in self.left_out.iter().filter(|part| !is_outside(part)) {
            text.push_str(&part.text);
        }
        text.push_str(")\n");
        // Inside of the list it could become an account.
        for part in self.left_out.iter().filter(is_outside) {
            text.push_str(&part.text);
        }
        text
    }
}

/// An account and its long-term key.
#[derive(Clone, Debug)]
pub struct Account {
    name: String,
    protocol: String,
    key: Arc<SigningKey>,
}

impl Account {
    /// An account with its key. The protocol of Jabber accounts is `prpl-jabber` in most programs.
    ///
    /// # Errors
    ///
    /// [`AccountError`] if libotr could not read the name or the protocol back.
    pub fn new(name: &str, protocol: &str, key: Arc<SigningKey>) -> Result<Self, AccountError> {
        if [name, protocol].iter().any(|text| text.is_empty()) {
            return Err(AccountError::Empty);
        }
        Self::read(name, protocol, key)
    }

    /// An account of a file, whose name or protocol may be empty.
    fn read(name: &str, protocol: &str, key: Arc<SigningKey>) -> Result<Self, AccountError> {
        for text in [name, protocol] {
            if text.contains('\0') {
                return Err(AccountError::Nul);
            }
            if text.len() > MAX_NAME_BYTES {
                return Err(AccountError::TooLong);
            }
        }
        Ok(Self { name: name.to_owned(), protocol: protocol.to_owned(), key })
    }

    /// Its name, such as a Jabber ID.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its protocol, in the words of the program that wrote the file.
    pub fn protocol(&self) -> &str {
        &self.protocol
    }

    /// Its key.
    pub fn key(&self) -> &Arc<SigningKey> {
        &self.key
    }

    fn is(&self, name: &str, protocol: &str) -> bool {
        self.name == name && self.protocol == protocol
    }

    /// Bytes that [`write`](Self::write) takes at most.
    fn text_len_max(&self) -> usize {
        let names = self.name.len().saturating_add(self.protocol.len());
        let numbers = self.key.public_key().encode().len().saturating_add(32);
        // No byte takes more than two characters.
        names.saturating_add(numbers).saturating_mul(2).saturating_add(256)
    }

    fn write(&self, text: &mut String) {
        text.push_str(" (account\n(name ");
        write::text(&self.name, text);
        text.push_str(")\n(protocol ");
        write::text(&self.protocol, text);
        text.push_str(")\n(private-key \n (dsa \n");
        let public = self.key.public_key().numbers();
        for (name, number) in ["p", "q", "g", "y"].into_iter().zip(&public) {
            write::number(name, number, text);
        }
        write::number("x", &self.key.secret_bytes(), text);
        text.push_str("  )\n )\n )\n");
    }
}
