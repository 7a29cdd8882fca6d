//! The driver in paused time, and TLS against OpenSSL.

mod driver;
mod tls;
