//! TLS as the settings want it: versions, cipher suites, authorities, and a look at what was agreed
//! on.

use std::{fmt, io, sync::Arc};

use rustls::{
    AlertDescription, CipherSuite, ClientConfig, Error, PeerMisbehaved, ProtocolVersion,
    SupportedCipherSuite,
    crypto::{CryptoProvider, ring},
    version::{TLS12, TLS13},
};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    ConfigError, Down, Negotiated, Tls, TlsVersion,
    authorities::Authorities,
    ciphers::iana,
    target::Way,
    trust::{Refusal, Trust},
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
        let authorities = tls.ca_certs.as_deref().map(Authorities::read).transpose()?;
        let config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trust::new(provider, authorities)?))
            .with_no_client_auth();
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
            return Down::TlsFailed { server, why: broken_off(error.kind()) };
        };
        match cause {
            Error::InvalidCertificate(fault) => {
                Down::Certificate { server, why: Refusal::of(fault) }
            }
            Error::NoCertificatesPresented => Down::Certificate {
                server,
                why: "it has none: give the server one for the account's domain".to_owned(),
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
            Error::AlertReceived(alert) => self.refused_by_alert(*alert, server),
            Error::InvalidMessage(_) => Down::TlsFailed {
                server,
                why: "what it answers is no TLS; a port that begins in the clear (STARTTLS), \
                      usually 5222, is written host:port without xmpps://"
                    .to_owned(),
            },
            Error::PeerIncompatible(_) => Down::TlsMismatch {
                server,
                why: format!("nothing in common; {}", self.wanted()),
            },
            Error::PeerMisbehaved(_)
            | Error::InappropriateMessage { .. }
            | Error::InappropriateHandshakeMessage { .. }
            | Error::PeerSentOversizedRecord
            | Error::DecryptError => Down::TlsFailed {
                server,
                why: "the server broke the rules of TLS, or something between it and the bot changes \
                      what they say; openssl s_client (docs/troubleshooting.md) shows what it answers"
                    .to_owned(),
            },
            Error::FailedToGetCurrentTime | Error::FailedToGetRandomBytes => Down::TlsFailed {
                server,
                why: "this machine gives no time of day, or no random numbers".to_owned(),
            },
            // The rest is about what the bot itself does, or about what it does not ask for.
            _ => Down::TlsFailed {
                server,
                why: "for a reason that is not known here; openssl s_client \
                      (docs/troubleshooting.md) shows what the server answers"
                    .to_owned(),
            },
        }
    }

    /// The server has broken the handshake off.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's list of alerts is open")]
    fn refused_by_alert(&self, alert: AlertDescription, server: String) -> Down {
        let name = spelled(alert);
        match alert {
            AlertDescription::HandshakeFailure
            | AlertDescription::ProtocolVersion
            | AlertDescription::InsufficientSecurity => Down::TlsMismatch {
                server,
                why: format!("nothing in common (alert {name}); {}", self.wanted()),
            },
            AlertDescription::CertificateRequired
            | AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => Down::TlsMismatch {
                server,
                why: format!(
                    "the server wants a certificate of the bot, which has none (alert {name}): take \
                     that off for clients on the server"
                ),
            },
            _ => Down::TlsFailed {
                server,
                why: format!("the server broke it off (alert {name}); its own log may say why"),
            },
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

/// The connection ended before TLS was there.
#[expect(clippy::wildcard_enum_match_arm, reason = "the system's list of errors is open")]
fn broken_off(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            format!("the server closed the connection ({kind}); its own log may say why")
        }
        kind => kind.to_string(),
    }
}

/// The name of an alert as standards write it, such as `handshake_failure`.
fn spelled(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return u8::from(alert).to_string() };
    let mut spelled = String::new();
    let mut was_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && was_small {
            spelled.push('_');
        }
        was_small = letter.is_ascii_lowercase();
        spelled.push(letter.to_ascii_lowercase());
    }
    spelled
}

fn version_name(version: ProtocolVersion) -> String {
    // The library says `TLSv1_3`.
    version.as_str().map_or_else(|| format!("{version:?}"), |name| name.replace('_', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_spelled_as_in_the_standard() {
        for (alert, name) in [
            (AlertDescription::HandshakeFailure, "handshake_failure"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::Unknown(7), "7"),
        ] {
            assert_eq!(spelled(alert), name);
        }
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
