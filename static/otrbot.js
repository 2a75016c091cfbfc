// Comforts of the pages. Everything works without them.
"use strict";

// Focuses what a page came back with: browsers do not do so by themselves in a frame.
const problem = document.querySelector("[data-focus]");
if (problem) {
  problem.focus();
}

// Shows a secret while it is typed, if asked to.
for (const button of document.querySelectorAll("button[data-show]")) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  button.hidden = false;
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
  });
  // Password managers tell by the type what to keep.
  field.form.addEventListener("submit", () => {
    field.type = "password";
  });
}

// A second click on a button does not send a form twice.
for (const form of document.forms) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
    }
    sent = true;
  });
  addEventListener("pageshow", () => {
    sent = false;
  });
}

// Tells the platform how tall the page is, so that its frame needs no scroll bar. Differences of a
// pixel come from rounding, and answering them would go on for ever.
if (window.parent !== window && "ResizeObserver" in window) {
  let told = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
    if (Math.abs(height - told) >= 2) {
      told = height;
      window.parent.postMessage({ subject: "lti.frameResize", height }, "*");
    }
  }).observe(document.documentElement);
}
