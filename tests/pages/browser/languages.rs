//! Languages in a real browser: how one is chosen, and that what is written in Latin letters looks
//! right in a page from right to left.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use gettext::{Catalog, Catalogs};
use otrbot::records::Progress;
use serde_json::json;

use crate::browser::{
    driver::{Browser, Scripts},
    journey::Learner,
};
use crate::http::support::{Launch, Tool};

/// Where a sign of a name or command is not where it belongs: `Psi+` with the sign at the left, `/otr`
/// with the stroke at the right.
const ASTRAY: &str = "
    document.querySelectorAll('details').forEach((one) => { one.open = true; });
    const seen = [];
    const astray = [];
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const left = (node, at) => {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + 1);
        return range.getBoundingClientRect().left;
    };
    while (words.nextNode()) {
        const node = words.currentNode;
        for (const name of ['Psi+', '/otr', 'zoe@chat.example', '~/.x/']) {
            const at = node.data.indexOf(name);
            if (at < 0 || !node.parentElement.checkVisibility()) {
                continue;
            }
            seen.push(name);
            if (left(node, at) > left(node, at + name.length - 1)) {
                astray.push(node.data);
            }
        }
    }
    return [astray, [...new Set(seen)].sort()];";

/// Arabic with names and commands at the ends of sentences.
fn arabic() -> Catalogs {
    let po = "msgid \"\"\nmsgstr \"Content-Type: text/plain; charset=UTF-8\\n\"\n\n\
        msgid \"Thunderbird; Pidgin with the plugin pidgin-otr; Psi+ with its OTR plugin.\"\n\
        msgstr \"برنامج Thunderbird أو Pidgin أو Psi+\"\n\n\
        msgid \"Type /otr theirfp in the conversation.\"\n\
        msgstr \"/otr theirfp في المحادثة، أو ~/.x/\"\n\n\
        msgid \"{bot} has sent a contact request to {jid}.\"\n\
        msgstr \"أرسل {bot} إلى {jid}.\"\n";
    let (arabic, faults) = Catalog::parse_po("ar", "ar.po", po.as_bytes()).unwrap();
    assert_eq!(faults, []);
    let mut catalogs = Catalogs::default();
    catalogs.insert(arabic);
    catalogs
}

#[actix::test]
async fn names_commands_and_addresses_look_right_from_right_to_left() {
    let tool = Tool::start().await;
    tool.catalogs.replace(arabic());
    let browser = Browser::start(Scripts::On).await;
    let launch = Launch::of("zoe", "Learner").set("launch_presentation_locale", "ar");
    browser.open(&format!("{}/hello_world", tool.base)).await;
    browser.post("/", &launch.signed()).await;
    let go = async |path: &str, field: &str, value: &str| {
        let token = browser.find("input[name=token]").await;
        let token = browser.property(&token, "value").await.as_str().unwrap().to_owned();
        let fields = [("token".to_owned(), token), (field.to_owned(), value.to_owned())];
        browser.post(path, &fields).await;
    };

    go("/enter_jid", "jid", "zoe@chat.example").await;
    let found = browser.script(ASTRAY).await;
    assert_eq!(found, json!([[], ["/otr", "Psi+", "zoe@chat.example"]]), "where the bot is met");

    tool.put("zoe@chat.example", Progress::Encrypted).await;
    go("/ask_for_secret", "x", "1").await;
    let found = browser.script(ASTRAY).await;
    let seen = json!(["/otr", "Psi+", "~/.x/"]);
    assert_eq!(found, json!([[], seen]), "where the fingerprint is compared");
}

#[actix::test]
async fn a_language_is_chosen_without_scripts_and_cookies() {
    let learner = Learner::sit_down(Scripts::Off, Vec::new()).await;
    learner.open_assignment(Launch::of("zoe", "Learner"), 320).await;
    learner.arrive("Learn to chat in private").await;

    let arabic = learner.browser.find("button[name=language][lang=ar]").await;
    learner.browser.click(&arabic).await;

    let html = learner.browser.find("html[lang=ar][dir=rtl]").await;
    assert!(learner.browser.is_displayed(&html).await);
    learner.arrive("Learn to chat in private").await;
    let current = learner.browser.text("button[name=language][aria-current=true]").await;
    assert_eq!(current, "العربية");
}
