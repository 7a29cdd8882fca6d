//! The daemon against SMSCs that nobody here wrote.

mod crash;
mod npm;
mod perl;
pub(crate) mod smsc;
