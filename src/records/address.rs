//! One address, however it is written: a Jabber ID as people type and paste it, and as it stands in
//! files and stanzas.

use std::{borrow::Cow, fmt};

use jid::{BareJid, Jid, NodePart};
use percent_encoding::percent_decode_str;

use among::the_only_one;
use domain::one_domain;

use super::pasted::{is_around, is_unseen};

mod among;
mod domain;

/// Longest text that is searched for an address, in bytes: the longest Jabber ID (RFC 7622: three parts
/// of 1023 bytes) as a URI with each byte encoded, and words around it.
const LONGEST: usize = 3 * 3_071 + 1_024;

/// An address that somebody has given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The bare Jabber ID: a name at a host.
    pub jid: BareJid,
    /// Whether it had to be found among other signs: it was not typed like that.
    pub was_mended: bool,
}

/// Why a text gives no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAddress {
    /// It holds nothing.
    Empty,
    /// No `@` is in it.
    NoAt,
    /// It holds more than one.
    Several,
    /// There are words before or after it that may belong to it.
    Words,
    /// What it holds cannot be an address (RFC 7622).
    Malformed,
}

impl NoAddress {
    /// What is wrong with the text, in some words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::NoAt => "has no @",
            Self::Several => "holds more than one address",
            Self::Words => "holds other words, too",
            Self::Malformed => "is not a Jabber ID",
        }
    }
}

impl fmt::Display for NoAddress {
    /// The same with what to do about it, for those who write files and command lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what())?;
        f.write_str(match self {
            Self::Malformed => " such as name@host",
            Self::Several => ": give one",
            Self::Empty | Self::NoAt | Self::Words => {
                ": give the Jabber ID alone, such as name@host"
            }
        })
    }
}

impl std::error::Error for NoAddress {}

/// The address that somebody has typed or pasted: as a Jabber ID with or without a resource, as a URI
/// of XMPP (RFC 5122), with signs around it that belong to the sentence, and with signs in it that
/// nobody sees.
///
/// # Errors
///
/// [`NoAddress`]: there is none, it is not clear which is meant, or it cannot be one.
pub fn address(text: &str) -> Result<Address, NoAddress> {
    if text.len() > LONGEST {
        return Err(NoAddress::Malformed);
    }
    let mut seen = visible(text);
    if seen.contains(|character: char| character.is_control() && !character.is_whitespace()) {
        return Err(NoAddress::Malformed);
    }
    if !seen.contains('@') {
        seen = decoded(&seen).map(|seen| visible(&seen)).ok_or(NoAddress::NoAt)?;
    }
    if !seen.contains('@') {
        let is_empty = seen.chars().all(is_around);
        return Err(if is_empty { NoAddress::Empty } else { NoAddress::NoAt });
    }
    let jid = the_only_one(&seen)?;
    let is_as_typed = bare_jid(text).as_ref() == Some(&jid) && !text.contains('/');
    Ok(Address { jid, was_mended: !is_as_typed })
}

/// As [`address`], of an argument of the command line.
///
/// # Errors
///
/// As there.
pub fn argument(text: &str) -> Result<BareJid, NoAddress> {
    address(text).map(|address| address.jid)
}

/// The same of a bot, which may be a component and have no name before its host.
///
/// # Errors
///
/// As with [`address`].
pub fn argument_of_bot(text: &str) -> Result<BareJid, NoAddress> {
    match argument(text) {
        Err(NoAddress::NoAt) => bare_jid(text.trim()).ok_or(NoAddress::NoAt),
        read => read,
    }
}

/// The bare Jabber ID that a text is, as programs write it; `None` where it is none. A resource, another
/// case, a dot at the end of the domain, and the ASCII form of the domain make no other address of it.
pub fn bare_jid(text: &str) -> Option<BareJid> {
    let bare = text.split_once('/').map_or(text, |(bare, _)| bare);
    match bare.split_once('@') {
        Some((node, domain)) => of_parts(Some(node), domain),
        None => of_parts(None, bare),
    }
}

/// The address of a stanza in the form that [`bare_jid`] gives, its resource kept.
pub fn one_form(jid: Jid) -> Jid {
    if !jid.domain().as_str().contains("xn--") {
        return jid;
    }
    let Some(bare) = bare_jid(jid.to_bare().as_str()) else { return jid };
    match jid.resource() {
        Some(resource) => bare.with_resource(resource).into(),
        None => bare.into(),
    }
}

/// Without what nobody sees, but for joiners, which domains may hold; and with those signs of full width
/// that divide addresses as everybody else's.
fn visible(text: &str) -> String {
    let is_kept = |character: &char| !is_unseen(*character) || is_joiner(*character);
    let plain = |character| match character {
        '\u{ff20}' | '\u{fe6b}' => '@',
        '\u{ff0f}' => '/',
        '\u{ff1a}' => ':',
        '\u{ff03}' => '#',
        character => character,
    };
    text.chars().filter(is_kept).map(plain).collect()
}

fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

/// A text of a URI, its bytes no longer in hexadecimal; `None` where they are no UTF-8.
fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

/// The Jabber ID of its two parts, in the one form that it has.
fn of_parts(node: Option<&str>, domain: &str) -> Option<BareJid> {
    let node = match node {
        Some(node) => Some(one_name(node)?),
        None => None,
    };
    let domain = one_domain(domain).or_else(|| {
        one_domain(&domain.replace(is_joiner, "")).filter(|_| domain.contains(is_joiner))
    })?;
    Some(BareJid::from_parts(node.as_deref(), &domain))
}

/// A name in its one form: letters of which its preparation (RFC 6122) first makes large ones are
/// prepared once more.
fn one_name(name: &str) -> Option<NodePart> {
    let once = NodePart::new(name).ok()?;
    let twice = NodePart::new(once.as_str()).ok()?.into_owned();
    (NodePart::new(twice.as_str()).ok()?.as_str() == twice.as_str()).then_some(twice)
}

#[cfg(test)]
mod tests;
