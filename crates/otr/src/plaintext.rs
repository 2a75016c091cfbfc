//! Messages that are not base 64: query messages, whitespace tags, error messages, and plain text
//! (OTRv3, "Unencoded messages").
//!
//! As in libotr, the markers of queries, encoded messages and fragments count anywhere in the
//! text, so that they may be hidden in markup. An error message counts at the start only: inside
//! of other text it would let a quotation start a key exchange.

use std::borrow::Cow;

use super::policy::Policy;

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
/// Longest list of versions that is looked at in a query.
const MAX_VERSIONS_BYTES: usize = 64;

/// The versions that a query or a tag offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Version 1, which is never taken.
    pub v1: bool,
    /// Version 2.
    pub v2: bool,
    /// Version 3.
    pub v3: bool,
}

impl Offer {
    fn with_versions(mut self, versions: &str) -> Self {
        self.v2 |= versions.contains('2');
        self.v3 |= versions.contains('3');
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

/// Tells what a body is.
pub fn classify(body: &str) -> Incoming<'_> {
    if let Some(text) = body.strip_prefix(ERROR) {
        return Incoming::Error(text.trim());
    }
    body.match_indices(MARKER)
        .find_map(|(ix, marker)| marked(body.get(ix..)?, marker))
        .unwrap_or_else(|| plain(body))
}

/// What begins here, if the marker is one of an OTR message.
fn marked<'a>(from: &'a str, marker: &str) -> Option<Incoming<'a>> {
    let rest = from.strip_prefix(marker)?;
    match rest.chars().next()? {
        ':' => Some(Incoming::Encoded(from)),
        '|' | ',' => Some(Incoming::Fragment(from)),
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
        Offer { v1, v2, v3 }
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
            ("?OTRv24x?", offer(false, true, false)),
            ("?OTR?v24x?", offer(true, true, false)),
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
