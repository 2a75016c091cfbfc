//! What platforms say in words of a signature that they refuse.

/// How much of a text is looked through, in bytes.
const LONGEST: usize = 16 * 1024;
/// How far a fault may stand from what it is a fault of, in bytes.
const NEAR: usize = 80;

/// What can be at fault.
const SUBJECTS: [&str; 9] = [
    "signature",
    "oauth",
    "consumer key",
    "consumer_key",
    "consumerkey",
    "shared secret",
    "consumer secret",
    "body hash",
    "bodyhash",
];
/// How it is said that it is.
const FAULTS: [&str; 22] = [
    "invalid",
    "not valid",
    "fail",
    "match",
    "wrong",
    "incorrect",
    "bad ",
    "refused",
    "reject",
    "denied",
    "authoriz",
    "authoris",
    "authentic",
    "verif",
    "error",
    "problem",
    "unknown",
    "expired",
    "missing",
    "forbidden",
    "not accepted",
    "unrecogni",
];

/// Whether a text says that a signature, or whose it is, was refused.
pub(super) fn say_refused(text: &str) -> bool {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..LONGEST).unwrap_or(bytes).to_ascii_lowercase();
    let text = String::from_utf8_lossy(&bytes);
    SUBJECTS.iter().any(|subject| {
        text.match_indices(subject).any(|(at, subject)| {
            let end = at.saturating_add(subject.len()).saturating_add(NEAR).min(bytes.len());
            let around = bytes.get(at.saturating_sub(NEAR)..end).unwrap_or_default();
            FAULTS.iter().any(|fault| contains(around, fault.as_bytes()))
        })
    })
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
            "{\"error\":\"invalid_signature\"}",
            "The signature does not match",
            "Unknown consumer key",
            "OAuth validation fail key=x error=y",
            "the oauth_body_hash was wrong",
        ] {
            assert!(say_refused(text), "{text}");
        }
        for text in [
            "",
            "User is no longer in course [EID_7]",
            "signature",
            "The grade is out of range; an error",
            "Score for x is now 1.0",
            &format!("oauth {} error", "x".repeat(200)),
        ] {
            assert!(!say_refused(text), "{text}");
        }
    }
}
