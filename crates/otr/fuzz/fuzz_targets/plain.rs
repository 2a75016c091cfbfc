//! See `checks/plain.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otr_fuzz::checks::plain::check(data));
