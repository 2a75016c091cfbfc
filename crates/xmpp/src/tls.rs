//! TLS as the settings want it: versions, cipher suites, authorities, and a look at what was agreed
//! on.

use std::{fmt, io, sync::Arc};

use rustls::{
    AlertDescription, CertificateError, CipherSuite, ClientConfig, DigitallySignedStruct, Error,
    PeerMisbehaved, ProtocolVersion, RootCertStore, SignatureScheme, SupportedCipherSuite,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    ConfigError, Down, Negotiated, Tls, TlsVersion, ciphers::iana, link::plain, target::Way,
};

/// The name of a client's stream in the handshake (XEP-0368, section 3).
const ALPN: &[u8] = b"xmpp-client";

/// Secures streams to one server.
pub(super) struct Connector {
    /// After STARTTLS.
    tls: TlsConnector,
    /// With the first byte.
    direct: TlsConnector,
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
        let mut direct = config.clone();
        direct.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            direct: TlsConnector::from(Arc::new(direct)),
            name,
            min_version: tls.min_version,
            suites,
            checks_certificate: tls.ca_certs.is_some(),
        })
    }

    /// Shakes hands on `stream`, which leads to what people know as `server`.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        server: &str,
        way: Way,
    ) -> Result<Secured, Down> {
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
        let connector = match way {
            Way::StartTls => &self.tls,
            Way::DirectTls => &self.direct,
        };
        let stream = connector
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
            Error::AlertReceived(AlertDescription::UnrecognisedName) => {
                Down::HostUnknown { domain: self.name.to_str().into_owned() }
            }
            Error::AlertReceived(AlertDescription::NoApplicationProtocol)
            | Error::PeerMisbehaved(PeerMisbehaved::SelectedUnofferedApplicationProtocol) => {
                Down::TlsFailed {
                    server,
                    why: "it speaks no XMPP at that port (ALPN xmpp-client): take the port for \
                          clients with direct TLS, usually 5223 or 443"
                        .to_owned(),
                }
            }
            Error::InvalidMessage(_) => Down::TlsFailed {
                server,
                why: format!(
                    "what it answers is no TLS ({cause}); a port that begins in the clear \
                     (STARTTLS), usually 5222, is written host:port without xmpps://"
                ),
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

/// Names of a certificate that are told.
const NAMES: usize = 5;

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
        CertificateError::UnknownIssuer => {
            "no authority in the CA file vouches for it (tls.ca_certs)".to_owned()
        }
        CertificateError::BadSignature => {
            "its signature is not that of the authority which it names".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired; it has to be renewed on the server".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; compare the clocks".to_owned()
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let presented: Vec<_> = presented.iter().take(NAMES).map(String::as_str).collect();
            let presented = match presented.as_slice() {
                [] => "no name".to_owned(),
                names => plain(&names.join(", ")),
            };
            format!(
                "it is made out for {presented}; the name that counts is that of the account's domain, \
                 {}, wherever the server is",
                expected.to_str()
            )
        }
        CertificateError::NotValidForName => {
            "it is made out for another name than the account's domain".to_owned()
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
