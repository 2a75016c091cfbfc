//! Why a stream is down, and why an account can never work: what is the matter, and what helps.
//!
//! The texts are for people; nothing in them is longer than a line, and none holds a secret.

use std::path::PathBuf;

use thiserror::Error;

/// Why the stream is down. The texts are for people and hold no secret.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Down {
    /// The name of the server leads to no address.
    #[error("cannot find the address of {host}: {why}")]
    Resolve {
        /// The name that was looked up.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// No address of the server takes a connection.
    #[error("cannot connect to {server}: {why}")]
    Unreachable {
        /// Name and port.
        server: String,
        /// What the system said.
        why: String,
    },
    /// The server does not offer STARTTLS, or refused it.
    #[error(
        "{server} does not offer TLS (STARTTLS), which the settings require: switch it on there, or, if \
         that port speaks TLS from the first byte, write xmpps:// before its name in \
         xmpp.accounts.….server"
    )]
    TlsNotOffered {
        /// Name and port.
        server: String,
    },
    /// The certificate of the server cannot be trusted.
    #[error("the certificate of {server} is not trusted: {why}")]
    Certificate {
        /// Name and port.
        server: String,
        /// What is wrong with it.
        why: String,
    },
    /// Version or cipher are not among those configured, or the two sides have none in common.
    #[error("TLS with {server} is not as configured: {why}")]
    TlsMismatch {
        /// Name and port.
        server: String,
        /// What was negotiated, or the alert.
        why: String,
    },
    /// The TLS handshake failed for another reason.
    #[error("the TLS handshake with {server} failed: {why}")]
    TlsFailed {
        /// Name and port.
        server: String,
        /// What the library said.
        why: String,
    },
    /// The server offers no login that may be used.
    #[error("no usable login: the server offers {offered}; {hint}")]
    NoMechanism {
        /// The names that the server offers.
        offered: String,
        /// Which setting would change that.
        hint: &'static str,
    },
    /// Account or password are wrong, or may not be used.
    #[error(
        "the server refused the account or its password ({condition}{}): {advice}",
        suffix(text)
    )]
    AuthRefused {
        /// The condition that the server named.
        condition: String,
        /// The server's words, or empty.
        text: String,
        /// What that can mean, and what helps.
        advice: &'static str,
    },
    /// The server cannot check logins now.
    #[error(
        "the server cannot log anyone in now ({condition}{}); its own log says more",
        suffix(text)
    )]
    AuthUnavailable {
        /// The condition that the server named.
        condition: String,
        /// The server's words, or empty.
        text: String,
    },
    /// The password is kept with too few rounds of key derivation (SCRAM).
    #[error(
        "the server asks for {rounds} rounds of key derivation, and SCRAM needs {least} at least (RFC \
         5802, RFC 7677), as the password could be guessed from a proof with fewer: \
         none was sent; its administrator has to raise the number (the iteration count of SCRAM), and \
         to set the password anew, as it is kept with the old number"
    )]
    TooFewRounds {
        /// What the server asks for.
        rounds: u64,
        /// The least that is computed.
        least: u32,
    },
    /// The server asks for more rounds of key derivation than this machine should compute.
    #[error(
        "the server asks for {rounds} rounds of key derivation, more than the {most} that are computed \
         here, so as not to keep the machine busy at each login: its administrator has to lower the \
         number (the iteration count of SCRAM; 10000 is usual), and to set the password anew, as it is \
         kept with the old number"
    )]
    TooManyRounds {
        /// What the server asks for; the largest number that can be said here for those above it.
        rounds: u64,
        /// The most that are computed.
        most: u32,
    },
    /// The server could not prove that it knows the password.
    #[error(
        "the server did not prove that it knows the account: {why}; this is not the account's server, \
         or somebody is in between: see where the address of the server leads, and that tls.ca_certs \
         names trusted authorities alone"
    )]
    ServerNotGenuine {
        /// Which proof failed.
        why: &'static str,
    },
    /// Another client took the resource.
    #[error("another client logged in with the same account and resource")]
    Conflict,
    /// The server wants the stream to be at another host.
    #[error("the server sends us to another host, {host}")]
    SeeOtherHost {
        /// The host, as the server wrote it.
        host: String,
    },
    /// The server sent us to another host, to which we do not go.
    #[error("the server sends us to another host, {host}, and we do not go there: {why}")]
    Redirect {
        /// The host, as the server wrote it.
        host: String,
        /// Why not.
        why: &'static str,
    },
    /// The server found that we broke a rule of its own.
    #[error("the server ended the stream for a violation of its policy{}", suffix(text))]
    PolicyViolation {
        /// The server's words, or empty.
        text: String,
    },
    /// The server does not serve the domain.
    #[error(
        "the server does not serve the domain {domain}: mend the account's address, or the server's in \
         xmpp.accounts.….server"
    )]
    HostUnknown {
        /// The domain of the account.
        domain: String,
    },
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Shutdown,
    /// Another error of the stream.
    #[error("the server ended the stream: {0}")]
    StreamError(String),
    /// The server sent what is no XMPP stream.
    #[error("the server broke the protocol: {0}")]
    Broken(String),
    /// Something took too long.
    #[error("timed out {0}")]
    Timeout(&'static str),
    /// The connection ended without a word.
    #[error("the connection was closed")]
    Closed,
}

/// Why a file was not read.
#[expect(clippy::wildcard_enum_match_arm, reason = "the system's list of errors is open")]
fn unread(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => "is not there".to_owned(),
        ErrorKind::PermissionDenied => {
            "is closed to the bot's user: copy the certificate, without a key, to a file that it may read"
                .to_owned()
        }
        ErrorKind::IsADirectory => "is a folder, not a file".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// `: text`, or nothing for an empty text.
fn suffix(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

impl Down {
    /// Whether the server was reached and the login came to nothing: it refused the account, or there
    /// is no way to log in that is safe.
    pub fn is_login_refused(&self) -> bool {
        matches!(
            self,
            Self::AuthRefused { .. }
                | Self::NoMechanism { .. }
                | Self::TooFewRounds { .. }
                | Self::TooManyRounds { .. }
        )
    }

    /// Whether trying again cannot help until a person changes something. What comes before the first
    /// login is final then; later another attempt is made all the same, after a long pause.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::TlsNotOffered { .. }
            | Self::Certificate { .. }
            | Self::TlsMismatch { .. }
            | Self::NoMechanism { .. }
            | Self::AuthRefused { .. }
            | Self::TooFewRounds { .. }
            | Self::TooManyRounds { .. }
            | Self::ServerNotGenuine { .. }
            | Self::HostUnknown { .. } => true,
            Self::Resolve { .. }
            | Self::Unreachable { .. }
            | Self::TlsFailed { .. }
            | Self::AuthUnavailable { .. }
            | Self::Conflict
            | Self::SeeOtherHost { .. }
            | Self::Redirect { .. }
            | Self::PolicyViolation { .. }
            | Self::Shutdown
            | Self::StreamError(_)
            | Self::Broken(_)
            | Self::Timeout(_)
            | Self::Closed => false,
        }
    }
}

/// Why an [`Account`](super::Account) cannot be used at all.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The address has no local part.
    #[error("{jid} is no account: a name before the @ is missing")]
    NoLocalPart {
        /// The address.
        jid: String,
    },
    /// The resource is none.
    #[error("{resource:?} cannot be a resource")]
    Resource {
        /// The resource.
        resource: String,
    },
    /// The domain cannot be the name of a host.
    #[error("{domain} cannot be the name of a server")]
    Domain {
        /// The domain.
        domain: String,
    },
    /// The server is written neither as `host:port` nor as `xmpps://host:port`.
    #[error(
        "{server:?} is no server address: host:port is needed, such as 127.0.0.1:5222, or \
         xmpps://host:port for TLS from the first byte, such as xmpps://127.0.0.1:5223"
    )]
    Server {
        /// The address as configured.
        server: String,
    },
    /// Direct TLS where there is no TLS.
    #[error("xmpps:// is TLS from the first byte, but {why}: write host:port without it")]
    DirectTls {
        /// Why there is none.
        why: &'static str,
    },
    /// The file of authorities cannot be read.
    #[error("the file {path} (tls.ca_certs) {}", unread(source), path = path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file of authorities is no PEM file with certificates.
    #[error("the file {path} (tls.ca_certs) {why}", path = path.display())]
    NoCertificates {
        /// The file.
        path: PathBuf,
        /// What it holds instead, and what helps.
        why: &'static str,
    },
    /// No authorities for a server elsewhere.
    #[error("{server} is not on this machine, so a CA file is needed to check its certificate")]
    UncheckedServer {
        /// The address as configured.
        server: String,
    },
    /// A component's server is not on this machine.
    #[error(
        "{server} is not on this machine: a component's stream has no TLS, and its server must be reached over loopback"
    )]
    Elsewhere {
        /// The address as configured.
        server: String,
    },
    /// None of the cipher suites fits the versions of TLS.
    #[error("none of the configured cipher suites can be used with the least TLS version")]
    NoCipher,
    /// The TLS library refused the configuration.
    #[error("TLS cannot be set up: {0}")]
    Tls(rustls::Error),
}
