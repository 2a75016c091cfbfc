//! What of a body is the sender's own words. Programs that reply, react, correct or retract put words
//! into the body for those that do not know these, and mark them (XEP-0428): words that somebody else
//! has said, or nobody.

use std::ops::Range;

use minidom::Element;
use xmpp_parsers::{message::Message, ns};

use super::has_payload;

/// Namespaces of fallbacks (XEP-0428): of today, and of its first versions.
const NS_FALLBACKS: [&str; 2] = ["urn:xmpp:fallback:0", "urn:xmpp:feature-fallback:0"];
/// Namespace of reactions (XEP-0444): a message that has them says nothing else.
const NS_REACTIONS: &str = "urn:xmpp:reactions:0";
/// How namespaces begin whose fallbacks may be a whole body: of reactions, retractions (XEP-0424) and
/// replies (XEP-0461). Those of anything else, such as files and corrections, are what the sender says.
const WORDLESS: [&str; 3] = ["urn:xmpp:reactions:", "urn:xmpp:message-retract:", "urn:xmpp:reply:"];
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
/// About so many pieces are taken away at most.
const MOST_CUTS: usize = 100_000;

/// The sender's own words of a body, which are empty where it holds none; `None`: all of it is theirs.
/// An OTR message is left as it is.
pub(super) fn own_words(message: &Message, body: &str) -> Option<String> {
    let is_reaction = has_payload(message, "reactions", NS_REACTIONS);
    let has_fallback = message.payloads.iter().any(|payload| payload.name() == "fallback");
    // Nearly all messages have neither.
    if !(is_reaction || has_fallback) || is_otr(body) {
        return None;
    }
    let is_encrypted = message.payloads.iter().any(is_encryption);
    let mut ranges = Vec::new();
    let mut is_wordless = is_reaction;
    for Mark { range, may_be_all } in marks(message) {
        match range {
            Some(range) => {
                is_wordless |= may_be_all;
                ranges.push(range);
            }
            None if may_be_all && !is_encrypted => return Some(String::new()),
            None => {}
        }
    }
    if ranges.is_empty() {
        return is_reaction.then(String::new);
    }
    let rest = without(body, &ranges);
    if rest.trim().is_empty() {
        return is_wordless.then(String::new);
    }
    (rest.len() < body.len()).then_some(rest)
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
struct Mark {
    /// In Unicode code points, as the sender says it; `None`: the whole body.
    range: Option<Range<usize>>,
    /// Whether nothing may be left.
    may_be_all: bool,
}

/// The marks on the body.
fn marks(message: &Message) -> impl Iterator<Item = Mark> {
    let is_wordless = message.payloads.iter().any(|payload| is_of(&WORDLESS, &payload.ns()));
    let fallbacks = message.payloads.iter().filter_map(|payload| {
        let ns = NS_FALLBACKS.into_iter().find(|ns| payload.is("fallback", *ns))?;
        (!is_of_encryption(payload)).then_some((payload, ns))
    });
    let marks = fallbacks.take(MOST_MARKS).flat_map(move |(fallback, ns)| {
        let may_be_all = fallback.attr("for").map_or(is_wordless, |what| is_of(&WORDLESS, what));
        // Without a part that is named, all parts are meant.
        let is_whole = fallback.children().next().is_none().then_some(None);
        let bodies = fallback.children().filter(move |child| child.is("body", ns));
        let ranges = is_whole.into_iter().chain(bodies.take(MOST_MARKS).filter_map(range));
        ranges.map(move |range| Mark { range, may_be_all })
    });
    marks.take(MOST_MARKS)
}

fn is_of(begins: &[&str], ns: &str) -> bool {
    begins.iter().any(|begin| ns.starts_with(begin))
}

fn is_of_encryption(fallback: &Element) -> bool {
    fallback.attr("for").is_some_and(|what| is_of(&ENCRYPTIONS, what))
}

/// What a `body` in a fallback marks, if it says what can be: this, or the whole.
#[expect(clippy::option_option, reason = "no mark, and the mark of the whole")]
fn range(body: &Element) -> Option<Option<Range<usize>>> {
    let number = |name| body.attr(name).map(|value| value.trim().parse::<usize>().ok());
    match (number("start"), number("end")) {
        (None, None) => Some(None),
        (start, end) => {
            let (start, end) = (start.unwrap_or(Some(0))?, end.unwrap_or(Some(usize::MAX))?);
            (start < end).then_some(Some(start..end))
        }
    }
}

/// A text without what these ranges of code points mark. They may overlap, and reach beyond the end.
///
/// Some programs count in other units. So of lines that begin with `>`, and of what follows them, such
/// lines alone are taken away, each as a whole; and a range without such lines that reaches beyond the
/// end is none.
fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut lines = Vec::new();
    let mut n_chars = 0_usize;
    for line in text.split_inclusive('\n') {
        let from = n_chars;
        n_chars = n_chars.saturating_add(line.chars().count());
        lines.push((from..n_chars, line));
    }
    let mut cuts = Vec::new();
    for range in ranges {
        let first = lines.partition_point(|(line, _)| line.end <= range.start);
        let marked = lines.iter().skip(first).take_while(|(line, _)| line.start < range.end);
        let quoted = marked.clone().find(|(_, line)| is_quoted(line));
        match quoted {
            None if range.end > n_chars && range.end < usize::MAX => {}
            None => cuts.push(range.clone()),
            Some((from, _)) => {
                if range.start < from.start {
                    cuts.push(range.start..from.start);
                }
                let is_cut = |line: &str| is_quoted(line) || line.trim().is_empty();
                let lines =
                    marked.filter(|(line, words)| line.start >= from.start && is_cut(words));
                cuts.extend(lines.map(|(line, _)| line.clone()));
            }
        }
        if cuts.len() > MOST_CUTS {
            break;
        }
    }
    cuts.sort_unstable_by_key(|range| range.start);
    let mut cuts = cuts.into_iter().peekable();
    let mut cut_until = 0;
    let is_own = |(at, character): (usize, char)| {
        while let Some(range) = cuts.next_if(|range| range.start <= at) {
            cut_until = cut_until.max(range.end);
        }
        (at >= cut_until).then_some(character)
    };
    text.chars().enumerate().filter_map(is_own).collect()
}

/// Whether a line is a quotation by its sign.
fn is_quoted(line: &str) -> bool {
    line.trim_start_matches(['\u{200e}', '\u{200f}']).starts_with('>')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of a body, where these payloads stand beside it; `None`: nothing.
    fn left(body: &str, payloads: &str) -> Option<String> {
        let body = body.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let xml = format!(
            "<message xmlns='jabber:client' from='a@b/c'><body>{body}</body>{payloads}</message>"
        );
        let message: Message = xso::from_bytes(xml.as_bytes()).unwrap();
        let (_, body) = message.get_best_body(Vec::new()).unwrap();
        match own_words(&message, body) {
            None => Some(body.to_owned()),
            Some(own) if own.is_empty() => None,
            Some(own) => Some(own),
        }
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
        // A range beyond the end was counted in other units.
        check("> a\nyes", &reply(&[("4", "99999999")]), Some("> a\nyes"));
        check("> a\nyes", &reply(&[("0", "18446744073709551615")]), Some("yes"));
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
        let retraction = "<retract xmlns='urn:xmpp:message-retract:1' id='1'/><fallback xmlns='urn:xmpp:fallback:0'/>";
        check("stop", retraction, None);
        check("stop", "<fallback xmlns='urn:xmpp:fallback:0'/>", Some("stop"));
        let subject = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:x'><subject/></fallback>";
        check("stop", subject, Some("stop"));
    }

    #[test]
    fn the_words_of_anything_else_are_read() {
        for payload in [
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body/></fallback>",
            "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:sfs:0'><body start='0' end='4'/></fallback>",
            "<replace xmlns='urn:xmpp:message-correct:0' id='1'/><fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:message-correct:0'/>",
        ] {
            check("help", payload, Some("help"));
        }
        check("help", &reply(&[("0", "40")]), Some("help"));
        check("help", &reply(&[("0", "4")]), None);
        check("a: help", &reply(&[("0", "3")]), Some("help"));
    }

    #[test]
    fn a_quotation_that_is_counted_in_other_units_takes_no_own_words() {
        let faces = "> \u{1f600}\u{1f600}\u{1f600}\n";
        for end in ["3", "6", "9", "16", "40"] {
            check(
                &format!("{faces}stop it\nplease"),
                &reply(&[("0", end)]),
                Some("stop it\nplease"),
            );
        }
        check(&format!("{faces}> b\n\nstop it"), &reply(&[("0", "13")]), Some("stop it"));
        check("Ada wrote:\n> \u{1f600}\nhelp me", &reply(&[("0", "16")]), Some("help me"));
    }

    #[test]
    fn the_first_namespace_is_known() {
        let first =
            |payload: &str| payload.replace("urn:xmpp:fallback:0", "urn:xmpp:feature-fallback:0");
        check("> a\nyes", &first(&reply(&[("0", "4")])), Some("yes"));
        let thumb = "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reactions:0'/>";
        check("+1", &first(thumb), None);
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
