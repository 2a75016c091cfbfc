//! The OTR engine: versions 2 and 3, sans-IO.

pub mod error;
pub mod smp;
pub mod wire;
