//! Why a platform could not be reached with a grade, in words that are kept with the grade and found
//! again in them.

use std::fmt;

/// Why no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No name server knows the name of the host.
    NoName,
    /// The name servers do not answer.
    NoNameServer,
    /// Nobody listens there.
    Refused,
    /// The network has no way to the host.
    NoWay,
    /// No connection comes about, or no answer, in the time that there is.
    TimedOut,
    /// The certificate has expired, or is not valid yet.
    CertificateDate,
    /// The certificate is for another host.
    CertificateName,
    /// No authority that this machine trusts vouches for the certificate.
    CertificateIssuer,
    /// The certificate cannot be used for another reason.
    Certificate,
    /// What answers speaks no TLS, or none that is safe.
    NoTls,
    /// The connection broke.
    Broken,
}

/// All causes with their words, of which none holds another one's.
const WORDS: [(Cause, &str); 11] = [
    (Cause::NoName, "its name is not known (DNS)"),
    (Cause::NoNameServer, "the name servers do not answer (DNS)"),
    (Cause::Refused, "the connection is refused: no program listens there"),
    (Cause::NoWay, "there is no way to it in the network"),
    (Cause::TimedOut, "did not answer in time"),
    (Cause::CertificateDate, "its certificate has expired or is not valid yet (TLS)"),
    (Cause::CertificateName, "its certificate is for another host (TLS)"),
    (Cause::CertificateIssuer, "its certificate is of no authority that this machine trusts (TLS)"),
    (Cause::Certificate, "its certificate is not accepted (TLS)"),
    (Cause::NoTls, "what answers there speaks no TLS that can be used"),
    (Cause::Broken, "the connection to the platform broke"),
];

impl Cause {
    /// The cause that words about an attempt name, as this program wrote them.
    pub fn of_words(why: &str) -> Option<Self> {
        WORDS.into_iter().find(|(_, words)| why.contains(words)).map(|(cause, _)| cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = WORDS.into_iter().find(|(cause, _)| cause == self);
        let it = if matches!(self, Self::TimedOut) { "it " } else { "" };
        write!(f, "{it}{}", words.map_or("", |(_, words)| words))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_found_again_in_its_words() {
        for (cause, words) in WORDS {
            assert!(cause.to_string().ends_with(words));
            let why = format!("unclear (2): the platform cannot be reached: {cause}: lms.example");
            assert_eq!(Cause::of_words(&why), Some(cause));
        }
        assert_eq!(Cause::of_words("status 500"), None);
    }
}
