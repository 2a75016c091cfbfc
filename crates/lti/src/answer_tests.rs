use super::*;

const NOW: i64 = 784_111_777; // Sun, 06 Nov 1994 08:49:37 GMT

fn envelope(status_info: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<imsx_POXEnvelopeResponse \
         xmlns=\"{NAMESPACE}\"><imsx_POXHeader><imsx_POXResponseHeaderInfo>\
         <imsx_version>V1.0</imsx_version><imsx_messageIdentifier>x</imsx_messageIdentifier>\
         <imsx_statusInfo>{status_info}</imsx_statusInfo></imsx_POXResponseHeaderInfo>\
         </imsx_POXHeader><imsx_POXBody><replaceResultResponse/></imsx_POXBody>\
         </imsx_POXEnvelopeResponse>"
    )
}

fn success() -> String {
    envelope(
        "<imsx_codeMajor>success</imsx_codeMajor><imsx_severity>status</imsx_severity>\
         <imsx_description/><imsx_messageRefIdentifier>mine</imsx_messageRefIdentifier>\
         <imsx_operationRefIdentifier>replaceResult</imsx_operationRefIdentifier>",
    )
}

fn sort(status: u16, body: &str) -> Outcome {
    classify(&Answer { status, retry_after: None, body: body.as_bytes() }, "mine", false, NOW)
}

fn is_transient(status: u16, body: &str) -> bool {
    matches!(sort(status, body), Outcome::Transient { .. } | Outcome::Busy { .. })
}

fn is_busy(status: u16, body: &str) -> bool {
    matches!(sort(status, body), Outcome::Busy { .. })
}

fn is_permanent(status: u16, body: &str) -> bool {
    matches!(sort(status, body), Outcome::Permanent { .. })
}

#[test]
fn success_is_recorded_whatever_the_prefix() {
    assert_eq!(sort(200, &success()), Outcome::Recorded);
    assert_eq!(sort(201, &success()), Outcome::Recorded);

    let prefixed = success()
        .replace("</", "</p:")
        .replace("<imsx", "<p:imsx")
        .replace("<replace", "<p:replace")
        .replace("xmlns=", "xmlns:p=");
    assert_eq!(sort(200, &prefixed), Outcome::Recorded);

    let older = success().replace(NAMESPACE, "http://www.imsglobal.org/lis/oms1p0/pox");
    assert_eq!(sort(200, &older), Outcome::Recorded);

    let with_mark = format!("\u{feff}{}", success());
    assert_eq!(sort(200, &with_mark), Outcome::Recorded);

    let without_references = envelope("<imsx_codeMajor> success </imsx_codeMajor>");
    assert_eq!(sort(200, &without_references), Outcome::Recorded);
}

#[test]
fn what_only_looks_like_success_is_not() {
    let whole = success();
    for length in 0..whole.trim_end().len() {
        assert!(is_transient(200, whole.get(..length).unwrap()), "cut at {length}");
    }
    for (what, body) in [
        ("another namespace", whole.replace(NAMESPACE, "urn:other")),
        ("no namespace", whole.replace(&format!("xmlns=\"{NAMESPACE}\""), "")),
        ("another message", whole.replace(">mine<", ">theirs<")),
        ("another operation", whole.replace(">replaceResult<", ">readResult<")),
        (
            "the code in the body",
            envelope("").replace(
                "<replaceResultResponse/>",
                "<imsx_statusInfo><imsx_codeMajor>success</imsx_codeMajor></imsx_statusInfo>",
            ),
        ),
        (
            "the code in a text",
            envelope(
                "<imsx_description><![CDATA[<imsx_codeMajor>success</imsx_codeMajor>]]>\
             </imsx_description>",
            ),
        ),
        ("the code in a comment", envelope("<!--<imsx_codeMajor>success</imsx_codeMajor>-->")),
        (
            "somebody else's code",
            envelope("<x:imsx_codeMajor xmlns:x=\"urn:x\">success</x:imsx_codeMajor>"),
        ),
        ("an unknown code", envelope("<imsx_codeMajor>succeeded</imsx_codeMajor>")),
        ("a second root", format!("{whole}{whole}")),
        ("a document type", whole.replace("?>", "?><!DOCTYPE x [<!ENTITY a \"success\">]>")),
        ("an entity", envelope("<imsx_codeMajor>&success;</imsx_codeMajor>")),
        ("a page", "<html><body>imsx_codeMajor success</body></html>".to_owned()),
        ("JSON", "{\"success\": true}".to_owned()),
        ("nothing", String::new()),
    ] {
        assert!(is_transient(200, &body), "{what}: {:?}", sort(200, &body));
    }
    assert!(is_transient(422, &whole));
    assert!(!is_transient(404, &whole));
    assert!(is_transient(503, &whole));
}

#[test]
fn failure_and_unsupported_are_permanent_and_say_why() {
    let failure = envelope(
        "<imsx_codeMajor>failure</imsx_codeMajor>\
         <imsx_description>User is no longer in course &amp; gone &#33; [EID_7]</imsx_description>\
         <imsx_messageRefIdentifier>other</imsx_messageRefIdentifier>\
         <imsx_codeMinor><imsx_codeMinorField><ext_canvas_error_code>user_not_in_course\
         </ext_canvas_error_code></imsx_codeMinorField></imsx_codeMinor>",
    );
    let why = Why {
        kind: "failure: user_not_in_course".to_owned(),
        said: "User is no longer in course & gone ! [EID_7]".to_owned(),
    };
    assert_eq!(sort(422, &failure), Outcome::Permanent { why: why.clone() });
    assert_eq!(sort(200, &failure), Outcome::Permanent { why });

    assert!(is_permanent(422, &envelope("<imsx_codeMajor>unsupported</imsx_codeMajor>")));
    assert!(is_permanent(422, "no XML"));
}

#[test]
fn the_platforms_words_are_for_the_teacher_alone() {
    let failure = envelope(
        "<imsx_codeMajor>failure</imsx_codeMajor>\
         <imsx_description>Zoe Person has no cell-7-of-zoe&#10;!</imsx_description>\
         <imsx_codeMinor><imsx_codeMinorField><ext_canvas_error_code>Zoe Person\
         </ext_canvas_error_code></imsx_codeMinorField></imsx_codeMinor>",
    );
    let Outcome::Permanent { why } = sort(422, &failure) else { panic!() };

    assert_eq!(why.to_string(), "failure");
    assert_eq!(why.for_teacher("cell-7-of-zoe"), "failure: Zoe Person has no …!");
    let long = Why { kind: "failure".to_owned(), said: "é".repeat(1_000) };
    assert_eq!(long.for_teacher("cell").chars().count(), LONGEST_WHY);
}

#[test]
fn statuses_are_sorted_into_those_that_pass_and_those_that_stay() {
    for status in [408, 425, 429, 500, 502, 503, 504, 599] {
        assert!(is_transient(status, ""), "{status}");
    }
    for status in [301, 302, 307] {
        assert!(is_transient(status, "") && !is_busy(status, ""), "{status}");
    }
    for status in [429, 502, 503, 504] {
        assert!(is_busy(status, ""), "{status}");
    }
    for status in [400, 403, 404, 405, 410, 413, 415] {
        assert!(is_permanent(status, ""), "{status}");
    }
    assert!(is_busy(403, "403 Forbidden (Rate Limit Exceeded)\n"));
}

#[test]
fn a_refused_signature_is_tried_once_more() {
    let answer = Answer { status: 401, retry_after: None, body: b"" };
    assert!(matches!(classify(&answer, "mine", false, NOW), Outcome::Transient { .. }));
    assert!(matches!(classify(&answer, "mine", true, NOW), Outcome::Permanent { .. }));
    let Outcome::Transient { why, .. } = classify(&answer, "mine", false, NOW) else { panic!() };
    assert!(is_refusal(&why.kind) && !is_refusal("status 503"), "{why}");
}

#[test]
fn the_platform_says_when_to_come_again() {
    let after = |value| {
        let answer = Answer { status: 503, retry_after: Some(value), body: b"" };
        match classify(&answer, "mine", false, NOW) {
            Outcome::Busy { retry_after, .. } => retry_after.map(|wait| wait.as_secs()),
            other @ (Outcome::Recorded
            | Outcome::Permanent { .. }
            | Outcome::Transient { .. }
            | Outcome::Unclear { .. }) => panic!("{other:?}"),
        }
    };

    assert_eq!(after("120"), Some(120));
    assert_eq!(after(" 0 "), Some(0));
    assert_eq!(after("99999999999999999999999"), Some(86_400));
    assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
    assert_eq!(after("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
    assert_eq!(after("Fri, 31 Dec 9999 23:59:59 GMT"), Some(86_400));
    for odd in ["", "-1", "soon", "Sun, 06 Xxx 1994 08:49:37 GMT", "Sun, 06 Nov 1994 99:49:37 GMT"]
    {
        assert_eq!(after(odd), None, "{odd}");
    }
}

#[test]
fn dates_are_counted_right() {
    for (text, seconds) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777),
        ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
        ("Tuesday, 29-Feb-00 12:00:00 GMT", 951_825_600),
        ("Sat, 01 Mar 2025 00:00:00 GMT", 1_740_787_200),
    ] {
        assert_eq!(http_date(text), Some(seconds), "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_answer_makes_it_panic(status: u16, after in "\\PC*", body: Vec<u8>) {
        let answer = Answer { status, retry_after: Some(&after), body: &body };
        proptest::prop_assert_ne!(classify(&answer, "mine", false, NOW), Outcome::Recorded);
    }
}

#[test]
fn a_platform_that_may_have_the_grade_is_asked() {
    let processing = envelope("<imsx_codeMajor>processing</imsx_codeMajor>");
    assert!(matches!(sort(200, &processing), Outcome::Unclear { .. }));
    let seen = r#"{"errors":[{"message":"Duplicate nonce detected"}]}"#;
    assert!(matches!(sort(401, seen), Outcome::Unclear { .. }));
}

#[test]
fn the_score_of_the_platform_is_read_from_its_place_only() {
    let score = |body: &str| {
        score_of(&Answer { status: 200, retry_after: None, body: body.as_bytes() }, "mine")
    };
    let result = |text: &str| {
        success().replace(
            "<replaceResultResponse/>",
            &format!(
                "<readResultResponse><result><resultScore><language>en</language>\
                 <textString>{text}</textString></resultScore></result></readResultResponse>"
            ),
        )
    };

    assert_eq!(score(&result("0.92")), Some(0.92));
    assert_eq!(score(&result("")), None);
    assert_eq!(score(&success()), None);
    assert_eq!(score(&result("1.0").replace(">mine<", ">another<")), None);
    assert_eq!(score(&result("1.0").replace("success", "failure")), None);
    assert_eq!(score("<textString>1.0</textString>"), None);
}
