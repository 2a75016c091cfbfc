//! One person with several assignments.

use otrbot::records::Progress;

use crate::http::{
    registry::BOT_SECRET,
    support::{Launch, Tool, now, reach},
};

const JID: &str = "zoe@chat.example";

#[actix::test]
async fn a_jid_goes_with_a_person_from_assignment_to_assignment() {
    let tool = Tool::start().await;
    let first = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&first, "/enter_jid", &[("jid", JID)]).await;

    // The same person, in another assignment: it is known there, and the first one keeps it.
    let elsewhere = Launch::of("zoe", "Learner").set("resource_link_id", "another");
    let second = tool.launch(&elsewhere).await;
    assert_eq!((second.name(), second.value("jid").as_str()), ("enter_jid", JID));
    assert!(second.html.contains("that you gave in another exercise"), "{}", second.html);
    let wrong = tool.submit(&second, "/enter_jid", &[("jid", "zoe")]).await;
    assert!(!wrong.html.contains("that you gave in another exercise"), "{}", wrong.html);
    let page = tool.submit(&second, "/enter_jid", &[("jid", JID)]).await;
    assert_eq!(page.name(), "jid_entered");
    assert_eq!(tool.store.enrolments().await.unwrap().len(), 2);
    // Nobody else is told.
    let other = Launch::of("yves", "Learner").set("resource_link_id", "another");
    assert!(!tool.launch(&other).await.html.contains(JID));
}

#[actix::test]
async fn a_finished_assignment_says_so_after_another_was_taken_up() {
    let tool = Tool::start().await;
    for is_graded in [true, false] {
        let user = if is_graded { "zoe" } else { "yves" };
        let launch = || {
            let launch = Launch::of(user, "Learner");
            if is_graded { launch } else { launch.without("lis_result_sourcedid") }
        };
        let jid = format!("{user}@chat.example");
        let page = tool.launch(&launch()).await;
        tool.submit(&page, "/enter_jid", &[("jid", &jid)]).await;
        tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
        tool.put(&jid, Progress::Verified).await;
        let done = tool.submit(&page, "/enter_bot_secret", &[("bot_secret", BOT_SECRET)]).await;
        assert!(done.html.contains("You have passed"), "{}", done.html);
        reach(&tool.store, &jid, Progress::Done, now()).await;

        let another = || launch().set("resource_link_id", "another");
        let second = tool.launch(&another()).await;
        let second = tool.submit(&second, "/enter_jid", &[("jid", &jid)]).await;
        assert_eq!(second.name(), "jid_entered");

        let again = tool.launch(&launch()).await;
        assert_eq!(again.name(), "done", "{user}");
        assert!(again.html.contains("You have passed"), "{}", again.html);
        let open = tool.launch(&another()).await;
        assert_eq!(open.name(), "jid_entered", "{user}");
    }
}

#[actix::test]
async fn a_finished_assignment_without_a_jabber_id_says_so_on_every_way() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    reach(&tool.store, JID, Progress::Done, now()).await;
    let id = tool.store.claims(JID).await.unwrap().remove(0).id;
    tool.store.set_jid(&id, None).await.unwrap();

    let done = tool.launch(&Launch::of("zoe", "Learner")).await;

    assert_eq!(done.name(), "done");
    for path in ["/enter_bot_secret", "/ask_for_secret", "/jid_entered"] {
        assert_eq!(tool.submit(&done, path, &[]).await.name(), "done", "{path}");
    }
    assert_eq!(tool.submit(&done, "/enter_jid", &[]).await.name(), "enter_jid");
}

#[actix::test]
async fn a_jabber_id_that_is_mended_ends_no_conversation_in_another_tab() {
    let tool = Tool::start().await;
    let first = tool.launch(&Launch::of("zoe", "Learner")).await;
    let first = tool.submit(&first, "/enter_jid", &[("jid", "zoe@caht.example")]).await;
    let another = Launch::of("zoe", "Learner").set("resource_link_id", "another");
    let second = tool.launch(&another).await;
    let second = tool.submit(&second, "/enter_jid", &[("jid", "zoe@caht.example")]).await;

    let mended = tool.submit(&second, "/enter_jid", &[("jid", JID)]).await;

    assert_eq!(mended.name(), "jid_entered");
    assert!(!mended.html.contains("goes on with another exercise"), "{}", mended.html);
    let page = tool.submit(&first, "/jid_entered", &[]).await;
    assert!(!page.html.contains("has ended"), "{}", page.html);
    assert!(page.html.contains("goes on with another exercise"), "{}", page.html);
}

#[actix::test]
async fn a_page_says_that_the_chat_is_about_another_exercise_and_can_have_it_back() {
    let tool = Tool::start().await;
    let first = tool.launch(&Launch::of("zoe", "Learner")).await;
    let first = tool.submit(&first, "/enter_jid", &[("jid", JID)]).await;
    let another = Launch::of("zoe", "Learner").set("resource_link_id", "another");
    let second = tool.launch(&another).await;
    let second = tool.submit(&second, "/enter_jid", &[("jid", JID)]).await;
    let elsewhere = "goes on with another exercise";
    let button = "name=\"goes_on\" value=\"1\"";

    for path in ["/jid_entered", "/ask_for_secret", "/enter_bot_secret"] {
        let page = tool.submit(&first, path, &[]).await;
        assert!(page.html.contains(elsewhere) && page.html.contains(button), "{}", page.html);
        assert!(page.html.contains(&format!("action=\"{path}\"")), "{}", page.html);
        let page = tool.submit(&second, path, &[]).await;
        assert!(!page.html.contains(elsewhere) && !page.html.contains(button), "{}", page.html);
    }
    let page = tool.submit(&first, "/jid_entered", &[("goes_on", "1")]).await;

    assert!(!page.html.contains(elsewhere), "{}", page.html);
    assert!(tool.submit(&second, "/jid_entered", &[]).await.html.contains(elsewhere));
    // To open it from the course does the same.
    tool.launch(&Launch::of("zoe", "Learner").set("resource_link_id", "another")).await;
    assert!(tool.submit(&first, "/jid_entered", &[]).await.html.contains(elsewhere));
}
