use super::{retry_after::http_date, *};
use crate::grade::NAMESPACE;

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

fn sort_bytes(status: u16, content_type: Option<&str>, body: &[u8]) -> Outcome {
    classify(&Answer { status, content_type, retry_after: None, body }, "mine", NOW)
}

fn sort(status: u16, body: &str) -> Outcome {
    sort_bytes(status, None, body.as_bytes())
}

fn failure(words: &str) -> String {
    envelope(&format!(
        "<imsx_codeMajor>failure</imsx_codeMajor><imsx_severity>error</imsx_severity>\
         <imsx_description>{words}</imsx_description>"
    ))
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

fn is_refused(status: u16, body: &str) -> bool {
    matches!(sort(status, body), Outcome::Refused { .. })
}

fn looks(status: u16, body: &str) -> Option<Looks> {
    let Outcome::Unclear { looks, why, .. } = sort(status, body) else { return None };
    assert!(is_unclear(&why.kind), "{why}");
    Some(looks)
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
        assert!(looks(200, whole.get(..length).unwrap()).is_some(), "cut at {length}");
    }
    for (what, body) in [
        ("another namespace", whole.replace(NAMESPACE, "urn:other")),
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
        ("another one before it", format!("{}{whole}", whole.replace(">mine<", ">theirs<"))),
        (
            "no namespace, and no number",
            whole.replace(&format!("xmlns=\"{NAMESPACE}\""), "").replace(">mine<", "><"),
        ),
        (
            "a notice before it, and no number",
            format!("Notice: x\n{}", whole.replace(">mine<", "><")),
        ),
        ("a root in a comment", format!("<!-- {} -->", whole.replace("-->", ""))),
        ("a document type", whole.replace("?>", "?><!DOCTYPE x [<!ENTITY a \"success\">]>")),
        ("an entity", envelope("<imsx_codeMajor>&success;</imsx_codeMajor>")),
        ("a page", "<html><body>imsx_codeMajor success</body></html>".to_owned()),
        ("JSON", "{\"success\": true}".to_owned()),
        ("nothing", String::new()),
    ] {
        assert!(looks(200, &body).is_some(), "{what}: {:?}", sort(200, &body));
    }
    assert_eq!(looks(422, &whole), Some(Looks::Open));
    assert_eq!(looks(400, &whole), Some(Looks::Open));
    assert!(!is_transient(404, &whole));
    assert!(is_transient(503, &whole));
}

#[test]
fn success_is_recorded_in_whatever_way_it_is_written() {
    let whole = success();
    let bytes = |text: &str, end: &[u8]| [text.as_bytes(), end].concat();
    let wide = |text: &str, order: fn(u16) -> [u8; 2]| -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    };
    let named =
        whole.replace("<imsx_description/>", "<imsx_description>Zo\u{eb}</imsx_description>");
    let latin = |encoding: &str| -> Vec<u8> {
        let text = named.replace("UTF-8", encoding);
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    };
    let notice =
        "<br />\n<b>Notice</b>:  Undefined index: x in <b>/srv/a.php</b> on line <b>7</b><br />\n";
    let plain = whole.replace(&format!(" xmlns=\"{NAMESPACE}\""), "");
    for (what, content_type, body) in [
        ("a capital", None, whole.replace(">success<", ">Success<").into_bytes()),
        ("capitals", None, whole.replace(">success<", "> SUCCESS\n<").into_bytes()),
        ("another case", None, whole.replace(">replaceResult<", ">ReplaceResult<").into_bytes()),
        ("no namespace", None, plain.clone().into_bytes()),
        (
            "an undeclared prefix",
            None,
            plain
                .replace("</", "</p:")
                .replace("<imsx", "<p:imsx")
                .replace("<replace", "<p:replace")
                .into_bytes(),
        ),
        ("ISO-8859-1", None, latin("ISO-8859-1")),
        ("windows-1252", None, latin("windows-1252")),
        ("ISO-8859-15", None, latin("iso-8859-15")),
        ("Latin 1 that says it is UTF-8", None, latin("UTF-8")),
        ("Latin 1 by its type", Some("text/xml; charset=ISO-8859-1"), latin("UTF-8")),
        ("UTF-8 by its type", Some("application/xml;charset=\"utf-8\""), latin("ISO-8859-1")),
        ("an unknown encoding", None, latin("x-unknown")),
        ("UTF-16", None, bytes("", &[&[0xff, 0xfe][..], &wide(&named, u16::to_le_bytes)].concat())),
        (
            "UTF-16, big end",
            None,
            bytes("", &[&[0xfe, 0xff][..], &wide(&named, u16::to_be_bytes)].concat()),
        ),
        ("UTF-16 without a mark", None, wide(&named, u16::to_le_bytes)),
        ("UTF-16 that is none", None, whole.replace("UTF-8", "utf-16").into_bytes()),
        ("a notice before it", Some("text/html; charset=UTF-8"), bytes(notice, whole.as_bytes())),
        ("a warning before it", None, bytes("\nWarning: x in y on line 7\n", whole.as_bytes())),
        ("a warning behind it", None, bytes(&whole, notice.as_bytes())),
        (
            "a notice, and no declaration",
            None,
            bytes(notice, whole.split_once("?>").unwrap().1.as_bytes()),
        ),
        (
            "a page before it",
            Some("text/html"),
            bytes("<!DOCTYPE html><html><body>", whole.as_bytes()),
        ),
        ("HTML by its type", Some("text/html"), whole.clone().into_bytes()),
        ("white space", None, bytes("\r\n \u{feff}", whole.as_bytes())),
    ] {
        assert_eq!(sort_bytes(200, content_type, &body), Outcome::Recorded, "{what}");
    }
}

#[test]
fn an_answer_that_leaves_it_open_is_unclear() {
    for (status, body, expected) in [
        (204, "", Looks::Good),
        (200, "", Looks::Good),
        (202, " \r\n", Looks::Good),
        (200, "<!DOCTYPE html><html><body>Log in</body></html>", Looks::Page),
        (200, "\n<HTML lang=en><title>OAuth: signature invalid?</title></HTML>", Looks::Page),
        (200, "OK", Looks::Open),
        (200, "{\"success\": true}", Looks::Open),
        (200, "<imsx_codeMajor>success</imsx_codeMajor>", Looks::Open),
        (200, &success().replace(">mine<", ">another<"), Looks::Open),
        (200, &envelope("<imsx_codeMajor>Processing</imsx_codeMajor>"), Looks::Open),
        (401, r#"{"errors":[{"message":"Duplicate nonce detected"}]}"#, Looks::Open),
    ] {
        assert_eq!(looks(status, body), Some(expected), "{status} {body}");
    }
    let page = sort_bytes(200, Some("text/html"), b"<div>Please log in</div>");
    assert!(matches!(page, Outcome::Unclear { looks: Looks::Page, .. }), "{page:?}");
}

#[test]
fn a_refused_signature_is_one_however_it_is_told() {
    let edx = failure("OAuth verification error: OAuth signature verification has failed.");
    for (status, body) in [
        (200, edx.as_str()),
        (400, &edx),
        (403, &edx),
        (200, &edx.replace(&format!(" xmlns=\"{NAMESPACE}\""), "")),
        (200, &failure("Message signature not valid")),
        (401, ""),
        (401, "{\"errors\":[{\"message\":\"Invalid authorization header\"}]}"),
        (401, &success()),
        (400, "oauth_problem=signature_invalid"),
        (403, "{\"message\":\"Bad signature\"}"),
        (200, "{\"status\":\"error\",\"error\":\"invalid_signature\"}"),
        (422, "Unknown consumer key"),
    ] {
        assert!(is_refused(status, body), "{status} {body}: {:?}", sort(status, body));
    }
    let Outcome::Refused { why } = sort(200, &edx) else { panic!() };
    assert_eq!(why.said, "OAuth verification error: OAuth signature verification has failed.");
    assert!(is_refusal(&why.for_teacher("cell")), "{why}");

    // What is wrong behind the signature has a code in Canvas.
    let canvas = envelope(
        "<imsx_codeMajor>failure</imsx_codeMajor>\
         <imsx_description>Invalid sourcedid: signature [EID_7]</imsx_description>\
         <imsx_codeMinor><imsx_codeMinorField><ext_canvas_error_code>signature_invalid\
         </ext_canvas_error_code></imsx_codeMinorField></imsx_codeMinor>",
    );
    assert!(is_permanent(422, &canvas));
    assert!(is_permanent(200, &failure("The signature page of Zoe is not there")));
    assert!(is_permanent(403, "{}") && is_busy(403, "403 Forbidden (Rate Limit Exceeded)"));
}

#[test]
fn an_error_that_only_has_such_words_is_no_refused_signature() {
    let edx = failure("OAuth verification error: OAuth signature verification has failed.");
    for (status, body) in [
        (
            500,
            "<!DOCTYPE html><h1>Server Error</h1><a href=\"/login/oauth2/authorize\">Sign in</a>",
        ),
        (500, "<html><body>Error: the OAuth signature is invalid</body></html>"),
        (
            500,
            "Traceback: File \"/venv/oauthlib/oauth1/rfc5849/request_validator.py\", line 3\n\
             OperationalError: database is down",
        ),
        (500, &failure("OAuth error: database is locked")),
        (500, &edx),
        (505, "{\"error\":\"invalid_signature\"}"),
    ] {
        let outcome = sort(status, body);
        assert!(matches!(outcome, Outcome::Transient { .. }), "{status} {body}: {outcome:?}");
    }
    // Then another secret may still do.
    let Outcome::Transient { why, .. } = sort(500, &edx) else { panic!() };
    assert!(why.is_of_signature() && !is_refusal(&why.kind), "{why}");

    for (status, body) in [
        (
            403,
            "<!DOCTYPE html><title>Forbidden</title><script src=\"/oauth-client.js\"></script>\
             <p>Access denied",
        ),
        (404, "<html>Not found. <a>Log in with OAuth</a> if this is an error</html>"),
        (403, "<html><body>403: invalid OAuth signature</body></html>"),
        (200, &*failure("The score for the assignment 'OAuth and error handling' is out of range")),
        (422, &failure("Digital Signature assignment is closed: submission denied")),
        (200, &failure("user oauth-test@x is unknown")),
        (403, &failure("user oauth-test@x is unknown")),
    ] {
        assert!(is_permanent(status, body), "{status} {body}: {:?}", sort(status, body));
    }
}

#[test]
fn answers_that_leave_it_open_are_counted_in_the_words_that_are_kept() {
    let first = Why::from("status 204").unclear();
    assert_eq!(first.kind, "unclear: status 204");
    let third = first.unclear_after(3);
    assert_eq!(third.kind, "unclear (3): status 204");
    assert_eq!(third.clone().unclear(), third);
    for (words, n) in [
        ("unclear: x", Some(0)),
        ("unclear (1): x", Some(1)),
        ("unclear (12): unclear (3): x", Some(12)),
        ("unclear (x): x", None),
        ("unclear (-1): x", None),
        ("unclearly: x", None),
        ("status 204; unclear: x", None),
    ] {
        assert_eq!((is_unclear(words), n_unclear(words)), (n.is_some(), n.unwrap_or(0)), "{words}");
    }
    assert!(is_to_be_asked(&third.kind) && !is_to_be_asked("status 204"));
    for asked in [
        third.clone().asked_in_vain(),
        third.clone().asked_and_none().unclear(),
        third.clone().asked_and_another().unclear(),
    ] {
        assert!(!is_to_be_asked(&asked.kind) && is_unclear(&asked.kind), "{asked}");
    }
    assert!(had_none(&third.asked_and_none().unclear().kind));
}

#[test]
fn what_xml_has_around_the_root_leaves_the_answer_whole() {
    let plain = success().replace(">mine<", "><");
    let root = plain.split_once("?>").unwrap().1;
    for body in [
        format!("{plain}\n<!-- cached in 0.1 s -->\n"),
        format!("<!-- a --> <?b c?>\n{root}"),
        format!("<!-- a -->{plain}<?end?> "),
    ] {
        assert_eq!(sort(200, &body), Outcome::Recorded, "{body}");
    }
    for (body, words) in [
        (format!("Notice: x\n{plain}"), "unclear: an answer that does not say to which message"),
        (format!("{plain}<!-- "), "unclear: an answer that does not say to which message"),
        (success().replace(">mine<", ">theirs<"), "unclear: an answer to another message"),
    ] {
        let Outcome::Unclear { why, .. } = sort(200, &body) else { panic!("{body}") };
        assert_eq!(why.kind, words);
    }
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
fn the_platform_says_when_to_come_again() {
    let after = |value| {
        let answer = Answer { status: 503, retry_after: Some(value), ..Answer::default() };
        match classify(&answer, "mine", NOW) {
            Outcome::Busy { retry_after, .. } => retry_after.map(|wait| wait.as_secs()),
            other @ (Outcome::Recorded
            | Outcome::Refused { .. }
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
    fn no_answer_makes_it_panic(
        status: u16,
        after in "\\PC*",
        content_type in proptest::option::of("[a-z/;=\"-]{0,40}"),
        body: Vec<u8>,
    ) {
        let content_type = content_type.as_deref();
        let answer = Answer { status, content_type, retry_after: Some(&after), body: &body };
        proptest::prop_assert_ne!(classify(&answer, "mine", NOW), Outcome::Recorded);
        proptest::prop_assert!(!matches!(read(&answer, "mine", NOW), Read::Score(_)));
    }

    #[test]
    fn nor_does_one_with_pieces_of_an_envelope(
        status in 200_u16..206,
        pieces in proptest::collection::vec(proptest::prop_oneof![
            proptest::prelude::Just(success()),
            proptest::prelude::Just(failure("OAuth signature")),
            proptest::prelude::any::<String>(),
            "(<[a-z:]{0,3}imsx_POXEnvelopeResponse |</?p:x>|&[a-z];|<!--|-->|]]>)",
        ], 0..4),
        cut: proptest::sample::Index,
    ) {
        let body = pieces.concat();
        let mut end = cut.index(body.len() + 1);
        while !body.is_char_boundary(end) { end -= 1; }
        let cut = body.get(..end).unwrap();
        let is_whole = cut.contains(">mine<") && cut.contains("</imsx_POXEnvelopeResponse>");
        proptest::prop_assert!(sort(status, cut) != Outcome::Recorded || is_whole);
    }
}

#[test]
fn the_score_of_the_platform_is_read_from_its_place_only() {
    let reply = |status, body: &str| {
        read(&Answer { status, body: body.as_bytes(), ..Answer::default() }, "mine", NOW)
    };
    let result = |text: &str| {
        success().replace(">replaceResult<", ">readResult<").replace(
            "<replaceResultResponse/>",
            &format!(
                "<readResultResponse><result><resultScore><language>en</language>\
                 <textString>{text}</textString></resultScore></result></readResultResponse>"
            ),
        )
    };

    for (text, score) in [
        ("0.92", 0.92),
        ("0.9", 0.9),
        ("0.90", 0.9),
        (".9", 0.9),
        ("0,9", 0.9),
        ("1", 1.0),
        ("1.0", 1.0),
        ("1.", 1.0),
        (" 1.00000\n", 1.0),
        ("0", 0.0),
    ] {
        assert_eq!(reply(200, &result(text)), Read::Score(score), "{text}");
    }
    for text in ["90", "1.1", "-0.5", "0.9 %", "1e0", "NaN", "inf", "A", "1,0.0", "."] {
        assert_eq!(reply(200, &result(text)), Read::Unclear, "{text}");
    }
    assert_eq!(reply(200, &result("")), Read::Nothing);
    let empty = result("").replace("<textString></textString>", "<textString/>");
    assert_eq!(reply(200, &empty), Read::Nothing);
    let no_result = success().replace(">replaceResult<", ">readResult<");
    assert_eq!(reply(200, &no_result), Read::Nothing);

    assert_eq!(reply(200, &success()), Read::Unclear);
    assert_eq!(reply(200, &result("1.0").replace(">mine<", ">another<")), Read::Unclear);
    assert_eq!(reply(200, &failure("no such result")), Read::Unclear);
    assert_eq!(reply(200, "<textString>1.0</textString>"), Read::Unclear);
    assert_eq!(reply(200, "<html>1.0</html>"), Read::Page);
    assert_eq!(reply(200, &failure("OAuth signature verification failed")), Read::Refused);
    assert_eq!(reply(401, ""), Read::Refused);
    let unsupported = envelope("<imsx_codeMajor>unsupported</imsx_codeMajor>");
    for (status, body) in
        [(200, unsupported.as_str()), (204, ""), (200, ""), (404, "{}"), (501, "")]
    {
        assert_eq!(reply(status, body), Read::Unknown, "{status}");
    }
    assert_eq!(reply(503, ""), Read::NotNow { retry_after: None });
    for status in [408, 425, 500, 505] {
        assert_eq!(reply(status, ""), Read::Failed, "{status}");
    }
    assert_eq!(reply(403, "Rate Limit Exceeded"), Read::NotNow { retry_after: None });
}
