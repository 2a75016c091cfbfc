//! The one address among what else was pasted with it: signs of the sentence, words, links.

use jid::BareJid;

use super::{NoAddress, decoded, of_parts, visible};
use crate::records::pasted::{
    is_apostrophe, is_around, is_bracket, is_dash, is_of_name, is_quotation_mark,
};

/// How links to an address begin: to one in XMPP (RFC 5122), such as people make of it, and invitations
/// on the web, which have the address as their fragment.
const XMPP: &str = "xmpp:";
const OTHER_SCHEMES: [&str; 4] = ["mailto:", "jabber:", "jid:", "im:"];
const WEB: [&str; 2] = ["https://", "http://"];

/// What ends the domain of an address: the resource, the query of a URI, its fragment.
const ENDS: [char; 3] = ['/', '?', '#'];

/// What stands between the text of a link and its target, in Markdown.
const MIDDLE_OF_LINK: &str = "](";

/// An address that was read in a piece of a text.
struct Found {
    jid: BareJid,
    /// Whether it is that of a link, so that it is clear where it begins.
    is_link: bool,
    /// Whether a resource or the like goes on behind it, so that it is clear where it ends.
    has_end: bool,
}

/// The only address in a text that holds an `@`.
///
/// # Errors
///
/// As with [`super::address`].
pub(super) fn the_only_one(text: &str) -> Result<BareJid, NoAddress> {
    let pieces = pieces(text);
    let mut only: Option<BareJid> = None;
    let mut is_apart = true;
    for (ix, piece) in pieces.iter().enumerate().filter(|(_, piece)| piece.contains('@')) {
        let found = of_piece(piece)?;
        let before = ix.checked_sub(1).and_then(|ix| pieces.get(ix));
        let after = ix.checked_add(1).and_then(|ix| pieces.get(ix));
        let is_near = |near: Option<&&str>, is_outmost: bool, frees: fn(&str, bool) -> bool| {
            near.is_none_or(|near| near.contains('@') || frees(near, is_outmost))
        };
        is_apart &= begins(piece, &found) || is_near(before, ix == 1, frees_behind);
        let is_last = ix.saturating_add(2) == pieces.len();
        is_apart &= ends(piece, &found) || is_near(after, is_last, frees_before);
        if only.as_ref().is_some_and(|only| *only != found.jid) {
            return Err(NoAddress::Several);
        }
        only = Some(found.jid);
    }
    if !is_apart {
        return Err(NoAddress::Words);
    }
    only.ok_or(NoAddress::NoAt)
}

/// The words of a text with the signs that touch them; angle brackets, and the middle of links, are
/// pieces of their own. Between all others there are blanks.
fn pieces(text: &str) -> Vec<&str> {
    let is_angle = |character| matches!(character, '<' | '>' | '\u{ff1c}' | '\u{ff1e}');
    let mut pieces = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let angle = rest.find(is_angle).unwrap_or(rest.len());
            let (inner, behind) = rest.split_at_checked(angle).unwrap_or((rest, ""));
            for (ix, part) in inner.split(MIDDLE_OF_LINK).enumerate() {
                if ix > 0 {
                    pieces.push(MIDDLE_OF_LINK);
                }
                pieces.push(part);
            }
            let length = behind.chars().next().map_or(0, char::len_utf8);
            let (sign, behind) = behind.split_at_checked(length).unwrap_or((behind, ""));
            pieces.push(sign);
            rest = behind;
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Whether this may be within an address, or a word may go on behind it: it tells nothing about where
/// an address begins or ends.
fn is_joint(character: char) -> bool {
    is_dot(character) || is_dash(character) || is_apostrophe(character) || "_=".contains(character)
}

fn is_dot(character: char) -> bool {
    matches!(
        character,
        '.' | '\u{b7}' | '\u{387}' | '\u{6d4}' | '\u{2024}'
            ..='\u{2027}'
                | '\u{3002}'
                | '\u{30fb}'
                | '\u{fe52}'
                | '\u{ff0e}'
                | '\u{ff61}'
                | '\u{ff65}'
    )
}

/// Whether it is clear from a piece itself where its address begins.
fn begins(piece: &str, found: &Found) -> bool {
    let first = |character| is_bracket(character) || character == ':';
    found.is_link
        || piece.starts_with(first)
        || (starts_with_quotation(piece) && ends_with_quotation(piece))
}

/// Whether it is clear from a piece itself where its address ends.
fn ends(piece: &str, found: &Found) -> bool {
    let is_last =
        |character| is_around(character) && !is_joint(character) && !is_quotation_mark(character);
    let is_attribute = || found.is_link && (piece.contains("=\"") || piece.contains("='"));
    found.has_end
        || piece.ends_with(is_last)
        || (ends_with_quotation(piece) && (starts_with_quotation(piece) || is_attribute()))
}

fn starts_with_quotation(piece: &str) -> bool {
    piece.trim_start_matches(is_bracket).starts_with(is_quotation_mark)
}

fn ends_with_quotation(piece: &str) -> bool {
    let is_behind = |character| is_around(character) && !is_quotation_mark(character);
    piece.trim_end_matches(is_behind).ends_with(is_quotation_mark)
}

/// Whether no word in this piece may belong to the address behind it; `is_outmost`: nothing is before it.
fn frees_behind(piece: &str, is_outmost: bool) -> bool {
    piece.ends_with(|character| is_bracket(character) || character == ':')
        || has_no_word(piece, is_outmost, piece.chars().next_back())
}

/// The same, of the address before it; `is_outmost`: nothing is behind it.
fn frees_before(piece: &str, is_outmost: bool) -> bool {
    piece.starts_with(|character| is_bracket(character) || character == ':')
        || has_no_word(piece, is_outmost, piece.chars().next())
}

/// Whether a piece is signs alone, the nearest of which divides what is on its both sides.
fn has_no_word(piece: &str, is_outmost: bool, nearest: Option<char>) -> bool {
    let is_sign = |character| {
        is_around(character)
            || is_dash(character)
            || is_symbol(character)
            || matches!(character, '*' | '=')
    };
    let divides = |character| is_dash(character) || !is_joint(character);
    piece.chars().all(is_sign) && (is_outmost || nearest.is_some_and(divides))
}

/// Whether this is neither of a word nor a sign that everybody has on the keyboard.
fn is_symbol(character: char) -> bool {
    !character.is_ascii() && !character.is_alphanumeric() && !is_of_name(character)
}

/// The address that a piece of a text is.
fn of_piece(piece: &str) -> Result<Found, NoAddress> {
    let is_before = |character: char| {
        is_around(character) || (character != '-' && is_dash(character)) || is_symbol(character)
    };
    let mut piece = piece
        .trim_start_matches(is_before)
        .trim_end_matches(|character| is_around(character) && character != ']');
    // Signs of emphasis, which names may begin with.
    while let Some(sign) = piece.chars().next().filter(|sign| "*_~".contains(*sign))
        && let Some(inner) = piece.strip_prefix(sign).and_then(|rest| rest.strip_suffix(sign))
    {
        piece = inner.trim_matches(is_around);
    }
    if let Some(rest) = behind_scheme(piece) {
        return of_uri(rest);
    }
    let (name, rest) = piece.split_once('@').ok_or(NoAddress::NoAt)?;
    let (domain, has_end) = domain_in(rest)?;
    let jid = of_name(name, domain)?;
    Ok(Found { jid, is_link: false, has_end })
}

/// What is behind the scheme of a URI in a piece, which may be within signs of a link: a scheme behind
/// the `@` is of the resource or the query.
fn behind_scheme(piece: &str) -> Option<&str> {
    let lower = piece.get(..piece.find('@')?)?.to_ascii_lowercase();
    let behind = |scheme: &str, is_before: fn(char) -> bool| {
        let mut found = lower.match_indices(scheme).map(|(at, _)| at);
        let at = found.find(|at| {
            lower.get(..*at).is_some_and(|before| before.chars().next_back().is_none_or(is_before))
        })?;
        piece.get(at.checked_add(scheme.len())?..)
    };
    let others = || {
        let is_before = |character| is_around(character) || character == '=';
        OTHER_SCHEMES.into_iter().find_map(|scheme| behind(scheme, is_before))
    };
    let web = || {
        let (_, name) = lower.split_once('#').filter(|(before, name)| {
            !name.contains('=') && WEB.into_iter().any(|scheme| before.starts_with(scheme))
        })?;
        piece.get(lower.len().checked_sub(name.len())?..)
    };
    behind(XMPP, |character| !character.is_alphanumeric()).or_else(others).or_else(web)
}

/// The address of a URI, behind its scheme. An authority is the account that is to be used, the path is
/// the address (RFC 5122, 2.3); where there is no path, people mean the authority.
fn of_uri(rest: &str) -> Result<Found, NoAddress> {
    let (rest, goes_on) = match rest.strip_prefix("//") {
        None => (rest, false),
        Some(rest) => {
            let end = rest.find(['?', '#']).unwrap_or(rest.len());
            let (hierarchy, query) = rest.split_at_checked(end).unwrap_or((rest, ""));
            match hierarchy.split_once('/') {
                Some((_, path)) if path.contains('@') => (path, !query.is_empty()),
                Some((authority, _)) => (authority, true),
                None => (hierarchy, !query.is_empty()),
            }
        }
    };
    let (name, rest) = rest.split_once('@').ok_or(NoAddress::Malformed)?;
    let whole = |part: &str| decoded(part).map(|part| visible(&part)).ok_or(NoAddress::Malformed);
    let (domain, has_end) = domain_in(rest)?;
    let jid = of_name(&whole(name)?, &whole(domain)?)?;
    Ok(Found { jid, is_link: true, has_end: has_end || goes_on })
}

/// The address of a name at a domain. No name is taken that would be another one in a text: it would
/// begin with a sign of the sentence, or with one of a list, or has half of a pair of brackets in it;
/// nor are symbols (RFC 8265, 3.3).
fn of_name(name: &str, domain: &str) -> Result<BareJid, NoAddress> {
    let jid = of_parts(Some(name), domain).ok_or(NoAddress::Malformed)?;
    let name = jid.node().ok_or(NoAddress::Malformed)?.as_str();
    let is_sign = |character| is_around(character) || is_dash(character) || is_symbol(character);
    let is_odd = |character| {
        is_symbol(character)
            && !is_quotation_mark(character)
            && !matches!(character, '\u{b7}' | '\u{375}' | '\u{30fb}')
    };
    let has_link = name.contains(MIDDLE_OF_LINK);
    if name.starts_with(is_sign) || name.contains(is_odd) || has_link || !has_pairs(name) {
        return Err(NoAddress::Malformed);
    }
    Ok(jid)
}

/// Whether all brackets of ASCII in a name have their other half.
fn has_pairs(name: &str) -> bool {
    let mut closing = Vec::new();
    for character in name.chars() {
        match character {
            '(' => closing.push(')'),
            '[' => closing.push(']'),
            '{' => closing.push('}'),
            ')' | ']' | '}' if closing.pop() != Some(character) => return false,
            _ => {}
        }
    }
    closing.is_empty()
}

/// The domain with which a text begins, without what belongs to the sentence; and whether a resource or
/// the like is behind it.
fn domain_in(rest: &str) -> Result<(&str, bool), NoAddress> {
    let end = rest.find(ENDS);
    let domain = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
    if domain.contains('@') {
        let is_list = domain.contains([',', ';', '\u{60c}', '\u{61b}', '\u{3001}', '|']);
        return Err(if is_list { NoAddress::Several } else { NoAddress::Malformed });
    }
    let is_after = |character: char| {
        is_around(character) || is_dash(character) || "*_~=&$%^\\".contains(character)
    };
    let is_literal = domain.starts_with('[') && domain.contains(']');
    let domain = domain.trim_end_matches(|character| {
        if is_literal { is_around(character) && character != ']' } else { is_after(character) }
    });
    Ok((domain, end.is_some()))
}
