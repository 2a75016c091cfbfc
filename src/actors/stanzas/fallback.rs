//! What of a body is the sender's own words. Programs that reply, react, correct or retract put words
//! into the body for those that do not know these, and mark them (XEP-0428): words that somebody else
//! has said, or nobody.

use std::{borrow::Cow, ops::Range};

use minidom::Element;
use xmpp_parsers::{message::Message, ns};

/// Namespace of fallbacks (XEP-0428).
const NS_FALLBACK: &str = "urn:xmpp:fallback:0";
/// Namespace of reactions (XEP-0444): a message that has them says nothing else.
const NS_REACTIONS: &str = "urn:xmpp:reactions:0";
/// Names of what is encrypted, whatever its namespace: OMEMO, `OpenPGP`, its first form.
const ENCRYPTED: [&str; 3] = ["encrypted", "openpgp", "encryption"];
/// Namespaces of encryption that fallbacks are said to be for. Their words say that the message could
/// not be read: the learner is to hear of that.
const ENCRYPTIONS: [&str; 6] = [
    "eu.siacs.conversations.axolotl",
    "jabber:x:encrypted",
    "urn:xmpp:eme:",
    "urn:xmpp:omemo:",
    "urn:xmpp:openpgp:",
    "urn:xmpp:otr:",
];
/// Most marks that are looked at: a message has one or two.
const MOST_MARKS: usize = 32;

/// The sender's own words of a body; `None`: it holds none. An OTR message is left as it is.
pub(super) fn own_words<'a>(message: &Message, body: &'a str) -> Option<Cow<'a, str>> {
    if is_otr(body) {
        return Some(Cow::Borrowed(body));
    }
    let is_encrypted = message.payloads.iter().any(is_encryption);
    let mut ranges = Vec::new();
    for mark in marks(message) {
        match mark {
            Mark::Whole if is_encrypted => {}
            Mark::Whole => return None,
            Mark::Range(range) => ranges.push(range),
        }
    }
    let is_reaction = message.payloads.iter().any(|payload| payload.is("reactions", NS_REACTIONS));
    if ranges.is_empty() {
        return (!is_reaction).then_some(Cow::Borrowed(body));
    }
    let rest = without(body, ranges);
    (!rest.trim().is_empty()).then_some(Cow::Owned(rest))
}

/// Whether a body belongs to the OTR protocol: as a whole, or with a message of it somewhere.
fn is_otr(body: &str) -> bool {
    body.trim_start().starts_with("?OTR")
        || ["?OTR:", "?OTR,", "?OTR|"].into_iter().any(|begin| body.contains(begin))
}

fn is_encryption(payload: &Element) -> bool {
    ENCRYPTED.contains(&payload.name()) || payload.ns() == ns::EME
}

/// What a fallback marks.
enum Mark {
    Whole,
    /// In Unicode code points, as the sender says it.
    Range(Range<usize>),
}

/// The marks on the body.
fn marks(message: &Message) -> impl Iterator<Item = Mark> {
    let fallbacks = message.payloads.iter().filter(|payload| payload.is("fallback", NS_FALLBACK));
    fallbacks.filter(|fallback| !is_of_encryption(fallback)).take(MOST_MARKS).flat_map(|fallback| {
        // Without a part that is named, all parts are meant.
        let is_whole = fallback.children().next().is_none().then_some(Mark::Whole);
        let bodies = fallback.children().filter(|child| child.is("body", NS_FALLBACK));
        is_whole.into_iter().chain(bodies.take(MOST_MARKS).filter_map(mark))
    })
}

fn is_of_encryption(fallback: &Element) -> bool {
    let is_one = |what: &str| ENCRYPTIONS.iter().any(|begin| what.starts_with(begin));
    fallback.attr("for").is_some_and(is_one)
}

/// The mark of a `body` in a fallback; `None` where it says what cannot be.
fn mark(body: &Element) -> Option<Mark> {
    let number = |name| body.attr(name).map(|value| value.trim().parse::<usize>().ok());
    match (number("start"), number("end")) {
        (None, None) => Some(Mark::Whole),
        (start, end) => {
            let (start, end) = (start.unwrap_or(Some(0))?, end.unwrap_or(Some(usize::MAX))?);
            (start < end).then_some(Mark::Range(start..end))
        }
    }
}

/// A text without these code points. Ranges may overlap, and reach beyond the end.
fn without(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut ranges = ranges.into_iter().peekable();
    let mut cut_until = 0;
    let is_own = |(at, character): (usize, char)| {
        while let Some(range) = ranges.next_if(|range| range.start <= at) {
            cut_until = cut_until.max(range.end);
        }
        (at >= cut_until).then_some(character)
    };
    text.chars().enumerate().filter_map(is_own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a body, where these payloads stand beside it.
    fn left(body: &str, payloads: &str) -> Option<String> {
        let body = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let xml = format!(
            "<message xmlns='jabber:client' from='a@b/c'><body>{body}</body>{payloads}</message>"
        );
        let message: Message = xso::from_bytes(xml.as_bytes()).unwrap();
        let (_, body) = message.get_best_body(Vec::new()).unwrap();
        own_words(&message, body).map(Cow::into_owned)
    }

    fn reply(ranges: &[(&str, &str)]) -> String {
        let bodies: Vec<String> = ranges
            .iter()
            .map(|(start, end)| format!("<body start='{start}' end='{end}'/>"))
            .collect();
        let bodies = bodies.concat();
        format!(
            "<reply xmlns='urn:xmpp:reply:0' to='bot@localhost' id='1'/>\
             <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>{bodies}</fallback>"
        )
    }

    #[track_caller]
    fn check(body: &str, payloads: &str, expected: Option<&str>) {
        assert_eq!(left(body, payloads).as_deref(), expected, "{body:?} {payloads}");
    }

    #[test]
    fn what_a_reply_quotes_is_taken_away() {
        let body = "> write \"stop\"\nhelp";
        check(body, "", Some(body));
        check(body, &reply(&[("0", "15")]), Some("help"));
        // Code points are counted, not bytes, and not what people see as one letter.
        check("> \u{e4}\u{1f600}\u{301}\nhi", &reply(&[("0", "6")]), Some("hi"));
        check("> a\nyes\n> b\nno", &reply(&[("0", "4"), ("8", "12")]), Some("yes\nno"));
        check("> a\nyes\n> b\nno", &reply(&[("8", "12"), ("0", "4")]), Some("yes\nno"));
        check("> a\nyes", &(reply(&[("0", "2")]) + &reply(&[("1", "4")])), Some("yes"));
        check("> a\n", &reply(&[("0", "4")]), None);
        check("> a\n \n", &reply(&[("0", "4")]), None);
    }

    #[test]
    fn marks_that_cannot_be_do_no_harm() {
        for (start, end) in
            [("4", "0"), ("3", "3"), ("-1", "4"), ("x", "4"), ("0", "y"), ("9", "12")]
        {
            check("> a\nyes", &reply(&[(start, end)]), Some("> a\nyes"));
        }
        check("> a\nyes", &reply(&[("4", "99999999")]), Some("> a\n"));
        check("> a\nyes", &reply(&[("0", "18446744073709551615")]), None);
        check("> a\nyes", &reply(&[("0", "18446744073709551616")]), Some("> a\nyes"));
        let many: Vec<_> = (0..500).map(|_| ("0", "4")).collect();
        check("> a\nyes", &reply(&many), Some("yes"));
        let open = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body end='4'/></fallback>";
        check("> a\nyes", open, Some("yes"));
        let elsewhere =
            "<fallback xmlns='urn:x:fallback' for='urn:xmpp:reply:0'><body/></fallback>";
        check("yes", elsewhere, Some("yes"));
    }

    #[test]
    fn a_body_that_is_a_fallback_as_a_whole_says_nothing() {
        let reactions = "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>\u{1f44d}</reaction></reactions>";
        check("\u{1f44d}", reactions, None);
        for what in ["urn:xmpp:reactions:0", "urn:xmpp:reply:0", "urn:xmpp:message-retract:1"] {
            for parts in ["", "<body/>", "<body/><subject/>"] {
                let fallback = format!(
                    "<fallback xmlns='urn:xmpp:fallback:0' for='{what}'>{parts}</fallback>"
                );
                check("> stop\n\u{1f44d}", &fallback, None);
            }
        }
        check("stop", "<fallback xmlns='urn:xmpp:fallback:0'/>", None);
        let subject = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:x'><subject/></fallback>";
        check("stop", subject, Some("stop"));
    }

    #[test]
    fn what_says_that_a_message_is_encrypted_is_read() {
        let words = "I sent you an OMEMO encrypted message.";
        for payloads in [
            "<fallback xmlns='urn:xmpp:fallback:0' for='eu.siacs.conversations.axolotl'><body/></fallback>",
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:omemo:2'/>",
            "<encrypted xmlns='urn:xmpp:omemo:2'/><fallback xmlns='urn:xmpp:fallback:0'/>",
            "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:omemo:2'/><fallback xmlns='urn:xmpp:fallback:0'><body/></fallback>",
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:omemo:2'><body start='0' end='12'/></fallback>",
        ] {
            check(words, payloads, Some(words));
        }
    }

    #[test]
    fn a_message_of_otr_stays_whole() {
        for body in ["?OTR:AAMC=.", " ?OTRv23?", "?OTR,1,2,AAA,", "hello ?OTR:AAMC=."] {
            for payloads in [&reply(&[("0", "9")]), "<fallback xmlns='urn:xmpp:fallback:0'/>"] {
                check(body, payloads, Some(body));
            }
        }
    }
}
