//! What people paste into the pages.

use crate::http::support::{Launch, Tool};

const JID: &str = "zoe@chat.example";

#[actix::test]
async fn a_jid_is_taken_however_it_is_pasted() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;

    for typed in [
        "zoe@chat.example,",
        "zoe@chat.example)",
        "zoe@chat.example.",
        "zoe@chat.example/",
        "xmpp:zoe@chat.example?message",
        "XMPP:zoe@chat.example",
        "xmpp://guest@chat.example/zoe@chat.example#x",
        "\u{200e}zoe@chat.example",
        "\u{201e}zoe@chat.example\u{201c}",
        "\u{2066}zoe\u{ff20}chat\u{3002}example\u{2069}\u{60c}",
        "Zoe <zoe@chat.example>",
        "zoe@chat.example/xmpp:eve@chat.example",
        "<a href=\"mailto:zoe@chat.example\">Zoe</a>",
        "https://xmpp.link/#zoe@chat.example?join",
        "\u{2014}zoe@chat.example",
    ] {
        let page = tool.submit(&page, "/enter_jid", &[("jid", typed)]).await;
        assert_eq!(page.name(), "jid_entered", "{typed:?}");
        let told = tool.told().await;
        let enrolled = told.last().unwrap();
        assert!(enrolled.starts_with("enrol zoe@chat.example "), "{typed:?}: {enrolled}");
        // What was understood is said.
        assert!(page.html.contains(JID), "{typed:?}");
        assert!(!tool.store.claims(JID).await.unwrap().is_empty());
    }
    let enrolments = tool.store.enrolments().await.unwrap();
    assert_eq!(enrolments.len(), 1, "{enrolments:?}");
}

#[actix::test]
async fn a_jid_that_is_not_clear_is_asked_for_again_with_what_to_do() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;

    for (typed, expected) in [
        ("zoe@chat.example, eve@chat.example", "more than one address"),
        ("my jid is zoe@chat.example", "Enter the address alone"),
        ("zoe@chat. example", "Enter the address alone"),
        ("zo- zoe@chat.example", "Enter the address alone"),
        ("[zoe@chat.example](xmpp:eve@chat.example)", "more than one address"),
        ("zoe@chat@example", "cannot be a Jabber ID"),
        ("zoe@chat.example(work)", "cannot be a Jabber ID"),
        ("zoe@chat.example\u{1f600}", "cannot be a Jabber ID"),
    ] {
        let page = tool.submit(&page, "/enter_jid", &[("jid", typed)]).await;
        assert_eq!(page.name(), "enter_jid", "{typed}");
        assert!(page.html.contains(expected), "{typed}: {}", page.html);
        assert_eq!(page.value("jid"), typed);
    }
    assert!(tool.told().await.is_empty());
}

#[actix::test]
async fn how_a_secret_with_spaces_is_typed_is_said_when_it_is_taken() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    let page = tool.submit(&page, "/enter_jid", &[("jid", JID)]).await;
    let page = tool.submit(&page, "/ask_for_secret", &[]).await;
    assert!(page.html.contains("with hyphens between them"), "{}", page.html);

    let told = "/otr secret \"SECRET\"";
    for (secret, has_spaces) in
        [("correct horse", true), ("correct\u{a0}horse", true), (" correct-horse ", false)]
    {
        let page = tool.submit(&page, "/ask_for_secret", &[("secret", secret)]).await;
        assert_eq!(page.name(), "enter_bot_secret", "{secret}");
        let text = page.html.replace("&quot;", "\"");
        assert_eq!(text.contains(told), has_spaces, "{secret}: {text}");
    }
}
