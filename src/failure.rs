//! Why the program ends early, and with which exit code.

use std::process::ExitCode;

use xmpp::Down;

/// A reason to end early, by its exit code. The text is for the person at the terminal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// What nobody foresaw.
    #[error("{0:#}")]
    Unknown(#[from] anyhow::Error),
    /// An argument that cannot be.
    #[error("{0}")]
    InvalidArgument(String),
    /// There are no settings.
    #[error("{0}")]
    NoSettings(String),
    /// The settings have faults, one a line.
    #[error("{0}")]
    BadSetting(String),
    /// Something that the settings name is not there, or cannot be relied on.
    #[error("{0}")]
    MissingDependency(String),
    /// The XMPP server refused the account or its password.
    #[error("{0}")]
    AuthenticationRefused(String),
    /// The XMPP server negotiated a TLS version or cipher that the settings do not accept.
    #[error("{0}")]
    WrongTls(String),
}

impl Failure {
    /// What it means for the process that a stream was given up; `text` says so.
    pub fn of_stream(down: &Down, text: String) -> Self {
        match down {
            Down::NoMechanism { .. }
            | Down::AuthRefused { .. }
            | Down::TooFewRounds { .. }
            | Down::TooManyRounds { .. }
            | Down::ServerNotGenuine { .. } => Self::AuthenticationRefused(text),
            Down::TlsMismatch { .. } => Self::WrongTls(text),
            // There is no server of the kind that the settings ask for.
            Down::Resolve { .. }
            | Down::Unreachable { .. }
            | Down::TlsNotOffered { .. }
            | Down::Certificate { .. }
            | Down::TlsFailed { .. }
            | Down::AuthUnavailable { .. }
            | Down::Conflict
            | Down::SeeOtherHost { .. }
            | Down::Redirect { .. }
            | Down::PolicyViolation { .. }
            | Down::HostUnknown { .. }
            | Down::Shutdown
            | Down::StreamError(_)
            | Down::Broken(_)
            | Down::Timeout(_)
            | Down::Closed => Self::MissingDependency(text),
        }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Self::Unknown(_) => 1,
            Self::InvalidArgument(_) => 2,
            Self::NoSettings(_) => 3,
            Self::BadSetting(_) => 4,
            Self::MissingDependency(_) => 5,
            Self::AuthenticationRefused(_) => 6,
            Self::WrongTls(_) => 127,
        }
    }

    /// A file that was named and cannot be read, or that is no text: the second is a fault in what was
    /// written.
    pub fn unreadable(file: &str, error: &crate::files::Unreadable) -> Self {
        let told = error.told(file);
        if error.is_content() { Self::BadSetting(told) } else { Self::MissingDependency(told) }
    }

    /// The exit code as the process ends with it.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code())
    }
}

impl From<crate::settings::SettingsError> for Failure {
    fn from(error: crate::settings::SettingsError) -> Self {
        let text = error.to_string();
        match &error {
            crate::settings::SettingsError::NoFile { .. } => Self::NoSettings(text),
            crate::settings::SettingsError::Faults { .. } if error.is_missing_dependency() => {
                Self::MissingDependency(text)
            }
            crate::settings::SettingsError::Faults { .. } => Self::BadSetting(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stream_that_is_given_up_ends_as_what_nobody_foresaw() {
        let text = || "words".to_owned();
        for (down, code) in [
            (Down::Certificate { server: text(), why: text() }, 5),
            (Down::TlsNotOffered { server: text() }, 5),
            (Down::TlsFailed { server: text(), why: text() }, 5),
            (Down::HostUnknown { domain: text() }, 5),
            (Down::TlsMismatch { server: text(), why: text() }, 127),
            (Down::ServerNotGenuine { why: "words" }, 6),
            (Down::NoMechanism { offered: text(), hint: "words" }, 6),
            (Down::TooFewRounds { rounds: 1, least: 2 }, 6),
        ] {
            assert_eq!(Failure::of_stream(&down, down.to_string()).code(), code, "{down}");
        }
    }
}
