//! The actors: shells that carry, around cores that decide.

pub mod lti;
pub mod registry;
pub mod store;
