//! The daemon against SMSCs that nobody here wrote, and our simulated carrier against ESMEs.

mod crash;
mod esme;
mod failover;
mod kannel;
mod npm;
mod perl;
mod sim;
pub(crate) mod smsc;
mod tshark;
