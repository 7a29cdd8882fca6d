//! Where a message goes and why, what that costs the customer, and whose a message from a handset is.

pub mod plan;
pub mod table;
pub mod network;
pub mod choose;
pub mod breaker;
pub mod score;
pub mod rule;
pub mod keyword;
pub mod inbound;
pub mod hours;
pub mod opt_out;
