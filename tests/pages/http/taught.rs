//! What teachers are told of the lesson that their learners get: one that is not there, and which parts
//! of the grade it gives.

use crate::http::support::{Launch, Page, Tool};

const JID: &str = "zoe@chat.example";

/// What is said of a lesson that is not there.
const UNKNOWN: &str = "there is no lesson of that name";

/// The page of the course of a teacher whose launch asks for a lesson.
async fn course(tool: &Tool, lesson: &str) -> Page {
    let launch = Launch::of("teacher", "Instructor").with("custom_lesson", lesson);
    let page = tool.launch(&launch).await;
    assert_eq!(page.status, 200, "{}", page.html);
    page
}

#[actix::test]
async fn a_teacher_is_told_of_a_lesson_that_is_not_there() {
    let tool = Tool::start().await;
    for (asked, shown) in [
        ("advanced", "advanced"),
        ("<b>no</b>", "&lt;b&gt;no&lt;/b&gt;"),
        ("\u{202e}scisab", "\u{202e}scisab"),
        ("a\0b", "a\u{fffd}b"),
        (&"x".repeat(101), &format!("{}…", "x".repeat(100))),
        (&"é".repeat(51), &format!("{}…", "é".repeat(50))),
    ] {
        let page = course(&tool, asked).await;

        assert!(page.html.contains(UNKNOWN), "{asked:?}: {}", page.html);
        assert!(page.html.contains(&format!("<bdi dir=\"auto\">{shown}</bdi>")), "{}", page.html);
        for there in ["basics", "impostor", "question"] {
            let named = format!("<li><bdi dir=\"auto\">{there}</bdi></li>");
            assert!(page.html.contains(&named), "{}", page.html);
        }
        assert!(
            page.html.contains("Learners get “<bdi dir=\"auto\">basics</bdi>”"),
            "{}",
            page.html
        );
        let lesson = tool.submit(&page, "/course/lesson", &[]).await;
        assert!(lesson.html.contains(UNKNOWN), "{}", lesson.html);
        assert!(lesson.html.contains("Private conversations with OTR"), "{}", lesson.html);
        // Where they look again, too.
        assert!(tool.submit(&page, "/course", &[]).await.html.contains(UNKNOWN));
    }
}

#[actix::test]
async fn a_learner_whose_lesson_is_not_there_is_not_troubled() {
    let tool = Tool::start().await;
    let launch = Launch::of("zoe", "Learner").with("custom_lesson", "advanced");
    let page = tool.launch(&launch).await;
    assert_eq!(page.name(), "start");
    let next = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;

    for page in [page, next] {
        assert!(!page.html.contains(UNKNOWN) && !page.html.contains("advanced"), "{}", page.html);
    }
}

#[actix::test]
async fn a_lesson_is_meant_by_what_people_write_for_its_name() {
    let tool = Tool::start().await;
    for asked in ["impostor", "Impostor", " impostor ", "impostor.yaml", "lessons/impostor.yaml"] {
        let page = course(&tool, asked).await;

        assert!(!page.html.contains(UNKNOWN), "{asked:?}: {}", page.html);
        let lesson = tool.submit(&page, "/course/lesson", &[]).await;
        assert!(lesson.html.contains("impostor"), "{asked:?}: {}", lesson.html);
    }
    // Nobody has asked for anything.
    for asked in ["", " \u{a0} "] {
        let page = course(&tool, asked).await;
        assert!(!page.html.contains(UNKNOWN), "{asked:?}: {}", page.html);
    }
}

#[actix::test]
async fn teachers_read_of_parts_of_the_grade_what_the_lesson_gives() {
    let tool = Tool::start().await;
    let none = "Before the end of the lesson there is no grade.";
    let parts = "This lesson gives a part of the grade on the way.";
    let page = course(&tool, "basics").await;
    assert!(page.html.contains(none) && !page.html.contains(parts), "{}", page.html);

    tool.teach("parts", "extends: basics\ncredit: { encrypted: 40%, verified: 75% }\n");
    // The default one, one that is asked for, and the one in the place of what is not there.
    for asked in ["", "parts", "advanced"] {
        let page = course(&tool, asked).await;
        let lesson = tool.submit(&page, "/course/lesson", &[]).await;
        for page in [page, lesson] {
            assert!(
                page.html.contains(parts) && !page.html.contains(none),
                "{asked}: {}",
                page.html
            );
            for part in [
                "<bdi>Encrypted the conversation</bdi>: <bdi>40 %</bdi>",
                "<bdi>Recognised the bot</bdi>: <bdi>75 %</bdi>",
                "<bdi>Finished the lesson</bdi>: <bdi>100 %</bdi>",
            ] {
                assert!(page.html.contains(part), "{part}: {}", page.html);
            }
            assert!(!page.html.contains("<bdi>Talked to the bot</bdi>: <bdi>0"), "{}", page.html);
        }
    }
    // The lesson of this assignment counts, not the default one.
    let page = course(&tool, "basics").await;
    assert!(page.html.contains(none) && !page.html.contains(parts), "{}", page.html);
}

#[actix::test]
async fn what_is_kept_of_the_name_of_a_lesson_is_bounded_and_can_be_stored() {
    let tool = Tool::start().await;
    for (sent, kept) in [
        (" Basics.yaml\r\n", Some("Basics.yaml".to_owned())),
        ("a\nb", Some("a\u{fffd}b".to_owned())),
        ("\0", None),
        (&"x".repeat(5_000), Some(format!("{}…", "x".repeat(100)))),
    ] {
        let user = format!("user of {}", sent.len());
        let page = tool.launch(&Launch::of(&user, "Learner").with("custom_lesson", sent)).await;
        let jid = format!("user{}@chat.example", sent.len());
        tool.submit(&page, "/enter_jid", &[("jid", &jid)]).await;

        let enrolment = tool.store.claims(&jid).await.unwrap().remove(0);
        assert_eq!(enrolment.lesson, kept, "{sent:?}");
    }
}
