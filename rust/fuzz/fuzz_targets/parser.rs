#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tapip_fuzz::parser::run(data));
