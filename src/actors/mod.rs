//! The actors: shells that carry, around cores that decide.

pub(crate) mod ambient;
pub mod grades;
pub mod lti;
pub mod registry;
pub mod store;
