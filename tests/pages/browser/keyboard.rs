//! The way of a learner with nothing but a keyboard.
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use otrbot::records::Progress;
use serde_json::Value;

use crate::browser::{driver::Scripts, journey::Learner};
use crate::http::registry::BOT_SECRET;
use crate::http::support::{Launch, until};

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const END: &str = "\u{e010}";

/// What has the focus: a selector for people, whether it can be seen, and its place in the page.
const FOCUS: &str = "
    const at = document.activeElement;
    const style = getComputedStyle(at);
    const outline = parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== 'none';
    const box = at.getBoundingClientRect();
    const inside = box.bottom > 0 && box.top < innerHeight;
    const all = [...document.querySelectorAll('*')];
    return [`${at.localName}#${at.id}.${at.className}`, outline && inside, all.indexOf(at)];";

/// Goes on by Tab until the focus is on what is looked for; everything before it can be seen and
/// comes in the order of the page.
async fn tab_to(learner: &Learner, selector: &str) {
    let is_there = format!("return document.activeElement.matches({selector:?})");
    let mut last = -1;
    for _ in 0..30 {
        if learner.browser.script(&is_there).await == true {
            return;
        }
        learner.browser.press(TAB).await;
        let focus = learner.browser.script(FOCUS).await;
        let part = |ix: usize| focus.get(ix).cloned().unwrap_or_default();
        assert_eq!(part(1), Value::Bool(true), "the focus is not to be seen: {focus}");
        let place = part(2).as_i64().unwrap();
        assert!(place > last, "the focus went back: {focus}");
        last = place;
    }
    assert_eq!(learner.browser.script(&is_there).await, true, "no way to {selector}");
}

#[actix::test]
async fn a_learner_passes_with_the_keyboard_alone() {
    let learner = Learner::sit_down(Scripts::On, Vec::new()).await;
    let jid = "zoe@chat.example";
    learner.open_assignment(Launch::of("zoe", "Learner"), 640).await;
    learner.arrive("Learn to chat in private").await;
    learner.browser.script("document.body.focus(); window.focus()").await;
    tab_to(&learner, "main form button.main").await;
    learner.browser.press(ENTER).await;

    learner.arrive("Your Jabber ID").await;
    tab_to(&learner, "input[name=jid]").await;
    learner.browser.press("zoe").await;
    learner.browser.press(ENTER).await;
    until("the summary has the focus", async || {
        let focused = "return document.activeElement.getAttribute('role')";
        learner.browser.script(focused).await == "alert"
    })
    .await;
    // The summary leads to the field.
    tab_to(&learner, "[role=alert] a").await;
    learner.browser.press(ENTER).await;
    tab_to(&learner, "input[name=jid]").await;
    learner.browser.press(END).await;
    learner.browser.press("@chat.example").await;
    learner.browser.press(ENTER).await;

    learner.arrive("Meet Marvin").await;
    tab_to(&learner, "main form[action='/ask_for_secret'] button").await;
    learner.browser.press(ENTER).await;

    learner.arrive("Agree on a shared secret").await;
    tab_to(&learner, "input[name=secret]").await;
    learner.browser.press("four quiet otters").await;
    tab_to(&learner, "button[data-show]").await;
    learner.browser.press(" ").await;
    let shown = "return document.querySelector('input[name=secret]').type";
    assert_eq!(learner.browser.script(shown).await, "text");
    tab_to(&learner, "form.ask button.main").await;
    learner.browser.press(ENTER).await;

    learner.arrive("Enter the bot secret").await;
    learner.tool.put(jid, Progress::Verified).await;
    tab_to(&learner, "input[name=bot_secret]").await;
    learner.browser.press(BOT_SECRET).await;
    learner.browser.press(ENTER).await;
    learner.arrive("Well done!").await;
}
