//! nuncio: an SMS gateway daemon that speaks SMPP.
//!
//! This is the map of the house, from the ground up. A module may use its own
//! floor's module and lower floors; modules of one floor are strangers to each
//! other. `tests/tidy.rs` proves it, and that nothing below the line reads a
//! clock, opens a socket or a file, or rolls dice.
//!
//! ```text
//! 8  gateway      the only place where things meet: the loop's thread, wiring, reload, shutdown
//! 7  config       files and environment → typed options → one immutable plan
//! 6  link · api · webhook · cdr · simulator · decode    impure, strangers to each other
//! 5  clock · store · telemetry · wire                   impure, strangers to each other
//! ──────────────────── no clock, socket, disk or dice below this line ────────────────────
//! 4  dispatch     decides what happens next to which part, on which link
//! 3  record       what is durable and what is shown
//! 2  carrier · route · verify · guard                   one carrier's dialect · where to · one-time codes · limits
//! 1  session · message                                  an SMPP conversation · the life of a message
//! 0  smpp · text · number                               octets · alphabets · phone numbers
//!    dice                                               chance that a seed decides
//!    closed_set                                         the macro for enums whose members have numbers and words
//! ```

#[macro_use]
mod closed_set;

pub mod dice;

pub mod number;
pub mod smpp;
pub mod text;

pub mod message;
pub mod session;

pub mod carrier;
pub mod route;
pub mod verify;
pub mod guard;

pub mod record;

pub mod dispatch;

pub mod clock;
pub mod store;
#[macro_use]
pub mod telemetry;
pub mod wire;

pub mod api;
pub mod cdr;
pub mod decode;
pub mod link;
pub mod simulator;
pub mod webhook;

pub mod config;

pub mod gateway;
