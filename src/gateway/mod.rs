//! The only place where things meet: the loop's thread, the wiring, reload and shutdown.
//!
//! ```text
//!   api ── LoopRequest ─────┐                     ┌── Reply ──► api
//!   link ── Report ──────────┼──► loop's thread ───┼── Command ──► link
//!   main ── Control ────────┘   one beat at a time└── facts ──► telemetry
//! ```

pub mod notify;
mod wake;
mod port;
mod hooks;
mod lookup;
mod listen;
mod cdr;
mod control;
mod beat;
mod os_dice;

mod links;
mod sandbox;
mod endpoints;
mod made_endpoints;
mod people;
mod handles;
mod launch;
mod wiring;
mod currency;
mod housekeeping;
mod retaining;
mod timekeeping;
pub mod failure;
pub mod guard_replay;
pub mod store;
pub mod run;
mod runtime;
pub mod serve;
pub mod simulate;
mod client;
mod ending;
pub mod ask;
pub mod backup;
pub mod demo;
