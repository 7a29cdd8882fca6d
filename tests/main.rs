//! Everything that is tested from outside, as one binary: it links once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod api;
mod daemon;
mod decode;
mod demo;
mod fuzz;
mod identity;
mod operation;
mod peers;
mod quirks;
mod ring4;
mod rust;
mod service;
mod session;
mod tidy;
mod wire;
