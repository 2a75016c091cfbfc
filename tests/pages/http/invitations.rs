//! Invitations by other ways than the field for the Jabber ID.

use jid::BareJid;

use crate::http::registry::Lose;
use crate::http::support::{Launch, Tool};

#[actix::test]
async fn a_secret_for_whom_the_bot_has_forgotten_invites_no_more_often_than_is_allowed() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;

    let mut answers = Vec::new();
    for _ in 0..6 {
        let jid = BareJid::new("zoe@chat.example").unwrap();
        tool.registry.send(Lose(jid)).await.unwrap();
        let page = tool.submit(&page, "/ask_for_secret", &[("secret", "correct horse")]).await;
        answers.push(page.status);
    }

    // They go on with the lesson all the same: only the bot does not ask to be their contact once more.
    assert_eq!(answers, [200; 6]);
    let told = tool.told().await;
    let enrolled: Vec<_> = told.iter().filter(|told| told.starts_with("enrol")).collect();
    let n_uninvited = enrolled.iter().filter(|told| told.ends_with(", not invited")).count();
    assert_eq!((enrolled.len(), n_uninvited), (7, 2), "{told:?}");
}
