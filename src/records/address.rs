//! One address, however it is written: a Jabber ID as people type and paste it, and as it stands in
//! files and stanzas.

use std::{
    borrow::Cow,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use jid::{BareJid, DomainPart, Jid, NodePart};
use percent_encoding::percent_decode_str;

use super::pasted::{is_around, is_dash, is_unseen};

/// Longest text that is searched for an address, in bytes: the longest Jabber ID (RFC 7622: three parts
/// of 1023 bytes) as a URI with each byte encoded, and words around it.
const LONGEST: usize = 3 * 3_071 + 1_024;

/// How links to an address begin: to one in XMPP (RFC 5122), and such as people make of it.
const XMPP: &str = "xmpp:";
const OTHER_SCHEMES: [&str; 4] = ["mailto:", "jabber:", "jid:", "im:"];

/// What ends the domain of an address: the resource, the query of a URI, its fragment.
const ENDS: [char; 3] = ['/', '?', '#'];

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

/// The only address in a text that holds an `@`.
fn the_only_one(text: &str) -> Result<BareJid, NoAddress> {
    let is_between = |character: char| {
        character.is_whitespace() || matches!(character, '<' | '>' | '\u{ff1c}' | '\u{ff1e}')
    };
    let pieces = text.split(is_between).filter(|piece| piece.contains('@'));
    let mut found: Option<BareJid> = None;
    let mut is_apart = true;
    for piece in pieces {
        let jid = of_piece(piece)?;
        if found.as_ref().is_some_and(|found| *found != jid) {
            return Err(NoAddress::Several);
        }
        is_apart &= stands_apart(text, piece);
        found = Some(jid);
    }
    if !is_apart {
        return Err(NoAddress::Words);
    }
    found.ok_or(NoAddress::NoAt)
}

/// Whether it is clear where a piece of a text begins and ends: no word stands beside it that may
/// belong to it, as in `ada lovelace@localhost`.
fn stands_apart(text: &str, piece: &str) -> bool {
    let Some((before, after)) = text.split_once(piece) else { return false };
    let is_sign = |character: char| is_around(character) || is_dash(character) || character == '=';
    let is_link = position_of_scheme(piece).is_some();
    let begins = is_link || piece.starts_with(is_sign);
    let ends = piece.contains(ENDS) || piece.ends_with(is_sign);
    let is_free_before = before.trim().chars().next_back().is_none_or(is_sign);
    let is_free_after = after.trim().chars().next().is_none_or(is_sign);
    (begins || is_free_before) && (ends || is_free_after)
}

/// The address that a text without blanks is.
fn of_piece(piece: &str) -> Result<BareJid, NoAddress> {
    let mut piece = piece.trim_matches(|character| is_around(character) && character != ']');
    piece = piece.trim_start_matches(']');
    // Signs of emphasis, which names may begin with.
    while let Some(sign) = piece.chars().next().filter(|sign| "*_~".contains(*sign))
        && let Some(inner) = piece.strip_prefix(sign).and_then(|rest| rest.strip_suffix(sign))
    {
        piece = inner.trim_matches(is_around);
    }
    if let Some((at, scheme)) = position_of_scheme(piece) {
        let rest = piece.get(at.saturating_add(scheme.len())..).unwrap_or_default();
        return of_uri(rest);
    }
    let (node, rest) = piece.split_once('@').ok_or(NoAddress::NoAt)?;
    of_parts(Some(node), domain_in(rest)?).ok_or(NoAddress::Malformed)
}

/// Where the scheme of a URI begins in a piece, and which: `xmpp:` also within signs of a link.
fn position_of_scheme(piece: &str) -> Option<(usize, &'static str)> {
    let lower = piece.to_ascii_lowercase();
    let is_begin = |at: &usize| {
        let before = lower.get(..*at).and_then(|before| before.chars().next_back());
        before.is_none_or(|character| !character.is_alphanumeric() && character != '@')
    };
    if let Some(at) = lower.match_indices(XMPP).map(|(at, _)| at).find(is_begin) {
        return Some((at, XMPP));
    }
    let at = lower.find(|character| !is_around(character))?;
    let scheme = OTHER_SCHEMES
        .into_iter()
        .find(|scheme| lower.get(at..).is_some_and(|rest| rest.starts_with(scheme)))?;
    Some((at, scheme))
}

/// The address of a URI, behind its scheme. An authority is the account that is to be used, the path is
/// the address (RFC 5122, 2.3); where there is no path, people mean the authority.
fn of_uri(rest: &str) -> Result<BareJid, NoAddress> {
    let rest = match rest.strip_prefix("//") {
        None => rest,
        Some(rest) => {
            let end = rest.find(['?', '#']).unwrap_or(rest.len());
            let (hierarchy, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
            match hierarchy.split_once('/') {
                Some((_, path)) if path.contains('@') => path,
                Some((authority, _)) => authority,
                None => hierarchy,
            }
        }
    };
    let (node, rest) = rest.split_once('@').ok_or(NoAddress::Malformed)?;
    let whole = |part: &str| decoded(part).map(|part| visible(&part)).ok_or(NoAddress::Malformed);
    let domain = whole(domain_in(rest)?)?;
    of_parts(Some(&whole(node)?), &domain).ok_or(NoAddress::Malformed)
}

/// A text of a URI, its bytes no longer in hexadecimal; `None` where they are no UTF-8.
fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

/// The domain with which a text begins, without what belongs to the sentence.
fn domain_in(rest: &str) -> Result<&str, NoAddress> {
    let domain = rest.find(ENDS).and_then(|end| rest.get(..end)).unwrap_or(rest);
    if domain.contains('@') {
        let is_list = domain.contains([',', ';', '\u{60c}', '\u{61b}', '\u{3001}', '|']);
        return Err(if is_list { NoAddress::Several } else { NoAddress::Malformed });
    }
    if domain.starts_with('[') && domain.contains(']') {
        return Ok(domain.trim_end_matches(|character| is_around(character) && character != ']'));
    }
    let is_after = |character: char| {
        is_around(character) || is_dash(character) || "*_~=&$%^\\".contains(character)
    };
    Ok(domain.trim_end_matches(is_after))
}

/// The Jabber ID of its two parts, in the one form that it has.
fn of_parts(node: Option<&str>, domain: &str) -> Option<BareJid> {
    let node = node.map(NodePart::new).transpose().ok()?;
    let domain = one_domain(domain).or_else(|| {
        one_domain(&domain.replace(is_joiner, "")).filter(|_| domain.contains(is_joiner))
    })?;
    Some(BareJid::from_parts(node.as_deref(), &domain))
}

/// A domain in its one form (RFC 7622, 3.2): an IP address, or a name in Unicode and small letters
/// without a dot at its end; a name that would not survive the preparation of addresses (RFC 6122), in
/// ASCII.
fn one_domain(domain: &str) -> Option<DomainPart> {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = literal.parse().ok()?;
        return DomainPart::new(&format!("[{address}]")).ok().map(Cow::into_owned);
    }
    let domain = domain.strip_suffix(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']).unwrap_or(domain);
    let ascii = in_ascii(domain)?;
    if ascii.parse::<Ipv4Addr>().is_err() {
        // Numbers at the end are an IP address, or nothing.
        let last = ascii.rsplit('.').next().unwrap_or_default();
        if last.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
    }
    let (unicode, _) =
        Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::URL, Hyphens::Check);
    let is_same = |domain: &DomainPart| in_ascii(domain.as_str()).as_deref() == Some(&*ascii);
    let unicode = DomainPart::new(&unicode).ok().map(Cow::into_owned).filter(is_same);
    unicode.or_else(|| DomainPart::new(&ascii).ok().map(Cow::into_owned))
}

fn in_ascii(domain: &str) -> Option<Cow<'_, str>> {
    let verify = DnsLength::Verify;
    Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::URL, Hyphens::Check, verify).ok()
}

#[cfg(test)]
mod tests;
