//! Signatures of OAuth 1.0a (RFC 5849): HMAC-SHA1 over the signature base string, both ways.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use sha1::Sha1;
use zeroize::Zeroizing;

/// The one signature method that is made and taken. `PLAINTEXT` is not: it would let whoever reads
/// one message sign every other.
pub const METHOD: &str = "HMAC-SHA1";

/// Everything but the unreserved characters of RFC 3986 is encoded (RFC 5849, 3.6).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes as RFC 5849, 3.6 says: upper-case hex over UTF-8 bytes, a space as `%20`.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The normalised parameters (RFC 5849, 3.4.1.3.2): encoded first, then sorted by name and value.
pub fn normalise<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut encoded: Vec<(String, String)> =
        pairs.into_iter().map(|(name, value)| (encode(name), encode(value))).collect();
    encoded.sort_unstable();

    let length = encoded.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut normalised = String::with_capacity(length);
    for (name, value) in &encoded {
        if !normalised.is_empty() {
            normalised.push('&');
        }
        normalised.push_str(name);
        normalised.push('=');
        normalised.push_str(value);
    }
    normalised
}

/// The signature base string (RFC 5849, 3.4.1.1) of a method, a base URI without query and
/// fragment, and normalised parameters.
pub fn base_string(method: &str, base_uri: &str, normalised: &str) -> String {
    format!("{method}&{}&{}", encode(base_uri), encode(normalised))
}

/// Signs a base string; the signature in base64.
pub fn sign(secret: &SecretString, base_string: &str) -> String {
    STANDARD.encode(mac(secret, base_string).finalize().into_bytes())
}

/// Whether a signature in base64 belongs to a base string; compared in constant time.
pub fn verify(secret: &SecretString, base_string: &str, signature: &str) -> bool {
    let claimed = STANDARD.decode(signature).unwrap_or_default();
    mac(secret, base_string).verify_slice(&claimed).is_ok()
}

/// HMAC-SHA1 with the key of RFC 5849, 3.4.2: the encoded secret, `&`, and no token secret.
fn mac(secret: &SecretString, base_string: &str) -> Hmac<Sha1> {
    let key = Zeroizing::new(encode(secret.expose_secret()) + "&");
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = <Hmac<Sha1>>::new_from_slice(key.as_bytes()).expect("a key of any length");
    mac.update(base_string.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_leaves_the_unreserved_characters_alone() {
        assert_eq!(encode("AZaz09-._~"), "AZaz09-._~");
        assert_eq!(encode(" +*'()!%&="), "%20%2B%2A%27%28%29%21%25%26%3D");
        assert_eq!(encode("é☃\r\n"), "%C3%A9%E2%98%83%0D%0A");
    }

    /// RFC 5849, 3.4.1.1 and 3.4.1.3.2: the example of the specification, letter by letter.
    #[test]
    fn the_base_string_of_the_rfc_comes_out() {
        let pairs = [
            ("b5", "=%3D"),
            ("a3", "a"),
            ("c@", ""),
            ("a2", "r b"),
            ("oauth_consumer_key", "9djdj82h48djs9d2"),
            ("oauth_token", "kkk9d7dh3k39sjv7"),
            ("oauth_signature_method", "HMAC-SHA1"),
            ("oauth_timestamp", "137131201"),
            ("oauth_nonce", "7d8f3e4a"),
            ("c2", ""),
            ("a3", "2 q"),
        ];

        let normalised = normalise(pairs);

        assert_eq!(
            normalised,
            "a2=r%20b&a3=2%20q&a3=a&b5=%3D%253D&c%40=&c2=&oauth_consumer_key=9dj\
             dj82h48djs9d2&oauth_nonce=7d8f3e4a&oauth_signature_method=HMAC-SHA1\
             &oauth_timestamp=137131201&oauth_token=kkk9d7dh3k39sjv7"
        );
        assert_eq!(
            base_string("POST", "http://example.com/request", &normalised),
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q\
             %26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_\
             key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_m\
             ethod%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk\
             9d7dh3k39sjv7"
        );
    }

    #[test]
    fn pairs_are_sorted_by_their_encoded_names() {
        // Sorted before the encoding, `aé` would come after `az`.
        assert_eq!(normalise([("az", "1"), ("aé", "2"), ("a", "3")]), "a=3&a%C3%A9=2&az=1");
    }

    #[test]
    fn a_signature_verifies_with_its_own_secret_and_text_only() {
        let secret = SecretString::from("s3cret & more");
        let signature = sign(&secret, "POST&x&y");

        assert!(verify(&secret, "POST&x&y", &signature));
        assert!(!verify(&secret, "POST&x&z", &signature));
        assert!(!verify(&SecretString::from("other"), "POST&x&y", &signature));
        for bad in ["", "=", "????", signature.trim_end_matches('=')] {
            assert!(!verify(&secret, "POST&x&y", bad), "{bad}");
        }
    }
}
