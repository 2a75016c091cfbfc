//! See `checks/key_file.rs`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| otr_fuzz::checks::key_file::check(data));
