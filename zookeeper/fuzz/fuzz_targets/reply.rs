//! Decodes arbitrary bytes as a reply: nothing may panic, and accepted bytes must encode back to
//! the same.
//!
//! In `zookeeper/`: `mkdir -p fuzz/corpus/reply; cargo +nightly fuzz run reply fuzz/corpus/reply
//! src/tests/corpus -- -max_total_time=600 -max_len=4096`. Interesting inputs belong in
//! `src/tests/corpus`, which the tests replay.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/tests/samples.rs"]
mod samples;
#[allow(dead_code, reason = "requests are read by the tests only")]
#[path = "../../src/tests/wire.rs"]
mod wire;

fuzz_target!(|input: &[u8]| samples::check(input));
