//! The OTR engine against libotr, in versions 2 and 3.
//!
//! libotr is Debian's; `libotr_peer.c` makes a small chat client of it. If it cannot be built, the
//! tests fail and say which packages to install.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of a test may fail it"
)]

mod exchange;
mod libotr;
mod pair;
mod smp;
mod texts;

/// Makes a test of each function, for both versions.
macro_rules! in_both_versions {
    ($($name:ident)*) => {
        mod v2 {
            $(#[test] fn $name() { super::$name(otrbot::otr::version::Version::V2); })*
        }
        mod v3 {
            $(#[test] fn $name() { super::$name(otrbot::otr::version::Version::V3); })*
        }
    };
}

use in_both_versions;
