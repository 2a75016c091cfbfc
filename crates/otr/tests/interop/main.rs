//! The OTR engine against others: libotr in versions 2 and 3, potr in version 2, and itself in
//! another process, where `examples/otr_peer.rs` speaks for it.
//!
//! Each peer is a program that speaks one line protocol; `examples/otr_peer.rs` tells it.
//! libotr and potr are Debian's. If a peer cannot be had, the tests fail and say what to install.
//! What these engines do otherwise than the specification has it is said in `peer.rs`, and is the
//! peer's alone: the checks of our side are the same for all.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of a test may fail it"
)]

mod crossing;
mod exchange;
mod extra_key;
mod large;
mod line_protocol;
mod pair;
mod peer;
mod pieces;
mod programs;
mod smp;
mod texts;
mod trouble;
mod versions;

/// Makes a test of each function, for every peer and version.
macro_rules! with_every_peer {
    ($($name:ident)*) => {
        crate::with_every_peer! { @ libotr_v2 Libotr V2 $($name)* }
        crate::with_every_peer! { @ libotr_v3 Libotr V3 $($name)* }
        crate::with_every_peer! { @ potr_v2 Potr V2 $($name)* }
        crate::with_every_peer! { @ otrbot_v2 Otrbot V2 $($name)* }
        crate::with_every_peer! { @ otrbot_v3 Otrbot V3 $($name)* }
    };
    (@ $peer:ident $engine:ident $version:ident $($name:ident)*) => {
        mod $peer {
            const SETTING: crate::peer::Setting = crate::peer::Setting {
                engine: crate::peer::Engine::$engine,
                version: otr::version::Version::$version,
            };
            $(#[test] fn $name() { super::$name(SETTING); })*
        }
    };
}

use with_every_peer;
