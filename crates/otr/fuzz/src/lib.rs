//! The OTR engine and what is checked of it, whatever it is given.

pub mod checks;
