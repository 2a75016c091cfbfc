//! What the library of SCRAM does not look at (RFC 5802): whether the challenge is one, and what it
//! asks for.

use std::ops::RangeInclusive;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sasl::client::{Mechanism, MechanismError};

use super::{Down, refusal::scram_error};

/// Rounds of the key derivation that a server may ask for. Fewer make the proof easy to guess the
/// password from (RFC 5802 and RFC 7677 want at least these), more keep this machine busy.
const ROUNDS: RangeInclusive<u32> = 4_096..=1_000_000;

/// The server is not the one that knows the password.
pub(super) fn not_genuine(why: &'static str) -> Down {
    Down::ServerNotGenuine { why }
}

fn broken(what: &str) -> Down {
    Down::Broken(format!("its SCRAM challenge {what}"))
}

/// Looks at the server's first message: our nonce is in it, salt and rounds are there and sane.
pub(super) fn check_challenge(data: &[u8], our_nonce: &str) -> Result<(), Down> {
    let message = text(data)?;
    if let Some(error) = message.strip_prefix("e=") {
        return Err(scram_error(error));
    }
    if message.starts_with("m=") {
        return Err(broken("demands an extension that is not known here (m=)"));
    }
    let nonce = value(message, "r=").ok_or_else(|| broken("has no nonce (r=)"))?;
    if !nonce.starts_with(our_nonce) || nonce.len() <= our_nonce.len() {
        return Err(not_genuine("its nonce does not go on from ours"));
    }
    let salt = value(message, "s=").ok_or_else(|| broken("has no salt (s=)"))?;
    if !BASE64.decode(salt).is_ok_and(|salt| !salt.is_empty()) {
        return Err(broken("has a salt that is no base64 (s=)"));
    }
    let rounds = value(message, "i=").ok_or_else(|| broken("has no number of rounds (i=)"))?;
    if rounds.is_empty() || !rounds.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(broken("has rounds that are no number (i=)"));
    }
    // Digits alone that are no number of the machine are too many.
    let rounds: u64 = rounds.parse().unwrap_or(u64::MAX);
    let (least, most) = (*ROUNDS.start(), *ROUNDS.end());
    if rounds < u64::from(least) {
        Err(Down::TooFewRounds { rounds, least })
    } else if rounds > u64::from(most) {
        Err(Down::TooManyRounds { rounds, most })
    } else {
        Ok(())
    }
}

/// Checks the server's proof that it knows the password.
pub(super) fn prove(mechanism: &mut dyn Mechanism, data: &[u8]) -> Result<(), Down> {
    if let Some(error) = std::str::from_utf8(data).ok().and_then(|text| text.strip_prefix("e=")) {
        return Err(scram_error(error));
    }
    mechanism.success(data).map_err(|fault| {
        let is_wrong = matches!(fault, MechanismError::InvalidSignatureInSuccessResponse);
        not_genuine(if is_wrong { "its signature is wrong" } else { "its signature is missing" })
    })
}

/// Our nonce in our own first message.
pub(super) fn nonce_of(first: &[u8]) -> Option<String> {
    let first = std::str::from_utf8(first).ok()?;
    value(first, "r=").map(str::to_owned)
}

/// A user's name as SCRAM writes it (RFC 5802, "saslname").
pub(super) fn scram_name(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

fn text(data: &[u8]) -> Result<&str, Down> {
    std::str::from_utf8(data).map_err(|_no_text| broken("is no text"))
}

/// The value of an attribute of a SCRAM message.
fn value<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    message.split(',').find_map(|attribute| attribute.strip_prefix(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of a challenge to the nonce `abc`.
    fn said(challenge: &str) -> Down {
        check_challenge(challenge.as_bytes(), "abc").unwrap_err()
    }

    #[test]
    fn challenges_with_enough_rounds_and_not_too_many_are_taken() {
        for rounds in ["4096", "10000", "1000000", "0004096"] {
            let challenge = format!("r=abcdef,s=c2FsdA==,i={rounds}");
            assert_eq!(check_challenge(challenge.as_bytes(), "abc"), Ok(()));
        }
    }

    #[test]
    fn rounds_are_refused_with_their_number_and_its_bound() {
        for (rounds, said_rounds) in [("4095", 4_095), ("1000", 1_000), ("1", 1), ("0", 0)] {
            let down = said(&format!("r=abcdef,s=c2FsdA==,i={rounds}"));
            assert_eq!(down, Down::TooFewRounds { rounds: said_rounds, least: 4_096 });
            let text = down.to_string();
            assert!(text.contains("4096") && text.contains("RFC 5802"), "{text}");
            assert!(!text.contains("did not prove"), "{text}");
        }
        for (rounds, said_rounds) in [
            ("1000001", 1_000_001),
            ("4294967296", 4_294_967_296),
            ("99999999999999999999999999", u64::MAX),
        ] {
            let down = said(&format!("r=abcdef,s=c2FsdA==,i={rounds}"));
            assert_eq!(down, Down::TooManyRounds { rounds: said_rounds, most: 1_000_000 });
        }
    }

    #[test]
    fn a_nonce_that_does_not_go_on_from_ours_is_no_proof_of_the_server() {
        for challenge in ["r=xbcdef,s=c2FsdA==,i=4096", "r=abc,s=c2FsdA==,i=4096", "r=,i=1"] {
            assert!(matches!(said(challenge), Down::ServerNotGenuine { .. }), "{challenge}");
        }
    }

    #[test]
    fn challenges_that_are_none_are_told_as_such() {
        for (challenge, what) in [
            ("", "(r=)"),
            ("s=c2FsdA==,i=4096", "(r=)"),
            ("r=abcdef,i=4096", "(s=)"),
            ("r=abcdef,s=,i=4096", "(s=)"),
            ("r=abcdef,s=!,i=4096", "(s=)"),
            ("r=abcdef,s=c2FsdA==", "(i=)"),
            ("r=abcdef,s=c2FsdA==,i=", "(i=)"),
            ("r=abcdef,s=c2FsdA==,i=-1", "(i=)"),
            ("r=abcdef,s=c2FsdA==,i=+4096", "(i=)"),
            ("m=x,r=abcdef,s=c2FsdA==,i=4096", "(m=)"),
        ] {
            let down = said(challenge);
            let text = down.to_string();
            assert!(matches!(down, Down::Broken(_)) && text.contains(what), "{challenge}: {text}");
        }
        assert!(matches!(check_challenge(b"\xff", "abc"), Err(Down::Broken(_))));
    }

    #[test]
    fn names_are_escaped_for_scram() {
        assert_eq!(scram_name("a=b,c"), "a=3Db=2Cc");
    }
}
