//! The signatures of launches against a second implementation, the library oauthlib of Python:
//! whatever a platform may send, both read it as the same base string, and what oauthlib signs is
//! verified.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Mutex,
};

use lti::{Consumers, LaunchError, RawLaunch, Rules, signature, verify};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};
use url::Url;

const NOW: i64 = 1_700_000_000;

/// Debian's Python has Debian's oauthlib; another one that stands before it in the path may not.
const PYTHON: &str = "/usr/bin/python3";

struct Oauthlib {
    python: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Drop for Oauthlib {
    fn drop(&mut self) {
        self.python.kill().ok();
        self.python.wait().ok();
    }
}

impl Oauthlib {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/second_opinion.py");
        let mut python = Command::new(PYTHON)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = python.stdin.take().unwrap();
        let output = BufReader::new(python.stdout.take().unwrap());
        Self { python, input, output }
    }

    /// The base string and its signature, for an address that is normalised, or spelled as given.
    fn sign(&mut self, case: &Case, spelled: Option<&str>) -> (String, String) {
        let query = encode(&case.query, case.style);
        let question = json!({
            "uri": case.uri(),
            "spelled": spelled,
            "query": query,
            "pairs": case.body,
            "secret": case.secret,
        });
        writeln!(self.input, "{question}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "oauthlib has ended; install Debian's package python3-oauthlib");
        let answer: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap().to_owned();
        (text("base_string"), text("signature"))
    }
}

type Pairs = Vec<(String, String)>;

/// A launch, and how it is written down.
#[derive(Clone, Debug)]
struct Case {
    origin: &'static str,
    path: &'static str,
    body: Pairs,
    query: Pairs,
    secret: String,
    style: u8,
}

impl Case {
    fn uri(&self) -> String {
        format!("{}{}", self.origin, self.path)
    }

    /// The request as it is sent, with a signature.
    fn request(&self, signature: &str) -> RawLaunch {
        let mut body = self.body.clone();
        body.push(("oauth_signature".to_owned(), signature.to_owned()));
        RawLaunch {
            path: self.path.to_owned(),
            query: encode(&self.query, self.style),
            content_type: "application/x-www-form-urlencoded".to_owned(),
            body: encode(&body, self.style).into_bytes(),
        }
    }

    fn verify(&self, signature: &str) -> Result<(), LaunchError> {
        let mut consumers = Consumers::default();
        assert!(consumers.add("key", self.secret.clone().into()));
        let rules = Rules { public_url: Url::parse(self.origin).unwrap(), window: 300 };
        verify(&self.request(signature), &consumers, &rules, NOW).map(drop)
    }
}

/// Form data in one of the ways in which it may be written. oauthlib reads a query with `+` as a
/// space, as we do, but none of the characters that forms leave as they are; so all are escaped.
fn encode(pairs: &Pairs, style: u8) -> String {
    let escape = |text: &str| {
        let escaped = text.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            b' ' if style & 1 == 1 => "+".to_owned(),
            _ if style & 2 == 2 => format!("%{byte:02x}"),
            _ => format!("%{byte:02X}"),
        });
        escaped.collect::<String>()
    };
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    pairs.join("&")
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9_.~ +%&=/?:,;'\"()*!-]{0,12}",
        1 => "[\\PC\r\n\t]{0,8}",
        1 => Just(String::new()),
        1 => "[\u{e9}\u{644}\u{4e2d}\u{1f9a6}\u{301}%2]{1,6}",
    ]
}

/// Pairs whose names are none of the protocol's, some of them more than once.
fn pairs(most: usize) -> impl Strategy<Value = Pairs> {
    let name = prop_oneof!["[a-z_]{1,4}", "(custom_[a-z]{1,3})", text()]
        .prop_filter("a name of the protocol's", |name| {
            !name.is_empty() && !name.starts_with("oauth_")
        });
    vec((name, text()), 0..most)
}

fn case() -> impl Strategy<Value = Case> {
    let origin = prop_oneof![
        Just("https://tool.example"),
        Just("https://tool.example:8443"),
        Just("http://localhost:5000"),
        Just("http://127.0.0.1:5000"),
    ];
    let path = prop_oneof![Just("/"), Just("/launch"), Just("/a/b%20c/")];
    let secret = text().prop_filter("a secret", |secret| !secret.is_empty());
    // Without %: oauthlib decodes the values of the protocol's own parameters twice.
    let nonce = "[!-$&-~]{1,20}";
    (origin, path, pairs(8), pairs(4), secret, nonce, 0_u8..4).prop_map(
        |(origin, path, mut body, query, secret, nonce, style)| {
            let protocol = [
                ("oauth_consumer_key", "key"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "1700000000"),
                ("oauth_nonce", nonce.as_str()),
                ("oauth_version", "1.0"),
                ("oauth_callback", "about:blank"),
            ];
            body.extend(protocol.map(|(name, value)| (name.to_owned(), value.to_owned())));
            Case { origin, path, body, query, secret, style }
        },
    )
}

static OAUTHLIB: Mutex<Option<Oauthlib>> = Mutex::new(None);

fn sign(case: &Case, spelled: Option<&str>) -> (String, String) {
    let mut oauthlib = OAUTHLIB.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    oauthlib.get_or_insert_with(Oauthlib::start).sign(case, spelled)
}

/// The address of a launch as a platform may spell it.
fn spelled(case: &Case, port: bool, capitals: u8, slash: bool) -> String {
    let url = Url::parse(&case.uri()).unwrap();
    let host = url.host_str().unwrap();
    let (scheme, host) = match capitals {
        0 => (url.scheme().to_owned(), host.to_owned()),
        1 => (url.scheme().to_uppercase(), host.to_uppercase()),
        _ => (url.scheme().to_owned(), host.to_uppercase()),
    };
    let port = match url.port() {
        Some(port) => format!(":{port}"),
        // Who writes it out does not change anything else.
        None if port && capitals == 0 => format!(":{}", url.port_or_known_default().unwrap()),
        None => String::new(),
    };
    let path = if slash { case.path } else { case.path.trim_end_matches('/') };
    format!("{scheme}://{host}{port}{path}")
}

/// Pairs whose lines end in one way.
fn broken_by(pairs: &Pairs, line_break: &str) -> Pairs {
    let broken =
        |text: &String| text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', line_break);
    pairs.iter().map(|(name, value)| (broken(name), broken(value))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_read_a_launch_as_the_same_base_string(case in case(), at in any::<prop::sample::Index>()) {
        let (base_string, signed) = sign(&case, None);

        let all = [case.body.clone(), case.query.clone()].concat();
        let parameters = signature::normalise(all.iter().map(|(a, b)| (a.as_str(), b.as_str())));
        prop_assert_eq!(signature::base_string("POST", &case.uri(), &parameters), base_string);
        prop_assert_eq!(case.verify(&signed), Ok(()));

        // One sign of the signature is another one.
        let at = at.index(signed.len() - 2);
        let mut forged = signed.into_bytes();
        forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        prop_assert_eq!(case.verify(&forged), Err(LaunchError::BadSignature));
    }

    #[test]
    fn what_platforms_spell_in_their_own_way_is_verified_and_nothing_else(
        case in case(),
        lines in "[ab\n]{0,6}",
        (port, capitals, slash) in (any::<bool>(), 0_u8..3, any::<bool>()),
        signed_with in prop::sample::select(vec!["\n", "\r", "\r\n"]),
    ) {
        let mut case = case;
        case.body.push(("lines".to_owned(), lines));
        let signed_case = Case { body: broken_by(&case.body, signed_with), ..case.clone() };
        let address = spelled(&case, port, capitals, slash);
        let (_, signed) = sign(&signed_case, Some(&address));

        // A browser posts CR LF, whatever was signed.
        let posted = Case { body: broken_by(&case.body, "\r\n"), ..case.clone() };
        prop_assert_eq!(posted.verify(&signed), Ok(()), "{}", address);

        for other in ["https://evil.example/", "ftp://tool.example/", "https://tool.example:1/"] {
            let (_, signed) = sign(&signed_case, Some(other));
            prop_assert_eq!(posted.verify(&signed), Err(LaunchError::BadSignature));
        }
        let mut changed = posted;
        changed.body.push(("one".to_owned(), "more".to_owned()));
        prop_assert_eq!(changed.verify(&signed), Err(LaunchError::BadSignature));
    }
}
