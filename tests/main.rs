//! One test binary for all that is proved from outside of the library.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod session;
mod wire;
