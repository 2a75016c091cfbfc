//! The pages and the grades: over real HTTP, and in a real Chromium.

mod browser;
mod http;
