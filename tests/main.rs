//! Everything that is tested from outside and needs no other program, as one binary: it links once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod claims;
#[allow(dead_code, reason = "the daemon under test is shared with the tests beside other programs")]
mod daemon;
mod decode;
mod demo;
mod fuzz;
#[allow(dead_code, reason = "as the daemon is")]
mod identity;
mod operation;
mod quirks;
mod rust;
mod session;
mod simulation;
mod tidy;
mod whole;
mod wire;
