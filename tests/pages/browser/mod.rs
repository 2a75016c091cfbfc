//! The learner's pages in a real Chromium, in a frame of another site: from the signed launch to the
//! grade, with third-party cookies blocked, and once with scripts off.

mod access;
mod course;
mod framing;
mod history;
mod journey;
mod keyboard;
mod languages;
mod reading;
mod teacher;

use support::driver;
