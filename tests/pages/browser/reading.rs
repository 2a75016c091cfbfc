//! What every page owes its readers, whoever they are (WCAG 2.2, as far as a program can see it).
#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it")]

use serde_json::Value;

use crate::browser::driver::Browser;

/// Collects what is wrong with the page that the browser is on.
const FAULTS: &str = r#"
const faults = [];
const say = (what, element) => faults.push(what + (element ? ": " + element.outerHTML.slice(0, 120) : ""));
const root = document.documentElement;
const shown = (element) => element.checkVisibility() && !element.closest("details:not([open])");

if (document.querySelectorAll("h1").length !== 1) say("there is not one h1");
if (document.querySelectorAll("main").length !== 1) say("there is not one main");
if (!root.lang || !root.dir) say("no lang or dir");
if (!document.title) say("no title");
if (document.querySelector("[style], style, script:not([src])")) say("inline style or script");
if (document.styleSheets.length === 0) say("the style sheet did not load");

const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
if (new Set(ids).size !== ids.length) say("an id twice");
for (const element of document.querySelectorAll("bdi[dir], input:not([type=hidden]), .fingerprint")) {
  if (getComputedStyle(element).direction !== "ltr") say("an address or secret from right to left", element);
}
for (const attribute of ["aria-describedby", "aria-labelledby", "aria-controls"]) {
  for (const element of document.querySelectorAll(`[${attribute}]`)) {
    for (const id of element.getAttribute(attribute).split(" ")) {
      if (!document.getElementById(id)) say(attribute + " leads nowhere", element);
    }
  }
}

let level = 0;
for (const heading of document.querySelectorAll("h1, h2, h3, h4")) {
  const next = Number(heading.tagName[1]);
  if (next > level + 1) say("a level of headings is left out", heading);
  level = next;
}

for (const input of document.querySelectorAll("input:not([type=hidden])")) {
  if (input.labels.length !== 1) say("not one label", input);
  const needs_none = ["search", "checkbox"].includes(input.type);
  if (!needs_none && !input.getAttribute("aria-describedby")) say("no hint", input);
}
for (const form of document.forms) {
  if (form.method !== "post") say("a form that is not posted", form);
  if (!form.querySelector("input[type=hidden][name=token]")?.value) say("a form without a token", form);
}

for (const element of document.querySelectorAll("button, input:not([type=hidden]), summary, footer a")) {
  const box = element.getBoundingClientRect();
  if (shown(element) && (box.width < 24 || box.height < 24)) say("a target under 24 px", element);
}
if (root.scrollWidth > root.clientWidth) say(`wider than the window: ${root.scrollWidth} > ${root.clientWidth}`);
for (const element of document.querySelectorAll("main *")) {
  const box = element.getBoundingClientRect();
  if (element.closest(".graph")) continue;
  const sticks_out = box.right > root.clientWidth + 1 || box.left < -1;
  if (shown(element) && !element.closest(".unseen") && sticks_out) say("sticks out", element);
}

const light = (colour) => {
  const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const paper = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/, 0\)$/.test(colour)) return colour;
  }
  return "rgb(255, 255, 255)";
};
for (const element of document.querySelectorAll("body *")) {
  const has_text = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!has_text || !shown(element)) continue;
  const a = light(getComputedStyle(element).color);
  const b = light(paper(element));
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) say(`contrast ${contrast.toFixed(2)}`, element);
}
for (const input of document.querySelectorAll("input[placeholder]")) {
  const style = getComputedStyle(input, "::placeholder");
  const [ink, ground] = [style.color, paper(input)].map((colour) => colour.match(/[\d.]+/g).slice(0, 3));
  const mixed = ink.map((part, ix) => part * style.opacity + ground[ix] * (1 - style.opacity));
  const contrast = (light(paper(input)) + 0.05) / (light(`rgb(${mixed})`) + 0.05);
  if (contrast < 4.5) say(`contrast of a placeholder ${contrast.toFixed(2)}`, input);
}
return faults;
"#;

/// Fails the test if the page owes its readers something, at the width that the frame has.
pub(crate) async fn assert_readable(browser: &Browser, what: &str) {
    let faults = browser.script(FAULTS).await;
    assert_eq!(faults, Value::Array(Vec::new()), "{what}: {}", browser.title().await);
}

/// Fails the test unless the page came back with something wrong, said so that nobody misses it.
pub(crate) async fn assert_says_what_is_wrong(browser: &Browser, field: &str) {
    let title = browser.title().await;
    assert!(title.starts_with("Error: Step "), "{title}");
    let link = browser.find("[role=alert] a").await;
    let href = browser.property(&link, "href").await;
    assert!(href.as_str().unwrap().ends_with(&format!("#{field}")), "{href}");
    let input = browser.find(&format!("#{field}")).await;
    assert_eq!(browser.property(&input, "ariaInvalid").await, "true");
    let described = format!(
        "return document.getElementById('{field}').getAttribute('aria-describedby').split(' ')
            .map((id) => document.getElementById(id).textContent).join(' ')"
    );
    let described = browser.script(&described).await;
    let told = browser.text("[role=alert] a").await;
    assert!(described.as_str().unwrap().contains(&told), "{told:?} is not in {described}");
    assert!(browser.text("[role=alert]").await.contains(&told));
}
