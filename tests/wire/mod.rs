//! The driver in paused time, and TLS against ourselves.

mod driver;
mod intake;
mod tls;
