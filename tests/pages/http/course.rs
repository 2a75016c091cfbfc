//! The teacher's view: the course at a glance, and no more than that course.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use otrbot::records::{EnrolmentId, NewEnrolment, NewGrade, Progress};

use crate::http::{
    platform::{Mood, Platform},
    support::{KEY, Launch, Page, SECRET, Tool, now, reach, until},
};

/// What the bot begins with in the lesson that comes with the program.
const GREETING: &str = "Hello! I am ${bot_alias}, a chat bot. With me you can practise talking to \
                        somebody so that nobody on the way can read along.";

const COURSE: &str = "4dde05e8ca1973bcca9bffc13e1548820eee93a4";

fn learner(user: &str) -> NewEnrolment {
    NewEnrolment {
        consumer_key: KEY.to_owned(),
        user_id: user.to_owned(),
        context_id: COURSE.to_owned(),
        resource_link_id: "4dde05e8ca1973bcca9bffc13e1548820eee93a3".to_owned(),
        may_grade: true,
        is_learner: true,
        name: Some(format!("Name <{user}>")),
        now: now(),
        ..NewEnrolment::default()
    }
}

/// A learner of the course, with this much done.
async fn enrol(tool: &Tool, new: NewEnrolment, jid: &str, progress: Progress) -> EnrolmentId {
    let id = tool.store.put_enrolment(new).await.unwrap().id;
    tool.store.set_jid(&id, Some(jid)).await.unwrap();
    reach(&tool.store, jid, progress, now()).await;
    id
}

async fn open(tool: &Tool) -> Page {
    let page = tool.launch(&Launch::of("teacher", "Instructor")).await;
    assert_eq!(page.status, 200, "{}", page.html);
    page
}

fn n_rows(page: &Page) -> usize {
    page.html.matches("scope=\"row\"").count()
}

/// A learner who has passed, and whose grade goes to this address.
async fn refused_grade(tool: &Tool, new: NewEnrolment, jid: &str, url: &str) -> EnrolmentId {
    let new = NewEnrolment {
        outcome_url: Some(url.to_owned()),
        sourcedid: Some(format!("cell of {jid}")),
        ..new
    };
    let id = enrol(tool, new, jid, Progress::Done).await;
    let grade = NewGrade { enrolment: id.clone(), score: 1.0, achieved_at: now() };
    tool.store.put_grade(&grade).await.unwrap();
    id
}

#[actix::test]
async fn a_teacher_sees_how_far_the_course_is() {
    let tool = Tool::start().await;
    for (user, progress) in [
        ("a", Progress::Invited),
        ("b", Progress::Talking),
        ("c", Progress::Encrypted),
        ("d", Progress::Verified),
        ("e", Progress::Done),
    ] {
        enrol(&tool, learner(user), &format!("{user}@chat.example"), progress).await;
    }
    tool.store.put_enrolment(learner("f")).await.unwrap();

    let page = open(&tool).await;

    for (step, n, percent) in [
        ("Opened the exercise", 6, 100),
        ("Gave a Jabber ID", 5, 83),
        ("Talked to the bot", 4, 67),
        ("Encrypted the conversation", 3, 50),
        ("Recognised the bot", 2, 33),
        ("Finished the lesson", 1, 17),
        ("Full grade recorded", 0, 0),
    ] {
        let line = format!("<bdi>{step}</bdi>: <bdi>{n} ({percent} %)</bdi>");
        let bar = format!("{line}</span><svg class=\"bar\"");
        assert!(page.html.contains(&bar), "{bar} in {}", page.html);
    }
    assert_eq!(n_rows(&page), 6);
    assert!(page.html.contains("Name &lt;c&gt;") && !page.html.contains("<c>"), "{}", page.html);
    assert!(page.html.contains("c@chat.example"));
    assert!(!page.html.contains("style="), "the policy forbids styles inside");
}

#[actix::test]
async fn a_teacher_sees_no_other_course() {
    let tool = Tool::start().await;
    enrol(&tool, learner("own"), "own@chat.example", Progress::Talking).await;
    let elsewhere = NewEnrolment { context_id: "elsewhere".to_owned(), ..learner("other") };
    enrol(&tool, elsewhere, "other@chat.example", Progress::Talking).await;
    let platform = NewEnrolment { consumer_key: "another".to_owned(), ..learner("third") };
    enrol(&tool, platform, "third@chat.example", Progress::Talking).await;
    let colleague = NewEnrolment { is_learner: false, is_teacher: true, ..learner("colleague") };
    enrol(&tool, colleague, "colleague@chat.example", Progress::Talking).await;

    let page = open(&tool).await;

    assert_eq!(n_rows(&page), 1);
    assert!(page.html.contains("own@chat.example"));
    let page = tool.submit(&page, "/course", &[("search", "chat.example")]).await;
    assert_eq!(n_rows(&page), 1);
}

#[actix::test]
async fn a_course_without_an_id_is_its_assignment() {
    let tool = Tool::start().await;
    for (user, link) in [("a", "one"), ("b", "two")] {
        let new = NewEnrolment {
            context_id: String::new(),
            resource_link_id: link.to_owned(),
            ..learner(user)
        };
        enrol(&tool, new, &format!("{user}@chat.example"), Progress::Talking).await;
    }
    let launch = Launch::of("teacher", "Instructor").without("context_id");

    let page = tool.launch(&launch.set("resource_link_id", "one")).await;

    assert_eq!(n_rows(&page), 1);
    assert!(page.html.contains("a@chat.example"));
}

#[actix::test]
async fn the_teachers_pages_are_for_teachers() {
    let tool = Tool::start().await;
    let learner = tool.launch(&Launch::of("zoe", "Learner")).await;

    for path in ["/course", "/course/resend", "/course/lesson", "/course/try"] {
        let page = tool.submit(&learner, path, &[]).await;
        assert_eq!(page.status, 403, "{path}");
        assert!(!page.html.contains("<form"), "{path}");
    }
    for path in ["/course", "/course/lesson"] {
        assert_eq!(tool.get(path).await.status, 401, "{path}");
    }
    assert_eq!(tool.get("/course/resend").await.status, 405);
}

#[actix::test]
async fn two_thousand_learners_are_paged_and_found() {
    let tool = Tool::start().await;
    for n in 0..2_000 {
        tool.store.put_enrolment(learner(&format!("number {n:04}"))).await.unwrap();
    }
    enrol(&tool, learner("number 1234"), "zoë@chat.example", Progress::Verified).await;

    let page = open(&tool).await;
    assert_eq!(n_rows(&page), 50);
    assert!(page.html.contains("Learners: 2000. Page 1 of 40."), "{}", page.html);
    assert!(page.html.contains("Next page") && !page.html.contains("Previous page"));
    assert!(page.html.contains("Last page") && !page.html.contains("First page"));
    assert!(page.html.contains("<title>Page 1 of 40 – "), "{}", page.html);
    assert!(page.html.len() < 100_000, "{}", page.html.len());

    let last = tool.submit(&page, "/course", &[("page", "39")]).await;
    assert_eq!(n_rows(&last), 50);
    assert!(!last.html.contains("Next page") && last.html.contains("Previous page"));
    assert!(!last.html.contains("Last page") && last.html.contains("First page"));
    assert!(last.html.contains("<title>Page 40 of 40 – "), "{}", last.html);
    for beyond in ["40", "18446744073709551615", "99999999999999999999999", "-1", "x"] {
        let page = tool.submit(&page, "/course", &[("page", beyond)]).await;
        assert_eq!(n_rows(&page), 50, "{beyond}");
    }

    for (search, n) in [
        ("Number 123", 10),
        ("ZOË@", 1),
        ("%", 0),
        ("_", 0),
        ("' OR 1=1 --", 0),
        ("", 50),
        ("   ", 50),
    ] {
        let found = tool.submit(&page, "/course", &[("search", search)]).await;
        assert_eq!((found.status, n_rows(&found)), (200, n), "{search}");
    }
    let found = tool.submit(&page, "/course", &[("search", "zoë")]).await;
    assert!(found.html.contains("Found: 1 of 2000."), "{}", found.html);
    assert!(found.html.contains("Recognised the bot"));
    let odd = tool.submit(&page, "/course", &[("search", "\"><script>")]).await;
    assert!(odd.html.contains("Nobody was found.") && !odd.html.contains("<script>"));
}

#[actix::test]
async fn a_refused_grade_is_shown_with_its_reason_and_sent_again() {
    let tool = Tool::start().await;
    let refused = || Mood::Refuses("Assignment &lt;has no&gt; points");
    let platform = Platform::start(SECRET, [refused(), refused()]);
    for user in ["a", "b"] {
        let jid = format!("{user}@chat.example");
        refused_grade(&tool, learner(user), &jid, &platform.url).await;
    }
    tool.outbox.send(otrbot::actors::grades::Wake).await.unwrap();
    until("both refused", async || tool.store.grade_counts().await.unwrap().failed == 2).await;

    let page = open(&tool).await;
    assert!(page.html.contains("did not accept: 2."), "{}", page.html);
    let id = tool.store.claims("a@chat.example").await.unwrap().remove(0).id;
    let reference: String = id.as_str().chars().take(8).collect();
    assert!(page.html.contains(&reference), "as it stands on the learner's page: {}", page.html);
    assert!(page.html.contains("Assignment &lt;has no&gt; points"), "{}", page.html);
    let failed = tool.submit(&page, "/course", &[("failed", "1")]).await;
    assert_eq!(n_rows(&failed), 2);

    let one = page.value("enrolment");
    let page = tool.submit(&page, "/course/resend", &[("enrolment", &one)]).await;
    assert!(page.html.contains("being sent again: 1."), "{}", page.html);
    until("one grade", async || platform.grades().len() == 1).await;
    let page = tool.submit(&page, "/course/resend", &[]).await;
    assert!(page.html.contains("being sent again: 1."), "{}", page.html);
    until("both grades", async || platform.grades().len() == 2).await;
    until("both recorded", async || tool.store.grade_counts().await.unwrap().recorded == 2).await;

    let page = tool.submit(&page, "/course/resend", &[]).await;
    assert!(page.html.contains("no grade to be sent again"), "{}", page.html);
    let recorded = "<bdi>Full grade recorded</bdi>: <bdi>2 (100 %)</bdi>";
    assert!(page.html.contains(recorded), "{}", page.html);
    assert!(page.html.contains("recorded at"), "{}", page.html);
    assert_eq!(platform.attempts(), 4, "nothing recorded is sent twice");
}

#[actix::test]
async fn a_grade_of_another_course_is_not_sent_again() {
    let tool = Tool::start().await;
    let platform = Platform::start(SECRET, [Mood::Refuses("no")]);
    let elsewhere = NewEnrolment { context_id: "elsewhere".to_owned(), ..learner("a") };
    let id = refused_grade(&tool, elsewhere, "a@chat.example", &platform.url).await;
    tool.outbox.send(otrbot::actors::grades::Wake).await.unwrap();
    until("refused", async || tool.store.grade_counts().await.unwrap().failed == 1).await;

    let page = open(&tool).await;
    for fields in [&[("enrolment", id.as_str())][..], &[], &[("enrolment", "a\0b")]] {
        let page = tool.submit(&page, "/course/resend", fields).await;
        assert!(page.html.contains("no grade to be sent again"), "{}", page.html);
    }
    assert_eq!(tool.store.grade_counts().await.unwrap().failed, 1);
}

#[actix::test]
async fn a_teacher_looks_at_the_lesson_of_the_assignment() {
    let tool = Tool::start().await;
    let launch = Launch::of("teacher", "Instructor");
    for (launch, title) in
        [(launch.clone(), "OTR basics"), (launch.with("custom_lesson", "impostor"), "impostor")]
    {
        let launch = launch.set("oauth_nonce", &format!("{title}{}", now()));
        let page = tool.launch(&launch).await;
        let page = tool.submit(&page, "/course/lesson", &[]).await;

        assert_eq!(page.status, 200, "{}", page.html);
        assert!(page.html.contains("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lesson\""));
        assert!(page.html.contains("data-state="), "{title}");
        assert!(!page.html.contains("${bot_alias}") && page.html.contains("Marvin"), "{title}");
        assert!(!page.html.contains("<style"), "the policy forbids styles inside");
        assert!(page.html.contains("action=\"/course\""), "the way back");
    }
    // What the bot says there is in the teacher's language, and so is all that is said of it.
    tool.speak_all_languages();
    let german = Launch::of("teacher", "Instructor").set("launch_presentation_locale", "de");
    let page = tool.launch(&german).await;
    let page = tool.submit(&page, "/course/lesson", &[]).await;
    let catalog = tool.catalogs.find("de");
    let begins = catalog.text(GREETING).split_whitespace().next().unwrap().to_owned();
    for (english, german) in [
        (GREETING, format!("„{begins} ")),
        ("in any state", catalog.text("in any state")),
        ("the learner comes online", catalog.text("the learner comes online")),
    ] {
        assert!(!english.contains(&german) && page.html.contains(&german), "{german}");
    }
    assert!(!page.html.contains("in any state"));

    let css = tool.get("/static/lesson.css").await;
    assert_eq!(css.header("content-type"), "text/css; charset=utf-8");
    assert!(css.html.lines().all(|line| line.starts_with("svg.lesson ")), "{}", css.html);
}

#[actix::test]
async fn learners_are_found_by_where_they_stand_and_put_in_order() {
    let tool = Tool::start().await;
    for (user, progress) in
        [("c", Progress::Talking), ("a", Progress::Talking), ("b", Progress::Done)]
    {
        enrol(&tool, learner(user), &format!("{user}@chat.example"), progress).await;
    }
    tool.store.put_enrolment(learner("d")).await.unwrap();
    let page = open(&tool).await;

    for (standing, n) in [
        ("opened", 1),
        ("invited", 0),
        ("talking", 2),
        ("encrypted", 0),
        ("verified", 0),
        ("done", 1),
        ("", 4),
        ("nonsense", 4),
    ] {
        let found = tool.submit(&page, "/course", &[("standing", standing)]).await;
        assert_eq!((found.status, n_rows(&found)), (200, n), "{standing}");
    }
    let found = tool.submit(&page, "/course", &[("standing", "talking")]).await;
    assert!(found.html.contains("Found: 2 of 4."), "{}", found.html);
    assert!(found.html.contains("<option value=\"talking\" selected>"), "{}", found.html);

    for order in [("order", "name"), ("by_name", "1")] {
        let ordered = tool.submit(&page, "/course", &[order]).await;
        let places =
            ["a", "b", "c", "d"].map(|user| ordered.html.find(&format!("Name &lt;{user}&gt;")));
        assert!(places.is_sorted() && places.iter().all(Option::is_some), "{places:?}");
    }
    // What is asked for stands under a label of its own.
    for field in ["search", "standing", "order", "failed"] {
        assert_eq!(page.html.matches(&format!("label for=\"{field}\"")).count(), 1, "{field}");
    }
}

#[actix::test]
async fn a_teacher_tries_the_exercise_and_goes_on_where_they_stand() {
    let tool = Tool::start().await;
    let page = open(&tool).await;
    let start = tool.submit(&page, "/course/try", &[]).await;
    assert!(start.html.contains("Learn to chat in private"), "{}", start.html);
    assert!(start.html.contains("Back to your learners"), "{}", start.html);

    tool.submit(&start, "/enter_jid", &[("jid", "teacher@chat.example")]).await;
    tool.put("teacher@chat.example", Progress::Encrypted).await;

    let page = tool.submit(&page, "/course/try", &[]).await;
    assert_eq!(page.name(), "ask_for_secret", "{}", page.html);
    assert!(page.html.contains("Back to your learners"), "{}", page.html);
}

#[actix::test]
async fn a_teacher_sees_all_assignments_of_a_learner_and_takes_the_table_along() {
    let tool = Tool::start().await;
    let jid = "zoe@chat.example";
    let one = NewEnrolment {
        name: Some("=cmd|' /C calc'!A0".to_owned()),
        link_title: Some("First".to_owned()),
        ..learner("zoe")
    };
    let other = NewEnrolment {
        resource_link_id: "second".to_owned(),
        link_title: Some("Second".to_owned()),
        ..one.clone()
    };
    enrol(&tool, one, jid, Progress::Done).await;
    let second = tool.store.put_enrolment(other).await.unwrap().id;
    tool.store.set_jid(&second, Some(jid)).await.unwrap();
    enrol(&tool, learner("ben"), "ben@chat.example", Progress::Talking).await;

    let page = open(&tool).await;
    assert_eq!(n_rows(&page), 3);
    assert_eq!(page.html.matches(jid).count(), 2, "{}", page.html);
    for words in ["<bdi>First</bdi>", "<bdi>Second</bdi>", "counts once in each", "2 (67 %)"] {
        assert!(page.html.contains(words), "{words} in {}", page.html);
    }
    let table = tool.submit(&page, "/course/table", &[]).await;

    assert_eq!(table.status, 200);
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(table.header("content-disposition"), "attachment; filename=\"learners.csv\"");
    assert_eq!(table.header("cache-control"), "no-store");
    let lines: Vec<&str> = table.html.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 4, "{}", table.html);
    let of = |title: &str| *lines.iter().find(|line| line.contains(title)).unwrap();
    assert!(of("First").starts_with("\"'=cmd|") && of("First").contains("Finished the lesson"));
    assert!(of("Second").contains("Gave a Jabber ID"), "{}", of("Second"));
    // What was searched for, and for teachers alone.
    let found = tool.submit(&page, "/course/table", &[("search", "ben@")]).await;
    assert_eq!(found.html.split_terminator("\r\n").count(), 2, "{}", found.html);
    let learner = tool.launch(&Launch::of("zoe", "Learner")).await;
    assert_eq!(tool.submit(&learner, "/course/table", &[]).await.status, 403);
}
