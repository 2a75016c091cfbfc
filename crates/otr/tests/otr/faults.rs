//! Faults that other implementations have or had, each with a test that an engine with that fault
//! does not pass. The list of them is in the documentation of `otr`.

mod ake;
mod data;
mod floods;
mod keys;
mod smp;
mod wire;

use num_bigint::BigUint;
use otr::instance::InstanceTag;
use otr::version::Version;

use crate::pair::{End, only};

const VERSIONS: [Version; 2] = [Version::V2, Version::V3];

/// The modulus of the group.
fn p() -> BigUint {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("vectors/otr.json")).unwrap();
    BigUint::parse_bytes(vectors["group"]["p"].as_str().unwrap().as_bytes(), 16).unwrap()
}

/// Numbers that no D-H key may be: 0, 1, p-1, p, and one that is too long.
fn not_in_the_group() -> Vec<Vec<u8>> {
    let mut numbers = vec![vec![], vec![1], (p() - 1_u8).to_bytes_be(), p().to_bytes_be()];
    numbers.push(vec![0xff; 193]);
    numbers
}

/// An end by the rules.
fn end(version: Version) -> End {
    End::new(1, only(version))
}

fn tag(value: u32) -> InstanceTag {
    InstanceTag::from_u32(value).unwrap()
}
