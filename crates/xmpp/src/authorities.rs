//! The file that `tls.ca_certs` names: whom it lets vouch for a server, and which certificates of
//! servers it holds as they stand.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use x509_parser::{certificate::X509Certificate, prelude::FromDer as _, x509::X509Version};

use super::ConfigError;

/// Most bytes of such a file; the authorities of a whole system are a quarter of a megabyte.
pub const MAX_AUTHORITIES_BYTES: u64 = 16 << 20;

/// What the file holds.
#[derive(Debug)]
pub(super) struct Authorities {
    pub(super) path: PathBuf,
    /// All certificates, as they stand there. One of them may be the server's own.
    pub(super) named: Vec<CertificateDer<'static>>,
    /// Those that may vouch for others. A server's certificate is none of these: its owner could
    /// pose as any server otherwise.
    pub(super) roots: Arc<RootCertStore>,
}

impl Authorities {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let bytes =
            read(path).map_err(|source| ConfigError::CaFile { path: path.to_owned(), source })?;
        let (named, roots) = parse(&bytes)
            .map_err(|why| ConfigError::NoCertificates { path: path.to_owned(), why })?;
        Ok(Self { path: path.to_owned(), named, roots: Arc::new(roots) })
    }
}

/// Whether a file with this content can be `tls.ca_certs`.
///
/// # Errors
///
/// What it holds instead of certificates, and what helps: a clause that goes on after its name.
pub fn check_authorities(content: &[u8]) -> Result<(), &'static str> {
    parse(content).map(drop)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_AUTHORITIES_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_AUTHORITIES_BYTES) {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn parse(content: &[u8]) -> Result<(Vec<CertificateDer<'static>>, RootCertStore), &'static str> {
    let sections: Vec<_> = CertificateDer::pem_slice_iter(content).collect();
    let n_sections = sections.len();
    let is_readable =
        |certificate: &CertificateDer<'_>| X509Certificate::from_der(certificate).is_ok();
    // System bundles may hold a few that cannot be used; the others still serve.
    let named: Vec<_> = sections.into_iter().filter_map(Result::ok).filter(is_readable).collect();
    if named.is_empty() {
        return Err(instead(content, n_sections));
    }
    let mut roots = RootCertStore::empty();
    // Those that the library cannot use vouch for nobody.
    roots.add_parsable_certificates(named.iter().filter(|it| is_authority(it)).cloned());
    Ok((named, roots))
}

/// Whether a certificate may vouch for others (RFC 5280, 4.2.1.9). In version 1 it could not say so.
fn is_authority(certificate: &CertificateDer<'_>) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return false };
    if certificate.version() == X509Version::V1 {
        certificate.subject().as_raw() == certificate.issuer().as_raw()
    } else {
        certificate.is_ca()
    }
}

/// What a file holds that has no usable certificate in PEM form.
fn instead(content: &[u8], n_sections: usize) -> &'static str {
    let holds = |words: &[u8]| content.windows(words.len()).any(|window| window == words);
    if content.trim_ascii().is_empty() {
        "is empty: put the server's certificate there, or that of the authority which issued it"
    } else if X509Certificate::from_der(content).is_ok() {
        "holds a certificate in DER form, and PEM is needed, which is text: write it anew with \
         openssl x509 -inform der -in FILE -out FILE.pem, and name that"
    } else if n_sections > 0 || holds(b"-----BEGIN CERTIFICATE-----") {
        "holds a certificate that is damaged: copy it anew, from -----BEGIN CERTIFICATE----- to -----END \
         CERTIFICATE-----, with both lines"
    } else if holds(b"PRIVATE KEY-----") {
        "holds a private key and no certificate: name the file of the certificate, and keep the key from \
         others"
    } else if holds(b"-----BEGIN TRUSTED CERTIFICATE-----") {
        "holds a certificate in a form of OpenSSL's own: write it anew with openssl x509 -in FILE -out \
         FILE.pem, and name that"
    } else if holds(b"-----BEGIN CERTIFICATE REQUEST-----") {
        "holds a request for a certificate, and no certificate: name what the authority made of it"
    } else {
        "holds no certificate in PEM form, which is text that begins with -----BEGIN CERTIFICATE-----: \
         name the file of the server's certificate, or of the authority which issued it"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_holds_instead_of_certificates_is_told() {
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = made.self_signed(&key).unwrap();
        let pem = certificate.pem();
        let request = made.serialize_request(&key).unwrap().pem().unwrap();
        let (half, _) = pem.split_at(pem.len() / 2);

        for (content, words) in [
            (&b"\n"[..], "is empty"),
            (certificate.der(), "DER form"),
            (half.as_bytes(), "damaged"),
            (pem.replace("MII", "???").as_bytes(), "damaged"),
            (pem.replace("MII", "AII").as_bytes(), "damaged"),
            (key.serialize_pem().as_bytes(), "a private key"),
            (request.as_bytes(), "a request"),
            (pem.replace(" CERT", " TRUSTED CERT").as_bytes(), "OpenSSL's own"),
            (b"tls: {}\n", "no certificate in PEM form"),
            (&[0x30, 0x82, 0xff, 0xff], "no certificate in PEM form"),
        ] {
            let said = check_authorities(content).unwrap_err();
            assert!(said.contains(words), "{words}: {said}");
        }
        for content in [pem.clone(), key.serialize_pem() + &pem, pem.replace('\n', "\r\n")] {
            assert_eq!(check_authorities(content.as_bytes()), Ok(()), "{content}");
        }
        assert_eq!(check_authorities(&[b"# Universit\xe9\n", pem.as_bytes()].concat()), Ok(()));
    }

    #[test]
    fn a_server_vouches_for_nobody_and_each_authority_of_the_system_does() {
        let key = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let (named, roots) = parse(made.self_signed(&key).unwrap().pem().as_bytes()).unwrap();
        assert_eq!((named.len(), roots.len()), (1, 0));

        let system = std::fs::read("/etc/ssl/certs/ca-certificates.crt").unwrap();
        let all = CertificateDer::pem_slice_iter(&system).count();
        let (named, roots) = parse(&system).unwrap();
        assert_eq!((named.len(), roots.len()), (all, all));
    }
}
