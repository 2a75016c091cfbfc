//! The stage itself: a referee that lets everything pass proves nothing.

use support::oauth::{self, Consumer, Pairs};
use support::outcomes::Outcomes;
use support::profanity::Profanity;
use support::stage::{self, ADA, GRACE, PASSWORD};
use support::web;

fn grade_xml(sourcedid: &str, score: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<imsx_POXEnvelopeRequest xmlns="http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0">
<imsx_POXHeader><imsx_POXRequestHeaderInfo><imsx_version>V1.0</imsx_version>
<imsx_messageIdentifier>m1</imsx_messageIdentifier></imsx_POXRequestHeaderInfo></imsx_POXHeader>
<imsx_POXBody><replaceResultRequest><resultRecord>
<sourcedGUID><sourcedId>{sourcedid}</sourcedId></sourcedGUID>
<result><resultScore><language>en</language><textString>{score}</textString></resultScore></result>
</resultRecord></replaceResultRequest></imsx_POXBody></imsx_POXEnvelopeRequest>"#
    )
}

/// A signed `Authorization` header for a body.
fn authorization(url: &str, body: &str, consumer: &Consumer, nonce: &str) -> String {
    let mut params: Pairs = [
        ("oauth_version", "1.0".to_owned()),
        ("oauth_nonce", nonce.to_owned()),
        ("oauth_timestamp", oauth::now().to_string()),
        ("oauth_consumer_key", consumer.key.clone()),
        ("oauth_body_hash", oauth::body_hash(body.as_bytes())),
        ("oauth_signature_method", "HMAC-SHA1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    let signature = oauth::signature("POST", url, &params, &consumer.secret);
    params.push(("oauth_signature".to_owned(), signature));
    let items: Vec<String> =
        params.iter().map(|(name, value)| format!("{name}=\"{}\"", oauth::encode(value))).collect();
    format!("OAuth realm=\"\",{}", items.join(","))
}

#[test]
fn the_outcome_service_takes_what_is_signed_and_nothing_else() {
    let consumer = Consumer::stage();
    let other = Consumer { secret: "another".to_owned(), ..consumer.clone() };
    let outcomes = Outcomes::start(&consumer);
    let url = outcomes.url();
    let xml = "application/xml";
    let good = grade_xml("ada &amp; co", "1.0");
    let header = |body: &str, nonce: &str| authorization(&url, body, &consumer, nonce);
    let post = |authorization: &str, kind: &str, body: &str| {
        web::post(&url, &[("authorization", authorization), ("content-type", kind)], body)
    };

    outcomes.fail_next(1);
    assert_eq!(post(&header(&good, "n0"), xml, &good).status, 503);
    let taken = post(&header(&good, "n1"), xml, &good);
    assert_eq!(taken.status, 200, "{}", taken.html);
    assert!(taken.html.contains("<imsx_codeMajor>success</imsx_codeMajor>"));
    assert!(taken.html.contains("<imsx_messageRefIdentifier>m1</imsx_messageRefIdentifier>"));
    for (status, header, kind, body) in [
        (401, header(&good, "n1"), xml, good.clone()),
        (401, header(&good, "n2"), xml, good.replace("1.0</text", "0.9</text")),
        (401, authorization(&url, &good, &other, "n3"), xml, good.clone()),
        (401, authorization("http://elsewhere/", &good, &consumer, "n4"), xml, good.clone()),
        (401, String::new(), xml, good.clone()),
        (415, header(&good, "n5"), "application/xml; charset=utf-8", good.clone()),
        (422, header("<a/>", "n6"), xml, "<a/>".to_owned()),
        (422, header(&grade_xml("x", "1.5"), "n7"), xml, grade_xml("x", "1.5")),
        (422, header(&grade_xml("x", "1e-1"), "n8"), xml, grade_xml("x", "1e-1")),
    ] {
        assert_eq!(post(&header, kind, &body).status, status, "{header} {body}");
    }

    let grades = outcomes.grades();
    assert_eq!(grades.len(), 1);
    assert_eq!(grades[0].sourcedid, "ada & co");
    assert_eq!((outcomes.refusals().len(), outcomes.turned_away()), (9, 1));
}

#[test]
fn two_profanities_talk_off_the_record() {
    let prosody = stage::server();
    let ada = Profanity::start(ADA, PASSWORD, prosody.port());
    let grace = Profanity::start(GRACE, PASSWORD, prosody.port());
    grace.command(&format!("/sub request {ADA}"));
    ada.befriend(GRACE);
    grace.open_chat(ADA);
    grace.command("/sub allow");
    ada.command("hello; and a line that ends in ;");
    grace.wait_for("hello; and a line that ends in ;");

    ada.command(&format!("/otr start {GRACE}"));
    ada.wait_for("OTR session started");
    grace.wait_for("OTR session started");
    ada.command("/otr secret one");
    grace.wait_for("wants to authenticate your identity");
    grace.command("/otr secret two");
    ada.wait_for("Authentication failed");
    ada.command("/otr secret three");
    grace.wait_for("wants to authenticate your identity");
    grace.command("/otr secret three");
    ada.wait_for("Authentication successful");
    ada.command("/otr end");
    grace.wait_for("OTR session ended");

    let said = ada.transcript();
    assert!(said.iter().any(|line| line.contains("me: hello; and")), "{said:?}");
    assert!(said.iter().any(|line| line.contains("! OTR session started")), "{said:?}");
}
