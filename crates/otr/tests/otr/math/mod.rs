//! The arithmetic of the OTR engine against known answers and against another bignum library.
//!
//! The known answers of `vectors/otr.json` were made by an independent engine and confirmed
//! with the toolkit of libotr. Randomness is injected: `Fixed` hands out the bytes it was given.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of a test may fail it"
)]

mod dsa_keys;
mod group;
mod smp;
mod support;
