//! The daemon as its operator sees it.

mod backup;
mod calendar;
mod routing;
mod configuration;
mod content;
mod failover;
mod find;
mod full;
mod handsets;
mod garbage;
mod http;
mod inbound;
mod kill;
mod life;
mod links;
mod lookup;
mod mo;
mod money;
mod notify;
mod opt_out;
mod operate;
mod outbind;
mod outward;
mod query;
mod throttle;
mod times;
pub(crate) mod tls;
