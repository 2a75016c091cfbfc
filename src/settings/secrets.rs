//! Passwords and secrets: the files that hold them, and what of one looks like a slip.

use std::path::Path;

use secrecy::SecretString;

use crate::files;

/// The largest file of a secret, in bytes.
const LARGEST: u64 = 64 * 1024;

/// What a secret that is one line looks like.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Like one.
    Fine,
    /// It is used, and is likely another than was meant.
    Doubt(&'static str),
    /// It cannot be one.
    Fault(&'static str),
}

/// The secret that a file holds, without the end of its line.
///
/// # Errors
///
/// What is wrong with it; `None` where [`files::look`] says so.
pub(super) fn read(path: &Path) -> Result<SecretString, Option<String>> {
    let text =
        files::read_text(path, LARGEST).map_err(|why| why.is_content().then(|| why.to_string()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.trim().is_empty() {
        return Err(Some("is empty".to_owned()));
    }
    Ok(secret.to_owned().into())
}

/// Looks at a password or a shared secret. Nobody can type what is on several lines into a form.
pub(super) fn look(secret: &str) -> Look {
    if secret.contains(['\n', '\r']) {
        Look::Fault("holds several lines: a password or secret is one; write nothing else there")
    } else if secret.contains(char::is_control) {
        Look::Fault("holds control characters, which no password and no secret can have")
    } else if secret.trim() != secret {
        Look::Doubt(
            "begins or ends with a blank, which counts as part of it; take it out if it is none",
        )
    } else {
        Look::Fine
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line() {
        assert_eq!(look("correct horse"), Look::Fine);
        for slip in [" a", "a ", "a\u{a0}"] {
            assert!(matches!(look(slip), Look::Doubt(_)), "{slip:?}");
        }
        for slip in ["a\nb", "a\r\nb", "a\tb", "a\0"] {
            assert!(matches!(look(slip), Look::Fault(_)), "{slip:?}");
        }
    }
}
