//! A learner's session from the first word to the last, with the learner's own OTR at the other
//! end of the line and a clock that jumps.

mod impostor;
mod limits;
mod question;
mod secrets;
mod support;
mod trouble;
mod whole;
