//! OAuth 1.0a with HMAC-SHA1 (RFC 5849), as an LMS does it.
//!
//! Written apart from `crates/lti` on purpose: two implementations that agree are a test, one that
//! agrees with itself is not.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};

/// Names and values, in the order in which they are sent.
pub type Pairs = Vec<(String, String)>;

/// A consumer key and its secret, as both sides have them.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// The consumer key.
    pub key: String,
    /// The secret that signs.
    pub secret: String,
}

impl Consumer {
    /// The consumer that the tests and the demo use.
    pub fn stage() -> Self {
        Self { key: "stage-key".to_owned(), secret: "a secret of the stage & more".to_owned() }
    }
}

/// Percent-encodes as RFC 5849, 3.6 says: everything but letters, digits, `-._~`.
pub fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => {
                out.push('%');
                out.extend(hex(other).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    out
}

/// A byte as two digits.
fn hex(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 0xf].map(|half| char::from_digit(half.into(), 16).expect("below sixteen"))
}

/// Undoes [`encode`]; `None` for a broken escape or what is not UTF-8.
pub fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            out.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

/// The base64 signature of a request to `url` with `params` (all but `oauth_signature` and
/// `realm`), by the secret of a consumer. LTI knows no tokens, so nothing follows the `&`.
pub fn signature(method: &str, url: &str, params: &[(String, String)], secret: &str) -> String {
    hmac_sha1(&format!("{}&", encode(secret)), &base_string(method, url, params))
}

/// The text that is signed. The query of `url` is a part of it.
fn base_string(method: &str, url: &str, params: &[(String, String)]) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = base.split_once("://").expect("a URL with a scheme");
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let scheme = scheme.to_lowercase();
    let mut host = host.to_lowercase();
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    if let Some(bare) = host.strip_suffix(default_port) {
        host = bare.to_owned();
    }

    let mut encoded: Vec<(String, String)> =
        params.iter().map(|(name, value)| (encode(name), encode(value))).collect();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |part: &str| decode(&part.replace('+', " ")).expect("a query that decodes");
        encoded.push((encode(&plain(name)), encode(&plain(value))));
    }
    encoded.sort();
    let normalised: Vec<String> =
        encoded.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let base_uri = encode(&format!("{scheme}://{host}{path}"));
    format!("{method}&{base_uri}&{}", encode(&normalised.join("&")))
}

fn hmac_sha1(key: &str, text: &str) -> String {
    let mut mac =
        Hmac::<Sha1>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The base64 SHA-1 of a body: `oauth_body_hash`.
pub fn body_hash(body: &[u8]) -> String {
    STANDARD.encode(Sha1::digest(body))
}

/// Sixteen random bytes in hex.
pub fn nonce() -> String {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes.into_iter().flat_map(hex).collect()
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Pairs {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// The example of OAuth Core 1.0, appendix A.5, which has a token's secret after the `&`.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let params = pairs(&[
            ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
            ("oauth_token", "nnch734d00sl2jdk"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "1191242096"),
            ("oauth_nonce", "kllo9940pd9333jh"),
            ("oauth_version", "1.0"),
            ("size", "original"),
        ]);

        for url in ["http://photos.example.net/photos", "HTTP://Photos.example.net:80/photos"] {
            let text = base_string("GET", &format!("{url}?file=vacation.jpg"), &params);
            let signature = hmac_sha1("kd94hf93k423kf44&pfkkdhi9sl3r4s00", &text);
            assert_eq!(signature, "tR3+Ty81lMeYAr/Fid0kMTYa/WM=", "{text}");
        }
    }

    #[test]
    fn what_was_encoded_decodes_again() {
        let text = "a b+c&d=e%é~*'()";

        assert_eq!(decode(&encode(text)).as_deref(), Some(text));
        assert_eq!(encode("* '()!é"), "%2A%20%27%28%29%21%C3%A9");
        assert_eq!(decode("%zz"), None);
    }
}
