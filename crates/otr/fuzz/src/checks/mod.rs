//! One check for each target: `check(data)` panics if the engine does what it must not. The same
//! checks run under the fuzzer and, on the corpus, in the tests.

pub mod encrypted;
pub mod fragments;
pub mod group;
mod hand;
mod input;
pub mod key_file;
pub mod plain;
pub mod tlvs;
