//! OAuth 1.0a once more, written from RFC 5849 and not from the code under test.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};

/// Percent-encodes byte by byte.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(["%", &format!("{byte:02X}")]);
        }
    }
    encoded
}

/// Undoes [`encode`].
pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

/// The signature of a request.
pub(crate) fn signature(
    method: &str,
    uri: &str,
    pairs: &[(String, String)],
    secret: &str,
) -> String {
    let mut encoded: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}\n{}", encode(name), encode(value))).collect();
    encoded.sort();
    let normalised: Vec<String> = encoded.iter().map(|pair| pair.replace('\n', "=")).collect();
    let base = format!("{method}&{}&{}", encode(uri), encode(&normalised.join("&")));
    let mut mac = <Hmac<Sha1>>::new_from_slice(format!("{}&", encode(secret)).as_bytes()).unwrap();
    mac.update(base.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The hash of a body that is no form.
pub(crate) fn body_hash(body: &[u8]) -> String {
    STANDARD.encode(Sha1::digest(body))
}
