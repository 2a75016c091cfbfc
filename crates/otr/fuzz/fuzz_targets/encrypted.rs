//! See `checks/encrypted.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otrbot_fuzz::checks::encrypted::check(data));
