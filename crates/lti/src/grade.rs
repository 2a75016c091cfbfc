//! A grade on its way to the platform: the requests of LTI 1.1 Basic Outcomes, and their signature.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quick_xml::escape::escape;
use secrecy::SecretString;
use sha1::{Digest as _, Sha1};
use url::Url;

use super::signature::{self, encode};

/// The one content type that Canvas takes, without parameters.
pub const CONTENT_TYPE: &str = "application/xml";

/// The namespace of the messages.
pub const NAMESPACE: &str = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0";

/// A grade: a part of the points, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Score(f64);

impl Score {
    /// All the points.
    pub const FULL: Self = Self(1.0);

    /// A score, if it is a number from 0 to 1.
    pub fn new(score: f64) -> Option<Self> {
        (0.0..=1.0).contains(&score).then_some(Self(score))
    }

    /// The part of the points.
    pub fn value(self) -> f64 {
        self.0
    }

    /// Whether a platform that says this has taken that: some keep two digits only.
    pub fn says_the_same_as(self, other: Self) -> bool {
        (self.0 - other.0).abs() < 0.005
    }

    /// As the platform reads it: a decimal point, and at most four digits behind it.
    fn decimal(self) -> String {
        let text = format!("{:.4}", self.0.abs());
        let short = text.trim_end_matches('0');
        if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
    }
}

/// A signed request, good for one attempt.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The header `Authorization`.
    pub authorization: String,
    /// The body, of type [`CONTENT_TYPE`].
    pub body: String,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").finish_non_exhaustive()
    }
}

/// What is fresh in every attempt: the platform refuses a nonce that it has seen.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Unique text of letters and digits; also names the message.
    pub nonce: String,
    /// Seconds since 1970.
    pub timestamp: i64,
}

/// Where a grade goes, and who signs for it.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The platform's service.
    pub url: &'a Url,
    /// The cell in its gradebook.
    pub sourcedid: &'a str,
    /// The consumer key of the launch.
    pub consumer_key: &'a str,
    /// Its secret.
    pub secret: &'a SecretString,
}

/// What a platform takes along with a grade if it has announced so (an extension of Canvas).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// When the grade was achieved, in seconds since 1970: `submittedAt`. Without it a platform
    /// takes the moment at which it hears of the grade, and may call it late.
    pub submitted_at: Option<i64>,
    /// `prioritizeNonToolGrade`: a grade that a person has given stays.
    pub prioritize_non_tool_grade: bool,
}

impl Details {
    /// The element `submissionDetails`; empty where there are none.
    fn xml(self) -> String {
        let submitted_at = self.submitted_at.and_then(|at| jiff::Timestamp::from_second(at).ok());
        let submitted_at =
            submitted_at.map(|at| format!("<submittedAt>{at}</submittedAt>")).unwrap_or_default();
        let prioritize =
            if self.prioritize_non_tool_grade { "<prioritizeNonToolGrade/>" } else { "" };
        if submitted_at.is_empty() && prioritize.is_empty() {
            return String::new();
        }
        format!("<submissionDetails>{submitted_at}{prioritize}</submissionDetails>")
    }
}

/// Writes and signs the request that sets a grade.
pub fn replace_result(
    cell: Cell<'_>,
    score: Score,
    details: Details,
    attempt: &Attempt,
) -> Request {
    let result = format!(
        "<result><resultScore><language>en</language><textString>{}</textString></resultScore>\
         </result>",
        score.decimal()
    );
    envelope("replaceResultRequest", cell, &details.xml(), &result, attempt)
}

/// Writes and signs the request that asks for a grade.
pub fn read_result(cell: Cell<'_>, attempt: &Attempt) -> Request {
    envelope("readResultRequest", cell, "", "", attempt)
}

fn envelope(
    operation: &str,
    cell: Cell<'_>,
    details: &str,
    result: &str,
    attempt: &Attempt,
) -> Request {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <imsx_POXEnvelopeRequest xmlns=\"{NAMESPACE}\"><imsx_POXHeader>\
         <imsx_POXRequestHeaderInfo><imsx_version>V1.0</imsx_version>\
         <imsx_messageIdentifier>{}</imsx_messageIdentifier></imsx_POXRequestHeaderInfo>\
         </imsx_POXHeader><imsx_POXBody><{operation}>{details}<resultRecord>\
         <sourcedGUID><sourcedId>{}</sourcedId></sourcedGUID>{result}\
         </resultRecord></{operation}></imsx_POXBody></imsx_POXEnvelopeRequest>",
        escape(&attempt.nonce),
        escape(cell.sourcedid),
    );
    let authorization = authorization(cell.url, &body, cell.consumer_key, cell.secret, attempt);
    Request { authorization, body }
}

/// The header that signs a request whose body is no form: with the hash of the body (OAuth Request
/// Body Hash). Every value is encoded: the reader of Canvas splits the header at `,` and `=`.
fn authorization(
    url: &Url,
    body: &str,
    consumer_key: &str,
    secret: &SecretString,
    attempt: &Attempt,
) -> String {
    let parameters = [
        ("oauth_version", "1.0".to_owned()),
        ("oauth_nonce", attempt.nonce.clone()),
        ("oauth_timestamp", attempt.timestamp.to_string()),
        ("oauth_consumer_key", consumer_key.to_owned()),
        ("oauth_body_hash", STANDARD.encode(Sha1::digest(body.as_bytes()))),
        ("oauth_signature_method", signature::METHOD.to_owned()),
    ];
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let normalised = signature::normalise(
        parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain(query.iter().map(|(name, value)| (name.as_str(), value.as_str()))),
    );
    let base_uri = format!("{}{}", url.origin().ascii_serialization(), url.path());
    let signature =
        signature::sign(secret, &signature::base_string("POST", &base_uri, &normalised));

    let mut header = "OAuth realm=\"\"".to_owned();
    for (name, value) in parameters.iter().chain([&("oauth_signature", signature)]) {
        header.extend([",", name, "=\"", &encode(value), "\""]);
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(url: &str, sourcedid: &str) -> Request {
        let attempt = Attempt { nonce: "n0nce".to_owned(), timestamp: 1_700_000_000 };
        let secret = SecretString::from("s&cret é");
        let url = Url::parse(url).unwrap();
        replace_result(cell(&url, sourcedid, &secret), Score::FULL, Details::default(), &attempt)
    }

    fn cell<'a>(url: &'a Url, sourcedid: &'a str, secret: &'a SecretString) -> Cell<'a> {
        Cell { url, sourcedid, consumer_key: "key é", secret }
    }

    #[test]
    fn details_go_along_before_the_record_and_only_where_they_are_wanted() {
        let attempt = Attempt { nonce: "n0nce".to_owned(), timestamp: 1_700_000_000 };
        let secret = SecretString::from("secret");
        let url = Url::parse("https://lms.example/o").unwrap();
        let body = |details| {
            replace_result(cell(&url, "cell", &secret), Score::FULL, details, &attempt).body
        };

        assert!(!body(Details::default()).contains("submissionDetails"));
        let details =
            Details { submitted_at: Some(1_700_000_000), prioritize_non_tool_grade: true };
        assert!(body(details).contains(
            "<replaceResultRequest><submissionDetails><submittedAt>2023-11-14T22:13:20Z\
             </submittedAt><prioritizeNonToolGrade/></submissionDetails><resultRecord>"
        ));
    }

    #[test]
    fn a_grade_is_asked_for_with_its_cell_alone() {
        let attempt = Attempt { nonce: "n0nce".to_owned(), timestamp: 1_700_000_000 };
        let secret = SecretString::from("secret");
        let url = Url::parse("https://lms.example/o").unwrap();
        let body = read_result(cell(&url, "a<b", &secret), &attempt).body;

        assert!(body.contains(
            "<readResultRequest><resultRecord><sourcedGUID><sourcedId>a&lt;b</sourcedId>\
             </sourcedGUID></resultRecord></readResultRequest>"
        ));
    }

    #[test]
    fn only_numbers_from_0_to_1_are_scores() {
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Score::new(bad), None);
        }
        for (score, text) in
            [(0.0, "0.0"), (-0.0, "0.0"), (1.0, "1.0"), (0.5, "0.5"), (1e-5, "0.0"), (0.25, "0.25")]
        {
            assert_eq!(Score::new(score).unwrap().decimal(), text);
        }
        assert_eq!(Score::new(1.0 / 3.0).unwrap().decimal(), "0.3333");
    }

    #[test]
    fn the_sourcedid_is_escaped_and_comes_back_whole() {
        let sourcedid = r#"{"data":{"instanceid":"1","x":"<&>'"}}"#;
        let body = request("https://lms.example/o", sourcedid).body;

        let (_, rest) = body.split_once("<sourcedId>").unwrap();
        let (escaped, _) = rest.split_once("</sourcedId>").unwrap();
        assert!(!escaped.contains(['<', '"']));
        assert_eq!(quick_xml::escape::unescape(escaped).unwrap(), sourcedid);
    }

    /// The header was compared with what Python's `hmac` and `hashlib` make of the same request.
    #[test]
    fn the_header_is_what_another_program_computes() {
        let Request { authorization, body } =
            request("https://LMS.example:443/o?a=b+c&a=%26", "cell");

        let hash = STANDARD.encode(Sha1::digest(body.as_bytes()));
        assert_eq!(hash, "0IkQNpumLxnyXRdaztOr54sMcnE=");
        assert_eq!(
            authorization,
            r#"OAuth realm="",oauth_version="1.0",oauth_nonce="n0nce",oauth_timestamp="1700000000",oauth_consumer_key="key%20%C3%A9",oauth_body_hash="0IkQNpumLxnyXRdaztOr54sMcnE%3D",oauth_signature_method="HMAC-SHA1",oauth_signature="gM2diW9MxKRgFzI5ZWUfJJ5avzc%3D""#
        );
    }
}
