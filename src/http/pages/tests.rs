//! The pages as text: forms, escaping, links.

mod help;

use std::sync::Arc;

use lti::token::PageToken;
use maud::html;

use super::{layout::fill, *};

use crate::{
    actors::lti::{FramedBy, JidProblem, View, course::CourseView},
    drawing::previews::{Preview, Taught},
    records::{CourseRow, Enrolment, EnrolmentId, Funnel, GradeState, Progress, Wanted},
    session::{BotSecretStanding, BotSecretVerdict, SecretVerdict, Whereabouts},
};

fn frame() -> Frame {
    Frame {
        house: House {
            catalog: Arc::new(Catalog::source()),
            project_name: "Totem".to_owned(),
            css_url: None,
            return_url: None,
            is_trial: false,
            contact: Some("<help>@school.example".to_owned()),
        },
        token: "a-token".to_owned(),
        bot_jid: "bot@chat.example".to_owned(),
        bot_alias: "Marvin".to_owned(),
        keeps_key: false,
        clock: Clock { now: 1_795_476_605, zone: None },
        theme: None,
        whose: Whose::default(),
        is_framed: true,
        is_alone: false,
        languages: vec![
            Language { tag: "ar".to_owned(), name: "العربية".to_owned(), direction: "rtl" },
            Language { tag: "en-GB".to_owned(), name: "English".to_owned(), direction: "ltr" },
        ],
    }
}

fn whereabouts(progress: Progress) -> Whereabouts {
    let fingerprint = Some("01234567 89ABCDEF 01234567 89ABCDEF 01234567".to_owned());
    Whereabouts {
        progress,
        fingerprint,
        has_secret: true,
        bot_secret: BotSecretStanding::Given,
        unreachable: None,
        is_elsewhere: false,
    }
}

fn status_of(whereabouts: Option<&Whereabouts>) -> Status<'_> {
    let jid = "<zoe>@chat.example";
    Status {
        jid,
        whereabouts,
        reached: Progress::Invited,
        is_unreachable: false,
        is_done: false,
        grade: GradeView::NotGraded,
    }
}

fn passed(grade: GradeView) -> Status<'static> {
    Status { is_done: true, grade, ..status_of(None) }
}

fn grades() -> [GradeView; 4] {
    [
        GradeView::NotGraded,
        GradeView::Sending,
        GradeView::Recorded { at: 1_795_476_600 },
        GradeView::Failed { reference: "<r>".to_owned() },
    ]
}

fn preview() -> Preview {
    Preview {
        title: "The <lesson>".to_owned(),
        svg: "<svg class=\"lesson\"></svg>".to_owned(),
        states: vec!["<state>".to_owned()],
    }
}

/// What learners get, where there is such a lesson, or in the place of another one.
fn taught(is_unknown: bool) -> Taught {
    Taught {
        name: "<given>".to_owned(),
        title: "The <lesson>".to_owned(),
        credit: [None, Some(40), Some(75)],
        in_place_of_unknown: is_unknown.then(|| vec!["<given>".to_owned(), "<more>".to_owned()]),
    }
}

/// A course with this many learners, looked at on a page of the list.
fn course(n: usize, page: usize) -> CourseView {
    let enrolment = Enrolment {
        id: EnrolmentId::from_text("id".to_owned()),
        consumer_key: String::new(),
        user_id: String::new(),
        context_id: String::new(),
        resource_link_id: String::new(),
        jid: None,
        is_proven: false,
        locale: None,
        lesson: Some("<asked>".to_owned()),
        may_grade: false,
        is_teacher: true,
        outcome_url: None,
        sourcedid: None,
        return_url: None,
        progress: Progress::Invited,
        created_at: 0,
        context_title: Some("A <course>".to_owned()),
        presentation: None,
        name: None,
        link_title: None,
    };
    let why = "<why>".to_owned();
    let grades = [
        None,
        Some((0.25, GradeState::Due { attempts: 0, next_at: 0, why: None })),
        Some((
            1.0,
            GradeState::Due {
                attempts: 3,
                next_at: 1_795_476_700,
                why: Some(
                    "the platform cannot be reached: its name is not known (DNS): lms.example"
                        .to_owned(),
                ),
            },
        )),
        Some((1.0, GradeState::Recorded { at: 1_795_476_600 })),
        Some((1.0, GradeState::Failed { why })),
    ];
    let rows = (0..n.min(50)).zip(grades.into_iter().cycle()).map(|(ix, grade)| CourseRow {
        id: EnrolmentId::from_text(format!("row{ix}")),
        name: (ix % 2 == 0).then(|| "<name>".to_owned()),
        link_title: Some(format!("<link {}>", ix % 3)),
        jid: (ix % 3 == 0).then(|| "<jid>@chat.example".to_owned()),
        progress: Progress::Talking,
        active_at: 1_795_476_600,
        grade,
    });
    CourseView {
        view: View {
            known_jid: None,
            enrolment,
            whereabouts: None,
            grade: None,
            framed_by: FramedBy::default(),
            token: PageToken::received("a-token"),
        },
        rows: rows.collect(),
        wanted: Wanted {
            search: "\"><x".to_owned(),
            failed_only: true,
            page,
            page_size: 50,
            ..Wanted::default()
        },
        n_matching: n,
        funnel: Funnel { opened: n, failed: n / 5, ..Funnel::default() },
        n_sent_again: (page > 0).then_some(1),
    }
}

/// Every page of a launch, in every state.
fn pages(frame: &Frame) -> Vec<String> {
    let weak = SecretVerdict::TooWeak {
        warning: "<b>why</b>".to_owned(),
        advice: vec!["<b>advice</b>".to_owned()],
    };
    let mut pages = vec![
        start(frame),
        enter_jid(frame, &Asked { typed: "\"><script>", ..Asked::default() }),
        jid_entered(frame, &status_of(None)),
        ask_for_secret(frame, &status_of(None), None),
        ask_for_secret(frame, &status_of(None), Some(&weak)),
        ask_for_secret(frame, &status_of(None), Some(&SecretVerdict::Told)),
        ask_for_secret(frame, &status_of(None), Some(&SecretVerdict::Unusable)),
        enter_bot_secret(frame, &status_of(None), None),
        lesson(frame, &course(0, 0).view, &preview(), None),
        lesson(frame, &course(0, 0).view, &preview(), Some(&taught(true))),
    ];
    pages.extend(
        [course(0, 0), course(1, 0), course(120, 2)]
            .map(|course| teacher(frame, &course, Some(&taught(course.n_matching > 0)))),
    );
    for grade in grades() {
        let status = passed(grade);
        pages.push(done(frame, &status));
        pages.push(jid_entered(frame, &status));
        pages.push(ask_for_secret(frame, &status, None));
        pages.push(enter_bot_secret(frame, &status, None));
    }
    let unreachable = whereabouts(Progress::Invited);
    let unreachable = Status { is_unreachable: true, ..status_of(Some(&unreachable)) };
    pages.push(jid_entered(frame, &unreachable));
    for problem in [
        JidProblem::Empty,
        JidProblem::NoAt,
        JidProblem::Malformed,
        JidProblem::Several,
        JidProblem::Words,
        JidProblem::OwnAddress,
        JidProblem::Full,
    ] {
        pages.push(enter_jid(
            frame,
            &Asked { typed: "<typed>", is_known: true, problem: Some(problem) },
        ));
    }
    for progress in Progress::ALL {
        let verdicts = [None, Some(BotSecretVerdict::Wrong), Some(BotSecretVerdict::NotGivenYet)];
        for verdict in verdicts {
            let whereabouts = whereabouts(progress);
            pages.push(enter_bot_secret(frame, &status_of(Some(&whereabouts)), verdict));
            pages.push(jid_entered(frame, &status_of(Some(&whereabouts))));
            pages.push(ask_for_secret(frame, &status_of(Some(&whereabouts)), None));
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
        let locale = "<input type=\"hidden\" name=\"locale\" value=\"en-GB\">";
        assert_eq!(page.matches(locale).count(), forms, "{page}");
    }
}

#[test]
fn nothing_that_comes_from_outside_becomes_markup() {
    let odd = Frame {
        token: "\"><script>".to_owned(),
        bot_jid: "<bot>@chat.example".to_owned(),
        bot_alias: "<script>{jid}".to_owned(),
        house: House {
            project_name: "<script>".to_owned(),
            css_url: Some("https://lms.example/\"><script>".to_owned()),
            return_url: Some("https://lms.example/\"><script>".to_owned()),
            is_trial: true,
            ..frame().house
        },
        whose: Whose {
            person: Some("<b>{person}".to_owned()),
            assignment: Some("<b>".to_owned()),
            course: Some("<b>".to_owned()),
            is_teacher: true,
            claim_number: Some("<b>".to_owned()),
        },
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
        let house = House { return_url: Some(url.to_owned()), ..frame().house };
        let frame = Frame { house, ..frame() };
        start(&frame).into_string().contains("Back to the course")
    };

    assert!(leads_back("https://lms.example/courses/1?a=b"));
    assert!(leads_back("http://lms.example/"));
    for odd in ["javascript:alert(1)", "data:text/html,x", "/relative", "//lms.example", ""] {
        assert!(!leads_back(odd), "{odd}");
    }
}

#[test]
fn the_trial_is_told_on_every_page_and_only_then() {
    let house = House { is_trial: true, ..frame().house };
    let trial = Frame { house: house.clone(), ..frame() };
    let mut told = pages(&trial);
    told.push(hello_world(&house, "OTR").into_string());
    let trouble = Trouble { kind: ProblemKind::NotFound, reference: "<r>".to_owned(), other: None };
    told.push(problem(&house, &trouble).into_string());

    for page in told {
        let (_, rest) = page.split_once("<header>").expect("a header");
        assert!(rest.starts_with("<p class=\"banner\""), "{page}");
    }
    assert!(!pages(&frame()).iter().any(|page| page.contains("class=\"banner\"")));
}

#[test]
fn a_chat_is_opened_by_an_address_that_holds_together() {
    let odd = Frame { bot_jid: "a%b?c#d/e@chat.example".to_owned(), ..frame() };
    for page in [jid_entered(&odd, &status_of(None)), enter_jid(&odd, &Asked::default())] {
        let page = page.into_string();
        for ask in ["message", "roster"] {
            let href = format!("href=\"xmpp:a%25b%3Fc%23d%2Fe@chat.example?{ask}\"");
            assert!(page.contains(&href), "{href} in {page}");
        }
        assert!(page.contains("<svg class=\"qr\" role=\"img\" aria-label=\"QR code"), "{page}");
    }
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

/// The named parts of markup.
fn parts(markup: &str) -> Vec<&str> {
    let marks = markup.split("data-part=\"").skip(1);
    marks.filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn an_answer_about_the_status_has_the_parts_of_its_page() {
    let whereabouts = whereabouts(Progress::Talking);
    let mut states: Vec<Status<'_>> = grades().map(passed).into();
    states.extend([status_of(None), status_of(Some(&whereabouts))]);
    for state in &states {
        for page in ["meet", "secret", "chat", "grade"] {
            let page = LivePage::of_name(page).unwrap();
            let whole = match page {
                LivePage::Meet => jid_entered(&frame(), state),
                LivePage::Secret => ask_for_secret(&frame(), state, None),
                LivePage::Chat => enter_bot_secret(&frame(), state, None),
                LivePage::Grade => done(&frame(), state),
            };
            let (whole, answer) =
                (whole.into_string(), status(&frame(), page, state).into_string());
            let mut there = parts(&whole);
            let mut answered = parts(&answer);
            there.sort_unstable();
            answered.sort_unstable();
            assert_eq!(there, answered, "{page:?}");
            assert!(there.contains(&"now"), "{page:?}");
            assert_eq!(answer.matches("role=\"status\"").count(), 1, "{answer}");
            assert!(!answer.contains("<html") && !answer.contains("<zoe>"), "{answer}");
            // A page asks as long as there is something to wait for.
            assert_eq!(whole.contains("data-live="), !state.is_final(), "{page:?} {state:?}");
            assert_eq!(answer.contains("data-final"), state.is_final(), "{page:?} {state:?}");
        }
    }
}

#[test]
fn a_page_whose_lesson_is_passed_leads_on() {
    for page in [LivePage::Meet, LivePage::Secret, LivePage::Chat] {
        for grade in grades() {
            let answer = status(&frame(), page, &passed(grade)).into_string();
            assert!(answer.contains("action=\"/enter_bot_secret\""), "{answer}");
        }
        let recorded = passed(GradeView::Recorded { at: 1 });
        assert!(status(&frame(), page, &recorded).into_string().contains("recorded your grade"));
    }
}

#[test]
fn the_last_page_says_when_the_grade_was_recorded() {
    let told = |at, zone: Option<&str>| {
        let zone = zone.map(|zone| jiff::tz::TimeZone::get(zone).unwrap());
        let frame = Frame { clock: Clock { zone, ..frame().clock }, ..frame() };
        done(&frame, &passed(GradeView::Recorded { at })).into_string()
    };

    let page = told(1_795_476_600, Some("Europe/Amsterdam"));
    assert!(page.contains("<time datetime=\"2026-11-23T23:30:00Z\">"), "{page}");
    assert!(page.contains(">00:30<"), "{page}");
    assert!(told(1_795_476_600, None).contains(">23:30 UTC<"));
    assert!(told(1_795_000_000, None).contains(" UTC<"));
}

#[test]
fn a_page_in_a_frame_can_be_taken_out_of_it() {
    let free = Frame { is_framed: false, ..frame() };

    let status = status_of(None);
    for page in [start(&frame()), ask_for_secret(&frame(), &status, None), done(&frame(), &status)]
    {
        let page = page.into_string();
        assert!(page.contains("target=\"_blank\" rel=\"noopener\">"), "{page}");
    }
    assert!(!start(&free).into_string().contains("_blank"));
}

#[test]
fn fields_help_those_who_type_and_paste() {
    let jid = enter_jid(&frame(), &Asked::default()).into_string();
    let secret = ask_for_secret(&frame(), &status_of(None), None).into_string();
    let bot_secret = enter_bot_secret(&frame(), &status_of(None), None).into_string();

    for attribute in ["autocomplete=\"impp\"", "inputmode=\"email\"", "autocapitalize=\"none\""] {
        assert!(jid.contains(attribute), "{attribute}");
    }
    for page in [&secret, &bot_secret] {
        assert!(page.contains("autocomplete=\"off\""), "{page}");
    }
    for page in [&jid, &secret, &bot_secret] {
        assert!(page.contains("spellcheck=\"false\""), "{page}");
        assert!(!page.contains("onpaste"), "{page}");
    }
}

#[test]
fn the_fingerprint_is_there_as_soon_as_the_lesson_tells_to_compare_it() {
    let pages = |progress| {
        let whereabouts = Whereabouts { has_secret: false, ..whereabouts(progress) };
        let status = status_of(Some(&whereabouts));
        [jid_entered(&frame(), &status), ask_for_secret(&frame(), &status, None)]
            .map(maud::PreEscaped::into_string)
    };
    for page in pages(Progress::Talking) {
        assert!(!page.contains("89ABCDEF"), "{page}");
    }
    for page in pages(Progress::Encrypted) {
        assert!(page.contains("89ABCDEF") && page.contains("Compare the fingerprint"), "{page}");
    }

    let now = whereabouts(Progress::Encrypted);
    let page = enter_bot_secret(&frame(), &status_of(Some(&now)), None).into_string();
    assert!(page.find("89ABCDEF") < page.find("name=\"bot_secret\""), "above the form: {page}");
}

#[test]
fn the_page_says_of_the_bot_secret_what_is_true_in_the_chat() {
    for (bot_secret, words) in [
        (BotSecretStanding::NotGiven, "will give you the bot secret there"),
        (BotSecretStanding::Held, "says there when it is time to enter the bot secret here"),
        (BotSecretStanding::Given, "has given you the bot secret in the chat"),
    ] {
        let now = Whereabouts { bot_secret, ..whereabouts(Progress::Verified) };
        let page = status(&frame(), LivePage::Chat, &status_of(Some(&now))).into_string();
        assert!(page.contains(words), "{page}");
    }
    let now = whereabouts(Progress::Verified);
    let verdict = Some(BotSecretVerdict::TooSoon);
    let page = enter_bot_secret(&frame(), &status_of(Some(&now)), verdict).into_string();
    assert!(page.contains("Marvin has given you a secret, but it is not yet time"), "{page}");
    assert!(page.contains("data-passes") && !page.contains("has not given you"), "{page}");
}

#[test]
fn a_secret_that_was_told_is_not_called_easy_to_guess() {
    let told = SecretVerdict::Told;

    let page = ask_for_secret(&frame(), &status_of(None), Some(&told)).into_string();

    assert!(page.contains("was written in the chat, where others may have read it"), "{page}");
    assert!(page.contains("Think of another one") && page.contains("name=\"secret\""), "{page}");
    assert!(!page.contains("easy to guess"), "{page}");
}

#[test]
fn the_page_says_of_the_key_what_is_true() {
    let now = whereabouts(Progress::Encrypted);
    for (keeps_key, words, others) in [
        (false, "makes a new key", "has the same key"),
        (true, "has the same key", "makes a new key"),
    ] {
        let frame = Frame { keeps_key, ..frame() };
        let page = status(&frame, LivePage::Chat, &status_of(Some(&now))).into_string();
        assert!(page.contains(words) && !page.contains(others), "{page}");
        assert!(page.contains("a reason to stop and to ask"), "{page}");
    }
}

#[test]
fn who_must_begin_anew_is_told_so_and_led_on() {
    let at_first = whereabouts(Progress::Invited);
    let without = Whereabouts { has_secret: false, ..at_first.clone() };
    for (whereabouts, words, leads_to_the_secret) in [
        (None, "To begin anew", true),
        (Some(&without), "Write hello to Marvin to begin anew", true),
        (Some(&at_first), "Write hello to Marvin to begin anew", false),
    ] {
        let status = Status { reached: Progress::Encrypted, ..status_of(whereabouts) };
        let page = status::status(&frame(), LivePage::Chat, &status).into_string();
        assert!(page.contains(words), "{page}");
        assert!(!page.contains("has not heard"), "{page}");
        let leads = page.contains("action=\"/ask_for_secret\"");
        assert_eq!(leads, leads_to_the_secret, "{page}");
        let page = status::status(&frame(), LivePage::Meet, &status).into_string();
        assert!(page.contains(words) && !page.contains("has sent a contact request"), "{page}");
    }
}

#[test]
fn an_address_that_cannot_be_reached_is_asked_for_again() {
    let whereabouts = whereabouts(Progress::Invited);
    let status = Status { is_unreachable: true, ..status_of(Some(&whereabouts)) };

    let page = status::status(&frame(), LivePage::Meet, &status).into_string();

    assert!(page.contains("cannot reach") && page.contains("action=\"/enter_jid\""), "{page}");
    assert!(!page.contains("has sent a contact request"), "{page}");
}

#[test]
fn a_grade_on_its_way_says_in_plain_words_why_it_is_not_there() {
    let page = teacher(&frame(), &course(120, 2), None).into_string();

    assert!(page.contains("does not find the learning platform: its name leads nowhere"), "{page}");
    assert!(!page.contains("(DNS)"), "{page}");
    assert!(page.contains("<bdi lang=\"en\">&lt;why&gt;</bdi>"), "{page}");
}

#[test]
fn a_page_says_whose_it_is() {
    let named = |person: Option<&str>| {
        let [assignment, course] = ["OTR <1>", "Safety"].map(|text| Some(text.to_owned()));
        let person = person.map(str::to_owned);
        let whose = Whose { person, assignment, course, ..Whose::default() };
        start(&Frame { whose, ..frame() }).into_string()
    };

    let page = named(Some("Zoë {x}"));
    let line = "<p class=\"whose\">For <bdi>Zoë {x}</bdi> · <bdi>OTR &lt;1&gt;</bdi> · <bdi>Safety</bdi></p>";
    assert!(page.contains(line), "{page}");
    assert!(named(None).contains("<p class=\"whose\"><bdi>OTR &lt;1&gt;</bdi> · "));
    assert!(!start(&frame()).into_string().contains("whose"));
}

#[test]
fn a_teacher_finds_the_way_back_from_the_exercise() {
    let back = "action=\"/course\"";
    let whose = Whose { is_teacher: true, ..Whose::default() };
    let teacher = Frame { whose, is_framed: false, ..frame() };

    for page in [start(&teacher), enter_bot_secret(&teacher, &status_of(None), None)] {
        assert!(page.into_string().contains(back));
    }
    assert!(!start(&frame()).into_string().contains(back));
}
