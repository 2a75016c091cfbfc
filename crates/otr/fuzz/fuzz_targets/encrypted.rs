//! See `checks/encrypted.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otr_fuzz::checks::encrypted::check(data));
