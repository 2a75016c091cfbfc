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
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
  });
  // Password managers tell by the type what to keep.
  field.form.addEventListener("submit", () => {
    field.type = "password";
  });
  // A page that the browser kept for the way back has lost the secret.
  addEventListener("pagehide", () => {
    field.value = "";
  });
}

// Moments of which the page knows no better than their universal time, in the reader's.
const localise = (root) => {
  for (const time of root.querySelectorAll("time[data-utc]")) {
    const moment = new Date(time.dateTime);
    const isToday = moment.toDateString() === new Date().toDateString();
    const options = { timeStyle: "short", ...(isToday ? {} : { dateStyle: "medium" }) };
    const text = document.createElement("bdi");
    try {
      text.textContent = new Intl.DateTimeFormat(document.documentElement.lang, options).format(moment);
    } catch {
      // Not every browser knows every language, or the moment.
      continue;
    }
    time.replaceChildren(text);
  }
};
localise(document);

// A second click on a button does not send a form twice; one that opens a window may open another.
for (const form of document.querySelectorAll("form:not([target])")) {
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

// Keeps the page's status up to date, in place of the buttons that do so by hand. Asks often at
// first and then less and less, rarely while nobody sees the page, and not at all any more once
// nothing can change or the page is not valid any more.
const live = document.querySelector("[data-live]");
if (live && document.querySelector("input[name=token]")) {
  const soonest = 3000;
  const latest = 30000;
  const unseen = 120000;
  const patience = 20000;
  const byHand = document.querySelectorAll("[data-by-hand]");
  const showByHand = (shown) => {
    for (const element of byHand) {
      element.hidden = !shown;
    }
    for (const words of document.querySelectorAll("[data-away]")) {
      words.hidden = !(shown && away);
    }
  };
  let away = false;
  let pause = soonest;
  let timer;
  let asking = false;
  let over = false;

  // What was wrong is so no longer, once the learner has come farther.
  const settle = () => {
    const summary = document.querySelector("[data-passes]");
    if (!summary) {
      return;
    }
    const heading = document.querySelector("h1");
    if (summary.contains(document.activeElement)) {
      heading.tabIndex = -1;
      heading.focus();
    }
    summary.remove();
    for (const words of document.querySelectorAll(".wrong")) {
      words.remove();
    }
    for (const field of document.querySelectorAll("[aria-invalid]")) {
      const described = field.getAttribute("aria-describedby").split(" ");
      field.removeAttribute("aria-invalid");
      field.setAttribute("aria-describedby", described.filter((id) => document.getElementById(id)).join(" "));
    }
    document.title = document.querySelector("title").dataset.plain;
  };

  // What has not changed stays, so that screen readers do not say it again.
  const exchange = (text) => {
    const answer = new DOMParser().parseFromString(text, "text/html").querySelector("[data-status]");
    if (!answer) {
      throw new Error("no status");
    }
    localise(answer);
    for (const part of answer.querySelectorAll("[data-part]")) {
      const old = document.querySelector(`[data-part="${part.dataset.part}"]`);
      const withoutToken = (element) => {
        const copy = element.cloneNode(true);
        copy.querySelectorAll("input[name=token]").forEach((input) => input.remove());
        return copy.innerHTML;
      };
      if (!old || (withoutToken(old) === withoutToken(part) && old.className === part.className)) {
        continue;
      }
      old.className = part.className;
      old.replaceChildren(...part.childNodes);
      if (part.dataset.part === "now") {
        settle();
      }
    }
    // A page that is kept open stays valid.
    for (const input of document.querySelectorAll("input[name=token]")) {
      input.value = answer.dataset.token;
    }
    over = answer.hasAttribute("data-final");
  };

  const later = () => {
    clearTimeout(timer);
    if (!over) {
      timer = setTimeout(look, document.hidden ? unseen : pause);
    }
  };

  const look = async () => {
    if (asking || over) {
      return;
    }
    asking = true;
    const stop = new AbortController();
    const impatience = setTimeout(() => stop.abort(), patience);
    try {
      const token = document.querySelector("input[name=token]").value;
      const answer = await fetch("/status", {
        method: "POST",
        body: new URLSearchParams({ token, page: live.dataset.live }),
        credentials: "omit",
        redirect: "error",
        signal: stop.signal,
      });
      if (answer.status === 401 || answer.status === 403) {
        over = true;
        away = false;
        showByHand(true);
      } else if (!answer.ok) {
        throw new Error(String(answer.status));
      } else {
        exchange(await answer.text());
        away = false;
        showByHand(false);
        pause = Math.min(pause * 1.05, latest);
      }
    } catch {
      // The bot is away, or the network is: the buttons may know more.
      away = true;
      showByHand(true);
      pause = Math.min(pause * 2, unseen);
    } finally {
      clearTimeout(impatience);
      asking = false;
      later();
    }
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) {
      pause = soonest;
      look();
    }
  });
  showByHand(false);
  later();
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

  // After a step the page begins at its top, wherever the one before was scrolled to; but a list
  // that was asked for begins where it stands.
  if (location.pathname !== "/" && !location.hash) {
    window.parent.postMessage({ subject: "lti.scrollToTop" }, "*");
  }
}
