//! The learner's pages in a real Chromium, in a frame of another site: from the signed launch to the
//! grade, with third-party cookies blocked, and once with scripts off.

mod access;
mod course;
mod driver;
mod history;
mod journey;
mod keyboard;
#[path = "../http/oauth.rs"]
mod oauth;
#[expect(dead_code, reason = "the pages meet no platform that fails")]
#[path = "../http/platform.rs"]
mod platform;
mod reading;
#[path = "../http/registry.rs"]
mod registry;
#[expect(dead_code, reason = "the browser reads the pages and fills in the forms")]
#[path = "../http/support.rs"]
mod support;
mod teacher;
