//! Verification of an LTI 1.1 launch: from the bytes of a request to a [`Launch`].
//!
//! In this order, each step for everybody: content type, parameters, `oauth_*`, key, timestamp,
//! signature; then the caller stores the nonce; then the message is read. A nonce that was stored
//! before the signature is verified could be burnt, and the store filled, by anybody. The types
//! keep the order: only a [`Signed`] launch has a nonce, and only it can be read.
//!
//! What was signed is taken from the settings (scheme and host) and the request (path), never from
//! headers, which anybody can write; in the spellings of `spelling.rs` and `reading.rs`.

use std::{collections::HashSet, fmt};

use secrecy::SecretString;
use url::Url;

use super::{
    consumers::Consumers,
    error::LaunchError,
    form::{self, Pair},
    launch::{Fields, Launch},
    other::Other,
    reading::{MOST_WORK, Plan, kept_pair},
    signature::{self, Verifier},
    spelling::{self, Address},
};

/// How far the platform's clock may be ahead of ours, in seconds.
pub const MOST_AHEAD: i64 = 60;

/// A launch as it came in: a `POST`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RawLaunch {
    /// The path of the request, as it was sent.
    pub path: String,
    /// The query of the request, without `?`.
    pub query: String,
    /// The header `Content-Type`.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

impl fmt::Debug for RawLaunch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawLaunch").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}

/// What a launch is held against.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The address of the tool as platforms know it.
    pub public_url: Url,
    /// How old a launch may be, in seconds.
    pub window: i64,
}

/// A launch whose signature is right, but which may have been seen before.
#[derive(Clone)]
pub struct Signed {
    consumer_key: String,
    nonce: String,
    timestamp: i64,
    pairs: Vec<Pair>,
}

/// Verifies a launch against the consumers' secrets. `now` is in seconds since 1970.
///
/// # Errors
/// When the launch cannot be read, is out of date, or is not signed by a known consumer. Whether a
/// key is unknown or a signature is wrong shows in the error, for the log, but not in the time that
/// it takes.
pub fn verify(
    raw: &RawLaunch,
    consumers: &Consumers,
    rules: &Rules,
    now: i64,
) -> Result<Signed, LaunchError> {
    if !is_form(&raw.content_type) {
        return Err(LaunchError::ContentType);
    }
    let body = form::parse(&raw.body)?;
    let query = form::parse(raw.query.as_bytes())?;
    if let Some(other) = Other::of_request(&body, &query) {
        return Err(other.into());
    }
    let oauth = OAuth::read(&body, &query)?;

    let timestamp = oauth.timestamp_within(rules.window, now)?;

    let known = consumers.secrets(oauth.consumer_key);
    let n_tried = consumers.most_secrets().max(1);
    let claimed = signature::decode(oauth.signature);
    let is_signed = claimed.len() == signature::LENGTH && {
        let addresses = spelling::addresses(&rules.public_url, &raw.path);
        let plan = Plan::new(&body, &query, &addresses, n_tried);
        is_signed(&addresses, &plan, known, n_tried, &claimed)
    };
    match (known.is_empty(), is_signed) {
        (true, _) => return Err(LaunchError::UnknownKey),
        (false, false) => return Err(LaunchError::BadSignature),
        (false, true) => {}
    }
    let (consumer_key, nonce) = (oauth.consumer_key.to_owned(), oauth.nonce.to_owned());

    // A parameter of the query counts like one of the body, but its copy does not count twice.
    let in_body: HashSet<_> =
        if query.is_empty() { HashSet::new() } else { body.iter().map(kept_pair).collect() };
    let alone = query.iter().map(kept_pair).filter(|pair| !in_body.contains(pair));
    let pairs = body.iter().map(kept_pair).chain(alone);
    let pairs = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    Ok(Signed { consumer_key, nonce, timestamp, pairs })
}

impl Signed {
    /// The key that signed the launch.
    pub fn consumer_key(&self) -> &str {
        &self.consumer_key
    }

    /// What may be used once for this key.
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// When the launch was signed, in seconds since 1970.
    pub fn timestamp(&self) -> i64 {
        self.timestamp
    }

    /// Reads the message, which the caller has found to be no replay.
    ///
    /// # Errors
    /// When it is no launch, or a parameter is missing, doubled or malformed.
    pub fn read(self) -> Result<Launch, LaunchError> {
        Launch::read(&self.consumer_key, &self.pairs)
    }
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").field("timestamp", &self.timestamp).finish_non_exhaustive()
    }
}

/// The parameters of the protocol, all of which are in the body.
struct OAuth<'a> {
    consumer_key: &'a str,
    nonce: &'a str,
    timestamp: &'a str,
    signature: &'a str,
}

impl<'a> OAuth<'a> {
    fn read(body: &'a [Pair], query: &[Pair]) -> Result<Self, LaunchError> {
        let mut names: Vec<&str> = body
            .iter()
            .chain(query)
            .map(|(name, _)| name.as_str())
            .filter(|name| name.starts_with("oauth_"))
            .collect();
        names.sort_unstable();
        if names.windows(2).any(|two| matches!(two, [a, b] if a == b)) {
            return Err(LaunchError::Duplicate("an OAuth parameter"));
        }
        if names.is_empty() && form::field(body, "lti_message_type").is_some() {
            return Err(LaunchError::Unsigned);
        }
        let fields = Fields(body);
        if fields.once("oauth_version")?.is_some_and(|version| version != "1.0") {
            return Err(LaunchError::Unsupported("oauth_version"));
        }
        if fields.required("oauth_signature_method", 64)? != signature::METHOD {
            return Err(LaunchError::Unsupported("oauth_signature_method"));
        }
        Ok(Self {
            consumer_key: fields.required("oauth_consumer_key", 255)?,
            nonce: fields.required("oauth_nonce", 512)?,
            timestamp: fields.required("oauth_timestamp", 12)?,
            signature: fields.required("oauth_signature", 255)?,
        })
    }

    fn timestamp_within(&self, window: i64, now: i64) -> Result<i64, LaunchError> {
        if !self.timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LaunchError::Malformed("oauth_timestamp"));
        }
        let timestamp: i64 = self
            .timestamp
            .parse()
            .map_err(|_not_a_number| LaunchError::Malformed("oauth_timestamp"))?;
        let age = now.saturating_sub(timestamp);
        if age > window {
            return Err(LaunchError::Stale { age });
        }
        if age < -MOST_AHEAD {
            return Err(LaunchError::Early { ahead: age.saturating_neg() });
        }
        Ok(timestamp)
    }
}

/// Whether one of the secrets signed one of the spellings of a launch. Secrets that nobody has are tried
/// besides, up to `n_tried`: neither a key that is not known nor one that has another number of secrets
/// shows in the time that it takes to refuse a launch.
fn is_signed(
    addresses: &[Address],
    plan: &Plan<'_>,
    known: &[SecretString],
    n_tried: usize,
    claimed: &[u8],
) -> bool {
    let nobody = SecretString::from("the secret of a key that nobody has");
    let tried = known.iter().map(|secret| (secret, true));
    let tried = tried.chain(std::iter::repeat((&nobody, false))).take(n_tried.max(known.len()));
    let tried: Vec<(Verifier, bool)> =
        tried.map(|(secret, counts)| (Verifier::new(secret), counts)).collect();

    plan.any(|place, text| {
        addresses.get(place).is_some_and(|address| {
            tried.iter().fold(false, |is_signed, (secret, counts)| {
                is_signed | (secret.is_of(claimed, &address.encoded, text) & counts)
            })
        })
    })
}

/// Whether it may take long to verify a launch, as far as that shows in its bytes: where more would be
/// hashed than the bound for one launch, and then spellings are left out.
pub fn is_costly(raw: &RawLaunch, consumers: &Consumers, rules: &Rules) -> bool {
    let text = || raw.body.iter().chain(raw.query.as_bytes());
    // In a base string: one byte for each that is not reserved, three for `=` and `&`, five for all
    // others; those that came with an escape have three already.
    let encoded: usize = text()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => 1,
            b'-' | b'.' | b'_' | b'~' => 1,
            b'%' | b'=' | b'&' => 3,
            _ => 5,
        })
        .sum();
    let has_lines = raw.body.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
        || raw
            .body
            .windows(3)
            .any(|escape| matches!(escape, [b'%', b'0', b'a' | b'A' | b'd' | b'D']));
    let n_tries = spelling::addresses(&rules.public_url, &raw.path)
        .len()
        .saturating_mul(consumers.most_secrets().max(1))
        .saturating_mul(if raw.query.is_empty() { 1 } else { 2 })
        .saturating_mul(if has_lines { 4 } else { 1 });
    encoded.saturating_mul(n_tries) > MOST_WORK
}

/// Whether the body is a form, whatever parameters the type has.
pub fn is_form(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
#[path = "verify_tests.rs"]
mod tests;
