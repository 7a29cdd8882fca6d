//! The daemon against SMSCs that nobody here wrote.

mod npm;
pub(crate) mod smsc;
