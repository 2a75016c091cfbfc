//! What platforms say in words of a signature that they refuse.
//!
//! Such words stand in other answers too, as the titles of assignments and the names of people. So the
//! fault has to be told of the signature itself, with nothing between the two but [`FILLERS`].

/// The longest text that is looked through, in bytes: who says more tells of something else as well.
const LONGEST: usize = 600;
/// How far a fault may stand from what it is a fault of, in words.
const NEAR: usize = 9;

/// What can be at fault, in words.
const SUBJECTS: [&[&str]; 10] = [
    &["signature"],
    &["signatures"],
    &["body", "hash"],
    &["bodyhash"],
    &["consumer", "key"],
    &["consumerkey"],
    &["consumer", "secret"],
    &["shared", "secret"],
    &["oauth", "timestamp"],
    &["problem", "timestamp"],
];
/// How words begin that say that it is.
const FAULTS: [&str; 16] = [
    "invalid",
    "fail",
    "mismatch",
    "wrong",
    "incorrect",
    "refus",
    "reject",
    "denied",
    "error",
    "unknown",
    "expired",
    "missing",
    "absent",
    "unrecogni",
    "unverif",
    "differ",
];
/// How words begin that say that it is not, if [`NEGATIONS`] stand with them.
const MERITS: [&str; 11] = [
    "valid",
    "verif",
    "match",
    "accept",
    "correct",
    "recogni",
    "known",
    "found",
    "authentic",
    "agree",
    "present",
];
const NEGATIONS: [&str; 6] = ["not", "no", "cannot", "unable", "t", "without"];
/// What may stand between.
const FILLERS: [&str; 59] = [
    "a",
    "an",
    "the",
    "this",
    "that",
    "your",
    "its",
    "it",
    "is",
    "was",
    "are",
    "were",
    "be",
    "been",
    "has",
    "have",
    "does",
    "do",
    "did",
    "doesn",
    "didn",
    "isn",
    "wasn",
    "could",
    "couldn",
    "can",
    "to",
    "of",
    "for",
    "in",
    "with",
    "by",
    "because",
    "oauth",
    "oauth1",
    "lti",
    "hmac",
    "sha1",
    "message",
    "request",
    "body",
    "hash",
    "header",
    "base",
    "string",
    "method",
    "check",
    "checking",
    "validation",
    "verification",
    "problem",
    "code",
    "provided",
    "given",
    "sent",
    "computed",
    "expected",
    "1",
    "0",
];

/// Whether a text, which is no web page, says that a signature, or whose it is, was refused.
pub(super) fn say_refused(text: &str) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    let words = words(&without_titles(text));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let subjects = SUBJECTS.iter().any(|subject| {
        let mut places = words.windows(subject.len()).enumerate();
        places.any(|(at, found)| found == *subject && is_fault(&around(&words, at, subject.len())))
    });
    // Of OAuth alone it is said that it is not valid, or that its verification failed.
    let is_check = |word: &&str| word.contains("valid") || word.contains("verif");
    subjects
        || words.iter().enumerate().any(|(at, word)| {
            matches!(*word, "oauth" | "oauth1") && {
                let around = around(&words, at, 1);
                around.iter().any(is_check) && is_fault(&around)
            }
        })
}

/// The words around so many at a place, as far as they can be about those. What stands before a colon
/// is about all that comes: `Error: signature …`.
fn around<'a>(words: &[&'a str], at: usize, n: usize) -> Vec<&'a str> {
    let is_part = |word: &&&str| {
        **word == "bad"
            || FILLERS.contains(word)
            || NEGATIONS.contains(word)
            || begins(word, &FAULTS)
            || begins(word, &MERITS)
            || SUBJECTS.iter().any(|subject| subject.contains(word))
    };
    let before = words.get(..at).unwrap_or_default().iter().rev().take(NEAR).take_while(is_part);
    let behind = words.get(at.saturating_add(n)..).unwrap_or_default().iter();
    let behind = behind.filter(|word| **word != ":").take(NEAR).take_while(is_part);
    before.chain(behind).copied().collect()
}

/// Whether these words tell of a fault.
fn is_fault(words: &[&str]) -> bool {
    words.iter().any(|word| *word == "bad" || begins(word, &FAULTS))
        || (words.iter().any(|word| NEGATIONS.contains(word))
            && words.iter().any(|word| begins(word, &MERITS)))
}

fn begins(word: &str, with: &[&str]) -> bool {
    with.iter().any(|start| word.starts_with(start))
}

/// A text without the titles of things. In JSON all stands in quotation marks, and each text there is
/// for itself.
fn without_titles(text: &str) -> String {
    if text.trim_start().starts_with(['{', '[']) {
        text.split('"').map(without_quoted).collect::<Vec<_>>().join(" … ")
    } else {
        without_quoted(text)
    }
}

/// A text without what stands in quotation marks and has blanks in it.
fn without_quoted(text: &str) -> String {
    let mut rest = text;
    let mut kept = String::with_capacity(text.len());
    while let Some(at) = rest.find(['\'', '"', '“', '‘', '«', '„']) {
        let (before, from) = rest.split_at(at);
        let mut inside = from.chars();
        let open = inside.next().unwrap_or_default();
        let inside = inside.as_str();
        let closing: &[char] = match open {
            '“' | '„' => &['”', '“'],
            '‘' => &['’'],
            '«' => &['»'],
            '\'' => &['\''],
            _ => &['"'],
        };
        kept.push_str(before);
        let is_apostrophe = open == '\'' && before.ends_with(char::is_alphanumeric);
        match inside.find(closing).filter(|_| !is_apostrophe) {
            Some(end) if inside.get(..end).is_some_and(|quoted| quoted.contains(' ')) => {
                // What stands before it and behind it does not belong together.
                kept.push_str(" … ");
                rest = inside.get(end..).unwrap_or_default();
                rest = rest.strip_prefix(closing).unwrap_or(rest);
            }
            _ => {
                kept.push(' ');
                rest = inside;
            }
        }
    }
    kept + rest
}

/// The words of a text in lower case; those of `bodyHash` and `body_hash` too. The end of a sentence,
/// what is left out and a colon are words of their own.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    let mut all = text.chars().peekable();
    while let Some(c) = all.next() {
        let is_end = matches!(c, ';' | '!' | '?' | '\n')
            || (c == '.' && all.peek().is_none_or(|next| next.is_whitespace()));
        let is_new = c.is_uppercase() && was_lower;
        was_lower = c.is_lowercase();
        if is_end || matches!(c, '…' | ':') {
            words.extend([if c == ':' { ":" } else { "…" }.to_owned(), String::new()]);
        } else if is_new || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut()
            && c.is_alphanumeric()
        {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Whether bytes hold these words.
pub(super) fn contains(bytes: &[u8], words: &[u8]) -> bool {
    bytes.windows(words.len()).any(|window| window == words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_signature_is_told_in_many_words() {
        for text in [
            "OAuth verification error: OAuth signature verification has failed.",
            "OAuth body verification failed",
            "Message signature not valid",
            "Invalid OAuth signature",
            "oauth_problem=signature_invalid&oauth_problem_advice=x",
            "oauth_problem=consumer_key_unknown",
            "oauth_problem=timestamp_refused",
            "{\"error\":\"invalid_signature\"}",
            "{\"error\": \"InvalidSignature\", \"status\": 400}",
            "{\"message\": \"Bad signature\"}",
            "The signature does not match",
            "The signature doesn't match",
            "Signature mismatch",
            "Could not verify the signature of this message",
            "The OAuth signature could not be verified.",
            "Unknown consumer key",
            "No valid OAuth signature",
            "Invalid OAuth request",
            "OAuth validation fail key=x error=y",
            "the oauth_body_hash was wrong",
            "Failed OAuth signature check for 'lms-7'",
            "Error: invalid signature",
            "Signature: bad",
            "Signature error",
            "OAuth 1.0 validation failed.",
        ] {
            assert!(say_refused(text), "{text}");
        }
    }

    #[test]
    fn what_is_about_something_else_has_such_words_too() {
        for text in [
            "",
            "User is no longer in course [EID_7]",
            "signature",
            "The grade is out of range; an error",
            "Score for x is now 1.0",
            "The score for the assignment 'OAuth and error handling' is out of range",
            "The score for the assignment 'Invalid signatures' is out of range",
            "The result of “OAuth signature verification failed” cannot be changed",
            "Digital Signature assignment is closed: submission denied",
            "The assignment Signatures is not open any more",
            "user oauth-test@x is unknown",
            "Unknown user oauth",
            "Error: Signature assignment is closed",
            "The upload failed. Signature of the parents is needed",
            "The signature badge is gone",
            "status: failed; signature: valid",
            "OAuth error: database is locked",
            "{\"error\": \"signature service is away\"}",
            "{\"message\": \"The assignment 'Invalid signatures' is closed\"}",
            "OAuth authorization required",
            "the signature of the student's parent page is there, the upload failed",
            "The signature is valid; the user is unknown",
            &format!("oauth {} error", "x".repeat(200)),
            &format!("invalid signature {}", "x".repeat(LONGEST)),
        ] {
            assert!(!say_refused(text), "{text}");
        }
    }
}
