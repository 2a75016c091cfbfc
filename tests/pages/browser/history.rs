//! Back, forward and reload in the frame; and what a page says that was open while things happened.

use otrbot::records::Progress;

use crate::browser::{
    driver::{Browser, Scripts},
    journey::Learner,
};
use crate::http::registry::BOT_SECRET;
use crate::http::support::{FORM, Launch, Tool, until};

const JID: &str = "zoe@chat.example";
const SECRET: &str = "four quiet otters juggling";

/// Runs a script that leads to another page, once: it is over before the page goes away.
async fn leave(learner: &Learner, script: &str) {
    learner.browser.script(&format!("setTimeout(() => {{ {script}; }})")).await;
}

async fn arrive_at_the_secret(scripts: Scripts) -> Learner {
    let learner = Learner::sit_down(scripts, Vec::new()).await;
    learner.open_assignment(Launch::of("zoe", "Learner"), 640).await;
    learner.arrive("Learn to chat in private").await;
    learner.go_on().await;
    learner.arrive("Your Jabber ID").await;
    learner.answer("jid", JID).await;
    learner.arrive("Meet Marvin").await;
    learner.go_on().await;
    learner.arrive("Agree on a shared secret").await;
    learner
}

#[actix::test]
async fn back_and_forward_lead_through_the_pages_of_the_frame() {
    let learner = arrive_at_the_secret(Scripts::On).await;

    for (step, heading) in [
        ("back", "Meet Marvin"),
        ("back", "Your Jabber ID"),
        ("back", "Learn to chat in private"),
        ("forward", "Your Jabber ID"),
        ("forward", "Meet Marvin"),
        ("forward", "Agree on a shared secret"),
        ("back", "Meet Marvin"),
    ] {
        leave(&learner, &format!("history.{step}()")).await;
        learner.arrive(heading).await;
    }

    // A page out of the history is as good as any.
    // Without the mouse, as the frame has yet to take the height of this page.
    leave(&learner, "document.querySelector('main form.go').requestSubmit()").await;
    learner.arrive("Agree on a shared secret").await;
    learner.answer("secret", SECRET).await;
    learner.arrive("Enter the bot secret").await;
    leave(&learner, "history.back()").await;
    learner.arrive("Agree on a shared secret").await;
    let kept = learner.browser.script("return document.querySelector('#secret').value").await;
    assert_eq!(kept, "", "a secret is not to be found in the history");
    learner.tool.put(JID, Progress::Verified).await;
    leave(&learner, "history.forward()").await;
    learner.arrive("Enter the bot secret").await;
    learner.answer("bot_secret", BOT_SECRET).await;
    learner.arrive("Well done!").await;
}

#[actix::test]
async fn a_page_of_the_frame_may_be_loaded_again() {
    let learner = arrive_at_the_secret(Scripts::On).await;
    for heading in ["Agree on a shared secret", "Enter the bot secret"] {
        if heading == "Enter the bot secret" {
            learner.answer("secret", SECRET).await;
        }
        learner.arrive(heading).await;
        learner.browser.script("document.documentElement.dataset.before = ''").await;
        leave(&learner, "location.reload()").await;
        until("the page is there anew", async || {
            let is_new = "return location.protocol.startsWith('http')
                && !('before' in document.documentElement.dataset)";
            learner.browser.script(is_new).await == true
        })
        .await;
        learner.arrive(heading).await;
    }
    let told = learner.tool.told().await;
    let n_secrets = told.iter().filter(|told| told.starts_with("secret ")).count();
    assert_eq!(n_secrets, 2, "sent twice, and no harm: {told:?}");
}

#[actix::test]
async fn the_fingerprint_comes_when_the_chat_is_encrypted_before_any_secret() {
    for scripts in [Scripts::On, Scripts::Off] {
        let learner = arrive_at_the_secret(scripts).await;
        assert!(learner.browser.all("p.fingerprint").await.is_empty());

        learner.tool.put(JID, Progress::Encrypted).await;
        if scripts == Scripts::Off {
            let again = learner.browser.find("[data-by-hand] button").await;
            learner.browser.click(&again).await;
        }

        let fingerprint = learner.browser.text("p.fingerprint").await;
        assert!(fingerprint.contains("89ABCDEF"), "{fingerprint}");
        let told = learner.browser.text("[role=status]").await;
        assert!(told.contains("Compare the fingerprint below"), "{told}");
        learner.arrive("Agree on a shared secret").await;
    }
}

#[actix::test]
async fn whose_address_was_changed_in_another_tab_is_led_on() {
    let learner = arrive_at_the_secret(Scripts::On).await;
    learner.answer("secret", SECRET).await;
    learner.arrive("Enter the bot secret").await;
    assert!(learner.browser.all("[data-part=next] button").await.is_empty());

    let token = learner.browser.find("input[name=token]").await;
    let token = learner.browser.property(&token, "value").await;
    let form = format!("token={}&jid=zoe@elsewhere.example", token.as_str().unwrap_or_default());
    let tab = learner.tool.post("/enter_jid", FORM, form).await;
    assert_eq!(tab.name(), "jid_entered", "{}", tab.html);

    let on = learner.browser.find("[data-part=next] button").await;
    learner.arrive("Enter the bot secret").await;
    learner.browser.click(&on).await;
    learner.arrive("Agree on a shared secret").await;
}

#[actix::test]
async fn a_page_says_when_nobody_answers_it() {
    let tool = Tool::start().await;
    let browser = Browser::start(Scripts::On).await;
    browser.open(&format!("{}/hello_world", tool.base)).await;
    browser.post("/", &Launch::of("zoe", "Learner").signed()).await;
    let button = browser.find("main form button.main").await;
    browser.click(&button).await;
    let field = browser.find("input[name=jid]").await;
    browser.type_into(&field, JID).await;
    let button = browser.find("form.ask button.main").await;
    browser.click(&button).await;
    let words = browser.find("[data-away]").await;
    assert!(!browser.is_displayed(&words).await);

    let away = "globalThis.fetch = () => Promise.reject(new Error('away'))";
    browser.script(away).await;
    until("the page says so", async || browser.is_displayed(&words).await).await;
}
