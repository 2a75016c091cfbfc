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
//! written is laid out as libotr does it, with all numbers in hexadecimal digits. Every key that is read is a valid one: its
//! numbers are checked as those of peers are, p is prime, and x belongs to y.
//!
//! Bytes in, bytes out: where they are kept is the host's business. Numbers of keys never show in
//! an error or in `Debug`, and are wiped from memory, except those in the bytes that the host holds.

mod error;
mod sexp;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crypto_bigint::BoxedUint;
use crypto_primes::{Flavor, is_prime};
use zeroize::Zeroizing;

pub use self::error::{AccountError, Fault, Found, KeyFileError};
use self::sexp::{Atom, Item, List, Misplaced};
use super::error::WireError;
use super::identity::SigningKey;

/// Longest file that is read, in bytes: room for as many and as long accounts as there can be. One
/// with a key of 1,024 bits takes 1,200.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Accounts in a file. Each key costs some milliseconds to check.
pub const MAX_ACCOUNTS: usize = 64;
/// Longest name of an account or of a protocol, in bytes. A Jabber ID may have 3,071.
pub const MAX_NAME_BYTES: usize = 3_071;
/// Lists within lists. A file of keys has five.
const MAX_DEPTH: usize = 16;
/// Values and lists in a file. An account has thirty.
const MAX_ITEMS: usize = 8_192;

/// The accounts of a file and their keys.
#[derive(Debug, Default)]
pub struct KeyFile {
    accounts: Vec<Account>,
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
    /// [`KeyFileError`] with line and column of what is wrong.
    pub fn parse(text: &[u8]) -> Result<Self, KeyFileError> {
        if text.len() > MAX_BYTES {
            return Err(KeyFileError { line: 1, column: 1, fault: Fault::TooLong });
        }
        let file = sexp::parse(text).and_then(|list| Self::read(&list));
        file.map_err(|misplaced| KeyFileError::new(text, &misplaced))
    }

    fn read(list: &List) -> Result<Self, Misplaced> {
        if !list.is_named("privkeys") {
            return Err(missing(list.at, "(privkeys …)"));
        }
        let mut file = Self::new();
        let mut reader = AccountReader::default();
        for item in list.rest() {
            let account = match item {
                Item::List(list) if list.is_named("account") => list,
                Item::List(_) | Item::Atom(_) => return Err(missing(item.at(), "(account …)")),
            };
            let at = account.at;
            let account = reader.read(account)?;
            if file.find(&account.name, &account.protocol).is_some() {
                return Err(Misplaced { at, fault: Fault::Twice });
            }
            file.set(account).map_err(|why| Misplaced { at, fault: Fault::Account(why) })?;
        }
        Ok(file)
    }

    /// The accounts, in the order of the file.
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// The account of this name and protocol.
    pub fn find(&self, name: &str, protocol: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.is(name, protocol))
    }

    /// Adds an account. One of the same name and protocol is replaced, and given back.
    ///
    /// # Errors
    ///
    /// [`AccountError::TooMany`].
    pub fn set(&mut self, account: Account) -> Result<Option<Account>, AccountError> {
        let mut accounts = self.accounts.iter_mut();
        if let Some(old) = accounts.find(|old| old.is(&account.name, &account.protocol)) {
            return Ok(Some(core::mem::replace(old, account)));
        }
        if self.accounts.len() >= MAX_ACCOUNTS {
            return Err(AccountError::TooMany);
        }
        self.accounts.push(account);
        Ok(None)
    }

    /// The file as libotr writes it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let capacity = self.accounts.iter().map(Account::text_len_max);
        // The buffer must not move, since that would leave a copy of the secrets.
        let capacity = capacity.fold(32, usize::saturating_add);
        let mut text = Zeroizing::new(String::with_capacity(capacity));
        text.push_str("(privkeys\n");
        for account in &self.accounts {
            account.write(&mut text);
        }
        text.push_str(")\n");
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
        for text in [name, protocol] {
            if text.is_empty() {
                return Err(AccountError::Empty);
            }
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
        write_text(&self.name, text);
        text.push_str(")\n(protocol ");
        write_text(&self.protocol, text);
        text.push_str(")\n(private-key \n (dsa \n");
        let public = self.key.public_key().numbers();
        for (name, number) in ["p", "q", "g", "y"].into_iter().zip(&public) {
            write_number(name, number, text);
        }
        write_number("x", &self.key.secret_bytes(), text);
        text.push_str("  )\n )\n )\n");
    }
}

/// Writes a name as libgcrypt does: as a token, in quotation marks, or in hexadecimal digits.
fn write_text(name: &str, text: &mut String) {
    const ESCAPES: &[(u8, char)] = &[
        (0x08, 'b'),
        (b'\t', 't'),
        (0x0b, 'v'),
        (b'\n', 'n'),
        (0x0c, 'f'),
        (b'\r', 'r'),
        (b'"', '"'),
        (b'\'', '\''),
        (b'\\', '\\'),
    ];
    let escape =
        |byte: u8| ESCAPES.iter().find(|&&(escaped, _)| escaped == byte).map(|&(_, letter)| letter);
    let is_binary = |byte: u8| matches!(byte, 0x00..0x20 | 0x7f..=0xa0) && escape(byte).is_none();

    let bytes = name.as_bytes();
    let first = bytes.first().copied().unwrap_or_default();
    if first >= 0x80 || bytes.iter().copied().any(is_binary) {
        write_hex(bytes, text);
    } else if !first.is_ascii_digit()
        && bytes.iter().all(|&byte| byte.is_ascii_alphanumeric() || sexp::is_special(byte))
    {
        text.push_str(name);
    } else {
        text.push('"');
        for character in name.chars() {
            match u8::try_from(character).ok().and_then(escape) {
                Some(letter) => text.extend(['\\', letter]),
                None => text.push(character),
            }
        }
        text.push('"');
    }
}

fn write_number(name: &str, big_endian: &[u8], text: &mut String) {
    let n_zeros = big_endian.iter().take_while(|&&byte| byte == 0).count();
    let number = big_endian.get(n_zeros..).unwrap_or_default();
    text.extend(["  (", name, " "]);
    // Without the zero byte the number would be a negative one.
    if number.first().is_some_and(|&byte| byte >= 0x80) {
        text.push_str("#00");
        write_digits(number, text);
        text.push('#');
    } else {
        write_hex(number, text);
    }
    text.push_str(")\n");
}

fn write_hex(bytes: &[u8], text: &mut String) {
    text.push('#');
    write_digits(bytes, text);
    text.push('#');
}

fn write_digits(bytes: &[u8], text: &mut String) {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
    text.extend(digits.map(|digit| digit.to_ascii_uppercase()));
}

/// Reads the accounts of a file, one after the other.
#[derive(Default)]
struct AccountReader {
    /// The p that were found to be prime: keys often share theirs.
    primes: Vec<Vec<u8>>,
}

impl AccountReader {
    fn read(&mut self, account: &List) -> Result<Account, Misplaced> {
        let name = text_of(account, "name", "(name …)")?;
        let protocol = text_of(account, "protocol", "(protocol …)")?;
        let key =
            account.find("private-key").ok_or_else(|| missing(account.at, "(private-key …)"))?;
        let key = key.find("dsa").ok_or_else(|| missing(key.at, "(dsa …)"))?;
        let at = account.at;
        let key = Arc::new(self.key(key)?);
        Account::new(name, protocol, key)
            .map_err(|why| Misplaced { at, fault: Fault::Account(why) })
    }

    fn key(&mut self, key: &List) -> Result<SigningKey, Misplaced> {
        let [prime, order, generator, public, secret] = [
            value(key, "p", "(p …)")?,
            value(key, "q", "(q …)")?,
            value(key, "g", "(g …)")?,
            value(key, "y", "(y …)")?,
            value(key, "x", "(x …)")?,
        ];
        let bad = |field| {
            let at = match field {
                "p" => prime.at,
                "q" => order.at,
                "g" => generator.at,
                "y" => public.at,
                "x" => secret.at,
                _ => key.at,
            };
            Misplaced { at, fault: Fault::Number { field } }
        };
        let read = SigningKey::from_parts(
            &prime.bytes,
            &order.bytes,
            &generator.bytes,
            &public.bytes,
            &secret.bytes,
        );
        let read = read.map_err(|error| match error {
            WireError::Range { field } => bad(field),
            WireError::Short { .. } | WireError::Trailing { .. } | WireError::Armor => bad("key"),
        })?;
        if !self.primes.contains(&prime.bytes) {
            if !is_prime(Flavor::Any, &BoxedUint::from_be_slice_vartime(&prime.bytes)) {
                return Err(bad("p"));
            }
            self.primes.push(prime.bytes.to_vec());
        }
        Ok(read)
    }
}

fn text_of<'a>(account: &'a List, key: &str, what: &'static str) -> Result<&'a str, Misplaced> {
    let atom = value(account, key, what)?;
    str::from_utf8(&atom.bytes).or(Err(Misplaced { at: atom.at, fault: Fault::Encoding }))
}

/// The value of the list of this name in `list`.
fn value<'a>(list: &'a List, key: &str, what: &'static str) -> Result<&'a Atom, Misplaced> {
    let found = list.find(key).ok_or_else(|| missing(list.at, what))?;
    found.value().ok_or(Misplaced { at: found.at, fault: Fault::NoValue { what } })
}

fn missing(at: usize, what: &'static str) -> Misplaced {
    Misplaced { at, fault: Fault::Missing { what } }
}
