//! The domain of an address.

use std::{
    borrow::Cow,
    net::{Ipv4Addr, Ipv6Addr},
};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use jid::DomainPart;

use crate::records::pasted::{is_of_name, is_unseen};

/// Longest domain, in bytes (RFC 7622, 3.2).
const LONGEST: usize = 1_023;

/// What is in no name of a host, of ASCII: all but letters, digits, hyphens, dots, and low lines, which
/// some networks of their own have.
const DENIED: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// A domain in its one form (RFC 7622, 3.2): an IP address, or a name in Unicode and small letters
/// without a dot at its end; a name that would not survive the preparation of addresses (RFC 6122), in
/// ASCII.
pub(super) fn one_domain(domain: &str) -> Option<DomainPart> {
    if domain.len() > LONGEST || !domain.chars().all(may_be_written) {
        return None;
    }
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
    let (unicode, _) = Uts46::new().to_unicode(ascii.as_bytes(), DENIED, Hyphens::Check);
    let begins_and_ends = unicode.starts_with(is_of_name) && unicode.ends_with(is_of_name);
    if !begins_and_ends || !unicode.chars().all(may_be_in_name) {
        return None;
    }
    let is_same = |domain: &DomainPart| in_ascii(domain.as_str()).as_deref() == Some(&*ascii);
    let unicode = DomainPart::new(&unicode).ok().map(Cow::into_owned).filter(is_same);
    unicode.or_else(|| DomainPart::new(&ascii).ok().map(Cow::into_owned))
}

fn in_ascii(domain: &str) -> Option<Cow<'_, str>> {
    let verify = DnsLength::Verify;
    Uts46::new().to_ascii(domain.as_bytes(), DENIED, Hyphens::Check, verify).ok()
}

/// Whether this may be in a name, once that is in its one form: no symbol and no picture (RFC 5892), but
/// those few signs that are of words.
fn may_be_in_name(character: char) -> bool {
    character.is_ascii()
        || is_of_name(character)
        || matches!(
            character,
            '\u{b7}' | '\u{375}' | '\u{5f3}' | '\u{5f4}' | '\u{200c}' | '\u{200d}' | '\u{30fb}'
        )
}

/// Whether this may be in a name as people write it: also dots and hyphens of other scripts, and what
/// nobody sees. A symbol must not become letters.
fn may_be_written(character: char) -> bool {
    may_be_in_name(character)
        || is_unseen(character)
        || matches!(character, '\u{3002}' | '\u{ff0d}' | '\u{ff0e}' | '\u{ff3f}' | '\u{ff61}')
}
