//! What is tested beside programs that nobody here wrote: other SMSCs and ESMEs, dissectors, Prometheus, systemd.
//!
//! A test whose program is missing is *ignored* and says what to install; where `CI` is set it fails. The harness that
//! Rust brings cannot ignore at run time, so that this target has another, and `trials!` stands for `#[test]`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[allow(dead_code, reason = "the daemon under test is shared with the tests that need nobody else")]
mod daemon;
#[allow(dead_code, reason = "as the daemon is")]
mod identity;
mod peers;

use libtest_mimic::Arguments;
use std::process::ExitCode;

fn main() -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), peers::trials()).exit_code()
}
