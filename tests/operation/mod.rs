//! The daemon as its operator sees it.

mod configuration;
mod full;
mod garbage;
mod kill;
mod life;
mod mo;
mod notify;
mod outbind;
mod prometheus;
pub(crate) mod tls;
