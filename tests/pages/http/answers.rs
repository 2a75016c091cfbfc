//! What platforms answer to a grade, and what becomes of it.

use otrbot::actors::grades::Observe;

use crate::http::{
    grades::{enrolled, is_failed, is_recorded, pass, until_state, was_tried_once},
    platform::{Mood, Platform, Reading},
    support::{Launch, OLD_SECRET, ROTATING_KEY, SECRET, Tool, outbox},
};

/// Success as platforms write it, some without a namespace; for whom, the last part says.
macro_rules! success {
    ($before:expr, $code:expr, $id:expr) => {
        concat!(
            $before,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<imsx_POXEnvelopeResponse>",
            "<imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_statusInfo><imsx_codeMajor>",
            $code,
            "</imsx_codeMajor><imsx_messageRefIdentifier>",
            $id,
            "</imsx_messageRefIdentifier></imsx_statusInfo></imsx_POXResponseHeaderInfo>",
            "</imsx_POXHeader><imsx_POXBody><replaceResultResponse/></imsx_POXBody>",
            "</imsx_POXEnvelopeResponse>"
        )
        .as_bytes()
    };
}

/// With a byte of Latin 1 in it.
const LATIN: &[u8] = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\
    <imsx_POXEnvelopeResponse xmlns=\"http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0\">\
    <imsx_POXHeader><imsx_POXResponseHeaderInfo><imsx_statusInfo>\
    <imsx_codeMajor>success</imsx_codeMajor><imsx_description>Zo\xeb: \x80</imsx_description>\
    <imsx_messageRefIdentifier>{id}</imsx_messageRefIdentifier></imsx_statusInfo>\
    </imsx_POXResponseHeaderInfo></imsx_POXHeader></imsx_POXEnvelopeResponse>";

#[actix::test]
async fn a_grade_that_stands_is_sent_once_however_the_platform_says_so() {
    let notice = success!("Notice: Undefined index in /a.php on line 7\n", "success", "{id}");
    let another = success!("", "success", "another");
    let takes = |status, content_type, body| Mood::TakesAndSays(status, content_type, body);
    for (what, mood, is_asked) in [
        ("a capital", takes(200, "application/xml", success!("", "Success", "{id}")), false),
        ("Latin 1", takes(200, "application/xml", LATIN), false),
        ("a notice", takes(200, "text/html; charset=UTF-8", notice), false),
        ("204", takes(204, "", b""), true),
        ("no body", takes(200, "", b""), true),
        ("another message", takes(200, "application/xml", another), true),
        ("a page", takes(200, "text/html", b"<html>Thank you</html>"), true),
        ("JSON", takes(200, "application/json", b"{}"), true),
    ] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, [mood]);
        let id = enrolled(&tool, "zoe", &platform.url).await;

        pass(&tool, &id).await;

        until_state(&tool, &id, what, is_recorded).await;
        let expected = (1 + usize::from(is_asked), 1);
        assert_eq!((platform.attempts(), platform.grades().len()), expected, "{what}");
        platform.assert_content();
        let counts = tool.outbox.send(Observe).await.unwrap();
        assert_eq!((counts.retried, counts.failed), (0, 0), "{what}");
    }
}

#[actix::test]
async fn a_score_is_the_same_however_the_platform_writes_it() {
    for score in ["1", "1.0", "1.", "1,0", "1.00000", "0.999"] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, [Mood::TakesAndSays(204, "", b"")]);
        platform.read(Reading::Says(score));
        let id = enrolled(&tool, "zoe", &platform.url).await;

        pass(&tool, &id).await;

        until_state(&tool, &id, score, is_recorded).await;
        assert_eq!((platform.attempts(), platform.grades().len()), (2, 1), "{score}");
    }
    // It has another one: the grade is sent again.
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, [Mood::TakesAndSays(204, "", b"")]);
    platform.read(Reading::Says("0,9"));
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until_state(&tool, &id, "another score", is_recorded).await;
    assert_eq!((platform.attempts(), platform.grades().len()), (3, 2));
}

#[actix::test]
async fn a_platform_that_cannot_be_asked_is_taken_at_its_word_or_bounded() {
    // A good status is a word.
    for status in [200, 204] {
        let tool = Tool::start().await;
        let platform = Platform::start(SECRET, [Mood::TakesAndSays(status, "", b"")]);
        platform.read(Reading::Unsupported);
        let id = enrolled(&tool, "zoe", &platform.url).await;
        pass(&tool, &id).await;
        until_state(&tool, &id, "its word", is_recorded).await;
        assert_eq!((platform.attempts(), platform.grades().len()), (2, 1), "{status}");
    }

    // A page for people at both: it is not there.
    let tool = Tool::start().await;
    let page = Mood::Answers(200, &[], "<html>log in</html>");
    let platform = Platform::start(SECRET, vec![page; 6]);
    platform.read(Reading::Page);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until_state(&tool, &id, "no page any more", is_recorded).await;
    assert_eq!(platform.grades().len(), 1);

    // Riddles, for ever.
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, vec![Mood::TakesAndSays(200, "", b"OK"); 20]);
    platform.read(Reading::Unsupported);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until_state(&tool, &id, "the end", is_failed).await;
    assert_eq!(platform.grades().len(), 5);
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert!(page.html.contains("does not say whether it has recorded it"), "{}", page.html);
    let course = tool.launch(&Launch::of("tom", "Instructor")).await;
    assert!(course.html.contains("sent, not confirmed"), "{}", course.html);
    assert!(
        course.html.contains("unclear: status 200, an answer that is not XML"),
        "{}",
        course.html
    );
}

#[actix::test]
async fn whether_the_grade_is_there_is_asked_first_also_after_a_restart() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, [Mood::TakesAndSays(200, "", b"OK")]);
    platform.read(Reading::Down);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until_state(&tool, &id, "the first attempt", was_tried_once).await;

    tool.close_outbox().await;
    platform.read(Reading::Tells);
    let _second = outbox(&tool.store);

    until_state(&tool, &id, "the second outbox", is_recorded).await;
    assert_eq!((platform.grades().len(), platform.questions()), (1, 2));
}

#[actix::test]
async fn a_signature_that_is_refused_in_words_is_made_with_the_other_secret_at_once() {
    for secret in [SECRET, OLD_SECRET] {
        let tool = Tool::start().await;
        let platform = Platform::start(secret, []);
        platform.refuse_in_words();
        let launch = Launch::of("zoe", "Learner").graded(&platform.url, "cell");
        let launch = launch.set("oauth_consumer_key", ROTATING_KEY);
        let page = tool.launch(&Launch { secret, ..launch }).await;
        tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
        let id = tool.store.claims("zoe@chat.example").await.unwrap().remove(0).id;

        pass(&tool, &id).await;

        until_state(&tool, &id, "recorded", is_recorded).await;
        let attempts = 1 + usize::from(secret == OLD_SECRET);
        assert_eq!((platform.attempts(), platform.grades().len()), (attempts, 1), "{secret}");
        let counts = tool.outbox.send(Observe).await.unwrap();
        assert_eq!((counts.retried, counts.failed), (0, 0), "{secret}");
    }

    // With one secret: it is tried once more, as a refusal by its status is.
    let tool = Tool::start().await;
    let words = Mood::Answers(400, &[], "oauth_problem=timestamp_refused");
    let platform = Platform::start(SECRET, [words]);
    let id = enrolled(&tool, "zoe", &platform.url).await;
    pass(&tool, &id).await;
    until_state(&tool, &id, "recorded", is_recorded).await;
    assert_eq!((platform.attempts(), platform.grades().len()), (2, 1));
}
