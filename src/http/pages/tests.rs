//! The pages as text: forms, escaping, links.

use std::sync::Arc;

use maud::html;

use super::{layout::fill, *};
use crate::{
    actors::lti::JidProblem,
    session::{BotSecretVerdict, Progress, SecretVerdict, Whereabouts},
};

fn frame() -> Frame {
    Frame {
        catalog: Arc::new(Catalog::source()),
        token: "a-token".to_owned(),
        bot_jid: "bot@chat.example".to_owned(),
        project_name: "Totem".to_owned(),
        bot_alias: "Marvin".to_owned(),
        css_url: None,
        return_url: None,
        is_trial: false,
    }
}

fn whereabouts(progress: Progress) -> Whereabouts {
    let fingerprint = Some("01234567 89ABCDEF 01234567 89ABCDEF 01234567".to_owned());
    Whereabouts { progress, fingerprint, has_secret: true }
}

/// Every page of a launch, in every state.
fn pages(frame: &Frame) -> Vec<String> {
    let weak = SecretVerdict::TooWeak {
        warning: "<b>why</b>".to_owned(),
        advice: vec!["<b>advice</b>".to_owned()],
    };
    let mut pages = vec![
        start(frame),
        enter_jid(frame, "\"><script>", None),
        jid_entered(frame, "<zoe>@chat.example"),
        ask_for_secret(frame, None),
        ask_for_secret(frame, Some(&weak)),
        ask_for_secret(frame, Some(&SecretVerdict::Unusable)),
        enter_bot_secret(frame, None, None),
        done(frame, &GradeView::NotGraded),
        done(frame, &GradeView::Sending),
        done(frame, &GradeView::Recorded { at: 1 }),
        done(frame, &GradeView::Failed { reference: "<r>".to_owned() }),
        teacher(frame),
    ];
    for problem in [
        JidProblem::Empty,
        JidProblem::NoAt,
        JidProblem::Malformed,
        JidProblem::OwnAddress,
        JidProblem::Taken,
        JidProblem::Full,
    ] {
        pages.push(enter_jid(frame, "<typed>", Some(problem)));
    }
    for progress in [
        Progress::Invited,
        Progress::Talking,
        Progress::Encrypted,
        Progress::Verified,
        Progress::Done,
    ] {
        let verdicts = [None, Some(BotSecretVerdict::Wrong), Some(BotSecretVerdict::NotGivenYet)];
        for verdict in verdicts {
            pages.push(enter_bot_secret(frame, Some(&whereabouts(progress)), verdict));
        }
    }
    pages.into_iter().map(maud::PreEscaped::into_string).collect()
}

#[test]
fn every_form_is_posted_and_brings_the_token() {
    for page in pages(&frame()) {
        let forms = page.matches("<form ").count();
        assert_eq!(page.matches("method=\"post\"").count(), forms, "{page}");
        let token = "<input type=\"hidden\" name=\"token\" value=\"a-token\">";
        assert_eq!(page.matches(token).count(), forms, "{page}");
    }
}

#[test]
fn nothing_that_comes_from_outside_becomes_markup() {
    let odd = Frame {
        token: "\"><script>".to_owned(),
        bot_jid: "<bot>@chat.example".to_owned(),
        project_name: "<script>".to_owned(),
        bot_alias: "<script>{jid}".to_owned(),
        css_url: Some("https://lms.example/\"><script>".to_owned()),
        return_url: Some("https://lms.example/\"><script>".to_owned()),
        is_trial: true,
        ..frame()
    };
    for page in pages(&odd) {
        let ours = "<script src=\"/static/otrbot.js\" defer></script>";
        assert_eq!(page.matches("<script").count(), 1, "{page}");
        assert!(page.contains(ours), "{page}");
        for markup in ["<b>", "<typed>", "<zoe>", "<bot>", "<r>"] {
            assert!(!page.contains(markup), "{markup} in {page}");
        }
    }
}

#[test]
fn only_web_addresses_lead_back_to_the_course() {
    let leads_back = |url: &str| {
        let frame = Frame { return_url: Some(url.to_owned()), ..frame() };
        start(&frame).into_string().contains("<footer>")
    };

    assert!(leads_back("https://lms.example/courses/1?a=b"));
    assert!(leads_back("http://lms.example/"));
    for odd in ["javascript:alert(1)", "data:text/html,x", "/relative", "//lms.example", ""] {
        assert!(!leads_back(odd), "{odd}");
    }
}

#[test]
fn the_trial_is_told_on_every_page_and_only_then() {
    let trial = Frame { is_trial: true, ..frame() };

    assert!(pages(&trial).iter().all(|page| page.contains("class=\"banner\"")));
    assert!(!pages(&frame()).iter().any(|page| page.contains("class=\"banner\"")));
}

#[test]
fn a_chat_is_opened_by_an_address_that_holds_together() {
    let odd = Frame { bot_jid: "a%b?c#d/e@chat.example".to_owned(), ..frame() };
    let page = jid_entered(&odd, "zoe@chat.example").into_string();

    assert!(page.contains("href=\"xmpp:a%25b%3Fc%23d%2Fe@chat.example?message\""), "{page}");
}

#[test]
fn placeholders_become_markup_wherever_a_translation_puts_them() {
    let (a, b) = (html! { i { "1" } }, html! { i { "<2>" } });
    let check = |text: &str, expected: &str| {
        assert_eq!(fill(text, &[("{a}", &a), ("{b}", &b)]).into_string(), expected);
    };

    check("x {a} y {b} z", "x <i>1</i> y <i>&lt;2&gt;</i> z");
    check("{b}{a}", "<i>&lt;2&gt;</i><i>1</i>");
    check("{a} & {a}", "<i>1</i> &amp; <i>1</i>");
    check("lost", "lost");
    check("", "");
}
