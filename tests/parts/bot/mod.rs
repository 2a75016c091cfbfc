//! A learner's session from the first word to the last, with the learner's own OTR at the other
//! end of the line and a clock that jumps.

mod abuse;
mod bodies;
mod clients;
mod contest;
mod ending;
mod impostor;
mod language;
mod limits;
mod moved;
mod props;
mod question;
mod resume;
mod secrets;
pub(crate) mod support;
mod trouble;
mod typing;
mod undelivered;
mod whole;
