//! The pages over real HTTP: launches that are signed as a platform signs them, a real store, a
//! platform that checks every grade it gets, and a registry that plays the bot.

mod answers;
mod assets;
mod assignments;
mod boundaries;
mod course;
mod framing;
mod front;
mod grades;
mod invitations;
mod languages;
mod launches;
pub(crate) mod oauth;
mod pages;
mod parts;
mod pasted;
pub(crate) mod platform;
mod presentation;
mod queues;
pub(crate) mod registry;
mod status;
pub(crate) mod support;
mod tabs;
mod taught;
mod versions;
