//! The OTR engine: versions 2 and 3, sans-IO.

pub mod dh;
pub mod error;
pub mod identity;
pub mod smp;
pub mod tlv;
pub mod wire;
