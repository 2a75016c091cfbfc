//! What a launch that is refused says of itself, for who sets the tool up: the key, the address that
//! counts as signed, and what was signed without any of its values. They may name people.

use std::fmt;

use super::{
    form::{self, Pair},
    signature, spelling,
    verify::{RawLaunch, Rules},
};

/// Most characters of a text that is told, and most parameters.
const LONGEST: usize = 200;
const MOST_NAMES: usize = 200;
/// Parameters whose values name nobody and are no secret.
const TOLD: [&str; 6] = [
    "lti_message_type",
    "lti_version",
    "oauth_callback",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_version",
];
/// What is not signed.
const SIGNATURE: &str = "oauth_signature";

/// What a launch claims. All of it is bounded, and without control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    consumer_key: String,
    base_uri: String,
    parameters: Vec<String>,
    n_more: usize,
}

impl Claim {
    /// That of a launch; `None` where it is no form.
    pub fn of(raw: &RawLaunch, rules: &Rules) -> Option<Self> {
        let body = form::parse(&raw.body).ok()?;
        let query = form::parse(raw.query.as_bytes()).ok()?;
        let key = form::field(&body, "oauth_consumer_key").unwrap_or_default();
        let mut signed: Vec<&Pair> =
            body.iter().chain(&query).filter(|(name, _)| name != SIGNATURE).collect();
        signed.sort_unstable();
        let n_more = signed.len().saturating_sub(MOST_NAMES);
        Some(Self {
            consumer_key: told(key),
            base_uri: told(&spelling::base_uri(&rules.public_url, &raw.path)),
            parameters: signed.into_iter().take(MOST_NAMES).map(parameter).collect(),
            n_more,
        })
    }

    /// The base string, with the length of each value in its place.
    pub fn base_string(&self) -> String {
        let more =
            if self.n_more == 0 { String::new() } else { format!("&…{} more", self.n_more) };
        let address = signature::encode(&self.base_uri);
        format!("POST&{address}&{}{more}", self.parameters.join("&"))
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { consumer_key, base_uri, .. } = self;
        write!(
            f,
            "the consumer key is \"{consumer_key}\", and the URL that counts as signed is {base_uri}"
        )
    }
}

fn parameter((name, value): &Pair) -> String {
    if TOLD.contains(&name.as_str()) {
        format!("{}={}", told(name), told(value))
    } else {
        format!("{}=<{} bytes>", told(name), value.len())
    }
}

fn told(text: &str) -> String {
    let cut: String = text.chars().take(LONGEST).collect();
    let rest = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{rest}", cut.escape_debug())
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn claim(body: &str) -> Claim {
        let raw = RawLaunch {
            path: "/".to_owned(),
            query: "a=secret".to_owned(),
            body: body.as_bytes().to_vec(),
            ..RawLaunch::default()
        };
        let public_url = Url::parse("https://tool.example").unwrap();
        Claim::of(&raw, &Rules { public_url, window: 300 }).unwrap()
    }

    #[test]
    fn a_claim_holds_names_and_no_values() {
        let claim = claim(
            "user_id=zoe&oauth_consumer_key=moodle&lti_version=LTI-1p0&oauth_signature=abc%3D&\
             lis_person_name_full=Zo%C3%AB",
        );

        assert_eq!(
            claim.to_string(),
            "the consumer key is \"moodle\", and the URL that counts as signed is https://tool.example/"
        );
        assert_eq!(
            claim.base_string(),
            "POST&https%3A%2F%2Ftool.example%2F&a=<6 bytes>&lis_person_name_full=<4 bytes>&\
             lti_version=LTI-1p0&oauth_consumer_key=<6 bytes>&user_id=<3 bytes>"
        );
    }

    #[test]
    fn what_anybody_can_send_is_cut_and_escaped() {
        let claim = claim(&format!(
            "oauth_consumer_key=a%0d%0aERROR%1b[31m%e2%80%ae{}&{}",
            "x".repeat(10_000),
            (0..1_000).map(|n| format!("{n}{}=1", "y".repeat(50))).collect::<Vec<_>>().join("&")
        ));

        let said = format!("{claim} {}", claim.base_string());
        assert!(said.contains("a\\r\\nERROR\\u{1b}[31m\\u{202e}xx"), "{said}");
        assert!(!said.contains(char::is_control) && said.len() < 20_000, "{}", said.len());
        assert!(said.ends_with("…802 more"), "{said}");
    }
}
