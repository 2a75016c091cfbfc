//! TLS as the settings want it: versions, cipher suites, authorities, and a look at what was
//! agreed on.

use std::{fmt, io, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, CipherSuite, ClientConfig, DigitallySignedStruct, Error,
    ProtocolVersion, RootCertStore, SignatureScheme, SupportedCipherSuite,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{ConfigError, Down, Negotiated, Tls, TlsVersion};

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
fn iana(suite: CipherSuite) -> String {
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

/// Secures streams to one server.
pub(super) struct Connector {
    tls: TlsConnector,
    name: ServerName<'static>,
    min_version: TlsVersion,
    suites: Vec<CipherSuite>,
    checks_certificate: bool,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A stream that is secured.
#[derive(Debug)]
pub(super) struct Secured {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) negotiated: Negotiated,
    /// The data that ties a login to this stream (`tls-exporter`, RFC 9266); TLS 1.3 only, as it
    /// is not unique in TLS 1.2 without an extension.
    pub(super) exporter: Option<Vec<u8>>,
}

impl Connector {
    /// Reads the file of authorities.
    pub(super) fn new(tls: &Tls, name: ServerName<'static>) -> Result<Self, ConfigError> {
        let all = ring::default_provider();
        let is_allowed = |suite: &SupportedCipherSuite| {
            tls.cipher_suites.is_empty() || tls.cipher_suites.contains(&suite.suite())
        };
        let cipher_suites: Vec<_> = all.cipher_suites.iter().copied().filter(is_allowed).collect();
        let suites = cipher_suites.iter().map(SupportedCipherSuite::suite).collect();
        let provider = Arc::new(CryptoProvider { cipher_suites, ..all });
        let versions: &[_] = match tls.min_version {
            TlsVersion::V1_2 => &[&TLS13, &TLS12],
            TlsVersion::V1_3 => &[&TLS13],
        };
        let is_usable = |suite: &SupportedCipherSuite| versions.contains(&suite.version());
        if !provider.cipher_suites.iter().any(is_usable) {
            return Err(ConfigError::NoCipher);
        }
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .map_err(ConfigError::Tls)?;
        let config = match &tls.ca_certs {
            Some(path) => builder.with_root_certificates(authorities(path)?).with_no_client_auth(),
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
                .with_no_client_auth(),
        };
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            name,
            min_version: tls.min_version,
            suites,
            checks_certificate: tls.ca_certs.is_some(),
        })
    }

    /// Shakes hands on `stream`, which leads to what people know as `server`.
    pub(super) async fn secure(&self, stream: TcpStream, server: &str) -> Result<Secured, Down> {
        if !self.checks_certificate {
            let is_loopback =
                stream.peer_addr().is_ok_and(|address| address.ip().to_canonical().is_loopback());
            if !is_loopback {
                return Err(Down::Certificate {
                    server: server.to_owned(),
                    why: "it would not be checked, which is allowed on this machine only; \
                          name a CA file"
                        .to_owned(),
                });
            }
        }
        let stream = self
            .tls
            .connect(self.name.clone(), stream)
            .await
            .map_err(|error| self.handshake_failure(&error, server))?;
        let (_, connection) = stream.get_ref();
        let version = connection.protocol_version();
        let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
        let negotiated = Negotiated {
            version: version.map_or_else(|| "no version".to_owned(), version_name),
            cipher: suite.map_or_else(|| "no cipher".to_owned(), iana),
        };
        // The library should not agree on anything else; this is the operator's guarantee.
        let has_version = match self.min_version {
            TlsVersion::V1_2 => {
                matches!(version, Some(ProtocolVersion::TLSv1_2 | ProtocolVersion::TLSv1_3))
            }
            TlsVersion::V1_3 => version == Some(ProtocolVersion::TLSv1_3),
        };
        if !has_version || !suite.is_some_and(|suite| self.suites.contains(&suite)) {
            return Err(Down::TlsMismatch {
                server: server.to_owned(),
                why: format!(
                    "{} with {} was agreed on; {}",
                    negotiated.version,
                    negotiated.cipher,
                    self.wanted()
                ),
            });
        }
        let exporter = (version == Some(ProtocolVersion::TLSv1_3))
            .then(|| {
                connection.export_keying_material(
                    vec![0; 32],
                    b"EXPORTER-Channel-Binding",
                    Some(b""),
                )
            })
            .and_then(Result::ok);
        Ok(Secured { stream, negotiated, exporter })
    }

    /// Sorts what went wrong by who must change something.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's list of errors is open")]
    fn handshake_failure(&self, error: &io::Error, server: &str) -> Down {
        let server = server.to_owned();
        let Some(cause) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
            return Down::TlsFailed { server, why: error.kind().to_string() };
        };
        match cause {
            Error::InvalidCertificate(fault) => {
                Down::Certificate { server, why: certificate_fault(fault) }
            }
            Error::NoCertificatesPresented => {
                Down::Certificate { server, why: "it has none".to_owned() }
            }
            Error::AlertReceived(
                alert @ (AlertDescription::HandshakeFailure
                | AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity),
            ) => Down::TlsMismatch {
                server,
                why: format!("nothing in common (alert {alert:?}); {}", self.wanted()),
            },
            Error::PeerIncompatible(what) => Down::TlsMismatch {
                server,
                why: format!("nothing in common ({what:?}); {}", self.wanted()),
            },
            other => Down::TlsFailed { server, why: other.to_string() },
        }
    }

    /// What the settings ask for, and what can be done.
    fn wanted(&self) -> String {
        let version = match self.min_version {
            TlsVersion::V1_2 => "TLSv1.2",
            TlsVersion::V1_3 => "TLSv1.3",
        };
        let ciphers: Vec<String> = self.suites.iter().copied().map(iana).collect();
        format!(
            "asked for are {version} or newer (tls.version) and one of {} (tls.cipher_list): \
             configure the server so, or change the settings",
            ciphers.join(", ")
        )
    }
}

fn version_name(version: ProtocolVersion) -> String {
    // The library says `TLSv1_3`.
    version.as_str().map_or_else(|| format!("{version:?}"), |name| name.replace('_', "."))
}

fn authorities(path: &std::path::Path) -> Result<RootCertStore, ConfigError> {
    let pem = std::fs::read(path)
        .map_err(|source| ConfigError::CaFile { path: path.to_owned(), source })?;
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
    // System bundles may hold a few that the library cannot use; the others still serve.
    let (added, _) = store.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(ConfigError::NoCertificates { path: path.to_owned() });
    }
    Ok(store)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list of faults is open")]
fn certificate_fault(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => "no authority in the CA file vouches for it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is made out for another name".to_owned()
        }
        other => other.to_string(),
    }
}

/// Takes any certificate, for servers on this machine; signatures of the handshake are checked.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
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

    #[test]
    fn ciphers_that_no_version_can_use_are_refused() {
        let tls = Tls {
            enabled: true,
            min_version: TlsVersion::V1_3,
            cipher_suites: vec![CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
            ca_certs: None,
        };
        let name = ServerName::try_from("localhost").unwrap();
        assert!(matches!(Connector::new(&tls, name), Err(ConfigError::NoCipher)));
    }
}
