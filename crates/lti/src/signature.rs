//! Signatures of OAuth 1.0a (RFC 5849): HMAC-SHA1 over the signature base string, both ways.

use std::borrow::Cow;

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

    joined(&encoded, "=", "&")
}

/// Pairs as one text, with these signs between names, values and pairs.
fn joined<T: AsRef<str>>(pairs: &[(T, T)], equals: &str, and: &str) -> String {
    let between = equals.len() + and.len();
    let lengths =
        pairs.iter().map(|(name, value)| name.as_ref().len() + value.as_ref().len() + between);
    let mut text = String::with_capacity(lengths.sum());
    for (name, value) in pairs {
        if !text.is_empty() {
            text.push_str(and);
        }
        text.push_str(name.as_ref());
        text.push_str(equals);
        text.push_str(value.as_ref());
    }
    text
}

/// The signature base string (RFC 5849, 3.4.1.1) of a method, a base URI without query and
/// fragment, and normalised parameters.
pub fn base_string(method: &str, base_uri: &str, normalised: &str) -> String {
    format!("{method}&{}&{}", encode(base_uri), encode(normalised))
}

/// Normalised parameters, encoded once more as they stand in a base string.
///
/// They are sorted as they are there: a second encoding makes `%25` of each `%`, which is less than
/// all else that an encoded text holds, before and after.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    pub(super) fn add(&mut self, name: &str, value: &str) {
        self.0.push((encode_twice(name).into(), encode_twice(value).into()));
    }

    /// Adds one that is as [`encode_twice`] made it.
    pub(super) fn add_encoded(&mut self, name: &'a str, value: &'a str) {
        self.0.push((name.into(), value.into()));
    }

    pub(super) fn sort(&mut self) {
        self.0.sort_unstable();
    }

    /// As they stand in a base string: `a%3D1%26b%3D2`.
    pub(super) fn text(&self) -> String {
        joined(&self.0, "%3D", "%26")
    }
}

/// [`encode`], applied twice.
pub(super) fn encode_twice(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len() + text.len() / 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str("%25");
            for digit in [byte >> 4, byte & 0xf] {
                let digit = HEX.get(usize::from(digit)).copied().unwrap_or(b'0');
                encoded.push(char::from(digit));
            }
        }
    }
    encoded
}

/// A secret that is ready to verify many base strings.
pub(super) struct Verifier(Hmac<Sha1>);

impl Verifier {
    pub(super) fn new(secret: &SecretString) -> Self {
        Self(keyed(secret))
    }

    /// Whether these bytes are the signature of a `POST`; compared in constant time. The address is
    /// encoded, the parameters are as [`Parameters::text`] says.
    pub(super) fn is_of(&self, signature: &[u8], base_uri: &str, parameters: &str) -> bool {
        let mut mac = self.0.clone();
        for part in ["POST&", base_uri, "&", parameters] {
            mac.update(part.as_bytes());
        }
        mac.verify_slice(signature).is_ok()
    }
}

/// How many bytes a signature has.
pub(super) const LENGTH: usize = 20;

/// The bytes of a signature in base64; none where it is none.
pub(super) fn decode(signature: &str) -> Vec<u8> {
    STANDARD.decode(signature).unwrap_or_default()
}

/// Signs a base string; the signature in base64.
pub fn sign(secret: &SecretString, base_string: &str) -> String {
    let mut mac = keyed(secret);
    mac.update(base_string.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// HMAC-SHA1 with the key of RFC 5849, 3.4.2: the encoded secret, `&`, and no token secret.
fn keyed(secret: &SecretString) -> Hmac<Sha1> {
    let key = Zeroizing::new(encode(secret.expose_secret()) + "&");
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    <Hmac<Sha1>>::new_from_slice(key.as_bytes()).expect("a key of any length")
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

    proptest::proptest! {
        #[test]
        fn parameters_that_are_encoded_twice_at_once_are_the_same(
            pairs in proptest::collection::vec(("[\\PC%~. ]{0,6}", "[\\PC%~. ]{0,6}"), 0..6),
        ) {
            let strs = || pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let mut parameters = Parameters::default();
            for (name, value) in strs() {
                parameters.add(name, value);
            }
            parameters.sort();

            proptest::prop_assert_eq!(parameters.text(), encode(&normalise(strs())));
        }
    }

    fn verify(secret: &SecretString, base_string: &str, signature: &str) -> bool {
        let rest = base_string.strip_prefix("POST&").unwrap();
        let (base_uri, parameters) = rest.split_once('&').unwrap();
        Verifier::new(secret).is_of(&decode(signature), base_uri, parameters)
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
