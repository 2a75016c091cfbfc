//! otrbot teaches Off-the-Record encrypted chat by doing it with the learner.

pub mod actors;
pub mod fsm;
pub mod http;
pub mod i18n;
pub mod lesson;
pub mod lti;
pub mod otr;
pub mod session;
pub mod settings;
pub mod store;
pub mod xmpp;
