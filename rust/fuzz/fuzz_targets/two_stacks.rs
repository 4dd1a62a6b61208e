#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tapip_fuzz::two_stacks::run(data));
