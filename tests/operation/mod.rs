//! The daemon as its operator sees it.

mod configuration;
mod garbage;
mod life;
mod notify;
mod prometheus;
