//! Where the database is, and how safely it is spoken to: the one place that decides so, for every
//! connection.
//!
//! A server on this machine, by a Unix socket or a loopback address, is spoken to as PostgreSQL's own
//! programs do. One elsewhere gets nothing, not even a name, before its certificate was checked; less
//! than that only the URL can ask for, and not the environment.

use std::{fs::File, net::IpAddr, path::PathBuf, str::FromStr as _};

use nix::unistd::{Uid, User};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use sqlx::{
    ConnectOptions as _,
    any::AnyConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::SqliteConnectOptions,
};
use url::Url;

use super::{Store, StoreError, sql::opening};
use crate::files;

/// What helps where a server's certificate does not fit.
const HELP: &str = "it needs TLS with a certificate for the host that the URL of store names; for an \
    authority of your own add sslrootcert=FILE to that URL; for less safety add \
    sslmode=verify-ca, require or disable";

/// The library's name for the account of this process: it does not look it up.
const NOBODY: &str = "anonymous";

/// How to connect to a database.
pub(super) fn options(url: &str) -> Result<AnyConnectOptions, StoreError> {
    let mut options = AnyConnectOptions::from_str(url).map_err(|error| opening(&error))?;
    if !Store::is_file(url) {
        options.database_url = secured(options.database_url)?;
    }
    // What is slow or fails is said where it matters; statements are long, and hold names.
    Ok(options.disable_statement_logging())
}

impl Store {
    /// The file of a database, if it is one of SQLite.
    pub fn file_of(url: &str) -> Option<PathBuf> {
        let options = Self::is_file(url).then(|| SqliteConnectOptions::from_str(url).ok())??;
        Some(options.get_filename().to_owned())
    }

    /// What the way to a database's server lacks in safety, by the wish of its URL.
    ///
    /// # Errors
    ///
    /// What of the URL keeps it from being used: [`StoreError::Open`] or [`StoreError::Unsafe`].
    pub fn weakness(url: &str) -> Result<Option<String>, StoreError> {
        let url = options(url)?.database_url;
        if Self::is_file(url.as_str()) {
            return Ok(None);
        }
        let known = parsed(&url)?;
        let host = known.get_host();
        Ok(match known.get_ssl_mode() {
            _ if is_here(&known) => None,
            PgSslMode::VerifyFull => None,
            // The library tries nothing but plain text for `allow`, too.
            mode @ (PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer) => {
                let surely = if matches!(mode, PgSslMode::Prefer) { "may go" } else { "go" };
                Some(format!(
                    "the password and all data {surely} to {host} in the clear, as the URL says so by \
                     sslmode; take that out"
                ))
            }
            PgSslMode::Require => Some(format!(
                "the certificate of {host} is not checked, as the URL says sslmode=require: whoever is \
                 on the way can pose as it, and gets the password and all data; take that out"
            )),
            PgSslMode::VerifyCa => Some(format!(
                "the certificate of {host} may be that of another host, as the URL says \
                 sslmode=verify-ca: whoever has one of the same authority can pose as it; take that out"
            )),
        })
    }
}

/// A server's URL, with what it does not say and is needed for a safe way.
fn secured(mut url: Url) -> Result<Url, StoreError> {
    // The library leaves the brackets around an address, and then cannot look it up.
    let mut known = parsed(&url)?;
    let bare = known.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if let Some(address) = bare {
        url.query_pairs_mut().append_pair("host", address);
        known = parsed(&url)?;
    }
    // As PostgreSQL's own programs do: by a socket it is the account that lets one in.
    let is_named = !url.username().is_empty() || url.query_pairs().any(|(key, _)| key == "user");
    if !is_named
        && known.get_username() == NOBODY
        && let Some(account) = account()
    {
        url.query_pairs_mut().append_pair("user", &account);
    }
    let says_mode = url.query_pairs().any(|(key, _)| matches!(&*key, "sslmode" | "ssl-mode"));
    if !is_here(&known) && !says_mode {
        url.query_pairs_mut().append_pair("sslmode", "verify-full");
    }
    if !is_socket(&known) {
        find_files(&url)?;
    }
    Ok(url)
}

/// What the library makes of a URL and, where that is silent, of the environment. So nobody here
/// takes another host for the one that is connected to.
fn parsed(url: &Url) -> Result<PgConnectOptions, StoreError> {
    PgConnectOptions::from_url(url).map_err(|error| opening(&error))
}

/// The name of the account that this process runs as.
fn account() -> Option<String> {
    User::from_uid(Uid::effective()).ok().flatten().map(|user| user.name)
}

fn is_socket(known: &PgConnectOptions) -> bool {
    known.get_socket().is_some() || known.get_host().starts_with('/')
}

/// Whether nobody can be in between.
fn is_here(known: &PgConnectOptions) -> bool {
    let host = known.get_host();
    let is_loopback = |address: IpAddr| address.to_canonical().is_loopback();
    is_socket(known)
        || host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(is_loopback)
}

/// Files that a URL names for TLS must be there: the library takes one that is not for a server that
/// is away.
fn find_files(url: &Url) -> Result<(), StoreError> {
    let mode = parsed(url)?.get_ssl_mode();
    if matches!(mode, PgSslMode::Disable | PgSslMode::Allow) {
        return Ok(());
    }
    let is_checked = matches!(mode, PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    for (key, path) in url.query_pairs() {
        let found = match &*key {
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" if is_checked => holds_certificate(&path),
            "sslcert" | "ssl-cert" | "sslkey" | "ssl-key" => {
                File::open(&*path).map(drop).map_err(|error| error.to_string())
            }
            _ => Ok(()),
        };
        found.map_err(|why| StoreError::Unsafe { why: format!("{key}: {path}: {why}") })?;
    }
    Ok(())
}

fn holds_certificate(path: &str) -> Result<(), String> {
    let mut certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    match certificates.next() {
        Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("holds no certificate in PEM".to_owned()),
    }
}

/// Why a server lets nobody in, if that is what went wrong.
pub(super) fn refusal(error: &sqlx::Error) -> Option<StoreError> {
    let error = error.as_database_error()?;
    let help = match error.code().as_deref()? {
        // A wrong password.
        "28P01" => "write the right one into the URL of store".to_owned(),
        "28000" => format!(
            "by a Unix socket PostgreSQL lets an account of this machine in under its own name alone, \
             and this command runs as {}: run it as the user that the database belongs to, as with \
             runuser -u otrbot -- otrbot …, or look into the server's pg_hba.conf",
            files::user_name()
        ),
        _ => return None,
    };
    Some(StoreError::Refused { why: format!("{}; {help}", error.message()) })
}

/// Why a server is not trusted, if that is what went wrong.
pub(super) fn distrust(error: &sqlx::Error) -> Option<StoreError> {
    let why = if let sqlx::Error::Tls(why) = error {
        why.downcast_ref::<rustls::Error>().map_or_else(|| why.to_string(), in_words)
    } else if let sqlx::Error::Io(error) = error {
        in_words(error.get_ref()?.downcast_ref::<rustls::Error>()?)
    } else {
        return None;
    };
    Some(StoreError::Unsafe { why: format!("{why}; {HELP}") })
}

/// What the library says in names of its own.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library's list of faults is open")]
fn in_words(error: &rustls::Error) -> String {
    use rustls::CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
        NotValidYetContext, UnknownIssuer,
    };
    let rustls::Error::InvalidCertificate(fault) = error else { return error.to_string() };
    let what = match fault {
        UnknownIssuer => "no authority that is known here vouches for its certificate",
        Expired | ExpiredContext { .. } => "its certificate has expired",
        NotValidYet | NotValidYetContext { .. } => {
            "its certificate is not valid yet, or a clock is wrong"
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "its certificate is made out for another host"
        }
        _ => {
            "its certificate cannot be used, as it is that of an authority (CA) and not of a server, or \
             breaks another rule for certificates"
        }
    };
    what.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mode that is asked for, and the host.
    fn way(url: &str) -> (PgSslMode, String) {
        let known = parsed(&options(url).unwrap().database_url).unwrap();
        (known.get_ssl_mode(), known.get_host().to_owned())
    }

    #[test]
    fn a_server_elsewhere_is_checked_whatever_shape_its_url_has() {
        for (url, host) in [
            ("postgres://otrbot:pw@db.example.org/otrbot", "db.example.org"),
            ("postgresql://otrbot@db.example.org:5433", "db.example.org"),
            ("postgres://otrbot@192.0.2.7/otrbot", "192.0.2.7"),
            ("postgres://otrbot@0.0.0.0/otrbot", "0.0.0.0"),
            ("postgres://otrbot@[2001:db8::7]:5433/otrbot", "2001:db8::7"),
            ("postgres://otrbot@localhost/otrbot?host=db.example.org", "db.example.org"),
            ("postgres://otrbot@localhost/otrbot?hostaddr=192.0.2.7", "192.0.2.7"),
            ("postgres:///otrbot?host=127.0.0.1&host=db.example.org", "db.example.org"),
            ("postgres://otrbot@localhost,db.example.org/otrbot", "localhost,db.example.org"),
            ("postgres://otrbot@localhost.example.org/otrbot", "localhost.example.org"),
            ("postgres://otrbot@127.0.0.1.example.org/otrbot", "127.0.0.1.example.org"),
            ("postgres://otrbot@db%2Eexample.org/otrbot", "db%2Eexample.org"),
            // The library heeds neither of these.
            ("postgres://otrbot@db.example.org/otrbot?SSLMODE=disable", "db.example.org"),
            ("postgres://otrbot@db.example.org/otrbot#?sslmode=disable", "db.example.org"),
        ] {
            let (mode, to) = way(url);
            assert!(matches!(mode, PgSslMode::VerifyFull), "{url}: {mode:?}");
            assert_eq!(to, host, "{url}");
            assert_eq!(Store::weakness(url).unwrap(), None, "{url}");
        }
    }

    #[test]
    fn this_machine_is_spoken_to_as_before() {
        for url in [
            "postgres://otrbot@localhost/otrbot",
            "postgres://otrbot@LOCALHOST/otrbot",
            "postgres://otrbot@127.0.0.1/otrbot",
            "postgres://otrbot@127.9.9.9:5433/otrbot",
            "postgres://otrbot@[::1]/otrbot",
            "postgres://otrbot@[::ffff:127.0.0.1]/otrbot",
            "postgres://otrbot@localhost/otrbot?host=/var/run/postgresql",
            "postgres:///otrbot?host=/var/run/postgresql&user=otrbot",
            "postgres://otrbot@db.example.org/otrbot?host=/var/run/postgresql",
            "postgres://otrbot@%2Fvar%2Frun%2Fpostgresql/otrbot",
            "postgres://otrbot@db.example.org/otrbot?hostaddr=127.0.0.1",
        ] {
            let url = options(url).unwrap().database_url;
            assert!(!url.as_str().contains("sslmode"), "{url}");
            assert_eq!(Store::weakness(url.as_str()).unwrap(), None, "{url}");
        }
        assert_eq!(way("postgres://otrbot@[::1]/otrbot").1, "::1");
    }

    #[test]
    fn who_is_not_named_is_the_account_that_runs() {
        let user = |url: &str| {
            let known = parsed(&options(url).unwrap().database_url).unwrap();
            known.get_username().to_owned()
        };
        let account = account().unwrap();
        for url in [
            "postgres:///otrbot?host=/var/run/postgresql",
            "postgres:///otrbot",
            "postgres://localhost/otrbot",
            "postgresql://%2Fvar%2Frun%2Fpostgresql/otrbot",
            "postgres://[::1]/otrbot",
        ] {
            assert_eq!(user(url), account, "{url}");
        }
        for url in ["postgres://totem@localhost/otrbot", "postgres:///otrbot?user=totem"] {
            assert_eq!(user(url), "totem", "{url}");
        }
    }

    #[test]
    fn what_the_url_asks_for_is_done_and_told() {
        let weakness = |mode: &str, key: &str| {
            let url = format!("postgres://otrbot:pass-word@db.example.org/otrbot?{key}={mode}");
            let weakness = Store::weakness(&url).unwrap();
            assert!(!weakness.as_ref().is_some_and(|it| it.contains("pass-word")), "{weakness:?}");
            weakness
        };
        for key in ["sslmode", "ssl-mode"] {
            for (mode, words) in [
                ("disable", "all data go to db.example.org in the clear"),
                ("allow", "all data go to db.example.org in the clear"),
                ("prefer", "all data may go to db.example.org in the clear"),
                ("require", "is not checked"),
                ("verify-ca", "may be that of another host"),
            ] {
                let said = weakness(mode, key).unwrap();
                assert!(said.contains(words), "{mode}: {said}");
            }
            assert_eq!(weakness("verify-full", key), None);
        }
        let here = "postgres://otrbot@localhost/otrbot?sslmode=disable";
        assert_eq!(Store::weakness(here).unwrap(), None);
        assert_eq!(Store::weakness("sqlite:///var/lib/otrbot/otrbot.db").unwrap(), None);
        let wrong = Store::weakness("postgres://u:pass-word@db.example.org/x?sslmode=full");
        let wrong = wrong.unwrap_err().to_string();
        assert!(wrong.contains("full") && !wrong.contains("pass-word"), "{wrong}");
    }

    #[test]
    fn a_file_of_authorities_must_hold_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let url = format!("postgres://u:pass-word@db.example.org/x?sslrootcert={}", file.display());
        let fault = || Store::weakness(&url).unwrap_err().to_string();

        let missing = fault();
        std::fs::write(&file, "no certificate").unwrap();
        let empty = fault();

        for (said, words) in [(&missing, "o such file"), (&empty, "holds no certificate")] {
            assert!(said.contains("sslrootcert: ") && said.contains("ca.pem"), "{said}");
            assert!(said.contains(words) && !said.contains("pass-word"), "{said}");
        }
        // Where nothing is checked, nothing is needed.
        assert!(Store::weakness(&format!("{url}&sslmode=require")).unwrap().is_some());
    }
}
