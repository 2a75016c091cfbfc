//! One person with several tabs, or several Jabber IDs.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use otrbot::records::Progress;

use crate::http::support::{Launch, Tool, now, reach};

/// Those whom the registry has on its whitelist, after what it was told.
async fn whitelisted(tool: &Tool) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for told in tool.told().await {
        let mut words = told.split(' ').map(str::to_owned);
        match (words.next().as_deref(), words.next()) {
            (Some("enrol"), Some(jid)) => drop(known.insert(jid)),
            (Some("dismiss"), Some(jid)) => drop(known.remove(&jid)),
            _ => {}
        }
    }
    known
}

#[actix::test]
async fn of_many_tabs_at_once_one_jabber_id_stays() {
    let tool = Tool::start().await;
    let persons = join_all((0..8).map(async |person| {
        let user = format!("person{person}");
        let page = tool.launch(&Launch::of(&user, "Learner")).await;
        // Some tabs enter one that another tab entered, and one opens the assignment anew.
        let tabs = (0..4).map(|tab| {
            let jid = format!("{user}.{}@chat.example", tab % 3);
            let page = &page;
            let tool = &tool;
            async move { tool.submit(page, "/enter_jid", &[("jid", &jid)]).await.name() }
        });
        let again = Launch::of(&user, "Learner");
        let (names, _) = futures_util::join!(join_all(tabs), tool.launch(&again));
        names
    }));
    for names in persons.await {
        assert_eq!(names, ["jid_entered"; 4]);
    }

    let enrolments = tool.store.enrolments().await.unwrap();
    let kept: BTreeSet<String> = enrolments.into_iter().filter_map(|one| one.jid).collect();
    assert_eq!(kept.len(), 8);
    assert_eq!(whitelisted(&tool).await, kept);
}

#[actix::test]
async fn who_cannot_change_their_jabber_id_loses_nothing() {
    let tool = Tool::start().await;
    let page = tool.launch(&Launch::of("zoe", "Learner")).await;
    tool.submit(&page, "/enter_jid", &[("jid", "zoe@chat.example")]).await;
    reach(&tool.store, "zoe@chat.example", Progress::Verified, now()).await;

    let page = tool.submit(&page, "/enter_jid", &[("jid", "zoe@full.example")]).await;

    assert_eq!(page.name(), "enter_jid");
    let zoe = tool.store.claims("zoe@chat.example").await.unwrap().remove(0);
    assert_eq!(zoe.progress, Progress::Verified);
    assert!(whitelisted(&tool).await.contains("zoe@chat.example"));
}
