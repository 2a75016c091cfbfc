//! Which certificates are trusted, and why others are not, as sentences with the next step.
//!
//! A certificate is trusted when an authority of `tls.ca_certs` vouches for it, or when that file holds
//! it as it stands, byte for byte. The latter is how a server's own certificate is trusted: such ones
//! are made as those of authorities (`openssl req -x509`), which the library refuses for servers. In
//! both cases it must be for the domain, within its dates, for servers, and the server must prove that
//! it has its key.

use std::{net::IpAddr, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::{
    certificate::X509Certificate,
    extensions::GeneralName,
    prelude::FromDer as _,
    public_key::PublicKey,
    time::ASN1Time,
    x509::{X509Name, X509Version},
};

use super::{ConfigError, authorities::Authorities, link::plain};

/// Names of a certificate that are told.
const NAMES: usize = 5;

/// The least size of an RSA key in bits, and so the library has it.
const RSA_BITS: usize = 2048;

/// Looks at certificates of servers.
#[derive(Debug)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    /// `None`: any certificate will do, for servers on this machine.
    authorities: Option<Authorities>,
    /// `None`: the file has no authority, only certificates of servers.
    chains: Option<Arc<WebPkiServerVerifier>>,
}

/// Why a certificate is refused: a clause for people, about *it*.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refusal(String);

impl Refusal {
    /// What the library carried from [`Trust`] to whoever tells it.
    pub(super) fn of(fault: &CertificateError) -> String {
        if let CertificateError::Other(OtherError(inner)) = fault
            && let Some(Self(why)) = inner.downcast_ref::<Self>()
        {
            return why.clone();
        }
        Seen { certificate: None, file: "tls.ca_certs", of_handshake: false }.why(fault)
    }
}

impl Trust {
    pub(super) fn new(
        provider: Arc<CryptoProvider>,
        authorities: Option<Authorities>,
    ) -> Result<Self, ConfigError> {
        let chains = match &authorities {
            Some(Authorities { roots, .. }) if !roots.is_empty() => {
                let roots = Arc::clone(roots);
                let built =
                    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
                Some(built.build().map_err(|error| {
                    ConfigError::Tls(Error::General(format!(
                        "no verifier of certificates: {error}"
                    )))
                })?)
            }
            Some(_) | None => None,
        };
        Ok(Self { provider, authorities, chains })
    }

    fn check(
        &self,
        authorities: &Authorities,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if authorities.named.iter().any(|named| named == end_entity) {
            let is_alone = authorities.named.len() == 1;
            return named(end_entity, is_alone, name, now)
                .map(|()| ServerCertVerified::assertion());
        }
        match &self.chains {
            Some(chains) => chains.verify_server_cert(end_entity, intermediates, name, &[], now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    /// The same error, told for people.
    fn told(&self, error: Error, certificate: &CertificateDer<'_>, of_handshake: bool) -> Error {
        let Error::InvalidCertificate(fault) = error else { return error };
        let certificate = X509Certificate::from_der(certificate).ok().map(|(_, read)| read);
        let file = match &self.authorities {
            Some(authorities) => format!("{} (tls.ca_certs)", authorities.path.display()),
            None => "tls.ca_certs".to_owned(),
        };
        let seen = Seen { certificate: certificate.as_ref(), file: &file, of_handshake };
        let refusal = Refusal(seen.why(&fault));
        CertificateError::Other(OtherError(Arc::new(refusal))).into()
    }
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        self.check(authorities, end_entity, intermediates, server_name, now)
            .map_err(|error| self.told(error, end_entity, false))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
            .map_err(|error| self.told(error, certificate, true))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
            .map_err(|error| self.told(error, certificate, true))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Checks a certificate that the file holds as it stands: who issued it does not matter then.
fn named(
    certificate: &CertificateDer<'_>,
    is_alone: bool,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<(), Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let (_, read) = X509Certificate::from_der(certificate)
        .map_err(|_unreadable| CertificateError::BadEncoding)?;
    let [not_before, not_after] =
        [read.validity().not_before, read.validity().not_after].map(|time| unix(time.timestamp()));
    if now < not_before {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    if now > not_after {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    let usage = read.extended_key_usage().map_err(|_double| CertificateError::BadEncoding)?;
    if usage.is_some_and(|usage| !usage.value.server_auth && !usage.value.any) {
        return Err(CertificateError::InvalidPurpose.into());
    }
    match verify_server_name(&parsed, name) {
        Err(_) if is_named_by_subject(&read, is_alone, name) => Ok(()),
        checked => checked,
    }
}

/// Whether a certificate without the extension for names is that of a server. Old tools write the name
/// into the subject (Common Name); some, such as Debian's ejabberd, write what is no name of a domain,
/// and such a certificate counts where the file holds nothing else, so that it says which server is
/// meant.
fn is_named_by_subject(read: &X509Certificate<'_>, is_alone: bool, name: &ServerName<'_>) -> bool {
    if !matches!(read.subject_alternative_name(), Ok(None)) {
        return false;
    }
    let names = common_names(read.subject());
    let is_domain = |name: &&str| {
        name.contains('.') || name.contains(':') || name.eq_ignore_ascii_case("localhost")
    };
    let wanted = name.to_str();
    names.iter().any(|name| name.eq_ignore_ascii_case(&wanted))
        || (is_alone && !names.iter().any(is_domain))
}

fn common_names<'a>(name: &'a X509Name<'_>) -> Vec<&'a str> {
    name.iter_common_name().filter_map(|attribute| attribute.as_str().ok()).collect()
}

fn unix(seconds: i64) -> UnixTime {
    // What lies before 1970 is before everything here.
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        u64::try_from(seconds).unwrap_or_default(),
    ))
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    ASN1Time::from_timestamp(seconds)
        .map_or_else(|_| "an unknown day".to_owned(), |time| time.to_datetime().date().to_string())
}

/// A certificate that is refused, as far as it can be read.
struct Seen<'a> {
    certificate: Option<&'a X509Certificate<'a>>,
    /// What the settings name.
    file: &'a str,
    /// Whether it was the proof of having its key that failed.
    of_handshake: bool,
}

impl Seen<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the library's list of faults is open")]
    fn why(&self, fault: &CertificateError) -> String {
        match fault {
            CertificateError::UnknownIssuer => self.unknown_issuer(),
            CertificateError::BadSignature if self.of_handshake => {
                self.short_key().unwrap_or_else(|| {
                    "the server did not prove that it has its key: see that the key which it uses \
                     belongs to that certificate"
                        .to_owned()
                })
            }
            CertificateError::BadSignature => format!(
                "its signature is not that of the authority which it names, {}, or that one's key is \
                 too short: have it issued anew, or name the right authority in {}",
                self.issuer(),
                self.file
            ),
            CertificateError::Expired => {
                "it has expired; it has to be renewed on the server".to_owned()
            }
            CertificateError::ExpiredContext { time, not_after } => format!(
                "it expired on {}, and today is {}: it, or the one that issued it, has to be renewed on \
                 the server, and copied anew to where tls.ca_certs names it",
                day(*not_after),
                day(*time)
            ),
            CertificateError::NotValidYet => {
                "it is not valid yet; compare the clocks of both machines".to_owned()
            }
            CertificateError::NotValidYetContext { time, not_before } => format!(
                "it is not valid yet, only from {} on, and today is {}: compare the clocks of both \
                 machines",
                day(*not_before),
                day(*time)
            ),
            CertificateError::NotValidForNameContext { expected, .. } => format!(
                "it is made out for {}; the name that counts is that of the account's domain, {}, \
                 wherever the server is: have one made for that, with the name as an alternative name \
                 (subjectAltName; docs/prosody.md, TLS)",
                self.names(),
                expected.to_str()
            ),
            CertificateError::NotValidForName => format!(
                "it is made out for {}, and not for the account's domain",
                self.names()
            ),
            CertificateError::Revoked => {
                "its authority has revoked it: have a new one issued for the server".to_owned()
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "it may not be used for servers (its extended key usage lacks serverAuth): have one made \
                 that may"
                    .to_owned()
            }
            CertificateError::UnhandledCriticalExtension => {
                "it asks for rules that are not known here (a critical extension): have one made without \
                 them"
                    .to_owned()
            }
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                self.old_algorithm()
            }
            CertificateError::BadEncoding => {
                "it cannot be read, as it breaks the rules for the form of certificates: have it made \
                 anew"
                    .to_owned()
            }
            _ => self.other(),
        }
    }

    /// What the library has no word of its own for.
    fn other(&self) -> String {
        let Some(certificate) = self.certificate else {
            return "it breaks a rule for certificates: have it made anew".to_owned();
        };
        if certificate.version() != X509Version::V3 {
            return "it is of an old version (1), which holds no names: have one made of version 3, with \
                    the domain as an alternative name (subjectAltName; docs/prosody.md, TLS)"
                .to_owned();
        }
        if certificate.signature_algorithm != certificate.tbs_certificate.signature {
            return "it names two different methods of its signature: have it made anew".to_owned();
        }
        if certificate.is_ca() {
            let whose = if self.is_own() {
                "signed by itself, as that of an authority (CA),"
            } else {
                "that of an authority (CA) and not of a server,"
            };
            return format!("it is {whose} and {}", self.own());
        }
        "it, or one that the server sends along with it, breaks a rule for certificates (what an \
         authority may issue, for which names, over how many steps): have it issued anew"
            .to_owned()
    }

    fn unknown_issuer(&self) -> String {
        if self.is_own() {
            return format!("it is signed by itself, and {}", self.own());
        }
        format!(
            "no authority in {} vouches for it; it was issued by {}: name the certificate of that \
             authority there, and see that the server sends all in between (fullchain.pem)",
            self.file,
            self.issuer()
        )
    }

    /// Whether nobody but itself has issued it.
    fn is_own(&self) -> bool {
        self.certificate.is_some_and(|it| it.subject().as_raw() == it.issuer().as_raw())
    }

    /// What helps where a server has a certificate that it made itself.
    fn own(&self) -> String {
        format!(
            "{} does not hold it as it stands: if it is the server's own, copy it to a file that the bot \
             may read, and name that in tls.ca_certs (docs/prosody.md, TLS)",
            self.file
        )
    }

    fn issuer(&self) -> String {
        let Some(certificate) = self.certificate else { return "nobody known".to_owned() };
        match plain(&certificate.issuer().to_string()) {
            nobody if nobody.is_empty() => "nobody by name".to_owned(),
            issuer => issuer,
        }
    }

    /// For whom it is.
    fn names(&self) -> String {
        let Some(certificate) = self.certificate else { return "another name".to_owned() };
        let names: Vec<String> = match certificate.subject_alternative_name() {
            Ok(Some(names)) => {
                let names = names.value.general_names.iter().filter_map(alternative_name);
                names.take(NAMES).collect()
            }
            Ok(None) | Err(_) => Vec::new(),
        };
        if !names.is_empty() {
            return plain(&names.join(", "));
        }
        match common_names(certificate.subject()).first() {
            Some(name) => format!("no name but its old-fashioned Common Name, {}", plain(name)),
            None => "no name".to_owned(),
        }
    }

    fn short_key(&self) -> Option<String> {
        let key = self.certificate?.public_key().parsed().ok()?;
        let PublicKey::RSA(rsa) = key else { return None };
        let bits = rsa.key_size();
        (1..RSA_BITS).contains(&bits).then(|| {
            format!(
                "its key has {bits} bits, and RSA is safe with {RSA_BITS} at least: have one made with a \
                 larger key"
            )
        })
    }

    fn old_algorithm(&self) -> String {
        let oid = self.certificate.map(|it| it.signature_algorithm.algorithm.to_id_string());
        let method = match oid.as_deref() {
            Some("1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" | "1.2.840.10040.4.3") => "SHA-1",
            Some("1.2.840.113549.1.1.4") => "MD5",
            Some(_) | None => "a method that is not known here",
        };
        let what = if self.of_handshake { "its key is of a kind" } else { "it is signed in a way" };
        format!(
            "{what} that is not taken for safe ({method}): have it made anew with RSA of {RSA_BITS} bits \
             or ECDSA P-256, and SHA-256"
        )
    }
}

/// A name for servers.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest are no names of servers")]
fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}
