//! Cipher suites by the names that OpenSSL and IANA give them.

use rustls::{CipherSuite, ProtocolVersion, SupportedCipherSuite, crypto::ring};
use thiserror::Error;

use super::TlsVersion;

/// Why a name is no cipher suite that can be configured.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum CipherProblem {
    /// It is no name of a cipher suite.
    #[error("is no name of a cipher suite{}", nearest.as_ref().map_or_else(
        || format!("; known are {}", supported_ciphers().join(", ")),
        |name| format!("; did you mean {name}?")
    ))]
    Unknown {
        /// A name that looks like it, in the spelling of OpenSSL or IANA, as was asked for.
        nearest: Option<String>,
    },
    /// The library deliberately does not have it: no forward secrecy, or no authenticated
    /// encryption, or the slow forms of Diffie-Hellman.
    #[error("is not supported: {0}; leave it out")]
    Unsupported(&'static str),
}

/// Reads the name of a cipher suite as OpenSSL or IANA write it.
///
/// # Errors
///
/// [`CipherProblem`], which tells a slip of the pen from a suite that is too old.
pub fn parse_cipher(name: &str) -> Result<CipherSuite, CipherProblem> {
    let name = name.trim().to_ascii_uppercase();
    let supported = ring::default_provider().cipher_suites;
    if let Some(suite) = supported
        .iter()
        .map(SupportedCipherSuite::suite)
        .find(|&suite| iana(suite) == name || openssl(suite) == name)
    {
        return Ok(suite);
    }
    let words: Vec<&str> = name.split(['-', '_']).collect();
    let is_suite = words.len() > 1
        && words.iter().all(|word| KEY_WORDS.contains(word) || CIPHER_WORDS.contains(word))
        && words.iter().any(|word| CIPHER_WORDS.contains(word));
    if is_suite {
        return Err(CipherProblem::Unsupported(lack(&words)));
    }
    let names = supported.iter().map(SupportedCipherSuite::suite);
    let nearest = names
        .flat_map(|suite| [openssl(suite), iana(suite)])
        .map(|known| (strsim::damerau_levenshtein(&known, &name), known))
        .min()
        .filter(|&(distance, _)| distance <= MOST_SLIPS)
        .map(|(_, known)| known);
    Err(CipherProblem::Unknown { nearest })
}

/// How many letters of a name may be wrong for another to be proposed.
const MOST_SLIPS: usize = 5;

/// What a suite lacks that the library does not have.
fn lack(words: &[&str]) -> &'static str {
    let has = |word| words.contains(&word);
    let is_broken = ["RC2", "RC4", "DES", "3DES", "NULL", "EXP", "EXPORT", "IDEA", "SEED", "MD5"];
    if is_broken.into_iter().any(has) {
        "it is broken"
    } else if !has("ECDHE") && !has("DHE") && !has("EDH") {
        "it has no forward secrecy"
    } else if !has("GCM") && !has("POLY1305") && !has("CCM") && !has("CCM8") {
        "it does not authenticate what it encrypts (CBC)"
    } else {
        "the TLS library speaks AES-GCM and ChaCha20-Poly1305 with ECDHE alone"
    }
}

/// Whether a version that is not older than `least` can be spoken with these; empty: with all.
pub fn has_cipher_for(least: TlsVersion, suites: &[CipherSuite]) -> bool {
    let is_new = |suite: &SupportedCipherSuite| {
        least == TlsVersion::V1_2 || suite.version().version == ProtocolVersion::TLSv1_3
    };
    let known = ring::default_provider().cipher_suites;
    suites.is_empty() || known.iter().any(|s| is_new(s) && suites.contains(&s.suite()))
}

/// The cipher suites that can be configured, best first, by their IANA names.
pub fn supported_ciphers() -> Vec<String> {
    ring::default_provider().cipher_suites.iter().map(|suite| iana(suite.suite())).collect()
}

/// Words of names of cipher suites that say nothing about the cipher.
const KEY_WORDS: &[&str] = &[
    "TLS", "SSL", "WITH", "RSA", "DH", "DHE", "EDH", "ADH", "ANON", "ECDH", "ECDHE", "AECDH",
    "ECDSA", "DSS", "PSK", "SRP", "KRB5", "SHA", "SHA256", "SHA384", "MD5", "EXP", "EXPORT", "40",
    "128", "256", "8", "ECCPWD",
];

/// Words of names of cipher suites that name a cipher or its mode.
const CIPHER_WORDS: &[&str] = &[
    "AES",
    "AES128",
    "AES256",
    "GCM",
    "CCM",
    "CCM8",
    "CBC",
    "CBC3",
    "RC2",
    "RC4",
    "DES",
    "3DES",
    "EDE",
    "CAMELLIA",
    "CAMELLIA128",
    "CAMELLIA256",
    "ARIA",
    "ARIA128",
    "ARIA256",
    "CHACHA20",
    "POLY1305",
    "SEED",
    "IDEA",
    "NULL",
];

/// `TLS_AES_128_GCM_SHA256`, which the library calls `TLS13_AES_128_GCM_SHA256`.
pub(super) fn iana(suite: CipherSuite) -> String {
    suite.as_str().map_or_else(
        || format!("{suite:?}"),
        |name| {
            name.strip_prefix("TLS13_")
                .map_or_else(|| name.to_owned(), |rest| format!("TLS_{rest}"))
        },
    )
}

/// `ECDHE-RSA-AES128-GCM-SHA256`; the suites of TLS 1.3 are called as IANA does.
fn openssl(suite: CipherSuite) -> String {
    let iana = iana(suite);
    match iana.strip_prefix("TLS_").and_then(|name| name.split_once("_WITH_")) {
        None => iana,
        Some((keys, cipher)) => format!("{keys}-{cipher}")
            .replace('_', "-")
            .replace("AES-", "AES")
            .replace("POLY1305-SHA256", "POLY1305"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_have_the_names_of_openssl_and_iana() {
        for (name, suite) in [
            ("TLS_AES_256_GCM_SHA384", CipherSuite::TLS13_AES_256_GCM_SHA384),
            ("ECDHE-RSA-AES128-GCM-SHA256", CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
            (
                "ecdhe-ecdsa-chacha20-poly1305",
                CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            ),
            (
                " TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 ",
                CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            ),
        ] {
            assert_eq!(parse_cipher(name), Ok(suite), "{name}");
        }
        assert_eq!(supported_ciphers().len(), 9);
        for name in supported_ciphers() {
            assert!(parse_cipher(&name).is_ok(), "{name}");
        }
    }

    #[test]
    fn old_ciphers_are_told_from_slips_of_the_pen() {
        for name in [
            "AES256-SHA",
            "DHE-RSA-AES256-GCM-SHA384",
            "ECDHE-RSA-AES256-SHA384",
            "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
            "TLS_DH_anon_WITH_AES_128_CBC_SHA",
            "RC4-MD5",
        ] {
            let problem = parse_cipher(name).unwrap_err();
            assert!(matches!(problem, CipherProblem::Unsupported(_)), "{name}");
        }
        for name in ["", "HIGH", "!aNULL", "ECDHE-RSA-AES257-GCM-SHA256", "SHA", "TLS_RSA"] {
            let problem = parse_cipher(name).unwrap_err();
            assert!(matches!(problem, CipherProblem::Unknown { .. }), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_cipher_is_said_with_its_reason() {
        for (name, reason) in [
            ("AES256-GCM-SHA384", "forward secrecy"),
            ("ECDHE-RSA-AES256-SHA384", "CBC"),
            ("ECDHE-RSA-AES128-SHA", "CBC"),
            ("DHE-RSA-AES256-GCM-SHA384", "ECDHE alone"),
            ("TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE alone"),
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "broken"),
            ("ECDHE-RSA-AES257-GCM-SHA256", "did you mean ECDHE-RSA-AES128-GCM-SHA256?"),
            ("TLS_AES_265_GCM_SHA384", "did you mean TLS_AES_256_GCM_SHA384?"),
            ("HIGH:!aNULL", "known are TLS_AES_256_GCM_SHA384, "),
        ] {
            let said = parse_cipher(name).unwrap_err().to_string();
            assert!(said.contains(reason), "{name}: {said}");
        }
    }

    #[test]
    fn a_list_without_a_cipher_of_the_least_version_is_seen() {
        let old = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;

        assert!(has_cipher_for(TlsVersion::V1_2, &[old]));
        assert!(!has_cipher_for(TlsVersion::V1_3, &[old]));
        assert!(has_cipher_for(TlsVersion::V1_3, &[old, CipherSuite::TLS13_AES_128_GCM_SHA256]));
        assert!(has_cipher_for(TlsVersion::V1_3, &[]));
    }
}
