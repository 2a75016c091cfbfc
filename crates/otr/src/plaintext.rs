//! Messages that are not base 64: query messages, whitespace tags, error messages, and plain text
//! (OTRv3, "Unencoded messages").
//!
//! As in libotr, the markers of queries, encoded messages and fragments count anywhere in the
//! text, so that they may be hidden in markup; but what is no encoded message and no fragment counts
//! as one at the start only, where it can be but a broken one: people write about these markers. An error message counts at the start
//! only: inside of other text it would let a quotation start a key exchange. For the same reason a
//! query counts at the start only while a private conversation is going on ([`classify_in_private`]).

use std::borrow::Cow;

use super::armor;
use super::fragment::Fragment;
use super::policy::Policy;
use super::version::Version;

/// Start of an error message.
const ERROR: &str = "?OTR Error:";
/// Start of everything else.
const MARKER: &str = "?OTR";
/// Start of the whitespace tag.
const TAG_BASE: &str = "\x20\x09\x20\x20\x09\x09\x09\x09\x20\x09\x20\x09\x20\x09\x20\x20";
/// Version 1 is offered.
const TAG_V1: &str = "\x20\x09\x20\x09\x20\x20\x09\x20";
/// Version 2 is offered.
const TAG_V2: &str = "\x20\x20\x09\x09\x20\x20\x09\x20";
/// Version 3 is offered.
const TAG_V3: &str = "\x20\x20\x09\x09\x20\x20\x09\x09";
/// Longest header of a fragment, behind its marker.
const MAX_HEADER_BYTES: usize = 48;
/// Longest list of versions that is looked at in a query.
const MAX_VERSIONS_BYTES: usize = 64;

/// The versions that a query or a tag offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a version is offered or not")]
pub struct Offer {
    /// Version 1, which is never taken.
    pub v1: bool,
    /// Version 2.
    pub v2: bool,
    /// Version 3.
    pub v3: bool,
    /// Version 4.
    pub v4: bool,
}

impl Offer {
    fn with_versions(mut self, versions: &str) -> Self {
        self.v1 |= versions.contains('1');
        self.v2 |= versions.contains('2');
        self.v3 |= versions.contains('3');
        self.v4 |= versions.contains('4');
        self
    }
}

/// What a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// An encoded message, from its marker on.
    Encoded(&'a str),
    /// A fragment of version 2 or 3, from its marker on.
    Fragment(&'a str),
    /// A query message.
    Query(Offer),
    /// An error message: its text.
    Error(&'a str),
    /// Text, and what a whitespace tag, now removed, offered.
    Plain {
        /// The text.
        text: Cow<'a, str>,
        /// The offer.
        offer: Option<Offer>,
    },
}

/// Tells what a body is, where no private conversation is going on.
pub fn classify(body: &str) -> Incoming<'_> {
    classify_with(body, |_| true)
}

/// Tells what a body is while a private conversation is going on: a query that is quoted in a sentence
/// is part of its text. Programs begin with theirs, behind blanks and markup at most.
pub fn classify_in_private(body: &str) -> Incoming<'_> {
    classify_with(body, |place| place != Place::Within)
}

fn classify_with(body: &str, may_be_query: impl Fn(Place) -> bool) -> Incoming<'_> {
    if let Some(text) = body.strip_prefix(ERROR) {
        return Incoming::Error(text.trim());
    }
    let start = start(body);
    body.match_indices(MARKER)
        .find_map(|(ix, marker)| {
            let place = match ix {
                0 => Place::Start,
                ix if ix == start => Place::BehindMarkup,
                _ => Place::Within,
            };
            let found = marked(body.get(ix..)?, marker, place)?;
            (may_be_query(place) || !matches!(found, Incoming::Query(_))).then_some(found)
        })
        .unwrap_or_else(|| plain(body))
}

/// Where the text begins behind blanks and markup.
fn start(body: &str) -> usize {
    let is_blank = |c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}');
    let mut rest = body.trim_start_matches(is_blank);
    while let Some((_, after)) = rest.strip_prefix('<').and_then(|tag| tag.split_once('>')) {
        rest = after.trim_start_matches(is_blank);
    }
    body.len().saturating_sub(rest.len())
}

/// Where a marker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The body begins with it.
    Start,
    /// It stands behind blanks and markup alone.
    BehindMarkup,
    /// It stands behind other text, which may be about it.
    Within,
}

/// Whether this is an encoded message. Behind markup it may be a broken one; behind other text it is
/// one that can be read, as far as its version.
fn is_encoded(from: &str, place: Place) -> bool {
    let base64 = from.strip_prefix(armor::PREFIX).unwrap_or_default();
    let is_in_it =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte) || armor::is_blank(*byte);
    let len = base64.bytes().take_while(is_in_it).count();
    if base64.as_bytes().get(len) != Some(&b'.') {
        return false;
    }
    if place == Place::BehindMarkup {
        let head: String = base64.chars().filter(|c| !c.is_whitespace()).take(4).collect();
        return has_known_version(&[armor::PREFIX, &head, "."].concat());
    }
    has_known_version(from)
}

/// Whether an encoded message can be decoded, and is of a version that is spoken here.
fn has_known_version(text: &str) -> bool {
    armor::decode(text).is_ok_and(|bytes| match *bytes {
        [high, low, ..] => Version::from_number(u16::from_be_bytes([high, low])).is_ok(),
        _ => false,
    })
}

/// Whether the header of a fragment is here: addresses and two numbers, each before a comma. Behind
/// other text a piece of an encoded message is to follow.
fn is_fragment(from: &str, place: Place) -> bool {
    let header = from.bytes().skip(MARKER.len()).take(MAX_HEADER_BYTES);
    let is_in_it = |byte: &u8| byte.is_ascii_hexdigit() || b",| ".contains(byte);
    let has_header = header.take_while(is_in_it).filter(|&byte| byte == b',').count() >= 2;
    let is_in_piece = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=?:.".contains(&byte);
    let is_piece = || Fragment::parse(from).is_some_and(|it| it.piece.bytes().all(is_in_piece));
    has_header && (place == Place::BehindMarkup || is_piece())
}

/// What begins here, if the marker is one of an OTR message.
fn marked<'a>(from: &'a str, marker: &str, place: Place) -> Option<Incoming<'a>> {
    let rest = from.strip_prefix(marker)?;
    let is_at_start = place == Place::Start;
    match rest.chars().next()? {
        ':' => (is_at_start || is_encoded(from, place)).then_some(Incoming::Encoded(from)),
        '|' | ',' => (is_at_start || is_fragment(from, place)).then_some(Incoming::Fragment(from)),
        '?' => {
            let offer = Offer { v1: true, ..Offer::default() };
            let versions = rest.strip_prefix("?v").and_then(versions);
            Some(Incoming::Query(offer.with_versions(versions.unwrap_or_default())))
        }
        'v' => {
            let versions = rest.strip_prefix('v').and_then(versions)?;
            Some(Incoming::Query(Offer::default().with_versions(versions)))
        }
        _ => None,
    }
}

/// The list of versions up to its question mark.
fn versions(rest: &str) -> Option<&str> {
    let (versions, _) = rest.split_once('?')?;
    let is_list = versions.len() <= MAX_VERSIONS_BYTES && !versions.contains(char::is_whitespace);
    is_list.then_some(versions)
}

/// Text, with its whitespace tag removed. The tag counts anywhere, in blocks of eight.
fn plain(body: &str) -> Incoming<'_> {
    let Some((before, mut after)) = body.split_once(TAG_BASE) else {
        return Incoming::Plain { text: Cow::Borrowed(body), offer: None };
    };
    let mut offer = Offer::default();
    while let Some((block, rest)) = after.split_at_checked(TAG_V1.len()) {
        if !block.bytes().all(|byte| matches!(byte, b' ' | b'\t')) {
            break;
        }
        offer.v1 |= block == TAG_V1;
        offer.v2 |= block == TAG_V2;
        offer.v3 |= block == TAG_V3;
        after = rest;
    }
    Incoming::Plain { text: Cow::Owned([before, after].concat()), offer: Some(offer) }
}

/// The query message that offers what the policy allows.
pub fn query(policy: &Policy) -> String {
    let mut text = String::from("?OTRv");
    if policy.allow_v2 {
        text.push('2');
    }
    if policy.allow_v3 {
        text.push('3');
    }
    text.push('?');
    text
}

/// The text with a whitespace tag that offers what the policy allows.
pub fn tagged(policy: &Policy, text: &str) -> String {
    let v2 = if policy.allow_v2 { TAG_V2 } else { "" };
    let v3 = if policy.allow_v3 { TAG_V3 } else { "" };
    [text, TAG_BASE, v2, v3].concat()
}

/// An error message.
pub fn error(text: &str) -> String {
    [ERROR, " ", text].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(v1: bool, v2: bool, v3: bool) -> Offer {
        Offer { v1, v2, v3, v4: false }
    }

    #[test]
    fn queries_offer_what_the_specification_says() {
        for (body, expected) in [
            ("?OTR?", offer(true, false, false)),
            ("?OTR?v?", offer(true, false, false)),
            ("?OTRv2?", offer(false, true, false)),
            ("?OTR?v2?", offer(true, true, false)),
            ("?OTRv23?", offer(false, true, true)),
            ("?OTRv32?", offer(false, true, true)),
            ("?OTRv24x?", Offer { v4: true, ..offer(false, true, false) }),
            ("?OTR?v24x?", Offer { v4: true, ..offer(true, true, false) }),
            ("?OTRv4?", Offer { v4: true, ..Offer::default() }),
            ("?OTRv?", offer(false, false, false)),
            (
                "<b>?OTRv3?</b> Alice has requested a private conversation.",
                offer(false, false, true),
            ),
            ("?OTR?v2 and no end", offer(true, false, false)),
        ] {
            assert_eq!(classify(body), Incoming::Query(expected), "{body}");
        }
    }

    #[test]
    fn what_only_looks_like_a_marker_is_text() {
        for body in [
            "",
            "?",
            "?OTR",
            "?OTRx",
            "?OTRv",
            "?OTRv2 no end",
            "what is ?OTR Error: then",
            "?OTRv2 3?",
        ] {
            let expected = Incoming::Plain { text: Cow::Borrowed(body), offer: None };
            assert_eq!(classify(body), expected, "{body}");
        }
    }

    #[test]
    fn in_private_a_query_counts_at_the_start_only() {
        for body in [
            "?OTRv23?",
            "?OTRv23?\n<b>ada</b> has requested an Off-the-Record private conversation.",
            " \r\n\t?OTRv23?",
            "\u{feff}?OTRv23?",
            "<b>?OTRv23?</b> Alice has requested a private conversation.",
            "<html><body> <p dir=\"ltr\">\n?OTRv23?</p></body></html>",
        ] {
            let expected = Incoming::Query(offer(false, true, true));
            assert_eq!(classify_in_private(body), expected, "{body}");
        }
        for body in [
            "what does ?OTRv23? mean",
            "\"?OTRv23?\" is what I see",
            "> ?OTRv23?\nwhat is that",
            "a < b ?OTRv23?",
            "<b ?OTRv23?",
            "<b>x</b>?OTRv23?",
        ] {
            assert!(matches!(classify(body), Incoming::Query(_)), "{body}");
            let expected = Incoming::Plain { text: Cow::Borrowed(body), offer: None };
            assert_eq!(classify_in_private(body), expected, "{body}");
        }
    }

    #[test]
    fn a_sentence_about_messages_is_text() {
        for body in [
            "what is ?OTR: for?",
            "it shows ?OTR:AAMDlong text without an end",
            "I see ?OTR:AAM!. and no more",
            "I see ?OTR: in the chat. I am being arrested",
            "what is ?OTR:. I need help",
            "it says ?OTR:this. and nothing else",
            "it says ?OTR:AAEC. and that is version 1",
            "I see ?OTR:AAMCA. which is cut",
            "<b>what is</b> ?OTR:AAMCA. please",
            "<p>?OTR: is what I see.</p>",
            "my program shows ?OTR|, and then nothing",
            "and ?OTR,what is that, please,",
            "and ?OTR,1,2,I am being arrested, please",
        ] {
            for incoming in [classify(body), classify_in_private(body)] {
                let expected = Incoming::Plain { text: Cow::Borrowed(body), offer: None };
                assert_eq!(incoming, expected, "{body}");
            }
        }
        for body in ["?OTR: for", "?OTR:AAM!."] {
            assert_eq!(classify(body), Incoming::Encoded(body));
        }
        for body in ["<p>?OTR:AA\r\nMC.</p>", "see ?OTR:AAMC.", "<p>?OTR:AAMDgarbag.</p>"] {
            let ix = body.find('?').unwrap_or_default();
            assert_eq!(classify(body), Incoming::Encoded(body.get(ix..).unwrap_or_default()));
        }
        for body in [
            "<p>?OTR|5a73a599|27e31597,00001,00002,?OTR:AA,</p>",
            "see ?OTR|5a73a599|27e31597,00001,00002,?OTR:AA,",
            "see ?OTR,2,2,AAMC.,",
        ] {
            assert!(matches!(classify(body), Incoming::Fragment(_)), "{body}");
        }
    }

    #[test]
    fn many_markers_cost_no_more_than_one() {
        for marker in [
            "x?OTR:",
            "x?OTR|",
            "x?OTR,",
            "x?OTRv",
            "x?OTR:AAAA",
            "x?OTR:. ",
            "x?OTR:AAMC",
            "x?OTR,1,2,A",
        ] {
            let body = marker.repeat(100_000);
            drop(classify(&body));
            drop(classify_in_private(&body));
            drop(classify(&(body + ".")));
        }
    }

    #[test]
    fn an_error_counts_at_the_start_only() {
        assert_eq!(classify("?OTR Error: no key"), Incoming::Error("no key"));
        assert!(matches!(classify("x ?OTR Error: no key"), Incoming::Plain { .. }));
    }

    #[test]
    fn markers_count_after_other_text() {
        assert_eq!(classify("<p>?OTR:AAMC.</p>"), Incoming::Encoded("?OTR:AAMC.</p>"));
        assert_eq!(classify("?OTR|1|2,"), Incoming::Fragment("?OTR|1|2,"));
        assert_eq!(classify("?OTR,1,2,x,"), Incoming::Fragment("?OTR,1,2,x,"));
    }

    #[test]
    fn a_tag_is_removed_wherever_it_is() {
        let policy = Policy::default();
        let tag = tagged(&policy, "");

        for (body, text) in [
            (tagged(&policy, "hello"), "hello"),
            (format!("{tag}hello"), "hello"),
            (format!("he{tag}llo"), "hello"),
            (format!("hi{tag}        there"), "hithere"),
        ] {
            let Incoming::Plain { text: heard, offer: Some(heard_offer) } = classify(&body) else {
                panic!("no tag in {body:?}");
            };
            assert_eq!((&*heard, heard_offer), (text, offer(false, true, true)));
        }
    }

    #[test]
    fn a_tag_without_versions_offers_nothing() {
        let body = format!("a{TAG_BASE}ü");

        let expected = Incoming::Plain { text: "aü".into(), offer: Some(Offer::default()) };
        assert_eq!(classify(&body), expected);
    }

    #[test]
    fn queries_and_tags_offer_what_the_policy_allows() {
        let policy = Policy { allow_v2: false, ..Policy::default() };

        assert_eq!(query(&Policy::default()), "?OTRv23?");
        assert_eq!(query(&policy), "?OTRv3?");
        let expected = Incoming::Plain { text: "x".into(), offer: Some(offer(false, false, true)) };
        assert_eq!(classify(&tagged(&policy, "x")), expected);
    }
}
