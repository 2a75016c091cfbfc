//! What stands in a file: its accounts, and what cannot be used of it.
//!
//! Lists are looked for as libotr does: a list of a name is the first of it at any depth, and its value
//! is the first thing in it. A name ends at a zero byte.

use std::sync::Arc;

use crypto_bigint::BoxedUint;
use crypto_primes::{Flavor, is_prime};

use super::error::{Fault, KeyFileError};
use super::sexp::{Atom, Item, List, Misplaced, Parsed};
use super::{Account, KeyFile, LeftOut, MAX_ACCOUNTS, write};
use crate::error::WireError;
use crate::identity::SigningKey;
use crate::key_file::AccountError;

/// The accounts of a file, whose text is there for the places of faults.
pub(super) fn file(text: &[u8], parsed: &Parsed) -> Result<KeyFile, Misplaced> {
    let Parsed { list, rest } = parsed;
    if !list.is_named("privkeys") {
        return Err(missing(list.at, "(privkeys …)"));
    }
    let mut file = KeyFile::new();
    let mut keys = KeyReader::default();
    for item in list.rest() {
        if let Err(why) = account(&mut file, &mut keys, item) {
            leave_out(&mut file, text, item, &why);
        }
    }
    for item in rest {
        let why = Misplaced { at: item.at(), fault: Fault::Outside };
        leave_out(&mut file, text, item, &why);
    }
    Ok(file)
}

fn account(file: &mut KeyFile, keys: &mut KeyReader, item: &Item) -> Result<(), Misplaced> {
    let list = match item {
        Item::List(list) if list.is_named("account") => list,
        Item::List(_) | Item::Atom(_) => return Err(missing(item.at(), "(account …)")),
    };
    let refused = |fault| Misplaced { at: list.at, fault };
    let name = text_of(list, "name", "(name …)")?;
    let protocol = text_of(list, "protocol", "(protocol …)")?;
    if file.find(name, protocol).is_some() {
        return Err(refused(Fault::Twice));
    }
    let key = list.find("private-key").ok_or_else(|| missing(list.at, "(private-key …)"))?;
    let key = key.find("dsa").ok_or_else(|| missing(key.at, "(dsa …)"))?;
    if file.accounts.len() >= MAX_ACCOUNTS {
        return Err(refused(Fault::Account(AccountError::TooMany)));
    }
    let key = Arc::new(keys.read(key)?);
    let account = Account::read(name, protocol, key);
    file.accounts.push(account.map_err(|why| refused(Fault::Account(why)))?);
    Ok(())
}

fn leave_out(file: &mut KeyFile, text: &[u8], item: &Item, why: &Misplaced) {
    let (name, protocol, text_of_it) = match item {
        // What is no list can belong to no account.
        Item::Atom(_) => (None, None, zeroize::Zeroizing::default()),
        Item::List(list) => {
            let told = |key| text_of(list, key, "").ok().map(str::to_owned);
            (told("name"), told("protocol"), write::list(list))
        }
    };
    // Copies of one account are told once, and so is what stands behind the list.
    if matches!(why.fault, Fault::Twice | Fault::Outside) {
        let is_it = |part: &&mut LeftOut| {
            let is_same = part.name == name && part.protocol == protocol;
            part.why.fault == why.fault && (is_same || why.fault == Fault::Outside)
        };
        if let Some(told) = file.left_out.iter_mut().find(is_it) {
            told.text = [told.text.as_str(), text_of_it.as_str()].concat().into();
            return;
        }
    }
    let why = KeyFileError::new(text, why);
    file.left_out.push(LeftOut { name, protocol, why, text: text_of_it });
}

/// Reads keys, one after the other.
#[derive(Default)]
struct KeyReader {
    /// The p that were found to be prime: keys often share theirs.
    primes: Vec<Vec<u8>>,
}

impl KeyReader {
    fn read(&mut self, key: &List) -> Result<SigningKey, Misplaced> {
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

/// A name up to its first zero byte: libotr keeps names as C does.
fn text_of<'a>(account: &'a List, key: &str, what: &'static str) -> Result<&'a str, Misplaced> {
    let atom = value(account, key, what)?;
    let name = atom.bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    str::from_utf8(name).or(Err(Misplaced { at: atom.at, fault: Fault::Encoding }))
}

/// The value of the list of this name in `list`.
fn value<'a>(list: &'a List, key: &str, what: &'static str) -> Result<&'a Atom, Misplaced> {
    let found = list.find(key).ok_or_else(|| missing(list.at, what))?;
    found.value().ok_or(Misplaced { at: found.at, fault: Fault::NoValue { what } })
}

fn missing(at: usize, what: &'static str) -> Misplaced {
    Misplaced { at, fault: Fault::Missing { what } }
}
