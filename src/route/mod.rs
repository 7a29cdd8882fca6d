//! Where a message goes, what that costs the customer, and whose a message from a handset is.

pub mod plan;
pub mod price;
pub mod rule;
pub mod inbound;
pub mod hours;
