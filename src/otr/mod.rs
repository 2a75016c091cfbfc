#![warn(clippy::arithmetic_side_effects)]
//! The OTR engine: versions 2 and 3, sans-IO.

pub mod ake;
pub mod armor;
pub mod conversation;
pub mod data;
pub mod dh;
pub mod error;
pub mod event;
mod fixed_base;
pub mod fragment;
pub mod identity;
pub mod instance;
pub mod kdf;
pub mod key_management;
pub mod limits;
pub mod message;
mod peers;
pub mod plaintext;
pub mod policy;
mod receive;
pub mod secret;
mod session;
pub mod smp;
pub mod tlv;
pub mod version;
pub mod wire;
