//! The tools of lesson authors: `otrbot lesson`.

mod check;
mod expect;
mod graph;
mod manual;
mod play;
mod rubric;
mod schema;
pub(crate) mod support;
