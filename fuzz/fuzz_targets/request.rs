#![no_main]

#[allow(dead_code, reason = "shared with the tests, which use all of it")]
#[path = "../../tests/reports/builder.rs"]
mod builder;
#[allow(dead_code, reason = "each target uses one")]
#[path = "../../tests/mangling/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::request(bytes));
