//! Messages that are no launch of the version that is spoken here: what they are, for whoever set
//! the platform up.

use std::fmt;

use super::form::{self, Pair};

/// The version of LTI that is spoken.
pub const SPOKEN: &str = "LTI 1.1";
/// Its `lti_version`: that of 1.0, which it kept.
pub(super) const VERSION: &str = "LTI-1p0";
/// The one kind of message that is taken: `lti_message_type`.
pub(super) const MESSAGE: &str = "basic-lti-launch-request";
/// The longest name of a version or a message that is repeated, in characters.
const LONGEST: usize = 60;

/// What a message is that is no launch of the version that is spoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// A login of LTI 1.3, by which a launch begins there: `iss` and `login_hint`.
    Lti13Login,
    /// A launch of LTI 1.3: `id_token`.
    Lti13Launch,
    /// A message of another version, with its `lti_version`.
    Version(String),
    /// A message of another kind, with its `lti_message_type`.
    Message(String),
}

impl Other {
    /// What a request is by which somebody wants to launch in another way, as far as that shows
    /// without a signature. Whoever signs as LTI 1.1 does is taken at their word.
    pub fn of_request(body: &[Pair], query: &[Pair]) -> Option<Self> {
        let has = |name: &str| {
            [body, query]
                .iter()
                .any(|pairs| form::field(pairs, name).is_some_and(|it| !it.is_empty()))
        };
        if has("oauth_consumer_key") || has("oauth_signature") {
            return None;
        }
        if has("id_token") {
            return Some(Self::Lti13Launch);
        }
        if has("iss") && has("login_hint") {
            return Some(Self::Lti13Login);
        }
        let version = form::field(body, "lti_version").filter(|version| !version.is_empty())?;
        (version != VERSION).then(|| Self::version(version))
    }

    /// A message with this `lti_version`.
    pub(super) fn version(version: &str) -> Self {
        Self::Version(tame(version))
    }

    /// A message with this `lti_message_type`.
    pub(super) fn message(kind: &str) -> Self {
        Self::Message(tame(kind))
    }
}

/// A text of somebody else's that may stand in a sentence of ours.
fn tame(text: &str) -> String {
    let is_tame =
        |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '/' | ' ');
    text.chars().filter(is_tame).take(LONGEST).collect()
}

/// What it is, what is spoken, and what to enter where: for the log.
impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lti13Login => write!(f, "this is a login of LTI 1.3 (iss and login_hint)"),
            Self::Lti13Launch => write!(f, "this is a launch of LTI 1.3 (id_token)"),
            Self::Version(version) => write!(f, "lti_version is {version:?}, not {VERSION:?}"),
            Self::Message(kind) => write!(f, "lti_message_type is {kind:?}, not {MESSAGE:?}"),
        }?;
        match self {
            Self::Message(_) => write!(
                f,
                "; place the tool as an assignment or a link in the platform, which launches it"
            ),
            Self::Lti13Login | Self::Lti13Launch | Self::Version(_) => write!(
                f,
                "; only {SPOKEN} is spoken here: set the tool up anew in the platform, for {SPOKEN}, \
                 with lti.public_url as launch URL and a key and a secret of lti.consumers"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(body: &str, query: &str) -> Option<Other> {
        let parse = |text: &str| form::parse(text.as_bytes()).unwrap();
        Other::of_request(&parse(body), &parse(query))
    }

    #[test]
    fn other_versions_are_recognised_in_body_and_query() {
        for (body, query, expected) in [
            ("id_token=a.b.c&state=x", "", Some(Other::Lti13Launch)),
            (
                "iss=https%3A%2F%2Flms.example&login_hint=7&target_link_uri=x",
                "",
                Some(Other::Lti13Login),
            ),
            ("", "iss=x&login_hint=7", Some(Other::Lti13Login)),
            (
                "lti_version=LTI-2p0&lti_message_type=x",
                "",
                Some(Other::Version("LTI-2p0".to_owned())),
            ),
            ("iss=x", "", None),
            ("login_hint=7", "", None),
            ("id_token=", "", None),
            ("lti_version=LTI-1p0", "", None),
            ("lti_version=", "", None),
            // A custom parameter of a launch that is signed may be called as it likes.
            ("id_token=a&oauth_consumer_key=k&oauth_signature=s", "", None),
            ("", "", None),
        ] {
            assert_eq!(other(body, query), expected, "{body} {query}");
        }
    }

    #[test]
    fn what_is_repeated_is_tame() {
        let Some(Other::Version(version)) = other("lti_version=%3Cb%3E%0A1.3%22", "") else {
            panic!()
        };
        assert_eq!(version, "b1.3");
        assert_eq!(Other::version(&"x".repeat(500)), Other::Version("x".repeat(LONGEST)));
        let said = Other::Lti13Login.to_string();
        assert!(said.contains("LTI 1.3") && said.contains("only LTI 1.1 is spoken here"), "{said}");
    }
}
